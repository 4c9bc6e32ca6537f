"""The surface GAN's scripts run as anyone would run them, on tiny drawn micrographs and a drawn time series."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scripts import run
from sem_gan_scores import MaterialSet, copy_scores
from sem_patches import Micrograph, cut, load_micrographs, split

from corrovis.manifest import read_manifest
from corrovis.store import Store


def spots(dice: np.random.Generator, size: int, side: int = 96) -> np.ndarray:
    """(side, side) uint8: dark spots of `size` pixels on grey, noisy."""
    coarse = dice.random((side // size, side // size)) < 0.2
    grey = 150 - 70 * coarse.repeat(size, axis=0).repeat(size, axis=1)
    return dice.normal(np.pad(grey, (0, side - len(grey)), mode="edge"), 6).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two materials of six pictures each."""
    root, dice = tmp_path_factory.mktemp("sem"), np.random.default_rng(0)
    for name, size in (("fine", 3), ("coarse", 12)):
        (root / name).mkdir()
        for n in range(6):
            Image.fromarray(spots(dice, size)).save(root / name / f"{n}.png")
    return root


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    run("sem_gan.py", "--data", data, "--out", out, "--features", "none", "--smoke")
    return out


@pytest.mark.slow
def test_training_draws_a_sheet_and_resumes(data: Path, trained: Path) -> None:
    assert json.loads((trained / "data.json").read_text())["materials"] == ["coarse", "fine"]
    assert Image.open(trained / "sheet_2.png").size == (6 * 64, 2 * 64)
    before = torch.load(trained / "last.pt", weights_only=True)
    run("sem_gan.py", "--data", data, "--out", trained, "--features", "none", "--smoke", "--resume")
    assert torch.load(trained / "last.pt", weights_only=True)["step"] == before["step"] == 2


@pytest.mark.slow
def test_time_series_teach_the_fifth_frame(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    (tmp_path / "series/one").mkdir(parents=True)
    surface = spots(dice, 8)
    for frame in range(6):
        Image.fromarray((surface * (1 - 0.08 * frame)).astype(np.uint8)).save(tmp_path / f"series/one/{frame}.png")
    run("sem_gan.py", "--clips", tmp_path / "series", "--out", tmp_path / "run", "--features", "none", "--smoke")
    assert torch.load(tmp_path / "run/last.pt", weights_only=True)["generator"]["stem.weight"].shape[1] == 4 * (4 + 1)
    assert Image.open(tmp_path / "run/sheet_2.png").size == (3 * 64, 2 * 64)


@pytest.mark.slow
def test_report_and_release_follow_from_the_checkpoint(data: Path, trained: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    common = ("--data", data, "--smoke", "--report", report)
    run("evaluate.py", "semgan", *common, "--features", "none", "--checkpoint", trained / "last.pt", "--out", tmp_path)
    content = json.loads(report.read_text())
    assert set(content["materials"]) == {"coarse", "fine"}
    assert all(score["low"] <= score["value"] <= score["high"] for score in content["metrics"].values())
    for curve in content["lift"].values():
        assert [point["ratio"] for point in curve] == [0, 0.25, 0.5, 1, 2]
        assert all(0 <= point["low"] <= point["value"] <= point["high"] <= 1 for point in curve)
    run("release_sem_gan.py", *common, "--out", trained, "--seconds", "1", "--weights", tmp_path / "weights")
    spec = read_manifest(tmp_path / "weights")["sem-gan"]
    assert spec.classes == ("coarse", "fine")
    assert spec.metrics == content["metrics"]
    limits = Store(tmp_path / "weights").network("sem-gan").limits
    assert torch.isfinite(limits).all()
    assert (limits[..., 0] <= limits[..., 1]).all()


def test_whole_specimens_are_held_out_of_every_material(data: Path) -> None:
    learned, held = split(load_micrographs(data))
    assert {p.material for p in held} == {p.material for p in learned} == {"coarse", "fine"}
    assert not {(p.material, p.group) for p in held} & {(p.material, p.group) for p in learned}
    assert len(held) <= len(learned)


def test_patches_have_common_grey_levels_and_little_emptiness(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    grey = dice.normal(6, 2.5, (400, 400)).clip(0, 11).astype(np.uint8)
    grey[150:300] = dice.normal(180, 5, (150, 400)).clip(0, 255)
    (tmp_path / "band").mkdir()
    Image.fromarray(grey).save(tmp_path / "band/a.png")
    (picture,) = load_micrographs(tmp_path)
    assert picture.empty.mean() == pytest.approx(250 / 400, abs=0.05)
    cuts = [cut(picture, 64, random.Random(n)) for n in range(20)]
    assert all(patch.shape == (64, 64) for patch in cuts)
    assert np.mean([(patch <= -0.99).mean() for patch in cuts]) < 0.35


def test_a_copied_patch_is_found() -> None:
    dice = np.random.default_rng(0)
    source = dice.normal(0, 0.3, (120, 120)).astype(np.float32)
    other = dice.normal(0, 0.3, (64, 64)).astype(np.float32)
    picture = Micrograph("a", "m", "g", source, source > 9, (128.0, 40.0))
    copied = np.ascontiguousarray(source[20:84, 30:94][:, ::-1])
    found = copy_scores(MaterialSet([], [other], np.array(["g"]), [copied]), [picture], 1)
    assert found["made"]["highest"] == pytest.approx(1, abs=1e-4)
    assert found["held_out"]["highest"] < 0.4
