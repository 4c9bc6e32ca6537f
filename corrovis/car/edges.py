"""Bringing a small map up to a photo's full size so that it ends where, and as softly as, the photo's own edges do."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.resizing import resized
from corrovis.results import Bool, Byte, Float

OUTLINE = 1.5, 0.001  # pixels, and of the photo's long side: how far from an outline a pixel may be of both sides
SOFT = 0.8  # pixels; an outline that the colours do not tell is as soft as a lens draws it
SEEN = 40.0  # of 255: contrast between the two sides from which on the colours tell

Places = tuple[NDArray[np.int64], NDArray[np.int64]]


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


def shares_at_outline(rgb: Byte, region: Bool, outside: bool = False) -> tuple[Places, Float, Float]:
    """How much of each pixel just inside the outline of `region`, or just outside it, belongs to the region.

    That is where its colour lies between those a little further in and out; where these are alike, how near the outline is.
    Pixels whose neighbours in or out are not what they should be, as on thin parts, belong to it wholly (outside: not at all).

    Returns:
        rows and columns of the n pixels, their shares (n,) in [0, 1], the colours beyond the outline (n, 3)
    """
    left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
    rim = round(reach := OUTLINE[0] + OUTLINE[1] * max(region.shape)) + 1
    corner = np.array([max(0, top - rim), max(0, left - rim)])
    box = slice(corner[0], top + height + rim), slice(corner[1], left + width + rim)
    inside, colours = region[box], rgb[box]
    side = ~inside if outside else inside
    depth = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5)
    places = np.argwhere(side & (depth <= reach) & (not inside.all()))
    solid, last = 255 * inside.astype(np.uint8), np.array(inside.shape) - 1
    blurred = cv2.GaussianBlur(solid, (0, 0), reach)

    def at(where: NDArray[np.float64]) -> Places:
        y, x = np.round(where).astype(np.int64).clip(0, last).T
        return y, x

    inwards = np.stack(
        [np.subtract(blurred[at(places + s)], blurred[at(places - s)], dtype=np.float32) for s in np.eye(2)], axis=1
    )
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-6)
    here = at(places.astype(np.float64))
    deep = (1 - depth[here] if outside else depth[here])[:, None]
    within, beyond = at(places + (reach + 1 - deep) * inwards), at(places - (reach + deep) * inwards)
    behind = cv2.blur(colours, (3, 3))[beyond].astype(np.float32)
    contrast = colours[within] - behind
    power = (contrast**2).sum(axis=1)
    told = ((colours[here] - behind) * contrast).sum(axis=1) / np.maximum(power, 1)
    drawn = cv2.GaussianBlur(solid, (0, 0), SOFT)[here] / 255
    share = drawn + np.clip(told - drawn, -0.5, 0.5) * power / (power + SEEN**2)
    share = np.where(inside[within] & ~inside[beyond], share.clip(0, 1), 0.0 if outside else 1.0)
    return (here[0] + corner[0], here[1] + corner[1]), np.asarray(share, np.float32), behind
