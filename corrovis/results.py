"""What the steps hand to each other: frozen dataclasses of NumPy arrays in the photo's own pixels.

Arrays are read-only and checked when made, so a result that exists is valid.  Nothing here draws or computes networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from corrovis.errors import BadInputError

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Float = NDArray[np.float32]
Byte = NDArray[np.uint8]
Bool = NDArray[np.bool_]

Severity = Literal["none", "mild", "moderate", "severe"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Level 0, 1, 2, 3."""
MOST_WHOLE = 2**53  # beyond it not every whole number is a number of JSON


def check_array(name: str, array: NDArray[np.generic], dtype: type, shape: tuple[int | None, ...]) -> None:
    """Raise TypeError or ValueError unless `array` is as its docstring says; then freeze it.

    A result shares its array with whoever made it, so that one may not be written to any more either.
    """
    if array.dtype != dtype:
        raise TypeError(f"{name}: wanted {np.dtype(dtype)}, found {array.dtype}")
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits:
        raise ValueError(f"{name}: wanted shape {shape}, found {array.shape}")
    array.flags.writeable = False


def check_shares(name: str, shares: Float, count: int) -> None:
    """Raise TypeError or ValueError unless `shares` are (count,) float32 that sum to 1; then freeze them."""
    check_array(name, shares, np.float32, (count,))
    if not abs(float(shares.sum()) - 1) <= 1e-4:
        raise ValueError(f"{name}: wanted a sum of 1, found {shares.sum():.6f}")


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Which network made a result, and how long it took."""

    model: str
    sha256: str
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded picture, upright, sRGB.

    Shape:
        rgb: (H, W, 3) uint8
    `notes` says what the door did on the way in ("first frame of an animation", "transparency laid over white").
    """

    rgb: Byte
    name: str = "picture"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_array("Photo.rgb", self.rgb, np.uint8, (None, None, 3))

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.rgb.shape[0], self.rgb.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class CarMask:
    """Where the car is, and which of its parts can rust.

    Shape:
        car: (H, W) bool, whole car
        paint: (H, W) float32 in [0, 1], share of each pixel that is paintable; 0 outside the car
    `places`: (x, y) of a point on each car of the picture that can be told from the others, shares of width and height; none
    when the caller took the whole picture for a car.
    """

    car: Bool
    paint: Float
    places: tuple[tuple[float, float], ...]
    made_by: Provenance

    @property
    def cars(self) -> int:
        return len(self.places)

    def __post_init__(self) -> None:
        check_array("CarMask.car", self.car, np.bool_, (None, None))
        check_array("CarMask.paint", self.paint, np.float32, self.car.shape)


@dataclass(frozen=True, slots=True, eq=False)
class AgedCar:
    """A synthetic picture for every level at once: when each pixel begins to rust, and what its rust looks like.

    Shape:
        photo.rgb: (H, W, 3) uint8
        onset: (H, W) uint16, the level at which a pixel is half rust, in units of `ONSET_UNIT` (level = onset * ONSET_UNIT)
        layer: (H, W, 3) uint8, the rust
        paint: (H, W) uint8, share of the pixel that may rust, 255 = all; 0 = never touched
    """

    synthetic: ClassVar[Literal[True]] = True
    photo: Photo
    onset: NDArray[np.uint16]
    layer: Byte
    paint: Byte
    mask: CarMask
    seed: int
    made_by: Provenance

    def __post_init__(self) -> None:
        height, width = self.photo.size_hw
        check_array("AgedCar.onset", self.onset, np.uint16, (height, width))
        check_array("AgedCar.layer", self.layer, np.uint8, (height, width, 3))
        check_array("AgedCar.paint", self.paint, np.uint8, (height, width))


@dataclass(frozen=True, slots=True, eq=False)
class Grade:
    """How corroded the car in a photo is.

    Shape:
        probabilities: (4,) float32, sums to 1, in the order of `SEVERITIES`
    """

    probabilities: Float
    made_by: Provenance

    def __post_init__(self) -> None:
        check_shares("Grade.probabilities", self.probabilities, len(SEVERITIES))

    @property
    def severity(self) -> Severity:
        return SEVERITIES[int(self.probabilities.argmax())]


def check_level(level: float) -> float:
    """The level itself, or BadInputError outside 0 .. 3."""
    if not 0 <= level <= 3:
        raise BadInputError(f"level {level} is outside 0 to 3; 0 is none, 1 mild, 2 moderate, 3 severe")
    return float(level) + 0.0  # -0 is 0


def check_seed(seed: int) -> int:
    """The seed itself, or BadInputError outside 0 .. `MOST_WHOLE`."""
    if not 0 <= seed <= MOST_WHOLE:
        raise BadInputError(f"seed {seed} is outside 0 to {MOST_WHOLE}; use a whole number between")
    return seed
