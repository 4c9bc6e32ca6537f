"""The inspection's training scripts run as anyone would run them, on a data folder of tiny drawn fields and photos."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from export import Release, export
from inspection_scores import RUNS, gathered
from PIL import Image
from safetensors.torch import save_file
from scripts import run
from segment_scores import benchmark_scores, best_elsewhere, class_ious, confusion_of, field_scores
from segment_views import UNKNOWN, Labelled
from segmenting import Config, left_out, loss_of
from sem_severity import exposure_of, mixed, start_from
from severity_scores import by_area, confusion, gain
from structure_segment import MARGIN, check_hold_out, divided
from support import save_checkpoint, warped

from corrovis.manifest import read_manifest
from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.severity_classifier import SeverityClassifier


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
    for n in range(0, 48, 4):
        mask = dice.integers(0, 4, (8, 8)).astype(np.uint8).repeat(12, axis=0).repeat(12, axis=1)
        rgb = np.array([(150, 160, 150), (200, 160, 90), (150, 90, 40), (60, 30, 20)], np.uint8)[mask]
        Image.fromarray(rgb).save(root / f"steel_structures/images/{n}.jpg")
        Image.fromarray(mask).save(root / f"steel_structures/masks/{n}.png")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("script", "checkpoint"), [("sem_segment.py", "last.pt"), ("structure_segment.py", "held_out.pt")])
def test_scripts_train_score_and_resume(script: str, checkpoint: str, data: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--out", tmp_path, "--report", tmp_path / "r.json", "--init", "random", "--smoke")
    run(script, *options)
    assert torch.load(tmp_path / checkpoint, weights_only=True)["step"] >= 1
    report = json.loads((tmp_path / "r.json").read_text())
    assert all(score["low"] <= score["value"] <= score["high"] for score in report["metrics"].values() if score["value"] >= 0)
    run(script, *options, "--resume")
    if script == "sem_segment.py":
        run(script, *options, "--start", tmp_path, "--out", tmp_path / "second")
        report = json.loads((tmp_path / "r.json").read_text())
        assert (report["made"]["config"]["lr"], report["made"]["config"]["seed"]) == (0.001, 1)
        with pytest.raises(AssertionError, match="--start names an earlier --out"):
            run(script, *options, "--start", tmp_path / "nowhere")


def test_a_level_is_chosen_without_the_group_that_it_is_for() -> None:
    curves, group = np.eye(3)[[0, 0, 1, 2]] + np.eye(3)[[1, 1, 1, 1]] / 2, np.array(["a", "a", "b", "c"])
    own = best_elsewhere(curves, group, ["all"])
    assert own == {"a": 1, "b": 0, "c": 1, "all": 1}
    curves[:2] = 9 * np.eye(3)[[2, 2]]
    moved = best_elsewhere(curves, group, ["all"])
    assert (moved["a"], moved["b"]) == (own["a"], 2)


def test_a_network_that_left_a_coupon_out_is_the_one_that_was_trained(tmp_path: Path) -> None:
    network = CorrosionUNet().eval()
    save_checkpoint(tmp_path / "without_c.pt", Config(), 1, network=network)
    x = torch.zeros(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(left_out(tmp_path, "c")(x), network(x))
    with pytest.raises(SystemExit, match="without_d"):
        left_out(tmp_path, "d")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pixels", "unet", "yolo"])
def test_pits_are_learned_by_any_method(method: str, data: Path, tmp_path: Path) -> None:
    run("pits_segment.py", method, "--data", data, "--out", tmp_path, "--report", tmp_path / "r.json", "--smoke")
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 2
    report = json.loads((tmp_path / "r.json").read_text())
    assert {"box_map50", "mask_map50", "count_error", "area_error"} <= set(report["metrics"])
    assert all(score["low"] <= score["value"] <= score["high"] for score in report["metrics"].values())
    assert {"extent", "sure", "size", "overlap"} <= set(report["made"]["input"])


@pytest.mark.slow
def test_kinds_of_annotation_are_compared_on_the_same_fields(data: Path, tmp_path: Path) -> None:
    run("annotation_gain.py", "--data", data, "--out", tmp_path, "--report", tmp_path / "r.json", "--init", "random", "--smoke")
    arms = json.loads((tmp_path / "r.json").read_text())["arms"]
    assert len(arms) == 5
    assert arms["no network: the automatic masks themselves"]["miou"]["value"] > 0.75  # two plain greys; corners are rounded off
    assert {scores["miou"]["n"] for scores in arms.values()} == {4}


def test_masks_are_made_for_a_folder(data: Path, tmp_path: Path) -> None:
    run("annotate.py", data / "sem/pits304", "--out", tmp_path, "--format", "png")
    for n in range(8):
        found = np.asarray(Image.open(tmp_path / f"t{n}.png")) > 0
        truth = np.asarray(Image.open(data / f"sem/pits304/t{n}.png")) > 160
        assert (found & truth).sum() / (found | truth).sum() > 0.6


def drawn(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 4, "on": "drawn"}


def rival(accuracy: float, gain: float = 0.0) -> dict[str, Any]:
    """One way to call severity, as sem_severity.py reports it."""
    table = {"rows": "labelled", "columns": "called", "counts": [[2, 0, 0], [0, 1, 1], [0, 0, 0]]}
    over = {"value": gain, "low": gain - 0.2, "high": gain + 0.3}
    return {"metrics": {"accuracy": drawn(accuracy)}, "confusion": table, "accuracy_gain_over_area": over}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Reports of severity and two models, and of a GAN, which is no inspection."""
    compared = {"area": rival(0.7), "resnet18-random": rival(0.5, -0.2), "resnet18-warm": rival(0.6, -0.1)}
    area = {"windows": {"rivals": {"area": rival(0.8)}}, "fields": {"rivals": {"area": rival(0.9)}}}
    content: dict[str, Any] = {
        "sem_severity": {"area": area, "compared": {"windows": {"rivals": compared}}},
        "sem_ni20cr": {"metrics": {"miou": drawn(0.92), "area_error": drawn(0.1)}},
        "sem_structure": {"metrics": {"miou": drawn(0.5), "weighted_f1": drawn(0.8)}, "confusion": {"pixels": [[3, 1], [0, 2]]}},
        "sem_gan": {"metrics": {"kid_made": drawn(0.5)}},
    }
    for name, report in content.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    return tmp_path


