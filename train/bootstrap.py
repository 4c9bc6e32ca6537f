"""Intervals of scores: whole groups (cars, coupons, blocks of file numbers) are drawn again, for what is in one is alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ROUNDS = 1000
EDGES = (2.5, 97.5)


def interval(value: float, samples: Sequence[float], least: float = -math.inf, most: float = math.inf) -> dict[str, float]:
    """Low and high of `value`: 1.96 standard deviations of its bootstrap `samples` either side, within the scale's ends.

    For scores that drawing twice makes better or worse (distances, errors, AP), whose percentiles need not hold the value itself.
    """
    reach = 1.96 * float(np.std(samples, ddof=1))
    return {"low": max(least, value - reach), "high": min(most, value + reach)}


def mean_over_groups(values: np.ndarray, groups: np.ndarray, rounds: int = ROUNDS) -> dict[str, float]:
    """Mean of `values` (n,), with the 95 % percentiles of its bootstrap over the names in `groups` (n,)."""
    names, member = np.unique(groups, return_inverse=True)
    total, count = np.bincount(member, values), np.bincount(member)
    drawn = np.random.default_rng(0).integers(0, len(names), (rounds, len(names)))
    low, high = np.percentile(total[drawn].sum(axis=1) / count[drawn].sum(axis=1), EDGES)
    return {"value": float(np.mean(values)), "low": float(low), "high": float(high)}
