"""Steel's doors for programs: `/classify_steel`; and with a generator `/add_defect`, `/erase_defect` and `/synthesize_steel`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradio import FileData

from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import read_plate, read_region
from corrovis.steel.results import CLEAN, MOST_SEED, Brush
from corrovis.steel.sets import SetOrder
from corrovis.tasks.steel import SteelTools, classify_file, make, write_defect, write_set
from corrovis.ui.complaints import complaining
from corrovis.ui.doors import as_files, flag, number, open_door, text, upload, whole_number
from corrovis.ui.parts import CPU
from corrovis.ui.steel_jobs import MOST_PATCHES
from corrovis.ui.uploads import folder_to_fill


def publish_inspector(inspector: PatchInspector) -> None:
    """Register the endpoint that needs no generator in the running `gr.Blocks`."""

    def classify_steel(patch: FileData) -> dict[str, Any]:
        """Which of nine defects a picture of steel shows, or none ("background"), with the probability of each."""
        with complaining():
            path, name = upload(patch)
            item = {"file": name, **classify_file(inspector, path, name)}
        return {"items": [item], **item}

    open_door(classify_steel, **CPU)


def publish(tools: SteelTools) -> None:
    """Register the generator's endpoints in the running `gr.Blocks`."""

    def add_defect(
        plate: FileData, defect: str, strength: float = 1.0, seed: int = 0, mask: FileData | None = None
    ) -> dict[str, Any]:
        """Put a defect on a picture of clean steel; with a mask of its size only where that is white."""
        with complaining():
            name = tools.maker.check_defect(text("defect", defect))
        return changed(tools, plate, name, Asked(strength, seed, mask))

    def erase_defect(plate: FileData, strength: float = 1.0, mask: FileData | None = None) -> dict[str, Any]:
        """Wipe defects off a picture of steel; with a mask of its size only where that is white."""
        return changed(tools, plate, CLEAN, Asked(strength, 0, mask))

    def synthesize_steel(defect: str = "all", n: int = 10, seed: int = 0, background: bool = False) -> dict[str, Any]:
        """A set of synthetic patches, `n` of one class or of "all", made from drawn clean steel; `background`: and n of that."""
        with complaining(), folder_to_fill() as folder:
            wanted = tools.maker.defects if text("defect", defect) == "all" else (defect,)
            count, chance = whole_number("n", n, MOST_PATCHES, 1), whole_number("seed", seed, MOST_SEED)
            order = SetOrder(wanted, count, chance, background=flag("background", background))
            began = time.perf_counter()
            answer = write_set(tools, order, folder)
        return {**as_files(answer), "seconds": round(time.perf_counter() - began, 3)}

    for endpoint in (add_defect, erase_defect, synthesize_steel):
        open_door(endpoint, **CPU)


@dataclass(frozen=True, slots=True)
class Asked:
    """How and where, as a program sent it: nothing of it is checked yet."""

    strength: Any
    seed: Any
    mask: Any


def changed(tools: SteelTools, plate: Any, name: str, asked: Asked) -> dict[str, Any]:
    """The contract's answer with its file, for a class of defect or `CLEAN`."""
    with complaining(), folder_to_fill() as folder:
        path, title = upload(plate)
        picture = read_plate(path, title)
        region = read_region(upload(asked.mask)[0], picture.size_hw) if asked.mask is not None else None
        brush = Brush(number("strength", asked.strength), whole_number("seed", asked.seed, MOST_SEED), region)
        made = make(tools, picture, name, brush)
        ending = "erased" if name == CLEAN else name
        answer: dict[str, Any] = as_files(write_defect(made, tools, folder / f"{Path(title).stem[:40] or 'plate'}_{ending}.png"))
    return answer
