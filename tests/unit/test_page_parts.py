"""What every tab is built of."""

from __future__ import annotations

import io
import os
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.route_utils import delete_files_created_by_app
from gradio.routes import App
from PIL import Image
from starlette.testclient import TestClient

from corrovis.ui import page, parts
from corrovis.ui.examples import offer
from corrovis.ui.stopping import Run, Stoppable, make_told
from corrovis.ui.uploads import KEEP_S, SWEEP_S, fresh_folder, keep_examples, keep_sweeping, kept_by, own_uploads, sweep

ROOT = Path(__file__).resolve().parents[2]


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def test_old_folders_of_ours_go_and_nothing_else(uploads: Path) -> None:
    old, busy, young = (fresh_folder() for _ in range(3))
    for folder in (old, busy):
        (folder / "inspection").mkdir()
        (folder / "inspection" / "mask.png").write_bytes(b"a mask")
        aged(folder / "inspection" / "mask.png", KEEP_S + 1)
        aged(folder, KEEP_S + 1)
    (busy / "inspection" / "overlay.png").write_bytes(b"written just now")
    strange = uploads / "somebody-elses"
    strange.mkdir()
    aged(strange, 10 * KEEP_S)
    fresh = fresh_folder()
    assert old.exists(), "a request does not wait for the sweep"
    sweep()
    assert not old.exists()
    assert all(folder.is_dir() for folder in (busy, young, strange, fresh))
    assert list(fresh.iterdir()) == []


@pytest.mark.parametrize("name", ["ab" * 32, "ab" * 20, "tmpab12_xyz"])
def test_what_a_server_left_that_is_gone_is_swept(uploads: Path, name: str) -> None:
    """Uploads in folders called by a hash, also where gradio took the file out, and files half sent: nobody remembers them."""
    old, empty, young = uploads / name, uploads / ("cd" * 32), uploads / ("ef" * 32)
    for folder in (empty, young):
        folder.mkdir()
    if name.startswith("tmp"):
        old.write_bytes(b"half a photo")
    else:
        old.mkdir()
        (old / "visitor.jpg").write_bytes(b"a photo")
        aged(old / "visitor.jpg", KEEP_S + 1)
    for path in (old, empty):
        aged(path, KEEP_S + 1)
    sweep()
    assert list(uploads.iterdir()) == [young]


