"""What the inspect tab does without a page: what the browser is sent, problems said, files packed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import pickle
import re
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import cv2
import gradio as gr
import numpy as np
import pytest
from matplotlib import colormaps
from micrographs import field_of, grains, map_of, with_bar
from PIL import Image

from corrovis.contrast import NOISE
from corrovis.errors import BadInputError
from corrovis.images import PNG_URI
from corrovis.manifest import read_manifest
from corrovis.render.inspection_report import FILES, record
from corrovis.render.sem_pictures import OPACITY, heat_map, overlay, region_colours
from corrovis.sem.inspection import Inspector
from corrovis.sem.pixel_size import GIVEN
from corrovis.sem.results import Field, Inspection, PixelSize, Saliency
from corrovis.sem.segmentation import LEAST_PX, Segmenter
from corrovis.sem.severity import grade_area
from corrovis.settings import WEIGHTS
from corrovis.store import Store
from corrovis.tasks.inspect_request import InspectRequest, request_of
from corrovis.ui import findings, inspect, sem_jobs
from corrovis.ui.inspect import InspectTab
from corrovis.ui.packing import LEFT_OUT, with_lighter_pictures
from corrovis.ui.parts import PRIVATE, WORK
from corrovis.ui.sem_jobs import InspectDesk, InspectVisit, Refused, Seen, is_text
from corrovis.ui.wording import inspection as wording


def test_heat_is_laid_over_the_grey_field() -> None:
    """The mixture worked out in floating point, to a grey level."""
    dice = np.random.default_rng(0)
    rgb, heat = dice.integers(0, 256, (60, 90, 3)).astype(np.uint8), dice.random((60, 90)).astype(np.float32)
    heat[0, 0], heat[0, 1] = 0, 1
    shown = heat_map(Field(rgb, "a", (0, 60)), Saliency(heat, "layer_cam", (8, 8)))
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None]
    wanted = 0.45 * grey + 0.55 * 255 * colormaps["inferno"](heat)[..., :3]
    assert shown.shape == (7 * 60 + 32, 7 * 90, 3)  # seven times as large, with a line that can be read below
    assert np.abs(shown[: 7 * 60 : 7, ::7] - wanted).max() < 1.5


def test_heat_over_a_large_field_takes_little_memory() -> None:
    field = Field(np.zeros((1000, 1000, 3), np.uint8), "a", (0, 1000))
    saliency = Saliency(np.zeros((1000, 1000), np.float32), "layer_cam", (8, 8))
    tracemalloc.start()
    heat_map(field, saliency)
    assert tracemalloc.get_traced_memory()[1] < 16e6
    tracemalloc.stop()


@pytest.fixture
def visit(toy_store: Store, tmp_path: Path) -> InspectVisit:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("<html>")
    uploads = [(tmp_path / "a.png", "mine.png"), (tmp_path / "b.png", "page.png")]
    inspector = Inspector(Segmenter(toy_store))
    first, second = sem_jobs.inspect_uploads(inspector, uploads, tmp_path / "o", InspectRequest())
    assert isinstance(first, Seen)
    assert isinstance(second, Refused)
    assert second.line["error"] == "page.png is not a picture (it is a web page or SVG); use a JPEG, PNG, WebP or TIFF"
    return InspectVisit((second, first), tmp_path / "o")


def from_uri(uri: str) -> np.ndarray:
    """(H, W, 3) uint8 as the browser decodes it."""
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PNG_URI)))) as image:
        return np.asarray(image.convert("RGB"))


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


SPECS = read_manifest(WEIGHTS)


def sent(one: Seen, model: str = "ni20cr") -> dict[str, Any]:
    """What the browser is sent, if the shipped `model` had found it."""
    value: dict[str, Any] = json.loads(findings.encode(one.path, one.name, one.item, SPECS[model]))
    return value


def test_a_visitor_costs_no_more_than_three_names(visit: InspectVisit) -> None:
    """A record may hold many thousand regions; it is read from the folder that was written."""
    assert len(pickle.dumps(visit)) < 2000
    assert visit.current.item["file"] == "mine.png"
    assert visit.current.item["mask"].is_file()
    assert len(visit.current.item["regions"]) > 0


def test_the_page_is_sent_what_the_files_say(visit: InspectVisit) -> None:
    item, value = visit.current.item, sent(visit.current)
    certainty, mask = from_uri(value["map"])[..., 0], np.asarray(Image.open(item["mask"]))
    assert ((certainty >= 128) == (mask > 0)).all(), "the slider's middle is the model's own answer"
    r, g, b = (from_uri(value["numbers"])[..., k].astype(int) for k in range(3))
    assert ((r << 16 | g << 8 | b) == np.asarray(Image.open(item["region_numbers"]))).all()
    assert [region["area"] for region in value["regions"]] == sorted((r["area_px"] for r in item["regions"]), reverse=True)
    assert (value["width"], value["height"], value["zoom"]) == (240, 180, 1)
    assert value["sigma"] == item["severity_sigma"] > 0
    assert value["sha256"] == item["picture_sha256"] == hashlib.sha256(visit.current.path.read_bytes()).hexdigest()
    assert "coupons that the network had not seen" in value["error"]


def test_large_pictures_are_sent_smaller(visit: InspectVisit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "SHOWN_SIDE", 120)
    value = sent(visit.current)
    assert (value["width"], value["height"], value["zoom"], value["own"]) == (120, 90, 2, [240, 180])
    assert from_uri(value["photo"]).shape == from_uri(value["numbers"]).shape == (90, 120, 3)


def test_the_slider_believes_the_regions_that_the_model_believes(visit: InspectVisit) -> None:
    """A model of instances has limits of its own; they travel along, and that a detector's are found whole or not at all."""
    models = ("ni20cr", "steel-structures", "pits304-pixels", "pits304")
    values = [sent(visit.current, name) for name in models]
    limits = [[value[key] for key in ("least", "sure", "instances", "counted")] for value in values]
    own = SPECS["pits304-pixels"].input
    assert limits[:2] == [[LEAST_PX, 0, False, False]] * 2
    assert limits[2] == [own["least_px"], own["sure"], False, True]
    assert limits[3] == [LEAST_PX, 0, True, True], "sure of a detection says nothing of a pixel"


