"""The shipped generator and the shipped inspector, on clean steel that was drawn: neither of them has seen any of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from micrographs import with_bar

from corrovis.settings import WEIGHTS
from corrovis.steel.baring import bare
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.plates import MARKED, read_plate
from corrovis.steel.results import CLEAN, Plate
from corrovis.steel.texture import clean_plate
from corrovis.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "steel"
SEEDS = list(range(6))
PLAIN = ("grooves_gouges", "inclusion", "patches", "pitted_surface", "scratches", "spots")
"""Defects that the report says are nearly always told apart."""


@pytest.fixture(scope="module")
def store() -> Store:
    return Store(WEIGHTS)


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return np.stack([clean_plate((64, 64), seed) for seed in SEEDS]).astype(np.float32) / 255


def test_most_defects_are_the_ones_asked_for_and_are_wiped_off_again(store: Store, clean: np.ndarray) -> None:
    maker, inspector = DefectMaker(store), PatchInspector(store)
    asked = {name: maker.produce(clean, [name] * len(SEEDS), SEEDS) for name in PLAIN}
    right = [inspector.probabilities(made).argmax(axis=1) == maker.classes.index(name) for name, made in asked.items()]
    assert np.mean(right) > 0.6
    wiped = [maker.produce(made, [CLEAN] * len(SEEDS), SEEDS) for made in asked.values()]
    gone = [inspector.probabilities(made).argmax(axis=1) == maker.classes.index(CLEAN) for made in wiped]
    assert np.mean(gone) > 0.6


def test_the_example_with_defects_is_told_and_wiped(store: Store) -> None:
    maker, inspector = DefectMaker(store), PatchInspector(store)
    plate = read_plate(EXAMPLES / "scratched.png")
    assert MARKED in plate.notes
    assert inspector.classify(plate).name == "scratches"
    assert inspector.classify(maker.erase(plate).plate).name == CLEAN


SURROUNDED = {
    "white frame": lambda pixels: np.pad(pixels, 3, constant_values=255),
    "letterbox": lambda pixels: np.pad(pixels, ((10, 10), (0, 0))),
    "data bar": lambda pixels: with_bar(pixels, "bottom", 0),
    "repeated": lambda pixels: pixels.repeat(3, axis=0).repeat(3, axis=1),
    "repeated unevenly": lambda pixels: cv2.resize(pixels, (320, 320), interpolation=cv2.INTER_NEAREST),
    "repeated and framed": lambda pixels: np.pad(pixels.repeat(2, axis=0).repeat(2, axis=1), 5, constant_values=255),
}


@pytest.mark.parametrize("how", SURROUNDED)
def test_what_lies_around_steel_or_repeats_its_pixels_changes_no_answer(store: Store, how: str) -> None:
    inspector, steel = PatchInspector(store), read_plate(EXAMPLES / "scratched.png").pixels
    plain, other = inspector.classify(Plate(steel)), inspector.classify(Plate(SURROUNDED[how](steel)))
    assert np.array_equal(plain.probabilities, other.probabilities)
    assert (len(plain.notes), len(other.notes)) == (0, 1 + (how == "repeated and framed"))


def test_steel_that_only_repeats_lines_or_is_a_square_of_one_grey_keeps_its_pixels() -> None:
    steel = read_plate(EXAMPLES / "scratched.png").pixels
    for pixels in (steel, steel.repeat(2, axis=0), np.full((64, 64), 90, np.uint8)):
        assert np.array_equal(bare(Plate(pixels))[0].pixels, pixels)


def test_defects_are_said_to_be_finer_than_pixels_that_repeat(store: Store) -> None:
    steel = read_plate(EXAMPLES / "bright.png").pixels
    assert DefectMaker(store).notes_on(Plate(steel)) == []
    assert DefectMaker(store).notes_on(Plate(steel.repeat(2, axis=0).repeat(2, axis=1)))[0].startswith("defects are drawn finer")


def test_another_seed_is_another_defect_and_none_is_a_copy_of_the_patch(store: Store, clean: np.ndarray) -> None:
    maker = DefectMaker(store)
    same = np.repeat(clean[:1], 4, axis=0)
    made = maker.produce(same, ["patches"] * 4, [0, 4, 8, 12])
    assert all(np.abs(one - other).mean() > 0.01 for k, one in enumerate(made) for other in made[:k])
    assert np.abs(made - same).mean() > 0.05


def test_wiping_clean_steel_keeps_its_brightness(store: Store, clean: np.ndarray) -> None:
    plates = [Plate(np.round(patch * 255).astype(np.uint8)) for patch in clean]
    wiped = np.stack([DefectMaker(store).erase(plate).plate.pixels for plate in plates]) / 255
    assert np.abs(wiped.mean(axis=(1, 2)) - clean.mean(axis=(1, 2))).max() < 0.03
