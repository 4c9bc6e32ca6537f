"""Does the shipped classifier of materials know what it does not know, and does it hold when instruments change?

    python train/material_checks.py --data DATA --out runs/material --report train/reports/material.json

Needs the checkpoints of `train/material.py --network lite0` in --out, and adds its scores to the same report:

- strangers: no micrographs of these materials (fasteners under a light microscope, rust, rolled steel, bridges, cars)
- unseen (with --unseen): a network trained without each material in turn has to find it unfamiliar; minutes each, kept in --out
- disturbed: held-out fields blurred, noisy, faint, compressed, reduced, cut to a tile, named by the networks of their folds
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from grade_scores import share
from material import USUAL, Gauged, Lesson, learned, lesson_of
from material_data import grey_of, load_samples
from material_learners import Bank, Plan, field_logits
from support import arguments, write_json

from corrovis.images import picture_endings
from corrovis.sem.material import squares, squares_input

STRANGERS = {
    "fasteners": "fasteners/*/*.*",
    "textures": "cars/rust_textures/*.*",
    "neu": "steel/*/*.*",
    "structures": "steel_structures/images/*.*",
    "cars": "cars/clean/*.jpg",
}
EACH = 40
EVERY = 4  # of the fields are disturbed, to save time
TILE = 128

Grey = np.ndarray
Train = Callable[[np.ndarray, str], Gauged]
"""A network that has learned from some fields; its checkpoint's name."""


def noisy(grey: Grey) -> Grey:
    return (grey + np.random.default_rng(0).normal(0, 12, grey.shape)).clip(0, 255).astype(np.uint8)


def compressed(grey: Grey) -> Grey:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], cv2.IMREAD_GRAYSCALE))


def tile(grey: Grey) -> Grey:
    """The middle 128 px, the size in which one of the sets comes: size and sharpness must not tell the material."""
    top, left = (max(0, (side - TILE) // 2) for side in grey.shape)
    return np.ascontiguousarray(grey[top : top + TILE, left : left + TILE])


DISTURBANCES: dict[str, Callable[[Grey], Grey]] = {
    "blurred": lambda grey: cv2.GaussianBlur(grey, (0, 0), 1.5),
    "noisy": noisy,
    "faint": lambda grey: (grey * 0.4 + 30).astype(np.uint8),
    "compressed": compressed,
    "half_size": lambda grey: cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "tile": tile,
}


def strangers_of(data: Path) -> dict[str, list[Grey]]:
    """Pictures by kind."""
    dice, found = random.Random(0), {}
    for kind, pattern in STRANGERS.items():
        files = sorted(path for path in data.glob(pattern) if path.suffix.lower() in picture_endings())
        dice.shuffle(files)
        if files:
            found[kind] = [grey_of(path) for path in files[:EACH]]
    return found


def distances_to(network: Gauged, pictures: Iterable[Grey], size: int) -> np.ndarray:
    """(n,) how far each picture lies from all that the network knows."""
    with torch.inference_mode():
        views = (network.features(squares_input(squares(grey, size))) for grey in pictures)
        return np.array([float(network.familiarity(seen).mean()) for seen in views])


def usual_limit(lesson: Lesson, train: Train, size: int) -> float:
    """The distance that all but a few of the fields held out stay below."""
    usual = np.zeros(len(lesson.samples))
    for fold, (known, held_out) in enumerate(lesson.folds()):
        usual[held_out] = distances_to(train(known, f"fold{fold}"), (lesson.samples[i].grey for i in held_out), size)
    return float(np.quantile(usual, USUAL))


def stranger_scores(shipped: Gauged, strange: dict[str, list[Grey]], limit: float, size: int) -> dict[str, Any]:
    """Pictures of other kinds that are told to be unfamiliar."""
    far = {kind: distances_to(shipped, pictures, size) for kind, pictures in strange.items()}
    found = {
        f"strangers_{kind}": share(d > limit, np.arange(len(d)), f"{kind}, told to be unfamiliar") for kind, d in far.items()
    }
    if far:
        kind = np.repeat(list(far), [len(d) for d in far.values()])
        told = np.concatenate(list(far.values())) > limit
        found["strangers"] = share(told, kind, f"pictures of {len(far)} other kinds, told to be unfamiliar")
    return found


def unseen_scores(lesson: Lesson, train: Train, limit: float, size: int) -> dict[str, Any]:
    """Materials left out of training that are told to be unfamiliar."""
    found, unseen, every = {}, np.zeros(len(lesson.samples)), np.arange(len(lesson.samples))
    for k, name in enumerate(lesson.classes):
        without = train(every[lesson.labels != k], f"without{k}")
        own = every[lesson.labels == k]
        unseen[own] = distances_to(without, (lesson.samples[i].grey for i in own), size)
        found[f"unseen_{name}"] = share(
            unseen[own] > limit, lesson.groups[own], f"{name}, left out of training, told to be unfamiliar"
        )
    found["unseen"] = share(unseen > limit, lesson.labels, "materials left out of training, told to be unfamiliar")
    return found


def disturbed_scores(lesson: Lesson, train: Train, size: int) -> dict[str, Any]:
    """Accuracy on held-out fields under each disturbance."""
    right: dict[str, dict[int, bool]] = {name: {} for name in DISTURBANCES}
    for fold, (known, held_out) in enumerate(lesson.folds()):
        network = train(known, f"fold{fold}")
        for i in (int(i) for i in held_out if i % EVERY == 0):
            for name, disturb in DISTURBANCES.items():
                sample = replace(lesson.samples[i], grey=disturb(lesson.samples[i].grey))
                right[name][i] = int(field_logits(network, sample, size).argmax()) == lesson.labels[i]
    return {
        f"accuracy_{name}": share(
            np.array(list(hits.values())), lesson.groups[list(hits)], f"fields of specimens held out, every {EVERY}th, {name}"
        )
        for name, hits in right.items()
    }


def main() -> None:
    parser = arguments(__doc__, "runs/material")
    parser.add_argument("--report", type=Path, required=True, help="the report of train/material.py")
    parser.add_argument("--unseen", action="store_true", help="train a network without each material, too")
    args = parser.parse_args()
    lesson = lesson_of(load_samples(args.data))
    plan = Plan(**torch.load(args.out / "last.pt", map_location="cpu", weights_only=True)["config"])
    bank = Bank.cached(args.out / "bank.npz", lesson.samples, plan, lesson.outputs)
    ready: dict[str, Gauged] = {}

    def train(known: np.ndarray, name: str) -> Gauged:
        if name not in ready:
            ready[name] = learned(lesson, known, bank, plan, args.out / f"{name}.pt")
        return ready[name]

    limit, every = usual_limit(lesson, train, plan.size), np.arange(len(lesson.samples))
    checks = stranger_scores(train(every, "last"), strangers_of(args.data), limit, plan.size)
    checks |= disturbed_scores(lesson, train, plan.size)
    if args.unseen:
        checks |= unseen_scores(lesson, train, limit, plan.size)
    for name, score in checks.items():
        print(f"{name}: {score['value']} ({score['low']} to {score['high']}), n {score['n']}", flush=True)
    report = json.loads(args.report.read_text())
    report["checks"] = report.get("checks", {}) | checks
    shipped = {"strangers": "strangers_flagged", "unseen": "unseen_materials_flagged"}
    shipped |= {name: name for name in checks if name.startswith("accuracy_")}
    report["metrics"] |= {new: checks[old] for old, new in shipped.items() if old in checks}
    write_json(args.report, report)


if __name__ == "__main__":
    main()
