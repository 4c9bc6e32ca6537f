"""All that can learn materials: the seed's CNN, pretrained and untrained networks, a linear head on frozen features."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
from accelerate import Accelerator
from material_data import Sample, view
from safetensors.torch import load_file
from skimage.feature import local_binary_pattern
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from support import load_checkpoint, save_checkpoint
from torch import Tensor, nn

from corrovis.networks.material_cnn import SIZES, MaterialCNN
from corrovis.networks.material_net import MaterialNet
from corrovis.sem.material import squares, squares_input

NETWORKS = ("cnn", "cnn-figure8", "lite0", "efficientnet-b0", "resnet18", "mobilenet-v2", "lbp-svm")
LBP = ((8, 1.0), (16, 2.0), (24, 3.0))  # points and radius of each local binary pattern


@dataclass(frozen=True)
class Plan:
    """One way to learn.  `frozen`: the body stays as it is and only a linear head learns, from `views` of each field."""

    network: str = "lite0"
    init: str = "imagenet"
    frozen: bool = False
    size: int = 150
    steps: int = 200
    batch: int = 16
    lr: float = 7e-4
    views: int = 24
    seed: int = 0


def build(plan: Plan, outputs: int) -> nn.Module:
    """The network of a plan, its body as `plan.init` says: `imagenet` by its library, a local file, or `random` by the seed."""
    torch.manual_seed(plan.seed)
    if plan.network.startswith("cnn"):
        return MaterialCNN(outputs, "figure8" if plan.network == "cnn-figure8" else "table6")
    if plan.network == "mobilenet-v2":
        weights = "IMAGENET1K_V2" if plan.init == "imagenet" else None
        network = torchvision.models.mobilenet_v2(weights=weights)
        _take(network, plan.init)
        network.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, outputs))
        return network
    name = {"lite0": "tf_efficientnet_lite0", "efficientnet-b0": "tf_efficientnet_b0", "resnet18": "resnet18"}[plan.network]
    body = timm.create_model(name, pretrained=plan.init == "imagenet", num_classes=0 if plan.network == "lite0" else outputs)
    _take(body, plan.init)
    if plan.network != "lite0":
        return body
    network = MaterialNet(outputs)
    network.backbone.load_state_dict(body.state_dict())
    return network


def _take(network: nn.Module, init: str) -> None:
    """Whatever of a local file has the network's names and shapes."""
    if init in ("imagenet", "random"):
        return
    own = network.state_dict()
    fits = {name: tensor for name, tensor in load_file(init).items() if name in own and own[name].shape == tensor.shape}
    fits = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in fits.items()}
    network.load_state_dict(fits, strict=False)
    print(f"{len(fits)} of {len(own)} tensors from {Path(init).name}", flush=True)


def logits_of(network: nn.Module, x: Tensor) -> Tensor:
    answer = network(x)
    found: Tensor = answer[0] if isinstance(answer, tuple) else answer
    return found


def size_of(plan: Plan) -> int:
    return SIZES["figure8"] if plan.network == "cnn-figure8" else plan.size


