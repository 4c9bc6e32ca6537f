"""The inspection's training scripts run as anyone would run them, on a data folder of tiny drawn fields and photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from segment_scores import benchmark_scores, class_ious, confusion_of
from segment_views import UNKNOWN
from segmenting import Config, loss_of
from test_car_scripts import run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four fields of two coupons, and twelve photos with all four classes."""
    root, dice = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name in ("sem/ni20cr", "sem/ni20cr_masks", "steel_structures/images", "steel_structures/masks"):
        (root / name).mkdir(parents=True)
    rows = ["file,material,condition,exposure,group,mask,corroded_fraction,repo,licence"]
    for n in range(4):
        mask = (dice.random((9, 12)) < 0.4).astype(np.uint8).repeat(10, axis=0).repeat(10, axis=1)
        Image.fromarray(dice.normal(180 - 120 * mask, 5).clip(0, 255).astype(np.uint8)).save(root / f"sem/ni20cr/f{n}.jpg")
        Image.fromarray(mask * 255).save(root / f"sem/ni20cr_masks/f{n}.png")
        rows.append(f"ni20cr/f{n}.jpg,Ni,dry,4 h,coupon{n // 2},ni20cr_masks/f{n}.png,0.4,own,own")
    (root / "sem/sem.csv").write_text("\n".join(rows) + "\n")
    for n in range(12):
        mask = dice.integers(0, 4, (8, 8)).astype(np.uint8).repeat(12, axis=0).repeat(12, axis=1)
        rgb = np.array([(150, 160, 150), (200, 160, 90), (150, 90, 40), (60, 30, 20)], np.uint8)[mask]
        Image.fromarray(rgb).save(root / f"steel_structures/images/{n}.jpg")
        Image.fromarray(mask).save(root / f"steel_structures/masks/{n}.png")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("script", "checkpoint"), [("sem_segment.py", "last.pt"), ("structure_segment.py", "last.pt")])
def test_scripts_train_score_and_resume(script: str, checkpoint: str, data: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--out", tmp_path, "--report", tmp_path / "r.json", "--init", "random", "--smoke")
    run(script, *options)
    assert torch.load(tmp_path / checkpoint, weights_only=True)["step"] >= 1
    report = json.loads((tmp_path / "r.json").read_text())
    assert all(score["low"] <= score["value"] <= score["high"] for score in report["metrics"].values() if score["value"] >= 0)
    run(script, *options, "--resume")


def test_ious_are_those_of_a_drawn_overlap() -> None:
    truth, found = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.int64)
    truth[:2], found[1:3] = 1, 1
    truth[3, 3] = UNKNOWN
    assert class_ious(confusion_of(found, truth, 2)) == pytest.approx([3 / 11, 4 / 12])


def test_a_class_that_is_nowhere_has_no_iou() -> None:
    assert np.isnan(class_ious(np.array([[4, 0], [0, 0]]))[1])


def test_perfect_maps_score_1() -> None:
    tables = np.stack([np.diag([50, 20, 10, 5])] * 3)
    metrics = benchmark_scores(tables, np.array(["a", "b", "c"]), ("good", "fair", "poor", "severe"))["metrics"]
    assert metrics.pop("area_error")["value"] == 0
    assert all(score["value"] == 1 for score in metrics.values())


def test_unlabelled_pixels_teach_nothing() -> None:
    logits = torch.randn(2, 2, 8, 8, requires_grad=True)
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    labels[:, :4] = UNKNOWN
    loss_of(logits, labels, Config()).backward()
    assert not logits.grad[:, :, :4].any()
    assert logits.grad[:, :, 4:].any()
