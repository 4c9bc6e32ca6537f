"""Balanced sets of synthetic defects, patch by patch: each made of a clean patch, looked at, and unlike all before it.

Who looks is the inspector.  PE-GAN's own discriminator could say how real a patch is, and its class head of what class: but it
was trained against this very generator, which has learned to please it, and its weights were not kept when the generator shipped.
The inspector has learned from real patches alone and has never seen a made one.

Memory stays the same however many are asked for: a batch of patches, and eight bytes for each one kept.
"""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np

from corrovis.errors import BadInputError, CorrovisError
from corrovis.images import pictures_in
from corrovis.results import Byte, Float
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector, at_least
from corrovis.steel.plates import read_plate
from corrovis.steel.results import CLEAN, MOST_SEED, MadePatch
from corrovis.steel.texture import clean_plate

log = logging.getLogger(__name__)

BATCH = 32
MOST = 100_000  # patches of a class, as many as its files' names count
SURE = 0.5  # least probability of its class for a patch to be kept
NEAR = 3
"""Bits of 64 in which the hashes of duplicates differ at the most.

Of 2498 real training patches no two of a class are so near (4 at the least, 20 in the median): less would be a copy.  Correlation
would not tell: every twentieth real groove, scratch or patch has a neighbour above 0.9, for lines at the same place are alike.
In no class are made ones nearer to each other than that.
"""
TRIES = 12  # patches made for each one asked for, before a class is given up


@dataclass(frozen=True, slots=True)
class SetOrder:
    """`count` patches of each of `defects`, from clean patches in `clean` or, without it, from drawn steel.

    With `background` as many of the clean patches themselves come with them.
    """

    defects: tuple[str, ...]
    count: int
    seed: int = 0
    clean: Path | None = None
    background: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise BadInputError(f"{self.count} patches of each class were asked for; ask for 1 to {MOST} at a time")
        if not 0 <= self.seed <= MOST_SEED:
            raise BadInputError(f"seed {self.seed} is outside 0 to {MOST_SEED}; use a whole number between")

    @property
    def classes(self) -> tuple[str, ...]:
        """All that the set holds: the defects, and `CLEAN` if asked for."""
        return (*self.defects, CLEAN) if self.background else self.defects


@dataclass(slots=True)
class Tally:
    """What became of the patches made: counts by class."""

    kept: Counter[str] = field(default_factory=Counter)
    unlike: Counter[str] = field(default_factory=Counter)
    doubles: Counter[str] = field(default_factory=Counter)

    def made(self, name: str) -> int:
        return self.kept[name] + self.unlike[name] + self.doubles[name]


def make_set(
    maker: DefectMaker,
    inspector: PatchInspector | None,
    order: SetOrder,
    tally: Tally,
    go_on: Callable[[], None] = lambda: None,
) -> Iterator[MadePatch]:
    """The patches of an order, classes in turn; `tally` counts along.  Without `inspector` nobody checks what they show.

    `go_on` is asked before each batch, whether or not the last one had a patch worth keeping; what it raises ends the set.

    A class of which too few pass is given up after `TRIES` patches for each one asked for; `shortfalls` says so.

    Raises:
        BadInputError: an unknown class, or no picture in `order.clean` that can be read
        CorrovisError: not one patch passed
    """
    for name in order.defects:
        maker.check_defect(name)
    sources = Sources(order, maker.side)
    hashes = {name: array("Q") for name in order.classes}
    number = order.seed * 10_000_000
    while wanted := next_batch(order, tally):
        go_on()
        seeds = list(range(number, number + len(wanted)))
        number += len(wanted)
        starts = [sources.draw(seed) for seed in seeds]
        made = _put_on(maker, np.stack([grey for grey, _ in starts]), wanted, seeds)
        scores = _scores(inspector, made, wanted)
        for patch, name, seed, score, (_, source) in zip(made, wanted, seeds, scores, starts, strict=True):
            grey = np.round(patch * 255).astype(np.uint8)
            if score < SURE:
                tally.unlike[name] += 1
            elif is_double(mark := perceptual_hash(grey), hashes[name]):
                tally.doubles[name] += 1
            else:
                hashes[name].append(mark)
                tally.kept[name] += 1
                yield MadePatch(grey, name, seed, source, float(score))
    if not tally.kept.total():
        raise CorrovisError(
            f"none of {sum(map(tally.made, order.classes))} patches showed what was asked for; try other clean patches"
        )


