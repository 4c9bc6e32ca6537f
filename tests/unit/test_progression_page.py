"""What the progression tab does without a page: tables filled and read, plot and comparison for the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corrovis.errors import BadInputError
from corrovis.sem.progression import Row
from corrovis.ui import progression_jobs as jobs
from corrovis.ui import wording

TREND = {"value": 0.02, "low": 0.01, "high": 0.03}
DRY = {"condition": "dry", "exposure": [1.0, 2.0, 4.0], "corroded_fraction": [0.1, 0.2, 0.3]}
CONDITIONS = [
    {**DRY, "severity": ["low", "low", "moderate"], "trend": TREND},
    {"condition": "<wet>", "exposure": [1.0], "corroded_fraction": [0.4], "severity": ["severe"], "trend": None},
]


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("675C_4h_s1.tif", 4),
        ("steel 7d.png", 168),
        ("a-0.5h.jpg", 0.5),
        ("24 h_b.png", 24),
        ("4hours.png", None),
        ("x12hz.png", None),
    ],
)
def test_hours_are_read_from_names(name: str, hours: float | None) -> None:
    assert jobs.hours_in(name) == hours


def test_what_was_written_stays() -> None:
    known = {"a_4h.png": ["a_4h.png", "5", "wet"]}
    assert jobs.filled(["a_4h.png", "b_8h.png", "c.png"], known) == [
        ["a_4h.png", "5", "wet"],
        ["b_8h.png", "8", ""],
        ["c.png", "", ""],
    ]


def test_pictures_of_one_name_are_refused() -> None:
    with pytest.raises(BadInputError, match="two pictures are called 4h"):
        jobs.by_name([(Path("x/4h.png"), "4h.png"), (Path("y/4h.png"), "4h.png")])
    with pytest.raises(BadInputError, match="in two folders"):
        jobs.placed([Row(Path("dry/4h.png"), 4, "dry"), Row(Path("wet/4h.png"), 4, "wet")], {"4h.png": Path("a")})


def test_the_table_is_read_like_a_csv() -> None:
    first, second = jobs.rows_of([["a.png", "1,5", " dry "], ["b.png", 2, None], ["", "", ""]])
    assert (first.file, first.exposure_h, first.condition) == (Path("a.png"), 1.5, "dry")
    assert (second.exposure_h, second.condition) == (2, "unnamed")
    with pytest.raises(BadInputError, match="the table, line 2: exposure_h is ''; write hours"):
        jobs.rows_of([["a.png", "1", ""], ["b.png", "", ""]])


def test_every_picture_of_the_table_must_have_come() -> None:
    with pytest.raises(BadInputError, match=r"names b\.png, which was not sent"):
        jobs.placed(jobs.rows_of([["a.png", "1", ""], ["b.png", "1", ""]]), {"a.png": Path("/tmp/a.png")})


def test_the_line_passes_through_the_middle_with_its_slope() -> None:
    (panel,) = json.loads(jobs.growth_plot(CONDITIONS))["panels"]
    dots, line, alone = panel["series"]
    assert dots["y"] == [10, 20, 30]
    assert line["line"]
    assert (line["y"][1] - line["y"][0]) / 3 == pytest.approx(2)
    assert sum(line["y"]) / 2 + 2 * (7 / 3 - 2.5) == pytest.approx(20, abs=1e-3)
    assert alone["name"] == "<wet>"


def test_tables_are_escaped_and_say_what_is_missing() -> None:
    html = jobs.growth_table(CONDITIONS)
    assert "&lt;wet&gt;" in html
    assert wording.NO_TREND in html
    assert "+2.00 (+1.00 … +3.00)" in html


def test_the_matrix_is_read_row_minus_column() -> None:
    difference = {"value": 0.1, "low": 0.05, "high": 0.2}
    html = jobs.matrix(["a", "b", "c"], [{"first": "a", "second": "b", "difference": difference}])
    upper, lower, last = html.split("<tbody>")[1].split("</tr>")[:3]
    assert 'class="less">-10.0<small>-20.0 … -5.0' in upper, "a is less corroded than b"
    assert 'class="more">+10.0<small>+5.0 … +20.0' in lower
    assert last.count(wording.NOT_COMPARED) == 2
    assert jobs.matrix(["a"], []) == ""


def test_without_repeats_a_difference_is_not_coloured() -> None:
    html = jobs.matrix(["a", "b"], [{"first": "a", "second": "b", "difference": {"value": 0.1, "low": None, "high": None}}])
    assert html.count('class="open"') == 2
