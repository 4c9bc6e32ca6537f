"""Circuits made from known parameters give them back without start values; tests of validity know good spectra from bad."""

from __future__ import annotations

import numpy as np
import pytest

from corrovis.curves import ActivationEnergy, KramersKronig, Quantity, RelaxationTimes, Spectrum
from corrovis.electrochem.circuits import ELEMENTS, fitted_line, parse
from corrovis.electrochem.corrosion_rate import Arrhenius
from corrovis.electrochem.impedance import NAMED, brug_capacitance, effective_capacitances, fit_circuit
from corrovis.electrochem.kramers_kronig import check_kramers_kronig, judged, relaxation_times
from corrovis.electrochem.sweeps import Sweep
from corrovis.errors import BadInputError

F = np.logspace(5, -2, 50)


def simulated(text: str, values: list[float], noise: float = 0.003) -> Spectrum:
    z = parse(text).impedance(np.array(values), F)
    random = np.random.default_rng(5)
    return Spectrum(F.copy(), z * (1 + noise * (random.standard_normal(50) + 1j * random.standard_normal(50))), "simulated")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("R0-p(R1,C1)", [20, 500, 1e-5]),
        ("R0-p(R1,CPE1)", [5, 2e4, 3e-5, 0.85]),
        ("R0-p(R1-W1,CPE1)", [5, 100, 40, 1e-5, 0.9]),
        ("R0-p(CPE1,R1-p(R2,L1))", [10, 2e-5, 0.9, 200, 300, 900]),
        ("L0-R0-p(R1,C1)", [1e-6, 1, 10, 1e-3]),
    ],
)
def test_parameters_come_back_without_start_values(text: str, values: list[float]) -> None:
    fit = fit_circuit(simulated(text, values), text)
    found = [q.value for q in fit.parameters.values()]
    np.testing.assert_allclose(found, values, rtol=0.05)
    for q, truth in zip(fit.parameters.values(), values, strict=True):
        assert abs(q.value - truth) < 5 * q.sigma
    assert fit.converged
    assert fit.kramers_kronig.residual_max < 0.03


@pytest.mark.parametrize(("name", "text"), NAMED.items())
def test_the_circuits_of_the_seed_have_names(name: str, text: str) -> None:
    truth = {"randles": [20, 500, 1e-5], "two-loop": [10, 2e-5, 0.9, 200, 300, 900]}[name]
    assert fit_circuit(simulated(text, truth), name).circuit == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("R0-p(R1,C1)", [20, 500, 1e-5]),
        ("R0-p(R1,CPE1)", [5, 2e4, 3e-5, 0.8]),
        ("R0-CPE1", [20, 2e-5, 0.92]),
        ("R0-p(R1-Wo1,CPE1)", [20, 300, 500, 20, 2e-5, 0.9]),
        ("R0-p(R1-Ws1,CPE1)", [10, 200, 800, 5, 4e-5, 0.9]),
        ("R0-p(R1-G1,CPE1)", [10, 200, 500, 2, 4e-5, 0.9]),
    ],
    ids=["ideal", "cpe", "blocking", "finite diffusion", "diffusion through", "gerischer"],
)
def test_auto_takes_the_circuit_that_made_the_spectrum(text: str, values: list[float]) -> None:
    fit = fit_circuit(simulated(text, values))
    assert fit.circuit == text
    assert fit.runners_up


def test_auto_leaves_out_an_element_that_the_data_do_not_determine() -> None:
    """A resistor wound of wire: as an inductive loop its second resistance would be anything above megaohms."""
    fit = fit_circuit(simulated("R0-p(C1,R1-L1)", [20, 1e-5, 500, 0.044]))
    assert (fit.circuit, fit.runners_up[0].circuit) == ("R0-p(R1,C1)", "R0-p(CPE1,R1-p(R2,L1))")
    assert fit.runners_up[0].weight > 0.5
    assert any("better, but has parameters that cannot be told" in line for line in fit.warnings)


def test_the_fitted_line_is_the_model_between_the_measured_points() -> None:
    fit = fit_circuit(simulated("R0-p(R1-W1,CPE1)", [5, 100, 40, 1e-5, 0.9]), "R0-p(R1-W1,CPE1)")
    f, z = fitted_line(fit)
    assert (len(f), f[0], f[-1]) == (200, pytest.approx(1e5), pytest.approx(1e-2))
    near = [int(np.argmin(np.abs(np.log(f / one)))) for one in fit.spectrum.frequency_hz]
    np.testing.assert_allclose(z[near], fit.model, rtol=0.06)
    np.testing.assert_allclose(z[[0, -1]], fit.model[[0, -1]], rtol=1e-9)


