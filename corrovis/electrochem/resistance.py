"""Polarisation resistance: the slope of a sweep where its current is zero (ASTM G59)."""

from __future__ import annotations

import numpy as np

from corrovis.curves import Quantity
from corrovis.electrochem.sweeps import Sweep, counted, independent
from corrovis.errors import BadInputError

HALF_WIDTH_V = 0.015  # about E_corr


def slope_resistance(sweep: Sweep, name: str) -> Quantity:
    """dE/di at E_corr in ohm cm2, from a cubic within 15 mV.

    A parabola takes the cubic term of Stern and Geary's curve for slope, up to a tenth; five points allow no more than one.

    Raises:
        BadInputError: too few points near E_corr, or a current that does not rise there
    """
    near = np.abs(sweep.eta) <= HALF_WIDTH_V
    count = int(near.sum())
    if count < 5:
        few = counted(count, "point")
        raise BadInputError(f"{name} has {few} within {1e3 * HALF_WIDTH_V:.0f} mV of E_corr; 5 are needed")
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
