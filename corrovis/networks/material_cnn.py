"""The seed's small network that tells alloys by their SEM surface, in the two forms that its paper gives.

| here | source (B. 2023) |
| --- | --- |
| `figure8` | figure 8 and section 4.2: 450 px, five convolutions with batch norm, ReLU, four max-pools, dropout, dense, sigmoid |
| `table6` | table 6: 150 px, maps 148-74-72-36-34-17-15-7, dense 512, 3 453 121 parameters with one output |

The table's count is met by 32-64-128-128 channels, 3 x 3 without padding.  The figure names no channels: 32-64-128-128-128 here.
The network answers with logits; the sigmoid is in the loss and in `corrovis.sem.material`.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from corrovis.networks.prototypes import PrototypeGauge

Form = Literal["table6", "figure8"]
SIZES: dict[Form, int] = {"table6": 150, "figure8": 450}
WIDTH = 128


class MaterialCNN(nn.Module):
    """Logits of each material, or the one logit of the second of two, and how unfamiliar the picture is.

    Shape:
        input: (n, 3, size, size) in [-1, 1], size 150 or 450 by `form`; a grey field three times over
        output: (n, outputs) logits, (n,) distance
    """

    def __init__(self, outputs: int = 1, form: Form = "table6", prototypes: int = 0) -> None:
        super().__init__()
        small = form == "table6"
        self.layers = _table6() if small else _figure8()
        self.answer = _table6_head(outputs) if small else _figure8_head(outputs)
        self.familiarity = PrototypeGauge(WIDTH, prototypes)

    def features(self, x: Tensor) -> Tensor:
        """(n, 128), mean over the last map."""
        last: Tensor = self.layers(x)
        return last.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        last = self.layers(x)
        return self.answer(last), self.familiarity(last.mean(dim=(2, 3)))


def _table6() -> nn.Sequential:
    """(n, 3, 150, 150) to (n, 128, 7, 7)."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128), (128, WIDTH)):
        layers += [nn.Conv2d(before, after, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


def _table6_head(outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(WIDTH * 7 * 7, 512), nn.ReLU(), nn.Linear(512, outputs))


def _figure8() -> nn.Sequential:
    """(n, 3, 450, 450) to (n, 128, 24, 24)."""
    layers: list[nn.Module] = []
    for n, (before, after) in enumerate(((3, 32), (32, 64), (64, 128), (128, WIDTH), (WIDTH, WIDTH))):
        layers += [nn.Conv2d(before, after, 3), nn.BatchNorm2d(after), nn.ReLU()]
        if n < 4:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _figure8_head(outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(WIDTH * 24 * 24, outputs))
