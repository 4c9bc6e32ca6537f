"""`evaluate.py steel`: PE-GAN against its rivals on patches that none of them has seen; table 3 of the paper re-made.

Every method makes the same number of patches of each class, translators from clean patches held out, and all are compared
with the held-out real patches of that class.  The inspector has seen real training patches alone.  A method without a
checkpoint keeps the scores that the report has of it, and the report says so; what another inspector said of it is dropped.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bootstrap import SHARE, UNBOUNDED, mean_over_groups
from distances import ROUNDS, Lite0, Sample
from inspector import logits_of
from lpips import Lpips
from pegan import Deck
from steel_data import Patches, load
from steel_methods import METHODS, SHIPPED, Method, Product, Translator, draw, load_method
from steel_scores import Features, Inspect, agreement, copies, diversity, erasing, features_of, likeness
from support import save_sheet, write_json

from corrovis.store import Store

SIZE = 64  # of the patches as they come
SIDE = 128  # pixels that Lite0 sees a 64 px patch at
MADE = 200  # patches a class and method
INSPECTOR = "steel-inspector"
SHARES = ("precision", "recall", "copies", "as_asked")
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Real:
    """Features of real patches by label: those trained on (n, d), and those held out with their blocks."""

    known: dict[int, np.ndarray]
    unseen: dict[int, Sample]


@dataclass(frozen=True)
class Tools:
    """What looks at patches, and how often the bootstrap draws again."""

    features: Features
    inspect: Inspect | None
    lpips: Lpips
    rounds: int


def real_features(parts: tuple[Patches, Patches], features: Features) -> Real:
    train, held_out = parts
    groups, known, unseen = np.array(held_out.groups), {}, {}
    for label in range(len(train.classes) - 1):
        of_class = held_out.labels == label
        known[label] = features_of(train.pixels[train.labels == label], features)
        unseen[label] = Sample(features_of(held_out.pixels[of_class], features), groups[of_class])
    return Real(known, unseen)


def inspect_with(store: Store, skipped: dict[str, str]) -> Inspect | None:
    if INSPECTOR not in store:
        skipped[INSPECTOR] = "not among the weights: nobody says which class a made patch shows"
        return None
    return partial(logits_of, store.network(INSPECTOR))


def score_method(method: Method, real: Real, tools: Tools, n: int) -> Table:
    """Scores by class name, their means under "mean", and of all together under "all"."""
    classes = method.deck.classes
    table: Table = {}
    made = {label: draw(method, label, n) for label in real.unseen}
    for label, held_out in real.unseen.items():
        found = Sample(features_of(made[label].pixels, tools.features), made[label].groups)
        row = likeness(found, held_out, tools.rounds) | {"copies": copies(found, real.known[label], held_out.features)}
        row |= {"lpips_of_pairs": diversity(made[label].pixels, tools.lpips)}
        table[classes[label]] = row | (agreement({label: made[label]}, tools.inspect) if tools.inspect else {})
    table["mean"] = means(table)
    return table | ({"all": agreement(made, tools.inspect)} if tools.inspect else {})


def means(table: Table) -> dict[str, Any]:
    """Mean of each score over the classes, with an interval from drawing classes again."""
    found = {name: np.array([row[name]["value"] for row in table.values()]) for name in next(iter(table.values()))}
    scales = dict.fromkeys(SHARES, SHARE)
    return {name: mean_over_groups(v, np.arange(len(v)), scales.get(name, UNBOUNDED)) for name, v in found.items()}


def methods_at_hand(
    args: argparse.Namespace, parts: tuple[Patches, Patches], store: Store, skipped: dict[str, str]
) -> dict[str, Method]:
    """Every method that has weights; `skipped` says of the others why."""
    found: dict[str, Method] = {}
    for name in METHODS:
        path = args.runs / name / "last.pt"
        if name == "augmentation" or path.exists():
            found[name] = load_method(name, args.runs, parts)
        else:
            skipped[name] = "no checkpoint; train/rivals.py writes one"
    if SHIPPED in store:
        found[SHIPPED] = Product(store, Deck(parts[1], np.random.default_rng(0), torch.device("cpu")))
    return found


def budget_of(name: str, runs: Path, store: Store) -> dict[str, int]:
    """Steps and seconds of one core that a method was trained for; empty for augmentation."""
    if name == SHIPPED:
        trained = store.spec(SHIPPED).trained
        return {"step": trained["steps"], "seconds": trained["seconds"]}
    state = runs / name / "state.json"
    return {key: json.loads(state.read_text())[key] for key in ("step", "seconds")} if state.exists() else {}


def unjudged(table: Table) -> Table:
    """The table without what an inspector has said."""
    rows = {name: row for name, row in table.items() if name not in ("all", "erasing")}
    return {name: {key: score for key, score in row.items() if key != "as_asked"} for name, row in rows.items()}


def with_kept(report: dict[str, Any], before: dict[str, Any], inspector: str) -> dict[str, Any]:
    """The report, with the scores that an earlier one has of methods skipped now; `inspector` is the SHA-256 of this one's."""
    made, methods, skipped = {**report["made"]}, {**report["methods"]}, {**report["skipped"]}
    for name in [name for name in skipped if name in before["methods"]]:
        same = before["made"].get("judged_by", {}).get(name) == inspector
        methods[name] = before["methods"][name] if same else unjudged(before["methods"][name])
        skipped[name] += "; its scores are those of an earlier run"
        for key in ("budgets", *(["judged_by"] if same else [])):
            made[key] = made[key] | {one: of for one, of in before["made"].get(key, {}).items() if one == name}
    order = [name for name in (*METHODS, SHIPPED) if name in methods]
    return {"made": made, "methods": {name: methods[name] for name in order}, "skipped": skipped}


