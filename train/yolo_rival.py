"""YOLOv8-seg, the seed's tool, where a semantic network ships: on the same fields and photos left out, scored alike.

    python train/yolo_rival.py ni20cr --data DATA --init yolov8n-seg-coco.safetensors
    python train/yolo_rival.py structures --data DATA --init yolov8n-seg-coco.safetensors --runs runs

Corrosion along grain boundaries is one net that spans the field, and rust on a girder runs into itself: an instance is what
hangs together in a window.  Both networks are asked one question, corroded or not.  How sure YOLO has to be is chosen on the
other coupons, as it is for the network that ships; for photos, on an eighth of those learned from.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import sem_segment
import structure_segment
import torch
from pits_segment import instance_targets
from safetensors.torch import load_file
from segment_scores import field_ious, field_scores, summary
from segment_views import UNKNOWN, Labelled
from segmenting import Config, Lesson, Run, Sampler, fit, left_out, to_batch, unweighted
from support import arguments, load_checkpoint, write_json
from torch import nn

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.yolo_seg import YoloSeg
from corrovis.sem.segmentation import look

CONFIG = Config(side=320, batch=4, steps=400, lr=1e-3, ema=0.98)
SEEN = {"size": 640, "overlap": 64, "sure": 0.05}
SURE = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
LEAST_PX = 12  # of an instance to learn from: smaller crumbs are what a window's rim leaves
MOST = 60  # instances of a window, the largest first
GREY = 128


@dataclass(frozen=True)
class Fold:
    """What is learned from, what is left out, and the network that ships, which has not seen that either."""

    name: str
    known: list[Labelled]
    left_out: list[Labelled]
    rival: Callable[[Labelled], np.ndarray]  # (H, W) probability of corrosion


def folds_of(what: str, data: Path, runs: Path) -> tuple[list[Fold], Callable[[list[Labelled]], Sampler]]:
    """The folds of a set, and what cuts windows of its pictures."""
    if what == "ni20cr":
        fields, run = sem_segment.load_fields(data), runs / "sem_ni20cr"
        folds = []
        for coupon in sorted({field.group for field in fields}):
            network = left_out(run, coupon)
            parts = [[field for field in fields if (field.group == coupon) is out] for out in (False, True)]
            folds.append(Fold(coupon, *parts, lambda field, network=network: sem_segment.probabilities(network, field.rgb)[1]))
        return folds, lambda known: sem_segment.sampler(known, CONFIG, 0)
    known, kept_back = structure_segment.divided(structure_segment.load_photos(data))
    network = CorrosionUNet(len(structure_segment.CLASSES))
    load_checkpoint(runs / "sem_structure/held_out.pt", network=network)
    network = unweighted(network, structure_segment.TAKEN_OFF).eval()
    fold = Fold("places", known, kept_back, lambda photo: 1 - structure_segment.found_in(network, photo)[0])
    return [fold], lambda photos: structure_segment.sampler(photos, CONFIG, 0)


def binary(picture: Labelled) -> Labelled:
    return replace(picture, mask=np.where(picture.mask == UNKNOWN, UNKNOWN, picture.mask > 0).astype(np.uint8))


def connected(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8: the largest connected parts of class 1, numbered from 1."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats((mask == 1).astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    order = [part for part in np.argsort(-area)[:MOST] if area[part] >= LEAST_PX]
    numbers = np.zeros(len(area), np.uint8)
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers[parts]


def instances(sample: Sampler, config: Config) -> Lesson:
    """Lessons of YOLOv8-seg whose instances are what hangs together; beyond the picture is nothing to find."""

    def lesson(network: nn.Module, device: torch.device) -> torch.Tensor:
        views = [binary(sample()) for _ in range(config.batch)]
        views = [replace(v, rgb=np.where(v.mask[..., None] == UNKNOWN, GREY, v.rgb).astype(np.uint8)) for v in views]
        targets = [instance_targets(connected(view.mask)) for view in views]
        boxes, numbers = [boxes for boxes, _ in targets], torch.stack([numbers for _, numbers in targets])
        loss: torch.Tensor = network.training_loss(to_batch(views)[0].to(device), boxes, numbers)
        return loss

    return lesson


def surest(pictures: list[Labelled], found: dict[str, np.ndarray]) -> float:
    """The score from which an instance is best believed, by the mean IoU of `pictures`."""
    worth = [np.nanmean([np.nanmean(field_ious(one, found[one.name] > sure)) for one in pictures]) for sure in SURE]
    return SURE[int(np.argmax(worth))]


def scores_of(picture: Labelled, p: np.ndarray, sure: float = 0.5) -> dict[str, Any]:
    """Of a picture with and without corrosion in it; `p` (H, W)."""
    called = sem_segment.settled(np.clip(p, 0, 1 - 1e-6), sure)
    return field_scores(picture, called)


def main() -> None:
    parser = arguments(__doc__, "runs/yolo_rival")
    parser.add_argument("what", choices=("ni20cr", "structures"))
    parser.add_argument("--init", type=Path, help="COCO weights of YOLOv8n-seg as safetensors")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the networks that ship were trained")
    parser.add_argument("--steps", type=int, default=CONFIG.steps)
    parser.add_argument("--report", type=Path, default=Path("train/reports/sem_yolo.json"))
    args = parser.parse_args()
    config = replace(CONFIG, side=64, batch=2, steps=2) if args.smoke else replace(CONFIG, steps=args.steps)
    folds, sampler = folds_of(args.what, args.data, args.runs)
    ours, theirs, chosen = [], [], {}
    found: dict[str, np.ndarray] = {}
    for fold in folds:
        print(fold.name, flush=True)
        torch.manual_seed(config.seed)
        network = YoloSeg(1)
        if args.init:
            network.load_coco(load_file(args.init))
        checkpoint = args.out / args.what / f"without_{fold.name}.pt"
        network = fit(network, instances(sampler(fold.known), config), config, Run(checkpoint, args.resume))
        tuned = [binary(one) for one in (fold.known[::8] if len(folds) == 1 else [])]
        for picture in [*tuned, *fold.left_out]:
            found[picture.name] = look(network, picture.rgb, SEEN).probability
        chosen[fold.name] = surest(tuned, found) if tuned else None
    everything = [binary(one) for fold in folds for one in fold.left_out]
    for fold in folds:
        others = [one for one in everything if one.group not in {kept.group for kept in fold.left_out}]
        sure = chosen[fold.name] or surest(others, found)
        chosen[fold.name] = sure
        for picture in map(binary, fold.left_out):
            theirs.append(scores_of(picture, found[picture.name], sure))
            ours.append(scores_of(picture, fold.rival(picture)))
            print(theirs[-1], ours[-1], flush=True)
    on = "fields of coupons" if args.what == "ni20cr" else "photos of places"
    report = json.loads(args.report.read_text()) if args.report.exists() else {}
    made = {"config": asdict(config), "input": SEEN, "sure": chosen}
    pair = {"yolo": theirs, "ships": ours}
    report[args.what] = {name: summary(rows, f"{on} that the network had not seen") for name, rows in pair.items()} | {
        "made": made
    }
    print({name: report[args.what][name]["miou"]["value"] for name in pair}, flush=True)
    write_json(args.report, report)


if __name__ == "__main__":
    main()
