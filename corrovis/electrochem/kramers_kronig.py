"""What a spectrum says before any circuit is chosen: the linear Kramers-Kronig test and the distribution of relaxation times."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from corrovis.curves import KramersKronig, RelaxationTimes, Spectrum
from corrovis.results import Complex, Real

MU_LIMIT = 0.85
FEWEST = 3  # relaxations per decade
MIN_POINTS = 8  # of a spectrum, for relaxation times
TAUS_PER_DECADE = 12
LAMBDAS = np.logspace(1, -4, 11)
SLACK = 1.3  # the smoothest distribution may leave this much more than the best


def _relaxations(spectrum: Spectrum, tau: Real, extras: bool) -> Complex:
    """(n, 1 + m [+ 2]) columns: a resistance, m relaxations, and an inductance and a capacitance in series."""
    w = 2 * np.pi * spectrum.frequency_hz[:, None]
    parts = [np.ones_like(w) + 0j, 1 / (1 + 1j * w * tau)]
    if extras:
        parts += [1j * w / w.max(), -1j * w.min() / w]
    return np.concatenate(parts, axis=1)


def _stack(z: Complex) -> Real:
    out: Real = np.concatenate([z.real, z.imag])
    return out


def fewest(spectrum: Spectrum) -> int:
    """How many relaxations the test begins with: fewer cannot follow even one sharp one, and tell nothing."""
    return 2 + int(FEWEST * np.log10(spectrum.frequency_hz[0] / spectrum.frequency_hz[-1]))


def check_kramers_kronig(spectrum: Spectrum) -> KramersKronig:
    """Linear test: relaxations are added until `mu` falls below 0.85, where they begin to fit the noise.

    Schönleber, Klotz and Ivers-Tiffée, Electrochim. Acta 131 (2014) 20; residuals are relative to |Z|.
    """
    z, size = spectrum.impedance, np.abs(spectrum.impedance)
    w = 2 * np.pi * spectrum.frequency_hz
    mu, count, model = 1.0, 0, z
    last = max(3, min(len(spectrum), 60))
    for count in range(min(fewest(spectrum), last - 1), last):
        tau = np.logspace(-np.log10(w.max()), -np.log10(w.min()), count)
        columns = _relaxations(spectrum, tau, extras=True)
        solution = np.linalg.lstsq(_stack(columns / size[:, None]), _stack(z / size), rcond=None)[0]
        weights = solution[1 : 1 + count]
        mu = 1 - float(np.abs(weights[weights < 0]).sum() / max(weights[weights >= 0].sum(), 1e-300))
        model = columns @ solution
        if mu < MU_LIMIT:
            break
    return KramersKronig(mu, count, (z - model) / size)


def relaxation_times(spectrum: Spectrum) -> RelaxationTimes:
    """Non-negative Tikhonov solution of Z = R_inf + j w L + integral of gamma / (1 + j w tau) over ln tau.

    The smoothing is the strongest that still fits nearly as well as the weakest.  Wan, Saccoccio, Chen and Ciucci,
    Electrochim. Acta 184 (2015) 483, with non-negative least squares; for `MIN_POINTS` points or more.
    """
    z, size, w = spectrum.impedance, np.abs(spectrum.impedance), 2 * np.pi * spectrum.frequency_hz
    low, high = -np.log10(w.max()) - 0.5, -np.log10(w.min()) + 0.5
    tau = np.logspace(low, high, int(TAUS_PER_DECADE * (high - low)))
    step = float(np.log(tau[1] / tau[0]))
    columns = _relaxations(spectrum, tau, extras=True) / size[:, None]
    columns[:, 1 : 1 + len(tau)] *= step
    bend = np.zeros((len(tau) - 2, columns.shape[1]))
    for k in range(len(tau) - 2):
        bend[k, 1 + k : 4 + k] = 1, -2, 1
    unit = float(np.ptp(z.real)) or float(size.max())
    solutions = []
    for strength in LAMBDAS:
        left = np.concatenate([_stack(columns), strength * bend / unit])
        found, _ = nnls(left, np.concatenate([_stack(z / size), np.zeros(len(bend))]), maxiter=20000)
        solutions.append((float(np.sum((_stack(columns) @ found - _stack(z / size)) ** 2)), found))
    best = min(cost for cost, _ in solutions)
    chosen = next(found for cost, found in solutions if cost <= SLACK * best + 1e-9)
    return RelaxationTimes(tau, chosen[1 : 1 + len(tau)].copy())
