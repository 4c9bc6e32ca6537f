"""What `evaluate.py car` measures, one function per question; every answer is {"value", "low", "high", "n", "on"}.

| question | here | 95 % interval |
| --- | --- | --- |
| does the mask fit? | `car_mask_scores.mask_scores` | bootstrap over photos |
| does it look like real rusty cars? | `distance_scores`: FD-Lite0 and KID, crops and patches | bootstrap over cars |
| does a stranger see the level asked for? | `judge_scores` | bootstrap over photos |
| does paint without rust keep its colour, and the background its pixels? | `fidelity_scores` | bootstrap over photos |
| is as much rust there as the level's definition says? | `fidelity_scores` | bootstrap over photos |
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from car_methods import Rusted
from car_pictures import PLACES, Picture, masked, patches, square
from distances import Sample, distance, frechet, kernel, spread
from scipy.stats import spearmanr
from skimage.color import deltaE_ciede2000, rgb2lab

from corrovis.results import SEVERITIES

Scores = dict[str, dict[str, Any]]
Features = Callable[[Sequence[np.ndarray]], np.ndarray]
Grades = Callable[[str, Sequence[np.ndarray]], np.ndarray]  # name of the photo, pictures made of it

BANDS = {1: (0.0, 0.10), 2: (0.10, 0.50), 3: (0.50, 1.0)}
"""Share of the paintable area that is rust, by the definitions of mild, moderate and severe."""
PATCHES = 4
CELL = (256, 192)  # width and height of a picture on a sheet
LEAST_REAL = 10  # cars; a level with fewer held out is compared with all that there are of it
OF_ONE_CAR = 3  # photos at most, or the one car that half of the photos show would decide


def rounded(score: dict[str, Any], on: str) -> dict[str, Any]:
    return {**{k: round(v, 4) if isinstance(v, float) else v for k, v in score.items()}, "on": on}


def windows(picture: Picture, rgb: np.ndarray, side: int) -> dict[str, list[np.ndarray]]:
    """Crops (left, centre, right) and patches of `rgb`, background grey; a photo's windows are the same for every method."""
    dice = random.Random(zlib.crc32(picture.name.encode()))
    flat = masked(rgb, picture.car)
    places = [square(picture.car, place) for place in PLACES]
    return {
        "crops": [window.cut(flat, side) for window in places],
        "patches": [window.cut(flat, side) for window in patches(picture, PATCHES, dice)],
    }


def samples(shown: Sequence[tuple[Picture, np.ndarray]], side: int, features: Features) -> dict[str, Sample]:
    """Features of every photo's windows, by kind."""
    cut = [(picture.group, windows(picture, rgb, side)) for picture, rgb in shown]
    out = {}
    for kind in ("crops", "patches"):
        pieces = [piece for _, found in cut for piece in found[kind]]
        groups = np.array([group for group, found in cut for _ in found[kind]])
        out[kind] = Sample(features(pieces), groups)
    return out


