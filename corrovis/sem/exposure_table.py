"""The table of a progression: which picture, how long its specimen was exposed, and how; CSV or a workbook's first sheet.

Everything else reckons in hours.  The column of exposures may have its unit in other words, as exposure (min), days or time_h
have, and a cell or a file's name may bring a unit of its own, as in 7 d, 90min or 4 hours.
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
from corrovis.files import read_file
from corrovis.workbooks import workbook_sheets

COLUMNS = ("file", "exposure_h", "condition")
SPECIMEN = "specimen"  # a column more, for those whose specimens have several fields
SAME = {"coupon": SPECIMEN}
WORKBOOK = b"PK\x03\x04"
MAX_BYTES = 20_000_000
LONGEST = 200  # letters of a condition or specimen
MOST_HOURS = 1e9  # a hundred thousand years
EXPOSURES = {"exposure_h": 1.0, "exposure_min": 1 / 60, "exposure_d": 24.0}  # columns, and how many hours one of them is
WORDS = {"hours?|hrs?": 1.0, "days?": 24.0, "min(?:ute)?s?": 1 / 60, "weeks?|wks?": 168.0}  # in capitals or not
LETTERS = {"h": 1.0, "d": 24.0}
UNIT = rf"(?:[{''.join(LETTERS)}]|(?i:{'|'.join(WORDS)}))(?![A-Za-z])"
HEADING = re.compile(rf"(?:(?:exposure|time|exposure time) )?({UNIT})")
NEEDED = f"it needs {', '.join(COLUMNS)} in its first line (or exposure_min, exposure_d), and a short line for each picture below"
CONVERT = "write hours as a number, 0 or more, at most 1e9, or with its unit: 90 min, 4 h, 7 d"
MORE_CELLS = "put a number with a decimal comma in quotes, or part the cells by semicolons"
THOUSANDS = re.compile(r"\+?[1-9]\d{0,2}(?P<mark>[.,])\d{3}")  # or decimals: 1.000 is 1 here and 1000 there

Record = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a picture, how long its specimen was exposed, in hours, and how; which it is, where that is said.

    `name` is what an upload is called by its sender; otherwise its path says it.
    """

    file: Path
    exposure_h: float
    condition: str
    specimen: str = ""
    name: str = ""


def read_table(path: Path, name: str = "") -> list[Row]:
    """Rows of a table with the columns file, exposure_h, condition; files are looked for beside it.  Errors call it `name`, or
    by its path.

    Cells of text are parted by commas, semicolons or tabs; lines above the names that begin with #, and what Excel adds, a first
    line `sep=;` and lines of empty cells, count for nothing.

    Raises:
        BadInputError: not readable, columns missing or twice, too many cells, as `row_of` and `once`, or no rows
    """
    name = name or str(path)
    rows = once(_rows(path, name))
    if not rows:
        raise BadInputError(f"{name} has no rows; write one line for each picture under {', '.join(COLUMNS)}")
    return rows


def _rows(path: Path, name: str) -> Iterator[tuple[str, Row]]:
    """Each line that says something, after its place in the file."""
    data = read_file(path, name, MAX_BYTES)
    lines, thousands = (_sheet(data, name), ",") if data.startswith(WORKBOOK) else _text_lines(data, name)
    _, names = next(lines, (0, []))
    names = _checked_names(names, name)
    for number, cells in lines:
        where = f"{name} line {number}"
        if any(cell.strip() for cell in cells[len(names) :]):
            raise BadInputError(f"{where} has {len(cells)} cells for {len(names)} columns; {MORE_CELLS}")
        if any(cell.strip() for cell in cells):
            yield where, row_of(dict(zip_longest(names, cells[: len(names)])), path.parent, where, thousands)


Lines = Iterator[tuple[int, list[str]]]


def _sheet(data: bytes, name: str) -> Lines:
    """Number and cells of the lines of a workbook's first sheet that holds any, from the names of the columns on."""
    _, sheet = next(workbook_sheets(data, name))
    above = next((n for n, cells in enumerate(sheet) if _says("".join(cells))), len(sheet))
    yield from enumerate(sheet[above:], above + 1)


def _text_lines(data: bytes, name: str) -> tuple[Lines, str]:
    """The same of a text, and the marks that may part its thousands."""
    lines = list(io.StringIO(_decoded(data, name), newline=""))
    above, separator = _head(lines)
    reader = csv.reader(lines[above:], delimiter=separator, skipinitialspace=True)

    def numbered() -> Lines:
        try:
            for cells in reader:
                yield above + reader.line_num, cells
        except csv.Error as error:
            raise BadInputError(f"{name} line {above + reader.line_num} is no line of a table ({error}); {NEEDED}") from error

    return numbered(), ".," if separator == ";" else ","


