"""The inspection's training scripts run as anyone would run them, on a data folder of tiny drawn fields and photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from inspection_scores import RUNS
from PIL import Image
from segment_scores import benchmark_scores, class_ious, confusion_of
from segment_views import UNKNOWN
from segmenting import Config, loss_of
from test_car_scripts import run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four fields of two coupons, and twelve photos with all four classes."""
    root, dice = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name in (
        "sem/pits304",
        "sem/pits304_boxes",
        "sem/ni20cr",
        "sem/ni20cr_masks",
        "steel_structures/images",
        "steel_structures/masks",
    ):
        (root / name).mkdir(parents=True)
    rows = ["file,material,condition,exposure,group,mask,corroded_fraction,repo,licence"]
    for n in range(4):
        mask = (dice.random((9, 12)) < 0.4).astype(np.uint8).repeat(10, axis=0).repeat(10, axis=1)
        Image.fromarray(dice.normal(180 - 120 * mask, 5).clip(0, 255).astype(np.uint8)).save(root / f"sem/ni20cr/f{n}.jpg")
        Image.fromarray(mask * 255).save(root / f"sem/ni20cr_masks/f{n}.png")
        rows.append(f"ni20cr/f{n}.jpg,Ni,dry,4 h,coupon{n // 2},ni20cr_masks/f{n}.png,0.4,own,own")
    for n in range(8):
        grey = dice.normal(120, 4, (128, 128))
        places = [(20 + 40 * i + n, 30 + 25 * i) for i in range(3)]
        for x, y in places:
            grey[y - 4 : y + 4, x - 4 : x + 4] = 210
        Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(root / f"sem/pits304/t{n}.png")
        lines = [f"0 {x / 128} {y / 128} {10 / 128} {10 / 128}" for x, y in places]
        (root / f"sem/pits304_boxes/t{n}.txt").write_text("\n".join(lines))
        rows.append(f"pits304/t{n}.png,304,pits,5 min,field{n // 2},pits304_boxes/t{n}.txt,,own,own")
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


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pixels", "unet", "yolo"])
def test_pits_are_learned_by_any_method(method: str, data: Path, tmp_path: Path) -> None:
    run("pits_segment.py", method, "--data", data, "--out", tmp_path, "--report", tmp_path / "r.json", "--smoke")
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 2
    report = json.loads((tmp_path / "r.json").read_text())
    assert {"box_map50", "mask_map50", "count_error", "area_error"} <= set(report["metrics"])
    assert all(score["low"] <= score["value"] <= score["high"] for score in report["metrics"].values())
    assert {"extent", "sure", "size", "overlap"} <= set(report["made"]["input"])


def test_masks_are_made_for_a_folder(data: Path, tmp_path: Path) -> None:
    run("annotate.py", data / "sem/pits304", "--out", tmp_path, "--format", "png")
    for n in range(8):
        found = np.asarray(Image.open(tmp_path / f"t{n}.png")) > 0
        truth = np.asarray(Image.open(data / f"sem/pits304/t{n}.png")) > 160
        assert (found & truth).sum() / (found | truth).sum() > 0.6


def test_unfinished_runs_are_named_and_finished_reports_gathered(data: Path, tmp_path: Path) -> None:
    score = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 4, "on": "drawn"}
    (tmp_path / "sem_severity.json").write_text(json.dumps({"metrics": {"accuracy": score}}))
    run("evaluate.py", "sem", "--data", data, "--runs", tmp_path / "none", "--report", tmp_path / "sem.json")
    report = json.loads((tmp_path / "sem.json").read_text())
    assert set(report["skipped"]) == set(RUNS)
    assert report["metrics"] == {"sem_severity": {"accuracy": {**score, "seed": 0.9375}}}


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
