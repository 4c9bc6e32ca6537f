"""Polarisation resistance, the slope of a sweep where its current is zero, and the corrosion current that it tells (ASTM G59)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corrovis.curves import MixedFit, PolarizationCurve, Quantity, TafelFit
from corrovis.electrochem.kinetics import AT_BOUND, LIMIT, LN10, NAMES, PASSIVE, drawn_potentials
from corrovis.electrochem.sweeps import Sweep, counted, independent
from corrovis.errors import BadInputError
from corrovis.results import Real

HALF_WIDTH_V = 0.015  # about E_corr
ASSUMED_SLOPE = 0.12  # V/decade, of both branches
KNOWN = 0.2  # relative sigma up to which a fit's own B is taken
MOST_DROP = 1 / 3  # share of the slope at E_corr; more of it and a small error of the drop is a large one of what is left
NAN = float("nan")


def slope_resistance(sweep: Sweep, name: str, window_v: tuple[float, float] | None = None) -> Quantity:
    """dE/di at E_corr in ohm cm2, from a cubic within 15 mV, or in a window.

    A parabola takes the cubic term of Stern and Geary's curve for slope, up to a tenth; five points allow no more than one.

    Raises:
        BadInputError: too few points near E_corr, or a current that does not rise there
    """
    near, _ = _near(sweep, window_v)
    count = int(near.sum())
    if count < 5:
        few = counted(count, "point")
        where = f"within {1e3 * HALF_WIDTH_V:.0f} mV of E_corr" if window_v is None else "in the window"
        raise BadInputError(f"{name} has {few} {where}; 5 are needed")
    degree = 3 if count > 5 else 2
    eta, i = sweep.eta[near], sweep.current_a_cm2[near]
    found, covariance = np.polyfit(eta, i, degree, cov="unscaled")
    left = i - np.polyval(found, eta)
    scatter = float(left @ left) / (count - degree - 1)
    slope = found[-2]
    if slope <= 0:
        raise BadInputError(f"{name}: the current does not rise with the potential at E_corr; measure again")
    freedom = max(1.0, independent(left) - degree - 1)
    sigma = np.sqrt(covariance[-2, -2] * scatter * count / independent(left)) / slope**2
    return Quantity(float(1 / slope), float(sigma), "ohm cm2", freedom)


def _near(sweep: Sweep, window_v: tuple[float, float] | None) -> tuple[NDArray[np.bool_], tuple[float, float]]:
    """Which points are read, and between which potentials, V."""
    e = sweep.potential_v
    low, high = window_v or (max(float(e[0]), sweep.e_corr_v - HALF_WIDTH_V), min(float(e[-1]), sweep.e_corr_v + HALF_WIDTH_V))
    return (e >= low) & (e <= high), (low, high)


def ohmic_drop(fit: TafelFit | None) -> Quantity | None:
    """The electrolyte's resistance in ohm cm2, if the fit's model has one."""
    return fit.resistance if isinstance(fit, MixedFit) else None


def without_drop(slope: Quantity, ohmic: Quantity | None) -> tuple[Quantity | None, tuple[str, ...]]:
    """The polarisation resistance in a curve's slope, without the ohmic drop that a fit found, and what is to be said of that."""
    if ohmic is None:
        return slope, ()
    left = slope.value - ohmic.value
    what = f"the slope at E_corr, {slope.value:.4g} ohm cm2, without the ohmic drop's {ohmic.value:.4g} ohm cm2"
    if left <= 0:
        return None, (f"no polarisation resistance: {what}, is nothing",)
    sigma, freedom = float(np.hypot(slope.sigma, ohmic.sigma)), min(slope.freedom, ohmic.freedom)
    said = f"the polarisation resistance is {what}"
    if ohmic.value > MOST_DROP * slope.value:
        said += ", more than a third of it: doubt what is left, or measure the electrolyte's resistance by impedance"
    return Quantity(left, sigma, "ohm cm2", freedom), (said,)


