"""The mask optimiser, the click and the guided filter, each against a drawn answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label

from corrovis.car.edges import guided
from corrovis.car.masking import car_at, optimise, to_the_silhouette
from corrovis.errors import BadInputError
from corrovis.resizing import resized


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


def test_empty_mask_stays_empty() -> None:
    assert not optimise(np.zeros((10, 10), bool)).any()


def test_click_keeps_the_nearest_car() -> None:
    cars = np.zeros((50, 100), bool)
    cars[10:40, 5:40] = True
    cars[10:40, 60:95] = True
    picked = car_at(cars, (150, 40), (100, 200))  # the picture is twice the mask's size
    assert picked[20, 70]
    assert not picked[20, 20]


def test_click_outside_is_refused() -> None:
    with pytest.raises(BadInputError, match="outside the picture"):
        car_at(np.ones((5, 5), bool), (300, 2), (100, 200))


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
    assert further[20, 60:100] == pytest.approx(np.full(40, 0.75))
    assert (further[21:59, 60:100] == 1).all()
    assert not further[50:60, 20:45].any()
    assert not further[~car].any()
    assert (further[25:40, 110:] == paint[25:40, 110:]).all()
    assert (further >= paint).all()


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
