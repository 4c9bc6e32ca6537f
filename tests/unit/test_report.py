"""Reports stay small enough to be sent, and a reader finds each region of the table in the picture."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from micrographs import square, squares
from numpy.typing import NDArray
from PIL import Image

from corrovis import __version__
from corrovis.render import sem_plots
from corrovis.render.inspection_facts import meaning_of, share_text, shares_text
from corrovis.render.inspection_report import HEADINGS, SHOWN_ROWS, SHOWN_SIDE, read_inspection, write_inspection, written
from corrovis.render.inspection_summary import summary_line
from corrovis.render.pdf import Paper, Report, write_pdf
from corrovis.render.sem_pictures import READABLE, class_colours
from corrovis.results import Provenance
from corrovis.sem.regions import measure
from corrovis.sem.results import CorrosionMap, Field, Inspection, Opinion, PixelSize, Saliency
from corrovis.sem.severity import LIMITS, grade_area
from corrovis.store import Store
from corrovis.tasks.rescale import rebuilt

MADE = Provenance("toy", "0" * 64, 0.0)


def reported(regions: NDArray[np.int32], store: Store, folder: Path, name: str = "drawn.png", um: float = 0) -> dict[str, Any]:
    """A field with these corroded regions, written as `corrovis inspect` does."""
    return write_inspection(inspected(regions, name, um), store.spec("ni20cr"), folder)


def inspected(regions: NDArray[np.int32], name: str = "drawn.png", um: float = 0) -> Inspection:
    size_hw = (regions.shape[0], regions.shape[1])
    labels = (regions > 0).astype(np.uint8)
    share, scores = labels.astype(np.float32), np.full(int(regions.max()), 0.875, np.float32)
    classes = ("background", "corroded")
    found = CorrosionMap(labels, regions, share, scores, classes, (0, size_hw[0]), MADE, instances=True)
    pixel = PixelSize(um, "given") if um else None
    field = Field(np.full((*size_hw, 3), 120, np.uint8), name, (0, size_hw[0]), pixel)
    grade = grade_area(found.corroded_fraction, (0.28, 0.42), 0.01)
    return Inspection(field, "ni20cr", found, measure(found), grade, None, Saliency(share, "toy", size_hw), ())


def page_of(item: dict[str, Any]) -> str:
    return str(item["report"].read_text(encoding="utf-8"))


def in_page(item: dict[str, Any]) -> list[tuple[int, int]]:
    """Width and height of the pictures in the HTML."""
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', page_of(item))
    return [Image.open(io.BytesIO(base64.b64decode(one))).size for one in data]


def in_pdf(item: dict[str, Any]) -> list[tuple[int, int]]:
    """Width and height of the pictures in the PDF, whose dictionaries are plain text."""
    pictures = [part for part in item["pdf"].read_bytes().split(b"endobj") if b"/Subtype /Image" in part]
    return [tuple(int(re.findall(rb"/%s (\d+)\n" % side, one)[0]) for side in (b"Width", b"Height")) for one in pictures]


def test_reports_hold_smaller_copies_of_large_pictures(toy_store: Store, tmp_path: Path) -> None:
    item = reported(square((1200, 2400)), toy_store, tmp_path / "o")
    for held in (in_page(item), in_pdf(item)):
        assert held[0] == (SHOWN_SIDE, SHOWN_SIDE // 2)
        assert len(held) >= 3
        assert max(max(size) for size in held) <= SHOWN_SIDE
    assert Image.open(item["overlay"]).size == (2400, 1200)
    assert Image.open(item["saliency"]).size[0] == 2400
    page = page_of(item)
    for name in ("overlay.png", "saliency.png"):
        assert f"shown smaller; the full picture, {name}, lies beside this report" in page


@pytest.mark.parametrize("size", [(400, 500), (100, SHOWN_SIDE)])
def test_reports_hold_other_pictures_as_they_are(size: tuple[int, int], toy_store: Store, tmp_path: Path) -> None:
    item = reported(square(size), toy_store, tmp_path / "o")
    assert in_page(item)[0] == size[::-1]
    page = page_of(item)
    assert base64.b64encode(item["saliency"].read_bytes()).decode() in page
    assert "shown smaller" not in page


def test_the_report_numbers_its_picture_and_the_file_beside_stays_plain(toy_store: Store, tmp_path: Path) -> None:
    item = reported(square((400, 500)), toy_store, tmp_path / "o")
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', page_of(item))[0]
    held, plain = np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), np.asarray(Image.open(item["overlay"]))
    y, x = np.nonzero((held != plain).any(axis=2))
    assert 12 <= y.mean() <= 20
    assert 12 <= x.mean() <= 20


def test_a_scale_bar_is_in_the_report_alone(toy_store: Store, tmp_path: Path) -> None:
    plain, scaled = (reported(square((400, 500)), toy_store, tmp_path / str(um), um=um) for um in (0, 0.5))
    assert plain["overlay"].read_bytes() == scaled["overlay"].read_bytes()
    first, second = (re.findall(r'src="data:image/png;base64,([^"]+)"', page_of(item))[0] for item in (plain, scaled))
    assert first != second


def test_the_table_shows_each_region_in_the_colour_of_the_picture(toy_store: Store, tmp_path: Path) -> None:
    regions = squares(12)
    item = reported(regions, toy_store, tmp_path / "o")
    rows = re.findall(r'background: rgb\((\d+), (\d+), (\d+)\)"></i>(\d+)</td>', page_of(item))
    assert [int(row[3]) for row in rows] == [12, *range(1, 12)]
    picture = np.asarray(Image.open(item["overlay"]))
    for *colour, number in rows:
        y, x = np.argwhere(regions == int(number))[0]
        assert picture[y, x].tolist() == [int(part) for part in colour]


@pytest.mark.parametrize("um", [0, 0.5])
def test_headings_are_words_with_units_and_files_keep_the_contracts_names(um: float, toy_store: Store, tmp_path: Path) -> None:
    item = reported(square((400, 500)), toy_store, tmp_path / "o", um=um)
    page = page_of(item)
    wanted = [
        name for key, name in HEADINGS.items() if key != "second_opinion" and (um or "µm" not in name)
    ]  # no second stage here
    assert re.findall(r'<th class="n">([^<]+)</th>', page) == wanted
    assert not [key for key in HEADINGS if "_" in key and key in page]
    assert ('<td class="n">64.00</td>' in page) == bool(um)  # 256 pixels of 0.25 µm²
    assert set(HEADINGS) == set(item["regions"][0])
    assert item["regions"][0]["touches_border"] is False
    assert (
        item["csv"]
        .read_text()
        .startswith("id,class,score,x0,y0,x1,y1,area_px,area_um2,equivalent_diameter_px,equivalent_diameter_um,")
    )
    for word in ("Score", "Equivalent diameter", "Circularity", "Solidity", "Eccentricity", "Box"):
        assert f"<p>{word}: " in page
    assert not re.search("econd opinion|data bar|detector", page), "of what is not there nothing is explained"


def test_the_report_says_what_was_measured_how_well_and_when(
    toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = list[str]()

    def heard(name: str) -> Callable[..., Any]:
        method = getattr(Paper, name)
        return lambda paper, *given, **how: (printed.extend(given[-1:]), method(paper, *given, **how))[1]

    for name in ("multi_cell", "write"):
        monkeypatch.setattr(Paper, name, heard(name))
    known = {"value": 0.04, "low": 0.01, "high": 0.09, "n": 9, "on": "9 fields"}
    spec = replace(toy_store.spec("ni20cr"), metrics={"miou": known, "area_error": known})
    one = inspected(square((400, 500)), um=0.5)
    opinion = Opinion(
        one.grade.probabilities, *(np.zeros((0, n), np.float32) for n in (4, 3)), None, Provenance("b", "f" * 64, 0.0)
    )
    one = replace(
        one,
        opinion=opinion,
        at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        doubts=("faint",),
        grade=grade_area(0.3, (0.28, 0.42), 0.0501),
    )
    page = page_of(write_inspection(one, spec, tmp_path / "o"))
    places = [page.index(text) for text in ("Corroded share", "Severity by", 'class="warn"', "<img", "Regions</h2>", "sha256")]
    assert places == sorted(places), "the result first, and how it was measured last"
    for fact in (
        "0 % ± 5 points<",
        "two errors in three are smaller; error of area on 9 fields",
        "100 ± 2,500 µm² of 50,000 µm²",
        "<td>ni20cr, threshold 0.5, sha256 0000",
        "<strong>Doubt:</strong> faint",
        LIMITS["ni20cr"].source.split(", ")[1],
        "median 9.03 µm, largest 9.03 µm",
        f"2026-01-02 03:04 UTC, Corrovis {__version__}",
        "miou 0.04 (0.01 to 0.09); area error 0.04 (0.01 to 0.09), on 9 fields",
        f"sha256 {'f' * 64}",
    ):
        assert fact in page, fact
    assert read_inspection(tmp_path / "o")["second_opinion"]["model_sha256"] == "f" * 64
    places = [
        next(k for k, text in enumerate(printed) if text.startswith(first)) for first in ("Severity by", "Doubt: ", "faint")
    ]
    assert places == [places[0] + k for k in range(3)], "in the PDF right below the severity"


@pytest.mark.parametrize(
    ("share", "sigma", "shown"),
    [
        (0.2755, 0.05, "27.6 % ± 5.0 points"),
        (0.2849, 0.05, "28 % ± 5 points"),
        (0.2796, 0.05, "27.96 % ± 5.00 points"),
        (0.0096, 0.004, "0.96 % ± 0.40 points"),
        (0.123456, 0.001, "12.35 % ± 0.10 points"),
        (0.41996, 0.05, "41.996 % ± 5.000 points"),
    ],
)
def test_a_share_is_read_on_its_own_side_of_the_limits(share: float, sigma: float, shown: str) -> None:
    limits = (0.01, 0.05) if share < 0.1 else (0.28, 0.42)
    assert share_text(share, sigma, limits) == shown


def test_what_the_numbers_mean_stays_when_a_pixel_size_is_given(
    toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a detector: the scores and the boxes are its own, wider than the regions."""
    spec = replace(toy_store.spec("ni20cr"), arch="YoloSeg")
    monkeypatch.setitem(toy_store.specs, "ni20cr", spec)
    one = inspected(square((60, 80)))
    found = replace(one.map, boxes=np.array([[5, 6, 30, 31]], np.int32))
    one = replace(one, map=found, regions=measure(found), saliency=None)
    Image.fromarray(one.field.rgb).save(tmp_path / "a.png")
    write_inspection(one, spec, tmp_path / "o")
    again = rebuilt(tmp_path / "o", tmp_path / "a.png", PixelSize(0.5, "given"), toy_store)
    assert meaning_of(again) == meaning_of(one)
    assert "Score: how sure the model is of a region, 0 to 1: the detector's own score." in meaning_of(one)
    assert again.map.boxes.tolist() == [[5, 6, 30, 31]]


