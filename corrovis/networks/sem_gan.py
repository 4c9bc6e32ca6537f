"""The GAN of the 2023 seed for SEM surfaces: a U-Net generator against patch discriminators, with the least-squares loss.

    frame (f) --+                                                            +-- skip --+
    noise (1) --+-- unshuffle 2 -- E1 (1/2) -- E2 (1/4) -- E3 (1/8) -- middle -- D3 -- D2 -- D1 -- resize x 2 -- change (1)
                                    last frame, as far as it can be trusted, + change, as far as it cannot = picture (1)

| here | seed |
| --- | --- |
| `SurfaceGenerator` | G, U-Net; of a time series it takes frames 1 to 4 and draws the 5th |
| `SurfaceDiscriminator` | D, a number a patch, near 1 where real, near 0 where made (eq. 4-7) |
| `SurfaceGAN.forward` | the mode for pictures without order, below |

**Pictures without order** have no earlier frames, so a series is made of each: noise, mixtures with ever less of it, the picture.
G learns to draw the picture from any of the others, so that intensity and gradient losses have a target wherever the frame
still tells something of it; at use the series begins with nothing but noise.  This is a denoising diffusion GAN (Xiao, Kreis
and Vahdat 2022) of ten steps.  What of a frame can be kept is known beforehand (`trust`, after Karras et al. 2022), so that G
draws changes only.  Normalisation is by pixel (Karras et al. 2018), so a surface may have any size and looks the same at each;
resize-convolutions, because transposed ones leave checkerboards.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SERIES = tuple(1 - step / 10 for step in range(10))
"""Share of noise in the frames before the picture.  Training knows any share; fewer frames are quicker and rougher."""
NOISE_STD = 40 / 127.5
"""That of the pictures themselves (`corrovis.sem.fields.SPREAD` on the scale -1 to 1)."""
STRIDE = 8
CODE = 64
CHECKS = 4


def mix(picture: Tensor, noise: Tensor, share: Tensor) -> Tensor:
    """A frame of the series: (n, 1, H, W) picture in [-1, 1], standard normal noise alike, (n, 1) share of noise."""
    share = share[:, :, None, None]
    return (1 - share) * picture + share * NOISE_STD * noise


def trust(share: Tensor) -> tuple[Tensor, Tensor]:
    """Factors of frame and change, from (n, 1) shares of noise.

    The first is the linear estimate of a picture from its frame, both of standard deviation `NOISE_STD`; the second follows
    the error that this estimate leaves, and never falls to nought, since a series may change without noise.
    """
    share = share[:, :, None, None]
    power = (1 - share).square() + share.square()
    return (1 - share) / power, NOISE_STD * share.clamp(min=0.25) / power.sqrt()


class Block(nn.Module):
    """x + two convolutions of x, each after normalisation by pixel; the code scales and shifts the second's input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs)
        self.code = nn.Linear(CODE, 2 * outputs)
        self.second = _convolution(outputs, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        h = self.first(F.silu(_by_pixel(x)))
        scale, shift = self.code(code)[:, :, None, None].chunk(2, dim=1)
        h = self.second(F.silu(_by_pixel(h) * (1 + scale) + shift))
        out: Tensor = (self.skip(x) + h) * 0.7071
        return out


class SurfaceGenerator(nn.Module):
    """The next picture of a series.

    Shape:
        frames: (n, f, H, W) in [-1, 1], any size of at least 32
        noise: (n, 1, H, W), standard normal: what the frames leave open
        share: (n, 1), share of noise in the frames, 0 for frames of a time series
        material: (n, m), one-hot
        output: (n, 1, H, W) in [-1, 1]
    """

    def __init__(self, materials: int, width: int = 32, frames: int = 1) -> None:
        super().__init__()
        one, two, three = width, 2 * width, 3 * width
        self.code = nn.Sequential(nn.Linear(materials + 1, CODE), nn.SiLU(), nn.Linear(CODE, CODE), nn.SiLU())
        self.stem = _convolution(4 * (frames + 1), one)
        self.down = nn.ModuleList([Block(one, one), Block(one, two), Block(two, three)])
        self.middle = nn.ModuleList([Block(three, three), Block(three, three)])
        self.up = nn.ModuleList([Block(three + three, two), Block(two + two, two), Block(two + one, one)])
        self.fine = nn.Sequential(_convolution(one + frames + 1, width // 2), nn.SiLU(), _convolution(width // 2, width // 2))
        self.head = nn.Sequential(nn.SiLU(), _convolution(width // 2, 1))

    def forward(self, frames: Tensor, noise: Tensor, share: Tensor, material: Tensor) -> Tensor:
        height, width = frames.shape[-2:]
        seen = torch.cat([frames / NOISE_STD, noise], dim=1)
        seen = F.pad(seen, (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")
        code = self.code(torch.cat([material, share], dim=1))
        x, skips = self.stem(F.pixel_unshuffle(seen, 2)), []
        for level, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if level else x, code)
            skips.append(x)
        for block in self.middle:
            x = block(x, code)
        for block in self.up:
            skip = skips.pop()
            x = F.interpolate(x, scale_factor=2.0, mode="nearest") if x.shape[-1] != skip.shape[-1] else x
            x = block(torch.cat([x, skip], dim=1), code)
        x = F.interpolate(_by_pixel(x), scale_factor=2.0, mode="nearest")
        change: Tensor = self.head(self.fine(torch.cat([x, seen], dim=1)))[..., :height, :width]
        kept, changed = trust(share)
        return (kept * frames[:, -1:] + changed * change).clamp(-1, 1)


class SurfaceDiscriminator(nn.Module):
    """How real each patch looks: patches of 38 pixels, and of 76 in the picture at half size.

    Shape:
        picture: (n, 1, H, W) in [-1, 1], at least 64 a side
        material: (n, m), one-hot
        output: two of (n, 1, h, w), near 1 where real, near 0 where made; no sigmoid, as the least-squares loss wants it
    """

    def __init__(self, materials: int, width: int = 32) -> None:
        super().__init__()
        self.scales = nn.ModuleList([PatchJudge(1, materials, width) for _ in range(2)])

    def forward(self, picture: Tensor, material: Tensor) -> list[Tensor]:
        return [judge(picture if i == 0 else F.avg_pool2d(picture, 2), material) for i, judge in enumerate(self.scales)]


class PatchJudge(nn.Module):
    """Convolutions to one number a patch; what is typical of a material counts by its projection (Miyato and Koyama 2018)."""

    def __init__(self, inputs: int, materials: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for outputs in (width, 2 * width, 3 * width):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
            inputs = outputs
        layers += [nn.Conv2d(inputs, 3 * width, 3, 1, 1), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(3 * width, 1, 1)
        self.typical = nn.Linear(materials, 3 * width, bias=False)

    def forward(self, x: Tensor, material: Tensor) -> Tensor:
        h = self.body(x / NOISE_STD)
        verdict: Tensor = self.head(h) + (h * self.typical(material)[:, :, None, None]).mean(dim=1, keepdim=True)
        return verdict


class SurfaceGAN(nn.Module):
    """Generator and discriminator as they are shipped: noise in, surface and verdict out.

    Shape:
        noise: (n, 20, H, W), standard normal: for each of the ten frames its noise and what it leaves open
        material: (n, m), one-hot
        output: picture (n, 1, H, W) in [-1, 1], verdict (n,)
        levels: (m, 2), usual mean and standard deviation of a material's grey values, 0 to 255
        limits: (m, `CHECKS`, 2), lowest and highest score that real pictures reach in each of `corrovis.sem.synthesis.CHECKS`
        side: of the pictures in training, at which all pictures are scored
    """

    levels: Tensor
    limits: Tensor

    def __init__(self, materials: int, width: int = 32, side: int = 64) -> None:
        super().__init__()
        self.side = side
        self.generator = SurfaceGenerator(materials, width)
        self.discriminator = SurfaceDiscriminator(materials, width)
        self.register_buffer("levels", torch.tensor([128.0, 40.0]).repeat(materials, 1))
        self.register_buffer("limits", torch.tensor([-torch.inf, torch.inf]).repeat(materials, CHECKS, 1))

    def forward(self, noise: Tensor, material: Tensor) -> tuple[Tensor, Tensor]:
        picture = torch.zeros_like(noise[:, :1])
        for step, share in enumerate(SERIES):
            picture = self.redraw(picture, noise[:, 2 * step : 2 * step + 2], share, material)
        return picture, self.verdict(picture, material)

    def redraw(self, picture: Tensor, noise: Tensor, share: float, material: Tensor) -> Tensor:
        """The picture after `share` of it was lost in noise, (n, 2, H, W)."""
        shares = material.new_full((len(material), 1), share)
        drawn: Tensor = self.generator(mix(picture, noise[:, :1], shares), noise[:, 1:], shares, material)
        return drawn

    def verdict(self, picture: Tensor, material: Tensor) -> Tensor:
        """(n,) mean of the discriminator's two maps."""
        verdicts: list[Tensor] = self.discriminator(picture, material)
        return torch.stack([scale.mean(dim=(1, 2, 3)) for scale in verdicts]).mean(dim=0)


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def _by_pixel(x: Tensor) -> Tensor:
    """Each pixel's channels brought to a mean square of 1."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-6)
