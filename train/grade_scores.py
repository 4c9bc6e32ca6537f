"""How well a grader grades: scores of out-of-fold probabilities, each with a bootstrap interval over cars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from bootstrap import ROUNDS, interval, mean_over_groups

from corrovis.networks.severity_net import level_probabilities

BINS = 10


def accuracy(p: np.ndarray, level: np.ndarray) -> float:
    return float((p.argmax(axis=1) == level).mean())


def balanced_accuracy(p: np.ndarray, level: np.ndarray) -> float:
    """Mean recall of the levels that are there."""
    found = p.argmax(axis=1)
    return float(np.mean([(found[level == k] == k).mean() for k in np.unique(level)]))


def macro_f1(p: np.ndarray, level: np.ndarray) -> float:
    found = p.argmax(axis=1)
    each = [2 * ((found == k) & (level == k)).sum() / ((found == k).sum() + (level == k).sum()) for k in np.unique(level)]
    return float(np.mean(each))


def mean_levels_off(p: np.ndarray, level: np.ndarray) -> float:
    """Mean absolute error of the graded level, in levels."""
    return float(np.abs(p.argmax(axis=1) - level).mean())


def rusty_or_clean(p: np.ndarray, level: np.ndarray) -> float:
    return float(((p.argmax(axis=1) > 0) == (level > 0)).mean())


def rusty_accuracy(p: np.ndarray, level: np.ndarray) -> float:
    """Four-class accuracy among the rusty photos alone: the clean ones are most of the data, and easy."""
    return accuracy(p[level > 0], level[level > 0]) if (level > 0).any() else 1.0


def calibration_error(p: np.ndarray, level: np.ndarray) -> float:
    """Expected calibration error of the graded level, ten equal bins of confidence."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == level
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(sum(abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)))


Score = Callable[[np.ndarray, np.ndarray], float]
SCORES: dict[str, Score] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "levels_off": mean_levels_off,
    "rusty_or_clean_accuracy": rusty_or_clean,
    "accuracy_among_rusty": rusty_accuracy,
    "calibration_error": calibration_error,
}


BIASED = ("calibration_error",)  # few pictures are worse calibrated than many, and those drawn twice count as fewer


def bounds(name: str, value: float, samples: list[float]) -> dict[str, float]:
    """Low and high of a score from its bootstrap: percentiles, where these are about the value."""
    if name in BIASED:
        return interval(value, samples, least=0, most=1)
    low, high = np.percentile(samples, (2.5, 97.5))
    return {"low": float(low), "high": float(high)}


def scored(
    p: np.ndarray, level: np.ndarray, group: np.ndarray, on: str, scores: dict[str, Score] = SCORES
) -> dict[str, dict[str, float | int | str]]:
    """Every score as {"value", "low", "high", "n", "on"}: whole cars are drawn again, within each level of their worst photo."""
    names, first = np.unique(group, return_inverse=True)
    members = [np.flatnonzero(first == i) for i in range(len(names))]
    worst = np.array([level[m].max() for m in members])
    dice = np.random.default_rng(0)
    samples = []
    for _ in range(ROUNDS):
        drawn = np.concatenate([dice.choice(same, len(same)) for same in (np.flatnonzero(worst == k) for k in np.unique(worst))])
        samples.append(np.concatenate([members[i] for i in drawn]))
    out = {}
    for name, score in scores.items():
        value = {"value": score(p, level)}
        value |= bounds(name, value["value"], [score(p[s], level[s]) for s in samples])
        out[name] = {**{k: round(v, 4) for k, v in value.items()}, "n": len(level), "on": on}
    return out


def share(right: np.ndarray, group: np.ndarray, on: str) -> dict[str, float | int | str]:
    """A share as a score: `right` (n,) bool, bootstrapped over `group`."""
    value = mean_over_groups(right, group)
    return {**{k: round(v, 4) for k, v in value.items()}, "n": len(right), "on": on}


def probabilities_at(logits: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """(n, 3) CORN logits to (n, 4)."""
    return level_probabilities(torch.from_numpy(logits / temperature)).numpy()
