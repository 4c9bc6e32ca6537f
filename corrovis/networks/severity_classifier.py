"""The second stage of the seed: a classifier of windows, low, moderate or severe.

| here | source |
| --- | --- |
| `net` | EfficientNet-B0, Tan and Le 2019, table 1; ResNet18, He et al. 2016, as the baseline |
| `temperature` | Guo et al. 2017, fitted on logits of specimens left out |
"""

from __future__ import annotations

import timm
from torch import Tensor, nn

ARCHES = ("efficientnet_b0", "resnet18")


class SeverityClassifier(nn.Module):
    """Logits of the severities of a window.

    Shape:
        input: (n, 3, H, W) in [-1, 1], a grey window three times over; trained at 224 px
        output: (n, classes) logits, divided by `temperature`
    """

    def __init__(self, arch: str = "efficientnet_b0", classes: int = 3, drop: float = 0.3, temperature: float = 1.0) -> None:
        super().__init__()
        self.net = timm.create_model(arch, pretrained=False, num_classes=classes, drop_rate=drop)
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.net(x)
        return logits / self.temperature
