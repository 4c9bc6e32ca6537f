"""Steps in a sweep's current where the instrument changes to a range of another gain, and what they cost a fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corrovis.results import Real

BESIDE = (4, 8)  # points to each side of a step by which it is told, of sparse and of dense sweeps
DENSE = 200  # points
CLEAR = 6.0  # times the scatter that a step has to be
LEAST, MOST = 0.004, 0.2  # of the current; a larger step is none of an instrument's
NEAR = 0.02, 1.35  # V from zero current, and widths of the fitted line, at least: nearer its logarithm bends too much
TOLD = 0.01  # of the current, from which a step is worth a warning


def range_steps(eta: Real, i: Real) -> tuple[Real, Real]:
    """Where ln|i| steps, V from zero current, and by how much; (n,) potentials `eta` rise.

    Around each place a line with a step is fitted: bends, which are even, do not pass for one.
    """
    beside = BESIDE[len(i) >= DENSE]
    if len(i) < 6 * beside:
        return np.zeros(0), np.zeros(0)
    x = np.arange(0.5 - beside, beside)
    kernel = 2 * np.linalg.pinv(np.stack([np.ones(2 * beside), x, np.sign(x)], axis=1))[2]
    step = np.convolve(np.log(np.maximum(np.abs(i), 1e-30)), kernel[::-1], "valid")
    first, last = eta[: len(step)], eta[2 * beside - 1 :]
    near = np.maximum(NEAR[0], NEAR[1] * (last - first))
    usable = (np.sign(first) == np.sign(last)) & (np.minimum(np.abs(first), np.abs(last)) > near)
    size = np.where(usable, np.abs(step), 0.0)
    noise = 1.4826 * float(np.median(size[usable])) if usable.any() else np.inf
    found = [
        k
        for k in np.flatnonzero((size > max(CLEAR * noise, LEAST)) & (size < MOST))
        if size[k] == size[max(0, k - beside) : k + beside + 1].max()
    ]
    middle = (eta[:-1] + eta[1:])[beside - 1 :] / 2
    return middle[found], step[found]


def said_of(where_v: Real, steps: Real) -> list[str]:
    """A line on steps at these potentials, V, if they are worth one."""
    large = np.abs(steps) > TOLD
    if not large.any():
        return []
    places = ", ".join(f"{value:.3f}" for value in where_v[large][:3])
    most = float(np.abs(steps).max())
    jumps = f"the current jumps by up to {most:.1%} (at {places} V)"
    return [f"{jumps}, as where an instrument changes its range: believe it no further"]


def gain_of(steps: Real) -> float:
    """Standard error of ln i in one range, where neighbouring ranges differ by these steps."""
    return float(np.sqrt(np.mean(steps**2) / 2)) if len(steps) else 0.0


def gain_covariance(jacobian: Real, response: Real, ranges: NDArray[np.intp]) -> Real:
    """(p, p) of parameters whose (n, p) `jacobian` is given, where all points of a range are off together by (n,) `response`."""
    inverse = np.linalg.pinv(jacobian)
    moved = np.stack([inverse @ np.where(ranges == one, response, 0.0) for one in np.unique(ranges)])
    out: Real = moved.T @ moved
    return out
