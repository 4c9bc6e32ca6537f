"""A step without corners: flat at both ends."""

from __future__ import annotations

import numpy as np

from corrovis.results import Float


def smoothstep(low: float, high: float, x: Float) -> Float:
    """0 below `low`, 1 above `high`, 3x^2 - 2x^3 between."""
    x = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)
