"""Tafel extrapolation: straight lines through log10|i| on both branches, read at the corrosion potential (ASTM G3, G5).

Far from E_corr the ohmic drop and a limiting current bend both branches into straight lines of their own, with slopes of nothing.
So the automatic lines stay within the window that a fit of the whole reaction explains, and that fit's ohmic drop and limit are
taken out first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from corrovis.curves import ZERO_CROSSING_V, PolarizationCurve, Quantity, TafelFit
from corrovis.electrochem.kinetics import FLAT, LIMIT, LN10, NAMES, OHMIC, PASSIVE, Trial, current_density, drawn_potentials
from corrovis.electrochem.resistance import stern_geary
from corrovis.electrochem.sweeps import Sweep, scatter
from corrovis.errors import BadInputError
from corrovis.results import Real

NEAREST, FURTHEST, GRID = 0.05, 0.35, 0.01  # V from E_corr; nearer the other branch still bends the curve
SHORTEST = 0.05
STRAIGHT = 0.008  # decades
USABLE = 0.5  # share of the limiting current beyond which taking the limit out leaves more noise than line
RIM = 0.002  # V by which a line may end beyond the last point
MISSED, APART = 0.03, 0.2  # decades, of which is told
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class TafelLine:
    """log10|i| = offset + eta / slope between two distances from E_corr, V."""

    slope: float
    slope_sigma: float
    offset: float
    offset_sigma: float
    near: float
    far: float


@dataclass(frozen=True, slots=True, eq=False)
class TafelLines:
    """Both lines, None where a branch has no straight part, the sweep that they were drawn in, and its measured potentials, V."""

    cathodic: TafelLine | None
    anodic: TafelLine | None
    sweep: Sweep
    measured_v: Real
    known: Trial | None = None  # the fit whose resistance and plateaus were taken out

    @property
    def found(self) -> list[TafelLine]:
        return [line for line in (self.cathodic, self.anodic) if line]

    @property
    def window_v(self) -> tuple[float, float]:
        """Measured potentials from the far end of one line to that of the other; E_corr where there is no line."""
        eta, e_corr = self.sweep.eta, self.sweep.e_corr_v
        low = self.measured_v[(eta >= -(self.cathodic.far if self.cathodic else 0)) & (eta <= 0)]
        high = self.measured_v[(eta <= (self.anodic.far if self.anodic else 0)) & (eta >= 0)]
        return float(min(low, default=e_corr)), float(max(high, default=e_corr))


def fit_lines(curve: PolarizationCurve, sweep: Sweep, window_v: tuple[float, float] | None, known: Trial | None) -> TafelFit:
    """The straight part of each branch: the longest whose residual stays at the scatter of the data.

    `known` is a fit that explains the sweep about E_corr, if there is one; what it says otherwise counts as systematic error,
    and without one what the lines miss of the curve.

    Raises:
        BadInputError: neither branch has a straight part
    """
    lines, said = _drawn(sweep, window_v, known)
    if not lines.found:
        instead = "take the method auto" if known else "measure further from E_corr, or more slowly"
        raise BadInputError(f"{curve.name}: no straight part of 50 mV on either branch; {instead}")
    low, high = lines.window_v
    inside = (sweep.potential_v >= low) & (sweep.potential_v <= high)
    e, i = sweep.potential_v[inside], sweep.current_a_cm2[inside]
    model = _model(lines, e, i)
    at = np.array([line.offset for line in lines.found])
    missed = _missed(model, i, e - sweep.e_corr_v)
    other = float(known.values[1]) / LN10 - float(at.mean()) if known else missed
    decades = float(np.sqrt(np.mean([line.offset_sigma for line in lines.found]) ** 2 + (np.ptp(at) / 2) ** 2 + other**2))
    beta_a = _slope(lines.anodic, known.values[2] if known else None)
    beta_c = _slope(lines.cathodic, known.values[3] if known else None)
    line = drawn_potentials((low, high), sweep.e_corr_v)
    return TafelFit(
        method="extrapolation",
        curve=curve,
        e_corr=sweep.e_corr,
        i_corr=Quantity(float(10 ** at.mean()), float(10 ** at.mean()) * LN10 * decades, "A/cm2"),
        beta_a=beta_a,
        beta_c=beta_c,
        stern_geary=_stern_geary(lines, beta_a, beta_c),
        window_v=(low, high),
        converged=len(lines.found) == 2,
        potential_v=e,
        measured_a_cm2=i,
        model_a_cm2=model,
        line_v=line,
        line_a_cm2=_model(lines, line, np.interp(line, e, i)),
        polarisation_resistance=None,
        warnings=(*said, *line_doubts(lines, missed, known is not None)),
    )


def line_doubts(lines: TafelLines, missed: float, explained: bool) -> list[str]:
    """What a reader has to know before he believes the lines, which miss the curve by so many decades.

    Where a model has explained the curve the method auto reads it better.
    """
    said = []
    for name, line in (("anodic", lines.anodic), ("cathodic", lines.cathodic)):
        if line is None:
            said.append(f"the {name} branch has no straight part; i_corr comes from the other branch alone")
        elif line.slope > FLAT:
            said.append(f"the {name} line, {1e3 * line.slope:.0f} mV/decade, is no Tafel line: no activation control there")
    apart = float(np.ptp([line.offset for line in lines.found]))
    if apart > APART:
        said.append(f"the two lines meet E_corr {apart:.2f} decades apart; one branch may not be under activation control")
    if missed > MISSED:
        instead = "take the method auto" if explained else "choose a window where both branches are straight"
        said.append(f"the sum of both lines misses the curve in the window by {missed:.2f} decades; {instead}")
    return said


def _drawn(sweep: Sweep, window_v: tuple[float, float] | None, known: Trial | None) -> tuple[TafelLines, list[str]]:
    """Both lines, in the window asked for, else in what `known` explains, else wherever the branches are straight."""
    if window_v is None and known is not None:
        lines = _both(*_activation(sweep, known), (FURTHEST, FURTHEST))
        if lines.found:
            limited, resistance, passive = _taken_out(known)
            out = [f"the ohmic drop of {resistance:.3g} ohm cm2"] if resistance else []
            for name, ratio in (("limiting current", limited), ("passive plateau", passive)):
                out += [f"the {name} of {np.exp(known.values[1]) / ratio:.3g} A/cm2"] if ratio else []
            what = f"{' and '.join(out)}, found under mixed control, taken out before the lines were drawn"
            return replace(lines, known=known if out else None), [what] if out else []
    reach = (FURTHEST, FURTHEST) if window_v is None else (sweep.e_corr_v - min(window_v), max(window_v) - sweep.e_corr_v)
    said = ["no model of the reaction explains where the lines were drawn; take them with care"] if window_v is None else []
    return _both(sweep, sweep.potential_v, reach), said


def _both(sweep: Sweep, measured_v: Real, reach: tuple[float, float]) -> TafelLines:
    cathodic, anodic = (_straight(sweep, side, far) for side, far in zip((-1, 1), reach, strict=True))
    return TafelLines(cathodic, anodic, sweep, measured_v)


def _activation(sweep: Sweep, known: Trial) -> tuple[Sweep, Real]:
    """The part of a sweep that `known` explains, as it were without resistance and plateaus, and its measured potentials."""
    e, i = sweep.potential_v, sweep.current_a_cm2
    limited, resistance, passive = _taken_out(known)
    ratio = np.where(i < 0, limited, passive)
    share = np.abs(i) * ratio / np.exp(known.values[1])
    keep = (e >= known.window[0]) & (e <= known.window[1]) & (share < USABLE)
    e, i, ratio, share = e[keep], i[keep], ratio[keep], share[keep]
    inner = e - i * resistance
    order = np.argsort(inner, kind="stable")
    inner, kinetic = inner[order], (i * (1 - ratio) / (1 - share))[order]
    eta = inner - sweep.e_corr_v
    # What was taken out leaves more scatter behind.
    sides = [eta < 0] * bool(limited) + [eta > 0] * bool(passive) + [np.isfinite(eta)] * bool(resistance)
    noise = max([sweep.noise_decades, *(scatter(eta[side], kinetic[side]) for side in sides)])
    return replace(sweep, potential_v=inner, current_a_cm2=kinetic, noise_decades=noise), e[order]


def _taken_out(known: Trial) -> tuple[float, float, float]:
    """i_corr over the limiting current, ohmic resistance in ohm cm2, i_corr over the plateau; 0 for what the model leaves out."""
    limited, resistance, passive = (float(known.values[place]) for place in (LIMIT, OHMIC, PASSIVE))
    return limited, resistance, passive


def _model(lines: TafelLines, e: Real, i: Real) -> Real:
    """The current that both lines add up to; with the resistance and plateaus that were taken out."""
    if lines.known is not None:
        return current_density(_values(lines, lines.known), e, i)
    model = np.zeros_like(e)
    for sign, side in ((-1.0, lines.cathodic), (1.0, lines.anodic)):
        if side:
            model += sign * 10 ** (side.offset + sign * (e - lines.sweep.e_corr_v) / side.slope)
    return model


def _values(lines: TafelLines, known: Trial) -> Real:
    """The parameters of `known` with what the lines say instead; the plateaus themselves stay."""
    values = known.values.copy()
    values[:2] = lines.sweep.e_corr_v, LN10 * np.mean([line.offset for line in lines.found])
    for place, line in ((2, lines.anodic), (3, lines.cathodic)):
        values[place] = line.slope if line else values[place]
    values[[LIMIT, PASSIVE]] *= np.exp(values[1] - known.values[1])
    return values


def _stern_geary(lines: TafelLines, beta_a: Quantity, beta_c: Quantity) -> Quantity:
    """B of both lines, NaN without one, and of the plateaus that were taken out."""
    values = _values(lines, lines.known) if lines.known else np.zeros(len(NAMES))
    values[2:4] = beta_a.value, beta_c.value
    return stern_geary(values, np.diag([0, 0, beta_a.sigma**2, beta_c.sigma**2, 0, 0, 0]))


def _missed(model: Real, i: Real, eta: Real) -> float:
    """Root mean square decades between a model and the measured current, away from E_corr."""
    away = (np.abs(eta) > ZERO_CROSSING_V) & (i != 0) & (model != 0)
    return float(np.sqrt(np.mean(np.log10(np.abs(model[away] / i[away])) ** 2))) if away.any() else 0.0


def _slope(line: TafelLine | None, known: float | None) -> Quantity:
    """V/decade, with what the fit of the whole reaction says otherwise in its error."""
    if line is None:
        return Quantity(NAN, NAN, "V/decade")
    return Quantity(line.slope, float(np.hypot(line.slope_sigma, 0.0 if known is None else line.slope - known)), "V/decade")


def _branch(sweep: Sweep, side: int) -> tuple[Real, Real]:
    """Distance from E_corr in V, rising, and log10|i| of one branch."""
    of_branch = (np.sign(sweep.eta) == side) & (np.sign(sweep.current_a_cm2) == side)
    distance, log = np.abs(sweep.eta[of_branch]), np.log10(np.abs(sweep.current_a_cm2[of_branch]))
    order = np.argsort(distance)
    return distance[order], log[order]


def _straight(sweep: Sweep, side: int, furthest: float) -> TafelLine | None:
    distance, log = _branch(sweep, side)
    best: tuple[float, TafelLine] | None = None
    allowed = max(STRAIGHT, 1.3 * sweep.noise_decades)
    top = min(furthest, float(distance[-1])) if len(distance) else 0.0
    for near in np.arange(NEAREST, top - SHORTEST + RIM, GRID):
        for far in np.arange(near + SHORTEST, top + RIM, GRID):
            inside = slice(int(np.searchsorted(distance, near)), int(np.searchsorted(distance, far)))
            line, rms = _line(distance[inside], log[inside], float(near), float(far))
            if line is None or rms > allowed:
                continue
            gain = float(far - 1.5 * near)  # a long part, rather near than far: ohmic and diffusion ranges lie outside
            if best is None or gain > best[0]:
                best = gain, line
    return best[1] if best else None


def _line(x: Real, y: Real, near: float, far: float) -> tuple[TafelLine | None, float]:
    if len(x) < 5:
        return None, np.inf
    (steep, offset), covariance = np.polyfit(x, y, 1, cov=True)
    if steep <= 0.3:  # slower than 3 V/decade is a limiting current
        return None, np.inf
    rms = float(np.sqrt(np.mean((y - steep * x - offset) ** 2)))
    sigma = np.sqrt(np.diag(covariance))
    return TafelLine(1 / steep, float(sigma[0] / steep**2), float(offset), float(sigma[1]), near, far), rms
