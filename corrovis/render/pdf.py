"""A report's words, pictures and table as PDF, in a font that holds more than Latin-1: the DejaVu Sans that matplotlib brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace, TTFFont
from PIL import Image

FONT = "DejaVu"
FACES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
GREY = (87, 83, 78)
FIRST = 2  # facts before the doubts: share and severity
ROWS = 100  # regions at the most, some two pages of them
DOT = "●"
DOT_MM = 5
GAP_MM, HIGHEST_MM, CAPTION_MM = 4, 150, 16  # between pictures, of one, and below it
LONGEST = 300  # letters of a cell
ROUNDING = 1e-6  # mm by which a table is narrower than a page: one that is wider by the last digit is refused
FOOT = 100  # letters of a title below each page
SIZES = (7, 6.5, 6, 5.5, 5)  # points of a table, the first that fits
JPEG: dict[str, Any] = {"quality": 90, "subsampling": 0}
LINE = (214, 211, 209)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the reports hold it: PNG, not larger than they need."""

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, whatever file it becomes.

    `facts` are the result, share and severity first; `doubts` are reasons not to believe it, `notes` on how the picture was read;
    `rows` are cells as they are shown, largest region first, a number first of all; `colours` (RGB) are
    those of their regions in the picture; `count` is of all regions; `measured` says with what and how well.
    """

    name: str
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    facts: list[tuple[str, str]]
    pictures: list[Shown]
    headings: list[str]
    rows: list[list[str]]
    colours: list[tuple[int, ...]]
    count: int
    measured: list[tuple[str, str]]
    meaning: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table as a report shows it: cells are texts; of the columns the first `words` hold words, the others numbers."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    words: int = 1


def lighter(png: bytes) -> bytes:
    """A PNG as JPEG where that is smaller, as it is with photographs and not with plots."""
    jpeg = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").save(jpeg, "JPEG", **JPEG)
    return min(png, jpeg.getvalue(), key=len)


def write_pdf(report: Report, path: Path) -> None:
    """An inspection: the result first, what speaks against it with it, and how it was measured last."""
    pdf = _begun(f"Corrosion report: {report.name}")
    facts = [f"{key}: {value}" for key, value in report.facts]
    for text in facts[:FIRST]:
        _line(pdf, text, 9)
    for text in report.doubts:
        _doubt(pdf, text)
    for text in (*facts[FIRST:], *(f"Note: {note}" for note in report.notes)):
        _line(pdf, text, 9)
    abreast = min(2, len(report.pictures))
    for k in range(0, len(report.pictures), 2):
        _pictures(pdf, report.pictures[k : k + 2], abreast)
    _regions(pdf, report)
    _heading(pdf, "How it was measured")
    for key, value in report.measured:
        _line(pdf, f"{key}: {value}", 9)
    _ended(pdf, report.meaning, path)


Parts = Sequence[str | Shown | ShownTable]


def write_tables_pdf(title: str, notes: Sequence[str], parts: Parts, meaning: Sequence[str], path: Path) -> None:
    """Sentences, pictures and tables below each other: a progression."""
    pdf = _begun(title)
    for note in notes:
        _line(pdf, f"Note: {note}", 9)
    for part in parts:
        if isinstance(part, str):
            _line(pdf, part, 9)
        elif isinstance(part, Shown):
            _pictures(pdf, [part], 1)
        else:
            _table(pdf, part)
    _ended(pdf, meaning, path)


class Paper(FPDF):
    """Pages that say of which report they are, and of how many."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, "", 7)
        self.set_text_color(*GREY)
        self.cell(0, 4, f"{_short(self.title or '', FOOT)}, page {self.page_no()} of {{nb}}", align="C")


def _begun(title: str) -> FPDF:
    pdf = Paper()
    for style, name in FACES.items():
        pdf.add_font(FONT, style, Path(matplotlib.get_data_path(), "fonts/ttf", name))
    pdf.set_draw_color(*LINE)
    pdf.add_page()
    _line(pdf, title, 15, "B")
    pdf.set_title(_known(pdf, title))
    return pdf


def _ended(pdf: FPDF, meaning: Sequence[str], path: Path) -> None:
    _heading(pdf, "What the numbers mean")
    for text in meaning:
        _line(pdf, text, 9)
    pdf.output(str(path))


