"""The grader: its ordinal arithmetic against hand-made numbers, a toy network through the real store, the shipped weight."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from calibration import calibrated, fit_temperature
from distances import Lite0
from fold_graders import FoldGraders
from grade_scores import accuracy, balanced_accuracy, calibration_error, macro_f1, mean_levels_off, probabilities_at, scored
from grade_views import GradedPhoto, level_of_share, load_photos
from judge import Judge
from safetensors.torch import save_file
from scripts import run
from support import ONE_CAR, REPO_OF_ONE_CAR, cars_of, is_held_out

from corrovis import golden
from corrovis.car.grading import MODEL, Grader, square, tinted
from corrovis.manifest import read_manifest, sha256_of
from corrovis.networks.severity_net import CAR, RUST, SeverityNet, area_statistics, level_probabilities
from corrovis.results import SEVERITIES, Photo
from corrovis.settings import WEIGHTS
from corrovis.store import Store

SHIPPED = (WEIGHTS / "manifest.json").exists() and MODEL in read_manifest(WEIGHTS)
needs_weight = pytest.mark.skipif(not SHIPPED, reason="weights/ has no car-grade")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """An untrained network in a complete weights folder, loaded through the real store."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    network = SeverityNet().eval()
    path = folder / f"{MODEL}.safetensors"
    save_file(network.state_dict(), path)
    record = {
        "name": MODEL,
        "file": path.name,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "arch": "SeverityNet",
        "config": {"temperature": 1.5},
        "input": {"size": 64, "mean": [0.5] * 3, "std": [0.5] * 3, "resample": "area"},
        "classes": list(SEVERITIES),
        "golden": {},
        "trained": {},
        "metrics": {},
        "licence": "AGPL-3.0-or-later",
        "limits": "untrained",
    }
    (folder / "manifest.json").write_text(json.dumps({"models": [record]}))
    return Grader(Store(folder))


def flat(height: int, width: int, grey: int = 128) -> Photo:
    return Photo(np.full((height, width, 3), grey, np.uint8))


def drawn_car(paint: tuple[int, int, int] = (40, 70, 150)) -> Photo:
    """A clean car as a child draws it: smooth body, windows, two wheels, road and sky."""
    rgb = np.full((300, 480, 3), (190, 210, 235), np.uint8)
    rgb[220:] = (120, 120, 125)
    cv2.fillPoly(
        rgb, [np.array([[60, 230], [70, 170], [150, 155], [200, 100], [330, 100], [380, 155], [430, 170], [435, 230]])], paint
    )
    cv2.fillPoly(rgb, [np.array([[170, 152], [208, 112], [320, 112], [355, 152]])], (50, 60, 70))
    for x in (140, 360):
        cv2.circle(rgb, (x, 230), 34, (25, 25, 25), -1)
        cv2.circle(rgb, (x, 230), 18, (170, 170, 175), -1)
    return Photo(cv2.GaussianBlur(rgb, (0, 0), 0.8))


