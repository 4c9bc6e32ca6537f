"""Pictures about pictures: pure functions, a result in, a new (H, W, 3) uint8 image out."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from corrovis.car.ageing import compose
from corrovis.render.captions import SYNTHETIC
from corrovis.render.scaling import shrink_aged
from corrovis.results import SEVERITIES, AgedCar, Byte

STRIP_SIDE = 960
INK, PAPER = (240, 240, 242), (24, 24, 27)


def level_strip(aged: AgedCar) -> Byte:
    """The four levels side by side, each with its name, and at the lower right what they are.

    A panel's long side is at most `STRIP_SIDE`; wide photos stand two by two, tall ones in one row.
    """
    small = shrink_aged(aged, STRIP_SIDE)
    height, width = small.photo.size_hw
    columns = 2 if width > height else 4
    band, gap = max(20, round(max(height, width) * 0.06)), max(4, round(max(height, width) * 0.012))
    rows = len(SEVERITIES) // columns
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + band) + gap + band), PAPER)
    draw = ImageDraw.Draw(sheet)
    for level, name in enumerate(SEVERITIES):
        x, y = gap + level % columns * (width + gap), gap + level // columns * (height + band)
        sheet.paste(Image.fromarray(compose(small, level)), (x, y))
        draw.text((x + gap, y + height + band / 2), name.capitalize(), INK, ImageFont.load_default(band * 0.55), "lm")
    font = _fitting(SYNTHETIC, band * 0.4, sheet.width)
    draw.text((sheet.width - 2 * gap, sheet.height - band / 2), SYNTHETIC, (150, 150, 156), font, "rm")
    return np.asarray(sheet, np.uint8)


def _fitting(text: str, size: float, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The default font at `size` pixels, smaller where `text` would not fit into 96 % of `width` pixels."""
    font = ImageFont.load_default(size)
    return ImageFont.load_default(max(6.0, min(size, size * 0.96 * width / max(1.0, font.getlength(text)))))