def test_a_network_is_not_counted(toy_store: Store, tmp_path: Path) -> None:
    """One region that spans the field, and specks beside it, of which nobody wants the sizes."""
    regions = squares(3)
    regions[0] = regions[regions > 0].max() + 1
    one = inspected(regions, um=0.5)
    item = write_inspection(replace(one, map=replace(one.map, instances=False)), toy_store.spec("ni20cr"), tmp_path / "o")
    assert (item["sizes"], item["regions_per_mm2"], len(item["regions"])) == (None, None, 4)
    assert "one connected region holds 67 % of the corroded area, 3 others the rest" in page_of(item)
    assert len(in_page(item)) == 2


def test_classes_have_colours_of_their_own_and_a_legend(toy_store: Store, tmp_path: Path) -> None:
    regions = squares(3)
    labels = np.array([0, 3, 1, 1], np.uint8)[regions]
    one = inspected(regions)
    found = replace(one.map, labels=labels, classes=("good", "fair", "poor", "severe"), instances=False)
    item = write_inspection(replace(one, map=found, regions=measure(found)), toy_store.spec("ni20cr"), tmp_path / "o")
    picture, colours = np.asarray(Image.open(item["overlay"])), class_colours(4)
    assert [picture[tuple(np.argwhere(regions == k)[0])].tolist() for k in (1, 2, 3)] == [colours[k].tolist() for k in (3, 1, 1)]
    (width, height), large = in_page(item)[0], READABLE // regions.shape[1]
    assert (width, height > large * regions.shape[0]) == (large * regions.shape[1], True)