def test_the_elements_agree_with_their_limits() -> None:
    w = np.array([1e-6, 1e6])
    assert np.allclose(ELEMENTS["Ws"].impedance(np.array([3.0, 1.0]), w)[0], 3, atol=1e-5)  # a short: Z0 at rest
    assert ELEMENTS["Wo"].impedance(np.array([3.0, 1.0]), w)[0].imag == pytest.approx(-3e6, rel=1e-3)  # blocking: a capacitor
    ideal = ELEMENTS["C"].impedance(np.array([1e-3]), w)
    assert ELEMENTS["CPE"].impedance(np.array([1e-3, 1.0]), w)[1] == pytest.approx(ideal[1])


def test_a_cpe_beside_a_resistor_has_an_effective_capacitance() -> None:
    values = {"R0": 20.0, "R1": 500.0, "CPE1_0": 1e-5, "CPE1_1": 0.8}
    for text in ("R0-p(R1,CPE1)", "R0-p(CPE1,R1-W1)"):
        circuit = parse(text)
        assert effective_capacitances(circuit, np.array([values.get(name, 30.0) for name in circuit.names])) == pytest.approx(
            {"CPE1": brug_capacitance(1e-5, 0.8, 20, 500)}
        )
    assert effective_capacitances(parse("R0-CPE1"), np.array([20, 1e-5, 0.8])) == {}
    assert effective_capacitances(parse("p(R1,CPE1)"), np.array([500, 1e-5, 0.8])) == {}


def test_the_effective_capacitance_has_the_error_that_repeated_spectra_show() -> None:
    """What is not known of Q and alpha goes together: in quadrature their errors would be four times as wide."""
    text, truth = "R0-p(R1,CPE1)", np.array([20, 500, 1e-5, 0.8])
    random, found = np.random.default_rng(0), []
    for _ in range(10):
        noise = 1 + 0.01 * (random.standard_normal(50) + 1j * random.standard_normal(50))
        found.append(fit_circuit(Spectrum(F.copy(), parse(text).impedance(truth, F) * noise), text))
    values = [fit.capacitances["CPE1"].value for fit in found]
    sigmas = [fit.capacitances["CPE1"].sigma for fit in found]
    assert np.mean(sigmas) == pytest.approx(np.std(values, ddof=1), rel=0.4)
    assert np.mean(values) == pytest.approx(brug_capacitance(1e-5, 0.8, 20, 500), rel=0.02)
    assert not any("Brug" in line for line in found[0].warnings)


def test_capacitances_of_several_cpes_are_called_rough() -> None:
    text = "R0-p(R1,CPE1)-p(R2,CPE2)"
    fit = fit_circuit(simulated(text, [5, 200, 1e-6, 0.9, 900, 1e-3, 0.9]), text)
    assert any("of several they are rough" in line for line in fit.warnings)


def test_a_sparse_spectrum_is_not_blamed_for_drift() -> None:
    """Two points a decade of a perfect cell; two relaxations a decade cannot follow it."""
    f = np.logspace(4, -1, 11)
    fit = fit_circuit(Spectrum(f, parse("R0-p(R1,C1)").impedance(np.array([20, 500, 1e-5]), f)), "R0-p(R1,C1)")
    assert any("too few points per decade for a Kramers-Kronig test" in line for line in fit.warnings)
    assert not any("drift" in line for line in fit.warnings)


def test_brug() -> None:
    assert brug_capacitance(1e-5, 1.0, 20, 500) == pytest.approx(1e-5)
    assert brug_capacitance(1e-5, 0.8, 20, 500) == pytest.approx(1e-5**1.25 * (1 / 20 + 1 / 500) ** -0.25)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("R0-p(R1,C1", "bracket"),
        ("R0-X1", "expected"),
        ("R0-R0", "twice"),
        ("p(R1)", "two or more"),
        ("", "expected"),
        ("R0)", "left over"),
        ("R0-p(R1|C1)", r"a comma or closing bracket is expected at '\|C1\)'"),
        ("Rs-p(Rct,Cdl)", "an element with a number, such as R0, is expected at 'Rs-p"),
        ("R_0-C1", "expected at 'R_0-C1'"),
        ("R0-R1-p(R2,C1)", "R0 and R1 in series act as one"),
        ("R0-p(R1,C1)-r2", "R0 and R2 in series"),
        ("p(C1,p(R1,C2))", "C1 and C2 in parallel"),
    ],
)
def test_a_wrong_circuit_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        parse(text)


