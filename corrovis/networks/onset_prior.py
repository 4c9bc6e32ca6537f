"""How likely each part of the paint is to rust first: a logistic regression on position relative to the car's parts.

Five numbers and an offset, learned from hand-drawn rust masks (train/car_onset.py).  It sees no colours, so it cannot read the
picture instead of the car.
"""

from __future__ import annotations

from torch import Tensor, nn

FEATURES = ("wheel_arch", "sill", "lowness", "seam", "trim_edge")
"""Columns of `corrovis.car.onset.features`."""


class OnsetPrior(nn.Module):
    """Log-odds of rust per pixel.

    Shape:
        input: (n, 5) float32, columns as in `FEATURES`
        output: (n,) float32
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(len(FEATURES), 1)

    def forward(self, x: Tensor) -> Tensor:
        odds: Tensor = self.linear(x)[:, 0]
        return odds
