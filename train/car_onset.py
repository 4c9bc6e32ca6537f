"""Measure the onset prior: does position on the car tell where the rust of 58 hand-masked photos lies?

    python train/car_onset.py --data DATA

Fits a logistic regression to the columns of `corrovis.car.onset.features` on random paint pixels, every photo weighing the same,
and reports the grouped 5-fold AUC of the fitted weights, of the hand-set `PRIOR` and of each column alone.
The column "seam" reads the picture's fine shadows, which rust has of its own, so it is left out of the fit.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from car_mask import probabilities
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from support import REPORTS, arguments, fold_of, read_mask, read_rgb, write_json
from torch import nn

from corrovis.car.masking import MODEL
from corrovis.car.onset import PRIOR, features
from corrovis.networks.car_unet import CAR, PAINT
from corrovis.settings import WEIGHTS
from corrovis.store import Store

FITTED = [i for i, name in enumerate(PRIOR) if name != "seam"]
NAMES = list(PRIOR)


@dataclass(frozen=True)
class Config:
    photos: int | None = None  # all
    pixels: int = 3000
    strength: float = 0.3
    seed: int = 0


@dataclass
class Samples:
    """Random paint pixels: x (n, 5) features, y (n,) rusty, weight (n,), fold (n,)."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    fold: np.ndarray


def read_samples(data: Path, network: nn.Module, config: Config) -> Samples:
    with (data / "cars/rusty.csv").open() as file:
        group = {row["file"].split(".")[0]: row["group"] for row in csv.DictReader(file)}
    dice = np.random.default_rng(config.seed)
    parts = []
    paths = sorted((data / "cars/rust_masks").glob("*.png"))
    for path in paths[:: max(1, len(paths) // (config.photos or len(paths)))]:
        rgb, rust = read_rgb(data / "cars/rusty" / f"{path.stem}.jpg"), read_mask(path) > 127
        found = probabilities(network, rgb)
        car = (found[CAR] > 0.5) | rust
        # The network was taught sound paint: rust inside the drawn mask was paint once.
        paint = np.maximum(found[PAINT], cv2.GaussianBlur(rust.astype(np.float32), (0, 0), 2)) * car
        where = features(rgb, car, paint.astype(np.float32))
        ys, xs = np.nonzero(paint > 0.5)
        if len(ys) < 500 or not 0.002 < rust[ys, xs].mean() < 0.9:
            continue
        pick = dice.choice(len(ys), min(config.pixels, len(ys)), replace=False)
        y = rust[ys[pick], xs[pick]]
        weight = np.where(y, 0.5 / max(1, y.sum()), 0.5 / max(1, (~y).sum()))
        parts.append((where[ys[pick], xs[pick]], y, weight, np.full(len(pick), fold_of(group[path.stem]))))
    return Samples(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def fit(s: Samples, rows: np.ndarray, config: Config) -> LogisticRegression:
    weight = s.weight[rows] * rows.sum()
    return LogisticRegression(C=config.strength, max_iter=500).fit(s.x[rows][:, FITTED], s.y[rows], sample_weight=weight)


def auc(s: Samples, odds: np.ndarray) -> dict[str, object]:
    """Mean over the folds, and each fold's own."""
    folds = [
        round(float(roc_auc_score(s.y[s.fold == k], odds[s.fold == k], sample_weight=s.weight[s.fold == k])), 3)
        for k in np.unique(s.fold)
    ]
    return {"value": round(float(np.mean(folds)), 3), "folds": folds}


def main() -> None:
    parser = arguments(__doc__, "runs/car_onset")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="with the car-mask to use")
    parser.add_argument("--report", type=Path, default=REPORTS / "car_onset.json")
    args = parser.parse_args()
    config = Config(photos=4, pixels=600) if args.smoke else Config()
    s = read_samples(args.data, Store(args.weights).network(MODEL), config)
    odds = np.empty(len(s.y))
    for k in np.unique(s.fold):
        odds[s.fold == k] = fit(s, s.fold != k, config).decision_function(s.x[s.fold == k][:, FITTED])
    weights = fit(s, np.ones(len(s.y), bool), config).coef_[0]
    report = {
        "pixels": len(s.y),
        "auc_fitted": auc(s, odds),
        "auc_by_hand": auc(s, s.x[:, FITTED] @ np.array(list(PRIOR.values()))[FITTED]),
        "auc_alone": {name: auc(s, s.x[:, i])["value"] for i, name in enumerate(NAMES)},
        "fitted_weights": {NAMES[i]: round(float(w), 2) for i, w in zip(FITTED, weights, strict=True)},
    }
    write_json(args.report, report)
    print(report)


if __name__ == "__main__":
    main()
