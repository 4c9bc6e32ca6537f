"""Inspections as the contract answers them: pictures in, files and records out.  The command line and the page both call this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from corrovis.errors import BadInputError
from corrovis.files import left_behind
from corrovis.render.inspection_report import REPORTS, clear_inspection, write_inspection
from corrovis.render.inspection_summary import OVERVIEW, SUMMARY, add_to_summary, begin_summary, summary_line, write_overview
from corrovis.render.progression_report import write_progression
from corrovis.sem.exposure_table import Row
from corrovis.sem.fields import read_field
from corrovis.sem.inspection import Inspector
from corrovis.sem.progression import Point
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.tasks.inspect_request import InspectRequest
from corrovis.tasks.many import answer_one, none_worked
from corrovis.tasks.rescale import keep_heat

TAKEN = (SUMMARY, OVERVIEW, *(f"progression.{kind}" for kind in ("png", "html", "pdf", "csv", "json")))
"""Files beside the pictures' folders."""
NOT_SENT = Path("not sent with the table")
"""Where a picture is looked for that did not come with the table that names it: nothing is there."""
LONGEST_NAME = 60
"""Letters of a picture's name that its folder is called by; of any script, they are fewer bytes than a disk allows."""
Picture = tuple[Path, str]
"""A picture's file, and its name where that is another, as of an upload; else ""."""
Progress = Callable[[int, int, str], None]
"""Hears of each picture before it is inspected: how many are done, of how many, and its name."""


def nobody(done: int, of: int, name: str) -> None:
    """For whoever need not hear."""


def inspect_file(inspector: Inspector, path: Path, folder: Path, request: InspectRequest, name: str = "") -> dict[str, Any]:
    """Inspect one picture, called `name` or as its file, and write everything to `folder`; its record.

    Raises:
        BadInputError: a picture that cannot be used, or was not sent
    """
    if path.parent == NOT_SENT:
        raise BadInputError(f"{name} is named by the table and was not sent with it")
    field = read_field(path, name or path.name, request.pixel, request.bar_um)
    found = inspector.inspect(field, request.model, request.explain)
    answer = write_inspection(found, inspector.segmenter.store.spec(found.model), folder)
    if request.keep:
        keep_heat(found, folder)
    return answer


@dataclass(frozen=True, slots=True)
class Inspected:
    """One picture of many: its record, or `file` and `error`; the folder of what was found in it; its line of the summary."""

    item: dict[str, Any]
    folder: Path
    line: dict[str, Any]


def inspect_each(
    inspector: Inspector, pictures: Iterable[Picture], folders: Iterable[Path], request: InspectRequest
) -> Iterator[Inspected]:
    """Every picture, in order and each as soon as it is there, with its own of `folders`.

    Of a picture that cannot be inspected its folder keeps nothing that an earlier run found in another.
    """
    for (path, name), own in zip(pictures, folders, strict=True):
        answer = partial(inspect_file, inspector, folder=own, request=request, name=name)
        item = answer_one(path, answer, name)
        if "error" in item:
            clear_inspection(own)
        yield Inspected(item, own, summary_line(item, own.name))


def inspect_files(
    inspector: Inspector, pictures: Sequence[Picture], folder: Path, request: InspectRequest, progress: Progress = nobody
) -> list[dict[str, Any]]:
    """One record for each picture, in order, a folder of each in `folder`, and there a summary that grows with them, and in the
    end, however that comes, one to look at.
    """
    names = [name or path.name for path, name in pictures]
    done = list[Inspected]()
    begin_summary(folder / SUMMARY)
    each = inspect_each(inspector, pictures, [folder / own for own in own_names(names)], request)
    try:
        for name in names:
            progress(len(done), len(names), name)
            done.append(next(each))
            add_to_summary(folder / SUMMARY, done[-1].line)
    finally:
        write_overview(folder, [one.line for one in done])
    return [one.item for one in done]


def of_earlier_runs(folder: Path, items: Iterable[dict[str, Any]]) -> list[str]:
    """A line on reports in `folder` that are not of these `items`: the summary that named them is replaced."""
    own = [Path(item["report"]) for item in items if "error" not in item]
    found = left_behind(folder, (f"*/{REPORTS['report']}",), own)
    return [f"{line}, which {SUMMARY} and {OVERVIEW} no longer name" for line in found]


def own_names(names: Iterable[str]) -> list[str]:
    """A folder's name for each picture, also where two are called the same."""
    used = dict.fromkeys(TAKEN)
    for name in names:
        stem = Path(name).stem.strip(".")[:LONGEST_NAME] or "picture"  # of "...png" the stem is ".."
        used[next(n for n in (stem, *(f"{stem}-{i}" for i in range(2, len(used) + 3))) if n not in used)] = None
    return list(used)[len(TAKEN) :]


def progression_files(
    inspector: Inspector, rows: Sequence[Row], folder: Path, request: InspectRequest, progress: Progress = nobody
) -> dict[str, Any]:
    """Inspect every picture of a table, and answer with trends, contrasts and files to take home.

    Raises:
        BadInputError: not one picture could be inspected
    """
    items = inspect_files(inspector, [(row.file, row.name) for row in rows], folder, replace(request, explain=False), progress)
    points = [point_of(row, item) for row, item in zip(rows, items, strict=True) if "error" not in item]
    if not points:
        if not items:
            raise BadInputError("the table names no picture; fill in each picture's name and its hours of exposure")
        raise none_worked(len(items), items[0]["error"], "pictures", "inspected")
    return write_progression(rows, items, points, folder)


def point_of(row: Row, item: dict[str, Any]) -> Point:
    """An inspected picture on the time axis."""
    low, moderate, severe = (float(item["probabilities"][name]) for name in FIELD_SEVERITIES)
    shares, share = (low, moderate, severe), item["corroded_fraction"]
    return Point(row.condition, row.exposure_h, share, shares, item["severity"], item["model"], row.specimen)
