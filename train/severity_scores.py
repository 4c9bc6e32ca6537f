"""How well windows and fields are called low, moderate or severe: scores with bootstrap intervals over coupons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from grade_scores import accuracy, bounds, calibration_error, macro_f1, mean_levels_off
from sklearn.metrics import confusion_matrix

from corrovis.sem.severity import SIGMA_OF_MEAN_ERROR, grade_area

ROUNDS = 2000
SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "levels_off": mean_levels_off,
    "calibration_error": calibration_error,
}


def by_area(found: np.ndarray, true: np.ndarray, group: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """(n, 3) probabilities from measured shares, as `corrovis.sem.severity` gives them, with the other coupons' error."""
    p = np.zeros((len(found), 3))
    for own in np.unique(group):
        at = group == own
        sigma = float(np.abs(found - true)[~at].mean()) * SIGMA_OF_MEAN_ERROR
        p[at] = [grade_area(float(share), limits, sigma).probabilities for share in found[at]]
    return p


def resamples(group: np.ndarray, rounds: int = ROUNDS) -> list[np.ndarray]:
    """Indices of `rounds` bootstrap samples: coupons are drawn, then windows within each."""
    members = [np.flatnonzero(group == name) for name in np.unique(group)]
    dice = np.random.default_rng(0)
    picks = [dice.integers(0, len(members), len(members)) for _ in range(rounds)]
    return [np.concatenate([dice.choice(members[i], len(members[i])) for i in pick]) for pick in picks]


def scored(p: np.ndarray, label: np.ndarray, group: np.ndarray, on: str) -> dict[str, dict[str, Any]]:
    """Every score as {"value", "low", "high", "n", "on"}."""
    samples = resamples(group)
    out = {}
    for name, score in SCORES.items():
        value = {"value": score(p, label)}
        value |= bounds(name, value["value"], [score(p[s], label[s]) for s in samples])
        out[name] = {**{k: round(v, 4) for k, v in value.items()}, "n": len(label), "on": on}
    return out


def gain(p: np.ndarray, rival: np.ndarray, label: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """By how much `p` is more accurate than `rival` on the same windows, drawn again together."""
    right = (p.argmax(axis=1) == label).astype(float) - (rival.argmax(axis=1) == label)
    low, high = np.percentile([right[s].mean() for s in resamples(group)], (2.5, 97.5))
    return {"value": round(float(right.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def confusion(p: np.ndarray, label: np.ndarray) -> list[list[int]]:
    """Rows: labelled; columns: called."""
    table: list[list[int]] = confusion_matrix(label, p.argmax(axis=1), labels=range(p.shape[1])).tolist()
    return table


def compare(rivals: dict[str, np.ndarray], label: np.ndarray, group: np.ndarray, on: str) -> dict[str, Any]:
    """Scores and confusion of each rival's probabilities, and what each gains over the first."""
    first = next(iter(rivals.values()))
    return {
        name: {
            "metrics": scored(p, label, group, on),
            "confusion": {"rows": "labelled", "columns": "called", "counts": confusion(p, label)},
            "accuracy_gain_over_area": gain(p, first, label, group),
        }
        for name, p in rivals.items()
    }
