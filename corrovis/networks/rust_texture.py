"""A small network that turns a wash of rust colour into rust: pits, flakes, blisters and streaks.

    tone (3)  --+-- quarter size: noise 16 -> 4 residual blocks --+-- half size: noise 4 --+-- full size: noise 1 -- residual
    roughness 2 +------------------------------------------------+-----------------------+            tone + residual = rust

Trained as a conditional GAN on photographs of rust: the condition is the photograph's own low-pass colour and local contrast,
the target its detail.  So at use the caller decides how light and how orange the rust is, panel by panel, and how rough;
the network decides what rust of that tone looks like.  Resize-convolutions, because transposed ones leave checkerboards.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TONE_SIGMA = 8.0
"""Pixels; the network never changes colour on a scale much larger than this."""


def blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian low-pass of (n, c, H, W), mirrored at the border, cut at three sigma."""
    radius = min(round(3 * sigma), min(x.shape[-2:]) - 1)
    at = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = kernel / kernel.sum()
    c = x.shape[1]
    x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="reflect"), kernel.view(1, 1, 1, -1).expand(c, 1, 1, -1), groups=c)
    return F.conv2d(F.pad(x, (0, 0, radius, radius), mode="reflect"), kernel.view(1, 1, -1, 1).expand(c, 1, -1, 1), groups=c)


def condition_of(rgb: Tensor) -> Tensor:
    """What a picture tells the network of itself: tone (3 channels) and fine and coarse roughness (2 channels).

    Shape:
        rgb: (n, 3, H, W) in [-1, 1]
        output: (n, 5, H, W)
    """
    grey = rgb.mean(dim=1, keepdim=True)
    fine = grey - blur(grey, 1.5)
    coarse = blur(grey, 1.5) - blur(grey, 5.0)
    roughness = blur(torch.cat([fine.abs(), coarse.abs()], dim=1), TONE_SIGMA)
    return torch.cat([blur(rgb, TONE_SIGMA), 8 * roughness], dim=1)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect"),
        nn.LeakyReLU(0.2),
        nn.Conv2d(outputs, outputs, 3, padding=1, padding_mode="reflect"),
        nn.LeakyReLU(0.2),
    )


class RustTexture(nn.Module):
    """Rust of a given tone and roughness; other noise, other rust.

    Shape:
        condition: (n, 5, H, W), see `condition_of`; H and W divisible by 4
        noise: (n, 1, H, W), standard normal
        output: (n, 3, H, W) in [-1, 1]
    """

    def __init__(self, width: int = 48, blocks: int = 4) -> None:
        super().__init__()
        self.coarse = nn.Sequential(
            nn.Conv2d(5 + 16, width, 3, padding=1, padding_mode="reflect"), *(ResidualBlock(width) for _ in range(blocks))
        )
        self.middle = _convolutions(width + 5 + 4, width // 2 + 8)
        self.fine = _convolutions(width // 2 + 8 + 5 + 1, 16)
        self.residual = nn.Conv2d(16, 3, 3, padding=1, padding_mode="reflect")

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        x = self.coarse(torch.cat([F.avg_pool2d(condition, 4), F.pixel_unshuffle(noise, 4)], dim=1))
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.middle(torch.cat([x, F.avg_pool2d(condition, 2), F.pixel_unshuffle(noise, 2)], dim=1))
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.fine(torch.cat([x, condition, noise], dim=1))
        rust: Tensor = (condition[:, :3] + self.residual(x)).clamp(-1, 1)
        return rust
