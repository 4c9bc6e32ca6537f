"""How severe the corrosion of a field is, from the share of it that is corroded.

Severity is defined by area, and area is what the segmenter measures.  What it measures is uncertain by the error that it showed
on specimens held out of its training (`area_error` in its record); the probabilities say what that error leaves open.

The second stage of the seed, a classifier that sees windows of the field and measures nothing, is asked as well where there is
one (`MODEL-severity` among the weights).  It errs elsewhere than the area does, so where they differ the reader is told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import cast

import numpy as np
import torch
from torch import Tensor

from corrovis.manifest import WeightSpec
from corrovis.networks.severity_classifier import SeverityClassifier
from corrovis.resizing import resized
from corrovis.results import Byte, Float, Provenance
from corrovis.sem.preparing import as_seen
from corrovis.sem.results import CorrosionMap, Field, FieldGrade, Opinion, Saliency
from corrovis.sem.saliency import grad_cam
from corrovis.store import Store
from corrovis.tensors import tensor_of
from corrovis.tiles import Stitcher, evenly, tile_starts


@dataclass(frozen=True, slots=True)
class Limits:
    """Corroded shares from which corrosion is moderate and severe, and where they are from, as a reader is told."""

    starts: tuple[float, float]
    source: str


PITS = Limits((0.01, 0.05), "Corrovis's own; no standard: ASTM G46 charts pits by number and size")
LIMITS = {
    "ni20cr": Limits(
        (0.28, 0.42), "Corrovis's own, thirds of the labelled fields; no standard grades intergranular attack by area"
    ),
    "pits304": PITS,
    "pits304-pixels": PITS,
    "steel-structures": Limits(
        (0.03, 0.16), "ASTM D610 (rust grade 5 or better, 4 to 3, 2 or worse), whose shares are of the steel, not of a picture"
    ),
}
UNKNOWN_ERROR = 0.05  # of a model whose record states none
MOST_A_SIDE = 8  # windows that the second stage sees along either side of a field
SIGMA_OF_MEAN_ERROR = float(np.sqrt(np.pi / 2))
"""Standard deviation of a normal error, over its mean absolute value."""


def grade(found: CorrosionMap, spec: WeightSpec) -> FieldGrade:
    """Low, moderate or severe, with probabilities from the model's measured error of area."""
    error = float(spec.metrics.get("area_error", {}).get("value", UNKNOWN_ERROR))
    return grade_area(found.corroded_fraction, LIMITS[spec.name].starts, error * SIGMA_OF_MEAN_ERROR)


def grade_area(fraction: float, limits: tuple[float, float], sigma: float) -> FieldGrade:
    """Grade of a corroded `fraction` that is known with the standard deviation `sigma`; limits belong to the class above."""
    beyond = [NormalDist(limit, max(sigma, 1e-9)).cdf(fraction) for limit in limits]
    shares = np.array([1 - beyond[0], beyond[0] - beyond[1], beyond[1]], np.float32).clip(0, 1)
    return FieldGrade(shares / shares.sum(), fraction, limits, sigma)


def second_opinion(store: Store, field: Field, model: str, explain: bool = False) -> Opinion | None:
    """What the second stage of `model` makes of windows spread over the field; None where it has none.

    `explain` adds Grad-CAM of the answer.  Between the last convolution and the answer lie a mean and a linear layer alone, so
    the gradient is that layer's weights, the same everywhere (Selvaraju et al. 2017, section 3), and no backward pass is needed.
    """
    name = f"{model}-severity"
    if name not in store:
        return None
    spec, network = store.spec(name), cast(SeverityClassifier, store.network(name))
    began = time.perf_counter()
    seen = as_seen(field.specimen, spec)
    places = window_places(seen.shape[:2], int(spec.input["window"]))
    with torch.inference_mode():
        views = 4 if 4 * len(places) <= MOST_A_SIDE**2 else 1  # over more windows than that, the mean is settled without
        features = [network.features(_window_input(seen[place], int(spec.input["size"]), views)) for place in places]
        logits = torch.stack([network.answer(one).mean(dim=0) for one in features])
        shares = logits.mean(dim=0).softmax(dim=0)
    heat = None
    if explain:
        weight = network.net.get_classifier().weight[shares.argmax()][:, None, None]
        heat = stitched([grad_cam(one[0], weight) for one in features], places, seen.shape[:2], field)
    made_by = Provenance(name, spec.sha256, time.perf_counter() - began)
    of_windows = np.asarray(logits.softmax(dim=1).numpy(), np.float32)
    return Opinion(np.asarray(shares.numpy(), np.float32), _boxes(places, seen.shape[:2], field), of_windows, heat, made_by)


