"""Pictures of an inspection: a result in, a new (H, W, 3) uint8 image out."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from itertools import product
from math import ceil, floor, hypot, log10
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from corrovis.results import Byte, Float
from corrovis.sem.results import CorrosionMap, Field, Saliency

OPACITY = 0.45
HEAT = "inferno"
INK, PAPER = (235, 235, 238), (24, 24, 27)
GOLDEN_ANGLE, SATURATION = 0.381966, 0.75  # of regions' hues: from one to the next, as a share of the circle
CLASS_COLOURS = ((100, 143, 255), (255, 176, 0), (220, 38, 127))  # blue, amber, magenta: apart to every eye (IBM Design Language)
READABLE = 640  # px; a picture with half that side or less is enlarged before numbers are drawn
MOST_BAR = 0.25  # length of a scale bar, of the picture's width
LENGTHS = (("m", 1e6), ("mm", 1e3), ("µm", 1.0), ("nm", 1e-3), ("pm", 1e-6))  # micrometres
METHODS = {"grad_cam": "Grad-CAM", "hires_cam": "HiResCAM", "layer_cam": "LayerCAM", "eigen_cam": "EigenCAM"}


def overlay(rgb: Byte, regions: NDArray[np.int32], colours: Byte | None = None) -> Byte:
    """The picture with every region in its colour, by default one of its own, and a line around it.

    Shape:
        rgb: (H, W, 3) uint8
        regions: (H, W) int32, number of the region of each pixel, 0 = none
        colours: (n + 1, 3) uint8, by number
    """
    inside = regions > 0
    if not inside.any():
        return rgb.copy()
    colours = region_colours(int(regions.max())) if colours is None else colours
    mixed = rgb.copy()
    mixed[inside] = (rgb[inside] * (1 - OPACITY) + colours[regions[inside]] * OPACITY).astype(np.uint8)
    numbers, around = regions.astype(np.float32), np.ones((3, 3))
    rim = inside & (cv2.erode(numbers, around) != cv2.dilate(numbers, around))
    mixed[rim] = colours[regions[rim]]
    return mixed


def colours_of(found: CorrosionMap) -> Byte:
    """(n + 1, 3) uint8, the colours of the map's regions: each its own, or that of its class where there are several."""
    if len(found.classes) <= 2:
        return region_colours(len(found.scores))
    kinds = np.zeros(len(found.scores) + 1, np.uint8)
    kinds[found.regions] = found.labels
    return class_colours(len(found.classes))[kinds]


def class_colours(count: int) -> Byte:
    """(count, 3) uint8, the colours of classes; 0 is black."""
    return np.array([(0, 0, 0), *(CLASS_COLOURS[k % len(CLASS_COLOURS)] for k in range(count - 1))], np.uint8)


def region_colours(count: int) -> Byte:
    """(count + 1, 3) uint8: hues far apart for neighbours in number; 0 is black."""
    hues = [(i * GOLDEN_ANGLE) % 1 for i in range(count)]
    colours = [(0.0, 0.0, 0.0)] + [colorsys.hsv_to_rgb(hue, SATURATION, 1.0) for hue in hues]
    return np.asarray(np.array(colours) * 255, np.uint8)


