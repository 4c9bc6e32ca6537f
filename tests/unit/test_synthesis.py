"""Synthetic surfaces: drawn again from their seeds, checked, dropped and counted, and marked as synthetic in their files."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Run
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.images import read_photo
from corrovis.manifest import read_manifest
from corrovis.networks.sem_gan import SurfaceGAN
from corrovis.render.surface_files import write_surfaces
from corrovis.results import AgedCar
from corrovis.sem.synthesis import ATTEMPTS, CHECKS, REPEAT, Surface, Synthesiser, at_levels, score, similarity
from corrovis.settings import WEIGHTS
from corrovis.steel.results import DefectPlate
from corrovis.store import Store
from corrovis.ui.synthesis_jobs import facts_of


@pytest.fixture
def synthesiser(toy_weights: Path) -> Synthesiser:
    """With a network of its own: tests change its limits."""
    return Synthesiser(Store(toy_weights))


def network_of(synthesiser: Synthesiser) -> SurfaceGAN:
    network = synthesiser.store.network("sem-gan")
    assert isinstance(network, SurfaceGAN)
    return network


def test_a_seed_draws_the_same_surfaces_however_many_are_asked(synthesiser: Synthesiser) -> None:
    many, few = (synthesiser.make("304", count, seed=5, side=64) for count in (3, 2))
    other = synthesiser.make("304", 1, seed=6, side=64)
    assert [s.material for s in many.kept] == ["304 stainless steel"] * 3
    for one, same in zip(few.kept, many.kept[:2], strict=True):
        assert np.array_equal(one.grey, same.grey)
    assert not np.array_equal(other.kept[0].grey, many.kept[0].grey)
    assert not np.array_equal(many.kept[0].grey, many.kept[1].grey)


def test_scores_stand_beside_those_of_real_pictures_where_they_are_known(synthesiser: Synthesiser, tmp_path: Path) -> None:
    network_of(synthesiser).limits[1, CHECKS.index("ssim")] = torch.tensor([-0.5, 1.2])
    network_of(synthesiser).limits[1, CHECKS.index("gradient")] = torch.tensor([-0.2, 1.5])
    answer = write_surfaces(synthesiser.make("304", 1, side=64), tmp_path)
    assert answer["limits"]["ssim"] == [-0.5, 1], "no likeness is above 1"
    assert answer["limits"]["discriminator"] == [None, None], "the toy has none"
    with Path(answer["table"]).open(newline="") as table:
        (row,) = csv.DictReader(table)
    ends = [float(row[f"{check}_{end}"]) for check in ("ssim", "gradient") for end in ("lowest", "highest")]
    assert ends == [-0.5, 1, 0, 1.5], "no step is below 0"
    assert row["discriminator_lowest"] == ""
    facts = facts_of(answer)
    assert "(real -0.5 to 1)" in facts
    assert "(no range of real pictures is known)" in facts


@pytest.mark.parametrize("side", [64, 97, 200])
def test_surfaces_have_any_size(synthesiser: Synthesiser, side: int) -> None:
    (surface,) = synthesiser.make("Ni-20Cr", 1, side=side).kept
    assert surface.grey.shape == (side, side)
    assert set(surface.scores) == set(CHECKS)


def test_what_fails_is_dropped_and_counted(synthesiser: Synthesiser) -> None:
    network_of(synthesiser).limits[0, CHECKS.index("gradient")] = torch.tensor([5.0, 6.0])
    made = synthesiser.make("Ni-20Cr", 2, side=64)
    assert not made.kept
    assert len(made.dropped) == 2 * ATTEMPTS
    assert made.reasons == {"gradient": 2 * ATTEMPTS}
    with pytest.raises(BadInputError, match=r"none of 6 pictures passed the checks \(gradient 6\)"):
        write_surfaces(made, Path())


@pytest.mark.parametrize("material", read_manifest(WEIGHTS)["sem-gan"].classes)
def test_the_shipped_generator_draws_every_material_at_default_size(material: str) -> None:
    made = Synthesiser(Store(WEIGHTS)).make(material, 2, side=256)
    assert len(made.kept) == 2
    for surface, check in product(made.kept, CHECKS):
        assert made.limits[check][0] <= surface.scores[check] <= made.limits[check][1]


def test_a_generator_that_repeats_itself_is_caught(synthesiser: Synthesiser) -> None:
    class Constant(torch.nn.Module):
        def forward(self, frames: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
            return torch.zeros_like(frames)

    network_of(synthesiser).generator = Constant()  # type: ignore[assignment]
    made = synthesiser.make("304", 2, side=64)
    assert len(made.kept) == 1
    assert made.reasons == {REPEAT: 2 * ATTEMPTS - 1}


def test_gradient_of_a_ramp_is_half_its_slope(synthesiser: Synthesiser) -> None:
    ramp = np.tile(np.linspace(-0.64, 0.62, 64, dtype=np.float32), (64, 1))
    assert score(network_of(synthesiser), 0, ramp)["gradient"] == pytest.approx(0.01, rel=1e-4)


def test_verdict_does_not_depend_on_the_size(synthesiser: Synthesiser) -> None:
    """A picture laid out twice in each direction is as real as it was."""
    picture = np.random.default_rng(0).normal(0, 0.3, (64, 64)).clip(-1, 1).astype(np.float32)
    one, four = (score(network_of(synthesiser), 0, seen)["discriminator"] for seen in (picture, np.tile(picture, (2, 2))))
    assert four == pytest.approx(one, abs=1e-5)


def test_levels_are_those_of_the_material() -> None:
    picture = np.random.default_rng(0).normal(0, 40 / 127.5, (200, 200)).astype(np.float32)
    grey = at_levels(picture, torch.tensor([90.0, 10.0]))
    assert grey.mean() == pytest.approx(90, abs=0.3)
    assert grey.std() == pytest.approx(10, abs=0.3)


def test_similarity_is_1_for_the_same_and_low_for_others() -> None:
    one, other = np.random.default_rng(0).integers(0, 256, (2, 100, 100)).astype(np.uint8)
    assert similarity(one, one) == 1
    assert similarity(one, other) < 0.3


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (("copper", 1, 0, 64), "choose one of Ni-20Cr alloy, 304 stainless steel"),
        (("", 1, 0, 64), "choose one of"),
        (("st", 1, 0, 64), "material 'st' is none that the generator knows; choose one of"),
        (("tainless", 1, 0, 64), "material 'tainless' is none that"),
        (("304", 0, 0, 64), "1 to 200"),
        (("304", 1, -1, 64), "seed -1 is outside 0 to 9007199254740992"),
        (("304", 1, 2**53 + 1, 64), "seed 9007199254740993 is outside"),
        (("304", 1, 0, 20), "64 to 1024"),
    ],
)
def test_bad_requests_are_refused(synthesiser: Synthesiser, request_: tuple[str, int, int, int], says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        synthesiser.make(*request_)


def test_a_material_is_named_in_full_or_from_a_words_start_on() -> None:
    shipped = Synthesiser(Store(WEIGHTS))
    named = {"ni20cr": "Ni-20Cr alloy", "oxi": "oxide coating", "lead bismuth": "stainless steel in lead-bismuth", "304": "304 s"}
    for name, found in named.items():
        assert shipped.find(name).startswith(found)
    with pytest.raises(BadInputError, match=r"may mean 304 stainless steel or stainless steel in lead-bismuth; choose one of"):
        shipped.find("steel")


def test_what_is_made_says_so_in_its_type() -> None:
    assert AgedCar.synthetic is DefectPlate.synthetic is Surface.synthetic is True


def test_which_way_a_score_is_good_is_told(corrovis: Run, tmp_path: Path) -> None:
    answer = corrovis("synthesize", "sem", "--material", "304", "-n", "1", "--side", "80", "--out", tmp_path / "o")
    assert "discriminator: 1 real, 0 made; ssim and l2: 1 and 0 where" in answer.err


def test_command_writes_marked_files_and_their_scores(corrovis: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    answer = corrovis("synthesize", "sem", "--material", "304", "-n", "2", "--side", "80", "--out", folder, "--json")
    assert answer.code == 0, answer.err
    assert set(answer.json) >= {"material", "files", "scores", "dropped", "dropped_by"}
    assert set(answer.json["scores"]) == set(CHECKS)
    assert len(answer.json["files"]) == 2
    for file in answer.json["files"]:
        with Image.open(file) as picture:
            assert picture.size == (80, 80)
            assert picture.mode == "L"
            assert "no specimen; 304 stainless steel, seed 0" in picture.text["Synthetic"]
        read_photo(Path(file))
    with Path(answer.json["table"]).open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["file"] for row in rows] == [Path(file).name for file in answer.json["files"]]
    mean = np.mean([float(row["gradient"]) for row in rows])
    assert answer.json["scores"]["gradient"] == pytest.approx(mean, abs=1e-4)
    again = corrovis("synthesize", "sem", "--material", "304", "-n", "1", "--side", "80", "--seed", "1", "--out", folder)
    assert again.code == 2
    assert "already holds scores.csv" in " ".join(again.err.split())
    assert len(list(folder.glob("*.png"))) == 2


def test_command_draws_with_a_labs_own_generator_alone(corrovis: Run, tmp_path: Path) -> None:
    words = ("synthesize", "sem", "--material", "304", "-n", "1", "--side", "80", "--json")
    answer = corrovis(*words, "--weights", WEIGHTS / "sem-gan.safetensors", "--out", tmp_path / "own")
    assert answer.code == 0, answer.err
    other = corrovis(*words, "--weights", WEIGHTS / "car-mask.safetensors", "--out", tmp_path / "car")
    assert other.code == 2
    assert "makes no surfaces" in " ".join(other.err.split())


def test_command_refuses_an_unknown_material_in_one_line(corrovis: Run, tmp_path: Path) -> None:
    answer = corrovis("synthesize", "sem", "--material", "cheese", "--out", tmp_path)
    assert answer.code == 2
    assert "cheese" in answer.err
    assert "304 stainless steel" in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
