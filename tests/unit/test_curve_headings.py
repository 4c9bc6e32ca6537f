"""What a column's heading says: quantity, factor to the base unit, and whether it is per area; None where that is unclear."""

from __future__ import annotations

import numpy as np
import pytest

from corrovis.electrochem.headings import read_heading


@pytest.mark.parametrize(
    ("text", "quantity", "factor"),
    [
        ("-Z'' / kOhm", "imaginary", -1e3),
        ("<I>/mA", "current", 1e-3),
        ("WE(1).Current (A)", "current", 1.0),
        ("Vf (V vs. Ref.)", "potential", 1.0),
        ("Current Density (mA/cm²)", "current", 1e-3),
        ("E vs. Ag/AgCl / mV", "potential", 1e-3),
        ("Potential vs. SCE mV", "potential", 1e-3),
        ("J/mA/cm2", "current", 1e-3),
        ("Phase (mdeg)", "phase", np.pi / 180e3),
        ("Phase (°)", "phase", np.pi / 180),
        ("I (µA)", "current", 1e-6),
        ("current_ma", "current", 1e-3),
        ("current_density_ma_cm2", "current", 1e-3),
        ("current_a_cm2", "current", 1.0),
        ("Current density (mA cm⁻²)", "current", 1e-3),
        ("i (µA·cm⁻²)", "current", 1e-6),
        ("Current (milliamps)", "current", 1e-3),
        ("Current (mA) vs time", "current", 1e-3),
        ("Current Density (uA/sq.cm)", "current", 1e-6),
        ("CURRENT (MA)", "current", 1e-3),
        ("POTENTIAL (MV)", "potential", 1e-3),
        ("j (mA/dm2)", "current", 1e-5),
        ("Current density (mA/mm2)", "current", 0.1),
        ("Current (mA/in2)", None, 0),
        ("I x10-6 (A)", None, 0),
        ("I*1e6 (A)", None, 0),
        ("I·10⁶ / A", None, 0),
        ("j, 10^-3 A/cm2", None, 0),
        ("Zre*1000 (ohm)", None, 0),
        ("E_10 (V)", "potential", 1.0),
        ("Current (sample 3)", "current", 1.0),
        ("WE(1).Current", "current", 1.0),
        ("freq_khz", "frequency", 1e3),
        ("freq_mhz", None, 0),
        ("FreqHz", "frequency", 1.0),
        ("Z_real (ohm)", "real", 1.0),
        ("Z_re", "real", 1.0),
        ("z_imag_ohm", "imaginary", 1.0),
        ("Z' (ohm.mm2)", "real", 1e-2),
        ("Z' (Ω·dm²)", "real", 1e2),
        ("Z' (kOhm m2)", "real", 1e7),
        ("Z'/Ohm*m^2", "real", 1e4),
        ("Z' (Ohm-cm2)", "real", 1.0),
        ("|Z| (ohm cm2)", "modulus", 1.0),
        ("j (mA-cm2)", None, 0),
        ("Phase angle (degrees)", "phase", np.pi / 180),
        ("Phase angle (radians)", "phase", 1.0),
        ("Z' (KOhm)", "real", 1e3),
        ("Phase angle (deg)", "phase", np.pi / 180),
        ("Spannung (V)", "potential", 1.0),
        ("Stromdichte (µA/cm²)", "current", 1e-6),
        ("Strom in mA", "current", 1e-3),
        ("Tension (mV)", "potential", 1e-3),
        ("Densité de courant (mA/cm2)", "current", 1e-3),
        ("Potencial (V)", "potential", 1.0),
        ("Corriente / mA", "current", 1e-3),
        ("Densità di corrente (mA/cm²)", "current", 1e-3),
        ("Fréquence (kHz)", "frequency", 1e3),
        ("Partie imaginaire (kΩ)", "imaginary", 1e3),
        ("Parte reale (ohm)", "real", 1.0),
        ("Módulo (ohm)", "modulus", 1.0),
        ("Fase (deg)", "phase", np.pi / 180),
        ("电流 (mA)", "current", 1e-3),
        ("Потенциал (мВ)", "potential", 1e-3),
        ("Ток (мкА)", "current", 1e-6),
        ("Channel 1 (V)", "potential", 1.0),
        ("omega (rad/s)", "frequency", 1 / (2 * np.pi)),
        ("ω", "frequency", 1 / (2 * np.pi)),
        ("(mA)", "current", 1e-3),
        ("log(i/mA cm-2)", "current", 1e-3),
        ("lg i (A/cm2)", "current", 1.0),
        ("ln(I / mA)", "current", 1e-3),
        ("a", None, 0),
        ("Current Range", None, 0),
        ("Sig", None, 0),
    ],
)
def test_headings(text: str, quantity: str | None, factor: float) -> None:
    heading = read_heading(text)
    assert (heading.quantity if heading else None) == quantity
    assert heading is None or heading.factor == pytest.approx(factor)


@pytest.mark.parametrize("text", ["current_a_cm2", "current_density_ma_cm2", "Current Density (uA/sq.cm)", "i (mA/mm2)"])
def test_a_unit_per_area_is_seen_in_every_spelling(text: str) -> None:
    heading = read_heading(text)
    assert heading is not None
    assert heading.per_area


@pytest.mark.parametrize(
    ("text", "base"),
    [("log(i/mA cm-2)", 10), ("lg i (A/cm2)", 10), ("ln(I / mA)", np.e), ("log10|J| (uA/cm2)", 10), ("Strom (A)", 0)],
)
def test_a_logarithm_is_told_with_its_base(text: str, base: float) -> None:
    heading = read_heading(text)
    assert heading is not None
    assert heading.log_base == pytest.approx(base)
    assert heading.signed == (base == 0)
