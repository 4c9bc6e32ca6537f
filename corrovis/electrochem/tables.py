"""The numbers in a file, whatever program wrote it: bytes in, blocks of columns with their headings out.

A block is a run of rows with equally many cells, most of them numbers.  Separator and decimal sign are those under which the most
cells are numbers; the heading is the nearest line above with as many cells.  That reads CSV and TXT exports, Gamry .DTA,
BioLogic .mpt, ZView .z, Autolab, VersaStudio .par, PARSTAT, CH Instruments, PowerSuite, PalmSens, Zahner; workbooks are cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from corrovis.curves import Real
from corrovis.electrochem.headings import BARE_RANK, read_heading
from corrovis.electrochem.workbooks import workbook_rows
from corrovis.errors import BadInputError

MAX_BYTES = 120_000_000
ABOVE = 400  # lines before a block that may say something of it
SNIFFED = 4000  # lines that decide on separator and decimal sign
SEPARATORS = {"tab": "\t", "semicolon": ";", "comma": ",", "space": None}
Cells = list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A block of numbers.

    Shape:
        values: (rows, columns) float64, NaN where a cell is no number
    `headings` is empty or names every column, unit included; `rows` are the file's, of which the block begins at `start`.
    """

    headings: tuple[str, ...]
    values: Real
    rows: list[Cells]
    start: int

    @property
    def above(self) -> Iterator[str]:
        """The lines before the block, for areas and conventions."""
        return (" ".join(row) for row in self.rows[max(0, self.start - ABOVE) : self.start] if row)


def read_bytes(path: Path) -> bytes:
    """The file, or BadInputError if it is missing, empty or too large."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise BadInputError(f"{path.name} cannot be read ({error.strerror}); check the path") from error
    if size > MAX_BYTES:
        raise BadInputError(f"{path.name} has {size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f}; export only the curve")
    if not data.strip():
        raise BadInputError(f"{path.name} is empty; export the curve again")
    return data


def read_tables(data: bytes, name: str) -> list[Table]:
    """The blocks of numbers in the file, in its order; of those with the same headings and filled columns the longest.

    Raises:
        BadInputError: the bytes are neither text nor a workbook, or hold no numbers in columns
    """
    if data[:2] == b"PK":
        return _blocks(workbook_rows(data, name), name)
    lines = decode(data, name).splitlines()
    separator, decimal = _sniff(lines[:SNIFFED])
    return _blocks([_cells(line, separator, decimal) for line in lines], name)


def decode(data: bytes, name: str) -> str:
    """Text in UTF-8, UTF-16 (PalmSens) or Latin-1 (older instruments)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
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
        for decimal in (".", ",") if separator != "," else (".",):
            rows = [_cells(line, separator, decimal) for line in lines]
            data = [row for row in rows if _is_data(row)]
            good = sum(number(cell) is not None for row in data for cell in row)
            scores[name, decimal] = good - 2 * (sum(map(len, data)) - good)
    explicit = {key: score for key, score in scores.items() if key[0] != "space" and score > 0}
    name, decimal = max(explicit or scores, key=lambda key: (scores[key], key[1] == "."))
    return SEPARATORS[name], decimal


def _cells(line: str, separator: str | None, decimal: str) -> Cells:
    line = line.strip("\r\n ") if separator else line.strip()
    cells = [cell.strip().strip('"').strip() for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    if decimal == ",":
        cells = [cell.replace(",", ".") if re.fullmatch(r"[-+]?\d*,\d*([eE][-+]?\d+)?", cell) else cell for cell in cells]
    return cells


def _is_data(cells: Cells) -> bool:
    found = sum(bool(cell) and number(cell) is not None for cell in cells)
    return found >= 2 and 2 * found > len(cells)


def _blocks(rows: list[Cells], name: str) -> list[Table]:
    """Runs of data rows; empty lines do not break a run."""
    tables: dict[tuple[object, ...], Table] = {}
    start, run = 0, list[Cells]()
    for index, row in enumerate([*rows, ["end"]]):
        if not row:
            continue
        first = row[1:] if row[0] == "" and len(row) > 2 else row  # Gamry starts its rows with a tab
        if _is_data(first) and (not run or len(first) == len(run[0])):
            start = start if run else index
            run.append(first)
            continue
        if run:
            table = _table(run, rows, start)
            kind = (table.headings, np.isfinite(table.values).any(axis=0).tobytes())
            if kind not in tables or len(table.values) > len(tables[kind].values):
                tables[kind] = table
        start, run = index, [first] if _is_data(first) else []
    if not tables:
        raise BadInputError(
            f"{name} holds no columns of numbers; export potential and current, or frequency and impedance, as text"
        )
    return list(tables.values())


def _table(run: list[Cells], rows: list[Cells], start: int) -> Table:
    above = list(islice((rows[k] for k in range(start - 1, max(-1, start - ABOVE), -1) if rows[k]), 5))[::-1]
    values = np.array([[np.nan if (value := number(cell)) is None else value for cell in row] for row in run], np.float64)
    return Table(_headings(above, len(run[0])), values, rows, start)


def _headings(above: list[Cells], width: int) -> tuple[str, ...]:
    """The nearest of the three lines above that names columns; a line of units below the names is taken in."""
    for back in range(1, min(4, len(above) + 1)):
        names = _fit(above[-back], width)
        found = [heading for heading in map(read_heading, names or ()) if heading]
        if not names or len(found) < 2:
            continue
        if (
            all(heading.rank == BARE_RANK for heading in found)
            and back < len(above)
            and (titles := _fit(above[-back - 1], width))
        ):
            joined = tuple(f"{title} ({unit})" for title, unit in zip(titles, names, strict=True))
            return tuple(full if read_heading(full) else title for full, title in zip(joined, titles, strict=True))
        return names
    words = above[-1] if above else []  # headings that mean nothing to us, but the user may name them
    return tuple(words) if len(words) == width and all(word and number(word) is None for word in words) else ()


def _fit(cells: Cells, width: int) -> tuple[str, ...] | None:
    """The cells as `width` headings, if they can be."""
    cells = [cell.removeprefix("Definition=") for cell in cells]
    if len(cells) > width and not cells[0]:
        cells = cells[1:]
    if len(cells) < width:
        cells = re.split(r"\s{2,}|\t", " ".join(cells).strip())
    return tuple(cells[:width]) if 0 <= len(cells) - width <= 1 else None
