"""Whether a picture, by itself, can be like any that networks for micrographs have learned from, and how a reader is told.

A network answers anything, and what it has learned tells textures apart: an empty picture has none to be told by.  So contrast,
structure and colour are measured first, here, for all who ask; and what is drawn on it, to be said.
"""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.results import Byte
from corrovis.sem.data_bar import corner_box, inside_frame, writing_at
from corrovis.sem.results import Field

COLOURFUL = 12.0  # mean difference of a pixel's channels; stained scans of grey micrographs stay below
COLOURLESS = 3.0  # the same of a grey picture at the most; photos of rust have 4.3 and more
NO_CONTRAST = 2.5  # standard deviation of the grey levels
HALVINGS, LEAST_BLOCKS = 4, 8  # how often noise is averaged over blocks twice as large, and how many are left along a side
MARK, MARK_SHARE = 80, 2e-5  # difference of a drawn pixel's channels, and least share of them; micrographs have none
TINGED, MARK_PURE = 24, 0.2  # difference in any colour, and share of it in marks: theirs is 0.4 to 1, of faded photos' below 0.1
STRUCTURE = 1.7  # times the spread that noise keeps; noise has 0.9 to 1.3, micrographs 2.7 and more
UNLIKE = "unlike anything in training"
EMPTY = f"{UNLIKE}: the picture has hardly any contrast"
NOISE = f"{UNLIKE}: the picture shows no structure above noise"
COLOURED = f"{UNLIKE}: a colour picture"
FADED = f"{UNLIKE}: a grey picture, and this model tells rust by its colour; if it is a photo, give it in colour"


def nothing_in(rgb: Byte) -> str:
    """Why nothing can be seen in (H, W, 3) uint8, whatever it is of; empty where something can."""
    if contrast(rgb) < NO_CONTRAST:
        return EMPTY
    return NOISE if structure(rgb) < STRUCTURE else ""


def contrast(rgb: Byte) -> float:
    """Standard deviation of the grey levels of (H, W, 3) uint8."""
    return float(cv2.meanStdDev(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))[1].item())


def structure(rgb: Byte) -> float:
    """By how much more than noise (H, W, 3) uint8 varies from block to block, in blocks of up to 16 px; 1 is noise.

    The mean over n x n independent pixels has 1/n of their spread; whatever hangs together keeps more of it.
    """
    means = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread, most = max(float(means.std()), 1e-9), 0.0
    for times in range(1, HALVINGS + 1):
        height, width = means.shape[0] // 2, means.shape[1] // 2
        if min(height, width) < LEAST_BLOCKS:
            break
        means = means[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
        most = max(most, float(means.std()) * 2**times / spread)
    return most


def colourful(rgb: Byte) -> bool:
    """Whether (H, W, 3) uint8 is no micrograph, which is grey or stained a little."""
    return colourfulness(rgb) > COLOURFUL


def colourfulness(rgb: Byte) -> float:
    """Mean of `chroma`."""
    return float(chroma(rgb).mean())


def chroma(rgb: Byte) -> Byte:
    """(H, W) uint8, largest minus smallest channel of each pixel of (H, W, 3) uint8."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue), np.uint8)


def laid_over(field: Field, grey: bool) -> list[str]:
    """What was drawn on the picture and counts as specimen; with `grey`, coloured marks on a grey one too."""
    said, plane = [], np.asarray(cv2.cvtColor(field.specimen, cv2.COLOR_RGB2GRAY), np.uint8)
    if box := corner_box(plane):
        left, top, right, bottom = box
        where = f"{right - left} x {bottom - top} pixels at {left}, {field.rows[0] + top}"
        said.append(f"a box with writing lies on the specimen ({where}) and counts as part of it; give the picture without it")
    elif edge := writing_at(plane):
        said.append(f"something is written at the {edge} edge of the specimen and counts as part of it; crop the picture there")
    said += framed(plane)
    colours = chroma(field.specimen)
    marks = colours > MARK
    least = max(MARK_SHARE * marks.size, MARK_PURE * (colours > TINGED).sum())
    if grey and marks.sum() >= least and not colourful(field.specimen):
        y, x = (int(np.median(at)) for at in np.nonzero(marks))
        where = f"{int(marks.sum())} pixels around {x}, {field.rows[0] + y}"
        said.append(f"coloured marks lie on this grey picture ({where}) and count as specimen; give the picture without them")
    return said


def framed(grey: Byte) -> list[str]:
    """That (H, W) uint8 has a plain frame, which counts as specimen, if it has one."""
    rows, columns = inside_frame(grey)
    height, width = grey.shape
    margins = {"above": rows.start, "below": height - rows.stop, "left": columns.start, "right": width - columns.stop}
    found = ", ".join(f"{wide} px {where}" for where, wide in margins.items() if wide)
    return [f"a plain border ({found}) counts as uncorroded specimen and lowers the share; crop it off"] if found else []
