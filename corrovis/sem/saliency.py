"""What a network's answer rests on: class activation maps of the segmenters.

| here | source |
| --- | --- |
| `grad_cam` | Selvaraju et al. 2017, eq. 1 and 2: channels weighted by their mean gradient |
| `hires_cam` | Draelos and Carin 2020, eq. 4: activation times gradient, element by element |
| `layer_cam` | Jiang et al. 2021, eq. 3: the same with positive gradients alone |
| `eigen_cam` | Muhammad and Yeasin 2020: first principal component of the activations, no gradient |

The score that is explained is the sum of the corrosion logits over what was found: of `CorrosionUNet` and
`ConditionFPN` in late stages of their decoders, at `LONG_SIDE`; of `PixelNet` in its hidden layers and of YOLO where its heads
begin, at the size of segmentation.
A map that rests on nothing (nothing found, no positive evidence, not finite) is None, never a zero stretched to full scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from corrovis.networks.condition_fpn import ConditionFPN
from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.pixel_net import PixelNet, describe
from corrovis.networks.yolo_seg import YoloSeg
from corrovis.resizing import reduced, resized
from corrovis.results import Byte, Float
from corrovis.sem.hooks import hearing
from corrovis.sem.preparing import as_seen, picture_input
from corrovis.sem.results import CorrosionMap, Field, Saliency
from corrovis.store import Store
from corrovis.tiles import Stitcher, windows

Method = Literal["grad_cam", "hires_cam", "layer_cam", "eigen_cam"]
LONG_SIDE = 1280
HIDDEN = 2  # layers of `PixelNet`'s head
HEADS = (8, 16, 32)  # pixels a cell of what enters YOLO's heads, finest first


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


def saliency_of(store: Store, field: Field, found: CorrosionMap) -> Saliency | None:
    """The map behind `found`, in the field's own pixels, 0 on the data bar; None when there is no evidence to show."""
    if not (found.labels > 0).any():
        return None
    spec, network = store.spec(found.made_by.model), store.network(found.made_by.model)
    seen = as_seen(field.specimen, spec)
    inside = (found.labels[field.rows[0] : field.rows[1]] > 0).astype(np.float32)
    if isinstance(network, CorrosionUNet | ConditionFPN):
        seen = reduced(seen, LONG_SIDE)
        heat, cells = heat_of(network, seen, resized(inside, seen.shape[:2]), "layer_cam")
    else:
        heat, cells = heat_of_tiles(network, seen, resized(inside, seen.shape[:2]), spec.input)
    if heat is None:
        return None
    full = field.framed(resized(heat, field.specimen.shape[:2]))
    return Saliency(np.clip(full, 0, 1, out=full), "layer_cam", cells)


def heat_of(
    network: CorrosionUNet | ConditionFPN, seen: Byte, found: Float, method: Method
) -> tuple[Float | None, tuple[int, int]]:
    """(h, w) heat of a picture as its network sees it, and the resolution of its finest map.

    Shape:
        seen: (h, w, 3) uint8
        found: (h, w) in [0, 1], where corrosion was found: its logits are what is explained
    """
    x = picture_input(seen)
    target = torch.zeros(x.shape[2:])
    target[: found.shape[0], : found.shape[1]] = torch.from_numpy(found)
    maps = activation_maps(network, network.late, x, lambda logits: (logits[0, 1:].sum(dim=0) * target).sum(), METHODS[method])
    heat = combined(maps, (int(x.shape[2]), int(x.shape[3])))
    cells = (int(maps[-1].shape[0]), int(maps[-1].shape[1]))
    return (None if heat is None else np.ascontiguousarray(heat[: seen.shape[0], : seen.shape[1]])), cells


