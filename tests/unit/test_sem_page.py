"""What the inspect tab does without a page: what the browser is sent, problems said, files packed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import gradio as gr
import pytest
from micrographs import grains, with_bar
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.sem.inspection import Inspector
from corrovis.sem.pixel_size import GIVEN
from corrovis.sem.results import PixelSize
from corrovis.sem.segmentation import Segmenter
from corrovis.store import Store
from corrovis.tasks.inspect_request import InspectRequest, request_of
from corrovis.ui import inspect, sem_jobs
from corrovis.ui.inspect import InspectTab
from corrovis.ui.parts import PRIVATE, WORK
from corrovis.ui.sem_jobs import InspectDesk, Refused, Seen, is_text
from corrovis.ui.wording import inspection as wording


def test_pictures_above_the_jobs_limits_are_refused(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    monkeypatch.setattr("corrovis.images.MAX_PIXELS", 10_000)
    uploads = [(tmp_path / "a.png", "mine.png")]
    (said,) = sem_jobs.inspect_uploads(Inspector(Segmenter(toy_store)), uploads, tmp_path / "o", InspectRequest())
    assert said.line["error"] == "mine.png is 240 x 180, 0 megapixels; the limit is 0: make it smaller"
    full = Mock(side_effect=OSError(28, "No space left on device", str(tmp_path)))
    monkeypatch.setattr("corrovis.tasks.inspection.inspect_file", full)
    (said,) = sem_jobs.inspect_uploads(Inspector(Segmenter(toy_store)), uploads, tmp_path / "o", InspectRequest())
    assert said.line["error"] == "mine.png: No space left on device"


def test_a_run_can_be_stopped_and_shows_what_it_has(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gallery, table and archive grow with every picture; what is left out is said once."""
    for number in range(4):
        Image.fromarray(grains(seed=number)).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").write_text("<html>")
    monkeypatch.setattr(inspect, "fresh_folder", lambda: tmp_path / "home")
    tab, told = object.__new__(InspectTab), []
    tab.inspector, parts = Inspector(Segmenter(toy_store)), ("desk", "files", "model", "scale", "bar")
    for part in parts:
        setattr(tab, part, part)
    names = ("bad", 0, 1, 2, 3)
    desk, pack = InspectDesk(), sem_jobs.pack_visit
    monkeypatch.setattr(sem_jobs, "pack_visit", lambda visit: pack(visit) if taken(desk) else None)
    asked = dict(zip(parts, (desk, [str(tmp_path / f"{name}.png") for name in names], "", "", ""), strict=True))
    for told_of in ("Warning", "Info"):
        monkeypatch.setattr(inspect.gr, told_of, told.append)
    steps = []
    for step in InspectTab.run(tab, asked, lambda done, desc: None):
        steps.append(step)
        if len(steps) == 3:
            desk.stopped = True
    assert [len(step[2].value) for step in steps] == [1, 2, 3, 4], "the one that ran when it was stopped is shown too"
    assert told == ["1 of 5 could not be read, see the table"]
    packed = [step[4] for step in steps if isinstance(step[4], gr.File)]
    assert [file.label for file in packed] == ["So far: 2 of 5 pictures", "So far: 4 of 5 pictures", wording.DOWNLOAD]
    assert all(Path(file.value["path"]).name == "inspection.zip" for file in packed), "and packed while nobody else could write"


def test_a_look_at_a_picture_loses_none_that_comes_meanwhile(tmp_path: Path) -> None:
    """Clicks go on while pictures come: whoever looks changes the visit in his turn, and waits for it."""
    (first, *others), desk = (Seen(tmp_path, f"{n}.png", tmp_path, {}) for n in range(40)), InspectDesk()
    desk.add(first, tmp_path)
    with ThreadPoolExecutor(1) as another:
        for one in others:
            with desk.turn:
                click = another.submit(desk.look_at, 0)
                before = wait([click], 0.001).done
                desk.add(one, tmp_path)
            assert (before, click.result() is desk.visit) == (set(), True)
    assert desk.visit is not None
    assert len(desk.visit.found) == 40


