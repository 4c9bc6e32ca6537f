"""The pictures that the grader learns from: photos with a level, and views of them that keep it.

Severity and zoom go together in the data (mild rust was photographed from near, wrecks and clean cars whole), so a view may
not tell the level: clean cars are cut to parts and closer, wrecks to parts, and photos with a drawn rust mask give close-ups
of any level, named by the share of rust that they show.  Every view is squashed to a square, for half of the rusty photos
came that way, and the sides of a cut vary on their own.  Smooth paint in the colours of rust is painted on clean cars.

Nor may the scene tell it: wrecks stand in fields, clean cars on roads.  So rust cut from close-ups is pasted on clean cars, and
so that pasting does not tell it either, pieces of the same photo, or of its paint in a colour of rust, are pasted on others.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from car_mask import jitter, repaint
from support import group_of, read_mask, read_rgb

from corrovis.car.grading import square
from corrovis.results import SEVERITIES

UNKNOWN = -1.0


@dataclass
class GradedPhoto:
    """A photo and what is known of it; masks are (H, W) uint8, 0 / 255, or None."""

    name: str
    group: str
    level: int
    rgb: np.ndarray
    car: np.ndarray | None = None
    paint: np.ndarray | None = None
    rust: np.ndarray | None = None

    @property
    def has_car(self) -> bool:
        """Whether its car mask is worth anything: YOLO finds none in close-ups."""
        return self.car is not None and bool((self.car > 127).mean() > 0.04)


@dataclass
class View:
    """A square cut of photo number `photo`.

    Shape:
        rgb: (S, S, 3) uint8
        share: (2, S / 16, S / 16) float16, share of each cell that is rust, that is car; `UNKNOWN` where nobody drew it
    `level` is None for pictures that teach the rust map alone; `pasted`: a clean car with something pasted on.
    """

    photo: int
    rgb: np.ndarray
    share: np.ndarray
    level: int | None
    pasted: bool = False


def load_photos(data: Path, labels: Path) -> list[GradedPhoto]:
    """Every clean and every rusty photo under `data`/cars; car and paint masks where `labels` has them."""

    def mask(folder: Path, stem: str) -> np.ndarray | None:
        path = folder / f"{stem}.png"
        return read_mask(path) if path.exists() else None

    photos = []
    for folder in ("clean", "rusty"):
        for row in csv.DictReader((data / "cars" / f"{folder}.csv").open()):
            stem = Path(row["file"]).stem
            clean = folder == "clean"
            photos.append(
                GradedPhoto(
                    stem,
                    group_of(row),
                    0 if clean else SEVERITIES.index(row["severity"]),
                    read_rgb(data / "cars" / folder / row["file"]),
                    mask(labels / "car", stem),
                    mask(labels / "paint", stem),
                    mask(data / "cars/rust_masks", stem),
                )
            )
    return photos


def cells(mask: np.ndarray, side: int) -> np.ndarray:
    """Share of each 16 x 16 cell under a (H, W) 0 / 255 mask: (S / 16, S / 16) float16."""
    return (cv2.resize(mask, (side // 16, side // 16), interpolation=cv2.INTER_AREA) / 255).astype(np.float16)


def known_shares(photo: GradedPhoto, box: tuple[int, int, int, int], side: int) -> np.ndarray:
    """(2, S / 16, S / 16): what is drawn of rust and car inside `box`; a clean photo has no rust anywhere."""
    x0, y0, x1, y1 = box
    share = np.full((2, side // 16, side // 16), UNKNOWN, np.float16)
    if photo.rust is not None:
        share[0] = cells(photo.rust[y0:y1, x0:x1], side)
    elif photo.level == 0:
        share[0] = 0
    if photo.car is not None and photo.has_car:
        share[1] = cells(photo.car[y0:y1, x0:x1], side)
    return share


def random_box(h: int, w: int, low: float, high: float, dice: random.Random) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of a box whose sides are `low` to `high` of the picture's, each drawn alone, anywhere inside."""
    bh, bw = max(8, round(h * dice.uniform(low, high))), max(8, round(w * dice.uniform(low, high)))
    x, y = dice.randint(0, max(0, w - bw)), dice.randint(0, max(0, h - bh))
    return x, y, min(w, x + bw), min(h, y + bh)


def part_box(photo: GradedPhoto, low: float, high: float, dice: random.Random, inside: float = 0.7) -> tuple[int, int, int, int]:
    """A box of `low` to `high` of the car's own sides that lies (at least `inside` of it) on the car."""
    h, w = photo.rgb.shape[:2]
    if photo.car is None or not photo.has_car:
        return random_box(h, w, low, high, dice)
    car = photo.car
    ys, xs = np.nonzero(car > 127)
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    best, most = (0, 0, w, h), -1.0
    for _ in range(12):
        x0, y0, x1, y1 = random_box(bottom - top, right - left, low, high, dice)
        box = (x0 + left, y0 + top, x1 + left, y1 + top)
        on = float((car[box[1] : box[3], box[0] : box[2]] > 127).mean())
        if on > most:
            best, most = box, on
        if on >= inside:
            break
    return best


