"""What the steps of an inspection hand to each other.  Same rules as `corrovis.results`: frozen, read-only, valid from birth.

A field can hold thousands of regions, so they are one picture of region numbers, not a stack of masks: nothing overlaps, and no
area is counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as held
from datetime import UTC, datetime
from functools import partial
from math import pi, sqrt
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from corrovis.results import Byte, Float, Provenance, check_array, check_shares

FieldSeverity = Literal["low", "moderate", "severe"]
MODELS = ("ni20cr", "pits304", "pits304-pixels", "steel-structures")
"""Inspection's networks by the names of the contract; which of them are there, the store knows."""
FIELD_SEVERITIES: tuple[FieldSeverity, ...] = get_args(FieldSeverity)


Plane = TypeVar("Plane", bound=np.generic)
LEAST_UM, MOST_UM = 1e-6, 1e5
"""Side of a pixel in micrometres, in any microscope or camera."""


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Side of a pixel in micrometres, and where that is known from."""

    um: float
    source: str

    def __post_init__(self) -> None:
        if not self.can_be(self.um):
            raise ValueError(f"PixelSize.um: wanted {LEAST_UM:g} to {MOST_UM:g}, found {self.um}")

    @staticmethod
    def can_be(um: float) -> bool:
        return LEAST_UM <= um <= MOST_UM


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A micrograph or photo as it came, and which of its rows show the specimen.

    Shape:
        rgb: (H, W, 3) uint8
        rows: first row and row after the last that show the specimen; what lies outside is the instrument's data bar
    `pixel` is None where no scale is known; `written` is the one that the file states, also where another was given; `notes` says
    what the door did on the way in; `sha256` is the file's.
    """

    rgb: Byte
    name: str
    rows: tuple[int, int]
    pixel: PixelSize | None = None
    notes: tuple[str, ...] = ()
    sha256: str | None = None
    written: PixelSize | None = None

    def __post_init__(self) -> None:
        check_array("Field.rgb", self.rgb, np.uint8, (None, None, 3))
        if not 0 <= self.rows[0] < self.rows[1] <= self.rgb.shape[0]:
            raise ValueError(f"Field.rows: wanted a range within 0 .. {self.rgb.shape[0]}, found {self.rows}")

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def specimen(self) -> Byte:
        """(h, W, 3) uint8, the picture without its data bar."""
        return self.rgb[self.rows[0] : self.rows[1]]

    def framed(self, plane: NDArray[Plane]) -> NDArray[Plane]:
        """(h, W) of the specimen as (H, W) of the picture, 0 where the data bar lies."""
        outside = self.rows[0], self.size_hw[0] - self.rows[1]
        return np.ascontiguousarray(np.pad(plane, (outside, (0, 0))))


@dataclass(frozen=True, slots=True, eq=False)
class CorrosionMap:
    """Where a field is corroded, in its own pixels; nothing lies on the data bar.

    Shape:
        labels: (H, W) uint8, class of each pixel, index into `classes`, 0 = background
        regions: (H, W) int32, number of the region that a pixel belongs to, 0 = none, 1 .. n
        probability: (H, W) float32 in [0, 1], that the pixel is corroded
        scores: (n,) float32 in [0, 1], mean probability over each region
        boxes: (n, 4) int32, x0 y0 x1 y1 of each region as a detector drew it; None where a region has its own bounds alone
    `instances`: each region is one thing, as a pit is, and to be counted; a network of grain boundaries is not.
    """

    labels: Byte
    regions: NDArray[np.int32]
    probability: Float
    scores: Float
    classes: tuple[str, ...]
    rows: tuple[int, int]
    made_by: Provenance
    boxes: NDArray[np.int32] | None = None
    instances: bool = False

    def __post_init__(self) -> None:
        check_array("CorrosionMap.labels", self.labels, np.uint8, (None, None))
        check_array("CorrosionMap.regions", self.regions, np.int32, self.labels.shape)
        check_array("CorrosionMap.probability", self.probability, np.float32, self.labels.shape)
        check_array("CorrosionMap.scores", self.scores, np.float32, (int(self.regions.max(initial=0)),))
        if self.boxes is not None:
            check_array("CorrosionMap.boxes", self.boxes, np.int32, (len(self.scores), 4))

    @property
    def certainty(self) -> Byte:
        """(H, W) uint8, how surely each pixel is corroded, for thresholds; 128 and more exactly where `labels` say so."""
        level = np.rint(self.probability * 255)
        return np.where(self.labels > 0, level.clip(128, 255), level.clip(0, 127)).astype(np.uint8)

    @property
    def corroded_fraction(self) -> float:
        """Share of the specimen that is corroded, 0 to 1."""
        return float((self.labels[self.rows[0] : self.rows[1]] > 0).mean())

    def class_fraction(self, name: str) -> float:
        """Share of the specimen that is of one class, 0 to 1."""
        return float((self.labels[self.rows[0] : self.rows[1]] == self.classes.index(name)).mean())


