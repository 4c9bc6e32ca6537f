"""How corroded the car in a photo is: none, mild, moderate or severe.

The photo is squashed to a square, as all views in training were, and seen as it is and mirrored; the two answers' logits
are averaged.  No car mask is needed: the network has its own coarse map of rust and car.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from corrovis.networks.severity_net import level_probabilities
from corrovis.resizing import resized
from corrovis.results import Byte, Grade, Photo, Provenance
from corrovis.store import Store
from corrovis.tensors import tensor_of

MODEL = "car-grade"


class Grader:
    """Grades photos with the store's `car-grade` network."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def grade(self, photo: Photo) -> Grade:
        """Probabilities of the four levels for a photo of any size.  Raises WeightsError when the network is missing."""
        spec, network = self.store.spec(MODEL), self.store.network(MODEL)
        began = time.perf_counter()
        seen = square(photo.rgb, int(spec.input["size"]))
        with torch.inference_mode():
            logits = network(tensor_of(np.stack([seen, seen[:, ::-1]]))).mean(dim=0, keepdim=True)
            probabilities = level_probabilities(logits)[0].numpy()
        return Grade(probabilities, Provenance(MODEL, spec.sha256, time.perf_counter() - began))


def square(rgb: Byte, side: int) -> Byte:
    """(H, W, 3) squashed to (side, side, 3): area mean where it shrinks, linear where it grows."""
    return resized(rgb, (side, side))
