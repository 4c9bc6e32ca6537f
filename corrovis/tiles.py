"""A large picture cut into tiles of the size that a network takes, and put together again without seams."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TypeVar

import numpy as np

from corrovis.results import Float

Item = TypeVar("Item")


def tile_starts(length: int, side: int, overlap: int, step: int = 1) -> list[int]:
    """Where tiles of `side` begin along `length` pixels: evenly spread, at least `overlap` in common, the last at the end.

    All are multiples of `step`, which divides `side - overlap`; the last tile may then reach beyond the end by less than that.
    """
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    steps = -(-(length - side) // step)
    return [step * round(i * steps / (count - 1)) for i in range(count)]


def spread_starts(length: int, side: int, most: int) -> list[int]:
    """Where tiles begin side by side along `length` pixels, or `most` of them spread evenly where they would be more."""
    count = min(len(tile_starts(length, side, 0)), most)
    return [round(i * (length - side) / max(1, count - 1)) for i in range(count)] if length > side else [0]


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """All of the items, or `most` of them spread evenly from the first to the last where they are more."""
    count = min(len(items), most)
    return [items[round(i * (len(items) - 1) / max(1, count - 1))] for i in range(count)]


def windows(size_hw: tuple[int, ...], side: int, overlap: int = 0, step: int = 1) -> list[tuple[slice, slice]]:
    """Rows and columns of tiles over a whole picture, row by row; a smaller picture is one tile.

    Tiles begin at multiples of `step`, the stride of a network that must see all of them on one grid.
    """
    rows, columns = ([slice(at, min(at + side, length)) for at in tile_starts(length, side, overlap, step)] for length in size_hw)
    return [*product(rows, columns)]


class Stitcher:
    """Puts overlapping tiles together: each counts most in its middle, so that no seam shows.

    `add` takes what was found in one of the `windows`; `whole` is their weighted mean.
    """

    def __init__(self, size_hw: tuple[int, int], overlap: int, channels: int) -> None:
        self.overlap = overlap
        self._sum = np.zeros((channels, *size_hw), np.float32)
        self._weight = np.zeros(size_hw, np.float32)

    def add(self, where: tuple[slice, slice], found: Float, steep: int = 1) -> None:
        """`found`: (channels, h, w) float32 for the window `where`; with `steep` above 1 its rim hardly counts."""
        weight = np.minimum.outer(_ramp(found.shape[1], self.overlap), _ramp(found.shape[2], self.overlap)) ** steep
        self._sum[:, *where] += found * weight
        self._weight[where] += weight

    def whole(self) -> Float:
        """(channels, H, W) float32."""
        return self._sum / self._weight


def _ramp(length: int, overlap: int) -> Float:
    """(length,) float32 that rises over `overlap` pixels from either end to 1."""
    distance = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return np.minimum(1, distance / max(1, overlap)).astype(np.float32)
