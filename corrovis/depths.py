"""Pictures of other depths than eight bits a channel, and by which scale their values become bytes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corrovis.results import Byte

SHALLOW, TWELVE, SIXTEEN = "8 bit kept in 16", "12 bit reduced to 8", "16 bit reduced to 8"
OWN_RANGE = "own range"  # begins the note on values that were stretched
MOST_VALUES = 0.1, 99.9  # percentiles, which a hot pixel does not move
FOUR_BITS = 15
SMALL_PART = 0.25  # of a scale: values that span less are stretched
BAND, BAND_ROW, BAND_FLAT = 0.3, 0.4, 0.75  # most height of a data bar, least share of a row at its value, and of such rows
LINE_ROW = 0.9  # of a row is one value where a line ends the bar
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0


def stored_values(image: Image.Image) -> NDArray[np.generic]:
    """(H, W) integers or floats of one channel, black least: of TIFF's tags Pillow heeds these only at 8 bits."""
    values = np.asarray(image)
    if image.mode == "F":
        return values
    if tag(image, BITS) == 32 and tag(image, SAMPLE_FORMAT) in (None, 1):
        values = values.view(np.uint32)  # Pillow reads it as signed
    return values if tag(image, PHOTOMETRIC) != 0 else np.iinfo(values.dtype).max - values


def tag(image: Image.Image, number: int) -> int | None:
    """The number under a tag of a TIFF, or the first of several; None without one."""
    found = getattr(image, "tag_v2", {}).get(number)
    return found[0] if isinstance(found, tuple) else found


def to_bytes(values: NDArray[np.generic], notes: list[str]) -> Byte:
    """Integers beyond 8 bits and floats to (H, W) uint8, by the smallest usual scale that holds them or by their own range.

    The range is also taken where it is a small part of the scale, or 8 bits would leave few grey levels of it.
    """
    x = values.astype(np.float64)
    finite = np.isfinite(x)
    if not finite.any():
        raise ValueError("no pixel has a value")
    if not finite.all():
        blank = int((~finite).sum())
        notes.append(f"{blank} {'pixel' if blank == 1 else 'pixels'} without a value made black")
    low, high = float(x[finite].min()), float(x[finite].max())
    if np.issubdtype(values.dtype, np.floating):
        scales = {"float, 1 is white": 1.0, "float, 255 is white": 255.0, "float, 65535 is white": 65535.0}
    else:
        scales = {SHALLOW: 255.0, TWELVE: 4095.0, SIXTEEN: 65535.0}
    note, white = next(((n, w) for n, w in scales.items() if low >= 0 and high <= w), ("", 0.0))
    if note != SHALLOW:  # what was 8 bits has no more levels to give
        most = np.percentile(_without_bands(x), MOST_VALUES).tolist()
        low, high = most if note or most[0] < most[1] else (low, high)
    if not note or (note != SHALLOW and 0 < high - low < SMALL_PART * white):
        note, x, white = f"{OWN_RANGE} {low:g} to {high:g} taken as black to white", x - low, max(high - low, 1e-9)
    notes.append(note)
    return np.where(finite, np.clip(np.nan_to_num(x) * (255 / white), 0, 255).round(), 0).astype(np.uint8)


def _without_bands(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The finite values but for those in bands of one value at the top and the bottom: a data bar's are no detector's."""
    rows = x.reshape(len(x), -1)
    reach, own = int(len(rows) * BAND), np.ones(len(rows), bool)
    for one, kept in ((rows[:reach], own), (rows[::-1][:reach], own[::-1])):
        found, counts = np.unique(one[: max(1, reach // 8)], return_counts=True)
        flat = np.append(False, (one == found[counts.argmax()]).mean(axis=1) >= BAND_ROW)
        end = int(flat.nonzero()[0].max(initial=0))
        if flat[: end + 1].sum() >= BAND_FLAT * end:
            lines = (one[end:] == one[end:, :1]).mean(axis=1) >= LINE_ROW
            kept[: end + int(np.argmin(np.append(lines, False)))] = False
    chosen = rows[own]
    return np.asarray(chosen[np.isfinite(chosen)] if np.isfinite(chosen).any() else x[np.isfinite(x)])


def with_lower_bits(image: Image.Image, data: bytes, notes: list[str]) -> Image.Image:
    """Colours of 12 bits or fewer in 16, scaled as grey is: of those Pillow keeps four bits.  All else as it was."""
    if SIXTEEN not in notes or np.asarray(image).max() > FOUR_BITS or image.has_transparency_data:
        return image
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    deep = np.asarray([] if found is None else found, np.uint16)[..., ::-1]
    if not np.array_equal(deep >> 8, np.asarray(image)):  # turned, or read in some other way
        return image
    notes.remove(SIXTEEN)
    scaled = Image.fromarray(to_bytes(deep, notes))
    scaled.info = image.info
    return scaled
