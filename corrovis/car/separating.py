"""Cars that touch in the mask, told apart: where it narrows between them, less where their paint has another hue.

The mask's bodies are the basins of a watershed (Meyer 1994) on the distance to its outline.  Two of them are one car unless the
neck between them is narrow beside the narrower body.  Cars that hide much of each other have no neck: they stay one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from corrovis.results import Bool, Byte, Float

NECK = 0.62  # of the narrower body's width; at the waist of a single car it is 0.64 or more
WIDE_NECK = 0.9  # the same between two hues
OTHER_HUE = 35.0  # distance of the paints' medians in CIELAB a*, b*
LEAST = 0.04  # of the mask; less is a mirror or an open door

Labels = NDArray[np.int32]


def separated(cars: Bool, rgb: Byte, paint: Float) -> Labels:
    """(h, w) int32: 1, 2, .. on each car of the mask, 0 elsewhere.

    Shape:
        cars: (h, w) bool
        rgb: (h, w, 3) uint8
        paint: (h, w) float32 in [0, 1], share or probability of paint
    """
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    hues = np.where((cars & (paint > 0.7))[..., None], lab[..., 1:], np.nan)
    count, parts = cv2.connectedComponents(cars.astype(np.uint8))
    out = np.zeros(cars.shape, np.int32)
    for part in range(1, count):
        bodies = _bodies(parts == part, hues)
        out += np.where(bodies > 0, bodies + out.max(), 0)
    return out


def _bodies(car: Bool, hues: Float) -> Labels:
    """(h, w) int32, 1, 2, .. on the bodies of one connected mask."""
    if car.all():  # no outline to be distant from
        return np.ones(car.shape, np.int32)
    rim = max(car.shape) // 4  # what the picture's border cuts off goes on behind it
    behind = cv2.copyMakeBorder(car.astype(np.uint8), rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    depth = np.asarray(cv2.distanceTransform(behind, cv2.DIST_L2, 5)[rim:-rim, rim:-rim], np.float32)
    peaks = np.zeros(car.shape, np.int32)
    coarse = np.round(depth[::2, ::2], 1)  # at half the size: they take longest
    peaks[::2, ::2] = label(h_maxima(coarse, 0.5))  # type: ignore[no-untyped-call]
    bodies = np.asarray(watershed(-depth, peaks, mask=car), np.int32)  # type: ignore[no-untyped-call]
    while (pair := _widest_neck(bodies, depth, hues)) is not None:
        bodies[bodies == pair[1]] = pair[0]
    return np.asarray(np.unique(bodies, return_inverse=True)[1].reshape(car.shape) + (bodies.min() > 0), np.int32)


def _widest_neck(bodies: Labels, depth: Float, hues: Float) -> tuple[int, int] | None:
    """The two bodies that are one car most clearly; None when all are cars of their own."""
    area = np.bincount(bodies.ravel())
    width = np.zeros(len(area), np.float32)
    np.maximum.at(width, bodies.ravel(), depth.ravel())
    widest: tuple[float, tuple[int, int] | None] = (0.0, None)
    for pair, neck in _necks(bodies, depth).items():
        first, second = pair
        ratio = neck / float(min(width[first], width[second]))
        small = min(area[first], area[second]) < LEAST * area[1:].sum()
        if ratio > widest[0] and (small or ratio >= NECK) and (small or ratio >= WIDE_NECK or not _differ(bodies, hues, pair)):
            widest = ratio, pair
    return widest[1]


def _necks(bodies: Labels, depth: Float) -> dict[tuple[int, int], float]:
    """Half the width of the neck between each two bodies that touch."""
    found: dict[tuple[int, int], float] = {}
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        low, high = np.minimum(bodies[here], bodies[there]), np.maximum(bodies[here], bodies[there])
        meet = (low != high) & (low > 0)
        narrow = np.minimum(depth[here], depth[there])[meet]
        for first, second, neck in zip(low[meet].tolist(), high[meet].tolist(), narrow.tolist(), strict=True):
            found[first, second] = max(found.get((first, second), 0.0), neck)
    return found


def _differ(bodies: Labels, hues: Float, pair: tuple[int, int]) -> bool:
    """Whether the paints of two bodies have another hue, if both show paint."""
    seen = [(own := hues[bodies == body])[~np.isnan(own[:, 0])] for body in pair]
    if min(map(len, seen)) < 30:
        return False
    first, second = (np.median(own, axis=0) for own in seen)
    return float(np.hypot(*(first - second))) > OTHER_HUE