def heat_of_tiles(network: nn.Module, seen: Byte, found: Float, how: dict[str, Any]) -> tuple[Float | None, tuple[int, int]]:
    """As `heat_of`, tile by tile as it was segmented: in a smaller picture pits of a few pixels would be gone."""
    if isinstance(network, YoloSeg):
        maps_of, count, cell = partial(maps_of_heads, network), len(HEADS), HEADS[0]
    elif isinstance(network, PixelNet):
        maps_of, count, cell = partial(maps_of_pixels, network), HIDDEN, 1
    else:
        return None, found.shape
    side, overlap = int(how["size"]), int(how["overlap"])
    cells = -(-found.shape[0] // cell), -(-found.shape[1] // cell)
    stitcher = Stitcher(cells, overlap // cell, count)
    for where in windows(found.shape, side, overlap, cell):
        part, (rows, columns) = found[where], (slice(at.start // cell, -(-at.stop // cell)) for at in where)
        size = rows.stop - rows.start, columns.stop - columns.start
        maps = maps_of(np.ascontiguousarray(seen[where]), part) if part.any() else np.zeros((count, *size), np.float32)
        stitcher.add((rows, columns), maps[:, : size[0], : size[1]])
    return combined([torch.from_numpy(plane) for plane in stitcher.whole()], cells), cells


def maps_of_pixels(network: PixelNet, seen: Byte, found: Float) -> Float:
    """(HIDDEN, h, w) LayerCAM of the hidden layers.  Each pixel is judged by itself: those not found count for nothing."""
    inside = torch.from_numpy(found > 0)
    with torch.no_grad():
        described = describe(picture_input(seen)[:, :1])[0, :, : found.shape[0], : found.shape[1]]
        x = (described[:, inside].T - network.mean) / network.scale
    hidden: list[Tensor] = []
    with torch.enable_grad():
        x.requires_grad_()
        for layer in network.head:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                hidden.append(x)
        gradients = torch.autograd.grad(x[:, 1:].sum(), hidden)
    maps = torch.zeros(HIDDEN, *found.shape)
    for plane, a, g in zip(maps, hidden, gradients, strict=True):
        plane[inside] = layer_cam(a.detach().T[..., None], g.T[..., None])[:, 0]
    return np.asarray(maps.numpy(), np.float32)


def maps_of_heads(network: YoloSeg, seen: Byte, found: Float) -> Float:
    """(3, h / 8, w / 8) LayerCAM of what enters the heads that classify, one for each of YOLO's scales; the rim may be longer."""
    x, heads = picture_input(seen), list(network.net.model[-1].cv3)
    with torch.no_grad():
        entered = before_heads(network, x)
    target = np.zeros(x.shape[2:], np.float32)
    target[: found.shape[0], : found.shape[1]] = found
    maps = []
    for head, given in zip(heads, entered, strict=True):
        there = torch.from_numpy(resized(target, given.shape[2:]))
        with torch.enable_grad():
            a = given.clone().requires_grad_()
            (gradient,) = torch.autograd.grad((head(a)[0].sum(dim=0) * there).sum(), a)
        maps.append(resized(layer_cam(a.detach()[0], gradient[0]).numpy(), entered[0].shape[2:]))
    return np.stack(maps)


def before_heads(network: YoloSeg, x: Tensor) -> list[Tensor]:
    """What enters YOLO's heads, finest first, without what they would make of it: nearly half of a forward pass."""
    *layers, head = network.net.model
    last: Tensor = (x + 1) / 2
    done: list[Tensor] = []
    for layer in layers:  # each takes what the last one made, or joins several
        last = layer(last if layer.f == -1 else [done[at] for at in layer.f])
        done.append(last)
    return [done[at] for at in head.f]


def activation_maps(
    network: nn.Module,
    layers: Sequence[nn.Module],
    x: Tensor,
    score: Callable[[Tensor], Tensor],
    method: Callable[[Tensor, Tensor], Tensor],
) -> list[Tensor]:
    """One (h, w) map for each layer: `method` on its activation and the gradient of `score` there."""
    kept: list[Tensor] = []

    def keep(module: nn.Module, given: Tensor, output: Tensor) -> None:
        kept.append(output if output.requires_grad else output.requires_grad_())  # what lies before is not gone back through

    with hearing(layers, keep), torch.enable_grad():
        gradients = torch.autograd.grad(score(network(x)), kept, allow_unused=True)
    pairs = zip(kept, gradients, strict=True)
    return [method(a.detach()[0], torch.zeros_like(a[0]) if g is None else g[0]) for a, g in pairs]


def combined(maps: Sequence[Tensor], size_hw: tuple[int, int]) -> Float | None:
    """Mean of the maps, each up to 1, at `size_hw`, its own peak 1; None when none shows anything."""
    heat = np.zeros(size_hw, np.float32)
    for one in maps:
        if bool(one.isfinite().all()) and (peak := float(one.max())) > 0:
            heat += cv2.resize(one.float().numpy(), size_hw[::-1], interpolation=cv2.INTER_LINEAR) * np.float32(1 / peak)
    if np.ptp(heat) <= 1e-6 * max(1, len(maps)):
        return None
    heat /= heat.max()
    return heat