def _pictures(pdf: FPDF, shown: Sequence[Shown], abreast: int) -> None:
    """Up to `abreast` pictures beside each other, each above its caption."""
    width = (pdf.epw - GAP_MM * (abreast - 1)) / abreast
    images = [Image.open(BytesIO(lighter(one.png))) for one in shown]
    heights = [min(width * image.height / image.width, HIGHEST_MM) for image in images]
    if pdf.will_page_break(max(heights) + CAPTION_MM):
        pdf.add_page()
    top, bottom = pdf.y + 2, 0.0
    pdf.set_text_color(*GREY)
    for k, (one, image, height) in enumerate(zip(shown, images, heights, strict=True)):
        left = pdf.l_margin + k * (width + GAP_MM)
        pdf.image(image, x=left, y=top, w=height * image.width / image.height, h=height)
        pdf.set_xy(left, top + height + 1)
        _line(pdf, one.caption, 8, width=width)
        bottom = max(bottom, pdf.y)
    pdf.set_text_color(0)
    pdf.set_xy(pdf.l_margin, bottom + 2)


def _table(pdf: FPDF, shown: ShownTable) -> None:
    if not shown.rows:
        return
    if pdf.will_page_break(30):
        pdf.add_page()
    _heading(pdf, shown.title)
    align = tuple("LEFT" if k < shown.words else "RIGHT" for k in range(len(shown.headings)))
    widths = _widths(pdf, shown.headings, shown.rows, pdf.epw)
    layout = TableBordersLayout.HORIZONTAL_LINES
    how = {"align": "LEFT", "borders_layout": layout, "line_height": 4, "width": sum(widths)}
    with pdf.table(col_widths=widths, text_align=align, **how) as table:
        table.row(shown.headings)
        for cells in shown.rows:
            table.row([_known(pdf, _short(cell, LONGEST)) for cell in cells])


def _widths(pdf: FPDF, headings: Sequence[str], rows: Sequence[Sequence[str]], room: float) -> tuple[float, ...]:
    """Of columns that hold the longest word of their headings and their widest cell; sets the largest font that fits `room`.

    If none does, the widest columns are cut, all to one width.
    """
    for size in SIZES:
        pdf.set_font(FONT, "B", size)
        words = [max(map(pdf.get_string_width, heading.split()), default=0) for heading in headings]
        pdf.set_font(FONT, "", size)
        columns = zip(words, zip(*rows, strict=True), strict=True)
        widths = [max(word, *map(pdf.get_string_width, cells)) + 3 for word, cells in columns]
        if sum(widths) <= room:
            break
    left, most = room - ROUNDING, 0.0
    for k, width in enumerate(sorted(widths)):
        most = max(most, min(width, left / (len(widths) - k)))
        left -= min(width, most)
    return tuple(min(width, most) for width in widths)


def _regions(pdf: FPDF, report: Report) -> None:
    """The table, with a column of dots in the regions' colours before it."""
    if pdf.will_page_break(30):
        pdf.add_page()
    _heading(pdf, "Regions, largest first")
    if not report.rows:
        return _line(pdf, "None was found.", 9)
    rows = report.rows[:ROWS]
    widths = _widths(pdf, report.headings, rows, pdf.epw - DOT_MM)
    with pdf.table(
        align="LEFT",
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=(DOT_MM, *widths),
        line_height=4,
        text_align="RIGHT",
        width=DOT_MM + sum(widths),
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


def _doubt(pdf: FPDF, text: str) -> None:
    for style, part in (("B", "Doubt: "), ("", text)):
        pdf.set_font(FONT, style, 9)
        pdf.write(4.5, _known(pdf, part))
    pdf.ln(4.5)


def _heading(pdf: FPDF, text: str) -> None:
    pdf.ln(2)
    _line(pdf, text, 11, "B")


def _line(pdf: FPDF, text: str, size: int, style: str = "", width: float = 0) -> None:
    pdf.set_font(FONT, style, size)
    pdf.multi_cell(width, size * 0.5, _known(pdf, text), align="L", new_x="LMARGIN", new_y="NEXT")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _known(pdf: FPDF, text: str) -> str:
    """The text with an escape, such as \\u8bd5, for each character that the font lacks."""
    font = pdf.current_font
    held = font.cmap if isinstance(font, TTFFont) else {}
    return "".join(char if ord(char) in held else char.encode("unicode_escape").decode() for char in text)
