"""What the stage is sent once per photo: `encode` writes it, `corrosion_stage.js` reads it.

| picture | holds | why so |
| --- | --- | --- |
| `photo` | the photo | lossless, so that level 0 is the photo bit for bit |
| `layer` | the rust, black where nothing can rust | black compresses to nothing |
| `control` | R, G = onset, high and low byte; B = paint | PNG without alpha: browsers multiply colours by alpha |

The constants of the ageing formula travel along, so they are written in one place only, `corrovis.car.ageing`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from corrovis.car.ageing import GAIN, RAMP, YOUTH
from corrovis.car.onset import ONSET_UNIT
from corrovis.results import AgedCar, Bool
from corrovis.ui.values import stamped, to_uri

STAGE_SIDE = 1280
"""Long side in pixels of what the browser draws; files to keep are made from the full photo."""


def encode(aged: AgedCar, key: str, picked: bool = False) -> str:
    """The stage's value as JSON; a `key` other than the last one tells the stage that this is a new photo.

    `picked` says that one car of several was chosen.
    """
    paint = aged.paint
    layer = np.asarray(cv2.copyTo(aged.layer, paint), np.uint8)
    onset = np.where(paint > 0, aged.onset, 0)
    control = np.dstack([onset >> 8, onset & 255, paint]).astype(np.uint8)
    with ThreadPoolExecutor(3) as pool:  # OpenCV lets go of the lock while it deflates
        photo_uri, layer_uri, control_uri = pool.map(to_uri, (aged.photo.rgb, layer, control))
    height, width = aged.photo.size_hw
    return stamped(
        key=key,
        width=width,
        height=height,
        photo=photo_uri,
        layer=layer_uri,
        control=control_uri,
        outline=outline_points(aged.mask.car),
        places=aged.mask.places,
        picked=picked,
        constants={"unit": ONSET_UNIT, "ramp": RAMP, "youth": YOUTH, "gain": list(GAIN)},
    )


def encode_problem(text: str, key: str, offer_whole: bool = False) -> str:
    """The stage's value when there is nothing to draw: one friendly line, and a way on if there is one."""
    return stamped(key=key, problem=text, offer_whole=offer_whole)


def outline_points(car: Bool) -> list[list[list[int]]]:
    """Closed polygons around a (H, W) mask, each a list of [x, y] in its pixels, holes included, specks left out."""
    contours, _ = cv2.findContours(car.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    wanted = [contour for contour in contours if cv2.contourArea(contour) > car.size * 2e-4]
    return [cv2.approxPolyDP(contour, 0.8, True)[:, 0].tolist() for contour in wanted]
