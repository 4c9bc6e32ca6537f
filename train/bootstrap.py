"""Intervals of scores: whole groups (cars, coupons, blocks of file numbers) are drawn again, for what is in one is alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

ROUNDS = 2000
FEW = 6
EDGES = (2.5, 97.5)
SHARE = (0.0, 1.0)
UNBOUNDED = (-math.inf, math.inf)


def resamples(group: np.ndarray, rounds: int = ROUNDS, alike: np.ndarray | None = None, within: bool = False) -> list[np.ndarray]:
    """Indices of `rounds` bootstrap samples: whole groups of `group` (n,) are drawn, then, if `within`, members of each.

    With `alike` (n,) a group is replaced by one whose highest value of it is the same.
    """
    names, number = np.unique(group, return_inverse=True)
    members = [np.flatnonzero(number == k) for k in range(len(names))]
    kind = np.zeros(len(names)) if alike is None else np.array([alike[own].max() for own in members])
    kinds = [np.flatnonzero(kind == k) for k in np.unique(kind)]
    dice, samples = np.random.default_rng(0), []
    for _ in range(rounds):
        picked = np.concatenate([dice.choice(same, len(same)) for same in kinds])
        samples.append(np.concatenate([dice.choice(own, len(own)) if within else own for own in (members[i] for i in picked)]))
    return samples


def students(groups: int) -> float:
    """Standard deviations either side of a mean over few groups, of a bootstrap that draws `groups` of them."""
    others = max(groups - 1, 1)
    return float(student.ppf(EDGES[1] / 100, others)) * math.sqrt(groups / others)


def interval(
    value: float, samples: Sequence[float], groups: int, scale: tuple[float, float] = UNBOUNDED, biased: bool = False
) -> dict[str, float]:
    """The 95 % interval of `value`, low and high within the ends of its scale, from its bootstrap `samples` over so many groups.

    | where | it is |
    | --- | --- |
    | a share that is 0, or 1, in every sample | Clopper and Pearson's of as many trials as there are groups |
    | no more than `FEW` groups | `students` standard deviations either side: few groups drawn again vary too little |
    | drawing twice makes a score better or worse (`biased`): distances, errors, AP | 1.96 of them: percentiles need not hold it |
    | else | percentiles |
    """
    if scale == SHARE and value in SHARE and np.ptp(samples) == 0:
        reach = 1 - (EDGES[0] / 100) ** (1 / groups)
    elif biased or groups <= FEW:
        reach = (1.96 if groups > FEW else students(groups)) * float(np.nanstd(samples, ddof=1))
    else:
        low, high = np.nanpercentile(samples, EDGES)
        return {"low": float(low), "high": float(high)}
    return {"low": max(scale[0], value - reach), "high": min(scale[1], value + reach)}


def score(value: float, ends: dict[str, float], n: int, on: str) -> dict[str, Any]:
    """A score as reports and records hold it."""
    return {key: round(float(number), 4) for key, number in {"value": value, **ends}.items()} | {"n": n, "on": on}


def mean_over_groups(values: np.ndarray, groups: np.ndarray, scale: tuple[float, float] = UNBOUNDED) -> dict[str, float]:
    """Mean of `values` (n,), with its interval over the names in `groups` (n,); of booleans it is a share."""
    names, member = np.unique(groups, return_inverse=True)
    total, count = np.bincount(member, values), np.bincount(member)
    drawn = np.random.default_rng(0).integers(0, len(names), (ROUNDS, len(names)))
    samples = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    value = float(np.mean(values))
    return {"value": value, **interval(value, samples, len(names), SHARE if values.dtype == bool else scale)}
