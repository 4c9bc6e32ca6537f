"""The table of a progression: which picture, how long its specimen was exposed, and how.

Everything else reckons in hours.  A column may be called exposure_min or exposure_d instead, and a cell or a file's name may
bring a unit of its own, as in 7 d, 90min or 4 hours.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from os.path import realpath
from pathlib import Path

from corrovis.errors import BadInputError

COLUMNS = ("file", "exposure_h", "condition")
MOST_HOURS = 1e9  # a hundred thousand years
EXPOSURES = {"exposure_h": 1.0, "exposure_min": 1 / 60, "exposure_d": 24.0}  # columns, and how many hours one of them is
WORDS = {"hours?|hrs?": 1.0, "days?": 24.0, "min(?:ute)?s?": 1 / 60, "weeks?|wks?": 168.0}  # in capitals or not
LETTERS = {"h": 1.0, "d": 24.0}
UNIT = rf"(?:[{''.join(LETTERS)}]|(?i:{'|'.join(WORDS)}))(?![A-Za-z])"
NEEDED = f"it needs {', '.join(COLUMNS)} in its first line (or exposure_min, exposure_d), and a short line for each picture below"
CONVERT = "write hours as a number, 0 or more, at most 1e9, or with its unit: 90 min, 4 h, 7 d"
MORE_CELLS = "put a number with a decimal comma in quotes, or part the cells by semicolons"
THOUSANDS = re.compile(r"\+?[1-9]\d{0,2}(?P<mark>[.,])\d{3}")  # or decimals: 1.000 is 1 here and 1000 there

Record = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a picture, how long its specimen was exposed, in hours, and how."""

    file: Path
    exposure_h: float
    condition: str


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
        names = _checked_names([name.strip().lower() for name in next(reader, [])], path)
        for cells in reader:
            where = f"{path} line {above + reader.line_num}"
            if any(cell.strip() for cell in cells[len(names) :]):
                raise BadInputError(f"{where} has {len(cells)} cells for {len(names)} columns; {MORE_CELLS}")
            if any(cell.strip() for cell in cells):
                record = dict(zip_longest(names, cells[: len(names)]))
                yield where, row_of(record, path.parent, where, thousands=".," if separator == ";" else ",")
    except csv.Error as error:
        raise BadInputError(f"{path} line {above + reader.line_num} is no line of a table ({error}); {NEEDED}") from error


def _checked_names(names: list[str], path: Path) -> list[str]:
    """The names of the columns, if all that are needed are there once.  Raises BadInputError otherwise."""
    exposures = [name for name in names if name in EXPOSURES]
    counts = {"file": names.count("file"), "exposure_h": len(exposures), "condition": names.count("condition")}
    wrong = [name for name, count in counts.items() if count != 1]
    if wrong:
        several = f"{' and '.join(exposures)}" if wrong[0] == "exposure_h" else wrong[0]
        raise BadInputError(
            f"{path} has {f'more than one column {several}' if counts[wrong[0]] else f'no column {wrong[0]}'}; {NEEDED}"
        )
    return names


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
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is no text ({error.reason}); give a CSV with {', '.join(COLUMNS)}") from error


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
    column = next((name for name in EXPOSURES if name in record), COLUMNS[1])
    text, times = _parted((record.get(column) or "").strip(), EXPOSURES[column])
    doubtful = THOUSANDS.fullmatch(text)
    if doubtful and doubtful["mark"] in thousands:
        either = f"{re.sub('[.,]', '', text)} or {text.replace(',', '.')}0"
        raise BadInputError(f"{where}: {column} {text!r} may be thousands or decimals; write {either}")
    try:
        exposure = in_hours(float(text.replace(",", ".")), times)
    except ValueError:
        exposure = float("nan")
    if not 0 <= exposure <= MOST_HOURS:
        raise BadInputError(f"{where}: {column} is {record.get(column)!r}; {CONVERT}")
    return Row(folder / file, exposure, (record["condition"] or "").strip() or "unnamed")


def _parted(text: str, times: float) -> tuple[str, float]:
    """A cell's number and how many hours its unit has: its own, or else that of its column, `times`."""
    found = re.fullmatch(rf"(.*?)\s*({UNIT})", text)
    return (found[1], hours_of(found[2])) if found else (text, times)


def hours_of(unit: str) -> float:
    """Hours in a unit that matches `UNIT`."""
    return LETTERS.get(unit) or next(hours for words, hours in WORDS.items() if re.fullmatch(words, unit, re.IGNORECASE))


def in_hours(number: float, times: float) -> float:
    """To a millionth of an hour, so that one exposure written in two units is one."""
    return number if times == 1 else round(number * times, 6)


def hours_in(name: str) -> float | None:
    """Exposure that a file's name gives away: 4h, 12 hours, 60min or 7d between separators; None where there is none."""
    found = re.search(rf"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)[ _-]?({UNIT})", Path(name).stem)
    return in_hours(float(found[1]), hours_of(found[2])) if found else None


def written_hours(hours: float) -> str:
    """Hours as a cell shows them: 4, 0.5, 0.166667."""
    return f"{hours:.10g}"


def look_alikes(conditions: Iterable[str]) -> list[str]:
    """A line for each pair of conditions that differ by capitals and blanks alone: they may be meant for one."""
    first: dict[str, str] = {}
    said = []
    for name in dict.fromkeys(conditions):
        other = first.setdefault("".join(name.split()).casefold(), name)
        if other != name:
            pair = f"{other} and {name}"
            said.append(f"{pair} differ in capitals or blanks alone and count as two; write both alike if they are one")
    return said


def once(named: Iterable[tuple[str, Row]]) -> list[Row]:
    """The rows, each given after its place.  Raises BadInputError for a picture twice in a condition: it would pass for two."""
    rows: dict[tuple[str, str], tuple[str, Row]] = {}
    for where, row in named:
        place, other = rows.setdefault((realpath(row.file), row.condition), (where, row))
        if other is not row:
            what = "says the same as" if row.exposure_h == other.exposure_h else "gives another exposure to the picture of"
            raise BadInputError(f"{where} {what} {place}; a picture counts once in a condition, so take one of the two out")
    return [row for _, row in rows.values()]
