"""A lock that what gradio keeps of a visitor can hold."""

from __future__ import annotations

from threading import RLock
from typing import Any


class Turn:
    """A lock, which its holder may take again; the copy of a desk, made by gradio for every visitor, gets one of its own."""

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __deepcopy__(self, memo: dict[int, Any]) -> Turn:
        return Turn()
