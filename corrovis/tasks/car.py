"""Cars as the contract answers them: photos in, files and records out.  The command line and the page both call this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from corrovis.car.ageing import compose, rust_fraction
from corrovis.car.grading import Grader, tinted
from corrovis.car.masking import CarMasker
from corrovis.contrast import colourless
from corrovis.files import left_behind
from corrovis.images import save_index_png, save_png
from corrovis.render.captions import at_level
from corrovis.render.video import save_mp4
from corrovis.results import SEVERITIES, AgedCar, Photo

FILM = "rusting.mp4"
NOTHING_TO_CHOOSE = "only one car can be told apart here, so it makes no difference which was asked for"
NO_CAR = "no car was found in it; the severity is that of the whole picture, as if it showed a car from near"
GREY = "the photo has no colour, by which rust is told, so its severity may be too low; give it in colour"
TINTED = "the photo has one tint for its colours, as sepia has, so its severity may be wrong; give it in its own colours"


def write_levels(aged: AgedCar, levels: list[float], folder: Path, picked: bool = False, video: bool = False) -> dict[str, Any]:
    """The answer to `age` but for the time it took; all files are paths in `folder`, `size` is [width, height].

    Level 0 is the photo itself, so its file is not marked as synthetic.  `picked`: one car of several was asked for.
    `video`: a film besides.
    """
    height, width = aged.photo.size_hw
    files, answers = [folder / f"level_{level:.15g}.png" for level in levels], []
    for level, path in zip(levels, files, strict=True):
        save_png(compose(aged, level), path, at_level(level, aged.seed) if level else None)
        answers.append({"level": level, "file": path, "rust_fraction": round(rust_fraction(aged, level), 4)})
    car_mask = folder / "car_mask.png"
    save_index_png(aged.mask.car.astype(np.uint8), car_mask)
    film = {"video": folder / FILM} if video else {}
    if video:
        save_mp4(aged, film["video"])
    warnings = [*aged.photo.notes, *([NOTHING_TO_CHOOSE] if picked and aged.mask.cars == 1 else [])]
    warnings += left_behind(folder, ("level_*.png", FILM), [*files, *film.values()])
    made = {"seed": aged.seed, "model": aged.made_by.model}
    return {"size": [width, height], "levels": answers, "car_mask": car_mask, **film, **made, "warnings": warnings}


def grade_photo(grader: Grader, masker: CarMasker, photo: Photo) -> dict[str, Any]:
    """The record of one photo, without its `file`; it warns where no colour is seen, or no car, which may still be near."""
    colours = [GREY] if colourless(photo.rgb) else [TINTED] if tinted(photo) else []
    warnings = [*photo.notes, *([] if masker.sees_car(photo) else [NO_CAR]), *colours]
    grade = grader.grade(photo)
    probabilities = dict(zip(SEVERITIES, grade.probabilities.tolist(), strict=True))
    return {"severity": grade.severity, "probabilities": probabilities, "warnings": warnings}
