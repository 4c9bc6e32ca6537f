"""Layer views as pictures and files: a grid of maps for each convolution, pictures side by side, an overview, a PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from corrovis.errors import BadInputError
from corrovis.files import left_behind
from corrovis.images import save_png
from corrovis.render.colour_maps import TITLES, Filter, table
from corrovis.results import Byte, Float
from corrovis.sem.layers import Layer, LayerView

Show = Literal["mean", "top"]
SHOWS: tuple[Show, ...] = ("mean", "top")
SIDE, GAP, BAND = 480, 6, 34  # of one picture's grid; between maps; for the caption
TILE, COLUMNS = 180, 8  # of the overview
PDF_DPI = 150
INK, QUIET, PAPER = (235, 235, 238), (165, 165, 172), (24, 24, 27)


@dataclass(frozen=True, slots=True)
class Look:
    """How layers are drawn: in which colours, and the mean of their channels or the strongest of them."""

    colours: Filter = "bone"
    show: Show = "mean"


def show_of(name: str) -> Show:
    """Raises BadInputError for what is neither."""
    for known in SHOWS:
        if name == known:
            return known
    raise BadInputError(f"layers are shown as mean or top, not {name}; mean is over all channels, top are the strongest")


def levels(maps: Float) -> Byte:
    """(pictures, h, w) float32 to uint8 on a scale that all pictures share, its ends at the 1st and 99th percentile.

    A map that is the same everywhere shows nothing, so it is black.
    """
    low, high = (float(value) for value in np.percentile(maps, (1, 99)))
    if high - low < 1e-9:
        low, high = float(maps.min()), float(maps.max())
    if high - low < 1e-9:
        return np.zeros(maps.shape, np.uint8)
    return np.asarray(np.clip((maps - low) * (255 / (high - low)), 0, 255).round(), np.uint8)


def shown_maps(layer: Layer, show: Show) -> Byte:
    """(pictures, k, h, w) uint8, k = 1 for the mean."""
    if show == "mean":
        return levels(layer.mean)[:, None]
    return np.stack([levels(layer.strongest[:, k]) for k in range(len(layer.channels))], axis=1)


def grid(maps: Byte, side: int, colours: Byte, numbers: Sequence[int] = ()) -> Image.Image:
    """(k, h, w) uint8 as a square of side x side pixels, each map enlarged cell by cell; `numbers` are written on them."""
    columns = int(np.ceil(np.sqrt(len(maps))))
    cell = (side - GAP * (columns - 1)) // columns
    found = Image.new("RGB", (side, side), PAPER)
    for n, one in enumerate(maps):
        small = Image.fromarray(colours[one]).resize((cell, cell), Image.Resampling.NEAREST)
        left, top = n % columns * (cell + GAP), n // columns * (cell + GAP)
        found.paste(small, (left, top))
        for number in numbers[n : n + 1]:
            ImageDraw.Draw(found).text(
                (left + 4, top + 3), str(number), INK, ImageFont.load_default(11), stroke_width=2, stroke_fill=PAPER
            )
    return found


def layer_sheet(view: LayerView, layer: Layer, look: Look) -> Image.Image:
    """One convolution for all pictures, side by side, with its name and what is shown of it."""
    pictures = len(view.names)
    sheet = Image.new("RGB", (pictures * SIDE + (pictures + 1) * GAP, SIDE + 2 * BAND + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    draw.text((GAP + 4, BAND / 2), _end_of(layer.name, 30), INK, font, "lm")
    draw.text((sheet.width - GAP - 4, BAND / 2), _what(layer, look, view.names), QUIET, font, "rm")
    colours, numbers = table(look.colours), layer.channels if look.show == "top" else ()
    for n, maps in enumerate(shown_maps(layer, look.show)):
        left = GAP + n * (SIDE + GAP)
        sheet.paste(grid(maps, SIDE, colours, numbers), (left, BAND))
        draw.text((left + 4, SIDE + BAND * 1.5), _end_of(view.names[n], 50), QUIET, font, "lm")
    return sheet


def overview(view: LayerView, look: Look) -> Image.Image:
    """The pictures as the network saw them, then the channel mean of every convolution, a row of tiles for each picture.

    Above them stands what they are: the means, whatever `look` shows of a single layer.
    """
    tiles = [view.seen, *(table(look.colours)[levels(layer.mean)] for layer in view.layers)]
    titles = ["input", *(layer.name for layer in view.layers)]
    pictures, rows = len(view.names), -(-len(tiles) // COLUMNS)
    step = TILE + GAP
    height = pictures * step + BAND // 2 + GAP
    sheet = Image.new("RGB", (COLUMNS * step + GAP, BAND + rows * height + GAP), PAPER)
    draw, font, head = ImageDraw.Draw(sheet), ImageFont.load_default(11), ImageFont.load_default(14)
    what = f"network {view.model}, filter {TITLES[look.colours]}, mean of each layer's channels"
    shown = ", ".join(_end_of(name, 40) for name in view.names)
    draw.text((GAP, BAND / 2), what, INK, head, "lm")
    draw.text((sheet.width - GAP, BAND / 2), f"from the top: {shown}" if pictures > 1 else shown, QUIET, head, "rm")
    for n, (tile, title) in enumerate(zip(tiles, titles, strict=True)):
        left, top = GAP + n % COLUMNS * step, BAND + n // COLUMNS * height
        draw.text((left, top + BAND / 4), _end_of(title, 30), QUIET, font, "lm")
        for p in range(pictures):
            small = Image.fromarray(tile[p]).resize((TILE, TILE), Image.Resampling.NEAREST)
            sheet.paste(small, (left, top + BAND // 2 + p * step))
    return sheet


def write_layers(view: LayerView, look: Look, folder: Path) -> dict[str, Any]:
    """The answer to `layers`: a PNG for each convolution, an overview, and a PDF of all of them, in `folder`."""
    pages, records = [overview(view, look)], list[dict[str, Any]]()
    for number, layer in enumerate(view.layers, 1):
        sheet = layer_sheet(view, layer, look)
        path = folder / f"{number:02d}_{re.sub(r'[^A-Za-z0-9]+', '_', layer.name).strip('_')}.png"
        save_png(np.asarray(sheet), path, None)
        pages.append(sheet)
        records.append(
            {
                "name": layer.name,
                "file": path,
                "size": [layer.size_hw[1], layer.size_hw[0]],
                "channels": layer.count,
                "shown": list(layer.channels) if look.show == "top" else "mean",
            }
        )
    whole, pdf = folder / "layers.png", folder / "layers.pdf"
    save_png(np.asarray(pages[0]), whole, None)
    save_pdf(pages, pdf, f"Layers of {view.model}")
    return {
        "model": view.model,
        "filter": look.colours,
        "layers": records,
        "overview": whole,
        "pdf": pdf,
        "warnings": [*view.notes, *left_behind(folder, ("[0-9][0-9]*_*.png",), [record["file"] for record in records])],
    }


def save_pdf(pages: list[Image.Image], path: Path, title: str) -> None:
    pages[0].save(
        path, "PDF", save_all=True, append_images=pages[1:], title=title, producer="Corrovis", quality=90, resolution=PDF_DPI
    )


def _what(layer: Layer, look: Look, names: Sequence[str]) -> str:
    """Of two pictures the first decides which channels are the strongest."""
    height, width = layer.size_hw
    by = f" for {_end_of(names[0], 30)}" if len(names) > 1 else ""
    of = f"mean of {layer.count}" if look.show == "mean" else f"top {len(layer.channels)} of {layer.count}{by}"
    return f"{width} x {height}, {of}"


def _end_of(text: str, most: int) -> str:
    """Names of layers differ at their ends."""
    return text if len(text) <= most else f"...{text[3 - most :]}"
