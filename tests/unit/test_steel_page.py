"""What the steel tab does for a visitor, without a page."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest
from PIL import Image
from steel_visits import give

from corrovis.errors import BadInputError
from corrovis.results import Float
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import MARKED, read_plate, save_plate
from corrovis.steel.results import Plate
from corrovis.steel.sets import SetOrder
from corrovis.steel.texture import clean_plate
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools
from corrovis.ui import steel_jobs
from corrovis.ui.steel import make_editor, painted_of
from corrovis.ui.steel_jobs import PlateVisit, Stroke
from corrovis.ui.stopping import StoppedError


@pytest.fixture
def tools(toy_store: Store) -> SteelTools:
    return SteelTools(DefectMaker(toy_store), PatchInspector(toy_store))


def test_the_stage_gets_every_defect_and_what_is_seen_in_it(tools: SteelTools, tmp_path: Path) -> None:
    value = json.loads(steel_jobs.stage_value(tools, give(tmp_path, 64, 80)))
    assert [cell["name"] for cell in value["cells"]] == list(tools.maker.classes)
    assert all(sum(cell["probabilities"].values()) == pytest.approx(1, abs=1e-3) for cell in value["cells"])
    assert (value["width"], value["height"], value["cropped"]) == (80, 64, False)


def test_of_a_large_plate_the_middle_is_shown(tmp_path: Path) -> None:
    visit = give(tmp_path, 300, 280)
    shown = steel_jobs.middle(steel_jobs.read(visit))
    assert np.array_equal(shown.pixels, steel_jobs.read(visit).pixels[22:278, 12:268])


def test_the_verdict_on_what_came_is_of_the_whole_plate(tools: SteelTools, tmp_path: Path) -> None:
    visit = give(tmp_path, 300, 280)
    value = json.loads(steel_jobs.stage_value(tools, visit))
    assert value["as_it_came"] == steel_jobs.seen(tools, steel_jobs.read(visit))
    assert value["probabilities"] == steel_jobs.seen(tools, steel_jobs.middle(steel_jobs.read(visit)))


def test_the_page_says_what_was_done_to_a_plate_and_why_to_doubt_the_answer(tools: SteelTools, tmp_path: Path) -> None:
    """As the command line and programs are told."""
    patch = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8), (0, 0), 1)
    large = cv2.resize(patch, (200, 200), interpolation=cv2.INTER_CUBIC)
    save_plate(Plate(large), tmp_path / "large.png", "drawn")
    said = json.loads(steel_jobs.stage_value(tools, PlateVisit(tmp_path / "large.png", "large.png")))["warnings"]
    assert said[0] == MARKED
    assert "finer than this enlarged picture; give the 64 px original" in said[1]
    assert "200 x 200 pixels without fine detail" in said[2]


def test_a_set_of_which_nothing_passes_can_be_stopped(tools: SteelTools, tmp_path: Path) -> None:
    class Never(PatchInspector):
        def probabilities(self, grey: Float) -> Float:
            return np.zeros((len(grey), len(self.classes)), np.float32)

    heard: list[int] = []

    def go_on() -> None:
        heard.append(1)
        if len(heard) == 3:
            raise StoppedError

    strict = SteelTools(tools.maker, Never(tools.maker.store))
    with pytest.raises(StoppedError):
        steel_jobs.write_zip(strict, SetOrder(("spots",), 300), tmp_path / "set", lambda patch: None, go_on)
    assert len(heard) == 3
    assert not (tmp_path / "set").exists()


def test_what_is_painted_lets_the_steel_show_through() -> None:
    with gr.Blocks(analytics_enabled=False):
        brush = make_editor().brush
    assert brush
    assert [colour[1] for colour in brush.colors] == [0.5]


@pytest.mark.parametrize("ending", ["gif", "png", "avif"])
def test_a_set_is_made_of_any_plate_that_the_page_shows(tools: SteelTools, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"plate.{ending}"
    Image.fromarray(clean_plate((96, 96), 1)).save(path)
    visit, folder = PlateVisit(path, path.name), tmp_path / "clean"
    folder.mkdir()
    order = SetOrder(("spots",), 1, 0, steel_jobs.clean_folder(visit, folder))
    *_, answer = steel_jobs.write_zip(SteelTools(tools.maker, None), order, tmp_path / "set", lambda patch: None)
    assert len(answer["files"]["spots"]) == 1
    assert np.array_equal(read_plate(folder / "plate.png").pixels, steel_jobs.read(visit).pixels)


def test_deep_plates_stay_deep_in_their_set(tmp_path: Path) -> None:
    deep = (clean_plate((96, 96), 1).astype(np.uint16) << 8) + 3
    Image.fromarray(deep).save(tmp_path / "plate.png")
    steel_jobs.clean_folder(PlateVisit(tmp_path / "plate.png", "plate.png"), tmp_path)
    assert np.array_equal(read_plate(tmp_path / "plate.png").pixels, deep)


def test_a_class_without_patches_does_not_empty_the_sample(
    tools: SteelTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"spots": [], "crazing": [tmp_path / "a.png", tmp_path / "b.png"], "scratches": [tmp_path / "c.png"]}
    monkeypatch.setattr(steel_jobs, "write_set", lambda *_: {"files": files})
    (tmp_path / "set").mkdir()
    _, some, _ = steel_jobs.write_zip(tools, SetOrder(("spots",), 1), tmp_path / "set", lambda patch: None)
    assert [path.name for path in some] == ["a.png", "c.png", "b.png"]


def test_a_broken_plate_is_a_line_on_the_stage(tools: SteelTools, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_text("<html>")
    value = json.loads(steel_jobs.stage_value(tools, PlateVisit(tmp_path / "b.png", "b.png")))
    assert "not a picture" in value["problem"]


def mark_of(path: Path | None) -> str | None:
    assert path
    with Image.open(path) as image:
        return image.text.get("Synthetic")


def test_what_is_saved_says_how_strong_it_is(tools: SteelTools, tmp_path: Path) -> None:
    files = [steel_jobs.write_patch(tools, give(tmp_path, 64, 80), "spots", strength, tmp_path) for strength in (0, 0.4, 1)]
    assert [path.name for path in files] == [f"plate_spots_strength_{number}.png" for number in ("0.00", "0.40", "1.00")]
    wiped = steel_jobs.write_patch(tools, give(tmp_path, 64, 80), "background", 1, tmp_path)
    assert wiped.name == "plate_wiped_strength_1.00.png"
    nothing, *marks = map(mark_of, files)
    assert nothing is None, "not a bit of it was changed"
    assert [str(mark).rsplit(", ", 1)[1] for mark in marks] == ["strength 0.4", "strength 1"]


def test_a_brushed_plate_stays_marked(tools: SteelTools, tmp_path: Path) -> None:
    """A stroke of strength 0 changes nothing: neither a plate as it came nor one that was brushed before."""
    everywhere = np.ones((64, 80), np.bool_)
    untouched, brushed = (
        steel_jobs.brush(tools, give(tmp_path, 64, 80), Stroke(everywhere, "spots", strength, 0), tmp_path)
        for strength in (0.0, 1.0)
    )
    assert mark_of(untouched.brushed) is None
    assert mark_of(brushed.brushed)
    assert mark_of(steel_jobs.brush(tools, brushed, Stroke(everywhere, "spots", 0.0, 0), tmp_path).brushed)


def test_strokes_add_up_and_leave_the_rest(tools: SteelTools, tmp_path: Path) -> None:
    """The editor shows the plate four times as large; what is painted there falls on the plate's own pixels."""
    visit = give(tmp_path, 96, 128)
    painted = np.zeros((384, 512), bool)
    painted[40:160, 80:240] = True
    first = steel_jobs.brush(tools, visit, Stroke(painted, "spots", 1.0, 0), tmp_path)
    second = steel_jobs.brush(tools, first, Stroke(painted[::-1], "crazing", 1.0, 0), tmp_path)
    assert first.brushed
    assert second.brushed
    before, one, two = (read_plate(path).pixels.astype(int) for path in (visit.path, first.brushed, second.brushed))
    upper = np.zeros((96, 128), bool)
    upper[9:41, 19:61] = True
    assert (before != one)[upper].mean() > 0.5
    assert not (before != one)[~upper].any()
    assert not (one != two)[upper].any()
    assert first.mask
    assert second.mask
    masks = [np.asarray(Image.open(mask)) for mask in (first.mask, second.mask)]
    number = {name: 1 + tools.maker.defects.index(name) for name in ("spots", "crazing")}
    assert set(np.unique(masks[0])) == {0, number["spots"]}
    assert (masks[0] > 0)[22:28, 32:48].all()
    assert not masks[0][~upper].any()
    assert np.array_equal(masks[1][:48], masks[0][:48])
    assert set(np.unique(masks[1][48:])) == {0, number["crazing"]}
    wiped = steel_jobs.brush(tools, second, Stroke(painted, "background", 1.0, 0), tmp_path)
    assert wiped.mask
    assert set(np.unique(np.asarray(Image.open(wiped.mask)))) == {0, number["crazing"]}
    thin = np.zeros((96, 128), bool)
    thin[40:60] = True
    assert [steel_jobs.brush(tools, visit, Stroke(one, "spots", 1.0, 0), tmp_path).narrow for one in (thin, painted)] == [
        True,
        False,
    ]
    with pytest.raises(BadInputError, match="is empty"):
        steel_jobs.brush(tools, visit, Stroke(np.zeros((9, 9), bool), "spots", 1.0, 0), tmp_path)


