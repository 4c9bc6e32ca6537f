"""Millimetres a year by ASTM G102, and the activation energy of a temperature series."""

from __future__ import annotations

import numpy as np
import pytest

from corrovis.curves import Quantity
from corrovis.electrochem.corrosion_rate import (
    ALLOYS,
    GAS_CONSTANT,
    LEAST,
    MPY,
    activation_energy,
    corrosion_rate,
    metal,
    pair_temperatures,
    read_composition,
)
from corrovis.errors import BadInputError
from corrovis.render.curve_quantities import rate_notes
from corrovis.tasks.curve_answers import activation_answer
from corrovis.ui import electrochem_jobs as jobs

KELVIN = np.array([303.0, 308, 313, 318, 323])
CURRENT = 2e3 * np.exp(-45e3 / (GAS_CONSTANT * KELVIN))  # 45 kJ/mol


def currents(values: np.ndarray, relative: float) -> list[Quantity]:
    return [Quantity(float(value), relative * float(value), "A/cm2") for value in values]


def test_corrosion_rate_of_astm_g102() -> None:
    assert ALLOYS["316L"].equivalent_weight == pytest.approx(25.50, abs=0.02)  # G102 table 1, type 316
    assert ALLOYS["304"].equivalent_weight == pytest.approx(25.12, abs=0.02)
    assert ALLOYS["AZ31B"].equivalent_weight == pytest.approx(12.15, abs=0.05)
    rate = corrosion_rate(Quantity(1e-6, 1e-7, "A/cm2"), 27.92, 7.87)
    assert rate.value == pytest.approx(0.0116, rel=0.01)  # iron at 1 uA/cm2
    assert rate.value * MPY == pytest.approx(0.457, rel=0.01)
    assert rate.sigma == pytest.approx(rate.value / 10)
    few = Quantity(1e-6, 1e-7, "A/cm2", 3)
    assert np.divide(*corrosion_rate(few, 27.92, 7.87).limits_95) == pytest.approx(np.divide(*few.limits_95))
    assert read_composition("Fe=98.5,Mn=.9,C=.3,Si=.3", 7.87).equivalent_weight == pytest.approx(27.92, abs=0.01)
    with pytest.raises(BadInputError, match="above 0"):
        corrosion_rate(rate, 0, 7.87)


def test_further_elements_and_other_valences() -> None:
    """ASTM G102: chromium as Cr(VI) weighs 51.996 / 6 g, C-276 about 27.09 g, tantalum 36.19, zirconium 22.80, lead 103.6."""
    for text, weight in (("Cr(6)=100", 51.996 / 6), ("Ta=100", 36.19), ("Zr=100", 22.81), ("Pb=100", 103.6), ("Ag=100", 107.87)):
        assert read_composition(text, 1.0).equivalent_weight == pytest.approx(weight, rel=1e-3)
    assert read_composition("Ni=57,Cr=15.5,Mo=16,Fe=5.5,W=3.75", 8.89).equivalent_weight == pytest.approx(27.09, rel=0.01)
    c22 = read_composition("Ni=57,Cr=22,Mo=13.5,W=3,Co=2.5,Fe=4", 8.69)  # nominal: 102 %
    assert c22.equivalent_weight == pytest.approx(26.04, rel=0.01)
    for text in ("Cr(9)=100", "Cr(0)=100", "Cr6=100"):
        with pytest.raises(BadInputError, match="not understood"):
            read_composition(text, 1.0)


def test_graphite_is_left_out_and_that_is_said() -> None:
    cast_iron = metal(None, None, 7.2, "Fe=94,C=3.5,Si=2.5")
    assert cast_iron is not None
    assert cast_iron.equivalent_weight == pytest.approx(96.5 / (2 * 94 / 55.845 + 4 * 2.5 / 28.085))
    assert rate_notes(cast_iron) == ["left out of the equivalent weight, as no metal that corrodes: C"]
    assert rate_notes(metal("304", None, None)) == []
    with pytest.raises(BadInputError, match="no valence is known"):
        read_composition("C=100", 2.2)


@pytest.mark.parametrize("relative", [0.0, 0.05, 0.2])
def test_currents_on_a_line_give_an_energy_no_better_than_they_are_known(relative: float) -> None:
    """Of a straight line through points of equal error the slope's is theirs over the root of sum (x - mean)^2."""
    found = activation_energy(KELVIN.tolist(), currents(CURRENT, relative))
    assert found.energy.value == pytest.approx(45, rel=1e-6)
    assert found.r_squared == pytest.approx(1)
    x = 1 / KELVIN
    least = np.hypot(relative, LEAST) / np.sqrt(np.sum((x - x.mean()) ** 2)) * GAS_CONSTANT / 1e3
    assert (found.energy.sigma, found.energy.freedom) == (pytest.approx(least, rel=1e-6), np.inf)


def test_scatter_about_the_line_counts_where_it_is_larger_and_a_poor_current_weighs_little() -> None:
    off = CURRENT * [1.3, 0.7, 1.4, 0.8, 1.2]
    scattered = activation_energy(KELVIN.tolist(), currents(off, 0.02))
    assert scattered.energy.freedom == 3
    assert scattered.energy.sigma > 3 * activation_energy(KELVIN.tolist(), currents(CURRENT, 0.02)).energy.sigma
    poor = currents(CURRENT, 0.02)
    poor[4] = Quantity(3 * poor[4].value, 6 * poor[4].value, "A/cm2")
    assert activation_energy(KELVIN.tolist(), poor).energy.value == pytest.approx(45, abs=0.1)


def test_a_series_tells_which_currents_are_an_order_of_magnitude() -> None:
    found = dict(enumerate(currents(CURRENT, 0.02)))
    series = pair_temperatures(KELVIN.tolist(), found, 5)
    assert series is not None
    assert series.warnings == ()
    found |= {1: Quantity(CURRENT[1], float("nan"), "A/cm2"), 3: Quantity(CURRENT[3], 0.3 * CURRENT[3], "A/cm2")}
    rough = pair_temperatures(KELVIN.tolist(), found, 5)
    assert rough is not None
    assert any("308 K, 318 K is an order of magnitude" in line for line in rough.warnings)
    assert rough.energy.energy.sigma > series.energy.energy.sigma
    assert activation_answer(rough)["activation_warnings"] == [*rough.warnings]
    assert "308 K, 318 K is an order of magnitude" in jobs.table([], None, rough)


def test_a_series_needs_three_temperatures_in_kelvin() -> None:
    with pytest.raises(BadInputError, match="kelvin"):
        activation_energy([30, 40, 50], currents(np.array([1e-6, 2e-6, 3e-6]), 0.1))
    with pytest.raises(BadInputError, match=r"span 0\.2 K"):
        activation_energy([298, 298.1, 298.2], currents(np.array([1e-6, 2e-6, 3e-6]), 0.1))
    with pytest.raises(BadInputError, match="three or more"):
        activation_energy([303, 313, 313], currents(np.array([1e-6, 2e-6, 3e-6]), 0.1))
