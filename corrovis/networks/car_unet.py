"""The seed's car segmenter, a U-Net, here with two masks instead of one and the choice of an encoder that knows cars.

| here | PHM 2020, section 3.1 |
| --- | --- |
| `CarUNet(encoder="mobilenet_v2")` | "U-Net with a MobileNetV2 encoder", Iakubovskii's segmentation_models |
| `CarUNet(encoder="yolov8n")` | ours: backbone and neck of a detector that learned cars from COCO (Jocher et al. 2023) |
| channel `CAR` | the car mask |
| channel `PAINT` | ours: panels that can rust, without glass, tyres, lights, plates and chrome |
"""

from __future__ import annotations

from typing import Literal

import segmentation_models_pytorch as smp
from segmentation_models_pytorch.base import SegmentationHead, SegmentationModel
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import Tensor, nn

from corrovis.networks.yolo_seg import YoloEncoder

CAR, PAINT = 0, 1
EncoderName = Literal["mobilenet_v2", "yolov8n"]


class CarUNet(nn.Module):
    """Logits of the car and of its paintable parts.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 32
        output: (n, 2, H, W) logits, channels `CAR` and `PAINT`
    """

    def __init__(self, decoder_channels: tuple[int, ...] = (96, 64, 48, 24, 16), encoder: EncoderName = "mobilenet_v2") -> None:
        super().__init__()
        if encoder == "yolov8n":
            self.unet = _YoloUnet(decoder_channels)
        else:
            self.unet = smp.Unet(encoder, encoder_weights=None, decoder_channels=list(decoder_channels), classes=2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.unet(x)
        return logits


class _YoloUnet(SegmentationModel):  # type: ignore[misc]
    """`smp.Unet` over an encoder that its library does not list."""

    def __init__(self, decoder_channels: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = YoloEncoder()
        self.decoder = UnetDecoder(YoloEncoder.out_channels, decoder_channels, n_blocks=len(decoder_channels))
        self.segmentation_head = SegmentationHead(decoder_channels[-1], 2)
        self.classification_head = None
        self.initialize()
