"""What the page's doors for programs accept and refuse, and what its handlers answer, without a server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import gradio as gr
import numpy as np
import pytest
from endpoints import Doors, sent
from micrographs import grains
from PIL import Image

from corrovis.car.ageing import Ager
from corrovis.car.masking import CarMasker
from corrovis.errors import NoCarError, advising
from corrovis.results import CarMask, Grade, Photo, Provenance
from corrovis.store import Store
from corrovis.ui import car_api, car_jobs, synthesis
from corrovis.ui.car import CarTab, grade_bars
from corrovis.ui.car_jobs import CarDesk, CarVisit
from corrovis.ui.inspect import InspectTab
from corrovis.ui.sem_jobs import MOST_PICTURES
from corrovis.ui.services import Services
from corrovis.ui.steel import SteelTab


@pytest.fixture
def car(car: Path) -> dict[str, Any]:
    """The toy photo, as a program sends it."""
    return sent(car)


WRONG_AGE: dict[str, tuple[dict[str, Any], str]] = {
    "seed below 0": ({"seed": -1}, "seed -1 is outside 0 to"),
    "seed in words": ({"seed": "many"}, "seed 'many' is no number"),
    "seed with a fraction": ({"seed": 1.5}, "seed 1.5 is outside 0 to"),
    "seed without end": ({"seed": float("inf")}, "seed inf is outside 0 to"),
    "level in words": ({"levels": ["high"]}, "levels 'high' is no number; leave levels out, or give one"),
    "levels that are none": ({"levels": {"a": 1}}, "levels {'a': 1} is no number"),
    "too many levels": ({"levels": [1.0] * 33}, "33 levels are too many for one request; ask for at most 32"),
    "a place in pixels": ({"at": [640, 480]}, "give [x, y] as shares"),
    "half a place": ({"at": [0.5]}, "give [x, y] as shares"),
    "a place in words": ({"at": "left"}, "give [x, y] as shares"),
    "all and one": ({"at": [0.5, 0.5], "whole": True}, "exclude each other; leave one out"),
}


@pytest.mark.parametrize("case", WRONG_AGE)
def test_a_wrong_request_is_answered_in_a_line(doors: Doors, car: dict[str, Any], case: str) -> None:
    asked, said = WRONG_AGE[case]
    with pytest.raises(gr.Error) as raised:
        doors["age_car"](car, **{"levels": [1], **asked})
    assert said in raised.value.message
    assert "\n" not in raised.value.message


def test_levels_may_be_one_several_or_left_out(doors: Doors, car: dict[str, Any]) -> None:
    for asked, wanted in ((2, [2]), ([0, 1.5], [0, 1.5]), (None, [0, 1, 2, 3]), ([], [0, 1, 2, 3])):
        assert [level["level"] for level in doors["age_car"](car, asked)["levels"]] == wanted


def test_one_of_two_cars_is_aged(tmp_path: Path) -> None:
    """A place is meant as shares of the photo's sides: the far corner is its last pixel."""
    asked: list[object] = []

    class Masker(CarMasker):
        def mask(self, photo: Photo, whole: bool = False, at: tuple[float, float] | None = None) -> CarMask:
            asked.append(at)
            car = np.ones(photo.size_hw, bool)
            return CarMask(car, car.astype(np.float32), ((0.2, 0.5), (0.8, 0.5)), Provenance("toy", "0" * 64, 0.0))

    class Rust(Ager):
        def age(self, photo: Photo, mask: CarMask, seed: int = 0) -> Any:
            return None

    Image.fromarray(np.full((60, 101, 3), 90, np.uint8)).save(tmp_path / "two.png")
    services = Services(Masker.__new__(Masker), Rust.__new__(Rust), None)
    for at in (car_api.point([0.25, 0.5]), car_api.point([1, 1]), car_api.point(None)):
        car_jobs.age(services, CarVisit(tmp_path / "two.png", "two.png", at=at))
    assert asked == [(25, 29), (100, 59), None]


@pytest.mark.parametrize(("seed", "name"), [(0, "car_levels.png"), (3, "car_seed_3_levels.png")])
def test_a_file_of_another_rust_says_which(toy_store: Store, toy_photo: Photo, tmp_path: Path, seed: int, name: str) -> None:
    Image.fromarray(toy_photo.rgb).save(tmp_path / "car.png")
    services = Services(CarMasker(toy_store), Ager(toy_store), None)
    made = car_jobs.write_file(services, CarVisit(tmp_path / "car.png", "car.png", seed), "strip", 2, tmp_path)
    assert made.name == name
    with Image.open(made) as strip:
        assert strip.text["Synthetic"].endswith(f"levels 0 to 3, seed {seed}")


def test_a_table_that_names_too_many_pictures_is_refused_before_one_is_inspected(doors: Doors, tmp_path: Path) -> None:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    lines = "".join(f"a.png,4,specimen {number}\n" for number in range(MOST_PICTURES + 1))
    (tmp_path / "t.csv").write_text("file,exposure_h,condition\n" + lines)
    with pytest.raises(gr.Error) as raised:
        doors["progression"](sent(tmp_path / "t.csv"), [sent(tmp_path / "a.png")])
    assert f"{MOST_PICTURES + 1} pictures are too many at once" in raised.value.message


