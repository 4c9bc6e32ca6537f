"""What the steel tab does for one visitor, without a page: plate in, values for the page out.

Nothing is kept between calls but what the visitor's own `PlateVisit` says.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from corrovis.errors import BadInputError
from corrovis.resizing import resized, scaled
from corrovis.results import Bool, Byte
from corrovis.steel.brushing import depth_of
from corrovis.steel.plates import read_plate, save_plate
from corrovis.steel.results import CLEAN, Brush, MadePatch, Plate
from corrovis.steel.sets import SetOrder
from corrovis.tasks.steel import SteelTools, caption_of, make, mask_beside, shares_of, write_mask, write_set
from corrovis.ui.packing import pack
from corrovis.ui.stopping import Stoppable, StoppedError
from corrovis.ui.turn import Turn
from corrovis.ui.values import stamped, to_uri

STAGE_SIDE = 256
"""Side in pixels of the patch that the stage shows all defects on; of a larger plate the middle is taken."""
EDITOR_SIDE = 960
NARROW = 30  # px of the plate: what is brushed less widely shows little of a defect
MOST_PATCHES = 300


@dataclass(frozen=True, slots=True)
class PlateVisit:
    """Which plate a visitor looks at, and the plate after each stroke of the brush on it, where there was one.

    `narrow`: the last stroke was less than `NARROW` px wide.
    """

    path: Path
    name: str
    seed: int = 0
    strokes: tuple[Path, ...] = ()
    narrow: bool = False
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def brushed(self) -> Path | None:
        return self.strokes[-1] if self.strokes else None

    @property
    def mask(self) -> Path | None:
        """Where all strokes lie together, and of which class each is."""
        return mask_beside(self.brushed) if self.brushed else None


@dataclass(slots=True)
class SteelDesk(Stoppable):
    """A visitor's plate as it is now.  Changed in place: an answer that took long learns here what was chosen meanwhile.

    `newest` is the plate chosen last, looked at or not; whoever brushes takes `turn`, so that a stroke builds on the one before
    it, and nothing that is noted meanwhile is lost; `stopped` ends the set in the making.
    """

    visit: PlateVisit | None = None
    newest: str | None = None
    turn: Turn = field(default_factory=Turn)

    def change(self, begun: PlateVisit, **found: Any) -> bool:
        """Note what was found for the visit that it was `begun` with; False, and nothing is noted, if that plate is gone."""
        with self.turn:
            if self.visit is None or self.visit.key != begun.key:
                return False
            self.visit = replace(self.visit, **found)
            return True


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """What was painted: class `name`, or `CLEAN` to wipe, where `painted` (h, w) bool, in whatever size it was shown, is True."""

    painted: Bool
    name: str
    strength: float
    seed: int


def read(visit: PlateVisit) -> Plate:
    return read_plate(visit.path, visit.name)


def middle(plate: Plate) -> Plate:
    """The plate, or its middle `STAGE_SIDE` pixels where it is larger."""
    height, width = plate.size_hw
    top, left = max(0, (height - STAGE_SIDE) // 2), max(0, (width - STAGE_SIDE) // 2)
    return replace(plate, pixels=plate.pixels[top : top + STAGE_SIDE, left : left + STAGE_SIDE].copy())


def seen(tools: SteelTools, plate: Plate) -> dict[str, float]:
    """Probability of each class; empty without an inspector."""
    return shares_of(tools.inspector.classify(plate)) if tools.inspector else {}


def stage_value(tools: SteelTools, visit: PlateVisit) -> str:
    """What the stage shows: the patch, every defect on it and the patch wiped clean; or one line that says why not."""
    try:
        whole = read(visit)
    except BadInputError as problem:
        return stamped(key=visit.key, file=str(visit.path), problem=str(problem))
    plate = middle(whole)
    cells = []
    for name in tools.maker.classes:
        made = make(tools, plate, name, Brush(seed=visit.seed)).plate
        cells.append({"name": name, "uri": to_uri(made.eight_bit), "probabilities": seen(tools, made)})
    height, width = plate.size_hw
    came = tools.inspector.classify(whole) if tools.inspector else None
    return stamped(
        key=f"{visit.key}-{visit.seed}",
        source=visit.key,
        file=str(visit.path),
        seed=visit.seed,
        width=width,
        height=height,
        cells=cells,
        base=to_uri(plate.eight_bit),
        probabilities=seen(tools, plate),
        cropped=plate.size_hw != whole.size_hw,
        as_it_came=shares_of(came) if came else {},
        warnings=[*whole.notes, *tools.maker.notes_on(whole), *(came.notes if came else ())],
    )


def look_value(tools: SteelTools, visit: PlateVisit, name: str, strength: float) -> str:
    """What the inspector sees at a strength in between."""
    made = make(tools, middle(read(visit)), name, Brush(strength, visit.seed))
    return stamped(key=f"{visit.key}-{visit.seed}", name=name, strength=strength, look=seen(tools, made.plate))


def write_patch(tools: SteelTools, visit: PlateVisit, name: str, strength: float, folder: Path) -> Path:
    """The patch as the stage shows it, in its own depth."""
    made = make(tools, middle(read(visit)), name, Brush(strength, visit.seed))
    what = "wiped" if name == CLEAN else name
    path = folder / f"{Path(visit.name).stem[:60] or 'patch'}_{what}_strength_{strength:.2f}.png"
    save_plate(made.plate, path, caption_of(made))
    return path


def editor_picture(visit: PlateVisit) -> Byte:
    """(h, w, 3) uint8 of the plate as brushed so far, at most `EDITOR_SIDE` long and at least half of that."""
    pixels = read_plate(visit.brushed or visit.path, visit.name).eight_bit
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    long_side = max(rgb.shape[:2])
    scale = min(1.0, EDITOR_SIDE / long_side) if long_side > EDITOR_SIDE / 2 else EDITOR_SIDE / 2 / long_side
    return resized(rgb, scaled(rgb.shape, scale), cv2.INTER_CUBIC)


def brush(tools: SteelTools, visit: PlateVisit, stroke: Stroke, folder: Path) -> PlateVisit:
    """The visit with the stroke's defect put on its plate, and into its mask.  Raises BadInputError when nothing is painted."""
    plate = read_plate(visit.brushed or visit.path, visit.name)
    height, width = plate.size_hw
    grown = cv2.resize(stroke.painted.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    region = np.asarray(grown > 0, np.bool_)
    made = make(tools, plate, stroke.name, Brush(stroke.strength, stroke.seed, region))
    path = folder / f"{Path(visit.name).stem[:60] or 'plate'}_{uuid.uuid4().hex[:8]}.png"
    save_plate(made.plate, path, caption_of(made))
    before = read_plate(visit.mask).eight_bit if visit.mask else None
    write_mask(made, tools.maker.defects, path, before)
    narrow = stroke.name != CLEAN and 2 * float(depth_of(region).max()) < NARROW
    return replace(visit, strokes=(*visit.strokes, path), narrow=narrow)


def clean_folder(visit: PlateVisit, folder: Path) -> Path:
    """`folder` with nothing but the visitor's plate, as PNG: an upload's name need not end as pictures' names do."""
    save_plate(read(visit), folder / "plate.png", None)
    return folder


def write_zip(
    tools: SteelTools,
    order: SetOrder,
    folder: Path,
    progress: Callable[[MadePatch], None],
    go_on: Callable[[], None] = lambda: None,
) -> tuple[Path, list[Path], dict[str, Any]]:
    """A set as one archive, some of its patches to show, and its record; nothing of it stays if one raises `StoppedError`.

    The archive's name says class, number of each and seed.
    """
    if order.count > MOST_PATCHES:
        raise BadInputError(f"the page makes at most {MOST_PATCHES} patches of each; use corrovis synthesize steel for more")
    try:
        answer = write_set(tools, order, folder, progress, go_on)
    except StoppedError:
        shutil.rmtree(folder, ignore_errors=True)  # it is gone already if nothing was kept
        raise
    some = [path for row in zip_longest(*answer["files"].values()) for path in row if path][:18]
    return pack(folder).rename(folder.with_name(f"{archive_name(order)}.zip")), some, answer


def archive_name(order: SetOrder) -> str:
    """steel_scratches_20_seed_0"""
    named = order.defects[0] if len(order.defects) == 1 else "all"
    return f"steel_{named}{'_and_clean' if order.background else ''}_{order.count}_seed_{order.seed}"
