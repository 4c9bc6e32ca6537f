"""What the car tab does for one visitor, without a page: photo in, values for the page out.

Nothing is kept between calls but what the visitor's own `CarVisit` says, so parallel visitors cannot get each other's car.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corrovis.car.ageing import compose
from corrovis.errors import BadInputError, NoCarError
from corrovis.images import read_photo, save_png, shrink
from corrovis.render.captions import at_all_levels, at_level
from corrovis.render.car_strip import level_strip
from corrovis.render.video import save_gif, save_mp4
from corrovis.results import AgedCar, Photo, check_level
from corrovis.tasks.car import grade_photo
from corrovis.ui.payload import STAGE_SIDE, encode, encode_problem
from corrovis.ui.services import Services
from corrovis.ui.wording import car as wording

FILES = {
    "png": "{stem}{seed}_level_{level:.2f}.png",
    "strip": "{stem}{seed}_levels.png",
    "mp4": "{stem}{seed}_rusting.mp4",
    "gif": "{stem}{seed}_rusting.gif",
}


@dataclass(frozen=True, slots=True)
class CarVisit:
    """Which photo a visitor looks at, and what was asked of it.

    `at` is (x, y) of the one car to age as shares of the photo's width and height; None ages all of them.
    """

    path: Path
    name: str
    seed: int = 0
    whole: bool = False
    at: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """Which photo it is; the page knows uploads by their path, too, and waits for the one that was chosen last."""
        return str(self.path)


@dataclass(slots=True)
class CarDesk:
    """A visitor's photo as it is now.  Changed in place: an answer that took long learns here what was chosen meanwhile."""

    visit: CarVisit | None = None

    def holds(self, visit: CarVisit) -> bool:
        """Whether that photo, whatever was asked of it, is still the one that was chosen last."""
        return self.visit is not None and self.visit.key == visit.key


def age(services: Services, visit: CarVisit, long_side: int | None = None) -> AgedCar:
    """The visitor's car, aged; at most `long_side` pixels long, or as large as it came.

    Raises:
        BadInputError, NoCarError
    """
    photo = read(visit, long_side)
    height, width = photo.size_hw
    at = (int(visit.at[0] * (width - 1)), int(visit.at[1] * (height - 1))) if visit.at else None
    mask = services.masker.mask(photo, whole=visit.whole, at=at)
    return services.ager.age(photo, mask, seed=visit.seed)


def read(visit: CarVisit, long_side: int | None = None) -> Photo:
    photo = read_photo(visit.path, visit.name)
    return shrink(photo, long_side) if long_side else photo


def stage_value(services: Services, visit: CarVisit) -> str:
    """What the stage shows for this visit: the car, or one line that says why there is none."""
    try:
        return encode(age(services, visit, STAGE_SIDE), visit.key, picked=visit.at is not None)
    except NoCarError:
        return encode_problem(wording.NO_CAR, visit.key, offer_whole=not visit.whole)
    except BadInputError as problem:
        return encode_problem(str(problem), visit.key)


def grade(services: Services, visit: CarVisit) -> dict[str, Any] | None:
    """The record of the photo as it came; None without a grader or without a readable photo."""
    if services.grader is None:
        return None
    try:
        return grade_photo(services.grader, services.masker, read(visit))
    except BadInputError:  # the stage has said so already
        return None


def write_file(services: Services, visit: CarVisit, kind: str, level: float, folder: Path) -> Path:
    """One file to keep, `kind` of `FILES`; pictures have the photo's full size.

    Raises:
        BadInputError, NoCarError
    """
    if kind not in FILES:
        raise BadInputError(f"no file is called {kind}; there are {', '.join(FILES)}")
    seed = f"_seed_{visit.seed}" if visit.seed else ""
    path = folder / FILES[kind].format(stem=Path(visit.name).stem[:60] or "car", seed=seed, level=check_level(level))
    aged = age(services, visit, None if kind == "png" else STAGE_SIDE)
    if kind == "png":
        save_png(compose(aged, level), path, at_level(level, visit.seed) if level else None)
    elif kind == "strip":
        save_png(level_strip(aged), path, at_all_levels(visit.seed))
    elif kind == "mp4":
        save_mp4(aged, path)
    else:
        save_gif(aged, path)
    return path


def pick(visit: CarVisit, x: float, y: float) -> CarVisit:
    """The same visit with only the car at (x, y), shares of width and height."""
    return replace(visit, at=(min(1.0, max(0.0, x)), min(1.0, max(0.0, y))), whole=False)
