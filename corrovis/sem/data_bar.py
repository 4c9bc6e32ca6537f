"""The instrument's data bar: a flat band at the top or the bottom, with text.  It is cropped before any model sees the field.

Magnification and detector stand in that text; a network that sees it learns the text.  A band counts as a bar when its
background is one flat grey, without the noise of a detector, when it ends at one sharp, straight line, and when something is
written in it: a burnt-out sky and a saturated corner are flat as well.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from corrovis.results import Byte

NEAR = 8  # grey levels that count as the bar's background
ROW_SHARE = 0.4  # of a row that is background; the rest is text
MOST, LEAST, LEAST_PX = 0.3, 0.015, 8  # height of a bar, of the picture's
DROP = 0.3  # fall of the background's share where the bar ends
NOISE = 2.0  # mean deviation from the background; detectors have more
INK = 60  # grey levels from the background: text and strokes
LEAST_INK = 0.002  # of a bar
STROKE = 0.04, 0.8  # shortest and longest scale bar, of the width
ALIKE, BROKEN = 0.05, 0.6  # two halves of a scale bar: difference, of the width, and gap between them, of the whole
FRAME, SAME_END = 0.4, 2  # sides of a frame lie this far apart, of the bar's height, and end within so many pixels
BRIDGE = 4  # rows of a line across the bar


def specimen_rows(grey: Byte) -> tuple[int, int]:
    """First row and row after the last that show the specimen, of (H, W) uint8; (0, H) without a bar."""
    height = grey.shape[0]
    bottom = bar_height(grey[::-1])
    top = bar_height(grey) if bottom < height / 2 else 0
    return top, height - bottom


def bar_height(grey: Byte) -> int:
    """Rows of the data bar at the top of (H, W) uint8, 0 without one."""
    height = grey.shape[0]
    reach = int(height * MOST) + BRIDGE
    rim = grey[: max(4, int(height * LEAST))]
    counts = np.bincount(rim.ravel(), minlength=256)
    colour = int(counts.argmax())
    off = np.abs(grey[:reach].astype(np.int16) - colour)
    near = off <= NEAR
    share = near.mean(axis=1)
    found = _end_of_bar(share, max(LEAST_PX, int(height * LEAST)))
    if not found or off[:found][near[:found]].mean() > NOISE or (off[:found] > INK).mean() < LEAST_INK:
        return 0
    return found


def _end_of_bar(share: np.ndarray[tuple[int], np.dtype[np.float64]], least: int) -> int:
    """The row at which the background's share falls for good, 0 if there is none."""
    flat = share >= ROW_SHARE
    for end in range(len(share) - BRIDGE, least - 1, -1):
        inside, outside = share[:end], share[end : end + BRIDGE]
        falls = share[end - 1] - share[end] >= DROP and flat[end - 1] and outside.max() < inside.mean() - DROP
        if falls and flat[:end].mean() >= 0.75:
            return end
    return 0


def scale_bar_length(bar: Byte) -> int | None:
    """Length in pixels of the scale bar drawn in a data bar, (h, W) uint8; None without one.

    It is the longest horizontal stroke, or two like strokes with its length written between them.  Frames round texts are none.
    What the stroke stands for is written beside it, which nobody reads here.
    """
    if bar.size == 0:
        return None
    counts = np.bincount(bar.ravel(), minlength=256)
    ink = np.abs(bar.astype(np.int16) - int(counts.argmax())) > INK
    least, most = STROKE[0] * bar.shape[1], STROKE[1] * bar.shape[1]
    strokes = [(y, start, end) for y, row in enumerate(ink) for start, end in _runs(row) if least <= end - start <= most]
    strokes = _without_frames(strokes, len(bar))
    lengths = [end - start for _, start, end in strokes]
    for (y, start, stop), (z, again, end) in pairwise(strokes):
        alike = abs((stop - start) - (end - again)) <= ALIKE * bar.shape[1]
        if y == z and alike and again - stop < BROKEN * (end - start) and end - start <= most:
            lengths.append(end - start)
    return max(lengths, default=None)


def _runs(row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """First pixel and pixel after the last of every run of ink."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _without_frames(strokes: list[tuple[int, int, int]], height: int) -> list[tuple[int, int, int]]:
    """Strokes, row and ends, but for those that are the upper and the lower side of one frame."""
    if not strokes:
        return []
    rows, ends = np.array(strokes)[:, :1], np.array(strokes)[:, 1:]
    same = (np.abs(ends[:, None] - ends[None]) <= SAME_END).all(axis=2)
    framed = (same & (np.abs(rows - rows.T) > FRAME * height)).any(axis=1)
    return [one for one, out in zip(strokes, framed.tolist(), strict=True) if not out]
