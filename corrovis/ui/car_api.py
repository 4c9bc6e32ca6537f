"""The car's doors for programs: `/age_car`, `/grade_car` and `/models`, with the keys of the command line's JSON."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError, NoCarError, advising
from corrovis.images import read_photo
from corrovis.manifest import WeightSpec
from corrovis.results import check_level
from corrovis.tasks.car import grade_photo, write_levels
from corrovis.ui import car_jobs
from corrovis.ui.car_jobs import CarVisit
from corrovis.ui.doors import flag, number, one_item, open_door, upload, whole_number
from corrovis.ui.parts import CPU
from corrovis.ui.services import Services
from corrovis.ui.uploads import folder_to_fill

MOST_LEVELS = 32  # each is a picture of the photo's full size


def publish(services: Services, specs: dict[str, WeightSpec]) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def age_car(  # noqa: PLR0913 an argument for each option
        photo: FileData,
        levels: list[float] | float | None = None,
        seed: int = 0,
        whole: bool = False,
        at: list[float] | None = None,
        video: bool = False,
    ) -> dict[str, Any]:
        """Age the car in a photo; levels 0 none, 1 mild, 2 moderate, 3 severe, anything between; all four if none are given.

        `whole` takes the whole picture for car; `at` ages one of several, at [x, y] as shares of the photo's width and height;
        `video` adds a film from none to severe.
        """
        began = time.perf_counter()
        with folder_to_fill() as folder:
            visit = CarVisit(*upload(photo), whole=flag("whole", whole), seed=whole_number("seed", seed), at=point(at))
            wanted, film = wanted_levels(levels), flag("video", video)
            with advising(NoCarError, "whole=true"):
                aged = car_jobs.age(services, visit)
            answer = write_levels(aged, wanted, folder, picked=visit.at is not None, video=film)
        return {**answer, "seconds": round(time.perf_counter() - began, 3)}

    def grade_car(photo: FileData) -> dict[str, Any]:
        """How corroded the car in a photo is, with the probability of each severity."""
        if services.grader is None:
            raise BadInputError("this server has no model to grade with; add car-grade to its weights")
        path, name = upload(photo)
        return one_item({"file": name, **grade_photo(services.grader, services.masker, read_photo(path, name))})

    def models() -> dict[str, Any]:
        """The manifest of the trained networks behind this page."""
        return {"models": [asdict(spec) for spec in specs.values()]}

    open_door(age_car, **CPU)
    open_door(grade_car, **CPU)
    open_door(models)


def wanted_levels(asked: Any) -> list[float]:
    """The levels asked for, one or several; all four if none.  Raises BadInputError for what is no level, and too many."""
    if asked is None or asked == []:
        return [0.0, 1.0, 2.0, 3.0]
    levels = asked if isinstance(asked, list) else [asked]
    if len(levels) > MOST_LEVELS:
        raise BadInputError(f"{len(levels)} levels are too many for one request; ask for at most {MOST_LEVELS} at a time")
    return [check_level(number("levels", level)) for level in levels]


def point(asked: Any) -> tuple[float, float] | None:
    """[x, y] as shares of a photo's sides; None where none is asked for.  Raises BadInputError for anything else."""
    if asked is None:
        return None
    shares = tuple(number("at", share) for share in asked) if isinstance(asked, list) else ()
    if len(shares) != 2 or not all(0 <= share <= 1 for share in shares):
        raise BadInputError(
            f"at {asked!r:.40} is no place; give [x, y] as shares of the photo's width and height, as in [0.5, 0.6]"
        )
    return shares[0], shares[1]