def test_unfinished_runs_are_named_and_finished_reports_gathered(data: Path, reports: Path) -> None:
    run("evaluate.py", "sem", "--data", data, "--runs", reports / "none", "--report", reports / "sem.json")
    report = json.loads((reports / "sem.json").read_text())
    assert set(report["skipped"]) == set(RUNS)
    assert {name.partition(":")[0] for name in report["metrics"]} == {
        "sem_severity",
        "sem_severity_fields",
        "sem_severity_compared",
    }
    assert report["metrics"]["sem_severity"]["accuracy"] == {**drawn(0.8), "seed": 0.9375}
    assert report["confusion"]["sem_severity"]["counts"][1] == [0, 1, 1]


def test_the_report_of_inspection_has_its_models_and_no_other(reports: Path) -> None:
    found = gathered(reports, {"pits304-pixels": "not trained"})
    assert "sem_gan" not in found["metrics"]
    assert found["confusion"]["steel-structures"] == {"pixels": [[3, 1], [0, 2]]}
    assert found["metrics"]["ni20cr"]["miou"]["seed"] == 0.8991
    assert "seed" not in found["metrics"]["steel-structures"]["miou"], "that of four classes is no match for that of two"
    assert found["metrics"]["steel-structures"]["weighted_f1"]["seed"] == 0.8666
    over = found["metrics"]["sem_severity"]["accuracy_over_resnet18"]
    assert [over[key] for key in ("value", "low", "high")] == pytest.approx([0.1, -0.2, 0.3]), "the best of its networks"


def test_goals_say_what_was_reached_and_what_limits_it(reports: Path) -> None:
    goals = {(goal["model"], goal["metric"]): goal for goal in gathered(reports, {})["goals"]}
    assert {key: goal["reached"] for key, goal in goals.items()} == {
        ("ni20cr", "miou"): True,
        ("sem_severity", "accuracy"): False,
        ("sem_severity", "accuracy_over_resnet18"): False,  # its interval holds 0
        ("steel-structures", "weighted_f1"): False,
    }
    missed = goals["steel-structures", "weighted_f1"]
    assert missed["goal"] == "steel structures, weighted F1, at least 0.867"
    assert [missed[key] for key in ("value", "low", "high", "n")] == pytest.approx([0.8, 0.7, 0.9, 4])
    assert missed["tried"]
    assert missed["limits"]


