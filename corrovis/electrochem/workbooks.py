"""Cells of .xlsx and .ods, of sheets that unpack to a sensible size."""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree import ElementTree

from corrovis.errors import BadInputError

MAX_UNPACKED = 400_000_000
MAX_COLUMNS, MAX_CELLS = 1000, 5_000_000  # of all sheets of .ods together; of the one read of .xlsx
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
VALUE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value"
# What the parsers raise on damaged files.
DAMAGES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, SyntaxError, EOFError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip


def workbook_rows(data: bytes, name: str) -> list[list[str]]:
    """Cells of the first sheet that holds any, of .xlsx and .ods."""
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
    import pandas

    try:
        wanted = _first_filled(data, name) if engine == "openpyxl" else None
        sheets = pandas.read_excel(io.BytesIO(data), sheet_name=wanted, header=None, engine=engine)
    except DAMAGES as error:
        raise BadInputError(f"{name} is a damaged workbook ({error}); save it again or export CSV") from error
    filled = [sheet for sheet in sheets.values() if not sheet.empty]
    if not filled:
        raise BadInputError(f"{name} has no filled sheet; save the curve in the first one")
    return [["" if cell is None or cell != cell else str(cell) for cell in row] for row in filled[0].values.tolist()]


def _first_filled(data: bytes, name: str) -> list[int]:
    """The place of the first .xlsx sheet that holds any cell, else of the very first.

    A few bytes name a cell far off, and pandas writes out all before and beside it: sheets are measured first.
    """
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book, seen = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False), 0
    for place, sheet in enumerate(book.worksheets):
        sheet.reset_dimensions()  # what the file says of its size may be wrong
        height = width = 0
        for rows, row in enumerate(sheet.iter_rows(values_only=True), 1):
            seen += len(row) or 1
            filled = next((k for k in range(len(row), 0, -1) if row[k - 1] not in (None, "")), 0)
            height, width = (rows, max(width, filled)) if filled else (height, width)
            if max(seen, height * width) > MAX_CELLS:
                wide = max(width, len(row))
                raise BadInputError(f"{name} unpacks to a sheet of {rows} rows and {wide} columns; export only the curve")
        if height:
            return [place]
    return [0]


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
