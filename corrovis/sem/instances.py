"""What YOLOv8-seg finds in a picture of any size: boxes, scores, masks.  The one adapter of its raw output.

Tiles overlap, and a detection counts in the tile in whose inner part its middle lies, so that what a tile's rim cuts in two is
found whole next door and once.  A network knows instances of the sizes that it learned from: wider ones are looked for in the
picture made smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_convert, nms

from corrovis.networks.yolo_seg import COEFFICIENTS, PROTOTYPE_STRIDE, YoloSeg
from corrovis.resizing import resized, scaled
from corrovis.results import Byte, Float
from corrovis.sem.preparing import picture_input
from corrovis.tiles import windows

WIDE = 48.0  # pixels of the picture asked about; what is smaller is found there
SAME = 0.6  # boxes that share more than this of their union show one instance


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One detection.

    Shape:
        box_xyxy: (4,) float32, in the pixels of the picture that the network saw
        logits: (h, w) float32, the mask's on the grid of prototypes, whose first cell lies at `corner` (x, y)
    The picture that the network saw was `shrunk` to this share of the one asked about.
    """

    box_xyxy: Float
    score: float
    logits: Float
    corner: tuple[int, int]
    shrunk: float = 1.0

    @property
    def box_asked(self) -> Float:
        """(4,) float32, in the pixels of the picture asked about."""
        return np.asarray(self.box_xyxy / np.float32(self.shrunk), np.float32)


def detect(network: YoloSeg, x: torch.Tensor, least: float) -> list[Instance]:
    """Instances of at least `least` score in one (1, 3, h, w) picture, best first."""
    with torch.inference_mode():
        detections, prototypes = network(x)
    rows = detections[0].T
    scores = rows[:, 4:-COEFFICIENTS].amax(dim=1)
    rows, scores = rows[scores >= least], scores[scores >= least]
    boxes = box_convert(rows[:, :4], "cxcywh", "xyxy")
    found = []
    for i in nms(boxes, scores, SAME).tolist():
        logits = torch.einsum("c,chw->hw", rows[i, -COEFFICIENTS:], prototypes[0]).numpy()
        found.append(Instance(boxes[i].numpy(), float(scores[i]), logits, (0, 0)))
    return found


def detect_sizes(network: YoloSeg, rgb: Byte, tiling: tuple[int, int], least: float, shrunk: list[float]) -> list[Instance]:
    """The same as `detect_tiled`, and what is wider than `WIDE` in the picture `shrunk` to each of these shares; best first."""
    found = detect_tiled(network, rgb, tiling, least)
    for share in shrunk:
        small = resized(rgb, scaled(rgb.shape, share))
        seen = [replace(one, shrunk=share) for one in detect_tiled(network, small, tiling, least)]
        for one in seen:
            if float(np.ptp(one.box_asked.reshape(2, 2), axis=0).max()) > WIDE:
                found = _joined(found, one)
    return sorted(found, key=lambda one: -one.score)


def detect_tiled(network: YoloSeg, rgb: Byte, tiling: tuple[int, int], least: float) -> list[Instance]:
    """The same for (H, W, 3) uint8 of any size, in tiles of `tiling` = (side, overlap); best first."""
    side, overlap = tiling
    kept = []
    for rows, columns in windows(rgb.shape[:2], side, overlap):
        corner = np.array([columns.start, rows.start, columns.start, rows.start], np.float32)
        for one in detect(network, picture_input(np.ascontiguousarray(rgb[rows, columns])), least):
            box = one.box_xyxy + corner
            middle = (box[:2] + box[2:]) / 2
            spans = zip(middle, (columns, rows), (rgb.shape[1], rgb.shape[0]), strict=True)
            if all(_inner(at, span, length, overlap) for at, span, length in spans):
                kept.append(Instance(box, one.score, one.logits, (columns.start, rows.start)))
    return _once(kept)


def _once(found: list[Instance]) -> list[Instance]:
    """Each instance once, best first."""
    if not found:
        return []
    boxes, scores = torch.from_numpy(np.stack([one.box_asked for one in found])), torch.tensor([one.score for one in found])
    return [found[i] for i in nms(boxes, scores, SAME).tolist()]


def _joined(found: list[Instance], wide: Instance) -> list[Instance]:
    """With `wide`, unless something surer lies in it or around it; less sure parts of it go."""
    if not found:
        return [wide]
    boxes, own = np.stack([one.box_asked for one in found]), wide.box_asked
    sides = (np.minimum(boxes[:, 2:], own[2:]) - np.maximum(boxes[:, :2], own[:2])).clip(0)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    alike = sides.prod(axis=1) > SAME * np.minimum(areas, (own[2:] - own[:2]).prod())
    if any(one.score >= wide.score for one, same in zip(found, alike, strict=True) if same):
        return found
    return [*(one for one, same in zip(found, alike, strict=True) if not same), wide]


def _inner(at: float, span: slice, length: int, overlap: int) -> bool:
    """Whether a middle lies further than a third of the overlap from the rims of its tile that are not the picture's own."""
    rim = overlap / 3
    return bool((span.start == 0 or at >= span.start + rim) and (span.stop == length or at < span.stop - rim))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a network finds in a picture: the arrays of a `CorrosionMap`."""

    labels: Byte
    regions: NDArray[np.int32]
    probability: Float
    scores: Float
    boxes: NDArray[np.int32] | None = None


def paint(instances: list[Instance], size_hw: tuple[int, int], scale: tuple[float, float]) -> Found:
    """What of the instances shows in a field of (H, W), numbered from 1, best first; the probability is the instance's score.

    `scale` is (x, y), field pixels per pixel of the picture asked about.  Logits are brought to the field's pixels
    before the threshold, so that outlines are as smooth as the field; a pixel of two instances is the better one's.
    """
    regions, score = np.zeros(size_hw, np.int32), np.zeros(size_hw, np.float32)
    scores: list[float] = []
    boxes: list[NDArray[np.int32]] = []
    for one in instances:
        box = one.box_asked * np.array([*scale, *scale])
        x0, y0 = np.maximum(np.floor(box[:2]), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(box[2:]), size_hw[::-1]).astype(int)
        if x1 <= x0 or y1 <= y0:
            continue
        across, down = scale[0] / one.shrunk, scale[1] / one.shrunk
        x, y = np.meshgrid(_cells(x0, x1, across, one.corner[0]), _cells(y0, y1, down, one.corner[1]))
        inside = cv2.remap(one.logits, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) > 0
        free = inside & (regions[y0:y1, x0:x1] == 0)
        if free.any():
            scores.append(one.score)
            boxes.append(np.clip(np.rint(box), 0, np.tile(size_hw[::-1], 2)).astype(np.int32))
            regions[y0:y1, x0:x1][free] = len(scores)
            score[y0:y1, x0:x1][free] = one.score
    labels = (regions > 0).astype(np.uint8)
    return Found(labels, regions, score, np.array(scores, np.float32), np.array(boxes, np.int32).reshape(-1, 4))


def _cells(start: int, stop: int, scale: float, corner: int) -> Float:
    """Where the middles of the field's pixels start .. stop lie on the grid of prototypes."""
    seen = (np.arange(start, stop) + 0.5) / scale - corner
    return (seen / PROTOTYPE_STRIDE - 0.5).astype(np.float32)
