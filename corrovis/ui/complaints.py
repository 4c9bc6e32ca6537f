"""How the page says that something is wrong: one line, no traceback, neither in the page nor in the server's log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from corrovis.errors import CorrovisError


def complaint(text: str) -> gr.Error:
    """To be raised."""
    return gr.Error(text, print_exception=False)


@contextmanager
def complaining() -> Iterator[None]:
    """Whatever is raised on purpose within reaches the visitor, or the program that asked."""
    try:
        yield
    except CorrovisError as error:
        raise complaint(str(error)) from error
