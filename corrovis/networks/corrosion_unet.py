"""The semantic segmenter: a U-Net over MobileNetV2 features, one logit a pixel and class.

Where corrosion is one network that spans the field (grain boundaries, rusted plates), there are no instances to box; the seed's
YOLOv8-seg then has nothing to hold on to, and a label a pixel is the right question.

| here | source |
| --- | --- |
| encoder | MobileNetV2, Sandler et al. 2018, table 2 |
| decoder | U-Net, Ronneberger et al. 2015, figure 1 |
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
from torch import Tensor, nn


class CorrosionUNet(nn.Module):
    """Logits of background and of each corrosion class.

    Shape:
        input: (n, 3, H, W), H and W divisible by 32, in [-1, 1]: RGB, or a grey field three times over
        output: (n, classes, H, W) logits, class 0 is the background
    """

    def __init__(self, classes: int = 2, decoder_channels: tuple[int, ...] = (64, 48, 32, 16, 8)) -> None:
        super().__init__()
        self.unet = smp.Unet("mobilenet_v2", encoder_weights=None, decoder_channels=list(decoder_channels), classes=classes)

    @property
    def head(self) -> nn.Conv2d:
        """The last convolution; its bias is how readily each class is called."""
        found: nn.Conv2d = self.unet.segmentation_head[0]
        return found

    @property
    def late(self) -> list[nn.Module]:
        """What a heat map is made of: cells of 4 and 2 pixels, since what lies before is coarser than a grain boundary."""
        return list(self.unet.decoder.blocks[2:4])

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.unet(x)
        return logits