def _checked_names(written: list[str], table: str) -> list[str]:
    """The names of the columns as we call them, if all that are needed are there once.  Raises BadInputError otherwise."""
    names = _called(written)
    exposures = [heading for heading, name in zip(written, names, strict=True) if name in EXPOSURES]
    counts = {name: names.count(name) for name in (*COLUMNS, SPECIMEN)} | {"exposure_h": len(exposures)}
    wrong = [name for name in COLUMNS if counts[name] != 1] + [SPECIMEN] * (counts[SPECIMEN] > 1)
    if wrong:
        several = " and ".join(exposures) if wrong[0] == "exposure_h" else wrong[0]
        fault = f"more than one column {several}" if counts[wrong[0]] else f"no column {wrong[0]}"
        found = ", ".join(f"{heading.strip():.40}" for heading in written[:8] if heading.strip() and heading.isprintable())
        raise BadInputError(f"{table} has {fault}{f' (it has {found})' if found and not counts[wrong[0]] else ''}; {NEEDED}")
    return names


def _called(written: list[str]) -> list[str]:
    """The names as we write them; a heading such as `Hours` is an exposure where none is called so in our own words."""
    names = [SAME.get(name, name) for name in (heading.strip().lower() for heading in written)]
    return names if any(name in EXPOSURES for name in names) else [_exposure(name) or name for name in names]


def _exposure(name: str) -> str | None:
    """What the column of exposures is called here: of `exposure (h)`, `time_h` and `hours` all exposure_h."""
    found = HEADING.fullmatch(" ".join(re.findall("[a-z]+", name)))
    return next((ours for ours, times in EXPOSURES.items() if found and times == hours_of(found[1])), None)


def _decoded(data: bytes, name: str) -> str:
    """UTF-8, UTF-16 by its mark, or else what Excel's plain CSV is written in."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name} is no text; give a CSV with {', '.join(COLUMNS)}") from error


def _head(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines stand above the names of the columns, and what parts the cells."""
    filled = [n for n, line in enumerate(lines) if _says(line)] or [len(lines)]
    header = lines[filled[0]] if lines[filled[0] :] else ""
    said = re.fullmatch(r"sep=([,;\t])\s*", header)
    if said:
        return next(iter(filled[1:]), len(lines)), said[1]
    return filled[0], max(",;\t", key=header.count)


def _says(line: str) -> bool:
    """Whether a line above the table is more than empty cells and no comment."""
    text = line.strip(" ,;\t\r\n")
    return bool(text) and not text.startswith("#")


def row_of(record: Record, folder: Path, where: str, thousands: str = ",") -> Row:
    """A row from its texts; `where` names it in the error.

    Raises:
        BadInputError: no file, an exposure that is no number, or has one of the marks that may part `thousands`, as 1,000 has,
            or a condition or specimen longer than `LONGEST`
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
        exposure = in_hours(float(text.replace(",", ".").replace("_", "?")), times)  # to float 4_0 is 40
    except ValueError:
        exposure = float("nan")
    if not 0 <= exposure <= MOST_HOURS:
        raise BadInputError(f"{where}: {column} is {record.get(column)!r:.40}; {CONVERT}")
    condition, specimen = ((record.get(name) or "").strip() for name in ("condition", SPECIMEN))
    for name, said in (("condition", condition), (SPECIMEN, specimen)):
        if len(said) > LONGEST:
            raise BadInputError(f"{where}: {name} {said:.40}... has {len(said)} letters; write {LONGEST} at the most")
    return Row(folder / file, exposure, condition or "unnamed", specimen)


def _parted(text: str, times: float) -> tuple[str, float]:
    """A cell's number and how many hours its unit has: its own, or else that of its column, `times`."""
    found = re.fullmatch(rf"(.*?)\s*({UNIT})", text, re.IGNORECASE)
    return (found[1], hours_of(found[2])) if found else (text, times)


def hours_of(unit: str) -> float:
    """Hours in a unit that matches `UNIT`, in capitals or not."""
    return LETTERS.get(unit.lower()) or next(hours for words, hours in WORDS.items() if re.fullmatch(words, unit, re.IGNORECASE))


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
