"""The numbers in a file, whatever program wrote it: bytes in, blocks of columns with their headings out.

A block is a run of rows with equally many cells, most of them numbers; an empty cell, a note beside the numbers or a comment
between them does not end it.  Separator and decimal sign are those under which the most cells are numbers; for the headings see
`titles`.  That reads CSV and TXT exports, Gamry .DTA, BioLogic .mpt, ZView .z, Autolab,
VersaStudio .par, PARSTAT, CH Instruments, PowerSuite, PalmSens, Zahner; workbooks are cells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

import numpy as np

from corrovis.electrochem.titles import NEAR, Cells, Line, Titles, find_titles, named_columns
from corrovis.errors import BadInputError
from corrovis.files import read_file
from corrovis.results import Real
from corrovis.workbooks import workbook_sheets

MAX_BYTES = 120_000_000
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ABOVE = 400  # lines before a block that may say something of it
SNIFFED = 4000  # lines that decide on separator and decimal sign
SEPARATORS = {"tab": "\t", "semicolon": ";", "comma": ",", "space": None}
GROUPINGS = (".,", ",.")  # the decimal sign and the one between thousands
PLAIN = {sign: re.compile(rf"[-+]?\d*\{sign}\d*([eE][-+]?\d+)?") for sign in ",."}  # numbers with this decimal sign
THOUSANDS = {way: re.compile(rf"[-+]?[1-9]\d{{0,2}}(\{way[1]}\d{{3}})+(\{way[0]}\d*)?") for way in GROUPINGS}
# What instruments measure, smallest and largest size: models overflow far outside, and a wrong unit or area shows.
RANGES = {"V": (0.0, 1e3), "A/cm2": (1e-18, 1e3), "Hz": (1e-9, 1e12), "ohm": (1e-9, 1e15), "ohm cm2": (1e-9, 1e15)}


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Rows of cells and the lines that they come from; a workbook's rows have none.  `title` names one of several sheets."""

    rows: list[Cells]
    lines: Sequence[str] = ()
    title: str = ""

    def line(self, place: int) -> Line:
        return Line(self.rows[place], self.lines[place] if self.lines else "\t".join(self.rows[place]))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A block of numbers.

    Shape:
        values: (rows, columns) float64, NaN where a cell is no number
    `titles` are its headings and what could not be read of them; the block begins at row `start` of its `sheet`.
    `cuts` are the rows of `values` at which a further block begins, one that repeated the headings.
    """

    titles: Titles
    values: Real
    sheet: _Sheet
    start: int
    cuts: tuple[int, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Empty, or one for every column, unit included."""
        return self.titles.headings

    @property
    def above(self) -> Iterator[str]:
        """The lines before the block, for areas and conventions."""
        return (" ".join(row) for row in self.sheet.rows[max(0, self.start - ABOVE) : self.start] if row)

    @property
    def titled_before(self) -> str:
        """A line anywhere above that names as many columns; empty where there is none."""
        width = self.values.shape[1]
        words = (self.sheet.line(place) for place in range(self.start) if not _is_data(self.sheet.rows[place]))
        return next((line.text.strip()[:80] for line in words if named_columns(line, width) == width), "")

    @property
    def note(self) -> str:
        """What is to be said of where in the file the block stands."""
        return f"the sheet {self.sheet.title!r} of the workbook was read" if self.sheet.title else ""


def refuse_outside(values: Real, unit: str, name: str) -> None:
    """Raise BadInputError if one of the sizes, each above 0, is outside what is measured in this unit."""
    low, high = RANGES[unit]
    outside = values[~((values >= low) & (values <= high))]
    if len(outside):
        raise BadInputError(f"{name} holds {outside[0]:.3g} {unit}, outside {low:g} to {high:g} {unit}; check units and area")


def read_bytes(path: Path) -> bytes:
    """The file, or BadInputError if it is missing, empty or too large."""
    data = read_file(path, path.name, MAX_BYTES, "export only the curve")
    if not data.strip():
        raise BadInputError(f"{path.name} is empty; export the curve again")
    return data


