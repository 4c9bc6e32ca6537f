"""How well windows and fields are called low, moderate or severe: scores with bootstrap intervals over coupons."""

from __future__ import annotations

from typing import Any

import numpy as np
from bootstrap import interval, resamples, score
from grade_scores import SCORES, over_samples
from sklearn.metrics import confusion_matrix

from corrovis.sem.severity import SIGMA_OF_MEAN_ERROR, grade_area

ASKED = {name: SCORES[name] for name in ("accuracy", "macro_f1", "levels_off", "calibration_error")}


def by_area(found: np.ndarray, true: np.ndarray, group: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """(n, 3) probabilities from measured shares, as `corrovis.sem.severity` gives them, with the other coupons' error."""
    p = np.zeros((len(found), 3))
    for own in np.unique(group):
        at = group == own
        sigma = float(np.abs(found - true)[~at].mean()) * SIGMA_OF_MEAN_ERROR
        p[at] = [grade_area(float(share), limits, sigma).probabilities for share in found[at]]
    return p


def scored(p: np.ndarray, label: np.ndarray, group: np.ndarray, on: str) -> dict[str, dict[str, Any]]:
    """Every score as {"value", "low", "high", "n", "on"}: coupons are drawn again, then windows within each."""
    found = over_samples(p, label, resamples(group, within=True), len(np.unique(group)), ASKED)
    return {name: score(*both, len(label), on) for name, both in found.items()}


def gain(p: np.ndarray, rival: np.ndarray, label: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """By how much `p` is more accurate than `rival` on the same windows, drawn again together."""
    right = (p.argmax(axis=1) == label).astype(float) - (rival.argmax(axis=1) == label)
    value, samples = float(right.mean()), [right[s].mean() for s in resamples(group, within=True)]
    ends = interval(value, samples, len(np.unique(group)), scale=(-1, 1))
    return {name: round(number, 4) for name, number in {"value": value, **ends}.items()}


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
