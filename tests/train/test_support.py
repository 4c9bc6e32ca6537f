"""What all training scripts share: where a smoke test writes, how a run goes on, which masks are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from annotate import annotate, read_annotation
from distances import Lite0
from material import lesson_of
from material_data import Sample
from PIL import Image
from safetensors.torch import save_file
from segmenting import Config, Lesson, Run, fit
from support import arguments, read_kept, write_kept
from torch import nn

from corrovis.settings import WEIGHTS


def test_a_smoke_test_writes_neither_runs_nor_reports_nor_shipped_weights(tmp_path: Path) -> None:
    parser = arguments("", "runs/x")
    parser.add_argument("--report", type=Path, default=Path("train/reports/x.json"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    where = ["--data", "d", "--out", str(tmp_path)]
    real, smoke = parser.parse_args(where), parser.parse_args([*where, "--smoke"])
    assert (real.report, real.weights) == (Path("train/reports/x.json"), WEIGHTS)
    assert (smoke.report, smoke.weights) == (tmp_path / "report.json", tmp_path / "weights")
    assert (smoke.weights / "manifest.json").read_bytes() == (WEIGHTS / "manifest.json").read_bytes()
    nowhere = ["--data", "d", "--smoke", "--weights", "mine"]
    assert parser.parse_args(nowhere).out == Path("runs/smoke/x"), "nor checkpoints where a real run lies"
    assert parser.parse_args(nowhere).report == Path("runs/smoke/x/report.json")
    named = parser.parse_args([*where, "--smoke", "--report", "mine.json", "--weights", "mine"])
    assert (named.report, named.weights) == (Path("mine.json"), Path("mine"))


def test_data_that_is_missing_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CORROVIS_DATA", raising=False)
    with pytest.raises(SystemExit):
        arguments("", "runs/x").parse_args([])
    assert "--data is missing" in capsys.readouterr().err


class SwitchedOffError(Exception):
    """The machine was."""


def lesson_of_numbers(first: int, end: int = 1000) -> Lesson:
    """Lessons number `first` and on; before number `end` the machine is switched off."""
    numbers = iter(range(first, end))

    def lesson(network: nn.Module, device: torch.device) -> torch.Tensor:
        number = next(numbers, None)
        if number is None:
            raise SwitchedOffError
        found: torch.Tensor = (network(torch.randn(4, 3, generator=torch.Generator().manual_seed(number))) - 1).square().mean()
        return found

    return lesson


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    """The running mean of the weights goes on too, which a new mean would not."""

    def network() -> nn.Module:
        torch.manual_seed(0)
        return nn.Linear(3, 1)

    config = Config(steps=60, lr=0.1)
    whole = fit(network(), lesson_of_numbers(0), config, Run(tmp_path / "a.pt"))
    with pytest.raises(SwitchedOffError):
        fit(network(), lesson_of_numbers(0, 52), config, Run(tmp_path / "b.pt"))
    resumed = fit(network(), lesson_of_numbers(50), config, Run(tmp_path / "b.pt", resume=True))
    for name, value in whole.state_dict().items():
        assert torch.allclose(resumed.state_dict()[name], value, atol=1e-6), name


@pytest.mark.parametrize("deep", [False, True])
def test_a_picture_is_annotated_alike_at_8_and_16_bits(deep: bool, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).normal(150, 6, (120, 160))
    grey[40:60, 30:90] = 60  # a pit
    grey = grey.clip(0, 255).astype(np.uint8)
    Image.fromarray(grey.astype(np.uint16) * 257 if deep else grey).save(tmp_path / "a.png")
    Image.fromarray(grey).save(tmp_path / "b.png")
    mask, same = (annotate(tmp_path / name, "otsu") for name in ("a.png", "b.png"))
    assert mask.shape == grey.shape
    assert 0.01 < mask.mean() < 0.5
    assert (mask == same).mean() > 0.999


def test_what_was_computed_from_something_else_is_not_kept(tmp_path: Path) -> None:
    write_kept(tmp_path / "a.npz", "one", {"x": np.arange(3)})
    found = read_kept(tmp_path / "a.npz", "one")
    assert found is not None
    assert found.keys() == {"x"}
    assert read_kept(tmp_path / "a.npz", "other") is None
    assert read_kept(tmp_path / "b.npz", "one") is None
    np.savez(tmp_path / "old.npz", x=np.arange(3))
    assert read_kept(tmp_path / "old.npz", "one") is None, "nobody knows what that is from"


def test_features_say_which_file_and_size_they_are_from(tmp_path: Path) -> None:
    state = timm.create_model("tf_efficientnet_lite0").state_dict()
    save_file(state, tmp_path / "w.safetensors")
    one, small = (Lite0(str(tmp_path / "w.safetensors"), side).key for side in (224, 128))
    save_file(state | {"bn2.bias": state["bn2.bias"] + 1}, tmp_path / "w.safetensors")
    assert len({one, small, Lite0(str(tmp_path / "w.safetensors")).key, Lite0("none").key}) == 4


def test_masks_may_hold_class_numbers_or_black_and_white(tmp_path: Path) -> None:
    mask = np.eye(8, dtype=np.uint8)
    Image.fromarray(mask).save(tmp_path / "numbers.png")
    Image.fromarray(mask * 255).save(tmp_path / "white.png")
    np.save(tmp_path / "array.npy", mask)
    for name in ("numbers", "white", "array"):
        assert np.array_equal(read_annotation(tmp_path, name), mask == 1)


def test_a_lab_may_call_an_alloy_as_ours_is_called_and_have_few_specimens() -> None:
    grey = np.zeros((8, 8), np.uint8)
    names = ("304 stainless steel", "316L")
    lesson = lesson_of([Sample(f"{m}{s}", m, f"{m}{s}", grey) for m in names for s in range(2)])
    assert lesson.classes == names
    assert [len(held_out) for _, held_out in lesson.folds()] == [2, 2]
    assert all(len(set(lesson.labels[known])) == 2 for known, _ in lesson.folds())
