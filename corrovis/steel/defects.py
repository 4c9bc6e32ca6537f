"""Puts a defect on steel, or wipes it off: PE-GAN's production and elimination, at any size and only where asked.

| here | PE-GAN 2024 |
| --- | --- |
| `add`, `produce` | production: G(clean, class) |
| `erase` | elimination: G(defect, clean) |
| noise and mirroring by seed | ours: the paper's generator makes one defect of a clean patch, always the same |

A result is `plate + strength * weight * (G(plate) - plate)`.  So strength 0, and every pixel with weight 0, keep their bits, and
a 16-bit or coloured plate keeps its depth and hue though the generator is grey.  Seed and brush decide where a
defect lies: plates larger than a patch are shown to it without their light, which is added again (`LIGHT`).

Plates beyond `WHOLE` px go through it in overlapping tiles, weighted so that each counts most in its middle.  For neighbours to
draw nearly the same where they overlap, all are cut from one plane of noise, on one grid of the generator's stride, mirrored
alike, and normalised by the same means and spreads, taken of up to `MEASURED` of them.  What is left of the difference lies
within 32 px of a tile's border, and hardly counts (`STEEP`).  Tiles without brush are left out.

What is wiped off is a defect, not the light on the plate or its grain: see `corrovis.steel.wiping`.  What is brushed on as an
object, such as a scratch, lies on the plate's own steel at the plate's light: see `corrovis.steel.brushing`.  Whole patches keep
the generator's steel: at the plate's light the inspector takes 0.86 of their grooves for grooves, not 0.98.

One patch of training shows some 64 px of steel, and the generator draws at that scale: a class that is a texture covers whatever
it is put on, evenly.  On a plate much larger than a patch a defect therefore wants a region.
"""

from __future__ import annotations

import time
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from corrovis.errors import BadInputError
from corrovis.networks.pegan import STRIDE, PEGenerator
from corrovis.results import Bool, Float, Provenance
from corrovis.steel.baring import unrepeated
from corrovis.steel.brushing import AS_LIGHT, OBJECTS, faded, standing_out
from corrovis.steel.inspector import was_enlarged
from corrovis.steel.results import CLEAN, Brush, DefectPlate, Plate
from corrovis.steel.wiping import LIGHT, at_own_level, blurred, wiped
from corrovis.store import Store
from corrovis.tiles import Stitcher, windows

MODEL = "steel-pegan"
WHOLE, OVERLAP, STEEP, MEASURED = 320, 96, 4, 16
TURNED = {"scratches": 4, "grooves_gouges": 8}
"""Classes that the generator draws upright alone: of each so many times four seeds, the last four lay them across.

Of real scratches 29 in 100 lie across, of real grooves 13; a brush that is drawn out says by itself how they lie.
"""
LOUD, LOUDNESS = ("patches", "rolled_in_scale"), 1.3
"""Classes that gain by more noise than that of training, and how many times as much they get.

Chosen on training patches: their FD-Lite0 falls by 15 and 16 in 100.  Spots would gain 6, but fewer are taken for spots.
"""
DRAWN_OUT = 2.0  # times as long as wide


