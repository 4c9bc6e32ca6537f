"""The current that a corroding electrode passes, and its parameters in one window of potential.

Stern and Geary, J. Electrochem. Soc. 104 (1957) 56, with a limiting current, a passive plateau and an ohmic drop:

    i = i_corr [a / (1 - p + p a) - c / (1 - r + r c)],  a = 10^(eta / beta_a),  c = 10^(-eta / beta_c)
    eta = E - E_corr - i R,  r = i_corr / i_limit,  p = i_corr / i_passive;  r = p = R = 0 is Butler-Volmer
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from corrovis.electrochem.sweeps import Sweep
from corrovis.results import Real

FIT_POINTS = 120
LIMIT, OHMIC, PASSIVE = 4, 5, 6  # places of r, R and p among the parameters
NAMES = ("e_corr", "ln_i", "beta_a", "beta_c", "limited", "resistance", "passive")
BUTLER_VOLMER = (0, 1, 2, 3)
MODELS = {
    "butler-volmer": BUTLER_VOLMER,
    "limit": (*BUTLER_VOLMER, LIMIT),
    "ohmic": (*BUTLER_VOLMER, OHMIC),
    "limit and ohmic": (*BUTLER_VOLMER, LIMIT, OHMIC),
    "passive": (*BUTLER_VOLMER, PASSIVE),
    "limit and passive": (*BUTLER_VOLMER, LIMIT, PASSIVE),
}
MAX_SLOPE = 2.0  # V/decade
AT_BOUND = 0.95 * MAX_SLOPE  # from here on a slope was not found, but ended at its bound
FLAT = 0.3  # V/decade; activation control is steeper
SMALLEST = 1e-18  # A/cm2; single currents may be nothing but the rounding of a computed zero
LN10 = float(np.log(10))
DRAWN, DIP_V = 300, np.geomspace(1e-5, 0.01, 40)  # points of a drawn curve, and more of them so near to E_corr, V


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One model in one window."""

    model: str
    window: tuple[float, float]
    values: Real
    residual: float
    independent: int

    @property
    def passivated(self) -> float:
        """Share of the passive plateau that the current has come to at the window's upper edge."""
        return _share(self.values[PASSIVE], (self.window[1] - self.values[0]) / self.values[2])

    @property
    def limited(self) -> float:
        """Share of the limiting current that the current has come to at the window's lower edge."""
        return _share(self.values[LIMIT], (self.values[0] - self.window[0]) / self.values[3])

    def criterion(self, independent: int) -> float:
        """Bayes's information criterion of the robust residual for so many independent points."""
        return independent * float(np.log(max(self.residual, 1e-4) ** 2)) + len(MODELS[self.model]) * float(np.log(independent))


def _share(ratio: float, decades: float) -> float:
    """Of a plateau of i_corr / ratio, at so many Tafel slopes from E_corr."""
    size = ratio * np.exp(min(LN10 * decades, 60))
    return float(size / (1 - ratio + size))


def current_density(values: Real, e: Real, i: Real) -> Real:
    """(n,) current density at the potentials `e`; for (m, 7) parameters (m, n).

    With a resistance the equation is implicit; Newton's steps begin at the ohmic drop of the measured current `i`.
    """
    parts = np.moveaxis(values[..., None], -2, 0)  # (7, 1) or (7, m, 1)
    e_corr, resistance = parts[0], parts[OHMIC]
    eta = e - e_corr - i * resistance
    current, slope = _kinetics(eta, parts)
    for _ in range(4 if resistance.any() else 0):
        eta = eta - np.clip((eta + resistance * current - (e - e_corr)) / (1 + resistance * slope), -0.1, 0.1)
        current, slope = _kinetics(eta, parts)
    return current


def _kinetics(eta: Real, parts: Real) -> tuple[Real, Real]:
    """Current density and its derivative after eta."""
    _, ln_i, beta_a, beta_c, limited, _, passive = parts
    anodic = np.exp(np.clip(LN10 * eta / beta_a, -60, 60))
    cathodic = np.exp(np.clip(-LN10 * eta / beta_c, -60, 60))
    covered, blocked = 1 - passive + passive * anodic, 1 - limited + limited * cathodic
    size = np.exp(np.clip(ln_i, -100, 100))  # unbounded in the last fit, which ends at infinite numbers
    slope = anodic * (1 - passive) / (beta_a * covered**2) + cathodic * (1 - limited) / (beta_c * blocked**2)
    return size * (anodic / covered - cathodic / blocked), LN10 * size * slope


