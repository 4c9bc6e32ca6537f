"""A pixel classifier: fixed filters of several sizes describe the surroundings of each pixel, a small network decides.

Pits a few pixels across, in a hundred small tiles whose labels leave many out: there is little to learn filters from, and scale
space is known.  Nothing here turns with the picture, so every angle is one example.  It trains in seconds.

| here | source |
| --- | --- |
| `describe` | scale space, Lindeberg 1998: level, gradient, both curvatures (normalised derivatives), and the local deviation |
| `head` | a pixel classifier on such features, as in ilastik (Berg et al. 2019), here with two hidden layers |
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIGMAS = (0.8, 1.3, 2.1, 3.4, 5.5, 8.9, 14.4)
BACKGROUND = 24.0
POOLED = 4
"""Wider filters than this many pixels are computed on a grid so much coarser, at a fraction of the cost; going there and back
widens them by the variance of a box and of a triangle, 3.9 square pixels."""
FEATURES = 5 * len(SIGMAS) + 1


class PixelNet(nn.Module):
    """Logits of each class, pixel by pixel.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 4; a grey field three times over
        output: (n, classes, H, W) logits, class 0 is the background
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, classes: int = 2, hidden: int = 48) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.head = nn.Sequential(
            nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(describe(x[:, :1]).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def classify(self, features: Tensor) -> Tensor:
        """(..., FEATURES) to (..., classes)."""
        logits: Tensor = self.head((features - self.mean) / self.scale)
        return logits

    def standardise(self, features: Tensor) -> None:
        """Bring each of (n, FEATURES) to mean 0 and deviation 1 from now on."""
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(features.std(dim=0).clamp(min=1e-4))


def describe(grey: Tensor) -> Tensor:
    """(n, 1, H, W) to (n, FEATURES, H, W)."""
    background = blurred(grey, BACKGROUND)
    planes = [blurred((grey - blurred(grey, SIGMAS[0])).abs(), BACKGROUND)]  # the detector's noise
    for sigma in SIGMAS:
        smooth = blurred(grey, sigma)
        y, x = _slope(smooth, 2) * sigma, _slope(smooth, 3) * sigma
        yy, xy, xx = _slope(y, 2) * sigma, _slope(y, 3) * sigma, _slope(x, 3) * sigma
        middle, apart = (yy + xx) / 2, torch.sqrt(((yy - xx) / 2) ** 2 + xy**2 + 1e-12)
        deviation = torch.sqrt((blurred(grey**2, sigma) - smooth**2).clamp(min=0) + 1e-8)
        planes += [smooth - background, torch.sqrt(y**2 + x**2 + 1e-12), middle + apart, middle - apart, deviation]
    return torch.cat(planes, dim=1)


def blurred(grey: Tensor, sigma: float) -> Tensor:
    """Gaussian of (n, 1, H, W), the rim repeated."""
    if sigma > POOLED:
        small = blurred(F.avg_pool2d(grey, POOLED), sigma / POOLED)
        return F.interpolate(small, size=grey.shape[2:], mode="bilinear", align_corners=False)
    reach = round(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=grey.device) / sigma) ** 2)
    kernel = kernel / kernel.sum()
    rows = F.conv2d(F.pad(grey, (0, 0, reach, reach), mode="replicate"), kernel[None, None, :, None])
    return F.conv2d(F.pad(rows, (reach, reach, 0, 0), mode="replicate"), kernel[None, None, None, :])


def _slope(plane: Tensor, dim: int) -> Tensor:
    """Central difference along a dimension, the rim repeated."""
    pad = (0, 0, 1, 1) if dim == 2 else (1, 1, 0, 0)
    wide = F.pad(plane, pad, mode="replicate")
    length = plane.shape[dim]
    return (wide.narrow(dim, 2, length) - wide.narrow(dim, 0, length)) / 2
