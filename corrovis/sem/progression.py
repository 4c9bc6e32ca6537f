"""How corrosion goes on: area and severity of many fields against exposure time, for each condition.

| here | seed C, 2026 |
| --- | --- |
| `trends` | corroded area and severity against exposure, a line of each for each condition |
| `compare` | the temporal-thermal matrix: conditions against each other, two by two |

Fields of one condition and exposure are repeats.  A slope, and the line at any hour, has the t interval of least squares; with
fewer than three fields, or a single exposure, there is none.  A mean and a difference have bootstrap intervals over repeats, and
none without repeats.  Severity counts as the level that its probabilities lead one to expect, 0 low to 2 severe.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from math import sqrt
from os.path import realpath
from pathlib import Path

import numpy as np
from scipy.stats import linregress, t

from corrovis.curves import Real
from corrovis.errors import BadInputError
from corrovis.sem.results import FIELD_SEVERITIES, FieldSeverity

COLUMNS = ("file", "exposure_h", "condition")
MOST_HOURS = 1e9  # a hundred thousand years
NEEDED = f"it needs {', '.join(COLUMNS)} in its first line, and a short line for each picture below"
MORE_CELLS = "put a number with a decimal comma in quotes, or part the cells by semicolons"
THOUSANDS = re.compile(r"\+?[1-9]\d{0,2}(?P<mark>[.,])\d{3}")  # or decimals: 1.000 is 1 here and 1000 there
ROUNDS = 2000
LEAST_FIELDS, LEAST_REPEATS = 3, 2
PERCENTILES = (2.5, 97.5)

Record = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a picture, how long its specimen was exposed, in hours, and how."""

    file: Path
    exposure_h: float
    condition: str


@dataclass(frozen=True, slots=True)
class Point:
    """One inspected field on the time axis; `probabilities` are of `FIELD_SEVERITIES`, in that order.

    `severity` follows the limits of area, as in the field's own record; near a limit another may be the likeliest.
    """

    condition: str
    exposure_h: float
    corroded_fraction: float
    probabilities: tuple[float, float, float]
    severity: FieldSeverity

    @property
    def severity_level(self) -> float:
        """Expected severity, 0 low to 2 severe: unlike the word, it moves before a limit is passed."""
        return float(np.dot(self.probabilities, range(len(FIELD_SEVERITIES))))