def rust_coloured(rgb: np.ndarray, where: np.ndarray, dice: random.Random) -> np.ndarray:
    """The same smooth panels in beige, ochre, orange or brown: colour alone is no rust."""
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    on = cv2.GaussianBlur((where == 255).astype(np.float32), (0, 0), 0.8)[..., None]
    shade = lab[..., 0] / (lab[..., 0][where == 255].mean() + 1e-3)
    angle, chroma = np.deg2rad(dice.uniform(20, 85)), dice.uniform(8, 50)
    new = np.empty_like(lab)
    new[..., 0] = np.clip(dice.uniform(22, 78) * shade ** dice.uniform(0.7, 1.1), 0, 100)
    new[..., 1] = chroma * np.cos(angle) * np.clip(shade, 0, 1.3)
    new[..., 2] = chroma * np.sin(angle) * np.clip(shade, 0, 1.3)
    mixed = lab * (1 - on) + new * on
    return (np.clip(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)


def patchy(shape: tuple[int, ...], dice: random.Random) -> np.ndarray:
    """(H, W) float32 noise from coarse to fine, and more of it low down."""
    rng, (h, w) = np.random.default_rng(dice.getrandbits(32)), shape[:2]
    found = np.linspace(0, dice.uniform(0, 2), h, dtype=np.float32)[:, None] * np.ones((1, w), np.float32)
    fall = dice.uniform(0.45, 0.75)
    for octave in range(1, 8):
        size = (2**octave * w // h + 1, 2**octave)
        coarse = rng.standard_normal(size[::-1], dtype=np.float32)
        found += fall**octave * cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    return found


def pasted(photo: GradedPhoto, piece: np.ndarray, share: float, dice: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """A clean photo with a cut of `piece`, a picture, on that share of its paint, shaded as the panels are; and where."""
    assert photo.paint is not None
    h, w = photo.rgb.shape[:2]
    paint = photo.paint == 255
    score = patchy(photo.rgb.shape, dice)
    where = paint & (score >= np.quantile(score[paint], 1 - share))
    x0, y0, x1, y1 = random_box(*piece.shape[:2], 0.5, 1.0, dice)
    layer = cv2.cvtColor(cv2.resize(piece[y0:y1, x0:x1], (w, h), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    lightness = cv2.GaussianBlur(cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2)
    shade = (lightness / lightness[paint].mean()) ** dice.uniform(0.3, 1.0)
    layer[..., 0] = np.clip(layer[..., 0] * np.clip(shade, 0.3, 1.6), 0, 255)
    layer = cv2.cvtColor(layer, cv2.COLOR_LAB2RGB)
    on = cv2.GaussianBlur(where.astype(np.float32), (0, 0), dice.uniform(0.4, 1.2))[..., None]
    return (photo.rgb * (1 - on) + layer * on).astype(np.uint8), (where * 255).astype(np.uint8)


def pasted_views(number: int, photo: GradedPhoto, textures: list[np.ndarray], side: int, dice: random.Random) -> Iterator[View]:
    """A clean car made moderate and severe with rust of other pictures, and patched with what is none.

    Mild rust pasted on was tried too: networks then doubted clean cars, and saw mild rust no better.  No views where little
    paint is known.
    """
    if photo.level or photo.paint is None or (photo.paint == 255).mean() < 0.05:
        return
    for level, low, high in ((0, 0.1, 0.9), (2, 0.14, 0.45), (3, 0.6, 0.97)) * 3:
        source = replace(photo, rgb=repaint(photo.rgb, photo.paint, dice) if dice.random() < 0.5 else photo.rgb)
        piece = dice.choice(textures)
        if level == 0:
            piece = rust_coloured(photo.rgb, photo.paint, dice) if dice.random() < 0.5 else photo.rgb
        rgb, where = pasted(source, piece, dice.uniform(low, high), dice)
        source = replace(source, rgb=rgb, rust=where if level else None)
        view = cut(number, source, random_box(*photo.rgb.shape[:2], 0.8, 1.0, dice), side, dice)
        yield replace(view, level=level, pasted=True)


def rust_textures(data: Path) -> list[np.ndarray]:
    """Close-ups of rust, (H, W, 3) uint8 each, less the banners that stock photos have below."""
    pictures = [read_rgb(path) for path in sorted((data / "cars/rust_textures").glob("*.jpg"))]
    return [rgb[: round(rgb.shape[0] * 0.9)] for rgb in pictures]


def cut(photo: int, source: GradedPhoto, box: tuple[int, int, int, int], side: int, dice: random.Random) -> View:
    """One view: cut, squashed, at times mirrored and made worse as cameras and web sites do."""
    x0, y0, x1, y1 = box
    rgb = square(np.ascontiguousarray(source.rgb[y0:y1, x0:x1]), side)
    share = known_shares(source, box, side)
    if dice.random() < 0.5:
        rgb, share = np.ascontiguousarray(rgb[:, ::-1]), np.ascontiguousarray(share[..., ::-1])
    if dice.random() < 0.7:
        rgb = jitter(rgb, dice)
    return View(photo, rgb, share, source.level)


def level_of_share(share: float) -> int | None:
    """Level of a close-up by the share of it that is rust; None near the limits, which nobody sees to the percent."""
    for low, high, level in ((-1, 0.002, 0), (0.008, 0.08, 1), (0.13, 0.45, 2), (0.6, 1.1, 3)):
        if low < share < high:
            return level
    return None


def views_of(number: int, photo: GradedPhoto, side: int, scale: float, dice: random.Random) -> Iterator[View]:
    """All training views of one photo; `scale` multiplies how many."""

    def times(n: int) -> range:
        return range(max(1, round(n * scale)))

    h, w = photo.rgb.shape[:2]
    if photo.level == 0:
        for index in times(7):
            source = photo
            paint = photo.paint if photo.paint is not None and (photo.paint == 255).mean() > 0.02 else None
            if paint is not None and dice.random() < 0.7:
                change = rust_coloured if dice.random() < 0.5 else repaint
                source = GradedPhoto(photo.name, photo.group, 0, change(photo.rgb, paint, dice), photo.car)
            box = random_box(h, w, 0.8, 1.0, dice) if index < 3 * scale else part_box(photo, 0.15, 0.6, dice)
            yield cut(number, source, box, side, dice)
        return
    for index in times(12 if photo.level < 3 else 30):
        close = photo.level == 3 and index % 2
        yield cut(number, photo, part_box(photo, 0.35, 0.8, dice) if close else random_box(h, w, 0.8, 1.0, dice), side, dice)
    if photo.rust is not None:
        for _ in times(12):
            view = cut(number, photo, random_box(h, w, 0.12, 0.7, dice), side, dice)
            view.level = level_of_share(float(view.share[0].mean()))
            yield view


def extra_views(data: Path, side: int, dice: random.Random) -> Iterator[View]:
    """For the rust map alone: close-ups of rust (nearly all of it), and bridges with drawn corrosion."""
    for rgb in rust_textures(data):
        photo = GradedPhoto("rust", "rust", 3, rgb)
        view = cut(-1, photo, random_box(*photo.rgb.shape[:2], 0.4, 1.0, dice), side, dice)
        view.share[0] = 0.85
        yield View(-1, view.rgb, view.share, None)
    for path in sorted((data / "steel_structures/images").glob("*.jpg"))[::2]:
        classes = read_mask(data / "steel_structures/masks" / f"{path.stem}.png")
        rust = np.array([0, 90, 255, 255], np.uint8)[np.clip(classes, 0, 3)]  # good, fair, poor, severe
        photo = GradedPhoto(path.stem, path.stem, 1, read_rgb(path), rust=rust)
        view = cut(-1, photo, random_box(*photo.rgb.shape[:2], 0.6, 1.0, dice), side, dice)
        yield View(-1, view.rgb, view.share, None)


def plain_view(number: int, photo: GradedPhoto, side: int, mirrored: bool = False) -> View:
    """The whole photo as the grader sees it."""
    rgb, share = square(photo.rgb, side), known_shares(photo, (0, 0, photo.rgb.shape[1], photo.rgb.shape[0]), side)
    if mirrored:
        rgb, share = np.ascontiguousarray(rgb[:, ::-1]), np.ascontiguousarray(share[..., ::-1])
    return View(number, rgb, share, photo.level)


def both(rgb: np.ndarray, side: int) -> list[np.ndarray]:
    """A picture as graders see it, squashed, and its mirror image: two of (S, S, 3)."""
    seen = square(rgb, side)
    return [seen, np.ascontiguousarray(seen[:, ::-1])]


def close_up(number: int, photo: GradedPhoto, side: int, dice: random.Random) -> View:
    """The view test: a part wholly inside the car of a clean photo; nothing else is changed."""
    box = x0, y0, x1, y1 = part_box(photo, 0.2, 0.45, dice, inside=0.999)
    return View(number, square(np.ascontiguousarray(photo.rgb[y0:y1, x0:x1]), side), known_shares(photo, box, side), photo.level)
