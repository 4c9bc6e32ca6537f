"""What the inspect tab does without a page: regions found by click and by row, problems said, files packed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from micrographs import grains
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.render.sem_pictures import overlay, region_colours
from corrovis.sem.inspection import Inspector
from corrovis.sem.segmentation import Segmenter
from corrovis.store import Store
from corrovis.ui import sem_jobs
from corrovis.ui.sem_jobs import Seen, Visit


@pytest.fixture
def visit(toy_store: Store, tmp_path: Path) -> Visit:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("<html>")
    uploads = [(tmp_path / "a.png", "mine.png"), (tmp_path / "b.png", "page.png")]
    heard: list[int] = []
    inspector = Inspector(Segmenter(toy_store))
    found = sem_jobs.inspect_uploads(inspector, uploads, tmp_path / "o", sem_jobs.job_of("", ""), heard.append)
    assert heard == [0, 1]
    assert isinstance(found[0], Seen)
    assert found[1] == "page.png is not a picture (it is a web page or SVG); use a JPEG, PNG, WebP or TIFF"
    return Visit((found[0],))


def test_a_click_and_a_row_choose_the_same_region(visit: Visit) -> None:
    numbers = sem_jobs.region_numbers(visit)
    largest = int(sem_jobs.region_rows(visit)[0][0])
    y, x = np.argwhere(numbers == largest)[0]
    assert sem_jobs.region_at(visit, int(x), int(y)) == largest == sem_jobs.region_of_row(visit, 0)
    assert sem_jobs.region_at(visit, -1, 5) == 0
    chosen = Visit(visit.seen, chosen=largest)
    assert sem_jobs.region_rows(chosen)[0][0] == f"● {largest}"
    assert sem_jobs.region_of_row(chosen, 0) == 0, "chosen again, it is let go"


def test_the_picture_shows_the_opacity_and_the_choice(visit: Visit) -> None:
    clear, strong = (sem_jobs.picture_of(Visit(visit.seen, opacity=opacity)).astype(int) for opacity in (0.0, 0.9))
    assert np.abs(clear - strong).max() > 60
    assert sem_jobs.summary_rows(visit.seen)[0][0] == "mine.png"


def test_everything_is_packed(visit: Visit) -> None:
    packed = sem_jobs.pack(Path(visit.current.item["report"]).parents[1])
    assert {"001-mine/report.html", "001-mine/mask.png"} <= set(zipfile.ZipFile(packed).namelist())


def test_a_pixel_size_without_a_unit_is_refused() -> None:
    with pytest.raises(BadInputError, match="write a number and a unit"):
        sem_jobs.job_of("ni20cr", "0.5")


def test_an_overlay_touches_regions_alone_and_not_the_callers_array() -> None:
    rgb = np.full((20, 20, 3), 100, np.uint8)
    regions = np.zeros((20, 20), np.int32)
    regions[2:8, 2:8], regions[10:18, 10:18] = 1, 2
    found = overlay(rgb, regions, 0.5)
    assert (rgb == 100).all()
    assert (found[regions == 0] == 100).all()
    assert (found[4, 4] == (100 * 0.5 + region_colours(2)[1] * 0.5).astype(np.uint8)).all()
    only = overlay(rgb, regions, 0.5, chosen=2)
    assert (only[4, 4] == 100).all()
    assert (only[14, 14] != 100).any()
