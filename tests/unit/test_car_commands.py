"""`corrovis age` and `corrovis grade` as their callers see them: the files and figures, and one line on bad input."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from command_line import Run
from PIL import Image

from corrovis.car.masking import CarMasker
from corrovis.render.video import FILM_SIDE
from corrovis.results import CarMask, Photo
from corrovis.tasks.car import GREY, NO_CAR


def test_age_writes_what_its_json_says(corrovis: Run, car: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    answer = corrovis("age", car, "--out", out, "--level", 0, "--level", 1.5, "--level", 3, "--json")
    assert answer.code == 0, answer.err
    assert set(answer.json) == {"size", "levels", "car_mask", "seed", "model", "warnings", "seconds"}
    assert answer.json["size"] == [96, 72]
    assert (answer.json["seed"], answer.json["model"], answer.json["warnings"]) == (0, "car-rust", [])
    assert [item["level"] for item in answer.json["levels"]] == [0, 1.5, 3]
    assert all(set(item) == {"level", "file", "rust_fraction"} for item in answer.json["levels"])
    pictures = [np.asarray(Image.open(item["file"])) for item in answer.json["levels"]]
    assert np.array_equal(pictures[0], np.asarray(Image.open(car)))
    assert (pictures[2] != pictures[0]).any()
    fractions = [item["rust_fraction"] for item in answer.json["levels"]]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    with Image.open(answer.json["car_mask"]) as mask:
        assert mask.mode == "L"
        assert mask.size == (96, 72)
        assert set(np.unique(mask)) <= {0, 1}


def test_aged_files_are_marked_synthetic_and_level_0_is_not(corrovis: Run, car: Path, tmp_path: Path) -> None:
    answer = corrovis("age", car, "--out", tmp_path / "o", "--seed", 7, "--json")
    assert [item["level"] for item in answer.json["levels"]] == [0, 1, 2, 3]
    marks = [Image.open(item["file"]).text.get("Synthetic") for item in answer.json["levels"]]
    assert marks[0] is None
    assert all("not a prediction" in mark for mark in marks[1:])
    assert all(mark.endswith(f"level {level} of 3, seed 7") for level, mark in enumerate(marks) if mark)


def test_same_seed_same_rust_and_another_seed_other_rust(corrovis: Run, car: Path, tmp_path: Path) -> None:
    def aged(seed: int, folder: str) -> bytes:
        answer = corrovis("age", car, "--out", tmp_path / folder, "--level", 2, "--seed", seed, "--json")
        return Path(answer.json["levels"][0]["file"]).read_bytes()

    first = aged(1, "a")
    assert first == aged(1, "b")
    assert first != aged(2, "c")


def test_video_on_demand(corrovis: Run, car: Path, tmp_path: Path) -> None:
    answer = corrovis("age", car, "--out", tmp_path / "o", "--level", 1, "--video", "--seed", 7, "--json")
    assert answer.code == 0, answer.err
    with av.open(answer.json["video"]) as film:
        assert film.metadata["comment"].endswith("corrosion levels 0 to 3, seed 7")
    assert f"{FILM_SIDE} pixels" in " ".join(corrovis("age", "--help").out.replace("│", " ").split())


def test_what_another_run_left_in_the_folder_is_told(corrovis: Run, car: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    corrovis("age", car, "--out", out, "--level", 2, "--level", 3, "--video")
    answer = corrovis("age", car, "--out", out, "--level", 1, "--level", 3, "--json")
    assert answer.json["warnings"] == [f"{out} holds level_2.png, rusting.mp4 of an earlier run as well"]


@pytest.mark.parametrize("name", ["o", "fleet [old]", "y[/z]"])
def test_age_for_people_is_a_table(corrovis: Run, car: Path, tmp_path: Path, name: str) -> None:
    """A folder may be called like a style of rich's, which would not be shown, or like the end of one."""
    answer = corrovis("age", car, "--out", tmp_path / name, "--level", 1)
    assert answer.code == 0
    assert "rust" in answer.out
    assert f"car mask {tmp_path / name / 'car_mask.png'}\n" in answer.out


