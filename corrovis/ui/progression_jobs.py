"""What the progression tab does for one visitor, without a page: a table filled and read, plot and tables for the page out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from statistics import median_low
from typing import Any

import numpy as np

from corrovis.errors import BadInputError
from corrovis.render.progression_words import by_text, is_sure, level_told, share_told
from corrovis.render.sem_plots import bars_aside, share_ceiling
from corrovis.sem.exposure_table import COLUMNS, SPECIMEN, Row, hours_in, once, row_of, written_hours
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.tasks.inspection import NOT_SENT
from corrovis.ui.curve_plot import panel, plot_json, series
from corrovis.ui.wording import progression as wording
from corrovis.ui.wording import shared

Cells = list[Any]


def filled(names: Sequence[str], known: Mapping[str, Cells]) -> list[Cells]:
    """A line of file, exposure_h, condition, specimen for every picture; what is `known` of it stays as it was."""
    lines = []
    for name in names:
        hours = hours_in(name)
        lines.append(known.get(name) or [name, "" if hours is None else written_hours(hours), "", ""])
    return lines


def rows_of(lines: Iterable[Cells]) -> list[Row]:
    """The rows of the page's table.  Raises BadInputError as `row_of` and `once` do."""
    texts = [["" if cell is None else str(cell) for cell in line] for line in lines]
    records = [dict(zip((*COLUMNS, SPECIMEN), line, strict=False)) for line in texts]
    named = [(f"the table, line {n}", record) for n, record in enumerate(records, 1) if record["file"].strip()]
    return once((where, row_of(record, Path(), where)) for where, record in named)


def by_name(files: Iterable[tuple[Path, str]]) -> dict[str, Path]:
    """Uploads, path and name, by their names.  Raises BadInputError where two are called the same."""
    named: dict[str, Path] = {}
    for path, name in files:
        if Path(name).name in named:
            raise BadInputError(
                f"two pictures are called {Path(name).name}; give each a name of its own, so that the table can tell"
            )
        named[Path(name).name] = path
    return named


def placed(rows: Sequence[Row], sent: Mapping[str, Path]) -> list[Row]:
    """The rows with their files among the uploads, found by name; one that did not come is left to fail as its own fault.

    Raises:
        BadInputError: the table has files of one name in two folders
    """
    names: dict[str, Path] = {}
    for row in rows:
        if names.setdefault(row.file.name, row.file) != row.file:
            raise BadInputError(
                f"the table names {row.file.name} in two folders, and uploads have none; give each a name of its own"
            )
    called = [row.file.name for row in rows]
    return [replace(row, file=sent.get(name, NOT_SENT / name), name=name) for row, name in zip(rows, called, strict=True)]


def growth_plot(conditions: list[dict[str, Any]]) -> str:
    """The value of the page's plot: corroded share, and severity, against hours; the axes end as in the report.

    Each condition has a dot for each field, a bar for the interval of each mean over repeats, and its line with its band.
    """
    own = [one for one in conditions if one["exposure"]]
    hours, aside = [one["exposure"] for one in own], bars_aside([one["exposure"] for one in own])
    ends = [min(map(min, hours)), max(map(max, hours))]
    ceiling, most = 100 * share_ceiling(share for one in own for share in one["corroded_fraction"]), len(FIELD_SEVERITIES) - 1
    shares, levels = [], []
    for k, one in enumerate(own):
        shares += _drawn(one, (k, aside[k]), ("corroded_fraction", "trend_line"), (100, 100))
        levels += _drawn(one, (k, aside[k]), ("severity_level", "severity_trend_line"), (1, most))
    panels = [
        panel(wording.PLOT_HOURS, wording.PLOT_CORRODED, shares, frame={"x": ends, "y": [0, ceiling]}),
        panel(wording.PLOT_HOURS, wording.PLOT_SEVERITY, levels, frame={"x": ends, "y": [0, most]}),
    ]
    return plot_json(panels, fitted=True)


def _drawn(
    one: dict[str, Any], place: tuple[int, float], keys: tuple[str, str], scale: tuple[float, float]
) -> list[dict[str, Any]]:
    """The series of one condition: `place` is its number and how far aside its bars stand; `keys` name quantity and line; `scale`
    takes them to the axis, and says what they cannot exceed.
    """
    (k, aside), (key, line), (times, most) = place, keys, scale
    drawn = []
    if one[line]:
        hours, value = (np.array(one[line][name]) for name in ("exposure", "value"))
        if one[line]["low"] is not None:
            around = np.clip(times * np.concatenate([one[line]["high"], one[line]["low"][::-1]]), 0, most)
            drawn.append({**series(np.concatenate([hours, hours[::-1]]), around, "", k, False), "band": True})
        drawn.append(series(hours, times * value, "", k, True))
    drawn.append(series(np.array(one["exposure"]), times * np.array(one[key]), one["condition"], k, False))
    for mean in one["means"]:
        if mean[key]["low"] is not None:
            ends = times * np.array([mean[key]["low"], mean[key]["high"]])
            drawn.append(series(np.full(2, mean["exposure_h"] + aside), ends, "", k, True))
    return drawn


