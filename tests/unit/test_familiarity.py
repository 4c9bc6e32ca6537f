"""Pictures of another kind are told: the distance is that of a known Gaussian, and the shipped records warn of strangers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from export import Release, export
from micrographs import grains

from corrovis.images import read_photo
from corrovis.manifest import read_manifest
from corrovis.networks.familiarity import Familiarity
from corrovis.results import Byte
from corrovis.sem import familiarity, inspection, material
from corrovis.sem.familiarity import SEEN_BY, SIDE, cut_windows, record_of, seen_windows, strangeness, times_as_far
from corrovis.sem.inspection import Inspector
from corrovis.sem.preparing import prepared
from corrovis.sem.results import Field
from corrovis.sem.segmentation import MODELS, Segmenter
from corrovis.settings import WEIGHTS
from corrovis.store import Store

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = read_manifest(WEIGHTS)
KNOWN = [model for model in MODELS if record_of(model) in SHIPPED]


def field_of(rgb: Byte) -> Field:
    return Field(np.ascontiguousarray(rgb), "drawn.png", (0, len(rgb)))


def test_what_is_too_far_is_never_written_as_1() -> None:
    written = {1.0001: "1.01", 1.04: "1.04", 1.96: "1.96", 3.0: "3.0", 1e6: "99.0"}
    assert {far: times_as_far(far) for far in written} == written
    field = field_of(np.repeat(grains()[..., None], 3, axis=2))
    said = [material.unlike(field.specimen, 1.04), inspection.unlike(field, SHIPPED["ni20cr"], lambda name: 1.04)]
    assert all("1.04 times as far" in text for text in said)


def test_distances_are_those_of_the_gaussian_that_was_drawn() -> None:
    torch.manual_seed(0)
    spread = torch.tensor([5.0, 2.0, 0.5, 0.5, 0.5])
    turn = torch.linalg.qr(torch.randn(5, 5)).Q
    known = Familiarity(5, 2)
    known.learn((torch.randn(20_000, 5) * spread) @ turn + 3)
    far = (torch.eye(5) * 4 * spread) @ turn + 3
    assert known(far) == pytest.approx([4 / 5**0.5] * 5, rel=0.05)
    assert known((torch.randn(5000, 5) * spread) @ turn + 3).square().mean() == pytest.approx(1, abs=0.05)
    assert known(torch.full((1, 5), 3.0)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("size", [(40, 700), (256, 256), (300, 900)])
def test_windows_cover_both_ends(size: tuple[int, int]) -> None:
    seen = np.zeros((*size, 3), np.uint8)
    seen[:10, :10], seen[-10:, -10:] = 255, 200
    found = cut_windows(seen)
    assert all(one.shape == (SIDE, SIDE, 3) for one in found)
    assert found[0][0, 0, 0] == 255
    assert found[-1][-1, -1, 0] == 200
    assert len(found) == (1 if size == (256, 256) else 2 if size[0] < SIDE else 4)


@pytest.mark.parametrize("size", [(40, 300), (300, 520), (130, 1100)], ids=["whole", "four times", "less"])
def test_of_an_enlarged_field_the_same_windows_are_seen(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is enlarged than they show."""
    rgb, how = np.repeat(grains(*size)[..., None], 3, axis=2).astype(np.uint8), {"enlarge": 4, "enlarged_to": 3000}
    wanted = cut_windows(prepared(rgb, how))
    if size == (300, 520):
        monkeypatch.setattr(familiarity, "sized", None)
    found = seen_windows(rgb, how)
    assert len(found) == len(wanted)
    assert all(np.array_equal(*pair) for pair in zip(found, wanted, strict=True))


def test_without_a_record_nothing_is_said(toy_store: Store) -> None:
    assert strangeness(toy_store, field_of(np.zeros((64, 64, 3), np.uint8)), "ni20cr") is None


@pytest.mark.skipif(record_of("pits304") not in SHIPPED, reason="nobody measured what is familiar to pits304")
def test_models_that_learned_from_the_same_pictures_know_the_same() -> None:
    store, field = Store(WEIGHTS), field_of(np.repeat(grains(128, 128)[..., None], 3, axis=2))
    found = strangeness(store, field, "pits304")
    assert found is not None
    assert strangeness(store, field, "pits304-pixels") == found


def test_a_strange_picture_is_warned_of(toy_weights: Path, tmp_path: Path) -> None:
    for path in toy_weights.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    width = 224  # mean and deviation of 112 channels
    known = Familiarity(width, 2)  # knows nothing but zeros
    said = {"about": "Toy", "classes": ("distance",), "limits": "Toy", "config": {"features": width, "directions": 2}}
    export(
        known, Release("ni20cr-familiar", "Familiarity", [[2, width]], input={"of": "ni20cr", "limit": 1e-6}, **said), tmp_path
    )
    field = field_of(np.repeat(grains()[..., None], 3, axis=2))
    (warning, *_) = Inspector(Segmenter(Store(tmp_path))).inspect(field, "ni20cr", explain=False).warnings
    assert warning.startswith("unlike anything in training")


@pytest.mark.parametrize("model", KNOWN)
def test_shipped_statistics_are_of_the_shipped_network(model: str) -> None:
    measured = SHIPPED[record_of(model)].input["seen_by_sha256"]
    assert measured == SHIPPED[SEEN_BY].sha256, f"{SEEN_BY} was released anew: run python train/familiarity.py {model}"


@pytest.mark.parametrize("model", KNOWN)
def test_strangers_are_warned_of(model: str) -> None:
    store, dice = Store(WEIGHTS), np.random.default_rng(0)
    noise = np.repeat(dice.integers(0, 255, (300, 400, 1)), 3, axis=2).astype(np.uint8)
    pictures = [] if model == "pits304" else [noise]  # enlarged tiles of it are noisy themselves: the report has this
    pictures += [np.full((300, 400, 3), 128, np.uint8), np.repeat(grains()[..., None], 3, axis=2)]
    pictures += [read_photo(ROOT / "examples/saloon.jpg").rgb]  # of the others the report has the answer
    assert SHIPPED[record_of(model)].metrics["warned_of_drawn_cars"]["value"] == 1
    for rgb in pictures:
        warnings = Inspector(Segmenter(store)).inspect(field_of(rgb), model, explain=False).warnings
        assert any("unlike anything in training" in warning for warning in warnings)
