"""The material scripts run as a lab would run them, on folders of drawn fields, and what they write can be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from material import Lesson, frozen_answers, lesson_of, trained_answers
from material_data import Sample
from material_learners import Bank, Plan, fit_network
from PIL import Image
from scripts import run
from torch import nn

from corrovis.manifest import read_manifest
from corrovis.sem.fields import read_field
from corrovis.sem.material import MaterialClassifier
from corrovis.store import own_weights


def write_alloys(root: Path, names: tuple[str, ...], specimens: int = 4) -> Path:
    """A folder for each alloy, in it a folder for each specimen: the more steps, the coarser the grain."""
    dice = np.random.default_rng(0)
    for n, name in enumerate(names):
        for s in range(specimens):
            for i in range(2):
                coarse = Image.fromarray(dice.integers(40, 220, (48 >> n, 48 >> n)).astype(np.uint8))
                path = root / name / f"s{s}" / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                coarse.resize((48, 48), Image.Resampling.BICUBIC).save(path)
    return root


class Numbered(nn.Module):
    """Answers with its number, whatever it is shown."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((len(x), 1), float(self.number))


def drawn_lesson() -> Lesson:
    """24 fields of 12 specimens of two materials, in no order."""
    samples = [Sample(str(n), "ab"[n // 2 % 2], f"s{n // 2}", np.full((32, 32), n, np.uint8)) for n in range(24)]
    return lesson_of([samples[n] for n in np.random.default_rng(0).permutation(24)])


def test_a_field_is_answered_by_a_network_that_has_not_seen_its_specimen() -> None:
    lesson, seen = drawn_lesson(), []

    def learn(known: np.ndarray, checkpoint: str) -> nn.Module:
        seen.append(set(lesson.groups[known]))
        return Numbered(len(seen) - 1)

    logits, _ = trained_answers(lesson, learn, 32)
    for group, answer in zip(lesson.groups, logits[:, 0].astype(int), strict=True):
        assert group not in seen[answer]
    assert [len(specimens) for specimens in seen] == [9] * 4


def test_a_linear_head_cannot_know_what_it_was_not_told() -> None:
    """Features are noise, with which a head remembers every field that it learned from."""
    lesson, dice = drawn_lesson(), np.random.default_rng(0)
    views, of = dice.normal(size=(48, 256)), np.repeat(np.arange(24), 2)
    bank = Bank(views, of, views + dice.normal(0, 0.01, views.shape), of)
    logits, _ = frozen_answers(lesson, bank, Plan(frozen=True))
    assert 0.2 < ((logits[:, 0] > 0) == lesson.labels).mean() < 0.8


def test_a_run_that_goes_on_is_shown_other_views(tmp_path: Path) -> None:
    shown: list[bytes] = []

    class Watcher(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            shown.append(x.numpy().tobytes())
            return super().forward(x.flatten(1)[:, :4])

    samples = [Sample(m, m, m, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)) for m in "ab"]
    for steps in (1, 2):
        plan = Plan("cnn", "random", size=32, steps=steps, batch=2)
        fit_network(Watcher(4, 2), samples, np.array([0, 1]), plan, tmp_path / "last.pt")
    assert len(shown) == len(set(shown)) == 2


@pytest.mark.slow
def test_a_lab_trains_its_own_binary_cnn(tmp_path: Path) -> None:
    data = write_alloys(tmp_path / "data", ("316L", "AZ31B"))
    out = tmp_path / "out"
    run("material.py", "--data", data, "--out", out, "--name", "ours", "--smoke")
    run("material.py", "--data", data, "--out", out, "--name", "ours", "--smoke", "--resume", "--views", 3)
    spec = read_manifest(out)["ours"]
    assert spec.config["outputs"] == 1  # the seed's binary head
    assert spec.classes == ("316L", "AZ31B")
    assert "16 fields of 8 specimens" in spec.trained["data"]
    assert spec.trained["command"] == "python train/material.py --data data --out out --resume --smoke --views 3 --name ours"
    assert f"corrovis material IMAGE --weights {out / 'ours.safetensors'}\n" in (out / "cards/ours.md").read_text()
    found = MaterialClassifier(*own_weights(out / "ours.safetensors")).classify(read_field(data / "316L/s0/0.png"))
    assert found.classes == ("316L", "AZ31B")
    assert found.made_by.model == "ours"


@pytest.mark.slow
def test_a_linear_head_learns_and_is_checked(tmp_path: Path) -> None:
    data = write_alloys(tmp_path / "data", ("a", "b", "c"))
    report, out = tmp_path / "report.json", tmp_path / "out"
    options = ("--data", data, "--out", out, "--report", report, "--smoke", "--size", 64)
    run("material.py", *options, "--network", "lite0", "--frozen")
    (method,) = json.loads(report.read_text())["methods"].values()
    assert method["metrics"]["accuracy"]["value"] > 0.4  # of three grain sizes, with an untrained body
    texture = ("--network", "lbp-svm", "--score-only", "--smoke", "--size", 64)
    run("material.py", "--data", data, "--out", tmp_path / "texture", "--report", report, *texture)
    found = json.loads(report.read_text())
    assert len(found["methods"]) == 2
    assert all(m["metrics"]["accuracy"]["low"] <= m["metrics"]["accuracy"]["value"] for m in found["methods"].values())
    assert "metrics" not in found  # nothing of this is shipped


@pytest.mark.slow
def test_a_network_trained_whole_is_checked_against_strangers_and_disturbances(tmp_path: Path) -> None:
    data = write_alloys(tmp_path / "data", ("a", "b", "c"))
    report, out = tmp_path / "report.json", tmp_path / "out"
    options = ("--data", data, "--out", out, "--report", report, "--smoke")
    run("material.py", *options, "--network", "lite0", "--size", 64)
    run("material_checks.py", *options, "--unseen")
    found = json.loads(report.read_text())
    (method,) = found["methods"].values()
    assert found["metrics"]["accuracy"] == method["metrics"]["accuracy"]
    assert {"accuracy_blurred", "accuracy_tile", "unseen_materials_flagged"} <= set(found["metrics"])
    assert found["metrics"]["accuracy_noisy"]["n"] > 0