@pytest.mark.slow
def test_severity_saliency_and_yolo_are_scored_against_the_segmenter_that_ships(data: Path, tmp_path: Path) -> None:
    segmenter, report = tmp_path / "sem_ni20cr", tmp_path / "severity.json"
    first = ("--data", data, "--out", segmenter, "--report", tmp_path / "sem_ni20cr.json")
    run("sem_segment.py", *first, "--init", "random", "--smoke")
    options = (
        "--data",
        data,
        "--out",
        tmp_path / "out",
        "--segmenter",
        segmenter,
        "--report",
        report,
        "--init",
        "random",
        "--smoke",
    )
    run("sem_severity.py", *options)
    found = json.loads(report.read_text())["compared"]["windows"]["rivals"]
    assert list(found) == ["area", "efficientnet_b0-random", "area and efficientnet_b0-random"]
    assert all(s["low"] <= s["value"] <= s["high"] for rival in found.values() for s in rival["metrics"].values())
    assert np.array(found["area"]["confusion"]["counts"]).sum() == found["area"]["metrics"]["accuracy"]["n"]
    run("sem_severity.py", *options, "--resume")
    run("saliency_scores.py", "--data", data, "--out", tmp_path / "s", "--segmenter", segmenter, "--report", tmp_path / "s.json")
    scores = json.loads((tmp_path / "s.json").read_text())["metrics"]
    assert {"mask_iou", "grad_cam_iou", "layer_cam_iou"} <= set(scores)
    yolo = ("--data", data, "--out", tmp_path / "y", "--segmenter", segmenter, "--report", tmp_path / "y.json", "--smoke")
    run("yolo_rival.py", *yolo)
    pair = json.loads((tmp_path / "y.json").read_text())["ni20cr"]
    shipped = json.loads((tmp_path / "sem_ni20cr.json").read_text())["metrics"]
    assert pair["ships"]["miou"]["value"] == shipped["miou"]["value"], "both are of the same fields and networks"
    assert set(pair["yolo"]) == set(shipped)
    run("release_sem.py", "ni20cr", "--runs", tmp_path, "--reports", tmp_path, "--weights", tmp_path / "w", "--seconds", 1)
    assert read_manifest(tmp_path / "w")["ni20cr"].metrics == shipped


def test_neighbours_of_photos_held_out_are_not_learned_from() -> None:
    nothing = np.zeros((1, 1), np.uint8)
    photos = [Labelled(str(n), "", nothing, nothing) for n in range(396)]
    known, kept_back = ([int(photo.name) for photo in part] for part in divided(photos))
    assert min(abs(one - other) for one in known for other in kept_back) > MARGIN
    assert len(kept_back) > 396 / 6
    assert len(known) > 396 / 2


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ni20cr", "pits304", "steel-structures"])
def test_familiarity_is_learned_and_shipped(model: str, data: Path, toy_weights: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(toy_weights, weights)
    if model not in read_manifest(weights):
        toy = {"about": "Toy", "classes": ("good", "fair"), "limits": "Toy", "trained": {"data": "Toy"}}
        export(
            CorrosionUNet(), Release(model, "CorrosionUNet", [[1, 3, 64, 64]], input={"size": 64, "overlap": 16}, **toy), weights
        )
    run("familiarity.py", model, "--data", data, "--weights", weights, "--report", tmp_path / "f.json", "--smoke")
    scores = json.loads((tmp_path / "f.json").read_text())["metrics"]
    assert scores["false_alarms"]["n"] == {"ni20cr": 4, "pits304": 8, "steel-structures": 12}[model]
    assert all(score["low"] <= score["value"] <= score["high"] for score in scores.values())
    spec = read_manifest(weights)[f"{model}-familiar"]
    assert spec.metrics == scores
    assert spec.input["seen_by_sha256"] == read_manifest(weights)["material"].sha256


def test_mixed_windows_have_mixed_labels() -> None:
    x, y = torch.eye(4).reshape(4, 1, 2, 2), torch.eye(4)
    mixed_x, mixed_y = mixed(x, y, np.random.default_rng(0), 0.2)
    assert torch.allclose(mixed_x.reshape(4, 4), mixed_y), "what is mixed into a picture is mixed into its label"
    assert torch.allclose(mixed_y.sum(dim=1), torch.ones(4))


def test_a_warm_start_keeps_what_fits_and_opens_the_gates(tmp_path: Path) -> None:
    network = SeverityClassifier()
    stem = torch.full_like(network.net.conv_stem.weight, 0.25)
    save_file(
        {"conv_stem.weight": stem, "conv_head.weight": torch.zeros(2, 2), "classifier.bias": torch.ones(3)}, tmp_path / "w.st"
    )
    start_from(network, "efficientnet_b0", str(tmp_path / "w.st"))
    assert torch.equal(network.net.conv_stem.weight, stem)
    assert network.net.conv_head.weight.shape[0] == 1280
    assert not torch.equal(network.net.classifier.bias, torch.ones(3))
    assert (network.net.blocks[0][0].se.conv_expand.bias == 3).all()


def test_area_is_graded_with_the_error_of_the_other_coupons() -> None:
    true, group = np.array([0.1, 0.3, 0.5, 0.1]), np.array(["a", "a", "b", "b"])
    p = by_area(np.array([0.1, 0.3, 0.9, 0.5]), true, group, (0.28, 0.42))
    assert p[:2].max() < 0.75, "the other coupon's error is large"
    assert p[2:].max(axis=1) == pytest.approx(1), "the other coupon has none"


def test_a_gain_over_itself_is_nothing() -> None:
    p, label, group = np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 2, 2]), np.array(["a", "a", "b", "b"])
    assert gain(p, p, label, group) == {"value": 0, "low": 0, "high": 0}
    assert gain(p, np.eye(3)[[2, 2, 0, 0]], label, group)["value"] == 0.75
    assert confusion(p, label) == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]


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


