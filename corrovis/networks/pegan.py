"""Generator and discriminator of PE-GAN (2024): one generator puts a defect on a clean patch of steel, or wipes it off.

| here | paper's Table 1 (generator) | output at 64 px |
| --- | --- | --- |
| `stem` | 7x7/1, 32, on the patch with its wanted label as planes | 32 x 64 x 64 |
| `down` | 5x5/2, 64; 5x5/2, 128 | 128 x 16 x 16 |
| `residual` | six residual blocks of 3x3, 128 | 128 x 16 x 16 |
| `up` | two deconvolutions 4x4/2, 64 and 32 | 32 x 64 x 64 |
| `head` | 7x7/1, 1, tanh | 1 x 64 x 64 |

| here | paper's Table 2 (discriminator) | output at 64 px |
| --- | --- | --- |
| `layers` | five 4x4/2 convolutions, 64 to 1024, leaky ReLU 0.01 | 1024 x 2 x 2 |
| `verdict` | 3x3/1, 1 | 1 x 2 x 2 (W/32 x H/32) |
| `classes` | as wide as its input, C + 1 | C + 1 logits |

The label is given as StarGAN gives it: one plane per class, ones in the wanted one.  The last class is the clean background.
InstanceNorm keeps no running statistics: a patch is normalised by itself, in training and afterwards alike.

To the letter (`letter`), every convolution is padded with zeros and normalised.  But InstanceNorm subtracts just what a constant
plane adds, and how bright the patch is: label and brightness come through by the zeros at the border alone.  By default
therefore only the residual blocks are normalised, inside, and borders are mirrored, so that neither frame nor seams show.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from corrovis.errors import BadInputError

STRIDE = 4
Padding = Literal["zeros", "reflect"]
DEEPEST = 32  # what the discriminator's five strides divide by


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), same shape out as in."""

    def __init__(self, channels: int, padding: Padding) -> None:
        super().__init__()
        first, second = (_normed(_conv((channels, channels), 3, padding)) for _ in range(2))
        self.body = nn.Sequential(*first, *second[:-1])  # the sum is not cut off at zero

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.body(x)
        return changed


class PEGenerator(nn.Module):
    """A patch of steel with the defect that the label names, or with none.

    Shape:
        x: (n, 1, H, W) in [-1, 1], H and W divisible by `STRIDE`
        label: (n, classes) one-hot, the clean background last
        output: (n, 1, H, W) in [-1, 1]
    """

    def __init__(self, classes: int = 10, width: int = 32, blocks: int = 6, letter: bool = False) -> None:
        super().__init__()
        padding: Padding = "zeros" if letter else "reflect"
        layer = _normed if letter else _plain
        self.stem = nn.Sequential(*layer(_conv((1 + classes, width), 7, padding)))
        self.down = nn.Sequential(
            *layer(_conv((width, 2 * width), 5, padding, stride=2)),
            *layer(_conv((2 * width, 4 * width), 5, padding, stride=2)),
        )
        self.residual = nn.Sequential(*(ResidualBlock(4 * width, padding) for _ in range(blocks)))
        self.up = nn.Sequential(
            *layer(nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1)),
            *layer(nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1)),
        )
        self.head = nn.Sequential(_conv((width, 1), 7, padding), nn.Tanh())

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if height % STRIDE or width % STRIDE:
            raise BadInputError(f"Wrong input shape {height} x {width}: both must be divisible by {STRIDE}. Pad the patch.")
        planes = label[:, :, None, None].expand(-1, -1, height, width)
        features = self.down(self.stem(torch.cat([x, planes], dim=1)))
        changed: Tensor = self.head(self.up(self.residual(features)))
        return changed


class PEDiscriminator(nn.Module):
    """How real a patch looks, and which defect it shows.

    Shape:
        input: (n, 1, side, side) in [-1, 1]
        output: verdict (n, 1, side / 32, side / 32), higher where real; logits (n, classes)
    """

    def __init__(self, side: int = 64, classes: int = 10, width: int = 64) -> None:
        super().__init__()
        if side % DEEPEST:
            raise BadInputError(f"Wrong side {side}: the discriminator needs a multiple of {DEEPEST}. Resize the patches.")
        widths = [width * 2**depth for depth in range(5)]
        self.layers = nn.Sequential(*(_halve(one, out) for one, out in zip([1, *widths[:-1]], widths, strict=True)))
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.classes = nn.Conv2d(widths[-1], classes, side // DEEPEST, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(x)
        return self.verdict(features), self.classes(features).flatten(1)


def _conv(channels: tuple[int, int], kernel: int, padding: Padding, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(*channels, kernel, stride, kernel // 2, padding_mode=padding)


def _normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.ReLU(inplace=True)]


def _plain(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    nn.init.kaiming_normal_(convolution.weight)  # nothing else keeps the scale from layer to layer
    return [convolution, nn.ReLU(inplace=True)]


def _halve(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, 4, stride=2, padding=1), nn.LeakyReLU(0.01, inplace=True))
