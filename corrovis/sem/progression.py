"""How corrosion goes on: area and severity of many fields against exposure time, for each condition.

| here | seed C, 2026 |
| --- | --- |
| `trends` | corroded area and severity against exposure, a line of each for each condition |
| `compare` | the temporal-thermal matrix: conditions against each other, two by two |

Fields of one condition and exposure are repeats.  A slope, and the line at any hour, has the t interval of least squares; with
fewer than three fields, or a single exposure, there is none.  A mean has the t interval over repeats, and none without.  The
difference of two conditions has that of Welch's t test, pooled over the exposures that both have; where one of these lacks
repeats, it has the paired t interval over them, if they are three or more, and else none.  Severity counts as the level that its
probabilities lead one to expect, 0 low to 2 severe.

Models differ in what they call corroded, so no line, mean or difference is taken across fields of two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Literal

import numpy as np
from scipy.stats import linregress, t

from corrovis.results import Real
from corrovis.sem.results import FIELD_SEVERITIES, FieldSeverity

LEAST_FIELDS, LEAST_REPEATS, LEAST_PAIRS = 3, 2, 3
MOST_SHARE, MOST_LEVEL = 1.0, float(len(FIELD_SEVERITIES) - 1)


@dataclass(frozen=True, slots=True)
class Point:
    """One inspected field on the time axis; `probabilities` are of `FIELD_SEVERITIES`, in that order.

    `severity` follows the limits of area, as in the field's own record; near a limit another may be the likeliest.  `model` is
    what looked at it.
    """

    condition: str
    exposure_h: float
    corroded_fraction: float
    probabilities: tuple[float, float, float]
    severity: FieldSeverity
    model: str = ""

    @property
    def severity_level(self) -> float:
        """Expected severity, 0 low to 2 severe: unlike the word, it moves before a limit is passed."""
        return float(np.dot(self.probabilities, range(len(FIELD_SEVERITIES))))


PointValue = Callable[[Point], float]
Interval = Literal["Welch t", "paired t"]


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
    """The fields of one condition and exposure: their mean, with the t interval where there are repeats."""

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
    """How much more is corroded in `second` than in `first`, and how much severer it is, over the exposures that both have.

    `interval` says what the intervals are: `Welch t` over repeats, `paired t` over exposures, None where there are none.
    """

    first: str
    second: str
    exposures_h: tuple[float, ...]
    difference: Estimate
    severity_difference: Estimate
    interval: Interval | None


def trends(points: Sequence[Point]) -> tuple[Trend, ...]:
    """One trend for each condition, in the order in which the conditions first appear."""
    found = []
    for condition in _conditions(points):
        own = tuple(sorted((p for p in points if p.condition == condition), key=lambda p: p.exposure_h))
        hours = np.array([p.exposure_h for p in own])
        lines = (_line(hours, np.array([value(p) for p in own])) if _alike(own) else None for value in (_area, _level))
        found.append(Trend(condition, own, _means(own), *lines))
    return tuple(found)


def compare(points: Sequence[Point]) -> tuple[Contrast, ...]:
    """Every pair of conditions that share an exposure, and there one model."""
    contrasts = []
    for first, second in combinations(_conditions(points), 2):
        cells = [_by_exposure([p for p in points if p.condition == c]) for c in (first, second)]
        shared = tuple(sorted(set(cells[0]) & set(cells[1])))
        if shared and _alike([p for hours in shared for cell in cells for p in cell[hours]]):
            pairs = [(cells[0][hours], cells[1][hours]) for hours in shared]
            area, level = _difference(pairs, _area), _difference(pairs, _level)
            contrasts.append(Contrast(first, second, shared, area, level, _interval_of(pairs)))
    return tuple(contrasts)


def _conditions(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.condition for point in points))


def _alike(points: Sequence[Point]) -> bool:
    """Whether one model looked at all of them."""
    return len({point.model for point in points}) == 1


def _area(point: Point) -> float:
    return point.corroded_fraction


def _level(point: Point) -> float:
    return point.severity_level


def _by_exposure(points: Sequence[Point]) -> dict[float, list[Point]]:
    cells: dict[float, list[Point]] = {}
    for point in points:
        cells.setdefault(point.exposure_h, []).append(point)
    return cells


def _means(points: Sequence[Point]) -> tuple[Mean, ...]:
    cells = [(hours, cell) for hours, cell in _by_exposure(points).items() if _alike(cell)]
    return tuple(Mean(hours, len(cell), _mean(cell, _area, MOST_SHARE), _mean(cell, _level, MOST_LEVEL)) for hours, cell in cells)


def _mean(cell: Sequence[Point], quantity: PointValue, most: float) -> Estimate:
    """The mean, its interval cut at 0 and `most`, beyond which the quantity cannot lie."""
    values = np.array([quantity(point) for point in cell])
    if len(values) < LEAST_REPEATS:
        return Estimate(float(values.mean()), None, None)
    value, wide = float(values.mean()), _reach(_error(values), len(values) - 1)
    return Estimate(value, max(value - wide, 0.0), min(value + wide, most))


def _error(values: Real) -> float:
    """Standard error of their mean."""
    return float(values.std(ddof=1)) / sqrt(len(values))


def _reach(error: float, freedom: float) -> float:
    """Half the 95 % t interval of a value with this standard error, estimated with so many degrees of freedom."""
    return float(t.ppf(0.975, freedom)) * error if error else 0.0


def _line(hours: Real, values: Real) -> Line | None:
    """Least squares through values against hours."""
    if len(hours) < LEAST_FIELDS or np.ptp(hours) < 1e-6:  # h; nearer ones are one exposure, and their squares may be none
        return None
    found = linregress(hours, values)
    error = 0.0 if np.isnan(found.stderr) else float(found.stderr)  # of values that are all the same
    spread, wide = float(((hours - hours.mean()) ** 2).sum()), _reach(error, len(hours) - 2)
    slope = Estimate(float(found.slope), float(found.slope) - wide, float(found.slope) + wide)
    return Line(slope, (float(hours.mean()), float(values.mean())), spread, wide * sqrt(spread), len(hours))


Pairs = list[tuple[list[Point], list[Point]]]


def _interval_of(pairs: Pairs) -> Interval | None:
    """Which interval the fields of two conditions allow, at each exposure that both have."""
    if min(len(cell) for pair in pairs for cell in pair) >= LEAST_REPEATS:
        return "Welch t"
    return "paired t" if len(pairs) >= LEAST_PAIRS else None


def _difference(pairs: Pairs, quantity: PointValue) -> Estimate:
    """Second less first, the mean over the exposures."""
    cells = [(np.array([quantity(p) for p in first]), np.array([quantity(p) for p in second])) for first, second in pairs]
    steps = np.array([second.mean() - first.mean() for first, second in cells])
    value, interval = float(steps.mean()), _interval_of(pairs)
    if interval is None:
        return Estimate(value, None, None)
    wide = _welch(cells) if interval == "Welch t" else _reach(_error(steps), len(steps) - 1)
    return Estimate(value, value - wide, value + wide)


def _welch(cells: Sequence[tuple[Real, Real]]) -> float:
    """Half the interval of the mean difference over pairs of cells: Welch 1947, degrees of freedom after Satterthwaite."""
    variances = [(_error(values) ** 2, len(values) - 1) for pair in cells for values in pair]
    pooled, parts = sum(one for one, _ in variances), sum(one**2 / freedom for one, freedom in variances)
    return _reach(sqrt(pooled) / len(cells), pooled**2 / parts if parts else 1.0)
