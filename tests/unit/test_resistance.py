"""The resistance of polarisation, and the current that B of Stern and Geary makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_curves import BETA_A, BETA_C, E_CORR, I_CORR, curve, kinetics, measured

from corrovis.curves import Method, PolarizationCurve
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.resistance import slope_resistance, stern_geary
from corrovis.electrochem.sweeps import prepare
from corrovis.errors import BadInputError

B = BETA_A * BETA_C / (np.log(10) * (BETA_A + BETA_C))


def test_resistance_is_that_of_stern_and_geary() -> None:
    found = fit_tafel(curve(noise=0))
    b = BETA_A * BETA_C / (np.log(10) * (BETA_A + BETA_C))
    assert found.polarisation_resistance is not None
    assert found.polarisation_resistance.value == pytest.approx(b / I_CORR, rel=0.02)
    assert found.stern_geary.value == pytest.approx(b, rel=0.01)
    assert np.prod(found.stern_geary.limits_95) == pytest.approx(found.stern_geary.value**2), "factors, for B is above 0"


@pytest.mark.parametrize(("limit", "plateau"), [(1.5, np.inf), (np.inf, 5), (5, 5)])
def test_under_mixed_control_b_is_that_of_the_current_s_slope(limit: float, plateau: float) -> None:
    """1 / R = ln 10 i_corr [(1 - p) / beta_a + (1 - r) / beta_c]; B of both slopes alone would find 0.7 of the current."""
    eta = np.arange(-0.25, 0.2, 0.001)
    curve = measured(eta, kinetics(eta, limit * I_CORR, plateau * I_CORR), 0.005)
    b = 1 / (np.log(10) * ((1 - 1 / plateau) / BETA_A + (1 - 1 / limit) / BETA_C))
    for method in ("auto", "resistance"):
        fit = fit_tafel(curve, method)
        assert fit.stern_geary.value == pytest.approx(b, rel=0.03)
        assert fit.polarisation_resistance is not None
        assert fit.stern_geary.value / fit.polarisation_resistance.value == pytest.approx(fit.i_corr.value, rel=0.03)
        assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.03)


def test_the_error_of_b_is_that_of_slopes_and_plateaus_together() -> None:
    """Against the scatter of B itself, of parameters drawn with a covariance of their own."""
    values = np.array([E_CORR, np.log(I_CORR), BETA_A, BETA_C, 0.4, 0.0, 0.2])
    half = 0.01 * np.random.default_rng(0).standard_normal((7, 7)) * np.array([0, 0, 0.1, 0.1, 1, 0, 1])[:, None]
    drawn = np.random.default_rng(1).multivariate_normal(values, half @ half.T, 20000)
    found = stern_geary(values, half @ half.T, 9)
    scattered = [stern_geary(one, half @ half.T).value for one in drawn]
    assert (found.sigma, found.freedom) == (pytest.approx(np.std(scattered), rel=0.03), 9)


@pytest.mark.parametrize("method", ["auto", "extrapolation", "resistance"])
def test_the_polarisation_resistance_is_without_the_ohmic_drop(method: Method) -> None:
    """The slope at E_corr is R_p = B / i_corr = 2085 ohm cm2 and 200 ohm cm2 of electrolyte."""
    fit = fit_tafel(curve(noise=0.002, resistance=200), method)
    assert fit.polarisation_resistance is not None
    assert fit.polarisation_resistance.value == pytest.approx(B / I_CORR, rel=0.02)
    assert any("without the ohmic drop" in line for line in fit.warnings)
    assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.1)


def test_the_corrosion_current_of_a_short_sweep_is_b_over_its_resistance() -> None:
    short = curve(low=-0.02, high=0.02, noise=0.001)
    given = fit_tafel(short, "resistance", stern_geary_v=B)
    assert given.polarisation_resistance is not None
    assert given.i_corr.value == pytest.approx(I_CORR, rel=0.02)
    assert given.i_corr.sigma / given.i_corr.value == pytest.approx(
        given.polarisation_resistance.sigma / given.polarisation_resistance.value
    )
    assert (given.stern_geary.value, np.isnan(given.beta_a.value), given.warnings) == (B, True, ())
    assumed = fit_tafel(curve(low=-0.012, high=0.012, noise=0.02), "resistance")
    assert assumed.stern_geary.value == pytest.approx(0.12 / (2 * np.log(10)))
    assert np.isnan(assumed.i_corr.sigma)
    assert any("was assumed" in line for line in assumed.warnings)
    for method, b in (("auto", B), ("resistance", -1.0), ("resistance", 26.0)):
        with pytest.raises(BadInputError, match="Stern-Geary B is in V"):
            fit_tafel(short, method, stern_geary_v=b)


@pytest.mark.parametrize(("beta_a", "beta_c"), [(0.06, 0.12), (0.03, 0.12), (0.04, 0.04)])
def test_the_curvature_does_not_pass_for_resistance(beta_a: float, beta_c: float) -> None:
    """1 / R = ln 10 i_corr (1 / beta_a + 1 / beta_c); a parabola over 15 mV is 2 to 10 % off."""
    e = np.linspace(-0.25, 0.25, 501)
    i = I_CORR * (10 ** (e / beta_a) - 10 ** (-e / beta_c))
    found = slope_resistance(prepare(PolarizationCurve(e + E_CORR, i)), "curve")
    assert found.value == pytest.approx(1 / (np.log(10) * I_CORR * (1 / beta_a + 1 / beta_c)), rel=0.005)
