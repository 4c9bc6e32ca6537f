"""Score the GAN of SEM surfaces against specimens that it never saw: `python train/evaluate.py semgan` calls this.

| question | answer in the report |
| --- | --- |
| do its surfaces look real? | FD-Lite0 and KID to held-out patches, beside those of training patches, blurred ones, noise |
| do the checks tell? | share of made, held-out real, blurred and noise pictures that pass |
| are they diverse? | LPIPS-squeeze of pairs, made and real |
| are they copies? | highest correlation of a made patch's middle with any training picture; of held-out patches alike |
| do they help? | mean recall of two classifiers on held-out specimens against the ratio of made to real patches |
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from bootstrap import SHARE, UNBOUNDED, interval
from distances import Lite0, Sample, distance, frechet, kernel, spread
from lpips import Lpips
from sem_gan import Config
from sem_patches import Micrograph, cut, load_micrographs, split
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support import read_kept, write_json, write_kept
from torch import nn

from corrovis.networks.sem_gan import SurfaceGAN
from corrovis.sem.synthesis import CHECKS, draw, failures, score

RATIOS = (0.0, 0.25, 0.5, 1.0, 2.0)
MOST_OUTSIDE = 0.005  # share of real patches below, and above, the limits of each check
ROOM = 0.25  # of the limits' distance, added on either side: the few specimens learned from are not all that there are
TEMPLATE = 32
FEATURE_SIDE = 128  # patches are small: enlarging them to 224 would cost three times as much

Patches = list[np.ndarray]
Scores = dict[str, Any]


@dataclass(frozen=True)
class Amounts:
    """How many patches of each material are made and cut, and how often the classifiers learn."""

    patches: int = 48
    side: int = 96
    limits: int = 100
    seeds: int = 3
    epochs: int = 10


SMOKE = Amounts(patches=6, side=64, limits=6, seeds=2, epochs=1)


@dataclass(frozen=True, eq=False)
class MaterialSet:
    """Patches of one material, (S, S) float32 in [-1, 1]; `groups` are the specimens of `held`."""

    train: Patches
    held: Patches
    groups: np.ndarray
    made: Patches


def assemble(checkpoint: Path, pictures: list[Micrograph], count: int) -> SurfaceGAN:
    """The network to ship: averaged generator, discriminator without training's extras, levels and limits of real pictures."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    config, learned = Config(**state["config"]), split(pictures)[0]
    materials = sorted({p.material for p in pictures})
    gan = SurfaceGAN(len(materials), config.width, config.side).eval().requires_grad_(False)
    gan.generator.load_state_dict(state["average"])
    gan.discriminator.load_state_dict(state["judge"])
    dice = random.Random(0)
    for number, material in enumerate(materials):
        own = [p for p in learned if p.material == material]
        gan.levels[number] = torch.tensor(np.median([p.levels for p in own], axis=0))
        found = [score(gan, number, cut(dice.choice(own), config.side, dice)) for _ in range(count)]
        reached = np.array([[one[check] for check in CHECKS] for one in found])
        low, high = np.quantile(reached, (MOST_OUTSIDE, 1 - MOST_OUTSIDE), axis=0)
        gan.limits[number] = torch.tensor(np.stack([low - ROOM * (high - low), high + ROOM * (high - low)], axis=1))
    return gan


def gather(gan: SurfaceGAN, pictures: list[Micrograph], amounts: Amounts) -> dict[str, MaterialSet]:
    """Real patches of both halves, of every specimen about as many, and as many made ones, for each material."""
    halves, dice = split(pictures), random.Random(1)
    materials = sorted({p.material for p in pictures})
    sets = {}
    for number, material in enumerate(materials):
        cuts: list[Patches] = []
        groups: list[str] = []
        for half in halves:
            own = [p for p in half if p.material == material] or [p for p in pictures if p.material == material]
            specimens = sorted({p.group for p in own})
            groups = [specimens[i % len(specimens)] for i in range(amounts.patches)]
            cuts.append([cut(dice.choice([p for p in own if p.group == group]), amounts.side, dice) for group in groups])
        made = made_patches(gan, number, amounts)
        sets[material] = MaterialSet(cuts[0], cuts[1], np.array(groups), made)
    return sets


