"""Defects on plates of any size, depth and colour: what must not change does not, and a seed decides what does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_plates import KINDS, plate
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from corrovis.errors import BadInputError
from corrovis.networks.pegan import STRIDE
from corrovis.results import Bool, Float
from corrovis.steel.brushing import faded, feathered
from corrovis.steel.defects import (
    LOUD,
    LOUDNESS,
    OVERLAP,
    TURNED,
    WHOLE,
    DefectMaker,
    Variation,
    lies_across,
    noise_for,
    window,
)
from corrovis.steel.plates import read_plate
from corrovis.steel.results import CLEAN, Brush, DefectPlate, Plate
from corrovis.steel.texture import clean_plate
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools, write_defect
from corrovis.tiles import Stitcher, tile_starts


@pytest.fixture(scope="module")
def maker(toy_store: Store) -> DefectMaker:
    return DefectMaker(toy_store)


class Still(DefectMaker):
    """A generator that changes nothing."""

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *_: object) -> Float:
        return grey


class Brighter(DefectMaker):
    """A generator that adds a tenth of white."""

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *_: object) -> Float:
        return grey + np.float32(0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_0_keeps_every_bit(maker: DefectMaker, kind: str) -> None:
    before = plate(kind)
    after = maker.add(before, "scratches", Brush(strength=0)).plate
    assert after.pixels.dtype == before.pixels.dtype
    assert np.array_equal(after.pixels, before.pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_a_brushed_defect_changes_nothing_elsewhere(maker: DefectMaker, kind: str) -> None:
    before = plate(kind, (120, 150))
    region = np.zeros((120, 150), bool)
    region[30:70, 50:110] = True
    after = maker.add(before, "crazing", Brush(region=region)).plate
    assert np.array_equal(after.pixels[~region], before.pixels[~region])
    assert (after.pixels[region] != before.pixels[region]).mean() > 0.5
    assert after.white == before.white


@settings(max_examples=12, deadline=None)
@given(st.integers(16, 90), st.integers(16, 90))
def test_any_size_comes_back_in_its_size(toy_store: Store, height: int, width: int) -> None:
    made = DefectMaker(toy_store).add(plate(size_hw=(height, width)), "spots")
    assert made.plate.size_hw == (height, width)


def test_tiles_leave_no_seam(toy_store: Store) -> None:
    before = plate(size_hw=(WHOLE + 90, 2 * WHOLE))
    assert np.array_equal(Still(toy_store).add(before, "spots").plate.pixels, before.pixels)
    lighter = Brighter(toy_store).add(before, "spots").plate.pixels.astype(int) - before.pixels
    assert set(np.unique(lighter)) <= {25, 26}, "a tenth of white, everywhere the same"


class Noisy(DefectMaker):
    """A generator that lays its noise over the patch."""

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *_: object) -> Float:
        return grey + np.float32(0.05) * noise.numpy()


def test_neighbouring_tiles_draw_the_same_where_they_overlap(toy_store: Store) -> None:
    before = plate(size_hw=(80, 2 * WHOLE))
    by = Noisy(toy_store).add(before, "spots").plate.pixels.astype(float) - before.pixels
    ends, seams = by[:, :64].std(), [by[:, x : x + OVERLAP].std() for x in (WHOLE - OVERLAP, 2 * (WHOLE - OVERLAP))]
    assert all(seam > 0.93 * ends for seam in seams), "a mean of two unlike draws would be paler"


def test_neighbouring_tiles_of_a_network_agree(toy_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of what they share, on a plate half dark: each by its own mean they would draw unlike."""
    found: list[tuple[int, Float]] = []

    class Heard(Stitcher):
        def add(self, where: tuple[slice, slice], found_here: Float, steep: int = 1) -> None:
            found.append((where[1].start, found_here[0]))
            super().add(where, found_here, steep)

    monkeypatch.setattr("corrovis.steel.defects.Stitcher", Heard)
    before = plate(size_hw=(64, WHOLE + 150)).pixels.copy()
    before[:, :WHOLE] //= 2
    DefectMaker(toy_store).erase(Plate(before))
    (start, first), (other, second) = found
    shared = WHOLE - other
    assert (start, other % STRIDE) == (0, 0)
    middle = slice(shared // 2 - 4, shared // 2 + 4)
    assert np.abs(first[:, other:][:, middle] - second[:, :shared][:, middle]).max() < 1e-4


def test_tiles_without_brush_are_left_out(toy_store: Store) -> None:
    asked: list[tuple[int, ...]] = []

    class Counted(Still):
        def generate(self, grey: Float, *rest: Any) -> Float:
            asked.append(grey.shape)
            return grey

    region = np.zeros((5 * WHOLE, 5 * WHOLE), bool)
    np.fill_diagonal(region, True)
    Counted(toy_store).add(plate(size_hw=region.shape), "spots", Brush(region=region))
    rows = len(tile_starts(5 * WHOLE, WHOLE, OVERLAP))
    assert rows <= len(asked) <= 3 * rows, "of a square of tiles those on its diagonal"


def test_light_does_not_decide_where_defects_lie(toy_store: Store) -> None:
    """The generator is shown the same of an evenly lit plate and of one whose light falls, and that light stays."""
    shown: list[Float] = []

    class Shown(Still):
        def generate(self, grey: Float, *rest: Any) -> Float:
            shown.append(grey[0])
            return grey

    flat = clean_plate((200, 200), 3).astype(np.float32)
    slope = np.linspace(20, -20, 200, dtype=np.float32)
    for pixels in (flat, flat + slope):
        before = Plate(pixels.round().astype(np.uint8))
        assert np.array_equal(Shown(toy_store).add(before, "spots").plate.pixels, before.pixels)
    inside = slice(60, 140)
    assert np.ptp((shown[0] - shown[1])[:, inside]) * 255 < 2, "but for how bright both are in all"
    patch = Plate(clean_plate((64, 64), 3))
    Shown(toy_store).add(patch, "spots")
    assert np.array_equal(shown[-1], patch.grey), "a patch is shown as those learned from"


def stroke(size_hw: tuple[int, int], across: bool) -> Bool:
    region = np.zeros(size_hw, bool)
    region[(slice(90, 110), slice(20, 180)) if across else (slice(20, 180), slice(90, 110))] = True
    return region


def test_scratches_lie_along_the_brush_or_as_the_seed_says(maker: DefectMaker) -> None:
    for seed in (0, 12):
        assert [lies_across("scratches", seed, stroke((200, 200), across)) for across in (True, False)] == [True, False]
    assert not lies_across("spots", 12, stroke((200, 200), True)), "spots have no direction"
    shares = {name: np.mean([lies_across(name, seed) for seed in range(1000)]) for name in TURNED}
    assert shares == pytest.approx({"scratches": 0.29, "grooves_gouges": 0.13}, abs=0.05), "of real ones"
    grey = plate(size_hw=(64, 64)).grey
    turned, upright = (maker.produce(one[None], ["scratches"], [12])[0] for one in (grey, np.ascontiguousarray(grey.T)))
    assert turned.shape == upright.shape
    made = maker.produce(np.stack([grey, grey]), ["scratches"] * 2, [12, 0])
    assert np.abs(made[0] - turned).max() < 1e-4


def test_strength_goes_straight_from_nothing_to_all(toy_store: Store) -> None:
    before, maker = plate("colour"), Brighter(toy_store)
    steps = [maker.add(before, "spots", Brush(s)).plate.pixels.astype(int) - before.pixels for s in (0.2, 0.4, 0.8)]
    for step, wanted in zip(steps, (5.1, 10.2, 20.4), strict=True):
        assert np.abs(step - wanted).max() <= 0.6, "the same on every channel, so the hue stays"


def test_a_seed_is_a_defect(maker: DefectMaker) -> None:
    first, again, other = (maker.add(plate(), "patches", Brush(seed=seed)).plate.pixels for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert (first != other).mean() > 0.3


def test_a_class_that_gains_by_it_gets_more_noise_wherever_it_is_drawn(toy_store: Store) -> None:
    plain = Variation.of(4, False).noise((8, 8))
    assert torch.equal(noise_for("crazing", Variation.of(4, False), (8, 8)), plain)
    assert torch.equal(noise_for(LOUD[0], Variation.of(4, False), (8, 8)), LOUDNESS * plain)
    maker = DefectMaker(toy_store)
    patch = clean_plate((maker.side, maker.side), 0)
    whole = maker.add(Plate(patch), LOUD[0], Brush(seed=4)).plate.pixels
    (alone,) = maker.produce(patch[None].astype(np.float32) / 255, [LOUD[0]], [4])
    assert np.abs(alone * 255 - whole).max() < 1


def test_erasing_is_the_same_for_the_same_seed(maker: DefectMaker) -> None:
    """Another seed is other grain, on the same light."""
    first, again, other = (maker.erase(plate(), Brush(seed=seed)) for seed in (0, 0, 9))
    assert np.array_equal(first.plate.pixels, again.plate.pixels)
    assert first.defect == CLEAN
    assert (first.plate.pixels != other.plate.pixels).any()
    assert first.plate.pixels.mean() == pytest.approx(other.plate.pixels.mean(), abs=3)


def test_a_brushed_object_leaves_the_plates_light_alone(toy_store: Store) -> None:
    """The generator draws the steel around a scratch anew; a surface, such as crazing, keeps half of a light of its own."""
    before = plate(size_hw=(160, 160))
    region = np.zeros((160, 160), bool)
    region[40:120, 40:120] = True
    moved = {
        name: Brighter(toy_store).add(before, name, Brush(region=region)).plate.pixels[60:100, 60:100].mean()
        - before.pixels[60:100, 60:100].mean()
        for name in ("scratches", "crazing")
    }
    assert abs(moved["scratches"]) < 1
    assert moved["crazing"] == pytest.approx(25.5 / 2, abs=1)


class Scratching(DefectMaker):
    """A generator that draws bright lines of 3 px, and grain thrice as coarse as the plate's between them."""

    def generate(self, grey: Float, defects: list[str], variations: list[Variation], noise: Tensor, *_: object) -> Float:
        lines = np.isin(np.arange(grey.shape[-1]) % 40, (19, 20, 21))
        return np.asarray(grey + np.where(lines, 0.3, 0.03 * noise.numpy()), np.float32)


def test_between_brushed_objects_the_plate_keeps_its_grain(toy_store: Store) -> None:
    """And the mask is of the objects."""
    before, size = Plate(clean_plate((240, 240), 3)), (240, 240)
    y, x = np.mgrid[:240, :240]
    region = np.asarray(np.hypot(y - 120, x - 120) < 90)
    made = Scratching(toy_store).add(before, "scratches", Brush(region=region))
    lines = np.broadcast_to(np.isin(np.arange(240) % 40, (19, 20, 21)), size)
    deep = np.asarray(np.hypot(y - 120, x - 120) < 80)
    by = np.abs(made.plate.pixels.astype(float) - before.pixels)
    assert by[lines & deep].min() > 40
    far = np.broadcast_to(np.isin(np.arange(240) % 40, (14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26)), size)
    assert (by[region & ~far] == 0).mean() > 0.7
    assert made.where[lines & deep].all()
    assert made.where[deep].mean() < 2.6 * lines[deep].mean()
    assert not made.where[~region].any()


def test_a_batch_is_its_patches_one_by_one(maker: DefectMaker) -> None:
    grey = np.stack([plate().grey, plate(size_hw=(40, 56)).grey[::-1]])
    both = maker.produce(grey, ["spots", CLEAN], [1, 2])
    alone = [maker.produce(grey[i : i + 1], [name], [i + 1])[0] for i, name in enumerate(("spots", CLEAN))]
    assert np.abs(both - np.stack(alone)).max() < 1e-4


@pytest.mark.parametrize(
    ("brush", "why"),
    [
        ({"strength": 1.2}, "outside 0 to 1"),
        ({"strength": float("nan")}, "outside 0 to 1"),
        ({"seed": -1}, "outside 0 to"),
        ({"region": np.ones((3, 3), bool)}, "must agree"),
        ({"region": np.zeros((40, 56), bool)}, "is empty"),
    ],
)
def test_bad_brushes_say_why(maker: DefectMaker, brush: dict[str, object], why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        maker.add(plate(), "spots", Brush(**brush))


def test_an_unknown_defect_names_those_there_are(maker: DefectMaker) -> None:
    with pytest.raises(BadInputError, match="no defect is called rust; there are crazing"):
        maker.add(plate(), "rust")
    with pytest.raises(BadInputError):
        maker.add(plate(), CLEAN)


def test_a_feathered_region_rises_from_its_edge_but_not_from_the_plates() -> None:
    region = np.zeros((60, 60), bool)
    region[:40, 20:] = True
    weight = feathered(region)
    assert weight[~region].max() == 0
    assert weight[0, 59] == 1
    assert 0 < weight[39, 40] < weight[35, 40] < weight[10, 40] == 1
    assert np.abs(np.diff(weight, axis=0)).max() < 0.25


def test_a_surface_has_not_the_outline_of_its_brush() -> None:
    y, x = np.mgrid[:200, :200]
    region = np.asarray(np.hypot(y - 100, x - 100) < 80)
    crazing, scratches = (faded(region, name, Brush(region=region, seed=4)) for name in ("crazing", "scratches"))
    ring = region & (np.hypot(y - 100, x - 100) > 71)
    assert crazing[ring].mean() < scratches[ring].mean() < 1
    assert crazing[90:110, 90:110].min() == 1
    assert not crazing[~region].any()
    angles = np.arctan2(y - 100, x - 100)[ring]
    by_angle = [crazing[ring][(angles > a) & (angles < a + 0.4)].mean() for a in np.arange(-3, 2.8, 0.4)]
    assert max(by_angle) > 2 * min(by_angle), "ragged"


def test_the_window_holds_the_brush_and_a_patch() -> None:
    used = np.zeros((200, 100), bool)
    used[190, 50] = True
    rows, columns = window(used, 64)
    assert rows.stop == 200
    assert rows.stop - rows.start >= 64
    assert columns.start <= 50 - 32 + 1
    assert columns.stop >= 50 + 32


def test_results_say_what_is_wrong_with_them() -> None:
    with pytest.raises(TypeError, match=r"Plate\.pixels"):
        Plate(np.zeros((4, 4), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"DefectPlate\.plate"):
        DefectPlate(plate(), plate(size_hw=(20, 20)), "spots", Brush(), np.ones((40, 56), bool), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["grey", "deep"])
def test_an_untouched_plate_is_not_called_synthetic_unless_it_was(maker: DefectMaker, kind: str, tmp_path: Path) -> None:
    def written(before: Plate, strength: float) -> tuple[str | None, Plate]:
        write_defect(maker.add(before, "spots", Brush(strength, 3)), SteelTools(maker, None), tmp_path / "made.png")
        with Image.open(tmp_path / "made.png") as image:
            return image.text.get("Synthetic"), read_plate(tmp_path / "made.png")

    mark, same = written(plate(kind), 0)
    assert mark is None
    assert np.array_equal(same.pixels, plate(kind).pixels)
    assert same.white == plate(kind).white
    mark, made = written(same, 0.4)
    assert str(mark).endswith("steel, spots, seed 3, strength 0.4")
    mark, again = written(made, 0)
    assert mark, "nothing was added, but the plate was made before"
    assert np.array_equal(again.pixels, made.pixels)


def test_drawn_steel_lies_within_what_real_clean_steel_shows() -> None:
    """Middle 96 % of NEU-CLS-64's clean training patches: mean 42 to 202, step between neighbours 1.2 to 15.4."""
    drawn = np.stack([clean_plate((64, 64), seed) for seed in range(200)]).astype(float)
    means, steps = drawn.mean(axis=(1, 2)), np.abs(np.diff(drawn, axis=2)).mean(axis=(1, 2))
    assert ((means > 42) & (means < 202)).mean() > 0.98
    assert ((steps > 1.2) & (steps < 17)).mean() > 0.96
    assert np.median(means) == pytest.approx(96, abs=12)
    assert np.array_equal(drawn[3], clean_plate((64, 64), 3))
