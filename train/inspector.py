"""Train `InspectorNet`: which of nine defects a patch of hot-rolled steel shows, or none.

    # the one shipped, and one from scratch
    python train/inspector.py --data DATA --backbone mobilenet --width 1 --lr 0.0004 --steps 8000 \\
        --init mobilenet_v2-imagenet.safetensors
    python train/inspector.py --data DATA --backbone resnet18 --width 0.5

    # what generated patches add, as in the PE-GAN paper: 140 real ones a class, three generated for each
    python train/inspector.py --data DATA --backbone mobilenet --per-class 140 --generated DIR --ratio 3 --seed 1

With `--init` the MobileNet starts from ImageNet: a logistic regression on its descriptors is the head to begin with, and then
all of it is trained gently.  Every run is scored on the blocks of file numbers
held out, and adds one line of JSON to `runs.jsonl` in --out.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from patch_views import augment, worsened
from PIL import Image
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from steel_data import Patches, load
from support import arguments, load_checkpoint, save_checkpoint, save_sheet
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from torchvision.models import mobilenet_v2

from corrovis.errors import BadInputError
from corrovis.networks.inspector_net import Backbone, InspectorNet, TextureMobileNet
from corrovis.tensors import tensor_of

WORSE = "logits_"  # of worsened patches, in held_out.npz
SETTLING = 30  # batches that the statistics of the shipped network are measured on


@dataclass(frozen=True)
class Config:
    """Sized for one CPU core and 20 minutes.  `even`: 1 draws all classes alike, 0 as often as they are; `plain`: share
    of patches that are only mirrored.

    `minutes`: the schedule ends then, if `steps` were not done before; 0 = never.
    """

    backbone: Backbone = "resnet18"
    width: float = 1.0
    init: str = "random"
    batch: int = 32
    steps: int = 1600
    lr: float = 2e-3
    weight_decay: float = 0.02
    smooth: float = 0.05
    even: float = 0.5
    plain: float = 0.5
    ema: float = 0.99
    minutes: float = 0.0
    seed: int = 0


def to_batch(grey: np.ndarray) -> Tensor:
    """(n, S, S) uint8 to (n, 1, S, S) in [-1, 1]."""
    return tensor_of(grey)


def some_of_each(known: Patches, count: int, dice: np.random.Generator) -> Patches:
    """At most `count` patches of each class."""
    kept = [dice.permutation(np.flatnonzero(known.labels == k))[:count] for k in np.unique(known.labels)]
    at = np.concatenate(kept)
    return Patches(known.pixels[at], known.labels[at], tuple(known.groups[i] for i in at), known.classes)


def with_generated(known: Patches, folder: Path, ratio: float, dice: np.random.Generator) -> Patches:
    """`ratio` generated patches for each real one of every class, from a folder per class; a class without a folder gets none."""
    made, side = {}, known.pixels.shape[1]
    for k, name in enumerate(known.classes):
        files = sorted((folder / name).glob("*.png"))
        wanted = round(ratio * int((known.labels == k).sum())) if files else 0
        if len(files) < wanted:
            raise BadInputError(f"{folder / name} holds {len(files)} patches, {wanted} are asked for; synthesize more")
        chosen = [Image.open(files[i]).convert("L") for i in dice.permutation(len(files))[:wanted]]
        made[k] = np.stack([image.resize((side, side), Image.Resampling.BOX) for image in chosen]) if chosen else known.pixels[:0]
    return joined(known, made)


def joined(known: Patches, made: dict[int, np.ndarray]) -> Patches:
    """The real patches and those `made` (n, S, S) uint8 for each label."""
    pixels, labels = [known.pixels, *made.values()], [known.labels, *(np.full(len(some), k) for k, some in made.items())]
    groups = (*known.groups, *["generated"] * sum(map(len, made.values())))
    return Patches(np.concatenate(pixels), np.concatenate(labels), groups, known.classes)


def chances(labels: np.ndarray, even: float) -> np.ndarray:
    """How likely each patch is drawn."""
    p = np.bincount(labels)[labels].astype(float) ** -even
    return p / p.sum()


def warm_start(network: InspectorNet, known: Patches, init: str) -> None:
    """ImageNet's features (a local file, or `imagenet` for torchvision's own download), and the best head on them as they are."""
    body: TextureMobileNet = network.body.eval()
    state = mobilenet_v2(weights="IMAGENET1K_V2").state_dict() if init == "imagenet" else load_file(init)
    body.take_imagenet({name: tensor.float() for name, tensor in state.items()})
    with torch.inference_mode():
        described = np.concatenate([body.describe(to_batch(known.pixels[i : i + 64])).numpy() for i in range(0, len(known), 64)])
    mean, spread = described.mean(axis=0), described.std(axis=0) + 1e-4
    head = LogisticRegression(C=0.02, max_iter=300, class_weight="balanced").fit((described - mean) / spread, known.labels)
    with torch.no_grad():
        body.norm.running_mean.copy_(torch.from_numpy(mean))
        body.norm.running_var.copy_(torch.from_numpy(spread**2))
        body.answer.weight[head.classes_] = torch.from_numpy(head.coef_).float()
        body.answer.bias[head.classes_] = torch.from_numpy(head.intercept_).float()


def rate_at(progress: float) -> float:
    """Share of the learning rate: up over the first tenth, then down along a cosine."""
    return min(progress / 0.1, (1 + math.cos(math.pi * progress)) / 2)


def fit(network: InspectorNet, known: Patches, config: Config, checkpoint: Path, resume: bool) -> InspectorNet:
    """Train until `config.steps`, saving every 50; returns the running mean of the weights."""
    accelerator = Accelerator()
    network = network.train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    parts = {"network": average.module, "raw": network, "optimiser": optimiser}
    step = load_checkpoint(checkpoint, **parts) if resume else 0
    average.n_averaged.fill_(step)  # or the first step would begin the mean anew
    network, optimiser = accelerator.prepare(network, optimiser)
    p, began, progress = chances(known.labels, config.even), time.time(), step / config.steps
    while progress < 1:
        dice = np.random.default_rng([config.seed, step])  # of the step, so that a run that resumes draws what it would have
        drawn = dice.choice(len(p), config.batch, p=p)
        throw = torch.Generator().manual_seed(int(dice.integers(2**31)))
        x = augment(to_batch(known.pixels[drawn]), throw, config.plain).to(accelerator.device, memory_format=torch.channels_last)
        label = torch.from_numpy(known.labels[drawn]).to(accelerator.device)
        optimiser.param_groups[0]["lr"] = config.lr * rate_at(progress)
        loss = F.cross_entropy(network(x), label, label_smoothing=config.smooth)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        average.update_parameters(accelerator.unwrap_model(network))
        step += 1
        minutes = (time.time() - began) / 60
        progress = max(step / config.steps, minutes / config.minutes if config.minutes else 0)
        if step % 50 == 0 or progress >= 1:
            print(f"step {step} loss {loss.item():.4f} {minutes:.1f} min", flush=True)
            save_checkpoint(checkpoint, config, step, **parts)
    found: InspectorNet = average.module.cpu()
    update_bn(views(known, p, config), found)  # the statistics of mean weights are not the mean of statistics
    save_checkpoint(checkpoint, config, step, **parts)
    return found.eval()


def views(known: Patches, p: np.ndarray, config: Config) -> Iterator[Tensor]:
    """Batches as in training, (n, 1, S, S), enough to measure statistics on."""
    for k in range(SETTLING):
        dice = np.random.default_rng([config.seed, config.steps, k])
        throw = torch.Generator().manual_seed(int(dice.integers(2**31)))
        yield augment(to_batch(known.pixels[dice.choice(len(p), config.batch, p=p)]), throw, config.plain)


def logits_of(network: InspectorNet, grey: np.ndarray) -> np.ndarray:
    """(n, classes) float32: the mean over a patch and its mirror images, as the inspector looks."""
    rows = []
    for start in range(0, len(grey), 64):
        x = to_batch(grey[start : start + 64]).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            rows.append(torch.stack([network(x.flip(f)) for f in ((), (2,), (3,), (2, 3))]).mean(dim=0).numpy())
    return np.concatenate(rows)


def draw_mistakes(held_out: Patches, logits: np.ndarray, path: Path) -> None:
    """The patches held out whose label was thought least likely, 12 a row; what they were taken for is printed."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    worst = np.argsort(p[np.arange(len(p)), held_out.labels] / p.sum(axis=1))[:48]
    cells = [np.repeat(np.kron(held_out.pixels[i], np.ones((2, 2), np.uint8))[..., None], 3, axis=2) for i in worst]
    save_sheet([cells[i : i + 12] for i in range(0, max(len(cells) - 11, 1), 12)], path)
    print("worst:", *(f"{held_out.classes[held_out.labels[i]]} -> {held_out.classes[logits[i].argmax()]};" for i in worst))