def summary_list(summary: Sequence[str]) -> str:
    """The answer in words, a line for each sentence."""
    return "".join(f"<p>{escape(text)}</p>" for text in summary)


def growth_table(conditions: list[dict[str, Any]]) -> str:
    """Each condition in a line: growth, fields, hours, corroded share from least to most, severity first and last, its growth."""
    lines = []
    for one in conditions:
        hours, shares = one["exposure"], one["corroded_fraction"]
        cells = [
            one["condition"],
            share_told(one["trend"], "+"),
            str(len(hours)),
            _span(hours, "{:g}"),
            _span([100 * share for share in shares], "{:.1f} %"),
            _first_to_last(one) if hours else "",
            level_told(one["severity_trend"], "+"),
        ]
        lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    return _table(wording.GROWTH_TITLE, wording.GROWTH_COLUMNS, lines) + f"<p>{wording.GROWTH_NOTE}</p>"


def warning_list(items: list[dict[str, Any]], conditions: Sequence[str] = ()) -> str:
    """What is said of the `conditions`, and what the pictures are to be doubted for: each text once, after the names of its
    pictures, and what was left out; empty where there is nothing.
    """
    said = [(Path(item["file"]).name, text) for item in items for text in item.get("warnings", [])]
    left = [(wording.LEFT_OUT, item["error"]) for item in items if "error" in item]
    named = [*((wording.CONDITIONS, text) for text in conditions), *left, *by_text(said, len(items))]
    lines = [f"<p><strong>{escape(name)}</strong>: {escape(text)}</p>" for name, text in named]
    return f"<h2>{wording.WARNINGS}</h2>{''.join(lines)}" if lines else ""


def matrix(conditions: list[str], comparisons: list[dict[str, Any]]) -> str:
    """Every condition against every other, by corroded share and by severity, row minus column; of two, the later against the
    earlier in a line; empty for one.
    """
    if len(conditions) < 2:
        return ""
    if len(conditions) == 2:
        return _pair(conditions, comparisons)
    area = _matrix(wording.MATRIX_TITLE, conditions, comparisons, ("difference", 100, "+.1f"))
    severity = _matrix(wording.MATRIX_SEVERITY_TITLE, conditions, comparisons, ("severity_difference", 1, "+.2f"))
    return area + severity + f"<p>{wording.MATRIX_NOTE}</p>"


def _pair(conditions: list[str], comparisons: list[dict[str, Any]]) -> str:
    found = comparisons[0] if comparisons else {}
    cells = [f"<th>{escape(wording.PAIR.format(first=conditions[0], second=conditions[1]))}</th>"]
    cells += [_cell(found.get("difference"), 100, "+.1f"), _cell(found.get("severity_difference"), 1, "+.2f")]
    return _table(wording.PAIR_TITLE, wording.PAIR_COLUMNS, ["".join(cells)]) + f"<p>{wording.PAIR_NOTE}</p>"


def _matrix(title: str, conditions: list[str], comparisons: list[dict[str, Any]], shown: tuple[str, float, str]) -> str:
    """One table: `shown` is the difference's key, what it is multiplied with, and how it is written."""
    key, times, form = shown
    known = {(c["second"], c["first"]): c[key] for c in comparisons}
    known |= {(c["first"], c["second"]): _turned(c[key]) for c in comparisons}
    lines = []
    for row in conditions:
        cells = [f"<th>{escape(row)}</th>"]
        cells += [
            "<td class='own'></td>" if row == column else _cell(known.get((row, column)), times, form) for column in conditions
        ]
        lines.append("".join(cells))
    return _table(title, ["", *conditions], lines)


def _table(title: str, heads: list[str], lines: list[str]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<h2>{title}</h2><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(difference: dict[str, Any] | None, times: float, form: str) -> str:
    if difference is None:
        return f"<td>{wording.NOT_COMPARED}</td>"
    value, low, high = difference["value"], difference["low"], difference["high"]
    sure = is_sure(difference)
    interval = f"<small>{times * low:{form}} … {times * high:{form}}</small>" if low is not None else ""
    kind = ("more" if value > 0 else "less") if sure else "open"
    return f'<td class="{kind}">{times * value:{form}}{interval}</td>'


def _turned(difference: dict[str, Any]) -> dict[str, Any]:
    low, high = difference["low"], difference["high"]
    return {
        "value": -difference["value"],
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }


def _first_to_last(one: dict[str, Any]) -> str:
    """Severity at the first exposure, and at the last: of repeats the middle one, of two the lower."""
    levels: dict[float, list[int]] = {}
    for hours, severity in zip(one["exposure"], one["severity"], strict=True):
        levels.setdefault(hours, []).append(FIELD_SEVERITIES.index(severity))
    ends = [levels[hours] for hours in dict.fromkeys((min(levels), max(levels)))]
    return " → ".join(shared.severity_name(FIELD_SEVERITIES[median_low(own)]) for own in ends)


def _span(values: list[float], form: str) -> str:
    if not values:
        return ""
    first, last = form.format(min(values)), form.format(max(values))
    return first if first == last else f"{first} – {last}"
