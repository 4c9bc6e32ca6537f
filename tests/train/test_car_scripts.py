"""The scripts that train and score networks of cars run as anyone would run them, on a data folder of tiny drawn cars."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from car_cyclegan import Config, ImagePool, adversarial, lambda_at, rate_at, to_network, to_picture
from car_outlines import Outline, read_outlines
from car_pictures import GREY, Picture, car_of, masked, patches, random_crop, read_pictures, square
from car_scores import LEAST_REAL, OF_ONE_CAR, reference
from PIL import Image
from scripts import run
from sklearn.metrics import roc_auc_score
from support import is_held_out

from corrovis.results import SEVERITIES

ROOT = Path(__file__).resolve().parents[2]
SIZE = (48, 72)


def drawn_car(rust: float, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(48, 72, 3) a box of any colour before a bright wall, a share of it brown, and its mask (48, 72) 0 / 255."""
    rgb = np.full((*SIZE, 3), 200, np.uint8)
    car = np.zeros(SIZE, np.uint8)
    car[12:42, 6:66] = 255
    rgb[car > 0] = dice.integers(30, 220, 3)
    brown = (car > 0) & (dice.random(SIZE) < rust)
    rgb[brown] = (120, 70, 35)
    return dice.normal(rgb, 4).clip(0, 255).astype(np.uint8), car


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: ten clean cars with masks, six of each severity, some of all held out."""
    root, dice = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name in ("clean", "rusty", "car_masks", "rust_masks"):
        (root / "cars" / name).mkdir(parents=True)
    rows = ["file,severity,view,rust_mask,group,repo,licence"]
    for level, severity in enumerate(SEVERITIES):
        names = iter(f"{severity}{n}" for n in range(1000))
        kept_back, count = 3, 10 if level == 0 else 6
        chosen = [next(n for n in names if is_held_out(n) == (k < kept_back)) for k in range(count)]
        for name in chosen:
            rgb, car = drawn_car((0, 0.05, 0.3, 0.8)[level], dice)
            Image.fromarray(rgb).save(root / "cars" / ("rusty" if level else "clean") / f"{name}.jpg")
            Image.fromarray(car).save(root / "cars/car_masks" / f"{name}.png")
            if level:
                rows.append(f"{name}.jpg,{severity},whole,0,{name},drawn,own")
    (root / "cars/rusty.csv").write_text("\n".join(rows) + "\n")
    clean = "\n".join(f"{path.name},1,drawn,own" for path in sorted((root / "cars/clean").iterdir()))
    (root / "cars/clean.csv").write_text(f"file,car_mask,repo,licence\n{clean}\n")
    return root


@pytest.fixture(scope="module")
def checkpoint(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cyclegan")
    run("car_cyclegan.py", "--data", data, "--out", out, "--smoke")
    return out / "last.pt"


@pytest.mark.slow
def test_cyclegan_trains_six_generators_and_four_discriminators(checkpoint: Path) -> None:
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] == 2
    generators = {f"none_to_{level}" for level in SEVERITIES[1:]} | {f"{level}_to_none" for level in SEVERITIES[1:]}
    assert {name.split(".")[0] for name in state["generators"]} == generators
    assert {name.split(".")[0] for name in state["discriminators"]} == set(SEVERITIES)
    assert (checkpoint.parent / "sheet_000002.png").exists()


@pytest.mark.slow
def test_cyclegan_resumes_where_it_was_with_the_ablations(data: Path, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(checkpoint.read_bytes())
    options = ("--smoke", "--resume", "--no-mask", "--no-optimiser", "--lambda-end", "1")
    said = run("car_cyclegan.py", "--data", data, "--out", tmp_path, *options)
    assert "'mask': False" in said
    assert "'optimise': False" in said
    assert "'lambda_end': 1.0" in said
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 4


@pytest.mark.slow
def test_evaluation_scores_the_paper_and_says_what_it_skipped(data: Path, checkpoint: Path, tmp_path: Path) -> None:
    report = tmp_path / "car.json"
    options = (
        "--cyclegan",
        checkpoint,
        "--weights",
        tmp_path / "none",
        "--runs",
        tmp_path,
        "--report",
        report,
        "--out",
        tmp_path,
    )
    run("evaluate.py", "car", "--data", data, "--smoke", *options)
    found = json.loads(report.read_text())
    assert set(found["metrics"]) == {"car-cyclegan"}
    assert set(found["skipped"]) == {"store", "car-mask", "car-rust", "fold_graders"}
    scores = found["metrics"]["car-cyclegan"]
    for level in SEVERITIES[1:]:
        for name in ("fd_lite0_crops", "kid_lite0_patches", "graded_as_asked", "rust_share_by_colour", "delta_e_off_rust"):
            score = scores[f"{name}_{level}"]
            assert score["low"] <= score["value"] <= score["high"]
            assert score["n"] >= 3
    assert set(found["anchors"]) == {"unrusted", "real_halves", "real_cars"}
    assert (tmp_path / "car.png").exists()

    run("evaluate.py", "car", "--data", data, "--smoke", *options[2:])
    again = json.loads(report.read_text())
    assert again["metrics"] == found["metrics"], "without a checkpoint, the paper's scores are those of the report before"
    assert again["notes"]["car-cyclegan"]["earlier_run"]


@pytest.mark.slow
def test_mask_trains_on_another_encoder(data: Path, tmp_path: Path) -> None:
    options = (
        "--data",
        data,
        "--labels",
        tmp_path,
        "--encoder",
        "mobilenet_v2",
        "--init",
        "random",
        "--out",
        tmp_path,
        "--smoke",
    )
    run("car_mask.py", *options)
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 2


@pytest.mark.slow
def test_mask_trains_and_goes_on_with_its_own_labels(data: Path, tmp_path: Path) -> None:
    (tmp_path / "labels/car").mkdir(parents=True)
    for path in (data / "cars/car_masks").iterdir():
        (tmp_path / "labels/car" / path.name).write_bytes(path.read_bytes())
    options = ("--data", data, "--labels", tmp_path / "labels", "--encoder", "yolov8n", "--smoke")
    run("car_mask.py", *options, "--init", "random", "--out", tmp_path / "first")
    run("car_mask.py", *options, "--start", tmp_path / "first/last.pt", "--out", tmp_path / "second")
    assert torch.load(tmp_path / "second/last.pt", weights_only=True)["step"] == 2
    assert len(list((tmp_path / "second/labels/car").iterdir())) == 28
    assert 0 <= json.loads((tmp_path / "second/scores.json").read_text())["car_iou"] <= 1


@pytest.fixture
def rust(tmp_path: Path) -> Path:
    """A data folder: four rusty cars, two of them held out, with masks of their rust, and a close-up."""
    root, dice = tmp_path / "data", np.random.default_rng(0)
    for name in ("rusty", "rust_masks", "rust_textures"):
        (root / "cars" / name).mkdir(parents=True)
    names = [f"r{n}" for n in range(40)]
    chosen = [name for kept_back in (True, False) for name in [n for n in names if is_held_out(n) == kept_back][:2]]
    rows = [f"{name}.jpg,{name},drawn" for name in chosen]
    for name in chosen:
        rgb, mask = drawn_car(0, dice)[0], np.zeros(SIZE, np.uint8)
        mask[28:42, 6:66] = 255
        rgb[mask > 0] = (120, 70, 35)
        Image.fromarray(rgb).save(root / f"cars/rusty/{name}.jpg")
        Image.fromarray(mask).save(root / f"cars/rust_masks/{name}.png")
    Image.fromarray(np.full((64, 64, 3), (120, 70, 35), np.uint8)).save(root / "cars/rust_textures/t.jpg")
    (root / "cars/rusty.csv").write_text("\n".join(["file,group,repo", *rows]) + "\n")
    (root / "cars/clean.csv").write_text("file,repo\n")
    return root


@pytest.mark.slow
def test_rust_is_learned_from_photographs_of_it(rust: Path, tmp_path: Path) -> None:
    run("car_rust.py", "--data", rust, "--out", tmp_path, "--features", "none", "--smoke")
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 2
    assert Image.open(tmp_path / "sheet_2.png").size == (10 * 32, 4 * 32)
    made = json.loads((tmp_path / "state.json").read_text())
    assert made["data"].startswith("3 public photos"), "two cars of four are held out, and the close-up"
    assert made["steps"] == 2


@pytest.mark.slow
def test_where_rust_begins_is_measured(rust: Path, toy_weights: Path, tmp_path: Path) -> None:
    """All the drawn rust lies low on its car, so how low a pixel lies tells rust from paint."""
    run("car_onset.py", "--data", rust, "--out", tmp_path, "--weights", toy_weights, "--smoke")
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["auc_by_hand"]["folds"]) > 1
    mask = np.asarray(Image.open(next((rust / "cars/rust_masks").iterdir()))) > 0
    rows_alone = roc_auc_score(mask.ravel(), np.repeat(np.arange(SIZE[0]), SIZE[1]))
    assert report["auc_alone"]["lowness"] == pytest.approx(rows_alone, abs=0.03)


def test_pictures_know_their_domain_mask_and_hold_out(data: Path) -> None:
    pictures = read_pictures(data, None)
    assert {s: sum(p.severity == s for p in pictures) for s in SEVERITIES} == {"none": 10, "mild": 6, "moderate": 6, "severe": 6}
    assert sum(p.held_out for p in pictures) == 12
    assert all(p.car[12:42, 6:66].all() and p.car.sum() == 30 * 60 for p in pictures)


def test_outlines_take_from_the_car_and_put_back() -> None:
    car = np.zeros((40, 60), np.uint8)
    car[5:35, 5:55] = 255
    window, pillar = (
        [[10.0, 10.0], [30.0, 10.0], [30.0, 20.0], [10.0, 20.0]],
        [[18.0, 10.0], [20.0, 10.0], [20.0, 20.0], [18.0, 20.0]],
    )
    _, paint = Outline([window], [pillar]).masks(car)
    assert paint[15, 12] == 0
    assert paint[15, 19] == 255, "put back"
    assert paint[30, 30] == 255
    assert (paint > 0).sum() == pytest.approx(30 * 50 - 20 * 10 + 2 * 10, rel=0.03)
    drawn_again, _ = Outline([], [], [[0.0, 0.0], [30.0, 0.0], [30.0, 40.0], [0.0, 40.0]]).masks(car)
    assert drawn_again[2, 2] == 255
    assert drawn_again[20, 50] == 0


def test_every_outline_lies_in_a_photo() -> None:
    """Photos of the set are at most 480 px long; a polygon that leaves its photo by more than the rim is a slip of the pen."""
    outlines = read_outlines()
    assert len(outlines) == 155
    for name, outline in outlines.items():
        polygons = outline.not_paint + outline.paint + ([outline.car] if outline.car else [])
        corners = np.array([corner for polygon in polygons for corner in polygon])
        assert corners.min() > -40, name
        assert corners.max() < 520, name


def test_a_mask_that_missed_the_car_is_not_believed(tmp_path: Path) -> None:
    almost_nothing = np.zeros(SIZE, np.uint8)
    almost_nothing[:5, :5] = 255
    Image.fromarray(almost_nothing).save(tmp_path / "a.png")
    assert car_of("a", np.zeros((*SIZE, 3), np.uint8), [tmp_path]).all()


def picture(car: np.ndarray) -> Picture:
    return Picture("p", "p", "none", np.full((*car.shape, 3), 50, np.uint8), car)


def test_a_level_is_compared_with_enough_cars_and_few_photos_of_each() -> None:
    """One car is shown 30 times, one twice; of the others are as many as make it enough cars held out, or one too few."""
    names = [f"car{n}" for n in range(200)]
    kept_back, known = ([name for name in names if is_held_out(name) == wanted] for wanted in (True, False))
    counts = {name: {kept_back[0]: 30, kept_back[1]: 2}.get(name, 1) for name in [*kept_back[:LEAST_REAL], *known[:5]]}
    shown = [Picture(f"{car}-{n}", car, "mild", GREY, GREY) for car, count in counts.items() for n in range(count)]
    photos, called = reference(shown, 1)
    assert called == "held-out real"
    assert Counter(p.group for p in photos) == {car: min(counts[car], OF_ONE_CAR) for car in kept_back[:LEAST_REAL]}
    photos, called = reference([p for p in shown if p.group != kept_back[2]], 1)
    assert called.startswith("all real")
    assert {p.group for p in photos} == counts.keys() - {kept_back[2]}
    assert reference(shown, 2)[0] == []


def test_windows_lie_left_centre_and_right_of_the_car() -> None:
    car = np.zeros((100, 300), bool)
    car[30:70, 50:250] = True
    left, centre, right = (square(car, place) for place in (0.0, 0.5, 1.0))
    assert (left.side, left.x, right.x + right.side) == (42, 50, 250)
    assert centre.x + centre.side / 2 == pytest.approx(150, abs=1)
    assert all(w.y == 29 for w in (left, centre, right))


@pytest.mark.parametrize("size", [(40, 90), (90, 40), (64, 64)])
def test_windows_never_leave_the_picture(size: tuple[int, int]) -> None:
    close_up = np.ones(size, bool)
    for place in (0.0, 0.5, 1.0):
        window = square(close_up, place, 0.8)
        assert window.cut(close_up.astype(np.uint8), 16).shape == (16, 16)
        assert min(window.x, window.y) >= 0
        assert window.x + window.side <= size[1]
        assert window.y + window.side <= size[0]
    for window in patches(picture(close_up), 3, random.Random(0)):
        assert 8 <= window.side <= min(size)


def test_patches_lie_inside_the_car() -> None:
    car = np.zeros((100, 300), bool)
    car[20:80, 50:250] = True
    found = patches(picture(car), 6, random.Random(0))
    assert len(found) == 6
    assert all(car[w.y : w.y + w.side, w.x : w.x + w.side].mean() > 0.85 for w in found)


def test_masked_pictures_are_grey_outside_the_car() -> None:
    car = np.zeros((60, 60), bool)
    car[20:40, 20:40] = True
    assert (masked(np.zeros((60, 60, 3), np.uint8), car)[~car] == GREY).all()
    crop = random_crop(picture(car), 32, True, random.Random(0))
    assert set(np.unique(crop)) <= {50, GREY}
    assert set(np.unique(random_crop(picture(car), 32, False, random.Random(0)))) == {50}


def test_pictures_go_to_the_network_and_back_unchanged() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert np.array_equal(to_picture(to_network(rgb)), rgb)


def test_adversarial_loss_is_least_squares() -> None:
    assert adversarial(torch.full((1, 1, 2, 2), 0.5), True).item() == pytest.approx(0.25)
    assert adversarial(torch.full((1, 1, 2, 2), 2.0), False).item() == pytest.approx(4.0)


def test_lambda_and_rate_follow_their_schedules() -> None:
    assert [lambda_at(Config(), p) for p in (0, 0.5, 1)] == [10, 10, 10]
    assert [lambda_at(Config(lambda_end=2), p) for p in (0, 0.5, 1)] == [10, 6, 2]
    assert [rate_at(p) for p in (0, 0.5, 0.75, 1)] == [1, 1, 0.5, 0]


def test_pool_fills_then_returns_older_pictures_half_the_time() -> None:
    pool = ImagePool(50, random.Random(0))
    assert all(pool.swap(torch.tensor(k)) == k for k in range(50))
    older = sum(int(pool.swap(torch.tensor(k))) != k for k in range(50, 1050))
    assert 430 < older < 570
    assert len(pool.pictures) == 50
