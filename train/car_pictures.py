"""The four corrosion domains as training and scoring see them: photos, car masks, severities, square crops of a car.

Clean cars are cropped left, centre and right, as in the paper; so are rusty ones.  A crop is as high as the car, or closer:
most of the mild photos are close-ups, and domains that differ in zoom would teach the generators to zoom.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from support import cars_of, group_of, is_held_out, read_mask, read_rgb

from corrovis.car.masking import optimise
from corrovis.results import SEVERITIES, Severity

GREY = 127  # what stands for "no car here" in a masked picture: zero for the networks
DRAWN = "car_masks"  # folder of masks that somebody drew; those are believed whatever their size
LEAST_CAR = 0.12  # share of the picture below which a weak mask missed the car: the photo is a close-up
PLACES = (0.0, 0.5, 1.0)  # left, centre, right of the car


@dataclass(frozen=True)
class Picture:
    """One photo of one domain.

    Shape:
        rgb: (H, W, 3) uint8
        car: (H, W) bool
    `group` names the car itself: photos of one car are never in training and hold-out both.
    """

    name: str
    group: str
    severity: Severity
    rgb: np.ndarray
    car: np.ndarray

    @property
    def held_out(self) -> bool:
        return is_held_out(self.group)


def read_pictures(data: Path, labels: Path | None, optimiser: bool = True) -> list[Picture]:
    """Every photo of `data`/cars, clean ones as severity "none".

    Masks: the drawn one, else `labels`/car/NAME.png, else the whole picture; so too where a label covers so little that it
    must have missed the car, which detectors do in close-ups.
    """
    cars, groups = data / "cars", cars_of(data)
    listed: list[tuple[Path, str, Severity]] = [
        (path, groups.get(path.stem, path.stem), "none") for path in sorted((cars / "clean").glob("*.jpg"))
    ]
    with (cars / "rusty.csv").open() as file:
        for row in csv.DictReader(file):
            severity = SEVERITIES[SEVERITIES.index(row["severity"])]  # type: ignore[arg-type]
            listed.append((cars / "rusty" / row["file"], group_of(row), severity))
    pictures = []
    for path, group, severity in listed:
        rgb = read_rgb(path)
        car = car_of(path.stem, rgb, [cars / DRAWN] + ([labels / "car"] if labels else []))
        pictures.append(Picture(path.stem, group, severity, rgb, optimise(car) if optimiser else car))
    return pictures


def car_of(stem: str, rgb: np.ndarray, folders: list[Path]) -> np.ndarray:
    """(H, W) bool from the first folder that has a mask of `stem`; the whole picture when none has a credible one."""
    for folder in folders:
        path = folder / f"{stem}.png"
        if path.exists():
            car = read_mask(path) > 128  # 128 marks unsure pixels in weak labels
            if folder.name == DRAWN or car.mean() >= LEAST_CAR:
                return car
    return np.ones(rgb.shape[:2], bool)


@dataclass(frozen=True)
class Square:
    """A square window of a photo: top left corner and side, in the photo's pixels."""

    x: int
    y: int
    side: int

    def cut(self, image: np.ndarray, side: int) -> np.ndarray:
        """The window of `image`, (H, W) or (H, W, 3), resized to side x side."""
        window = image[self.y : self.y + self.side, self.x : self.x + self.side]
        return cv2.resize(window, (side, side), interpolation=cv2.INTER_AREA if self.side > side else cv2.INTER_CUBIC)


def square(car: np.ndarray, place: float, zoom: float = 1.0) -> Square:
    """A window as high as the car (less with `zoom` below 1), at `place` 0 left .. 1 right along it."""
    height, width = car.shape
    rows, columns = np.flatnonzero(car.any(axis=1)), np.flatnonzero(car.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(1, min(round(zoom * 1.05 * (bottom - top)), height, width))
    x = left + place * max(0, right - left - side) + min(0, right - left - side) / 2
    y = (top + bottom - side) / 2
    return Square(int(np.clip(x, 0, width - side)), int(np.clip(y, 0, height - side)), side)


def masked(rgb: np.ndarray, car: np.ndarray) -> np.ndarray:
    """The same picture with everything but the car in grey."""
    return np.where(car[..., None], rgb, np.uint8(GREY))


def random_crop(picture: Picture, side: int, mask: bool, dice: random.Random) -> np.ndarray:
    """(side, side, 3) uint8: left, centre or right of the car, at times mirrored."""
    window = square(picture.car, dice.choice(PLACES), dice.uniform(0.7, 1.0))
    crop = window.cut(picture.rgb, side)
    if mask:
        crop = masked(crop, window.cut(picture.car.astype(np.uint8), side) > 0)
    return crop[:, ::-1].copy() if dice.random() < 0.5 else crop


def height_of(car: np.ndarray) -> int:
    """Side in pixels of a window as high as the car, with a little room."""
    rows = np.flatnonzero(car.any(axis=1))
    return max(1, round(1.05 * (rows[-1] + 1 - rows[0])))


def patches(picture: Picture, count: int, dice: random.Random) -> list[Square]:
    """Up to `count` windows inside the car, from a third to two thirds of its height; closer views of a close-up are larger."""
    ys, xs = np.nonzero(picture.car)
    height, width = picture.car.shape
    share = (0.6, 1.0) if picture.car.all() else (0.35, 0.65)
    found: list[Square] = []
    for _ in range(40 * count):
        side = min(round(dice.uniform(*share) * height_of(picture.car)), height, width)
        pick = dice.randrange(len(ys))
        x, y = (int(np.clip(at[pick] - side / 2, 0, edge - side)) for at, edge in ((xs, width), (ys, height)))
        if side >= 8 and picture.car[y : y + side, x : x + side].mean() > 0.85:
            found.append(Square(x, y, side))
        if len(found) == count:
            break
    return found