def read_tables(data: bytes, name: str, useful: Callable[[list[Table]], bool] = bool) -> list[Table]:
    """The blocks of numbers in the file, in its order; those with the same headings and filled columns are joined.

    Of blocks without headings, which may be of anything, only the longest.  Of a workbook's sheets the first whose blocks are
    `useful`, else the first that holds any.

    Raises:
        BadInputError: the bytes are neither text nor a workbook, or hold no numbers in columns
    """
    if data[:2] == b"PK":
        first: list[Table] = []
        for title, rows in workbook_sheets(data, name):
            found = _blocks(_Sheet(rows, title=title), fixed=True)
            if useful(found):
                return found
            first = first or found
        return first or _refuse_words(name)
    lines = decode(data, name).splitlines()
    separator, decimal = _sniff(lines[:SNIFFED])
    sheet = _Sheet([_cells(line, separator, decimal) for line in lines], lines)
    return _blocks(sheet, fixed=separator is not None) or _refuse_words(name)


def _refuse_words(name: str) -> list[Table]:
    raise BadInputError(f"{name} holds no columns of numbers; export potential and current, or frequency and impedance, as text")


def decode(data: bytes, name: str) -> str:
    """Text in UTF-8, UTF-16 (PalmSens) or Latin-1 (older instruments)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if data.startswith(OLD_EXCEL):
        raise BadInputError(f"{name} is a workbook of the old kind (.xls); save it as .xlsx, or export the curve as CSV")
    head = data[:65536]
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    if control > 0.02 * len(head):
        raise BadInputError(f"{name} is binary and of no format known here; export the curve as text or CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def number(cell: str) -> float | None:
    """The cell's number; NaN for an empty cell or one that says so; None for words."""
    if not cell or cell.lower() in ("nan", "-nan", "na", "n/a", "-", "--", "inf", "-inf", "overload", "#n/a"):
        return float("nan")
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def _sniff(lines: Sequence[str]) -> tuple[str | None, str]:
    scores: dict[tuple[str, str], float] = {}
    for name, separator in SEPARATORS.items():
        for decimal in (".",) if separator == "," else _decimals(lines, separator):
            rows = [_cells(line, separator, decimal) for line in lines]
            data = [row for row in rows if _is_data(row)]
            good = sum(number(cell) is not None for row in data for cell in row)
            scores[name, decimal] = good - 2 * (sum(map(len, data)) - good)
    explicit = {key: score for key, score in scores.items() if key[0] != "space" and score > 0}
    name, decimal = max(explicit or scores, key=lambda key: (scores[key], key[1] == "."))
    return SEPARATORS[name], decimal


def _decimals(lines: Sequence[str], separator: str | None) -> tuple[str, str]:
    """The decimal point, and what else may be: a comma, or one of `GROUPINGS`."""
    plain = [_cells(line, separator, ".") for line in lines if "," in line or "." in line]
    return ".", next((way for way in GROUPINGS if _grouped(plain, way)), ",")


def _grouped(rows: Sequence[Cells], way: str) -> bool:
    """Whether thousands are parted so: all that could be decimals with that sign cut off three digits, and the other is there."""
    sign, between = way[0], way[1]
    data = [row for row in rows if _is_data([_bare(cell, way) for cell in row])]
    apart = [cell for row in data for cell in row if PLAIN[between].fullmatch(cell) or THOUSANDS[way].fullmatch(cell)]
    others = any(sign in cell and number(_bare(cell, way)) is not None for row in data for cell in row)
    return bool(apart) and others and all(THOUSANDS[way].fullmatch(cell) for cell in apart)


def _bare(cell: str, way: str) -> str:
    """A number as Python reads it."""
    return cell.replace(way[1], "").replace(way[0], ".")