def test_a_click_at_the_run_before_changes_nothing(tmp_path: Path) -> None:
    """Its pictures are in the page until the first of the next run is shown."""
    desk, tab = InspectDesk(), cast(Any, SimpleNamespace(value=lambda visit: visit.current.name))
    with pytest.raises(gr.Error, match="already deleted here"):
        InspectTab.show(tab, desk, 0)
    desk.add(Refused({}), tmp_path)
    assert InspectTab.show(tab, desk, 0) == (gr.skip(), gr.skip())
    desk.add(Seen(tmp_path, "new.png", tmp_path, {}), tmp_path)
    assert InspectTab.show(tab, desk, 4) == InspectTab.show(tab, desk, -1) == (gr.skip(), gr.skip())
    assert InspectTab.show(tab, desk, 0)[0] == "new.png"
    full = Mock(value=Mock(side_effect=OSError(28, "No space left on device", str(tmp_path))))
    with pytest.raises(gr.Error, match=r"\(No space left on device\)"):
        InspectTab.show(full, desk, 0)


def taken(desk: InspectDesk) -> bool:
    """Whether somebody has the desk's turn."""

    def free() -> bool:
        if got := desk.turn._lock.acquire(blocking=False):
            desk.turn._lock.release()
        return got

    with ThreadPoolExecutor(1) as another:
        return not another.submit(free).result()