def fit_network(network: nn.Module, samples: Sequence[Sample], labels: np.ndarray, plan: Plan, checkpoint: Path) -> nn.Module:
    """Train all of `network`: Adam, binary cross-entropy for one output and cross-entropy for more, materials drawn equally."""
    accelerator = Accelerator()
    optimiser = torch.optim.Adam(network.parameters(), lr=plan.lr)
    parts = {"network": network, "optimiser": optimiser}
    step = load_checkpoint(checkpoint, **parts)
    dice = random.Random(plan.seed + step)  # a run that goes on is shown what it has not been shown yet
    network, optimiser = accelerator.prepare(network.train(), optimiser)
    by_label = [np.flatnonzero(labels == k).tolist() for k in np.unique(labels)]
    began = time.time()
    while step < plan.steps:
        drawn = [dice.choice(dice.choice(by_label)) for _ in range(plan.batch)]
        x = squares_input(np.stack([view(samples[i], size_of(plan), dice) for i in drawn])).to(accelerator.device)
        truth = torch.from_numpy(labels[drawn]).to(accelerator.device)
        logits = logits_of(network, x)
        one = logits.shape[1] == 1
        loss = F.binary_cross_entropy_with_logits(logits[:, 0], truth.float()) if one else F.cross_entropy(logits, truth)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        step += 1
        if step % 25 == 0:
            print(f"  step {step} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
        if step % 50 == 0 or step == plan.steps:
            save_checkpoint(checkpoint, plan, step, **parts)
    return accelerator.unwrap_model(network).cpu().eval()


def between(one: nn.Module, other: nn.Module, share: float) -> nn.Module:
    """`other` with weights `share` of the way to it from `one` (Wortsman et al. 2022, eq. 1): it bears more and knows as much."""
    first, last = one.state_dict(), other.state_dict()
    mixed = {name: torch.lerp(first[name], last[name], share) for name in last if last[name].is_floating_point()}
    other.load_state_dict(last | mixed)
    return other


def field_logits(network: nn.Module, sample: Sample, size: int) -> np.ndarray:
    """(outputs,) mean over the squares that the classifier itself would look at."""
    with torch.inference_mode():
        found: np.ndarray = logits_of(network, squares_input(squares(sample.grey, size))).mean(dim=0).numpy()
    return found


@dataclass(frozen=True)
class Bank:
    """Features of every field from a frozen body: of its training views, and of the squares that the classifier looks at.

    Shape:
        views, squares: (n, features); view_of, square_of: (n,), index of the sample
    """

    views: np.ndarray
    view_of: np.ndarray
    squares: np.ndarray
    square_of: np.ndarray

    def of(self, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, features) of all views and squares of some fields, and the field of each."""
        drawn, seen = np.isin(self.view_of, fields), np.isin(self.square_of, fields)
        features = np.concatenate([self.views[drawn], self.squares[seen]])
        return features, np.concatenate([self.view_of[drawn], self.square_of[seen]])

    @classmethod
    def cached(cls, path: Path, samples: Sequence[Sample], plan: Plan, outputs: int) -> Bank:
        """What lies at `path`, or else what is computed now and put there."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, **bank_of(samples, plan, outputs))
        with np.load(path) as found:
            return cls(**found)


def bank_of(samples: Sequence[Sample], plan: Plan, outputs: int) -> dict[str, np.ndarray]:
    """The arrays of a `Bank`."""
    describe = describer(plan, outputs)
    small = max(1, plan.views // 3)  # a tile of a field shows fewer different views than the field
    drawn, seen = [], []
    for i, sample in enumerate(samples):
        dice = random.Random(f"{plan.seed}/{sample.group}/{sample.name}")
        count = plan.views if min(sample.grey.shape) > 2 * plan.size else small
        drawn.append(describe(np.stack([view(sample, plan.size, dice) for _ in range(count)])))
        seen.append(describe(squares(sample.grey, plan.size)))
        if i % 25 == 0:
            print(f"  features of field {i} of {len(samples)}", flush=True)
    numbers = np.arange(len(samples))
    return {
        "views": np.concatenate(drawn),
        "view_of": np.repeat(numbers, [len(one) for one in drawn]),
        "squares": np.concatenate(seen),
        "square_of": np.repeat(numbers, [len(one) for one in seen]),
    }


def describer(plan: Plan, outputs: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function from (n, size, size) uint8 to (n, features) float32."""
    if plan.network == "lbp-svm":
        return lambda views: np.stack([texture(one) for one in views])
    network = build(plan, outputs).eval()

    def describe(views: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            x = squares_input(views)
            if isinstance(network, MaterialNet | MaterialCNN):
                found = network.features(x)
            elif plan.network == "mobilenet-v2":
                found = network.features(x).mean(dim=(2, 3))
            else:
                found = network.forward_head(network.forward_features(x), pre_logits=True)
        return found.numpy()

    return describe


def texture(grey: np.ndarray) -> np.ndarray:
    """Histograms of rotation-invariant uniform local binary patterns, Ojala et al. 2002, eq. 9 and 10, at three radii."""
    parts = [
        np.bincount(local_binary_pattern(grey, points, radius, "uniform").astype(int).ravel(), minlength=points + 2)
        for points, radius in LBP
    ]
    return np.concatenate(parts) / grey.size


def fit_head(features: np.ndarray, labels: np.ndarray, field_of: np.ndarray, plan: Plan) -> Any:
    """Logistic regression on features, or the SVM on texture; every field of a material counts alike, every material too."""
    fields_of = np.bincount(labels[np.unique(field_of, return_index=True)[1]])
    weight = 1 / (np.bincount(field_of)[field_of] * fields_of[labels])
    last = SVC(C=10) if plan.network == "lbp-svm" else LogisticRegression(C=0.003, max_iter=500)
    key = "svc" if plan.network == "lbp-svm" else "logisticregression"
    weight *= len(weight) / weight.sum()
    return make_pipeline(StandardScaler(), last).fit(features, labels, **{f"{key}__sample_weight": weight})


def linear_of(head: Any) -> tuple[Tensor, Tensor]:
    """The standardisation and logistic regression of `fit_head` as one linear layer: weight (outputs, features), bias."""
    scaler, last = head[0], head[-1]
    weight = last.coef_ / scaler.scale_
    bias = last.intercept_ - weight @ scaler.mean_
    return torch.from_numpy(weight).float(), torch.from_numpy(bias).float()
