"""Corrosion potential, corrosion current and Tafel slopes from a polarisation curve.

The automatic choice keeps clear of ranges that no model explains: it takes the widest window about E_corr in which one reaches
the data's scatter, and there the simplest such model.  Residuals are taken in asinh(i), linear near E_corr, logarithmic far off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lmfit
import numpy as np

from corrovis.curves import ORDER_OF_MAGNITUDE, Method, MixedFit, PolarizationCurve, Quantity, TafelFit
from corrovis.electrochem.extrapolation import fit_lines
from corrovis.electrochem.kinetics import (
    AT_BOUND,
    FLAT,
    LIMIT,
    LN10,
    MAX_SLOPE,
    MODELS,
    NAMES,
    OHMIC,
    PASSIVE,
    Trial,
    count_points,
    current_density,
    cut_window,
    drawn_potentials,
)
from corrovis.electrochem.ranges import gain_covariance
from corrovis.electrochem.resistance import fit_resistance, ohmic_drop, slope_resistance, stern_geary, without_drop
from corrovis.electrochem.sweeps import Sweep, counted, independent, prepare, split_sweeps
from corrovis.electrochem.windows import alike, allowed, choose, exceeds_limit, reach, trials
from corrovis.errors import BadInputError
from corrovis.results import Real

KINDS = {"butler-volmer": ("butler-volmer",), "mixed": tuple(MODELS)[1:]}  # of a method; the others try all
WIDER = 0.02  # V by which another model's window has to be wider to be told of
HOPELESS = 0.4  # decades
PLATEAUS = {LIMIT: "limiting current", PASSIVE: "passive plateau"}
UNSEEN = "no {plateau} is reported: nothing of it shows in the window, its error would be larger than itself"
NO_BRANCH, SHORT_BRANCH = 0.025, 0.03  # V of a branch up to which its slope has no sigma, and up to which it is doubted


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """A model's parameters at the least squares of a window.

    Shape:
        values: (7,) in the order of `NAMES`; covariance: (7, 7), of so many degrees of freedom
    `doubted` is the standard error of ln i_corr that no residual tells.
    """

    values: Real
    covariance: Real
    freedom: float
    converged: bool
    doubted: float = 0.0

    def quantity(self, place: int, unit: str) -> Quantity:
        return Quantity(float(self.values[place]), float(np.sqrt(self.covariance[place, place])), unit, self.freedom)

    @property
    def i_corr(self) -> Quantity:
        """A/cm2"""
        ln_i = self.quantity(1, "")
        value = float(np.exp(ln_i.value))
        return Quantity(value, value * float(np.hypot(ln_i.sigma, self.doubted)), "A/cm2", self.freedom)


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
    if stern_geary_v is not None and not (method == "resistance" and 0 < stern_geary_v < 1):
        raise BadInputError(f"a Stern-Geary B is in V, such as 0.026, and for the method resistance; found {stern_geary_v:g}")
    part, ready, said = _choose(curve, sweep)
    if window_v is not None:
        window_v = _within(window_v, ready)
    fit: TafelFit
    if method == "resistance":
        _, whole, denied = _explained(part, ready)
        fit = fit_resistance(part, ready, window_v, whole, stern_geary_v)
        said = (*denied, *said)
    elif method == "extrapolation":
        fit = _extrapolated(part, ready, window_v)
    else:
        fit = _modelled(part, ready, method, window_v)
    return replace(fit, warnings=(*fit.warnings, *said))


def _extrapolated(curve: PolarizationCurve, sweep: Sweep, window_v: tuple[float, float] | None) -> TafelFit:
    """Lines, helped by the fit that explains the sweep, if one does."""
    known, whole, denied = _explained(curve, sweep)
    fit = fit_lines(curve, sweep, window_v, known)
    resistance, drop = _resistance(sweep, curve.name, ohmic_drop(whole))
    return replace(fit, polarisation_resistance=resistance, warnings=(*denied, *fit.warnings, *drop))


def _modelled(curve: PolarizationCurve, sweep: Sweep, method: Method, window_v: tuple[float, float] | None) -> TafelFit:
    """The fit of the best of a method's models; the warnings begin with that it explains nothing, if so."""
    tried = trials(sweep, KINDS.get(method, tuple(MODELS)), window_v)
    best, denied = choose(sweep, tried)
    if best.residual > HOPELESS:
        raise BadInputError(
            f"{curve.name}: the best model leaves {best.residual:.1f} decades; this is no polarisation curve, or all noise"
        )
    fit = _report(curve, sweep, best, alike(sweep, tried, best), len(denied))
    resistance, drop = _resistance(sweep, curve.name, ohmic_drop(fit))
    better = _better(sweep, best, window_v) if method == "butler-volmer" else []
    said = (*_unexplained(sweep, best, method, window_v), *better, *denied, *fit.warnings, *drop)
    return replace(fit, polarisation_resistance=resistance, warnings=said)


