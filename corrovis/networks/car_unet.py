"""The seed's car segmenter: a U-Net over MobileNetV2 features, here with two masks instead of one.

| here | PHM 2020, section 3.1 |
| --- | --- |
| `CarUNet` | "U-Net with a MobileNetV2 encoder", Iakubovskii's segmentation_models |
| channel `CAR` | the car mask |
| channel `PAINT` | ours: panels that can rust, without glass, tyres, lights, plates and chrome |
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
from torch import Tensor, nn

CAR, PAINT = 0, 1


class CarUNet(nn.Module):
    """Logits of the car and of its paintable parts.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 32
        output: (n, 2, H, W) logits, channels `CAR` and `PAINT`
    """

    def __init__(self, decoder_channels: tuple[int, ...] = (96, 64, 48, 24, 16)) -> None:
        super().__init__()
        self.unet = smp.Unet("mobilenet_v2", encoder_weights=None, decoder_channels=list(decoder_channels), classes=2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.unet(x)
        return logits
