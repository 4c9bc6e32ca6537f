"""The seed's car segmenter, a U-Net, here with two masks instead of one and the choice of an encoder that knows cars.

| here | PHM 2020, section 3.1 |
| --- | --- |
| `CarUNet("mobilenet_v2")` | "U-Net with a MobileNetV2 encoder", Iakubovskii's segmentation_models |
| `CarUNet("yolov8n")` | ours: backbone and neck of a detector, see `corrovis.networks.unet` |
| channel `CAR` | the car mask |
| channel `PAINT` | ours: panels that can rust, without glass, tyres, lights, plates and chrome |
"""

from __future__ import annotations

from torch import Tensor, nn

from corrovis.networks.unet import EncoderName, unet

CAR, PAINT = 0, 1


class CarUNet(nn.Module):
    """Logits of the car and of its paintable parts.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 32
        output: (n, 2, H, W) logits, channels `CAR` and `PAINT`
    """

    def __init__(self, decoder_channels: tuple[int, ...] = (96, 64, 48, 24, 16), encoder: EncoderName = "mobilenet_v2") -> None:
        super().__init__()
        self.unet = unet(encoder, 2, decoder_channels)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.unet(x)
        return logits
