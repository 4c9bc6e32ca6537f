"""How well a grader grades: scores of out-of-fold probabilities, each with a bootstrap interval over groups, such as cars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from bootstrap import SHARE, interval, mean_over_groups, resamples, score

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
IN_LEVELS = ("levels_off",)  # no share, and may be more than 1
OF_RUSTY = ("accuracy_among_rusty",)


def scored(p: np.ndarray, level: np.ndarray, group: np.ndarray, on: str, scores: dict[str, Score] = SCORES) -> dict[str, Any]:
    """Every score as {"value", "low", "high", "n", "on"}: whole cars are drawn again, within each level of their worst photo."""
    found = over_samples(p, level, resamples(group, alike=level), len(np.unique(group)), scores)
    rusty = int((level > 0).sum())
    return {name: score(*both, rusty if name in OF_RUSTY else len(level), on) for name, both in found.items()}


def over_samples(
    p: np.ndarray, level: np.ndarray, samples: Sequence[np.ndarray], groups: int, scores: dict[str, Score]
) -> dict[str, tuple[float, dict[str, float]]]:
    """Value and interval of every score; `samples` are drawn from so many groups."""
    found = {}
    for name, of in scores.items():
        value, scale = of(p, level), (0, math.inf) if name in IN_LEVELS else SHARE
        found[name] = value, interval(value, [of(p[s], level[s]) for s in samples], groups, scale, name in BIASED)
    return found


def share(right: np.ndarray, group: np.ndarray, on: str) -> dict[str, Any]:
    """A share as a score: `right` (n,) bool, bootstrapped over `group`."""
    found = mean_over_groups(right, group)
    return score(found.pop("value"), found, len(right), on)


def probabilities_at(logits: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """(n, 3) CORN logits to (n, 4)."""
    return level_probabilities(torch.from_numpy(logits / temperature)).numpy()