@pytest.mark.parametrize(
    ("logits", "wanted"),
    [
        ((0.0, 0.0, 0.0), (0.5, 0.25, 0.125, 0.125)),
        ((-50.0, 3.0, 3.0), (1.0, 0.0, 0.0, 0.0)),
        ((50.0, -50.0, 9.0), (0.0, 1.0, 0.0, 0.0)),
        ((50.0, 50.0, 50.0), (0.0, 0.0, 0.0, 1.0)),
    ],
)
def test_corn_logits_give_the_probabilities_of_the_paper(logits: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    assert level_probabilities(torch.tensor([logits]))[0].tolist() == pytest.approx(wanted, abs=1e-6)


def test_area_statistics_know_a_half_rusted_car() -> None:
    """A car on half of the picture, rust on half of the car: a quarter of the picture."""
    found = torch.full((1, 2, 20, 20), -30.0)
    found[:, CAR, :10] = 30
    found[:, RUST, :5] = 30
    of_picture, of_car, *_ = area_statistics(found)[0].tolist()
    assert of_picture == pytest.approx(0.25)
    assert of_car == pytest.approx(100 / 204)


@pytest.mark.parametrize("size", [(16, 16), (17, 900), (480, 640), (1200, 33)])
def test_any_size_is_graded(toy: Grader, size: tuple[int, int]) -> None:
    grade = toy.grade(flat(*size))
    assert grade.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert grade.severity in SEVERITIES
    assert grade.made_by.model == MODEL


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_uniform_picture_gives_finite_numbers(toy: Grader, grey: int) -> None:
    assert np.isfinite(toy.grade(flat(64, 64, grey)).probabilities).all()


def test_a_mirror_image_is_graded_the_same(toy: Grader) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    here, there = toy.grade(Photo(rgb)), toy.grade(Photo(np.ascontiguousarray(rgb[:, ::-1])))
    assert here.probabilities == pytest.approx(there.probabilities, abs=1e-4)


def test_square_neither_turns_nor_mirrors() -> None:
    rgb = np.zeros((40, 80, 3), np.uint8)
    rgb[:20, :40, 0] = 255
    assert square(rgb, 8)[:4, :4, 0].min() == 255
    assert square(rgb, 8)[4:].max() == 0


def test_a_photo_in_shades_of_one_tint_is_told_from_one_in_colour(toy_photo: Photo) -> None:
    """The usual sepia matrix of any photo; a red plate, lit from one side, keeps its colour, as does half of a photo."""
    sepia = np.array([[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]])
    as_photo = lambda rgb: Photo(np.clip(rgb, 0, 255).astype(np.uint8), "x")  # noqa: E731
    ramp = np.linspace(0, 255, 96)[None, :, None] * np.ones((72, 1, 1))
    assert tinted(as_photo(ramp @ np.ones((1, 3)) @ sepia))
    assert not tinted(as_photo(120 + 0.2 * ramp * [1, 0.2, 0.2]))
    half = np.where(np.arange(72)[:, None, None] < 36, ramp @ np.ones((1, 3)) @ sepia, ramp * [0.7, 0.9, 1])
    assert not tinted(as_photo(half))


def test_scores_of_a_known_table() -> None:
    """Four photos, one of them a level off; sure of each by 0.7."""
    level = np.array([0, 1, 2, 3])
    p = np.full((4, 4), 0.1)
    p[np.arange(4), [0, 1, 2, 2]] = 0.7
    assert accuracy(p, level) == 0.75
    assert balanced_accuracy(p, level) == 0.75
    assert mean_levels_off(p, level) == 0.25
    assert macro_f1(p, level) == pytest.approx((1 + 1 + 2 / 3 + 0) / 4)
    assert calibration_error(p, level) == pytest.approx(0.05)


def test_temperature_is_recovered() -> None:
    """Labels drawn from the probabilities at temperature 2 are best explained by temperature 2."""
    dice = np.random.default_rng(0)
    logits = dice.normal(0, 4, (6000, 3)).astype(np.float32)
    p = level_probabilities(torch.from_numpy(logits / 2)).numpy()
    level = (dice.random((6000, 1)) > p.cumsum(axis=1)[:, :3]).sum(axis=1)
    assert fit_temperature(logits, level, probabilities_at) == pytest.approx(2, rel=0.06)


def test_interval_holds_the_value() -> None:
    """The calibration error too, which every draw makes larger: its percentiles lie above it."""
    dice = np.random.default_rng(1)
    p = dice.dirichlet(np.ones(4), 80)
    level = np.array([dice.choice(4, p=row) for row in p])
    for name, score in scored(p, level, dice.integers(0, 40, 80), "nothing").items():
        assert float(score["low"]) < float(score["value"]) < float(score["high"])
        assert score["n"] == 80 if name != "accuracy_among_rusty" else (level > 0).sum() < 80


def test_interval_of_an_accuracy_is_that_of_a_share() -> None:
    """Cars of one photo each, right or wrong by chance: 1.96 standard deviations of a binomial share either side."""
    dice = np.random.default_rng(2)
    level = dice.integers(0, 4, 500)
    p = np.eye(4)[np.where(dice.random(500) < 0.7, level, (level + 1) % 4)]
    found = scored(p, level, np.arange(500), "nothing", {"accuracy": accuracy})["accuracy"]
    share = float(found["value"])
    assert float(found["high"]) - float(found["low"]) == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 500), rel=0.1)


def test_probabilities_are_calibrated_on_answers_other_than_their_own() -> None:
    """A part's own labels cannot change its probabilities, only those of the others."""
    dice = np.random.default_rng(3)
    logits, part = dice.normal(0, 2, (90, 3)), np.arange(90) % 3
    level = probabilities_at(logits, 1.0).argmax(axis=1)
    level[::5] = dice.integers(0, 4, 18)
    other = np.where(part == 1, (level + 1) % 4, level)
    before, after = (calibrated(logits, one, part, probabilities_at) for one in (level, other))
    assert np.array_equal(before[part == 1], after[part == 1])
    assert not np.allclose(before[part != 1], after[part != 1])


@pytest.mark.parametrize(("share", "level"), [(0.0, 0), (0.05, 1), (0.1, None), (0.3, 2), (0.5, None), (0.9, 3)])
def test_close_ups_are_named_by_the_share_of_rust(share: float, level: int | None) -> None:
    assert level_of_share(share) == level


@needs_weight
def test_shipped_weight_shows_its_golden_numbers() -> None:
    store = Store(WEIGHTS)
    golden.check(store.network(MODEL), store.spec(MODEL))


@needs_weight
@pytest.mark.parametrize("paint", [(40, 70, 150), (225, 225, 225), (200, 150, 90)], ids=["blue", "white", "beige"])
def test_a_drawn_clean_car_has_no_rust(paint: tuple[int, int, int]) -> None:
    assert Grader(Store(WEIGHTS)).grade(drawn_car(paint)).severity == "none"


