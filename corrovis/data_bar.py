"""The instrument's data bar: a flat band at the top or the bottom, with text.  It is cropped before any model sees the field.

Magnification and detector stand in that text; a network that sees it learns the text.  A band counts as a bar when its
background is one flat grey, without the noise of a detector, when it ends straight to a pixel over the whole width, and when
something is written in it.  Voids beside a cross-section are as black, with particles in them, but their edges are not straight.
A band may also be blank, as on a page or where a picture was padded: then it has to be black or white, and end straighter yet.
Bars of two tones are bands side by side, and a line drawn between bar and specimen belongs to the bar.  A box in a corner, and
writing where the specimen's surroundings go on into the bar, are found as well, but nothing can be cropped for them.  Nor can
plain columns beside the specimen, or rows too few for a bar; they are told apart, so that they do not change its grey levels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.results import Bool, Byte, Real

NEAR = 8  # grey levels that count as the bar's background
ROW_SHARE = 0.4  # of a row that is background; the rest is text
MOST, LEAST, LEAST_PX = 0.3, 0.015, 8  # height of a band, of the picture's
MOST_FRAME = 0.6  # the same of a plain frame: half a picture may be empty
MOST_BLANK = 0.2  # the same of a blank one: half a picture of vacuum is no padding
BANDS = 3  # one above another
DROP = 0.3  # fall of the background's share where the bar ends
STEP, STEEP, STEEPER = 0.6, 0.85, 0.95  # of that fall that comes in one row, or in two, where a bar ends; in two for a blank band
OUTSIDE = 24  # rows beyond the end that are looked at
NOISE = 2.0  # mean deviation from the background; detectors have more
INK = 60  # grey levels from the background: strokes
FAINT = 30  # the same of letters, which a smaller copy blurs
BLANK_SHARE, BLACK, WHITE = 0.99, 8, 247  # background of each row of a blank band, and its colours
STROKES, STROKE_ROWS = 5, 3  # that a row of writing crosses, and rows that do; a particle is one stroke or two
LINE, LINE_SHARE, LINE_ROWS = 24, 0.95, 0.015  # grey levels and share of a row that is one line, rows of it, of the picture's
EDGE = 0.15  # of the picture's height, where writing is looked for that was not cropped
BLURRED = 2  # rows between the background and a line, at the most
BOX_GREY, BOX_WIDTH = 24, (0.06, 0.8)  # of a box: grey levels from black or white, and least and most of the picture's width
BOX_FULL, BOX_RIM = 0.5, 0.9  # background in a box, and along each of its sides
CORNER = 1 / 8  # of the picture's height and width, within which a box in a corner ends
PLAIN, LEAST_PLAIN = 2, 0.002  # of a plain corner: grey levels from black or white, least share of the picture
TRIANGLE, FULL = 0.1, 0.95  # by how much it differs from half of the rectangle around it, and its share of its hull
ENOUGH = 512  # pixels of a row tell whether it is one line


def data_bars(grey: Byte) -> tuple[tuple[int, int], Bool]:
    """First row and row after the last that show the specimen, of (H, W) uint8, (0, H) without a bar; and (H,) bool: the rows of
    bands, without the lines between them and the specimen.
    """
    height = grey.shape[0]
    bottom = _bands_above(grey[::-1], height)
    top = _bands_above(grey[: height - len(bottom)], height)
    return (len(top), height - len(bottom)), np.array([*top, *[False] * (height - len(top) - len(bottom)), *bottom[::-1]])


def _bands_above(grey: Byte, height: int) -> list[bool]:
    """Of each row of the data bar at the top of what is left of a picture `height` rows high, whether it is in a band."""
    found = list[bool]()
    for _ in range(BANDS):
        band, line = _band_height(grey[len(found) :], height)
        found += [True] * band + [False] * line
        if not band or len(found) > MOST * height:
            break
    return found


def _band_height(grey: Byte, height: int) -> tuple[int, int]:
    """Rows of one band, and of the line below it."""
    least, reach = max(LEAST_PX, int(height * LEAST)), int(height * MOST)
    rim = grey[: max(4, int(height * LEAST))]
    colour = int(np.bincount(rim.ravel(), minlength=256).argmax())
    off = np.abs(grey[: reach + OUTSIDE].astype(np.int16) - colour)
    near = off <= NEAR
    share = near.mean(axis=1)
    middles, lines = _lines(grey[: reach + OUTSIDE], colour)
    for end in _ends(share, lines, least):
        inside = near[:end]
        if off[:end][inside].mean() > NOISE:
            continue
        if is_written(off[:end]) or _is_blank(share, end, (colour, int(height * MOST_BLANK))):
            return end, _line_height(middles[end:], lines[end:], max(LEAST_PX, int(height * LINE_ROWS)))
    return 0, 0


def _ends(share: Real, lines: Bool, least: int) -> list[int]:
    """Rows at which the background's `share` may end for good, straight to a pixel, the last first."""
    flat, found = share >= ROW_SHARE, []
    for end in range(len(share) - OUTSIDE, least - 1, -1):
        if not flat[end - 1] or flat[:end].mean() < 0.75:
            continue
        inside, beyond = share[max(0, end - LEAST_PX) : end].max(), share[end + 2 : end + OUTSIDE]
        falls = inside - np.median(beyond)
        one, two = share[end - 1] - share[end], share[end - 1] - share[end + 1]
        straight = falls >= DROP and (one >= STEP * falls or two >= STEEP * falls) and beyond.max() < inside - DROP / 2
        if straight or lines[end]:
            found.append(end)
    return found


