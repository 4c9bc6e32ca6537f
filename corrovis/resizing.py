"""Arrays at another size: shrunk by the mean of what a pixel covers, enlarged smoothly; whether one was enlarged before."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = TypeVar("Plane", bound=np.ndarray[Any, Any])


def resized(image: Plane, size_hw: tuple[int, ...], enlarge: int = cv2.INTER_LINEAR) -> Plane:
    """(H, W) or (H, W, 3) uint8 or float32 at (height, width), type kept; `enlarge` is OpenCV's way to larger sizes."""
    height, width = size_hw[:2]
    if image.shape[:2] == (height, width):
        return image
    how = cv2.INTER_AREA if height * width < image.shape[0] * image.shape[1] else enlarge
    return cv2.resize(image, (width, height), interpolation=how)  # type: ignore[return-value]


def scaled(size_hw: tuple[int, ...], scale: float) -> tuple[int, int]:
    """(height, width) times `scale`, a pixel at least."""
    return max(1, round(size_hw[0] * scale)), max(1, round(size_hw[1] * scale))


def reduced(pixels: Plane, long_side: int) -> Plane:
    """(H, W) or (H, W, 3) with its long side at `long_side` at the most, never enlarged; a line scan keeps a row."""
    scale = long_side / max(pixels.shape[:2])
    return pixels if scale >= 1 else resized(pixels, scaled(pixels.shape, scale))


def detail(grey: NDArray[np.uint8] | NDArray[np.float32]) -> float:
    """Spread of what is finer than a pixel or two in (H, W), over that of what is twice as coarse."""
    spreads, plane = [], grey.astype(np.float32)
    for _ in range(2):
        smooth = np.asarray(cv2.GaussianBlur(plane, (0, 0), 1), np.float32)
        spreads.append(float((plane - smooth).std()))
        plane = resized(smooth, scaled(plane.shape, 0.5))
    return spreads[0] / max(spreads[1], 1e-6)
