"""Inspections as the contract answers them: pictures in, files and records out.  The command line and the page both call this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corrovis.errors import BadInputError
from corrovis.images import DEFAULTS
from corrovis.render.progression_report import write_progression
from corrovis.render.report import write_inspection
from corrovis.sem.fields import read_field
from corrovis.sem.inspection import Inspector
from corrovis.sem.progression import Point, Row
from corrovis.sem.results import FIELD_SEVERITIES, PixelSize
from corrovis.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """How pictures are to be inspected.

    `model` None: the one that suits each picture; `pixel` None: as the file says, or by the scale bar, `bar_um` long.
    """

    model: str | None = None
    pixel: PixelSize | None = None
    explain: bool = True
    bar_um: float | None = None
    limits: Settings = DEFAULTS


def inspect_file(inspector: Inspector, path: Path, folder: Path, job: Job) -> dict[str, Any]:
    """Inspect one picture and write everything to `folder`; its record.  Raises BadInputError for a picture it cannot use."""
    field = read_field(path, pixel=job.pixel, limits=job.limits, bar_um=job.bar_um)
    found = inspector.inspect(field, job.model, job.explain)
    return write_inspection(found, inspector.segmenter.store.spec(found.model), folder)


def inspect_files(
    inspector: Inspector, paths: Sequence[Path], folder: Path, job: Job, told: Callable[[Path], None] = lambda path: None
) -> list[dict[str, Any]]:
    """One record for each picture, in order; `told` hears which comes next.  A bad picture costs only its own record."""
    items, used = [], set[str]()
    for path in paths:
        told(path)
        name = _free_name(path.stem.strip(".") or "picture", used)  # of "...png" the stem is ".."
        try:
            items.append({**inspect_file(inspector, path, folder / name, job), "file": str(path)})
        except (BadInputError, OSError) as error:
            items.append({"file": str(path), "error": str(error)})
    return items


def _free_name(stem: str, used: set[str]) -> str:
    """A folder for each picture, also where two are called the same."""
    name = next(n for n in (stem, *(f"{stem}-{i}" for i in range(2, len(used) + 3))) if n not in used)
    used.add(name)
    return name


def progression_files(
    inspector: Inspector, rows: Sequence[Row], folder: Path, job: Job, told: Callable[[Path], None] = lambda path: None
) -> dict[str, Any]:
    """Inspect every picture of a table, and answer with trends, contrasts and files to take home.

    Raises:
        BadInputError: not one picture could be inspected
    """
    items = inspect_files(inspector, [row.file for row in rows], folder, replace(job, explain=False), told)
    points = [point_of(row, item) for row, item in zip(rows, items, strict=True) if "error" not in item]
    if not points:
        if not items:
            raise BadInputError("the table names no picture; fill in each picture's name and its hours of exposure")
        many = f"none of {len(items)} pictures could be inspected; the first: {items[0]['error']}"
        raise BadInputError(items[0]["error"] if len(items) == 1 else many)
    return write_progression(rows, items, points, folder)


def point_of(row: Row, item: dict[str, Any]) -> Point:
    """An inspected picture on the time axis."""
    low, moderate, severe = (float(item["probabilities"][name]) for name in FIELD_SEVERITIES)
    return Point(row.condition, row.exposure_h, item["corroded_fraction"], (low, moderate, severe), item["severity"])