def _cells(line: str, separator: str | None, decimal: str) -> Cells:
    line = line.strip("\r\n ") if separator else line.strip()
    cells = [cell.strip().strip('"').strip() for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    if decimal in GROUPINGS:
        cells = [_bare(cell, decimal) if THOUSANDS[decimal].fullmatch(cell) else cell for cell in cells]
    if decimal[0] == ",":
        cells = [cell.replace(",", ".") if PLAIN[","].fullmatch(cell) else cell for cell in cells]
    return cells


def _is_data(cells: Cells) -> bool:
    found = sum(bool(cell) and number(cell) is not None for cell in cells)
    return found >= 2 and 2 * found > len(cells)


def _continued(cells: Cells, width: int) -> Cells | None:
    """A row of a block whose cells keep their places, though some are empty and a note stands beside them; None for others."""
    known, beside = cells[:width], cells[width:]
    numbers = any(known) and all(number(cell) is not None for cell in known)
    if not numbers or any(cell and number(cell) is not None for cell in beside):
        return None
    return known + [""] * (width - len(known))


def _is_worded(cells: Cells, width: int) -> bool:
    """Whether a row of a block has a word where a number should be, as when a range overflows: it begins with a number."""
    value = number(cells[0]) if len(cells) == width else None
    return value is not None and math.isfinite(value)


def _runs(rows: list[Cells], fixed: bool) -> Iterator[tuple[int, int, list[Cells]]]:
    """Data rows that follow each other, empty lines between them or not: first row, row after the last, cells.

    `fixed` tells that a cell keeps its place when one before it is empty, which is not so between spaces.
    """
    start, run, led = 0, list[Cells](), False
    for index, row in enumerate([*rows, ["end"]]):
        if not row:
            continue
        if run:
            cells = row[1:] if led and row[0] == "" else row
            whole = cells if len(cells) == len(run[0]) and (_is_data(cells) or _is_worded(cells, len(run[0]))) else None
            if (more := whole or (_continued(cells, len(run[0])) if fixed else None)) is not None:
                run.append(more)
                continue
            yield start, index, run
        led = row[0] == "" and len(row) > 2  # Gamry starts its rows with a tab
        first = row[1:] if led else row
        start, run = index, [first] if _is_data(first) else []


def _blocks(sheet: _Sheet, fixed: bool) -> list[Table]:
    """Runs of data rows, joined where a comment parted them or the headings were repeated; none where there are no numbers."""
    found: dict[tuple[object, ...], list[list[Table]]] = {}
    block, last_end = list[Table](), 0
    for start, end, run in _runs(sheet.rows, fixed):
        table = _table(run, sheet, start)
        if not (block and _goes_on(block[-1], table, last_end)):
            _settle(found, block)
            block = []
        block.append(table)
        last_end = end
    _settle(found, block)
    return [_stacked(blocks) for blocks in found.values()]


def _goes_on(last: Table, table: Table, last_end: int) -> bool:
    """Whether only a comment parts two runs: as many columns, and no headings of the second's own."""
    if last.values.shape[1] != table.values.shape[1] or table.headings not in ((), last.headings):
        return False
    between = [place for place in range(last_end, table.start) if table.sheet.rows[place]]
    lines = [table.sheet.line(place) for place in between[:4]]
    return len(between) <= 3 and not find_titles(lines, table.values.shape[1]).headings


def _settle(found: dict[tuple[object, ...], list[list[Table]]], block: list[Table]) -> None:
    """Put a block beside those before it, or behind those whose headings and filled columns it shares."""
    if not block:
        return
    filled = np.any([np.isfinite(run.values).any(axis=0) for run in block], axis=0)
    kind = (block[0].headings, filled.tobytes())
    if kind in found and block[0].headings:
        found[kind].append(block)
    elif kind not in found or _length(block) > _length(found[kind][0]):
        found[kind] = [block]


def _length(block: list[Table]) -> int:
    return sum(len(run.values) for run in block)


def _stacked(blocks: list[list[Table]]) -> Table:
    first = blocks[0][0]
    values = np.concatenate([run.values for block in blocks for run in block])
    return Table(first.titles, values, first.sheet, first.start, tuple(accumulate(map(_length, blocks[:-1]))))


def _table(run: list[Cells], sheet: _Sheet, start: int) -> Table:
    filled = (place for place in range(start - 1, max(-1, start - ABOVE), -1) if sheet.rows[place])
    above = [sheet.line(place) for place in islice(filled, NEAR)][::-1]
    values = np.array([[np.nan if (value := number(cell)) is None else value for cell in row] for row in run], np.float64)
    return Table(find_titles(above, len(run[0])), values, sheet, start)