def test_a_judge_has_not_learned_from_the_cars_it_will_judge() -> None:
    """Whatever held-out photos are labelled, it answers alike, and says how often it is right on them."""
    dice, group = np.random.default_rng(0), np.array([f"car{n}" for n in range(60)])
    level, unseen = dice.integers(0, 4, 60), np.array([is_held_out(str(name)) for name in group])
    x = dice.normal(size=(60, 5)) + 4 * np.eye(4, 5)[level]
    judges = []
    for labels in (level, np.where(unseen, (level + 1) % 4, level)):
        judges.append(Judge(Lite0("none", side=32)).learn(x, labels, group, np.ones(60, bool)))
    honest, fooled = judges
    assert np.array_equal(honest.model.predict_proba(x), fooled.model.predict_proba(x))
    assert honest.photos == unseen.sum() > 5
    assert honest.accuracy == (honest.model.predict(x) == level)[unseen].mean() > fooled.accuracy
    for k, name in enumerate(SEVERITIES):
        asked = honest.on_real[f"graded_as_asked_{name}"]
        assert asked["n"] == (level == k).sum()
        assert asked["value"] > 0.6, "levels are apart, so cars that it does not know are told too"


def test_all_photos_of_one_car_are_one_group(tmp_path: Path) -> None:
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars/clean.csv").write_text(f"file,repo\na.jpg,{REPO_OF_ONE_CAR}\nb.jpg,{REPO_OF_ONE_CAR}\nc.jpg,other\n")
    (tmp_path / "cars/rusty.csv").write_text("file,group,repo\ns1.jpg,beetle,other\ns2.jpg,beetle,other\n")
    assert cars_of(tmp_path) == {"a": ONE_CAR, "b": ONE_CAR, "c": "c", "s1": "beetle", "s2": "beetle"}
    assert not is_held_out(ONE_CAR), "networks were trained on most of its photos"


def make_data(root: Path) -> None:
    """Twelve tiny "cars", blue or with brown noise, in the shape of the real folder."""
    dice = np.random.default_rng(0)
    cars = root / "cars"
    for folder in ("clean", "rusty", "rust_masks", "rust_textures"):
        (cars / folder).mkdir(parents=True)
    for mask in ("car", "paint"):
        (root / "labels" / mask).mkdir(parents=True)
    for folder in ("images", "masks"):
        (root / "steel_structures" / folder).mkdir(parents=True)
    rusty, clean = [], []
    for i in range(20):
        level = i % 4
        rgb = np.full((48, 64, 3), (30, 60, 140), np.uint8)
        rust = np.zeros((48, 64), np.uint8)
        rust[: (0, 5, 15, 40)[level]] = 255
        rgb[rust > 0] = dice.integers(40, 120, (int((rust > 0).sum()), 3), np.uint8)
        name = f"x{i:03d}"
        cv2.imwrite(str(cars / ("rusty" if level else "clean") / f"{name}.jpg"), rgb[..., ::-1])
        if level:
            cv2.imwrite(str(cars / "rust_masks" / f"{name}.png"), rust)
            rusty.append({"file": f"{name}.jpg", "severity": SEVERITIES[level], "view": "part", "group": name})
        else:
            for mask in ("car", "paint"):
                cv2.imwrite(str(root / "labels" / mask / f"{name}.png"), np.full((48, 64), 255, np.uint8))
            clean.append({"file": f"{name}.jpg", "repo": "none"})
    rust = np.array([40, 80, 150]) + dice.integers(-20, 20, (64, 64, 1))
    cv2.imwrite(str(cars / "rust_textures" / "t.jpg"), rust.astype(np.uint8))
    cv2.imwrite(str(root / "steel_structures/images/s.jpg"), dice.integers(40, 120, (64, 64, 3), np.uint8))
    cv2.imwrite(str(root / "steel_structures/masks/s.png"), dice.integers(0, 4, (64, 64), np.uint8))
    for name, rows in (("rusty", rusty), ("clean", clean)):
        with (cars / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.slow
@pytest.mark.parametrize("script", ["car_grade.py", "judge.py"])
def test_training_runs_at_toy_size(tmp_path: Path, script: str) -> None:
    make_data(tmp_path / "data")
    run(script, "--data", tmp_path / "data", "--out", tmp_path / "out", "--labels", tmp_path / "data/labels", "--smoke")
    if script == "car_grade.py":
        report = json.loads((tmp_path / "out/report.json").read_text())
        counts = np.array(report["confusion"]["counts"])
        assert counts.sum(axis=1).tolist() == [5, 5, 5, 5]
        assert report["metrics"]["accuracy"]["value"] == pytest.approx(np.trace(counts) / 20, abs=1e-4)
        assert (tmp_path / "out/last.pt").exists()
        photos = load_photos(tmp_path / "data", tmp_path / "data/labels")
        check_fold_graders(photos, tmp_path / "out")


def check_fold_graders(photos: list[GradedPhoto], run_of: Path) -> None:
    """As judges of made pictures they answer about the photo itself what they answered when it was left out."""
    graders = FoldGraders(run_of)
    again = np.concatenate([graders.levels(photo.name, [photo.rgb]) for photo in photos])
    assert again == pytest.approx(probabilities_at(graders.logits, graders.temperature), abs=1e-3)
    right = again.argmax(axis=1)[:5] == 0
    assert graders.on_real()["graded_as_asked_none"]["value"] == pytest.approx(right.mean(), abs=1e-4)
