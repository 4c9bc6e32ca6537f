"""Whether anything can be seen in a picture: by its grey levels, contrast and structure beyond that of noise; and colour.

A network answers anything, and those here tell textures apart: an empty picture has none to be told by.
"""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.results import Byte

HALVINGS, LEAST_BLOCKS = 4, 8  # how often noise is averaged over blocks twice as large, and how many are left along a side
STRUCTURE = 1.7  # times the spread that noise keeps; noise has 0.9 to 1.3, micrographs 2.7 and more, patches of steel 2.5
COLOUR, COLOUR_SHARE = 12, 1e-3  # difference of a coloured pixel's channels; of photos of silver cars too more are coloured
UNLIKE = "unlike anything in training"
EMPTY = f"{UNLIKE}: the picture has hardly any contrast"
NOISE = f"{UNLIKE}: the picture shows no structure above noise"
DRAWING = f"{UNLIKE}: nearly all of the picture has one of two grey levels, as a drawing or writing"
TWO_GREYS = 0.8  # of a picture at its two commonest grey levels; of micrographs and of patches of steel the most is 0.67


def nothing_in_grey(grey: Byte, least: float) -> str:
    """Why nothing can be seen in (H, W) uint8 of less contrast than `least`, or of noise; empty where something can."""
    if contrast(grey) < least:
        return EMPTY
    return NOISE if structure(grey) < STRUCTURE else ""


def contrast(grey: Byte) -> float:
    """Standard deviation of the grey levels of (H, W) uint8."""
    return float(cv2.meanStdDev(grey)[1].item())


def structure(grey: Byte) -> float:
    """By how much more than noise (H, W) uint8 varies from block to block, in blocks of up to 16 px; 1 is noise.

    The mean over n x n independent pixels has 1/n of their spread; whatever hangs together keeps more of it.
    """
    means = grey.astype(np.float32)
    spread, most = max(float(means.std()), 1e-9), 0.0
    for times in range(1, HALVINGS + 1):
        height, width = means.shape[0] // 2, means.shape[1] // 2
        if min(height, width) < LEAST_BLOCKS:
            break
        means = means[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
        most = max(most, float(means.std()) * 2**times / spread)
    return most


def two_greys(grey: Byte) -> bool:
    """Whether nearly all of (H, W) uint8 has one of two grey levels that are far apart; few levels alone are no drawing."""
    counts = np.bincount(grey.ravel(), minlength=256)
    one, other = np.argsort(counts)[-2:].tolist()
    return bool(counts[one] + counts[other] > TWO_GREYS * grey.size and 2 * abs(one - other) >= np.ptp(grey))


def colourless(rgb: Byte) -> bool:
    """Whether (H, W, 3) uint8 is grey all over."""
    return bool((chroma(rgb) > COLOUR).mean() < COLOUR_SHARE)


def chroma(rgb: Byte) -> Byte:
    """(H, W) uint8, largest minus smallest channel of each pixel of (H, W, 3) uint8."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue), np.uint8)
