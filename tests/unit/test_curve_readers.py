"""The door for curves: one curve written in many ways always reads as the same, and what is no curve is refused in a line."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrovis.electrochem.columns import read_columns
from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.electrochem.sweeps import split_sweeps
from corrovis.electrochem.tables import read_tables
from corrovis.errors import BadInputError

E = np.linspace(-0.65, -0.25, 41)
I = 1e-5 * (10 ** ((E + 0.45) / 0.08) - 10 ** (-(E + 0.45) / 0.12))  # noqa: E741
F = np.logspace(4, 0, 21)
Z = 20 + 1 / (1 / 500 + 2j * np.pi * F * 1e-5)
DATA = Path(os.environ.get("CORROVIS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "electrochem"
REFUSED = {
    "LICENSE",
    "LICENSE.txt",
    "reference_fits.csv",
    "sources.csv",
    "data.json",
    "data.fods",
    "exampleDataBioLogic_MissingFreq.mpt",
    "Fall_2020_Corrosion_Lab_sample_dimensions.docx",
}
GAMRY = "TAG\tCYCPOL\nAREA\tQUANT\t2.000E+00\tArea\nCURVE\tTABLE\t41\n\tPt\tT\tVf\tIm\tOver\n\t#\ts\tV vs. Ref.\tA\tbits\n"


def rows(*columns: np.ndarray, separator: str = ",", decimal: str = ".") -> str:
    lines = (separator.join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True))
    return "\n".join(lines).replace(".", decimal)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("E (V),I (A)\n" + rows(E, I), 1.0),
        ("Potential (mV);Current (uA)\n" + rows(1e3 * E, 1e6 * I, separator=";", decimal=","), None),
        ("Ewe/V\t<I>/mA\n" + rows(E, 1e3 * I, separator="\t"), 1.0),
        ("E_mV j_mA_cm2\n" + rows(1e3 * E, 1e3 * I, separator=" "), 5.0),
        ("j (A/m2), E (V vs SCE)\n" + rows(1e4 * I, E), None),
        (rows(E, I, separator="\t"), 1.0),
        ("Potential (V),Current (A)\n" + rows(E, 2.5 * I), 2.5),
        (GAMRY + "\n".join(f"\t{k}\t{k}\t{e:.9g}\t{2 * i:.9g}\t...." for k, (e, i) in enumerate(zip(E, I, strict=True))), None),
    ],
    ids=["csv", "comma-decimal", "biologic", "density", "swapped", "bare", "area", "gamry"],
)
def test_one_polarisation_curve_in_many_coats(tmp_path: Path, text: str, area: float | None) -> None:
    path = tmp_path / "curve.txt"
    path.write_text(text)
    curve = read_polarization(path, area)
    np.testing.assert_allclose(curve.potential_v, E, atol=1e-8)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "f,Z',Z''\n" + rows(F, Z.real, Z.imag),
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\n" + rows(F, Z.real, -Z.imag, separator="\t"),
        "frequency;|Z| (kOhm);phase (deg)\n" + rows(F, np.abs(Z) / 1e3, np.angle(Z, deg=True), separator=";", decimal=","),
        rows(F, Z.real, -Z.imag),
        "Time (s),Freq (Hz),Zre (ohms),Zim (ohms)\n0,0,0,0\n" + rows(F, F[::-1], Z.real[::-1], Z.imag[::-1]),
        "f,-Z',-Z''\n" + rows(F, -Z.real, -Z.imag),
        "f,Z' (ohm m2),Z'' (ohm m2)\n" + rows(F, 1e-4 * Z.real, 1e-4 * Z.imag),
        "f,Z' (ohm/cm2),Z'' (ohm/cm2)\n" + rows(F, Z.real, Z.imag),
        "f,|Z|,phase\n" + rows(F, np.abs(Z), np.angle(Z)),
        "f,|Z|,-phase\n" + rows(F, np.abs(Z), -np.angle(Z, deg=True)),
    ],
    ids=["csv", "biologic", "polar", "bare", "reversed", "negated", "per area", "over area", "radians", "degrees"],
)
def test_one_spectrum_in_many_coats(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spectrum.txt"
    path.write_text(text, encoding="utf-16")  # as PalmSens does
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.frequency_hz, F, rtol=1e-7)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    taken = {"ohm/cm2": "is in ohm cm2", "|Z|,phase": "was taken for radians", "|Z|,-phase": "was taken for degrees"}
    assert [line for sign, line in taken.items() if sign in text] == [
        line for line in taken.values() if line in str(spectrum.notes)
    ]


def test_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "curve.xlsx"
    pandas.DataFrame({"E (V)": E, "I (A)": I}).to_excel(path, index=False)
    np.testing.assert_allclose(read_polarization(path, 1.0).current_a_cm2, I, rtol=1e-9)


def test_what_was_decided_is_said(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("E (V),I (A)\n" + rows(E, -I))
    turned = read_polarization(path)
    np.testing.assert_allclose(turned.current_a_cm2, I, rtol=1e-6)
    assert any("sign was turned" in note for note in turned.notes)
    assert any("no area" in note for note in turned.notes)


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("a,b,c\n" + rows(np.arange(41.0), 1e3 * I, E))
    with pytest.raises(BadInputError, match="cannot be told apart"):
        read_polarization(path)
    curve = read_polarization(path, 1.0, {"potential": "c", "current": "2 (mA)"})
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    with pytest.raises(BadInputError, match="no column 'd'"):
        read_polarization(path, 1.0, {"potential": "d", "current": "2"})


def test_several_spectra_and_repeated_frequencies(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("f,Z',Z''\n" + rows(np.tile(F, 2), np.tile(Z.real, 2), np.tile(Z.imag, 2)))
    assert [len(spectrum) for spectrum in read_spectra(path)] == [21, 21]
    path.write_text("f,Z',Z''\n" + rows(np.repeat(F, 2), np.repeat(Z.real, 2), np.repeat(Z.imag, 2)))
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    assert any("21 repeated" in note for note in spectrum.notes)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 9, "is binary"),
        (b"PK\x03\x04damaged", "damaged workbook"),
        (b"Dear Sir,\nno curve here.\n", "no columns of numbers"),
        (b"E (V),I (A)\n" + b"-0.5,nan\n" * 9, "the current column .* holds no number"),
    ],
)
def test_what_is_no_curve_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=why):
        read_polarization(path)
    with pytest.raises(BadInputError):
        read_spectra(path)


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_read_or_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    for read in (read_polarization, read_spectra):
        with contextlib.suppress(BadInputError):
            read(path)


@pytest.mark.parametrize(
    ("headings", "columns", "area"),
    [
        ("t (s),E (V),I (mA)", "potential=2,current=3", 1.0),
        ("t (s),E (V),j (mA/cm2)", "potential=2,current=3", 2.0),
        ("t (s),E (V),Response (mA)", "potential=2,current=Response (mA)", 1.0),
        ("t (s),E (V),Response", "potential=2,current='3 (mA)'", 1.0),
        ("t (s),E (V),Response (A)", "potential=2,current=3 (mA)", 1.0),
    ],
    ids=["number", "density", "other name", "quoted", "the caller's word counts"],
)
def test_a_named_column_keeps_the_unit_of_its_heading(tmp_path: Path, headings: str, columns: str, area: float) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(f"{headings}\n" + rows(np.arange(41.0), E, 1e3 * I))
    np.testing.assert_allclose(read_polarization(path, area, read_columns(columns)).current_a_cm2, I, rtol=1e-6)


def test_a_named_column_keeps_its_logarithm_and_its_kilohertz(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    size = np.abs(I[I != 0])
    path.write_text("E (V),log|i| (A/cm2)\n" + rows(E[I != 0], np.log10(size)))
    curve = read_polarization(path, None, read_columns("potential=1,current=2"))
    np.testing.assert_allclose(curve.current_a_cm2, size, rtol=1e-6)
    path.write_text("f (kHz),Z' (kOhm),Z'' (kOhm)\n" + rows(F / 1e3, Z.real / 1e3, Z.imag / 1e3))
    (spectrum,) = read_spectra(path, None, read_columns("frequency=1,real=2,imaginary=3"))
    np.testing.assert_allclose(spectrum.frequency_hz, F, rtol=1e-7)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)


@pytest.mark.parametrize("columns", ["potential=1,current=2", "potential=1,current=2 (mX)"])
def test_a_unit_that_cannot_be_read_is_asked_for(tmp_path: Path, columns: str) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("E (V),Current (mA/in2)\n" + rows(E, I))
    with pytest.raises(BadInputError, match="no unit of current"):
        read_polarization(path, 1.0, read_columns(columns))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("row", [["-0.44", ""], ["-0.44", "1e-6", "range changed"], ["# current range changed"]])
def test_a_blank_a_note_or_a_comment_does_not_end_the_curve(tmp_path: Path, row: list[str], kind: str) -> None:
    lines = [["E (V)", "I (A)", "note"], *([repr(float(e)), repr(float(i))] for e, i in zip(E, I, strict=True))]
    lines.insert(25, row)
    path = tmp_path / f"curve.{kind}"
    if kind == "csv":
        path.write_text("\n".join(map(",".join, lines)))
    else:
        pandas.DataFrame([line + [""] * (3 - len(line)) for line in lines]).to_excel(path, index=False, header=False)
    curve = read_polarization(path, 1.0)
    extra = row[1:2] == ["1e-6"]
    np.testing.assert_allclose(np.delete(curve.potential_v, 24) if extra else curve.potential_v, E, rtol=1e-6)
    np.testing.assert_allclose(np.delete(curve.current_a_cm2, 24) if extra else curve.current_a_cm2, I, rtol=1e-6)
    assert any("1 of 42 rows" in note for note in curve.notes) == (row[1:] == [""])


def test_repeated_headings_begin_a_further_spectrum_or_sweep(tmp_path: Path) -> None:
    path = tmp_path / "stacked.csv"
    path.write_text("\n".join("f,Z',Z''\n" + rows(F, k * Z.real, k * Z.imag) for k in (1, 2)))
    first, second = read_spectra(path)
    np.testing.assert_allclose(second.impedance, 2 * first.impedance, rtol=1e-6)
    path.write_text("\n".join("E (V),I (A)\n" + rows(e, i) for e, i in ((E, I), (E[::-1], 2 * I[::-1]))))
    curve = read_polarization(path, 1.0)
    assert [len(sweep) for sweep in split_sweeps(curve)] == pytest.approx([41, 41], abs=2)
    assert any("2 tables with the same headings were joined" in note for note in curve.notes)
    path.write_text("\n".join("E (V),I (A)\n" + rows(E[: 41 - k], I[: 41 - k]) for k in range(8)))
    curve = read_polarization(path, 1.0)
    assert len(curve) == 41
    assert any("259 rows of the others were left out" in note for note in curve.notes)


@pytest.mark.parametrize("size", [False, True], ids=["signs", "magnitudes"])
@pytest.mark.parametrize("away", [True, False])
def test_two_half_scans_in_one_file_are_one_curve(tmp_path: Path, size: bool, away: bool) -> None:
    halves = ((E[:20][::-1], I[:20][::-1]), (E[20:], I[20:])) if away else ((E[:20], I[:20]), (E[20:][::-1], I[20:][::-1]))
    path = tmp_path / "halves.csv"
    path.write_text("\n".join("E (V),I (A)\n" + rows(e, np.abs(i) if size else i) for e, i in halves))
    curve = read_polarization(path, 1.0)
    assert curve.signed
    np.testing.assert_allclose(curve.potential_v, E, atol=1e-8)
    np.testing.assert_allclose(curve.current_a_cm2, np.where(E[20] > E, -np.abs(I), np.abs(I)) if size else I, rtol=1e-6)


@pytest.mark.parametrize("european", [False, True])
@pytest.mark.parametrize("separator", ["\t", ";"])
def test_signs_between_thousands_are_no_decimal_signs(tmp_path: Path, separator: str, european: bool) -> None:
    path = tmp_path / "spectrum.txt"
    swapped = str.maketrans(",.", ".,") if european else {}
    for form in ("{:,.0f}", "{:,.2f}"):
        f = np.round(F)
        lines = [separator.join([form.format(a), f"{b.real:.6f}", f"{b.imag:.6f}"]) for a, b in zip(f, Z, strict=True)]
        path.write_text(separator.join(["f (Hz)", "Z' (ohm)", "Z'' (ohm)"]) + "\n" + "\n".join(lines).translate(swapped))
        frequency = np.concatenate([spectrum.frequency_hz for spectrum in read_spectra(path)])
        np.testing.assert_allclose(frequency, np.unique(f)[::-1])


def test_rows_that_are_no_numbers_do_not_part_a_curve_from_its_units(tmp_path: Path) -> None:
    path = tmp_path / "steel.txt"
    lines = [f"{1e3 * e:.2f};{1e9 * i:.2f}" for e, i in zip(E, I, strict=True)]
    path.write_text("\n".join(["E / mV;I / nA", *["-450,,1;-1.277.34"] * 9, *lines]))
    with pytest.raises(BadInputError, match="part the numbers from the headings 'E / mV;I / nA'"):
        read_polarization(path, 1.0)


def test_decimal_commas_of_three_digits_stay_decimal(tmp_path: Path) -> None:
    path = tmp_path / "spectrum.txt"
    path.write_text("f;Z';Z''\n100,000;20,100;-3,200\n10,000;25,300;-6,100\n1,000;30,300;-9,500")
    assert read_spectra(path)[0].frequency_hz.tolist() == [100, 10, 1]


@pytest.mark.parametrize(
    ("heading", "columns", "upright"),
    [
        ("Z'' (ohm)", None, False),
        ("Z'' (ohm)", "frequency=1,real=2,imaginary=3", False),
        ("Z'' (ohm)", "frequency=1,real=2,imaginary=+3", True),
        ("Z'' (ohm)", "frequency=1,real=2,imaginary=-3", False),
        ("Z'' (ohm)", "frequency=1,real=2,imaginary=Z'' (ohm)", True),
        ("Z''", "frequency=1,real=2,imaginary=Z''", True),
        ("Z''", "frequency=1,real=2,imaginary=-Z''", False),
        ("-Z''", "frequency=1,real=2,imaginary=-Z''", False),
        ("c", "frequency=1,real=2,imaginary=3 (-Z'')", False),
    ],
)
def test_an_inductive_spectrum_stays_so_if_its_sign_is_named(
    tmp_path: Path, heading: str, columns: str | None, upright: bool
) -> None:
    """Z = 5 + (300 || jw 1 H); what the heading or the sign calls -Z'' is turned, and so is what nobody has named."""
    w = 2j * np.pi * F
    z = 5 + 1 / (1 / 300 + 1 / w)
    path = tmp_path / "inductive.csv"
    path.write_text(f"f (Hz),Z' (ohm),{heading}\n" + rows(F, z.real, z.imag))
    (spectrum,) = read_spectra(path, None, read_columns(columns))
    np.testing.assert_allclose(spectrum.impedance, z if upright else z.conj(), rtol=1e-6)
    assert any("imaginary=+3" in note for note in spectrum.notes) == (columns in (None, "frequency=1,real=2,imaginary=3"))


def test_a_heading_that_its_numbers_contradict_holds_but_is_told(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("f (Hz),Z' (ohm),-Z'' (ohm)\n" + rows(F, Z.real, Z.imag))
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z.conj(), rtol=1e-6)
    (said,) = spectrum.notes
    assert "the heading says -Z'' but its numbers are negative" in said
    (right,) = read_spectra(path, None, {"frequency": "1", "real": "2", "imaginary": "+3"})
    np.testing.assert_allclose(right.impedance, Z, rtol=1e-6)
    assert right.notes == ()


def test_a_spectrum_that_was_broken_off_is_not_mixed_with_whole_ones(tmp_path: Path) -> None:
    f, z = np.concatenate([F, F, F[:3]])[::-1], np.concatenate([Z, 2 * Z, 3 * Z[:3]])[::-1]
    path = tmp_path / "several.csv"
    for way in (-1, 1):
        path.write_text("f,Z',Z''\n" + rows(f[::way], z.real[::way], z.imag[::way]))
        found = read_spectra(path)
        assert [len(spectrum) for spectrum in found] == [21, 21]
        np.testing.assert_allclose(found[way == -1].impedance, 2 * Z, rtol=1e-6)
        assert any("3 rows of an unfinished spectrum were left out" in note for note in found[0].notes)
    swapped = np.r_[0, 2, 1, 3:21]
    path.write_text("f,Z',Z''\n" + rows(F[swapped], Z.real[swapped], Z.imag[swapped]))
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    assert any("out of order" in note for note in spectrum.notes)


def test_columns_without_headings_are_no_spectrum_unless_the_first_is_stepped_like_frequencies(tmp_path: Path) -> None:
    path = tmp_path / "bare.txt"
    jitter = np.random.default_rng(0).uniform(0.9, 1.1, len(E))
    for first in (np.arange(1.0, len(E) + 1), np.cumsum(jitter), E, 0.5 * np.arange(len(E))):
        path.write_text(rows(first, E, I))
        with pytest.raises(BadInputError, match="no frequencies; name the columns"):
            read_spectra(path)
    path.write_text(rows(np.tile(F, 2), np.tile(Z.real, 2), np.tile(Z.imag, 2)))
    assert [len(spectrum) for spectrum in read_spectra(path)] == [21, 21]


def test_a_second_curve_in_a_file_is_not_dropped_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("E (V),I (A),E (V),I (A)\n" + rows(E, I, E + 0.1, 2 * I))
    curve = read_polarization(path, 1.0)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    assert any("left out: 1 more column of current;" in note for note in curve.notes)
    path.write_text("E (V),I (A),E (V),I (A)\n" + rows(E[:20][::-1], -I[:20][::-1], E[21:], I[21:]))
    assert not any("left out" in note for note in read_polarization(path, 1.0).notes)


def test_a_row_at_no_frequency_is_left_out_of_foreign_formats_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(np.append(F, 0.0), np.append(Z, 1.0 + 0j))]
    monkeypatch.setattr("corrovis.electrochem.readers.read_foreign", lambda data, path: found)
    path = tmp_path / "cell.ids"
    path.write_bytes(b"anything")
    (spectrum,) = read_spectra(path)
    assert len(spectrum) == 21
    assert any("1 of 22 rows" in note for note in spectrum.notes)


def test_spectra_of_very_many_points_are_thinned_and_it_is_said(tmp_path: Path) -> None:
    f = np.linspace(1, 1e5, 30000)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    path = tmp_path / "long.csv"
    path.write_text("f,Z',Z''\n" + rows(f, z.real, z.imag))
    (spectrum,) = read_spectra(path)
    assert len(spectrum) <= 400
    assert any("30000 points were averaged" in note for note in spectrum.notes)
    expected = 20 + 1 / (1 / 500 + 2j * np.pi * spectrum.frequency_hz * 1e-5)
    np.testing.assert_allclose(np.abs(spectrum.impedance - expected) / np.abs(expected), 0, atol=5e-3)


def test_memory_does_not_grow_with_the_number_of_blocks() -> None:
    data = b"1 2\n1 2 3\n" * 400
    tracemalloc.start()
    read_tables(data, "blocks.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * len(data)  # the cells themselves


def test_a_small_workbook_of_repeated_cells_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ods"
    pandas.DataFrame({"E (V)": E, "I (A)": I}).to_excel(path, index=False, engine="odf")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    np.testing.assert_allclose(read_polarization(path, 1.0).current_a_cm2, I, rtol=1e-9)
    cell = b"<table:table-cell "
    assert cell in members["content.xml"]
    for repeat in (b'table:number-columns-repeated="200000" ', b'table:number-columns-repeated="many" '):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content.replace(cell, cell + repeat, 1) if name == "content.xml" else content)
        with pytest.raises(BadInputError, match=r"20000\d columns|damaged workbook"):
            read_polarization(path)


@pytest.mark.skipif(not DATA.exists(), reason="no instrument files: set CORROVIS_DATA")
def test_every_instrument_file_reads_or_is_refused() -> None:
    for path in (path for path in sorted(DATA.rglob("*")) if path.is_file() and "author_fits" not in path.parts):
        read = read_polarization if "pdp" in path.parts else read_spectra
        with pytest.raises(BadInputError, match=path.name) if path.name in REFUSED else contextlib.nullcontext():
            read(path)
