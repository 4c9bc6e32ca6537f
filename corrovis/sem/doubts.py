"""Whether a picture, by itself, can be like any that networks for micrographs have learned from, and how a reader is told.

A network answers anything, and what it has learned tells textures apart: an empty picture has none to be told by.  So contrast,
structure and colour are measured first, here, for all who ask.
"""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.results import Byte

COLOURFUL = 12.0  # mean difference of a pixel's channels; stained scans of grey micrographs stay below
NO_CONTRAST = 2.5  # standard deviation of the grey levels
HALVINGS, LEAST_BLOCKS = 4, 8  # how often noise is averaged over blocks twice as large, and how many are left along a side
STRUCTURE = 1.7  # times the spread that noise keeps; noise has 0.9 to 1.3, micrographs 2.7 and more
UNLIKE = "unlike anything in training"
EMPTY = f"{UNLIKE}: the picture has hardly any contrast"
NOISE = f"{UNLIKE}: the picture shows no structure above noise"
COLOURED = f"{UNLIKE}: a colour picture"


def nothing_in(rgb: Byte) -> str:
    """Why nothing can be seen in (H, W, 3) uint8, whatever it is of; empty where something can."""
    if contrast(rgb) < NO_CONTRAST:
        return EMPTY
    return NOISE if structure(rgb) < STRUCTURE else ""


def contrast(rgb: Byte) -> float:
    """Standard deviation of the grey levels of (H, W, 3) uint8."""
    return float(cv2.meanStdDev(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))[1].item())


def structure(rgb: Byte) -> float:
    """By how much more than noise (H, W, 3) uint8 varies from block to block, in blocks of up to 16 px; 1 is noise.

    The mean over n x n independent pixels has 1/n of their spread; whatever hangs together keeps more of it.
    """
    means = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread, most = max(float(means.std()), 1e-9), 0.0
    for times in range(1, HALVINGS + 1):
        height, width = means.shape[0] // 2, means.shape[1] // 2
        if min(height, width) < LEAST_BLOCKS:
            break
        means = means[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
        most = max(most, float(means.std()) * 2**times / spread)
    return most


def colourful(rgb: Byte) -> bool:
    """Whether (H, W, 3) uint8 is no micrograph, which is grey or stained a little."""
    return colourfulness(rgb) > COLOURFUL


def colourfulness(rgb: Byte) -> float:
    """Mean over the pixels of (H, W, 3) uint8 of largest minus smallest channel."""
    red, green, blue = cv2.split(rgb)
    return float((np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)).mean())
