"""A car as the contract answers it: aged as files, a PNG at each level and the car mask; graded as a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from corrovis.car.ageing import compose, rust_fraction
from corrovis.images import save_index_png, save_png
from corrovis.render.captions import at_level
from corrovis.results import SEVERITIES, AgedCar, Grade


def write_levels(aged: AgedCar, levels: list[float], folder: Path) -> dict[str, Any]:
    """The answer to `age` but for the time it took; `file` and `car_mask` are paths in `folder`, `size` is [width, height].

    Level 0 is the photo itself, so its file is not marked as synthetic.
    """
    height, width = aged.photo.size_hw
    answers = []
    for level in levels:
        path = folder / f"level_{level:.15g}.png"
        save_png(compose(aged, level), path, at_level(level) if level else None)
        answers.append({"level": level, "file": path, "rust_fraction": round(rust_fraction(aged, level), 4)})
    car_mask = folder / "car_mask.png"
    save_index_png(aged.mask.car.astype(np.uint8), car_mask)
    return {"size": [width, height], "levels": answers, "car_mask": car_mask}


def grade_record(grade: Grade) -> dict[str, Any]:
    return {"severity": grade.severity, "probabilities": dict(zip(SEVERITIES, grade.probabilities.tolist(), strict=True))}
