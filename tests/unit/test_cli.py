"""The command line as its callers see it: JSON alone on standard output, exit 0 or 2, one line that helps."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import av
import numpy as np
import pytest
from command_line import Run
from PIL import Image
from rich.console import Console

from corrovis import cli
from corrovis.car.masking import CarMasker
from corrovis.commands import answers
from corrovis.render.video import FILM_SIDE
from corrovis.results import CarMask, Photo
from corrovis.settings import Settings
from corrovis.tasks.car import GREY, NO_CAR


@pytest.fixture
def car(tmp_path: Path, toy_photo: Photo) -> Path:
    path = tmp_path / "car.png"
    Image.fromarray(toy_photo.rgb).save(path)
    return path


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


def test_a_spinner_shows_a_file_s_name_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(answers, "err", Console(file=shown, force_terminal=True))
    with answers.working("inspecting", as_json=False) as now:
        now("inspecting pits [bold].png")
    assert "inspecting pits [bold].png ..." in shown.getvalue()


def test_where_no_inspector_looked_none_is_told(
    corrovis: Run, car: Path, toy_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = json.loads((toy_weights / "manifest.json").read_text())
    manifest["models"] = [record for record in manifest["models"] if record["name"] == "steel-pegan"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "steel-pegan.safetensors").symlink_to(toy_weights / "steel-pegan.safetensors")
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    answer = corrovis("defect", "add", car, "--class", "spots", "--out", "o.png")
    assert answer.code == 0, answer.err
    assert answer.out.split() == ["file", "class", "taken", "for", "o.png", "spots"]


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


def test_levels_that_are_nearly_the_same_have_files_of_their_own(corrovis: Run, car: Path, tmp_path: Path) -> None:
    answer = corrovis("age", car, "--out", tmp_path / "o", "--level", 1, "--level", 1.0000001, "--level", -0.0, "--json")
    assert len({level["file"] for level in answer.json["levels"]}) == 3
    assert Path(answer.json["levels"][2]["file"]).name == "level_0.png"


SHOWN = {
    "age": ["--level", "1", "--out", "o"],
    "grade": [],
    "material": [],
    "steel": [],
    "defect add": ["--class", "spots", "--out", "o.png"],
}


@pytest.mark.parametrize("command", SHOWN)
def test_what_was_done_to_a_picture_on_reading_it_is_told(
    corrovis: Run, toy_photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = [Image.fromarray(toy_photo.rgb), Image.fromarray(toy_photo.rgb[::-1])]
    frames[0].save("car.webp", save_all=True, append_images=frames[1:], lossless=True)
    words = (*command.split(), "car.webp", *SHOWN[command])
    said = corrovis(*words, "--json").json
    assert said.get("items", [said])[0]["warnings"][0] == "first frame of an animation"
    assert corrovis(*words).err.count("first frame of an animation") == 1


def test_a_labs_own_network_gets_the_threads_that_were_set(
    corrovis: Run, car: Path, toy_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("torch.set_num_threads", asked.append)
    monkeypatch.setenv("CORROVIS_THREADS", "3")
    assert corrovis("material", car, "--weights", toy_weights / "material.safetensors").code == 0
    assert asked == [3]


@pytest.mark.parametrize("threads", ["auto", "1025", "9" * 20])
def test_threads_that_cannot_be_are_one_line(corrovis: Run, car: Path, monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("CORROVIS_THREADS", threads)
    answer = corrovis("grade", car)
    assert answer.code == 2
    assert f"CORROVIS_THREADS is '{threads}'; set it to a whole number up to 1024, 0 for all cores, or leave it out" in answer.err


def test_an_interruption_is_one_line_and_exit_130(corrovis: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("corrovis.manifest.read_manifest", interrupted)
    answer = corrovis("models", "--json")
    assert (answer.code, answer.out, answer.err) == (130, "", "corrovis: it was interrupted; run it again\n")


def test_a_disk_that_is_full_is_one_line(corrovis: Run, car: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "level_0.png")

    monkeypatch.setattr("corrovis.tasks.car.save_png", full)
    answer = corrovis("age", car, "--out", tmp_path / "o")
    assert answer.code == 2
    assert "level_0.png could not be read or written (No space left on device)" in answer.err
    assert answer.err.count("\n") == 1


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


def test_models_lists_the_manifest_and_verifies_it(corrovis: Run, toy_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = corrovis("models", "--json")
    assert plain.json == json.loads((toy_weights / "manifest.json").read_text())
    read = Mock(return_value=Settings(toy_weights))
    monkeypatch.setattr(Settings, "from_environment", read)
    verified = corrovis("models", "--verify", "--json")
    assert read.call_count == 1
    assert verified.code == 0
    assert [record["verified"] for record in verified.json["models"]] == [True] * len(plain.json["models"])


def test_verify_finds_a_damaged_file_and_still_checks_the_others(
    corrovis: Run, toy_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in toy_weights.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / "car-rust.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    answer = corrovis("models", "--verify", "--json")
    assert answer.code == 2
    assert {record["name"]: record["verified"] for record in answer.json["models"] if not record["verified"]} == {
        "car-rust": False
    }
    assert "sha256" in answer.err


def test_missing_manifest_says_what_to_do(corrovis: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path / "nowhere"))
    answer = corrovis("models")
    assert answer.code == 2
    assert "set CORROVIS_WEIGHTS" in answer.err


def test_a_port_that_is_taken_is_one_line(corrovis: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """gradio would take the next free one, and `--json` would name a port on which somebody else answers."""
    served: list[str | None] = []
    monkeypatch.setattr(cli.runpy, "run_path", lambda *_, **__: served.append(os.environ.get("GRADIO_SERVER_PORT")))
    monkeypatch.setenv("GRADIO_SERVER_PORT", "")  # put back afterwards, whatever `serve` sets it to
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = corrovis("serve", "--port", port, "--json")
    beyond = corrovis("serve", "--port", 65536, "--json")
    for answer, said in ((taken, f"port {port} cannot be opened"), (beyond, "port 65536 cannot be opened")):
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.err
        assert "choose another with corrovis serve --port or GRADIO_SERVER_PORT" in answer.err
        assert answer.err.count("\n") == 1
    assert served == []
    assert corrovis("serve", "--port", port, "--json").json["port"] == port
    assert served == [str(port)]


@pytest.mark.parametrize("form", [["--json"], []])
@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "7860.5"])
def test_a_port_of_the_environment_that_is_none_is_one_line(
    corrovis: Run, monkeypatch: pytest.MonkeyPatch, text: str, form: list[str]
) -> None:
    """gradio reads it while it is imported, and fails."""
    served: list[object] = []
    monkeypatch.setattr(cli.runpy, "run_path", lambda *_, **__: served.append(1))
    monkeypatch.setenv("GRADIO_SERVER_PORT", text)
    answer = corrovis("serve", *form)
    assert (answer.code, answer.out, served) == (2, "", [])
    assert answer.err == f"corrovis: GRADIO_SERVER_PORT is {text!r}; set it to a number from 1 to 65535, or leave it out\n"


def test_the_port_that_was_set_is_held_or_refused(corrovis: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str | None] = []
    monkeypatch.setattr(cli.runpy, "run_path", lambda *_, **__: served.append(os.environ.get("GRADIO_SERVER_PORT")))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        monkeypatch.setenv("GRADIO_SERVER_PORT", taken)
        answer = corrovis("serve", "--json")
        assert (answer.code, answer.out, served) == (2, "", [])
        assert answer.err.startswith(f"corrovis: port {taken} cannot be opened")
    told = []
    for text in (taken, ""):
        monkeypatch.setenv("GRADIO_SERVER_PORT", text)
        told.append(corrovis("serve", "--json").json["port"])
    assert served == [str(port) for port in told]
    assert told[0] == int(taken)
    assert 7860 <= told[1] < 7960


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "127.0.0.1"),
        ({"SPACE_ID": "me/rust"}, "0.0.0.0"),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, "0.0.0.0"),
        ({"GRADIO_SERVER_NAME": "127.0.0.2", "SPACE_ID": "me/rust"}, "127.0.0.2"),
    ],
)
def test_only_a_space_and_who_asks_for_it_is_open_to_others(environment: dict[str, str], address: str) -> None:
    assert Settings.from_environment(environment) == Settings(address=address)


def test_what_is_set_to_nothing_is_not_set() -> None:
    names = ("CORROVIS_WEIGHTS", "CORROVIS_THREADS", "GRADIO_SERVER_NAME", "SPACE_ID")
    assert Settings.from_environment(dict.fromkeys(names, "")) == Settings()


def test_version_and_help(corrovis: Run) -> None:
    assert corrovis("--version").out.startswith("corrovis ")
    helped = corrovis("--help")
    assert helped.code == 0
    assert all(command in helped.out for command in ("age", "grade", "models", "serve"))
    bare = corrovis()
    assert bare.code == 2
    assert "Usage" in bare.out


@pytest.mark.parametrize(
    ("words", "default"),
    [
        (["age"], "0, 1, 2, 3"),
        (["inspect"], "what suits the picture"),
        (["layers"], "material"),
        (["tafel"], "the file's, or 1"),
        (["batch"], "this machine's cores"),
        (["defect", "erase"], "PLATE_erased.png, here"),
        (["serve"], "GRADIO_SERVER_PORT, or the first free from 7860"),
    ],
)
def test_help_names_the_defaults(corrovis: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], default: str) -> None:
    """What stands in square brackets is a style to rich, and is not shown."""
    monkeypatch.setenv("COLUMNS", "250")
    assert f"[default: {default}]" in corrovis(*words, "--help").out


def test_as_a_process(toy_weights: Path) -> None:
    """The installed entry point, once: `python -m corrovis.cli` is the same function."""
    command = [sys.executable, "-m", "corrovis.cli", "models", "--json"]
    done = subprocess.run(command, env={"CORROVIS_WEIGHTS": str(toy_weights)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {record["name"] for record in json.loads(done.stdout)["models"]} >= {"car-mask", "car-rust", "car-grade"}
