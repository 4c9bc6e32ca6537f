"""Train the second stage of the seed: EfficientNet-B0 calls windows of Ni-20Cr low, moderate or severe; ResNet18 is its rival.

    python train/sem_severity.py --data DATA --init tf_efficientnet_lite0-imagenet.safetensors
    python train/sem_severity.py --data DATA --arch resnet18 --init random
    python train/sem_severity.py --data DATA --score            # of all that was trained, against grading by measured area

A window's class follows from the share of it that the expert called corroded, by the limits of `corrovis.sem.severity`.  As in
the seed, the head learns first and then everything, on windows mixed two by two, drawn so that the classes come up alike, half
of them around a corroded spot.  Each network is trained without each coupon in turn and answers for that coupon.  The rival of
all is stage one: the corroded share that the segmenter of `sem_segment.py`, trained without the same coupon, measures there.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import timm
import torch
from accelerate import Accelerator
from calibration import calibrated, fit_temperature, softmax
from grade_scores import calibration_error
from safetensors.torch import load_file
from segment_views import UNKNOWN, Labelled, Windows, instrument, window
from segmenting import left_out, probabilities, to_batch
from sem_segment import EVERYTHING, load_fields
from severity_scores import by_area, compare
from support import REPORTS, arguments, captioned, load_checkpoint, save_checkpoint, save_sheet, write_json
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corrovis.networks.severity_classifier import ARCHES, SeverityClassifier
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.severity import LIMITS, grade_area
from corrovis.tensors import tensor_of
from corrovis.tiles import windows

OF = "ni20cr"
UNSEEN = "of coupons that no network had seen, leave-one-coupon-out"
SEEN = 320  # pixels of the field in a window, which the network sees at `Config.side`
EXPOSURE, IRRADIATED = re.compile(r"(\d+)C_(\d+)h_.*_(CO|RAC|boundary)"), {"CO": "no", "RAC": "yes", "boundary": "in part"}
EXPERT_SIGMA = 0.02
"""Doubt about a window's true share: an outline drawn one pixel wider moves it by as much, so labels near a limit are soft."""


@dataclass(frozen=True)
class Config:
    """Sizes for two CPU cores.  `scale`: of the field's pixels, as windows show them."""

    side: int = 224
    batch: int = 10
    head_steps: int = 15
    steps: int = 60
    head_lr: float = 1e-2
    lr: float = 8e-4
    mix_up: float = 0.2
    drop: float = 0.3
    ema: float = 0.95
    scale: tuple[float, float] = (0.55, 0.9)
    seed: int = 0


@dataclass(frozen=True)
class Window:
    """What is scored: a window of a field, and the share of it that the expert called corroded."""

    field: Labelled
    at: tuple[slice, slice]

    @property
    def share(self) -> float:
        return float(self.field.mask[self.at].mean())


def exposure_of(name: str) -> dict[str, Any] | None:
    """What a field's name, as 675C_4h_s1_RAC, says of its exposure; None of a name that says nothing.

    CO is corrosion alone, RAC corrosion under irradiation; fields of the boundary show both.
    """
    found = EXPOSURE.fullmatch(name)
    if not found:
        return None
    return {"temperature_c": int(found[1]), "time_h": int(found[2]), "irradiated": IRRADIATED[found[3]]}


def severity_of(share: float) -> int:
    return int(np.digitize(share, LIMITS[OF].starts))


def grid(field: Labelled, seen: int) -> list[Window]:
    """Windows side by side over a field, evenly spread; they overlap a little where the field is no multiple of them."""
    return [Window(field, where) for where in windows(field.mask.shape, seen)]


def shown(one: Window, side: int) -> np.ndarray:
    """(side, side, 3) uint8, as the network sees the window."""
    return cv2.resize(one.field.rgb[one.at], (side, side), interpolation=cv2.INTER_AREA)


