"""Whether a picture, by itself, can be like any that networks for micrographs have learned from, and how a reader is told.

Contrast and structure (`corrovis.contrast`) and colour are measured first, for all who ask; and what is drawn on it, to be said.
"""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.contrast import UNLIKE, chroma, nothing_in_grey
from corrovis.data_bar import corner_box, inside_frame, plain_corners, writing_at
from corrovis.resizing import reduced
from corrovis.results import Byte
from corrovis.sem.results import Field

COLOURFUL = 12.0  # mean difference of a pixel's channels; stained scans of grey micrographs stay below
COLOURLESS = 3.0  # the same of a grey picture at the most; photos of rust have 4.3 and more
TINTED, TINT_SIDE = 0.08, 128  # spread of the channels that grey does not explain, of its own; tinted grey has 0.01, photos 0.1
NO_CONTRAST, DIM = 2.5, 96.0  # standard deviation of the grey levels; the mean below which darkness accounts for less of it
LEAST_CONTRAST = 1.0  # however dark: finer steps than a grey level are not kept
MARK, MARK_SHARE = 80, 2e-5  # difference of a drawn pixel's channels, and least share of them; micrographs have none
TINGED, MARK_PURE = 24, 0.2  # difference in any colour, and share of it in marks: theirs is 0.4 to 1, of faded photos' below 0.1
STAMP_ROWS, STAMP_WIDTH, STAMP_LETTERS = 0.2, 0.25, 5  # where a camera's date is looked for, how far its letters go, how many
STAMP_ALONE = 0.5  # of all that is as large there; rust that is seen near has more beside it
STAMP_ORANGE, STAMP_YELLOW = ((190, 110), (170, 90)), 20  # least red and red above blue, dark ground or bright; green above blue
LETTER = 0.012, 0.06, 0.05  # least and most height, most width of a letter; found in 22 of 396 photos of bridges, all with dates
COLOURED = f"{UNLIKE}: a colour picture"
FADED = f"{UNLIKE}: a grey picture, and this model tells rust by its colour; if it is a photo, give it in colour"


def nothing_in(rgb: Byte) -> str:
    """Why nothing can be seen in (H, W, 3) uint8, whatever it is of; empty where something can."""
    grey = grey_of(rgb)
    return nothing_in_grey(grey, max(LEAST_CONTRAST, NO_CONTRAST * min(1.0, float(grey.mean()) / DIM)))


def colourful(rgb: Byte) -> bool:
    """Whether (H, W, 3) uint8 is no micrograph, which is grey or stained a little."""
    return colourfulness(rgb) > COLOURFUL


def tinted(rgb: Byte) -> bool:
    """Whether (H, W, 3) uint8 is colourful and yet grey: all in one colour, with channels that rise and fall together."""
    if not colourful(rgb):
        return False
    seen = reduced(rgb, TINT_SIDE).reshape(-1, 3).astype(np.float32)
    seen -= seen.mean(axis=0)
    grey = seen.mean(axis=1)
    rest = seen - np.outer(grey, seen.T @ grey / max(float(grey @ grey), 1e-9))
    return float(np.ptp(rest, axis=1).mean()) < TINTED * float(grey.std())


def colourfulness(rgb: Byte) -> float:
    """Mean of `chroma`."""
    return float(chroma(rgb).mean())


def grey_of(rgb: Byte) -> Byte:
    """(H, W) uint8, the grey levels of (H, W, 3) uint8."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def laid_over(field: Field, grey: bool) -> list[str]:
    """What was drawn on the picture or around it and counts as specimen; with `grey`, coloured marks on a grey one too."""
    return [*drawn_on(field, grey), *framed(grey_of(field.specimen))]


def drawn_on(field: Field, grey: bool) -> list[str]:
    """`laid_over` without the frame, for who looks at what is inside it."""
    said, plane = [], grey_of(field.specimen)
    if box := corner_box(plane):
        left, top, right, bottom = box
        where = f"{right - left} x {bottom - top} pixels at {left}, {field.rows[0] + top}"
        said.append(f"a box with writing lies on the specimen ({where}) and counts as part of it; give the picture without it")
    elif edge := writing_at(plane):
        said.append(f"something is written at the {edge} edge of the specimen and counts as part of it; crop the picture there")

    if not grey and (at := stamp_at(field.specimen)):
        where = f"around {at[0]}, {field.rows[0] + at[1]}"
        said.append(
            f"orange letters ({where}), as of a camera's date, count as part of the picture and maybe as rust; crop them off"
        )
    colours = chroma(field.specimen)
    marks = colours > MARK
    least = max(MARK_SHARE * marks.size, MARK_PURE * (colours > TINGED).sum())
    if grey and marks.sum() >= least and not colourful(field.specimen):
        y, x = (int(np.median(at)) for at in np.nonzero(marks))
        where = f"{int(marks.sum())} pixels around {x}, {field.rows[0] + y}"
        said.append(f"coloured marks lie on this grey picture ({where}) and count as specimen; give the picture without them")
    return said


def stamp_at(rgb: Byte) -> tuple[int, int] | None:
    """x and y of letters of one height side by side in the orange of a camera's date, low in (H, W, 3) uint8; None without."""
    height, width = rgb.shape[:2]
    top = int((1 - STAMP_ROWS) * height)
    red, green, blue = (plane.astype(np.int16) for plane in cv2.split(rgb[top:]))
    for bright, pure in STAMP_ORANGE:
        ink = ((red > bright) & (red - blue > pure) & (green - blue > STAMP_YELLOW)).astype(np.uint8)
        _, _, found, middles = cv2.connectedComponentsWithStats(ink, connectivity=8)
        tall, (x, y) = found[:, cv2.CC_STAT_HEIGHT], middles.T
        fits = (tall >= LETTER[0] * height) & (tall <= LETTER[1] * height) & (found[:, cv2.CC_STAT_WIDTH] <= LETTER[2] * width)
        for k in np.flatnonzero(fits):
            beside = fits & (np.abs(y - y[k]) <= 0.35 * tall[k]) & (np.abs(tall - tall[k]) <= 0.25 * tall[k])
            beside &= np.abs(x - x[k]) <= STAMP_WIDTH * width
            if beside.sum() >= max(STAMP_LETTERS, STAMP_ALONE * fits.sum()):
                return int(x[beside].mean()), top + int(y[beside].mean())
    return None


def framed(grey: Byte) -> list[str]:
    """That (H, W) uint8 has a plain frame or plain corners, which count as specimen, if it has them."""
    rows, columns = inside_frame(grey)
    height, width = grey.shape
    margins = {"above": rows.start, "below": height - rows.stop, "left": columns.start, "right": width - columns.stop}
    found = ", ".join(f"{wide} px {where}" for where, wide in margins.items() if wide)
    said = [f"a plain border ({found}) counts as uncorroded specimen and lowers the share; crop it off"] if found else []
    if corners := 100 * float(plain_corners(grey[rows, columns]).mean()):
        turned = f"plain corners ({corners:.1f} % of the picture), as turning it leaves them, count as specimen"
        said.append(f"{turned}; crop the picture to what is inside them")
    return said
