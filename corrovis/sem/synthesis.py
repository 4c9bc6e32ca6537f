"""Synthetic micrographs: a material in, surfaces out that passed the checks which real pictures of that material pass.

| check | seed | measured here |
| --- | --- | --- |
| `discriminator` | discriminator score | verdict, 1 real, 0 made |
| `ssim`, `l2` | SSIM, L2 | the picture against itself after a quarter of it was lost in noise and drawn again |
| `gradient` | gradient checks | mean step between neighbours |

Each is the mean over windows of the size of training, so that a large picture is asked what a small one is.

No real picture is at hand when surfaces are made.  So the limits travel with the network: between them lie nearly all scores
of real pictures, measured alike.  A picture outside, or one that repeats another of its set, is dropped and counted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor

from corrovis.errors import BadInputError, WeightsError
from corrovis.networks.sem_gan import SERIES, SurfaceGAN
from corrovis.results import Byte, Float, Provenance, check_array, check_seed
from corrovis.sem.fields import SPREAD
from corrovis.store import Store
from corrovis.tiles import windows

MODEL, ARCHITECTURE = "sem-gan", "SurfaceGAN"
CHECKS = ("discriminator", "ssim", "l2", "gradient")
REPEAT = "repeat"
MOST, LEAST_SIDE, MOST_SIDE = 200, 64, 1024
LOST = 0.25
MARGIN = 32  # drawn around a surface and cut off: at the rim of the noise the network sees its mirror image
ATTEMPTS = 3  # pictures drawn for each wanted one, at the most
SAME = 0.9  # SSIM of two reduced pictures from which one repeats the other
REDUCED = 64
LEAST_LETTERS = 3  # of a material that is not named in full


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A synthetic micrograph and how it fared.

    Shape:
        grey: (H, W) uint8, at the usual grey levels of its material
    `number` counts the draws from `seed`, so both draw it again; `failed` names the checks that it did not pass.
    """

    synthetic: ClassVar[Literal[True]] = True
    grey: Byte
    material: str
    seed: int
    number: int
    scores: dict[str, float]
    failed: tuple[str, ...]

    def __post_init__(self) -> None:
        check_array("Surface.grey", self.grey, np.uint8, (None, None))


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """The surfaces of one request: those that passed, and those that did not; between `limits`, each check's, a score passes."""

    kept: tuple[Surface, ...]
    dropped: tuple[Surface, ...]
    limits: dict[str, tuple[float, float]]
    made_by: Provenance

    @property
    def reasons(self) -> dict[str, int]:
        """How many were dropped by each check; one picture may fail several."""
        failed = [check for surface in self.dropped for check in surface.failed]
        return {check: failed.count(check) for check in (*CHECKS, REPEAT) if check in failed}

    @property
    def scores(self) -> dict[str, float]:
        """Mean of each score over the kept surfaces; empty without any."""
        kept = self.kept
        return {check: float(np.mean([surface.scores[check] for surface in kept])) for check in CHECKS} if kept else {}


class Synthesiser:
    """Draws surfaces with one generator of a store: the shipped one, or a lab's own."""

    def __init__(self, store: Store, name: str = MODEL) -> None:
        self.store, self.spec = store, store.spec(name)
        if self.spec.arch != ARCHITECTURE:
            raise WeightsError(f"{name} is a {self.spec.arch}, which makes no surfaces; train one with train/sem_gan.py")

    @property
    def materials(self) -> tuple[str, ...]:
        return self.spec.classes

    def find(self, name: str) -> str:
        """The material called so, in full or from a word's start on.  Raises BadInputError when that is none or several."""
        wanted = _plain(name)
        exact = [material for material in self.materials if _plain(material) == wanted]
        found = exact or [material for material in self.materials if len(wanted) >= LEAST_LETTERS and _begins(material, wanted)]
        if len(found) != 1:
            what = f"may mean {' or '.join(found)}" if found else "is none that the generator knows"
            raise BadInputError(f"material {name!r} {what}; choose one of {', '.join(self.materials)}")
        return found[0]

    def make(
        self, material: str, count: int, seed: int = 0, side: int = 256, told: Callable[[int], None] = lambda kept: None
    ) -> Surfaces:
        """Up to `count` surfaces of `side` x `side` pixels; `told` hears how many are kept so far.

        Raises:
            BadInputError: a material, number, seed or size that cannot be
        """
        material = self.find(material)
        check_request(count, seed, side)
        network = cast(SurfaceGAN, self.store.network(self.spec.name))
        index, began = self.materials.index(material), time.perf_counter()
        kept: list[Surface] = []
        dropped: list[Surface] = []
        for number in range(ATTEMPTS * count):
            picture = draw(network, index, (seed, number), side)
            scores = score(network, index, picture)
            failed = failures(network, index, scores)
            grey = at_levels(picture, network.levels[index])
            if any(similarity(grey, other.grey) > SAME for other in kept):
                failed = (*failed, REPEAT)
            (dropped if failed else kept).append(Surface(grey, material, seed, number, scores, failed))
            told(len(kept))
            if len(kept) == count:
                break
        made_by = Provenance(self.spec.name, self.spec.sha256, time.perf_counter() - began)
        return Surfaces(tuple(kept), tuple(dropped), limits_of(network, index), made_by)


