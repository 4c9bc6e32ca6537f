"""Train `SeverityNet`: none, mild, moderate or severe, with a map of the rust that it is read from.

    python train/car_labels.py --data DATA --init yolov8n-seg-coco.safetensors                 # car masks and paint, once
    python train/car_grade.py --data DATA --init tf_efficientnet_lite0-imagenet.safetensors

153 rusty photos, 12 of them severe, are too few to move the early stages of the network far.  So each view is taken through
them once, and the late stages, the map and the ordinal heads learn from that; then all learns a little, from the views.

Five networks are trained, each without one fifth of the cars, and grade the photos they have not seen: those are the scores.
A sixth learns from everything and is the one to ship; its honest estimate is the score of the five, which had less to learn from.

Pictures of our generator are never trained on: the grader judges them.  Composites of real rust and clean cars are.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from itertools import chain, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import timm
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from calibration import fit_temperature, temperatures
from car_rust import looks_rusty
from grade_scores import probabilities_at, scored, share
from grade_views import GradedPhoto, View, close_up, extra_views, load_photos, pasted_views, plain_view, rust_textures, views_of
from safetensors.torch import load_file
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold
from support import FOLDS, REPORTS, arguments, captioned, load_checkpoint, save_checkpoint, save_sheet, write_json
from torch import Tensor

from corrovis.networks.severity_net import SeverityNet
from corrovis.results import SEVERITIES
from corrovis.tensors import tensor_of

EVERYTHING = FOLDS  # number of the run that leaves nothing out
NO_LEVEL = -1


@dataclass(frozen=True)
class Config:
    """`mix`: share of each level, and of pictures for the map alone, in a batch; `pasted`: share of cars with something pasted
    on them in the levels that have such views.
    """

    side: int = 288
    scale: float = 1.0
    batch: int = 24
    steps: int = 160  # of the late stages and heads
    lr: float = 2e-4
    head_lr: float = 2e-3
    all_steps: int = 40  # of all stages
    all_lr: float = 3e-5
    map_weight: float = 0.5
    smooth: float = 0.05
    mix: tuple[float, ...] = (0.34, 0.24, 0.22, 0.1, 0.1)
    pasted: float = 0.2
    seed: int = 0


@dataclass
class Cells:
    """Views, and what the early stages make of them before they learn.

    Shape:
        rgb: (n, S, S, 3) uint8
        features: (n, 152, h, w) float16
        share: (n, 2, h, w) float16
        level: (n,) int, `NO_LEVEL` where only the map is known
        photo: (n,) int, -1 for pictures that are none of the photos
        pasted: (n,) bool, clean cars with something pasted on
    """

    rgb: np.ndarray
    features: np.ndarray
    share: np.ndarray
    level: np.ndarray
    photo: np.ndarray
    pasted: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Cells:
        """Left on the disk, for there are gigabytes of them: a batch is read when it is drawn."""
        return cls(**{field.name: np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in fields(cls)})

    def of(self, photos: np.ndarray) -> np.ndarray:
        """(n,) bool: whether a view is of one of `photos`, a bool for each, or of none of all."""
        found: np.ndarray = photos[self.photo] | (self.photo < 0)
        return found


def warm_start(network: SeverityNet, init: str) -> None:
    """ImageNet weights for the whole backbone: a local file, or `imagenet` for timm's own download."""
    backbone = timm.create_model("tf_efficientnet_lite0", pretrained=init == "imagenet")
    if init != "imagenet":
        backbone.load_state_dict({name: tensor.float() for name, tensor in load_file(init).items()})
    network.take_backbone(backbone)


