"""The ResNet generator of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016), as PHM 2020 uses it six times.

| here | paper's layer | output at 256 px, `ngf` 64 |
| --- | --- | --- |
| `stem` | c7s1-64 | 64 x 256 x 256 |
| `down` | d128, d256 | 256 x 64 x 64 |
| `residual` | R256, nine times (`blocks`) | 256 x 64 x 64 |
| `up` | u128, u64 | 64 x 256 x 256 |
| `head` | c7s1-3, tanh | 3 x 256 x 256 |

InstanceNorm keeps no running statistics: a picture is normalised by itself, in training and afterwards alike.
"""

from __future__ import annotations

from torch import Tensor, nn

from corrovis.errors import BadInputError

STRIDE = 4


class ResidualBlock(nn.Module):
    """R in the paper's table: x + conv(relu(conv(x))), same shape out as in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.body(x)
        return changed


class ResnetGenerator(nn.Module):
    """A picture of one corrosion domain drawn as one of another.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by `STRIDE`
        output: (n, 3, H, W) in [-1, 1]
    """

    def __init__(self, ngf: int = 64, blocks: int = 9) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, ngf, 7), nn.InstanceNorm2d(ngf), nn.ReLU(inplace=True))
        self.down = nn.Sequential(*_halve(ngf), *_halve(2 * ngf))
        self.residual = nn.Sequential(*(ResidualBlock(4 * ngf) for _ in range(blocks)))
        self.up = nn.Sequential(*_double(4 * ngf), *_double(2 * ngf))
        self.head = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(ngf, 3, 7), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if height % STRIDE or width % STRIDE:
            wanted = (height + -height % STRIDE, width + -width % STRIDE)
            raise BadInputError(
                f"picture of {height} x {width}: the generator needs multiples of {STRIDE}; pad it to {wanted[0]} x {wanted[1]}"
            )
        picture: Tensor = self.head(self.up(self.residual(self.down(self.stem(x)))))
        return picture


def _halve(channels: int) -> list[nn.Module]:
    """dk: half the size, twice the channels."""
    return [nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), nn.InstanceNorm2d(2 * channels), nn.ReLU(inplace=True)]


def _double(channels: int) -> list[nn.Module]:
    """uk: twice the size, half the channels."""
    out = channels // 2
    convolution = nn.ConvTranspose2d(channels, out, 3, stride=2, padding=1, output_padding=1)
    return [convolution, nn.InstanceNorm2d(out), nn.ReLU(inplace=True)]
