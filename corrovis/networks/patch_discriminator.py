"""The 70 x 70 PatchGAN discriminator (Isola et al. 2017), as PHM 2020 uses it four times, once per corrosion domain.

| here | paper's layer | output at 256 px, `ndf` 64 | sees |
| --- | --- | --- | --- |
| `layers[0:2]` | C64, no norm | 64 x 128 x 128 | 4 px |
| `layers[2:5]` | C128 | 128 x 64 x 64 | 10 px |
| `layers[5:8]` | C256 | 256 x 32 x 32 | 22 px |
| `layers[8:11]` | C512, stride 1 | 512 x 31 x 31 | 46 px |
| `layers[11]` | one number a patch | 1 x 30 x 30 | 70 px |

No sigmoid: the least-squares loss (LSGAN) compares the numbers themselves with 1 (real) and 0 (made).
"""

from __future__ import annotations

from torch import Tensor, nn


class PatchDiscriminator(nn.Module):
    """How real each patch of 70 x 70 pixels looks.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W at least 32
        output: (n, 1, H / 8 - 2, W / 8 - 2), near 1 where real, near 0 where made
    """

    def __init__(self, ndf: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, ndf, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            *_layer(ndf, 2 * ndf, 2),
            *_layer(2 * ndf, 4 * ndf, 2),
            *_layer(4 * ndf, 8 * ndf, 1),
            nn.Conv2d(8 * ndf, 1, 4, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        verdict: Tensor = self.layers(x)
        return verdict


def _layer(channels: int, out: int, stride: int) -> list[nn.Module]:
    """Ck: convolution, InstanceNorm, leaky ReLU."""
    return [nn.Conv2d(channels, out, 4, stride=stride, padding=1), nn.InstanceNorm2d(out), nn.LeakyReLU(0.2, inplace=True)]