def test_an_earlier_heat_map_does_not_stay_beside_a_record_that_has_none(toy_store: Store, tmp_path: Path) -> None:
    spec, found = toy_store.spec("ni20cr"), inspected(square((60, 80)))
    assert write_inspection(found, spec, tmp_path)["saliency"] == tmp_path / "saliency.png"
    (tmp_path / "opinion_saliency.png").write_bytes(b"earlier")
    again = write_inspection(replace(found, saliency=None), spec, tmp_path)
    assert again["saliency"] is None
    assert read_inspection(tmp_path)["saliency"] is None
    assert not list(tmp_path.glob("*saliency.png"))


@pytest.mark.parametrize("count", [1, 3, 40])
def test_regions_are_counted_in_whole_numbers(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(sem_plots, "png_of", lambda figure: drawn.append(figure) or b"")
    sem_plots.size_histogram(inspected(squares(count)))
    axis = drawn[0].axes[0].yaxis
    assert all(tick == round(tick) for tick in axis.get_ticklocs())
    assert len(axis.get_ticklocs()) >= 2
    shown = [label.get_text() for label in drawn[0].axes[0].get_xticklabels(which="both")]
    assert set(shown) <= {"5", "10"}
    assert len(shown) == 2, "plain numbers, and none between them"


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("area_um2", 56930000.0, "56,930,000"),
        ("area_um2", 999.97, "1,000"),
        ("area_um2", 999.9, "999.9"),
        ("area_um2", 0.000123456, "0.0001235"),
        ("equivalent_diameter_um", 5.0, "5.000"),
        ("area_px", 12, "12"),
        ("area_px", 1234567, "1,234,567"),
        ("id", 12345, "12345"),
        ("score", 0.8765, "0.88"),
        ("eccentricity", 0.99871, "0.999"),
        ("bbox_xyxy", [0, 10, 2000, 30], "0, 10, 2000, 30"),
        ("class", "corroded", "corroded"),
    ],
)
def test_values_are_shown_with_sensible_digits(key: str, value: Any, shown: str) -> None:
    assert written(key, value) == shown


