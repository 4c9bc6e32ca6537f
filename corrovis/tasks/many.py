"""Many files, an answer to each: what is wrong with one costs only its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from corrovis.errors import ITS_OWN, BadInputError


def answer_one(path: Path, answer: Callable[[Path], dict[str, Any]], name: str = "") -> dict[str, Any]:
    """`answer` of a path with its `file`, called `name` or as its path, or `file` and `error`.

    Of a full disk the error names the picture, and no folder: an upload's sender knows none here.
    """
    called = name or str(path)
    try:
        return {**answer(path), "file": called}
    except ITS_OWN as error:
        said = f"{called}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        return {"file": called, "error": said}


def answer_each(
    paths: Iterable[Path], answer: Callable[[Path], dict[str, Any]], progress: Callable[[Path], None] = lambda path: None
) -> list[dict[str, Any]]:
    """`answer_one` of each path, in order; `progress` hears which comes next."""
    items = []
    for path in paths:
        progress(path)
        items.append(answer_one(path, answer))
    return items


def none_worked(count: int, first: str, things: str, done: str) -> BadInputError:
    """The error to raise when not one of `count` files, curves, ... could be `done`, the first for the reason `first`."""
    return BadInputError(first if count == 1 else f"none of {count} {things} could be {done}; the first: {first}")
