"""A quantity as people write it: digits, limits, unit and prefix."""

from __future__ import annotations

import numpy as np
import pytest

from corrovis.curves import Quantity
from corrovis.render.curve_quantities import measured, written


@pytest.mark.parametrize(
    ("key", "quantity", "said"),
    [
        ("e_corr_v", Quantity(-0.3198012, 5.8e-6, "V"), "-319.8012 ± 0.0058 mV, -319.8126 to -319.7898"),
        ("beta", Quantity(4.813, 4.5, ""), "4.8 ± 4.5, -4.0 to 13.6"),
        ("CPE1_1", Quantity(0.995, 0.0028, ""), "0.9950 ± 0.0028, 0.9895 to 1.0000"),
        ("stern_geary_v", Quantity(0.0228, 0.0096, "V", positive=True), "22.8 ± 9.6 mV, 10.0 to 52.0"),
        ("R1", Quantity(894.2, 620, "ohm"), "890 ± 620 Ω, 230 to 3480"),
        ("R2", Quantity(6.5e6, 8.2e10, "ohm"), "6.5 ± 82000 MΩ,  to "),
        ("C1", Quantity(3.12e-8, np.nan, "F"), "31.2 nF,  to "),
        ("CPE1_0", Quantity(3.1e-5, 4e-7, "S s^alpha/cm2"), "31.00 ± 0.40 µS s^alpha/cm², 30.23 to 31.79"),
        ("polarisation_resistance_ohm_cm2", Quantity(51234, 12, "ohm cm2"), "51.234 ± 0.012 kΩ cm², 51.210 to 51.258"),
        ("chi_squared", Quantity(1.2346e-5, np.nan, ""), "1.235×10⁻⁵,  to "),
        ("area_cm2", Quantity(2, np.nan, "cm2"), "2 cm²,  to "),
        ("i_corr_a_cm2", Quantity(9.975e-10, 1.9e-12, "A/cm2"), "997.5 ± 1.9 pA/cm², 993.8 to 1001.2"),
        ("i_limit_a_cm2", Quantity(2.5e-3, 1e-4, "A/cm2"), "2.50 ± 0.10 mA/cm², 2.31 to 2.70"),
        ("r_squared", Quantity(0.9999997, np.nan, ""), "0.9999997,  to "),
        ("r_squared", Quantity(0.98762, np.nan, ""), "0.9876,  to "),
        ("r_squared", Quantity(1.0, np.nan, ""), "1,  to "),
        ("corrosion_rate_mm_y", Quantity(np.nan, np.nan, "mm/year"), "mm/year,  to "),
    ],
)
def test_a_quantity_is_told_with_two_digits_of_its_sigma(key: str, quantity: Quantity, said: str) -> None:
    one = written(key, quantity)
    assert f"{one}, {one.low} to {one.high}" == said
    assert written(key, {**measured(quantity), "unit": quantity.unit}) == one


def test_limits_of_95_percent_are_factors_where_a_quantity_is_positive_by_nature() -> None:
    assert Quantity(-0.45, 0.01, "V").limits_95 == pytest.approx((-0.4696, -0.4304))
    low, high = Quantity(1e-5, 1e-5, "A/cm2").limits_95
    assert low * high == pytest.approx(1e-10)
    assert 0 < low < 2e-6
    assert Quantity(40.0, 1.0, "kJ/mol", 1).limits_95[1] == pytest.approx(40 + 12.706, abs=1e-3)  # Student, one degree of freedom
    assert not np.isfinite(Quantity(1.0, float("nan"), "ohm").limits_95).any()
