"""What the steel tab does for a visitor, without a page."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from corrovis.errors import BadInputError, WeightsError
from corrovis.results import Float
from corrovis.steel.defects import DefectMaker, Variation
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import MARKED, read_plate, save_plate
from corrovis.steel.results import Brush, DefectPlate, Plate
from corrovis.steel.sets import SetOrder
from corrovis.steel.texture import clean_plate
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools, mask_beside
from corrovis.ui import steel_jobs
from corrovis.ui.steel import SteelTab, make_editor, painted_of
from corrovis.ui.steel_jobs import PlateVisit, SteelDesk, Stroke
from corrovis.ui.stopping import StoppedError
from corrovis.ui.turn import Turn

Give = Callable[[int, int], PlateVisit]


@pytest.fixture
def tools(toy_store: Store) -> SteelTools:
    return SteelTools(DefectMaker(toy_store), PatchInspector(toy_store))


@pytest.fixture
def give(tmp_path: Path) -> Give:
    def given(height: int, width: int) -> PlateVisit:
        path = tmp_path / f"{height}.png"
        Image.fromarray(clean_plate((height, width), 1)).save(path)
        return PlateVisit(path, "plate.png")

    return given


def sent(visit: PlateVisit) -> dict[str, Any]:
    return {"path": str(visit.path), "orig_name": visit.name}


def test_the_stage_gets_every_defect_and_what_is_seen_in_it(tools: SteelTools, give: Give) -> None:
    value = json.loads(steel_jobs.stage_value(tools, give(64, 80)))
    assert [cell["name"] for cell in value["cells"]] == list(tools.maker.classes)
    assert all(sum(cell["probabilities"].values()) == pytest.approx(1, abs=1e-3) for cell in value["cells"])
    assert (value["width"], value["height"], value["cropped"]) == (80, 64, False)


def test_of_a_large_plate_the_middle_is_shown(tools: SteelTools, give: Give) -> None:
    visit = give(300, 280)
    shown = steel_jobs.middle(steel_jobs.read(visit))
    assert np.array_equal(shown.pixels, steel_jobs.read(visit).pixels[22:278, 12:268])


def test_the_verdict_on_what_came_is_of_the_whole_plate(tools: SteelTools, give: Give) -> None:
    visit = give(300, 280)
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


def test_weights_that_fail_are_said_to_the_visitor(tools: SteelTools, give: Give) -> None:
    class Damaged(DefectMaker):
        def __init__(self) -> None:
            self.classes = ("spots",)

        def add(self, plate: Plate, defect: str, brush: Brush) -> DefectPlate:
            raise WeightsError("steel-pegan.safetensors has another sha256; fetch it again")

    visit = give(64, 80)
    with gr.Blocks(analytics_enabled=False):
        tab = SteelTab(SteelTools(Damaged(), None), [])
        with pytest.raises(gr.Error, match="another sha256"):
            tab.open(SteelDesk(), sent(visit))


class Meanwhile(DefectMaker):
    """While it works for the first time, something else is asked of the page, and answered."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.asked: list[Callable[[], Any]] = []

    def _generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *more: Any) -> Float:
        if self.asked:
            self.asked.pop()()
        return super()._generate(grey, defects, variations, noise, *more)


Late = Callable[[SteelTab, SteelDesk, gr.EventData], Any]
EVERYWHERE = {"layers": [np.full((64, 80, 4), 255, np.uint8)]}
LATE: dict[str, Late] = {
    "put": lambda tab, desk, event: tab.put_there(desk, EVERYWHERE, 1.0, 0, "spots"),
    "wiped": lambda tab, desk, event: tab.wipe_there(desk, EVERYWHERE, 1.0, 0),
    "other defects": lambda tab, desk, event: tab.reseed(desk, event),
}


