"""U-Nets over either of two encoders: one that was taught to name pictures, one that was taught to find things in them.

| `encoder` | source |
| --- | --- |
| "mobilenet_v2" | Sandler et al. 2018, table 2; the seeds' own choice, from ImageNet |
| "yolov8n" | backbone and neck of YOLOv8-seg (Jocher et al. 2023), from COCO |

The way up is that of Ronneberger et al. 2015, figure 1, as segmentation_models_pytorch builds it.
"""

from __future__ import annotations

from typing import Literal

import segmentation_models_pytorch as smp
from segmentation_models_pytorch.base import SegmentationHead, SegmentationModel
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder

from corrovis.networks.yolo_seg import YoloEncoder

EncoderName = Literal["mobilenet_v2", "yolov8n"]


def unet(encoder: EncoderName, classes: int, decoder_channels: tuple[int, ...]) -> SegmentationModel:
    """A U-Net without pretrained weights; input (n, 3, H, W), H and W divisible by 32, output (n, classes, H, W) logits."""
    if encoder == "yolov8n":
        return _YoloUnet(classes, decoder_channels)
    return smp.Unet(encoder, encoder_weights=None, decoder_channels=list(decoder_channels), classes=classes)


class _YoloUnet(SegmentationModel):  # type: ignore[misc]
    """`smp.Unet` with an encoder that its library does not list."""

    def __init__(self, classes: int, decoder_channels: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = YoloEncoder()
        self.decoder = UnetDecoder(YoloEncoder.out_channels, decoder_channels, n_blocks=len(decoder_channels))
        self.segmentation_head = SegmentationHead(decoder_channels[-1], classes)
        self.classification_head = None
        self.initialize()
