"""Tafel extrapolation: straight lines through log10|i| on both branches, read at the corrosion potential (ASTM G3, G5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corrovis.curves import PolarizationCurve, Quantity, Real, TafelFit
from corrovis.electrochem.sweeps import Sweep
from corrovis.errors import BadInputError

NEAREST, FURTHEST, GRID = 0.05, 0.35, 0.01  # V from E_corr; nearer the other branch still bends the curve
SHORTEST = 0.05
STRAIGHT = 0.008  # decades
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class _Line:
    """log10|i| = offset + eta / slope between two distances from E_corr, V."""

    slope: float
    slope_sigma: float
    offset: float
    offset_sigma: float
    near: float
    far: float


def fit_lines(curve: PolarizationCurve, sweep: Sweep, window_v: tuple[float, float] | None, said: tuple[str, ...]) -> TafelFit:
    """The straight part of each branch: the longest whose residual stays at the scatter of the data.

    Raises:
        BadInputError: neither branch has a straight part
    """
    reach = (FURTHEST, FURTHEST) if window_v is None else (sweep.e_corr_v - min(window_v), max(window_v) - sweep.e_corr_v)
    cathodic, anodic = (_straight(sweep, side, far) for side, far in zip((-1, 1), reach, strict=True))
    lines = [line for line in (cathodic, anodic) if line]
    if not lines:
        raise BadInputError(
            f"{curve.name}: no straight part of 50 mV on either branch; use the Butler-Volmer fit or another window"
        )
    warnings = list(said)
    for name, line in (("anodic", anodic), ("cathodic", cathodic)):
        if line is None:
            warnings.append(f"the {name} branch has no straight part; i_corr comes from the other branch alone")
    at = np.array([line.offset for line in lines])
    spread = float(np.ptp(at)) / 2
    if spread > 0.1:
        warnings.append(
            f"the two lines meet E_corr {2 * spread:.2f} decades apart; one branch may not be under activation control"
        )
    i_corr = float(10 ** at.mean())
    sigma = float(np.hypot(np.mean([line.offset_sigma for line in lines]), spread)) * i_corr * float(np.log(10))
    e = sweep.potential_v[(sweep.eta >= -(cathodic.far if cathodic else 0)) & (sweep.eta <= (anodic.far if anodic else 0))]
    model = np.zeros_like(e)
    for sign, line in ((-1.0, cathodic), (1.0, anodic)):
        if line:
            model += sign * 10 ** (line.offset + sign * (e - sweep.e_corr_v) / line.slope)
    return TafelFit(
        method="extrapolation",
        curve=curve,
        e_corr=Quantity(sweep.e_corr_v, float(np.hypot(np.median(np.diff(sweep.potential_v)), sweep.rounded_v)), "V"),
        i_corr=Quantity(i_corr, sigma, "A/cm2"),
        beta_a=Quantity(anodic.slope, anodic.slope_sigma, "V/decade") if anodic else Quantity(NAN, NAN, "V/decade"),
        beta_c=Quantity(cathodic.slope, cathodic.slope_sigma, "V/decade") if cathodic else Quantity(NAN, NAN, "V/decade"),
        beta_covariance=0.0,
        window_v=(sweep.e_corr_v - (cathodic.far if cathodic else 0), sweep.e_corr_v + (anodic.far if anodic else 0)),
        converged=len(lines) == 2,
        residual_decades=_residual(sweep, cathodic, anodic),
        potential_v=e,
        model_a_cm2=model,
        warnings=tuple(warnings),
    )


def _branch(sweep: Sweep, side: int) -> tuple[Real, Real]:
    """Distance from E_corr in V, rising, and log10|i| of one branch."""
    of_branch = (np.sign(sweep.eta) == side) & (np.sign(sweep.current_a_cm2) == side)
    distance, log = np.abs(sweep.eta[of_branch]), np.log10(np.abs(sweep.current_a_cm2[of_branch]))
    order = np.argsort(distance)
    return distance[order], log[order]


def _straight(sweep: Sweep, side: int, furthest: float) -> _Line | None:
    distance, log = _branch(sweep, side)
    best: tuple[float, _Line] | None = None
    allowed = max(STRAIGHT, 1.3 * sweep.noise_decades)
    top = min(furthest, float(distance[-1])) if len(distance) else 0.0
    for near in np.arange(NEAREST, top - SHORTEST + 1e-9, GRID):
        for far in np.arange(near + SHORTEST, top + 1e-9, GRID):
            inside = slice(int(np.searchsorted(distance, near)), int(np.searchsorted(distance, far)))
            line, rms = _line(distance[inside], log[inside], float(near), float(far))
            if line is None or rms > allowed:
                continue
            gain = float(far - near) - 0.5 * float(
                near
            )  # a long part, rather near than far: ohmic and diffusion ranges lie outside
            if best is None or gain > best[0]:
                best = gain, line
    return best[1] if best else None


def _line(x: Real, y: Real, near: float, far: float) -> tuple[_Line | None, float]:
    if len(x) < 5:
        return None, np.inf
    (steep, offset), covariance = np.polyfit(x, y, 1, cov=True)
    if steep <= 0.3:  # slower than 3 V/decade is a limiting current
        return None, np.inf
    rms = float(np.sqrt(np.mean((y - steep * x - offset) ** 2)))
    sigma = np.sqrt(np.diag(covariance))
    return _Line(1 / steep, float(sigma[0] / steep**2), float(offset), float(sigma[1]), near, far), rms


def _residual(sweep: Sweep, cathodic: _Line | None, anodic: _Line | None) -> float:
    """Root mean square distance in log10|i| of each straight part from its own line, over both branches."""
    squares = []
    for side, line in ((-1, cathodic), (1, anodic)):
        if line:
            distance, log = _branch(sweep, side)
            inside = (distance >= line.near) & (distance < line.far)
            squares.append((log[inside] - line.offset - distance[inside] / line.slope) ** 2)
    return float(np.sqrt(np.concatenate(squares).mean()))