def _unexplained(sweep: Sweep, best: Trial, method: Method, window_v: tuple[float, float] | None) -> list[str]:
    if best.residual <= (scatter := allowed(sweep.noise_decades)):
        return []
    none = "Butler-Volmer does not explain" if method == "butler-volmer" else "no model explains"
    left = f"it leaves {best.residual:.2g} decades, {scatter:.2g} would be scatter"
    todo = "take the numbers as orders of magnitude, give a window without bends, or measure again, more slowly"
    return [f"{none} this {'curve' if window_v is None else 'window'}: {left}; {todo}"]


def _resistance(sweep: Sweep, name: str, ohmic: Quantity | None) -> tuple[Quantity | None, tuple[str, ...]]:
    try:
        return without_drop(slope_resistance(sweep, name), ohmic)
    except BadInputError:  # too few points near E_corr; the fit itself needs none there
        return None, ()


def _explained(curve: PolarizationCurve, sweep: Sweep) -> tuple[Trial | None, TafelFit | None, tuple[str, ...]]:
    """What explains the widest part of a sweep, if anything does, its fit, and what the sweep denies."""
    try:
        tried = trials(sweep, tuple(MODELS), None)
    except BadInputError:
        return None, None, ()
    best, denied = choose(sweep, tried)
    if best.residual > allowed(sweep.noise_decades):
        return None, None, ()
    return best, _report(curve, sweep, best, alike(sweep, tried, best), len(denied)), denied


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
        raise BadInputError(f"window {low:.3f} to {high:.3f} V misses E_corr = {sweep.e_corr_v:.3f} V; choose one around it")
    return max(low, float(sweep.potential_v[0])), min(high, float(sweep.potential_v[-1]))


def _report(curve: PolarizationCurve, sweep: Sweep, best: Trial, others: list[Trial], denied: int) -> TafelFit:
    """A trial refined, as a fit; the sweep denied so many models.

    Hardly any branch tells no sigma of its slope: one that is too small would vouch for itself.
    """
    found = _refined(sweep, best, others)
    found = replace(found, doubted=systematic_error(sweep, best, found.values, denied))
    values, branches = found.values, (best.window[1] - found.values[0], found.values[0] - best.window[0])
    beta_a, beta_c = (
        replace(q, sigma=q.sigma if side >= NO_BRANCH else float("nan"))
        for q, side in zip((found.quantity(2, "V/decade"), found.quantity(3, "V/decade")), branches, strict=True)
    )
    e_corr, b = found.quantity(0, "V"), stern_geary(values, found.covariance, found.freedom)
    missed = values[0] - sweep.e_corr_v  # of the zero crossing: by a reaction that the model lacks, or a hum
    common: dict[str, Any] = {
        "curve": curve,
        "e_corr": replace(e_corr, sigma=float(np.hypot(np.hypot(e_corr.sigma, sweep.rounded_v), missed))),
        "i_corr": found.i_corr,
        "beta_a": beta_a,
        "beta_c": beta_c,
        "stern_geary": replace(b, sigma=b.sigma if min(branches) >= NO_BRANCH else float("nan")),
        "window_v": _within(best.window, sweep),  # its edges are rounded
        "converged": found.converged,
        **_points(sweep, best.window, values),
        "polarisation_resistance": None,
        "warnings": tuple(fit_doubts(found, best.window)),
    }
    if best.model == "butler-volmer":
        return TafelFit(method="butler-volmer", **common)
    plateaus, unseen = _plateaus(sweep, best, found)
    return MixedFit(
        method=f"mixed control ({best.model})",
        **(common | {"warnings": (*common["warnings"], *unseen)}),
        i_limit=plateaus.get(LIMIT),
        i_passive=plateaus.get(PASSIVE),
        resistance=found.quantity(OHMIC, "ohm cm2") if OHMIC in MODELS[best.model] else None,
    )


def systematic_error(sweep: Sweep, best: Trial, values: Real, denied: int) -> float:
    """The standard error of ln i_corr that no residual tells.

    An order of magnitude where a slope is at its bound, or the sweep denied two models; else the share by which the mean of a
    group of points lies above a convex curve.
    """
    if denied > 1 or values[2:4].max() >= AT_BOUND:
        return ORDER_OF_MAGNITUDE
    e, _, _ = cut_window(sweep, best.window)
    if count_points(sweep, best.window) < 2 * len(e):
        return 0.0
    return float((LN10 * np.median(np.diff(e)) / values[2:4].min()) ** 2 / 24)


