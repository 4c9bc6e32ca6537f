"""Where a field is corroded: `Field` in, `CorrosionMap` out, in the field's own pixels.

The record of a model says how it wants to see a field (`corrovis.sem.preparing`), in tiles of which `size` and `overlap`, and if
also in the mirror.  Probabilities are enlarged to the field's pixels before classes are taken, so that outlines are smooth at any
size.  Where corrosion comes in instances (pits), `extent` says how far each reaches and `sure` which to believe.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from corrovis.manifest import WeightSpec
from corrovis.networks.yolo_seg import YoloSeg
from corrovis.results import Byte, Float, Provenance
from corrovis.sem.instances import Found, detect_sizes, paint
from corrovis.sem.preparing import picture_input, prepared
from corrovis.sem.results import MODELS, CorrosionMap, Field
from corrovis.store import Store
from corrovis.tiles import Stitcher, windows

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
        found = look(network, field.specimen, spec.input)
        return CorrosionMap(
            labels=field.framed(found.labels),
            regions=field.framed(found.regions),
            probability=field.framed(found.probability),
            scores=found.scores,
            boxes=None if found.boxes is None else found.boxes + np.array([0, field.rows[0]] * 2, np.int32),
            classes=spec.classes,
            rows=field.rows,
            made_by=Provenance(model, spec.sha256, time.perf_counter() - began),
            instances=finds_instances(spec.input),
        )


def finds_instances(how: dict[str, Any]) -> bool:
    """Whether each region is one thing, to be counted: there is a limit to how sure one has to be of it in a record's `input`."""
    return "sure" in how


def draws_instances(spec: WeightSpec) -> bool:
    """Whether the network of `spec` answers with whole instances, each of one probability, instead of pixels."""
    return spec.arch == YoloSeg.__name__


def look(network: nn.Module, rgb: Byte, how: dict[str, Any]) -> Found:
    """What `network` finds in (H, W, 3) uint8, in its own pixels; `how` is the record's `input`."""
    seen, tiling = prepared(rgb, how), (int(how["size"]), int(how["overlap"]))
    height, width = rgb.shape[:2]
    if isinstance(network, YoloSeg):
        instances = detect_sizes(network, seen, tiling, float(how["sure"]), how.get("shrunk", []))
        return paint(instances, (height, width), (width / seen.shape[1], height / seen.shape[0]))
    p = classes_of(network, seen, how)
    if seen.shape[:2] != (height, width):
        p = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in p])
    labels, regions, scores = regions_of(p, InstanceRule.of(how))
    return Found(labels, regions, np.asarray(1 - p[0], np.float32).clip(0, 1), scores)


def classes_of(network: nn.Module, seen: Byte, how: dict[str, Any]) -> Float:
    """(classes, H, W) probabilities of a picture as the network wants to see it, if so recorded also in the mirror."""
    tiling = int(how["size"]), int(how["overlap"])
    p = tiled(network, seen, *tiling)
    if not how.get("mirror"):
        return p
    turned = tiled(network, np.ascontiguousarray(seen[:, ::-1]), *tiling)
    return np.asarray((p + turned[:, :, ::-1]) / 2, np.float32)


def tiled(network: nn.Module, rgb: Byte, side: int, overlap: int) -> Float:
    """(classes, H, W) float32 probabilities of a picture of any size, tile by tile."""
    stitcher: Stitcher | None = None
    for where in windows(rgb.shape[:2], side, overlap):
        tile = np.ascontiguousarray(rgb[where])
        with torch.inference_mode():
            logits = network(picture_input(tile))[0, :, : tile.shape[0], : tile.shape[1]]
            found = logits.softmax(dim=0).numpy()
        stitcher = stitcher or Stitcher(rgb.shape[:2], overlap, len(found))
        stitcher.add(where, found)
    assert stitcher is not None, "a picture has at least one tile"
    return stitcher.whole()


@dataclass(frozen=True, slots=True)
class InstanceRule:
    """What makes an instance of corrosion: pixels of a probability above `extent` that hang together, `sure` on average."""

    extent: float
    sure: float
    least_px: int

    @classmethod
    def of(cls, how: dict[str, Any]) -> InstanceRule | None:
        """The rule in a record's `input`; None of a network that gives every pixel its most likely class."""
        return cls(how["extent"], how["sure"], how["least_px"]) if "extent" in how else None


def regions_of(p: Float, single: InstanceRule | None = None) -> tuple[Byte, NDArray[np.int32], Float]:
    """Labels (H, W), region numbers (H, W) and scores (n,) of (classes, H, W) probabilities; specks are background.

    A pixel is of its most likely class; with `single`, of the one class there is, by the thresholds.
    """
    least_px = single.least_px if single else LEAST_PX
    labels = (1 - p[0] > single.extent if single else p.argmax(axis=0)).astype(np.uint8)
    regions = np.zeros(labels.shape, np.int32)
    count = 0
    for index in range(1, len(p)):
        _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == index).astype(np.uint8), connectivity=8)
        kept = stats[:, cv2.CC_STAT_AREA] >= least_px
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept) + count, 0).astype(np.int32)
        regions += numbers[parts]
        count += int(kept.sum())
    labels[regions == 0] = 0
    areas = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    own = np.take_along_axis(p, labels[None].astype(np.int64), axis=0)[0]
    sums = np.bincount(regions.ravel(), own.ravel(), minlength=count + 1)[1:]
    scores = (sums / np.maximum(areas, 1)).clip(0, 1).astype(np.float32)
    return _believed(labels, regions, scores, single.sure) if single else (labels, regions, scores)


def _believed(labels: Byte, regions: NDArray[np.int32], scores: Float, sure: float) -> tuple[Byte, NDArray[np.int32], Float]:
    """The same without regions whose score is below `sure`, numbered from 1 again."""
    believed = scores >= sure
    numbers = np.concatenate([[0], np.where(believed, np.cumsum(believed), 0)]).astype(np.int32)
    regions = numbers[regions]
    return np.where(regions > 0, labels, 0).astype(np.uint8), regions, scores[believed]