def take_through(network: SeverityNet, views: Iterable[View], folder: Path) -> None:
    """Write `Cells` of `views` to `folder`, an array a file."""
    kept: dict[str, list[np.ndarray]] = {field.name: [] for field in fields(Cells)}
    left: Iterator[View] = iter(views)
    while some := list(islice(left, 16)):
        rgb = np.stack([v.rgb for v in some])
        with torch.inference_mode():
            kept["features"].append(network.cells(to_input(rgb)).half().contiguous().numpy())
        kept["rgb"].append(rgb)
        kept["share"].append(np.stack([v.share for v in some]))
        kept["level"].append(np.array([NO_LEVEL if v.level is None else v.level for v in some]))
        kept["photo"].append(np.array([v.photo for v in some]))
        kept["pasted"].append(np.array([v.pasted for v in some]))
    unfinished = folder.with_suffix(".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    for name in list(kept):
        np.save(unfinished / f"{name}.npy", np.concatenate(kept.pop(name)))
    unfinished.rename(folder)


def to_input(rgb: np.ndarray) -> Tensor:
    """(n, S, S, 3) uint8 to (n, 3, S, S) in [-1, 1]."""
    return tensor_of(rgb)


def all_cells(network: SeverityNet, photos: list[GradedPhoto], config: Config, place: tuple[Path, Path]) -> dict[str, Cells]:
    """Cells to learn from, of close-ups, and of the photos as they are and mirrored; kept in `out`, for they take minutes."""
    data, out = place
    side = config.side
    many = list(enumerate(photos))
    dice = {name: random.Random(config.seed) for name in ("train", "pasted", "extra", "close")}
    textures = [rgb for rgb in rust_textures(data) if looks_rusty(rgb).mean() > 0.5]
    learned = (
        (v for i, p in many for v in views_of(i, p, side, config.scale, dice["train"])),
        (v for i, p in many for v in pasted_views(i, p, textures, side, dice["pasted"])),
        extra_views(data, side, dice["extra"]),
    )
    jobs = {
        "learned": chain.from_iterable(learned),
        "close": (close_up(i, p, side, dice["close"]) for i, p in many if p.level == 0 and p.has_car),
        "whole": (plain_view(i, p, side) for i, p in many),
        "mirror": (plain_view(i, p, side, mirrored=True) for i, p in many),
    }
    found = {}
    for name, views in jobs.items():
        folder = out / f"cells_{name}"
        if not folder.exists():
            take_through(network, views, folder)
        found[name] = Cells.load(folder)
        print(f"{name}: {len(found[name].level)} views", flush=True)
    return found


def chances(cells: Cells, use: np.ndarray, groups: np.ndarray, config: Config) -> np.ndarray:
    """How likely each view in `use` is drawn: levels as in `mix`, of each the part `pasted` from those pasted.

    Within one, cars by the root of their photos, photos alike.
    """
    p = np.zeros(len(cells.level))
    group = np.array([groups[i] if i >= 0 else f"extra {n}" for n, i in enumerate(cells.photo)])
    for level, part in zip((0, 1, 2, 3, NO_LEVEL), config.mix, strict=True):
        here = use & (cells.level == level)
        pasted = config.pasted if (here & cells.pasted).any() else 0.0
        for at, of_level in ((here & cells.pasted, pasted), (here & ~cells.pasted, 1 - pasted)):
            _, car, views = np.unique(group[at], return_inverse=True, return_counts=True)
            photos_of_car = np.array([len(np.unique(cells.photo[at][car == c])) for c in range(len(views))])
            w = (np.sqrt(photos_of_car) / views)[car]
            p[at] = part * of_level * w / max(w.sum(), 1e-9)
    return p / p.sum()


def corn_loss(logits: Tensor, level: Tensor, smooth: float) -> Tensor:
    """Shi et al. 2021, eq. 5: logit k is asked only of pictures with level >= k; neighbours are told apart a little softly."""
    loss = logits.new_zeros(())
    for k in range(logits.shape[1]):
        asked = level >= k
        if asked.any():
            beyond = (level[asked] > k).float() * (1 - 2 * smooth) + smooth
            loss = loss + F.binary_cross_entropy_with_logits(logits[asked, k], beyond)
    return loss


def map_loss(found: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy of the rust and car maps with the drawn shares, where somebody drew."""
    known = (share >= 0).float()
    each = F.binary_cross_entropy_with_logits(found, share.clamp(min=0), reduction="none") * known
    return (each.sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1)).sum()


def fit(network: SeverityNet, cells: Cells, p: np.ndarray, config: Config, all_of_it: bool) -> SeverityNet:
    """Train on `cells`, drawn with the chances `p`: the late stages and heads from the features, or all of it from the views.

    Returns the mean of the weights over the last third of the steps.
    """
    accelerator = Accelerator()
    network.eval()  # BatchNorm keeps its ImageNet statistics; only dropout is on
    network.drop.train()
    steps, lr, head_lr = config.steps, config.lr, config.head_lr
    if all_of_it:
        steps, lr, head_lr = config.all_steps, config.all_lr, 10 * config.all_lr
    heads = [*network.map.parameters(), *network.whole.parameters(), *network.area.parameters()]
    stages = [network.early, network.middle, network.late, network.gather][0 if all_of_it else 2 :]
    stages = [parameter for stage in stages for parameter in stage.parameters()]
    optimiser = torch.optim.AdamW([{"params": stages, "lr": lr}, {"params": heads, "lr": head_lr}], weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [lr, head_lr], steps, pct_start=0.15)
    network, optimiser = accelerator.prepare(network, optimiser)
    mean = torch.optim.swa_utils.AveragedModel(accelerator.unwrap_model(network))
    dice = np.random.default_rng([config.seed, all_of_it])
    for step in range(steps):
        drawn = dice.choice(len(p), config.batch, p=p)
        known, level = torch.from_numpy(cells.share[drawn].astype(np.float32)), torch.from_numpy(cells.level[drawn])
        if all_of_it:
            rgb = to_input(cells.rgb[drawn])
            x = network.cells(rgb.to(accelerator.device))
        else:
            x = torch.from_numpy(cells.features[drawn].astype(np.float32))
        x, known, level = (t.to(accelerator.device) for t in (x, known, level))
        logits, found = network.answer(x)
        loss = corn_loss(logits[level >= 0], level[level >= 0], config.smooth) + config.map_weight * map_loss(found, known)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        schedule.step()
        if step >= steps * 2 // 3:
            mean.update_parameters(accelerator.unwrap_model(network))
        if step % 20 == 0:
            print(f"  step {step} loss {loss.item():.3f}", flush=True)
    best: SeverityNet = mean.module.cpu().eval()
    return best


def logits_of(network: SeverityNet, cells: Cells, at: np.ndarray) -> np.ndarray:
    """(len(at), 3) at temperature 1."""
    rows = []
    for start in range(0, len(at), 16):
        with torch.inference_mode():
            rows.append(network.answer(network.cells(to_input(cells.rgb[at[start : start + 16]])))[0].numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 3), np.float32)


def folds_of(level: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(n,) 0 .. 4: whole cars, each level spread evenly."""
    fold = np.zeros(len(level), int)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for k, (_, rest) in enumerate(splitter.split(level, level, group)):
        fold[rest] = k
    return fold


def learn(start: SeverityNet, views: Cells, known: np.ndarray, group: np.ndarray, config: Config) -> SeverityNet:
    """A network from the views of `known` photos (a bool for each) and the extra pictures."""
    p = chances(views, views.of(known), group, config)
    torch.manual_seed(config.seed)
    late = fit(deepcopy(start), views, p, config, all_of_it=False)
    return fit(late, views, p, config, all_of_it=True)


def report(
    photos: list[GradedPhoto], out_of_fold: dict[str, np.ndarray], close_photo: np.ndarray, fold: np.ndarray
) -> dict[str, Any]:
    """train/reports/car_grade.json: all scores out of fold, each fold at the temperature that the others want.

    `temperature` is the one to ship, which all of them want.
    """
    level = np.array([p.level for p in photos])
    group = np.array([p.group for p in photos])
    each = temperatures(out_of_fold["logits"], level, fold, probabilities_at)[:, None]
    on = "photos of cars that the grading network had not seen, grouped 5-fold"
    p = probabilities_at(out_of_fold["logits"], each)
    close = probabilities_at(out_of_fold["close"], each[close_photo]).argmax(axis=1) == 0
    metrics = scored(p, level, group, on)
    metrics["clean_close_up_called_none"] = share(
        close, group[close_photo], "parts cut from within clean cars not seen in training"
    )
    counts = confusion_matrix(level, p.argmax(axis=1), labels=range(len(SEVERITIES))).tolist()
    before = scored(probabilities_at(out_of_fold["logits"], 1.0), level, group, on)["calibration_error"]["value"]
    return {
        "temperature": fit_temperature(out_of_fold["logits"], level, probabilities_at),
        "metrics": metrics,
        "calibration_error_before_temperature": before,
        "confusion": {"rows": "labelled", "columns": "graded", "levels": list(SEVERITIES), "counts": counts},
        "photos": {name: int((level == k).sum()) for k, name in enumerate(SEVERITIES)},
        "accuracy_by_fold": [round(float((p.argmax(axis=1) == level)[fold == k].mean()), 4) for k in range(FOLDS)],
    }


def draw_mistakes(photos: list[GradedPhoto], p: np.ndarray, path: Path) -> None:
    """The photos whose own level was thought least likely, labelled level -> graded level written on them."""
    level = np.array([photo.level for photo in photos])
    worst = np.argsort(p[np.arange(len(level)), level])[:32]
    shown = []
    for i in worst:
        cell = cv2.resize(photos[i].rgb, (240, 180), interpolation=cv2.INTER_AREA)
        text = f"{photos[i].name} {SEVERITIES[level[i]]} -> {SEVERITIES[int(p[i].argmax())]} {p[i].max():.2f}"
        shown.append(captioned(cell, text))
    save_sheet([shown[i : i + 8] for i in range(0, len(shown) - 7, 8)], path)


def main() -> None:
    parser = arguments(__doc__, "runs/car_grade")
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="what car_labels.py wrote")
    parser.add_argument("--init", default="imagenet", help="backbone weights: imagenet, or a file in timm's names")
    parser.add_argument("--report", type=Path, default=REPORTS / "car_grade.json", help="where the scores go")
    args = parser.parse_args()
    config = Config(side=64, scale=0.1, batch=4, steps=2, all_steps=2) if args.smoke else Config()
    torch.manual_seed(config.seed)
    start = SeverityNet()
    if not (args.smoke and args.init == "imagenet"):
        warm_start(start, args.init)
    start.eval()
    photos = load_photos(args.data, args.labels)
    level, group = np.array([p.level for p in photos]), np.array([p.group for p in photos])
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.resume:
        for stale in args.out.glob("cells_*"):
            shutil.rmtree(stale)
        for stale in args.out.glob("fold_*.pt"):
            stale.unlink()
    cells = all_cells(start.to(memory_format=torch.channels_last), photos, config, (args.data, args.out))
    fold = folds_of(level, group)
    close_photo = cells["close"].photo
    found = {"logits": np.zeros((len(photos), 3), np.float32), "close": np.zeros((len(close_photo), 3), np.float32)}
    for k in range(FOLDS + 1):
        checkpoint = args.out / ("last.pt" if k == EVERYTHING else f"fold_{k}.pt")
        network = deepcopy(start)
        if not (args.resume and load_checkpoint(checkpoint, network=network)):
            print(f"fold {k}" if k < FOLDS else "everything", flush=True)
            network = learn(start, cells["learned"], fold != k, group, config)
            save_checkpoint(checkpoint, config, config.steps + config.all_steps, network=network)
        if k != EVERYTHING:
            unseen, close = np.flatnonzero(fold == k), np.flatnonzero(fold[close_photo] == k)
            found["logits"][unseen] = sum(logits_of(network, cells[name], unseen) / 2 for name in ("whole", "mirror"))
            found["close"][close] = logits_of(network, cells["close"], close)
    content = report(photos, found, close_photo, fold)
    made = {"config": asdict(config), "photos_in_all": len(photos)}
    write_json(args.report, {**content, "made": made})
    np.savez(args.out / "out_of_fold.npz", **found, level=level, fold=fold, name=[p.name for p in photos])
    draw_mistakes(photos, probabilities_at(found["logits"], content["temperature"]), args.out / "mistakes.png")


if __name__ == "__main__":
    main()