def made_patches(gan: SurfaceGAN, material: int, amounts: Amounts) -> Patches:
    """Patches side by side out of larger surfaces, as these are what is shipped."""
    across = 3
    patches: Patches = []
    while len(patches) < amounts.patches:
        surface = draw(gan, material, (99, len(patches)), across * amounts.side)
        squares = [square for band in np.split(surface, across) for square in np.split(band, across, axis=1)]
        patches += [np.ascontiguousarray(patch) for patch in squares]
    return patches[: amounts.patches]


class Remembered:
    """Features kept in a file by what they were computed from: real patches are the same at every scoring."""

    def __init__(self, lite0: Lite0, file: Path) -> None:
        self.lite0, self.file = lite0, file
        self.known = read_kept(file, lite0.key) or {}

    def __call__(self, crops: Patches) -> np.ndarray:
        keys = [hashlib.sha256(crop.tobytes()).hexdigest() for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self.known}
        if new:
            self.known |= dict(zip(new, self.lite0(list(new.values())), strict=True))
            write_kept(self.file, self.lite0.key, self.known)
        return np.stack([self.known[key] for key in keys])


def stand_ins(patches: Patches) -> dict[str, Patches]:
    """What a score must tell from surfaces: the same patches blurred, and noise of their mean and spread."""
    dice = np.random.default_rng(0)
    noise = [dice.normal(p.mean(), p.std(), p.shape).clip(-1, 1).astype(np.float32) for p in patches]
    return {"blurred": [cv2.GaussianBlur(p, (0, 0), 2.5) for p in patches], "noise": noise}


def as_rgb(patches: Patches) -> Patches:
    return [np.repeat(((p + 1) * 127.5).round().astype(np.uint8)[..., None], 3, axis=2) for p in patches]


def look_scores(material: MaterialSet, lite0: Callable[[Patches], np.ndarray], features: dict[str, np.ndarray]) -> Scores:
    """FD-Lite0 and KID of made, training, blurred and noise patches to the held-out ones; keeps the features."""
    candidates = {"made": material.made, "real": material.train, **stand_ins(material.held)}
    features |= {name: lite0(as_rgb(patches)) for name, patches in {**candidates, "held": material.held}.items()}
    held = Sample(features["held"], material.groups)
    scores: Scores = {}
    for name in candidates:
        sample = Sample(features[name], np.arange(len(features[name])).astype(str))
        scores[name] = {"fd_lite0": distance(frechet, sample, held), "kid": distance(kernel, sample, held)}
    return scores


def pass_scores(gan: SurfaceGAN, number: int, material: MaterialSet) -> Scores:
    """Share that passes all checks, and what failed it."""
    candidates = {"made": material.made, "held_out": material.held, **stand_ins(material.held)}
    scores = {}
    for name, patches in candidates.items():
        failed = [failures(gan, number, score(gan, number, patch)) for patch in patches]
        by_check = {check: sum(check in f for f in failed) for check in CHECKS}
        scores[name] = {**spread([not f for f in failed]), "failed": by_check}
    return scores


def copy_scores(material: MaterialSet, pictures: list[Micrograph], count: int) -> Scores:
    """Highest correlation of a patch's middle with any place of any training picture, upright and mirrored."""
    found: dict[str, list[float]] = {"made": [], "held_out": []}
    for name, patches in (("made", material.made), ("held_out", material.held)):
        for patch in patches[:count]:
            start = (len(patch) - TEMPLATE) // 2
            middle = np.ascontiguousarray(patch[start : start + TEMPLATE, start : start + TEMPLATE])
            middles = (middle, np.ascontiguousarray(middle[:, ::-1]))
            best = max(float(cv2.matchTemplate(p.grey, m, cv2.TM_CCOEFF_NORMED).max()) for p in pictures for m in middles)
            found[name].append(best)
    return {name: {**spread(values), "highest": max(values)} for name, values in found.items()}


