"""What the inspection tabs do for one visitor, without a page: pictures in, values for the page out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.images import read_photo
from corrovis.render.sem_files import Job, inspect_file
from corrovis.render.sem_pictures import OPACITY, overlay
from corrovis.results import Byte
from corrovis.sem.inspection import Inspector
from corrovis.sem.pixel_size import parse_pixel_size
from corrovis.settings import Settings
from corrovis.ui import wording

SHOWN_SIDE = 1280
SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspected picture of a visitor: its upload, its name and the contract's record, in which files are paths."""

    path: Path
    name: str
    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor's inspected pictures, the one being looked at, and the region chosen in it, 0 = none."""

    seen: tuple[Seen, ...]
    at: int = 0
    chosen: int = 0
    opacity: float = OPACITY

    @property
    def current(self) -> Seen:
        return self.seen[self.at]


def job_of(model: str | None, pixel_size: str | None, explain: bool = True) -> Job:
    """What the form asks for.  Raises BadInputError for a pixel size without number or unit."""
    return Job(model or None, parse_pixel_size(pixel_size) if pixel_size and pixel_size.strip() else None, explain)


def inspect_uploads(
    inspector: Inspector, uploads: list[tuple[Path, str]], folder: Path, job: Job, told: Callable[[int], None]
) -> list[Seen | str]:
    """A `Seen` for every upload, or the one line that says why not; `told` hears the number of the next."""
    found: list[Seen | str] = []
    settings = Settings.from_environment()
    for number, (path, name) in enumerate(uploads):
        told(number)
        try:
            item = inspect_file(inspector, path, folder / f"{number + 1:03d}-{Path(name).stem[:40]}", job, settings)
            found.append(Seen(path, name, {**item, "file": name}))
        except BadInputError as error:
            found.append(str(error).replace(path.name, name))
    return found


def summary_rows(seen: tuple[Seen, ...]) -> list[list[str]]:
    """Name, severity, corroded share, regions, model of each picture."""
    return [
        [
            one.name,
            wording.severity_name(one.item["severity"]),
            f"{one.item['corroded_fraction']:.1%}",
            str(len(one.item["regions"])),
            one.item["model"],
        ]
        for one in seen
    ]


def picture_of(visit: Visit) -> Byte:
    """The current picture with its regions, at most `SHOWN_SIDE` long; needs no model."""
    rgb = read_photo(visit.current.path).rgb
    numbers = region_numbers(visit)
    height, width = numbers.shape
    small = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return overlay(small, numbers, visit.opacity, visit.chosen)


def region_numbers(visit: Visit) -> NDArray[np.int32]:
    """(h, w) region of each pixel of the picture as shown."""
    with Image.open(visit.current.item["region_numbers"]) as image:
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.NEAREST)
        return np.asarray(image, np.int32)


def region_at(visit: Visit, x: int, y: int) -> int:
    """The region at a point of the picture as shown, 0 for none."""
    numbers = region_numbers(visit)
    inside = 0 <= y < numbers.shape[0] and 0 <= x < numbers.shape[1]
    return int(numbers[y, x]) if inside else 0


def region_rows(visit: Visit) -> list[list[Any]]:
    """The largest regions, the chosen one first and marked."""
    regions = sorted(visit.current.item["regions"], key=lambda r: (r["id"] != visit.chosen, -r["area_px"]))
    return [
        [
            f"{wording.CHOSEN} {r['id']}" if r["id"] == visit.chosen else str(r["id"]),
            r["class"],
            r["area_px"],
            "" if r["area_um2"] is None else round(r["area_um2"], 2),
            "" if r["equivalent_diameter_um"] is None else round(r["equivalent_diameter_um"], 2),
            r["circularity"],
            r["score"],
        ]
        for r in regions[:SHOWN_ROWS]
    ]


def region_of_row(visit: Visit, row: int) -> int:
    """Number of the region in a row of `region_rows`; choosing the chosen one again lets it go."""
    name = str(region_rows(visit)[row][0])
    number = int(name.split()[-1])
    return 0 if number == visit.chosen else number


def pack(folder: Path) -> Path:
    """Everything in `folder` as one archive beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder))
