"""Clean hot-rolled steel that nobody photographed: what sets start from when no clean patches are given, and the examples.

Its greys, grain and rolling lines lie within what the clean patches of NEU-CLS-64 show (mean 42 to 200, median 96; mean step
between neighbours 1.2 to 15, median 1.9; `tests/unit/test_steel_defects.py`), but no pixel is theirs.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.results import Byte

COARSE_SHARE = 0.2  # of plates with grain as strong as scale leaves it


def clean_plate(size_hw: tuple[int, int], seed: int) -> Byte:
    """(H, W) uint8 of a plate rolled from top to bottom; the same for the same seed."""
    dice = np.random.default_rng(seed)
    grey = float(np.clip(np.exp(dice.normal(np.log(96), 0.33)), 48, 190))
    coarse = dice.random() < COARSE_SHARE
    grain = dice.uniform(9, 17) if coarse else dice.uniform(1.3, 2.4)
    picture = grey + grain * speckle(size_hw, dice) + shade(size_hw, dice) * dice.uniform(1, 7)
    picture += rolling_lines(size_hw, 1.1, dice) * dice.uniform(0.3, 1.6) + rolling_lines(size_hw, 9, dice) * dice.uniform(0.5, 4)
    return picture.clip(0, 255).round().astype(np.uint8)


def speckle(size_hw: tuple[int, int], dice: np.random.Generator) -> NDArray[np.float64]:
    """(H, W) of spread 1: grain drawn out a little along the rolling direction."""
    noise = cv2.GaussianBlur(dice.normal(size=size_hw), (0, 0), sigmaX=0.45, sigmaY=0.55)
    return np.asarray(noise / noise.std())


def rolling_lines(size_hw: tuple[int, int], width: float, dice: np.random.Generator) -> NDArray[np.float64]:
    """(H, W) of spread 1: lines about `width` px wide that run from top to bottom and slowly come and go."""
    height, columns = size_hw
    knots = dice.normal(size=(height // 96 + 2, columns))
    lines = cv2.GaussianBlur(
        cv2.resize(knots, (columns, height), interpolation=cv2.INTER_LINEAR), (0, 0), sigmaX=width, sigmaY=0.1
    )
    return np.asarray(lines / lines.std())


def shade(size_hw: tuple[int, int], dice: np.random.Generator) -> NDArray[np.float64]:
    """(H, W) within about -1 .. 1: light that falls unevenly."""
    height, width = size_hw
    return np.asarray(cv2.resize(dice.uniform(-1, 1, (3, 3)), (width, height), interpolation=cv2.INTER_CUBIC))
