"""The mask optimiser, the click and the guided filter, each against a drawn answer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label

from corrovis.car.edges import guided
from corrovis.car.masking import (
    CarMasker,
    car_at,
    optimise,
    paint_given_car,
    places_on,
    to_the_silhouette,
    with_doubtful,
    with_lips,
    with_rim,
)
from corrovis.car.separating import separated
from corrovis.errors import BadInputError
from corrovis.resizing import resized
from corrovis.store import Store


def canvas() -> np.ndarray:
    """One large car with a small hole, one small speck, and one large hole."""
    mask = np.zeros((100, 200), bool)
    mask[20:80, 20:120] = True
    return mask


def test_small_islands_are_filled_and_specks_removed() -> None:
    mask = canvas()
    mask[40:50, 50:60] = False  # 100 of 6000 pixels
    mask[5:10, 150:155] = True
    assert (optimise(mask) == canvas()).all()


def test_large_islands_and_second_cars_stay() -> None:
    mask = canvas()
    mask[30:70, 40:80] = False  # 1600 of 4400: a garage door between pillars is no hole in the mask
    mask[20:60, 140:190] = True
    assert (optimise(mask) == mask).all()


def test_islands_at_the_border_are_background() -> None:
    mask = np.ones((50, 50), bool)
    mask[0:3, 20:25] = False
    assert not optimise(mask)[0:3, 20:25].any()


def test_share_is_a_parameter() -> None:
    mask = canvas()
    mask[5:15, 150:190] = True  # 400 of 6000: 6.7 %
    assert not optimise(mask)[10, 160]
    assert optimise(mask, share=0.05)[10, 160]


@given(seed=st.integers(0, 9999))
@settings(max_examples=30, deadline=None)
def test_parts_are_kept_or_removed_whole(seed: int) -> None:
    mask = np.random.default_rng(seed).random((30, 40)) > 0.6
    optimised = optimise(mask)
    labels = label(mask, connectivity=2)
    for part in range(1, labels.max() + 1):
        assert optimised[labels == part].mean() in (0.0, 1.0)


@given(seed=st.integers(0, 9999), sides=st.lists(st.integers(0, 3), min_size=4, max_size=4), cars=st.floats(0.3, 0.7))
@settings(max_examples=100, deadline=None)
def test_what_lies_around_a_car_changes_nothing(seed: int, sides: list[int], cars: float) -> None:
    """However much ground there is beside what touches no border; where the car touches one it goes on doing so."""
    mask = np.random.default_rng(seed).random((12, 14)) < cars
    free = [min(1, side) for side in sides]
    mask = np.pad(mask, ((free[0], free[1]), (free[2], free[3])))
    more = np.pad(mask, ((4 * sides[0], 4 * sides[1]), (4 * sides[2], 4 * sides[3])))
    height, width = mask.shape
    found = optimise(more, 0.2)[4 * sides[0] :, 4 * sides[2] :][:height, :width]
    assert np.array_equal(found, optimise(mask, 0.2))


def test_empty_mask_stays_empty() -> None:
    assert not optimise(np.zeros((10, 10), bool)).any()


def test_click_keeps_the_nearest_car() -> None:
    cars = np.zeros((50, 100), np.int32)
    cars[10:40, 5:40] = 2
    cars[10:40, 60:95] = 1
    picked = car_at(cars, (150, 40), (100, 200))  # the picture is twice the mask's size
    assert picked[20, 70]
    assert not picked[20, 20]
    left, right = places_on(cars)
    assert (left, right) == (pytest.approx((0.225, 0.5), abs=0.05), pytest.approx((0.775, 0.5), abs=0.05))


def test_click_outside_is_refused() -> None:
    with pytest.raises(BadInputError, match="outside the picture"):
        car_at(np.ones((5, 5), np.int32), (300, 2), (100, 200))


RED, BLUE = (170, 20, 30), (20, 60, 170)


@pytest.mark.parametrize(
    ("neck", "colours", "cars"),
    [(8, (RED, RED), 2), (30, (RED, RED), 1), (30, (RED, BLUE), 2), (40, (RED, BLUE), 1), (0, (RED, RED), 2)],
    ids=["narrow", "as a waist", "waist between two paints", "two-tone", "apart"],
)
def test_cars_that_touch_are_told_apart(neck: int, colours: tuple[tuple[int, int, int], ...], cars: int) -> None:
    """Two bodies of 80 x 40 pixels that a bridge joins, `neck` pixels wide."""
    mask = np.zeros((120, 240), bool)
    mask[40:80, 20:100] = mask[40:80, 130:210] = True
    mask[60 - neck // 2 : 60 + neck // 2, 90:140] |= neck > 0
    rgb = np.full((120, 240, 3), 200, np.uint8)
    rgb[:, :115], rgb[:, 115:] = colours
    found = separated(mask, rgb, np.ones(mask.shape, np.float32))
    assert ((found > 0) == mask).all()
    assert found.max() == cars
    assert (found[60, 40] == found[60, 180]) == (cars == 1)
    assert len(np.unique(found[45:75, 25:95])) == 1, "a body stays whole"


def test_what_hangs_on_a_car_is_no_car() -> None:
    """A mirror: 2 % of it, on a stalk."""
    mask = np.zeros((120, 240), bool)
    mask[40:100, 20:200] = True
    mask[22:36, 60:76] = mask[34:42, 67:69] = True
    assert separated(mask, np.full((120, 240, 3), 90, np.uint8), np.ones(mask.shape, np.float32)).max() == 1


def test_background_that_is_nearly_car_is_car_also_at_the_border() -> None:
    """A close-up with a part of its panel missing at the border, and the road below."""
    car = np.ones((60, 80), bool)
    car[50:] = car[10:30, :15] = False
    probability = np.where(car, 0.9, 0.4).astype(np.float32)
    probability[50:] = 0.02
    filled = with_doubtful(car, probability)
    assert filled[:50].all()
    assert not filled[50:].any()
    assert (with_doubtful(car, np.where(car, 0.9, 0.1)) == car).all()
    assert with_doubtful(np.ones((5, 5), bool), np.ones((5, 5))).all()
    gap = np.zeros((60, 80), bool)
    gap[20:40, 10:30] = gap[20:40, 34:60] = True
    assert (with_doubtful(gap, np.full(gap.shape, 0.4)) == gap).all(), "from afar it is what lies between two cars"


def test_paint_is_asked_for_where_it_is_car() -> None:
    """Half sure of the car and as sure of its paint as that allows: paint.  Where there is no car, what little there is stays."""
    probability = np.array([[[1.0, 0.5, 0.01]], [[0.8, 0.45, 0.009]]], np.float32)
    assert paint_given_car(probability)[0] == pytest.approx([0.8, 0.9, 0.03])


def test_the_mask_takes_in_the_rim_that_is_a_third_car() -> None:
    """A white car before a black wall whose outermost pixels are mixed; where the wall is as bright, there is no rim to see."""
    car = np.zeros((40, 60), bool)
    car[10:30, 10:50] = True
    rgb = np.where(car[..., None], 240, 10).astype(np.uint8).repeat(3, axis=2)
    rgb[9, 10:30], rgb[9, 30:50] = 130, 60  # half car, a fifth
    found = with_rim(car, rgb)
    assert found[9, 10:30].all()
    assert found.sum() == car.sum() + 20
    assert (with_rim(car, np.full_like(rgb, 240)) == car).all()


def test_guided_filter_moves_a_blurred_edge_to_the_photos_edge() -> None:
    guide = np.zeros((120, 120, 3), np.uint8)
    guide[:, 60:] = 200
    small = np.clip((np.arange(30, dtype=np.float32) - 10) / 10, 0, 1)[None].repeat(30, axis=0)  # a ramp, 4 x coarser
    followed = guided(small, guide, radius=3)
    assert followed.shape == (120, 120)
    jump = np.abs(np.diff(followed[60]))
    assert jump.argmax() == 59
    assert jump.max() > 0.15


def test_paint_reaches_the_outline_of_the_car_where_the_nearest_further_in_is_paint() -> None:
    """A car whose paint fades three pixels before its outline, with a tyre at the lower left that has none."""
    car = np.zeros((80, 120), bool)
    car[20:60, 20:120] = True  # cut off by the picture's right border
    depth = np.minimum.outer(np.minimum(np.arange(20, 60) - 19, 60 - np.arange(20, 60)), np.arange(20, 120) - 19)
    paint = np.zeros(car.shape, np.float32)
    paint[20:60, 20:] = np.clip((depth - 1) / 3, 0, 1)
    paint[45:60, 20:50] = 0
    paint[25:40, 110:] = 0.2  # dull paint at the border of the picture
    further = to_the_silhouette(paint, car, 4)
    assert (further[20:60, 60:100] == 1).all()
    assert not further[50:60, 20:45].any()
    assert not further[~car].any()
    assert (further[25:40, 110:] == paint[25:40, 110:]).all()
    assert (further >= paint).all()


def test_the_lip_of_an_arch_is_paint_that_has_its_colour() -> None:
    """White paint that the network ends two pixels before a black wheel; grey plastic beside it has another colour."""
    rgb = np.full((60, 80, 3), 240, np.uint8)
    rgb[30:] = 10
    rgb[:, 60:] = 90
    paint = np.zeros((60, 80), np.float32)
    paint[5:28, 5:59] = 1
    car = np.zeros((60, 80), bool)
    car[5:55, 5:75] = True
    found = with_lips(paint, car, rgb)
    assert (found[28, 10:50] > 0.7).all()
    assert not found[30:].any()
    assert not found[8:25, 60:].any()
    assert not found[~car].any()
    assert (found >= paint).all()


def test_an_outline_where_no_contrast_is_does_not_fray(toy_store: Store) -> None:
    """A car as light as the grainy road behind it: the mask's outline is as straight as the network's."""
    dice = np.random.default_rng(0)
    photo = np.clip(dice.normal(120, 25, (240, 320, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    probability = np.zeros((60, 80), np.float32)
    probability[15:45, 20:60] = 1
    car = CarMasker(toy_store)._car_at_full_size(
        photo, cv2.GaussianBlur(probability, (0, 0), 1.0), probability > 0.5, whole=False
    )
    top = car[:, 100:220].argmax(axis=0)
    assert top.std() < 0.75


def test_what_is_all_rim_or_no_car_is_left_as_it_is() -> None:
    paint = np.full((9, 9), 0.5, np.float32)
    thin = np.zeros((9, 9), bool)
    thin[4] = True
    for car in (thin, np.zeros((9, 9), bool)):
        assert (to_the_silhouette(paint, car, 3) == paint).all()


def test_resized_keeps_type_and_mean() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    small = resized(image, (16, 16))
    assert small.dtype == np.uint8
    assert small.shape == (16, 16, 3)
    assert abs(float(small.mean()) - float(image.mean())) < 1