def _is_blank(share: Real, end: int, band: tuple[int, int]) -> bool:
    """Whether nothing is in a band of one `band` = (colour, most rows), whose edge no specimen has."""
    colour, most = band
    falls = 1 - np.median(share[end + 2 : end + OUTSIDE])
    straight = falls >= 0.5 and share[end - 1] - share[end + 1] >= STEEPER * falls
    return bool((colour <= BLACK or colour >= WHITE) and end <= most and share[:end].min() >= BLANK_SHARE and straight)


def inside_frame(grey: Byte) -> tuple[slice, slice]:
    """Rows and columns of (H, W) uint8 within a plain frame, black or white and straight to a pixel; all of them without one."""
    height, width = grey.shape
    left, right = _margin(grey.T), _margin(grey.T[::-1])
    own = grey[:, left : width - right]
    return slice(_margin(own), height - _margin(own[::-1])), slice(left, width - right)


def _margin(grey: Byte) -> int:
    """Rows of the plain band at the top of (H, W) uint8, of any height up to `MOST_FRAME`; 0 without one."""
    for plain in (grey <= BLACK, grey >= WHITE):
        share = plain[: int(MOST_FRAME * len(grey)) + OUTSIDE].mean(axis=1)
        end = int(np.argmin(np.append(share >= BLANK_SHARE, False)))
        if 0 < end <= MOST_FRAME * len(grey) and end + 2 < len(share):
            falls = 1 - np.median(share[end + 2 : end + OUTSIDE])
            if falls >= 0.5 and share[end - 1] - share[end + 1] >= STEEPER * falls:
                return end
    return 0


def plain_corners(grey: Byte) -> Bool:
    """(H, W) bool: the black or white triangles that are left in the corners where a picture was turned."""
    found = np.zeros(grey.shape, bool)
    corners = [(y, x) for y in (0, -1) for x in (0, -1)]
    for plane in (grey <= PLAIN, grey >= 255 - PLAIN):
        if not any(plane[at] for at in corners):
            continue
        _, parts, stats, _ = cv2.connectedComponentsWithStats(plane.astype(np.uint8), connectivity=4)
        for part in (int(parts[at]) for at in corners if plane[at]):
            _, _, width, height, area = stats[part]
            if area >= LEAST_PLAIN * grey.size and abs(2 * area / (width * height) - 1) <= TRIANGLE:
                own = (parts == part).astype(np.uint8)
                hull = cv2.contourArea(cv2.convexHull(np.asarray(cv2.findNonZero(own))))
                found |= (area >= FULL * hull) & (cv2.dilate(own, np.ones((5, 5), np.uint8)) > 0)
    return found