def reference(pictures: list[Picture], level: int) -> tuple[list[Picture], str]:
    """Real photos of a level, some of every car, and how to call them."""
    by_car: dict[str, list[Picture]] = {}
    for picture in pictures:
        if picture.severity == SEVERITIES[level]:
            by_car.setdefault(picture.group, []).append(picture)
    some = {car: [own[i] for i in range(0, len(own), -(-len(own) // OF_ONE_CAR))] for car, own in by_car.items()}
    kept_back = [own for own in some.values() if own[0].held_out]
    enough = len(kept_back) >= LEAST_REAL
    photos = [picture for own in (kept_back if enough else some.values()) for picture in own]
    return photos, "held-out real" if enough else "all real (too few held out)"


def distance_scores(made: dict[str, Sample], real: dict[str, Sample], level: int, on: str, rounds: int) -> Scores:
    """FD-Lite0 and KID of one level, on crops and on patches."""
    scores = {}
    for kind in made:
        for name, measure in (("fd_lite0", frechet), ("kid_lite0", kernel)):
            found = distance(measure, made[kind], real[kind], rounds)
            scores[f"{name}_{kind}_{SEVERITIES[level]}"] = rounded(found, on)
    return scores


def anchor_scores(real: dict[str, Sample], level: int, on: str, rounds: int) -> Scores:
    """The same distances between two halves of the real cars: what a perfect method would reach, if not for its smaller n."""
    dice = np.random.default_rng(level)
    halves = {kind: sample.halves(dice) for kind, sample in real.items()}
    return distance_scores({k: h[0] for k, h in halves.items()}, {k: h[1] for k, h in halves.items()}, level, on, rounds)


def judge_scores(rusted: list[Rusted], grades: Grades, by: str = "") -> Scores:
    """Share of pictures graded as asked, mean graded level, rank correlation per car; `by` goes before the names."""
    levels = sorted(rusted[0].pictures)
    p = np.stack([grades(one.source.name, [one.pictures[level] for level in levels]) for one in rusted])  # (cars, levels, 4)
    graded, expected = p.argmax(axis=2), p @ np.arange(4)
    scores: Scores = {}
    for k, level in enumerate(levels):
        if level in (0, 1, 2, 3):
            name = SEVERITIES[int(level)]
            scores[f"{by}graded_as_asked_{name}"] = rounded(spread(list(graded[:, k] == level)), "held-out clean cars")
            scores[f"{by}graded_level_{name}"] = rounded(spread(list(expected[:, k])), "held-out clean cars, expected level")
    whole = [k for k, level in enumerate(levels) if level in (0, 1, 2, 3)]  # some methods have no others
    ranks = [float(np.nan_to_num(spearmanr(whole, row).statistic)) if np.ptp(row) else 0.0 for row in expected[:, whole]]
    scores[f"{by}spearman"] = rounded(spread(ranks), f"per held-out clean car, {len(whole)} levels")
    return scores


def rust_coloured(lab: np.ndarray) -> np.ndarray:
    """(H, W) bool: colours that rust has, in CIELAB.  Red paint has them too: ask only where the colour changed."""
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return (hue > 25) & (hue < 85) & (chroma > 8) & (lab[..., 0] < 70)


def fidelity_scores(rusted: list[Rusted], level: int) -> Scores:
    """Colour kept where there is no rust, and how much rust there is, at one level."""
    kept_onset, kept_colour, shares, declared = [], [], [], []
    for one in rusted:
        before, after = rgb2lab(one.source.rgb), rgb2lab(one.pictures[float(level)])
        off = np.asarray(deltaE_ciede2000(before, after))
        rust = rust_coloured(after) & (off > 5)
        if one.paint.any():
            shares.append(float(rust[one.paint].mean()))
        if (one.car & ~rust).any():
            kept_colour.append(float(np.median(off[one.car & ~rust])))
        if one.onset is not None:
            declared.append(one.rust[float(level)])
            if (below := one.car & (one.onset > level)).any():
                kept_onset.append(float(np.median(off[below])))
    name, cars = SEVERITIES[level], "held-out clean cars"
    values = {
        "delta_e_below_onset": (kept_onset, f"{cars}, median CIEDE2000 of car pixels below onset"),
        "delta_e_off_rust": (kept_colour, f"{cars}, median CIEDE2000 of car pixels without a rust colour"),
        "rust_share": (declared, f"{cars}, share of paint past its onset"),
        "rust_share_by_colour": (shares, f"{cars}, share of paint turned a rust colour"),
    }
    scores = {f"{key}_{name}": rounded(spread(found), on) for key, (found, on) in values.items() if found}
    low, high = BANDS[level]
    for key, found in (("rust_share", declared), ("rust_share_by_colour", shares)):
        if found:
            right = [low < share <= high for share in found]
            scores[f"{key}_in_band_{name}"] = rounded(spread(right), f"{cars}, {low:.0%} to {high:.0%} of paint")
    return scores


def leak_scores(rusted: list[Rusted]) -> Scores:
    found = spread([one.leak for one in rusted])
    return {"changed_outside_mask": rounded(found, "held-out clean cars, share of pixels, all levels")}


def letterbox(rgb: np.ndarray) -> np.ndarray:
    """(192, 256, 3): the whole picture on grey, for sheets."""
    width, height = CELL
    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    cell = np.full((height, width, 3), 127, np.uint8)
    y, x = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    cell[y : y + small.shape[0], x : x + small.shape[1]] = small
    return cell