def test_small_letters_are_read_as_large_ones() -> None:
    assert parse("l0-r0-p(r1-wO1,cpe1)").text == "L0-R0-p(R1-Wo1,CPE1)"
    assert parse("R0-p(CPE1,R1)-p(CPE2,R2)").names[1:3] == ("CPE1_0", "CPE1_1"), "two with exponents of their own are no sum"


def test_too_few_points_are_refused() -> None:
    with pytest.raises(BadInputError, match="3 points"):
        fit_circuit(Spectrum(F[:3].copy(), np.ones(3, complex), "short"))
    with pytest.raises(BadInputError, match="has 1 point; 5 or more"):
        fit_circuit(Spectrum(F[:1].copy(), np.ones(1, complex), "short"))


def test_an_element_too_many_is_told() -> None:
    fit = fit_circuit(simulated("R0-p(R1,C1)", [20, 500, 1e-5]), "R0-p(R1,C1)-p(R2,C2)")
    assert any("cannot be told" in line for line in fit.warnings)


def drifting(share: float, noise: float) -> Spectrum:
    """A cell whose charge transfer resistance grows by this share while it is measured, three periods a point."""
    f = np.geomspace(1e5, 1e-2, 57)
    passed = np.cumsum(np.maximum(3 / f, 1))
    resistances = 1000 * (1 + share * passed / passed[-1])
    z = 10 + 1 / (1 / resistances + 4e-4 * (2j * np.pi * f) ** 0.85)
    random = np.random.default_rng(1)
    return Spectrum(f, z * (1 + noise * (random.standard_normal(57) + 1j * random.standard_normal(57))), "drifting")


def test_drift_is_told_from_noise() -> None:
    for noise in (0.0005, 0.001, 0.003):
        spectrum = drifting(0.2, noise)
        (said,) = judged(spectrum, check_kramers_kronig(spectrum))
        assert "off together" in said
        assert "at 0.01 Hz" in said
    for noise in (0.001, 0.005, 0.012, 0.02):
        spectrum = simulated("R0-p(R1,CPE1)", [10, 1000, 4e-5, 0.85], noise)
        test = check_kramers_kronig(spectrum)
        assert test.noise == pytest.approx(2**0.5 * noise, rel=0.3)
        said = judged(spectrum, test)
        assert said == [] if noise < 0.012 else not any("drifted" in line for line in said)
    assert said[0].startswith("noisy: ")
    ideal = simulated("R0-p(R1,CPE1)", [20, 2e6, 3e-5, 0.92], 1e-5)  # its relaxation ends below the lowest frequency
    assert check_kramers_kronig(ideal).residual_max < 0.001


@pytest.mark.parametrize(("points", "said"), [(slice(20, 26), "off together"), (slice(20, 21), "alone among its neighbours")])
def test_points_that_are_off_are_told(points: slice, said: str) -> None:
    good = simulated("R0-p(R1,CPE1)", [5, 2e4, 3e-5, 0.85], noise=0.001)
    bent = good.impedance.copy()
    bent[points] *= 1.15
    spectrum = Spectrum(F.copy(), bent)
    assert said in judged(spectrum, check_kramers_kronig(spectrum))[0]


def test_a_negative_resistance_is_named() -> None:
    """A passivating metal: 1/Z = jwC + 1/50 - (1/30) / (1 + jw 2 s)."""
    w = 2j * np.pi * F
    z = 5 + 1 / (w * 2e-5 + 1 / 50 - 1 / 30 / (1 + 2 * w))
    fit = fit_circuit(Spectrum(F.copy(), z), "randles")
    assert fit.warnings[0].startswith("the resistance is negative at low frequency")
    assert not any("drift" in line for line in fit.warnings)


GERISCHER = "R0-p(R1-G1,CPE1)", [10.0, 200.0, 500.0, 2.0, 4e-5, 0.9]


def test_a_circuit_that_is_wrong_by_little_is_told_and_its_errors_are_wide() -> None:
    """Two loops follow a Gerischer element to 2 %, which every linear cell's chain of relaxations does to 0.1 %."""
    wrong = fit_circuit(simulated(*GERISCHER, 0.001), "R0-p(R1,CPE1)-p(R2,CPE2)")
    assert any("a linear cell explains the spectrum to 0.1" in line and "or auto" in line for line in wrong.warnings)
    assert not any("drift" in line for line in wrong.warnings)
    slow = wrong.parameters["R2"] if wrong.parameters["R2"].value > 400 else wrong.parameters["R1"]
    assert slow.sigma > 10  # 8 where neighbours that are off together count as if they were not
    noisy = fit_circuit(simulated("R0-p(R1,CPE1)", [10, 1000, 4e-5, 0.85], 0.03), "R0-p(R1,CPE1)")
    assert not any("explains" in line or "misses" in line for line in noisy.warnings), "the right circuit, however noisy"


