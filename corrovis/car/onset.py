"""When each pixel of the paint begins to rust: nucleation at arches, sills and seams, then spreading.

A prior (position relative to wheels, sills, seams, trim; `PRIOR`) plus fractal noise gives every pixel a rank; the rank is turned
into a level through `SHARE`, the share of the paint that is rusted at each level.  So the area follows the severity classes
on every car (mild < 10 %, moderate 10-50 %, severe > 50 %), whatever the shape or view: levels 1, 2 and 3 lie well within theirs,
and the stage names a level between two of them by the share of the paint that is rusted there.
"""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.results import Bool, Byte, Float

LEVELS = np.array([0.2, 0.3, 0.48, 0.74, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0], np.float32)
SHARE = np.array([0.0, 0.006, 0.016, 0.036, 0.065, 0.17, 0.366, 0.64, 0.889, 1.0], np.float32)
"""Share of the paint that is rusted at each of `LEVELS`; a tenth, where mild ends, at level 1.17, and a half at 2.24."""

ONSET_UNIT = float(LEVELS[-1]) / 65535
"""Levels to a step of an onset kept as uint16."""

CANVAS = 768
"""Long side that the networks and the noise work at, whatever the photo's size."""

PRIOR = {"wheel_arch": 2.3, "sill": 1.5, "lowness": 0.8, "seam": 0.6, "trim_edge": 0.4}
"""Weights of the columns of `features`, set by hand; train/car_onset.py measures them against weights fitted to rust masks."""


FIRST = 0.15  # of the paint rusts where the prior says: mild rust on a roof or amid a door looks wrong
CALM = 0.3  # weight of the clouds there
HEAD_START = 4.0  # of that part, in units of the score

SPOKES, TYRE = 0.05, 0.1
"""Of the car's size: what is closed so that spokes do not divide a wheel, and the least disc that fits into one."""
RUBBER = 0.03  # of the car's size: thickness of a tyre
LONGEST = 1.6  # a wheel's width over its height: grilles and bumpers are longer


def features(rgb: Byte, car: Bool, paint: Float) -> Float:
    """(H, W, 5) float32 in [0, 1], columns as in `PRIOR`: closeness to a part in units of the car's own size."""
    solid = paint > 0.5
    size = float(np.sqrt(max(1, int(car.sum()))))
    lightness = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 0] / np.float32(255), np.float32)
    _, top, _, height = cv2.boundingRect(car.astype(np.uint8))
    lowness = np.clip((np.arange(rgb.shape[0]) - top) / max(1, height - 1), 0, 1).astype(np.float32)
    lowness_map = np.broadcast_to(lowness[:, None], solid.shape)

    wheels = _wheels(lightness, car, solid, lowness_map)
    arch = np.exp(-_distance(wheels) / (0.06 * size)) if wheels.any() else np.zeros(solid.shape, np.float32)
    sill = np.exp(-_height_above(~car | wheels) / (0.07 * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k := max(3, round(0.014 * size) | 1), k))
    gaps = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, kernel) * solid
    seam = np.clip(cv2.GaussianBlur(gaps, (0, 0), max(0.8, 0.004 * size)) / 0.08, 0, 1)
    trim = np.exp(-_distance(~solid) / (0.02 * size))
    return np.stack([arch, sill, lowness_map, seam, trim], axis=2).astype(np.float32)


def onset_levels(prior: Float, paint: Float, seed: int, size: float) -> Float:
    """(H, W) float32: the level at which each pixel is half rust; 4 where there is no paint.

    Shape:
        prior: (H, W) float32, log-odds to rust first
        paint: (H, W) float32 in [0, 1]
    `size` is the car's size in pixels, which scales the noise.
    """
    solid = paint > 0.05
    if not solid.any():
        return np.full(paint.shape, LEVELS[-1], np.float32)
    dice = np.random.default_rng(seed)
    spread = float(prior[solid].std()) or 1.0
    standard = (prior - float(prior[solid].mean())) / spread
    clouds = fractal(paint.shape, 0.3 * size, 0.6, dice)
    spots = fractal(paint.shape, 0.04 * size, 0.7, dice)
    specks = fractal(paint.shape, 0.02 * size, 0.8, dice)
    score = 1.0 * standard + 1.2 * clouds + 0.3 * spots + 0.08 * specks
    score = score + 0.35 * _run_down(score, solid, size, dice)
    known = _rank(standard + CALM * clouds + 0.3 * spots + 0.08 * specks, solid, paint)
    rank = _rank(score + HEAD_START * np.clip(1 - known / FIRST, 0, 1), solid, paint)
    return np.where(solid, np.interp(rank, SHARE, LEVELS), LEVELS[-1]).astype(np.float32)


