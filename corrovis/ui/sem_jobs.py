"""What the inspect tab does for one visitor, without a page: pictures in, values for the page out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corrovis.errors import BadInputError
from corrovis.render.inspection_report import read_inspection
from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspection import Request, inspect_file
from corrovis.ui import wording

MOST_PICTURES = 100  # one request's; the command line goes further


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspected picture of a visitor: the picture, its name, and the folder with all that was found in it."""

    path: Path
    name: str
    folder: Path

    @property
    def item(self) -> dict[str, Any]:
        """The contract's record, in which files are paths; read anew, for it may hold many thousand regions."""
        return {**read_inspection(self.folder), "file": self.name}


@dataclass(frozen=True, slots=True)
class InspectVisit:
    """A visitor's inspected pictures, and the one being looked at."""

    seen: tuple[Seen, ...]
    at: int = 0

    @property
    def current(self) -> Seen:
        return self.seen[self.at]


def check_number(count: int) -> None:
    """Raises BadInputError for more pictures than one request may ask for."""
    if count > MOST_PICTURES:
        raise BadInputError(
            f"{count} pictures are too many at once; send at most {MOST_PICTURES}, or use the command line, which has no limit"
        )


def with_notes(uploads: list[tuple[Path, str]], folder: Path) -> list[tuple[Path, str]]:
    """The pictures; one that came with a text file of its name as a copy beside that in `folder`, where its scale is looked for.

    Raises BadInputError for too many.
    """
    texts = {Path(name).stem: path for path, name in uploads if is_text(name)}
    pictures = {Path(name).stem for _, name in uploads if not is_text(name)}
    kept = [(path, name) for path, name in uploads if not (is_text(name) and Path(name).stem in pictures)]
    check_number(len(kept))
    placed = []
    for number, (path, name) in enumerate(kept):
        text = None if is_text(name) else texts.get(Path(name).stem)
        placed.append((_beside(text, path, folder / str(number) / Path(name).name) if text else path, name))
    return placed


def _beside(text: Path, picture: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True)
    shutil.copyfile(text, place.with_suffix(".txt"))
    return Path(shutil.copyfile(picture, place))


def is_text(name: str) -> bool:
    return Path(name).suffix.lower() == ".txt"


def inspect_uploads(
    inspector: Inspector, uploads: list[tuple[Path, str]], folder: Path, request: Request, told: Callable[[int], None]
) -> list[Seen | str]:
    """A `Seen` for every upload, or the one line that says why not; `told` hears the number of the next."""
    found: list[Seen | str] = []
    for number, (path, name) in enumerate(uploads):
        told(number)
        try:
            one = Seen(path, name, folder / f"{number + 1:03d}-{Path(name).stem[:40]}")
            inspect_file(inspector, path, one.folder, request)
            found.append(one)
        except BadInputError as error:
            found.append(in_own_name(str(error), path, name))
    return found


def in_own_name(text: str, path: Path, name: str) -> str:
    """`text` with an upload called as its sender calls it, rather than as it lies here."""
    return text.replace(str(path), path.name).replace(path.name, name)


def summary_row(item: dict[str, Any]) -> list[str]:
    """Name, severity, corroded share, regions, model of a picture."""
    severity, share = wording.severity_name(item["severity"]), f"{item['corroded_fraction']:.1%}"
    return [item["file"], severity, share, str(len(item["regions"])), item["model"]]


def pack(folder: Path) -> Path:
    """Everything in `folder` as one archive beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder))