def lift_scores(sets: dict[str, MaterialSet], features: dict[str, dict[str, np.ndarray]], amounts: Amounts) -> Scores:
    """Mean recall over held-out specimens against the ratio of made to real patches, for two classifiers."""
    learners: dict[str, Callable[[float, int], np.ndarray]] = {
        "logistic regression on Lite0 features": lambda ratio, seed: _logistic(sets, features, (ratio, seed)),
        "small CNN": lambda ratio, seed: _small_cnn(sets, (ratio, seed), amounts.epochs),
    }
    groups = np.concatenate([[f"{name}/{group}" for group in one.groups] for name, one in sets.items()])
    truth = np.concatenate([[i] * len(one.held) for i, one in enumerate(sets.values())])
    return {
        name: [{"ratio": ratio, **_recalls([learn(ratio, s) == truth for s in range(amounts.seeds)], groups)} for ratio in RATIOS]
        for name, learn in learners.items()
    }


def _recalls(correct: list[np.ndarray], groups: np.ndarray) -> Scores:
    """Mean over materials of the mean over their specimens, interval from drawing seeds and, within materials, specimens."""
    names = sorted(set(groups))
    table = np.array([[run[groups == name].mean() for name in names] for run in correct])
    materials = np.array([name.split("/")[0] for name in names])
    members = [np.flatnonzero(materials == material) for material in sorted(set(materials))]
    dice = np.random.default_rng(0)
    value = float(np.mean([table[:, own].mean() for own in members]))
    drawn = []
    for _ in range(1000):
        seeds = table[dice.integers(0, len(table), len(table))]
        drawn.append(np.mean([seeds[:, dice.choice(own, len(own))].mean() for own in members]))
    by_seed = [round(float(np.mean([row[own].mean() for own in members])), 4) for row in table]
    return {"value": value, **interval(value, drawn, len(names), SHARE), "n": len(names), "by_seed": by_seed}


def _mixture(real: int, made: int, wanted: tuple[float, int]) -> tuple[np.ndarray, np.ndarray]:
    """Which half of the real patches, and which made ones, a learner is given at (ratio, seed)."""
    ratio, seed = wanted
    dice, base = np.random.default_rng(seed), real // 2
    return dice.choice(real, base, replace=False), dice.choice(made, min(made, round(ratio * base)), replace=False)


def _logistic(sets: dict[str, MaterialSet], features: dict[str, dict[str, np.ndarray]], wanted: tuple[float, int]) -> np.ndarray:
    rows, labels = [], []
    for i, name in enumerate(sets):
        real, made = _mixture(len(features[name]["real"]), len(features[name]["made"]), wanted)
        rows += [features[name]["real"][real], features[name]["made"][made]]
        labels += [i] * (len(real) + len(made))
    learner = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500)).fit(np.concatenate(rows), labels)
    return np.asarray(learner.predict(np.concatenate([features[name]["held"] for name in sets])))


