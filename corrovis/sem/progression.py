"""How corrosion goes on: area and severity of many fields against exposure time, for each condition.

| here | seed C, 2026 |
| --- | --- |
| `trends` | corroded area against exposure, one line for each condition |
| `compare` | the temporal-thermal matrix: conditions against each other, two by two |

Fields of one condition and exposure are repeats.  A slope has the t interval of least squares; with fewer than three fields, or
a single exposure, there is none.  A difference has a bootstrap interval over repeats, and none without repeats.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import linregress, t

from corrovis.errors import BadInputError

COLUMNS = ("file", "exposure_h", "condition")
ROUNDS = 2000
LEAST_FIELDS = 3
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a picture, how long its specimen was exposed, in hours, and how."""

    file: Path
    exposure_h: float
    condition: str


@dataclass(frozen=True, slots=True)
class Point:
    """One inspected field on the time axis."""

    condition: str
    exposure_h: float
    corroded_fraction: float
    severity: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; no interval where the data cannot give one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Trend:
    """The fields of one condition; `per_hour` is the growth of the corroded fraction, None where no line can be laid."""

    condition: str
    points: tuple[Point, ...]
    per_hour: Estimate | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """How much more is corroded in `second` than in `first`, averaged over the exposures that both have."""

    first: str
    second: str
    exposures_h: tuple[float, ...]
    difference: Estimate


def read_table(path: Path) -> list[Row]:
    """Rows of a CSV with the columns file, exposure_h, condition; files are looked for beside the table.

    Raises:
        BadInputError: not readable, columns missing, an exposure that is no number, no rows
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read as a table ({error}); give a CSV with {', '.join(COLUMNS)}") from error
    head = text.splitlines()[0] if text.strip() else ""
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(text.splitlines(), delimiter=separator, skipinitialspace=True)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise BadInputError(f"{path} has no column {missing[0]}; it needs {', '.join(COLUMNS)} in its first line")
    rows = [row_of(record, path.parent, f"{path} line {line}") for line, record in enumerate(reader, start=2)]
    if not rows:
        raise BadInputError(f"{path} has no rows; write one line for each picture under {', '.join(COLUMNS)}")
    return rows


def row_of(record: Mapping[str, str | None], folder: Path, where: str) -> Row:
    """A row from its texts; `where` names it in the error.  Raises BadInputError for an exposure that is no number."""
    try:
        exposure = float((record["exposure_h"] or "").replace(",", "."))
    except ValueError:
        exposure = float("nan")
    if not 0 <= exposure < float("inf"):
        raise BadInputError(f"{where}: exposure_h is {record['exposure_h']!r}; write hours as a number, 0 or more")
    return Row(folder / (record["file"] or "").strip(), exposure, (record["condition"] or "").strip() or "unnamed")


def trends(points: Sequence[Point]) -> tuple[Trend, ...]:
    """One trend for each condition, in the order in which the conditions first appear."""
    found = []
    for condition in dict.fromkeys(point.condition for point in points):
        own = tuple(sorted((p for p in points if p.condition == condition), key=lambda p: p.exposure_h))
        found.append(Trend(condition, own, _slope(own)))
    return tuple(found)


def compare(points: Sequence[Point], seed: int = 0) -> tuple[Contrast, ...]:
    """Every pair of conditions that share an exposure."""
    conditions = list(dict.fromkeys(point.condition for point in points))
    contrasts = []
    for first, second in combinations(conditions, 2):
        cells = {c: _by_exposure([p for p in points if p.condition == c]) for c in (first, second)}
        shared = tuple(sorted(set(cells[first]) & set(cells[second])))
        if shared:
            pairs = [(cells[first][hours], cells[second][hours]) for hours in shared]
            contrasts.append(Contrast(first, second, shared, _difference(pairs, seed)))
    return tuple(contrasts)


def _by_exposure(points: Sequence[Point]) -> dict[float, list[float]]:
    cells: dict[float, list[float]] = {}
    for point in points:
        cells.setdefault(point.exposure_h, []).append(point.corroded_fraction)
    return cells


def _slope(points: Sequence[Point]) -> Estimate | None:
    """Least squares through fraction against hours."""
    hours = np.array([p.exposure_h for p in points])
    if len(points) < LEAST_FIELDS or hours.min() == hours.max():
        return None
    line = linregress(hours, [p.corroded_fraction for p in points])
    error = 0.0 if np.isnan(line.stderr) else float(line.stderr)  # of fractions that are all the same
    reach = float(t.ppf(0.975, len(points) - 2)) * error
    return Estimate(float(line.slope), float(line.slope) - reach, float(line.slope) + reach)


def _difference(pairs: list[tuple[list[float], list[float]]], seed: int) -> Estimate:
    value = float(np.mean([np.mean(second) - np.mean(first) for first, second in pairs]))
    if min(len(cell) for pair in pairs for cell in pair) < 2:
        return Estimate(value, None, None)
    dice = np.random.default_rng(seed)
    steps = [
        dice.choice(second, (ROUNDS, len(second))).mean(axis=1) - dice.choice(first, (ROUNDS, len(first))).mean(axis=1)
        for first, second in pairs
    ]
    low, high = np.percentile(np.mean(steps, axis=0), PERCENTILES)
    return Estimate(value, float(low), float(high))