def test_the_editors_layers_are_one_mask() -> None:
    layers = np.zeros((2, 5, 6, 4), np.uint8)
    layers[0, 1, 2], layers[1, 3, 4, 3] = 255, 9
    assert np.argwhere(painted_of({"layers": list(layers)})).tolist() == [[1, 2], [3, 4]]
    assert not painted_of({"layers": []}).any()
    assert not painted_of(None).any()


def test_a_set_goes_home_as_one_archive(tools: SteelTools, tmp_path: Path) -> None:
    heard: list[str] = []
    unchecked = SteelTools(tools.maker, None)
    order = SetOrder(("spots", "crazing"), 2)
    archive, some, answer = steel_jobs.write_zip(unchecked, order, tmp_path / "set", lambda patch: heard.append(patch.defect))
    assert len(heard) == 4 == len(some)
    assert len(answer["files"]["spots"]) == 2
    assert archive.name == "steel_all_2_seed_0.zip"
    assert steel_jobs.archive_name(SetOrder(("spots",), 20, 3)) == "steel_spots_20_seed_3"
    names = zipfile.ZipFile(archive).namelist()
    assert "manifest.csv" in names
    with pytest.raises(BadInputError, match="at most 300"):
        steel_jobs.write_zip(unchecked, SetOrder(("spots",), 301), tmp_path / "set", lambda patch: None)
