"""The second stage of the seed: a classifier of windows, low, moderate or severe.

| here | source |
| --- | --- |
| `net` | EfficientNet-B0, Tan and Le 2019, table 1; ResNet18, He et al. 2016, as the baseline |
| `temperature` | Guo et al. 2017, fitted on logits of specimens left out |
"""

from __future__ import annotations

from typing import Any

import timm
from torch import Tensor, nn

ARCHES = ("efficientnet_b0", "resnet18")


class SeverityClassifier(nn.Module):
    """Logits of the severities of a window.

    Shape:
        input: (n, 3, H, W) in [-1, 1], a grey window three times over; trained at 224 px
        output: (n, classes) logits, divided by `temperature`
    """

    net: Any  # timm's networks say nothing of their types

    def __init__(self, arch: str = "efficientnet_b0", classes: int = 3, drop: float = 0.3, temperature: float = 1.0) -> None:
        super().__init__()
        self.net = timm.create_model(arch, pretrained=False, num_classes=classes, drop_rate=drop)
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        return self.answer(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """(n, channels, H / 32, W / 32), what the last convolution makes of the windows."""
        found: Tensor = self.net.forward_features(x)
        return found

    def answer(self, features: Tensor) -> Tensor:
        """(n, classes) logits of features: their mean over the window through one linear layer."""
        logits: Tensor = self.net.forward_head(features)
        return logits / self.temperature
