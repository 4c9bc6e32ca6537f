"""Training views of labelled pictures: windows at many scales and angles, what instruments and cameras do, drawn networks."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cv2
import numpy as np
from support import warped

UNKNOWN = 255
"""Label of pixels that nobody labelled: outside the picture."""


@dataclass(frozen=True)
class Labelled:
    """One picture with its mask.

    Shape:
        rgb: (H, W, 3) uint8; a grey field three times over
        mask: (H, W) uint8 class index, `UNKNOWN` where nobody knows
    `group` is what must not be split between training and test: a coupon, a place.
    """

    name: str
    group: str
    rgb: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Windows:
    """How windows are cut: `scale` of the picture, `turn` in degrees either way, `stretch` of one axis against the other."""

    side: int
    scale: tuple[float, float]
    turn: float
    stretch: float
    upside_down: bool


def window(picture: Labelled, cut: Windows, dice: random.Random, at: tuple[float, float] | None = None) -> Labelled:
    """A side x side window around `at` (x, y), or anywhere; beyond the rim the picture is mirrored and the mask unknown."""
    height, width = picture.mask.shape
    side = cut.side
    scale = dice.uniform(*cut.scale)
    reach_y, reach_x = min(height / 2, side / scale / 3), min(width / 2, side / scale / 3)
    x, y = at or (dice.uniform(reach_x, width - reach_x), dice.uniform(reach_y, height - reach_y))
    matrix = cv2.getRotationMatrix2D((x, y), dice.uniform(-cut.turn, cut.turn), scale)
    matrix[:, 2] += side / 2 - np.array([x, y])
    stretch = 1 + dice.uniform(-cut.stretch, cut.stretch)
    matrix[0] = matrix[0] * stretch + np.array([0, 0, side / 2 * (1 - stretch)])
    if dice.random() < 0.5:
        matrix[0] = np.array([0, 0, side - 1]) - matrix[0]
    if cut.upside_down and dice.random() < 0.5:
        matrix[1] = np.array([0, 0, side - 1]) - matrix[1]
    rgb = warped(picture.rgb, matrix, side, cv2.BORDER_REFLECT_101)
    mask = cv2.warpAffine(picture.mask, matrix, (side, side), flags=cv2.INTER_NEAREST, borderValue=UNKNOWN)
    return Labelled(picture.name, picture.group, rgb, mask)


def drawn_network(side: int, dice: random.Random) -> Labelled:
    """A drawn etched surface, attacked along its grain boundaries: dark lines of any width between Voronoi cells.

    Labelled fields come from one instrument; here lines may be wide and plain, grains flat or grained, twinned or scratched.  The
    label is the line and a pixel or two beside it, as experts draw it.
    """
    noise = np.random.default_rng(dice.randrange(1 << 30))
    count = dice.randint(4, 40)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    bend = cv2.resize(noise.normal(0, side / 40, (2, 6, 6)).astype(np.float32).transpose(1, 2, 0), (side, side))
    places = noise.random((count, 2)).astype(np.float32) * side
    away = np.hypot(y[..., None] + bend[..., :1] - places[:, 0], x[..., None] + bend[..., 1:] - places[:, 1])
    nearest = np.partition(away, 1, axis=2)
    width = dice.uniform(1.5, 14) * cv2.resize(noise.uniform(0.4, 1.3, (5, 5)).astype(np.float32), (side, side))
    gap = nearest[..., 1] - nearest[..., 0]
    matrix = dice.uniform(110, 200)
    grey = matrix + noise.normal(0, dice.uniform(0, 18), count).astype(np.float32)[away.argmin(axis=2)]
    twin = np.abs(np.sin((x + y * dice.uniform(-2, 2)) / dice.uniform(8, 40))) < dice.uniform(0, 0.3)
    grey = grey + np.where(twin, dice.uniform(-15, 15), 0)
    attacked = gap < width
    depth = dice.uniform(0.3, 0.85) * np.clip(1.3 * (1 - gap / width), 0, 1) ** dice.uniform(0.1, 0.8)
    grey = grey * np.where(attacked, 1 - depth, 1) + noise.normal(0, dice.uniform(0, 10), (side, side))
    mask = cv2.dilate(attacked.astype(np.uint8), np.ones((3, 3), np.uint8))
    rgb = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return Labelled("drawn", "drawn", rgb, mask)


def instrument(rgb: np.ndarray, dice: random.Random) -> np.ndarray:
    """Brightness, contrast, charging (a slow gradient), focus, shot noise, JPEG: one micrograph from another session."""
    x = rgb[..., 0].astype(np.float32) / 255
    x = np.clip(x, 0, 1) ** dice.uniform(0.6, 1.7)
    x = (x - x.mean()) * dice.uniform(0.6, 1.6) + x.mean() + dice.uniform(-0.15, 0.15)
    if dice.random() < 0.3:
        slope = cv2.resize(np.array([[dice.uniform(-0.15, 0.15) for _ in range(3)] for _ in range(3)], np.float32), x.shape[::-1])
        x = x + slope
    if dice.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), dice.uniform(0.4, 1.4))
    return np.repeat(_noise_and_jpeg(x[..., None], dice), 3, axis=2)


def camera(rgb: np.ndarray, dice: random.Random) -> np.ndarray:
    """Exposure, contrast, white balance, saturation, focus, noise, JPEG: one photo by another inspector."""
    x = (rgb.astype(np.float32) / 255) ** dice.uniform(0.6, 1.6)
    x = (x - x.mean()) * dice.uniform(0.75, 1.3) + x.mean() + dice.uniform(-0.1, 0.1)
    x = x * np.array([dice.uniform(0.88, 1.12) for _ in range(3)], np.float32)
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * dice.uniform(0.6, 1.4)
    if dice.random() < 0.25:
        x = cv2.GaussianBlur(x, (0, 0), dice.uniform(0.4, 1.6))
    return _noise_and_jpeg(x, dice)


def _noise_and_jpeg(x: np.ndarray, dice: random.Random) -> np.ndarray:
    if dice.random() < 0.3:
        x = x + np.random.default_rng(dice.randrange(1 << 30)).normal(0, dice.uniform(0.01, 0.05), x.shape).astype(np.float32)
    out = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    if dice.random() < 0.3:
        packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(30, 85)])[1]
        out = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED).reshape(out.shape)
    return out
