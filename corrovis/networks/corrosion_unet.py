"""The semantic segmenter: a U-Net, one logit a pixel and class.

Where corrosion is one network that spans the field (grain boundaries, rusted plates), there are no instances to box; the seed's
YOLOv8-seg then has nothing to hold on to, and a label a pixel is the right question.

| here | source |
| --- | --- |
| encoder, decoder | `corrovis.networks.unet` |
"""

from __future__ import annotations

from torch import Tensor, nn

from corrovis.networks.unet import EncoderName, unet


class CorrosionUNet(nn.Module):
    """Logits of background and of each corrosion class.

    Shape:
        input: (n, 3, H, W), H and W divisible by 32; a grey field three times over
        output: (n, classes, H, W) logits, class 0 is the background
    """

    def __init__(
        self,
        classes: int = 2,
        decoder_channels: tuple[int, ...] = (64, 48, 32, 16, 8),
        encoder: EncoderName = "mobilenet_v2",
    ) -> None:
        super().__init__()
        self.unet = unet(encoder, classes, decoder_channels)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.unet(x)
        return logits
