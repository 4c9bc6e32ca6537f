"""`evaluate.py car`: what is shipped, on cars that no network has seen, against the paper's method in the same run.

Writes `metrics` by model, `anchors`, `skipped` with the reason, and a picture sheet, which shows data and therefore stays in
runs/.  Distances are FD-Lite0 and KID on EfficientNet-Lite0 features, never "FID".  All pictures are compared at the size that
the CycleGAN draws at, on grey backgrounds, so that neither resolution nor scenery decides.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from car_mask_scores import mask_scores
from car_methods import WHOLE, Ours, Paper, Rusted
from car_pictures import Picture, read_pictures
from car_scores import (
    Scores,
    anchor_scores,
    distance_scores,
    fidelity_scores,
    judge_scores,
    leak_scores,
    letterbox,
    reference,
    samples,
)
from distances import ROUNDS, Lite0
from fold_graders import FoldGraders
from judge import Judge
from support import save_sheet, write_json

from corrovis.car.ageing import MODEL as OURS
from corrovis.car.masking import MODEL as MASK
from corrovis.car.masking import CarMasker
from corrovis.errors import NoCarError, WeightsError
from corrovis.results import SEVERITIES, CarMask, Photo, Provenance
from corrovis.store import Store

PAPER = "car-cyclegan"
ByMethod = dict[str, list[Rusted]]
SIDE = 256  # where there is no CycleGAN to set it


@dataclass
class Report:
    """What was measured, by model, and what was not and why."""

    metrics: dict[str, Scores] = field(default_factory=dict)
    anchors: dict[str, Scores] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def add(self, model: str, scores: Scores) -> None:
        self.metrics.setdefault(model, {}).update(scores)


def open_store(folder: Path, report: Report) -> Store | None:
    try:
        return Store(folder)
    except WeightsError as error:
        report.skipped["store"] = str(error)
        return None


def car_masks(store: Store | None, pictures: list[Picture], drawn: set[str], report: Report) -> dict[str, CarMask]:
    """A mask of every picture by the shipped network, scored where one was drawn; the drawn or weak ones where it is not."""
    if store is None or MASK not in store:
        report.skipped[MASK] = f"{MASK} is not among the weights; drawn and weak masks stand in, all of the car counts as paint"
        nobody = Provenance("labels", "", 0.0)
        return {p.name: CarMask(p.car.copy(), p.car.astype(np.float32), (), nobody) for p in pictures}
    masker, masks = CarMasker(store), {}
    for picture in pictures:
        photo = Photo(picture.rgb, picture.name)
        try:
            masks[picture.name] = masker.mask(photo)
        except NoCarError:
            masks[picture.name] = masker.mask(photo, whole=True)
            report.notes.setdefault("no_car_found", []).append(picture.name)
    report.add(MASK, mask_scores(masker, pictures, drawn))
    return masks


def rust_all(args: argparse.Namespace, store: Store | None, pictures: list[Picture], report: Report) -> ByMethod:
    """The same cars rusted by every method that has weights."""
    drawn = {path.stem for path in (args.data / "cars/car_masks").glob("*.png")}
    masks = car_masks(store, pictures, drawn, report)
    methods: dict[str, Ours | Paper] = {}
    missing = [name for name in (OURS, MASK) if store is None or name not in store]
    if store is not None and not missing:
        methods[OURS] = Ours(store)
        report.notes["sha256"] = {name: store.spec(name).sha256 for name in (OURS, MASK)}
    else:
        report.skipped[OURS] = f"not among the weights: {', '.join(missing)}"
    if args.cyclegan is not None and args.cyclegan.exists():
        methods[PAPER] = paper = Paper(args.cyclegan)
        report.notes[PAPER] = {"step": paper.step, "config": paper.config}
    else:
        report.skipped[PAPER] = f"no checkpoint at {args.cyclegan}; train/car_cyclegan.py writes one"
    return {name: [method.rust(picture, masks[picture.name]) for picture in pictures] for name, method in methods.items()}


def keep_paper(path: Path, report: Report) -> None:
    """Without a checkpoint, the CycleGAN's scores from the report that this one replaces: same cars, features and judge."""
    earlier = json.loads(path.read_text()) if path.exists() else {"metrics": {}}
    if PAPER in earlier["metrics"]:
        report.add(PAPER, earlier["metrics"][PAPER])
        report.notes[PAPER] = {**earlier["notes"][PAPER], "earlier_run": True}


