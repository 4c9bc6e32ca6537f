"""What the inspect tab does without a page: what the browser is sent, problems said, files packed."""

from __future__ import annotations

import base64
import io
import json
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib import colormaps
from micrographs import grains
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.render.sem_pictures import OPACITY, heat_map, overlay, region_colours
from corrovis.sem.inspection import Inspector
from corrovis.sem.results import Field, Saliency
from corrovis.sem.segmentation import LEAST_PX, Segmenter
from corrovis.settings import Settings
from corrovis.store import Store
from corrovis.tasks.inspection import Request, request_of
from corrovis.ui import findings, sem_jobs
from corrovis.ui.inspect import PRIVATE, WORK
from corrovis.ui.payload import PREFIX
from corrovis.ui.sem_jobs import InspectVisit, Seen, is_text


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
    heard: list[int] = []
    inspector = Inspector(Segmenter(toy_store))
    found = sem_jobs.inspect_uploads(inspector, uploads, tmp_path / "o", Request(), heard.append)
    assert heard == [0, 1]
    assert isinstance(found[0], Seen)
    assert found[1] == "page.png is not a picture (it is a web page or SVG); use a JPEG, PNG, WebP or TIFF"
    return InspectVisit((found[0],))


def from_uri(uri: str) -> np.ndarray:
    """(H, W, 3) uint8 as the browser decodes it."""
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PREFIX)))) as image:
        return np.asarray(image.convert("RGB"))


def test_pictures_above_the_jobs_limits_are_refused(toy_store: Store, tmp_path: Path) -> None:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    request = Request(limits=Settings(max_pixels=10_000))
    uploads = [(tmp_path / "a.png", "mine.png")]
    (said,) = sem_jobs.inspect_uploads(Inspector(Segmenter(toy_store)), uploads, tmp_path / "o", request, lambda number: None)
    assert said == "mine.png is 240 x 180, 0 megapixels; the limit is 0: make it smaller"


def sent(one: Seen, **how: float) -> dict[str, Any]:
    """What the browser is sent."""
    value: dict[str, Any] = json.loads(findings.encode(one.path, one.name, one.item, how))
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


def test_large_pictures_are_sent_smaller(visit: InspectVisit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "SHOWN_SIDE", 120)
    value = sent(visit.current)
    assert (value["width"], value["height"], value["zoom"], value["own"]) == (120, 90, 2, [240, 180])
    assert from_uri(value["photo"]).shape == from_uri(value["numbers"]).shape == (90, 120, 3)


def test_the_slider_believes_the_regions_that_the_model_believes(visit: InspectVisit) -> None:
    """A model of instances has limits of its own; they travel along."""
    limits = [
        (value["least"], value["sure"]) for value in (sent(visit.current), sent(visit.current, extent=0.4, sure=0.74, least_px=5))
    ]
    assert limits == [(LEAST_PX, 0), (5, 0.74)]
    yolo = sent(visit.current, sure=0.3)
    assert (yolo["least"], yolo["sure"]) == (LEAST_PX, 0), "sure of a detection says nothing of a pixel"


def test_background_has_the_class_of_the_nearest_region() -> None:
    labels = np.zeros((5, 8), np.uint8)
    labels[2, 1], labels[2, 6] = 1, 3
    assert findings.classes_everywhere(labels, 4)[0].tolist() == [1, 1, 1, 1, 3, 3, 3, 3]
    assert (findings.classes_everywhere(labels[:1], 4) == 1).all(), "nothing found: the mildest"


def test_several_pictures_are_summed_up(visit: InspectVisit) -> None:
    name, severity, *_ = sem_jobs.summary_row(visit.current.item)
    assert (name, severity.lower()) == ("mine.png", visit.current.item["severity"])


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
    request = Request()
    first, second, stray = sem_jobs.inspect_uploads(inspector, placed, tmp_path / "o", request, lambda number: None)
    assert isinstance(first, Seen)
    assert isinstance(second, Seen)
    assert first.item["pixel_size_um"] == pytest.approx(0.0992)
    assert first.item["pixel_size_source"] == "Hitachi file a.txt"
    assert second.item["pixel_size_um"] is None
    assert "stray.txt is not a picture" in str(stray)


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
    packed = sem_jobs.pack(Path(visit.current.item["report"]).parents[1])
    assert {"001-mine/report.html", "001-mine/mask.png"} <= set(zipfile.ZipFile(packed).namelist())


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
