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

`PaperGenerator` is the table to the letter; the last class is the clean background.  InstanceNorm subtracts just what a constant
plane adds, and how bright the patch is: label and brightness come through by the zeros at the border alone, and deconvolutions
leave a checkerboard.  `PEGenerator`, of the same depth, therefore departs from it:

- only the residual blocks are normalised, and the label sets gain and lift of each channel there (de Vries et al. 2017, eq. 4);
- borders are mirrored, and nearest neighbours and a 3x3 convolution stand for each deconvolution (Odena et al. 2016);
- what comes down is added again on the way up, and the head says where to change the patch (Pumarola et al. 2018, eq. 1), so
  that what is no defect keeps its pixels;
- a plane of noise comes with the patch: a clean patch alone does not say where its defect should lie.

`PEDiscriminator` has a second verdict on a finer map, for texture; one for each class (Liu et al. 2019, section 3).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from corrovis.errors import BadInputError

STRIDE = 4
DEEPEST = 32  # what the discriminator's five strides divide by
FINE = 3  # layers below the finer verdict
OPEN = 2.0  # logit of changing a pixel to begin with: where nothing is changed nothing can be learned
GRAIN = 0.05  # noise that the paper's generator gets on the patch itself, of grey levels in [-1, 1]


class PEGenerator(nn.Module):
    """A patch of steel with the defect that the label names, or with none.

    Shape:
        x: (n, 1, H, W) in [-1, 1], H and W divisible by `STRIDE`
        label: (n, classes) one-hot, the clean background last
        noise: (n, 1, H, W), standard normal: another draw is another defect; none is zeros
        levels: (blocks, 2, channels) of `levels`, for tiles of one picture; without, each patch is normalised by itself
        output: (n, 1, H, W) in [-1, 1]
    """

    def __init__(self, classes: int = 10, width: int = 32, blocks: int = 6) -> None:
        super().__init__()
        self.stem = _conv(2, width, 7)
        self.down = nn.ModuleList([_conv(width, 2 * width, 5, stride=2), _conv(2 * width, 4 * width, 5, stride=2)])
        self.residual = nn.ModuleList(ConditionedBlock(4 * width, classes) for _ in range(blocks))
        self.up = nn.ModuleList([_conv(4 * width, 2 * width, 3), _conv(2 * width, width, 3)])
        self.head = _conv(width, 2, 7, scale=0.1)
        nn.init.constant_(self.head.bias[1:], OPEN)  # type: ignore[index]  # it has a bias

    def forward(self, x: Tensor, label: Tensor, noise: Tensor | None = None, levels: Tensor | None = None) -> Tensor:
        fine, middle, features = self._descend(x, noise)
        for depth, block in enumerate(self.residual):
            features = block(features, label, None if levels is None else levels[depth])
        for layer, kept in zip(self.up, (middle, fine), strict=True):
            features = F.relu(layer(F.interpolate(features, scale_factor=2))) + kept
        drawn, where = self.head(features).chunk(2, dim=1)
        changed: Tensor = x + torch.sigmoid(where) * (torch.tanh(drawn) - x)
        return changed

    def levels(self, x: Tensor, label: Tensor, noise: Tensor | None = None) -> Tensor:
        """(blocks, 2, channels): mean and spread in each block over all n patches, as if they were one."""
        features, found = self._descend(x, noise)[-1], []
        for block in cast(Iterable[ConditionedBlock], self.residual):
            first = block.first(features)
            spread = (first.var(dim=(0, 2, 3), correction=0) + block.norm.eps).sqrt()
            found.append(torch.stack([first.mean(dim=(0, 2, 3)), spread]))
            features = block(features, label, found[-1])
        return torch.stack(found)

    def _descend(self, x: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Features of x at full, half and a quarter of its size."""
        _check(x)
        noise = torch.zeros_like(x) if noise is None else noise
        fine = F.relu(self.stem(torch.cat([x, noise], dim=1)))
        middle = F.relu(self.down[0](fine))
        return fine, middle, F.relu(self.down[1](middle))


class ConditionedBlock(nn.Module):
    """x + conv(relu(norm(conv(x)))), the normalised channels stretched and lifted as the label says."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.second = _conv(channels, channels, 3), _conv(channels, channels, 3, scale=0.1)
        self.norm = nn.InstanceNorm2d(channels)
        self.style = nn.Linear(classes, 2 * channels, bias=False)

    def forward(self, x: Tensor, label: Tensor, level: Tensor | None = None) -> Tensor:
        """`level`: (2, channels), the mean and spread to normalise by instead of the patch's own."""
        gain, lift = self.style(label)[:, :, None, None].chunk(2, dim=1)
        first = self.first(x)
        normed = self.norm(first) if level is None else (first - level[0][:, None, None]) / level[1][:, None, None]
        changed: Tensor = x + self.second(F.relu(normed * (1 + gain) + lift))
        return changed


class PaperGenerator(nn.Module):
    """Table 1 to the letter, the label given as StarGAN gives it: one plane per class.  Shapes as of `PEGenerator`."""

    def __init__(self, classes: int = 10, width: int = 32, blocks: int = 6) -> None:
        super().__init__()
        self.stem = _normed(nn.Conv2d(1 + classes, width, 7, padding=3))
        self.down = nn.Sequential(
            _normed(nn.Conv2d(width, 2 * width, 5, stride=2, padding=2)),
            _normed(nn.Conv2d(2 * width, 4 * width, 5, stride=2, padding=2)),
        )
        self.residual = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(blocks)))
        self.up = nn.Sequential(
            _normed(nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1)),
            _normed(nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1)),
        )
        self.head = nn.Sequential(nn.Conv2d(width, 1, 7, padding=3), nn.Tanh())

    def forward(self, x: Tensor, label: Tensor, noise: Tensor | None = None) -> Tensor:
        _check(x)
        planes = label[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        grainy = x if noise is None else x + GRAIN * noise
        changed: Tensor = self.head(self.up(self.residual(self.down(self.stem(torch.cat([grainy, planes], dim=1))))))
        return changed


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), same shape out as in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (_normed(nn.Conv2d(channels, channels, 3, padding=1)) for _ in range(2))
        self.body = nn.Sequential(first, second[:-1])  # the sum is not cut off at zero

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.body(x)
        return changed


