"""What generated patches add to an inspector: table 4 of PE-GAN re-made.

    python train/inspector_gain.py --data DATA --runs runs/rivals --resume

200 real patches a class at 7 : 3, so 140 to learn from; to each of them `ratio` made ones are added.  Inspectors learn from
scratch, all for the same number of steps, on patches that are only mirrored, and are scored on the held-out blocks.  Clean
patches that translators start from are training patches.  A gain is the difference to real patches alone of the same seed; its
interval comes from drawing the seeds and the held-out blocks again.

The generators have learned from the whole training part, of which an inspector sees a part: a gain holds what they know of the
rest.  So two arms say what there is to gain: `augmentation` moves and lights the inspector's own patches otherwise, `more_real`
adds as many real ones of the whole training part.
"""

from __future__ import annotations

import itertools
import json
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from bootstrap import interval
from inspector import Config, fit, joined, logits_of, some_of_each
from pegan import Deck
from steel_data import Patches, load
from steel_methods import METHODS, SHIPPED, Augmentation, Method, draw, load_method, shipped
from support import REPORTS, arguments, write_json

from corrovis.networks.inspector_net import Backbone, InspectorNet
from corrovis.settings import WEIGHTS
from corrovis.store import Store

REAL = 140  # patches a class
SEEDS = (0, 1, 2)
WIDTHS: dict[Backbone, float] = {"mobilenet": 1.0, "resnet18": 0.25}  # share of the channels, for an equal time
RATIOS, THREE = (0.25, 0.5, 1.0, 3.0), 3.0  # of the shipped generator; of every other method
STEPS = 1600
ROUNDS = 2000


@dataclass(frozen=True)
class Arm:
    """What joins the real patches; `method` "" is nothing."""

    method: str = ""
    ratio: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.method} x {self.ratio:g}" if self.method else "real alone"


class Trial(NamedTuple):
    """One inspector."""

    backbone: Backbone
    arm: str
    seed: int


def arms_of(methods: dict[str, Method]) -> list[Arm]:
    """The comparison of methods first, then the ratios."""
    most = [Arm(), *(Arm(name, THREE) for name in (SHIPPED, *(name for name in methods if name != SHIPPED)))]
    return [*most, *(Arm(SHIPPED, ratio) for ratio in RATIOS if ratio != THREE)]


def methods_of(args: Namespace, train: Patches) -> dict[str, Method]:
    """What there are weights of; all of them start from clean training patches."""
    there = [name for name in METHODS if name != "augmentation" and (args.runs / name / "last.pt").exists()]
    trained = {name: load_method(name, args.runs, (train, train)) for name in there}
    return {SHIPPED: shipped(Store(args.weights), train), **trained, "more_real": MoreReal(train)}


class MoreReal:
    """Real training patches as they are, for the arm that shows what made ones could add at best."""

    def __init__(self, train: Patches) -> None:
        self.deck = Deck(train, np.random.default_rng(0), torch.device("cpu"))

    def make(self, labels: np.ndarray) -> torch.Tensor:
        return self.deck.deal(labels)


def made_for(known: Patches, method: Method, ratio: float) -> dict[int, np.ndarray]:
    """Patches of every defect by label, none of the clean class."""
    counts = np.bincount(known.labels)[: len(known.classes) - 1]
    return {label: draw(method, label, round(ratio * int(count))).pixels for label, count in enumerate(counts)}


def right_of(known: Patches, held_out: Patches, config: Config, out: Path) -> np.ndarray:
    """(n,) bool: which held-out patches an inspector trained on `known` sees as they are."""
    torch.manual_seed(config.seed)
    network = fit(InspectorNet(config.backbone, len(known.classes), config.width), known, config, out / "last.pt", resume=False)
    hits: np.ndarray = logits_of(network, held_out.pixels).argmax(axis=1) == held_out.labels
    return hits


