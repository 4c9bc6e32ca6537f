"""What the steps on steel hand to each other.  Same rules as `corrovis.results`: frozen, read-only, valid from birth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from corrovis.errors import BadInputError
from corrovis.results import Bool, Byte, Float, Provenance, check_array, check_shares

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
LUMA = (0.299, 0.587, 0.114)
CLEAN = "background"
"""Name of the class without defect; it is the last of every steel network's classes."""
MOST_SEED = 900_000_000_000  # a set makes ten million seeds of it, and torch takes 63 bits


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A picture of steel at the depth it came in.

    Shape:
        pixels: (H, W) grey or (H, W, 3) sRGB, uint8 or uint16
    `white` is the value of white: 255, or 4095 or 65535 in 16 bits.
    """

    pixels: Pixels
    name: str = "plate"
    white: int = 255
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        depth = np.uint8 if self.white == 255 else np.uint16
        check_array("Plate.pixels", self.pixels, depth, (None, None) if self.pixels.ndim == 2 else (None, None, 3))

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def grey(self) -> Float:
        """(H, W) in [0, 1]."""
        light = self.pixels.astype(np.float32) / self.white
        return np.asarray(light if light.ndim == 2 else light @ np.array(LUMA, np.float32), np.float32)

    @property
    def eight_bit(self) -> Byte:
        """(H, W) or (H, W, 3) uint8, to be looked at."""
        return np.round(self.pixels * (255 / self.white)).clip(0, 255).astype(np.uint8) if self.white != 255 else self.pixels  # type: ignore[return-value]

    def shifted(self, by: Float) -> Plate:
        """The plate with `by` (H, W), in shares of white, added to every channel; where it is 0 not a bit changes."""
        step = by * self.white
        moved = self.pixels + (step if self.pixels.ndim == 2 else step[..., None])
        whole = np.round(moved).clip(0, self.white)
        return replace(self, pixels=whole.astype(np.uint8) if self.white == 255 else whole.astype(np.uint16))


@dataclass(frozen=True, slots=True, eq=False)
class Brush:
    """How a defect is put on: `strength` 0 (not at all) to 1, another `seed` for another one, and where.

    Shape:
        region: (H, W) bool, or None for the whole plate
    """

    strength: float = 1.0
    seed: int = 0
    region: Bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise BadInputError(f"strength {self.strength} is outside 0 to 1; 0 leaves the plate as it is")
        if not 0 <= self.seed <= MOST_SEED:
            raise BadInputError(f"seed {self.seed} is outside 0 to {MOST_SEED}; use a whole number between")
        if self.region is not None:
            check_array("Brush.region", self.region, np.bool_, (None, None))


@dataclass(frozen=True, slots=True, eq=False)
class DefectPlate:
    """A synthetic picture: `original` with a defect of class `defect` added, or with its defect erased (`CLEAN`).

    Shape:
        where: (H, W) bool, the pixels that show the defect, or where it was wiped off
    """

    synthetic: ClassVar[Literal[True]] = True
    original: Plate
    plate: Plate
    defect: str
    brush: Brush
    where: Bool
    made_by: Provenance

    def __post_init__(self) -> None:
        check_array("DefectPlate.where", self.where, np.bool_, self.original.size_hw)
        if self.plate.pixels.shape != self.original.pixels.shape:
            raise ValueError(f"DefectPlate.plate: wanted shape {self.original.pixels.shape}, found {self.plate.pixels.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class PatchVerdict:
    """What an inspector sees in a picture of steel.

    Shape:
        probabilities: (classes,) float32, sums to 1
    `notes` say what was done to the picture so that the network can see it, and why to doubt the answer.
    """

    classes: tuple[str, ...]
    probabilities: Float
    made_by: Provenance
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_shares("PatchVerdict.probabilities", self.probabilities, len(self.classes))

    @property
    def name(self) -> str:
        """The likeliest class."""
        return self.classes[int(self.probabilities.argmax())]


@dataclass(frozen=True, slots=True, eq=False)
class MadePatch:
    """One patch of a synthetic set.

    Shape:
        grey: (S, S) uint8
    `source` names the clean patch that it was made from; `score` is the inspector's probability of `defect`, 1 if nobody looked.
    """

    grey: Byte
    defect: str
    seed: int
    source: str
    score: float

    def __post_init__(self) -> None:
        check_array("MadePatch.grey", self.grey, np.uint8, (None, None))