def sampler(fields: list[Labelled], config: Config, seed: int) -> Callable[[], tuple[Labelled, np.ndarray]]:
    """Draws a window and its soft label; the three classes come up alike, as far as the fields have them."""
    dice = random.Random(seed)
    cut = Windows(config.side, config.scale, turn=180, stretch=0.1, upside_down=True)
    weight = [np.sqrt(field.mask.size) for field in fields]
    corroded = [np.argwhere(field.mask == 1) for field in fields]

    def sample() -> tuple[Labelled, np.ndarray]:
        wanted = dice.randrange(len(FIELD_SEVERITIES))
        for _ in range(40):
            index = dice.choices(range(len(fields)), weight)[0]
            spot = dice.choice(corroded[index]) if dice.random() < 0.5 else None
            view = window(fields[index], cut, dice, None if spot is None else (float(spot[1]), float(spot[0])))
            known = view.mask != UNKNOWN
            share = float((view.mask[known] == 1).mean()) if known.mean() > 0.7 else -1.0
            if share >= 0 and severity_of(share) == wanted:
                break
        label = grade_area(max(share, 0), LIMITS[OF].starts, EXPERT_SIGMA).probabilities
        return Labelled(view.name, view.group, instrument(view.rgb, dice), view.mask), label

    return sample


def start_from(network: SeverityClassifier, arch: str, init: str) -> None:
    """`imagenet`: timm's own download; `random`: none; a file: every tensor of it that has the name and shape of one of ours."""
    if init == "random":
        return
    ours = network.net.state_dict()
    if init == "imagenet":
        found = timm.create_model(arch, pretrained=True, num_classes=len(FIELD_SEVERITIES)).state_dict()
    else:
        found = {name: tensor.float() for name, tensor in load_file(init).items() if not name.startswith("classifier.")}
        for name, tensor in ours.items():  # what has no squeeze-and-excitation leaves its gates open rather than random
            if ".se.conv_expand" in name:
                found.setdefault(name, torch.full_like(tensor, 3.0 if name.endswith("bias") else 0.0))
    fits = {name: tensor for name, tensor in found.items() if name in ours and ours[name].shape == tensor.shape}
    print(f"{len(fits)} of {len(ours)} tensors from {init}", flush=True)
    network.net.load_state_dict({**ours, **fits})


def mixed(x: Tensor, labels: Tensor, dice: np.random.Generator, alpha: float) -> tuple[Tensor, Tensor]:
    """Zhang et al. 2018: every window with a share of another, and the labels likewise."""
    part = float(dice.beta(alpha, alpha))
    other = torch.from_numpy(dice.permutation(len(x)))
    return part * x + (1 - part) * x[other], part * labels + (1 - part) * labels[other]


def fit(network: SeverityClassifier, fields: list[Labelled], config: Config) -> SeverityClassifier:
    """Head, then everything; returns the running mean of the weights.  Batch statistics follow from the first step on."""
    accelerator = Accelerator()
    sample, dice = sampler(fields, config, config.seed), np.random.default_rng(config.seed)
    head = list(network.net.get_classifier().parameters())
    for steps, lr, chosen in ((config.head_steps, config.head_lr, head), (config.steps, config.lr, list(network.parameters()))):
        network.requires_grad_(False)
        for parameter in chosen:
            parameter.requires_grad_(True)
        optimiser = torch.optim.AdamW(chosen, lr=lr, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps, pct_start=0.15)
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        model, optimiser = accelerator.prepare(network.train(), optimiser)
        for step in range(steps):
            views, labels = zip(*(sample() for _ in range(config.batch)), strict=True)
            x = to_batch(list(views))[0].contiguous(memory_format=torch.channels_last)
            x, y = mixed(x, torch.from_numpy(np.stack(labels)), dice, config.mix_up)
            loss = torch.nn.functional.cross_entropy(model(x.to(accelerator.device)), y.to(accelerator.device))
            optimiser.zero_grad()
            accelerator.backward(loss)
            optimiser.step()
            schedule.step()
            average.update_parameters(accelerator.unwrap_model(model))
            if step % 15 == 0:
                print(f"  step {step} of {steps} loss {loss.item():.3f}", flush=True)
    best: SeverityClassifier = average.module.cpu().eval()
    return best