class DefectMaker:
    """Adds and erases defects with the store's `steel-pegan` generator."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.spec = store.spec(MODEL)
        self.classes = self.spec.classes
        self.side = int(self.spec.input["size"])

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the classes that can be added."""
        return tuple(name for name in self.classes if name != CLEAN)

    def check_defect(self, name: str) -> str:
        """The name itself, or BadInputError."""
        if name not in self.defects:
            raise BadInputError(f"no defect is called {name}; there are {', '.join(self.defects)}")
        return name

    def add(self, plate: Plate, defect: str, brush: Brush = Brush()) -> DefectPlate:  # noqa: B008
        """`plate` with a defect.  Raises BadInputError for an unknown class or a brush of another size."""
        return self._changed(plate, self.check_defect(defect), brush)

    def erase(self, plate: Plate, brush: Brush = Brush()) -> DefectPlate:  # noqa: B008
        """`plate` without its defects."""
        return self._changed(plate, CLEAN, brush)

    def notes_on(self, plate: Plate) -> list[str]:
        """Why what is put on `plate` may look unlike a real defect of it."""
        if not was_enlarged(plate.grey, self.side) and len(unrepeated(plate.pixels)) == len(plate.pixels):
            return []
        return [f"defects are drawn finer than this enlarged picture; give the {self.side} px original"]

    def produce(self, grey: Float, defects: list[str], seeds: list[int]) -> Float:
        """(n, H, W) in [0, 1] to the same, each with its own defect; `CLEAN` erases.  H and W at least 32."""
        variations = [Variation.of(seed, name == CLEAN) for seed, name in zip(seeds, defects, strict=True)]
        across = np.array([lies_across(name, seed) for name, seed in zip(defects, seeds, strict=True)], np.bool_)
        made = np.empty_like(grey, np.float32)
        for turned in (False, True):
            these = np.flatnonzero(across == turned)
            if len(these):
                patches = np.ascontiguousarray(grey[these].swapaxes(1, 2)) if turned else grey[these]
                some = [variations[i] for i in these]
                names = [defects[i] for i in these]
                noise = torch.stack([noise_for(name, one, patches.shape[1:]) for name, one in zip(names, some, strict=True)])
                found = self.generate(patches, names, some, noise)
                made[these] = found.swapaxes(1, 2) if turned else found
        return made

    def generate(
        self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, levels: Tensor | None = None
    ) -> Float:
        """As `produce`, with (n, H, W) noise for each; `levels` are those of the whole picture that the n are tiles of."""
        height, width = grey.shape[1:]
        with torch.inference_mode():
            made = self._network()(*self._inputs(grey, defects, variations, noise), levels)[:, 0]
        made = torch.stack([one.mirrored(patch) for one, patch in zip(variations, made, strict=True)])
        return np.asarray(((made[:, :height, :width] + 1) / 2).clamp(0, 1).numpy(), np.float32)

    def _inputs(
        self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the generator takes: patches, labels and noise, padded to its stride and mirrored."""
        labels = torch.eye(len(self.classes))[[self.classes.index(name) for name in defects]]
        height, width = grey.shape[1:]
        planes = torch.stack([torch.from_numpy(grey) * 2 - 1, noise], dim=1)
        planes = F.pad(planes, (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")
        planes = torch.stack([one.mirrored(pair) for one, pair in zip(variations, planes, strict=True)])
        return planes[:, :1].contiguous(memory_format=torch.channels_last), labels, planes[:, 1:]

    def _network(self) -> PEGenerator:
        return cast(PEGenerator, self.store.network(MODEL))

    def _changed(self, plate: Plate, name: str, brush: Brush) -> DefectPlate:
        began = time.perf_counter()
        weight, changed = np.zeros(plate.size_hw, np.float32), plate
        if brush.strength > 0:
            used = checked(brush.region, plate.size_hw)
            where = window(used, 2 * self.side if name == CLEAN else self.side)
            grey, region = plate.grey[where], None if brush.region is None else used[where]
            drawn = self._drawn(grey, name, region, brush.seed)
            weight[where] = faded(used[where], name, brush)
            if region is not None and name in OBJECTS:
                weight[where] *= standing_out(drawn, region)
            by = np.zeros(plate.size_hw, np.float32)
            by[where] = (drawn - grey) * weight[where] * brush.strength
            changed = plate.shifted(by)
        lies = np.asarray(weight > (0 if name == CLEAN else 0.5), np.bool_)
        made_by = Provenance(MODEL, self.spec.sha256, time.perf_counter() - began)
        return DefectPlate(plate, changed, name, brush, lies, made_by)

    def _drawn(self, grey: Float, name: str, region: Bool | None, seed: int) -> Float:
        """(H, W) in [0, 1]: what is to be seen in the region, or on the whole plate."""
        wanted = np.ones(grey.shape, np.bool_) if region is None else region
        if name == CLEAN:
            return wiped(grey, self._tiled(grey, name, seed, wanted), region, seed)
        light = np.zeros_like(grey)
        if region is not None or max(grey.shape) > self.side:
            light = blurred(grey, LIGHT) - np.median(grey)
        if lies_across(name, seed, region):
            upright = np.ascontiguousarray((grey - light).T)
            made = self._tiled(upright, name, seed, np.ascontiguousarray(wanted.T)).T + light
        else:
            made = self._tiled(grey - light, name, seed, wanted) + light
        return made if region is None else at_own_level(grey, made, 1 if name in AS_LIGHT else 0.5)

    def _tiled(self, grey: Float, name: str, seed: int, wanted: Bool) -> Float:
        """(H, W) of any size through the generator where it is `wanted`; smaller than a patch is mirrored to one."""
        height, width = grey.shape
        padded = np.pad(grey, ((0, max(0, self.side - height)), (0, max(0, self.side - width))), mode="symmetric")
        stitcher = Stitcher((padded.shape[0], padded.shape[1]), OVERLAP, 1)
        variation = Variation.of(seed, name == CLEAN)
        noise = noise_for(name, variation, padded.shape)
        tiles = windows(padded.shape, WHOLE, OVERLAP, STRIDE)
        used = [where for where in tiles if wanted[where].any()]
        levels = None
        if len(tiles) > 1:
            some = [used[i] for i in np.unique(np.linspace(0, len(used) - 1, MEASURED).round().astype(int))]
            inputs = [self._inputs(padded[where][None], [name], [variation], noise[where][None]) for where in some]
            with torch.inference_mode():
                levels = self._network().levels(*(torch.cat(each) for each in zip(*inputs, strict=True)))
        for where in tiles:
            tile = padded[where][None]
            drawn = self.generate(tile, [name], [variation], noise[where][None], levels) if where in used else tile
            stitcher.add(where, drawn, STEEP)
        return stitcher.whole()[0, :height, :width]


class Variation:
    """What a seed changes: noise on the patch, and which way round the generator sees it.  The seed 0 mirrors nothing."""

    def __init__(self, seed: int, across: bool, down: bool, quiet: bool) -> None:
        self.seed, self.quiet = seed, quiet
        self.axes = [axis for axis, flip in ((-1, across), (-2, down)) if flip]

    @classmethod
    def of(cls, seed: int, quiet: bool) -> Variation:
        """`quiet`: erasing needs no chance, so nothing varies."""
        return cls(seed, bool(seed & 1) and not quiet, bool(seed & 2) and not quiet, quiet)

    def mirrored(self, patch: Tensor) -> Tensor:
        """(..., H, W); its own inverse."""
        return patch.flip(self.axes) if self.axes else patch

    def noise(self, size_hw: tuple[int, ...]) -> Tensor:
        """(H, W): a plane of normal noise, or of zeros."""
        if self.quiet:
            return torch.zeros(size_hw)
        return torch.randn(size_hw, generator=torch.Generator().manual_seed(self.seed))


def noise_for(name: str, variation: Variation, size_hw: tuple[int, ...]) -> Tensor:
    """(H, W): what a class is drawn from."""
    return variation.noise(size_hw) * (LOUDNESS if name in LOUD else 1)


def lies_across(name: str, seed: int, region: Bool | None = None) -> bool:
    """Whether a scratch or groove lies from left to right: as the brush was drawn out, or else as the seed says."""
    if name not in TURNED:
        return False
    if region is not None:
        columns, rows = (_spread(region.sum(axis=axis)) for axis in (0, 1))
        if max(columns, rows) > DRAWN_OUT * min(columns, rows):
            return columns > rows
    return seed // 4 % TURNED[name] == TURNED[name] - 1


def _spread(counts: np.ndarray[tuple[int], np.dtype[np.integer[Any]]]) -> float:
    """Standard deviation of the places that were counted."""
    at = np.arange(len(counts))
    return float(np.sqrt(np.cov(at, fweights=counts, ddof=0)))


def checked(region: Bool | None, size_hw: tuple[int, int]) -> Bool:
    """The region, or the whole plate.  Raises BadInputError when it is of another size, or empty."""
    if region is None:
        return np.ones(size_hw, np.bool_)
    if region.shape != size_hw:
        raise BadInputError(
            f"the region is {region.shape[1]} x {region.shape[0]}, the plate {size_hw[1]} x {size_hw[0]}; they must agree"
        )
    if not region.any():
        raise BadInputError("the region is empty; paint where the defect is to go")
    return region


def window(used: Bool, least: int) -> tuple[slice, slice]:
    """The rows and columns around all True pixels and half a patch to spare, at least `least` px if the plate has them."""

    def along(hit: Bool) -> slice:
        at = np.flatnonzero(hit)
        start, stop = max(0, int(at[0]) - least // 2), min(len(hit), int(at[-1]) + 1 + least // 2)
        stop = min(len(hit), max(stop, start + least))
        return slice(max(0, min(start, stop - least)), stop)

    return along(np.asarray(used.any(axis=1))), along(np.asarray(used.any(axis=0)))