class PEDiscriminator(nn.Module):
    """How real a patch looks, and which defect it shows.  To the `letter` it has table 2's verdict alone.

    Shape:
        x: (n, 1, side, side) in [-1, 1]
        label: (n,) int, the class that the patch shows or was to show
        output: verdicts, higher where real: (n, 1, side / 32, side / 32) and, if not to the letter, (n, 1, side / 8, side / 8);
            logits (n, classes)
    """

    def __init__(self, side: int = 64, classes: int = 10, width: int = 64, letter: bool = False) -> None:
        super().__init__()
        if side % DEEPEST:
            raise BadInputError(f"Wrong side {side}: the discriminator needs a multiple of {DEEPEST}. Resize the patches.")
        widths = [1, *(width * 2**depth for depth in range(5))]
        self.layers = nn.ModuleList(nn.Conv2d(one, out, 4, stride=2, padding=1) for one, out in itertools.pairwise(widths))
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.fine = None if letter else nn.Conv2d(widths[FINE], classes, 3, padding=1)
        self.classes = nn.Conv2d(widths[-1], classes, side // DEEPEST, bias=False)

    def forward(self, x: Tensor, label: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        found = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.01)
            found.append(x)
        verdicts: tuple[Tensor, ...] = (self.verdict(x),)
        if self.fine is not None:
            each = self.fine(found[FINE - 1])
            verdicts += (each[torch.arange(len(label), device=label.device), label][:, None],)
        return verdicts, self.classes(x).flatten(1)


def _check(x: Tensor) -> None:
    height, width = x.shape[-2:]
    if height % STRIDE or width % STRIDE:
        raise BadInputError(f"Wrong input shape {height} x {width}: both must be divisible by {STRIDE}. Pad the patch.")


def _conv(channels: int, out: int, kernel: int, stride: int = 1, scale: float = 1.0) -> nn.Conv2d:
    """Borders mirrored; keeps the scale from layer to layer, times `scale`."""
    layer = nn.Conv2d(channels, out, kernel, stride, kernel // 2, padding_mode="reflect")
    nn.init.kaiming_normal_(layer.weight)
    with torch.no_grad():
        layer.weight *= scale
    return layer


def _normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.InstanceNorm2d(convolution.out_channels, affine=True), nn.ReLU(inplace=True))
