"""The segmenter of photos: a feature pyramid over EfficientNet-Lite0, one logit a pixel and condition.

The condition of steel is a matter of whole plates and girders, and inspectors outline it roughly: a pyramid sees far and draws at
a quarter of the picture's size, which takes half the time of a U-Net.

| here | source |
| --- | --- |
| encoder | EfficientNet-Lite0: Tan and Le 2019, without squeeze-and-excitation and with ReLU6 |
| decoder | semantic FPN: Kirillov, Girshick, He and Dollar 2019, section 3.1 |
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
from torch import Tensor, nn


class ConditionFPN(nn.Module):
    """Logits of background and of each condition.

    Shape:
        input: (n, 3, H, W), H and W divisible by 32, in [-1, 1]
        output: (n, classes, H, W) logits, class 0 is the background
    """

    def __init__(self, classes: int = 4, pyramid: int = 96, merged: int = 64) -> None:
        super().__init__()
        widths = {"decoder_pyramid_channels": pyramid, "decoder_segmentation_channels": merged}
        self.fpn = smp.FPN("tu-efficientnet_lite0", encoder_weights=None, classes=classes, **widths)

    @property
    def head(self) -> nn.Conv2d:
        """The last convolution; its bias is how readily each class is called."""
        found: nn.Conv2d = self.fpn.segmentation_head[0]
        return found

    @property
    def late(self) -> list[nn.Module]:
        """What a heat map is made of: the four scales before they are added, in cells of 4 pixels."""
        return list(self.fpn.decoder.seg_blocks)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fpn(x)
        return logits
