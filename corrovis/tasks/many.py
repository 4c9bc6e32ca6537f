"""Many files, an answer to each: what is wrong with one costs only its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from corrovis.errors import BadInputError


def answer_each(
    paths: Iterable[Path], answer: Callable[[Path], dict[str, Any]], told: Callable[[Path], None] = lambda path: None
) -> list[dict[str, Any]]:
    """`answer` of each path with its `file`, in order, or `file` and `error`; `told` hears which comes next."""
    items: list[dict[str, Any]] = []
    for path in paths:
        told(path)
        try:
            items.append({**answer(path), "file": str(path)})
        except (BadInputError, OSError) as error:
            items.append({"file": str(path), "error": str(error)})
    return items


def none_worked(count: int, first: str, things: str, done: str) -> BadInputError:
    """The error to raise when not one of `count` files, curves, ... could be `done`, the first for the reason `first`."""
    return BadInputError(first if count == 1 else f"none of {count} {things} could be {done}; the first: {first}")
