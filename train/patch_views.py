"""Steel patches as other cameras, lamps and positions would show them, a whole batch at a time."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur


def augment(x: Tensor, dice: torch.Generator, plain: float = 0.0) -> Tensor:
    """(n, 1, S, S) in [-1, 1], each patch turned, scaled, lit, blurred, made noisy and compressed by its own throw.

    A share `plain` of them is only mirrored: however much a network is to bear, most of what it sees will be as it learned it.
    """
    n = len(x)
    for axis in (-1, -2):
        x = torch.where(uniform(n, 0, 1, dice) < 0.5, x, x.flip(axis))
    return torch.where(uniform(n, 0, 1, dice) < plain, x, compressed(jitter(move(x, dice), dice), dice))


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
    """Gamma, contrast (rather less than more of it), brightness, blur and noise.

    Gamma and brightness are moderate: how bright a class is tells something about it.
    """
    n = len(x)
    light = ((x + 1) / 2).clamp(1e-3, 1) ** torch.exp(uniform(n, -0.35, 0.35, dice))
    mean = light.mean(dim=(2, 3), keepdim=True)
    light = (light - mean) * torch.exp(uniform(n, -0.9, 0.35, dice)) + mean + uniform(n, -0.15, 0.15, dice)
    soft = uniform(n, -1.0, 1.0, dice).clamp(min=0)  # half of the patches stay sharp
    light = light + soft * (gaussian_blur(light, [7, 7], [1.6, 1.6]) - light)
    noise = torch.randn(x.shape, generator=dice) * uniform(n, -0.06, 0.06, dice).clamp(min=0)
    return (light + noise).clamp(0, 1) * 2 - 1


def compressed(x: Tensor, dice: torch.Generator) -> Tensor:
    """A third of the patches as JPEG leaves them, at qualities from 20 to 85."""
    out, quality = x.clone(), torch.randint(20, 86, (len(x),), generator=dice)
    for i in torch.nonzero(torch.rand(len(x), generator=dice) < 1 / 3).flatten().tolist():
        grey = ((x[i, 0] + 1) * 127.5).round().to(torch.uint8).numpy()
        packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(quality[i])])[1]
        out[i, 0] = torch.from_numpy(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 127.5 - 1)
    return out


def worsened(grey: np.ndarray) -> dict[str, np.ndarray]:
    """Patches (n, S, S) uint8 as worse cameras and files would show them, each way all of them, for scores."""
    dice, mean = np.random.default_rng(0), grey.mean(axis=(1, 2), keepdims=True)
    ways = {
        "low_contrast": mean + 0.4 * (grey - mean),
        "dark": 0.5 * grey,
        "blurred": np.stack([cv2.GaussianBlur(patch.astype(np.float32), (5, 5), 1.5) for patch in grey]),
        "noisy": grey + dice.normal(0, 15, grey.shape),
    }
    shown = {name: np.clip(np.rint(way), 0, 255).astype(np.uint8) for name, way in ways.items()}
    packed = [cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, 25])[1] for patch in grey]
    return shown | {"jpeg_25": np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in packed])}
