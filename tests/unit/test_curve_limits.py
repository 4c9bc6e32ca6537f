"""Files made to cost much, or with numbers that no instrument writes: refused in a line, at once."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from corrovis.curves import PolarizationCurve
from corrovis.electrochem.columns import read_columns
from corrovis.electrochem.headings import hides_unit, read_heading, unit_for
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.errors import BadInputError

E = np.linspace(-0.65, -0.25, 41)
I = 1e-5 * (10 ** ((E + 0.45) / 0.08) - 10 ** (-(E + 0.45) / 0.12))  # noqa: E741
F = np.logspace(4, 0, 21)
Z = 20 + 1 / (1 / 500 + 2j * np.pi * F * 1e-5)


def table(headings: str, *columns: np.ndarray) -> str:
    return "\n".join([headings, *(",".join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True))])


def write_sheets(path: Path, *sheets: dict[tuple[int, int], object]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for cells in sheets:
        sheet = book.create_sheet()
        for (row, column), value in cells.items():
            sheet.cell(row, column, value)
    book.save(path)


CURVE = {(1, 1): "E (V)", (1, 2): "I (A)"} | {
    (row, column): float(value) for row, pair in enumerate(zip(E, I, strict=True), 2) for column, value in enumerate(pair, 1)
}


@pytest.mark.parametrize("corner", [(8000, 1500), (1_048_576, 16_384)])
def test_a_small_workbook_with_a_cell_far_off_is_refused_before_it_is_padded(tmp_path: Path, corner: tuple[int, int]) -> None:
    path = tmp_path / "bomb.xlsx"
    write_sheets(path, CURVE | {corner: 1.0})
    with pytest.raises(BadInputError, match=f"a sheet of {corner[0]} rows and {corner[1]} columns"):
        read_polarization(path)


def test_of_a_workbook_the_first_filled_sheet_is_read_and_no_further_one(tmp_path: Path) -> None:
    path = tmp_path / "three.xlsx"
    write_sheets(path, {}, CURVE, {(8000, 1500): 1.0})
    np.testing.assert_allclose(read_polarization(path, 1.0).current_a_cm2, I, rtol=1e-9)
    write_sheets(path, {}, {})
    with pytest.raises(BadInputError, match="no filled sheet"):
        read_polarization(path)


def test_empty_cells_far_off_do_not_make_a_sheet_large(tmp_path: Path) -> None:
    path = tmp_path / "styled.xlsx"
    write_sheets(path, CURVE | {(row, 16_384): None for row in range(1, 200)})
    np.testing.assert_allclose(read_polarization(path, 1.0).current_a_cm2, I, rtol=1e-9)


@pytest.mark.parametrize("text", ["a_" * 8000, "a ," * 4000, "current " + "x" * 120 + " (A)"])
def test_a_heading_of_more_than_120_characters_is_not_read(text: str) -> None:
    assert read_heading(text) is None
    assert unit_for("current", text) == ""
    assert hides_unit("current", text), "no unit is seen, so one is asked for"
    assert read_heading("current " + "x" * 108 + " (A)") is not None


def test_the_unit_of_a_column_under_a_long_heading_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(table("E (V),Current " + "x" * 200, E, 1e3 * I))
    with pytest.raises(BadInputError, match="no unit of current") as refused:
        read_polarization(path, 1.0, read_columns("potential=1,current=2"))
    assert len(str(refused.value)) < 200
    named = read_polarization(path, 1.0, read_columns("potential=1,current=2 (mA)"))
    np.testing.assert_allclose(named.current_a_cm2, I, rtol=1e-6)


@pytest.mark.parametrize(
    ("frequency", "impedance", "area", "why"),
    [
        (np.logspace(300, -300, 21), Z, None, r"1e\+300 Hz, outside 1e-09 to 1e\+12 Hz"),
        (np.append(F[:-1], 5e-10), Z, None, "e-10 Hz, outside"),
        (F, Z * 1e-309, None, "ohm, outside"),
        (F, Z * 1e15, None, "ohm, outside"),
        (F, np.where(F < 2, 9.9e37, Z), None, r"9.9e\+37 ohm, outside"),
        (F, Z, 1e-300, "area 1e-300 cm2 is not possible"),
    ],
    ids=["all frequencies", "one frequency", "no impedance", "much impedance", "overload", "area"],
)
def test_a_spectrum_that_no_instrument_measures_is_refused(
    tmp_path: Path, frequency: np.ndarray, impedance: np.ndarray, area: float | None, why: str
) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(table("f,Z',Z''", frequency, impedance.real, impedance.imag))
    with pytest.raises(BadInputError, match=why):
        read_spectra(path, area)


@pytest.mark.parametrize(
    ("potential", "current", "area", "why"),
    [
        (E, I * 1e-301, 1.0, r"A/cm2, outside 1e-18 to 1000 A/cm2"),
        (E, 0 * I, 1.0, "0 A/cm2, outside"),
        (E, I * 2e8, 1.0, "A/cm2, outside"),
        (E, I, 1e-300, "cm2 is not possible"),
        (E * 1e300, I, 1.0, "V, outside 0 to 1000 V"),
    ],
    ids=["tiny", "none", "huge", "area", "volts"],
)
def test_a_polarisation_curve_that_no_instrument_measures_is_refused(
    tmp_path: Path, potential: np.ndarray, current: np.ndarray, area: float, why: str
) -> None:
    path = tmp_path / "steel.csv"
    path.write_text(table("E (V),I (A)", potential, current))
    with pytest.raises(BadInputError, match=why):
        read_polarization(path, area)


def test_single_currents_of_zero_or_next_to_it_are_read_and_fitted(tmp_path: Path) -> None:
    """Rows at 0 and at the rounding of a computed zero, all at potentials close to E_corr."""
    current = I.copy()
    current[19:22] = -1e-308, 0.0, 1e-25
    path = tmp_path / "steel.csv"
    path.write_text(table("E (V),I (A)", E, current))
    curve = read_polarization(path, 1.0)
    assert curve.current_a_cm2[20] == 0
    assert fit_tafel(curve, "butler-volmer").e_corr.value == pytest.approx(-0.45, abs=0.01)


def test_a_window_of_nothing_but_denormal_currents_does_not_end_a_fit() -> None:
    """Within 60 mV of E_corr no current to speak of: what scales the fit there is above zero all the same."""
    e = np.linspace(-0.3, 0.3, 301)
    i = np.where(np.abs(e) < 0.06, 1e-311 * np.sign(e), np.sign(e) * 1e-5 * 10 ** (np.abs(e) / 0.1))
    with contextlib.suppress(BadInputError):
        fit_tafel(PolarizationCurve(e, i), "butler-volmer")


@pytest.mark.parametrize(("points", "decimals"), [(2000, 3), (600, 2), (300, 2)])
def test_potentials_written_with_few_decimals_are_fitted(points: int, decimals: int) -> None:
    """Potentials of 150 mV on both sides repeat up to 20 times; a step is then 10^-decimals."""
    eta = np.linspace(-0.15, 0.15, points)
    i = 1e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    curve = PolarizationCurve(np.round(eta - 0.45, decimals), i)
    fit = fit_tafel(curve)
    assert fit.e_corr.value == pytest.approx(-0.45, abs=2e-3)
    assert fit.i_corr.value == pytest.approx(1e-5, rel=0.1)
    assert fit.beta_a.value == pytest.approx(0.08, rel=0.1)
    lines = fit_tafel(curve, "extrapolation")
    assert lines.e_corr.value == pytest.approx(-0.45, abs=2e-3)
    assert lines.e_corr.sigma == pytest.approx(10.0**-decimals, rel=0.01)


def test_too_few_different_potentials_are_refused() -> None:
    eta = np.linspace(-0.03, 0.03, 300)
    with pytest.raises(BadInputError, match="7 different potentials"):
        fit_tafel(PolarizationCurve(np.round(eta, 2), np.sinh(40 * eta) * 1e-5))


def test_the_error_of_e_corr_takes_in_the_range_where_currents_are_rounded_to_zero() -> None:
    """A potential that may lie anywhere between two has a standard error of their distance over the root of 12."""
    e = np.linspace(-0.25, 0.25, 501)
    i = np.round(3e-6 * (10 ** (e / 0.06) - 10 ** (-e / 0.12)), 5)
    width = np.ptp(e[i == 0]) / np.sqrt(12)
    for method, at_most in (("butler-volmer", 2), ("extrapolation", 1.2)):  # to the fit rounded points hang together
        assert width <= fit_tafel(PolarizationCurve(e.copy(), i.copy()), method).e_corr.sigma < at_most * width


@pytest.mark.parametrize(
    "session",
    [
        {"Measurements": [5]},
        {"Measurements": [{"DataSet": {"Type": "EIS", "Values": [{"DataValues": [1], "Unit": {"Type": "Hertz"}}]}}]},
    ],
)
def test_a_session_of_something_else_is_refused(tmp_path: Path, session: dict[str, object]) -> None:
    path = tmp_path / "cell.pssession"
    path.write_text(json.dumps(session), encoding="utf-16")
    with pytest.raises(BadInputError, match="session without an impedance spectrum; export its curve as CSV"):
        read_spectra(path)
    with pytest.raises(BadInputError, match="of which only spectra can be read; export the curve as CSV"):
        read_polarization(path)


@pytest.mark.parametrize(
    ("first", "encoding"), [("VERSION 2.1 of our export", "utf-8"), ("Measurements of 3 May", "utf-16")], ids=["dfr", "pssession"]
)
def test_a_table_that_begins_like_another_format_is_read_as_a_table(tmp_path: Path, first: str, encoding: str) -> None:
    path = tmp_path / "cell.txt"
    path.write_text(first + "\n" + table("f,Z',Z''", F, Z.real, Z.imag), encoding=encoding)
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)


def test_an_ids_that_cannot_be_read_is_not_taken_for_a_table(tmp_path: Path) -> None:
    """Its three columns are real part, imaginary part and frequency; without headings the first would pass for frequencies."""
    path = tmp_path / "cell.ids"
    path.write_text("Corrosion=1\nECN=0\nTitle=a\nprimary_data\n3\n99\n" + table("", F, Z.real, Z.imag).replace(",", " "))
    with pytest.raises(BadInputError, match=r"looks like \.ids"):
        read_spectra(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize("count", [1, 5])
def test_rows_with_a_word_in_place_of_a_number_are_counted(tmp_path: Path, separator: str, count: int) -> None:
    lines = table("E(V),I(A)", E, I).splitlines()
    lines[25:25] = ["-0.4,OVL"] * count
    path = tmp_path / "steel.txt"
    path.write_text("\n".join(lines).replace(",", separator))
    curve = read_polarization(path, 1.0)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    assert any(f"{count} of {41 + count} rows hold no number" in note for note in curve.notes)
