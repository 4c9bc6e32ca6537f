"""Files of instruments that measure several ways: the curve asked for is read, the other told of, and what lacks is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corrovis.curves import PolarizationCurve
from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.errors import BadInputError
from corrovis.ui.electrochem_jobs import CurveRequest, read_curve

E = np.linspace(-0.65, -0.25, 41)
I = 1e-5 * (10 ** ((E + 0.45) / 0.08) - 10 ** (-(E + 0.45) / 0.12))  # noqa: E741
F = np.logspace(4, 0, 21)
Z = 20 + 1 / (1 / 500 + 2j * np.pi * F * 1e-5)
VERSA = "Segment #,Point #,E(V),I(A),Elapsed Time(s),Frequency(Hz),Z Real,Z Imag"  # of every technique, 0 where it measures none


def joined(*columns: np.ndarray, separator: str) -> str:
    return "\n".join(separator.join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True))


def versa(segment: int, *columns: np.ndarray) -> str:
    at = np.arange(len(columns[0]))
    return joined(np.full(len(at), segment), at, *columns[:2], at, *columns[2:], separator=",")


def test_a_polarisation_curve_may_stand_beside_columns_of_impedance_that_are_0(tmp_path: Path) -> None:
    path = tmp_path / "tafel.par"
    path.write_text(f"<Segment1>\nDefinition={VERSA}\n{versa(0, E, I, 0 * E, 0 * E, 0 * E)}\n</Segment1>\n")
    np.testing.assert_allclose(read_polarization(path, 1.0).current_a_cm2, I, rtol=1e-6)
    assert isinstance(read_curve(path, path.name, CurveRequest(())), PolarizationCurve)


def test_of_a_file_with_two_techniques_the_spectrum_is_read_and_the_curve_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "both.DTA"
    head = "ZCURVE\tTABLE\n\tPt\tFreq\tZreal\tZimag\n\t#\tHz\tohm\tohm\n"
    cell = joined(np.arange(len(F)), F, Z.real, Z.imag, separator="\t")
    tafel = "\nCURVE\tTABLE\n\tPt\tVf\tIm\n\t#\tV vs. Ref.\tA\n" + joined(np.arange(len(E)), E, I, separator="\t")
    path.write_text(head + cell + tafel)
    with pytest.raises(BadInputError, match="for the potential and current beside it name the columns"):
        read_polarization(path, 1.0)
    curve, (spectrum,) = read_polarization(path, 1.0, {"potential": "2", "current": "3"}), read_spectra(path)
    np.testing.assert_allclose(curve.current_a_cm2, I, rtol=1e-6)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    assert any("of another technique too" in note for note in spectrum.notes)


@pytest.mark.parametrize(
    ("head", "why"),
    [("Z' (ohm),Z'' (ohm)", "no frequency among Z'"), ("f (Hz),Y' (S),Y'' (S)", "no pair of real and imaginary part")],
)
def test_the_page_says_what_a_spectrum_lacks(tmp_path: Path, head: str, why: str) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(head + "\n" + joined(*[Z.real, Z.imag, F][: head.count(",") + 1], separator=","))
    with pytest.raises(BadInputError, match=why):
        read_curve(path, path.name, CurveRequest(()))


@pytest.mark.parametrize("turn", [0, 1], ids=["turned at once", "lowest frequency measured twice"])
@pytest.mark.parametrize("first", [1, -1], ids=["down first", "up first"])
def test_a_sweep_down_and_up_again_is_two_spectra_and_not_their_mean(tmp_path: Path, first: int, turn: int) -> None:
    path = tmp_path / "there_and_back.csv"
    f, z = F[::first], Z[::first]
    back = slice(-2 + turn, None, -1)
    columns = [np.concatenate([one, two]) for one, two in ((f, f[back]), (z.real, 2 * z.real[back]), (z.imag, 2 * z.imag[back]))]
    path.write_text("f (Hz),Z' (ohm),Z'' (ohm)\n" + joined(*columns, separator=","))
    there, again = read_spectra(path)
    np.testing.assert_allclose(there.impedance, Z, rtol=1e-6)
    np.testing.assert_allclose(again.impedance, 2 * z[back][np.argsort(-f[back])], rtol=1e-6)
    assert len(again) == 20 + turn
    for number, spectrum in enumerate((there, again), 1):
        told, which = spectrum.notes
        assert "the frequency turns round" in told
        assert "differs by up to 100.0%" in told
        assert which == f"2 spectra in the file; this is number {number}"


def test_a_few_frequencies_measured_again_at_the_end_are_no_spectrum(tmp_path: Path) -> None:
    path = tmp_path / "checked.csv"
    some = np.r_[np.arange(21), 15, 10, 5]
    path.write_text("f (Hz),Z' (ohm),Z'' (ohm)\n" + joined(F[some], Z.real[some], Z.imag[some], separator=","))
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
