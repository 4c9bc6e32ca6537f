"""What only the full size can show: onset and rust made on the canvas, finished on the photo, a strip of rows at a time.

Between two pixels of the canvas lie up to sixty of the photo.  There the onset follows the photo's own edges, the rust keeps the
photo's relief (panel gaps, handles, creases), and grain finer than the canvas can hold breaks up rims and surfaces.
The grain is one small periodic sample of the network's rust, laid at two finer scales; its place depends on seed and canvas
alone, so a larger photo shows more of the same grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.car.edges import enlarged, line_over, shares_at_outline
from corrovis.car.onset import LEVELS, ONSET_UNIT
from corrovis.results import Bool, Byte, Float

RELIEF_SIGMA = 5.0  # canvas pixels
MIRRORED = 30.0  # of 255: on black paint, what differs less is a reflection rather than a crease
DARK = 80.0  # of 255: lighter paint shows more creases than reflections
BUSY = 0.05, 0.15  # of the light: mean depth of thin dark lines in dark paint that are gaps, and that trees mirrored in it have
FADED = 0.65  # of what is seen there: the rest tells the form of the panels
BUSY_SIGMA = 16.0  # canvas pixels
GAP, GAP_DEPTH = 7, 1.6  # canvas pixels that a dark line is narrower than, and how much darker than the photo's it is drawn
EDGE_RADIUS = 3  # canvas pixels
EDGE_VARIANCE = 130.0  # of grey levels; what varies less is no edge
FINER = ((3.0, 1.0), (8.0, 0.45))  # samples of grain to a canvas pixel, and their weight, in the two scales of it
GRAIN_IN_ONSET = 0.08  # levels
GRAIN_IN_LAYER = 0.1  # of the rust's brightness
ROWS = 512  # worked on at a time, so that a 24 MP photo needs little memory


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What was made at the working size.

    Shape:
        onset: (h, w) float32, levels
        layer, rgb: (h, w, 3) uint8, the rust and the photo
        paint: (h, w) float32 in [0, 1]
        grain: (n, n) float32, periodic, zero mean, unit variance
        places: (2, 2) float32, where the two scales of grain begin
    """

    onset: Float
    layer: Byte
    rgb: Byte
    paint: Float
    grain: Float
    places: Float


def finish(canvas: Canvas, rgb: Byte, paint: Byte) -> tuple[NDArray[np.uint16], Byte]:
    """Onset (H, W) in `ONSET_UNIT` and rust (H, W, 3) for the photo `rgb`; only the rectangle around the paint is worked on."""
    onset = np.full(paint.shape, 65535, np.uint16)
    layer = np.zeros(rgb.shape, np.uint8)
    left, first, width, height = cv2.boundingRect(paint)
    if not height:
        return onset, layer
    maps = _maps(canvas)
    scale = max(rgb.shape[:2]) / max(canvas.onset.shape)
    rust = canvas.layer.astype(np.float32)
    for top in range(first, first + height, ROWS):
        box = (slice(top, min(top + ROWS, first + height)), slice(left, left + width))
        grey = cv2.cvtColor(rgb[box], cv2.COLOR_RGB2GRAY).astype(np.float32)
        begins = enlarged(canvas.onset, rgb.shape[:2], box, cv2.INTER_CUBIC)
        slope, coarse, ground, mirrored = np.moveaxis(enlarged(maps, rgb.shape[:2], box), 2, 0)
        fine = _fine_grain(canvas, scale, box)
        begins += slope * (grey - coarse) + GRAIN_IN_ONSET * fine
        onset[box] = np.ceil(begins.clip(LEVELS[0], LEVELS[-1]) / ONSET_UNIT).clip(0, 65535)
        shade = 1 - (1 - np.minimum(relief(grey, ground), gaps(grey, ground, scale))) * (1 - mirrored)
        shade *= 1 + GRAIN_IN_LAYER * fine
        layer[box] = np.clip(enlarged(rust, rgb.shape[:2], box, cv2.INTER_CUBIC) * shade[..., None], 0, 255)
    return onset, layer


def before_background(layer: Byte, rgb: Byte, car: Bool) -> None:
    """Mixes into the rust, in place, at the outline of the car what the photo's pixels there have of the background.

    So the rust has the photo's own soft outline, and the picture is untouched outside the mask all the same.

    Shape:
        layer, rgb: (H, W, 3) uint8
        car: (H, W) bool
    """
    at, share, behind = shares_at_outline(rgb, car)
    layer[at] = np.round(behind + share[:, None] * (layer[at] - behind)).astype(np.uint8)