def readable(picture: Byte) -> Byte:
    """A tiny picture a whole number of times as large, so that there is room for words; any other as it is."""
    times = max(1, READABLE // max(picture.shape))
    return picture.repeat(times, axis=0).repeat(times, axis=1) if times > 1 else picture


def with_numbers(picture: Byte, regions: NDArray[np.int32], numbers: Sequence[int]) -> Byte:
    """The picture with the numbers of some regions, the first one uppermost: each where its region is widest, or, where that is
    smaller than the letters, beside it at the end of a line.

    A tiny picture comes back a whole number of times as large, so that they can be read.

    Shape:
        picture: (h, w, 3) uint8, may be smaller than `regions`
        regions: (H, W) int32, number of the region of each pixel, 0 = none
    """
    picture = readable(picture)
    height, width = picture.shape[:2]
    rows, columns = (np.arange(n) * whole // n for n, whole in zip((height, width), regions.shape, strict=True))
    small = regions[np.ix_(rows, columns)]
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = max(10.0, max(width, height) / 45)
    font, rim = ImageFont.load_default(size), max(1, round(size / 9))
    taken = (small > 0).astype(np.uint8)
    for number in reversed(numbers):
        inside = np.pad((small == number).astype(np.uint8), 1)
        _, widest, _, (x, y) = cv2.minMaxLoc(cv2.distanceTransform(inside, cv2.DIST_L2, 3))
        if not widest:
            continue  # too thin to be left in the smaller picture
        text, half = str(number), (draw.textlength(str(number), font) / 2 + rim, size / 2)
        at = _within((x - 1, y - 1), half, (width, height))
        if widest < hypot(*half):
            clear = 1.5 * widest + rim  # of its corners too
            at = _beside((x - 1, y - 1), half, clear + size, taken)
            away = np.subtract(at, (x - 1, y - 1))
            draw.line((*(at - away * max(0.0, 1 - clear / np.hypot(*away))), *at), "white", rim)
        taken[_around(at, half)] = 1
        draw.text(at, text, "white", font, "mm", stroke_width=rim, stroke_fill="black")
    return np.asarray(image)


Place = tuple[float, float]
"""x and y, or half of width and height."""


def _beside(at: Place, half: Place, away: float, taken: Byte) -> Place:
    """Where a box so far from `at`, in a corner of it, hides the least of what is (h, w) `taken`."""
    size_wh = taken.shape[1], taken.shape[0]
    places = [_within((at[0] + a * away, at[1] + b * away), half, size_wh) for a, b in product((1, -1), (-1, 1))]
    return min(places, key=lambda place: int(taken[_around(place, half)].sum()))


def _within(at: Place, half: Place, size_wh: tuple[int, int]) -> Place:
    """The middle nearest to `at` of a box that lies in the picture."""
    x, y = (min(max(one, side), whole - side) for one, side, whole in zip(at, half, size_wh, strict=True))
    return x, y


def _around(at: Place, half: Place) -> tuple[slice, slice]:
    """Rows and columns of a box about `at`."""
    x, y = (slice(max(0, floor(one - side)), ceil(one + side)) for one, side in zip(at, half, strict=True))
    return y, x


def rounds(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, from the last that is not above `low` to the first that is not below `high`."""
    every = [float(f"{digit}e{power}") for power in range(floor(log10(low)) - 1, ceil(log10(high)) + 2) for digit in (1, 2, 5)]
    return every[sum(one <= low for one in every) - 1 : sum(one < high for one in every) + 1]


def with_scale_bar(picture: Byte, wide_um: float, bottom: float = 1.0) -> Byte:
    """The picture, `wide_um` micrometres wide, with a bar of a round length in its right corner, above `bottom` of its height."""
    length_um = rounds(MOST_BAR * wide_um, MOST_BAR * wide_um)[0]
    unit, factor = next((pair for pair in LENGTHS if length_um >= pair[1]), LENGTHS[-1])
    height, width = picture.shape[:2]
    size = max(10.0, width / 45)
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    right, low = width - size, bottom * height - size
    left, thick = right - length_um / wide_um * width, max(2.0, size / 5)
    draw.rectangle((left - 2, low - thick - 2, right + 1, low + 1), "black")
    draw.rectangle((left, low - thick, right - 1, low - 1), "white")
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)
    where, text = ((left + right) / 2, low - 2 * thick), f"{length_um / factor:.6g} {unit}"
    draw.text(where, text, "white", font, "mb", stroke_width=max(1, round(size / 9)), stroke_fill="black")
    return np.asarray(image)


def with_legend(picture: Byte, names: Sequence[str]) -> Byte:
    """The picture with the classes `names`, 1 and up, below it, each beside its colour."""
    width, size = picture.shape[1], max(10.0, picture.shape[1] / 45)
    band = Image.new("RGB", (width, round(2 * size)), PAPER)
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(size)
    for k, (name, colour) in enumerate(zip(names, class_colours(len(names) + 1)[1:].tolist(), strict=True)):
        x = size / 2 + k * width / len(names)
        draw.rectangle((x, size / 2, x + size, 1.5 * size), tuple(colour))
        draw.text((x + 1.5 * size, size), name, INK, font, "lm")
    return np.concatenate([picture, np.asarray(band, np.uint8)])


def heat_map(field: Field, saliency: Saliency) -> Byte:
    """The field under its heat, a colour bar below, and the resolution at which the map was computed.

    A tiny field comes back a whole number of times as large, so that the line below can be read.
    """
    colours = (colormaps[HEAT](np.arange(256))[:, :3] * 255).astype(np.uint8)
    coloured = cv2.applyColorMap(_levels(saliency.heat), colours[:, None])
    grey = cv2.cvtColor(cv2.cvtColor(field.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    mixed = readable(np.asarray(cv2.addWeighted(grey, 0.45, coloured, 0.55, 0, dst=coloured), np.uint8))
    width = mixed.shape[1]
    band = max(24, round(width * 0.05))
    legend = Image.new("RGB", (width, band), PAPER)
    bar = colours[_levels(np.linspace(0, 1, max(2, width // 3), dtype=np.float32))]
    legend.paste(Image.fromarray(np.repeat(bar[None], band // 3, axis=0)), (band // 3, band // 3))
    method = METHODS.get(saliency.method, saliency.method)
    text = f"0 .. 1   {method}, computed at {saliency.cells_hw[1]} x {saliency.cells_hw[0]}"
    font = ImageFont.load_default(max(8.0, min(band * 0.45, width / 32)))
    ImageDraw.Draw(legend).text((band // 2 + width // 3, band / 2), text, INK, font, "lm")
    return np.concatenate([mixed, np.asarray(legend, np.uint8)])


def _levels(heat: Float) -> Byte:
    """Shares 0 to 1 as places in a table of 256 colours."""
    levels = heat * np.float32(256)
    return np.asarray(np.minimum(levels, 255, out=levels), np.uint8)
