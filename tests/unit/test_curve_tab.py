"""The electrochemistry tab as a visitor's events drive it, and what its plots show of a narrow window."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from drawn_curves import write_curve

from corrovis.curves import Spectrum, method_of
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.readers import read_polarization
from corrovis.errors import BadInputError
from corrovis.render.plots import tafel_figure
from corrovis.tasks.curves import TafelRequest, fit_curve
from corrovis.ui import electrochem_jobs as jobs
from corrovis.ui.curve_plot import series
from corrovis.ui.electrochem import ElectrochemTab


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    return write_curve(tmp_path / "steel.csv", "E (V);i (A/cm2)", 1)


@pytest.fixture
def tab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ElectrochemTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with gr.Blocks():
        return ElectrochemTab(tmp_path)


def asked(tab: ElectrochemTab, file: Path, desk: jobs.CurveDesk, **other: Any) -> dict[Any, Any]:
    """What an event brings: every choice as the page has it at first, but the file and what is named."""
    named = {name: one for name, one in vars(tab).items() if isinstance(one, gr.components.Component)}
    return {one: other.get(name, getattr(one, "value", None)) for name, one in named.items()} | {
        tab.files: [str(file)],
        tab.desk: desk,
    }


def test_a_fit_is_seen_before_its_files_are_written(tab: ElectrochemTab, curve: Path) -> None:
    desk = jobs.CurveDesk()
    choices = asked(tab, curve, desk)
    *_, (plot, table, links, _) = tab.fit(choices)
    assert json.loads(plot)["fitted"]
    assert "Cathodic slope" in table
    assert links == ""
    assert not list(curve.parent.glob("uploads/**/*.png"))
    assert tab.keep(desk).count('class="keeper"') == 6
    assert len(list(curve.parent.glob("uploads/**/*.png"))) == 1
    tab.show(choices)
    assert (desk.made, tab.keep(desk)) == (None, ""), "other files came"


def test_a_file_is_read_once_however_often_its_window_is_dragged(
    tab: ElectrochemTab, curve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    reader = jobs.read_curve
    monkeypatch.setattr(jobs, "read_curve", lambda path, *rest: read.append(path.name) or reader(path, *rest))
    desk = jobs.CurveDesk()
    choices = asked(tab, curve, desk) | {tab.files: [str(curve), str(curve.parent / "gone.csv")]}
    *_, window, _ = tab.show(choices)[:5]
    drawn = []
    for edges in ((-0.6, -0.3), (-0.55, -0.35)):
        dragged = tab.remember(choices | {tab.window: window}, gr.EventData(None, {"edges": edges, "turn": window.turn + 1}))
        *_, (plot, _, _, _) = tab.fit(choices | {tab.window: dragged})
        drawn.append(json.loads(plot))
    assert read == ["steel.csv", "gone.csv"]
    assert drawn[0]["panels"][0]["window"] != drawn[1]["panels"][0]["window"]
    assert drawn[0]["problem"] == drawn[1]["problem"] != "", "what could not be read is said each time, and once"
    list(tab.fit(choices | {tab.area: "2"}))
    list(tab.fit(choices | {tab.columns: "potential=1,current=2"}))
    assert read == ["steel.csv", "gone.csv"] * 3, "read another way"


def test_links_of_a_fit_that_is_past_are_not_shown(tab: ElectrochemTab, curve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = jobs.CurveDesk()
    list(tab.fit(asked(tab, curve, desk)))

    def slow(made: jobs.Made, folder: Path) -> list[Path]:
        desk.made = replace(made)  # another fit ends while the files are written
        return []

    monkeypatch.setattr(jobs, "write_files", slow)
    assert tab.keep(desk) == gr.skip()


def test_a_fit_can_be_stopped(tab: ElectrochemTab, curve: Path) -> None:
    """What was fitted before stays; the next fit begins anew."""
    desk = jobs.CurveDesk()
    choices = asked(tab, curve, desk) | {tab.files: [str(curve), str(curve)]}
    for stopped in (True, False):
        steps = tab.fit(choices)
        assert next(steps)[3].interactive
        if stopped:
            assert not tab.end(desk).interactive
        *_, (plot, table, _, button) = steps
        assert ("stopped before" in json.loads(plot)["problem"], table == "") == (stopped, stopped)
        assert not button.interactive


def test_a_stop_is_heard_between_the_circuits_that_auto_tries() -> None:
    f = np.logspace(4, 0, 21)
    cell = Spectrum(f, 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5))
    left = [None, None]

    def heard() -> None:
        desk.stopped = not left
        desk.heard()
        left.pop()

    desk = jobs.CurveDesk()
    assert jobs.fit_all([cell], jobs.CurveRequest(()), heard) == ([], ["stopped before all curves were fitted"])


def test_while_a_curve_is_fitted_a_line_says_so_and_the_plot_stays(tmp_path: Path) -> None:
    """Gradio fades whatever it shows progress on."""
    with gr.Blocks() as page:
        tab = ElectrochemTab(tmp_path)
    shown = {str(event.name): event.show_progress_on for event in page.fns.values() if event.show_progress != "hidden"}
    assert shown == {"show": [tab.told], "fit": [tab.told]}


def test_b_is_given_on_the_page(tab: ElectrochemTab, curve: Path) -> None:
    desk = jobs.CurveDesk()
    list(tab.fit(asked(tab, curve, desk, method="resistance", stern_geary="0,02")))
    assert desk.made
    (fit,) = desk.made.fits
    assert isinstance(fit, jobs.TafelFit)
    assert fit.stern_geary.value == 0.02


def test_columns_named_the_other_way_round_are_suspected(curve: Path) -> None:
    columns = {"potential": "2 (V)", "current": "1 (A)"}
    turned = read_polarization(curve, 1.0, columns)
    with pytest.raises(BadInputError, match="the other way round"):
        fit_curve(turned, TafelRequest(columns=columns))
    right = read_polarization(curve, columns={"potential": "1", "current": "2"})
    with pytest.raises(BadInputError, match=r"no number 3$"):
        fit_curve(right, TafelRequest(columns={"potential": "1", "current": "2"}, sweep=3))


def test_residuals_of_a_narrow_window_have_an_axis_of_their_own(curve: Path) -> None:
    read = read_polarization(curve)
    for window, shared in (((-0.49, -0.41), False), ((-0.6, -0.3), True)):
        fit = fit_tafel(read, "butler-volmer", window)
        upper, lower = tafel_figure([fit]).axes
        assert (upper.get_xlim() == lower.get_xlim()) is shared
        if not shared:
            assert lower.get_xlim() == pytest.approx((fit.window_v[0] - 0.0024, fit.window_v[1] + 0.0024), abs=3e-4)
        _, left = json.loads(jobs.plot_value([read], [fit], ""))["panels"]
        assert ("frame" in left) is not shared


def test_fit_windows_of_several_curves_do_not_darken_the_plot(curve: Path) -> None:
    """One is as high as the axes; several are bars that do not lie over each other."""
    fit = fit_tafel(read_polarization(curve))
    for count in (1, 6):
        windows = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for bar in tafel_figure([fit] * count).axes[0].patches)
        assert len(windows) == count
        assert (windows[0][1] == 1) is (count == 1)
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(windows))


def test_of_very_many_points_the_page_draws_500() -> None:
    for count, drawn in ((500, 500), (501, 251), (999, 500), (5000, 500)):
        assert len(series(np.arange(float(count)), np.zeros(count), "", 0, False)["x"]) == drawn


def test_no_reference_is_drawn_where_none_was_named(curve: Path) -> None:
    fit = fit_tafel(read_polarization(curve))
    assert [tafel_figure([fit], name).axes[1].get_xlabel() for name in ("", "SCE")] == ["E in V", "E in V against SCE"]


def test_the_reference_electrode_goes_into_table_and_files(tab: ElectrochemTab, curve: Path, tmp_path: Path) -> None:
    """Potentials alone are against it, and the points read back as they were written."""
    desk, named = jobs.CurveDesk(), "Ag/AgCl (3 M)"
    *_, (_, table, _, _) = tab.fit(asked(tab, curve, desk, reference=named))
    assert table.count(f"<td>mV vs {named}</td>") == 3
    assert table.count(f"vs {named}") == 3
    assert desk.made
    *_, parameters, points = jobs.write_files(desk.made, tmp_path)
    units = {row["parameter"]: row["unit"] for row in csv.DictReader(parameters.open())}
    assert {units[key] for key in ("e_corr_v", "window_low_v", "window_high_v")} == {f"V vs {named}"}
    assert (units["stern_geary_v"], units["beta_a_v_dec"]) == ("V", "V/decade")
    (fit,) = desk.made.fits
    assert isinstance(fit, jobs.TafelFit)
    assert points.read_text().startswith(f"E (V) vs {named},")
    back = read_polarization(points)
    np.testing.assert_array_equal(back.potential_v, fit.potential_v)
    np.testing.assert_array_equal(back.current_a_cm2, fit.measured_a_cm2)


def test_an_area_that_a_spectrum_does_not_need_is_said_to_be_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    f = np.logspace(4, 0, 21)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    rows = [f"{a},{b.real},{b.imag}" for a, b in zip(f, z, strict=True)]
    for unit, said, factor in (("ohm cm2", ("impedance is per area already; the area was not applied",), 1), ("ohm", (), 2)):
        path.write_text("\n".join([f"f (Hz),Z' ({unit}),Z'' ({unit})", *rows]))
        spectrum = jobs.read_curve(path, "cell.csv", jobs.CurveRequest((), area_cm2="2"))
        assert isinstance(spectrum, Spectrum)
        assert spectrum.notes == said
        np.testing.assert_allclose(spectrum.impedance, factor * z)


def test_temperatures_are_read_as_people_type_them(curve: Path) -> None:
    names = ("a.csv", "b.csv", "c.csv")
    fits: list[jobs.Fit] = [fit_tafel(read_polarization(curve, name=name)) for name in names]
    request = jobs.CurveRequest(tuple((curve, name) for name in names))
    for text, kelvin in (
        ("303,15; 313,15; 323,15", [303.15, 313.15, 323.15]),
        ("30 °C, 40 °C, 50 °C", [303.15, 313.15, 323.15]),
        ("30; 40,5; 50 ℃", [303.15, 313.65, 323.15]),
        ("30C 40 C, 323.15 K", [303.15, 313.15, 323.15]),
        ("303 313 323", [303, 313, 323]),
        ("303,313,323 k", [303, 313, 323]),
    ):
        series = jobs.activation(fits, replace(request, temperatures=text))
        assert series is not None
        assert series.kelvin.tolist() == pytest.approx(kelvin)
    for text, said in (("303,15 313,15 323,15", "put semicolons between"), ("303, warm", "numbers in kelvin, or with °C")):
        with pytest.raises(BadInputError, match=said):
            jobs.activation(fits, replace(request, temperatures=text))


def test_numbers_are_read_in_their_own_units() -> None:
    for text, area in (("1.2", 1.2), ("1,2 cm²", 1.2), ("120mm^2", 1.2), ("0.5 dm2", 50), ("1e-4 m²", 1)):
        assert jobs.CurveRequest((), area_cm2=text).area == pytest.approx(area)
    for text in ("26 mV", "0,026 V", ".026"):
        assert jobs.CurveRequest((), method="resistance", stern_geary=text).tafel.stern_geary_v == pytest.approx(0.026)
    metal = jobs.CurveRequest((), equivalent_weight="27.92 g", density="7870 kg/m³").metal
    assert metal is not None
    assert metal[:2] == pytest.approx((27.92, 7.87))


def test_a_wrong_number_is_told_with_an_example_of_its_own_and_the_curve_stays(tab: ElectrochemTab, curve: Path) -> None:
    for field, text, said in (
        ("area", "1.2 ft2", "such as 1.2"),
        ("area", "0", "area 0 cm² is not possible"),
        ("stern_geary", "26 kg", "such as 0.026"),
    ):
        desk = jobs.CurveDesk()
        *_, (plot, table, _, _) = tab.fit(asked(tab, curve, desk, method="resistance", **{field: text}))
        drawn = json.loads(plot)
        assert said in drawn["problem"]
        assert len(drawn["problem"].splitlines()) == 1
        assert len(drawn["panels"][0]["series"][0]["x"]) > 90, "the points are seen"
        assert (desk.made, table) == (None, ""), "no number rests on it"


def test_of_too_many_files_those_left_out_are_named(curve: Path) -> None:
    request = jobs.CurveRequest(tuple((curve, f"{kelvin}.csv") for kelvin in range(303, 338, 5)))
    curves, said = jobs.read_all(request)
    assert [one.name for one in curves][-1] == "328.csv"
    assert said == ["only the first 6 files are read and fitted; left out: 333.csv"]


def test_the_marks_of_a_saved_plot_are_named_beside_the_data(curve: Path) -> None:
    for method, b, marks in (("auto", None, ["fit", "Tafel lines", "i corr", "fit window"]), ("resistance", 0.02, None)):
        figure = tafel_figure([fit_tafel(read_polarization(curve), method_of(method), stern_geary_v=b)])
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == (marks or ["fit", "i corr", "fit window"])
        figure.draw_without_rendering()
        assert legend.get_window_extent().y0 >= figure.axes[0].get_window_extent().y1
