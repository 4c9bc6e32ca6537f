"""How long the scale bar in a data bar is, in pixels.  What it stands for is written beside it, which nobody reads here."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import median_filter

from corrovis.data_bar import INK
from corrovis.results import Bool, Byte

TONE = 15  # rows, odd, by most of which the background goes: bars of two tones have two
STROKE = 0.04, 0.8  # shortest and longest scale bar, of the width
ALIKE, BROKEN = 0.05, 0.6  # two halves of a scale bar: difference, of the width, and gap between them, of the whole
FRAME, SAME_END = 0.4, 2  # sides of a frame lie this far apart, of the bar's height, and end within so many pixels
TICKS, TICK, EVEN = 9, 6, 1.5  # a ruler's least ticks; a tick's width and the difference of two gaps, at the most, in pixels


def scale_bar_length(bar: Byte) -> int | None:
    """Length in pixels of the scale bar drawn in a data bar, (h, W) uint8; None without one.

    It is the longest horizontal stroke, or two like strokes with its length written between them, or a ruler of ticks, as
    Hitachi draws it, from its first tick to its last.  Frames round texts are none.
    """
    if bar.size == 0:
        return None
    ink = ink_of(bar)
    least, most = STROKE[0] * bar.shape[1], STROKE[1] * bar.shape[1]
    runs = [_runs(row) for row in ink]
    strokes = [(y, start, end) for y, row in enumerate(runs) for start, end in row if least <= end - start <= most]
    strokes = _without_frames(strokes, len(bar))
    lengths = [end - start for _, start, end in strokes]
    for (y, start, stop), (z, again, end) in pairwise(strokes):
        alike = abs((stop - start) - (end - again)) <= ALIKE * bar.shape[1]
        if y == z and alike and again - stop < BROKEN * (end - start) and end - start <= most:
            lengths.append(end - start)
    lengths += [length for row in runs if least <= (length := _ruler(row)) <= most]
    return max(lengths, default=None)


def ink_of(bar: Byte) -> Bool:
    """(h, W) bool, where something is drawn on the commonest grey of the rows around it."""
    own = np.array([np.bincount(row, minlength=256).argmax() for row in bar], np.int16)
    return np.asarray(np.abs(bar.astype(np.int16) - median_filter(own, TONE)[:, None]) > INK)


def _runs(row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """First pixel and pixel after the last of every run of ink."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _ruler(runs: list[tuple[int, int]]) -> int:
    """From the first to the last of at least `TICKS` narrow runs that stand evenly; 0 without them."""
    found, ticks = 0, list[int]()
    for start, end in [*runs, (0, TICK + 1)]:
        narrow = end - start <= TICK
        if narrow and len(ticks) > 1 and abs((start - ticks[-1]) - (ticks[-1] - ticks[0]) / (len(ticks) - 1)) > EVEN:
            ticks = ticks[-1:]
        ticks = [*ticks, start] if narrow else []
        if len(ticks) >= TICKS:
            found = max(found, ticks[-1] - ticks[0])
    return found


def _without_frames(strokes: list[tuple[int, int, int]], height: int) -> list[tuple[int, int, int]]:
    """Strokes, row and ends, but for those that are the upper and the lower side of one frame."""
    if not strokes:
        return []
    rows, ends = np.array(strokes)[:, :1], np.array(strokes)[:, 1:]
    same = (np.abs(ends[:, None] - ends[None]) <= SAME_END).all(axis=2)
    framed = (same & (np.abs(rows - rows.T) > FRAME * height)).any(axis=1)
    return [one for one, out in zip(strokes, framed.tolist(), strict=True) if not out]
