"""Drawn micrographs: grains with dark boundaries and noise, data bars as instruments draw them.  None is of anybody's data."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.results import Provenance
from corrovis.sem.results import CorrosionMap, Field, PixelSize
from corrovis.sem.segmentation import regions_of

MADE = Provenance("toy", "0" * 64, 0.0)


def grains(height: int = 180, width: int = 240, seed: int = 0) -> np.ndarray:
    """(height, width) uint8: grains of different greys, dark boundaries, a detector's noise."""
    dice = np.random.default_rng(seed)
    seeds = dice.random((24, 2)) * (height, width)
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1])
    nearest = np.sort(distance, axis=2)
    grey = dice.uniform(110, 190, len(seeds))[distance.argmin(axis=2)]
    grey[nearest[..., 1] - nearest[..., 0] < 3] = 40
    return dice.normal(grey, 7).clip(0, 255).astype(np.uint8)


def with_bar(field: np.ndarray, side: str, colour: int, height: int = 28) -> np.ndarray:
    """The field with a data bar above or below it: text, and a scale bar of 60 px."""
    bar = np.full((height, field.shape[1]), colour, np.uint8)
    ink = 255 if colour < 128 else 0
    cv2.putText(bar, "15.0 kV x2000 SE", (5, height // 2 + 5), cv2.FONT_HERSHEY_PLAIN, 0.8, ink, 1)
    bar[height // 2 : height // 2 + 2, field.shape[1] - 80 : field.shape[1] - 20] = ink
    return np.concatenate([bar, field] if side == "top" else [field, bar])


def field_of(grey: np.ndarray, rows: tuple[int, int] | None = None, pixel: PixelSize | None = None) -> Field:
    return Field(np.repeat(grey[..., None], 3, axis=2), "drawn.png", rows or (0, len(grey)), pixel)


def map_of(corroded: np.ndarray) -> CorrosionMap:
    p = np.stack([1 - corroded, corroded]).astype(np.float32)
    labels, regions, scores = regions_of(p)
    return CorrosionMap(labels, regions, p[1], scores, ("background", "corroded"), (0, len(corroded)), MADE)


def square(size_hw: tuple[int, int]) -> NDArray[np.int32]:
    """(H, W) int32: region 1, 16 px wide and high, on background 0."""
    regions = np.zeros(size_hw, np.int32)
    regions[8:24, 8:24] = 1
    return regions


def squares(count: int) -> NDArray[np.int32]:
    """Squares of 5 px in rows of 20, the last one twice as high as the others and so the largest."""
    regions = np.zeros((10 * (count // 20 + 2), 200), np.int32)
    for i in range(count):
        y, x = 10 * (i // 20) + 2, 10 * (i % 20) + 2
        regions[y : y + (10 if i == count - 1 else 5), x : x + 5] = i + 1
    return regions
