"""From a picture to the steel on it, at the grey levels that the inspector knows.

Steel turned on a plain ground is turned back, data bars and plain frames are cut off, pixels that were repeated count once, and
16 bits of which hardly any are used are brought to the levels of the patches learned from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from corrovis.data_bar import PLAIN, data_bars, inside_frame
from corrovis.depths import MOST_VALUES, SMALL_PART
from corrovis.results import Bool, Byte, Float
from corrovis.steel.results import Pixels, Plate

REPEATED, LEAST_PX = 1.5, 16  # how often pixels are repeated, on average, and how many a side have to be left, at the least
SIDE_PX, ALIGNED = 1.5, 4.0  # px that a straight side may be off its line, and degrees that sides may be off each other's
CHORD = 8  # px along an outline over which its direction is taken
Complex = NDArray[np.complex128]
USUAL_LEVELS = 0.495, 0.073  # mean and standard deviation of patches, their medians


def bare(plate: Plate) -> tuple[Plate, list[str]]:
    """The plate upright, without data bar and plain frame, each pixel once, and what was done to it."""
    notes, came = [], plate.pixels
    if turned := turned_by(as_bytes(plate)):
        came = turned_back(plate.pixels, *turned)
        notes.append(f"turned by {abs(turned[0]):.0f} degrees on a plain ground; it is read turned back")
    grey = as_bytes(replace(plate, pixels=came))
    rows = slice(*data_bars(grey)[0])
    inside = inside_frame(grey[rows])
    steel = unframed(came[rows][inside])
    if steel.shape != came.shape:
        notes.append(f"a data bar or plain border is left out; the {steel.shape[1]} x {steel.shape[0]} pixels inside it are read")
    once = unrepeated(steel)
    if once.shape != steel.shape:
        notes.append(f"enlarged by repeating pixels; each is read once, {once.shape[1]} x {once.shape[0]} of them")
    return replace(plate, pixels=once.copy()), notes


def unframed(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, 3) within a frame of one colour, whichever it is; a frame is the same to the bit on all four sides."""
    frame = (pixels == pixels[0, 0]).reshape(*pixels.shape[:2], -1).all(axis=2)
    if not all(side.all() for side in (frame[0], frame[-1], frame[:, 0], frame[:, -1])):
        return pixels
    rows, columns = (np.flatnonzero(~frame.all(axis=axis)) for axis in (1, 0))
    if min(len(rows), len(columns)) < LEAST_PX:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def as_bytes(plate: Plate) -> Byte:
    """(H, W) uint8"""
    return np.round(plate.grey * 255).astype(np.uint8)


def turned_by(grey: Byte) -> tuple[float, Bool] | None:
    """Degrees, clockwise, that the steel in (H, W) uint8 was turned by, and where it is; None unless plain corners say so.

    The corners are black or white, and what is left is a rectangle, or what of it lies within the picture.
    """
    for plain in (grey <= PLAIN, grey >= 255 - PLAIN):
        corners = [at for at in ((0, 0), (0, -1), (-1, 0), (-1, -1)) if plain[at]]
        if len(corners) < 3:
            continue
        parts = cv2.connectedComponents(plain.astype(np.uint8), connectivity=4)[1]
        steel = np.isin(parts, [parts[at] for at in corners], invert=True)
        if not steel.any():
            continue
        hull = cv2.convexHull(np.asarray(cv2.findNonZero(steel.astype(np.uint8))))
        if min(cv2.minAreaRect(hull)[1]) < LEAST_PX:
            continue
        outline = cv2.approxPolyDP(hull, SIDE_PX, True)[:, 0]
        sides = np.roll(outline, -1, axis=0) - outline
        slanted = sides[(np.abs(sides) > SIDE_PX).all(axis=1)]
        if len(slanted) < 3 or steel.sum() < cv2.contourArea(hull):
            continue
        along = slanted[:, 0] + 1j * slanted[:, 1]
        off = np.degrees(np.angle(along) - quarter_angle(along))
        if np.abs((off + 45) % 90 - 45).max() <= ALIGNED:
            return float(np.degrees(quarter_angle(chords_of(steel)))), np.asarray(steel, np.bool_)
    return None


def chords_of(steel: Bool) -> Complex:
    """(n,) x + iy between points of the outline of `steel` (H, W) that are `CHORD` apart, those on the picture's rim left out."""
    outlines = cv2.findContours(steel.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    at = max(outlines, key=len)[:, 0]
    free = ((at > 0) & (at < np.array(steel.shape[::-1]) - 1)).all(axis=1)
    points = at[:, 0] + 1j * at[:, 1]
    return np.asarray((np.roll(points, -CHORD) - points)[free & np.roll(free, -CHORD)])


def quarter_angle(along: Complex) -> float:
    """The mean direction in radians of sides, or parts of them, that are a quarter turn apart."""
    return float(np.angle((along**4 / np.abs(along).clip(1) ** 3).sum()) / 4)


def turned_back(pixels: Pixels, degrees: float, steel: Bool) -> Pixels:
    """The rectangle of `steel` (H, W) bool in (H, W) or (H, W, 3), upright; what lay outside the picture is mirrored."""
    height, width = steel.shape
    side = int(np.hypot(height, width)) + 2
    by = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    by[:, 2] += (side - width) / 2, (side - height) / 2
    inner = cv2.erode(steel.astype(np.float32), np.ones((3, 3)))  # the outermost pixels are half ground
    there = cv2.warpAffine(inner, by, (side, side)) > 1 - 1e-3
    rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
    whole = cv2.warpAffine(pixels, by, (side, side), borderMode=cv2.BORDER_REFLECT)
    return cast(Pixels, np.ascontiguousarray(whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))


def unrepeated(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, 3) as it was before its rows and columns were repeated evenly to enlarge it, if they were."""
    kept = []
    for lines in (pixels, pixels.swapaxes(0, 1)):
        new = (lines[1:] != lines[:-1]).reshape(len(lines) - 1, -1).any(axis=1)
        kept.append(np.flatnonzero(np.append(True, new)))
        times = len(lines) / len(kept[-1])
        if len(kept[-1]) < LEAST_PX or times < REPEATED or np.diff(kept[-1]).max() > np.ceil(times):
            return pixels
    return pixels[np.ix_(*kept)]


def levelled(plate: Plate) -> tuple[Float, list[str]]:
    """(H, W) in [0, 1] as the network knows it, and what was done to it.

    Black and white of 16 bits that hold a small part of their scale are not known; those of 8 bits widened to 16 are.
    """
    grey = plate.grey
    low, high = np.percentile(grey, MOST_VALUES) if plate.white != 255 else (0, 1)
    if high - low >= SMALL_PART or int(np.gcd.reduce(plate.pixels, axis=None)) * 256 >= plate.white:
        return grey, []
    middle, spread = USUAL_LEVELS
    inner = grey.clip(low, high)
    moved = (inner - inner.mean()) * (spread / max(float(inner.std()), 1e-6)) + middle
    said = f"its values span {high - low:.1%} of their 16 bits and were brought to the grey levels of the patches learned from"
    return np.asarray(moved.clip(0, 1), np.float32), [said]
