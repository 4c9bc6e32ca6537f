"""How well instances are found: precision, recall, AP by COCO's definition, counts; bootstrap intervals over groups.

AP is the mean of the precision at 101 recalls (Lin et al. 2014; `COCOeval`): within a picture, findings in order of their score
each take the free true instance that they overlap most, if by the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
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


def boxes_of(regions: np.ndarray, margin: float = 0) -> np.ndarray:
    """(n, 4) boxes around the regions 1 .. n, `margin` pixels wider on every side."""
    boxes = np.zeros((int(regions.max(initial=0)), 4), np.float32)
    for i in range(len(boxes)):
        y, x = np.nonzero(regions == i + 1)
        if len(y):
            boxes[i] = x.min() - margin, y.min() - margin, x.max() + 1 + margin, y.max() + 1 + margin
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
    for t, least in enumerate(THRESHOLDS):
        free = np.ones(ious.shape[1], bool)
        for i in np.argsort(-scores, kind="stable"):
            overlap = np.where(free, ious[i], -1)
            if len(overlap) and overlap.max() >= least:
                free[overlap.argmax()] = False
                right[i, t] = True
    return right


def matched(tile: Tile) -> Matched:
    boxes = box_iou(from_numpy(tile.boxes.astype(np.float32)), from_numpy(tile.true_boxes.astype(np.float32))).numpy()
    masks = mask_ious(tile.regions, tile.true_regions)
    shares = np.bincount(tile.regions.ravel(), minlength=len(tile.scores) + 1)[1:] / tile.regions.size
    true = len(tile.true_boxes), float((tile.true_regions > 0).mean())
    return Matched(tile.group, hits(boxes, tile.scores), hits(masks, tile.scores), tile.scores, shares, *true)


def average_precision(right: np.ndarray, scores: np.ndarray, true: int) -> float:
    """AP of findings that are `right` (n,) or not, by their scores, when there are `true` instances."""
    if true == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hit = np.cumsum(right[order])
    recall, precision = hit / true, hit / np.arange(1, len(hit) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS)
    return float(np.append(best, 0)[at].mean())


def instance_metrics(tiles: list[Matched], sure: float) -> dict[str, float]:
    """Scores of all tiles together; precision, recall and counts at the working point, a score of `sure` and an IoU of 0.5."""
    scores, true = np.concatenate([t.scores for t in tiles]), sum(t.true for t in tiles)
    values: dict[str, float] = {}
    for name, right in (
        ("box", np.concatenate([t.box_hits for t in tiles])),
        ("mask", np.concatenate([t.mask_hits for t in tiles])),
    ):
        good = int(right[scores >= sure, 0].sum())
        values[f"{name}_precision"] = good / max(1, int((scores >= sure).sum()))
        values[f"{name}_recall"] = good / true
        aps = [average_precision(right[:, t], scores, true) for t in range(len(THRESHOLDS))]
        values[f"{name}_map50"], values[f"{name}_map50_95"] = aps[0], float(np.mean(aps))
    counts = np.array([(int((t.scores >= sure).sum()), t.true) for t in tiles])
    values["count_error"] = abs(int(counts[:, 0].sum()) - true) / true
    values["count_error_of_a_tile"] = float(np.abs(counts[:, 0] - counts[:, 1]).sum() / true)
    values["area_error"] = float(np.mean([abs(t.shares[t.scores >= sure].sum() - t.true_share) for t in tiles]))
    return values


def instance_summary(tiles: list[Matched], sure: float, on: str) -> dict[str, dict[str, Any]]:
    """The metrics with intervals from drawing whole groups, then tiles within them, again."""
    groups = sorted({t.group for t in tiles})
    members = [[t for t in tiles if t.group == group] for group in groups]
    dice = np.random.default_rng(0)
    samples = []
    for _ in range(ROUNDS):
        drawn = [members[i] for i in dice.integers(0, len(members), len(members))]
        samples.append(instance_metrics([some[i] for some in drawn for i in dice.integers(0, len(some), len(some))], sure))
    value = instance_metrics(tiles, sure)
    found = {}
    for name, own in value.items():
        low, high = np.percentile([sample[name] for sample in samples], (2.5, 97.5))
        ends = {"low": min(float(low), own), "high": max(float(high), own)}
        found[name] = {"value": round(own, 4), **{k: round(v, 4) for k, v in ends.items()}, "n": len(tiles), "on": on}
    return found
