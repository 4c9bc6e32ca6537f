"""The page with quick stand-ins for the trained steps, so that the browser tests test the page: `python toy.py PORT [GATE]`.

The pictures are drawn here; a car is whatever is bluer than it is red.  Composing, encoding, drawing are the real ones.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from corrovis.car.ageing import RAMP
from corrovis.car.onset import ONSET_UNIT
from corrovis.errors import NoCarError
from corrovis.manifest import read_manifest
from corrovis.results import AgedCar, CarMask, Float, Grade, Photo, Provenance
from corrovis.sem.inspection import Inspector
from corrovis.sem.layers import LayerViewer
from corrovis.sem.material import MaterialClassifier
from corrovis.sem.results import Field, Inspection
from corrovis.sem.segmentation import Segmenter
from corrovis.sem.synthesis import MODEL, Synthesiser
from corrovis.settings import WEIGHTS
from corrovis.steel.defects import DefectMaker, Variation
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.results import CLEAN, PatchVerdict, Plate
from corrovis.store import Store

MADE = Provenance("toy", "0" * 64, 0.0)


def micrograph(path: Path, seed: int = 0) -> Path:
    """180 x 240, grains with dark boundaries, written to `path`."""
    dice = np.random.default_rng(seed)
    seeds = dice.random((20, 2)) * (180, 240)
    y, x = np.mgrid[0:180, 0:240]
    nearest = np.sort(np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1]), axis=2)
    grey = np.where(nearest[..., 1] - nearest[..., 0] < 4, 40, 170)
    cv2.imwrite(str(path), dice.normal(grey, 7).clip(0, 255).astype(np.uint8))
    return path


def street(cars: int = 1, width: int = 960, height: int = 640) -> np.ndarray:
    """(H, W, 3) uint8: a beige street with blue cars, a little noise on it."""
    rgb = np.full((height, width, 3), (222, 214, 200), np.uint8)
    rgb[int(height * 0.7) :] = (128, 122, 116)
    for n in range(cars):
        left, step = (n + 0.12) * width / cars, width / cars
        body = [
            (0, 0.62),
            (0.05, 0.52),
            (0.2, 0.48),
            (0.3, 0.34),
            (0.56, 0.34),
            (0.67, 0.47),
            (0.76, 0.52),
            (0.76, 0.7),
            (0, 0.7),
        ]
        corners = np.array([(left + x * step, y * height) for x, y in body], np.int32)
        cv2.fillPoly(rgb, [corners], (48, 96, 168), cv2.LINE_AA)
        for x in (0.16, 0.6):
            cv2.circle(rgb, (int(left + x * step), int(0.69 * height)), int(0.07 * step), (30, 30, 32), -1, cv2.LINE_AA)
    noise = np.random.default_rng(7).integers(-6, 7, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


class Masker:
    def sees_car(self, photo: Photo) -> bool:
        return bool((photo.rgb[..., 2] > photo.rgb[..., 0].astype(int) + 60).any())

    def mask(self, photo: Photo, whole: bool = False, at: tuple[float, float] | None = None) -> CarMask:
        rgb = photo.rgb.astype(int)
        if whole:
            return CarMask(np.ones(photo.size_hw, bool), np.ones(photo.size_hw, np.float32), (), MADE)
        blue = (rgb[..., 2] - rgb[..., 0] > 60).astype(np.uint8)
        count, labels, stats, middles = cv2.connectedComponentsWithStats(cv2.morphologyEx(blue, cv2.MORPH_OPEN, np.ones((5, 5))))
        kept = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] > 0.01 * blue.size]
        if not kept:
            raise NoCarError("no car")
        car = np.isin(labels, kept)
        if at is not None:
            car = labels == min(kept, key=lambda n: abs(middles[n, 0] - at[0]))
        places = tuple(sorted(tuple((middles[n] / photo.size_hw[::-1]).tolist()) for n in kept))
        return CarMask(car, cv2.GaussianBlur(car.astype(np.float32), (0, 0), 1) * car, places, MADE)


class Ager:
    def age(self, photo: Photo, mask: CarMask, seed: int = 0) -> AgedCar:
        height, width = photo.size_hw
        dice = np.random.default_rng(seed)
        coarse, fine = (cv2.resize(dice.random((n, n)), (width, height), interpolation=cv2.INTER_CUBIC) for n in (9, 60))
        level = np.clip(0.2 + 3.6 * (0.75 * coarse + 0.25 * fine), RAMP, 4)
        layer = (np.array([96, 54, 34]) * (0.7 + 0.6 * fine[..., None])).clip(0, 255).astype(np.uint8)
        onset = np.ceil(level / ONSET_UNIT).clip(0, 65535).astype(np.uint16)
        return AgedCar(photo, onset, layer, np.round(mask.paint * 255).astype(np.uint8), mask, seed, MADE)


class Halting(Inspector):
    """While the file `gate` is there, as many pictures are inspected as it has bytes, and the next one waits."""

    def __init__(self, segmenter: Segmenter, gate: Path) -> None:
        super().__init__(segmenter)
        self.gate, self.passed = gate, 0

    def waits(self) -> bool:
        try:
            return self.passed >= self.gate.stat().st_size
        except FileNotFoundError:
            return False

    def inspect(self, field: Field, model: str | None = None, explain: bool = True) -> Inspection:
        while self.waits():
            time.sleep(0.05)
        self.passed = self.passed + 1 if self.gate.exists() else 0
        return super().inspect(field, model, explain)


class Grader:
    def grade(self, photo: Photo) -> Grade:
        return Grade(np.array([0.7, 0.2, 0.06, 0.04], np.float32), MADE)


STEEL = (
    *("crazing", "grooves_gouges", "inclusion", "patches", "pitted_surface"),
    *("rolled_in_scale", "rolling_dust", "scratches", "spots", CLEAN),
)


class Defects(DefectMaker):
    """Every defect is a bright bar of its own height and place; a seed moves it; erasing leaves one even grey."""

    def __init__(self) -> None:
        self.classes, self.side = STEEL, 64
        self.spec = replace(next(iter(read_manifest(WEIGHTS).values())), name="steel-pegan", classes=STEEL, input={"size": 64})

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *_: object) -> Float:
        made = grey.copy()
        for patch, name, one in zip(made, defects, variations, strict=True):
            number, seed, (height, width) = STEEL.index(name), one.seed, patch.shape
            if name == CLEAN:
                patch[:] = 0.5
                continue
            top = (7 * number + 11 * seed) % 40 * height // 64
            patch[top : top + height // 5, : width * (number + 1) // 10] = 0.95
            patch += ((seed * 2654435761 >> np.arange(width, dtype=np.int64) % 16) % 2) * np.float32(0.2)
        return made.clip(0, 1)


class Patches(PatchInspector):
    """Steel is as clean as it is dark."""

    def __init__(self) -> None:
        self.classes, self.side = STEEL, 64

    def classify(self, plate: Plate) -> PatchVerdict:
        share = float(plate.grey.mean())
        shares = np.full(len(STEEL), share / 9, np.float32)
        shares[-1] = 1 - share
        return PatchVerdict(STEEL, shares, MADE)

    def probabilities(self, grey: Float) -> Float:
        return np.full((len(grey), len(STEEL)), 0.6, np.float32)


def main() -> None:
    from corrovis.tasks.steel import SteelTools
    from corrovis.ui import page
    from corrovis.ui.materials_jobs import MaterialsLab
    from corrovis.ui.services import Services

    examples = Path(tempfile.mkdtemp())
    cv2.imwrite(str(examples / "street.png"), street()[..., ::-1])
    for folder in ("curves", "steel"):
        shutil.copytree(page.EXAMPLES / folder, examples / folder)
    page.EXAMPLES = examples
    store = Store(WEIGHTS)
    inspector = Halting(Segmenter(store), Path(*sys.argv[2:] or ["no gate"]))  # the shipped networks: they are small
    steel = SteelTools(Defects(), Patches())
    lab = MaterialsLab(LayerViewer(store), MaterialClassifier(store))
    synthesiser = Synthesiser(store) if MODEL in store else None
    tools = {"inspector": inspector, "patches": steel.inspector, "steel": steel, "materials": lab, "synthesiser": synthesiser}
    services = Services(Masker(), Ager(), Grader(), **tools)
    blocks = page.build_page(services, {}, "https://example.org/source")
    blocks.queue(max_size=page.QUEUE).launch(server_port=int(sys.argv[1]), **page.launch_options())


if __name__ == "__main__":
    main()