def fractal(shape: tuple[int, ...], coarsest: float, persistence: float, dice: np.random.Generator) -> Float:
    """(H, W) float32 noise of unit variance: octaves from `coarsest` pixels a cell down to two.

    The numbers are drawn for `CANVAS`, so that a pixel more or less in `shape` changes nothing else.
    """
    height, width = shape[:2]
    coarse = np.zeros(((height + 3) // 4, (width + 3) // 4), np.float32)
    fine = np.zeros((height, width), np.float32)
    cell, gain = max(4.0, coarsest), 1.0
    while cell >= 2:
        side = int(CANVAS / cell) + 4
        grid = dice.standard_normal((side, side), dtype=np.float32)
        x, y = dice.uniform(0, 1, 2)
        field, step = (coarse, 4 / cell) if cell >= 12 else (fine, 1 / cell)
        matrix = np.array([[step, 0, x], [0, step, y]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        field += gain * cv2.warpAffine(grid, matrix, field.shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        cell, gain = cell / 2, gain * persistence
    total = fine + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((total - total.mean()) / (total.std() + 1e-6), np.float32)


def _distance(target: Bool) -> Float:
    """(H, W) float32 pixels to the nearest True."""
    return np.asarray(cv2.distanceTransform((~target).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _wheels(lightness: Float, car: Bool, solid: Bool, lowness: Float) -> Bool:
    """Dark parts of the car that are not paint, as round as a wheel in its arch and as near to the ground."""
    size = float(np.sqrt(max(1, int(car.sum()))))
    paint_light = float(np.median(lightness[solid])) if solid.any() else 0.5
    at_rim = cv2.erode(car.astype(np.uint8), _disc(2 * RUBBER * size)) == 0  # a tyre in the sun is lighter, but ends the car
    dark = car & ~solid & (lowness > 0.4) & (at_rim | (lightness < max(0.22, 0.6 * paint_light)))
    closed = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_CLOSE, _disc(SPOKES * size))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(closed), outlines, -1, 1, cv2.FILLED)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(filled, cv2.MORPH_OPEN, _disc(TYRE * size)))
    ground = np.where(car.any(axis=0), len(car) - 1 - car[::-1].argmax(axis=0), -1)  # the car's last row, column by column
    wheels = np.zeros(len(stats), np.bool_)
    for k, (left, top, width, height, _) in enumerate(stats[1:], start=1):
        above_ground = float(np.median(ground[left : left + width])) - (top + height - 1)
        cut_off = top + height == len(car)
        wheels[k] = (cut_off or width < LONGEST * height) and above_ground < TYRE * size
    return np.asarray(wheels[labels], np.bool_)


def _disc(diameter: float) -> Byte:
    side = max(3, round(diameter) | 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _height_above(below: Bool) -> Float:
    """(H, W) float32: rows above the next True below; large above none, for the picture's border is no edge of the car."""
    height = np.full(below.shape[1], 1e4, np.float32)
    out = np.empty(below.shape, np.float32)
    for y in range(below.shape[0] - 1, -1, -1):
        height = np.where(below[y], 0, height + 1)
        out[y] = height
    return out


def _run_down(score: Float, solid: Bool, size: float, dice: np.random.Generator) -> Float:
    """Water carries rust down: each strong spot pulls a streak below it to an earlier onset, of a length drawn per column."""
    width = score.shape[1]
    draws = dice.uniform(0, 1, (1, max(2, width // 3))).astype(np.float32)
    columns = cv2.resize(draws, (width, 1), interpolation=cv2.INTER_CUBIC)[0]
    keep = np.exp(-1 / (np.clip(columns, 0.05, 1) ** 2 * 0.09 * size))
    strong = np.clip(score - np.quantile(score[solid], 0.8), 0, 2)
    out = np.zeros_like(score)
    below = np.zeros(width, np.float32)
    for y in range(score.shape[0]):
        below = np.maximum(strong[y], below * keep) * solid[y]
        out[y] = below
    return out


def _rank(score: Float, solid: Bool, paint: Float) -> Float:
    """(H, W) float32: share of the paint that rusts before this pixel, 0 to 1; 1 where there is no paint."""
    order = np.argsort(-score[solid])
    before = np.cumsum(paint[solid][order], dtype=np.float64)
    share = np.empty(len(order), np.float32)
    share[order] = (before - before[0]) / before[-1]
    out = np.ones(score.shape, np.float32)
    out[solid] = share
    return out
