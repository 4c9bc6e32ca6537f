"""The instrument's data bar: a flat band at the top or the bottom, with text.  It is cropped before any model sees the field.

Magnification and detector stand in that text; a network that sees it learns the text.  A band counts as a bar when its
background is one flat grey, without the noise of a detector, and when it ends at one sharp, straight line.
"""

from __future__ import annotations

import numpy as np

from corrovis.results import Byte

NEAR = 8  # grey levels that count as the bar's background
ROW_SHARE = 0.4  # of a row that is background; the rest is text
MOST, LEAST, LEAST_PX = 0.3, 0.015, 8  # height of a bar, of the picture's
DROP = 0.3  # fall of the background's share where the bar ends
NOISE = 2.0  # mean deviation from the background; detectors have more
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
    if not found or off[:found][near[:found]].mean() > NOISE:
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
    """Length in pixels of the scale bar drawn in a data bar, (h, W) uint8: its longest horizontal stroke; None without one.

    What the stroke stands for is written beside it, which nobody reads here.
    """
    if bar.size == 0:
        return None
    counts = np.bincount(bar.ravel(), minlength=256)
    ink = np.abs(bar.astype(np.int16) - int(counts.argmax())) > 60
    longest = max((_longest_run(row) for row in ink), default=0)
    width = bar.shape[1]
    return longest if 0.04 * width <= longest <= 0.8 * width else None


def _longest_run(row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