def evaluate_steel(args: argparse.Namespace) -> None:
    if not args.lpips and not args.smoke:
        raise SystemExit("--lpips is missing: name the folder with squeezenet1_1-imagenet and lpips-squeeze-heads")
    began, n = time.time(), 4 if args.smoke else MADE
    side = 32 if args.smoke else SIZE  # what the checkpoints of a smoke run draw
    parts = load(args.data, "train", side), load(args.data, "held_out", side)
    store, skipped, budgets = Store(args.weights), {}, {}
    tools = Tools(
        Lite0("none", side=32) if args.smoke else Lite0(args.features, side=SIDE),
        inspect_with(store, skipped),
        Lpips(args.lpips),
        5 if args.smoke else ROUNDS,
    )
    real = real_features(parts, tools.features)
    tables: dict[str, Table] = {}
    inspector, rows = store.spec(INSPECTOR).sha256 if INSPECTOR in store else "", []
    for name, method in methods_at_hand(args, parts, store, skipped).items():
        tables[name] = score_method(method, real, tools, n)
        if budget := budget_of(name, args.runs, store):
            budgets[name] = budget
        if isinstance(method, Translator) and tools.inspect:
            tables[name]["erasing"] = erasing(method, parts[1], tools.inspect)
        rows.append([np.repeat(draw(method, label, 1).pixels[0][:, :, None], 3, axis=2) for label in real.unseen])
        print(name, {key: round(score["value"], 3) for key, score in tables[name]["mean"].items()}, flush=True)
    save_sheet(rows, args.out / "steel.png")
    made = {
        "command": "python train/evaluate.py steel",
        "seconds": round(time.time() - began),
        "patches_a_class": n,
        "budgets": budgets,
        "judged_by": dict.fromkeys(tables, inspector) if tools.inspect else {},
    }
    before = json.loads(args.report.read_text()) if args.report.exists() else {"methods": {}, "made": {}}
    write_json(args.report, with_kept({"made": made, "methods": tables, "skipped": skipped}, before, inspector))
