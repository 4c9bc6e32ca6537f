"""A folder of drawn steel with two defects, for the training scripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("dots", "stripes", "background")


def draw_steel(root: Path) -> Path:
    """90 patches a class, numbered 0 .. 89: three blocks, of which the middle one is held out."""
    dice = np.random.default_rng(0)
    for name in CLASSES:
        (root / "steel" / name).mkdir(parents=True)
        for number in range(90):
            patch = dice.normal(100, 8, (32, 32))
            patch[:, :: 4 if name == "stripes" else 64] += 60
            patch[::8, ::8] += 90 if name == "dots" else 0
            Image.fromarray(patch.clip(0, 255).astype(np.uint8)).save(root / "steel" / name / f"p_{number:04d}.png")
    return root