def test_a_pixel_size_for_all_leaves_what_instruments_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture looked at and what was typed before are written; each while nobody else writes or packs."""
    sources, said, done = {"bar": "FEI tag", "typed": GIVEN, "own": None, "looked at": "Hitachi file"}, list[str](), list[str]()
    seen = tuple(SimpleNamespace(name=name, item={"pixel_size_source": of}) for name, of in sources.items())
    monkeypatch.setattr(inspect, "present", lambda desk: SimpleNamespace(seen=seen, current=seen[3]))
    monkeypatch.setattr(sem_jobs, "rescaled", lambda inspector, one, um: done.append(one.name) or taken(desk))
    monkeypatch.setattr(sem_jobs, "summary_rows", lambda visit: [])
    monkeypatch.setattr(sem_jobs, "pack_visit", lambda visit: taken(desk))
    monkeypatch.setattr(inspect.gr, "Info", said.append)
    desk = cast(Any, SimpleNamespace(turn=InspectDesk().turn, replace=lambda old, held: done.append(held)))
    tab = cast(Any, SimpleNamespace(inspector=None, value=lambda visit: ""))
    *_, packed = InspectTab.rescale(tab, desk, cast(Any, SimpleNamespace(every=True, um=0.5)), lambda place, desc: None)
    assert done == ["typed", True, "own", True, "looked at", True]
    assert packed == "True"
    assert said == ["1 of 4 pictures keep the scale that came with them"]


@pytest.mark.parametrize("bar_um", [None, 30])
def test_a_pixel_size_given_afterwards_is_in_every_file(bar_um: float | None, toy_store: Store, tmp_path: Path) -> None:
    """As if it had been given before, and no network runs; the picture had a scale bar and no scale, or the bar's."""
    Image.fromarray(with_bar(grains(), "bottom", 0)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("PixelSize=25")
    inspector, uploads = Inspector(Segmenter(toy_store)), [(tmp_path / "a.png", "a.png")]
    (one,) = sem_jobs.inspect_uploads(inspector, uploads, tmp_path / "o", InspectRequest(bar_um=bar_um))
    before = InspectRequest(pixel=PixelSize(0.25, "given by the caller"))
    (wanted,) = sem_jobs.inspect_uploads(inspector, uploads, tmp_path / "w", before)
    assert isinstance(one, Seen)
    assert isinstance(wanted, Seen)
    assert [text for text in one.item["doubts"] if "20 times less than the 0.5 um given" in text] == one.item["doubts"][
        : bool(bar_um)
    ]
    inspector.segmenter = cast(Segmenter, SimpleNamespace(store=toy_store))  # no step is left that could run
    new = sem_jobs.rescaled(inspector, one, 0.25)
    assert new.line == wanted.line
    assert new.line["pixel_size_um"] == 0.25
    for path in sorted(wanted.folder.iterdir()):
        own = one.folder / path.name
        if path.suffix in (".png", ".csv"):
            assert own.read_bytes() == path.read_bytes(), path.name
    assert new.item["inspected"] == one.item["inspected"], "when it was inspected, not when the scale was written"
    first, second = ({**item.item, "seconds": 0, "folder": 0, "inspected": 0} for item in (new, wanted))
    assert {key: value for key, value in first.items() if not isinstance(value, Path)} == {
        key: value for key, value in second.items() if not isinstance(value, Path)
    }
    assert "10 times less than the 0.25 um given" in new.item["doubts"][0]
    reports = [(own.folder / "report.html").read_text() for own in (new, wanted)]
    assert "0.25 µm" in reports[0]
    with pytest.raises(BadInputError, match="pixel size"):
        sem_jobs.rescaled(inspector, one, 1e9)


def test_the_microscopes_text_file_gives_the_scale(toy_store: Store, tmp_path: Path) -> None:
    """Hitachi's and JEOL's lie beside the picture; each upload comes in a folder of its own."""
    uploads = []
    for number, name in enumerate(("a.tif", "a.txt", "b.png", "stray.txt")):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        if is_text(name):
            path.write_text("[SemImageFile]\r\nPixelSize=99.2\r\n")
        else:
            Image.fromarray(grains()).save(path)
        uploads.append((path, name))
    placed = sem_jobs.with_notes(uploads, tmp_path / "pictures")
    assert [name for _, name in placed] == ["a.tif", "b.png", "stray.txt"]
    inspector = Inspector(Segmenter(toy_store))
    request = InspectRequest()
    first, second, stray = sem_jobs.inspect_uploads(inspector, placed, tmp_path / "o", request)
    assert isinstance(first, Seen)
    assert isinstance(second, Seen)
    assert first.item["pixel_size_um"] == 0.0992
    assert first.item["pixel_size_source"] == "Hitachi file a.txt"
    assert second.item["pixel_size_um"] is None
    assert "stray.txt is not a picture" in stray.line["error"]


def test_too_many_pictures_are_refused_and_text_files_are_none(tmp_path: Path) -> None:
    uploads = [(tmp_path / f"{number}.png", f"{number}.png") for number in range(sem_jobs.MOST_PICTURES)]
    for path, _ in uploads:
        path.with_suffix(".txt").write_text("PixelSize=5")
        path.write_text("a picture")
    pairs = [*uploads, *((path.with_suffix(".txt"), f"{path.stem}.txt") for path, _ in uploads)]
    assert len(sem_jobs.with_notes(pairs, tmp_path / "pictures")) == sem_jobs.MOST_PICTURES
    with pytest.raises(BadInputError, match="send at most 100"):
        sem_jobs.with_notes([*uploads, (tmp_path / "stray.txt", "stray.txt")], tmp_path / "more")


def test_a_pixel_size_without_a_unit_is_refused() -> None:
    with pytest.raises(BadInputError, match="write a number and a unit"):
        request_of(["ni20cr"], "ni20cr", "0.5")


def test_what_is_written_at_the_scale_bar_is_no_pixel_size() -> None:
    request = request_of([], "", " ", "20 um")
    assert (request.pixel, request.bar_um) == (None, 20)
    with pytest.raises(BadInputError, match="give one of them"):
        request_of([], "", "0.5um", "20 um")


def test_to_look_at_a_picture_waits_for_no_inspection() -> None:
    assert PRIVATE["concurrency_id"] != WORK["concurrency_id"]
