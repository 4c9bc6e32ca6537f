"""Where the car is and what of it can rust: photo in, CarMask out.

| here | PHM 2020, section 3.1 |
| --- | --- |
| `CarMasker.mask` | U-Net / MobileNetV2 segmentation, then the mask optimiser |
| `optimise(mask, share)` | "mask optimiser": background islands and foreground specks under 10 % go |
| `with_doubtful` | ours: in close-ups, background that the network nearly took for car goes too |
| `paint` | ours: the panels, without glass, tyres, lights, plates and chrome |
"""

from __future__ import annotations

import time
from math import ceil

import cv2
import numpy as np
import torch

from corrovis.car.edges import guided, shares_at_outline
from corrovis.car.separating import Labels, separated
from corrovis.errors import BadInputError, NoCarError
from corrovis.networks.car_unet import CAR, PAINT
from corrovis.resizing import resized, scaled
from corrovis.results import Bool, Byte, CarMask, Float, Photo, Provenance
from corrovis.store import Store
from corrovis.tensors import tensor_of

MODEL = "car-mask"
LEAST_CAR = 0.01  # of the picture; less is no car
FURTHER = 0.625  # of the working size: how large the third look sees the photo
RIM = 2.0  # of the network's pixels: how far before the outline of the car the paint may have faded
SMOOTH = 0.75  # of the network's pixels: where car and background are equally light the photo's grain frays the outline
SEEN = 40.0  # of 255: less contrast between a car and what is behind it shows no rim
CLOSE_UP = 0.3  # of the picture's border: a close-up has car on so much of it
NEARLY_CAR = 0.3  # mean probability of a background island that is car: 0.31 and more on panels cut off by the picture's border
SLOPE = 8.0  # of the paint over its probability: in between rust would be a veil
ISLAND_SHARE = 0.10  # of the largest part; smaller islands are filled, smaller specks removed


