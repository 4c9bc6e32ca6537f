"""The steel scripts run as anyone would run them, on a data folder of drawn patches; the split parts blocks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pegan
import pytest
import rivals
import steel_data
import torch
from distances import Sample
from drawn_steel import CLASSES, draw_steel
from inspector_gain import command_of, gain
from pegan import Deck
from scripts import run
from steel_data import Patches
from steel_evaluation import with_kept
from steel_methods import Translator, draw
from steel_scores import agreement, copies, coverage, erasing, likeness
from torch import nn

from corrovis.errors import BadInputError
from corrovis.manifest import read_manifest
from corrovis.settings import WEIGHTS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_steel(tmp_path_factory.mktemp("data"))


def test_the_parts_share_no_block_and_no_neighbour(data: Path) -> None:
    parts = {part: steel_data.load(data, part, 32) for part in ("train", "held_out")}
    assert parts["train"].classes == CLASSES
    assert not set(parts["train"].groups) & set(parts["held_out"].groups)
    assert len(parts["held_out"]) == 3 * (steel_data.BLOCK - 2 * steel_data.MARGIN)
    assert len(parts["train"]) == 3 * (60 - 2 * steel_data.MARGIN)


def test_a_folder_without_clean_patches_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dots").mkdir()
    with pytest.raises(BadInputError, match="background"):
        steel_data.load(tmp_path, "train")


@pytest.mark.slow
@pytest.mark.parametrize("ablation", [[], ["--no-elimination"], ["--no-reconstruction"]], ids=str)
def test_pegan_trains_and_resumes(ablation: list[str], data: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--out", tmp_path, "--smoke", *ablation)
    run("pegan.py", *options)
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    assert state["step"] == 2
    assert all(tensor.isfinite().all() for tensor in state["average"].values())
    run("pegan.py", *options, "--resume")
    assert list(tmp_path.glob("sheet_*.png"))


def test_a_sheet_in_between_leaves_the_generator_learning(data: Path) -> None:
    deck = Deck(steel_data.load(data, "train", 32), np.random.default_rng(0), torch.device("cpu"))
    rival = rivals.Drawing(rivals.Config(side=32, width=4, batch=4), deck)
    rival.make(np.array([0, 1]))
    assert rival.generator.training


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dcgan", "lsgan", "cyclegan", "stargan"])
def test_rivals_train_and_resume(method: str, data: Path, tmp_path: Path) -> None:
    options = (method, "--data", data, "--out", tmp_path, "--smoke")
    run("rivals.py", *options)
    run("rivals.py", *options, "--resume")
    assert torch.load(tmp_path / method / "last.pt", weights_only=True)["step"] >= 2
    assert list((tmp_path / method).glob("sheet_*.png"))


def inspector_alone(folder: Path) -> dict[str, Any]:
    """The record of the shipped inspector, whose weights are copied into `folder`."""
    (record,) = (r for r in json.loads((WEIGHTS / "manifest.json").read_text())["models"] if r["name"] == "steel-inspector")
    shutil.copy(WEIGHTS / record["file"], folder)
    return dict(record)


@pytest.mark.slow
def test_methods_are_compared_on_patches_held_out(data: Path, tmp_path: Path) -> None:
    for method in ("pegan", "dcgan"):
        run("rivals.py", method, "--data", data, "--out", tmp_path / "rivals", "--smoke")
    (tmp_path / "manifest.json").write_text(json.dumps({"models": [inspector_alone(tmp_path)]}))
    there = ("--weights", tmp_path, "--report", tmp_path / "steel.json")
    run("release_pegan.py", "--seconds", 1, "--run", tmp_path / "rivals/pegan", *there)
    run("evaluate.py", "steel", "--data", data, "--smoke", "--runs", tmp_path / "rivals", "--out", tmp_path, *there)
    report = json.loads((tmp_path / "steel.json").read_text())
    assert set(report["methods"]) == {"pegan", "dcgan", "augmentation", "steel-pegan"}
    assert {"stargan", "cyclegan", "lsgan"} <= set(report["skipped"])
    for of_method in report["methods"].values():  # untrained features: which is nearer to real patches is chance here
        distance = of_method["mean"]["fd_lite0"]
        assert 0 < distance["value"] < np.inf
    run("release_pegan.py", "--seconds", 1, "--run", tmp_path / "rivals/pegan", *there)
    spec = read_manifest(tmp_path)["steel-pegan"]
    assert spec.classes[-1] == "background"
    assert {"erased", "clean_moved_grey_levels", "untouched_moved_grey_levels", "lpips_of_pairs_mean"} <= set(spec.metrics)
    assert all(score["low"] <= score["value"] <= score["high"] for score in spec.metrics.values())
    assert set(report["made"]["judged_by"]) == set(report["methods"])
    whole, *each = (spec.metrics[name] for name in ("erased", "erased_dots", "erased_stripes"))
    assert whole["n"] == sum(one["n"] for one in each)
    assert whole["value"] == pytest.approx(sum(one["value"] * one["n"] for one in each) / whole["n"], abs=1e-4)
    gains = ("--runs", tmp_path / "rivals", "--weights", tmp_path, "--report", tmp_path / "gain.json")
    run("inspector_gain.py", "--data", data, "--smoke", "--out", tmp_path / "gain", *gains)
    gain_report = json.loads((tmp_path / "gain.json").read_text())
    assert (
        gain_report["made"]["command"] == command_of(gain_report["made"]["steps"]) == "python train/inspector_gain.py --steps 2"
    )
    for arms in gain_report["inspectors"].values():
        made = {f"{name} x 3" for name in ("steel-pegan", "pegan", "dcgan", "more_real", "augmentation")}
        assert {"real alone", "steel-pegan x 0.25", *made} <= set(arms)
        alone = arms["real alone"]["accuracy"]["value"]
        for arm in arms.values():
            assert arm["gain"]["value"] == pytest.approx(arm["accuracy"]["value"] - alone)
            assert arm["gain"]["low"] <= arm["gain"]["value"] <= arm["gain"]["high"]


def test_a_gain_is_of_the_same_seed_and_as_sure_as_seeds_and_blocks_agree() -> None:
    groups = np.repeat(["a", "b", "c", "d"], 5)
    better = np.zeros((3, 20), bool)
    better[:, ::5] = True  # one patch of every block, whichever the seed
    sure = {"value": 0.2, "low": 0.2, "high": 0.2, "n": 20, "blocks": 4, "seeds": 3}
    assert gain(better, np.zeros_like(better), groups) == pytest.approx(sure)
    better[:, 5:] = False
    unsure = gain(better, np.zeros_like(better), groups)
    assert unsure["low"] < 0 < unsure["value"] < unsure["high"], "three seeds drawn again vary too little for percentiles"


def test_copies_are_found_and_strangers_are_not() -> None:
    dice = np.random.default_rng(0)
    train, unseen, blocks = dice.normal(size=(200, 8)), dice.normal(size=(200, 8)), np.arange(200)
    assert copies(Sample(train + 1e-3, blocks), train, unseen)["value"] == 1
    assert copies(Sample(dice.normal(size=(200, 8)), blocks), train, unseen)["value"] < 0.05


def test_coverage_is_full_on_itself_and_none_far_away() -> None:
    real = np.random.default_rng(0).normal(size=(50, 4))
    assert coverage(real, real).all()
    assert not coverage(real + 100, real).any()


class Noise(nn.Module):
    """A generator that draws its noise on the patch, and leaves clean what is to be clean."""

    def forward(self, x: torch.Tensor, wanted: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return (x + noise).clamp(-1, 1)


def two_blocks() -> Patches:
    """40 patches of dots and 40 clean ones, all of one block black, all of the other white."""
    grey = np.tile(np.repeat([0, 255], 20), 2).astype(np.uint8)
    pixels = np.broadcast_to(grey[:, None, None], (80, 16, 16)).copy()
    groups = tuple(f"{name}-{block}" for name in ("dots", "background") for block in "ab" for _ in range(20))
    return Patches(pixels, np.repeat([0, 1], 40), groups, ("dots", "background"))


def test_intervals_of_what_ships_come_from_blocks() -> None:
    """What is so in one block and not in the other is as unsure as two numbers are, however many patches there are."""
    patches = two_blocks()
    translator = Translator(Noise(), Deck(patches, np.random.default_rng(0), torch.device("cpu")))
    made = draw(translator, 0, 200)
    assert set(made.groups) == {"background-a", "background-b"}
    bright = lambda grey: np.eye(2)[(grey.mean(axis=(1, 2)) > 128).astype(int)]  # noqa: E731
    rim = np.where(np.array(made.groups) == "background-a", 0.0, 9.0)[:, None]
    near, far = Sample(rim, made.groups), Sample(np.linspace(-1, 1, 40)[:, None], np.array(patches.groups[:40]))
    scores = agreement({0: made}, bright) | erasing(translator, patches, bright) | likeness(near, far, 5)
    scores |= {"copies": copies(near, far.features, far.features + 5)}
    for name in ("as_asked", "erased", "erased_dots", "precision", "copies"):
        assert 0.3 < scores[name]["value"] < 0.7, name
        assert (scores[name]["low"], scores[name]["high"]) == (0, 1), name
    for name in (*scores.keys() - {"kid", "fd_lite0"},):
        assert scores[name]["blocks"] == 2, name


def test_what_a_method_draws_is_drawn_again() -> None:
    decks = [Deck(two_blocks(), np.random.default_rng(0), torch.device("cpu")) for _ in "xy"]
    torch.manual_seed(1)
    one, other = (draw(Translator(Noise(), deck), 0, 3) for deck in decks)
    assert np.array_equal(one.pixels, other.pixels)
    assert len(np.unique(one.pixels)) > 100


def test_the_paper_preset_is_the_papers() -> None:
    """Adam, weights and sizes as PE-GAN 2024, section 4.2, gives them."""
    config = pegan.PRESETS["paper"]
    assert (config.side, config.batch, config.width, config.width_d, config.blocks) == (128, 16, 32, 64, 6)
    assert (config.cls_real, config.cls_fake, config.rec, pegan.PENALTY) == (2, 5, 10, 10)
    assert config.letter
    small = pegan.Networks(replace(config, side=32, width=4, width_d=4, blocks=1), 10, torch.device("cpu"))
    for optimiser in (small.optimiser_g, small.optimiser_d):
        (group,) = optimiser.param_groups
        assert (group["lr"], group["betas"]) == (1e-4, (0.9, 0.99))


def test_a_method_kept_loses_what_another_inspector_said_of_it() -> None:
    row = {"fd_lite0": {"value": 1.0}, "as_asked": {"value": 0.5}}
    table = {"dots": row, "mean": row, "all": {"as_asked": {"value": 0.5}}, "erasing": {"erased": {"value": 0.5}}}
    before = {"made": {"budgets": {"dcgan": {"step": 9}}, "judged_by": {"dcgan": "aa"}}, "methods": {"dcgan": table}}
    now = {"made": {"budgets": {}, "judged_by": {"pegan": "aa"}}, "methods": {"pegan": table}, "skipped": {"dcgan": "gone"}}
    same, other = with_kept(now, before, "aa"), with_kept(now, before, "bb")
    assert same["methods"] == {"pegan": table, "dcgan": table}
    assert same["made"]["judged_by"] == {"pegan": "aa", "dcgan": "aa"}
    bare = {"fd_lite0": {"value": 1.0}}
    assert other["methods"]["dcgan"] == {"dots": bare, "mean": bare}
    assert other["made"] == {"budgets": {"dcgan": {"step": 9}}, "judged_by": {"pegan": "aa"}}
    assert "earlier run" in other["skipped"]["dcgan"]
