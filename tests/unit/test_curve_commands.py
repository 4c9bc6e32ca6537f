"""`corrovis tafel` and `corrovis eis`, and the tab's jobs: the contract's keys, files that open, one line for what is wrong."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_curves import write_curve

from corrovis import cli
from corrovis.curves import PolarizationCurve, Spectrum
from corrovis.electrochem.corrosion_rate import metal
from corrovis.errors import BadInputError
from corrovis.ui import electrochem_jobs as jobs

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def corrovis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["corrovis", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    return write_curve(tmp_path / "steel.csv", "E (V);I (mA)", 1e3)


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    f = np.logspace(5, -1, 40)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    path = tmp_path / "cell.csv"
    path.write_text("f,Z',Z''\n" + "\n".join(f"{a},{b.real},{b.imag}" for a, b in zip(f, z, strict=True)))
    return path


def test_tafel_answers_with_the_contracts_keys(corrovis: Run, curve: Path) -> None:
    code, out, err = corrovis("tafel", curve, "--area-cm2", 2, "--alloy", "carbon steel", "--reference", "SCE", "--json")
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    assert answer["e_corr_v"]["value"] == pytest.approx(-0.45, abs=1e-3)
    assert answer["i_corr_a_cm2"]["value"] == pytest.approx(1e-5, rel=0.02)
    assert answer["beta_a_v_dec"]["value"] == pytest.approx(0.08, abs=1e-3)
    assert answer["beta_c_v_dec"]["value"] == pytest.approx(0.12, abs=1e-3)
    assert answer["corrosion_rate_mm_y"]["value"] == pytest.approx(0.116, rel=0.02)
    assert answer["converged"] is True
    assert len(answer["window_v"]) == 2
    assert Path(answer["plot"]).read_bytes().startswith(b"\x89PNG")
    assert answer["warnings"] == []


def test_without_a_metal_the_rate_is_null_and_said(corrovis: Run, curve: Path) -> None:
    answer = json.loads(corrovis("tafel", curve, "--area-cm2", 2, "--json")[1])
    assert answer["corrosion_rate_mm_y"] == {"value": None, "sigma": None}
    assert any("no corrosion rate" in line for line in answer["warnings"])


def test_a_composition_gives_the_equivalent_weight(corrovis: Run, curve: Path) -> None:
    """Iron: 55.845 / 2 = 27.92 g, 0.0116 mm/year at 1 uA/cm2."""
    words = ("--composition", "Fe=99.5,C=0.5", "--density", 7.87)
    answer = json.loads(corrovis("tafel", curve, "--area-cm2", 2, *words, "--json")[1])
    assert answer["corrosion_rate_mm_y"]["value"] == pytest.approx(0.116, rel=0.02)
    weight, _ = (metal(None, None, 7.94, "Fe=68,Cr=17,Ni=12") or (0, 0))[:2]
    assert weight == pytest.approx(97 / (2 * 68 / 55.845 + 3 * 17 / 51.996 + 2 * 12 / 58.693), rel=1e-6)


def test_mixed_control_answers_its_limit_and_every_curve_its_resistance(corrovis: Run, tmp_path: Path) -> None:
    eta = np.arange(-0.35, 0.2, 0.004)
    cathodic = 10 ** (-eta / 0.12)
    current = 2e-5 * (10 ** (eta / 0.08) - cathodic / (0.9 + 0.1 * cathodic))
    path = tmp_path / "limited.csv"
    path.write_text("E (V),i (A/cm2)\n" + "\n".join(f"{e - 0.45:.5f},{i:.7g}" for e, i in zip(eta, current, strict=True)))
    answer = json.loads(corrovis("tafel", path, "--method", "mixed", "--json")[1])
    assert answer["i_limit_a_cm2"]["value"] == pytest.approx(2e-4, rel=0.02)
    b = 1 / (np.log(10) * (1 / 0.08 + 0.9 / 0.12))  # i_corr is a tenth of the limit
    assert answer["stern_geary_v"]["value"] == pytest.approx(b, rel=0.03)
    slope = 2e-5 * np.log(10) * (1 / 0.08 + 0.9 / 0.12)
    assert answer["polarisation_resistance_ohm_cm2"]["value"] == pytest.approx(1 / slope, rel=0.03)
    answer = json.loads(corrovis("tafel", path, "--method", "extrapolation", "--json")[1])
    assert (answer["i_limit_a_cm2"], answer["ohmic_resistance_ohm_cm2"]) == (None, None)
    answer = json.loads(corrovis("tafel", path, "--method", "resistance", "--stern-geary", b, "--json")[1])
    assert answer["i_corr_a_cm2"]["value"] == pytest.approx(b / answer["polarisation_resistance_ohm_cm2"]["value"])
    assert (answer["stern_geary_v"]["value"], answer["beta_a_v_dec"]["value"]) == (pytest.approx(b), None)


def test_several_curves_with_temperatures_give_an_activation_energy(corrovis: Run, curve: Path, tmp_path: Path) -> None:
    """i_corr follows exp(-E / R T) with E = 40 kJ/mol; a file that is no curve costs only its own item."""
    words: list[object] = []
    for kelvin, path in zip((303, 313, 323), series_of(tmp_path), strict=True):
        words += [path, "--temperature", kelvin]
    code, out, err = corrovis("tafel", *words, "nothing.csv", "--temperature", 333, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert [item["file"] for item in answer["items"]] == [*map(str, words[::3]), "nothing.csv"]
    assert "cannot be read" in answer["items"][3]["error"]
    assert answer["activation_energy_kj_mol"]["value"] == pytest.approx(40, abs=0.1)
    code, out, err = corrovis("tafel", *words[:6], "nothing.csv", "--temperature", 333, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["items"][0]["i_corr_a_cm2"]["value"] > 0, "the fits are not lost"
    assert answer["activation_energy_kj_mol"] is None
    assert "three or more" in answer["activation_error"]


def test_eis_answers_with_the_contracts_keys(corrovis: Run, spectrum: Path, tmp_path: Path) -> None:
    plot = tmp_path / "bode.svg"
    code, out, err = corrovis("eis", spectrum, "--circuit", "R0-p(R1,C1)", "--area-cm2", 2, "--plot", plot, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["circuit"] == "R0-p(R1,C1)"
    assert answer["parameters"]["R1"]["value"] == pytest.approx(1000, rel=1e-3)
    assert answer["parameters"]["R1"]["unit"] == "ohm cm2"
    assert set(answer["kramers_kronig"]) == {"mu", "residual_max"}
    (peak,) = answer["relaxation_times"]
    assert peak["tau_s"] == pytest.approx(5e-3, rel=0.2)
    assert peak["resistance"] == pytest.approx(1000, rel=0.05)
    assert "<svg" in Path(answer["plot"]).read_text()


def test_where_no_curve_could_be_fitted_json_says_why_of_each(corrovis: Run, spectrum: Path) -> None:
    code, out, err = corrovis("tafel", spectrum, "nothing.csv", "--json")
    assert code == 2
    assert [item["error"].split(" ")[0] for item in json.loads(out)["items"]] == ["cell.csv", "nothing.csv"]
    assert "none of 2 curves could be fitted" in err


def test_a_passive_curve_has_its_plateau_in_answer_table_and_file(corrovis: Run, tmp_path: Path) -> None:
    eta = np.arange(-0.2, 0.3, 0.004)
    anodic = 10 ** (eta / 0.08)
    path = tmp_path / "316L.csv"
    rows = zip(eta - 0.2, 1e-6 * (anodic / (0.95 + 0.05 * anodic) - 10 ** (-eta / 0.12)), strict=True)
    path.write_text("E (V),i (A/cm2)\n" + "\n".join(f"{e:.4f},{i:.7g}" for e, i in rows))
    assert json.loads(corrovis("tafel", path, "--json")[1])["i_passive_a_cm2"]["value"] == pytest.approx(2e-5, rel=0.01)
    (plateau,) = [line.split() for line in corrovis("tafel", path)[1].splitlines() if "Passive plateau" in line]
    assert (float(plateau[2]), plateau[-1]) == (pytest.approx(20, rel=0.01), "µA/cm²")
    request = jobs.CurveRequest(((path, "316L.csv"),))
    fits, _ = jobs.fit_all(jobs.read_all(request)[0], request)
    assert "Passive plateau" in jobs.table(fits, None)
    files = jobs.write_files(jobs.Made(fits), tmp_path)
    assert "i_passive_a_cm2" in files[3].read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["tafel", "cell.csv"], "holds an impedance spectrum"),
        (["eis", "steel.csv"], "polarisation curve"),
        (["eis", "cell.csv", "--circuit", "R0-X1"], "an element with a number, such as R0"),
        (["eis", "cell.csv", "--spectrum", "2"], "holds 1 spectrum, no number 2"),
        (["tafel", "steel.csv", "--alloy", "tin foil"], "no alloy is called tin foil"),
        (["tafel", "steel.csv", "--density", "7.87"], "needs both"),
        (["tafel", "steel.csv", "--alloy", "316L", "--density", "0"], "must be above 0"),
        (["tafel", "steel.csv", "--alloy", "316L", "--equivalent-weight", "0"], "must be above 0"),
        (["tafel", "steel.csv", "--window", "nan", "0"], "misses E_corr"),
        (["tafel", "steel.csv", "--columns", "potential"], "is not understood"),
        (["tafel", "steel.csv", "--stern-geary", "0.02"], "for the method resistance"),
        (["tafel", "steel.csv", "--composition", "Fe68"], "is not understood"),
        (["tafel", "steel.csv", "--composition", "Fe=68,Xx=32"], "no valence is known for Xx"),
        (["tafel", "steel.csv", "--composition", "Fe=68"], "sums to 68 %"),
        (["tafel", "steel.csv", "--composition", "Fe=100"], "needs both"),
        (["tafel", "steel.csv", "--temperature", "303", "--temperature", "313"], "2 temperatures for 1 file"),
        (["tafel", "steel.csv", "--plot", "curve.bmp"], "cannot be saved as .bmp"),
        (["tafel", "nothing.csv"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(corrovis: Run, curve: Path, spectrum: Path, words: list[str], why: str) -> None:
    code, out, err = corrovis(*words)
    assert code == 2
    assert out == ""
    assert why in err.splitlines()[-1]


def test_the_tab_shows_fits_and_files(curve: Path, spectrum: Path, tmp_path: Path) -> None:
    request = jobs.CurveRequest(((curve, "steel.csv"), (spectrum, "cell.csv")), alloy="304")
    curves, said = jobs.read_all(request)
    assert [one.name for one in curves] == ["steel.csv"]
    assert said == ["cell.csv is of another kind than the first file and was left out"]
    shown = json.loads(jobs.plot_value(curves, [], "SCE"))
    assert (len(shown["panels"]), shown["fitted"]) == (1, False)
    fits, problems = jobs.fit_all(curves, request)
    assert problems == []
    fitted = json.loads(jobs.plot_value(curves, fits, "SCE"))
    assert len(fitted["panels"]) == 2
    assert fitted["panels"][0]["window"][0] < -0.45 < fitted["panels"][0]["window"][1]
    assert (fitted["problem"], fitted["panels"][0]["window_of"]) == ("", None)
    paths = jobs.write_files(jobs.Made(fits, "SCE", request.metal), tmp_path)
    table = jobs.table(fits, request.metal)
    assert all(label in table for label in ("Cathodic slope", "Polarisation resistance", "Stern-Geary B", "mm/year"))
    assert "<h2>steel.csv" in table
    assert table.count('scope="col"') == 3
    assert jobs.keepers([tmp_path / "all.zip", *paths]).count('class="keeper"') == 6
    assert "e+" not in table
    assert [path.suffix for path in paths] == [".png", ".svg", ".pdf", ".csv", ".csv"]
    assert all(path.stat().st_size > 300 for path in paths)
    rows = {row["parameter"]: row for row in csv.DictReader(paths[3].open())}
    assert rows["i_corr_a_cm2"]["unit"] == "A/cm2"
    assert float(rows["i_corr_a_cm2"]["value"]) == pytest.approx(2e-5, rel=0.02)
    assert 0 < float(rows["beta_a_v_dec"]["sigma"]) < 0.01
    assert "i_limit_a_cm2" not in rows


def test_the_parameters_of_a_spectrum_go_home_with_their_units(spectrum: Path, tmp_path: Path) -> None:
    request = jobs.CurveRequest(((spectrum, "cell.csv"),), circuit="R0-p(R1,C1)")
    curves, _ = jobs.read_all(request)
    fits, _ = jobs.fit_all(curves, request)
    nyquist, _, _, left, _ = json.loads(jobs.plot_value(curves, fits, "SCE"))["panels"]
    assert len(nyquist["series"][1]["x"]) == 200, "the model's own line, not one from point to point"
    (fit,) = fits
    for one, part in zip(left["series"], (fit.residuals.real, fit.residuals.imag), strict=True):
        np.testing.assert_allclose(one["y"], 100 * part, rtol=1e-4)
    paths = jobs.write_files(jobs.Made(fits), tmp_path)
    assert "relaxation time in s" in paths[1].read_text(), "the figure shows what the page shows"
    rows = {row["parameter"]: row for row in csv.DictReader((tmp_path / "corrovis_parameters.csv").open())}
    assert (tmp_path / "corrovis_parameters.csv") in paths
    assert (float(rows["R1"]["value"]), rows["R1"]["unit"]) == (pytest.approx(500, rel=1e-3), "ohm")
    assert rows["C1"]["unit"] == "F"


def test_one_curve_that_fails_leaves_the_temperature_series_whole(curve: Path, tmp_path: Path) -> None:
    """The currents are the same at every temperature: the energy is 0, whichever file drops out."""
    broken = tmp_path / "branch.csv"
    broken.write_text("E (V),I (A)\n" + "\n".join(f"{0.1 + 0.01 * k},{1e-6 * 2**k}" for k in range(12)))
    letter = tmp_path / "letter.csv"
    letter.write_text("Dear Sir")
    files = ((curve, "a.csv"), (broken, "b.csv"), (letter, "c.csv"), (curve, "a.csv"), (curve, "a.csv"))
    request = jobs.CurveRequest(files, temperatures="303, 308, 310, 313, 323")
    curves, said = jobs.read_all(request)
    fits, problems = jobs.fit_all(curves, request)
    assert (len(fits), len(said), len(problems)) == (3, 1, 1)
    series = jobs.activation(fits, request)
    assert series is not None
    assert series.kelvin.tolist() == [303, 313, 323]
    assert series.energy.energy.value == pytest.approx(0, abs=1e-6)
    assert jobs.or_said(lambda: jobs.activation(fits, replace(request, temperatures="303, 313")), said) is None
    assert "2 temperatures for 5 files" in said[-1]


def test_columns_sweep_and_spectrum_are_chosen_on_the_page(spectrum: Path, tmp_path: Path) -> None:
    eta = np.arange(-0.2, 0.2, 0.004)
    current = 2e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    bare = tmp_path / "bare.txt"
    bare.write_text("\n".join(f"{k} {e - 0.45:.5f} {1e3 * i:.7g}" for k, (e, i) in enumerate(zip(eta, current, strict=True), 1)))
    with pytest.raises(BadInputError, match="3 columns without headings"):
        jobs.read_curve(bare, "bare.txt", jobs.CurveRequest(()))
    read = jobs.read_curve(bare, "bare.txt", jobs.CurveRequest((), columns="potential=2,current=3 (mA)"))
    assert isinstance(read, PolarizationCurve)
    np.testing.assert_allclose(read.current_a_cm2, current, rtol=1e-5)
    with pytest.raises(BadInputError, match="holds 1 spectrum, no number 2"):
        jobs.read_curve(spectrum, "cell.csv", jobs.CurveRequest((), spectrum=2))
    for sweep, said in (
        ("3", "bare.txt has 1 sweep, no number 3"),
        ("0", "'0' is no whole number from 1"),
        ("up", "'up' is no whole"),
    ):
        _, (problem,) = jobs.fit_all([read], jobs.CurveRequest((), sweep=sweep))
        assert said in problem


def test_a_spectrum_is_read_once(spectrum: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counting(path: Path) -> bytes:
        read.append(path)
        return path.read_bytes()

    monkeypatch.setattr("corrovis.electrochem.readers.read_bytes", counting)
    found = jobs.read_curve(spectrum, "cell.csv", jobs.CurveRequest((), area_cm2="2"))
    assert isinstance(found, Spectrum)
    assert (found.area_cm2, read) == (2, [spectrum])


def test_a_file_may_have_sweep_in_its_name(curve: Path) -> None:
    """One curve up, one up and down; the fit of each is drawn in its own colour and belongs to its own temperature."""
    lines = curve.read_text().splitlines()
    both = curve.with_name("both.csv")
    both.write_text("\n".join([*lines, *lines[:0:-1]]))
    names = ("LSV sweep 1.csv", "LSV sweep 2.csv", "LSV sweep 3 (up)")
    files = ((curve, names[0]), (both, names[1]), (curve, names[2]))
    request = jobs.CurveRequest(files, temperatures="303,313,323")
    curves, _ = jobs.read_all(request)
    fits, problems = jobs.fit_all(curves, request)
    assert problems == []
    lines_drawn = [one for one in json.loads(jobs.plot_value(curves, fits, "SCE"))["panels"][0]["series"] if one["line"]]
    assert [(one["colour"], one["ink"]) for one in lines_drawn] == [(0, True), (1, True), (2, True)]
    assert json.loads(jobs.plot_value(curves, fits, "SCE"))["panels"][0]["window_of"] == names[0], "of three windows one is shown"
    series = jobs.activation(fits, request)
    assert series is not None
    assert series.kelvin.tolist() == [303, 313, 323]


def series_of(folder: Path) -> list[Path]:
    """Three curves whose i_corr follows exp(-E / R T) with E = 40 kJ/mol."""
    eta, paths = np.arange(-0.2, 0.2, 0.004), []
    for kelvin in (303, 313, 323):
        current = 1e-5 * np.exp(-40e3 / 8.314462618 * (1 / kelvin - 1 / 303)) * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
        paths.append(folder / f"{kelvin}.csv")
        rows = (f"{e - 0.45:.5f},{i:.7g}" for e, i in zip(eta, current, strict=True))
        paths[-1].write_text("E (V),i (A/cm2)\n" + "\n".join(rows))
    return paths


def test_the_activation_energy_goes_into_files_table_and_plots(corrovis: Run, tmp_path: Path) -> None:
    paths = series_of(tmp_path)
    request = jobs.CurveRequest(tuple((path, path.name) for path in paths), temperatures="303,313,323")
    fits, _ = jobs.fit_all(jobs.read_all(request)[0], request)
    series = jobs.activation(fits, request)
    files = jobs.write_files(jobs.Made(fits, "SCE", None, series), tmp_path)
    rows = {row["parameter"]: row for row in csv.DictReader(files[3].open()) if row["fit"] == "Arrhenius"}
    assert float(rows["activation_energy_kj_mol"]["value"]) == pytest.approx(40, abs=0.1)
    assert float(rows["r_squared"]["value"]) == pytest.approx(1, abs=1e-4)
    assert "R² of the line" in jobs.table(fits, None, series)
    plots = {}
    for name, temperatures in (("with", [303, 313, 323]), ("without", [])):
        plots[name] = tmp_path / f"{name}.svg"
        asked = [word for kelvin in temperatures for word in ("--temperature", kelvin)]
        code, out, err = corrovis("tafel", *paths, *asked, "--plot", plots[name])
        assert code == 0, err
        assert ("Activation energy" in out) == bool(temperatures)
    assert len(plots["with"].read_text().split('id="axes_')) == len(plots["without"].read_text().split('id="axes_')) + 1


def test_what_a_fit_rests_on_is_in_table_and_file(curve: Path, tmp_path: Path) -> None:
    request = jobs.CurveRequest(((curve, "steel.csv"),), area_cm2="2,0", alloy="carbon steel")
    fits, _ = jobs.fit_all(jobs.read_all(request)[0], request)
    table = jobs.table(fits, request.metal)
    for label in ("Fit window from", "Fit window to", "Residual", "Area", "Equivalent weight", "Density"):
        assert label in table
    files = jobs.write_files(jobs.Made(fits, "SCE", request.metal), tmp_path)
    rows = {row["parameter"]: row for row in csv.DictReader(files[3].open())}
    assert (float(rows["area_cm2"]["value"]), float(rows["density_g_cm3"]["value"])) == (2.0, 7.87)
    assert float(rows["equivalent_weight_g"]["value"]) == pytest.approx(27.92, abs=0.01)
    assert float(rows["window_low_v"]["value"]) < -0.45 < float(rows["window_high_v"]["value"])
    low, high = float(rows["i_corr_a_cm2"]["low_95"]), float(rows["i_corr_a_cm2"]["high_95"])
    assert low < float(rows["i_corr_a_cm2"]["value"]) < high


def test_no_rate_is_said_once_for_all_curves(corrovis: Run, tmp_path: Path) -> None:
    paths = series_of(tmp_path)
    request = jobs.CurveRequest(tuple((path, path.name) for path in paths))
    fits, _ = jobs.fit_all(jobs.read_all(request)[0], request)
    assert jobs.table(fits, None).count("no corrosion rate") == 1
    assert corrovis("tafel", *paths)[2].count("no corrosion rate") == 1


def test_eis_says_in_words_what_its_json_holds(corrovis: Run, spectrum: Path) -> None:
    out = corrovis("eis", spectrum, "--circuit", "R0-p(R1,CPE1)", "--area-cm2", 2)[1]
    assert "µS s^alpha/cm²" in out
    for said in ("chi squared", "Kramers-Kronig, largest residual", "C of CPE1 (Brug)", "relaxation time 4.", " kΩ cm²"):
        assert said in out
    assert "runner-up R0-" in corrovis("eis", spectrum)[1]


def test_the_table_of_a_spectrum_calls_a_constant_phase_element_by_q_and_alpha(spectrum: Path) -> None:
    request = jobs.CurveRequest(((spectrum, "cell.csv"),), circuit="R0-p(R1,CPE1)")
    fits, _ = jobs.fit_all(jobs.read_all(request)[0], request)
    table = jobs.table(fits, None)
    assert ">CPE1 Q</th>" in table
    assert ">CPE1 α</th>" in table
    assert "S s<sup>α</sup>" in table
    assert "Kramers-Kronig, largest residual" in table


def test_a_metal_typed_is_checked_and_zero_is_no_metal() -> None:
    assert jobs.CurveRequest((), equivalent_weight="27,92", density="7.87").metal == metal(None, 27.92, 7.87)
    assert jobs.CurveRequest(()).metal is None
    with pytest.raises(BadInputError, match="must be above 0"):
        _ = jobs.CurveRequest((), equivalent_weight="0", density="7.87").metal
    with pytest.raises(BadInputError, match="must be above 0"):
        _ = jobs.CurveRequest((), alloy="304", density="0").metal
    with pytest.raises(BadInputError, match=r"'heavy' is not understood.* 27\.92$"):
        _ = jobs.CurveRequest((), equivalent_weight="heavy", density="7.87").metal


def test_limits_of_95_percent_stand_beside_sigma(corrovis: Run, curve: Path) -> None:
    answer = json.loads(corrovis("tafel", curve, "--area-cm2", 2, "--alloy", "304", "--json")[1])
    for key in ("e_corr_v", "i_corr_a_cm2", "beta_a_v_dec", "beta_c_v_dec", "corrosion_rate_mm_y"):
        assert answer[key]["low_95"] < answer[key]["value"] < answer[key]["high_95"]
    assert (answer["area_cm2"], answer["density_g_cm3"]) == (2, 7.94)


def test_potentials_of_the_table_are_against_the_reference_electrode(corrovis: Run, curve: Path) -> None:
    out = corrovis("tafel", curve, "--reference", "SCE")[1]
    assert (out.count(" mV vs SCE"), out.count(" V vs SCE")) == (1, 1)
