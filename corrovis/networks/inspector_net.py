"""The inspectors of steel patches: the paper's ResNet18 and MobileNet, for grey patches of 64 pixels.

| here | source |
| --- | --- |
| `resnet18` | He et al. 2016, as in PE-GAN 2024; here with a 3 x 3 stem of stride 1 |
| `mobilenet` | MobileNetV2, Sandler et al. 2018, up to its stride of 16; here answering from mean and spread of three stages |
| `temperature` | Guo et al. 2017, fitted on patches held out |

Both were made for 224 pixels and halve a picture five times: of a 64 px patch 2 x 2 cells are left, too few to tell textures
apart.  The ResNet leaves the first halving out; the MobileNet stops before the last, and since a defect is a texture, its stages
answer by how strong and how uneven each of their channels is, as texture descriptors do.
"""

from __future__ import annotations

from typing import Any, Literal

import timm
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

Backbone = Literal["resnet18", "mobilenet"]
TAPS = (6, 10, 13)  # MobileNetV2's last blocks at stride 8 and 16, and the one between


class InspectorNet(nn.Module):
    """Class logits of a steel patch.

    `width` scales the channels.

    Shape:
        input: (n, 1, H, W) in [-1, 1], grey
        output: (n, classes) logits, divided by `temperature`
    """

    def __init__(self, backbone: Backbone, classes: int = 10, width: float = 1.0, temperature: float = 1.0) -> None:
        super().__init__()
        self.body: nn.Module = _resnet18(classes, width) if backbone == "resnet18" else TextureMobileNet(classes, width)
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits / self.temperature


class TextureMobileNet(nn.Module):
    """MobileNetV2's stages up to stride 16; mean and standard deviation of three of them, and one linear layer."""

    def __init__(self, classes: int, width: float = 1.0) -> None:
        super().__init__()
        self.features = mobilenet_v2(width_mult=width).features[: TAPS[-1] + 1]
        stem = self.features[0][0]
        self.features[0][0] = nn.Conv2d(1, stem.out_channels, 3, stride=2, padding=1, bias=False)
        described = 2 * sum(self.features[tap].conv[-1].num_features for tap in TAPS)
        self.norm = nn.BatchNorm1d(described)
        self.drop = nn.Dropout(0.2)
        self.answer = nn.Linear(described, classes)

    def describe(self, x: Tensor) -> Tensor:
        """(n, 1, H, W) to (n, described): the mean and the standard deviation of every tapped channel."""
        found = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in TAPS:
                found += [x.mean(dim=(2, 3)), (x.var(dim=(2, 3), unbiased=False) + 1e-5).sqrt()]
        return torch.cat(found, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.answer(self.drop(self.norm(self.describe(x))))
        return logits

    def take_imagenet(self, state: dict[str, Tensor]) -> None:
        """Weights of torchvision's `mobilenet_v2`; the three colours of its stem are added up."""
        own = {name.removeprefix("features."): tensor for name, tensor in state.items() if name.startswith("features.")}
        own["0.0.weight"] = own["0.0.weight"].sum(dim=1, keepdim=True)
        self.features.load_state_dict({name: tensor for name, tensor in own.items() if name in self.features.state_dict()})


def _resnet18(classes: int, width: float) -> Any:
    channels = tuple(int(width * c) for c in (64, 128, 256, 512))
    net = timm.create_model("resnet18", in_chans=1, num_classes=classes, channels=channels)
    net.conv1 = nn.Conv2d(1, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
    return net