def logits_of(network: SeverityClassifier, windows: list[Window], side: int) -> np.ndarray:
    """(n, 3), the mean over a window as it is, mirrored, upside down and both."""
    rows = []
    for one in windows:
        seen = shown(one, side)
        turned = [seen, seen[:, ::-1], seen[::-1], seen[::-1, ::-1]]
        x = tensor_of(np.stack(turned))
        with torch.inference_mode():
            rows.append(network(x).mean(dim=0).numpy())
    return np.stack(rows)


def train(args: argparse.Namespace, config: Config, fields: list[Labelled]) -> None:
    """All folds of one network."""
    folder = args.out / f"{args.arch}-{args.init if args.init in ('random', 'imagenet') else 'warm'}"
    for missing in [*sorted({field.group for field in fields}), *([EVERYTHING] if args.everything else [])]:
        torch.manual_seed(config.seed)
        network = SeverityClassifier(args.arch, drop=config.drop)
        checkpoint = folder / ("last.pt" if missing == EVERYTHING else f"without_{missing}.pt")
        if not (args.resume and load_checkpoint(checkpoint, network=network)):
            print(missing, flush=True)
            start_from(network, args.arch, args.init)
            known = [field for field in fields if field.group != missing]
            network = fit(network.to(memory_format=torch.channels_last), known, config)
            save_checkpoint(checkpoint, config, config.head_steps + config.steps, network=network)


def answers(folder: Path, fields: list[Labelled], side: int) -> dict[str, np.ndarray]:
    """(n, 3) logits of each field's windows, by the network of `folder` that missed its coupon, where it is trained."""
    found = {}
    for field in fields:
        network = SeverityClassifier(folder.name.rsplit("-", 1)[0])
        if load_checkpoint(folder / f"without_{field.group}.pt", network=network):
            found[field.name] = logits_of(network.eval(), grid(field, SEEN), side)
    return found


def steps_of(folder: Path) -> int:
    """Steps of a network's training, head and all, as its checkpoints have them."""
    return min(load_checkpoint(path) for path in folder.glob("without_*.pt"))


def measured(folder: Path, fields: list[Labelled]) -> dict[str, np.ndarray]:
    """(H, W) bool, corroded in each field, by the segmenter that was trained without its coupon."""
    return {field.name: probabilities(left_out(folder, field.group), field.rgb)[1] > 0.5 for field in fields}


def of_windows(
    fields: list[Labelled], maps: dict[str, np.ndarray], logits: dict[str, dict[str, np.ndarray]], sheet: Path
) -> dict[str, Any]:
    """Area first, then each network, and area with the first network, on the windows of `fields`."""
    windows = [one for field in fields for one in grid(field, SEEN)]
    true = np.array([one.share for one in windows])
    found = np.array([float(maps[one.field.name][one.at].mean()) for one in windows])
    label, group = np.array([severity_of(share) for share in true]), np.array([one.field.group for one in windows])
    rivals = {"area": by_area(found, true, group, LIMITS[OF].starts)}
    joined = {name: np.concatenate([own[field.name] for field in fields]) for name, own in logits.items()}
    rivals |= {name: calibrated(own, label, group) for name, own in joined.items()}
    if joined:
        first = next(iter(joined))
        rivals[f"area and {first}"] = (rivals["area"] + rivals[first]) / 2
    draw(windows, label, rivals, sheet)
    before = {name: round(calibration_error(softmax(own), label), 4) for name, own in joined.items()}
    return {
        "rivals": compare(rivals, label, group, f"{len(label)} windows of {SEEN} px {UNSEEN}"),
        "labels": np.bincount(label, minlength=3).tolist(),
        "calibration_error_before_temperature": before,
        "temperature": {name: fit_temperature(own, label) for name, own in joined.items()},
    }