def main() -> None:
    args = options().parse_args()
    config = Config(args.backbone, args.width, args.init, steps=args.steps, lr=args.lr, minutes=args.minutes, seed=args.seed)
    known, held_out = training_part(args), load(args.data, "held_out")
    if args.smoke:
        config = replace(config, width=0.125 if args.backbone == "resnet18" else config.width, steps=2, batch=4)
        held_out = some_of_each(held_out, 2, np.random.default_rng(0))
    torch.manual_seed(config.seed)
    began = time.time()
    network = InspectorNet(config.backbone, len(known.classes), config.width)
    if config.init != "random":
        warm_start(network, known, config.init)
    network = fit(network, known, config, args.out / "last.pt", args.resume)
    logits = logits_of(network, held_out.pixels)
    worse = {f"{WORSE}{name}": logits_of(network, pixels) for name, pixels in worsened(held_out.pixels).items()}
    names = {"groups": np.array(held_out.groups), "classes": np.array(known.classes)}
    np.savez(args.out / "held_out.npz", logits=logits, labels=held_out.labels, **names, **worse)
    right = logits.argmax(axis=1) == held_out.labels
    line: dict[str, Any] = {
        **asdict(config),
        "per_class": args.per_class,
        "generated": str(args.generated) if args.generated else None,
        "ratio": args.ratio if args.generated else 0.0,
        "n_train": len(known),
        "accuracy": round(float(right.mean()), 4),
        "recall": {name: round(float(right[held_out.labels == k].mean()), 4) for k, name in enumerate(known.classes)},
        "n": len(right),
        "seconds": round(time.time() - began),
    }
    with (args.out / "runs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line))
    draw_mistakes(held_out, logits, args.out / "mistakes.png")


def options() -> argparse.ArgumentParser:
    parser = arguments(__doc__, "runs/inspector")
    parser.add_argument("--backbone", choices=["resnet18", "mobilenet"], default="resnet18")
    parser.add_argument("--width", type=float, default=Config.width, help="share of the backbone's channels")
    parser.add_argument("--init", default="random", help="of the MobileNet: imagenet, a file in torchvision's names, or random")
    parser.add_argument("--lr", type=float, default=Config.lr)
    parser.add_argument("--minutes", type=float, default=Config.minutes, help="end the schedule then, if not before")
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--per-class", type=int, help="real patches a class at the most")
    parser.add_argument("--generated", type=Path, help="folder per class of generated patches")
    parser.add_argument("--ratio", type=float, default=1.0, help="generated patches for each real one")
    return parser


def training_part(args: argparse.Namespace) -> Patches:
    """What this run learns from."""
    known, dice = load(args.data, "train"), np.random.default_rng(args.seed)
    if args.per_class or args.smoke:
        known = some_of_each(known, args.per_class or 4, dice)
    return with_generated(known, args.generated, args.ratio, dice) if args.generated else known


if __name__ == "__main__":
    main()
