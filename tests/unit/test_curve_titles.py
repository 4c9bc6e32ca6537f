"""Headings and their units are found however they are parted; a unit that cannot be placed is asked for, never dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.errors import BadInputError
from corrovis.tasks.curves import TafelRequest, fit_curve

E = np.linspace(-0.65, -0.25, 41)
I = 1e-5 * (10 ** ((E + 0.45) / 0.08) - 10 ** (-(E + 0.45) / 0.12))  # noqa: E741
F = np.logspace(4, 0, 21)
Z = 20 + 1 / (1 / 500 + 2j * np.pi * F * 1e-5)


def written(path: Path, head: str, separator: str, *columns: np.ndarray) -> Path:
    lines = (separator.join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True))
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("head", "separator"),
    [
        ("Spannung / mV,Stromdichte / mA/cm²", ","),
        ("x (mV),y (mA/cm2)", ","),
        ("E (mV) i (mA/cm2)", " "),
        ("E(mV) i(mA/cm2)", " "),
        ("Potential (mV)  Current density (mA/cm2)", "  "),
        ("E (mV), i (mA/cm2)", "\t"),
        ("E (mV); i (mA/cm2)", "\t"),
        ("# E (mV), i (mA/cm2)", ","),
        ("Potential in mV;Stromdichte in mA/cm2", ";"),
        ("E,i\n(mV),(mA/cm2)", ","),
        ("E;i\n[mV];[mA/cm2]", ";"),
        ("E\ti\nmV\tmA/cm2", "\t"),
    ],
)
def test_the_units_of_a_curve_are_found_in_every_parting(tmp_path: Path, head: str, separator: str) -> None:
    curve = read_polarization(written(tmp_path / "curve.txt", head, separator, 1e3 * E, 1e3 * I))
    np.testing.assert_allclose(curve.potential_v, E, rtol=1e-6)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    assert curve.notes == ()


@pytest.mark.parametrize(
    ("head", "separator"),
    [
        ("f (kHz) Z' (kOhm) Z'' (kOhm)", " "),
        ("f (kHz), Z' (kOhm), Z'' (kOhm)", "\t"),
        ("f,Z',Z''\nkHz,kOhm,kOhm", ","),
        ("f Z' Z''\n(kHz) (kOhm) (kOhm)", " "),
        ("Frequenz (kHz);Realteil (kOhm);Imaginärteil (kOhm)", ";"),
        ("a (kHz),b (kOhm),c (kOhm)", ","),
    ],
)
def test_the_units_of_a_spectrum_are_found_in_every_parting(tmp_path: Path, head: str, separator: str) -> None:
    (spectrum,) = read_spectra(written(tmp_path / "cell.txt", head, separator, F / 1e3, Z.real / 1e3, Z.imag / 1e3))
    np.testing.assert_allclose(spectrum.frequency_hz, F, rtol=1e-6)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("all potentials in V and all currents in mA", "quantities and units in 'all potentials"),
        ("E i\nall in mV and uA", "the units in 'all in mV and uA' cannot be told apart"),
        ("a (V) b (furlong)", "cannot be told"),
        ("Potential(V) Current(mA/in2)", "cannot be told apart"),
        ("E I x10-6", "the power of ten in 'E I x10-6'"),
        ("E(V) I(A)x10-6", "the power of ten in 'I.A.x10-6'"),
    ],
)
def test_units_that_cannot_be_placed_are_asked_for(tmp_path: Path, head: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        read_polarization(written(tmp_path / "curve.txt", head, " ", E, I))


@pytest.mark.parametrize(
    ("head", "note"),
    [
        ("X,Y", "the headings X, Y tell neither quantity nor unit: column 1 was taken for the potential in V"),
        ("E,I", "no unit stands in 'I': the current was taken for A"),
        ("E,j", "no unit stands in 'j': the current was taken for A/cm2"),
        ("Scan at 1 mV/s", "no headings: column 1"),
    ],
)
def test_what_was_assumed_for_want_of_units_is_said(tmp_path: Path, head: str, note: str) -> None:
    curve = read_polarization(written(tmp_path / "curve.csv", head, ",", E, I))
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    assert any(line.startswith(note) for line in curve.notes)


def test_two_columns_of_one_unit_are_not_chosen_from(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be told apart"):
        read_polarization(written(tmp_path / "curve.csv", "a (V),b (V),c (mA)", ",", E, E + 1, I))


def test_logarithms_are_read_and_plain_numbers_under_such_a_heading_refused(tmp_path: Path) -> None:
    size = np.abs(I[I != 0])
    curve = read_polarization(written(tmp_path / "log.csv", "E (V),ln(i/mA cm-2)", ",", E[I != 0], np.log(1e3 * size)))
    np.testing.assert_allclose(curve.current_a_cm2, size, rtol=1e-6)
    with pytest.raises(BadInputError, match=r"'log f' holds 1e\+04, which is no logarithm"):
        read_spectra(written(tmp_path / "cell.csv", "log f,Z',Z''", ",", F, Z.real, Z.imag))


def test_an_empty_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"the current column 'I \(A\)' holds no number"):
        read_polarization(written(tmp_path / "curve.csv", "E (V),I (A)", ",", E, I * np.nan))


def test_a_spectrum_is_no_polarisation_curve_whatever_else_the_file_holds(tmp_path: Path) -> None:
    """As Gamry writes it: the potential before, with its current, above the impedances."""
    before = "\n".join(["Vf (V),Im (A)", *(f"{e},{i}" for e, i in zip(E, I, strict=True))])
    head = f"{before}\nFreq (Hz),Zreal (ohm),Zimag (ohm)"
    path = written(tmp_path / "cell.dta", head, ",", F[:9], Z.real[:9], Z.imag[:9])
    with pytest.raises(BadInputError, match="holds an impedance spectrum"):
        read_polarization(path)
    assert len(read_spectra(path)[0]) == 9


def test_of_several_sheets_the_first_with_a_curve_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with pandas.ExcelWriter(path) as book:
        pandas.DataFrame([["Sample", "316L"], ["Area (cm2)", 2.0]]).to_excel(book, sheet_name="about", index=False, header=False)
        pandas.DataFrame([[1, 2, 3], [4, 5, 6]]).to_excel(book, sheet_name="numbers", index=False, header=False)
        pandas.DataFrame({"E (V)": E, "I (mA)": 1e3 * I}).to_excel(book, sheet_name="data", index=False)
    curve = read_polarization(path, 1.0)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-9)
    assert curve.notes == ("the sheet 'data' of the workbook was read",)


def test_an_old_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "curve.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(BadInputError, match=r"old kind \(\.xls\); save it as \.xlsx"):
        read_polarization(path)


def test_the_area_applied_stays_with_the_curve(tmp_path: Path) -> None:
    path = written(tmp_path / "curve.csv", "E (V),I (A)", ",", E, 2 * I)
    assert read_polarization(path, 2.0).area_cm2 == 2.0
    assert read_polarization(written(tmp_path / "d.csv", "E (V),j (A/cm2)", ",", E, I), 2.0).area_cm2 is None
    (spectrum,) = read_spectra(written(tmp_path / "cell.csv", "f (Hz),Z' (ohm),Z'' (ohm)", ",", F, Z.real, Z.imag), 3.0)
    assert spectrum.area_cm2 == 3.0


@pytest.mark.parametrize(
    ("line", "area"),
    [
        ("Electrode surface area : 0.500 cm²", 0.5),
        ("Electrode surface area : 0,500 cm2", 0.5),
        ("WorkingElectrodeArea=0.5", 0.5),
        ("Electrode Area (cm2) = 0.5", 0.5),
        ("Electrode surface area : 0.001 cm²", None),  # EC-Lab's, where nobody entered one
    ],
)
def test_the_area_that_a_file_names_is_used_for_currents_and_told_of_beside_impedances(
    tmp_path: Path, line: str, area: float | None
) -> None:
    path = written(tmp_path / "cell.txt", f"{line}\nE (V)\tI (A)", "\t", E, I)
    curve = read_polarization(path)
    assert curve.area_cm2 == (area or 1.0)
    assert any("was taken from the file" in note for note in curve.notes) == (area is not None)
    written(path, f"{line}\nf (Hz)\tZ' (ohm)\tZ'' (ohm)", "\t", F, Z.real, Z.imag)
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    assert any("area of 0.5 cm2, which was not applied" in note for note in spectrum.notes) == (area is not None)
    assert not any("not applied" in note for note in read_spectra(path, 2.0)[0].notes)


@pytest.mark.parametrize(
    ("line", "area"),
    [
        ("Electrode area: 0.5 m2", 5000),
        ("Electrode surface area : 50 mm²", 0.5),
        ("Sample area: 2,5 cm^2", 2.5),
        ("Area (mm2): 50", 0.5),
        ("Exposed area, 1.5", 1.5),
        ("AREA\tQUANT\t2.0E+00\tSample Area (cm^2)", 2),
        ("AREA\tQUANT\t2.0E+00\tArea of the coupon", 2),
        ("Electrode area: 0.5 in2", None),
        ("Electrode area: 0.5 dollars", None),
    ],
)
def test_an_area_in_the_file_counts_in_its_own_unit(tmp_path: Path, line: str, area: float | None) -> None:
    curve = read_polarization(written(tmp_path / "curve.txt", f"{line}\nE (V)\tI (A)", "\t", E, I))
    assert curve.area_cm2 == pytest.approx(area or 1.0)
    np.testing.assert_allclose(curve.current_a_cm2, I / (area or 1.0), rtol=1e-6)
    assert any(f"the area in {line!r} was not understood" in note for note in curve.notes) is (area is None)


def test_volts_that_may_be_millivolts_are_told_of(tmp_path: Path) -> None:
    path, eta = tmp_path / "lpr.csv", np.linspace(-10, 10, 41)
    for heading, said in (("E", True), ("E (mV)", False), ("E (V)", False)):
        curve = read_polarization(written(path, f"{heading},I (A)", ",", eta, 2e-7 * eta), 1.0)
        assert any("-10 to 10 without a unit, were taken for V; if they are mV" in note for note in curve.notes) is said
        if said:
            with pytest.raises(BadInputError, match="the potentials span 20 V: if they are mV, name the columns"):
                fit_curve(curve, TafelRequest(method="resistance"))
    named = read_polarization(path, 1.0, {"potential": "1 (mV)", "current": "2"})
    assert fit_curve(named, TafelRequest(method="resistance")).polarisation_resistance is not None


def test_an_area_in_words_is_no_area(tmp_path: Path) -> None:
    path = written(tmp_path / "odd.dta", "AREA\tQUANT\tE\nE (V)\tI (A)", "\t", E, I)
    assert any("no area was given" in note for note in read_polarization(path).notes)
