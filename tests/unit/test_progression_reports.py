"""What a progression writes: tables, HTML and PDF, with every condition and every warning once."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

from corrovis.render import progression_report
from corrovis.render.pdf import Paper, Shown, ShownTable
from corrovis.render.progression_report import trend_record, write_progression
from corrovis.render.progression_words import TITLE, by_text
from corrovis.sem.exposure_table import Row, look_alikes
from corrovis.sem.progression import Point, trends
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.ui import progression_jobs as jobs

LOW = (1.0, 0.0, 0.0)


def item_of(point: Point, severity: str) -> dict[str, Any]:
    """The record of a picture, as far as a progression reads it."""
    chances = dict(zip(FIELD_SEVERITIES, point.probabilities, strict=True))
    item = {"file": f"{point.exposure_h}.png", "severity": severity, "probabilities": chances}
    return item | {"corroded_fraction": point.corroded_fraction, "regions": [], "model": point.model or "toy"}


def test_a_progression_has_the_severity_of_its_pictures(tmp_path: Path) -> None:
    """Near a limit of area the word and the likeliest word differ; a picture that failed has none."""
    points = [Point("dry", 8, 0.42, (0, 0.49, 0.51), "moderate"), Point("dry", 1, 0.28, (0.51, 0.49, 0), "moderate")]
    items = [item_of(points[0], "moderate"), {"file": "gone.png", "error": "gone"}, item_of(points[1], "moderate")]
    rows = [Row(Path(name), hours, "dry") for name, hours in (("8.png", 8), ("gone.png", 2), ("1.png", 1))]
    (condition,) = write_progression(rows, items, points, tmp_path)["conditions"]
    assert (condition["exposure"], condition["severity"]) == ([1, 8], ["moderate", "moderate"])


def test_a_condition_whose_pictures_all_failed_is_not_forgotten(tmp_path: Path) -> None:
    """Nor by the CSV what can be measured in micrometres."""
    points = [Point("dry", 1, 0.3, LOW, "low", specimen="s1")]
    known = {"regions_per_mm2": 7.0, "corroded_um2": 12.5, "pixel_size_um": 0.5, "corroded_fraction_sigma": 0.05}
    items = [{"file": "gone.png", "error": "gone"}, item_of(points[0], "low") | known]
    answer = write_progression([Row(Path("gone.png"), 2, "wet"), Row(Path("1.png"), 1, "dry", "s1")], items, points, tmp_path)
    assert [(one["condition"], one["exposure"]) for one in answer["conditions"]] == [("wet", []), ("dry", [1])]
    assert "<td>wet</td><td>" in jobs.growth_table(answer["conditions"])
    assert len(json.loads(jobs.growth_plot(answer["conditions"]))["panels"][0]["series"]) == 1
    assert "wet: none of its pictures could be inspected." in (tmp_path / "progression.html").read_text()
    with (tmp_path / "progression.csv").open() as file:
        line = list(csv.DictReader(file))[1]
    assert {name: float(line[name]) for name in known} == known
    assert line["specimen"] == "s1"


def test_reports_have_a_key_to_names_that_the_plot_cannot_write(tmp_path: Path) -> None:
    points = [Point("\u6761\u4ef6", 1, 0.3, LOW, "low")]
    written = Mock(wraps=progression_report.write_tables_pdf)
    with patch.object(progression_report, "write_tables_pdf", written):
        write_progression([Row(Path("1.png"), 1, "\u6761\u4ef6")], [item_of(points[0], "low")], points, tmp_path)
    assert "<td>\u6761\u4ef6 (condition 1 in the plot)</td>" in (tmp_path / "progression.html").read_text()
    assert "\u6761" not in repr([part for part in written.call_args.args[2] if not isinstance(part, Shown)])
    assert "condition 1: names in letters that this font lacks" in written.call_args.args[1][0]


def test_a_long_condition_leaves_the_other_columns_their_width(tmp_path: Path) -> None:
    """As does a picture's name that no program would show whole."""
    points = [Point("c" * 330, hours, 0.3, LOW, "low") for hours in (4, 8)]
    rows = [Row(Path(f"{hours}.png"), hours, "c" * 330) for hours in (4, 8)]
    items = [item_of(point, "low") | {"file": f"{'n' * 9000}.png"} for point in points]
    tables, table = list[tuple[float, ...]](), Paper.table
    with patch.object(Paper, "table", lambda paper, **how: (tables.append(how["col_widths"]), table(paper, **how))[1]):
        write_progression(rows, items, points, tmp_path)
    assert (tmp_path / "progression.pdf").read_bytes().startswith(b"%PDF")
    assert len(tables) > 1
    assert min(map(min, tables)) > 5, "mm; a table wider than its page would be refused"


