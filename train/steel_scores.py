"""What `evaluate.py steel` measures, one function per question.

| question | here | source |
| --- | --- | --- |
| do made patches look like real ones of their class? | `likeness`: FD-Lite0, KID | Heusel 2017, Binkowski 2018 |
| is each of them plausible, and is every kind there? | `likeness`: precision, recall | Kynkaanniemi et al. 2019, k = 3 |
| is each unlike the others? | `diversity` | LPIPS, Zhang et al. 2018 |
| are they copies of training patches? | `copies` | nearest neighbour on the same features |
| does an inspector that saw real patches alone see the class asked for? | `agreement` | PE-GAN 2024, section 4.4 |
| is an erased defect gone, and the rest untouched? | `erasing` | |

Intervals come from drawing blocks again: of a real patch its own, of a made one that of the patch it began as.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from bootstrap import mean_over_groups
from distances import Sample, distance, frechet, kernel
from lpips import Lpips
from scipy.spatial.distance import cdist
from steel_data import Patches
from steel_methods import Made, Translator

from corrovis.steel.wiping import wiped as finished
from corrovis.tensors import pixels_of, tensor_of

Scores = dict[str, dict[str, Any]]
Features = Callable[[Sequence[np.ndarray]], np.ndarray]
Inspect = Callable[[np.ndarray], np.ndarray]
"""(n, S, S) uint8 to (n, classes) logits or probabilities."""

NEIGHBOURS = 3
PAIRED = 24
COPY_QUANTILE = 0.01


def features_of(grey: np.ndarray, features: Features) -> np.ndarray:
    """(n, d) of patches (n, S, S) uint8."""
    return features([np.repeat(patch[:, :, None], 3, axis=2) for patch in grey])


def likeness(made: Sample, real: Sample, rounds: int) -> Scores:
    """Distances and coverage of made features against real ones of the same class."""
    scores = {name: distance(measure, made, real, rounds) for name, measure in (("fd_lite0", frechet), ("kid", kernel))}
    precision, recall = coverage(made.features, real.features), coverage(real.features, made.features)
    return scores | {"precision": by_block(precision, made.groups), "recall": by_block(recall, real.groups)}


def coverage(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    """(n,) bool: which of `these` (n, d) lie within the k-nearest-neighbour ball of any of `those` (m, d)."""
    k = min(NEIGHBOURS, len(those) - 1)
    radius = np.sort(cdist(those, those), axis=1)[:, k]
    return (cdist(these, those) <= radius).any(axis=1)


def copies(made: Sample, train: np.ndarray, held_out: np.ndarray) -> dict[str, Any]:
    """Share of made patches nearer to a training patch than all but 1 % of those held out are; features (n, d) of real ones."""
    usual = np.quantile(cdist(held_out, train).min(axis=1), COPY_QUANTILE)
    return by_block(cdist(made.features, train).min(axis=1) < usual, made.groups)


def diversity(made: np.ndarray, lpips: Lpips) -> dict[str, Any]:
    """Mean LPIPS of all pairs of the first `PAIRED` patches (n, S, S): what is always the same has none."""
    return {"value": float(lpips.pairs([np.float32(patch) / 127.5 - 1 for patch in made[:PAIRED]]).mean())}


def agreement(made: dict[int, Made], inspect: Inspect) -> Scores:
    """How often the inspector sees the class asked for; `made` holds patches by label."""
    right = [inspect(patches.pixels).argmax(axis=1) == label for label, patches in made.items()]
    return {"as_asked": by_block(np.concatenate(right), np.concatenate([patches.groups for patches in made.values()]))}


def erasing(generator: Translator, held_out: Patches, inspect: Inspect) -> Scores:
    """What wiping does to held-out patches, wiped as the product does it.

    | score | is |
    | --- | --- |
    | `erased` | share of real defects that the inspector then takes for clean |
    | `clean_moved_grey_levels` | how far clean patches are moved, of 255 |
    | `untouched_moved_grey_levels` | how far the rim of clean patches is moved when a defect put into their middle is wiped off |
    """
    clean = len(held_out.classes) - 1
    defect = held_out.labels != clean
    gone = inspect(wiped(generator, held_out.pixels[defect])).argmax(axis=1) == clean
    sound, blocks = held_out.pixels[~defect], np.array(held_out.groups)
    groups, sound_groups, each = blocks[defect], blocks[~defect], held_out.labels[defect]
    by_class = {f"erased_{n}": by_block(gone[each == k], groups[each == k]) for k, n in enumerate(held_out.classes[:-1])}
    rim = np.ones(sound.shape[1:], bool)
    rim[tuple(slice(side // 4, side - side // 4) for side in rim.shape)] = False
    spoiled = np.where(rim, sound, changed(generator, sound, np.arange(len(sound)) % clean))
    return {
        "erased": by_block(gone, groups),
        **by_class,
        "clean_moved_grey_levels": by_block(moved(wiped(generator, sound), sound).mean(axis=(1, 2)), sound_groups),
        "untouched_moved_grey_levels": by_block(moved(wiped(generator, spoiled), sound)[:, rim].mean(axis=1), sound_groups),
    }


def changed(generator: Translator, grey: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Patches (n, S, S) uint8 turned into what `labels` (n,) say."""
    x = tensor_of(grey)
    with torch.inference_mode():
        parts = [generator.change(x[k : k + 64], labels[k : k + 64]) for k in range(0, len(x), 64)]
    return pixels_of(torch.cat(parts))


def wiped(generator: Translator, grey: np.ndarray) -> np.ndarray:
    """Patches (n, S, S) uint8 without their defects."""
    after = changed(generator, grey, np.full(len(grey), len(generator.deck.classes) - 1))
    pairs = zip(np.float32(grey) / 255, np.float32(after) / 255, strict=True)
    kept = np.stack([finished(before, one) for before, one in pairs])
    return (kept * 255).round().astype(np.uint8)


def moved(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Grey levels by which pixels differ."""
    return np.abs(after.astype(int) - before)


def by_block(values: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Mean of `values` (n,), with an interval from drawing blocks again; patches of one block are no independent samples."""
    return {**mean_over_groups(values, groups), "n": len(values), "blocks": len(np.unique(groups))}
