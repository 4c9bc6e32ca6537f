"""Corrosion potential, corrosion current and Tafel slopes from a polarisation curve.

The automatic choice keeps clear of ranges that no model explains: it takes the widest window about E_corr in which one reaches
the data's scatter, and there the simplest such model.  Residuals are taken in asinh(i), linear near E_corr, logarithmic far off.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import lmfit
import numpy as np

from corrovis.curves import MixedFit, PolarizationCurve, PolarizationResistance, Quantity, Real, TafelFit
from corrovis.electrochem.extrapolation import fit_lines
from corrovis.electrochem.kinetics import (
    LIMIT,
    LN10,
    MAX_SLOPE,
    MODELS,
    NAMES,
    OHMIC,
    Trial,
    count_points,
    current_density,
    cut_window,
    fit_window,
)
from corrovis.electrochem.sweeps import Sweep, counted, prepare, split_sweeps
from corrovis.errors import BadInputError

Method = Literal["auto", "butler-volmer", "mixed", "extrapolation"]
METHODS: tuple[Method, ...] = get_args(Method)
WIDTHS = (0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)  # V, half widths tried
NARROW = 0.045  # V; in narrower windows transport and resistance cannot be told from the slopes
EXPLAINED = 0.003  # decades of residual that any model may leave
GIVE_UP = 4.0
HOPELESS = 0.4  # decades


def fit_tafel(
    curve: PolarizationCurve, method: Method = "auto", window_v: tuple[float, float] | None = None, sweep: int | None = None
) -> TafelFit:
    """E_corr (V), i_corr (A/cm2) and the slopes (V/decade) of a sweep, counted from 1; else of the first that can be fitted.

    `window_v` is (lowest, highest) potential to use, cut to where the sweep has points; without it the window is found.

    Raises:
        BadInputError: the sweep has too few points, one branch only, or the window misses E_corr
    """
    if method not in METHODS:
        raise BadInputError(f"no method is called {method}; there are {', '.join(METHODS)}")
    chosen, ready, said = _choose(curve, sweep)
    if window_v is not None:
        window_v = _within(window_v, ready)
    if method == "extrapolation":
        return fit_lines(chosen, ready, window_v, said)
    kinds = list(MODELS) if method == "auto" else ["butler-volmer"] if method == "butler-volmer" else ["limit", "ohmic", "mixed"]
    trials = _trials(ready, kinds, window_v)
    best = _pick(trials, ready.noise_decades)
    if best.residual > HOPELESS:
        raise BadInputError(
            f"{chosen.name}: the best model leaves {best.residual:.1f} decades; this is no polarisation curve, or all noise"
        )
    return _report(chosen, ready, best, _alike(trials, best, ready.noise_decades), said)


def fit_resistance(curve: PolarizationCurve, sweep: int | None = None, half_width_v: float = 0.015) -> PolarizationResistance:
    """Polarisation resistance dE/di at E_corr in ohm cm2, from a cubic within `half_width_v` (ASTM G59).

    A parabola takes the cubic term of Stern and Geary's curve for slope, up to a tenth; five points allow no more than one.

    Raises:
        BadInputError: as `fit_tafel`
    """
    _, ready, said = _choose(curve, sweep)
    near = np.abs(ready.eta) <= half_width_v
    count = int(near.sum())
    if count < 5:
        few = counted(count, "point")
        raise BadInputError(f"{curve.name} has {few} within {1e3 * half_width_v:.0f} mV of E_corr; 5 are needed")
    degree = 3 if count > 5 else 2
    eta, i = ready.eta[near], ready.current_a_cm2[near]
    found, covariance = np.polyfit(eta, i, degree, cov="unscaled")
    left = i - np.polyval(found, eta)
    scatter = float(left @ left) / (count - degree - 1)
    slope, offset = found[-2:]
    if slope <= 0:
        raise BadInputError(f"{curve.name}: the current does not rise with the potential at E_corr; measure again")
    sigma = float(np.sqrt(covariance[-2, -2] * scatter)) / slope**2
    e_corr = ready.e_corr_v - offset / slope
    window = (ready.e_corr_v - half_width_v, ready.e_corr_v + half_width_v)
    return PolarizationResistance(
        Quantity(1 / slope, sigma, "ohm cm2"),
        Quantity(e_corr, float(np.hypot(np.sqrt(covariance[-1, -1] * scatter) / slope, ready.rounded_v)), "V"),
        window,
        said,
    )


def _choose(curve: PolarizationCurve, sweep: int | None) -> tuple[PolarizationCurve, Sweep, tuple[str, ...]]:
    """The sweep to fit, made ready, and what is to be said of it."""
    sweeps = split_sweeps(curve)
    if sweep is not None:
        if not 1 <= sweep <= len(sweeps):
            raise BadInputError(f"{curve.name} has {counted(len(sweeps), 'sweep')}, no number {sweep}")
        ready = prepare(sweeps[sweep - 1])
        return sweeps[sweep - 1], ready, (*curve.notes, *ready.warnings)
    problems = []
    for number, part in enumerate(sweeps, 1):
        try:
            ready = prepare(part)
        except BadInputError as error:
            problems.append(error)
            continue
        many = (f"{len(sweeps)} sweeps in the curve, number {number} was fitted",) if len(sweeps) > 1 else ()
        return part, ready, (*curve.notes, *many, *ready.warnings)
    raise problems[0]


def _within(window_v: tuple[float, float], sweep: Sweep) -> tuple[float, float]:
    """The part of a window in which the sweep has points.  Raises BadInputError for one that misses E_corr, as any with NaN."""
    low, high = sorted(window_v)
    if not low < sweep.e_corr_v < high:
        raise BadInputError(f"window {low:g} to {high:g} V misses E_corr = {sweep.e_corr_v:.3f} V; choose one around it")
    return max(low, float(sweep.potential_v[0])), min(high, float(sweep.potential_v[-1]))


def _trials(sweep: Sweep, kinds: list[str], window_v: tuple[float, float] | None) -> list[Trial]:
    windows = _windows(sweep) if window_v is None else [(min(window_v), max(window_v))]
    trials = []
    for kind in kinds:
        last, bad = None, 0
        for window in windows:
            narrow = min(sweep.e_corr_v - window[0], window[1] - sweep.e_corr_v) < NARROW
            if count_points(sweep, window) <= 2 + len(MODELS[kind]) or (narrow and kind != kinds[0]):
                continue
            last = fit_window(sweep, kind, window, last)
            trials.append(last)
            bad = bad + 1 if last.residual > GIVE_UP * _allowed(sweep.noise_decades) else 0
            if bad >= 3:  # still wider windows will not be explained either
                break
    if not trials:
        few = counted(count_points(sweep, windows[-1]), "point")
        raise BadInputError(f"the window holds {few}, too few for a fit; widen it or measure more densely")
    return trials


def _windows(sweep: Sweep) -> list[tuple[float, float]]:
    """Symmetric ones, and ones that reach further to the cathodic side, where no passive film interferes."""
    low, high = float(sweep.eta[0]), float(sweep.eta[-1])
    pairs = [(w, w) for w in WIDTHS] + [(2 * w, w) for w in (0.05, 0.1, 0.15)] + [(w, 2 * w) for w in (0.05, 0.1)]
    clipped = {(round(max(-c, low), 4), round(min(a, high), 4)) for c, a in pairs}
    usable = sorted(
        ((c, a) for c, a in clipped if count_points(sweep, (sweep.e_corr_v + c, sweep.e_corr_v + a)) >= 8),
        key=lambda pair: pair[1] - pair[0],
    )
    return [(sweep.e_corr_v + c, sweep.e_corr_v + a) for c, a in usable or [(low, high)]]


def _allowed(noise: float) -> float:
    return max(EXPLAINED, 1.3 * noise)


def _pick(trials: list[Trial], noise: float) -> Trial:
    """Widest window that is explained, there the model that the criterion prefers; if none is, the best residual."""
    good = [trial for trial in trials if trial.residual <= _allowed(noise)]
    if not good:
        return min(trials, key=lambda trial: trial.residual)
    widest = max(_reach(trial) for trial in good)
    same = [trial for trial in good if _reach(trial) > widest - 0.005]
    independent = min(same, key=lambda trial: trial.residual).independent
    return min(same, key=lambda trial: trial.criterion(independent))


def _reach(trial: Trial) -> float:
    """Width of the window; each side counts up to twice the other, so that both branches are seen."""
    below, above = trial.values[0] - trial.window[0], trial.window[1] - trial.values[0]
    return float(min(below, 2 * above) + min(above, 2 * below))


def _alike(trials: list[Trial], best: Trial, noise: float) -> list[Trial]:
    """The same model in windows at least half as wide that it explains as well; their scatter is part of the uncertainty."""
    return [
        t
        for t in trials
        if t.model == best.model and t.residual <= max(_allowed(noise), best.residual) and _reach(t) >= 0.6 * _reach(best)
    ]


def _report(curve: PolarizationCurve, sweep: Sweep, best: Trial, alike: list[Trial], said: tuple[str, ...]) -> TafelFit:
    """Errors from lmfit at the chosen optimum, widened by what neighbouring windows say."""
    e, i, scale = cut_window(sweep, best.window)
    target = np.arcsinh(i / scale)
    usable = np.abs(np.arcsinh(current_density(best.values, e, i) / scale) - target) <= max(5 * LN10 * best.residual, 0.01)
    parameters = _parameters(best)

    def residual(p: Any) -> Real:
        values = np.array([p[name].value for name in NAMES])
        out: Real = (np.arcsinh(current_density(values, e, i) / scale) - target)[usable]
        return out

    found = lmfit.minimize(residual, parameters, method="leastsq", max_nfev=600)
    values = np.array([found.params[name].value for name in NAMES])
    covariance = _covariance(found, best.model, alike)
    sigmas = np.sqrt(np.diag(covariance))
    away = np.abs(e - values[0]) > 0.01
    apart = np.log10(np.maximum(np.abs(current_density(values, e, i)), 1e-18) / np.maximum(np.abs(i), 1e-18))[away & usable]
    residual_decades = float(np.sqrt(np.mean(apart**2))) if len(apart) else float("nan")
    converged = bool(found.success) and bool(np.isfinite(sigmas).all())
    common: dict[str, Any] = {
        "curve": curve,
        "e_corr": Quantity(float(values[0]), float(np.hypot(sigmas[0], sweep.rounded_v)), "V"),
        "i_corr": Quantity(float(np.exp(values[1])), float(np.exp(values[1]) * sigmas[1]), "A/cm2"),
        "beta_a": Quantity(float(values[2]), float(sigmas[2]), "V/decade"),
        "beta_c": Quantity(float(values[3]), float(sigmas[3]), "V/decade"),
        "beta_covariance": float(covariance[2, 3]),
        "window_v": best.window,
        "converged": converged,
        "residual_decades": residual_decades,
        "potential_v": e,
        "model_a_cm2": current_density(values, e, i),
        "warnings": (*said, *_doubts(values, sigmas, best, sweep, residual_decades)),
    }
    if best.model == "butler-volmer":
        return TafelFit(method="butler-volmer", **common)
    free = MODELS[best.model]
    return MixedFit(
        method=f"mixed control ({best.model})" if best.model != "mixed" else "mixed control (limit and ohmic)",
        **common,
        i_limit=_limiting_current(values, covariance) if LIMIT in free else None,
        resistance=Quantity(float(values[OHMIC]), float(sigmas[OHMIC]), "ohm cm2") if OHMIC in free else None,
    )


def _covariance(found: Any, model: str, alike: list[Trial]) -> Real:
    """(6, 6) of the parameters, zero for those that the model lacks: the fit's own and that between neighbouring windows."""
    out = np.zeros((len(NAMES), len(NAMES)))
    free = list(MODELS[model])
    out[np.ix_(free, free)] = np.nan if found.covar is None else found.covar
    return out + np.cov([trial.values for trial in alike], rowvar=False, ddof=0) if len(alike) > 1 else out


