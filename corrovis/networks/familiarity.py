"""How far a picture lies from all that a classifier has learned from: distance to the nearest class, in units of its spread.

| here | source |
| --- | --- |
| `forward` | Lee et al. 2018, eq. 2: Mahalanobis distance to the nearest class mean, one covariance for all classes |
| `basis` | whitens: principal axes of the training features, divided by the spread within the classes |

Learned from features after training, so these are buffers: they count as no parameters and the network's answer does not use them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Familiarity(nn.Module):
    """Root mean square distance along `axes` whitened axes; 0 where nothing was measured (`axes` or `kinds` 0).

    Shape:
        input: (n, features)
        output: (n,), about 1 for pictures like those of training
    """

    centre: Tensor
    basis: Tensor
    means: Tensor

    def __init__(self, features: int, axes: int, kinds: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("basis", torch.zeros(features, axes))
        self.register_buffer("means", torch.zeros(kinds, axes))

    def forward(self, features: Tensor) -> Tensor:
        if self.means.numel() == 0:
            return torch.zeros_like(features[:, 0])
        along = (features - self.centre) @ self.basis
        apart = (along[:, None] - self.means).square().mean(dim=2).sqrt()
        return apart.amin(dim=1)
