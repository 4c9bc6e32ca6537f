"""The material scripts run as a lab would run them, on folders of drawn fields, and what they write can be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scripts import run

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


@pytest.mark.slow
def test_a_lab_trains_its_own_binary_cnn(tmp_path: Path) -> None:
    data = write_alloys(tmp_path / "data", ("316L", "AZ31B"))
    out = tmp_path / "out"
    run("material.py", "--data", data, "--out", out, "--name", "ours", "--smoke")
    run("material.py", "--data", data, "--out", out, "--name", "ours", "--smoke", "--resume")
    spec = read_manifest(out)["ours"]
    assert spec.config["outputs"] == 1  # the seed's binary head
    assert spec.classes == ("316L", "AZ31B")
    assert "16 fields of 8 specimens" in spec.trained["data"]
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
