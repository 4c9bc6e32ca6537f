"""Micrographs by material: fields with their specimen, and the views that a classifier learns from.

Two shapes of data folder: the project's (`sem/sem.csv`), or a lab's own: a folder for each alloy, in it pictures or a folder for
each specimen.  Pictures of one specimen are never split between training and test.
"""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from segment_views import Labelled, Windows, instrument, window

from corrovis.errors import BadInputError
from corrovis.images import picture_endings
from corrovis.resizing import reduced
from corrovis.sem.fields import normalise, read_field
from corrovis.sem.material import FLAT, LEAST_SIDE, LONG_SIDE

LEAST_PART = 112  # pixels of a part that a field is cut or reduced to
MATERIALS = {
    "pits304": "304 stainless steel",
    "ss_lbe": "stainless steel in lead-bismuth",
    "ni20cr": "Ni-20Cr alloy",
    "nasa_super": "Ni-base superalloy",
    "nasa_ebc": "oxide coating",
    "lmd": "dealloyed alloy",
}


@dataclass(frozen=True)
class Sample:
    """One field: `grey` (H, W) uint8 as read, without its data bar; `group` is the specimen."""

    name: str
    material: str
    group: str
    grey: np.ndarray


def load_samples(data: Path) -> list[Sample]:
    """All fields of a data folder, in order of their names.  Raises BadInputError when it holds none of two materials."""
    named = _named_by_table(data / "sem") if (data / "sem/sem.csv").exists() else named_by_folder(data)
    if len({material for _, material, _ in named}) < 2:
        raise BadInputError(f"{data} holds neither sem/sem.csv nor a folder for each of two alloys or more; give --data another")
    return [Sample(path.stem, material, group, grey_of(path)) for path, material, group in sorted(named)]


def grey_of(path: Path) -> np.ndarray:
    """(H, W) uint8 of the specimen, as the classifier's own door reads it."""
    return cv2.cvtColor(read_field(path).specimen, cv2.COLOR_RGB2GRAY)


def _named_by_table(folder: Path) -> list[tuple[Path, str, str]]:
    with (folder / "sem.csv").open() as file:
        rows = list(csv.DictReader(file))
    sets = [Path(row["file"]).parts[0] for row in rows]
    return [
        (folder / row["file"], MATERIALS[name], f"{name}/{specimen_of(row)}")
        for row, name in zip(rows, sets, strict=True)
        if name in MATERIALS
    ]


def specimen_of(row: dict[str, str]) -> str:
    """The specimen of a row of sem.csv; its `group` is finer or coarser for three of the sets.

    Both faces of a lead-bismuth sample are one specimen; a superalloy spot turned by 180 degrees is the same spot; the dealloyed
    set has no specimens, so its temperature stands for one.
    """
    name, group = Path(row["file"]).parts[0], row["group"]
    if name == "ss_lbe":
        return re.sub(r"-(CO|RAC)$", "", group)
    if name == "nasa_super":
        return re.sub(r"_(0|180)d$", "", group)
    return (row["exposure"] or "unknown") if name == "lmd" else group


def named_by_folder(data: Path) -> list[tuple[Path, str, str]]:
    """`alloy/picture` or `alloy/specimen/picture`; a picture without a specimen's folder is a specimen of its own."""
    found = [path for path in data.glob("*/**/*") if path.suffix.lower() in picture_endings()]
    inside = [path.relative_to(data).parts for path in found]
    return [
        (path, parts[0], "/".join(parts[:2]) if len(parts) > 2 else f"{parts[0]}/{path.stem}")
        for path, parts in zip(found, inside, strict=True)
    ]


def view(sample: Sample, size: int, dice: random.Random) -> np.ndarray:
    """(size, size) uint8: a square of any scale from the whole short side down, turned, flipped, stretched, as another
    instrument would show it.  Squares without contrast are drawn again."""
    grey = reduced(normalise(delivered(sample.grey, dice)), LONG_SIDE)
    short = min(grey.shape)
    least = max(short / 4, min(short, LEAST_SIDE) * 0.75)
    for _ in range(5):
        side = np.exp(dice.uniform(np.log(least), np.log(short)))
        level = _halved(grey, int(np.log2(max(1.0, side / size))))  # enlarging or reducing further by less than 2
        scale = size / (side * len(level) / len(grey))
        cut = Windows(size, (scale, scale), turn=180, stretch=0.12, upside_down=True)
        rgb = np.repeat(level[..., None], 3, axis=2)
        found = window(Labelled("", "", rgb, np.zeros(level.shape, np.uint8)), cut, dice).rgb
        if found.std() >= FLAT:
            break
    return instrument(found, dice)[..., 0]


def delivered(grey: np.ndarray, dice: random.Random) -> np.ndarray:
    """The field as it may reach us: cut to a part, reduced, its own pixels compressed.  Most often as it is."""
    if dice.random() < 0.15:
        height, width = (round(np.exp(dice.uniform(np.log(min(LEAST_PART, side)), np.log(side)))) for side in grey.shape)
        top, left = dice.randint(0, grey.shape[0] - height), dice.randint(0, grey.shape[1] - width)
        grey = grey[top : top + height, left : left + width]
    if dice.random() < 0.1:
        share = dice.uniform(min(1.0, LEAST_PART / min(grey.shape)), 1.0)
        grey = cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    if dice.random() < 0.25:
        packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(15, 85)])[1]
        grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def _halved(grey: np.ndarray, times: int) -> np.ndarray:
    for _ in range(times):
        grey = cv2.resize(grey, (max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2)), interpolation=cv2.INTER_AREA)
    return grey