@pytest.fixture
def tab(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SteelTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with gr.Blocks(analytics_enabled=False):
        return SteelTab(SteelTools(Meanwhile(toy_store), None), [])


@pytest.mark.parametrize("late", LATE)
def test_an_answer_for_a_plate_that_is_gone_is_not_shown(tab: SteelTab, give: Give, late: str) -> None:
    desk = SteelDesk()
    tab.open(desk, sent(give(64, 80)))
    tab.tools.maker.asked.append(lambda: tab.open(desk, sent(give(80, 80))))
    assert LATE[late](tab, desk, gr.EventData(None, {"seed": 5})) == gr.skip()
    assert desk.visit
    assert desk.visit.path == give(80, 80).path
    assert (desk.visit.seed, desk.visit.strokes) == (0, ())


def test_brush_and_seed_leave_each_other_alone(tab: SteelTab, give: Give) -> None:
    desk, other = SteelDesk(), gr.EventData(None, {"seed": 5})
    tab.open(desk, sent(give(64, 80)))
    tab.tools.maker.asked.append(lambda: tab.reseed(desk, other))
    LATE["put"](tab, desk, other)
    assert desk.visit
    assert desk.visit.seed == 5, "as the stage shows it, and so as it is saved"
    assert desk.visit.brushed


def test_of_two_plates_the_one_chosen_last_is_shown(tab: SteelTab, give: Give) -> None:
    """The page sends the second once the first has been answered, but notes it at once."""
    desk, first, second = SteelDesk(), sent(give(64, 80)), sent(give(80, 80))
    tab.note(desk, first)
    tab.tools.maker.asked.append(lambda: tab.note(desk, second))
    assert tab.open(desk, first) == gr.skip()
    assert desk.visit is None
    assert json.loads(tab.open(desk, second)[-1])["height"] == 80
    assert desk.visit


class Waited(Turn):
    """Tells when somebody has come to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.come = Event()

    def __enter__(self) -> None:
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self.come.set()
        super().__enter__()


def test_what_is_pressed_while_a_stroke_is_made_builds_on_it(tab: SteelTab, give: Give) -> None:
    turn, wiping = Waited(), []
    desk = SteelDesk(turn=turn)
    tab.open(desk, sent(give(64, 80)))
    upper = np.zeros((64, 80, 4), np.uint8)
    upper[:32] = 255

    def wipe() -> None:
        wiping.append(Thread(target=tab.wipe_there, args=(desk, {"layers": [upper[::-1]]}, 1.0, 0)))
        wiping[0].start()
        assert turn.come.wait(60)

    tab.tools.maker.asked.append(wipe)
    tab.put_there(desk, {"layers": [upper]}, 1.0, 0, "spots")
    wiping[0].join()
    assert desk.visit
    assert len(desk.visit.strokes) == 2
    put, both = (read_plate(path).pixels for path in desk.visit.strokes)
    assert np.array_equal(put[:32], both[:32])
    assert not np.array_equal(put[32:], both[32:])


def test_a_seed_that_comes_while_a_stroke_is_noted_is_not_lost(tab: SteelTab, give: Give) -> None:
    turn = Waited()
    desk = SteelDesk(turn=turn)
    tab.open(desk, sent(give(64, 80)))
    with turn:
        seeding = Thread(target=tab.reseed, args=(desk, gr.EventData(None, {"seed": 5})))
        seeding.start()
        assert turn.come.wait(60)
        assert desk.visit
        assert desk.visit.seed == 0
    seeding.join()
    assert desk.visit.seed == 5


def test_undo_steps_back_in_the_plate_to_save(tab: SteelTab, give: Give) -> None:
    desk, nothing = SteelDesk(), {"layers": []}
    with pytest.raises(gr.Error, match="Choose a plate first"):
        tab.step_back(desk, nothing)
    tab.open(desk, sent(give(64, 80)))
    for defect in ("spots", "crazing"):
        tab.put_there(desk, EVERYWHERE, 1.0, 0, defect)
    assert desk.visit
    first, second = desk.visit.strokes
    for drawn, wanted in ((EVERYWHERE, second), (nothing, first), (nothing, None), (nothing, None)):
        _, board, *buttons = tab.step_back(desk, drawn)
        assert desk.visit.brushed == wanted, "what is painted and not put there yet goes first"
        assert np.array_equal(board["background"], steel_jobs.editor_picture(desk.visit))
        found = [(button.value or {"path": None})["path"] for button in buttons]
        assert found == ([str(wanted), str(mask_beside(wanted))] if wanted else [None, None])


def test_desks_copied_for_each_visitor_wait_for_nobody_else() -> None:
    one, other = copy.deepcopy(SteelDesk()), copy.deepcopy(SteelDesk())
    with one.turn, other.turn:
        assert one.turn is not other.turn


def test_a_set_that_is_stopped_leaves_nothing(tab: SteelTab, tmp_path: Path) -> None:
    desk = SteelDesk()
    asked = {tab.desk: desk, tab.kind: "spots", tab.count: 5, tab.set_seed: 0, tab.own: False, tab.clean: True}
    tab.tools.maker.asked.append(lambda: setattr(desk, "stopped", True))
    sample, told, archive = tab.make_set(asked)
    assert (sample, archive) == ([], None)
    assert "nothing of this set was kept" in told
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    desk.stopped = False
    sample, _, archive = tab.make_set(asked)
    assert archive
    assert {caption for _, caption in sample} == {"Spots", "Clean"}
    assert Path(archive).name == "steel_spots_and_clean_5_seed_0.zip"


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


def test_deep_plates_stay_deep_in_their_set(tools: SteelTools, tmp_path: Path) -> None:
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


def test_the_page_says_of_which_class_a_set_lacks(tab: SteelTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"files": {"spots": [tmp_path / "a.png"]}, "dropped": {"unlike_class": 9, "duplicates": 0}}
    monkeypatch.setattr(steel_jobs, "write_zip", lambda *_: (tmp_path / "set.zip", [], answer))
    asked = {tab.desk: SteelDesk(), tab.kind: "spots", tab.count: 5, tab.set_seed: 0, tab.own: False, tab.clean: False}
    assert "Spots: only 1 of 5." in tab.make_set(asked)[1]


def mark_of(path: Path | None) -> str | None:
    assert path
    with Image.open(path) as image:
        return image.text.get("Synthetic")


def test_what_is_saved_says_how_strong_it_is(tools: SteelTools, give: Give, tmp_path: Path) -> None:
    files = [steel_jobs.write_patch(tools, give(64, 80), "spots", strength, tmp_path) for strength in (0, 0.4, 1)]
    assert [path.name for path in files] == [f"plate_spots_strength_{number}.png" for number in ("0.00", "0.40", "1.00")]
    wiped = steel_jobs.write_patch(tools, give(64, 80), "background", 1, tmp_path)
    assert wiped.name == "plate_wiped_strength_1.00.png"
    nothing, *marks = map(mark_of, files)
    assert nothing is None, "not a bit of it was changed"
    assert [str(mark).rsplit(", ", 1)[1] for mark in marks] == ["strength 0.4", "strength 1"]


def test_a_brushed_plate_stays_marked(tools: SteelTools, give: Give, tmp_path: Path) -> None:
    """A stroke of strength 0 changes nothing: neither a plate as it came nor one that was brushed before."""
    everywhere = np.ones((64, 80), np.bool_)
    untouched, brushed = (
        steel_jobs.brush(tools, give(64, 80), Stroke(everywhere, "spots", strength, 0), tmp_path) for strength in (0.0, 1.0)
    )
    assert mark_of(untouched.brushed) is None
    assert mark_of(brushed.brushed)
    assert mark_of(steel_jobs.brush(tools, brushed, Stroke(everywhere, "spots", 0.0, 0), tmp_path).brushed)


def test_strokes_add_up_and_leave_the_rest(tools: SteelTools, give: Give, tmp_path: Path) -> None:
    """The editor shows the plate four times as large; what is painted there falls on the plate's own pixels."""
    visit = give(96, 128)
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
