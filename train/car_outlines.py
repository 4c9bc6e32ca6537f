"""Which pixels of a car are painted panels, outlined by hand: `train/car_outlines.json`, polygons in the photos' own pixels.

Paint is the car, without `not_paint` (glass, tyres, lights, grilles, plates, chrome, people), with `paint` put back.  `car`
stands where the photo's own car mask was wrong.  The photos are public and are not here; an outline is a drawing of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

OUTLINES = Path(__file__).with_name("car_outlines.json")
FINER = 4  # polygons are drawn so much larger: their corners lie between pixels
Polygon = list[list[float]]


@dataclass(frozen=True)
class Outline:
    """The polygons of one photo."""

    not_paint: list[Polygon]
    paint: list[Polygon]
    car: Polygon | None = None

    def masks(self, car: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Car and paint, (H, W) uint8 of 0 and 255; `car` is what is known of the car without these outlines."""
        if self.car:
            car = 255 * filled([self.car], car.shape[:2])
        without = np.where(filled(self.not_paint, car.shape[:2]) > 0, 0, car)
        paint = np.where(filled(self.paint, car.shape[:2]) > 0, 255, without)
        return np.where(paint > 127, np.uint8(255), car), np.where(paint > 127, 255, 0).astype(np.uint8)


def filled(polygons: list[Polygon], size_hw: tuple[int, ...]) -> np.ndarray:
    """(H, W) uint8, 1 where the middle of a pixel lies in one of the polygons."""
    large = np.zeros((size_hw[0] * FINER, size_hw[1] * FINER), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(large, [np.round(np.array(polygon) * FINER).astype(np.int32)], 1)
    return large[FINER // 2 :: FINER, FINER // 2 :: FINER]


def read_outlines() -> dict[str, Outline]:
    """By the photo's name without its ending."""
    return {name: Outline(**polygons) for name, polygons in json.loads(OUTLINES.read_text()).items()}
