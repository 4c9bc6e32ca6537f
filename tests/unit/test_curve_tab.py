"""The electrochemistry tab as a visitor's events drive it, and what its plots show of a narrow window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from drawn_curves import write_curve

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
    plot, table, links = tab.fit(choices)
    assert json.loads(plot)["fitted"]
    assert "Cathodic slope" in table
    assert links == ""
    assert not list(curve.parent.glob("uploads/**/*.png"))
    assert tab.keep(desk).count('class="keeper"') == 6
    assert len(list(curve.parent.glob("uploads/**/*.png"))) == 1
    tab.show(choices)
    assert (desk.made, tab.keep(desk)) == (None, ""), "other files came"


def test_links_of_a_fit_that_is_past_are_not_shown(tab: ElectrochemTab, curve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = jobs.CurveDesk()
    tab.fit(asked(tab, curve, desk))

    def slow(made: jobs.Made, folder: Path) -> list[Path]:
        desk.made = replace(made)  # another fit ends while the files are written
        return []

    monkeypatch.setattr(jobs, "write_files", slow)
    assert tab.keep(desk) == gr.skip()


def test_while_a_curve_is_fitted_a_line_says_so_and_the_plot_stays(tmp_path: Path) -> None:
    """Gradio fades whatever it shows progress on."""
    with gr.Blocks() as page:
        tab = ElectrochemTab(tmp_path)
    shown = {str(event.name): event.show_progress_on for event in page.fns.values() if event.show_progress != "hidden"}
    assert shown == {"show": [tab.told], "fit": [tab.told]}


def test_b_is_given_on_the_page(tab: ElectrochemTab, curve: Path) -> None:
    desk = jobs.CurveDesk()
    tab.fit(asked(tab, curve, desk, method="resistance", stern_geary="0,02"))
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


def test_of_very_many_points_the_page_draws_500() -> None:
    for count, drawn in ((500, 500), (501, 251), (999, 500), (5000, 500)):
        assert len(series(np.arange(float(count)), np.zeros(count), "", 0, False)["x"]) == drawn


def test_no_reference_is_drawn_where_none_was_named(curve: Path) -> None:
    fit = fit_tafel(read_polarization(curve))
    assert [tafel_figure([fit], name).axes[1].get_xlabel() for name in ("", "SCE")] == ["E in V", "E in V against SCE"]
