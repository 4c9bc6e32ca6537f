"""What the semantic segmenters share in training: loss, loop with resume, whole-picture answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from safetensors.torch import load_file
from segment_views import UNKNOWN, Labelled
from support import load_checkpoint, save_checkpoint
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corrovis.networks.condition_fpn import ConditionFPN
from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.tensors import tensor_of

N = TypeVar("N", bound=nn.Module)
S = TypeVar("S", bound=CorrosionUNet | ConditionFPN)
Sampler = Callable[[], Labelled]
Lesson = Callable[[nn.Module, torch.device], Tensor]
"""Draws a batch, shows it to a network on a device, and returns the loss."""


@dataclass(frozen=True)
class Config:
    """Sizes for two CPU cores.  `class_weights`: one for each class, of the cross-entropy."""

    side: int = 256
    batch: int = 4
    steps: int = 120
    lr: float = 2e-3
    ema: float = 0.97
    dice_weight: float = 0.5
    class_weights: tuple[float, ...] = (1.0, 1.0)
    seed: int = 0


def encoder_state(init: str) -> dict[str, Tensor]:
    """ImageNet weights of the encoder: a local torchvision file, `imagenet` for the library's own download, `random` for none."""
    if init == "random":
        return dict(smp.encoders.get_encoder("mobilenet_v2", weights=None).state_dict())
    if init == "imagenet":
        return dict(smp.encoders.get_encoder("mobilenet_v2", weights="imagenet").state_dict())
    return {name: tensor.float() for name, tensor in load_file(init).items() if name.startswith("features.")}


def warm_start(network: CorrosionUNet, init: str) -> None:
    network.unet.encoder.load_state_dict(encoder_state(init), strict=True)


def to_batch(views: list[Labelled]) -> tuple[Tensor, Tensor]:
    """(n, 3, S, S) in [-1, 1] and (n, S, S) class indices."""
    return tensor_of(np.stack([view.rgb for view in views])), torch.from_numpy(
        np.stack([view.mask for view in views]).astype(np.int64)
    )


def loss_of(logits: Tensor, labels: Tensor, config: Config) -> Tensor:
    """Cross-entropy plus soft Dice of the corrosion classes that are there, on labelled pixels alone."""
    weight = torch.tensor(config.class_weights, device=logits.device)
    loss = F.cross_entropy(logits, labels, weight, ignore_index=UNKNOWN, label_smoothing=0.02)
    known = (labels != UNKNOWN)[:, None].float()
    p = logits.softmax(dim=1) * known
    truth = F.one_hot(labels.where(labels != UNKNOWN, 0), logits.shape[1]).permute(0, 3, 1, 2) * known
    overlap, total, there = (part.sum(dim=(0, 2, 3))[1:] for part in (p * truth, p + truth, truth))
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return loss + config.dice_weight * (dice * (there > 0)).sum() / (there > 0).sum().clamp(min=1)


def semantic(sample: Sampler, config: Config) -> Lesson:
    """Lessons of a network that answers with a class a pixel."""

    def lesson(network: nn.Module, device: torch.device) -> Tensor:
        x, labels = to_batch([sample() for _ in range(config.batch)])
        return loss_of(network(x.to(device, memory_format=torch.channels_last)), labels.to(device), config)

    return lesson


@dataclass(frozen=True)
class Run:
    """Where a training is kept, `every` so many steps, and what is then shown the running mean of its weights, and the step."""

    checkpoint: Path
    resume: bool = False
    every: int = 50
    look: Callable[[nn.Module, int], None] = lambda network, step: None


def fit(network: N, lesson: Lesson, config: Any, run: Run, groups: Sequence[dict[str, Any]] = ()) -> N:
    """Train until `config.steps`, at `config.lr` or the rates of AdamW's `groups`; returns the running mean of the weights."""
    accelerator = Accelerator()
    groups = groups or [{"params": network.parameters(), "lr": config.lr}]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-3)
    rates = [group["lr"] for group in groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=config.steps, pct_start=0.1)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    parts = {"network": average.module, "raw": network, "optimiser": optimiser, "schedule": schedule}
    step = load_checkpoint(run.checkpoint, **parts) if run.resume else 0
    average.n_averaged.fill_(step)  # or the first step would begin the mean anew
    network, optimiser = accelerator.prepare(network.train(), optimiser)
    began = time.time()
    while step < config.steps:
        loss = lesson(network, accelerator.device)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        schedule.step()
        average.update_parameters(accelerator.unwrap_model(network))
        step += 1
        if step % 25 == 0:
            print(f"  step {step} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
        if step % run.every == 0 or step == config.steps:
            save_checkpoint(run.checkpoint, config, step, **parts)
            run.look(average.module, step)
    found: N = average.module.cpu().eval()
    return found


def unweighted(network: S, class_weights: tuple[float, ...]) -> S:
    """A copy that answers as if all classes had weighed alike in training: their logarithms are taken off its last bias.

    Weights make a network look at rare classes; left in the answer they make it see them everywhere.
    """
    plain = deepcopy(network)
    with torch.no_grad():
        plain.head.get_parameter("bias").sub_(torch.tensor(class_weights).log())
    return plain


def left_out(folder: Path, group: str) -> CorrosionUNet:
    """The network of two classes in a run's `folder` that has not seen `group`."""
    network, checkpoint = CorrosionUNet(), folder / f"without_{group}.pt"
    if not load_checkpoint(checkpoint, network=network):
        raise SystemExit(f"{checkpoint} is missing; train/sem_segment.py writes it")
    return network.eval()


def probabilities(network: nn.Module, rgb: np.ndarray) -> np.ndarray:
    """(classes, H, W) float32 of a whole picture in one pass, its rim mirrored to a multiple of 32."""
    height, width = rgb.shape[:2]
    padded = np.pad(rgb, ((0, -height % 32), (0, -width % 32), (0, 0)), mode="reflect")
    x = tensor_of(padded[None])
    with torch.inference_mode():
        return network(x.contiguous(memory_format=torch.channels_last))[0, :, :height, :width].softmax(dim=0).numpy()
