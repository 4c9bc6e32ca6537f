"""A visitor's desk in the steel tab: what is asked while something else is made is neither lost nor shown in its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import gradio as gr
import numpy as np
import pytest
from steel_visits import give
from torch import Tensor

from corrovis.errors import WeightsError
from corrovis.results import Float
from corrovis.steel.defects import DefectMaker, Variation
from corrovis.steel.plates import read_plate
from corrovis.steel.results import Brush, DefectPlate, Plate
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools, mask_beside
from corrovis.ui import steel_jobs
from corrovis.ui.steel import SteelTab
from corrovis.ui.steel_jobs import PlateVisit, SteelDesk
from corrovis.ui.turn import Turn


def sent(visit: PlateVisit) -> dict[str, Any]:
    return {"path": str(visit.path), "orig_name": visit.name}


class Meanwhile(DefectMaker):
    """While it works for the first time, something else is asked of the page, and answered."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.asked: list[Callable[[], Any]] = []

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *more: Any) -> Float:
        if self.asked:
            self.asked.pop()()
        return super().generate(grey, defects, variations, noise, *more)


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


def test_weights_that_fail_are_said_to_the_visitor(tmp_path: Path) -> None:
    class Damaged(DefectMaker):
        def __init__(self) -> None:
            self.classes = ("spots",)

        def add(self, plate: Plate, defect: str, brush: Brush) -> DefectPlate:
            raise WeightsError("steel-pegan.safetensors has another sha256; fetch it again")

    visit = give(tmp_path, 64, 80)
    with gr.Blocks(analytics_enabled=False):
        tab = SteelTab(SteelTools(Damaged(), None), [])
        with pytest.raises(gr.Error, match="another sha256"):
            tab.open(SteelDesk(), sent(visit))


@pytest.mark.parametrize("late", LATE)
def test_an_answer_for_a_plate_that_is_gone_is_not_shown(tab: SteelTab, tmp_path: Path, late: str) -> None:
    desk = SteelDesk()
    tab.open(desk, sent(give(tmp_path, 64, 80)))
    tab.tools.maker.asked.append(lambda: tab.open(desk, sent(give(tmp_path, 80, 80))))
    assert LATE[late](tab, desk, gr.EventData(None, {"seed": 5})) == gr.skip()
    assert desk.visit
    assert desk.visit.path == give(tmp_path, 80, 80).path
    assert (desk.visit.seed, desk.visit.strokes) == (0, ())


def test_brush_and_seed_leave_each_other_alone(tab: SteelTab, tmp_path: Path) -> None:
    desk, other = SteelDesk(), gr.EventData(None, {"seed": 5})
    tab.open(desk, sent(give(tmp_path, 64, 80)))
    tab.tools.maker.asked.append(lambda: tab.reseed(desk, other))
    LATE["put"](tab, desk, other)
    assert desk.visit
    assert desk.visit.seed == 5, "as the stage shows it, and so as it is saved"
    assert desk.visit.brushed


def test_of_two_plates_the_one_chosen_last_is_shown(tab: SteelTab, tmp_path: Path) -> None:
    """The page sends the second once the first has been answered, but notes it at once."""
    desk, first, second = SteelDesk(), sent(give(tmp_path, 64, 80)), sent(give(tmp_path, 80, 80))
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


def test_what_is_pressed_while_a_stroke_is_made_builds_on_it(tab: SteelTab, tmp_path: Path) -> None:
    turn, wiping = Waited(), []
    desk = SteelDesk(turn=turn)
    tab.open(desk, sent(give(tmp_path, 64, 80)))
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


def test_a_seed_that_comes_while_a_stroke_is_noted_is_not_lost(tab: SteelTab, tmp_path: Path) -> None:
    turn = Waited()
    desk = SteelDesk(turn=turn)
    tab.open(desk, sent(give(tmp_path, 64, 80)))
    with turn:
        seeding = Thread(target=tab.reseed, args=(desk, gr.EventData(None, {"seed": 5})))
        seeding.start()
        assert turn.come.wait(60)
        assert desk.visit
        assert desk.visit.seed == 0
    seeding.join()
    assert desk.visit.seed == 5


def test_undo_steps_back_in_the_plate_to_save(tab: SteelTab, tmp_path: Path) -> None:
    desk, nothing = SteelDesk(), {"layers": []}
    with pytest.raises(gr.Error, match="Choose a plate first"):
        tab.step_back(desk, nothing)
    tab.open(desk, sent(give(tmp_path, 64, 80)))
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


def test_the_page_says_of_which_class_a_set_lacks(tab: SteelTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"files": {"spots": [tmp_path / "a.png"]}, "dropped": {"unlike_class": 9, "duplicates": 0}}
    monkeypatch.setattr(steel_jobs, "write_zip", lambda *_: (tmp_path / "set.zip", [], answer))
    asked = {tab.desk: SteelDesk(), tab.kind: "spots", tab.count: 5, tab.set_seed: 0, tab.own: False, tab.clean: False}
    assert "Spots: only 1 of 5." in tab.make_set(asked)[1]
