"""Pixels to what networks take, and back: 0 .. 255 is -1 .. 1 for all of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from corrovis.results import Byte


def tensor_of(pixels: Byte) -> Tensor:
    """(n, H, W, 3) or, of grey pictures, (n, H, W) uint8 to (n, channels, H, W) float32 in [-1, 1], channels last in memory."""
    x = torch.from_numpy(pixels if pixels.ndim == 4 else pixels[..., None])
    return x.permute(0, 3, 1, 2).float() / 127.5 - 1


def pixels_of(x: Tensor) -> Byte:
    """(n, 3, H, W) or (n, 1, H, W) in [-1, 1], clipped, to (n, H, W, 3) or (n, H, W) uint8."""
    pixels: Byte = ((x.detach().float().cpu() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return np.ascontiguousarray(pixels if pixels.shape[3] > 1 else pixels[..., 0])