def test_relaxation_times_are_where_the_loops_are() -> None:
    found = relaxation_times(simulated("R0-p(R1,C1)-p(R2,C2)", [10, 100, 1e-5, 300, 1e-3], noise=0.001), 0.0014).peaks
    assert len(found) == 2
    (fast, r_fast), (slow, r_slow) = found
    assert fast == pytest.approx(1e-3, rel=0.3)
    assert slow == pytest.approx(0.3, rel=0.3)
    assert (r_fast, r_slow) == (pytest.approx(100, rel=0.1), pytest.approx(300, rel=0.1))


@pytest.mark.parametrize("alpha", [0.75, 0.85, 0.95])
@pytest.mark.parametrize("noise", [0.0005, 0.003, 0.01])
def test_one_loop_has_one_relaxation_time_and_a_capacitor_none(alpha: float, noise: float) -> None:
    for text, values, count in (("R0-p(R1,CPE1)", [10, 1000, 4e-5, alpha], 1), ("R0-CPE1", [10, 4e-5, alpha], 0)):
        spectrum = simulated(text, values, noise)
        peaks = relaxation_times(spectrum, check_kramers_kronig(spectrum).noise).peaks
        assert len(peaks) == count
        assert all(resistance == pytest.approx(1000, rel=0.05) for _, resistance in peaks)


def test_relaxation_times_beyond_the_measured_are_left_out_and_what_steps_hand_on_is_checked() -> None:
    tau = np.logspace(-3, 1, 50)
    gamma = np.exp(-((np.log10(tau) + 2) ** 2) / 0.02) + np.exp(-((np.log10(tau) - 0.5) ** 2) / 0.02)
    assert len(RelaxationTimes(tau, gamma.copy()).peaks) == 2
    ((kept, _),) = RelaxationTimes(tau, gamma.copy(), (1e-3, 1.0)).peaks
    assert kept == pytest.approx(0.01, rel=0.2)
    for wrong in (np.ones(50, int), np.ones(49), np.full(50, np.nan)):
        with pytest.raises((TypeError, ValueError), match=r"RelaxationTimes\.gamma"):
            RelaxationTimes(tau, wrong)
    with pytest.raises(ValueError, match="rising"):
        RelaxationTimes(tau[::-1].copy(), gamma.copy())
    with pytest.raises(TypeError, match=r"KramersKronig\.residuals"):
        KramersKronig(0.5, 10, np.ones(50))
    with pytest.raises(ValueError, match=r"Sweep\.current_a_cm2"):
        Sweep(np.ones(5), np.ones(4), 0.0, 0.0, ())
    with pytest.raises(TypeError, match=r"Arrhenius\.kelvin"):
        Arrhenius(np.ones(3, int), np.ones(3), ActivationEnergy(Quantity(40, 1, "kJ/mol"), Quantity(1, 1, "A/cm2"), 1.0))


def test_an_inductive_loop_is_said_to_be_none_of_the_relaxations() -> None:
    truth = [10, 2e-5, 0.9, 200, 300, 900]
    said = [
        fit_circuit(simulated(NAMED["two-loop"], truth), "two-loop"),
        fit_circuit(simulated("R0-p(R1,C1)", [20, 500, 1e-5], 0.03), "randles"),
    ]
    assert [any("inductive loop" in line for line in fit.warnings) for fit in said] == [True, False]


def test_a_fit_holds_its_relaxation_times_and_limits() -> None:
    fit = fit_circuit(simulated("R0-p(R1,C1)", [20, 500, 1e-5]), "R0-p(R1,C1)")
    assert fit.relaxation_times is not None
    ((tau, resistance),) = fit.relaxation_times.peaks  # noise makes no further ones
    assert (tau, resistance) == (pytest.approx(5e-3, rel=0.2), pytest.approx(500, rel=0.05))
    low, high = fit.parameters["R1"].limits_95
    assert low < fit.parameters["R1"].value < high
    assert np.log(high / low) == pytest.approx(2 * 1.985 * fit.parameters["R1"].sigma / fit.parameters["R1"].value, rel=1e-3)
    short = Spectrum(F[::8].copy(), fit.spectrum.impedance[::8].copy(), "short")
    assert fit_circuit(short, "R0-p(R1,C1)").relaxation_times is None