def gain(with_made: np.ndarray, alone: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Mean difference of accuracy and its interval; hits (seeds, n) bool of both, `groups` the n blocks."""
    names, inverse = np.unique(groups, return_inverse=True)
    by = np.stack([np.bincount(inverse, row, len(names)) for row in with_made.astype(float) - alone])
    counts, dice = np.bincount(inverse), np.random.default_rng(0)
    means = []
    for _ in range(ROUNDS):
        seeds, blocks = dice.integers(0, len(by), len(by)), dice.integers(0, len(names), len(names))
        means.append(by[seeds][:, blocks].mean(axis=0).sum() / counts[blocks].sum())
    value = float(by.sum() / (len(by) * counts.sum()))
    return {"value": value, **interval(value, means, len(by)), "n": len(groups), "blocks": len(names), "seeds": len(by)}


def report_of(hits: dict[Trial, np.ndarray], groups: np.ndarray) -> dict[str, Any]:
    """Accuracy and gain by backbone and arm, of the seeds that both it and real patches alone were run with."""
    table: dict[str, Any] = {}
    for backbone, arm in dict.fromkeys((trial.backbone, trial.arm) for trial in hits):
        seeds = [seed for seed in SEEDS if {Trial(backbone, name, seed) for name in (arm, Arm().name)} <= set(hits)]
        of_arm, alone = ([hits[Trial(backbone, name, seed)] for seed in seeds] for name in (arm, Arm().name))
        each = [float(row.mean()) for row in of_arm]
        row = {"value": float(np.mean(each)), "spread": float(np.std(each)), "seeds": each}
        table.setdefault(backbone, {})[arm] = {"accuracy": row, "gain": gain(np.stack(of_arm), np.stack(alone), groups)}
    return table


def command_of(steps: int) -> str:
    return "python train/inspector_gain.py" + (f" --steps {steps}" if steps != STEPS else "")


def main() -> None:
    parser = arguments(__doc__, "runs/inspector_gain")
    parser.add_argument("--runs", type=Path, default=Path("runs/rivals"), help="checkpoints of train/rivals.py")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the shipped generator is")
    parser.add_argument("--report", type=Path, default=REPORTS / "inspector_gain.json")
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    train, held_out = (load(args.data, part, 32 if args.smoke else 64) for part in ("train", "held_out"))
    config, seeds, per_class = Config(steps=args.steps, plain=1.0), SEEDS, REAL
    if args.smoke:
        config, seeds, per_class = replace(config, steps=2, batch=4), SEEDS[:1], 4
        held_out = some_of_each(held_out, 2, np.random.default_rng(0))
    methods, kept = methods_of(args, train), args.out / "hits.npz"
    arms = [*arms_of(methods), Arm("augmentation", THREE)]
    stored = np.load(kept) if args.resume and kept.exists() else {}
    hits = {Trial(*json.loads(key)): row for key, row in stored.items()}
    made = {"command": command_of(config.steps), "real_a_class": per_class, "steps": config.steps, "plain": config.plain}
    made |= {"widths": WIDTHS}
    for backbone, arm, seed in itertools.product(WIDTHS, arms, seeds):
        trial = Trial(backbone, arm.name, seed)
        if trial in hits:
            continue
        known = some_of_each(train, per_class, np.random.default_rng(seed))
        if arm.method:
            method = methods.get(arm.method) or Augmentation(known, np.random.default_rng(seed))
            known = joined(known, made_for(known, method, arm.ratio))
        setting = replace(config, backbone=backbone, width=WIDTHS[backbone], seed=seed)
        hits[trial] = right_of(known, held_out, setting, args.out)
        print(*trial, len(known), "patches", hits[trial].mean().round(4), flush=True)
        np.savez(kept, **{json.dumps(trial): row for trial, row in hits.items()})
        write_json(args.report, {"made": made, "inspectors": report_of(hits, np.array(held_out.groups))})


if __name__ == "__main__":
    main()
