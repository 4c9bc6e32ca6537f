"""Where a field is corroded: `Field` in, `CorrosionMap` out, in the field's own pixels.

The record of a model says how it wants to see a field: `size` and `overlap` of the tiles, `levels` (micrographs are brought to
common grey levels first), `long_side`, to which photos are reduced, `mirror` where they are seen mirrored as well.
Probabilities are enlarged to the field's pixels before the most likely class is taken, so that outlines are smooth at any size.
"""

from __future__ import annotations

import time
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from corrovis.manifest import WeightSpec
from corrovis.results import Byte, Float, Provenance
from corrovis.sem.fields import Stitcher, normalise
from corrovis.sem.results import CorrosionMap, Field
from corrovis.store import Store

MODELS = ("ni20cr", "pits304", "steel-structures")
"""Names of the contract; which of them are there, the store knows."""
T = TypeVar("T", bound=np.generic)
STRIDE = 32
LEAST_PX = 9  # smaller specks are noise


class Segmenter:
    """Maps corrosion with the store's networks."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(name for name in MODELS if name in self.store)

    def segment(self, field: Field, model: str) -> CorrosionMap:
        """Labels, regions and probabilities of `field` by `model`.  Raises WeightsError when there is no such model."""
        spec, network = self.store.spec(model), self.store.network(model)
        began = time.perf_counter()
        seen = as_seen(field.specimen, spec)
        side, overlap = int(spec.input["size"]), int(spec.input["overlap"])
        p = tiled(network, seen, side, overlap)
        if spec.input.get("mirror"):
            turned = tiled(network, np.ascontiguousarray(seen[:, ::-1]), side, overlap)
            p = np.asarray((p + turned[:, :, ::-1]) / 2, np.float32)
        height, width = field.specimen.shape[:2]
        if seen.shape[:2] != (height, width):
            p = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in p])
        labels, regions, scores = regions_of(p)
        outside = (field.rows[0], field.size_hw[0] - field.rows[1])
        return CorrosionMap(
            labels=_framed(labels, outside),
            regions=_framed(regions, outside),
            probability=_framed(np.asarray(1 - p[0], np.float32).clip(0, 1), outside),
            scores=scores,
            classes=spec.classes,
            rows=field.rows,
            made_by=Provenance(model, spec.sha256, time.perf_counter() - began),
        )


def as_seen(rgb: Byte, spec: WeightSpec) -> Byte:
    """(H, W, 3) uint8 as the network was shown pictures in training: grey levels normalised, photos reduced."""
    if spec.input.get("levels") == "normalised":
        grey = normalise(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
        rgb = np.repeat(grey[..., None], 3, axis=2)
    height, width = rgb.shape[:2]
    scale = min(spec.input.get("long_side", max(height, width)) / max(height, width), 1.0) * spec.input.get("enlarge", 1)
    if scale == 1:
        return rgb
    size = max(STRIDE, round(width * scale)), max(STRIDE, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def to_input(rgb: Byte) -> torch.Tensor:
    """(h, w, 3) uint8 to (1, 3, h', w') in [-1, 1]; the rim is mirrored out to multiples of `STRIDE`."""
    height, width = rgb.shape[:2]
    padded = cv2.copyMakeBorder(rgb, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REFLECT_101)
    return torch.from_numpy(padded.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)


def tiled(network: nn.Module, rgb: Byte, side: int, overlap: int) -> Float:
    """(classes, H, W) float32 probabilities of a picture of any size, tile by tile."""
    stitcher: Stitcher | None = None
    for where in Stitcher(rgb.shape[:2], side, overlap, 0).tiles():
        tile = np.ascontiguousarray(rgb[where])
        with torch.inference_mode():
            logits = network(to_input(tile))[0, :, : tile.shape[0], : tile.shape[1]]
            found = logits.softmax(dim=0).numpy()
        stitcher = stitcher or Stitcher(rgb.shape[:2], side, overlap, len(found))
        stitcher.add(where, found)
    assert stitcher is not None, "a picture has at least one tile"
    return stitcher.whole()


def regions_of(p: Float) -> tuple[Byte, NDArray[np.int32], Float]:
    """Labels (H, W), region numbers (H, W) and scores (n,) of (classes, H, W) probabilities; specks are background."""
    labels = p.argmax(axis=0).astype(np.uint8)
    regions = np.zeros(labels.shape, np.int32)
    count = 0
    for index in range(1, len(p)):
        _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == index).astype(np.uint8), connectivity=8)
        kept = stats[:, cv2.CC_STAT_AREA] >= LEAST_PX
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept) + count, 0).astype(np.int32)
        regions += numbers[parts]
        count += int(kept.sum())
    labels[regions == 0] = 0
    areas = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    own = np.take_along_axis(p, labels[None].astype(np.int64), axis=0)[0]
    sums = np.bincount(regions.ravel(), own.ravel(), minlength=count + 1)[1:]
    return labels, regions, (sums / np.maximum(areas, 1)).clip(0, 1).astype(np.float32)


def _framed(plane: NDArray[T], outside: tuple[int, int]) -> NDArray[T]:
    """A plane of the specimen with empty rows where the data bar lies."""
    return np.ascontiguousarray(np.pad(plane, (outside, (0, 0))))