def without_corners(grey: Byte) -> Byte:
    """(H, W) uint8 with its `plain_corners` at the median of the rest, so that they do not change its grey levels."""
    corners = plain_corners(grey)
    return np.where(corners, np.uint8(np.median(grey[~corners])), grey) if corners.any() else grey


def writing_at(grey: Byte) -> str:
    """Edge of (H, W) uint8, upper or lower, at which something is written on flat black or white; empty without writing.

    It is no bar with an edge of its own: what surrounds the specimen goes on into it.
    """
    rows = max(LEAST_PX, int(len(grey) * EDGE))
    for where, band in (("upper", grey[:rows]), ("lower", grey[::-1][:rows])):
        colour = int(np.bincount(band.ravel(), minlength=256).argmax())
        off = np.abs(band.astype(np.int16) - colour)
        near = off <= NEAR
        blank = np.flatnonzero(near.mean(axis=1) >= BLANK_SHARE)  # writing has such rows above and below it, specimens have not
        flat = min(colour, 255 - colour) <= BOX_GREY and len(blank) and off[near].mean() <= NOISE
        if flat and is_written(off[blank[0] : blank[-1]]):
            return where
    return ""


def is_written(off: NDArray[np.int16]) -> bool:
    """Whether there is writing in a band: rows that cross many strokes.

    Shape:
        off: (h, W) int16, grey levels from the band's background
    """
    for least in (FAINT, INK):
        strokes = (np.diff((off > least).astype(np.int8), axis=1, prepend=0) > 0).sum(axis=1)
        if (strokes >= STROKES).sum() >= STROKE_ROWS:
            return True
    return False


def corner_box(grey: Byte) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a black or white rectangle with writing in a corner of (H, W) uint8; None without one."""
    height, width = grey.shape
    for plane in (grey <= BOX_GREY, grey >= 255 - BOX_GREY):
        _, parts, found, _ = cv2.connectedComponentsWithStats(plane.astype(np.uint8), connectivity=4)
        x, y, w, h, area = found.T
        fits = (w >= BOX_WIDTH[0] * width) & (w <= BOX_WIDTH[1] * width) & (h >= LEAST_PX) & (h <= MOST * height)
        fits &= area >= BOX_FULL * w * h
        aside = (x <= CORNER * width) | (x + w >= (1 - CORNER) * width)
        aside &= (y <= CORNER * height) | (y + h >= (1 - CORNER) * height)
        for part in np.flatnonzero(fits & aside):
            inside = parts[y[part] : y[part] + h[part], x[part] : x[part] + w[part]] == part
            # The first and last full lines: a dark pixel of the specimen may hang on a side.
            rows, columns = (np.flatnonzero(inside.mean(axis=axis) >= BOX_FULL) for axis in (1, 0))
            box = slice(y[part] + rows[0], y[part] + rows[-1] + 1), slice(x[part] + columns[0], x[part] + columns[-1] + 1)
            own, inside = grey[box].astype(np.int16), parts[box] == part
            straight = min(side.mean() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1])) >= BOX_RIM
            if straight and is_written(np.abs(own - np.int16(np.median(own[inside])))):
                return int(box[1].start), int(box[0].start), int(box[1].stop), int(box[0].stop)
    return None


def _lines(grey: Byte, colour: int) -> tuple[Real, Bool]:
    """(h,) the middle grey of each row, and whether it is one line over the whole width, of another grey than the background."""
    grey = grey[:, :: max(1, grey.shape[1] // ENOUGH)]
    middle = np.median(grey, axis=1)
    one = (np.abs(grey - middle[:, None]) <= LINE).mean(axis=1) >= LINE_SHARE
    return middle, one & (np.abs(middle - colour) > INK)


def _line_height(middles: Real, lines: Bool, most: int) -> int:
    """Rows of the line that begins here, blurred rows before it included; 0 where rows go on as the surface does."""
    surface = np.median(middles[most : most + OUTSIDE] if len(middles) > most else middles[-1:])
    line = lines[:most] & (np.abs(middles[:most] - surface) > LINE)
    first = int(np.argmax(line))
    end = first + int(np.argmin(np.append(line[first:], False)))
    return end if first <= BLURRED and end < most else 0
