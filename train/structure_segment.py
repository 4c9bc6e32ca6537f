"""Train `ConditionFPN` on photos of steel structures: good, fair, poor, severe, a class a pixel (Virginia Tech's set).

    python train/structure_segment.py --data DATA --init tf_efficientnet_lite0-imagenet.safetensors
    python train/structure_segment.py --data DATA --init tf_efficientnet_lite0-imagenet.safetensors --everything

Nobody wrote down which photos show the same bridge, but neighbours in number often do.  So whole runs of numbers are held out,
and the photos beside them count for nothing.  The network learns from the others and is scored on those; with `--everything` it
learns from all photos by the same recipe, and that is the one to ship.  Weights of the classes guide the learning and are taken
off the answer again, but for half of that of severe.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import timm
import torch
from safetensors.torch import load_file
from segment_scores import benchmark_scores, confusion_of
from segment_views import Labelled, Windows, camera, window
from segmenting import Config, Run, Sampler, fit, probabilities, semantic, unweighted
from support import REPORTS, arguments, fresh_seed, read_mask, read_rgb, write_json
from torch import nn

from corrovis.networks.condition_fpn import ConditionFPN

CLASSES = ("good", "fair", "poor", "severe")
SCALES = (0.5, 1.25)
SEEN = 0.75  # of the photo's 512 px, as the network is shown it when it answers
HELD_OUT = "held_out.json"  # names of the photos held out, beside the checkpoints
ENCODER_RATE = 0.4  # what it learned from ImageNet is changed more slowly
RUN, EVERY, MARGIN, PLACE = 16, 5, 4, 8
"""Numbers in a run, of which every fifth is held out; those beside it that are left out; those drawn together for intervals."""
WEIGHTS = (1.0, 1.4, 1.4, 4.0)
TAKEN_OFF = (1.0, 1.4, 1.4, 2.0)
"""All of it, and nothing severe is ever found; none, and nothing poor.  Half of the last one is left: F1 is the same."""


def load_photos(data: Path) -> list[Labelled]:
    images = sorted((data / "steel_structures/images").glob("*.jpg"), key=lambda path: int(path.stem))
    return [Labelled(path.stem, f"place{int(path.stem) // PLACE}", read_rgb(path), read_mask_of(path)) for path in images]


def is_kept_back(number: int) -> bool:
    return number // RUN % EVERY == EVERY // 2


def divided(photos: list[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Photos to learn from, and those held out; between them lies a margin of neither."""
    near = {photo.name: any(is_kept_back(int(photo.name) + d) for d in (-MARGIN, 0, MARGIN)) for photo in photos}
    return [photo for photo in photos if not near[photo.name]], [photo for photo in photos if is_kept_back(int(photo.name))]


def read_mask_of(image: Path) -> np.ndarray:
    return read_mask(image.parent.parent / "masks" / f"{image.stem}.png")


def check_hold_out(folder: Path, kept_back: list[Labelled]) -> None:
    """SystemExit when the run in `folder` held out other photos: its network has learned from some that would be scored."""
    path = folder / HELD_OUT
    theirs = set(json.loads(path.read_text())["held_out"]) if path.exists() else None
    if theirs is None:
        print(f"{path} is missing, so nobody knows whether {folder} held out the same photos", flush=True)
    elif other := theirs ^ {photo.name for photo in kept_back}:
        raise SystemExit(f"{folder} held out other photos ({len(other)} differ); begin anew")


def sampler(photos: list[Labelled], config: Config, seed: int) -> Sampler:
    """Windows anywhere; photos with severe corrosion, a quarter of all, are drawn three times as often."""
    dice = random.Random(seed)
    cut = Windows(config.side, SCALES, turn=12, stretch=0.15, upside_down=False)
    weight = [3.0 if (photo.mask == CLASSES.index("severe")).any() else 1.0 for photo in photos]

    def sample() -> Labelled:
        view = window(dice.choices(photos, weight)[0], cut, dice)
        return replace(view, rgb=camera(view.rgb, dice))

    return sample


def found_in(network: ConditionFPN, photo: Labelled) -> np.ndarray:
    """(4, H, W) probabilities, seen as it is and mirrored."""
    height, width = photo.mask.shape
    small = cv2.resize(photo.rgb, (round(width * SEEN), round(height * SEEN)), interpolation=cv2.INTER_AREA)
    both = probabilities(network, small) + probabilities(network, small[:, ::-1].copy())[:, :, ::-1]
    return np.stack([cv2.resize(plane, (width, height)) for plane in both / 2])


def score(network: ConditionFPN, photos: list[Labelled]) -> dict[str, Any]:
    tables = [confusion_of(found_in(network, photo).argmax(axis=0), photo.mask, len(CLASSES)) for photo in photos]
    return benchmark_scores(np.stack(tables), np.array([photo.group for photo in photos]), CLASSES)


def warm_start(encoder: nn.Module, init: str) -> None:
    """ImageNet weights: a local file of timm's, `imagenet` for its own download, `random` for none."""
    if init == "random":
        return
    known = timm.create_model("tf_efficientnet_lite0", pretrained=True).state_dict() if init == "imagenet" else load_file(init)
    encoder.load_state_dict({name: known[name].float() for name in encoder.state_dict()})


def main() -> None:
    parser = arguments(__doc__, "runs/sem_structure")
    parser.add_argument("--init", default="imagenet", help="encoder weights: imagenet, random, or a file of timm's")
    parser.add_argument("--steps", type=int, default=3400)
    parser.add_argument("--everything", action="store_true", help="learn from all photos, score nothing: the network to ship")
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_structure.json", help="where the scores go")
    args = parser.parse_args()
    config = Config(side=384, steps=args.steps, lr=1.5e-3, ema=0.995, class_weights=WEIGHTS)
    if args.smoke:
        config = replace(config, side=64, batch=2, steps=2)
    photos = load_photos(args.data)
    known, kept_back = (photos, []) if args.everything else divided(photos)
    print(f"{len(known)} photos to learn from, {len(kept_back)} held out", flush=True)
    checkpoint = args.out / ("last.pt" if args.everything else "held_out.pt")
    if not args.everything:
        if args.resume and checkpoint.exists():
            check_hold_out(args.out, kept_back)
        write_json(args.out / HELD_OUT, {"held_out": [photo.name for photo in kept_back]})
    torch.manual_seed(config.seed)
    network = ConditionFPN(len(CLASSES))
    encoder = network.fpn.encoder
    warm_start(encoder.model, args.init)
    others = [part for name, part in network.named_parameters() if not name.startswith("fpn.encoder.")]
    groups = [{"params": encoder.parameters(), "lr": ENCODER_RATE * config.lr}, {"params": others, "lr": config.lr}]
    seed = fresh_seed(config.seed, checkpoint, args.resume)
    run = Run(checkpoint, args.resume, every=100)
    network = fit(network, semantic(sampler(known, config, seed), config), config, run, groups)
    if args.everything:
        return
    scores = score(unweighted(network, TAKEN_OFF), kept_back)
    print(scores["metrics"], flush=True)
    made = {"config": asdict(config), "scales": SCALES, "seen": SEEN, "photos": len(known), "held_out": len(kept_back)}
    made["weights_taken_off"] = TAKEN_OFF
    write_json(args.report, {**scores, "made": made})


if __name__ == "__main__":
    main()
