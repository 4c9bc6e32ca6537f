"""How severe the corrosion of a field is, from the share of it that is corroded.

Severity is defined by area, and area is what the segmenter measures.  What it measures is uncertain by the error that it showed
on specimens held out of its training (`area_error` in its record); the probabilities say what that error leaves open.

| model | moderate from | severe from | why there |
| --- | --- | --- | --- |
| ni20cr | 28 % | 42 % | thirds of the labelled fields; no standard grades intergranular attack by area |
| pits304, pits304-pixels | 1 % | 5 % | ours; ASTM G46 charts pits by number and size |
| steel-structures | 3 % | 16 % | ASTM D610: rust grade 5 or better, 4 to 3, 2 or worse |
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from corrovis.manifest import WeightSpec
from corrovis.sem.results import CorrosionMap, FieldGrade

PITS = (0.01, 0.05)
LIMITS: dict[str, tuple[float, float]] = {
    "ni20cr": (0.28, 0.42),
    "pits304": PITS,
    "pits304-pixels": PITS,
    "steel-structures": (0.03, 0.16),
}
UNKNOWN_ERROR = 0.05  # of a model whose record states none
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