def test_area_error_is_of_all_labelled_pixels() -> None:
    """A field of more pixels than are drawn for the curves, found to the last one but for 7 corroded pixels."""
    mask = np.zeros((600, 600), np.uint8)
    mask[:200], mask[:, 590:] = 1, UNKNOWN
    p = np.stack([mask != 1, mask == 1]).astype(np.float32)
    p[:, 0, :7] = p[::-1, 0, :7]
    found = field_scores(Labelled("a", "a", np.zeros((600, 600, 3), np.uint8), mask), p)["area_error"]
    assert found == pytest.approx(7 / (600 * 590), abs=5e-5)


def test_reduced_views_are_averaged_and_lie_where_they_did() -> None:
    y, x = np.mgrid[0:256, 0:256]
    board = np.repeat(((y + x) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    ramp = np.repeat(((y + x) // 2).astype(np.uint8)[..., None], 3, axis=2)
    matrix = cv2.getRotationMatrix2D((128, 128), 8, 0.23)
    matrix[:, 2] += 20 - 128
    seen = warped(board, matrix, 40, cv2.BORDER_REFLECT_101)
    assert seen.std() < 3 < cv2.warpAffine(board, matrix, (40, 40), flags=cv2.INTER_AREA).std()
    plain = cv2.warpAffine(ramp, matrix, (40, 40), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    assert np.abs(warped(ramp, matrix, 40, cv2.BORDER_REFLECT_101).astype(int) - plain)[3:-3, 3:-3].max() <= 2


def test_another_hold_out_is_refused(tmp_path: Path) -> None:
    photos = [Labelled(name, name, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)) for name in "abc"]
    (tmp_path / "held_out.json").write_text('{"held_out": ["a", "b"]}')
    check_hold_out(tmp_path, photos[:2])
    with pytest.raises(SystemExit, match=r"held out other photos \(2 differ\)"):
        check_hold_out(tmp_path, photos[1:])


def test_unlabelled_pixels_teach_nothing() -> None:
    logits = torch.randn(2, 2, 8, 8, requires_grad=True)
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    labels[:, :4] = UNKNOWN
    loss_of(logits, labels, Config()).backward()
    assert not logits.grad[:, :, :4].any()
    assert logits.grad[:, :, 4:].any()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("650C_4h_s1_CO", {"temperature_c": 650, "time_h": 4, "irradiated": "no"}),
        ("675C_8h_s1_RAC", {"temperature_c": 675, "time_h": 8, "irradiated": "yes"}),
        ("675C_4h_s1_boundary", {"temperature_c": 675, "time_h": 4, "irradiated": "in part"}),
        ("toy", None),
    ],
)
def test_a_fields_name_says_its_exposure(name: str, wanted: dict[str, object] | None) -> None:
    assert exposure_of(name) == wanted