def test_background_has_the_class_of_the_nearest_region() -> None:
    labels = np.zeros((5, 8), np.uint8)
    labels[2, 1], labels[2, 6] = 1, 3
    assert findings.classes_everywhere(labels, 4)[0].tolist() == [1, 1, 1, 1, 3, 3, 3, 3]
    assert (findings.classes_everywhere(labels[:1], 4) == 1).all(), "nothing found: the mildest"


def test_several_pictures_are_summed_up(visit: InspectVisit) -> None:
    visit.current.line["model"] = "a lab's own"  # whose limits only its line tells
    refused, (number, name, severity, _, regions, doubts, model) = sem_jobs.summary_rows(visit)
    item = visit.current.item
    assert (number, name, severity.lower(), regions) == ("2", "mine.png", item["severity"], str(len(item["regions"])))
    assert (doubts, model) == (sem_jobs.doubts_text(item["doubts"]), "a lab's own")
    assert refused[:3] == ["1", "page.png", wording.NOT_READ]
    assert "is not a picture" in refused[5]
    assert [sem_jobs.place_of(visit, number) for number in (1, 2, 3)] == [None, 0, None]


def test_doubts_are_counted_and_stand_before_notes(visit: InspectVisit) -> None:
    assert sem_jobs.doubts_text([]) == ""
    assert sem_jobs.doubts_text(["unlike anything in training: far; or so", "unsure"]) == "2: unlike anything in training: far"
    assert sem_jobs.doubts_text([NOISE]) == f"1: {NOISE}"
    long = "the model saw this picture of many pixels at a size that is much less than its own, and lost the rest"
    assert sem_jobs.doubts_text([long]) == "1: the model saw this picture of many pixels at a size that is much less …"
    one = visit.current
    item, noted = one.item, replace(field_of(grains()), notes=("data bar cropped",))
    grade = grade_area(0, (0.1, 0.2), 0.01)
    found = Inspection(noted, "ni20cr", map_of(np.zeros((180, 240))), (), grade, None, None, ("unsure",))
    assert record(found)["warnings"] == ["unsure", "data bar cropped"]
    assert sent(one)["warnings"][: len(item["doubts"])] == item["doubts"]