def of_fields(fields: list[Labelled], maps: dict[str, np.ndarray], logits: dict[str, dict[str, np.ndarray]]) -> dict[str, Any]:
    """The same on whole fields; a network's answer is the mean over a field's windows."""
    true, found = (
        np.array([float(share.mean()) for share in some]) for some in ([f.mask for f in fields], [maps[f.name] for f in fields])
    )
    label, group = np.array([severity_of(share) for share in true]), np.array([field.group for field in fields])
    rivals = {"area": by_area(found, true, group, LIMITS[OF].starts)}
    rivals |= {
        name: calibrated(np.stack([own[f.name].mean(axis=0) for f in fields]), label, group) for name, own in logits.items()
    }
    on = f"{len(fields)} fields {UNSEEN}"
    return {"rivals": compare(rivals, label, group, on), "labels": np.bincount(label, minlength=3).tolist()}


def report(args: argparse.Namespace, fields: list[Labelled], config: Config) -> dict[str, Any]:
    """train/reports/sem_severity.json: area on all coupons, and every rival on those coupons that all have answered for."""
    maps = measured(args.segmenter, fields)
    logits = {path.name: answers(path, fields, config.side) for path in sorted(args.out.glob("*-*")) if path.is_dir()}
    logits = {name: own for name, own in logits.items() if own}
    both = [field for field in fields if all(field.name in own for own in logits.values())]
    return {
        "area": {"windows": of_windows(fields, maps, {}, args.out / "area.png"), "fields": of_fields(fields, maps, {})},
        "compared": {
            "coupons": sorted({field.group for field in both}),
            "windows": of_windows(both, maps, logits, args.out / "windows.png"),
            "fields": of_fields(both, maps, logits),
        },
        "made": {
            "config": asdict(config),
            "steps": {name: steps_of(args.out / name) for name in logits},
            "limits": LIMITS[OF].starts,
            "seen": SEEN,
            "expert_sigma": EXPERT_SIGMA,
            "exposures": {field.name: exposure_of(field.name) for field in fields},
        },
    }


def draw(windows: list[Window], label: np.ndarray, rivals: dict[str, np.ndarray], path: Path) -> None:
    """Windows with label and what each rival calls them, worst first."""
    worst = np.argsort([sum(p[i, label[i]] for p in rivals.values()) for i in range(len(windows))])[:40]
    cells = []
    for i in worst:
        cell = shown(windows[i], 224)
        called = " ".join(FIELD_SEVERITIES[int(p[i].argmax())][:3] for p in rivals.values())
        cells.append(captioned(cell, f"{windows[i].share:.2f} {FIELD_SEVERITIES[label[i]][:3]}: {called}"))
    row = min(8, len(cells))
    save_sheet([cells[i : i + row] for i in range(0, len(cells) - row + 1, row)], path)


def main() -> None:
    parser = arguments(__doc__, "runs/sem_severity")
    parser.add_argument("--arch", choices=ARCHES, default=ARCHES[0])
    parser.add_argument("--init", default="imagenet", help="imagenet, random, or a file in timm's names")
    parser.add_argument("--everything", action="store_true", help="one more that learns from all coupons, to ship")
    parser.add_argument("--score", action="store_true", help="train nothing, score everything in --out")
    parser.add_argument("--segmenter", type=Path, default=Path("runs/sem_ni20cr"), help="folder of sem_segment.py's checkpoints")
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_severity.json", help="where the scores go")
    args = parser.parse_args()
    config = Config(side=64, batch=2, head_steps=1, steps=1) if args.smoke else Config()
    fields = load_fields(args.data)
    if not args.score:
        train(args, config, fields)
    if args.score or args.smoke:
        write_json(args.report, report(args, fields, config))


if __name__ == "__main__":
    main()
