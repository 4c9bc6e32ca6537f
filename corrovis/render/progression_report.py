"""A progression as files: plot, CSV with a line for each field, HTML that needs no other file, PDF, the contract's record."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.images import png_uri
from corrovis.render.pages import write_page
from corrovis.render.pdf import Shown, ShownTable, write_tables_pdf
from corrovis.render.progression_words import (
    CAPTION,
    GROWTH,
    INTERVALS,
    MEANING,
    TITLE,
    by_text,
    fields_told,
    growth_row,
    hours_told,
    in_words,
    level_told,
    share_told,
)
from corrovis.render.sem_plots import drawn_names, progression_plot
from corrovis.sem.exposure_table import Row, look_alikes
from corrovis.sem.progression import Line, Point, Trend, compare, trends
from corrovis.sem.results import FIELD_SEVERITIES

STEPS = 21  # hours at which a line and its band are answered


def write_progression(
    rows: Sequence[Row], items: Sequence[dict[str, Any]], points: Sequence[Point], folder: Path
) -> dict[str, Any]:
    """Write progression.png, .csv, .json, .html and .pdf to `folder`; the contract's answer, in which files are paths.

    `items` are the records of the rows' pictures, in their order; `points` those that could be inspected.
    """
    found = _every_condition(rows, trends(points))
    fields = [field_record(row, name, item) for row, name, item in zip(rows, shown_names(rows), items, strict=True)]
    kinds = {"plot": "png", "csv": "csv", "json": "json", "report": "html", "pdf": "pdf"}
    files = {key: folder / f"progression.{kind}" for key, kind in kinds.items()}
    conditions, comparisons = [trend_record(trend) for trend in found], [asdict(contrast) for contrast in compare(points)]
    answer = {
        "summary": in_words(conditions, comparisons),
        "conditions": conditions,
        "comparisons": comparisons,
        "warnings": [*look_alikes(row.condition for row in rows), *said_of_models(fields), *said_of_specimens(fields)],
        "items": list(items),
        **files,
    }
    plot = progression_plot([trend for trend in found if trend.points])
    files["plot"].write_bytes(plot)
    _write_csv(fields, files["csv"])
    _write_json(answer, fields, files["json"])
    said = _said(answer, fields)
    _write_html(answer, fields, (plot, said), files["report"])
    _write_pdf(answer, fields, (plot, said), files["pdf"])
    return answer


def _every_condition(rows: Sequence[Row], found: Sequence[Trend]) -> list[Trend]:
    """The trends in the order of the table; of a condition whose pictures all failed an empty one."""
    known = {trend.condition: trend for trend in found}
    return [known.get(name) or Trend(name, (), (), None, None) for name in dict.fromkeys(row.condition for row in rows)]


def trend_record(trend: Trend) -> dict[str, Any]:
    """The contract's answer for one condition: `trend` is the growth of the corroded fraction per hour, of level its sister."""
    points = trend.points
    return {
        "condition": trend.condition,
        "exposure": [point.exposure_h for point in points],
        "corroded_fraction": [point.corroded_fraction for point in points],
        "severity": [point.severity for point in points],
        "severity_probabilities": [dict(zip(FIELD_SEVERITIES, point.probabilities, strict=True)) for point in points],
        "severity_level": [point.severity_level for point in points],
        "means": [asdict(mean) for mean in trend.means],
        "trend": asdict(trend.area.per_hour) if trend.area else None,
        "trend_line": _line_record(trend, trend.area),
        "severity_trend": asdict(trend.severity.per_hour) if trend.severity else None,
        "severity_trend_line": _line_record(trend, trend.severity),
    }


def _line_record(trend: Trend, line: Line | None) -> dict[str, list[float] | None] | None:
    """The line and the edges of its band, where it has one, from the first to the last hour."""
    if line is None:
        return None
    hours = np.linspace(trend.points[0].exposure_h, trend.points[-1].exposure_h, STEPS)
    low, high = line.band(hours) or (None, None)
    columns = {"exposure": hours, "value": line.at(hours), "low": low, "high": high}
    return {name: None if own is None else [round(float(x), 6) for x in own] for name, own in columns.items()}