def test_heat_maps_lie_on_the_picture_and_their_line_below_it(visit: InspectVisit) -> None:
    """What the answer rests on and what the second opinion does, each a choice; a tiny field's map came enlarged."""
    value, item = sent(visit.current), visit.current.item
    assert list(value["heats"]) == [name for name, key in findings.HEATS.items() if item[key]]
    drawn = np.asarray(Image.open(item["saliency"]).convert("RGB"))
    times = drawn.shape[1] // 240
    shown = from_uri(value["heats"]["heat"]["map"])
    assert times > 1
    assert shown.shape == (180, 240, 3)
    assert np.abs(shown[90, 120] - drawn[90 * times, 120 * times].astype(int)).max() <= 1
    assert (from_uri(value["heats"]["heat"]["legend"]) == drawn[180 * times :]).all()


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


def test_everything_is_packed(visit: InspectVisit) -> None:
    archive = zipfile.ZipFile(sem_jobs.pack_visit(visit))
    names = set(archive.namelist())
    assert {"summary.csv", "001-mine/001-mine_report.pdf", "001-mine/mask.png", "001-mine/saliency.png"} <= names
    page = archive.read("summary.html").decode()
    assert re.findall('href="([^"]+)"', page) == ["001-mine/report.html"]
    assert "001-mine/report.html" in names
    assert page.count("<img") == 1
    assert "page.png is not a picture" in page
    assert not {f"001-mine/{name}" for name in LEFT_OUT} & names
    record = json.loads(archive.read("001-mine/inspection.json"))
    assert all(f"001-mine/{record[key]}" in names for key in FILES if record[key]), "it names nothing that is not there"
    rows = list(csv.DictReader(archive.read("summary.csv").decode().splitlines()))
    assert [(row["file"], row["folder"]) for row in rows] == [("page.png", ""), ("mine.png", "001-mine")]
    assert [bool(row["error"]) for row in rows] == [True, False]
    assert int(rows[1]["regions"]) == len(visit.current.item["regions"])


def test_what_is_packed_is_light(tmp_path: Path) -> None:
    """A report holds its photographs as JPEG, its plots as they were."""
    noise, flat = BytesIO(), BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)).save(noise, "PNG")
    Image.new("RGB", (300, 200), "white").save(flat, "PNG")
    page = "".join(f'<img src="data:image/png;base64,{base64.b64encode(one.getvalue()).decode()}">' for one in (noise, flat))
    lighter = with_lighter_pictures(page)
    assert len(lighter) < 0.7 * len(page)
    assert [lighter.count(f"data:image/{kind};base64,") for kind in ("jpeg", "png")] == [1, 1]


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


def test_an_overlay_touches_regions_alone_and_not_the_callers_array() -> None:
    rgb = np.full((20, 20, 3), 100, np.uint8)
    regions = np.zeros((20, 20), np.int32)
    regions[2:8, 2:8], regions[10:18, 10:18] = 1, 2
    found = overlay(rgb, regions)
    assert (rgb == 100).all()
    assert (found[regions == 0] == 100).all()
    assert (found[4, 4] == (100 * (1 - OPACITY) + region_colours(2)[1] * OPACITY).astype(np.uint8)).all()