def test_one_car_can_be_aged_alone(corrovis: Run, car: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `--at` names reaches the masker, which `test_masking` tests."""
    asked: list[object] = []
    mask = CarMasker.mask

    def listened(self: CarMasker, photo: Photo, whole: bool = False, at: tuple[float, float] | None = None) -> CarMask:
        asked.append(at)
        return mask(self, photo, whole, at)

    monkeypatch.setattr(CarMasker, "mask", listened)
    answer = corrovis("age", car, "--out", tmp_path / "o", "--at", "60,40", "--json")
    assert answer.code == 0
    assert asked == [(60, 40)]
    assert answer.json["warnings"] == ["only one car can be told apart here, so it makes no difference which was asked for"]


@pytest.mark.parametrize("at", ["96,3", "3,72", "-1,3", "nan,3", "3,inf"])
def test_a_place_outside_is_refused_before_anything_is_done(
    corrovis: Run, car: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(CarMasker, "mask", lambda *_: pytest.fail("masked"))
    answer = corrovis("age", car, "--out", tmp_path / "o", "--at", at)
    assert answer.code == 2
    assert "is outside the picture of 96 x 72 pixels" in answer.err
    assert not (tmp_path / "o").exists()


def test_levels_that_are_nearly_the_same_have_files_of_their_own(corrovis: Run, car: Path, tmp_path: Path) -> None:
    answer = corrovis("age", car, "--out", tmp_path / "o", "--level", 1, "--level", 1.0000001, "--level", -0.0, "--json")
    assert len({level["file"] for level in answer.json["levels"]}) == 3
    assert Path(answer.json["levels"][2]["file"]).name == "level_0.png"


def test_a_disk_that_is_full_is_one_line(corrovis: Run, car: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "level_0.png")

    monkeypatch.setattr("corrovis.tasks.car.save_png", full)
    answer = corrovis("age", car, "--out", tmp_path / "o")
    assert answer.code == 2
    assert "level_0.png could not be read or written (No space left on device)" in answer.err
    assert answer.err.count("\n") == 1


BAD_AGE: dict[str, tuple[list[str], str]] = {
    "no such photo": (["none.jpg", "--out", "o"], "none.jpg cannot be read"),
    "a folder": ([".", "--out", "o"], ": . cannot be read, for it is a folder; name the files in it"),
    "level too high": (["car.png", "--out", "o", "--level", "3.5"], "level 3.5 is outside 0 to 3"),
    "level is no number": (["car.png", "--out", "o", "--level", "high"], "should be a valid number"),
    "level is NaN": (["car.png", "--out", "o", "--level", "nan"], "outside 0 to 3"),
    "seed below 0": (["car.png", "--out", "o", "--seed", "-1"], "seed -1 is outside 0 to 9007199254740992"),
    "seed beyond what JSON counts": (["car.png", "--out", "o", "--seed", str(2**53 + 1)], "is outside 0 to 9007199254740992"),
    "a pixel in words": (["car.png", "--out", "o", "--at", "left,top"], "--at left,top is no pixel; give two numbers"),
    "a pixel with a digit too many": (["car.png", "--out", "o", "--at", "4_0,3"], "--at 4_0,3 is no pixel; give two numbers"),
    "a pixel with one number": (["car.png", "--out", "o", "--at", "40"], "--at 40 is no pixel; give two numbers"),
    "a pixel outside": (["car.png", "--out", "o", "--at", "96,3"], "point (96, 3) is outside the picture of 96 x 72"),
    "all and one": (["car.png", "--out", "o", "--at", "9,3", "--whole"], "exclude each other; leave one out"),
    "no photo": (["--out", "o"], "Missing argument"),
    "out is a file": (["car.png", "--out", "car.png"], "cannot be made a folder"),
    "unknown option": (["car.png", "--colour", "red"], "No such option"),
}


@pytest.mark.parametrize("case", BAD_AGE)
@pytest.mark.parametrize("form", [["--json"], []])
def test_bad_input_is_one_line_and_exit_2(
    case: str, form: list[str], corrovis: Run, car: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, expected = BAD_AGE[case]
    monkeypatch.chdir(car.parent)
    answer = corrovis("age", *words, *form)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("corrovis: ")
    assert expected in answer.err


def test_grade_answers_in_order_and_goes_on_after_a_bad_file(corrovis: Run, car: Path, tmp_path: Path) -> None:
    bad = tmp_path / "page.jpg"
    bad.write_text("<html>")
    answer = corrovis("grade", car, bad, car, "--json")
    assert answer.code == 0, answer.err
    items = answer.json["items"]
    assert [item["file"] for item in items] == [str(car), str(bad), str(car)]
    assert "web page" in items[1]["error"]
    assert "severity" not in items[1]
    assert list(items[0]["probabilities"]) == ["none", "mild", "moderate", "severe"]
    assert sum(items[0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert items[0]["severity"] == max(items[0]["probabilities"], key=items[0]["probabilities"].get)
    assert items[0] == items[2]
    assert items[0]["warnings"] == []


def test_grade_says_that_it_saw_no_car(corrovis: Run, car: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corrovis.car.masking.LEAST_CAR", 1.1)
    answer = corrovis("grade", car)
    assert answer.code == 0
    assert answer.err == f"note: {car}: {NO_CAR}\n", "a line, longer than a window is wide"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grade_says_that_it_saw_no_colour(corrovis: Run, car: Path, tmp_path: Path, mode: str) -> None:
    grey = tmp_path / "grey.jpg"
    Image.open(car).convert("L").convert(mode).save(grey)
    assert corrovis("grade", grey, "--json").json["items"][0]["warnings"] == [GREY]


def test_grade_leaves_with_2_only_when_all_failed(corrovis: Run, tmp_path: Path) -> None:
    bad = tmp_path / "empty.jpg"
    bad.write_bytes(b"")
    answer = corrovis("grade", bad, tmp_path / "none.jpg", "--json")
    assert answer.code == 2
    assert [set(item) for item in answer.json["items"]] == [{"file", "error"}] * 2
    assert answer.err.count("\n") == 1
    assert "none of 2 files" in answer.err
