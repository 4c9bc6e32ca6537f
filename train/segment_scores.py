"""How well a segmenter segments: scores of a field, and their means with bootstrap intervals over groups of fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bootstrap import SHARE, interval, mean_over_groups, resamples, score
from segment_views import UNKNOWN, Labelled
from sklearn.metrics import average_precision_score, roc_auc_score

SAMPLE = 200_000


def best_elsewhere(curves: np.ndarray, group: np.ndarray, names: Sequence[str] = ()) -> dict[str, int]:
    """For each group, and each other one of `names`, the level that is best for all fields but its own.

    Shape:
        curves: (n, levels), the worth of each level for each field
        group: (n,) names
    """
    return {str(name): int(curves[group != name].mean(axis=0).argmax()) for name in [*np.unique(group), *names]}


def confusion_of(found: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) pixel counts; rows: labelled, columns: found."""
    known = truth != UNKNOWN
    return np.bincount(truth[known].astype(int) * classes + found[known], minlength=classes**2).reshape(classes, classes)


def class_ious(table: np.ndarray) -> np.ndarray:
    """(classes,) intersection over union; NaN for a class that is neither labelled nor found."""
    hit = np.diag(table).astype(float)
    union = table.sum(axis=0) + table.sum(axis=1) - hit
    return np.divide(hit, union, out=np.full(len(hit), np.nan), where=union > 0)


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Of two masks (H, W) bool; 0 where both are empty."""
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def field_ious(field: Labelled, corroded: np.ndarray) -> np.ndarray:
    """(2,) IoU of background and of corrosion, where (H, W) bool was found `corroded`."""
    return class_ious(confusion_of(corroded.astype(np.uint8), field.mask, 2))


def field_scores(field: Labelled, p: np.ndarray) -> dict[str, Any]:
    """Scores of one binary field: `p` (2, H, W) probabilities."""
    known = field.mask != UNKNOWN
    table = confusion_of(p.argmax(axis=0), field.mask, 2)
    background, corroded = class_ious(table)
    drawn = np.random.default_rng(0).choice(int(known.sum()), min(SAMPLE, int(known.sum())), replace=False)
    truth, score = field.mask[known][drawn], p[1][known][drawn]
    hit = table[1, 1]
    values = {
        "miou": (background + corroded) / 2,
        "corroded_iou": corroded,
        "precision": hit / max(table[:, 1].sum(), 1),
        "recall": hit / max(table[1].sum(), 1),
        "roc_auc": roc_auc_score(truth, score),
        "pr_auc": average_precision_score(truth, score),
        "area_error": abs(table[:, 1].sum() - table[1].sum()) / table.sum(),
    }
    return {"field": field.name, "group": field.group, **{name: round(float(value), 4) for name, value in values.items()}}


def summary(scores: list[dict[str, Any]], on: str) -> dict[str, dict[str, Any]]:
    """Mean of each score over fields, with an interval from drawing whole groups and then fields within them again."""
    names = [name for name, value in scores[0].items() if isinstance(value, float)]
    table, group = np.array([[row[name] for name in names] for row in scores]), np.array([row["group"] for row in scores])
    value, samples = table.mean(axis=0), np.array([table[at].mean(axis=0) for at in resamples(group, within=True)])
    n, groups = len(scores), len(np.unique(group))
    return {
        name: score(value[i], interval(value[i], samples[:, i], groups, SHARE), n, f"{n} {on}") for i, name in enumerate(names)
    }


def benchmark_scores(tables: np.ndarray, group: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    """The scores of the Virginia Tech benchmark, which weights classes by their pixels, and the recall and IoU of each class.

    `tables` (n, classes, classes): a confusion of pixels for every photo.  Whole groups are drawn again for the intervals.
    """
    n, groups = len(tables), len(np.unique(group))
    on = f"{n} photos of places that the network had not seen"
    samples = [_pixel_scores(tables[at].sum(axis=0), classes) for at in resamples(group)]
    metrics = {
        name: score(value, interval(value, [sample[name] for sample in samples], groups, SHARE), n, on)
        for name, value in _pixel_scores(tables.sum(axis=0), classes).items()
    }
    off = mean_over_groups(_area_error(tables), group)
    metrics["area_error"] = score(off.pop("value"), off, n, on)
    counts = [[int(count) for count in row] for row in tables.sum(axis=0)]
    return {"metrics": metrics, "confusion": {"rows": "labelled", "columns": "found", "classes": list(classes), "pixels": counts}}


def _area_error(tables: np.ndarray) -> np.ndarray:
    """(n,) error of the corroded share of each photo."""
    share = tables / tables.sum(axis=(1, 2), keepdims=True)
    return np.abs(share[:, 1:].sum(axis=(1, 2)) - share[:, :, 1:].sum(axis=(1, 2)))


def _pixel_scores(table: np.ndarray, classes: tuple[str, ...]) -> dict[str, float]:
    hit, labelled, found = np.diag(table).astype(float), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1, iou, recall = 2 * hit / (labelled + found), class_ious(table), hit / labelled
    weight = labelled / labelled.sum()
    corroded_hit = table[1:, 1:].sum()
    corroded_iou = corroded_hit / (table.sum() - table[0, 0])
    scores = {"weighted_f1": float(np.nansum(f1 * weight)), "weighted_jaccard": float(np.nansum(iou * weight))}
    scores |= {"miou": float(np.nanmean(iou)), "pixel_accuracy": float(hit.sum() / table.sum()), "corroded_iou": corroded_iou}
    scores |= {f"recall_{name}": float(value) for name, value in zip(classes, recall, strict=True)}
    return scores | {f"iou_{name}": float(value) for name, value in zip(classes, iou, strict=True)}
