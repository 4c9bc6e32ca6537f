"""Patches of micrographs at a common scale and common grey levels, for the GAN of SEM surfaces and its scores; time series.

A folder of data is `sem.csv` with the columns file, material, group beside the pictures, or a lab's own as `material_data` has
it.  Data bars are cropped, empty parts (flat black or white around a cross-section) count for nothing, long sides come down to
`LONG_SIDE`.
"""

from __future__ import annotations

import csv
import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from material_data import MATERIALS, named_by_folder, specimen_of
from PIL import Image

from corrovis.depths import OWN_RANGE, stored_values, to_bytes
from corrovis.images import picture_endings
from corrovis.sem.fields import FLAT, MIDDLE, SPREAD, read_field

LONG_SIDE = 352
MOST_EMPTY = 0.35
HELD_OUT = 0.2  # least share of a material's pictures that is held out
TRIES = 40
CROSS_SECTIONS = ("stainless steel in lead-bismuth", "oxide coating", "dealloyed alloy")
"""Layers lie upon each other, so these are mirrored left to right only; surfaces may be turned."""


@dataclass(frozen=True, eq=False)
class Micrograph:
    """One picture, ready to cut.

    Fields:
        grey: (H, W) float32 in [-1, 1], mean 0 and standard deviation `SPREAD` / 127.5 where not empty
        empty: (H, W) bool
        levels: mean and standard deviation of the grey values as they were
    """

    name: str
    material: str
    group: str
    grey: np.ndarray
    empty: np.ndarray
    levels: tuple[float, float]


def load_micrographs(folder: Path) -> list[Micrograph]:
    """All pictures of a data folder, by name."""
    table = folder / "sem.csv"
    if table.exists():
        with table.open(newline="") as file:
            named = [(row["file"], row) for row in csv.DictReader(file)]
        # what the shipped GAN was trained without was chosen by names in which no exposure was the empty one
        groups = [specimen_of(row).removeprefix("unknown") for _, row in named]
        materials = [MATERIALS.get(Path(name).parts[0], row["material"]) for name, row in named]
        rows = list(zip((folder / name for name, _ in named), materials, groups, strict=True))
    else:
        rows = named_by_folder(folder)
    if not rows:
        raise SystemExit(f"{folder} holds neither sem.csv nor a folder with pictures for each material; give --data another")
    return [_read(path, material, group) for path, material, group in sorted(rows)]


def _read(path: Path, material: str, group: str) -> Micrograph:
    field = read_field(path)
    grey = cv2.cvtColor(field.rgb, cv2.COLOR_RGB2GRAY)[slice(*field.rows)]
    scale = min(1.0, LONG_SIDE / max(field.rgb.shape[:2]))
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    empty = cv2.boxFilter(((grey < 12) | (grey > 250)).astype(np.float32), -1, (9, 9)) > 0.8
    values = grey[~empty] if not empty.all() else grey.ravel()
    low, high = np.percentile(values, (1, 99))
    values = values[(values >= low) & (values <= high)].astype(np.float64)
    levels = float(values.mean()), max(float(values.std()), FLAT)
    moved = (grey.astype(np.float32) - levels[0]) * (SPREAD / levels[1]) + MIDDLE
    return Micrograph(path.stem, material, group, (np.clip(moved, 0, 255) / 127.5 - 1).astype(np.float32), empty, levels)


def read_series(folder: Path) -> list[np.ndarray]:
    """Frames of one time series, (H, W) float32 in [-1, 1], in the order of the numbers in their names, without data bars.

    They keep their grey levels, for these tell how far corrosion has gone.
    """
    paths = [path for path in folder.iterdir() if path.suffix.lower() in picture_endings()]
    paths.sort(key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)])
    fields = [read_field(path) for path in paths]
    if len({field.size_hw for field in fields}) > 1:
        raise SystemExit(f"the frames in {folder} differ in size; cut them all to the same part of the specimen")
    frames = [cv2.cvtColor(field.rgb, cv2.COLOR_RGB2GRAY) for field in fields]
    if any(note.startswith(OWN_RANGE) for field in fields for note in field.notes):
        frames = on_one_scale(paths)
    top, end = max((field.rows[0] for field in fields), default=0), min((field.rows[1] for field in fields), default=0)
    return [frame[top:end].astype(np.float32) / 127.5 - 1 for frame in frames]


def on_one_scale(paths: list[Path]) -> list[np.ndarray]:
    """Frames of more than 8 bits as (H, W) uint8, by the range of them all: laid below each other they are one picture."""
    stored = []
    for path in paths:
        with Image.open(path) as image:
            stored.append(stored_values(image))
    return np.split(to_bytes(np.concatenate(stored), []), len(stored))


def split(pictures: list[Micrograph]) -> tuple[list[Micrograph], list[Micrograph]]:
    """Pictures to learn from and pictures held out: of each material whole groups, the same on every machine.

    Groups are taken in the order of their hash, unless they would bring the held-out share above one half.
    """
    held: set[tuple[str, str]] = set()
    for material in sorted({p.material for p in pictures}):
        of = [p.group for p in pictures if p.material == material]
        taken = 0
        for group in sorted(set(of), key=lambda name: zlib.crc32(name.encode())):
            if taken < HELD_OUT * len(of) and 2 * (taken + of.count(group)) <= len(of):
                held.add((material, group))
                taken += of.count(group)
    return [p for p in pictures if (p.material, p.group) not in held], [p for p in pictures if (p.material, p.group) in held]


def cut(picture: Micrograph, side: int, dice: random.Random) -> np.ndarray:
    """(side, side) float32 in [-1, 1]: a window at 0.85 to 1.2 of the common scale, the livelier of two, turned or mirrored."""
    windows = [_window(picture, side, dice) for _ in range(2)]
    lively = max(windows, key=lambda w: float(np.abs(np.diff(cv2.GaussianBlur(w, (0, 0), 1.5), axis=1)).mean()))
    patch = lively if dice.random() < 0.8 else windows[0]
    if picture.material not in CROSS_SECTIONS:
        patch = np.rot90(patch, dice.randrange(4))
    return np.ascontiguousarray(patch[:, ::-1] if dice.random() < 0.5 else patch)


def _window(picture: Micrograph, side: int, dice: random.Random) -> np.ndarray:
    height, width = picture.grey.shape
    for _ in range(TRIES):
        need = min(round(side / dice.uniform(0.85, 1.2)), height, width)
        y, x = dice.randint(0, height - need), dice.randint(0, width - need)
        if picture.empty[y : y + need, x : x + need].mean() <= MOST_EMPTY:
            break
    window = picture.grey[y : y + need, x : x + need]
    if need == side:
        return window.copy()
    return np.asarray(
        cv2.resize(window, (side, side), interpolation=cv2.INTER_AREA if need > side else cv2.INTER_CUBIC).clip(-1, 1), np.float32
    )