def test_steels_numbers_are_checked_as_well(doors: Doors, car: dict[str, Any]) -> None:
    for asked, said in (({"strength": "full"}, "strength 'full' is no number"), ({"seed": -1}, "seed -1 is outside")):
        with pytest.raises(gr.Error) as raised:
            doors["add_defect"](car, "spots", **asked)
        assert said in raised.value.message
    with pytest.raises(gr.Error) as raised:
        doors["synthesize_steel"]("spots", "two")
    assert "n 'two' is no number" in raised.value.message


def test_no_car_says_what_a_program_can_do(toy_store: Store, toy_photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    masker = CarMasker(toy_store)
    monkeypatch.setattr(masker, "logits", lambda rgb, side: np.full((2, 24, 32), -9, np.float32))
    with (
        pytest.raises(NoCarError, match=r"or have the whole picture taken for car \(--whole\)$"),
        advising(NoCarError, "--whole"),
    ):
        masker.mask(toy_photo)


def test_the_page_grades_the_photo_as_it_came(tmp_path: Path) -> None:
    graded: list[tuple[int, int]] = []

    def grade(photo: Photo) -> Grade:
        graded.append(photo.size_hw)
        return Grade(np.array([0.7, 0.2, 0.06, 0.04], np.float32), Provenance("toy", "0" * 64, 0.0))

    Image.fromarray(np.full((40, 1500, 3), 90, np.uint8)).save(tmp_path / "long.png")
    visit, hints = CarVisit(tmp_path / "long.png", "long.png"), ["No car was found in it", "How likely each level is"]
    for sees_car, hint in enumerate(hints):
        services = Services(Mock(**{"sees_car.return_value": bool(sees_car)}), Mock(), Mock(grade=grade))
        shown = grade_bars(car_jobs.grade(services, visit))
        assert [text for text in hints if text in shown] == [hint]
        assert '<li class="most"><span>None</span>' in shown
        assert "<p>The photo has no colour, by which rust is told" in shown
    assert graded == [(40, 1500)] * 2


def asked_of(tab: Mock) -> dict[Any, int]:
    """A form with files in it and nothing else."""
    return defaultdict(int, {tab.files: 1})


NEEDS_A_FOLDER: dict[str, Callable[[Mock], Any]] = {
    "car": lambda tab: CarTab.keep(tab, CarDesk(), Mock()),
    "inspect": lambda tab: next(InspectTab.run(tab, asked_of(tab))),
    "steel": lambda tab: SteelTab.make_set(tab, asked_of(tab)),
}


@pytest.mark.parametrize("tab", NEEDS_A_FOLDER)
def test_a_full_disk_is_a_line_on_the_page(tab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(gr.Error, match=r"\(No space left on device\)"):
        NEEDS_A_FOLDER[tab](Mock())


def test_an_archive_that_the_disk_does_not_hold_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(synthesis.synthesis_jobs, "make", Mock())
    monkeypatch.setattr(synthesis, "pack", full)
    with pytest.raises(gr.Error, match=r"\(No space left on device\)"):
        synthesis.SynthesisSection.run(Mock(), "oxide", 1, 0, 64, Mock())
    with pytest.raises(gr.Error, match="already deleted"):
        CarTab.keep(Mock(), CarDesk(), Mock())
    assert list(tmp_path.iterdir()) == []


def full(*_: object, **named: object) -> None:
    raise OSError(28, "No space left on device", "/somewhere")


LATE: dict[str, Callable[[CarTab, CarDesk], Any]] = {
    "other rust": CarTab.reseed,
    "one of them": lambda tab, desk: tab.pick(desk, gr.EventData(None, {"x": 0.2, "y": 0.5})),
    "all of them": CarTab.everyone,
    "the whole picture": CarTab.whole,
    "its grade": CarTab.grade,
}


@pytest.mark.parametrize("late", LATE)
def test_an_answer_for_a_photo_that_was_removed_does_not_bring_it_back(
    car: dict[str, Any], late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = CarDesk()
    monkeypatch.setattr(car_jobs, "stage_value", lambda services, visit: visit.name)
    with gr.Blocks(analytics_enabled=False):
        tab = CarTab(Services(None, None, None), [])  # type: ignore[arg-type]
    assert tab.open(desk, car)[1] == "car.png"
    _, value = tab.reseed(desk)
    assert (value, desk.visit.seed) == ("car.png", 1)  # type: ignore[union-attr]

    def slow(*_: object) -> None:
        tab.open(desk, None)

    monkeypatch.setattr(car_jobs, "stage_value", slow)
    monkeypatch.setattr(car_jobs, "grade", slow)
    assert LATE[late](tab, desk) == gr.skip()
    assert desk.visit is None
