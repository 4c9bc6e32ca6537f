"""How well instances are found: precision, recall, AP by COCO's definition, counts; bootstrap intervals over groups.

AP is the mean of the precision at 101 recalls (Lin et al. 2014; `COCOeval`): within a picture, findings in order of their score
each take the free true instance that they overlap most, if by the threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from bootstrap import SHARE, interval, resamples, score
from torch import from_numpy
from torchvision.ops import box_iou

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
ROUNDS = 500


@dataclass(frozen=True)
class Tile:
    """What was found in one picture and what is there.

    Shape:
        boxes, true_boxes: (n, 4) and (m, 4) x0 y0 x1 y1
        regions, true_regions: (H, W) instance numbers from 1, in the order of the boxes
        scores: (n,)
    """

    group: str
    boxes: np.ndarray
    regions: np.ndarray
    scores: np.ndarray
    true_boxes: np.ndarray
    true_regions: np.ndarray


@dataclass(frozen=True)
class Matched:
    """`box_hits`, `mask_hits`: (n, 10) bool, whether finding n is right at each threshold; `shares`: (n,) of the area."""

    group: str
    box_hits: np.ndarray
    mask_hits: np.ndarray
    scores: np.ndarray
    shares: np.ndarray
    true: int
    true_share: float


def boxes_of(regions: np.ndarray) -> np.ndarray:
    """(n, 4) boxes around the regions 1 .. n."""
    boxes = np.zeros((int(regions.max(initial=0)), 4), np.float32)
    for i in range(len(boxes)):
        y, x = np.nonzero(regions == i + 1)
        if len(y):
            boxes[i] = x.min(), y.min(), x.max() + 1, y.max() + 1
    return boxes


def mask_ious(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(n, m) IoU of the regions of two pictures of instance numbers."""
    n, m = int(found.max(initial=0)), int(true.max(initial=0))
    table = np.bincount(found.astype(np.int64).ravel() * (m + 1) + true.ravel(), minlength=(n + 1) * (m + 1)).reshape(
        n + 1, m + 1
    )
    union = table.sum(axis=1)[1:, None] + table.sum(axis=0)[None, 1:] - table[1:, 1:]
    return table[1:, 1:] / np.maximum(union, 1)


def hits(ious: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(n, 10) bool: which findings are right at each threshold, greedily by score."""
    right = np.zeros((len(scores), len(THRESHOLDS)), bool)
    if not ious.size:
        return right
    near = [i for i in np.argsort(-scores, kind="stable") if ious[i].max() >= THRESHOLDS[0]]
    for t, least in enumerate(THRESHOLDS):
        free = np.ones(ious.shape[1], bool)
        for i in near:
            overlap = np.where(free, ious[i], -1)
            if overlap.max() >= least:
                free[overlap.argmax()] = False
                right[i, t] = True
    return right


def matched(tile: Tile) -> Matched:
    boxes = box_iou(from_numpy(tile.boxes.astype(np.float32)), from_numpy(tile.true_boxes.astype(np.float32))).numpy()
    masks = mask_ious(tile.regions, tile.true_regions)
    shares = np.bincount(tile.regions.ravel(), minlength=len(tile.scores) + 1)[1:] / tile.regions.size
    true = len(tile.true_boxes), float((tile.true_regions > 0).mean())
    return Matched(tile.group, hits(boxes, tile.scores), hits(masks, tile.scores), tile.scores, shares, *true)


def average_precision(right: np.ndarray, weight: np.ndarray, true: float) -> float:
    """AP of findings, surest first, that are `right` (n,) or not and count `weight` (n,) times; `true` instances are there."""
    hit, said = np.cumsum(right * weight), np.cumsum(weight)
    precision = hit / np.maximum(said, 1e-9)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.append(best, 0)[np.searchsorted(hit / true, RECALLS)].mean())


class Pool:
    """All tiles together, their findings surest first, so that drawing tiles again is a matter of weights."""

    def __init__(self, tiles: list[Matched]) -> None:
        scores = np.concatenate([t.scores for t in tiles])
        order = np.argsort(-scores, kind="stable")
        self.scores = scores[order]
        self.tile = np.repeat(np.arange(len(tiles)), [len(t.scores) for t in tiles])[order]
        self.shares = np.concatenate([t.shares for t in tiles])[order]
        self.hits = {
            "box": np.concatenate([t.box_hits for t in tiles])[order],
            "mask": np.concatenate([t.mask_hits for t in tiles])[order],
        }
        self.true = np.array([t.true for t in tiles])
        self.true_share = np.array([t.true_share for t in tiles])

    def found(self, sure: float, weight: np.ndarray) -> dict[str, float]:
        """Precision, recall and errors of counts and areas at the working point, each tile as often as its `weight`."""
        said, of = self.scores >= sure, weight[self.tile]
        true, total = float(self.true @ weight), float((of * said).sum())
        values = {}
        for name, right in self.hits.items():
            good = float((right[:, 0] * said * of).sum())
            values |= {f"{name}_precision": good / max(total, 1e-9), f"{name}_recall": good / true}
        counts = np.bincount(self.tile, said, len(self.true))
        areas = np.bincount(self.tile, said * self.shares, len(self.true))
        values["count_error"] = abs(total - true) / true
        values["count_error_of_a_tile"] = float(np.abs(counts - self.true) @ weight) / true
        values["area_error"] = float(np.abs(areas - self.true_share) @ weight / weight.sum())
        return values

    def metrics(self, sure: float, weight: np.ndarray) -> dict[str, float]:
        """The same with AP at 0.5 and its mean over ten thresholds."""
        values, of, true = self.found(sure, weight), weight[self.tile], float(self.true @ weight)
        for name, right in self.hits.items():
            aps = [average_precision(right[:, t], of, true) for t in range(len(THRESHOLDS))]
            values |= {f"{name}_map50": aps[0], f"{name}_map50_95": float(np.mean(aps))}
        return values


def instance_summary(tiles: list[Matched], sure: float, on: str) -> dict[str, dict[str, Any]]:
    """The metrics with intervals from drawing whole groups, then tiles within them, again."""
    pool, n, group = Pool(tiles), len(tiles), np.array([tile.group for tile in tiles])
    drawn = [np.bincount(at, minlength=n).astype(float) for at in resamples(group, ROUNDS, within=True)]
    samples = [pool.metrics(sure, weight) for weight in drawn]
    found = {}
    for name, value in pool.metrics(sure, np.ones(n)).items():
        scale = (0, math.inf) if "error" in name else SHARE
        ends = interval(value, [sample[name] for sample in samples], len(np.unique(group)), scale, biased=True)
        found[name] = score(value, ends, n, on)
    return found