def test_shares_of_an_overview_are_rounded_once() -> None:
    item = {"file": "a.png", "probabilities": {"low": 0.5, "moderate": 0.06504, "severe": 0.43496}, "regions": []}
    line = summary_line(item | {"severity_limits": [0.1, 0.2], "corrovis": "1"}, "a")
    assert shares_text(line["shares"]) == "low 50 %, moderate 7 %, severe 43 %"
    assert (line["p_severe"], line["version"]) == (0.435, "1")


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("Проба №3 µm².png", "Проба №3 µm².png"),
        ("试样.png", "\\u8bd5\\u6837.png"),
        ("a\udcff\n.png", "a\\udcff\\n.png"),
        ("\U0001f52c.png", "\\U0001f52c.png"),
        ("عينة.png", "عينة.png"),
    ],
)
def test_the_pdf_holds_any_name(name: str, held: str, toy_store: Store, tmp_path: Path) -> None:
    item = reported(square((60, 80)), toy_store, tmp_path / "o", name=name)
    title = f"Corrosion report: {held}"
    plain = title.replace("\\", "\\\\").encode("latin-1", "replace")
    wide = f"\ufeff{title}".encode("utf-16-be").hex().encode()
    written_as = b"(" + plain + b")" if title.isascii() else b"<" + wide + b">"
    assert item["pdf"].read_bytes().count(b"/Title " + written_as) == 1


def test_thousands_of_regions_stay_a_few_pages(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of which says what it is a page of; printed from a browser all rows of the table are there."""
    feet, cell = list[str](), Paper.cell
    monkeypatch.setattr(Paper, "cell", lambda pdf, *given, **how: (feet.append(given[2]), cell(pdf, *given, **how))[1])
    item = reported(squares(1500), toy_store, tmp_path / "o", um=0.5)
    pages = item["pdf"].read_bytes().count(b"/Type /Page\n")
    assert 2 <= pages <= 6
    said = [f"Corrosion report: drawn.png, page {page} of {{nb}}" for page in range(1, pages + 1)]
    assert [text for text in feet if "{nb}" in text] == said
    page = page_of(item)
    assert re.search(r"@media print \{.*\.scroll \{ max-height: none; overflow: visible;", page, re.DOTALL)
    assert page.count('class="dot"') == SHOWN_ROWS
    assert "1,300 smaller regions are in the CSV alone" in page
    assert len(item["csv"].read_text().splitlines()) == 1501


def test_a_wide_table_is_set_smaller(tmp_path: Path) -> None:
    """All of its columns, with a pixel size, are wider than a page at the usual size; one wider than a page would be refused."""
    for count in (12, 14, 23):
        cells = [["123456.78"] * count, ["1"] * count]
        report = Report("wide", (), (), [], [], ["Perimeter, px"] * count, cells, [(1, 2, 3)] * 2, 2, [], ())
        write_pdf(report, tmp_path / f"{count}.pdf")
        assert (tmp_path / f"{count}.pdf").read_bytes().startswith(b"%PDF")


def test_a_clean_field_has_a_report(toy_store: Store, tmp_path: Path) -> None:
    item = reported(np.zeros((60, 80), np.int32), toy_store, tmp_path / "o")
    assert item["regions"] == []
    assert 'class="dot"' not in page_of(item)
    assert item["pdf"].read_bytes().startswith(b"%PDF")