@dataclass(frozen=True, slots=True)
class Region:
    """One connected corroded region, measured in pixels.

    `bbox_xyxy` ends one past the last pixel; it is a detector's own box where there is one.  `circularity` is
    4 pi area / perimeter squared, 1 for a disc; `solidity` is area over that of the hull around its pixels' corners;
    `eccentricity` that of the ellipse with the same second moments.  `second_opinion` is how severe a second stage finds the
    field around it; None where there is none, or where the region reaches beyond what it looked at.  One that `touches_border` of
    the specimen in view may be larger than it shows.
    """

    id: int
    label: str
    score: float
    bbox_xyxy: tuple[int, int, int, int]
    area_px: int
    perimeter_px: float
    circularity: float
    solidity: float
    eccentricity: float
    second_opinion: FieldSeverity | None = None
    touches_border: bool = False

    @property
    def equivalent_diameter_px(self) -> float:
        """Diameter of the disc of the same area."""
        return 2 * sqrt(self.area_px / pi)


@dataclass(frozen=True, slots=True, eq=False)
class FieldGrade:
    """How corroded a field is: low, moderate or severe.

    Shape:
        probabilities: (3,) float32, sums to 1, in the order of `FIELD_SEVERITIES`
    `limits` are the corroded fractions at which moderate and severe begin; `sigma` is the standard deviation of the measured
    `fraction`.  The class is the fraction's own by the limits; the probabilities say what its error leaves open.
    """

    probabilities: Float
    fraction: float
    limits: tuple[float, float]
    sigma: float

    def __post_init__(self) -> None:
        check_shares("FieldGrade.probabilities", self.probabilities, len(FIELD_SEVERITIES))

    @property
    def severity(self) -> FieldSeverity:
        return FIELD_SEVERITIES[sum(self.fraction >= limit for limit in self.limits)]


@dataclass(frozen=True, slots=True, eq=False)
class Saliency:
    """What a network's answer rests on.

    Shape:
        heat: (H, W) float32 in [0, 1], in the field's own pixels
    `method` names the map; `cells_hw` is the resolution at which it was computed, before it was enlarged.
    """

    heat: Float
    method: str
    cells_hw: tuple[int, int]

    def __post_init__(self) -> None:
        check_array("Saliency.heat", self.heat, np.float32, (None, None))


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """How corroded a field looks to a classifier that measures no area: the second stage.

    Shape:
        probabilities: (3,) float32, sums to 1, in the order of `FIELD_SEVERITIES`
        windows: (n, 4) float32, x0 y0 x1 y1 of what it looked at, in the field's own pixels
        of_windows: (n, 3) float32, the probabilities of each window
    `saliency` is None when it was not asked for, or when there is no evidence to show.
    """

    probabilities: Float
    windows: Float
    of_windows: Float
    saliency: Saliency | None
    made_by: Provenance

    def __post_init__(self) -> None:
        check_shares("Opinion.probabilities", self.probabilities, len(FIELD_SEVERITIES))
        check_array("Opinion.windows", self.windows, np.float32, (None, 4))
        check_array("Opinion.of_windows", self.of_windows, np.float32, (len(self.windows), len(FIELD_SEVERITIES)))

    @property
    def severity(self) -> FieldSeverity:
        return FIELD_SEVERITIES[int(self.probabilities.argmax())]

    def holds(self, width: float, height: float) -> bool:
        """Whether a window is as large as that, in the field's own pixels."""
        return bool(((self.windows[:, 2:] - self.windows[:, :2]) >= (width, height)).all(axis=1).any())

    def severity_at(self, x: float, y: float) -> FieldSeverity:
        """Of the window whose middle is nearest to a place in the field."""
        middles = (self.windows[:, :2] + self.windows[:, 2:]) / 2
        nearest = int(np.abs(middles - (x, y)).max(axis=1).argmin())
        return FIELD_SEVERITIES[int(self.of_windows[nearest].argmax())]


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Everything found in one field.

    `saliency` is None as in `Opinion`; `opinion` where no second stage exists; `doubts` are reasons not to believe it; `at` is
    when.
    """

    field: Field
    model: str
    map: CorrosionMap
    regions: tuple[Region, ...]
    grade: FieldGrade
    opinion: Opinion | None
    saliency: Saliency | None
    doubts: tuple[str, ...]
    at: datetime = held(default_factory=partial(datetime.now, UTC))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The doubts, then the notes on how the picture was read."""
        return (*self.doubts, *self.field.notes)

    @property
    def field_um2(self) -> float | None:
        """Area of the specimen in view in square micrometres; None without a scale."""
        if self.field.pixel is None:
            return None
        return (self.field.rows[1] - self.field.rows[0]) * self.field.size_hw[1] * self.field.pixel.um**2

    @property
    def density_per_mm2(self) -> float | None:
        """Regions per square millimetre; None without a scale, or where regions are no instances."""
        if self.field_um2 is None or not self.map.instances:
            return None
        return len(self.regions) / (self.field_um2 / 1e6)

    @property
    def largest_share(self) -> float:
        """Share of the corroded area that the largest region holds, 0 to 1."""
        areas = [region.area_px for region in self.regions]
        return max(areas, default=0) / max(sum(areas), 1)
