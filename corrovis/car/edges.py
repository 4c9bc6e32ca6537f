"""Bringing a small map up to a photo's full size so that it ends where the photo's own edges are."""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.resizing import resized
from corrovis.results import Byte, Float


def enlarged(small: Float, size_hw: tuple[int, int], box: tuple[slice, slice], how: int = cv2.INTER_LINEAR) -> Float:
    """The rectangle `box` = (rows, columns) of `small` enlarged to `size_hw`, without the rest of it."""
    rows, columns = box
    step_y, step_x = small.shape[0] / size_hw[0], small.shape[1] / size_hw[1]
    start_y, start_x = ((begin + 0.5) * step - 0.5 for begin, step in ((rows.start, step_y), (columns.start, step_x)))
    matrix = np.array([[step_x, 0, start_x], [0, step_y, start_y]])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    flags = how | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def guided(small: Float, guide: Byte, radius: int, epsilon: float = 2e-3) -> Float:
    """The fast guided filter of He and Sun (2015): `small` follows the grey edges of `guide`, at the guide's size.

    Shape:
        small: (h, w) float32
        guide: (H, W, 3) uint8
        output: (H, W) float32, in the range of `small`
    """
    grey_full = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    grey = resized(np.asarray(grey_full, np.float32), small.shape)
    size = (guide.shape[1], guide.shape[0])
    slope, offset = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in line_over(grey, small, radius, epsilon))
    return np.asarray(np.clip(slope * grey_full + offset, small.min(), small.max()), np.float32)


def line_over(grey: Float, values: Float, radius: int, epsilon: float) -> tuple[Float, Float]:
    """Slope and offset, (h, w) float32 each, of `values` as straight lines over `grey`, fitted in windows and averaged."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(x: Float) -> Float:
        return np.asarray(cv2.boxFilter(x, cv2.CV_32F, window, borderType=cv2.BORDER_REFLECT_101), np.float32)

    mean_grey, mean_values = mean(grey), mean(values)
    slope = (mean(grey * values) - mean_grey * mean_values) / (mean(grey * grey) - mean_grey**2 + epsilon)
    return mean(slope), mean(mean_values - slope * mean_grey)
