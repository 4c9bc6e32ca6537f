"""Canvas to full size: the photo's edges, its relief and grain that the canvas cannot hold, on made-up pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from corrovis.car import detail
from corrovis.car.ageing import beyond_paint
from corrovis.car.detail import Canvas, before_background, finish, gaps, periodic_grain, relief
from corrovis.car.edges import enlarged
from corrovis.car.onset import LEVELS, ONSET_UNIT

SIDE = 64


def made_canvas(rgb: np.ndarray, seed: int = 0) -> Canvas:
    """Smooth onset around level 2, smooth brown rust, grain of a small random sample."""
    dice = np.random.default_rng(seed)
    clouds = cv2.GaussianBlur(dice.standard_normal((SIDE, SIDE)).astype(np.float32), (0, 0), 6)
    layer = (np.array([110, 70, 45]) + 200 * clouds[..., None]).clip(0, 255).astype(np.uint8)
    grain = periodic_grain(dice.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    paint = np.ones((SIDE, SIDE), np.float32)
    return Canvas(2 + 4 * clouds, layer, rgb, paint, grain, dice.uniform(0, 32, (2, 2)).astype(np.float32))


def grey_photo(scale: int) -> np.ndarray:
    return np.full((SIDE * scale, SIDE * scale, 3), 150, np.uint8)


def finished(scale: int) -> tuple[np.ndarray, np.ndarray]:
    paint = np.full((SIDE * scale, SIDE * scale), 255, np.uint8)
    onset, layer = finish(made_canvas(grey_photo(1)), grey_photo(scale), paint)
    return onset * np.float32(ONSET_UNIT), layer


def test_part_of_an_enlarged_map_is_that_part_of_all_of_it() -> None:
    small = np.random.default_rng(0).random((30, 41)).astype(np.float32)
    whole = cv2.resize(small, (205, 137), interpolation=cv2.INTER_LINEAR)
    assert enlarged(small, (137, 205), (slice(40, 99), slice(7, 150))) == pytest.approx(whole[40:99, 7:150], abs=0.02)


def test_strips_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = finished(4)
    monkeypatch.setattr(detail, "ROWS", 37)
    for at_once, in_strips in zip(whole, finished(4), strict=True):
        assert np.abs(at_once.astype(float) - in_strips).max() <= 1


def test_a_panel_gap_of_one_pixel_is_one_pixel_in_the_rust() -> None:
    scale = 8
    photo = grey_photo(scale)
    photo[:, 200] = 20
    canvas = made_canvas(cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    _, layer = finish(canvas, photo, np.full(photo.shape[:2], 255, np.uint8))
    grey = layer.astype(float).mean(axis=(0, 2))
    assert grey[200] < 0.6 * grey[197:200].mean()
    assert grey[[198, 199, 201, 202]] == pytest.approx(np.full(4, grey[190:210].mean()), rel=0.12)


def test_a_crease_darkens_rust_and_a_hedge_mirrored_in_black_paint_hardly() -> None:
    crease, hedge = (float(relief(np.float32([grey]), np.float32([ground]))[0]) for grey, ground in ((70, 150), (10, 30)))
    assert crease < 0.65
    assert hedge > 0.7


def test_gaps_between_dark_panels_stay_visible_through_rust() -> None:
    """A line of a third less light on blue, black and white paint; a panel that much darker is none."""

    def at_line(paint: float, width: int) -> float:
        grey = np.full((40, 40), paint, np.float32)
        grey[:, 20 : 20 + width] *= 0.66
        return float(gaps(grey, np.full_like(grey, paint), 1.0)[20, 20])

    assert at_line(68.0, 2) < 0.7
    assert 0.7 < at_line(15.0, 2) < 1
    assert at_line(200.0, 2) == at_line(68.0, 12) == 1


def test_what_black_paint_mirrors_fades_from_its_rust_and_a_lone_gap_stays() -> None:
    """Branches mirrored in the right half of a black panel, a gap between two doors in the left."""
    photo = np.full((SIDE, SIDE, 3), 60, np.uint8)
    photo[:, SIDE // 2 :: 6] = photo[:, SIDE // 2 + 1 :: 6] = photo[:, 12:14] = 20
    even = replace(made_canvas(photo), layer=np.full((SIDE, SIDE, 3), 100, np.uint8), grain=np.zeros((32, 32), np.float32))
    _, layer = finish(even, photo, np.full((SIDE, SIDE), 255, np.uint8))
    grey = layer.astype(float).mean(axis=(0, 2))
    assert grey[12:14].max() < 0.6 * grey[8]
    assert grey[-20:].min() > 0.65 * grey[-20:].max()


def test_rust_ends_at_the_outline_as_softly_as_the_car() -> None:
    """A white car before black, its outermost pixel a third car: a third of the rust is there, and nothing outside the mask."""
    photo = np.zeros((40, 60, 3), np.uint8)
    car = np.zeros((40, 60), bool)
    car[10:30, 10:] = True
    photo[11:29, 11:], photo[10, 11:], photo[29, 11:], photo[10:30, 10] = 240, 80, 80, 80
    layer = np.full((40, 60, 3), 90, np.uint8)
    before_background(layer, photo, car)
    assert layer[10, 20:50].mean() == pytest.approx(30, abs=5)
    assert (layer[13:27, 13:50] == 90).all()
    assert (layer[~car] == 90).all()
    assert (layer[15:25, -1] == 90).all(), "the picture's border is no outline"
    for none in (np.zeros((40, 60), bool), np.ones((40, 60), bool)):
        before_background(layer, photo, none)
    assert layer[10, 20:50].mean() == pytest.approx(30, abs=5)


def test_a_bright_sky_does_not_darken_the_edge_of_a_roof() -> None:
    """Even paint before a white sky: the rust at its edge is as light as further in."""
    photo = grey_photo(1)
    photo[:20] = 255
    paint = np.zeros((SIDE, SIDE), np.uint8)
    paint[20:] = 255
    canvas = made_canvas(photo)
    even = replace(canvas, layer=np.full_like(canvas.layer, 100), paint=(paint / 255).astype(np.float32), grain=0 * canvas.grain)
    _, layer = finish(even, photo, paint)
    assert layer[20:24].mean() == pytest.approx(layer[50:].mean(), rel=0.02)


def test_the_onset_ends_where_the_photos_edge_is() -> None:
    """Dark half early, light half late, four times coarser than the photo: the step is brought back to the edge."""
    scale = 8
    photo = grey_photo(scale)
    photo[:, :259] = 60
    small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    canvas = made_canvas(small)
    onset = np.interp(small[..., 0], [60, 150], [1, 3]).astype(np.float32)
    flat = replace(canvas, onset=onset, rgb=small, grain=0 * canvas.grain)
    found, _ = finish(flat, photo, np.full(photo.shape[:2], 255, np.uint8))
    jump = np.abs(np.diff(found[200] * ONSET_UNIT))
    assert jump.argmax() == 258
    assert jump.max() > 0.8


def test_a_larger_photo_shows_finer_grain_of_the_same_rust() -> None:
    """Averaged down to the canvas all sizes agree; what is finer than the canvas grows with the size."""
    fineness = []
    for scale in (2, 4, 8):
        onset, layer = finished(scale)
        small = cv2.resize(layer, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(float)
        assert np.abs(small - finished(1)[1]).mean() < 6
        fineness.append(float(np.abs(onset - cv2.resize(cv2.resize(onset, (SIDE, SIDE)), onset.shape[::-1])).mean()))
    assert fineness[0] > 0.01
    assert fineness[2] > fineness[0]


def test_without_paint_nothing_is_made() -> None:
    photo = grey_photo(2)
    onset, layer = finish(made_canvas(grey_photo(1)), photo, np.zeros(photo.shape[:2], np.uint8))
    assert (onset == 65535).all()
    assert not layer.any()


def test_rust_reaches_the_edge_of_the_paint() -> None:
    """Beside the paint the onset goes on as it is at its rim; enlarging used to mix in "never"."""
    paint = np.zeros((40, 40), np.float32)
    paint[10:30, 10:30] = 1
    onset = np.where(paint > 0, 1.0, LEVELS[-1]).astype(np.float32)
    further = beyond_paint(onset, paint)
    assert further[8:32, 8:32] == pytest.approx(np.ones((24, 24)), abs=1e-3)
    assert (further[paint > 0] == 1).all()
    assert further[0, 0] == LEVELS[-1]
