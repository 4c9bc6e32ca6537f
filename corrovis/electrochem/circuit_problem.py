"""The least-squares problem of a circuit and a spectrum: bounds, random starts, weighted residuals and their derivatives."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.optimize import least_squares

from corrovis.curves import Spectrum
from corrovis.electrochem.circuits import Circuit
from corrovis.results import Real

Weighting = Literal["modulus", "unit"]
STEP = 1e-6
SEED = 0  # the same spectrum always gives the same fit


def bounds(circuit: Circuit, spectrum: Spectrum) -> tuple[Real, Real]:
    """Of the logarithms, where the data could show the element at all; wide enough never to press on a determined parameter."""
    size, w = np.abs(spectrum.impedance), 2 * np.pi * spectrum.frequency_hz
    low_r, high_r = np.log10(size.min()) - 4, np.log10(size.max()) + 4
    fast, slow = -np.log10(w.max()), -np.log10(w.min())
    ranges = {
        "R": (low_r, high_r),
        "C": (fast - high_r - 1, slow - low_r + 1),
        "L": (fast + low_r - 1, slow + high_r + 1),
        "Q": (fast - high_r - 1, slow - low_r + 3),
        "alpha": (0.3, 1.0),
        "sigma": (low_r - slow / 2, high_r - fast / 2),
        "tau": (fast - 3, slow + 3),
    }
    low, high = np.array([ranges[kind] for kind in circuit.kinds], np.float64).T
    return np.minimum(low, high), np.maximum(low, high)


def random_starts(circuit: Circuit, spectrum: Spectrum, count: int) -> Real:
    """(count, p): each element gets a resistance within the data's and a time constant within the window."""
    random = np.random.default_rng(SEED)
    size, w = np.log10(np.abs(spectrum.impedance)), np.log10(2 * np.pi * spectrum.frequency_hz)
    out = np.empty((count, len(circuit.kinds)))
    for k, kind in enumerate(circuit.kinds):
        r = random.uniform(size.min() - 1, size.max() + 0.5, count)
        tau = random.uniform(-w.max() - 0.5, -w.min() + 0.5, count)
        if kind == "R":
            out[:, k] = r
        elif kind in ("C", "Q"):
            out[:, k] = tau - r
        elif kind == "L":
            out[:, k] = tau + r
        elif kind == "sigma":
            out[:, k] = r - tau / 2
        else:
            out[:, k] = random.uniform(0.6, 1, count) if kind == "alpha" else tau
    return out


class CircuitProblem:
    """Weighted residuals and their derivatives over x: log10 of each parameter, alpha as it is."""

    def __init__(self, circuit: Circuit, spectrum: Spectrum, weighting: Weighting) -> None:
        self.circuit, self.f, self.z = circuit, spectrum.frequency_hz, spectrum.impedance
        self.low, self.high = bounds(circuit, spectrum)
        self.logs = np.array([kind != "alpha" for kind in circuit.kinds])
        size = np.abs(spectrum.impedance)
        self.weight = 1 / size if weighting == "modulus" else np.full(len(size), 1 / float(size.mean()))

    def values(self, x: Real) -> Real:
        return np.where(self.logs, 10.0 ** np.where(self.logs, x, 0), x)

    def residuals(self, sets: Real) -> Real:
        """(m, 2n) for (m, p) sets, all in one evaluation."""
        off = (self.circuit.impedance(self.values(sets).T[:, :, None], self.f) - self.z) * self.weight
        return np.concatenate([off.real, off.imag], axis=1)

    def jacobian(self, x: Real) -> Real:
        step = np.where(x + STEP < self.high, STEP, -STEP)
        around = self.residuals(np.concatenate([x[None], x + np.diag(step)]))
        out: Real = ((around[1:] - around[0]) / step[:, None]).T
        return out

    def refine(self, x: Real, evaluations: int) -> Any:
        def residual(x: Real) -> Real:
            out: Real = self.residuals(x[None])[0]
            return out

        return least_squares(
            residual, x, self.jacobian, bounds=(self.low, self.high), max_nfev=evaluations, xtol=1e-11, ftol=1e-11, gtol=1e-13
        )
