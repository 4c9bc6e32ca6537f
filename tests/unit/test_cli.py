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

import pytest
from command_line import Run
from PIL import Image
from rich.console import Console

from corrovis import cli
from corrovis.commands import answers
from corrovis.results import Photo
from corrovis.settings import Settings


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


NUMBERS = [
    ("age", "a_1.jpg --out o_1 --seed 4_0", "'--seed': '4_0'"),
    ("age", "a_1.jpg --out o_1 --level 1 --level 1_0", "'--level': '1_0'"),
    ("tafel", "a_1.csv --window 0_1 2", "'--window': '0_1'"),
    ("synthesize sem", "--material x_x --out o_1 -n4_0", "'-n' / '--number': '4_0'"),
    ("serve", "--port 8_000", "'--port': '8_000'"),
]


@pytest.mark.parametrize(("command", "words", "wrong"), NUMBERS)
def test_a_number_with_an_underscore_is_none(corrovis: Run, command: str, words: str, wrong: str) -> None:
    """To Python 4_0 is 40; names of files may have one."""
    answer = corrovis(*command.split(), *words.split())
    said = f"corrovis: Invalid value for {wrong} is no number; see corrovis {command} --help\n"
    assert (answer.code, answer.err) == (2, said)


def test_names_of_files_may_have_underscores(corrovis: Run, tmp_path: Path) -> None:
    answer = corrovis("age", "a_1.jpg", "--out", tmp_path / "4_0", "--level", "1.5", "--seed", "4")
    assert answer.err == "corrovis: a_1.jpg cannot be read (No such file or directory); check the path\n"


def test_an_interruption_is_one_line_and_exit_130(corrovis: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("corrovis.manifest.read_records", interrupted)
    answer = corrovis("models", "--json")
    assert (answer.code, answer.out, answer.err) == (130, "", "corrovis: it was interrupted; run it again\n")


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
