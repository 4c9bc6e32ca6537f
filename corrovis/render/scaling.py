"""An aged car in fewer pixels: for strips and films, which need no 24 megapixels."""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.images import shrink
from corrovis.results import AgedCar, CarMask


def shrink_aged(aged: AgedCar, long_side: int) -> AgedCar:
    """The same ageing with the long side at `long_side` pixels at the most; never enlarged."""
    photo = shrink(aged.photo, long_side)
    if photo is aged.photo:
        return aged
    height, width = photo.size_hw
    small = {
        name: cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA)
        for name, array in (("onset", aged.onset), ("layer", aged.layer), ("paint", aged.paint), ("share", aged.mask.paint))
    }
    car = cv2.resize(aged.mask.car.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    mask = CarMask(car, np.asarray(small["share"], np.float32), aged.mask.places, aged.mask.made_by)
    onset = np.asarray(small["onset"], np.uint16)
    return AgedCar(
        photo, onset, np.asarray(small["layer"], np.uint8), np.asarray(small["paint"], np.uint8), mask, aged.seed, aged.made_by
    )
