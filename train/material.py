"""Train a classifier of materials from micrographs, score it on specimens it has not seen, and write weights that load anywhere.

    python train/material.py --data DATA                            # a folder for each alloy: the seed's CNN, two make it binary
    python train/material.py --data DATA --network lite0 --lr 1e-4      # the one shipped
    python train/material.py --data DATA --network lite0 --frozen       # a linear head on ImageNet's features: scores alone
    python train/material.py --data DATA --network resnet18 --init random --score-only

The weights and their record lie in --weights afterwards: `corrovis material IMAGE --weights runs/material/material.safetensors`.
Two materials have one logit and binary cross-entropy, as in the seed (Adam, 7e-4).  More have a logit each and cross-entropy,
not a sigmoid each: a field shows one material, and the probabilities are to sum to 1.  A pretrained Lite0 gets the logistic
regression on the features of augmented views for a head, then all of it learns, and what is kept lies between the two.  Scores
are of specimens held out: four folds at most, no specimen in two of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calibration import calibrated, fit_temperature, softmax
from export import Release, export
from grade_scores import SCORES, scored, share
from material_data import MATERIALS, Sample, load_samples
from material_familiarity import distances_of, fit_gauge, install
from material_learners import (
    NETWORKS,
    Bank,
    Plan,
    between,
    build,
    field_logits,
    fit_head,
    fit_network,
    linear_of,
    size_of,
)
from scipy.special import expit
from sklearn.model_selection import StratifiedGroupKFold
from support import arguments, write_json
from torch import nn

from corrovis.errors import CorrovisError
from corrovis.networks.material_cnn import MaterialCNN
from corrovis.networks.material_net import MaterialNet
from corrovis.sem.material import squares, squares_input

FOLDS = 4
Gauged = MaterialCNN | MaterialNet
USUAL = 0.98  # of held-out fields count as familiar
LEARNED = 0.7  # of the way from ImageNet's features, which bear JPEG and blur, to those learned here
KEPT = ("accuracy", "balanced_accuracy", "calibration_error")


@dataclass(frozen=True)
class Lesson:
    """What is to be learned: `labels` (n,) index into `classes`, `groups` (n,) specimens."""

    samples: list[Sample]
    classes: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray

    @property
    def outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(train, test) indices, four if every training part then knows all materials; none where one has a single specimen."""
        most = min(FOLDS, len(set(self.groups)), int(np.bincount(self.labels).max()))
        for count in range(most, 1, -1):
            dealt = StratifiedGroupKFold(count, shuffle=True, random_state=0).split(self.labels, self.labels, self.groups)
            folds = list(dealt)
            if all(len(set(self.labels[known])) == len(self.classes) and len(held_out) for known, held_out in folds):
                return folds
        return []

    @property
    def on(self) -> str:
        return f"fields of specimens that the network had not seen, {len(self.folds())} folds"


def lesson_of(samples: list[Sample]) -> Lesson:
    found = {sample.material for sample in samples}
    ours = tuple(MATERIALS.values())
    classes = tuple(sorted(found, key=lambda name: (ours.index(name) if found <= set(ours) else 0, name)))
    labels = np.array([classes.index(sample.material) for sample in samples])
    return Lesson(samples, classes, labels, np.array([sample.group for sample in samples]))


