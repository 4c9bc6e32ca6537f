"""The grader: EfficientNet-Lite0, a map of where rust and car are, and an ordinal answer.

Severity is defined by area (mild below a tenth of the paint, severe above half), so the network first maps rust and car on a
coarse grid, then answers from the rusted share of the car together with what the whole picture looks like.

| here | source |
| --- | --- |
| `early`, `late`, `gather` | EfficientNet-Lite0: Tan and Le 2019, without squeeze-and-excitation and with ReLU6 |
| `forward`'s three logits | CORN, Shi, Cao and Raschka 2021: logit k is P(level > k) among those with level >= k |
| `temperature` | Guo et al. 2017, fitted on out-of-fold logits |
"""

from __future__ import annotations

from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

RUST, CAR = 0, 1
STRIDE = 16


class SeverityNet(nn.Module):
    """Three ordinal logits of a picture, and the map that they are read from.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 32
        output: (n, 3) CORN logits, divided by `temperature`
    """

    def __init__(self, hidden: int = 64, temperature: float = 1.0) -> None:
        super().__init__()
        self.take_backbone(timm.create_model("tf_efficientnet_lite0", pretrained=False))
        self.map = nn.Sequential(nn.Conv2d(40 + 112 + 320, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, 2, 1))
        self.drop = nn.Dropout(0.3)
        self.whole = nn.Linear(1280, 3)
        self.area = nn.Linear(5, 3)
        self.temperature = temperature

    def take_backbone(self, net: Any) -> None:
        """Use the stages of a timm `tf_efficientnet_lite0`; its classifier is left behind."""
        self.early = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:3])
        self.middle = nn.Sequential(*net.blocks[3:5])
        self.late = nn.Sequential(*net.blocks[5:])
        self.gather = nn.Sequential(net.conv_head, net.bn2)

    def cells(self, x: Tensor) -> Tensor:
        """(n, 3, H, W) to (n, 152, H / 16, W / 16): fine and middle features, all that training keeps frozen."""
        fine = self.early(x)
        return torch.cat([F.avg_pool2d(fine, 2), self.middle(fine)], dim=1)

    def answer(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3) logits at temperature 1 and the (n, 2, H / 16, W / 16) logits of `RUST` and `CAR`."""
        deep = self.late(cells[:, 40:])
        wide = F.interpolate(deep, size=cells.shape[2:], mode="bilinear", align_corners=False)
        found = self.map(torch.cat([cells, wide], dim=1))
        pooled = self.drop(self.gather(deep).mean(dim=(2, 3)))
        return self.whole(pooled) + self.area(area_statistics(found)), found

    def forward(self, x: Tensor) -> Tensor:
        logits, _ = self.answer(self.cells(x))
        return logits / self.temperature


def area_statistics(found: Tensor) -> Tensor:
    """(n, 2, h, w) map logits to (n, 5): rusted share of the picture, of the car (also as logarithms), and the rustiest spot."""
    rust, car = found[:, RUST].sigmoid().flatten(1), found[:, CAR].sigmoid().flatten(1)
    of_picture = rust.mean(dim=1)
    of_car = (rust * car).sum(dim=1) / (car.sum(dim=1) + 4)
    strongest = found[:, RUST].flatten(1).topk(4, dim=1).values.mean(dim=1)
    parts = (of_picture, of_car, (of_picture + 1e-3).log(), (of_car + 1e-3).log(), strongest / 4)
    return torch.stack(parts, dim=1)


def level_probabilities(logits: Tensor) -> Tensor:
    """(n, 3) CORN logits to (n, 4) probabilities of none, mild, moderate, severe; each row sums to 1."""
    beyond = logits.sigmoid().cumprod(dim=1)  # P(level > 0), P(level > 1), P(level > 2)
    above = torch.cat([torch.ones_like(beyond[:, :1]), beyond], dim=1)
    below = torch.cat([beyond, torch.zeros_like(beyond[:, :1])], dim=1)
    return above - below
