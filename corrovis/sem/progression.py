"""How corrosion goes on: area and severity of many fields against exposure time, for each condition.

| here | seed C, 2026 |
| --- | --- |
| `trends` | corroded area and severity against exposure, a line of each for each condition |
| `compare` | the temporal-thermal matrix: conditions against each other, two by two |

Specimens of one condition and exposure are repeats, and fields of one specimen are not: their mean counts once.  A field that
names no specimen stands for one of its own.  A slope, and the line at any hour, has the t interval of least squares; with fewer
than three specimens, which one that is followed in time is not, or a single exposure, there is no line.  A mean has the t
interval over repeats, and none without.  The difference of two conditions has that of Welch's t test, pooled over the exposures
that both have; where one of these lacks repeats, it has the paired t interval over them, if they are three or more, and else
none.  What has no scatter has no interval either.  Severity counts as the level that its probabilities lead one to expect, 0 low
to 2 severe.

Models differ in what they call corroded, so no line, mean or difference is taken across fields of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Literal

import numpy as np
from scipy.stats import linregress, t

from corrovis.results import Real
from corrovis.sem.results import FIELD_SEVERITIES, FieldSeverity

LEAST_SPECIMENS, LEAST_REPEATS, LEAST_PAIRS = 3, 2, 3
MOST_SHARE, MOST_LEVEL = 1.0, float(len(FIELD_SEVERITIES) - 1)
ROUNDING = 1e-12  # of shares and levels: less scatter than this is none


@dataclass(frozen=True, slots=True)
class Point:
    """One inspected field on the time axis; `probabilities` are of `FIELD_SEVERITIES`, in that order.

    `severity` follows the limits of area, as in the field's own record; near a limit another may be the likeliest.  `model` is
    what looked at it, `specimen` what it lies on, if that is known.
    """

    condition: str
    exposure_h: float
    corroded_fraction: float
    probabilities: tuple[float, float, float]
    severity: FieldSeverity
    model: str = ""
    specimen: str = ""

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
    standard deviation times the t value of the interval, None without scatter, `count` the number of specimens.
    """

    per_hour: Estimate
    centre: tuple[float, float]
    spread: float
    reach: float | None
    count: int

    def at(self, hours: Real) -> Real:
        """The line at `hours`, (n,)."""
        return self.centre[1] + self.per_hour.value * (hours - self.centre[0])

    def band(self, hours: Real) -> tuple[Real, Real] | None:
        """Lower and upper edge of the line's 95 % t interval at `hours`, each (n,); None where there is none."""
        if self.reach is None:
            return None
        half = self.reach * np.sqrt(1 / self.count + (hours - self.centre[0]) ** 2 / self.spread)
        return self.at(hours) - half, self.at(hours) + half


@dataclass(frozen=True, slots=True)
class Mean:
    """The fields of one condition and exposure: the mean of their specimens, with the t interval where there are repeats."""

    exposure_h: float
    fields: int
    specimens: int
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
        enough = _alike(own) and _count(own) >= LEAST_SPECIMENS
        lines = (_line(_by_exposure(own), quantity) if enough else None for quantity in (_area, _level))
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
            interval = None if area.low is level.low is None else _interval_of(pairs)
            contrasts.append(Contrast(first, second, shared, area, level, interval))
    return tuple(contrasts)


def _conditions(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.condition for point in points))


def _alike(points: Sequence[Point]) -> bool:
    """Whether one model looked at all of them."""
    return len({point.model for point in points}) == 1


def _count(points: Sequence[Point]) -> int:
    """Of specimens, by their names; a point without is one of its own."""
    return len({point.specimen or number for number, point in enumerate(points)})


def _area(point: Point) -> float:
    return point.corroded_fraction


def _level(point: Point) -> float:
    return point.severity_level


def _by_exposure(points: Sequence[Point]) -> dict[float, list[Point]]:
    cells: dict[float, list[Point]] = {}
    for point in points:
        cells.setdefault(point.exposure_h, []).append(point)
    return cells


