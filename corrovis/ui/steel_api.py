"""Steel's doors for programs: `/classify_steel`; and with a generator `/add_defect`, `/erase_defect` and `/synthesize_steel`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradio import FileData

from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import read_plate, read_region
from corrovis.steel.results import CLEAN, MOST_SEED, Brush
from corrovis.steel.sets import SetOrder
from corrovis.tasks.steel import SteelTools, classify_file, make, write_defect, write_set
from corrovis.ui.doors import flag, number, one_item, open_door, text, upload, whole_number
from corrovis.ui.parts import CPU
from corrovis.ui.steel_jobs import MOST_PATCHES
from corrovis.ui.uploads import folder_to_fill


def publish_inspector(inspector: PatchInspector) -> None:
    """Register the endpoint that needs no generator in the running `gr.Blocks`."""

    def classify_steel(patch: FileData) -> dict[str, Any]:
        """Which of nine defects a picture of steel shows, or none ("background"), with the probability of each.

        The strip must run up or across the picture.
        """
        path, name = upload(patch)
        return one_item({"file": name, **classify_file(inspector, path, name)})

    open_door(classify_steel, **CPU)


def publish(tools: SteelTools) -> None:
    """Register the generator's endpoints in the running `gr.Blocks`."""

    def add_defect(
        plate: FileData, defect: str, strength: float = 1.0, seed: int = 0, mask: FileData | None = None
    ) -> dict[str, Any]:
        """Put a defect on a picture of clean steel; with a mask of its size only where that is white."""
        name = tools.maker.check_defect(text("defect", defect))
        return changed(tools, plate, name, Brush(number("strength", strength), whole_number("seed", seed, MOST_SEED)), mask)

    def erase_defect(plate: FileData, strength: float = 1.0, mask: FileData | None = None) -> dict[str, Any]:
        """Wipe defects off a picture of steel; with a mask of its size only where that is white."""
        return changed(tools, plate, CLEAN, Brush(number("strength", strength)), mask)

    def synthesize_steel(defect: str = "all", n: int = 10, seed: int = 0, background: bool = False) -> dict[str, Any]:
        """A set of synthetic patches, `n` of one class or of "all", made from drawn clean steel; `background`: and n of that."""
        with folder_to_fill() as folder:
            wanted = tools.maker.defects if text("defect", defect) == "all" else (defect,)
            count, chance = whole_number("n", n, MOST_PATCHES, 1), whole_number("seed", seed, MOST_SEED)
            order = SetOrder(wanted, count, chance, background=flag("background", background))
            began = time.perf_counter()
            answer = write_set(tools, order, folder)
        return {**answer, "seconds": round(time.perf_counter() - began, 3)}

    for endpoint in (add_defect, erase_defect, synthesize_steel):
        open_door(endpoint, **CPU)


def changed(tools: SteelTools, plate: Any, name: str, brush: Brush, mask: Any) -> dict[str, Any]:
    """The contract's answer with its file, for a class of defect or `CLEAN`, put where an uploaded `mask` is white."""
    with folder_to_fill() as folder:
        path, title = upload(plate)
        picture = read_plate(path, title)
        region = read_region(upload(mask)[0], picture.size_hw) if mask is not None else None
        made = make(tools, picture, name, replace(brush, region=region))
        ending = "erased" if name == CLEAN else name
        return write_defect(made, tools, folder / f"{Path(title).stem[:40] or 'plate'}_{ending}.png")
