"""YOLOv8-seg, the seed's tool, where a semantic network ships: on the same fields of Ni-20Cr left out, scored alike.

    python train/yolo_rival.py --data DATA --init yolov8n-seg-coco.safetensors

Corrosion along grain boundaries is one net that spans the field: an instance is what hangs together in a window.  Both networks
are asked one question, corroded or not.  What YOLO gives is no probability of a pixel: how sure it has to be is chosen on the
other coupons.  The network that ships, by `train/sem_segment.py`, calls corroded what is so rather than not.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from pits_segment import boxed
from safetensors.torch import load_file
from segment_scores import best_elsewhere, field_ious, field_scores, summary
from segment_views import Labelled
from segmenting import Config, Run, fit, left_out, probabilities
from sem_segment import load_fields, sampler
from support import REPORTS, arguments, fresh_seed, write_json

from corrovis.networks.yolo_seg import YoloSeg
from corrovis.sem.segmentation import look

CONFIG = Config(side=320, batch=4, steps=1600, lr=1e-3, ema=0.98)
SEEN = {"size": 640, "overlap": 64, "sure": 0.001}
SURE = (0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
LEAST_PX = 12  # of an instance to learn from: smaller crumbs are what a window's rim leaves
MOST = 60  # instances of a window, the largest first
ON = "fields of coupons that the network had not seen"


def connected(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8: the largest connected parts of class 1, numbered from 1: what hangs together is an instance."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats((mask == 1).astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    order = [part for part in np.argsort(-area)[:MOST] if area[part] >= LEAST_PX]
    numbers = np.zeros(len(area), np.uint8)
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers[parts]


def settled(corroded: np.ndarray, sure: float) -> np.ndarray:
    """(2, H, W) probabilities of (H, W) ones of corrosion, such that `sure` becomes a half."""
    odds = corroded / np.clip(1 - corroded, 1e-6, None) * (1 - sure) / sure
    return np.stack([1 / (1 + odds), odds / (1 + odds)])


def surest(fields: list[Labelled], found: dict[str, np.ndarray], levels: tuple[float, ...] = SURE) -> dict[str, float]:
    """For each coupon the level from which a pixel is best called corroded, by the mean IoU of the other coupons' fields."""
    curves = np.array([[field_ious(field, found[field.name] > sure).mean() for sure in levels] for field in fields])
    best = best_elsewhere(curves, np.array([field.group for field in fields]))
    return {coupon: levels[k] for coupon, k in best.items()}


def refuse_ends(sure: dict[str, float]) -> None:
    """What is best at an end of the list might be better beyond it."""
    if ends := {coupon: chosen for coupon, chosen in sure.items() if chosen in (SURE[0], SURE[-1])}:
        raise SystemExit(f"the best of SURE lies at its end for {ends}; add levels beyond")


def main() -> None:
    parser = arguments(__doc__, "runs/yolo_rival/ni20cr")
    parser.add_argument("--init", type=Path, help="COCO weights of YOLOv8n-seg as safetensors")
    parser.add_argument("--segmenter", type=Path, default=Path("runs/sem_ni20cr"), help="folder of sem_segment.py's checkpoints")
    parser.add_argument("--steps", type=int, default=CONFIG.steps)
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_yolo.json")
    args = parser.parse_args()
    config = replace(CONFIG, side=64, batch=2, steps=2) if args.smoke else replace(CONFIG, steps=args.steps)
    fields = load_fields(args.data)
    coupons = sorted({field.group for field in fields})
    found: dict[str, np.ndarray] = {}
    for coupon in coupons:
        print(coupon, flush=True)
        torch.manual_seed(config.seed)
        network = YoloSeg(1)
        if args.init:
            network.load_coco(load_file(args.init))
        checkpoint = args.out / f"without_{coupon}.pt"
        seed = fresh_seed(config.seed, checkpoint, args.resume)
        views = sampler([field for field in fields if field.group != coupon], config, seed)
        network = fit(network, boxed(views, config, connected, 1.0), config, Run(checkpoint, args.resume))
        found |= {field.name: look(network, field.rgb, SEEN).probability for field in fields if field.group == coupon}
    sure = surest(fields, found)
    if not args.smoke:
        refuse_ends(sure)
    called = {field.name: settled(np.clip(found[field.name], 0, 1 - 1e-6), sure[field.group]) for field in fields}
    scores = {
        "yolo": [field_scores(field, called[field.name]) for field in fields],
        "ships": [field_scores(field, probabilities(left_out(args.segmenter, field.group), field.rgb)) for field in fields],
    }
    report: dict[str, Any] = {name: summary(rows, ON) for name, rows in scores.items()}
    print({name: report[name]["miou"] for name in scores}, flush=True)
    made = {"config": asdict(config), "input": SEEN, "sure": sure}
    write_json(args.report, {"ni20cr": {**report, "fields": scores, "made": made}})


if __name__ == "__main__":
    main()
