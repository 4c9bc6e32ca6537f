"""Which of nine defects a picture of steel shows, or none.

The network sees patches of its own size at the picture's own scale: how coarse a texture is tells pits from spots.  A larger
picture is cut into patches, and its probabilities are their mean: the share of the surface that looks like each class.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from corrovis.resizing import resized, scaled
from corrovis.results import Float, Provenance
from corrovis.steel.results import PatchVerdict, Plate
from corrovis.store import Store
from corrovis.tiles import spread_starts

MODEL = "steel-inspector"
MOST_A_SIDE = 8
FLIPS = ((), (2,), (3,), (2, 3))


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
        patches = cut(plate.grey, self.side)
        with torch.inference_mode():
            x = torch.from_numpy(patches[:, None] * 2 - 1)
            network = self.store.network(MODEL)
            logits = torch.stack([network(x.flip(flip)) for flip in FLIPS]).mean(dim=0)
            shares = logits.softmax(dim=1).mean(dim=0).numpy()
        made_by = Provenance(MODEL, self.spec.sha256, time.perf_counter() - began)
        return PatchVerdict(self.classes, np.asarray(shares, np.float32), made_by)

    def probabilities(self, grey: Float) -> Float:
        """(n, S, S) patches in [0, 1] to (n, classes), one look each: quick, for sets of thousands."""
        with torch.inference_mode():
            network = self.store.network(MODEL)
            x: Tensor = torch.from_numpy(grey[:, None] * 2 - 1).contiguous(memory_format=torch.channels_last)
            return np.asarray(network(x).softmax(dim=1).numpy(), np.float32)


def cut(grey: Float, side: int) -> Float:
    """(H, W) to (n, side, side): the picture itself, or up to 8 x 8 patches spread evenly over a larger one.

    What is smaller than a patch, or less than half larger, is brought to a patch's size.
    """
    grey = resized(grey, (side, side)) if max(grey.shape) < 1.5 * side else at_least(grey, side)
    rows, columns = (spread_starts(length, side, MOST_A_SIDE) for length in grey.shape)
    return np.stack([grey[y : y + side, x : x + side] for y in rows for x in columns])


def at_least(grey: Float, side: int) -> Float:
    """(H, W), enlarged where its short side is shorter than `side`."""
    height, width = scaled(grey.shape, max(1, side / min(grey.shape)))
    return resized(grey, (max(side, height), max(side, width)))
