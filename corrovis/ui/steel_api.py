"""Steel's doors for programs: `/classify_steel`; and with a generator `/add_defect`, `/erase_defect` and `/synthesize_steel`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradio import FileData
from gradio.events import api

from corrovis.errors import BadInputError
from corrovis.settings import Settings
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import read_plate, read_region
from corrovis.steel.results import CLEAN, Brush
from corrovis.steel.sets import SetOrder
from corrovis.tasks.steel import verdict_record, write_defect, write_set
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder
from corrovis.ui.requests import as_files, number, text, upload, whole_number
from corrovis.ui.steel_jobs import MOST_PATCHES, SteelTools, make


def publish_inspector(inspector: PatchInspector, settings: Settings) -> None:
    """Register the endpoint that needs no generator in the running `gr.Blocks`."""

    def classify_steel(patch: FileData) -> dict[str, Any]:
        """Which of nine defects a picture of steel shows, or none ("background"), with the probability of each."""
        with complaining():
            path, name = upload(patch)
            item = {"file": name, **verdict_record(inspector.classify(read_plate(path, name, settings)))}
        return {"items": [item], **item}

    api(classify_steel, api_name="classify_steel", **CPU)


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

    def synthesize_steel(defect: str = "all", n: int = 10, seed: int = 0) -> dict[str, Any]:
        """A set of synthetic patches, `n` of one class or of "all", made from drawn clean steel."""
        folder = fresh_folder()
        with complaining():
            count = whole_number("n", n)
            if count > MOST_PATCHES:
                raise BadInputError(f"one request makes at most {MOST_PATCHES} patches of each; ask again with another seed")
            wanted = tools.maker.defects if text("defect", defect) == "all" else (defect,)
            order = SetOrder(wanted, count, whole_number("seed", seed))
            began = time.perf_counter()
            answer = write_set(tools, order, folder)
        return {**as_files(answer), "seconds": round(time.perf_counter() - began, 3)}

    for endpoint in (add_defect, erase_defect, synthesize_steel):
        api(endpoint, api_name=endpoint.__name__, **CPU)


@dataclass(frozen=True, slots=True)
class Asked:
    """How and where, as a program sent it: nothing of it is checked yet."""

    strength: Any
    seed: Any
    mask: Any


def changed(tools: SteelTools, plate: Any, name: str, asked: Asked) -> dict[str, Any]:
    """The contract's answer with its file, for a class of defect or `CLEAN`."""
    folder = fresh_folder()
    with complaining():
        path, title = upload(plate)
        picture = read_plate(path, title, tools.settings)
        region = read_region(upload(asked.mask)[0], picture.size_hw, tools.settings) if asked.mask else None
        brush = Brush(number("strength", asked.strength), whole_number("seed", asked.seed), region)
        made = make(tools, picture, name, brush)
        answer: dict[str, Any] = as_files(write_defect(made, tools.inspector, folder / f"{Path(title).stem[:60]}_{name}.png"))
    return answer
