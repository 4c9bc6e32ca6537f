"""Masks are scored for what they find, in worse photos too, by maskers whose answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from car_mask_scores import WORSE, close_up, mask_scores
from car_pictures import Picture

from corrovis.errors import NoCarError
from corrovis.results import CarMask, Photo, Provenance

CAR = np.zeros((40, 60), bool)
CAR[10:30, 5:55] = True
PICTURE = Picture("drawn", "drawn", "none", np.where(CAR, 180, 60).astype(np.uint8)[..., None].repeat(3, axis=2), CAR)


class Bright:
    """Takes for the car what is lighter than `limit`, and finds none where nothing is."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def mask(self, photo: Photo) -> CarMask:
        car = photo.rgb.mean(axis=2) > self.limit
        if not car.any():
            raise NoCarError(photo.name)
        return CarMask(car, car.astype(np.float32), (), Provenance("bright", "", 0.0))


def scores_of(masker: Any) -> dict[str, float]:
    return {name: score["value"] for name, score in mask_scores(masker, [PICTURE], {"drawn"}).items()}


def test_a_mask_is_scored_in_every_kind_of_photo() -> None:
    found = scores_of(Bright(120))
    assert set(found) == {"iou", "iou_close_up", *(f"iou_{way}" for way in WORSE)}
    assert found["iou"] == found["iou_close_up"] == found["iou_grey"] == 1
    assert 0.3 < found["iou_blurred"] < 1


def test_a_car_that_is_not_found_counts_as_nothing_found() -> None:
    found = scores_of(Bright(120))
    assert found["iou_dark"] == 0, "a third as bright, nothing is above the limit"


def test_an_overexposed_background_is_not_the_car() -> None:
    assert scores_of(Bright(100))["iou_overexposed"] == pytest.approx(CAR.mean(), abs=1e-4)


def test_a_photo_without_a_drawn_mask_is_not_scored() -> None:
    assert mask_scores(Bright(120), [PICTURE], set()) == {}  # type: ignore[arg-type]


def test_a_close_up_is_cut_alike_from_photos_and_masks() -> None:
    assert close_up(PICTURE.rgb).shape[:2] == close_up(CAR).shape == (22, 51)