def window_places(size_hw: tuple[int, ...], window: int) -> list[tuple[slice, slice]]:
    """Rows and columns of windows side by side, or spread out over a large field; a smaller one is seen whole."""
    starts = [evenly(tile_starts(length, min(window, length), 0), MOST_A_SIDE) for length in size_hw]
    return [(slice(y, y + window), slice(x, x + window)) for y in starts[0] for x in starts[1]]


def _boxes(places: list[tuple[slice, slice]], seen_hw: tuple[int, ...], field: Field) -> Float:
    """(n, 4) float32, x0 y0 x1 y1 of windows in the field's own pixels, which the network may have seen at another size."""
    height, width = seen_hw
    seen = np.array([(x.start, y.start, min(x.stop, width), min(y.stop, height)) for y, x in places], np.float32)
    rows, columns = (own / seen for own, seen in zip(field.specimen.shape[:2], seen_hw, strict=True))
    return np.asarray(seen * (columns, rows, columns, rows) + (0, field.rows[0], 0, field.rows[0]), np.float32)


def _window_input(window: Byte, side: int, views: int) -> Tensor:
    """(views, 3, side, side), as it is, mirrored, upside down and both: corrosion has no upper side."""
    seen = resized(window, (side, side))
    return tensor_of(np.stack([seen, seen[:, ::-1], seen[::-1], seen[::-1, ::-1]][:views]))


def stitched(maps: list[Tensor], places: list[tuple[slice, slice]], seen_hw: tuple[int, ...], field: Field) -> Saliency | None:
    """The windows' maps on the field, its own peak 1; None when nothing speaks for the answer.  What no window saw is 0.

    Windows lie side by side and answer apart, so each map reaches a cell into its neighbours', and they are blended there.
    """
    height, width = seen_hw
    cells, side = maps[0].shape[0], places[0][0].stop - places[0][0].start
    beyond = -(-side // cells)
    seen, stitcher = np.zeros((height, width), bool), Stitcher((height, width), 2 * beyond, 1)
    for one, (rows, columns) in zip(maps, places, strict=True):
        own = slice(rows.start, min(rows.stop, height)), slice(columns.start, min(columns.stop, width))
        seen[own] = True
        heat = np.pad(resized(one.numpy(), seen[own].shape), beyond, mode="edge")
        top, left = own[0].start - beyond, own[1].start - beyond
        inside = heat[max(0, -top) : height - top, max(0, -left) : width - left]
        corner = max(0, top), max(0, left)
        stitcher.add((slice(corner[0], corner[0] + inside.shape[0]), slice(corner[1], corner[1] + inside.shape[1])), inside[None])
    with np.errstate(invalid="ignore"):  # 0 / 0 where no window saw anything
        heat = np.where(seen, stitcher.whole()[0], np.float32(0))
    if not np.isfinite(heat).all() or heat.max() <= 0:
        return None
    full = field.framed(resized(heat / heat.max(), field.specimen.shape[:2]))
    across = len({place[1].start for place in places})
    return Saliency(full, "grad_cam", (len(places) // across * cells, across * maps[0].shape[1]))
