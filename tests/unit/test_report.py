"""Reports of large pictures stay small enough to be sent: they hold smaller copies, and say so; the files beside stay as is."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from corrovis.render.report import SHOWN_SIDE, write_inspection
from corrovis.results import Provenance
from corrovis.sem.regions import measure
from corrovis.sem.results import CorrosionMap, Field, Inspection, Saliency
from corrovis.sem.severity import grade_area
from corrovis.store import Store

MADE = Provenance("toy", "0" * 64, 0.0)


def reported(size_hw: tuple[int, int], store: Store, folder: Path) -> dict[str, Any]:
    """A field with one corroded square, written as `corrovis inspect` does."""
    labels = np.zeros(size_hw, np.uint8)
    labels[8:24, 8:24] = 1
    share = labels.astype(np.float32)
    found = CorrosionMap(
        labels, labels.astype(np.int32), share, np.ones(1, np.float32), ("background", "corroded"), (0, size_hw[0]), MADE
    )
    field = Field(np.full((*size_hw, 3), 120, np.uint8), "drawn.png", (0, size_hw[0]))
    grade = grade_area(found.corroded_fraction, (0.28, 0.42), 0.01)
    inspection = Inspection(field, "ni20cr", found, measure(found), grade, None, Saliency(share, "toy", size_hw), ())
    return write_inspection(inspection, store.spec("ni20cr"), folder)


def in_page(item: dict[str, Any]) -> list[tuple[int, int]]:
    """Width and height of the pictures in the HTML."""
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', item["report"].read_text(encoding="utf-8"))
    return [Image.open(io.BytesIO(base64.b64decode(one))).size for one in data]


def in_pdf(item: dict[str, Any]) -> list[tuple[int, int]]:
    """Width and height of the pictures in the PDF, whose dictionaries are plain text."""
    pictures = [part for part in item["pdf"].read_bytes().split(b"endobj") if b"/Subtype /Image" in part]
    return [tuple(int(re.findall(rb"/%s (\d+)\n" % side, one)[0]) for side in (b"Width", b"Height")) for one in pictures]


def test_reports_hold_smaller_copies_of_large_pictures(toy_store: Store, tmp_path: Path) -> None:
    item = reported((1200, 2400), toy_store, tmp_path / "o")
    for held in (in_page(item), in_pdf(item)):
        assert held[0] == (SHOWN_SIDE, SHOWN_SIDE // 2)
        assert len(held) >= 3
        assert max(max(size) for size in held) <= SHOWN_SIDE
    assert Image.open(item["overlay"]).size == (2400, 1200)
    assert Image.open(item["saliency"]).size[0] == 2400
    page = item["report"].read_text(encoding="utf-8")
    for name in ("overlay.png", "saliency.png"):
        assert f"shown smaller; the full picture, {name}, lies beside this report" in page


@pytest.mark.parametrize("size", [(60, 80), (100, SHOWN_SIDE)])
def test_reports_hold_other_pictures_as_they_are(size: tuple[int, int], toy_store: Store, tmp_path: Path) -> None:
    item = reported(size, toy_store, tmp_path / "o")
    assert in_page(item)[0] == size[::-1]
    page = item["report"].read_text(encoding="utf-8")
    assert base64.b64encode(item["overlay"].read_bytes()).decode() in page
    assert "shown smaller" not in page
