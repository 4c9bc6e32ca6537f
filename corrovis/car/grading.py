"""How corroded the car in a photo is: none, mild, moderate or severe.

The photo is squashed to a square, as all views in training were, and seen as it is and mirrored; the two answers' logits
are averaged.  No car mask is needed: the network has its own coarse map of rust and car.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch

from corrovis.images import shrink
from corrovis.networks.severity_net import level_probabilities
from corrovis.resizing import resized
from corrovis.results import Byte, Grade, Photo, Provenance
from corrovis.store import Store
from corrovis.tensors import tensor_of

MODEL = "car-grade"
TINT_SIDE, TINT_LEVELS, TINT_RANGE = 128, 128, 50  # px that are looked at, steps of lightness, and least range of L*
TINT_HUE = 0.9  # of the mean chroma: the chroma of the mean, which colours of two hues lack
TINT_SPREAD, TINT_SHARE = 2.5, 0.15  # in CIELAB, and of the chroma: none of 804 photos of cars and rust lies below both


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


def tinted(photo: Photo) -> bool:
    """Whether a photo has shades of one tint for its colours, as sepia has: all of a lightness nearly alike, all of one hue.

    Of one that is grey all over, which `contrast.colourless` tells, it says either.
    """
    lab = cv2.cvtColor(shrink(photo, TINT_SIDE).rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    lightness, colours = lab[:, 0], lab[:, 1:]
    step = (lightness * (TINT_LEVELS - 1) / 100).astype(int)
    sums = np.stack([np.bincount(step, plane, TINT_LEVELS) for plane in colours.T], axis=1)
    tones = sums / np.maximum(np.bincount(step, minlength=TINT_LEVELS), 1)[:, None]
    spread, chroma = (float(np.sqrt((off**2).sum(axis=1).mean())) for off in (colours - tones[step], colours))
    one_hue = np.hypot(*colours.mean(axis=0)) > TINT_HUE * np.hypot(*colours.T).mean()
    dark, light = np.percentile(lightness, (1, 99))
    return bool(one_hue and light - dark > TINT_RANGE and spread < min(TINT_SPREAD, TINT_SHARE * chroma))