def relief(grey: Float, ground: Float) -> Float:
    """Panel gaps, handles and creases stay visible in the rust: what is darker than the ground around it darkens the layer."""
    faint = _faint(ground)
    return np.asarray(np.clip((grey + faint) / (ground + faint), 0.35, 1.06) ** 0.75, np.float32)


def gaps(grey: Float, ground: Float, scale: float) -> Float:
    """(H, W) float32 in [0.3, 1]: gaps between darker panels, which differ from reflections in being thin."""
    side = max(3, round(GAP * scale) | 1)
    depth = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((side, side), np.uint8))
    darker = np.clip(2 - ground / DARK, 0, 1)
    return np.asarray(np.clip(1 - GAP_DEPTH * darker * depth / (grey + depth + _faint(ground)), 0.3, 1), np.float32)


def _faint(ground: Float) -> Float:
    return np.asarray(12 + MIRRORED * np.clip(1 - ground / DARK, 0, 1), np.float32)


def periodic_grain(rust: Byte) -> Float:
    """(n, n) float32: the fine part of a periodic sample (n, n, 3) uint8 of rust."""
    grey = cv2.cvtColor(rust, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = grey - _smooth(grey, 2.0)
    return np.asarray(np.clip((fine - fine.mean()) / (fine.std() + 1e-6), -2.5, 2.5), np.float32)


def _smooth(periodic: Float, sigma: float) -> Float:
    side = len(periodic)
    return np.asarray(cv2.GaussianBlur(np.pad(periodic, side, mode="wrap"), (0, 0), sigma)[side:-side, side:-side], np.float32)


def _maps(canvas: Canvas) -> Float:
    """(h, w, 4) float32: slope of the onset over the photo's grey (He and Sun 2015), grey, the ground around it, `_mirrored`."""
    grey = cv2.cvtColor(canvas.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope, _ = line_over(grey, canvas.onset, EDGE_RADIUS, EDGE_VARIANCE)
    weight = canvas.paint + 1e-3  # sky behind a roof is no ground: the roof's edge would be dark beside it
    blurred = cv2.GaussianBlur(grey * weight, (0, 0), RELIEF_SIGMA) / cv2.GaussianBlur(weight, (0, 0), RELIEF_SIGMA)
    ground = np.asarray(blurred, np.float32)
    return np.stack([slope, grey, ground, _mirrored(grey, ground, canvas.paint)], axis=2)


def _mirrored(grey: Float, ground: Float, paint: Float) -> Float:
    """(h, w) float32 in [0, 1): how much of what is seen in dark paint is left out of the rust, for it mirrors the surroundings.

    Thin dark lines are dense in them, where gaps between panels are few.
    """
    inside = cv2.erode((paint > 0.5).astype(np.float32), np.ones((GAP, GAP), np.uint8))
    lines = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((GAP, GAP), np.uint8)) / (ground + 20)
    quarter = cv2.resize(np.stack([lines * inside, inside], axis=2), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    around = cv2.GaussianBlur(quarter, (0, 0), BUSY_SIGMA / 4)
    dense = np.clip((around[..., 0] / (around[..., 1] + 0.05) - BUSY[0]) / (BUSY[1] - BUSY[0]), 0, 1)
    return np.asarray(FADED * cv2.resize(dense, grey.shape[::-1]) * np.clip(2 - ground / DARK, 0, 1), np.float32)


def _fine_grain(canvas: Canvas, scale: float, box: tuple[slice, slice]) -> Float:
    """(rows, columns) float32 grain above the canvas's Nyquist limit and below the photo's."""
    rows, columns = box
    size = (columns.stop - columns.start, rows.stop - rows.start)
    out = np.zeros(size[::-1], np.float32)
    for (finer, weight), (y, x) in zip(FINER, canvas.places, strict=True):
        step = finer / scale  # samples of grain to a pixel of the photo
        if step > 4:
            continue
        grain = canvas.grain
        if step > 1:
            sigma = 0.5 * (step * step - 1) ** 0.5
            grain = _smooth(grain, sigma)
        start = [(columns.start + 0.5) * step + x, (rows.start + 0.5) * step + y]
        matrix = np.array([[step, 0, start[0] % len(grain)], [0, step, start[1] % len(grain)]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out += weight * cv2.warpAffine(grain, matrix, size, flags=flags, borderMode=cv2.BORDER_WRAP)
    return out
