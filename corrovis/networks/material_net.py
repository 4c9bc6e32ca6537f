"""The shipped material classifier: EfficientNet-Lite0 pooled over the view, one linear layer, and how unfamiliar the view is.

| here | source |
| --- | --- |
| `backbone` | EfficientNet-Lite0: Tan and Le 2019, without squeeze-and-excitation and with ReLU6 |
| `familiarity` | Sun et al. 2022, section 3 |
"""

from __future__ import annotations

from typing import cast

import timm
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn

from corrovis.networks.prototypes import PrototypeGauge


class MaterialNet(nn.Module):
    """Logits of each material, and how unfamiliar the view is.

    Shape:
        input: (n, 3, H, W) in [-1, 1]; a grey field three times over
        output: (n, outputs) logits, (n,) distance
    """

    WIDTH = 1280

    def __init__(self, outputs: int = 6, prototypes: int = 0) -> None:
        super().__init__()
        self.backbone = cast(EfficientNet, timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0))
        self.drop = nn.Dropout(0.3)
        self.answer = nn.Linear(self.WIDTH, outputs)
        self.familiarity = PrototypeGauge(self.WIDTH, prototypes)

    def features(self, x: Tensor) -> Tensor:
        """(n, 1280), mean over the last map."""
        pooled: Tensor = self.backbone(x)
        return pooled

    def texture(self, x: Tensor) -> Tensor:
        """(n, 112, H/16, W/16), the map after the fifth of seven groups of blocks: texture rather than objects."""
        found: Tensor = self.backbone.forward_intermediates(x, indices=[3], intermediates_only=True, stop_early=True)[0]
        return found

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return self.answer(self.drop(features)), self.familiarity(features)
