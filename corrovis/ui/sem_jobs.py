"""What the inspect tab does for one visitor, without a page: pictures in, values for the page out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corrovis.errors import BadInputError
from corrovis.render.sem_files import Job, inspect_file
from corrovis.sem.inspection import Inspector
from corrovis.sem.pixel_size import parse_pixel_size
from corrovis.settings import Settings
from corrovis.ui import wording

MOST_PICTURES = 100  # one request's; the command line goes further


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspected picture of a visitor: its upload, its name and the contract's record, in which files are paths."""

    path: Path
    name: str
    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor's inspected pictures, and the one being looked at."""

    seen: tuple[Seen, ...]
    at: int = 0

    @property
    def current(self) -> Seen:
        return self.seen[self.at]


def job_of(model: str | None, pixel_size: str | None, explain: bool = True) -> Job:
    """What the form asks for.  Raises BadInputError for a pixel size without number or unit."""
    return Job(model or None, parse_pixel_size(pixel_size) if pixel_size and pixel_size.strip() else None, explain)


def check_number(count: int) -> None:
    """Raises BadInputError for more pictures than one request may ask for."""
    if count > MOST_PICTURES:
        raise BadInputError(
            f"{count} pictures are too many at once; send at most {MOST_PICTURES}, or use the command line, which has no limit"
        )


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


def pack(folder: Path) -> Path:
    """Everything in `folder` as one archive beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder))
