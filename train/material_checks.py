"""Does the shipped classifier of materials know what it does not know, and does it hold when instruments change?

    python train/material_checks.py --data DATA --init tf_efficientnet_lite0-imagenet.safetensors

Needs the features that `train/material.py --network lite0 --frozen` kept in --out, and adds its scores to the same report:

- strangers: no micrographs of these materials (fasteners under a light microscope, rust, rolled steel, bridges, cars)
- unseen: each material in turn left out of training, which the gauge then has to find unfamiliar
- disturbed: held-out fields blurred, noisy, faint, compressed, reduced, cut to a tile, named by the heads of their folds
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from grade_scores import share
from material import USUAL, Lesson, lesson_of
from material_data import SUFFIXES, Sample, grey_of, load_samples
from material_familiarity import distances_of, fit_gauge
from material_learners import Bank, Plan, describer, fit_head
from sklearn.metrics import roc_auc_score
from support import arguments, write_json

from corrovis.sem.material import squares

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
Describe = Callable[[np.ndarray], np.ndarray]


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


def described(path: Path, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays kept at `path`, or made and kept there."""
    if not path.exists():
        np.savez(path, **make())
    with np.load(path) as found:
        return dict(found)


def strangers_of(data: Path, describe: Describe, size: int) -> dict[str, np.ndarray]:
    """f: (n, features) of squares; of: (n,) their picture; kind: (pictures,) names."""
    dice, features, kinds = random.Random(0), [], []
    for kind, pattern in STRANGERS.items():
        files = sorted(path for path in data.glob(pattern) if path.suffix.lower() in SUFFIXES)
        dice.shuffle(files)
        for path in files[:EACH]:
            features.append(describe(squares(grey_of(path), size)))
            kinds.append(kind)
    return {
        "f": np.concatenate(features),
        "of": np.repeat(np.arange(len(kinds)), list(map(len, features))),
        "kind": np.array(kinds),
    }


def disturbed_of(samples: list[Sample], describe: Describe, size: int) -> dict[str, np.ndarray]:
    """For each disturbance its features, and in `NAME_of` the field of each."""
    found = {}
    for name, disturb in DISTURBANCES.items():
        features = [describe(squares(disturb(sample.grey), size)) for sample in samples[::EVERY]]
        found[name] = np.concatenate(features)
        found[f"{name}_of"] = np.repeat(np.arange(len(samples))[::EVERY], list(map(len, features)))
        print(f"  {name}", flush=True)
    return found


def means_of(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Means over the squares of each picture, in order of the pictures' numbers."""
    return np.stack([values[of == i].mean(axis=0) for i in np.unique(of)])


def unfamiliar(strange: np.ndarray, usual: np.ndarray, limit: float, on: str) -> dict[str, Any]:
    """Share above the limit, and how well distance tells them from held-out fields."""
    auc = roc_auc_score(np.repeat([0, 1], [len(usual), len(strange)]), np.concatenate([usual, strange]))
    return {**share(strange > limit, np.arange(len(strange)), on), "roc_auc": round(float(auc), 4)}


def gauge_scores(lesson: Lesson, bank: Bank, strange: dict[str, np.ndarray]) -> dict[str, Any]:
    """Strangers and unseen materials that are told to be unfamiliar, and known specimens that wrongly are."""
    features, field_of = bank.of(np.arange(len(lesson.samples)))
    taught = lesson.labels[field_of]
    usual = np.zeros(len(lesson.samples))
    for known, held_out in lesson.folds():
        of, seen = np.isin(field_of, known), np.isin(bank.square_of, held_out)
        gauge = fit_gauge(features[of], taught[of])
        usual[held_out] = means_of(distances_of(gauge, bank.squares[seen]), bank.square_of[seen])
    limit = float(np.quantile(usual, USUAL))
    whole = means_of(distances_of(fit_gauge(features, taught), strange["f"]), strange["of"])
    found = {
        f"strangers_{kind}": unfamiliar(whole[strange["kind"] == kind], usual, limit, f"{kind}, told to be unfamiliar")
        for kind in STRANGERS
        if (strange["kind"] == kind).any()
    }
    unseen = []
    for k, name in enumerate(lesson.classes):
        others, seen = taught != k, lesson.labels[bank.square_of] == k
        distances = distances_of(fit_gauge(features[others], taught[others]), bank.squares[seen])
        unseen.append(means_of(distances, bank.square_of[seen]))
        found[f"unseen_{name}"] = unfamiliar(unseen[-1], usual, limit, f"{name}, left out of training, told to be unfamiliar")
    found["strangers"] = unfamiliar(whole, usual, limit, "pictures of other kinds, told to be unfamiliar")
    found["unseen"] = unfamiliar(np.concatenate(unseen), usual, limit, "materials left out of training, told to be unfamiliar")
    return found


def disturbed_scores(lesson: Lesson, bank: Bank, disturbed: dict[str, np.ndarray], plan: Plan) -> dict[str, Any]:
    """Accuracy on held-out fields under each disturbance."""
    right: dict[str, dict[int, bool]] = {name: {} for name in DISTURBANCES}
    for known, held_out in lesson.folds():
        features, field_of = bank.of(known)
        head = fit_head(features, lesson.labels[field_of], field_of, plan)
        for name in DISTURBANCES:
            for i in np.intersect1d(held_out, disturbed[f"{name}_of"]):
                seen = disturbed[name][disturbed[f"{name}_of"] == i]
                logits = head.decision_function(seen).reshape(len(seen), -1).mean(axis=0)
                right[name][int(i)] = int(logits.argmax() if len(logits) > 1 else logits[0] > 0) == lesson.labels[i]
    return {
        f"accuracy_{name}": share(
            np.array(list(hits.values())), lesson.groups[list(hits)], f"fields of specimens held out, every {EVERY}th, {name}"
        )
        for name, hits in right.items()
    }


def main() -> None:
    parser = arguments(__doc__, "runs/material")
    parser.add_argument("--init", default="imagenet", help="as for train/material.py")
    parser.add_argument("--size", type=int, default=Plan.size)
    parser.add_argument("--report", type=Path, required=True, help="the report of train/material.py")
    args = parser.parse_args()
    plan = replace(Plan(init=args.init, frozen=True), size=args.size)
    lesson = lesson_of(load_samples(args.data))
    bank = Bank.cached(args.out / "bank.npz", lesson.samples, plan, lesson.outputs)
    describe = describer(plan, lesson.outputs)
    strange = described(args.out / "strangers.npz", lambda: strangers_of(args.data, describe, plan.size))
    disturbed = described(args.out / "disturbed.npz", lambda: disturbed_of(lesson.samples, describe, plan.size))
    checks = {**gauge_scores(lesson, bank, strange), **disturbed_scores(lesson, bank, disturbed, plan)}
    for name, score in checks.items():
        auc = f", ROC AUC {score['roc_auc']}" if "roc_auc" in score else ""
        print(f"{name}: {score['value']} ({score['low']} to {score['high']}), n {score['n']}{auc}", flush=True)
    report = json.loads(args.report.read_text())
    report["checks"] = checks
    shipped = {"strangers": "strangers_flagged", "unseen": "unseen_materials_flagged"}
    shipped |= {name: name for name in checks if name.startswith("accuracy_")}
    report["metrics"] |= {new: {k: v for k, v in checks[old].items() if k != "roc_auc"} for old, new in shipped.items()}
    write_json(args.report, report)


if __name__ == "__main__":
    main()