Quantity = Callable[[Point], float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; no interval where the data cannot give one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """Least squares against hours: growth per hour, and what is needed for its band.

    `centre` is mean hour and mean value, `spread` the sum of squared departures from the mean hour, `reach` the residual
    standard deviation times the t value of the interval, `count` the number of fields.
    """

    per_hour: Estimate
    centre: tuple[float, float]
    spread: float
    reach: float
    count: int

    def band(self, hours: Real) -> tuple[Real, Real, Real]:
        """The line at `hours`, and the lower and upper edge of its 95 % t interval, each (n,)."""
        middle = self.centre[1] + self.per_hour.value * (hours - self.centre[0])
        half = self.reach * np.sqrt(1 / self.count + (hours - self.centre[0]) ** 2 / self.spread)
        return middle, middle - half, middle + half


@dataclass(frozen=True, slots=True)
class Mean:
    """The fields of one condition and exposure: their mean, with a bootstrap interval where there are repeats."""

    exposure_h: float
    fields: int
    corroded_fraction: Estimate
    severity_level: Estimate


@dataclass(frozen=True, slots=True)
class Trend:
    """The fields of one condition, by exposure; lines of corroded fraction and severity level, None where none can be laid."""

    condition: str
    points: tuple[Point, ...]
    means: tuple[Mean, ...]
    area: Line | None
    severity: Line | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """How much more is corroded in `second` than in `first`, and how much severer it is, over the exposures that both have."""

    first: str
    second: str
    exposures_h: tuple[float, ...]
    difference: Estimate
    severity_difference: Estimate


def read_table(path: Path) -> list[Row]:
    """Rows of a CSV with the columns file, exposure_h, condition; files are looked for beside the table.

    Cells are parted by commas, semicolons or tabs; what Excel adds, a first line `sep=;` and lines of empty cells, counts for
    nothing.

    Raises:
        BadInputError: not readable, columns missing or twice, too many cells, as `row_of` and `once`, or no rows
    """
    rows = once(_rows(path))
    if not rows:
        raise BadInputError(f"{path} has no rows; write one line for each picture under {', '.join(COLUMNS)}")
    return rows


def _rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Each line that says something, after its place in the file."""
    lines = list(io.StringIO(_decoded(path), newline=""))
    above, separator = _head(lines)
    reader = csv.reader(lines[above:], delimiter=separator, skipinitialspace=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        wrong = [name for name in COLUMNS if names.count(name) != 1]
        if wrong:
            how_many = "more than one" if wrong[0] in names else "no"
            raise BadInputError(f"{path} has {how_many} column {wrong[0]}; {NEEDED}")
        for cells in reader:
            where = f"{path} line {above + reader.line_num}"
            if any(cell.strip() for cell in cells[len(names) :]):
                raise BadInputError(f"{where} has {len(cells)} cells for {len(names)} columns; {MORE_CELLS}")
            if any(cell.strip() for cell in cells):
                record = dict(zip_longest(names, cells[: len(names)]))
                yield where, row_of(record, path.parent, where, thousands=".," if separator == ";" else ",")
    except csv.Error as error:
        raise BadInputError(f"{path} line {above + reader.line_num} is no line of a table ({error}); {NEEDED}") from error


def _decoded(path: Path) -> str:
    """UTF-8, UTF-16 by its mark, or else what Excel's plain CSV is written in."""
    try:
        data = path.read_bytes()
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("cp1252")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read as a table ({error}); give a CSV with {', '.join(COLUMNS)}") from error


def _head(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines stand above the names of the columns, and what parts the cells."""
    filled = [n for n, line in enumerate(lines) if line.strip(" ,;\t\r\n")] or [len(lines)]
    header = lines[filled[0]] if lines[filled[0] :] else ""
    said = re.fullmatch(r"sep=([,;\t])\s*", header)
    if said:
        return next(iter(filled[1:]), len(lines)), said[1]
    return filled[0], max(",;\t", key=header.count)


def row_of(record: Record, folder: Path, where: str, thousands: str = ",") -> Row:
    """A row from its texts; `where` names it in the error.

    Raises:
        BadInputError: no file, an exposure that is no number, or has one of the marks that may part `thousands`, as 1,000 has
    """
    file = (record["file"] or "").strip()
    if not file or "\0" in file:
        raise BadInputError(f"{where}: file is {file!r}; write the name of a picture")
    text = (record["exposure_h"] or "").strip()
    doubtful = THOUSANDS.fullmatch(text)
    if doubtful and doubtful["mark"] in thousands:
        either = f"{re.sub('[.,]', '', text)} or {text.replace(',', '.')}0"
        raise BadInputError(f"{where}: exposure_h {text!r} may be thousands or decimals; write {either}")
    try:
        exposure = float(text.replace(",", "."))
    except ValueError:
        exposure = float("nan")
    if not 0 <= exposure <= MOST_HOURS:
        raise BadInputError(f"{where}: exposure_h is {record['exposure_h']!r}; write hours as a number, 0 or more, at most 1e9")
    return Row(folder / file, exposure, (record["condition"] or "").strip() or "unnamed")


def once(named: Iterable[tuple[str, Row]]) -> list[Row]:
    """The rows, each given after its place.  Raises BadInputError for a picture twice in a condition: it would pass for two."""
    rows: dict[tuple[str, str], tuple[str, Row]] = {}
    for where, row in named:
        place, other = rows.setdefault((realpath(row.file), row.condition), (where, row))
        if other is not row:
            what = "says the same as" if row.exposure_h == other.exposure_h else "gives another exposure to the picture of"
            raise BadInputError(f"{where} {what} {place}; a picture counts once in a condition, so take one of the two out")
    return [row for _, row in rows.values()]


def trends(points: Sequence[Point]) -> tuple[Trend, ...]:
    """One trend for each condition, in the order in which the conditions first appear."""
    found = []
    for condition in _conditions(points):
        own = tuple(sorted((p for p in points if p.condition == condition), key=lambda p: p.exposure_h))
        hours = np.array([p.exposure_h for p in own])
        area, severity = (_line(hours, np.array([value(p) for p in own])) for value in (_area, _level))
        found.append(Trend(condition, own, _means(own), area, severity))
    return tuple(found)


def compare(points: Sequence[Point], seed: int = 0) -> tuple[Contrast, ...]:
    """Every pair of conditions that share an exposure."""
    contrasts = []
    for first, second in combinations(_conditions(points), 2):
        cells = [_by_exposure([p for p in points if p.condition == c]) for c in (first, second)]
        shared = tuple(sorted(set(cells[0]) & set(cells[1])))
        if shared:
            pairs = [(cells[0][hours], cells[1][hours]) for hours in shared]
            contrasts.append(Contrast(first, second, shared, _difference(pairs, _area, seed), _difference(pairs, _level, seed)))
    return tuple(contrasts)


def _conditions(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.condition for point in points))


def _area(point: Point) -> float:
    return point.corroded_fraction


def _level(point: Point) -> float:
    return point.severity_level


def _by_exposure(points: Sequence[Point]) -> dict[float, list[Point]]:
    cells: dict[float, list[Point]] = {}
    for point in points:
        cells.setdefault(point.exposure_h, []).append(point)
    return cells


def _means(points: Sequence[Point], seed: int = 0) -> tuple[Mean, ...]:
    cells = _by_exposure(points).items()
    return tuple(Mean(hours, len(cell), _mean(cell, _area, seed), _mean(cell, _level, seed)) for hours, cell in cells)


def _mean(cell: Sequence[Point], quantity: Quantity, seed: int) -> Estimate:
    values = [quantity(point) for point in cell]
    if len(values) < LEAST_REPEATS:
        return Estimate(float(np.mean(values)), None, None)
    low, high = np.percentile(_drawn(values, np.random.default_rng(seed)), PERCENTILES)
    return Estimate(float(np.mean(values)), float(low), float(high))


def _drawn(values: Sequence[float], dice: np.random.Generator) -> Real:
    """(ROUNDS,) means of bootstrap samples."""
    return np.asarray(dice.choice(values, (ROUNDS, len(values))).mean(axis=1))


def _line(hours: Real, values: Real) -> Line | None:
    """Least squares through values against hours."""
    if len(hours) < LEAST_FIELDS or np.ptp(hours) < 1e-6:  # h; nearer ones are one exposure, and their squares may be none
        return None
    found = linregress(hours, values)
    error = 0.0 if np.isnan(found.stderr) else float(found.stderr)  # of values that are all the same
    spread, wide = float(((hours - hours.mean()) ** 2).sum()), float(t.ppf(0.975, len(hours) - 2)) * error
    slope = Estimate(float(found.slope), float(found.slope) - wide, float(found.slope) + wide)
    return Line(slope, (float(hours.mean()), float(values.mean())), spread, wide * sqrt(spread), len(hours))


def _difference(pairs: list[tuple[list[Point], list[Point]]], quantity: Quantity, seed: int) -> Estimate:
    cells = [([quantity(p) for p in first], [quantity(p) for p in second]) for first, second in pairs]
    value = float(np.mean([np.mean(second) - np.mean(first) for first, second in cells]))
    if min(len(cell) for pair in cells for cell in pair) < LEAST_REPEATS:
        return Estimate(value, None, None)
    dice = np.random.default_rng(seed)
    steps = [_drawn(second, dice) - _drawn(first, dice) for first, second in cells]
    low, high = np.percentile(np.mean(steps, axis=0), PERCENTILES)
    return Estimate(value, float(low), float(high))
