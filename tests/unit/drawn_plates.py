"""Plates of steel of every depth, drawn."""

from __future__ import annotations

import numpy as np

from corrovis.steel.results import Plate

KINDS = {"grey": (255, 1), "colour": (255, 3), "deep": (65535, 1), "deep colour": (65535, 3), "twelve bits": (4095, 1)}


def plate(kind: str = "grey", size_hw: tuple[int, int] = (40, 56)) -> Plate:
    white, channels = KINDS[kind]
    light = np.random.default_rng(1).uniform(0.2, 0.8, (*size_hw, channels)) * white
    pixels = light.astype(np.uint8 if white == 255 else np.uint16)
    return Plate(pixels[..., 0].copy() if channels == 1 else pixels, "drawn", white)