def stern_geary(values: Real, covariance: Real, freedom: float = float("inf")) -> Quantity:
    """B = R_p i_corr, V, of the parameters (7,) of `kinetics`, whose current has the slope i_corr / B at E_corr:

        1 / B = ln 10 [(1 - p) / beta_a + (1 - r) / beta_c]

    Without a passive plateau and a limiting current that is the B of Stern and Geary (1957).
    """
    beta_a, beta_c = values[2], values[3]
    anodic, cathodic = (1 - values[PASSIVE]) / beta_a, (1 - values[LIMIT]) / beta_c
    slopes = np.zeros(len(NAMES))  # of ln B
    slopes[[2, 3, LIMIT, PASSIVE]] = anodic / beta_a, cathodic / beta_c, 1 / beta_c, 1 / beta_a
    slopes /= anodic + cathodic
    b, variance = float(1 / (LN10 * (anodic + cathodic))), float(slopes @ covariance @ slopes)
    return Quantity(b, b * float(np.sqrt(max(variance, 0.0))), "V", freedom, positive=True)


def fit_resistance(
    curve: PolarizationCurve, sweep: Sweep, window_v: tuple[float, float] | None, whole: TafelFit | None, b_v: float | None
) -> TafelFit:
    """i_corr = B / R_p: B is `b_v` in V, else that of `whole`, a fit of the sweep, else of slopes of 0.12 V/decade.

    Raises:
        BadInputError: no polarisation resistance can be read
    """
    slope = slope_resistance(sweep, curve.name, window_v)
    r_p, said = without_drop(slope, ohmic_drop(whole))
    if r_p is None:
        raise BadInputError(f"{curve.name}: {said[0]}; take the method auto")
    b, beta_a, beta_c, why = _best_b(whole, b_v)
    inside, window_v = _near(sweep, window_v)
    e, i = sweep.potential_v[inside], sweep.current_a_cm2[inside]
    model, line = (e - sweep.e_corr_v) / slope.value, drawn_potentials(window_v, sweep.e_corr_v)
    relative = float(np.hypot(b.sigma / b.value, r_p.sigma / r_p.value))
    i_corr = b.value / r_p.value
    return TafelFit(
        method="resistance",
        curve=curve,
        e_corr=sweep.e_corr,
        i_corr=Quantity(i_corr, i_corr * relative, "A/cm2", min(b.freedom, r_p.freedom)),
        beta_a=beta_a,
        beta_c=beta_c,
        stern_geary=b,
        window_v=window_v,
        converged=True,
        potential_v=e,
        measured_a_cm2=i,
        model_a_cm2=model,
        line_v=line,
        line_a_cm2=(line - sweep.e_corr_v) / slope.value,
        polarisation_resistance=r_p,
        warnings=(*said, *why),
    )


def _best_b(whole: TafelFit | None, b_v: float | None) -> tuple[Quantity, Quantity, Quantity, tuple[str, ...]]:
    """B in V, both slopes, NaN where B is not of them, and what is to be said."""
    unknown = Quantity(NAN, NAN, "V/decade")
    if b_v is not None:
        return Quantity(b_v, 0.0, "V", positive=True), unknown, unknown, ()
    if whole is not None and max(whole.beta_a.value, whole.beta_c.value) < AT_BOUND:
        b = whole.stern_geary
        if b.sigma < KNOWN * b.value:
            low, high = whole.window_v
            said = f"B = {1e3 * b.value:.1f} mV is that of a fit from {low:.3f} to {high:.3f} V, {whole.method}"
            return b, whole.beta_a, whole.beta_c, (said,)
    b_v = ASSUMED_SLOPE / 2 / LN10
    said = f"B = {1e3 * b_v:.0f} mV was assumed, of slopes of {1e3 * ASSUMED_SLOPE:.0f} mV/decade; give the Stern-Geary B"
    return Quantity(b_v, NAN, "V", positive=True), unknown, unknown, (f"{said}, or take i_corr within a factor of two",)
