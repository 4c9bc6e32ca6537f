"""How far features lie from those of training: what an inspection network has learned from, as a small Gaussian.

| here | source |
| --- | --- |
| `forward` | Mahalanobis distance under probabilistic PCA, Tipping and Bishop 1999, eq. 3 to 7 |
| on pooled features of a network | Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples |
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Familiarity(nn.Module):
    """Distance of each row of features from the mean of training, in standard deviations, one for every feature on average.

    `axes` are the leading directions of the training features, `spread` the standard deviations along them, `rest` the one
    along all others.

    Shape:
        input: (n, features)
        output: (n,), about 1 for what training looked like
    """

    mean: Tensor
    axes: Tensor
    spread: Tensor
    rest: Tensor

    def __init__(self, features: int, directions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("axes", torch.eye(features)[:, :directions])
        self.register_buffer("spread", torch.ones(directions))
        self.register_buffer("rest", torch.ones(()))

    def learn(self, features: Tensor) -> None:
        """Take mean, axes and spreads from (n, features) of training; n must be larger than the number of directions."""
        self.mean = features.mean(dim=0)
        _, singular, axes = torch.linalg.svd(features - self.mean, full_matrices=False)
        variance = singular**2 / (len(features) - 1)
        directions = len(self.spread)
        self.axes, self.spread = axes[:directions].T.contiguous(), variance[:directions].sqrt()
        self.rest = (variance[directions:].sum() / (features.shape[1] - directions)).sqrt()

    def forward(self, features: Tensor) -> Tensor:
        moved = features - self.mean
        along = moved @ self.axes
        across = (moved.square().sum(dim=1) - along.square().sum(dim=1)).clamp(min=0)
        squared = (along / self.spread).square().sum(dim=1) + across / self.rest.square()
        return (squared / features.shape[1]).sqrt()
