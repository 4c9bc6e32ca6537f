"""The door for micrographs and photos of steel: bytes or a path in, a `Field` out, its data bar known and its scale if written.

Decoding is `corrovis.images`'s; here comes what micrographs have besides: a data bar, a pixel size, grey levels of every kind.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import cv2
import numpy as np

from corrovis.data_bar import data_bars
from corrovis.errors import BadInputError
from corrovis.images import OVER_WHITE, bytes_of, read_photo
from corrovis.resizing import resized
from corrovis.results import Byte
from corrovis.sem.picture_checks import tinted
from corrovis.sem.pixel_size import SCALED, find_pixel_size, pixel_size_at
from corrovis.sem.results import Field, PixelSize
from corrovis.sem.scale_bar import scale_bar_length

MIDDLE, SPREAD = 128.0, 40.0
"""Grey level and standard deviation that every micrograph is brought to."""
FLAT = 2.0
BLOCKS = 8  # along either side
UNEVEN = 0.1, 0.8  # slopes of uneven light, of the mean; the least corroded part of a field beside the most has up to 0.04
EXPLAINED = 0.9  # of the variance between blocks; by a plane, an edge through the middle is by three quarters
SURROUNDINGS = 101  # pixels, odd: what is less than half of it stays
LEAST_SIDE = 32
SAME_SCALE = 0.02  # difference of two pixel sizes that are one
BAR_DRAWN = "px is drawn; give what is written at it"
"""In the note on a scale bar of which nobody said what it stands for."""
GREYED = "a grey picture tinted in one colour, read as grey"
OTHER_SCALE = "the file says"
"""How the doubt of `other_scale` begins."""


def read_field(
    source: Path | bytes,
    name: str | None = None,
    pixel: PixelSize | None = None,
    bar_um: float | None = None,
) -> Field:
    """Decode a micrograph or photo; find its data bar and its pixel size.  One tinted in a single colour becomes grey.

    `pixel` overrides what the file says, `bar_um` too: the length written at its scale bar, whose pixels are counted.  What the
    file says is kept beside either.

    Raises:
        BadInputError: not a picture, damaged, empty, below 32 px a side, too large, or without the scale bar that was named
    """
    data, name = bytes_of(source, name)
    photo, path = read_photo(data, name, LEAST_SIDE), source if isinstance(source, Path) else None
    notes = [f"{note}, and counts as specimen" if note == OVER_WHITE else note for note in photo.notes]
    grey = np.asarray(cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    rgb = photo.rgb
    if tinted(rgb):
        rgb = np.repeat(grey[..., None], 3, axis=2)
        notes.append(GREYED)
    (top, end), bands = data_bars(grey)
    if (top, end) != (0, len(grey)):
        cropped = [f"{rows} rows {where}" for rows, where in ((top, "above"), (len(grey) - end, "below")) if rows]
        notes.append(f"data bar cropped: {', '.join(cropped)}")
    length = scale_bar_length(grey[bands])
    if bar_um is not None:
        if length is None:
            raise BadInputError(f"{photo.name} shows no data bar with a scale bar in it; give its pixel size, as in 0.5um")
        pixel = pixel_size_at(bar_um, length)
        notes.append(said_of(pixel))
    written, said = _written_pixel(data, path, photo.size_hw)
    if pixel is None:
        pixel = written
        notes += said
    if pixel is None and length:
        notes.append(f"a scale bar of {length} {BAR_DRAWN}, or divide that by {length} for the pixel size")
    return Field(rgb, photo.name, (top, end), pixel, tuple(notes), hashlib.sha256(data).hexdigest(), written)


def _written_pixel(data: bytes, path: Path | None, size_hw: tuple[int, int]) -> tuple[PixelSize | None, list[str]]:
    """What the instrument wrote, and notes on it.  A figure that can be read in two ways costs the scale, not the picture."""
    try:
        found = find_pixel_size(data, path, size_hw)
    except BadInputError as error:
        return None, [f"pixel size in the file not used, give it yourself: {error}"]
    return found, [said_of(found)] if found and SCALED in found.source else []


def other_scale(field: Field) -> list[str]:
    """That the pixel size given is not the one that the file states, if it is not."""
    if field.pixel is None or field.written is None:
        return []
    own, given = field.written.um, field.pixel.um
    times, how = (given / own, "less") if own < given else (own / given, "more")
    if times <= 1 + SAME_SCALE:
        return []
    said = f"a pixel is {own:.4g} um wide ({field.written.source}), {times:.3g} times {how} than the {given:.4g} um given"
    return [f"{OTHER_SCALE} {said}, which was used: areas differ by {times**2:.3g} times; check which is right"]


def said_of(pixel: PixelSize) -> str:
    """The note on a pixel size that was computed."""
    return f"pixel size of {pixel.um:.4g} um: {pixel.source}"


def normalise(grey: Byte) -> Byte:
    """(H, W) uint8 at a common mean and spread: detectors and operators differ, corrosion does not.

    The middle 98 % of the grey values decide, so that a charged spot or a crack moves nothing; a flat field stays flat.
    """
    counts = np.bincount(grey.ravel(), minlength=256)
    ends = math.ceil(0.01 * (grey.size - 1)), math.floor(0.99 * (grey.size - 1))
    low, high = np.searchsorted(np.cumsum(counts), ends, side="right")
    levels = np.arange(256.0)
    counts[(levels < low) | (levels > high)] = 0
    mean = float(counts @ levels) / counts.sum()
    spread = max(float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())), FLAT)
    moved = (levels - mean) * (SPREAD / spread) + MIDDLE
    return np.asarray(cv2.LUT(grey, np.clip(moved, 0, 255).astype(np.uint8)), np.uint8)


def evened(grey: Byte) -> Byte:
    """(H, W) uint8 divided by the plane that fits it best, if that is all that differs from block to block: uneven light."""
    blocks = resized(grey.astype(np.float32), (BLOCKS, BLOCKS))
    blocks = blocks / max(float(blocks.mean()), 1.0)
    at = (np.arange(BLOCKS) + 0.5) * 2 / BLOCKS - 1
    down, across = (blocks.mean(axis=axis) @ at / (at @ at) for axis in (1, 0))
    explained = float(np.var(down * at[:, None] + across * at)) / max(float(blocks.var()), 1e-9)
    if not UNEVEN[0] < abs(down) + abs(across) < UNEVEN[1] or explained < EXPLAINED:
        return grey
    y, x = (np.linspace(-1, 1, length) for length in grey.shape)
    return np.asarray(np.clip(np.rint(grey / (1 + down * y[:, None] + across * x)), 0, 255), np.uint8)


def flatten(grey: Byte) -> Byte:
    """(H, W) uint8 less the median of its surroundings: what departs from the metal around it, on a slope or by an edge too."""
    around = cv2.medianBlur(grey, SURROUNDINGS).astype(np.int16)
    return np.asarray(np.clip(grey.astype(np.int16) - around + int(MIDDLE), 0, 255), np.uint8)
