"""What every convolution of a network makes of a picture: the seed's layer views (B. 2023, section 4.4), for any of our networks.

A layer shows the mean of its channels, and the channels that the answer rests on most: those whose activation times gradient,
summed over the map, is largest, as in Grad-CAM (Selvaraju et al. 2017, eq. 1).  The answer is the strongest output; where a
network answers for each pixel, the sum of the strongest outputs, and where for each box, that of the boxes' scores.  Two pictures
go through together and show the same channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from corrovis.errors import BadInputError, WeightsError
from corrovis.manifest import WeightSpec, remedy
from corrovis.networks.yolo_seg import COEFFICIENTS, YoloSeg
from corrovis.resizing import resized
from corrovis.results import Byte, Float, check_array
from corrovis.sem.hooks import hearing
from corrovis.sem.material import notes_of
from corrovis.sem.preparing import levelled
from corrovis.sem.results import Field
from corrovis.store import Store
from corrovis.tensors import tensor_of

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
LONGEST, STRIDE = 320, 32  # networks that take any size see no more, so that all layers come within two seconds
STRONGEST = 16


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One convolution's answer to each of the pictures, before its activation function.

    Shape:
        mean: (pictures, h, w) float32, mean over the channels
        strongest: (pictures, k, h, w) float32, the channels that the answer to the first picture rests on most, most first
        channels: their k numbers, of `count`
    """

    name: str
    mean: Float
    strongest: Float
    channels: tuple[int, ...]
    count: int

    def __post_init__(self) -> None:
        check_array("Layer.mean", self.mean, np.float32, (None, None, None))
        pictures, height, width = self.mean.shape
        check_array("Layer.strongest", self.strongest, np.float32, (pictures, len(self.channels), height, width))

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.mean.shape[1], self.mean.shape[2]


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """Every convolution of one network, in the order in which the pictures pass them.

    Shape:
        seen: (pictures, side, side, 3) uint8, what the network was shown: the middle square of each picture
    """

    model: str
    names: tuple[str, ...]
    seen: Byte
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        check_array("LayerView.seen", self.seen, np.uint8, (len(self.names), None, None, 3))


PICTURE_ALONE = (
    *("MaterialNet", "MaterialCNN", "CorrosionUNet", "ConditionFPN", "YoloSeg", "SeverityClassifier"),
    *("InspectorNet", "SeverityNet", "CarUNet"),
)
"""Architectures that answer to one picture and nothing else, by convolutions that they learned; `PixelNet`'s are given."""


class LayerViewer:
    """Looks into the networks of a store that answer to a single picture."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks that can be looked into, those of micrographs first."""
        fit = [name for name, spec in self.store.specs.items() if spec.arch in PICTURE_ALONE]
        return tuple(sorted(fit, key=lambda name: (name != "material", name.startswith("car"), name)))

    @property
    def first(self) -> str:
        """The network to look into when nobody named one.  Raises WeightsError when there is none."""
        if not self.models:
            how = remedy(self.store.folder)
            raise WeightsError(
                f"no network that takes a picture is in the weights; if their manifest.json is not the one that ships, {how}"
            )
        return self.models[0]

    def view(self, fields: Sequence[Field], model: str, strongest: int = STRONGEST) -> LayerView:
        """All convolutions of `model` for one picture or more; the first decides which channels are shown.

        Raises:
            BadInputError: no such model, or one that takes no picture
        """
        if model not in self.models:
            raise BadInputError(
                f"no network that takes a picture is called {model}; there are {', '.join(self.models) or 'none'}"
            )
        spec, network = self.store.spec(model), self.store.network(model)
        seen = np.stack([middle_square(field, spec) for field in fields])
        layers = convolutions(network, tensor_of(seen)[:, : picture_channels(network)], strongest)
        notes = tuple(f"{field.name}: {note}" for field in fields for note in notes_of(field))
        return LayerView(model, tuple(field.name for field in fields), seen, layers, notes)


def picture_channels(network: nn.Module) -> int:
    """1 or 3: what the first convolution takes, which in all of `PICTURE_ALONE` is the first that a picture passes."""
    return next(module.in_channels for module in network.modules() if isinstance(module, nn.Conv2d))


def middle_square(field: Field, spec: WeightSpec) -> Byte:
    """(side, side, 3) uint8 of the specimen's middle, at the size and the grey levels that the network is used to."""
    rgb = levelled(field.specimen, spec.input)
    height, width = rgb.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    size = int(spec.input.get("size", LONGEST))
    side = size if spec.input.get("square") else max(STRIDE, min(size, LONGEST) // STRIDE * STRIDE)
    return resized(rgb[top : top + short, left : left + short], (side, side))


def convolutions(network: nn.Module, x: Tensor, strongest: int = STRONGEST) -> tuple[Layer, ...]:
    """Every convolution that `x`, (pictures, channels, H, W), passes in `network`, in that order.

    Raises:
        WeightsError: the network has no convolution
    """
    names: dict[nn.Module, str] = {module: name for name, module in network.named_modules() if isinstance(module, CONVOLUTIONS)}
    if not names:
        raise WeightsError(f"{type(network).__name__} has no convolution to look at; choose another network")
    passed: list[tuple[str, Tensor]] = []

    def keep(module: nn.Module, given: Tensor, output: Tensor) -> Tensor:
        passed.append((names[module], output))
        return output.clone()  # what follows may work in place

    with hearing(names, keep), torch.enable_grad():  # the weights are frozen: the gradient comes through the input
        answer = network(x.clone().requires_grad_())
        outputs: Tensor = answer if isinstance(answer, Tensor) else answer[0]
        if isinstance(network, YoloSeg):
            outputs = outputs[:, 4:-COEFFICIENTS]  # boxes, in pixels, would drown the scores
        score = outputs[0].amax(dim=0).sum()
        gradients = torch.autograd.grad(score, [output for _, output in passed], allow_unused=True)
    return tuple(_layer(name, output.detach(), g, strongest) for (name, output), g in zip(passed, gradients, strict=True))


def _layer(name: str, output: Tensor, gradient: Tensor | None, strongest: int) -> Layer:
    """(pictures, C, h, w) twice; a layer that the answer does not pass shows its channels in their own order."""
    influence = torch.zeros(output.shape[1]) if gradient is None else (gradient[0] * output[0]).sum(dim=(1, 2)).abs()
    order = torch.argsort(influence, descending=True, stable=True)[:strongest]
    return Layer(
        name=name,
        mean=output.mean(dim=1).numpy(),
        strongest=output[:, order].contiguous().numpy(),
        channels=tuple(order.tolist()),
        count=output.shape[1],
    )
