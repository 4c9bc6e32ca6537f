"""What the inspect tab does for one visitor, without a page: pictures in, values for the page out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from corrovis.errors import BadInputError
from corrovis.render.inspection_facts import share_text
from corrovis.render.inspection_report import read_inspection
from corrovis.render.inspection_summary import OVERVIEW, SUMMARY, summary_line, write_overview, write_summary
from corrovis.sem.inspection import Inspector
from corrovis.sem.pixel_size import GIVEN, parse_pixel_size
from corrovis.tasks.inspect_request import InspectRequest
from corrovis.tasks.inspection import inspect_each
from corrovis.tasks.rescale import rescale
from corrovis.ui.packing import THUMBNAIL, pack_found
from corrovis.ui.stopping import Stoppable
from corrovis.ui.turn import Turn
from corrovis.ui.wording import inspection as wording
from corrovis.ui.wording import shared

MOST_PICTURES = 100  # one request's; the command line goes further
SMALL = (300, 300)  # of a thumbnail, px
MOST_WORDS = 72  # letters of a doubt in the summary


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspected picture of a visitor: the picture, its name, and the folder with all that was found in it.

    `line` is its line of the summary, which is shown again with every picture that follows.
    """

    path: Path
    name: str
    folder: Path
    line: dict[str, Any]

    @property
    def item(self) -> dict[str, Any]:
        """The contract's record, in which files are paths; read anew, for it may hold many thousand regions."""
        return read_inspection(self.folder)


@dataclass(frozen=True, slots=True)
class Refused:
    """One upload that could not be inspected, and its line of the summary, which says why."""

    line: dict[str, Any]


Outcome = Seen | Refused


@dataclass(frozen=True, slots=True)
class InspectVisit:
    """A visitor's pictures, inspected or refused, the folder that holds what was found, and which picture is looked at."""

    found: tuple[Outcome, ...]
    folder: Path
    at: int = 0

    @property
    def seen(self) -> tuple[Seen, ...]:
        return tuple(one for one in self.found if isinstance(one, Seen))

    @property
    def refused(self) -> tuple[Refused, ...]:
        return tuple(one for one in self.found if isinstance(one, Refused))

    @property
    def current(self) -> Seen:
        return self.seen[self.at]


@dataclass(slots=True)
class InspectDesk(Stoppable):
    """What a visitor has before him.  Changed in place: while a run goes on he looks at other pictures, or stops it.

    Whoever changes the visit, writes its files or packs them takes `turn`: a pixel size may be written while a run goes on.
    """

    visit: InspectVisit | None = None
    turn: Turn = field(default_factory=Turn)

    def replace(self, old: Seen, new: Seen) -> None:
        """Note what became of one picture, if it is still one of the visit."""
        if self.visit:
            self.visit = replace(self.visit, found=tuple(new if one is old else one for one in self.visit.found))

    def add(self, one: Outcome, folder: Path) -> InspectVisit:
        """The visit with one picture more; the first of a run, whose files lie in `folder`, begins a new one."""
        same = self.visit if self.visit and self.visit.folder == folder else InspectVisit((), folder)
        self.visit = replace(same, found=(*same.found, one))
        return self.visit

    def look_at(self, at: int) -> InspectVisit | None:
        """The visit with picture `at` looked at; None, and nothing is changed, where there is no such picture (yet)."""
        with self.turn:
            if self.visit is None or not 0 <= at < len(self.visit.seen):
                return None
            self.visit = replace(self.visit, at=at)
            return self.visit


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
        placed.append((beside(text, path, folder / str(number) / Path(name).name) if text else path, name))
    return placed


def beside(text: Path, picture: Path, place: Path) -> Path:
    """A copy of `picture` at `place`, with its text file where a microscope would have put that."""
    place.parent.mkdir(parents=True)
    shutil.copyfile(text, place.with_suffix(".txt"))
    return Path(shutil.copyfile(picture, place))


def is_text(name: str) -> bool:
    return Path(name).suffix.lower() == ".txt"


def inspect_uploads(
    inspector: Inspector, uploads: Sequence[tuple[Path, str]], folder: Path, request: InspectRequest
) -> Iterator[Outcome]:
    """A `Seen` for every upload, or a `Refused`, each as soon as it is there; folders are numbered as the summary's rows are."""
    folders = [folder / f"{number:03d}-{Path(name).stem[:40]}" for number, (_, name) in enumerate(uploads, 1)]
    each = inspect_each(inspector, uploads, folders, replace(request, keep=True))
    for (path, name), one in zip(uploads, each, strict=True):
        if "error" in one.item:
            yield Refused(one.line)
            continue
        with Image.open(one.item["overlay"]) as picture:
            picture.thumbnail(SMALL, reducing_gap=2)
            picture.save(one.folder / THUMBNAIL)
        yield Seen(path, name, one.folder, one.line)


def rescaled(inspector: Inspector, one: Seen, um: float) -> Seen:
    """A picture with its files written again for a pixel of `um` micrometres.

    Raises:
        BadInputError: no such pixel, or the picture cannot be read any more
    """
    item = rescale(one.folder, one.path, parse_pixel_size(f"{um!r}um"), inspector.segmenter.store)
    return replace(one, line=summary_line(item, one.folder.name))


def summary_rows(visit: InspectVisit) -> list[list[str]]:
    """A row for each upload: number, name, severity, corroded share, regions, doubts or what went wrong, model."""
    return [[str(number), *_summary_row(one)] for number, one in enumerate(visit.found, 1)]


def _summary_row(one: Outcome) -> list[str]:
    line = one.line
    if isinstance(one, Refused):
        return [line["file"], wording.NOT_READ, "", "", line["error"], ""]
    severity, (low, high) = shared.severity_name(line["severity"]), line["limits"]
    share = share_text(line["corroded_fraction"], line["severity_sigma"], (low, high))
    model = wording.MODELS.get(line["model"], line["model"])
    return [line["file"], severity, share, str(line["regions"]), doubts_text(line["doubts"]), model]


def doubts_text(doubts: Sequence[str]) -> str:
    """How many there are, and how the first begins."""
    if not doubts:
        return ""
    first = doubts[0].split(";")[0]
    first = first if len(first) <= MOST_WORDS else first.split(":")[0]
    return f"{len(doubts)}: {first if len(first) <= MOST_WORDS else first[:MOST_WORDS].rsplit(' ', 1)[0] + ' …'}"


def without_scale(visit: InspectVisit) -> tuple[Seen, ...]:
    """The picture looked at and those of the others whose scale nobody knows but the visitor: what an instrument wrote stays."""
    return tuple(one for one in visit.seen if one is visit.current or one.item["pixel_size_source"] in (None, GIVEN))


def place_of(visit: InspectVisit, number: int) -> int | None:
    """Which of the inspected pictures row `number` of the summary is of; None for one that was refused or is not there yet."""
    one = visit.found[number - 1] if number <= len(visit.found) else None
    return visit.seen.index(one) if isinstance(one, Seen) else None


def pack_visit(visit: InspectVisit) -> Path:
    """All that was found so far, with its summary, as one archive; of a picture that is still being inspected nothing."""
    lines = [one.line for one in visit.found]
    write_summary(visit.folder / SUMMARY, lines)
    write_overview(visit.folder, lines, THUMBNAIL)
    files = (path for one in visit.seen for path in sorted(one.folder.iterdir()))
    return pack_found(visit.folder, [visit.folder / SUMMARY, visit.folder / OVERVIEW, *files])