def test_pictures_of_several_models_are_told_apart(tmp_path: Path) -> None:
    """In the warnings, with the pictures of each; in the table of HTML, PDF and CSV."""
    points = [Point("dry", h, 0.1 * h, (1, 0, 0), "low", "pits304" if h > 4 else "ni20cr") for h in (1, 2, 3, 4, 5)]
    rows = [Row(Path(f"{point.exposure_h}.png"), point.exposure_h, "dry") for point in points]
    written = Mock(wraps=progression_report.write_tables_pdf)
    with patch.object(progression_report, "write_tables_pdf", written):
        answer = write_progression(rows, [item_of(point, "low") | {"model_sha256": "5a"} for point in points], points, tmp_path)
    said = (
        "several models looked at the pictures (ni20cr: 1.png, 2.png, 3.png and 1 more; pits304: 5.png), and nothing is compared"
    )
    assert answer["warnings"][0].startswith(said)
    assert answer["conditions"][0]["trend"] is None
    assert [row[3] for row in written.call_args.args[2][-1].rows] == ["ni20cr"] * 4 + ["pits304"]
    assert (tmp_path / "progression.html").read_text().count("<td>ni20cr</td>") == 4


def test_a_specimen_at_several_hours_or_in_several_conditions_is_told(tmp_path: Path) -> None:
    places = [("dry", 1, "s1"), ("dry", 2, "s1"), ("dry", 1, "s2"), ("dry", 1, "s2"), ("wet", 1, ""), ("wet", 2, "")]
    points = [Point(name, h, 0.1 * h, LOW, "low", specimen=specimen) for name, h, specimen in places]
    rows = [Row(Path(f"{k}.png"), one.exposure_h, one.condition, one.specimen) for k, one in enumerate(points)]
    (said,) = write_progression(rows, [item_of(point, "low") for point in points], points, tmp_path)["warnings"]
    assert said.startswith("the same specimen was measured at several exposures or conditions (s1), but intervals treat")


def test_warnings_that_differ_in_a_number_stand_once() -> None:
    said = [("a.png", "1.3 times as far as pits304"), ("b.png", "1.10 times as far as pits304"), ("b.png", "44 rows")]
    assert by_text(said, 2) == [("all 2 pictures", "1.10 to 1.3 times as far as pits304"), ("b.png", "44 rows")]


def test_a_progression_is_a_pdf_too(tmp_path: Path) -> None:
    """With the tables of the page, the interval of each comparison, and what is said of the conditions."""
    points = [
        Point(name, hours, share, (1 - share, share, 0), "low")
        for name, times in (("dry", 1), ("Dry", 2))
        for hours, share in ((1, 0.1 * times), (2, 0.15 * times), (4, 0.3 * times))
    ]
    rows = [Row(Path(f"{point.condition}{point.exposure_h}.png"), point.exposure_h, point.condition) for point in points]
    written = Mock(wraps=progression_report.write_tables_pdf)
    with patch.object(progression_report, "write_tables_pdf", written):
        answer = write_progression(rows, [item_of(point, "low") for point in points], points, tmp_path)
    (title, notes, parts, _, path), _ = written.call_args
    (plot,), tables = ([part for part in parts if isinstance(part, kind)] for kind in (Shown, ShownTable))
    assert path.read_bytes().startswith(b"%PDF")
    assert path.read_bytes().count(b"/Subtype /Image") == 1
    assert (title, plot.png) == (TITLE, answer["plot"].read_bytes())
    assert "count as two" in notes[0]
    contrast = next(table for table in tables if table.title == "Conditions against each other")
    assert contrast.rows[0][:4] == ["Dry", "dry", "paired t over the exposures", "1, 2, 4"]
    assert parts[: len(answer["summary"])] == answer["summary"]
    assert [row[0] for row in tables[-1].rows] == [row.file.name for row in rows]
    assert all(len(row) == len(table.headings) for table in tables for row in table.rows)
    assert answer["comparisons"][0]["interval"] == "paired t"
    assert answer["warnings"] == look_alikes(["dry", "Dry"])
    cells = re.findall("<t[dh][^>]*>([^<]*)</t[dh]>", (tmp_path / "progression.html").read_text())
    assert cells == [cell for table in tables for row in (table.headings, *table.rows) for cell in row], (
        "both reports say the same"
    )


def test_a_warning_stands_once_with_all_the_pictures_it_is_said_of() -> None:
    said = [("a.png", "faint"), ("b.png", "faint"), ("a.png", "blurred"), ("c.png", "faint")]
    assert by_text(said, 3) == [("all 3 pictures", "faint"), ("a.png", "blurred")]
    assert by_text(said, 4) == [("a.png, b.png, c.png", "faint"), ("a.png", "blurred")]
    assert by_text([("a.png", "faint")], 1) == [("a.png", "faint")]


def test_growth_over_years_is_not_rounded_to_nothing(tmp_path: Path) -> None:
    """Three millionths of the field, and of a level, an hour: on the page and in the report."""
    grown = [(1000, 0.003), (2000, 0.006 + 1e-8), (4000, 0.012)]
    points = [Point("sea", hours, share, (1 - share, share, 0), "low") for hours, share in grown]
    html = jobs.growth_table([trend_record(*trends(points))])
    assert "+0.0003 (+0.0003 to +0.0003)" in html
    assert "+3e-06 (+3e-06 to +3e-06)" in html
    rows = [Row(Path(f"{point.exposure_h}.png"), point.exposure_h, "sea") for point in points]
    write_progression(rows, [item_of(point, "low") for point in points], points, tmp_path)
    report = (tmp_path / "progression.html").read_text()
    assert "+0.0003 (+0.0003 to +0.0003)" in report
    assert "+3e-06 (+3e-06 to +3e-06)" in report
