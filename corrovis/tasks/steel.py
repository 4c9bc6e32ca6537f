"""Steel as the contract answers it: plates and sets in, files and records out.  The command line and the page both call this."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.errors import BadInputError
from corrovis.files import check_unused, make_folder
from corrovis.images import save_index_png
from corrovis.render.captions import with_defect
from corrovis.results import Byte
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import MODEL as INSPECTOR
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import MARKED, read_plate, save_plate
from corrovis.steel.results import CLEAN, Brush, DefectPlate, MadePatch, PatchVerdict, Plate
from corrovis.steel.sets import SetOrder, Tally, make_set, shortfalls
from corrovis.store import Store

MANIFEST = "manifest.csv"
COLUMNS = ("file", "class", "seed", "source", "score")


@dataclass(frozen=True, slots=True)
class SteelTools:
    """What makes a set; without inspector nobody says what a patch shows."""

    maker: DefectMaker
    inspector: PatchInspector | None


def steel_tools(store: Store, check: bool = True) -> SteelTools:
    """What `store` has for steel; unless there is something to `check`, no inspector.  Raises WeightsError without generator."""
    return SteelTools(DefectMaker(store), PatchInspector(store) if check and INSPECTOR in store else None)


def classify_file(inspector: PatchInspector, path: Path, name: str | None = None) -> dict[str, Any]:
    """The record of one picture, called `name`, without its `file`.  Raises BadInputError for a picture that cannot be used."""
    plate = read_plate(path, name)
    verdict = inspector.classify(plate)
    return {"class": verdict.name, "probabilities": shares_of(verdict), "warnings": [*plate.notes, *verdict.notes]}


def make(tools: SteelTools, plate: Plate, name: str, brush: Brush) -> DefectPlate:
    """A class of defect added, or `CLEAN`: erased."""
    return tools.maker.erase(plate, brush) if name == CLEAN else tools.maker.add(plate, name, brush)


def shares_of(verdict: PatchVerdict) -> dict[str, float]:
    """The probability of each class."""
    return dict(zip(verdict.classes, verdict.probabilities.tolist(), strict=True))


def caption_of(made: DefectPlate) -> str | None:
    """What its file says of itself: at strength 0 nothing, for no bit was changed, unless the plate was synthetic before."""
    if made.brush.strength == 0 and MARKED not in made.original.notes:
        return None
    return with_defect(made.defect, made.brush.seed, made.brush.strength)


def write_defect(made: DefectPlate, tools: SteelTools, path: Path) -> dict[str, Any]:
    """The plate as PNG and the contract's record: the class that was asked for, and what the inspector sees in the result.

    Of a defect that was brushed the mask lies beside it.
    """
    save_plate(made.plate, path, caption_of(made))
    found = tools.inspector.classify(made.plate) if tools.inspector else None
    answer = {"file": path, "class": made.defect, "probabilities": shares_of(found) if found else {}}
    added = made.defect != CLEAN and made.brush.strength > 0
    finer = tools.maker.notes_on(made.original) if added else []
    answer["warnings"] = [*made.original.notes, *finer, *(found.notes if found else ())]
    if made.brush.region is not None and added:
        answer["mask"] = write_mask(made, tools.maker.defects, path)
    return answer


def write_mask(made: DefectPlate, defects: tuple[str, ...], plate: Path, before: Byte | None = None) -> Path:
    """Beside the file of a brushed `plate` a PNG of one byte a pixel: 0, or the place of its class in `defects`, counted from 1.

    Where nothing was put or wiped, it keeps what `before` (H, W) says.
    """
    mask = np.zeros(made.plate.size_hw, np.uint8) if before is None else before.copy()
    mask[made.where] = 0 if made.defect == CLEAN else 1 + defects.index(made.defect)
    save_index_png(mask, mask_beside(plate))
    return mask_beside(plate)


def mask_beside(plate: Path) -> Path:
    return plate.with_name(f"{plate.stem}_mask.png")


def check_spared(came: tuple[Path | None, ...], plate: Path) -> None:
    """Raises BadInputError when `plate`, or the mask beside it, would be written over a file that came in."""
    kept = {path.resolve() for path in came if path}
    for written in (plate, mask_beside(plate)):
        if written.resolve() in kept:
            raise BadInputError(f"{written} would be written over what came in; choose another name with --out")


def write_set(
    tools: SteelTools,
    order: SetOrder,
    folder: Path,
    progress: Callable[[MadePatch], None] = lambda patch: None,
    go_on: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """A folder per class, as torchvision's ImageFolder reads it, and a manifest.

    `progress` hears of each patch kept, `go_on` is asked before each batch.  Without an inspector nobody looked, and the manifest
    has no scores.  What was kept is counted along and named at the end, so memory does not grow with the set.

    Raises:
        BadInputError: an unknown class, no picture to start from, or a `folder` that holds a set already
        CorrovisError: not one patch passed
    """
    for name in order.defects:
        tools.maker.check_defect(name)
    folders = {name: folder / name for name in order.classes}
    check_unused(folder, (MANIFEST, *tools.maker.classes))
    made = [one for one in (*folders.values(), folder) if not one.exists()]
    for one in folders.values():
        make_folder(one)
    tally, written = Tally(), Counter[str]()
    try:
        with (folder / MANIFEST).open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for patch in make_set(tools.maker, tools.inspector, order, tally, go_on):
                path = folders[patch.defect] / file_name(patch.defect, written[patch.defect])
                save_plate(Plate(patch.grey), path, caption_in(order, patch))
                written[patch.defect] += 1
                score = f"{patch.score:.4f}" if tools.inspector else ""
                rows.writerow([path.relative_to(folder).as_posix(), patch.defect, patch.seed, patch.source, score])
                progress(patch)
    finally:
        if not written:
            _leave_nothing(folder, made)
    files = {name: [folders[name] / file_name(name, number) for number in range(written[name])] for name in order.classes}
    dropped = {"unlike_class": tally.unlike.total(), "duplicates": tally.doubles.total()}
    return {"files": files, "manifest": folder / MANIFEST, "dropped": dropped, "warnings": shortfalls(order, tally)}


def caption_in(order: SetOrder, patch: MadePatch) -> str | None:
    """What a patch of a set says of itself: nothing where it was cut from a picture of clean steel as it is."""
    return None if order.clean and patch.defect == CLEAN else with_defect(patch.defect, patch.seed)


def file_name(defect: str, number: int) -> str:
    return f"{defect}_{number:05d}.png"


def _leave_nothing(folder: Path, made: list[Path]) -> None:
    """Take away what a set without patches has written, and the folders that were made for it."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for empty in made:
        with contextlib.suppress(OSError):
            empty.rmdir()
