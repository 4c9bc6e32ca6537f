"""How far two sets of pictures are apart on a network's features, and how sure one can be of a mean.

| here | source |
| --- | --- |
| `frechet` | Heusel et al. 2017; on EfficientNet-Lite0 features it is FD-Lite0, not FID |
| `kernel` | Binkowski et al. 2018, KID: squared MMD under (x.y / d + 1)^3, unbiased |
| `spread` | bootstrap over cars, not pictures: crops of one car are no independent samples |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import timm
import torch
from bootstrap import UNBOUNDED, interval, mean_over_groups
from safetensors.torch import load_file

from corrovis.manifest import sha256_of
from corrovis.tensors import tensor_of

ROUNDS = 100
FEATURE_SIDE = 224


class Lite0:
    """Pooled features of EfficientNet-Lite0; `init` is a file of weights, `imagenet` (download) or `none` (for tests).

    `key` says what they follow from, beside the pictures.
    """

    def __init__(self, init: str, side: int = FEATURE_SIDE) -> None:
        self.side = side
        self.key = f"{init if init in ('imagenet', 'none') else sha256_of(Path(init))} at {side} px"
        self.network = timm.create_model("tf_efficientnet_lite0", pretrained=init == "imagenet")
        if init not in ("imagenet", "none"):
            self.network.load_state_dict({name: tensor.float() for name, tensor in load_file(Path(init)).items()})
        self.network.reset_classifier(0)
        self.network.eval()

    def __call__(self, crops: Sequence[np.ndarray], batch: int = 16) -> np.ndarray:
        """(n, 1280) float64 of n crops (S, S, 3) uint8."""
        rows, size = [], (self.side, self.side)
        for start in range(0, len(crops), batch):
            some = [cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC) for crop in crops[start : start + batch]]
            x = tensor_of(np.stack(some))
            with torch.inference_mode():
                rows.append(self.network(x).double().numpy())
        return np.concatenate(rows)


@dataclass(frozen=True)
class Sample:
    """Crops as features, and which car each shows.

    Shape:
        features: (n, d) float64
        groups: (n,) str
    """

    features: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    @property
    def cars(self) -> int:
        return len(np.unique(self.groups))

    def again(self, dice: np.random.Generator) -> np.ndarray:
        """Features of as many cars, drawn with replacement."""
        names = np.unique(self.groups)
        picked = dice.choice(names, len(names))
        return np.concatenate([self.features[self.groups == name] for name in picked])

    def halves(self, dice: np.random.Generator) -> tuple[Sample, Sample]:
        """Two samples of different cars."""
        names = dice.permutation(np.unique(self.groups))
        first = np.isin(self.groups, names[: len(names) // 2])
        return Sample(self.features[first], self.groups[first]), Sample(self.features[~first], self.groups[~first])


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Frechet distance of two Gaussians fitted to features (n, d) and (m, d).

    The trace of the root of the covariances' product is the sum of the singular values of one n x m matrix: exact, and quick
    where n or m is small.
    """
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    a, b = (x - mean_x) / np.sqrt(len(x) - 1), (y - mean_y) / np.sqrt(len(y) - 1)
    product = a @ b.T if len(a) <= len(b) else b @ a.T
    cross = np.sqrt(np.linalg.eigvalsh(product @ product.T).clip(0)).sum()
    return float(((mean_x - mean_y) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * cross)


def kernel(x: np.ndarray, y: np.ndarray) -> float:
    """KID of features (n, d) and (m, d)."""
    d, n, m = x.shape[1], len(x), len(y)
    xx, yy, xy = (x @ x.T / d + 1) ** 3, (y @ y.T / d + 1) ** 3, (x @ y.T / d + 1) ** 3
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


Measure = Callable[[np.ndarray, np.ndarray], float]


def distance(measure: Measure, made: Sample, real: Sample, rounds: int = ROUNDS) -> dict[str, float]:
    """`measure` with its interval over cars; drawing cars twice raises both distances, so percentiles would not do."""
    dice = np.random.default_rng(0)
    value = measure(made.features, real.features)
    samples = [measure(made.again(dice), real.again(dice)) for _ in range(rounds)]
    ends = interval(value, samples, min(made.cars, real.cars), biased=True)
    counts = {"n": len(made), "groups": made.cars, "n_real": len(real), "groups_real": real.cars}
    return {"value": value, **ends, **counts}


def spread(values: Sequence[float], scale: tuple[float, float] = UNBOUNDED) -> dict[str, float]:
    """Mean of one value per car, with its interval within the ends of its scale."""
    return {**mean_over_groups(np.asarray(values), np.arange(len(values)), scale), "n": len(values)}
