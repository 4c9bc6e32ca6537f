"""Patches of steel by class, split by blocks of file numbers: neighbours are cut from one picture and must not be parted.

A folder per class, as NEU-CLS-64 comes; `background` holds the patches without defect.  Of every ten blocks of `BLOCK` numbers
three are held out (the paper's 7 : 3), and the `MARGIN` numbers on either side of a border go to neither part.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.steel.results import CLEAN

SOURCE = "NEU-CLS-64, nine defect classes, and patches without defect; 7 of 10 blocks of file numbers"
"""What the shipped networks learned from, for their records."""
SEEN = "Learned from NEU-CLS-64: 64 px grey patches of hot-rolled strip from one line, at one scale"
"""With which the limits in their records begin."""
BLOCK, MARGIN = 30, 3
HELD_OUT = (1, 4, 8)  # of every ten blocks
Part = Literal["train", "held_out"]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Patches of one part of the split.

    Shape:
        pixels: (n, S, S) uint8, grey
        labels: (n,) int64, index into `classes`
        groups: n names of blocks
    """

    pixels: np.ndarray
    labels: np.ndarray
    groups: tuple[str, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, name: str) -> np.ndarray:
        """(m, S, S) uint8: the patches of one class."""
        return self.pixels[self.labels == self.classes.index(name)]


def load(data: Path, part: Part, side: int = 64) -> Patches:
    """The patches of `data`/steel (or of `data` itself) that belong to `part`; defects in alphabetical order, clean last."""
    root = data / "steel" if (data / "steel").is_dir() else data
    folders = {path.name: path for path in sorted(root.iterdir()) if path.is_dir()} if root.is_dir() else {}
    if CLEAN not in folders or len(folders) < 2:
        raise BadInputError(
            f"{root} must hold a folder of patches per defect and one named {CLEAN}. Give such a folder with --data."
        )
    classes = (*(name for name in folders if name != CLEAN), CLEAN)
    pixels, labels, groups = [], [], []
    for label, name in enumerate(classes):
        for path, group in _split(folders[name], part):
            pixels.append(np.asarray(Image.open(path).convert("L").resize((side, side), Image.Resampling.BICUBIC)))
            labels.append(label)
            groups.append(f"{name}-{group}")
    return Patches(np.stack(pixels), np.array(labels), tuple(groups), classes)


def _split(folder: Path, part: Part) -> list[tuple[Path, str]]:
    """Files of `part` with their block; blocks count within files of one prefix."""
    series: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in sorted(folder.glob("*.png")):
        prefix, number = re.fullmatch(r"(.*?)(\d+)", path.stem).groups()  # type: ignore[union-attr]
        series[prefix].append((int(number), path))
    chosen = []
    for prefix, files in series.items():
        for number, path in files:
            block = number // BLOCK
            held_out = _is_held_out(block)
            near = _is_held_out((number - MARGIN) // BLOCK) != held_out or _is_held_out((number + MARGIN) // BLOCK) != held_out
            if held_out == (part == "held_out") and not near:
                chosen.append((path, f"{prefix}{block}"))
    return chosen


def _is_held_out(block: int) -> bool:
    return block % 10 in HELD_OUT
