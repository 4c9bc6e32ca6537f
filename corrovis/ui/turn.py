"""A lock that what gradio keeps of a visitor can hold."""

from __future__ import annotations

from threading import Lock
from typing import Any


class Turn:
    """A lock; the copy of a desk, as gradio makes one for every visitor, gets a lock of its own."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __deepcopy__(self, memo: dict[int, Any]) -> Turn:
        return Turn()