def drawn_potentials(window: tuple[float, float], e_corr_v: float) -> Real:
    """(k,) V, rising, where a curve in a window is calculated to be drawn: evenly, and densely where log|i| dips."""
    e = np.concatenate([np.linspace(*window, DRAWN), e_corr_v - DIP_V, e_corr_v + DIP_V])
    out: Real = np.unique(e[(e >= window[0]) & (e <= window[1])])
    return out


def count_points(sweep: Sweep, window: tuple[float, float]) -> int:
    """Points of the sweep in the window, (lowest, highest) potential in V."""
    return int(((sweep.potential_v >= window[0]) & (sweep.potential_v <= window[1])).sum())


def cut_window(sweep: Sweep, window: tuple[float, float]) -> tuple[Real, Real, float]:
    """Potentials and currents in the window, at most `FIT_POINTS`, and the current at which asinh turns logarithmic."""
    inside = np.flatnonzero((sweep.potential_v >= window[0] - 1e-9) & (sweep.potential_v <= window[1] + 1e-9))
    group = max(1, len(inside) // FIT_POINTS)
    inside = inside[: len(inside) // group * group]
    e, i = (column[inside].reshape(-1, group).mean(axis=1) for column in (sweep.potential_v, sweep.current_a_cm2))
    near = np.abs(i[np.abs(e - sweep.e_corr_v) < 0.05])
    scale = 0.3 * float(np.median(near if len(near) else np.abs(i))) or 1e-15
    return e, i, max(scale, SMALLEST)


def fit_window(sweep: Sweep, kind: str, window: tuple[float, float], near: Trial | None) -> Trial:
    """The model of `MODELS` called `kind`, fitted in the window, (lowest, highest) potential in V.

    `near` is a trial in a window close by, where the search begins.  The answer's values are in V, ln A/cm2, V/decade, 1 and
    ohm cm2, in the order of `NAMES`; its residual is in decades.
    """
    e, i, scale = cut_window(sweep, window)
    free = list(MODELS[kind])
    start, low, high, step = _search(sweep, i, scale, free)
    target = np.arcsinh(i / scale)
    if near is not None:
        start[[*BUTLER_VOLMER, PASSIVE]] = near.values[[*BUTLER_VOLMER, PASSIVE]]
    start[free] = np.clip(start, low + 1e-9 * step, high - 1e-9 * step)[free]

    def residuals(parts: Real) -> Real:
        sets = np.repeat(start[None], len(parts), axis=0)
        sets[:, free] = parts
        out: Real = np.arcsinh(current_density(sets, e, i) / scale) - target
        return out

    def jacobian(part: Real) -> Real:
        around = residuals(np.concatenate([part[None], part + np.diag(tiny)]))
        out: Real = ((around[1:] - around[0]) / tiny[:, None]).T
        return out

    width, tiny = max(2 * LN10 * sweep.noise_decades, 0.005), 1e-6 * step[free]
    found = least_squares(
        lambda part: residuals(part[None])[0], start[free], jacobian, bounds=(low[free], high[free]), x_scale=step[free],
        loss="soft_l1", f_scale=width, max_nfev=60, ftol=1e-6, xtol=1e-6,
    )  # fmt: skip
    values = start.copy()
    values[free] = found.x
    left = residuals(found.x[None])[0]
    changes = int((np.diff(np.sign(left)) != 0).sum())  # of sign: half as many as points if nothing but noise is left
    return Trial(kind, window, values, _robust_rms(left) / LN10, min(len(e), 2 * changes + 5))


def _search(sweep: Sweep, i: Real, scale: float, free: list[int]) -> tuple[Real, Real, Real, Real]:
    """(7,) where the parameters begin, 0 for those that are not `free`, their lowest and highest values, and like steps."""
    top = max(float(np.abs(i).max()), SMALLEST)
    start = np.array([sweep.e_corr_v, np.log(3 * scale), 0.1, 0.1, 0.0, 0.0, 0.0])
    start[LIMIT], start[OHMIC] = 0.05 * (LIMIT in free), 0.01 / top * (OHMIC in free)
    start[PASSIVE] = min(0.9, 3 * scale / max(float(i.max()), SMALLEST)) * (PASSIVE in free)
    low = np.array([sweep.e_corr_v - 0.03, np.log(scale) - 8, 0.01, 0.01, 0, 0, 0])
    high = np.array([sweep.e_corr_v + 0.03, np.log(scale) + 8, MAX_SLOPE, MAX_SLOPE, 0.99, 0.3 / top, 0.99])
    step = np.array([0.01, 1, 0.05, 0.05, 0.05, 0.03 / top, 0.05])
    return start, low, high, step


def _robust_rms(residual: Real) -> float:
    """Root mean square of all but the worst twentieth."""
    kept = np.sort(residual**2)[: max(1, int(0.95 * len(residual)))]
    return float(np.sqrt(kept.mean()))
