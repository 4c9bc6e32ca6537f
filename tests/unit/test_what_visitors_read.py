"""Words that reach visitors: no folder of the server, nothing that their tab has no field for, units as people write them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from micrographs import grains, with_bar

from corrovis.curves import Spectrum
from corrovis.electrochem.impedance import fit_circuit
from corrovis.errors import WeightsError
from corrovis.images import save_png
from corrovis.manifest import read_manifest, verify
from corrovis.sem.fields import read_field
from corrovis.sem.material import notes_of
from corrovis.settings import WEIGHTS
from corrovis.ui import electrochem_jobs
from corrovis.ui.complaints import complaining
from corrovis.ui.curve_plot import Aside


def test_of_a_damaged_weight_a_visitor_hears_without_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "car.safetensors"
    path.write_bytes(b"cut short")
    spec = replace(next(iter(read_manifest(WEIGHTS).values())), file=path.name)
    with pytest.raises(WeightsError, match=str(path)):
        verify(spec, path)
    with pytest.raises(gr.Error) as caught, complaining():
        verify(spec, path)
    assert "missing or damaged" in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert str(path) in caplog.text, "whoever runs the server is told all of it"


@pytest.mark.parametrize(
    ("side", "said"), [("bottom", "data bar cropped: 28 rows below"), ("top", "data bar cropped: 28 rows above")]
)
def test_a_material_is_told_without_the_scale(tmp_path: Path, side: str, said: str) -> None:
    picture = with_bar(grains(), side, 0)
    save_png(np.repeat(picture[..., None], 3, axis=2), tmp_path / "bar.png", None)
    field = read_field(tmp_path / "bar.png")
    assert any("pixel size" in note for note in field.notes), "the bar drawn has a scale bar"
    assert notes_of(field) == [said]


def test_a_field_without_a_bar_is_told_nothing_of_one(tmp_path: Path) -> None:
    save_png(np.repeat(grains()[..., None], 3, axis=2), tmp_path / "plain.png", None)
    assert notes_of(read_field(tmp_path / "plain.png")) == []


def test_impedance_is_tabled_in_ohm_as_it_is_plotted() -> None:
    f = np.logspace(5, -1, 50)
    spectrum = Spectrum(f, 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5), "cell", per_area=True)
    fits = [fit_circuit(spectrum, "R0-p(R1,C1)")]
    table = electrochem_jobs.table(fits, None)
    assert "<td>Ω cm²</td>" in table
    assert "<td>µF/cm²</td>" in table
    assert "ohm" not in table.replace("ohmic", "")
    assert "cm2" not in table


def test_warnings_call_things_as_the_table_does() -> None:
    line = "beta_c is uncertain at 1 cm2; slopes and i_corr are tied; the ohmic drop of 3 ohm cm2 bends E_corr"
    said = "the cathodic slope is uncertain at 1 cm²; slopes and i corr are tied; the ohmic drop of 3 Ω cm² bends E corr"
    assert electrochem_jobs.plain(line) == said
    value = electrochem_jobs.plot_value([], [], "", aside=Aside(problems=(line, line)))
    assert json.loads(value)["problem"] == said
