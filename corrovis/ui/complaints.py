"""How the page says that something is wrong: one line, no traceback, neither in the page nor in the server's log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from corrovis.errors import CorrovisError, WeightFileError

log = logging.getLogger(__name__)

FILES = "a file could not be read or written on this server ({why}); try again later, or tell whoever runs it"
WEIGHTS = "a network of this server is missing or damaged; whoever runs it finds in its log what to do"


def complaint(text: str) -> gr.Error:
    """To be raised."""
    return gr.Error(text, print_exception=False)


@contextmanager
def complaining() -> Iterator[None]:
    """Whatever is raised within on purpose, or by a full disk, reaches the visitor, or the program that asked."""
    try:
        yield
    except WeightFileError as error:  # names folders of the server, and a visitor cannot mend it
        log.error("%s", error)
        raise complaint(WEIGHTS) from error
    except CorrovisError as error:
        raise complaint(str(error)) from error
    except OSError as error:  # a full disk
        log.error("%s", error)
        raise complaint(FILES.format(why=error.strerror or type(error).__name__)) from error
