"""Cells of .xlsx and .ods, of sheets that unpack to a sensible size."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from corrovis.errors import BadInputError

MAX_UNPACKED = 400_000_000
MAX_COLUMNS, MAX_CELLS = 1000, 5_000_000  # of all sheets of .ods together; of those read of .xlsx
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
VALUE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value"
# What the parsers raise on damaged files.
DAMAGES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, SyntaxError, EOFError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip


def workbook_sheets(data: bytes, name: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Title and cells of each sheet of .xlsx and .ods that holds any, read when it is asked for; the only one has no title.

    Raises:
        BadInputError: damaged, too large, or no sheet holds a cell
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = set(archive.namelist())
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
                raise BadInputError(f"{name} unpacks to more than {MAX_UNPACKED / 1e6:.0f} MB; export only the curve")
            engine = "openpyxl" if "xl/workbook.xml" in members else "odf" if "content.xml" in members else None
            if engine == "odf":
                _refuse_repeats(archive, name)
    except DAMAGES as error:
        raise BadInputError(f"{name} is a damaged workbook; save it again") from error
    if engine is None:
        raise BadInputError(f"{name} is an archive or a document, not a table; export the curve as CSV")
    found = False
    try:
        for title, sheet in _xlsx(data, name) if engine == "openpyxl" else _ods(data):
            if not sheet.empty:
                found = True
                yield title, [["" if c is None or c != c else str(c) for c in row] for row in sheet.values.tolist()]
    except DAMAGES as error:
        raise BadInputError(f"{name} is a damaged workbook ({error}); save it again or export CSV") from error
    if not found:
        raise BadInputError(f"{name} has no filled sheet; save the curve in the first one")


def _ods(data: bytes) -> Iterator[tuple[str, Any]]:
    import pandas

    sheets = pandas.read_excel(io.BytesIO(data), sheet_name=None, header=None, engine="odf")
    for title, cells in sheets.items():
        yield str(title) if len(sheets) > 1 else "", cells


def _xlsx(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    """Sheet by sheet, so that those behind the curve cost nothing.

    A few bytes name a cell far off, and pandas writes out all before and beside it: sheets are measured first.
    """
    import pandas
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book, seen, padded = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False), 0, 0
    for place, sheet in enumerate(book.worksheets):
        sheet.reset_dimensions()  # what the file says of its size may be wrong
        height = width = 0
        for rows, row in enumerate(sheet.iter_rows(values_only=True), 1):
            seen += len(row) or 1
            filled = next((k for k in range(len(row), 0, -1) if row[k - 1] not in (None, "")), 0)
            height, width = (rows, max(width, filled)) if filled else (height, width)
            if max(seen, padded + height * width) > MAX_CELLS:
                wide = max(width, len(row))
                raise BadInputError(f"{name} unpacks to a sheet of {rows} rows and {wide} columns; export only the curve")
        padded += height * width
        if height:
            cells = pandas.read_excel(io.BytesIO(data), sheet_name=place, header=None, engine="openpyxl")
            yield str(sheet.title) if len(book.worksheets) > 1 else "", cells


def _refuse_repeats(archive: zipfile.ZipFile, name: str) -> None:
    """An .ods says "this cell 200000 times" in a few bytes; all that lies before the last filled cell or row is written out."""
    total = height = width = rows = 0
    with archive.open("content.xml") as content:
        for _, node in ElementTree.iterparse(content):
            if node.tag == TABLE + "table":
                total, height, width, rows = total + height * width, 0, 0, 0
            if node.tag != TABLE + "table-row":
                continue
            rows += int(node.get(TABLE + "number-rows-repeated", 1))
            cells = filled = 0
            for cell in node:
                cells += int(cell.get(TABLE + "number-columns-repeated", 1))
                filled = cells if len(cell) or cell.get(VALUE) else filled
            height, width = (rows, max(width, filled)) if filled else (height, width)
            node.clear()
            if width > MAX_COLUMNS or total + height * width > MAX_CELLS:
                raise BadInputError(f"{name} unpacks to a sheet of {height} rows and {width} columns; export only the curve")
