"""Corrosion potential, corrosion current and Tafel slopes from a polarisation curve.

The automatic choice keeps clear of ranges that no model explains: it takes the widest window about E_corr in which one reaches
the data's scatter, and there the simplest such model.  Residuals are taken in asinh(i), linear near E_corr, logarithmic far off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lmfit
import numpy as np

from corrovis.curves import METHODS, ZERO_CROSSING_V, Method, MixedFit, PolarizationCurve, Quantity, TafelFit
from corrovis.electrochem.extrapolation import fit_lines
from corrovis.electrochem.kinetics import (
    LIMIT,
    LN10,
    MAX_SLOPE,
    MODELS,
    NAMES,
    OHMIC,
    PASSIVE,
    SMALLEST,
    Trial,
    current_density,
    cut_window,
)
from corrovis.electrochem.resistance import fit_resistance, ohmic_drop, slope_resistance, without_drop
from corrovis.electrochem.sweeps import Sweep, counted, independent, prepare, split_sweeps
from corrovis.electrochem.windows import alike, allowed, choose, reach, trials
from corrovis.errors import BadInputError
from corrovis.results import Real

KINDS = {"butler-volmer": ("butler-volmer",), "mixed": tuple(MODELS)[1:]}  # of a method; the others try all
WIDER = 0.02  # V by which another model's window has to be wider to be told of
HOPELESS = 0.4  # decades


def fit_tafel(
    curve: PolarizationCurve,
    method: Method = "auto",
    window_v: tuple[float, float] | None = None,
    sweep: int | None = None,
    stern_geary_v: float | None = None,
) -> TafelFit:
    """E_corr (V), i_corr (A/cm2) and the slopes (V/decade) of a sweep, counted from 1; else of the first that can be fitted.

    `window_v` is (lowest, highest) potential to use, cut to where the sweep has points; without it the window is found.
    `stern_geary_v` is the B of the method resistance; without it that of the slopes found, or of 0.12 V/decade.

    Raises:
        BadInputError: the sweep has too few points, one branch only, or the window misses E_corr
    """
    if method not in METHODS:
        raise BadInputError(f"no method is called {method}; there are {', '.join(METHODS)}")
    if stern_geary_v is not None and not (method == "resistance" and 0 < stern_geary_v < 1):
        raise BadInputError(f"a Stern-Geary B is in V, such as 0.026, and for the method resistance; found {stern_geary_v:g}")
    chosen, ready, said = _choose(curve, sweep)
    if window_v is not None:
        window_v = _within(window_v, ready)
    if method in ("extrapolation", "resistance"):
        known, others = _explained(ready)
        whole = _report(chosen, ready, known, others) if known else None
        if method == "resistance":
            read = fit_resistance(chosen, ready, window_v, whole, stern_geary_v)
            return replace(read, warnings=(*said, *read.warnings))
        fit = fit_lines(chosen, ready, window_v, known)
    else:
        kinds = KINDS.get(method, tuple(MODELS))
        tried = trials(ready, kinds, window_v)
        best, denied = choose(ready, tried)
        if best.residual > HOPELESS:
            raise BadInputError(
                f"{chosen.name}: the best model leaves {best.residual:.1f} decades; this is no polarisation curve, or all noise"
            )
        fit = whole = _report(chosen, ready, best, alike(tried, best, ready.noise_decades))
        said = (*said, *denied)
        if method == "butler-volmer":
            fit = replace(fit, warnings=(*_better(ready, best, window_v), *fit.warnings))
    resistance, drop = _resistance(ready, chosen.name, ohmic_drop(whole))
    return replace(fit, polarisation_resistance=resistance, warnings=(*said, *fit.warnings, *drop))


def _resistance(sweep: Sweep, name: str, ohmic: Quantity | None) -> tuple[Quantity | None, tuple[str, ...]]:
    try:
        return without_drop(slope_resistance(sweep, name), ohmic)
    except BadInputError:  # too few points near E_corr; the fit itself needs none there
        return None, ()


def _explained(sweep: Sweep) -> tuple[Trial | None, list[Trial]]:
    """The fit that explains the widest part of a sweep, if any explains one, and those `alike`."""
    try:
        tried = trials(sweep, tuple(MODELS), None)
    except BadInputError:
        return None, []
    best, _ = choose(sweep, tried)
    return (best, alike(tried, best, sweep.noise_decades)) if best.residual <= allowed(sweep.noise_decades) else (None, [])


def _better(sweep: Sweep, best: Trial, window_v: tuple[float, float] | None) -> list[str]:
    """A line where Butler-Volmer was asked for and mixed control explains a wider window, or this one."""
    noise = sweep.noise_decades
    other, _ = choose(sweep, trials(sweep, tuple(MODELS), window_v))
    if other.model == best.model or other.residual > allowed(noise):
        return []
    if best.residual <= allowed(noise) and reach(other) < reach(best) + WIDER:
        return []
    (low, high), i_corr = other.window, np.exp(other.values[1])
    more = f"mixed control ({other.model}) explains more, {low:.3f} to {high:.3f} V with i_corr {i_corr:.3g} A/cm2"
    return [f"{more}; take the method auto or mixed"]


def _choose(curve: PolarizationCurve, sweep: int | None) -> tuple[PolarizationCurve, Sweep, tuple[str, ...]]:
    """The sweep to fit, made ready, and what is to be said of it."""
    sweeps = split_sweeps(curve)
    if sweep is not None:
        if not 1 <= sweep <= len(sweeps):
            raise BadInputError(f"{curve.name} has {counted(len(sweeps), 'sweep')}, no number {sweep}")
        ready = prepare(sweeps[sweep - 1])
        return sweeps[sweep - 1], ready, (*sweeps[sweep - 1].notes, *ready.warnings)
    problems = []
    for number, part in enumerate(sweeps, 1):
        try:
            ready = prepare(part)
        except BadInputError as error:
            problems.append(error)
            continue
        many = (f"{len(sweeps)} sweeps in the curve, number {number} was fitted",) if len(sweeps) > 1 else ()
        return part, ready, (*part.notes, *many, *ready.warnings)
    raise problems[0]


def _within(window_v: tuple[float, float], sweep: Sweep) -> tuple[float, float]:
    """The part of a window in which the sweep has points.  Raises BadInputError for one that misses E_corr, as any with NaN."""
    low, high = sorted(window_v)
    if not low < sweep.e_corr_v < high:
        raise BadInputError(f"window {low:g} to {high:g} V misses E_corr = {sweep.e_corr_v:.3f} V; choose one around it")
    return max(low, float(sweep.potential_v[0])), min(high, float(sweep.potential_v[-1]))


def _report(curve: PolarizationCurve, sweep: Sweep, best: Trial, others: list[Trial]) -> TafelFit:
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
    worth = independent(found.residual)
    covariance = _covariance(found, best.model, others, len(e[usable]) / worth)
    freedom = max(1.0, worth - len(MODELS[best.model]))
    sigmas = np.sqrt(np.diag(covariance))
    away = np.abs(e - values[0]) > ZERO_CROSSING_V
    model = current_density(values, e, i)
    apart = np.log10(np.maximum(np.abs(model), SMALLEST) / np.maximum(np.abs(i), SMALLEST))[away & usable]
    residual_decades = float(np.sqrt(np.mean(apart**2))) if len(apart) else float("nan")
    converged = bool(found.success) and bool(np.isfinite(sigmas).all())
    common: dict[str, Any] = {
        "curve": curve,
        "e_corr": Quantity(float(values[0]), float(np.hypot(sigmas[0], sweep.rounded_v)), "V", freedom),
        "i_corr": Quantity(float(np.exp(values[1])), float(np.exp(values[1]) * sigmas[1]), "A/cm2", freedom),
        "beta_a": Quantity(float(values[2]), float(sigmas[2]), "V/decade", freedom),
        "beta_c": Quantity(float(values[3]), float(sigmas[3]), "V/decade", freedom),
        "beta_covariance": float(covariance[2, 3]),
        "window_v": best.window,
        "converged": converged,
        "residual_decades": residual_decades,
        "potential_v": e,
        "model_a_cm2": model,
        "polarisation_resistance": None,
        "warnings": tuple(_doubts(values, sigmas, best, sweep, residual_decades)),
    }
    if best.model == "butler-volmer":
        return TafelFit(method="butler-volmer", **common)
    free = MODELS[best.model]
    return MixedFit(
        method=f"mixed control ({best.model})",
        **common,
        i_limit=_plateau(LIMIT, values, covariance, freedom) if LIMIT in free else None,
        i_passive=_plateau(PASSIVE, values, covariance, freedom) if PASSIVE in free else None,
        resistance=Quantity(float(values[OHMIC]), float(sigmas[OHMIC]), "ohm cm2", freedom) if OHMIC in free else None,
    )


def _covariance(found: Any, model: str, others: list[Trial], wider: float) -> Real:
    """(7, 7) of the parameters, zero for those that the model lacks: the fit's own, so many times wider as its points hang
    together, and that between neighbouring windows."""
    out = np.zeros((len(NAMES), len(NAMES)))
    free = list(MODELS[model])
    out[np.ix_(free, free)] = np.nan if found.covar is None else wider * found.covar
    return out + np.cov([trial.values for trial in others], rowvar=False, ddof=0) if len(others) > 1 else out


def _plateau(place: int, values: Real, covariance: Real, freedom: float) -> Quantity:
    """i_corr / r, or / p, the ratio at `place`: errors of ln i_corr and of the ratio, which go together, both count."""
    ratio = max(float(values[place]), 1e-12)
    current = float(np.exp(values[1])) / ratio
    slopes = np.zeros(len(NAMES))
    slopes[1], slopes[place] = 1, -1 / ratio
    variance = float(slopes @ covariance @ slopes)
    return Quantity(current, current * float(np.sqrt(max(variance, 0.0))), "A/cm2", freedom)


def _parameters(best: Trial) -> Any:
    free = MODELS[best.model]
    parameters = lmfit.Parameters()
    for k, name in enumerate(NAMES):
        parameters.add(name, value=float(best.values[k]), vary=k in free)
    for name in ("beta_a", "beta_c"):
        parameters[name].set(min=0.009, max=1.01 * MAX_SLOPE)
    for name in ("limited", "passive"):
        parameters[name].set(min=-1e-9, max=0.999)
    parameters["resistance"].set(min=-1e-9)
    return parameters


def _doubts(values: Real, sigmas: Real, best: Trial, sweep: Sweep, residual: float) -> list[str]:
    """What a reader has to know before he believes the numbers."""
    said = []
    below, above = values[0] - best.window[0], best.window[1] - values[0]
    if best.residual > allowed(sweep.noise_decades):
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
