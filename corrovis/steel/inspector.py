"""Which of nine defects a picture of steel shows, or none.

The network sees patches of its own size at the picture's own scale: how coarse a texture is tells pits from spots.  A larger
picture is cut into patches, and its probabilities are their mean: the share of the surface that looks like each class.  One that
was enlarged from a patch is brought back to it, and 16 bits of which hardly any are used to the levels that the network knows.
Steel turned on a plain ground is turned back, data bars and plain frames are cut off, and pixels that were repeated count once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corrovis.contrast import DRAWING, nothing_in_grey, two_greys
from corrovis.data_bar import PLAIN, data_bars, inside_frame
from corrovis.depths import MOST_VALUES, SMALL_PART
from corrovis.resizing import detail, reduced, resized, scaled
from corrovis.results import Bool, Byte, Float, Provenance
from corrovis.steel.results import PatchVerdict, Pixels, Plate
from corrovis.store import Store
from corrovis.tiles import spread_starts

MODEL = "steel-inspector"
MOST_A_SIDE = 8
FLIPS = ((), (2,), (3,), (2, 3))
ENLARGED = 8  # times a patch's side, at the most, that a patch is enlarged to
FROM_AFAR = 3.5  # times a patch's side that detail is looked for at; in larger ones rounded grey levels hide that there is none
REPEATED, LEAST_PX = 1.5, 16  # how often pixels are repeated, on average, and how many a side have to be left, at the least
SIDE_PX, ALIGNED = 1.5, 4.0  # px that a straight side may be off its line, and degrees that sides may be off each other's
CHORD = 8  # px along an outline over which its direction is taken
Complex = NDArray[np.complex128]
SQUARE = 0.8  # short by long side, at the least, of an enlarged patch
SOFT = 0.75  # `detail` of four patches side by side is below it in 6 of 100, of patches enlarged twice in 9 of 10
LITTLE, SOFTER = 1.75, 0.85  # enlarged less, more detail is left: at 1.6 times 8 of 10 are below it, of real ones 16 of 100
LEAST_PART = 0.8  # of a patch's side that a picture should have; at 0.75 of it 6 in 100 more are wrong
USUAL_LEVELS = 0.495, 0.073  # mean and standard deviation of patches, their medians
SURE = 0.6  # of the patches held out 3 in 100 are answered with less, of photos of cars and bridges all
NO_CONTRAST = 1.5  # standard deviation of the grey levels; of 6940 real patches the least is 1.8


class PatchInspector:
    """Classifies pictures of steel with the store's `steel-inspector` network."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.spec = store.spec(MODEL)
        self.classes = self.spec.classes
        self.side = int(self.spec.input["size"])

    def classify(self, plate: Plate) -> PatchVerdict:
        """Probabilities of the classes for a picture of any size."""
        began = time.perf_counter()
        plate, notes = bare(plate)
        grey, said = levelled(plate)
        patches = cut(grey, self.side)
        with torch.inference_mode():
            x = torch.from_numpy(patches[:, None] * 2 - 1)
            network = self.store.network(MODEL)
            logits = torch.stack([network(x.flip(flip)) for flip in FLIPS]).mean(dim=0)
            shares = logits.softmax(dim=1).mean(dim=0).numpy()
        notes += [*said, *notes_on(grey, self.side), *doubts(grey, shares, self.classes)]
        made_by = Provenance(MODEL, self.spec.sha256, time.perf_counter() - began)
        return PatchVerdict(self.classes, np.asarray(shares, np.float32), made_by, tuple(notes))

    def probabilities(self, grey: Float) -> Float:
        """(n, S, S) patches in [0, 1] to (n, classes), one look each: quick, for sets of thousands."""
        with torch.inference_mode():
            network = self.store.network(MODEL)
            x: Tensor = torch.from_numpy(grey[:, None] * 2 - 1).contiguous(memory_format=torch.channels_last)
            return np.asarray(network(x).softmax(dim=1).numpy(), np.float32)


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


def cut(grey: Float, side: int) -> Float:
    """(H, W) to (n, side, side): the picture itself, or up to 8 x 8 patches spread evenly over a larger one.

    What is smaller than a patch, or less than half larger, or was enlarged from one, is brought to a patch's size.
    """
    whole = max(grey.shape) < 1.5 * side or was_enlarged(grey, side)
    grey = resized(grey, (side, side)) if whole else at_least(grey, side)
    rows, columns = (spread_starts(length, side, MOST_A_SIDE) for length in grey.shape)
    return np.stack([grey[y : y + side, x : x + side] for y in rows for x in columns])


def was_enlarged(grey: Float, side: int) -> bool:
    """Whether (H, W) has the shape of a patch enlarged and shows nothing finer."""
    least, most = min(grey.shape), max(grey.shape)
    soft, seen = SOFTER if most < LITTLE * side else SOFT, round(FROM_AFAR * side)
    return 1.5 * side <= most <= ENLARGED * side and least >= SQUARE * most and detail(reduced(grey, seen)) < soft


def notes_on(grey: Float, side: int) -> list[str]:
    """What `cut` did to the scale of (H, W), on which the answer depends."""
    height, width = grey.shape
    if min(height, width) < LEAST_PART * side:
        return [f"{width} x {height} pixels are enlarged to {side}, which leaves them blurred; send {side} or more a side"]
    if was_enlarged(grey, side):
        return [f"{width} x {height} pixels without fine detail, as if enlarged, are reduced to {side}; send the original"]
    return []


def doubts(grey: Float, shares: Float, classes: tuple[str, ...]) -> list[str]:
    """Why the answer on (H, W) in [0, 1] may be worth nothing: the picture is empty or drawn, or no class is likely."""
    levels = np.round(grey * 255).astype(np.uint8)
    if empty := nothing_in_grey(levels, NO_CONTRAST):
        return [empty]
    if two_greys(levels):
        return [DRAWING]
    first, second = (classes[i] for i in np.argsort(-shares)[:2])
    undecided = f"undecided, {first} or {second}: it may show both, or be unlike the hot-rolled strip that was learned"
    return [undecided] if shares.max() < SURE else []


def at_least(grey: Float, side: int) -> Float:
    """(H, W), enlarged where its short side is shorter than `side`."""
    height, width = scaled(grey.shape, max(1, side / min(grey.shape)))
    return resized(grey, (max(side, height), max(side, width)))
