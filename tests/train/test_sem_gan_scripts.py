"""The surface GAN's scripts run as anyone would run them, on tiny drawn micrographs and a drawn time series."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Run
from PIL import Image
from scripts import run
from sem_gan_scores import MaterialSet, copy_scores
from sem_patches import Micrograph, cut, load_micrographs, read_series, split

from corrovis.manifest import read_manifest
from corrovis.store import Store


def spots(dice: np.random.Generator, size: int, side: int = 96) -> np.ndarray:
    """(side, side) uint8: dark spots of `size` pixels on grey, noisy."""
    coarse = dice.random((side // size, side // size)) < 0.2
    grey = 150 - 70 * coarse.repeat(size, axis=0).repeat(size, axis=1)
    return dice.normal(np.pad(grey, (0, side - len(grey)), mode="edge"), 6).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two materials of six pictures each, those of one in three specimens' folders; a viewer has left its own file."""
    root, dice = tmp_path_factory.mktemp("sem"), np.random.default_rng(0)
    for n in range(6):
        for name, size in ((f"fine/s{n // 2}", 3), ("coarse", 12)):
            (root / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(spots(dice, size)).save(root / name / f"{n}.png")
    (root / "coarse/Thumbs.db").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    run("sem_gan.py", "--data", data, "--out", out, "--features", "none", "--smoke")
    return out


@pytest.mark.slow
def test_training_draws_a_sheet_and_resumes(data: Path, trained: Path) -> None:
    assert json.loads((trained / "state.json").read_text())["materials"] == ["coarse", "fine"]
    assert Image.open(trained / "sheet_2.png").size == (6 * 64, 2 * 64)
    before = torch.load(trained / "last.pt", weights_only=True)
    run("sem_gan.py", "--data", data, "--out", trained, "--features", "none", "--smoke", "--resume")
    assert torch.load(trained / "last.pt", weights_only=True)["step"] == before["step"] == 2


def write_series(folder: Path, depth: type, white: float) -> None:
    """Six frames, named as most cameras count, of which each is darker than the last, and what a viewer has left."""
    folder.mkdir(parents=True)
    surface = spots(np.random.default_rng(0), 8)
    for frame in range(6):
        Image.fromarray((surface * (white * (1 - 0.08 * frame))).astype(depth)).save(folder / f"t{frame + 6}.tif")
    (folder / "Thumbs.db").write_bytes(b"no picture")


@pytest.mark.parametrize(("depth", "white"), [(np.uint8, 1), (np.uint16, 257), (np.uint16, 40)])
def test_frames_come_in_order_on_one_scale(depth: type, white: float, tmp_path: Path) -> None:
    """Whatever the depth, frames keep to each other: here each is 0.08 of the first darker than the last."""
    write_series(tmp_path / "one", depth, white)
    means = [float(frame.mean()) for frame in read_series(tmp_path / "one")]
    steps = np.diff(means) / (means[0] - means[-1])
    assert steps == pytest.approx([-0.2] * 5, abs=0.02)


@pytest.mark.slow
def test_time_series_teach_the_fifth_frame(tmp_path: Path) -> None:
    write_series(tmp_path / "series/one", np.uint8, 1)
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
    run("release_sem_gan.py", *common, "--out", trained, "--weights", tmp_path / "weights")
    spec = read_manifest(tmp_path / "weights")["sem-gan"]
    assert spec.classes == ("coarse", "fine")
    assert spec.metrics == content["metrics"]
    limits = Store(tmp_path / "weights").network("sem-gan").limits
    assert torch.isfinite(limits).all()
    assert (limits[..., 0] <= limits[..., 1]).all()


@pytest.mark.slow
def test_a_labs_folder_becomes_surfaces_and_a_record_of_its_own(data: Path, trained: Path, corrovis: Run, tmp_path: Path) -> None:
    run("release_sem_gan.py", "--data", data, "--smoke", "--out", trained)
    spec = read_manifest(trained)["sem-gan"]
    assert spec.metrics == {}
    assert spec.trained["data"] == "8 of 12 fields, of 6 specimens: 4 coarse, 4 fine"
    assert "--features none" in spec.trained["command"]
    assert (
        f"corrovis synthesize sem --material MATERIAL --out FOLDER --weights {trained / 'sem-gan.safetensors'}\n"
        in (trained / "cards/sem-gan.md").read_text()
    )
    assert "show them, 4 a material" in spec.limits
    own = trained / "sem-gan.safetensors"
    answer = corrovis("synthesize", "sem", "--material", "fine", "-n", 1, "--side", 64, "--weights", own, "--out", tmp_path)
    assert "none of 3 pictures passed the checks" in answer.err, "two steps teach nothing, but it drew and was judged"


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