def check_request(count: int, seed: int, side: int) -> None:
    """Raise BadInputError for what no request may ask."""
    if not 1 <= count <= MOST:
        raise BadInputError(f"{count} pictures were asked for; ask for 1 to {MOST} at a time")
    check_seed(seed)
    if not LEAST_SIDE <= side <= MOST_SIDE:
        raise BadInputError(f"a side of {side} pixels was asked for; use {LEAST_SIDE} to {MOST_SIDE}")


def draw(network: SurfaceGAN, material: int, seeds: tuple[int, int], side: int) -> Float:
    """(side, side) float32 in [-1, 1]: one surface, always the same for the same seeds."""
    around = side + 2 * MARGIN
    noise = np.random.default_rng(seeds).standard_normal((1, 2 * len(SERIES), around, around), np.float32)
    with torch.inference_mode():
        picture, _ = network(torch.from_numpy(noise), _one_hot(network, material))
    return np.ascontiguousarray(picture[0, 0, MARGIN:-MARGIN, MARGIN:-MARGIN].numpy())


def score(network: SurfaceGAN, material: int, picture: Float) -> dict[str, float]:
    """The checks of one picture (H, W) in [-1, 1], real or made, in the order of `CHECKS`."""
    tiles = _tiles(picture, network.side)
    seen, chosen = torch.from_numpy(tiles)[:, None], _one_hot(network, material).expand(len(tiles), -1)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 2, *tiles.shape[1:]), np.float32))
    with torch.inference_mode():
        verdict = float(network.verdict(seen, chosen).mean())
        again = network.redraw(seen, noise.expand(len(tiles), -1, -1, -1), LOST, chosen)[:, 0].numpy()
    same = np.mean([ssim(one, other, 2.0) for one, other in zip(tiles, again, strict=True)])
    steps = np.mean([np.abs(np.diff(tiles, axis=axis)).mean() for axis in (1, 2)])
    return dict(zip(CHECKS, (verdict, float(same), float(np.square(tiles - again).mean()), float(steps)), strict=True))


def _tiles(picture: Float, side: int) -> Float:
    """(n, S, S) windows side by side over the whole picture, evenly spread; S is `side`, or less where the picture is smaller."""
    return np.stack([picture[where] for where in windows(picture.shape, side)])


def failures(network: SurfaceGAN, material: int, scores: dict[str, float]) -> tuple[str, ...]:
    """The checks whose score lies where next to no real picture's does."""
    limits = limits_of(network, material)
    return tuple(check for check, (low, high) in limits.items() if not low <= scores[check] <= high)


def limits_of(network: SurfaceGAN, material: int) -> dict[str, tuple[float, float]]:
    """Lowest and highest score of nearly all real pictures of the material in each check, with some room on either side."""
    return {check: (low, high) for check, (low, high) in zip(CHECKS, network.limits[material].tolist(), strict=True)}


def at_levels(picture: Float, levels: Tensor) -> Byte:
    """(H, W) in [-1, 1], common grey levels, to uint8 at a material's own."""
    mean, deviation = levels.tolist()
    return np.asarray(np.clip(np.round(picture * 127.5 * (deviation / SPREAD) + mean), 0, 255), np.uint8)


def similarity(first: Byte, second: Byte) -> float:
    """SSIM of two surfaces of one size, reduced: what a viewer would call the same picture."""
    small = [cv2.resize(grey, (REDUCED, REDUCED), interpolation=cv2.INTER_AREA).astype(np.float64) for grey in (first, second)]
    return ssim(small[0], small[1], max(float(np.ptp(np.stack(small))), 1.0))


def ssim(first: NDArray[np.floating], second: NDArray[np.floating], span: float) -> float:
    """Structural similarity (Wang et al. 2004) of two pictures whose values span `span`."""
    return float(structural_similarity(first, second, data_range=span))  # type: ignore[no-untyped-call]


def _begins(name: str, wanted: str) -> bool:
    """Whether the plain name, from the start of one of its words on, begins with `wanted`."""
    return any(_plain(name[word.start() :]).startswith(wanted) for word in re.finditer(r"\w+", name))


def _plain(name: str) -> str:
    """Letters and digits alone: ni20cr is Ni-20Cr."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _one_hot(network: SurfaceGAN, material: int) -> Tensor:
    chosen = torch.zeros(1, len(network.levels))
    chosen[0, material] = 1
    return chosen
