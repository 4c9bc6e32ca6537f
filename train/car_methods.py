"""The two ways to rust a car that the evaluation compares: ours (onset map and rust layer) and the paper's (CycleGAN)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from car_cyclegan import LEVELS, to_network, to_picture
from car_pictures import GREY, Picture, height_of, masked

from corrovis.car.ageing import Ager, compose, rust_fraction
from corrovis.car.onset import ONSET_UNIT
from corrovis.networks.resnet_generator import STRIDE, ResnetGenerator
from corrovis.results import CarMask, Photo
from corrovis.store import Store

GRID = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
WHOLE = (0.0, 1.0, 2.0, 3.0)
STEP = 2  # grey levels a network may differ by through rounding before a pixel counts as changed


@dataclass(frozen=True)
class Rusted:
    """One clean photo at several levels, by one method.

    Shape:
        pictures: level -> (H, W, 3) uint8; level 0 is the photo
        car: (H, W) bool, where the method was told the car is
        paint: (H, W) bool, what of it can rust
        onset: (H, W) float32, level at which a pixel is half rust; None where the method has no such thing
        rust: level -> share of the paint that the method itself calls rust; empty likewise
        leak: share of the pixels outside the car that came out changed, over all levels
    """

    source: Picture
    pictures: dict[float, np.ndarray]
    car: np.ndarray
    paint: np.ndarray
    onset: np.ndarray | None
    rust: dict[float, float]
    leak: float


class Ours:
    """The shipped pipeline."""

    def __init__(self, store: Store) -> None:
        self.ager = Ager(store)

    def rust(self, source: Picture, mask: CarMask) -> Rusted:
        aged = self.ager.age(Photo(source.rgb, source.name), mask)
        pictures = {level: compose(aged, level) for level in GRID}
        outside = ~mask.car
        changed = np.any([(made != source.rgb).any(axis=2) for made in pictures.values()], axis=0)
        return Rusted(
            source=source,
            pictures=pictures,
            car=mask.car,
            paint=mask.paint > 0.5,
            onset=aged.onset.astype(np.float32) * ONSET_UNIT,
            rust={level: rust_fraction(aged, level) for level in WHOLE},
            leak=float(changed[outside].mean()) if outside.any() else 0.0,
        )


class Paper:
    """Three generators of a `car_cyclegan.py` checkpoint; cars are brought to the size that they were trained at."""

    def __init__(self, checkpoint: Path) -> None:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        self.config, self.step = state["config"], int(state["step"])
        self.side = int(self.config["side"])
        self.generators = {}
        for level, name in enumerate(LEVELS, start=1):
            network = ResnetGenerator(self.config["ngf"], self.config["blocks"])
            prefix = f"none_to_{name}."
            network.load_state_dict({k.removeprefix(prefix): v for k, v in state["generators"].items() if k.startswith(prefix)})
            self.generators[float(level)] = network.eval()

    def rust(self, source: Picture, mask: CarMask) -> Rusted:
        """The generators' pictures, enlarged to the photo and put into it inside the mask; `leak` is taken before that."""
        height, width = source.rgb.shape[:2]
        scale = self.side / height_of(mask.car)
        size = max(STRIDE, round(width * scale)), max(STRIDE, round(height * scale))
        small = cv2.resize(source.rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        car = cv2.resize(mask.car.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        shown = masked(small, car) if self.config["mask"] else small
        padded = cv2.copyMakeBorder(shown, 0, -size[1] % STRIDE, 0, -size[0] % STRIDE, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
        pictures, leaks = {0.0: source.rgb}, []
        for level, network in self.generators.items():
            with torch.inference_mode():
                made = to_picture(network(to_network(padded)))[: size[1], : size[0]]
            if not car.all():
                leaks.append((np.abs(made.astype(int) - shown).max(axis=2) > STEP)[~car].mean())
            full = cv2.resize(made, (width, height), interpolation=cv2.INTER_CUBIC)
            pictures[level] = np.where(mask.car[..., None], full, source.rgb)
        return Rusted(source, pictures, mask.car, mask.paint > 0.5, None, {}, float(np.mean(leaks)) if leaks else 0.0)
