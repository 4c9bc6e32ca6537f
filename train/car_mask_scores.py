"""How well a masker finds cars and their paint, in photos as they are and as worse cameras, files and framing leave them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import cv2
import numpy as np
from car_outlines import read_outlines
from car_pictures import Picture
from car_scores import Scores, rounded
from distances import spread
from segment_scores import iou

from corrovis.car.masking import CarMasker
from corrovis.errors import NoCarError
from corrovis.results import Photo

CAR, PAINT = "drawn masks of held-out clean cars", "paint of held-out clean cars, outlined by hand"
CLOSE_UP = slice(0.3, 0.85), slice(0.15, 1.0)  # rows and columns, as parts of the photo
Worsen = Callable[[np.ndarray], np.ndarray]


def noisy(rgb: np.ndarray) -> np.ndarray:
    return rgb + np.random.default_rng(0).normal(0, 25, rgb.shape)


def packed(rgb: np.ndarray) -> np.ndarray:
    file = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 15])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))


WORSE: dict[str, Worsen] = {
    "dark": lambda rgb: 0.35 * rgb,
    "overexposed": lambda rgb: 1.5 * rgb + 20,
    "blurred": lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 2),
    "noisy": noisy,
    "jpeg_15": packed,
    "bluish": lambda rgb: rgb * np.array([0.75, 0.95, 1.3]),
    "grey": lambda rgb: np.repeat(rgb.mean(axis=2, keepdims=True), 3, axis=2),
}


def mask_scores(masker: CarMasker, pictures: Sequence[Picture], drawn: Collection[str]) -> Scores:
    """IoU of the car in `pictures` whose mask was `drawn`, and of the paint where that was outlined, by way of spoiling them."""
    scores = fit_scores(masker, pictures, drawn, lambda rgb: rgb)
    for way, worsen in WORSE.items():
        scores |= {f"{name}_{way}": score for name, score in fit_scores(masker, pictures, drawn, worsen).items()}
    return scores | {
        f"{name}_close_up": score for name, score in fit_scores(masker, pictures, drawn, lambda rgb: rgb, close_up).items()
    }


def fit_scores(
    masker: CarMasker, pictures: Sequence[Picture], drawn: Collection[str], worsen: Worsen, cut: Worsen = lambda plane: plane
) -> Scores:
    """`iou` and `paint_iou` of photos worsened and cut; a car that is not found counts as what it is, nothing found."""
    outlines, cars, paints = read_outlines(), list[float](), list[float]()
    for picture in pictures:
        if picture.name not in drawn and picture.name not in outlines:
            continue
        rgb = cut(np.clip(worsen(picture.rgb), 0, 255).astype(np.uint8))
        try:
            found = masker.mask(Photo(np.ascontiguousarray(rgb), picture.name))
            car, paint = found.car, found.paint > 0.5
        except NoCarError:
            car = paint = np.zeros(rgb.shape[:2], bool)
        if picture.name in drawn:
            cars.append(iou(car, cut(picture.car)))
        if picture.name in outlines:
            outlined = outlines[picture.name].masks(255 * picture.car.astype(np.uint8))[1] > 0
            paints.append(iou(paint, cut(outlined)))
    found_by = (("iou", cars, CAR), ("paint_iou", paints, PAINT))
    return {name: rounded(spread(values), on) for name, values, on in found_by if values}


def close_up(plane: np.ndarray) -> np.ndarray:
    """The middle of the car in a photo (H, W, ...), without its ends."""
    rows, columns = (slice(int(part.start * n), int(part.stop * n)) for part, n in zip(CLOSE_UP, plane.shape[:2], strict=True))
    return plane[rows, columns]
