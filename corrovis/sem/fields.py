"""The door for micrographs and photos of steel: bytes or a path in, a `Field` out, its data bar known and its scale if written.

Decoding is `corrovis.images`'s; here come what micrographs have besides: a data bar, a pixel size, more pixels than a network
takes at once.  `tile_starts` and `Stitcher` are a pair: a field cut up and put together again is the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from corrovis.errors import BadInputError
from corrovis.images import DEFAULTS, read_photo
from corrovis.results import Byte, Float
from corrovis.sem.data_bar import scale_bar_length, specimen_rows
from corrovis.sem.pixel_size import find_pixel_size, pixel_size_at
from corrovis.sem.results import Field, PixelSize
from corrovis.settings import Settings

MIDDLE, SPREAD = 128.0, 40.0
"""Grey level and standard deviation that every micrograph is brought to."""
FLAT = 2.0
SURROUNDINGS = 101  # pixels, odd: what is less than half of it stays
LEAST_SIDE = 32


def read_field(
    source: Path | bytes,
    name: str = "picture",
    pixel: PixelSize | None = None,
    limits: Settings = DEFAULTS,
    bar_um: float | None = None,
) -> Field:
    """Decode a micrograph or photo; find its data bar and its pixel size.

    `pixel` overrides what the file says, `bar_um` too: the length written at its scale bar, whose pixels are counted.

    Raises:
        BadInputError: not a picture, damaged, empty, below 32 px a side, above `limits`, or without the scale bar that was named
    """
    photo = read_photo(source, name, limits)
    if min(photo.size_hw) < LEAST_SIDE:
        height, width = photo.size_hw
        raise BadInputError(f"{photo.name} is only {width} x {height} pixels; use a picture of at least {LEAST_SIDE} a side")
    notes = list(photo.notes)
    grey = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)
    top, end = specimen_rows(np.asarray(grey, np.uint8))
    if (top, end) != (0, len(grey)):
        cropped = [f"{rows} rows {where}" for rows, where in ((top, "above"), (len(grey) - end, "below")) if rows]
        notes.append(f"data bar cropped: {', '.join(cropped)}")
    length = scale_bar_length(np.asarray(np.concatenate([grey[:top], grey[end:]]), np.uint8))
    if bar_um is not None:
        if length is None:
            raise BadInputError(f"{photo.name} shows no data bar with a scale bar in it; give its pixel size, as in 0.5um")
        pixel = pixel_size_at(bar_um, length)
    if pixel is None:
        pixel = _written_pixel(source, notes)
    if pixel is None and length:
        notes.append(
            f"a scale bar of {length} px is drawn; give what is written at it, or divide that by {length} for the pixel size"
        )
    return Field(photo.rgb, photo.name, (top, end), pixel, tuple(notes))


def _written_pixel(source: Path | bytes, notes: list[str]) -> PixelSize | None:
    """What the instrument wrote.  A figure that can be read in two ways costs the micrometres, not the picture."""
    try:
        return find_pixel_size(source.read_bytes(), source) if isinstance(source, Path) else find_pixel_size(source, None)
    except BadInputError as error:
        notes.append(f"pixel size in the file not used, give it yourself: {error}")
        return None


def normalise(grey: Byte) -> Byte:
    """(H, W) uint8 at a common mean and spread: detectors and operators differ, corrosion does not.

    The middle 98 % of the grey values decide, so that a charged spot or a crack moves nothing; a flat field stays flat.
    """
    low, high = np.percentile(grey, (1, 99))
    middle = grey[(grey >= low) & (grey <= high)].astype(np.float64)
    spread = max(float(middle.std()), FLAT)
    moved = (grey.astype(np.float32) - middle.mean()) * (SPREAD / spread) + MIDDLE
    return np.asarray(np.clip(moved, 0, 255), np.uint8)


def flatten(grey: Byte) -> Byte:
    """(H, W) uint8 less the median of its surroundings: what departs from the metal around it, on a slope or by an edge too."""
    around = cv2.medianBlur(grey, SURROUNDINGS).astype(np.int16)
    return np.asarray(np.clip(grey.astype(np.int16) - around + int(MIDDLE), 0, 255), np.uint8)


def tile_starts(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles of `side` begin along `length` pixels: evenly spread, at least `overlap` in common, the last at the end."""
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


class Stitcher:
    """Puts overlapping tiles together: each counts most in its middle, so that no seam shows.

    `tiles` names the window of every tile as (rows, columns); `add` takes what was found in it; `whole` is their weighted mean.
    """

    def __init__(self, size_hw: tuple[int, int], side: int, overlap: int, channels: int) -> None:
        self.size_hw, self.side, self.overlap = size_hw, side, overlap
        self._sum = np.zeros((channels, *size_hw), np.float32)
        self._weight = np.zeros(size_hw, np.float32)

    def tiles(self) -> Iterator[tuple[slice, slice]]:
        height, width = self.size_hw
        for y in tile_starts(height, self.side, self.overlap):
            for x in tile_starts(width, self.side, self.overlap):
                yield slice(y, min(y + self.side, height)), slice(x, min(x + self.side, width))

    def add(self, where: tuple[slice, slice], found: Float) -> None:
        """`found`: (channels, h, w) float32 for the window `where`."""
        weight = np.minimum.outer(_ramp(found.shape[1], self.overlap), _ramp(found.shape[2], self.overlap))
        self._sum[:, *where] += found * weight
        self._weight[where] += weight

    def whole(self) -> Float:
        """(channels, H, W) float32."""
        return self._sum / self._weight


def _ramp(length: int, overlap: int) -> Float:
    """(length,) float32 that rises over `overlap` pixels from either end to 1."""
    distance = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    return np.minimum(1, distance / max(1, overlap)).astype(np.float32)
