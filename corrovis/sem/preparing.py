"""A field as a network was shown pictures in training: grey levels, size, layout.

The record's `input` says how: `levels` normalised, flattened and normalised, or as they are, but for dark and hazy photos;
`long_side`, to which photos are reduced; `enlarge`, by how much pictures are enlarged, as long as they stay below `enlarged_to`,
for small pits; `learned_side`, the longer side of the fields learned from, towards which a larger picture is reduced while it is
blurred: if it was enlarged, it shows what the network knows at a size that it does not.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch

from corrovis.data_bar import inside_frame, without_corners
from corrovis.manifest import WeightSpec
from corrovis.resizing import detail, resized, scaled
from corrovis.results import Byte
from corrovis.sem.fields import MIDDLE, evened, flatten, normalise
from corrovis.tensors import tensor_of

STRIDE = 32
GREY = ("normalised", "flattened")
SHARP = 1.3  # `detail` of a picture that is not blurred: fields have 1.1 to 4.1, twice enlarged 0.5 to 1.3
DARK, WHITE = 180.0, 235.0  # what 1 % of a photo exceeds in any colour: less than the first if dark, the second on average
HAZY = 84.0  # what 99 % of a photo exceeds in every colour, behind haze; of 396 photos of bridges it is at most 82
MOST_GAIN = 4.0
STEP = 0.5**0.5  # fields reduced once too often are read alike


def as_seen(rgb: Byte, spec: WeightSpec) -> Byte:
    """(H, W, 3) uint8 as the network of `spec` was shown pictures in training."""
    return prepared(rgb, spec.input)


def prepared(rgb: Byte, how: dict[str, Any]) -> Byte:
    """The same, given the record's `input` alone."""
    return sized(levelled(rgb, how), how)


def sized(rgb: Byte, how: dict[str, Any]) -> Byte:
    """(H, W, 3) uint8 of a picture at its own size, levelled, to the size that the network is used to."""
    height, width = rgb.shape[:2]
    scale = seen_scale(rgb, how)
    if scale == 1:
        return rgb
    return resized(rgb, (max(STRIDE, round(height * scale)), max(STRIDE, round(width * scale))), cv2.INTER_CUBIC)


def levelled(rgb: Byte, how: dict[str, Any]) -> Byte:
    """(H, W, 3) uint8 at the grey levels that the network is used to, at its own size.

    A plain frame around it and plain corners are of the mean.  A photo keeps its levels, unless it is dark or hazy.
    """
    if how.get("levels") not in GREY:
        return exposed(rgb)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    own = inside_frame(grey)
    inner = without_corners(grey[own])
    inner = normalise(flatten(inner) if how["levels"] == "flattened" else evened(inner))
    grey = np.full_like(grey, MIDDLE)
    grey[own] = inner
    return np.repeat(grey[..., None], 3, axis=2)


def exposed(rgb: Byte) -> Byte:
    """(H, W, 3) uint8, a dark photo as bright as others are, a hazy one as deep: as it is, the network sees less rust in it."""
    white, black = white_of(rgb), np.uint8(np.percentile(rgb.min(axis=2), 1))
    if black > HAZY:
        rgb, white = np.maximum(rgb, black) - black, white - float(black)
    if white >= DARK:
        return rgb
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=min(MOST_GAIN, WHITE / max(white, 1.0))), np.uint8)


def white_of(rgb: Byte) -> float:
    """What 1 % of (H, W, 3) uint8 exceeds in any colour."""
    return float(np.percentile(rgb.max(axis=2), 99))


def scale_of(long_side: int, how: dict[str, Any]) -> float:
    """Pixels that the network sees per pixel of a picture whose longer side is `long_side`."""
    if long_side > how.get("long_side", long_side):
        return float(how["long_side"] / long_side)
    return max(1.0, min(float(how.get("enlarge", 1)), float(how.get("enlarged_to", np.inf)) / long_side))


def seen_scale(rgb: Byte, how: dict[str, Any]) -> float:
    """The same of (H, W, 3) uint8, of which a large and blurred one is reduced."""
    long_side = max(rgb.shape[:2])
    scale = scale_of(long_side, how)
    if long_side <= how.get("learned_side", long_side):
        return scale
    grey, least = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), how["learned_side"] / long_side
    while scale > least and detail(resized(grey, scaled(grey.shape, scale))) < SHARP:
        scale = max(least, scale * STEP)
    return scale


def picture_input(rgb: Byte) -> torch.Tensor:
    """(h, w, 3) uint8 to (1, 3, h', w') in [-1, 1]; the rim is mirrored out to multiples of `STRIDE`."""
    height, width = rgb.shape[:2]
    padded = cv2.copyMakeBorder(rgb, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REFLECT_101)
    return tensor_of(np.asarray(padded, np.uint8)[None])