def test_examples_outlive_every_sweep(uploads: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Gradio copies them once, as old as they are, and would delete those that are lists of files itself."""
    table, picture = (tmp_path_factory.mktemp("examples") / name for name in ("curve.csv", "car.png"))
    for path in (table, picture):
        path.write_bytes(path.name.encode())
        aged(path, 10 * KEEP_S)
    with gr.Blocks(analytics_enabled=False) as blocks:
        offer([("A curve", [[str(table)]])], [gr.File(file_count="multiple")])
        offer([("A car", [str(picture)])], [gr.Image(type="filepath")])
    assert {block.label for block in blocks.blocks.values() if isinstance(block, gr.Dataset)} == {"Or try this one"}
    keep_examples(blocks)
    delete_files_created_by_app(blocks, age=None)
    sweep(kept_by(blocks))
    assert {path.name for path in uploads.rglob("*.*")} == {"curve.csv", "car.png"}


def test_uploads_lie_in_a_folder_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in gradio's may be another program's; a variable that is set to nothing names no folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    own_uploads()
    assert fresh_folder().parent.name == "corrovis"
    monkeypatch.setenv("GRADIO_TEMP_DIR", "elsewhere")
    own_uploads()
    assert os.environ["GRADIO_TEMP_DIR"] == "elsewhere"


def test_an_hour_is_the_longest() -> None:
    """What grows old right after a sweep waits for the next one."""
    assert SWEEP_S + KEEP_S <= 3600


PATIENCE_S = 600  # a busy build machine is slow, not wrong


def goes(folder: Path) -> bool:
    end = time.monotonic() + PATIENCE_S
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return not folder.exists()


def test_an_idle_server_is_swept_again_and_again(uploads: Path) -> None:
    stop = keep_sweeping(every_s=0.02)
    try:
        for _ in range(2):
            old = fresh_folder()
            aged(old, KEEP_S + 1)
            assert goes(old)
    finally:
        stop.set()


def test_sweeping_begins_with_the_page(uploads: Path, toy_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(toy_weights))
    old, swept = fresh_folder(), []
    aged(old, KEEP_S + 1)
    monkeypatch.setattr(gr.Blocks, "launch", lambda *_, **options: swept.append(goes(old)))
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert swept == [True]


def test_the_page_opens_without_a_network_whose_record_is_damaged(
    uploads: Path, toy_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in toy_weights.glob("*.safetensors"):
        (tmp_path / file.name).symlink_to(file)
    text = (toy_weights / "manifest.json").read_text()
    assert '"arch": "InspectorNet"' in text
    (tmp_path / "manifest.json").write_text(text.replace('"arch": "InspectorNet"', '"arch": null'))
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    doors: list[str] = []
    monkeypatch.setattr(gr.Blocks, "launch", lambda page, **_: doors.extend(str(fn.api_name) for fn in page.fns.values()))
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert "the record of steel-inspector in " in capsys.readouterr().err
    assert {"age_car", "inspect", "synthesize_sem"} <= set(doors)
    assert not {"classify_steel", "add_defect"} & set(doors)


@pytest.mark.parametrize("port", ["abc", "7860.5"])
def test_a_port_that_is_none_is_a_line_before_gradio_reads_it(port: str) -> None:
    started = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env={**os.environ, "GRADIO_SERVER_PORT": port}, capture_output=True, check=False
    )
    cure = "set it to a number from 1 to 65535, or leave it out"
    assert (started.returncode, started.stderr.decode()) == (2, f"corrovis: GRADIO_SERVER_PORT is {port!r}; {cure}\n")


def test_the_pages_own_files_are_utf_8_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in the C locale, or on Windows, takes another encoding for granted."""
    read, without = Path.read_text, []

    def noted(self: Path, encoding: str | None = None, errors: str | None = None) -> str:
        without.extend([] if encoding else [self.name])
        return read(self, encoding or "utf-8", errors)

    monkeypatch.setattr(Path, "read_text", noted)
    with gr.Blocks(analytics_enabled=False):
        parts.drawing("curve_plot", "curves")
    options: dict[str, Any] = page.launch_options()
    assert options["css"]
    assert without == []


@pytest.mark.parametrize(
    ("made", "where"),
    [
        ("<h1>", "parts.py"),
        ("parked", "parts.py"),
        ("gr.Examples(", "examples.py"),
        ("**CPU}", "parts.py"),
    ],
)
def test_what_tabs_share_is_made_in_one_place(made: str, where: str) -> None:
    assert [path.name for path in (ROOT / "corrovis/ui").glob("*.py") if made in path.read_text(encoding="utf-8")] == [where]


def test_headings_and_uploads_are_all_alike() -> None:
    with gr.Blocks(analytics_enabled=False):
        assert parts.hero("Head", "Lead").elem_classes == ["hero slim"]
        assert parts.hero("Head", "Lead", slim=False).value == "<h1>Head</h1><p>Lead</p>"
        photo, plate = (
            parts.picture_upload("A", "Drop", webcam=True),
            parts.picture_upload("B", "Drop", "steel-photo", height=190),
        )
    assert (photo.sources, photo.elem_classes) == (["upload", "clipboard", "webcam"], ["photo"])
    assert (plate.sources, plate.elem_classes, plate.height) == (["upload", "clipboard"], ["steel-photo"], 190)
    assert (photo.type, photo.format, photo.image_mode) == ("filepath", "png", None), (
        "undecoded, and lossless if a webcam made it"
    )


def test_a_handed_file_is_named_to_the_browser_and_a_failure_too() -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        saved = parts.Handing()
        button = gr.Button()
        saved.wire(button.click(lambda: None, None, saved.file, api_visibility="private"), "(file) => told(file)")
    made, *told = blocks.fns.values()
    assert [fn.js for fn in told] == ["(file) => told(file)"] * 2
    assert [fn.inputs for fn in told] == [[saved.file], []]
    assert [(fn.trigger_after, fn.trigger_only_on_success, fn.trigger_only_on_failure) for fn in told] == [
        (made._id, True, False),
        (made._id, False, True),
    ]


def test_a_run_is_stopped_by_the_button_that_stands_in_for_its_own() -> None:
    desk = Stoppable(stopped=True)
    with gr.Blocks(analytics_enabled=False) as blocks:
        run, told, kept = Run("Go", "Stop", "Stopping now"), make_told(), gr.State(desk)
        run.wire(kept, lambda asked: "done", ({kept}, [told]), told)
    pressed = {target: fn for fn in blocks.fns.values() for target in fn.targets}
    begun, ended = (pressed[button._id, "click"] for button in (run.go, run.stop))
    assert not begun.queue
    assert not ended.queue, "or it would wait for what it is to stop"
    go, stop, said = begun.fn(desk)
    assert (go.visible, stop.visible, stop.interactive, said, desk.stopped) == (False, True, True, "", False)
    stop = ended.fn(desk)
    assert (stop.value, stop.interactive, desk.stopped) == ("Stopping now", False, True)
    over = [fn for fn in blocks.fns.values() if [part._id for part in fn.outputs] == [run.go._id, run.stop._id]]
    assert {(fn.trigger_only_on_success, fn.trigger_only_on_failure) for fn in over} == {(True, False), (False, True)}
    assert [button.visible for button in over[0].fn()] == [True, False]


def test_a_shared_link_shows_our_title_and_picture_and_nothing_of_gradios() -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.HTML()
    client = TestClient(App.create_app(blocks, app_kwargs=page.launch_options()["app_kwargs"]))
    blocks.config["body_css"] = {}  # the theme's, which `launch` sets
    behind = {"x-forwarded-host": "rust.example", "x-forwarded-proto": "https"}
    sent = client.get("/", headers=behind)
    tags = re.findall(r'<meta\s+(?:property|name)="([^"]+)"\s+content="([^"]*)"', sent.text)
    names = [name for name, _ in tags if name.startswith(("og:", "twitter:", "description"))]
    assert len(names) == len(set(names)) > 5
    assert not any("radio" in text for _, text in tags)
    found = dict(tags)
    assert found["og:title"] == page.wording.PREVIEW_TITLE
    assert (found["og:url"], found["og:image"]) == ("https://rust.example/", "https://rust.example/preview.jpg")
    assert "<title>Corrovis</title>" in sent.text
    assert "window.gradio_config" in sent.text
    with Image.open(io.BytesIO(client.get("/preview.jpg").content)) as shown:
        assert shown.width >= 600, "or it is drawn as a small square"
    blocks.favicon_path = page.launch_options()["favicon_path"]  # as `launch` sets it
    assert "#b04e16" in client.get("/favicon.ico").text, "our mark in the browser's tab"


def test_the_footer_links_to_a_source_only_where_one_is_known() -> None:
    space = "https://huggingface.co/spaces/me/rust/tree/main"
    assert page.source_link({}) == ""
    assert page.source_link({"SPACE_ID": "me/rust"}) == space
    assert page.source_link({"SPACE_ID": "me/rust", "CORROVIS_SOURCE": "https://example.org"}) == "https://example.org"
    assert f'<a href="{space}"' in page.footer(space)
    assert "Source code: from whoever runs this page" in page.footer("")
    assert page.footer("").count("<a ") == 1
