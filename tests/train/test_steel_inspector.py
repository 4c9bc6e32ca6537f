"""The inspector's training and release run as anyone would run them; its views and its calibration do what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import steel_data
import torch
from calibration import calibrated, fit_temperature, softmax
from drawn_steel import CLASSES, draw_steel
from grade_scores import calibration_error
from inspector import with_generated
from patch_views import augment
from PIL import Image
from scripts import run

from corrovis.errors import BadInputError
from corrovis.store import Store


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_steel(tmp_path_factory.mktemp("data"))


@pytest.mark.slow
def test_inspectors_train_with_generated_patches_resume_and_ship(data: Path, tmp_path: Path) -> None:
    """Three runs add three lines; what is shipped answers through the store as the run did."""
    for name in CLASSES[:2]:
        (tmp_path / "made" / name).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(np.full((64, 64), 9 * number, np.uint8)).save(tmp_path / "made" / name / f"{number}.png")
    options = ("--data", data, "--out", tmp_path / "run", "--smoke")
    run("inspector.py", *options, "--backbone", "mobilenet", "--per-class", "4", "--generated", tmp_path / "made", "--ratio", "2")
    run("inspector.py", *options)
    run("inspector.py", *options, "--resume")
    lines = [json.loads(line) for line in (tmp_path / "run" / "runs.jsonl").read_text().splitlines()]
    assert [line["ratio"] for line in lines] == [2, 0, 0]
    assert lines[0]["n_train"] == 3 * 4 + 2 * 8
    assert all(0 <= line["accuracy"] <= 1 and set(line["recall"]) == set(CLASSES) for line in lines)
    shipped = ("--report", tmp_path / "report.json", "--weights", tmp_path / "weights")
    run("release_inspector.py", "--run", tmp_path / "run", "--seconds", "1", *shipped)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["metrics"]["accuracy"]["value"] == lines[-1]["accuracy"]
    assert all(score["low"] <= score["value"] <= score["high"] for score in report["metrics"].values())
    assert np.sum(report["confusion"]["counts"]) == lines[-1]["n"]
    worse = [name for name in report["metrics"] if name.startswith("accuracy_")]
    assert worse == [f"accuracy_{way}" for way in ("low_contrast", "dark", "blurred", "noisy", "jpeg_25")]
    with np.load(tmp_path / "run" / "held_out.npz") as found:
        held_out = steel_data.load(data, "held_out", 64)
        x = torch.from_numpy(held_out.pixels[held_out.labels == 0][:1].astype(np.float32)[:, None] / 127.5 - 1)
        network = Store(tmp_path / "weights").network("steel-inspector")
        assert network(x).argmax() in range(len(CLASSES))
        assert set(found["classes"]) == set(CLASSES)


def test_too_few_generated_patches_are_refused(data: Path, tmp_path: Path) -> None:
    known = steel_data.load(data, "train", 32)
    (tmp_path / "dots").mkdir()
    Image.fromarray(known.pixels[0]).save(tmp_path / "dots" / "0.png")
    with pytest.raises(BadInputError, match="holds 1 patches"):
        with_generated(known, tmp_path, 1.0, np.random.default_rng(0))


def test_a_view_stays_a_patch_and_differs() -> None:
    x = torch.rand(6, 1, 32, 32) * 2 - 1
    views = augment(x, torch.Generator().manual_seed(0))
    assert views.shape == x.shape
    assert views.abs().max() <= 1
    assert torch.equal(views, augment(x, torch.Generator().manual_seed(0)))
    assert (views - x).abs().mean() > 0.05


def test_a_temperature_undoes_overconfidence() -> None:
    """Logits drawn at temperature 1 and then tripled are calibrated again by dividing by 3."""
    dice = np.random.default_rng(0)
    logits = dice.normal(0, 1.5, (4000, 4))
    labels = (softmax(logits, 1).cumsum(axis=1) < dice.random((4000, 1))).sum(axis=1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.08)
    groups = np.array([f"b{i // 40}" for i in range(4000)])
    assert (
        calibration_error(calibrated(3 * logits, labels, groups), labels)
        < 0.03
        < calibration_error(softmax(3 * logits, 1), labels)
    )
