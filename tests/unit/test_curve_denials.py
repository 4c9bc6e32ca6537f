"""What a sweep denies outside the window of a fit is not reported, and what cannot be believed is doubted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_curves import BETA_A, BETA_C, E_CORR, I_CORR, kinetics

from corrovis.curves import ORDER_OF_MAGNITUDE, MixedFit, PolarizationCurve, Quantity
from corrovis.electrochem.extrapolation import TafelLine, TafelLines, line_doubts
from corrovis.electrochem.kinetics import OHMIC, Trial
from corrovis.electrochem.polarization import Optimum, fit_doubts, fit_tafel, systematic_error
from corrovis.electrochem.resistance import without_drop
from corrovis.electrochem.sweeps import Sweep
from corrovis.electrochem.windows import NARROW, alike, choose, exceeds_limit, most_resistance
from corrovis.errors import BadInputError

WINDOW = (E_CORR - 0.1, E_CORR + 0.1)


def sweep(eta: np.ndarray, i: np.ndarray, resistance: float = 0.0) -> Sweep:
    return Sweep(eta + i * resistance + E_CORR, i, E_CORR, 0.001, ())


def trial(model: str, residual: float, **more: float) -> Trial:
    values = np.array([E_CORR, np.log(I_CORR), BETA_A, BETA_C, more.get("limited", 0.0), more.get("resistance", 0.0), 0.0])
    return Trial(model, WINDOW, values, residual, 50)


def test_an_ohmic_drop_is_never_more_than_the_whole_polarisation() -> None:
    """Behind 200 ohm cm2 the last points leave room for hardly more: 400 would explain the window better, but cannot be."""
    eta = np.arange(-0.2, 0.25, 0.001)
    behind = sweep(eta, kinetics(eta), 200)
    assert 200 < most_resistance(behind) < 250
    assert most_resistance(sweep(eta[170:220], kinetics(eta[170:220]))) == np.inf, "within 30 mV nothing is denied"
    true, too_much = trial("ohmic", 0.002, resistance=200), trial("ohmic", 0.0001, resistance=400)
    best, said = choose(behind, [too_much, true, trial("butler-volmer", 0.002)])
    assert best.values[OHMIC] <= 200
    assert any("400 ohm cm2" in line and "more than the whole polarisation" in line for line in said)
    assert choose(behind, [true]) == (true, ())


def test_a_limiting_current_that_the_sweep_exceeds_is_none() -> None:
    """An active branch ten times above the limit that a narrow window suggests; another model of the same window is taken."""
    eta = np.arange(-0.25, 0.2, 0.001)
    limited, plain = trial("limit", 0.001, limited=0.1), trial("butler-volmer", 0.002)
    assert exceeds_limit(sweep(eta, kinetics(eta)), limited)
    for tried, taken in (([limited, plain], plain), ([limited, trial("butler-volmer", 0.02)], limited)):
        best, said = choose(sweep(eta, kinetics(eta)), tried)
        assert best is taken
        assert any("0.0001 A/cm2" in line and "it is none" in line for line in said)
        assert tried[1] in alike(sweep(eta, kinetics(eta)), tried, limited), "the other model's numbers are part of the error"
    cathodic = 10 ** (-eta / BETA_C)
    real = sweep(eta, I_CORR * (10 ** (eta / BETA_A) - cathodic / (0.9 + 0.1 * cathodic)))
    assert not exceeds_limit(real, limited)
    assert choose(real, [limited]) == (limited, ())


@pytest.mark.parametrize(("reach", "seen"), [(0.15, True), (0.1, False)])
def test_a_plateau_that_the_window_has_seen_stands_though_another_reaction_follows(reach: float, seen: bool) -> None:
    """A limit of 50 uA/cm2, 80 % of it reached 150 mV below E_corr; from 200 mV on hydrogen evolves."""
    eta = np.arange(-0.35, 0.2, 0.002)
    cathodic = 10 ** (-eta / BETA_C)
    i = I_CORR * (10 ** (eta / BETA_A) - cathodic / (0.8 + 0.2 * cathodic)) - 3e-12 * 10 ** (-eta / 0.03)
    noisy = i * (1 + 0.003 * np.random.default_rng(3).standard_normal(len(i)))
    fit = fit_tafel(PolarizationCurve(eta + E_CORR, noisy), "mixed", (E_CORR - reach, E_CORR + 0.1))
    assert isinstance(fit, MixedFit)
    assert any("it is none" in line for line in fit.warnings) is not seen
    assert (fit.i_limit is not None) is seen
    if fit.i_limit:
        assert fit.i_limit.value == pytest.approx(5e-5, rel=0.1)


@pytest.mark.parametrize("reach", [0.04, 0.1])
def test_mixed_control_invents_no_limiting_current_where_there_is_none(reach: float) -> None:
    """Within 40 mV none could show, so mixed control is refused there."""
    eta = np.arange(-reach, reach, 0.001)
    noisy = kinetics(eta) * (1 + 0.003 * np.random.default_rng(3).standard_normal(len(eta)))
    plain = PolarizationCurve(eta + E_CORR, noisy)
    if reach < NARROW:
        with pytest.raises(BadInputError, match=r"less than 45 mV .* take the method auto"):
            fit_tafel(plain, "mixed")
        return
    fit = fit_tafel(plain, "mixed")
    assert isinstance(fit, MixedFit)
    assert (fit.i_limit, fit.i_passive) == (None, None)
    assert any("no limiting current is reported" in line for line in fit.warnings)
    assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.05)


@pytest.mark.parametrize(
    ("beta", "sigma", "branch", "said"),
    [
        (0.12, 0.005, 0.1, ""),
        (0.0201, 0.00097, 0.013, "beta_c is uncertain: only 13 mV"),
        (0.12, 0.05, 0.1, "beta_c is uncertain: only 100 mV"),
        (0.88, 0.01, 0.4, "beta_c, 880 mV/decade, is no Tafel slope"),
        (1.95, 0.01, 0.4, "beta_c is at its bound"),
    ],
)
def test_a_slope_is_doubted_by_its_branch_not_only_by_itself(beta: float, sigma: float, branch: float, said: str) -> None:
    values = np.array([E_CORR, np.log(I_CORR), BETA_A, beta, 0, 0, 0])
    found = Optimum(values, np.diag([1e-6, 1e-4, 1e-6, sigma**2, 0, 0, 0]), 50.0, True)
    lines = [line for line in fit_doubts(found, (E_CORR - branch, E_CORR + 0.1)) if line.startswith("beta_c")]
    assert [line[: len(said)] for line in lines] == [said] * bool(said)


@pytest.mark.parametrize(
    ("beta", "denied", "doubted"), [(0.12, 1, 0.0), (0.12, 2, ORDER_OF_MAGNITUDE), (1.95, 0, ORDER_OF_MAGNITUDE)]
)
def test_a_slope_at_its_bound_or_two_models_denied_leave_an_order_of_magnitude(beta: float, denied: int, doubted: float) -> None:
    eta = np.arange(-0.1, 0.1, 0.002)
    values = np.array([E_CORR, np.log(I_CORR), BETA_A, beta, 0, 0, 0])
    assert systematic_error(sweep(eta, kinetics(eta)), trial("butler-volmer", 0.002), values, denied) == doubted
    found = Optimum(values, np.diag([1e-6, 1e-4, 1e-6, 1e-6, 0, 0, 0]), 50.0, True, doubted)
    assert found.i_corr.sigma == pytest.approx(I_CORR * np.hypot(0.01, doubted))
    assert any("order of magnitude" in line for line in fit_doubts(found, WINDOW)) is (doubted > 0)


def test_a_branch_of_millivolts_tells_no_error_of_its_slope() -> None:
    eta = np.arange(-0.02, 0.2, 0.001)
    fit = fit_tafel(PolarizationCurve(eta + E_CORR, kinetics(eta)))
    assert np.isnan(fit.beta_c.sigma)
    assert np.isfinite(fit.beta_a.sigma)
    assert fit.converged


def test_a_curve_that_nothing_explains_says_so_first() -> None:
    """A ripple of a tenth of a decade every 25 mV, which no model has and no scatter makes."""
    eta = np.arange(-0.1, 0.1, 0.001)
    rippled = PolarizationCurve(eta + E_CORR, kinetics(eta) * 10 ** (0.05 * np.sin(250 * eta)))
    assert fit_tafel(rippled).warnings[0].startswith("no model explains this curve: it leaves 0.0")
    bound = fit_tafel(rippled, "butler-volmer", WINDOW)
    assert bound.warnings[0].startswith("Butler-Volmer does not explain this window")


def test_lines_send_to_another_method_only_where_that_explains_the_curve() -> None:
    eta = np.arange(-0.2, 0.2, 0.004)
    line = TafelLine(BETA_C, 0.0, float(np.log10(I_CORR)), 0.0, 0.1, 0.2)
    lines = TafelLines(line, line, sweep(eta, kinetics(eta)), eta + E_CORR)
    for explained in (True, False):
        (said,) = line_doubts(lines, 0.05, explained)
        assert said.startswith("the sum of both lines misses the curve in the window by 0.05 decades")
        assert ("take the method auto" in said) is explained
    (flat,) = line_doubts(replace(lines, anodic=replace(line, slope=0.43)), 0.0, False)
    assert flat.startswith("the anodic line, 430 mV/decade, is no Tafel line")


def test_a_polarisation_resistance_that_is_mostly_taken_away_is_doubted() -> None:
    slope = Quantity(208.5, 1.0, "ohm cm2")
    for drop, doubted in ((121.2, True), (30.0, False)):
        left, said = without_drop(slope, Quantity(drop, 8.7, "ohm cm2"))
        assert left is not None
        assert left.value == pytest.approx(208.5 - drop)
        assert "the slope at E_corr, 208.5 ohm cm2" in said[0]
        assert ("doubt what is left" in said[0]) is doubted
