"""Fit `OnsetPrior`: where on a car rust begins, from 58 hand-drawn rust masks.

    python train/car_onset.py --data DATA --mask runs/car_mask2/last.pt

A logistic regression on five positions relative to the car's parts, pixels of each photo weighing the same.  Grouped 5-fold AUC
is printed beside that of the hand-set prior it replaces (weights 2.3, 1.5, 0.8, 0.6, 0.4).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from car_mask import probabilities
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from support import FOLDS, arguments, fold_of, load_checkpoint, read_mask, read_rgb, save_checkpoint, write_json

from corrovis.car.onset import features
from corrovis.networks.car_unet import CAR, PAINT, CarUNet
from corrovis.networks.onset_prior import FEATURES, OnsetPrior

BY_HAND = np.array([2.3, 1.5, 0.8, 0.6, 0.4])


@dataclass(frozen=True)
class Config:
    pixels: int = 3000
    strength: float = 0.3
    seed: int = 0


def samples(data: Path, network: CarUNet, config: Config) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features (n, 5), rusty (n,) bool, weight (n,), fold (n,) of random paint pixels of every photo with a rust mask."""
    rows = csv.DictReader((data / "cars/rusty.csv").open())
    group = {row["file"].split(".")[0]: row["group"] for row in rows}
    dice = np.random.default_rng(config.seed)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for path in sorted((data / "cars/rust_masks").glob("*.png")):
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
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))  # type: ignore[return-value]


def main() -> None:
    parser = arguments(__doc__, "runs/car_onset")
    parser.add_argument("--mask", type=Path, required=True, help="checkpoint of train/car_mask.py")
    args = parser.parse_args()
    config = Config(pixels=600) if args.smoke else Config()
    network = CarUNet()
    load_checkpoint(args.mask, network=network)
    x, y, weight, fold = samples(args.data, network.eval(), config)

    def fitted(rows: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=config.strength, max_iter=500).fit(x[rows], y[rows], sample_weight=weight[rows] * rows.sum())

    odds = np.full(len(y), np.nan)
    for k in sorted(set(fold)):
        odds[fold == k] = fitted(fold != k).decision_function(x[fold == k])
    learned = [roc_auc_score(y[fold == k], odds[fold == k], sample_weight=weight[fold == k]) for k in range(FOLDS) if (fold == k).any()]
    by_hand = [roc_auc_score(y[fold == k], x[fold == k] @ BY_HAND, sample_weight=weight[fold == k]) for k in range(FOLDS) if (fold == k).any()]
    final = fitted(np.ones(len(y), bool))
    prior = OnsetPrior()
    prior.linear.weight.data = torch.tensor(final.coef_, dtype=torch.float32)
    prior.linear.bias.data = torch.tensor(final.intercept_, dtype=torch.float32)
    save_checkpoint(args.out / "last.pt", config, 1, network=prior)
    report = {
        "pixels": len(y),
        "auc": {"value": float(np.mean(learned)), "folds": learned, "on": "5 grouped folds of rust masks"},
        "auc_by_hand": {"value": float(np.mean(by_hand)), "folds": by_hand, "on": "the same pixels"},
        "weights": dict(zip(FEATURES, final.coef_[0].tolist(), strict=True)),
        "offset": float(final.intercept_[0]),
    }
    write_json(args.out / "scores.json", report)
    print(f"AUC learned {np.mean(learned):.3f}, by hand {np.mean(by_hand):.3f}; " + ", ".join(f"{n} {w:.2f}" for n, w in report["weights"].items()))


if __name__ == "__main__":
    main()