def _limiting_current(values: Real, covariance: Real) -> Quantity:
    """i_corr / r: errors of ln i_corr and of r, which go together, both count."""
    ratio = max(float(values[LIMIT]), 1e-12)
    limit = float(np.exp(values[1])) / ratio
    slopes = np.zeros(len(NAMES))
    slopes[1], slopes[LIMIT] = 1, -1 / ratio
    variance = float(slopes @ covariance @ slopes)
    return Quantity(limit, limit * float(np.sqrt(max(variance, 0.0))), "A/cm2")


def _parameters(best: Trial) -> Any:
    free = MODELS[best.model]
    parameters = lmfit.Parameters()
    for k, name in enumerate(NAMES):
        parameters.add(name, value=float(best.values[k]), vary=k in free)
    for name in ("beta_a", "beta_c"):
        parameters[name].set(min=0.009, max=1.01 * MAX_SLOPE)
    parameters["ratio"].set(min=-1e-9, max=0.999)
    parameters["resistance"].set(min=-1e-9)
    return parameters


def _doubts(values: Real, sigmas: Real, best: Trial, sweep: Sweep, residual: float) -> list[str]:
    """What a reader has to know before he believes the numbers."""
    said = []
    below, above = values[0] - best.window[0], best.window[1] - values[0]
    if best.residual > _allowed(sweep.noise_decades):
        said.append(f"the model leaves {residual:.3f} decades, more than the data's scatter: the reaction may be of another kind")
    for name, k, side in (("beta_a", 2, above), ("beta_c", 3, below)):
        if values[k] >= 0.95 * MAX_SLOPE:
            said.append(f"{name} is at its bound: that branch follows no Tafel line in the window")
        elif not sigmas[k] < 0.2 * values[k] or side < 0.35 * values[k]:
            said.append(f"{name} is uncertain: only {1e3 * side:.0f} mV of that branch can be used; measure further from E_corr")
    if not sigmas[1] < 0.25:
        said.append("i_corr is uncertain by more than a quarter; take it as an order of magnitude")
    if min(below, above) < 0.04:
        said.append(
            f"the window reaches only {1e3 * min(below, above):.0f} mV from E_corr on one side; slopes and i_corr are tied"
        )
    return said