def _specimens(cell: Sequence[Point], quantity: PointValue) -> Real:
    """One value for each specimen among the fields of an exposure: the mean of its own."""
    found: dict[str | int, list[float]] = {}
    for number, point in enumerate(cell):
        found.setdefault(point.specimen or number, []).append(quantity(point))
    return np.array([np.mean(own) for own in found.values()])


def _means(points: Sequence[Point]) -> tuple[Mean, ...]:
    found = []
    for hours, cell in _by_exposure(points).items():
        if _alike(cell):
            areas, levels = _specimens(cell, _area), _specimens(cell, _level)
            found.append(Mean(hours, len(cell), len(areas), _mean(areas, MOST_SHARE), _mean(levels, MOST_LEVEL)))
    return tuple(found)


def _mean(values: Real, most: float) -> Estimate:
    """The mean, its interval cut at 0 and `most`, beyond which the quantity cannot lie."""
    value, reach = float(values.mean()), _reach(_error(values), len(values) - 1) if len(values) >= LEAST_REPEATS else None
    return Estimate(value, None, None) if reach is None else Estimate(value, max(value - reach, 0.0), min(value + reach, most))


def _around(value: float, reach: float | None) -> Estimate:
    return Estimate(value, None, None) if reach is None else Estimate(value, value - reach, value + reach)


def _error(values: Real) -> float:
    """Standard error of their mean; 0 where rounding alone tells them apart."""
    return float(values.std(ddof=1)) / sqrt(len(values)) if np.ptp(values) > ROUNDING else 0.0


def _reach(error: float, freedom: float) -> float | None:
    """Half the 95 % t interval of a value with this standard error, estimated with so many degrees of freedom."""
    return float(t.ppf(0.975, freedom)) * error if error else None


def _line(cells: Mapping[float, Sequence[Point]], quantity: PointValue) -> Line | None:
    """Least squares through the specimens against hours."""
    columns = {at: _specimens(cell, quantity) for at, cell in cells.items()}
    hours = np.concatenate([np.full(len(own), at) for at, own in columns.items()])
    values = np.concatenate(list(columns.values()))
    if len(hours) < LEAST_SPECIMENS or np.ptp(hours) < 1e-6:  # h; nearer ones are one exposure, and their squares may be none
        return None
    slope, centre = float(linregress(hours, values).slope), (float(hours.mean()), float(values.mean()))
    spread, rest = float(((hours - centre[0]) ** 2).sum()), values - centre[1] - slope * (hours - centre[0])
    freedom = len(hours) - 2
    error = sqrt(float((rest**2).sum()) / freedom) if np.abs(rest).max() > ROUNDING else 0.0
    reach = _reach(error, freedom)
    return Line(_around(slope, reach and reach / sqrt(spread)), centre, spread, reach, len(hours))


Pairs = list[tuple[list[Point], list[Point]]]


def _interval_of(pairs: Pairs) -> Interval | None:
    """Which interval the specimens of two conditions allow, at each exposure that both have."""
    if min(len(_specimens(cell, _area)) for pair in pairs for cell in pair) >= LEAST_REPEATS:
        return "Welch t"
    return "paired t" if len(pairs) >= LEAST_PAIRS else None


def _difference(pairs: Pairs, quantity: PointValue) -> Estimate:
    """Second less first, the mean over the exposures."""
    cells = [(_specimens(first, quantity), _specimens(second, quantity)) for first, second in pairs]
    steps, interval = np.array([second.mean() - first.mean() for first, second in cells]), _interval_of(pairs)
    if interval is None:
        return Estimate(float(steps.mean()), None, None)
    return _around(float(steps.mean()), _welch(cells) if interval == "Welch t" else _reach(_error(steps), len(steps) - 1))


def _welch(cells: Sequence[tuple[Real, Real]]) -> float | None:
    """Half the interval of the mean difference over pairs of cells: Welch 1947, degrees of freedom after Satterthwaite."""
    variances = [(_error(values) ** 2, len(values) - 1) for pair in cells for values in pair]
    pooled, parts = sum(one for one, _ in variances), sum(one**2 / freedom for one, freedom in variances)
    return _reach(sqrt(pooled) / len(cells), pooled**2 / parts) if parts else None