def frozen_answers(lesson: Lesson, bank: Bank, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold (n, outputs) logits and (n,) distances of a linear head on frozen features."""
    logits, distances = np.zeros((len(lesson.samples), lesson.outputs)), np.zeros(len(lesson.samples))
    for known, held_out in lesson.folds():
        features, field_of = bank.of(known)
        head = fit_head(features, lesson.labels[field_of], field_of, plan)
        gauge = fit_gauge(features, lesson.labels[field_of])
        for i in held_out:
            seen = bank.squares[bank.square_of == i]
            logits[i] = np.asarray(head.decision_function(seen)).reshape(len(seen), -1).mean(axis=0)
            distances[i] = distances_of(gauge, seen).mean()
    return logits, distances


Learn = Callable[[np.ndarray, str], nn.Module]
"""Numbers of the fields to learn from, and the checkpoint's name, to a network."""


def trained_answers(lesson: Lesson, learn: Learn, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold logits and distances of a network trained anew for each fold; distance 0 for those that measure none."""
    logits, distances = np.zeros((len(lesson.samples), lesson.outputs)), np.zeros(len(lesson.samples))
    for fold, (known, held_out) in enumerate(lesson.folds()):
        print(f"fold {fold}", flush=True)
        network = learn(known, f"fold{fold}.pt")
        for i in held_out:
            logits[i] = field_logits(network, lesson.samples[i], size)
            if isinstance(network, Gauged):
                with torch.inference_mode():
                    views = squares_input(squares(lesson.samples[i].grey, size))
                    distances[i] = float(network.familiarity(network.features(views)).mean())
    return logits, distances


def learned(lesson: Lesson, known: np.ndarray, bank: Bank | None, plan: Plan, checkpoint: Path) -> nn.Module:
    """A network from the `known` fields, with its gauge of what is familiar; `bank` holds features of its body as it comes."""
    network, warm = build(plan, lesson.outputs), None
    if bank and isinstance(network, MaterialNet):  # the head first, so that the body is not torn while it is still random
        features, field_of = bank.of(known)
        head = fit_head(features, lesson.labels[field_of], field_of, plan)
        weight, bias = linear_of(head)
        taught = slice(None) if lesson.outputs == 1 else head[-1].classes_  # one may be left out to see whether it is missed
        with torch.no_grad():
            network.answer.weight[taught], network.answer.bias[taught] = weight, bias
        warm = deepcopy(network)
    network = fit_network(network, [lesson.samples[i] for i in known], lesson.labels[known], plan, checkpoint)
    network = between(warm, network, LEARNED) if warm else network
    if isinstance(network, Gauged):
        install(network, *seen_features(network, lesson, known, size_of(plan)))
    return network


def seen_features(network: Gauged, lesson: Lesson, known: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, features) of every square of the known fields, and their labels."""
    with torch.inference_mode():
        found = [network.features(squares_input(squares(lesson.samples[i].grey, size))).numpy() for i in known]
    return np.concatenate(found), np.repeat(lesson.labels[known], [len(one) for one in found])


def probabilities(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """(n, outputs) to (n, classes)."""
    if logits.shape[1] == 1:
        second = expit(logits / temperature)
        return np.concatenate([1 - second, second], axis=1)
    return softmax(logits, temperature)


def scores_of(lesson: Lesson, logits: np.ndarray) -> dict[str, Any]:
    """Metrics with intervals over specimens, recall of each material, and every field that was taken for another material.

    Each fold's fields are as sure as the temperature of the other folds lets them be.
    """
    fold = np.zeros(len(lesson.labels), int)
    for k, (_, held_out) in enumerate(lesson.folds()):
        fold[held_out] = k
    p = calibrated(logits, lesson.labels, fold, probabilities)
    found = p.argmax(axis=1)
    metrics = scored(p, lesson.labels, lesson.groups, lesson.on, {name: SCORES[name] for name in KEPT})
    recalls = {
        name: share(found[lesson.labels == k] == k, lesson.groups[lesson.labels == k], lesson.on)
        for k, name in enumerate(lesson.classes)
    }
    wrong = [
        {"field": s.name, "specimen": s.group, "is": s.material, "taken for": lesson.classes[k]}
        for s, k, truth in zip(lesson.samples, found, lesson.labels, strict=True)
        if k != truth
    ]
    return {"metrics": metrics, "recall": recalls, "mistaken": wrong}


def cooled(network: nn.Module, temperature: float) -> nn.Module:
    """The same network with calibrated probabilities: its last layer divided by the temperature."""
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        last.weight /= temperature
        last.bias /= temperature
    return network


def release_of(lesson: Lesson, network: nn.Module, plan: Plan, told: dict[str, Any]) -> Release:
    """The record; `told` adds name, limit of familiarity, seconds, command, metrics."""
    size, gauge = size_of(plan), network.familiarity
    config: dict[str, Any] = {"outputs": lesson.outputs, "prototypes": len(gauge.prototypes)}
    if isinstance(network, MaterialCNN):
        config["form"] = "figure8" if plan.network == "cnn-figure8" else "table6"
    halves = {"mean": [0.5] * 3, "std": [0.5] * 3, "resample": "area"}
    measured = {"unfamiliar_above": told["limit"]} if told["limit"] else {}  # without folds nobody knows what is usual
    fields = ", ".join(f"{(lesson.labels == k).sum()} {name}" for k, name in enumerate(lesson.classes))
    return Release(
        name=told["name"],
        arch=type(network).__name__,
        shapes=[[2, 3, size, size]],
        about="Which of its materials a scanning electron micrograph shows, and whether it is like any of them",
        classes=lesson.classes,
        input={"size": size, "square": True, "levels": "normalised", **halves, **measured},
        limits=told["limits"],
        config=config,
        trained={
            "command": told["command"],
            "data": f"{len(lesson.samples)} fields of {len(set(lesson.groups))} specimens: {fields}",
            "steps": plan.steps,
            "seconds": round(told["seconds"]),
            "device": "GPU" if torch.cuda.is_available() else "CPU",
        },
        metrics=told["metrics"],
    )


LIMITS = (
    "It names the likeliest of its own materials, whatever it is shown; heed its warning of the unfamiliar. Materials and "
    "sources are confounded: each comes from one laboratory, instrument and kind of specimen, so it may tell those apart "
    "rather than the alloys. Grey levels, scale, turn, focus, noise, compression and the data bar are evened out; charging, "
    "detector, preparation and what was done to the alloy are not. Only new specimens of the same sources were tested."
)


def main() -> None:
    parser = arguments(__doc__, "runs/material")
    parser.add_argument("--network", choices=NETWORKS, default="cnn")
    parser.add_argument("--init", default="random", help="pretrained body: imagenet, random, or a local safetensors file")
    parser.add_argument("--frozen", action="store_true", help="only a linear head learns, for the scores; lbp-svm is always so")
    parser.add_argument("--lr", type=float, default=Plan.lr, help="Adam's; a pretrained body wants a tenth")
    for option in ("steps", "views", "batch", "size"):
        parser.add_argument(f"--{option}", type=int, default=getattr(Plan, option))
    parser.add_argument("--score-only", action="store_true", help="scores in the report, no weights")
    parser.add_argument("--name", default="material", help="what the weights are called")
    parser.add_argument("--weights", type=Path, help="folder for the weights and their record; --out if not given")
    parser.add_argument("--report", type=Path, help="JSON to which the scores are added; --out/report.json if not given")
    args = parser.parse_args()
    plan = Plan(args.network, args.init, args.frozen, args.size, args.steps, args.batch, args.lr, args.views)
    if args.network == "lbp-svm":
        plan = replace(plan, frozen=True)
    if args.smoke:
        plan = replace(plan, steps=2, batch=2, views=2)
    try:
        lesson = lesson_of(load_samples(args.data))
    except CorrovisError as error:
        parser.error(str(error))
    run(lesson, plan, args)


def run(lesson: Lesson, plan: Plan, args: argparse.Namespace) -> None:
    """Scores into the report, then the weights."""
    began = time.time()
    if not args.resume:
        for old in (*args.out.glob("fold*.pt"), args.out / "last.pt", args.out / "bank.npz"):
            old.unlink(missing_ok=True)
    needed = plan.frozen or (plan.network == "lite0" and plan.init != "random")
    bank = Bank.cached(args.out / "bank.npz", lesson.samples, plan, lesson.outputs) if needed else None

    def learn(known: np.ndarray, checkpoint: str) -> nn.Module:
        return learned(lesson, known, bank, plan, args.out / checkpoint)

    answers = frozen_answers(lesson, bank, plan) if plan.frozen else trained_answers(lesson, learn, size_of(plan))
    logits, distances = answers
    path = args.report or args.out / "report.json"
    report = json.loads(path.read_text()) if path.exists() else {"methods": {}}
    key = f"{plan.network}, {'frozen' if plan.frozen else 'trained whole'}, from {Path(plan.init).stem}"
    if args.resume and key in report["methods"]:
        began -= report["methods"][key]["made"]["seconds"]
    scores = scores_of(lesson, logits) if lesson.folds() else {"metrics": {}}
    made = {"plan": {**asdict(plan), "init": Path(plan.init).stem}, "seconds": round(time.time() - began)}
    report["methods"][key] = {**scores, "made": made}
    for name, score in scores["metrics"].items():
        print(f"{key}: {name} {score['value']} ({score['low']} to {score['high']}), n {score['n']}", flush=True)
    if not (args.score_only or plan.frozen):  # a frozen body is somebody else's network, not ours to ship
        whole = learn(np.arange(len(lesson.samples)), "last.pt")
        network = cooled(whole, fit_temperature(logits, lesson.labels, probabilities) if lesson.folds() else 1.0)
        report["metrics"] = {**(report.get("metrics", {}) if args.resume else {}), **scores["metrics"]}
        told = {"name": args.name, "limit": round(float(np.quantile(distances, USUAL)), 4), "metrics": report["metrics"]}
        told |= {"limits": LIMITS, "seconds": time.time() - began, "command": args.command}
        spec = export(network, release_of(lesson, network, plan, told), args.weights or args.out)
        print(f"{spec.file}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")
    write_json(path, report)


if __name__ == "__main__":
    main()
