"""SqueezeNet's features of pictures: how unlike two look, LPIPS (Zhang et al. 2018), and their texture, Gram matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file
from torch import Tensor, nn

STAGES = ((0, 2), (2, 5), (5, 8), (8, 10), (10, 11), (11, 12), (12, 13))


def squeezenet(weights: str) -> nn.Sequential:
    """Its layers, which learn no more; `weights`: a file, `imagenet` (download) or `none` (for tests)."""
    network = torchvision.models.squeezenet1_1(weights="DEFAULT" if weights == "imagenet" else None)
    if weights not in ("imagenet", "none"):
        network.load_state_dict({k: v.float() for k, v in load_file(Path(weights)).items()}, strict=False)
    layers: nn.Sequential = network.features.requires_grad_(False)
    return layers


def grams(layers: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Gram matrices (n, c, c) of pictures (n, 3, H, W) at three depths (Gatys et al. 2015)."""
    found = []
    for start, end in STAGES[:3]:
        x = layers[start:end](x)
        flat = x.flatten(2)
        found.append(flat @ flat.transpose(1, 2) / flat.shape[2])
    return found


class Lpips:
    """Perceptual distance on SqueezeNet (Zhang et al. 2018), from a folder with its two files, or random for tests."""

    def __init__(self, folder: Path | None) -> None:
        self.features = torchvision.models.squeezenet1_1(weights=None).eval().features
        heads = {f"lin{i}.model.1.weight": torch.ones(1, 1, 1, 1) for i in range(len(STAGES))}
        if folder:
            tensors = load_file(folder / "squeezenet1_1-imagenet.safetensors")
            self.features.load_state_dict({k.removeprefix("features."): v.float() for k, v in tensors.items() if "features" in k})
            heads = load_file(folder / "lpips-squeeze-heads.safetensors")
        self.heads = [heads[f"lin{i}.model.1.weight"].float() for i in range(len(STAGES))]

    @torch.inference_mode()
    def pairs(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        """Distances of all pairs of patches (H, W) in [-1, 1]."""
        shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
        scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
        x = (torch.from_numpy(np.stack(patches))[:, None].expand(-1, 3, -1, -1) - shift) / scale
        one, two = np.triu_indices(len(patches), 1)
        total = torch.zeros(len(one))
        for (start, end), head in zip(STAGES, self.heads, strict=True):
            x = self.features[start:end](x)
            unit = x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)
            total += torch.stack(
                [((unit[i] - unit[j]).square() * head[0]).sum(dim=0).mean() for i, j in zip(one, two, strict=True)]
            )
        return total.numpy()
