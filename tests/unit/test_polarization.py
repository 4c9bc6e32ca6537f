"""Polarisation curves made from known parameters give them back; what cannot be known is said or refused."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_curves import BETA_A, BETA_C, E_CORR, I_CORR, curve, kinetics, measured

from corrovis.curves import METHODS, ZERO_CROSSING_V, Method, MixedFit, PolarizationCurve
from corrovis.electrochem.kinetics import LIMIT
from corrovis.electrochem.polarization import fit_tafel, plateau_current
from corrovis.electrochem.resistance import slope_resistance
from corrovis.electrochem.sweeps import independent, prepare, split_sweeps
from corrovis.errors import BadInputError


@pytest.mark.parametrize(
    ("resistance", "limit"), [(0, np.inf), (30, np.inf), (0, 2e-4), (30, 2e-4)], ids=["active", "ohmic", "limited", "both"]
)
def test_parameters_come_back(resistance: float, limit: float) -> None:
    fit = fit_tafel(curve(resistance=resistance, limit=limit))
    assert fit.e_corr.value == pytest.approx(E_CORR, abs=2e-3)
    assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.15)
    assert fit.beta_a.value == pytest.approx(BETA_A, abs=0.01)
    assert fit.beta_c.value == pytest.approx(BETA_C, abs=0.01)
    assert fit.converged
    assert fit.window_v[0] < E_CORR < fit.window_v[1]


def test_mixed_control_finds_the_limiting_current() -> None:
    fit = fit_tafel(curve(low=-0.4, limit=2e-4), "mixed")
    assert isinstance(fit, MixedFit)
    assert fit.i_limit is not None
    assert fit.i_limit.value == pytest.approx(2e-4, rel=0.05)
    assert 2e-8 < fit.i_limit.sigma < 1e-5  # the plateau is seen: the current itself is known far better than i_corr


@pytest.mark.parametrize(("plateau", "limit"), [(1.1, np.inf), (2, np.inf), (10, np.inf), (30, np.inf), (10, 5)])
def test_a_passive_plateau_is_no_ohmic_drop(plateau: float, limit: float) -> None:
    """Both bend the anodic branch; taken for a resistance the plateau costs 26 mV of one slope and 51 mV of the other."""
    eta = np.arange(-0.25, 0.2, 0.001)
    passive = measured(eta, kinetics(eta, limit * I_CORR, plateau * I_CORR), 0.01)
    for method in ("auto", "mixed"):
        fit = fit_tafel(passive, method)
        assert isinstance(fit, MixedFit)
        assert fit.resistance is None
        assert fit.i_passive is not None
        assert fit.i_passive.value == pytest.approx(plateau * I_CORR, rel=0.05)
        assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.05)
        assert (fit.beta_a.value, fit.beta_c.value) == pytest.approx((BETA_A, BETA_C), abs=0.005)
    if plateau >= 10 and limit == np.inf:
        lines = fit_tafel(passive, "extrapolation")
        assert lines.i_corr.value == pytest.approx(I_CORR, rel=0.15)
        assert any("passive plateau of" in line for line in lines.warnings)


def test_a_branch_that_breaks_down_beyond_the_window_has_no_ohmic_drop() -> None:
    """A film that forms at once, 80 mV above E_corr: no model holds there, and below it a resistance would explain the bend."""
    eta = np.arange(-0.25, 0.4, 0.001)
    film = 1 / (1 + np.exp((0.08 - eta) / 0.01))
    i = I_CORR * (10 ** (eta / 0.06) * (1 - film) + 3 * film - 10 ** (-eta / BETA_C))
    fit = fit_tafel(measured(eta, i, 0.01))
    assert (fit.beta_a.value, fit.beta_c.value) == pytest.approx((0.06, BETA_C), abs=0.003)
    assert any("passivation, and no resistance" in line for line in fit.warnings)
    assert not any("passivation" in line for line in fit_tafel(curve(resistance=100), window_v=(-0.55, -0.35)).warnings)


def test_points_that_hang_together_count_as_fewer() -> None:
    """n (1 - rho) / (1 + rho) of an autoregressive series; as many as there are of white noise."""
    white = np.random.default_rng(0).standard_normal(20000)
    assert independent(white) == pytest.approx(20000, rel=0.1)
    hanging = np.zeros(20000)
    for k in range(1, len(hanging)):
        hanging[k] = 0.9 * hanging[k - 1] + white[k]
    assert independent(hanging) == pytest.approx(20000 * 0.1 / 1.9, rel=0.1)
    assert independent(np.ones(9)) == 1


def test_a_slow_wander_widens_the_errors() -> None:
    """As large as white noise, but each point's error is most of the next one's."""
    eta = np.arange(-0.25, 0.25, 0.001)
    random, wander = np.random.default_rng(3), np.zeros(len(eta))
    for k in range(1, len(eta)):
        wander[k] = 0.9 * wander[k - 1] + np.sqrt(1 - 0.81) * random.standard_normal()
    window = (E_CORR - 0.15, E_CORR + 0.15)
    fits = [fit_tafel(measured(eta, kinetics(eta) * w, 0), "butler-volmer", window) for w in (1 + 0.01 * wander, 1)]
    white = fit_tafel(curve(), "butler-volmer", window)
    for one, other in ((fits[0].beta_a, white.beta_a), (fits[0].i_corr, white.i_corr)):
        assert one.sigma > 2 * other.sigma
        assert one.freedom < other.freedom / 2


def test_the_error_of_the_limiting_current_takes_in_that_of_i_corr_and_their_covariance() -> None:
    """ln i_limit = ln i_corr - ln r: errors of 0.2 in both cancel if they go together, and add in squares if they do not."""
    values, covariance = np.array([E_CORR, np.log(I_CORR), BETA_A, BETA_C, 0.1, 0.0, 0.0]), np.zeros((7, 7))
    covariance[1, 1], covariance[4, 4] = 0.2**2, 0.02**2
    apart = plateau_current(LIMIT, values, covariance, 5)
    assert apart.freedom == 5
    assert apart.value == pytest.approx(1e-4)
    assert apart.sigma == pytest.approx(1e-4 * 0.2 * np.sqrt(2))
    covariance[1, 4] = covariance[4, 1] = 0.2 * 0.02
    assert plateau_current(LIMIT, values, covariance, 5).sigma == pytest.approx(0, abs=1e-12)


def test_extrapolation_reads_the_lines() -> None:
    fit = fit_tafel(curve(low=-0.35, noise=0.002), "extrapolation")
    assert fit.beta_a.value == pytest.approx(BETA_A, abs=0.005)
    assert fit.beta_c.value == pytest.approx(BETA_C, abs=0.01)
    assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.15)


def test_the_residual_is_that_of_the_points_by_every_method() -> None:
    """White noise of 1 % is 0.01 / ln 10 decades; the fit itself sees means of four points, of which it is half."""
    assert fit_tafel(curve()).residual_decades == pytest.approx(0.01 / np.log(10), rel=0.1)
    for method in METHODS[3:]:  # extrapolation and resistance
        fit = fit_tafel(curve(), method)
        away = np.abs(fit.potential_v - fit.e_corr.value) > ZERO_CROSSING_V
        left = np.log10(fit.measured_a_cm2[away] / fit.model_a_cm2[away])
        assert fit.residual_decades == pytest.approx(np.sqrt(np.mean(left**2)))


def test_a_window_can_be_given() -> None:
    fit = fit_tafel(curve(), "butler-volmer", (-0.52, -0.4))
    assert fit.window_v == (-0.52, -0.4)
    for method in METHODS:
        with pytest.raises(BadInputError, match=r"window -0\.300 to -0\.200 V misses E_corr"):
            fit_tafel(curve(), method, (-0.30000251, -0.2))
    assert METHODS[0] == "auto"


@pytest.mark.parametrize("window", [(-5.0, 5.0), (-1e308, 1e308), (float("inf"), -float("inf"))])
@pytest.mark.parametrize("method", METHODS)
def test_a_window_ends_where_the_sweep_does(method: Method, window: tuple[float, float]) -> None:
    short = curve(low=-0.2, high=0.15)
    fit, whole = (fit_tafel(short, method, one) for one in (window, (-0.65, -0.301)))
    assert fit.window_v == pytest.approx(whole.window_v)
    assert fit.e_corr.value == pytest.approx(whole.e_corr.value)
    assert short.potential_v[0] <= fit.window_v[0] < fit.window_v[1] <= short.potential_v[-1]


@pytest.mark.parametrize("window", [(float("nan"), 0.0), (-1.0, float("nan")), (float("nan"), float("nan"))])
def test_a_window_that_is_no_number_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(BadInputError, match="misses E_corr"):
        fit_tafel(curve(), window_v=window)


def test_one_point_is_not_one_points() -> None:
    one = PolarizationCurve(np.array([-0.5]), np.array([1e-6]), "steel.csv")
    with pytest.raises(BadInputError, match=r"^steel.csv has 1 point; 8"):
        fit_tafel(one)
    with pytest.raises(BadInputError, match="the window holds 1 point, too few"):
        fit_tafel(curve(noise=0), window_v=(E_CORR - 2e-4, E_CORR + 2e-4))
    spiked = curve(noise=0)
    current = spiked.current_a_cm2.copy()
    current[50] *= 30
    fit = fit_tafel(PolarizationCurve(spiked.potential_v.copy(), current, "spiked"))
    assert "left out: 1 point far off the neighbouring ones" in fit.warnings


def test_magnitudes_and_the_other_sign_give_the_same() -> None:
    plain = curve(noise=0)
    unsigned = PolarizationCurve(plain.potential_v.copy(), np.abs(plain.current_a_cm2), "unsigned", (), signed=False)
    fit = fit_tafel(unsigned)
    away = np.abs(fit.potential_v - E_CORR) > 2e-3  # a dip between flat points
    np.testing.assert_array_equal(np.sign(fit.measured_a_cm2[away]), np.sign(fit.model_a_cm2[away]))
    assert fit.i_corr.value == pytest.approx(I_CORR, rel=0.05)
    assert any("no sign" in line for line in fit.warnings)


def test_sweeps_are_told_apart() -> None:
    up = curve(noise=0)
    down_e, down_i = up.potential_v[::-1] - 0.03, up.current_a_cm2[::-1]
    both = PolarizationCurve(np.concatenate([up.potential_v, down_e]), np.concatenate([up.current_a_cm2, down_i]), "cycle")
    assert [len(part) for part in split_sweeps(both)] == pytest.approx([len(up), len(up)], abs=3)
    assert fit_tafel(both, sweep=1).e_corr.value == pytest.approx(E_CORR, abs=2e-3)
    assert fit_tafel(both, sweep=2).e_corr.value == pytest.approx(E_CORR - 0.03, abs=2e-3)
    with pytest.raises(BadInputError, match="2 sweeps"):
        fit_tafel(both, sweep=3)


@pytest.mark.parametrize("cycles", [7, 20])
def test_many_sweeps_are_told_apart_too(cycles: int) -> None:
    """Up at E_corr, back down 70 mV above it; sorted together they would be one curve somewhere between."""
    e, i = (column[::5] for column in (curve(noise=0).potential_v, curve(noise=0).current_a_cm2))
    loop = [(e, i), (e[::-1] + 0.07, i[::-1])] * cycles
    many = PolarizationCurve(*(np.concatenate(column) for column in zip(*loop, strict=True)))
    assert len(split_sweeps(many)) == 2 * cycles
    assert fit_tafel(many, sweep=4).e_corr.value == pytest.approx(E_CORR + 0.07, abs=2e-3)


@pytest.mark.parametrize("count", [50, 500, 5000])
def test_points_in_no_order_are_one_sweep_and_that_is_said(count: int) -> None:
    ordered = np.linspace(-0.25, 0.25, count)
    mixed_up = np.random.default_rng(0).permutation(ordered)
    window = (E_CORR - 0.1, E_CORR + 0.1)
    fits = [fit_tafel(PolarizationCurve(eta + E_CORR, kinetics(eta)), "butler-volmer", window) for eta in (mixed_up, ordered)]
    assert fits[0].e_corr.value == pytest.approx(E_CORR, abs=2e-3)
    assert fits[0].i_corr.value == pytest.approx(I_CORR, rel=0.01)
    assert (fits[0].i_corr, fits[0].beta_a) == (fits[1].i_corr, fits[1].beta_a)
    assert any("in no order" in line for line in fits[0].warnings)
    assert any(f"{count} points were made 1250" in line for line in fits[1].warnings) is (count == 5000)


def test_no_row_of_a_long_sweep_is_dropped() -> None:
    eta = np.linspace(-0.25, 0.25, 3599)
    ready = prepare(PolarizationCurve(eta + E_CORR, kinetics(eta)))
    assert len(ready.potential_v) == 1799
    assert ready.potential_v[-1] == pytest.approx(E_CORR + np.median(eta[-2:]))


def test_the_error_of_e_corr_takes_in_how_far_the_model_misses_the_zero_crossing() -> None:
    """Hydrogen beside limited oxygen: no model has two cathodic reactions, and E_corr is where their sum is zero."""
    eta = np.arange(-0.25, 0.25, 0.001)
    two = measured(eta, kinetics(eta, 1.2 * I_CORR) - 0.03 * I_CORR * 10 ** (-eta / 0.12), 0.003)
    fit, crossing = fit_tafel(two), prepare(two).e_corr_v
    assert fit.e_corr.sigma >= abs(fit.e_corr.value - crossing) > 0
    low, high = fit.e_corr.limits_95
    zero = np.interp(0, kinetics(eta, 1.2 * I_CORR) - 0.03 * I_CORR * 10 ** (-eta / 0.12), eta) + E_CORR
    assert low < zero < high


def test_currents_rounded_to_zero_do_not_move_the_corrosion_potential() -> None:
    """Written to 10 uA/cm2, a curve of 3 uA/cm2 is 0 from about -45 to +30 mV around E_corr."""
    e = np.linspace(-0.25, 0.25, 501)
    i = np.round(3e-6 * (10 ** (e / 0.06) - 10 ** (-e / 0.12)), 5)
    zero = e[i == 0] + E_CORR
    fit = fit_tafel(PolarizationCurve(e + E_CORR, i))
    assert fit.e_corr.value == pytest.approx(E_CORR, abs=0.01)
    assert any(f"E_corr lies between {zero[0]:.3f} and {zero[-1]:.3f} V" in line for line in fit.warnings)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (curve(low=0.02), "anodic branch"),
        (curve(high=-0.02), "cathodic branch"),
        (PolarizationCurve(np.array([-0.5, -0.4, -0.3]), np.array([-1e-6, 0.0, 1e-6])), "3 points"),
        (PolarizationCurve(np.full(50, -0.4), np.linspace(-1e-6, 1e-6, 50)), "spans"),
    ],
    ids=["anodic", "cathodic", "three", "still"],
)
def test_what_holds_no_corrosion_potential_is_refused(bad: PolarizationCurve, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        fit_tafel(bad)


def test_a_short_scan_says_that_its_slopes_are_not_known() -> None:
    fit = fit_tafel(curve(low=-0.015, high=0.015, noise=0.05))
    assert any("uncertain" in line or "tied" in line or "bound" in line for line in fit.warnings)


def mixed(noise: float = 0.02) -> PolarizationCurve:
    """i_corr 10 uA/cm2, slopes 80 and 120 mV, behind 100 ohm cm2 and a limiting current of ten times i_corr."""
    return curve(low=-0.3, high=0.2, noise=noise, resistance=100, limit=1e-4)


@pytest.mark.parametrize(
    ("resistance", "limit"), [(0, np.inf), (100, np.inf), (0, 1e-4), (100, 1e-4)], ids=["active", "ohmic", "limited", "both"]
)
def test_the_lines_keep_clear_of_ohmic_drop_and_limiting_current(resistance: float, limit: float) -> None:
    """Drawn in the raw curve they find 1.3 times the current and slopes of 93 and 194 mV, with hardly an error."""
    fit = fit_tafel(curve(low=-0.3, high=0.2, noise=0.02, resistance=resistance, limit=limit), "extrapolation")
    for q, truth in ((fit.i_corr, I_CORR), (fit.beta_a, BETA_A), (fit.beta_c, BETA_C)):
        assert q.value == pytest.approx(truth, rel=0.15)
        assert abs(q.value - truth) < 3 * q.sigma
    assert any("taken out before the lines were drawn" in line for line in fit.warnings) == (resistance > 0 or limit < np.inf)


def test_lines_in_a_passive_branch_stay_below_it() -> None:
    """Active up to 120 mV above E_corr, then a constant current: no line of metres per decade there."""
    eta = np.arange(-0.25, 0.6, 0.001)
    i = np.where(eta < 0.12, kinetics(eta), 2e-6)
    fit = fit_tafel(PolarizationCurve(eta + E_CORR, i), "extrapolation")
    assert fit.window_v[1] < E_CORR + 0.13
    assert fit.beta_a.value == pytest.approx(BETA_A, abs=0.005)


def test_lines_in_a_window_of_ones_own_say_how_far_they_miss_the_curve() -> None:
    fit = fit_tafel(mixed(), "extrapolation", (-0.63, -0.3))
    assert any("the sum of both lines misses the curve" in line for line in fit.warnings)
    assert abs(fit.i_corr.value - I_CORR) < 3 * fit.i_corr.sigma


def test_butler_volmer_where_mixed_control_explains_more_says_so() -> None:
    assert any("mixed control" in line and "explains more" in line for line in fit_tafel(mixed(), "butler-volmer").warnings)
    assert not any("explains more" in line for line in fit_tafel(curve(), "butler-volmer").warnings)


def test_a_fit_knows_its_resistance_and_what_was_measured_where_it_lies() -> None:
    whole = curve(noise=0)
    fit = fit_tafel(whole)
    assert fit.polarisation_resistance is not None
    assert fit.polarisation_resistance.value == slope_resistance(prepare(whole), "curve").value
    places = np.flatnonzero(np.isin(whole.potential_v, fit.potential_v))
    np.testing.assert_array_equal(fit.measured_a_cm2, whole.current_a_cm2[places])
    away = np.abs(fit.potential_v - fit.e_corr.value) > ZERO_CROSSING_V
    assert np.isnan(fit.residuals[~away]).all()
    assert np.abs(fit.residuals[away]).max() < 0.02
    apart = PolarizationCurve(whole.potential_v[::20].copy(), whole.current_a_cm2[::20].copy())
    assert fit_tafel(apart).polarisation_resistance is None


@pytest.mark.parametrize("method", ["auto", "extrapolation", "resistance"])
def test_a_fit_is_drawn_through_its_window_down_to_the_dip(method: Method) -> None:
    fit = fit_tafel(curve(noise=0.002, resistance=30), method)
    low, high = fit.window_v
    assert fit.curve.potential_v.min() <= low == fit.line_v[0]
    assert fit.line_v[-1] == high <= fit.curve.potential_v.max()
    dip = np.abs(fit.line_v - fit.e_corr.value).argmin()
    assert np.abs(fit.line_a_cm2)[dip] < 1e-2 * I_CORR
    np.testing.assert_allclose(
        np.interp(fit.potential_v, fit.line_v, fit.line_a_cm2), fit.model_a_cm2, rtol=0.01, atol=0.01 * I_CORR
    )
