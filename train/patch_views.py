"""Steel patches as other cameras, lamps and positions would show them, a whole batch at a time."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur


def augment(x: Tensor, dice: torch.Generator, plain: float = 0.0) -> Tensor:
    """(n, 1, S, S) in [-1, 1], each patch turned, scaled, lit, blurred and made noisy by its own throw.

    A share `plain` of them is only mirrored: however much a network is to bear, most of what it sees will be as it learned it.
    """
    n = len(x)
    for axis in (-1, -2):
        x = torch.where(uniform(n, 0, 1, dice) < 0.5, x, x.flip(axis))
    return torch.where(uniform(n, 0, 1, dice) < plain, x, jitter(move(x, dice), dice))


def uniform(n: int, low: float, high: float, dice: torch.Generator) -> Tensor:
    """(n, 1, 1, 1)"""
    return torch.rand((n, 1, 1, 1), generator=dice) * (high - low) + low


def move(x: Tensor, dice: torch.Generator) -> Tensor:
    """A third turned by a right angle, tilted by up to 12 degrees, at 0.8 to 1.25 of its scale, shifted."""
    n = len(x)
    tilt, shift = uniform(n, -math.pi / 15, math.pi / 15, dice).flatten(), (torch.rand((n, 2), generator=dice) - 0.5) * 0.3
    zoom = torch.exp(uniform(n, math.log(0.8), math.log(1.25), dice)).flatten()
    turn = torch.stack([tilt.cos(), -tilt.sin(), tilt.sin(), tilt.cos()], dim=1).view(n, 2, 2) * zoom.view(n, 1, 1)
    across = torch.rand(n, generator=dice) < 1 / 3
    turn = torch.where(across.view(n, 1, 1), turn.flip(2), turn)
    where = F.affine_grid(torch.cat([turn, shift.view(n, 2, 1)], dim=2), list(x.shape), align_corners=False)
    return F.grid_sample(x, where, mode="bilinear", padding_mode="reflection", align_corners=False)


def jitter(x: Tensor, dice: torch.Generator) -> Tensor:
    """Gamma, contrast, brightness, blur and noise.  Moderate: how bright a class is tells something about it."""
    n = len(x)
    light = ((x + 1) / 2).clamp(1e-3, 1) ** torch.exp(uniform(n, -0.35, 0.35, dice))
    mean = light.mean(dim=(2, 3), keepdim=True)
    light = (light - mean) * torch.exp(uniform(n, -0.35, 0.35, dice)) + mean + uniform(n, -0.15, 0.15, dice)
    soft = uniform(n, -1.0, 1.0, dice).clamp(min=0)  # half of the patches stay sharp
    light = light + soft * (gaussian_blur(light, [5, 5], [1.2, 1.2]) - light)
    noise = torch.randn(x.shape, generator=dice) * uniform(n, -0.06, 0.06, dice).clamp(min=0)
    return (light + noise).clamp(0, 1) * 2 - 1
