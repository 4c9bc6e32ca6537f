"""How sure a classifier may be: a temperature for its logits, fitted on answers other than those that it is scored on.

Guo et al. 2017, "On calibration of modern neural networks".  `Chances` turns logits (n, k) and a temperature, or one for each row
(n, 1), into probabilities (n, classes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special
from scipy.optimize import minimize_scalar

LEAST, MOST = 0.2, 5.0
Chances = Callable[[np.ndarray, float | np.ndarray], np.ndarray]


def softmax(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    return np.asarray(special.softmax(logits / temperature, axis=1))


def fit_temperature(logits: np.ndarray, labels: np.ndarray, chances: Chances = softmax) -> float:
    """The temperature of `LEAST` .. `MOST` at which the labels are most likely."""

    def loss(log_temperature: float) -> float:
        p = chances(logits, float(np.exp(log_temperature)))
        return float(-np.log(p[np.arange(len(labels)), labels] + 1e-9).mean())

    best = minimize_scalar(loss, bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
    return round(float(np.exp(best.x)), 3)


def temperatures(logits: np.ndarray, labels: np.ndarray, part: np.ndarray, chances: Chances = softmax) -> np.ndarray:
    """(n,) for each answer the temperature that the other parts (folds, coupons, halves) want."""
    found = np.ones(len(labels))
    for own in np.unique(part):
        at = part == own
        found[at] = fit_temperature(logits[~at], labels[~at], chances)
    return found


def calibrated(logits: np.ndarray, labels: np.ndarray, part: np.ndarray, chances: Chances = softmax) -> np.ndarray:
    """(n, classes) probabilities, each part at the temperature that the others want."""
    return chances(logits, temperatures(logits, labels, part, chances)[:, None])