def shortfalls(order: SetOrder, tally: Tally) -> list[str]:
    """A line for each class of which there are fewer than asked for."""
    return [
        f"only {tally.kept[name]} of {order.count} {name}: {tally.made(name)} were made, the others left out"
        for name in order.classes
        if tally.kept[name] < order.count
    ]


def next_batch(order: SetOrder, tally: Tally) -> list[str]:
    """The classes of the next patches to make, those with the fewest first; empty when all are done or given up."""
    open_for = {
        name: order.count - tally.kept[name]
        for name in order.classes
        if tally.kept[name] < order.count and tally.made(name) < TRIES * max(order.count, 4)
    }
    batch: list[str] = []
    while open_for and len(batch) < BATCH:
        name = max(open_for, key=lambda one: open_for[one])
        batch.append(name)
        open_for[name] -= 1
        if open_for[name] <= 0:
            del open_for[name]
    return batch


def _put_on(maker: DefectMaker, clean: Float, wanted: list[str], seeds: list[int]) -> Float:
    """(n, H, W): the clean patches with their defects; what is wanted clean stays as it is."""
    made = clean.copy()
    if these := [i for i, name in enumerate(wanted) if name != CLEAN]:
        made[these] = maker.produce(clean[these], [wanted[i] for i in these], [seeds[i] for i in these])
    return made


def _scores(inspector: PatchInspector | None, made: Float, wanted: list[str]) -> Float:
    """(n,) probability of the class asked for."""
    if inspector is None:
        return np.ones(len(made), np.float32)
    found = inspector.probabilities(made)
    return found[np.arange(len(made)), [inspector.classes.index(name) for name in wanted]]


class Sources:
    """Clean patches without end, one after another: cut from the pictures of the order's folder, or drawn.

    A picture gives several in a row, so that it is decoded once for them, but never so many that another gives none.
    """

    def __init__(self, order: SetOrder, side: int) -> None:
        self.side, self.folder = side, order.clean or Path()
        self.files = pictures_in(order.clean, deep=True) if order.clean else []
        self.in_a_row = min(BATCH, max(1, order.count * len(order.classes) // max(1, len(self.files))))
        self._pictures = self._in_turn(np.random.default_rng(order.seed))
        self._last: tuple[Path, Float] | None = None

    def draw(self, seed: int) -> tuple[Float, str]:
        """(side, side) in [0, 1], and what it is called: a picture's path in the folder, and where in it."""
        if not self.files:
            return np.asarray(clean_plate((self.side, self.side), seed) / 255, np.float32), f"drawn {seed}"
        path, grey = next(self._pictures)
        dice = np.random.default_rng(seed)
        y, x = (int(dice.integers(length - self.side + 1)) for length in grey.shape)
        return grey[y : y + self.side, x : x + self.side], f"{path.relative_to(self.folder).as_posix()} {x},{y}"

    def _in_turn(self, dice: np.random.Generator) -> Iterator[tuple[Path, Float]]:
        """Round after round, each in another order, or classes in turn could meet the same pictures always.

        Pictures that cannot be read are left out from then on.
        """
        while True:
            turns = list(self.files)
            dice.shuffle(turns)
            for path in turns:
                try:
                    yield from repeat((path, self._read(path)), self.in_a_row)
                except BadInputError as problem:
                    self.files.remove(path)
                    if not self.files:
                        raise BadInputError(f"no picture of clean steel can be used; the last of them: {problem}") from problem
                    log.warning("left out: %s", problem)

    def _read(self, path: Path) -> Float:
        """A picture as (H, W) in [0, 1], at least a patch large: enlarged twice at the most, for grain grows with it."""
        if self._last is None or self._last[0] != path:
            grey = read_plate(path).grey
            if 2 * min(grey.shape) < self.side:
                size = f"{grey.shape[1]} x {grey.shape[0]}"
                raise BadInputError(f"{path.name} is only {size} pixels; use clean steel of at least {self.side // 2} a side")
            self._last = path, at_least(grey, self.side)
        return self._last[1]


def perceptual_hash(grey: Byte) -> int:
    """64 bits of a picture's coarse shape: which low frequencies lie above their median (pHash, Zauner 2010)."""
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes())


def is_double(mark: int, others: Sequence[int]) -> bool:
    """Whether a hash is within `NEAR` bits of another.  An array("Q") is looked at where it lies, and not copied."""
    if not others:
        return False
    return bool(np.bitwise_count(np.asarray(others, np.uint64) ^ np.uint64(mark)).min() <= NEAR)
