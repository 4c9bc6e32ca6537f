"""What single modules of a network answer while it looks at a picture.

All visitors share the networks of a store, and a hook is called whoever's picture passes: it must hear its own thread alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

Heard = Callable[[nn.Module, Tensor, Tensor], Tensor | None]
"""Module, its first input and its output; what it returns takes the output's place, None leaves it."""

REGISTERING = threading.Lock()
"""torch numbers all hooks by one counter, and of two with one number the first is lost."""


@contextmanager
def hearing(modules: Iterable[nn.Module], heard: Heard) -> Iterator[None]:
    """`heard` is told of each pass through `modules` in the calling thread, and of no other thread's."""
    own = threading.get_ident()

    def tell(module: nn.Module, inputs: Any, output: Tensor) -> Tensor | None:
        return heard(module, inputs[0], output) if threading.get_ident() == own else None

    with REGISTERING:
        hooks = [module.register_forward_hook(tell) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