def _points(sweep: Sweep, window: tuple[float, float], values: Real) -> dict[str, Real]:
    """The sweep's points in a window and the model there, and the model as a line."""
    inside = (sweep.potential_v >= window[0] - 1e-9) & (sweep.potential_v <= window[1] + 1e-9)
    e, i = sweep.potential_v[inside], sweep.current_a_cm2[inside]
    line = drawn_potentials(_within(window, sweep), float(values[0]))
    return {
        "potential_v": e,
        "measured_a_cm2": i,
        "model_a_cm2": current_density(values, e, i),
        "line_v": line,
        "line_a_cm2": current_density(values, line, np.interp(line, e, i)),
    }


def _refined(sweep: Sweep, best: Trial, others: list[Trial]) -> Optimum:
    """Errors from lmfit at the chosen optimum, widened by what neighbouring windows say."""
    e, i, scale = cut_window(sweep, best.window)
    target = np.arcsinh(i / scale)
    usable = np.abs(np.arcsinh(current_density(best.values, e, i) / scale) - target) <= max(5 * LN10 * best.residual, 0.01)

    def residual(p: Any) -> Real:
        values = np.array([p[name].value for name in NAMES])
        out: Real = (np.arcsinh(current_density(values, e, i) / scale) - target)[usable]
        return out

    found = lmfit.minimize(residual, _parameters(best), method="leastsq", max_nfev=600)
    worth = independent(found.residual)
    covariance = _covariance(found, best.model, others, int(usable.sum()) / worth)
    values = np.array([found.params[name].value for name in NAMES])
    if sweep.gain:
        free = list(MODELS[best.model])
        response, ranges = sweep.gain * i / np.hypot(i, scale), np.searchsorted(sweep.steps_v, e)
        jacobian = _slopes(lambda v: np.arcsinh(current_density(v, e, i) / scale), values, free)
        covariance[np.ix_(free, free)] += gain_covariance(jacobian[usable], response[usable], ranges[usable])
    converged = bool(found.success) and bool(np.isfinite(np.sqrt(np.diag(covariance))).all())
    return Optimum(values, covariance, max(1.0, worth - len(MODELS[best.model])), converged)


def _slopes(model: Callable[[Real], Real], values: Real, free: list[int]) -> Real:
    """(n, p) slopes of a model over its free parameters."""
    steps = [(place, 1e-4 * max(abs(float(values[place])), 1e-3)) for place in free]
    return np.stack([(model(values + h * np.eye(len(values))[k]) - model(values)) / h for k, h in steps], axis=1)


def _covariance(found: Any, model: str, others: list[Trial], wider: float) -> Real:
    """(7, 7) of the parameters, zero for those that the model lacks: the fit's own, so many times wider as its points hang
    together, and that between neighbouring windows."""
    out = np.zeros((len(NAMES), len(NAMES)))
    free = list(MODELS[model])
    out[np.ix_(free, free)] = np.nan if found.covar is None else wider * found.covar
    return out + np.cov([trial.values for trial in others], rowvar=False, ddof=0) if len(others) > 1 else out


def _plateaus(sweep: Sweep, best: Trial, found: Optimum) -> tuple[dict[int, Quantity], list[str]]:
    """The model's plateaus that the sweep neither denies nor leaves open, A/cm2, by their places, and those left open."""
    denied = exceeds_limit(sweep, best)
    places = [place for place in PLATEAUS if place in MODELS[best.model] and not (place == LIMIT and denied)]
    each = {place: plateau_current(place, found.values, found.covariance, found.freedom) for place in places}
    known = {place: current for place, current in each.items() if current.sigma <= current.value}
    return known, [UNSEEN.format(plateau=PLATEAUS[place]) for place in each if place not in known]


def plateau_current(place: int, values: Real, covariance: Real, freedom: float) -> Quantity:
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


def fit_doubts(found: Optimum, window: tuple[float, float]) -> list[str]:
    """What a reader has to know before he believes the numbers."""
    said = []
    below, above = found.values[0] - window[0], window[1] - found.values[0]
    for name, place, side in (("beta_a", 2, above), ("beta_c", 3, below)):
        beta = found.quantity(place, "V/decade")
        if beta.value >= AT_BOUND:
            said.append(f"{name} is at its bound: that branch follows no Tafel line in the window")
            continue
        if not beta.sigma < 0.2 * beta.value or side < max(0.35 * beta.value, SHORT_BRANCH):
            said.append(f"{name} is uncertain: only {1e3 * side:.0f} mV of that branch can be used; measure further from E_corr")
        if beta.value > FLAT:
            slope = f"{name}, {1e3 * beta.value:.0f} mV/decade,"
            said.append(f"{slope} is no Tafel slope: that branch is not under activation control in the window")
    if not found.i_corr.sigma < ORDER_OF_MAGNITUDE * found.i_corr.value:
        said.append("i_corr is uncertain by more than a quarter; take it as an order of magnitude")
    if min(below, above) < 0.04:
        said.append(
            f"the window reaches only {1e3 * min(below, above):.0f} mV from E_corr on one side; slopes and i_corr are tied"
        )
    return said
