"""A report's words, pictures and table as PDF, in a font that holds more than Latin-1: the DejaVu Sans that matplotlib brings."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib
from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace, TTFFont
from PIL import Image

FONT = "DejaVu"
FACES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
GREY = (87, 83, 78)
ROWS = 100  # regions at the most, some two pages of them
DOT = "●"


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the reports hold it: PNG, not larger than they need."""

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, whatever file it becomes.

    `rows` are cells as they are shown, largest region first, a number first of all; `colours` (RGB) are those of their regions in
    the picture; `count` is of all regions.
    """

    name: str
    warnings: tuple[str, ...]
    facts: list[tuple[str, str]]
    pictures: list[Shown]
    headings: list[str]
    rows: list[list[str]]
    colours: list[tuple[int, ...]]
    count: int
    meaning: tuple[str, ...]


def write_pdf(report: Report, path: Path) -> None:
    pdf = FPDF()
    for style, name in FACES.items():
        pdf.add_font(FONT, style, Path(matplotlib.get_data_path(), "fonts/ttf", name))
    pdf.add_page()
    title = f"Corrosion report: {report.name}"
    _line(pdf, title, 15, "B")
    pdf.set_title(_known(pdf, title))
    for warning in report.warnings:
        _line(pdf, f"Note: {warning}", 9)
    for key, value in report.facts:
        _line(pdf, f"{key}: {value}", 9)
    for one in report.pictures:
        if pdf.get_y() > 180:
            pdf.add_page()
        with Image.open(BytesIO(one.png)) as image:
            scale = min(150 / image.width, 90 / image.height)
            pdf.image(image, w=image.width * scale, h=image.height * scale)
        pdf.set_text_color(*GREY)
        _line(pdf, one.caption, 8)
        pdf.set_text_color(0)
    _regions(pdf, report)
    _line(pdf, "What the numbers mean", 11, "B")
    for text in report.meaning:
        _line(pdf, text, 9)
    pdf.output(str(path))


def _regions(pdf: FPDF, report: Report) -> None:
    """The table, with a column of dots in the regions' colours before it."""
    if pdf.will_page_break(30):
        pdf.add_page()
    _line(pdf, "Regions, largest first", 11, "B")
    if not report.rows:
        return _line(pdf, "None was found.", 9)
    rows = report.rows[:ROWS]
    pdf.set_font(FONT, "B", 7)
    words = [max(map(pdf.get_string_width, heading.split())) for heading in report.headings]
    pdf.set_font(FONT, "", 7)
    columns = zip(words, zip(*rows, strict=True), strict=True)
    widths = [max(word, *map(pdf.get_string_width, cells)) + 3 for word, cells in columns]
    pdf.set_draw_color(214, 211, 209)
    with pdf.table(
        align="LEFT",
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=(5, *widths),
        line_height=4,
        text_align="RIGHT",
        width=min(pdf.epw, 5 + sum(widths)),
    ) as table:
        table.row(["", *report.headings])
        for cells, colour in zip(rows, report.colours, strict=False):
            row = table.row()
            row.cell(DOT, style=FontFace(color=colour))
            for cell in cells:
                row.cell(_known(pdf, cell))
    if report.count > len(rows):
        _line(pdf, f"{report.count - len(rows):,} smaller regions are in the CSV alone.", 9)
    return None


def _line(pdf: FPDF, text: str, size: int, style: str = "") -> None:
    pdf.set_font(FONT, style, size)
    pdf.multi_cell(0, size * 0.5, _known(pdf, text), align="L", new_x="LMARGIN", new_y="NEXT")


def _known(pdf: FPDF, text: str) -> str:
    """The text with an escape, such as \\u8bd5, for each character that the font lacks."""
    font = pdf.current_font
    held = font.cmap if isinstance(font, TTFFont) else {}
    return "".join(char if ord(char) in held else char.encode("unicode_escape").decode() for char in text)
