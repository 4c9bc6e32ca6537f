"""The door for micrographs."""

from __future__ import annotations

import numpy as np

from corrovis.results import Byte

MIDDLE, SPREAD = 128.0, 40.0
"""Grey level and standard deviation that every field is brought to."""
FLAT = 2.0


def normalise(grey: Byte) -> Byte:
    """(H, W) uint8 at a common mean and spread: detectors and operators differ, corrosion does not.

    The middle 98 % of the grey values decide, so that a charged spot or a crack moves nothing; a flat field stays flat.
    """
    low, high = np.percentile(grey, (1, 99))
    middle = grey[(grey >= low) & (grey <= high)].astype(np.float64)
    spread = max(float(middle.std()), FLAT)
    return np.clip((grey.astype(np.float32) - middle.mean()) * (SPREAD / spread) + MIDDLE, 0, 255).astype(np.uint8)
