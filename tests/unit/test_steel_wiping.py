"""Wiping on plates of which everything is known: the light, the grain, and where the defect lies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corrovis.results import Bool, Float
from corrovis.settings import WEIGHTS
from corrovis.steel.defects import DefectMaker
from corrovis.steel.results import Brush, Plate
from corrovis.steel.texture import rolling_lines, speckle
from corrovis.steel.wiping import CLEAN_LEVELS, at_own_level, filled, grain_like, light_around, wiped
from corrovis.store import Store

GRAIN = 4.0  # grey levels


def steel(size_hw: tuple[int, int] = (256, 256), light: float = 110) -> Float:
    """(H, W) in [0, 1]: even steel with grain of spread `GRAIN`, darker on the left than on the right by 20 levels."""
    slope = np.linspace(-10, 10, size_hw[1])
    return ((light + slope + GRAIN * speckle(size_hw, np.random.default_rng(3))) / 255).astype(np.float32)


def disk(size_hw: tuple[int, int], radius: int) -> Bool:
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    return np.asarray(np.hypot(y - size_hw[0] / 2, x - size_hw[1] / 2) < radius, np.bool_)


def grain_of(grey: Float) -> Float:
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 4), np.float32) * 255


@pytest.fixture(scope="module")
def spoiled() -> tuple[Float, Float, Bool]:
    """A plate, the same with a bright rough disk in it, and the disk."""
    clean, where = steel(), disk((256, 256), 80)
    rough = 0.75 + 0.1 * speckle(clean.shape, np.random.default_rng(5))
    return clean, np.where(where, rough, clean).astype(np.float32), where


def smoothed(grey: Float) -> Float:
    """What a generator makes of it that smooths all it sees and keeps its light."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 6), np.float32)


def test_a_large_brushed_defect_gets_the_light_of_the_plate_around_it(spoiled: tuple[Float, Float, Bool]) -> None:
    clean, before, where = spoiled
    after = wiped(before, smoothed(before), where)
    off = cv2.blur(after - clean, (17, 17)) * 255
    assert abs(off[where].mean()) < 2
    assert np.quantile(np.abs(off[where]), 0.99) < 8, "nowhere a ring"


def test_the_grain_of_the_plate_around_goes_on_in_it(spoiled: tuple[Float, Float, Bool]) -> None:
    clean, before, where = spoiled
    after = wiped(before, smoothed(before), where)
    inner = disk((256, 256), 60)
    assert grain_of(after)[inner].std() == pytest.approx(grain_of(clean)[inner].std(), rel=0.2)
    assert np.array_equal(after, wiped(before, smoothed(before), where))
    other = wiped(before, smoothed(before), where, seed=1)
    assert abs(np.corrcoef(grain_of(after)[inner], grain_of(other)[inner])[0, 1]) < 0.3


def test_what_is_not_damaged_keeps_its_pixels() -> None:
    clean = steel()
    before = clean.copy()
    before[100:140, 100:140] = 0.9
    made = np.full_like(clean, 110 / 255) + np.linspace(-10, 10, 256, dtype=np.float32) / 255
    after = wiped(before, made)
    assert (after != before)[~disk((256, 256), 60)].mean() < 0.1
    assert abs(after[105:135, 105:135].mean() - clean[105:135, 105:135].mean()) * 255 < 4


def test_of_a_brushed_defect_no_crumb_stays(spoiled: tuple[Float, Float, Bool]) -> None:
    """Neither where the defect is too faint to be told from noise nor where the generator leaves specks of it."""
    clean, _, where = spoiled
    before, dice = clean.copy(), np.random.default_rng(8)
    specks = dice.random(clean.shape) < 0.002
    before[where] += 1.5 / 255 * np.sign(np.sin(np.arange(256) / 2))[None, :].repeat(256, 0)[where]
    made = smoothed(before) + np.where(specks, 0.3, 0).astype(np.float32)
    off = grain_of(wiped(before, made, where))
    assert np.abs(off[where]).max() < 1.3 * np.abs(grain_of(clean)).max()
    assert np.corrcoef(off[where], grain_of(before)[where])[0, 1] < 0.3, "the grain is another"


