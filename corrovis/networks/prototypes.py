"""How far a picture lies from all that a classifier has learned from: cosine distance to the nearest of its prototypes.

| here | source |
| --- | --- |
| `forward` | Sun et al. 2022, section 3: nearest neighbour among training features on the unit sphere |
| `prototypes` | k-means centres of those features instead of all of them, so that they travel with the weights |

Learned from features after training, so these are buffers: no parameters, and the network's answer does not use them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PrototypeGauge(nn.Module):
    """Cosine distance to the nearest prototype; 0 where there is none.

    Shape:
        input: (n, features)
        output: (n,) in [0, 2]
    """

    centre: Tensor
    prototypes: Tensor

    def __init__(self, features: int, prototypes: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("prototypes", torch.zeros(prototypes, features))

    def forward(self, features: Tensor) -> Tensor:
        if len(self.prototypes) == 0:
            return torch.zeros_like(features[:, 0])
        likeness = F.normalize(features - self.centre, dim=1) @ F.normalize(self.prototypes, dim=1).T
        return 1 - likeness.amax(dim=1)
