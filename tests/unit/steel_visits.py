"""Plates as a visitor of the steel tab chooses them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from corrovis.steel.texture import clean_plate
from corrovis.ui.steel_jobs import PlateVisit


def give(folder: Path, height: int, width: int) -> PlateVisit:
    """A clean plate of this size, written into `folder`."""
    path = folder / f"{height}.png"
    Image.fromarray(clean_plate((height, width), 1)).save(path)
    return PlateVisit(path, "plate.png")
