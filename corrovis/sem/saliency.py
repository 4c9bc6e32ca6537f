"""What a network's answer rests on: class activation maps of the segmenter.

| here | source |
| --- | --- |
| `grad_cam` | Selvaraju et al. 2017, eq. 1 and 2: channels weighted by their mean gradient |
| `hires_cam` | Draelos and Carin 2020, eq. 4: activation times gradient, element by element |
| `layer_cam` | Jiang et al. 2021, eq. 3: the same with positive gradients alone |
| `eigen_cam` | Muhammad and Yeasin 2020: first principal component of the activations, no gradient |

The score that is explained is the sum of the corrosion logits over what was found.  A map that rests on nothing (nothing found,
no positive evidence, not finite) is None, never a zero stretched to full scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.results import Byte, Float
from corrovis.sem.results import CorrosionMap, Field, Saliency
from corrovis.sem.seeing import as_seen, to_input
from corrovis.store import Store

Method = Literal["grad_cam", "hires_cam", "layer_cam", "eigen_cam"]
LONG_SIDE = 512


def grad_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(C, h, w) twice to (h, w), as are the next three."""
    return (gradient.mean(dim=(1, 2), keepdim=True) * activation).sum(dim=0).relu()


def hires_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    return (gradient * activation).sum(dim=0).relu()


def layer_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    return (gradient.relu() * activation).sum(dim=0).relu()


def eigen_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    rows = activation.flatten(1).T
    rows = rows - rows.mean(dim=0)
    first = torch.linalg.svd(rows, full_matrices=False).Vh[0]
    found = (rows @ first).reshape(activation.shape[1:])
    towards = (found * activation.sum(dim=0)).sum().sign()  # a component's own sign is arbitrary
    signed: Tensor = found * towards
    return signed.relu()


METHODS: dict[Method, Callable[[Tensor, Tensor], Tensor]] = {
    "grad_cam": grad_cam,
    "hires_cam": hires_cam,
    "layer_cam": layer_cam,
    "eigen_cam": eigen_cam,
}


def saliency_of(store: Store, field: Field, found: CorrosionMap, method: Method = "layer_cam") -> Saliency | None:
    """The map behind `found`, in the field's own pixels, 0 on the data bar; None when there is no evidence to show."""
    model = found.made_by.model
    network = store.network(model)
    if not (found.labels > 0).any() or not isinstance(network, CorrosionUNet):
        return None
    seen = as_seen(field.specimen, store.spec(model))
    scale = min(1.0, LONG_SIDE / max(seen.shape[:2]))
    small = cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else seen
    inside = found.labels[field.rows[0] : field.rows[1]] > 0
    mask = cv2.resize(inside.astype(np.uint8), (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    heat, cells = heat_of(network, np.asarray(small, np.uint8), np.asarray(mask, np.float32), method)
    if heat is None:
        return None
    height, width = field.specimen.shape[:2]
    full = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    padded = np.pad(full, ((field.rows[0], field.size_hw[0] - field.rows[1]), (0, 0)))
    return Saliency(np.ascontiguousarray(padded, np.float32).clip(0, 1), method, cells)


def heat_of(network: CorrosionUNet, seen: Byte, found: Float, method: Method) -> tuple[Float | None, tuple[int, int]]:
    """(h, w) heat of a picture as its network sees it, and the resolution of its finest map.

    Shape:
        seen: (h, w, 3) uint8
        found: (h, w) in [0, 1], where corrosion was found: its logits are what is explained
    """
    x = to_input(seen)
    target = torch.zeros(x.shape[2:])
    target[: found.shape[0], : found.shape[1]] = torch.from_numpy(found)
    layers = list(network.unet.decoder.blocks[1:4])
    maps = activation_maps(network, layers, x, lambda logits: (logits[0, 1:].sum(dim=0) * target).sum(), METHODS[method])
    heat = combined(maps, (int(x.shape[2]), int(x.shape[3])))
    cells = (int(maps[-1].shape[0]), int(maps[-1].shape[1]))
    return (None if heat is None else np.ascontiguousarray(heat[: seen.shape[0], : seen.shape[1]])), cells


def activation_maps(
    network: nn.Module,
    layers: Sequence[nn.Module],
    x: Tensor,
    score: Callable[[Tensor], Tensor],
    method: Callable[[Tensor, Tensor], Tensor],
) -> list[Tensor]:
    """One (h, w) map for each layer: `method` on its activation and the gradient of `score` there."""
    kept: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
        kept.append(output)

    hooks = [layer.register_forward_hook(keep) for layer in layers]
    try:
        with torch.enable_grad():  # the weights are frozen: the gradient reaches the layers through the input
            gradients = torch.autograd.grad(score(network(x.clone().requires_grad_())), kept, allow_unused=True)
    finally:
        for hook in hooks:
            hook.remove()
    pairs = zip(kept, gradients, strict=True)
    return [method(a.detach()[0], torch.zeros_like(a[0]) if g is None else g[0]) for a, g in pairs]


def combined(maps: list[Tensor], size_hw: tuple[int, int]) -> Float | None:
    """Mean of the maps, each up to 1, at `size_hw`; None when none shows anything."""
    height, width = size_hw
    telling = [m / m.max() for m in maps if bool(m.isfinite().all()) and float(m.max()) > 0]
    shown = [cv2.resize(m.float().numpy(), (width, height), interpolation=cv2.INTER_LINEAR) for m in telling]
    if not shown:
        return None
    heat = np.mean(shown, axis=0, dtype=np.float32)
    return np.asarray(heat / heat.max(), np.float32) if heat.max() - heat.min() > 1e-6 else None