def _small_cnn(sets: dict[str, MaterialSet], wanted: tuple[float, int], epochs: int) -> np.ndarray:
    """Four convolutions on patches at half size, mirrored at random."""
    torch.manual_seed(wanted[1])

    def small(patches: Patches) -> torch.Tensor:
        halves = [cv2.resize(patch, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for patch in patches]
        return torch.from_numpy(np.stack(halves))[:, None]

    rows, labels = [], []
    for i, one in enumerate(sets.values()):
        real, made = _mixture(len(one.train), len(one.made), wanted)
        rows += [one.train[k] for k in real] + [one.made[k] for k in made]
        labels += [i] * (len(real) + len(made))
    x, y = small(rows), torch.tensor(labels)
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 48), (48, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, len(sets)))
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    steps = epochs * (len(sets) * (len(next(iter(sets.values())).train) // 2) // 16 + 1)  # as many whatever the ratio
    for _ in range(steps):
        picked = torch.randint(len(x), (16,))
        batch = x[picked].flip(3) if torch.rand(()) < 0.5 else x[picked]
        loss = nn.functional.cross_entropy(network(batch), y[picked])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    with torch.inference_mode():
        return np.concatenate([network(small(one.held)).argmax(dim=1).numpy() for one in sets.values()])


def evaluate(
    gan: SurfaceGAN, pictures: list[Micrograph], networks: tuple[Callable[[Patches], np.ndarray], Lpips], amounts: Amounts
) -> Scores:
    """The whole report; `networks` are Lite0 and LPIPS."""
    lite0, lpips = networks
    sets = gather(gan, pictures, amounts)
    learned = split(pictures)[0]
    features: dict[str, dict[str, np.ndarray]] = {name: {} for name in sets}
    materials = {}
    for number, (name, one) in enumerate(sets.items()):
        materials[name] = {
            "distance_to_held_out": look_scores(one, lite0, features[name]),
            "passed": pass_scores(gan, number, one),
            "lpips_of_pairs": {
                "made": float(lpips.pairs(one.made[:16]).mean()),
                "real": float(lpips.pairs(one.train[:16]).mean()),
                "held_out": float(lpips.pairs(one.held[:16]).mean()),
            },
            "nearest_training_patch": copy_scores(one, [p for p in learned if p.material == name], amounts.patches // 3),
        }
        print(name, flush=True)
    return {"metrics": summary(materials), "materials": materials, "lift": lift_scores(sets, features, amounts)}


def summary(materials: dict[str, Scores]) -> Scores:
    """Means over materials, with the interval of their bootstrap; what the record repeats."""
    pick: dict[str, Callable[[Scores], float]] = {}
    for name in ("made", "real", "blurred", "noise"):
        pick[f"fd_lite0_{name}"] = lambda m, name=name: m["distance_to_held_out"][name]["fd_lite0"]["value"]  # type: ignore[misc]
        pick[f"kid_{name}"] = lambda m, name=name: m["distance_to_held_out"][name]["kid"]["value"]  # type: ignore[misc]
    for name in ("made", "held_out", "blurred", "noise"):
        pick[f"passed_{name}"] = lambda m, name=name: m["passed"][name]["value"]  # type: ignore[misc]
    for name in ("made", "real"):
        pick[f"lpips_of_pairs_{name}"] = lambda m, name=name: m["lpips_of_pairs"][name]  # type: ignore[misc]
    for name in ("made", "held_out"):
        pick[f"nearest_training_patch_{name}"] = lambda m, name=name: m["nearest_training_patch"][name]["value"]  # type: ignore[misc]
    on = "mean over materials, patches of held-out specimens"
    rounded = lambda scores: {key: round(value, 4) if isinstance(value, float) else value for key, value in scores.items()}  # noqa: E731
    scale = {name: SHARE if name.startswith("passed_") else UNBOUNDED for name in pick}
    return {name: {**rounded(spread([of(m) for m in materials.values()], scale[name])), "on": on} for name, of in pick.items()}


def evaluate_semgan(args: argparse.Namespace) -> None:
    """Report on the generator of SEM surfaces; it is not shipped yet, so it comes from its checkpoint."""
    if not args.lpips and not args.smoke:
        raise SystemExit("--lpips is missing: name the folder with squeezenet1_1-imagenet and lpips-squeeze-heads")
    amounts = SMOKE if args.smoke else Amounts(args.limit or Amounts.patches)
    pictures = load_micrographs(args.data)
    gan = assemble(args.checkpoint, pictures, amounts.limits)
    lite0 = Remembered(Lite0(args.features, FEATURE_SIDE), args.out / f"features_{Path(args.features).stem}.npz")
    write_json(args.report, evaluate(gan, pictures, (lite0, Lpips(args.lpips)), amounts))