def shown_names(rows: Sequence[Row]) -> list[str]:
    """The pictures' names; with the folders that tell them apart where two are called the same."""
    paths = [Path(row.name) if row.name else row.file.absolute() for row in rows]
    if len({path.name for path in paths}) == len(set(paths)):
        return [path.name for path in paths]
    above = commonpath([path.parent for path in paths])
    return [path.relative_to(above).as_posix() for path in paths]


def field_record(row: Row, name: str, item: dict[str, Any]) -> dict[str, Any]:
    """A line of the CSV; what a picture that could not be inspected lacks is None."""
    shares = item.get("probabilities", {})
    return {
        "file": name,
        "exposure_h": row.exposure_h,
        "condition": row.condition,
        "specimen": row.specimen,
        "corroded_fraction": item.get("corroded_fraction"),
        "severity": item.get("severity"),
        **{f"probability_{severity}": shares.get(severity) for severity in FIELD_SEVERITIES},
        "regions": len(item["regions"]) if "regions" in item else None,
        **{key: item.get(key) for key in ("regions_per_mm2", "corroded_um2", "pixel_size_um")},
        "model": item.get("model"),
        "model_sha256": item.get("model_sha256"),
        "warnings": "; ".join(item.get("warnings", [])),
        "error": item.get("error"),
        **{key: item.get(key) for key in ("corroded_fraction_sigma", "picture_sha256")},
    }


def said_of_models(fields: list[dict[str, Any]]) -> list[str]:
    """A line where more than one model looked at the pictures, with some of each one's."""
    models = [name for name, _ in _models(fields)]
    if len(models) < 2:
        return []
    of = {name: [field["file"] for field in fields if field["model"] == name] for name in models}
    named = "; ".join(f"{name}: {', '.join(own[:3])}{f' and {len(own) - 3} more' * (len(own) > 3)}" for name, own in of.items())
    apart = "nothing is compared, averaged or put on a line across them"
    return [f"several models looked at the pictures ({named}), and {apart}; choose one for all, or make a table for each"]


def said_of_specimens(fields: list[dict[str, Any]]) -> list[str]:
    """A line where one specimen stands at several exposures, or in several conditions, with some of their names."""
    places: dict[str, set[tuple[str, float]]] = {}
    for field in fields:
        if field["specimen"] and not field["error"]:
            places.setdefault(field["specimen"], set()).add((field["condition"], field["exposure_h"]))
    again = [name for name, own in places.items() if len(own) > 1]
    if not again:
        return []
    named = f"{', '.join(again[:3])}{f' and {len(again) - 3} more' * (len(again) > 3)}"
    told = "but intervals treat its measurements as independent; if they are different specimens, give each its own name"
    return [f"the same specimen was measured at several exposures or conditions ({named}), {told}"]