class CarMasker:
    """Finds cars with the store's `car-mask` network."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def mask(self, photo: Photo, whole: bool = False, at: tuple[float, float] | None = None) -> CarMask:
        """Mask of every car, or of the one at pixel `at` = (x, y); with `whole` the picture is taken for one car.

        Raises:
            NoCarError: no car, and `whole` is not set
            BadInputError: `at` is outside the picture, or `whole` is set too
        """
        if whole and at is not None:
            raise BadInputError("the whole picture (--whole) and one car (--at) exclude each other; leave one out")
        began = time.perf_counter()
        spec = self.store.spec(MODEL)
        logits = self.logits(photo.rgb, int(spec.input["size"]))
        probability = np.asarray(1 / (1 + np.exp(-logits)), np.float32)
        if whole:
            small_car = np.ones(logits.shape[1:], np.bool_)
            places: tuple[tuple[float, float], ...] = ()
        else:
            small_car = with_doubtful(optimise(probability[CAR] > 0.5), probability[CAR])
            if small_car.mean() < LEAST_CAR:
                raise NoCarError(
                    f"no car found in {photo.name}; try a photo that shows one, or have the whole picture taken for car"
                )
            cars = separated(small_car, resized(photo.rgb, small_car.shape), probability[PAINT])
            places = places_on(cars)
            if at is not None:
                small_car = car_at(cars, at, photo.size_hw)
        car = self._car_at_full_size(photo.rgb, probability[CAR], small_car, whole)
        paint = self._paint_at_full_size(photo.rgb, probability[PAINT] if whole else paint_given_car(probability), car, whole)
        return CarMask(car, paint, places, Provenance(MODEL, spec.sha256, time.perf_counter() - began))

    def sees_car(self, photo: Photo) -> bool:
        """Whether there is a car, by a single look from further off: a fifth of the work of a mask.

        It may see one where `mask` finds none: from near the grain of a dithered picture hides the car.
        """
        logits = self._look(photo.rgb, round(FURTHER * int(self.store.spec(MODEL).input["size"])))
        return bool(optimise(logits[CAR] > 0).mean() >= LEAST_CAR)

    def logits(self, rgb: Byte, long_side: int) -> Float:
        """(2, h, w) float32 at the network's working size: the mean of three looks.

        At its mirror image fewer cars are missed in bad light; from further off more of a close-up is seen at once.
        """
        near = self._look(rgb, long_side)
        mirrored = self._look(np.asarray(cv2.flip(rgb, 1), np.uint8), long_side)[:, :, ::-1]
        far = self._look(rgb, round(FURTHER * long_side))
        return np.stack([(a + b + resized(c, a.shape, cv2.INTER_CUBIC)) / 3 for a, b, c in zip(near, mirrored, far, strict=True)])

    def _look(self, rgb: Byte, long_side: int) -> Float:
        """(2, h, w) logits of the photo at `long_side`."""
        scale = long_side / max(rgb.shape[:2])
        small = resized(rgb, scaled(rgb.shape, scale), cv2.INTER_CUBIC)
        rim = 0, -small.shape[0] % 32, 0, -small.shape[1] % 32
        padded = np.asarray(cv2.copyMakeBorder(small, *rim, cv2.BORDER_REFLECT_101), np.uint8)
        with torch.inference_mode():
            logits = self.store.network(MODEL)(tensor_of(padded[None]))[0, :, : small.shape[0], : small.shape[1]]
        return np.asarray(logits.numpy(), np.float32)

    def _car_at_full_size(self, rgb: Byte, probability: Float, small_car: Bool, whole: bool) -> Bool:
        """(H, W) bool: the optimised small mask, its rim moved to the photo's own edges."""
        if whole:
            return np.ones(rgb.shape[:2], np.bool_)
        # Filled islands are car, removed specks are not, whatever the network says.
        held = np.where(small_car, np.maximum(probability, 0.51), np.minimum(probability, 0.49)).astype(np.float32)
        followed = guided(held, rgb, radius=4, epsilon=1e-3)
        sigma = SMOOTH * max(rgb.shape) / max(held.shape)
        return with_rim(optimise(cv2.GaussianBlur(followed, (0, 0), sigma) > 0.5), rgb)

    def _paint_at_full_size(self, rgb: Byte, probability: Float, car: Bool, whole: bool) -> Float:
        """(H, W) float32 in [0, 1], following the photo's edges, 0 outside the car."""
        if whole and probability.mean() < 0.1:  # not a car at all: the caller said to rust it nevertheless
            return np.ones(car.shape, np.float32)
        followed = guided(probability.astype(np.float32), rgb, radius=3)
        steep = np.clip((followed - 0.5) * SLOPE + 0.5, 0, 1)
        reach = max(2, ceil(RIM * max(car.shape) / max(probability.shape)))
        return with_lips(to_the_silhouette(np.asarray(steep * car, np.float32), car, reach), car, rgb)


def with_rim(car: Bool, rgb: Byte) -> Bool:
    """The mask with those pixels next to it that are a third car or more: their colour lies between those further in and out."""
    ring = cv2.dilate(car.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))) > car
    places = np.argwhere(ring)
    out, last = car.copy(), np.array(car.shape) - 1
    for inwards in np.array([[0, 1], [0, -1], [1, 0], [-1, 0]]):
        at, within, beyond = (tuple((places + steps * inwards).clip(0, last).T) for steps in (0, 2, -2))
        outside = rgb[beyond].astype(np.float32)
        contrast = rgb[within] - outside
        share = ((rgb[at] - outside) * contrast).sum(axis=1) / np.maximum((contrast**2).sum(axis=1), SEEN**2)
        out[at] |= car[within] & ~car[beyond] & (share > 1 / 3)
    return out


