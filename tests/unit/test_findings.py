"""What the inspect tab shows of a picture and packs of a visit: pictures, figures and files say the same."""

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
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib import colormaps
from micrographs import field_of, grains, map_of
from PIL import Image

from corrovis.contrast import NOISE
from corrovis.images import PNG_URI
from corrovis.manifest import read_manifest
from corrovis.render.inspection_report import FILES, record
from corrovis.render.sem_pictures import OPACITY, heat_map, overlay, region_colours
from corrovis.sem.inspection import Inspector
from corrovis.sem.results import Field, Inspection, Saliency
from corrovis.sem.segmentation import LEAST_PX, Segmenter
from corrovis.sem.severity import grade_area
from corrovis.settings import WEIGHTS
from corrovis.store import Store
from corrovis.tasks.inspect_request import InspectRequest
from corrovis.ui import findings, sem_jobs
from corrovis.ui.packing import LEFT_OUT, with_lighter_pictures
from corrovis.ui.sem_jobs import InspectVisit, Refused, Seen
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


SPECS = read_manifest(WEIGHTS)


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


def test_what_is_packed_is_light() -> None:
    """A report holds its photographs as JPEG, its plots as they were."""
    noise, flat = BytesIO(), BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)).save(noise, "PNG")
    Image.new("RGB", (300, 200), "white").save(flat, "PNG")
    page = "".join(f'<img src="data:image/png;base64,{base64.b64encode(one.getvalue()).decode()}">' for one in (noise, flat))
    lighter = with_lighter_pictures(page)
    assert len(lighter) < 0.7 * len(page)
    assert [lighter.count(f"data:image/{kind};base64,") for kind in ("jpeg", "png")] == [1, 1]


def test_an_overlay_touches_regions_alone_and_not_the_callers_array() -> None:
    rgb = np.full((20, 20, 3), 100, np.uint8)
    regions = np.zeros((20, 20), np.int32)
    regions[2:8, 2:8], regions[10:18, 10:18] = 1, 2
    found = overlay(rgb, regions)
    assert (rgb == 100).all()
    assert (found[regions == 0] == 100).all()
    assert (found[4, 4] == (100 * (1 - OPACITY) + region_colours(2)[1] * OPACITY).astype(np.uint8)).all()
