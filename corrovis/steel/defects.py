"""Puts a defect on steel, or wipes it off: PE-GAN's production and elimination, at any size and only where asked.

| here | PE-GAN 2024 |
| --- | --- |
| `add`, `produce` | production: G(clean, class) |
| `erase` | elimination: G(defect, clean) |
| noise and mirroring by seed | ours: the paper's generator makes one defect of a clean patch, always the same |

A result is `plate + strength * weight * (G(plate) - plate)`.  So strength 0, and every pixel with weight 0, keep their bits, and
a 16-bit or coloured plate keeps its depth and hue though the generator is grey.  Plates beyond `WHOLE` px go through it in
overlapping tiles, weighted so that each counts most in its middle; all are cut from one plane of noise and mirrored alike, so
that neighbours draw the same where they overlap.  What is wiped off is a defect, not the light on the plate or its grain: see
`corrovis.steel.wiping`.  What is brushed on as an object, such as a scratch, lies on steel as light as the plate: `OBJECTS`.

One patch of training shows some 64 px of steel, and the generator draws at that scale: a class that is a texture covers whatever
it is put on, evenly.  On a plate much larger than a patch a defect therefore wants a region.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from corrovis.errors import BadInputError
from corrovis.networks.pegan import STRIDE
from corrovis.results import Bool, Float, Provenance
from corrovis.steel.results import CLEAN, Brush, DefectPlate, Plate
from corrovis.steel.wiping import at_own_level, wiped
from corrovis.store import Store
from corrovis.tiles import Stitcher

MODEL = "steel-pegan"
WHOLE, OVERLAP = 256, 64
FEATHER, WIPE_FEATHER = 8.0, 2.0  # px over which a brushed defect fades in; steel on steel needs less
OBJECTS = ("grooves_gouges", "inclusion", "rolled_in_scale", "scratches")
"""Classes that lie on steel, which the generator draws anew around them, darker or brighter; others are a surface of their own.

Only what is brushed is set to the plate's light: on whole patches the inspector takes 0.86 of grooves for grooves then, not 0.98.
"""


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

    def produce(self, grey: Float, defects: list[str], seeds: list[int]) -> Float:
        """(n, H, W) in [0, 1] to the same, each with its own defect; `CLEAN` erases.  H and W at least 32."""
        variations = [Variation.of(seed, name == CLEAN) for seed, name in zip(seeds, defects, strict=True)]
        noise = torch.stack([one.noise(grey.shape[1:]) for one in variations])
        return self._generate(grey, defects, variations, noise)

    def _generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor) -> Float:
        """As `produce`, with (n, H, W) noise for each."""
        labels = torch.eye(len(self.classes))[[self.classes.index(name) for name in defects]]
        height, width = grey.shape[1:]
        planes = torch.stack([torch.from_numpy(grey) * 2 - 1, noise], dim=1)
        planes = F.pad(planes, (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")
        planes = torch.stack([one.mirrored(pair) for one, pair in zip(variations, planes, strict=True)])
        with torch.inference_mode():
            x = planes[:, :1].contiguous(memory_format=torch.channels_last)
            made = self.store.network(MODEL)(x, labels, planes[:, 1:])[:, 0]
        made = torch.stack([one.mirrored(patch) for one, patch in zip(variations, made, strict=True)])
        return np.asarray(((made[:, :height, :width] + 1) / 2).clamp(0, 1).numpy(), np.float32)

    def _changed(self, plate: Plate, name: str, brush: Brush) -> DefectPlate:
        began = time.perf_counter()
        changed = plate
        if brush.strength > 0:
            fade = WIPE_FEATHER if name == CLEAN else FEATHER
            weight = feathered(brush.region, plate.size_hw, fade) * np.float32(brush.strength)
            rows, columns = window(weight > 0, 2 * self.side if name == CLEAN else self.side)
            grey = plate.grey[rows, columns]
            made = self._tiled(grey, name, brush.seed)
            if name == CLEAN:
                made = wiped(grey, made, None if brush.region is None else brush.region[rows, columns], brush.seed)
            elif name in OBJECTS and brush.region is not None:
                made = at_own_level(grey, made)
            by = np.zeros(plate.size_hw, np.float32)
            by[rows, columns] = made - grey
            changed = plate.shifted(by * weight)
        return DefectPlate(plate, changed, name, brush, Provenance(MODEL, self.spec.sha256, time.perf_counter() - began))

    def _tiled(self, grey: Float, name: str, seed: int) -> Float:
        """(H, W) of any size through the generator; smaller than a patch is mirrored to one."""
        height, width = grey.shape
        padded = np.pad(grey, ((0, max(0, self.side - height)), (0, max(0, self.side - width))), mode="symmetric")
        stitcher = Stitcher((padded.shape[0], padded.shape[1]), WHOLE, OVERLAP, 1)
        variation = Variation.of(seed, name == CLEAN)
        noise = variation.noise(padded.shape)
        for where in stitcher.tiles():
            tile = np.ascontiguousarray(padded[where])[None]
            stitcher.add(where, self._generate(tile, [name], [variation], noise[where][None]))
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


def feathered(region: Bool | None, size_hw: tuple[int, int], fade: float = FEATHER) -> Float:
    """(H, W) in [0, 1]: 1 inside, 0 outside, rising over `fade` px within the region; the plate's own rim is no border.

    Raises:
        BadInputError: the region is of another size, or empty
    """
    if region is None:
        return np.ones(size_hw, np.float32)
    if region.shape != size_hw:
        raise BadInputError(
            f"the region is {region.shape[1]} x {region.shape[0]}, the plate {size_hw[1]} x {size_hw[0]}; they must agree"
        )
    if not region.any():
        raise BadInputError("the region is empty; paint where the defect is to go")
    ringed = np.pad(region.astype(np.uint8), 1, mode="edge")
    depth = np.asarray(cv2.distanceTransform(np.pad(ringed, 8, mode="edge"), cv2.DIST_L2, 5), np.float32)[9:-9, 9:-9]
    ramp = np.minimum(1, depth / min(fade, max(float(depth.max()), 1)))
    return np.where(region, ramp * ramp * (3 - 2 * ramp), 0).astype(np.float32)


def window(used: Bool, least: int) -> tuple[slice, slice]:
    """The rows and columns around all True pixels and half a patch to spare, at least `least` px if the plate has them."""

    def along(hit: Bool) -> slice:
        at = np.flatnonzero(hit)
        start, stop = max(0, int(at[0]) - least // 2), min(len(hit), int(at[-1]) + 1 + least // 2)
        stop = min(len(hit), max(stop, start + least))
        return slice(max(0, min(start, stop - least)), stop)

    return along(np.asarray(used.any(axis=1))), along(np.asarray(used.any(axis=0)))