def to_the_silhouette(paint: Float, car: Bool, reach: int) -> Float:
    """(H, W) float32: paint that ends at the car's own outline, where the network's, blurred, fades a little before it.

    A pixel at most `reach` from the outline has the paint of the nearest one further in, if that is more: without it a thin line
    of the old colour would go around a rusted car.  The picture's border is no outline.
    """
    left, top, width, height = cv2.boundingRect(car.astype(np.uint8))
    if not height:
        return paint
    box = slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1)
    inside, rim = car[box].astype(np.uint8), paint[box]
    inner = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5) > reach, np.uint8)
    if not inner.any():
        return paint
    away, nearest = cv2.distanceTransformWithLabels(1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    further_in = np.zeros(int(nearest.max()) + 1, np.float32)
    further_in[nearest[inner > 0]] = rim[inner > 0]
    out = paint.copy()
    out[box] = np.where((inside > 0) & (away <= 2 * reach), np.maximum(rim, further_in[nearest]), rim)
    return out


def with_lips(paint: Float, car: Bool, rgb: Byte) -> Float:
    """(H, W) float32: paint with those pixels beside it that have its colour: lips of arches, edges of panels."""
    at, share, _ = shares_at_outline(rgb, paint > 0.5, outside=True)
    out = paint.copy()
    out[at] = np.maximum(paint[at], share * car[at])
    return out


def optimise(mask: Bool, share: float = ISLAND_SHARE) -> Bool:
    """The paper's mask optimiser: fill background islands and drop foreground specks below `share` of the largest part.

    Islands that touch the picture's border, or the ground around, are background, however small.
    """
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if not height:
        return mask
    box = slice(top, top + height), slice(left, left + width)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[box].astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept: Bool = (areas >= share * areas.max())[labels] & mask[box]
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < share * areas.max()
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    small[border] = False
    small[0] = False
    out = np.zeros_like(mask)
    out[box] = kept | small[labels]
    return out


def with_doubtful(car: Bool, probability: Float) -> Bool:
    """The mask of a close-up with those background islands that the network nearly took for car, also at the picture's border."""
    border = np.concatenate([car[0], car[-1], car[:, 0], car[:, -1]])
    if border.mean() < CLOSE_UP:  # from afar such an island is what lies between two cars
        return car
    _, labels = cv2.connectedComponents((~car).astype(np.uint8), connectivity=4)
    mean = np.bincount(labels.ravel(), probability.ravel()) / np.bincount(labels.ravel())
    return np.asarray(car | (mean > NEARLY_CAR)[labels], np.bool_)


def paint_given_car(probability: Float) -> Float:
    """(h, w) float32, how likely it is paint if it is car: what is less likely to be car is so much less likely paint."""
    return np.asarray(np.minimum(1, probability[PAINT] / np.maximum(probability[CAR], NEARLY_CAR)), np.float32)


def check_inside(at: tuple[float, float], size_hw: tuple[int, int]) -> None:
    """Raises BadInputError for a pixel (x, y) outside a picture of `size_hw`, or that is no number."""
    (x, y), (height, width) = at, size_hw
    if not (0 <= x < width and 0 <= y < height):
        raise BadInputError(f"point ({x:g}, {y:g}) is outside the picture of {width} x {height} pixels; choose one inside it")


def car_at(cars: Labels, at: tuple[float, float], size_hw: tuple[int, int]) -> Bool:
    """The one of the labelled cars at, or nearest to, pixel (x, y) of a picture of `size_hw`."""
    check_inside(at, size_hw)
    (x, y), (height, width) = at, size_hw
    ys, xs = np.nonzero(cars)
    scale_y, scale_x = cars.shape[0] / height, cars.shape[1] / width
    nearest = int(((ys - y * scale_y) ** 2 + (xs - x * scale_x) ** 2).argmin())
    return np.asarray(cars == cars[ys[nearest], xs[nearest]], np.bool_)


def places_on(cars: Labels) -> tuple[tuple[float, float], ...]:
    """(x, y) of the middle of each labelled car as shares of width and height, from left to right."""
    height, width = cars.shape
    found = []
    for car in range(1, int(cars.max()) + 1):
        depth = cv2.distanceTransform((cars == car).astype(np.uint8), cv2.DIST_L2, 5)
        y, x = divmod(int(depth.argmax()), width)
        found.append(((x + 0.5) / width, (y + 0.5) / height))
    return tuple(sorted(found))
