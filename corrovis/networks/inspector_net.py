"""The inspectors of steel patches: the paper's ResNet18 and MobileNet, for grey patches of 64 pixels.

| here | source |
| --- | --- |
| `resnet18` | He et al. 2016, as in the PE-GAN paper, section 4.5; here with a 3 x 3 stem of stride 1 |
| `mobilenet` | MobileNetV2, Sandler et al. 2018; here with a stem of stride 1 |
| `temperature` | Guo et al. 2017, fitted on patches held out |

Both were made for 224 pixels and halve a picture five times.  A 64 px patch would end as 2 x 2, its scratches lost in the first
layer, so the first halving is left out.
"""

from __future__ import annotations

from typing import Any, Literal

import timm
from torch import Tensor, nn

Backbone = Literal["resnet18", "mobilenet"]


class InspectorNet(nn.Module):
    """Class logits of a steel patch.

    `width` scales the channels of the ResNet's stages; MobileNet comes in its own widths, 0.5 and 1.

    Shape:
        input: (n, 1, H, W) in [-1, 1], grey
        output: (n, classes) logits, divided by `temperature`
    """

    def __init__(self, backbone: Backbone, classes: int = 10, width: float = 1.0, temperature: float = 1.0) -> None:
        super().__init__()
        self.body: nn.Module = _resnet18(classes, width) if backbone == "resnet18" else _mobilenet(classes, width)
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits / self.temperature


def _resnet18(classes: int, width: float) -> Any:
    channels = tuple(int(width * c) for c in (64, 128, 256, 512))
    net = timm.create_model("resnet18", in_chans=1, num_classes=classes, channels=channels)
    net.conv1 = nn.Conv2d(1, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
    return net


def _mobilenet(classes: int, width: float) -> Any:
    net = timm.create_model(f"mobilenetv2_{int(100 * width):03d}", in_chans=1, num_classes=classes)
    net.conv_stem.stride = (1, 1)
    return net
