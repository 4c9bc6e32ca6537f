"""How severe the corrosion of a field is, from the share of it that is corroded.

Severity is defined by area, and area is what the segmenter measures.  What it measures is uncertain by the error that it showed
on specimens held out of its training (`area_error` in its record); the probabilities say what that error leaves open.

| model | moderate from | severe from | why there |
| --- | --- | --- | --- |
| ni20cr | 28 % | 42 % | thirds of the labelled fields; no standard grades intergranular attack by area |
| pits304, pits304-pixels | 1 % | 5 % | ours; ASTM G46 charts pits by number and size |
| steel-structures | 3 % | 16 % | ASTM D610: rust grade 5 or better, 4 to 3, 2 or worse |

The second stage of the seed, a classifier that sees windows of the field and measures nothing, is asked as well where there is
one (`MODEL-severity` among the weights).  It errs elsewhere than the area does, so where they differ the reader is told.
"""

from __future__ import annotations

import time
from statistics import NormalDist

import cv2
import numpy as np
import torch

from corrovis.manifest import WeightSpec
from corrovis.results import Byte, Provenance
from corrovis.sem.fields import tile_starts
from corrovis.sem.results import CorrosionMap, Field, FieldGrade, Opinion
from corrovis.sem.seeing import as_seen
from corrovis.store import Store

PITS = (0.01, 0.05)
LIMITS: dict[str, tuple[float, float]] = {
    "ni20cr": (0.28, 0.42),
    "pits304": PITS,
    "pits304-pixels": PITS,
    "steel-structures": (0.03, 0.16),
}
UNKNOWN_ERROR = 0.05  # of a model whose record states none
MOST_A_SIDE = 8  # windows that the second stage sees along either side of a field
SIGMA_OF_MEAN_ERROR = float(np.sqrt(np.pi / 2))
"""Standard deviation of a normal error, over its mean absolute value."""


def grade(found: CorrosionMap, spec: WeightSpec) -> FieldGrade:
    """Low, moderate or severe, with probabilities from the model's measured error of area."""
    error = float(spec.metrics.get("area_error", {}).get("value", UNKNOWN_ERROR))
    return grade_area(found.corroded_fraction, LIMITS[spec.name], error * SIGMA_OF_MEAN_ERROR)


def grade_area(fraction: float, limits: tuple[float, float], sigma: float) -> FieldGrade:
    """Grade of a corroded `fraction` that is known with the standard deviation `sigma`; limits belong to the class above."""
    beyond = [NormalDist(limit, max(sigma, 1e-9)).cdf(fraction) for limit in limits]
    shares = np.array([1 - beyond[0], beyond[0] - beyond[1], beyond[1]], np.float32).clip(0, 1)
    return FieldGrade(shares / shares.sum(), fraction, limits, sigma)


def second_opinion(store: Store, field: Field, model: str) -> Opinion | None:
    """What the second stage of `model` makes of windows spread over the field; None where it has none."""
    name = f"{model}-severity"
    if name not in store:
        return None
    spec, network = store.spec(name), store.network(name)
    began = time.perf_counter()
    seen = windows(as_seen(field.specimen, spec), int(spec.input["window"]), int(spec.input["size"]))
    with torch.inference_mode():
        logits = [network(torch.from_numpy(one.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)) for one in seen]
        shares = torch.cat(logits).mean(dim=0).softmax(dim=0).numpy()
    return Opinion(np.asarray(shares, np.float32), Provenance(name, spec.sha256, time.perf_counter() - began))


def windows(seen: Byte, window: int, side: int) -> list[Byte]:
    """Windows of `window` pixels, side by side or spread out, each brought to `side`; what is smaller is seen whole."""
    starts = []
    for length in seen.shape[:2]:
        found = tile_starts(length, min(window, length), 0)
        most = min(len(found), MOST_A_SIDE)
        starts.append([found[round(i * (len(found) - 1) / max(1, most - 1))] for i in range(most)])
    cut = [seen[y : y + window, x : x + window] for y in starts[0] for x in starts[1]]
    how = cv2.INTER_AREA if window > side else cv2.INTER_LINEAR
    return [np.asarray(cv2.resize(one, (side, side), interpolation=how), np.uint8) for one in cut]
