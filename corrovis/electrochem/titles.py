"""Which of the lines above a block of numbers name its columns.

Headings need not be parted like the numbers below: "E (V) I (mA)" stands above columns of spaces, "E (V), I (mA)" above tabs.
A line is tried as its cells, and parted at every other separator; units may stand in a line of their own below the names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corrovis.electrochem.headings import BARE_RANK, MAX_LENGTH, bare_unit, names_factor, names_units, read_heading

Cells = list[str]
SEARCHED = 3  # lines above a block among which its headings are looked for
NEAR = 5  # lines above that are handed in: units may push the names further up
PARTINGS = (r"\t", r";", r",", r"\s{2,}", r"(?<=[\)\]])\s*[,;]?\s*(?=\S)", r"\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its cells as the numbers are parted, and its text."""

    cells: Cells
    text: str


@dataclass(frozen=True, slots=True)
class Titles:
    """Headings, empty or one for each column; `unread` is a nearer line that speaks of units but could not be used."""

    headings: tuple[str, ...] = ()
    unread: str = ""


def find_titles(above: Sequence[Line], width: int) -> Titles:
    """The nearest of the lines above a block of so many columns that names them; a line of units below the names is taken in."""
    for back in range(1, min(SEARCHED, len(above)) + 1):
        units = _units(above[-back], width)
        if units and back < len(above) and (names := _fitting(above[-back - 1], width)):
            return Titles(_joined(names, units), _unread(above[len(above) - back + 1 :]))
        names = units or _fitting(above[-back], width)
        if _known(names) >= 2:
            return Titles(names, _unread(above[len(above) - back + 1 :]))
    words = above[-1].cells if above else []  # headings that mean nothing to us, but the user may name them
    if len(words) == width and all(word and not _number(word) for word in words):
        return Titles(tuple(words))
    return Titles((), _unread(above[-1:]))


def named_columns(line: Line, width: int) -> int:
    """How many headings of so many columns the line holds that have a meaning."""
    return _known(_fitting(line, width))


def _units(line: Line, width: int) -> tuple[str, ...]:
    """The cells of a line that holds units and no names: "V, mA", "(V) (mA)", "#  s  V vs. Ref.  A  bits"."""
    cells = _fit(line.cells, width)
    found = [heading for cell in cells if (heading := read_heading(cell))]
    only = all(heading.rank == BARE_RANK for heading in found)
    return cells if only and sum(bool(bare_unit(cell)) for cell in cells) >= 2 else ()


def _joined(names: tuple[str, ...], units: tuple[str, ...]) -> tuple[str, ...]:
    full = [f"{name} ({unit.strip('()[] ')})" for name, unit in zip(names, units, strict=True)]
    return tuple(both if read_heading(both) else name for both, name in zip(full, names, strict=True))


def _fitting(line: Line, width: int) -> tuple[str, ...]:
    """The line as `width` headings: its own cells, or parted otherwise if more of these have a meaning and a unit."""
    if len(line.text) > MAX_LENGTH * (width + 1) or all(not cell or _number(cell) for cell in line.cells):
        return ()
    ways = [_fit(line.cells, width), _fit(re.split(r"\s{2,}|\t", " ".join(line.cells).strip()), width)]
    text = line.text.strip().lstrip("#%*").strip()
    ways += [_exact([part.strip().strip('"') for part in re.split(parting, text)], width) for parting in PARTINGS]
    return max(ways, key=lambda names: (_known(names), _with_unit(names)))


def _exact(parts: Cells, width: int) -> tuple[str, ...]:
    parts = [part for part in parts if part]
    return tuple(parts) if len(parts) == width else ()


def _fit(cells: Cells, width: int) -> tuple[str, ...]:
    """The cells as `width` headings, if they can be."""
    cells = [cell.removeprefix("Definition=") for cell in cells]
    if len(cells) > width and not cells[0]:
        cells = cells[1:]
    beside = cells[width:]
    return tuple(cells[:width]) if 0 <= len(cells) - width <= 1 and not any(map(names_factor, beside)) else ()


def _known(names: Sequence[str]) -> int:
    return sum(read_heading(name) is not None for name in names)


def _with_unit(names: Sequence[str]) -> int:
    return sum(heading.has_unit for name in names if (heading := read_heading(name)))


def _unread(lines: Sequence[Line]) -> str:
    """The first of these lines that holds signs of units."""
    return next((line.text.strip()[:80] for line in lines if names_units(line.text) or names_factor(line.text)), "")


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