def compare(rusted: ByMethod, pictures: list[Picture], features: Lite0, report: Report, rounds: int) -> None:
    """FD-Lite0 and KID per level, every method and both anchors against the same real cars."""
    side = report.notes[PAPER]["config"]["side"] if PAPER in report.notes else SIDE
    report.notes["side"] = side
    clean = [one.source for one in next(iter(rusted.values()))]
    unrusted = samples([(p, p.rgb) for p in clean], side, features)
    for level in (1, 2, 3):
        photos, kind = reference(pictures, level)
        name = SEVERITIES[level]
        if len(photos) < 2:
            report.skipped[f"distances_{name}"] = f"{len(photos)} real photos of this level"
            continue
        real = samples([(p, p.rgb) for p in photos], side, features)
        on = f"windows of held-out clean cars against {kind} {name} cars, {side} px"
        report.anchors.setdefault("unrusted", {}).update(distance_scores(unrusted, real, level, on, rounds))
        halves = anchor_scores(real, level, f"one half of the {kind} {name} cars against the other, {side} px", rounds)
        report.anchors.setdefault("real_halves", {}).update(halves)
        for method, cars in rusted.items():
            made = samples([(one.source, one.pictures[float(level)]) for one in cars], side, features)
            report.add(method, distance_scores(made, real, level, on, rounds))
        print(f"distances of {name} done", flush=True)


def grade_by_folds(rusted: ByMethod, run: Path, report: Report) -> None:
    """What the graders of `car_grade.py` say, each of cars that it has not seen; "fold_" stands before these scores' names."""
    try:
        graders = FoldGraders(run)
    except FileNotFoundError as error:
        report.skipped["fold_graders"] = f"{error}; train/car_grade.py writes it"
        return
    report.anchors["real_cars"] |= {f"fold_{name}": score for name, score in graders.on_real().items()}
    for method, cars in rusted.items():
        report.add(method, judge_scores(cars, graders.levels, "fold_"))


def draw(rusted: ByMethod, path: Path) -> None:
    """Rows of held-out cars: the photo, then levels 1 to 3 of each method."""
    count = len(next(iter(rusted.values())))
    rows = []
    for k in range(0, count, max(1, count // 12)):
        row = [letterbox(next(iter(rusted.values()))[k].source.rgb)]
        rows.append(row + [letterbox(cars[k].pictures[level]) for cars in rusted.values() for level in WHOLE[1:]])
    save_sheet(rows, path)


def evaluate_car(args: argparse.Namespace) -> None:
    began, report = time.time(), Report()
    pictures = read_pictures(args.data, args.labels)
    clean = [p for p in pictures if p.severity == "none" and p.held_out]
    random.Random(0).shuffle(clean)
    clean = clean[: 3 if args.smoke else args.limit]
    store = open_store(args.weights, report)
    rusted = rust_all(args, store, clean, report)
    if PAPER not in rusted:
        keep_paper(args.report, report)
    if rusted:
        draw(rusted, args.out / "car.png")
        for method, cars in rusted.items():
            report.add(method, leak_scores(cars))
            for level in (1, 2, 3):
                report.add(method, fidelity_scores(cars, level))
        features = Lite0("none", side=32) if args.smoke else Lite0(args.features)
        compare(rusted, pictures, features, report, 5 if args.smoke else ROUNDS)
        judge = Judge(features).fit(args.data, args.labels, args.out / "judge.npz")
        sure = {"accuracy": judge.accuracy, "balanced_accuracy": judge.balanced_accuracy, "n": judge.photos}
        report.notes["judge"] = {**sure, "on": "whole photos of held-out real cars, which it has not learned from"}
        report.anchors["real_cars"] = judge.on_real
        for method, cars in rusted.items():
            report.add(method, judge_scores(cars, lambda _, pictures: judge.many(pictures)))
        grade_by_folds(rusted, args.runs / "car_grade", report)
    made = {"command": "python train/evaluate.py car", "seconds": round(time.time() - began)}
    content = {
        "made": {**made, "photos": len(clean), "features": "untrained" if args.smoke else Path(args.features).name},
        **vars(report),
    }
    write_json(args.report, content)
    print(f"{args.report}: {sum(map(len, report.metrics.values()))} scores, {len(report.skipped)} skipped", flush=True)