def test_a_large_defect_leaves_no_ghost_on_a_whole_plate(spoiled: tuple[Float, Float, Bool]) -> None:
    """Two thirds of the surroundings of a pixel in it are the defect, and so is their median."""
    clean, before, where = spoiled
    after = wiped(before, np.full_like(clean, 0.5))
    off = cv2.blur(after - clean, (17, 17)) * 255
    assert np.quantile(np.abs(off[where]), 0.99) < 8


def test_grain_has_the_direction_of_the_plates() -> None:
    lines = (rolling_lines((160, 160), 2, np.random.default_rng(1)) / 50).astype(np.float32)
    grain = grain_like(lines, np.ones((160, 160), np.bool_), 0)
    across, along = (float(np.abs(np.diff(grain, axis=axis)).mean()) for axis in (1, 0))
    assert across > 3 * along
    assert grain.std() == pytest.approx(lines.std(), rel=0.05)


def test_a_hole_is_filled_from_its_rim() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    known = ~disk((64, 64), 20)
    found = filled(np.where(known, ramp, 9).astype(np.float32), known)
    assert np.array_equal(found[known], ramp[known])
    assert np.abs(found - ramp).max() < 0.25
    assert found[32, 32] == pytest.approx(0.5, abs=0.05)


def test_light_is_that_of_the_steel_alone() -> None:
    grey = np.where(disk((128, 128), 40), 1.0, 0.4).astype(np.float32)
    assert light_around(grey, ~disk((128, 128), 44)) == pytest.approx(0.4, abs=0.01)


def test_wiping_leaves_the_light_on_a_whole_plate_and_takes_the_defect() -> None:
    light = np.tile(np.linspace(0.5, 0.7, 160, dtype=np.float32), (160, 1))
    spoiled = light.copy()
    spoiled[60:90, 60:90] = 0.1
    kept = wiped(spoiled, np.full_like(light, 0.3))
    assert abs(kept.mean() - light.mean()) < 0.02
    assert kept[70:80, 70:80].mean() == pytest.approx(0.6, abs=0.06), "what was dark is as light as its surroundings"
    white = np.ones((64, 64), np.float32)
    assert wiped(white, white * 0.5).mean() == pytest.approx(CLEAN_LEVELS[1], abs=0.01), "no clean steel is white"


def test_a_picture_at_the_plates_own_level_has_its_light_and_keeps_its_object() -> None:
    made = np.full((160, 160), 0.3, np.float32)
    made[:, 70:80] = 0.9
    kept = at_own_level(np.full_like(made, 0.6), made)
    assert kept[:, :60] == pytest.approx(0.6, abs=0.01)
    assert kept[:, 73:77].min() == 1, "as much lighter than the steel, as far as white allows"


@pytest.mark.parametrize("size_hw", [(16, 16), (64, 64), (33, 70)])
def test_regions_of_all_sizes_can_be_wiped(size_hw: tuple[int, int]) -> None:
    grey = steel(size_hw)
    one, most = np.zeros(size_hw, np.bool_), np.ones(size_hw, np.bool_)
    one[5, 5], most[0, 0] = True, False
    for region in (None, one, most, np.ones(size_hw, np.bool_)):
        after = wiped(grey, smoothed(grey) + np.float32(0.2), region)
        assert after.shape == size_hw
        assert np.isfinite(after).all()


def test_the_shipped_generator_brushes_crazing_away_without_a_scar() -> None:
    plate, where = Plate(np.round(steel((320, 320)) * 255).astype(np.uint8)), disk((320, 320), 90)
    maker = DefectMaker(Store(WEIGHTS))
    after = maker.erase(maker.add(plate, "crazing", Brush(region=where)).plate, Brush(region=where)).plate
    off = cv2.GaussianBlur(after.grey - plate.grey, (0, 0), 6) * 255
    assert abs(off[where].mean()) < 3
    rim = where & ~disk((320, 320), 80)
    assert np.abs(off[rim]).mean() < 3
    assert grain_of(after.grey)[where].std() == pytest.approx(grain_of(plate.grey)[where].std(), rel=0.3)
