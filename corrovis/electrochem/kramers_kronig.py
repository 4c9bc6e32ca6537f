"""What a spectrum says before any circuit is chosen: the linear Kramers-Kronig test and the distribution of relaxation times."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter
from scipy.optimize import nnls

from corrovis.curves import KramersKronig, RelaxationTimes, Spectrum
from corrovis.results import Complex, Real

MU_LIMIT = 0.85
FEWEST = 3  # relaxations per decade
BEYOND = 0.5  # decades by which relaxations go beyond the measured frequencies: a capacitor's has not begun to end there
LINEAR = 0.008  # a chain so coarse leaves half of this of a perfect cell, good instruments a little more
FAST = 1e3  # Hz; such points take too short a time for a cell to drift
TOGETHER = 2.3  # times the scatter that the middle one of three neighbours is off; of 9600 spectra of linear cells 2 are further
DRAGGED = 0.4  # of how far one point is off that its neighbours may be on its account
OUTLYING = 4.5  # times the scatter that a point is off that stands alone; of those none is further
OFF = 0.01  # from which such a point is told
NOISY = 0.02  # scatter that is told
NEGATIVE = 0.1  # of |Z| that a real part below 0 has to be: noise makes less of a capacitor's
MIN_POINTS = 8  # of a spectrum, for relaxation times
TAUS_PER_DECADE = 12
LAMBDAS = np.logspace(1, -4, 11)
SLACK = 1.3  # the smoothest distribution may leave this much more than noise does


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
    return 1 + int(FEWEST * (np.log10(spectrum.frequency_hz[0] / spectrum.frequency_hz[-1]) + 2 * BEYOND))


def check_kramers_kronig(spectrum: Spectrum) -> KramersKronig:
    """Linear test: relaxations are added until `mu` falls below 0.85, where they begin to fit the noise.

    Schönleber, Klotz and Ivers-Tiffée, Electrochim. Acta 131 (2014) 20; residuals are relative to |Z|.
    """
    z, size = spectrum.impedance, np.abs(spectrum.impedance)
    w = 2 * np.pi * spectrum.frequency_hz
    mu, count, model = 1.0, 0, z
    last = max(3, min(len(spectrum), 60))
    for count in range(min(fewest(spectrum), last - 1), last):
        tau = np.logspace(-np.log10(w.max()) - BEYOND, -np.log10(w.min()) + BEYOND, count)
        columns = _relaxations(spectrum, tau, extras=True)
        solution = np.linalg.lstsq(_stack(columns / size[:, None]), _stack(z / size), rcond=None)[0]
        weights = solution[1 : 1 + count]
        mu = 1 - float(np.abs(weights[weights < 0]).sum() / max(weights[weights >= 0].sum(), 1e-300))
        model = columns @ solution
        if mu < MU_LIMIT:
            break
    return KramersKronig(mu, count, (z - model) / size)


def judged(spectrum: Spectrum, test: KramersKronig) -> list[str]:
    """What the test says of the cell and of single points, measured by the spectrum's own scatter."""
    if bool((spectrum.impedance.real[-2:] < -NEGATIVE * np.abs(spectrum.impedance[-2:])).all()):
        return ["the resistance is negative at low frequency, as where a metal passivates; no circuit here can hold it"]
    if test.elements < fewest(spectrum):
        return ["too few points per decade for a Kramers-Kronig test; measure 5 or more in each"]
    off = test.residuals
    middle = np.abs(median_filter(off.real, 3, mode="mirror") + 1j * median_filter(off.imag, 3, mode="mirror"))
    if middle.max() > max(TOGETHER * test.noise, DRAGGED * test.residual_max, LINEAR):
        where = spectrum.frequency_hz[int(np.argmax(middle))]
        run = f"neighbouring points are off together by {middle.max():.1%} at {where:.3g} Hz and scatter by {test.noise:.2%}"
        cause = (
            "leads, reference electrode or instrument do that" if where > FAST else "the cell drifted, or did not answer linearly"
        )
        return [f"Kramers-Kronig: {run}; {cause}"]
    lonely = np.abs(off) > max(OUTLYING * test.noise, OFF)
    if lonely.any():
        where = spectrum.frequency_hz[int(np.argmax(np.abs(off)))]
        return [f"Kramers-Kronig: off by {test.residual_max:.1%} at {where:.3g} Hz, alone among its neighbours: noise, no drift"]
    if test.noise > NOISY:
        return [f"noisy: neighbouring points scatter by {test.noise:.1%}; the Kramers-Kronig test sees no drift beyond that"]
    return []


def inductive(spectrum: Spectrum, test: KramersKronig) -> bool:
    """Whether the slower half of the frequencies shows induction, beyond noise."""
    slow = spectrum.impedance[len(spectrum) // 2 :]
    return bool((median_filter(slow.imag / np.abs(slow), 3) > max(2 * test.noise, LINEAR)).any())


def relaxation_times(spectrum: Spectrum, noise: float) -> RelaxationTimes:
    """Non-negative Tikhonov solution of Z = R_inf + j w L + integral of gamma / (1 + j w tau) over ln tau.

    The smoothing is the strongest that leaves hardly more than the relative `noise` of |Z|, or than the weakest does.
    Wan, Saccoccio, Chen and Ciucci, Electrochim. Acta 184 (2015) 483, with non-negative least squares; for `MIN_POINTS` or more.
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
    least = max(min(cost for cost, _ in solutions), len(spectrum) * noise**2)
    chosen = next(found for cost, found in solutions if cost <= SLACK * least + 1e-9)
    return RelaxationTimes(tau, chosen[1 : 1 + len(tau)].copy(), (float(1 / w.max()), float(1 / w.min())))
