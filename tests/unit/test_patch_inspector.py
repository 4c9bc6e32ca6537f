"""What the inspector of steel patches is shown, says and doubts."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_plates import plate

from corrovis.contrast import DRAWING, EMPTY, NOISE
from corrovis.resizing import detail
from corrovis.steel.baring import USUAL_LEVELS, bare, levelled
from corrovis.steel.inspector import SOFT, SOFTER, PatchInspector, cut, doubts, notes_on, was_enlarged
from corrovis.steel.plates import read_plate
from corrovis.steel.results import Plate
from corrovis.steel.texture import clean_plate
from corrovis.store import Store


@pytest.mark.parametrize(
    ("size_hw", "patches"),
    [((64, 64), 1), ((20, 30), 1), ((50, 60), 1), ((90, 80), 1), ((128, 128), 4), ((64, 200), 4), ((2000, 3000), 64)],
)
def test_pictures_are_cut_at_their_own_scale(size_hw: tuple[int, int], patches: int) -> None:
    grey = np.random.default_rng(0).random(size_hw, np.float32)
    assert cut(grey, 64).shape == (patches, 64, 64)
    assert bool(notes_on(grey, 64)) == (min(size_hw) < 51.2)


def test_a_patch_is_cut_as_it_is() -> None:
    grey = clean_plate((64, 64), 0).astype(np.float32) / 255
    assert np.array_equal(cut(grey, 64)[0], grey)


@pytest.mark.parametrize("ground", [0, 255])
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "corners lost"])
@pytest.mark.parametrize("angle", [-15, 5, 30])
def test_steel_turned_on_a_plain_ground_is_turned_back(angle: int, whole: bool, ground: int) -> None:
    grey = clean_plate((96, 96), 1)
    turn = cv2.getRotationMatrix2D((47.5, 47.5), angle, 1)
    side = 140 if whole else 96
    turn[:, 2] += (side - 96) / 2
    turned = cv2.warpAffine(grey, turn, (side, side), borderValue=ground)
    seen, notes = bare(Plate(np.stack([turned] * 3, axis=-1)))
    (note,) = notes
    assert abs(int(note.split()[2]) - abs(angle)) <= 1
    assert np.abs(np.array(seen.size_hw) - 96).max() <= 3
    steel, middle = cv2.resize(seen.pixels[..., 0], (96, 96)).astype(float), slice(16, 80)
    there = cv2.GaussianBlur(grey, (0, 0), 2)[middle, middle].astype(float)
    assert np.abs(cv2.GaussianBlur(steel, (0, 0), 2)[middle, middle] - there).mean() < 3


@pytest.mark.parametrize("reach", [2, 5])
def test_a_speck_on_a_plain_ground_is_no_steel_turned(reach: int) -> None:
    grey = np.zeros((64, 64), np.uint8)
    cv2.fillPoly(grey, [np.array([[32, 32 - reach], [32 + reach, 32], [32, 32 + reach], [32 - reach, 32]])], 180)
    assert bare(Plate(grey))[0].pixels.shape == grey.shape


@pytest.mark.parametrize("colour", [[30, 90, 200], [128] * 3])
def test_a_frame_of_any_one_colour_is_left_out(colour: list[int]) -> None:
    framed = np.full((72, 74, 3), colour, np.uint8)
    framed[4:-4, 5:-5] = clean_plate((64, 64), 1)[..., None]
    assert np.array_equal(bare(Plate(framed.copy()))[0].pixels, framed[4:-4, 5:-5])
    framed[0, 3] += 1
    assert np.array_equal(bare(Plate(framed.copy()))[0].pixels, framed), "what is no frame keeps its pixels"


@pytest.mark.parametrize(
    ("size_hw", "patches"), [((128, 128), 1), ((200, 180), 1), ((128, 256), 8), ((512, 480), 1), ((600, 600), 64)]
)
def test_a_patch_that_was_enlarged_is_seen_as_it_was(size_hw: tuple[int, int], patches: int) -> None:
    """Of as little contrast as the palest real ones, in whole grey levels: enlarged eight times, they are its finest detail."""
    patch = 0.5 + 0.12 * cv2.GaussianBlur(np.random.default_rng(0).random((64, 64), np.float32), (0, 0), 1)
    large = np.round(255 * cv2.resize(patch, size_hw[::-1], interpolation=cv2.INTER_CUBIC)) / np.float32(255)
    seen = cut(large, 64)
    assert len(seen) == patches
    if patches == 1:
        assert np.abs(seen[0] - patch).mean() < 0.5 * patch.std()
        assert notes_on(large, 64)[0].startswith(f"{size_hw[1]} x {size_hw[0]} pixels without fine detail")


def test_of_what_was_enlarged_little_more_detail_is_left() -> None:
    noise = np.random.default_rng(0).random((64, 64), np.float32)
    for side, told in ((102, True), (120, False)):
        patch = cv2.GaussianBlur(noise, (0, 0), 0.8 if told else 0.7)
        large = cv2.resize(patch, (side, side), interpolation=cv2.INTER_CUBIC)
        assert SOFT < detail(large) < SOFTER
        assert was_enlarged(large, 64) is told


def test_levels_of_16_bits_that_are_hardly_used_are_brought_to_the_usual() -> None:
    """Where black and white are is unknown then, unless 8 bits were widened."""
    eight = (100 + clean_plate((64, 64), 0) / 8).astype(np.uint16)
    for white, step in ((65535, 257), (65535, 256), (4095, 16)):
        widened = Plate(eight * np.uint16(step), white=white)
        assert (np.array_equal(levelled(widened)[0], widened.grey), levelled(widened)[1]) == (True, [])
    narrow = Plate((20000 + eight.astype(int) * 30).astype(np.uint16), white=65535)
    grey, notes = levelled(narrow)
    assert (grey.mean(), grey.std()) == pytest.approx(USUAL_LEVELS, rel=0.01)
    assert "of their 16 bits" in notes[0]
    assert np.corrcoef(grey.ravel(), eight.ravel())[0, 1] > 0.99
    assert levelled(Plate(eight.astype(np.uint8)))[1] == []


NOTHING = {
    EMPTY: np.full((64, 64), 128),
    NOISE: np.random.default_rng(0).integers(0, 256, (64, 64)),
    DRAWING: np.indices((64, 64)).sum(axis=0) % 16 // 8 * 255,
}


@pytest.mark.parametrize("why", NOTHING)
def test_an_inspector_doubts_what_can_be_no_picture_of_steel(toy_store: Store, why: str) -> None:
    assert PatchInspector(toy_store).classify(Plate(NOTHING[why].astype(np.uint8))).notes == (why,)


def test_an_inspector_doubts_where_no_class_is_likely() -> None:
    shares, names = np.array([[0.1, 0.7, 0.2], [0.1, 0.5, 0.4]], np.float32), ("crazing", "spots", "scratches")
    sure, unsure = (doubts(clean_plate((64, 64), 0).astype(np.float32) / 255, one, names) for one in shares)
    assert sure == []
    assert unsure[0].startswith("undecided, spots or scratches: ")


def test_no_real_patch_is_taken_for_nothing() -> None:
    data = Path(os.environ.get("CORROVIS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    files = sorted((data / "steel").glob("*/*.png"))[::20]
    if not files:
        pytest.skip(f"no patches at {data}")
    sure = np.array([1, 0], np.float32)
    assert [file.name for file in files if doubts(read_plate(file).grey, sure, ("spots", "scratches"))] == []


def test_an_inspector_sees_mirror_images_alike(toy_store: Store) -> None:
    inspector, before = PatchInspector(toy_store), plate(size_hw=(64, 64))
    turned = Plate(np.ascontiguousarray(before.pixels[::-1, ::-1]))
    first, other = (inspector.classify(one).probabilities for one in (before, turned))
    assert first.sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(first - other).max() < 1e-5
    assert inspector.classify(before).name == inspector.classes[int(first.argmax())]
    assert inspector.classify(plate(size_hw=(32, 32))).notes[0].startswith("32 x 32 pixels are enlarged to 64")