def _write_csv(fields: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:  # a file's name need not be UTF-8
        writer = csv.DictWriter(file, list(fields[0]))
        writer.writeheader()
        writer.writerows(fields)


def _write_json(answer: dict[str, Any], fields: list[dict[str, Any]], path: Path) -> None:
    """The answer without the regions, which lie in each picture's own inspection.json; files are named from the folder."""
    items = [
        {**{key: value for key, value in item.items() if key != "regions"}, "file": field["file"]}
        for item, field in zip(answer["items"], fields, strict=True)
    ]
    named = json.dumps({**answer, "items": items}, default=lambda file: file.relative_to(path.parent).as_posix(), indent=1)
    path.write_text(named + "\n")


Said = list[tuple[str, str]]


def _said(answer: dict[str, Any], fields: list[dict[str, Any]]) -> Said:
    """What is to be doubted, of the conditions and then of the pictures, as (of what, text)."""
    named = zip(fields, answer["items"], strict=True)
    of_pictures = [(field["file"], text) for field, item in named for text in item.get("warnings", [])]
    return [*(("conditions", text) for text in answer["warnings"]), *by_text(of_pictures, len(fields))]


def _write_html(answer: dict[str, Any], fields: list[dict[str, Any]], drawn: tuple[bytes, Said], path: Path) -> None:
    """One file: the plot lies in it as data, and a condition is called as it is and as in the plot."""
    plot, said = drawn
    names = drawn_names([one["condition"] for one in answer["conditions"]])
    called = {name: name if shown == name else f"{name} ({shown} in the plot)" for name, shown in names.items()}
    values = {
        "title": TITLE,
        "caption": CAPTION,
        "summary": answer["summary"],
        "tables": [table for table in _tables(answer, fields, called) if table.rows],
        "models": _models(fields),
        "left_out": [field["error"] for field in fields if field["error"]],
        "warnings": said,
        "plot": png_uri(plot),
        "meaning": MEANING,
    }
    write_page("progression_report.html", path, values)


def _write_pdf(answer: dict[str, Any], fields: list[dict[str, Any]], drawn: tuple[bytes, Said], path: Path) -> None:
    """The same words and tables as in the HTML; conditions are called as in the plot, whose font is this file's too."""
    plot, said = drawn
    names = drawn_names([one["condition"] for one in answer["conditions"]])
    conditions = [{**one, "condition": names[one["condition"]]} for one in answer["conditions"]]
    comparisons = [{**one, "first": names[one["first"]], "second": names[one["second"]]} for one in answer["comparisons"]]
    notes = [f"left out: {field['error']}" for field in fields if field["error"]] + [f"{name}: {text}" for name, text in said]
    other = ", ".join(shown for name, shown in names.items() if shown != name)
    notes += [f"{other}: names in letters that this font lacks; progression.html has them"] if other else []
    models = [f"Model {name}, sha256 {sha256}" for name, sha256 in _models(fields)]
    tables = _tables(answer, fields, names)
    parts: list[str | Shown | ShownTable] = [*in_words(conditions, comparisons), Shown(plot, CAPTION), *tables]
    write_tables_pdf(TITLE, notes, parts, (*MEANING, *models), path)


Names = Mapping[str, str]
"""What a report calls each condition."""


def _tables(answer: dict[str, Any], fields: list[dict[str, Any]], names: Names) -> tuple[ShownTable, ...]:
    conditions = answer["conditions"]
    return _growth(conditions, names), _means(conditions, names), _contrasts(answer["comparisons"], names), _fields(fields, names)


def _growth(conditions: list[dict[str, Any]], names: Names) -> ShownTable:
    return ShownTable("Growth, condition by condition", GROWTH, [growth_row(one, names[one["condition"]]) for one in conditions])


def _means(conditions: list[dict[str, Any]], names: Names) -> ShownTable:
    rows = [
        [
            *(names[c["condition"]], f"{m['exposure_h']:g}", fields_told(m)),
            *(share_told(m["corroded_fraction"]), level_told(m["severity_level"])),
        ]
        for c in conditions
        for m in c["means"]
    ]
    return ShownTable("Means at each exposure", ["condition", "hours", "fields", "corroded, %", "severity level"], rows)


def _contrasts(comparisons: list[dict[str, Any]], names: Names) -> ShownTable:
    rows = [
        [
            *(names[c["second"]], names[c["first"]], INTERVALS[c["interval"]], hours_told(c["exposures_h"])),
            *(share_told(c["difference"], "+"), level_told(c["severity_difference"], "+")),
        ]
        for c in comparisons
    ]
    headings = ["more in", "than in", "interval", "hours", "corroded, points of %", "severity, levels"]
    return ShownTable("Conditions against each other", headings, rows, words=3)


def _fields(fields: list[dict[str, Any]], names: Names) -> ShownTable:
    rows = [
        [
            *(f["file"], names[f["condition"]], f["severity"], f["model"]),
            *(f"{f['exposure_h']:g}", f"{100 * f['corroded_fraction']:.2f}"),
            *(f"{f[f'probability_{severity}']:.2f}" for severity in FIELD_SEVERITIES),
        ]
        for f in fields
        if not f["error"]
    ]
    headings = ["picture", "condition", "severity", "model", "hours", "corroded, %", *FIELD_SEVERITIES]
    return ShownTable("Fields", headings, rows, words=4)


def _models(fields: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted({(field["model"], field["model_sha256"]) for field in fields if field["model"]})
