"""Which of nine defects a picture of steel shows, or none.

The network sees patches of its own size at the picture's own scale: how coarse a texture is tells pits from spots.  A larger
picture is cut into patches, and its probabilities are their mean: the share of the surface that looks like each class.  One that
was enlarged from a patch is brought back to it.  What else a file may hold besides steel is taken off by `corrovis.steel.baring`.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from corrovis.contrast import DRAWING, nothing_in_grey, two_greys
from corrovis.resizing import detail, reduced, resized, scaled
from corrovis.results import Float, Provenance
from corrovis.steel.baring import bare, levelled
from corrovis.steel.results import PatchVerdict, Plate
from corrovis.store import Store
from corrovis.tiles import spread_starts

MODEL = "steel-inspector"
MOST_A_SIDE = 8
FLIPS = ((), (2,), (3,), (2, 3))
ENLARGED = 8  # times a patch's side, at the most, that a patch is enlarged to
FROM_AFAR = 3.5  # times a patch's side that detail is looked for at; in larger ones rounded grey levels hide that there is none
SQUARE = 0.8  # short by long side, at the least, of an enlarged patch
SOFT = 0.75  # `detail` of four patches side by side is below it in 6 of 100, of patches enlarged twice in 9 of 10
LITTLE, SOFTER = 1.75, 0.85  # enlarged less, more detail is left: at 1.6 times 8 of 10 are below it, of real ones 16 of 100
LEAST_PART = 0.8  # of a patch's side that a picture should have; at 0.75 of it 6 in 100 more are wrong
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
