"""Which material a micrograph shows, out of those that a network has learned, and whether it knows such pictures at all.

The network sees squares of the specimen at up to three scales, brought to common grey levels, without the data bar and any
plain frame: texture.  A field's logits and its distance to what was learned are the means over its squares.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from corrovis.contrast import DRAWING, UNLIKE, two_greys
from corrovis.data_bar import BLANK_SHARE, WHITE, inside_frame, without_corners
from corrovis.errors import WeightsError
from corrovis.resizing import detail, reduced, resized, scaled
from corrovis.results import Byte, Float, Provenance, check_shares
from corrovis.sem.familiarity import times_as_far
from corrovis.sem.fields import normalise
from corrovis.sem.picture_checks import COLOURED, colourful, drawn_on, grey_of, nothing_in
from corrovis.sem.results import Field
from corrovis.store import Store
from corrovis.tensors import tensor_of
from corrovis.tiles import evenly, windows

MODEL = "material"
ARCHITECTURES = ("MaterialCNN", "MaterialNet")
LONG_SIDE = 1280
LEAST_SIDE = 96  # of a square, unless the field is smaller; below, no texture is left
STRIPE = 3  # rows or columns of white
SOFT = 0.6  # `detail` of a field brought to so few pixels, if it is no blurred one; of 287 fields the least is 0.86
SCALES = (1.0, 0.5, 0.25)  # of the field's short side
MOST_SQUARES = 6  # at each scale
FLAT = 6.0  # grey levels; mounting resin and vacuum tell nothing
SURE = 0.6
PARTED = "white stripes part the picture, as between the panels of a figure or above a scale bar"
UNMEASURED = "the network learned from too few specimens to tell what is unfamiliar to it; do not show it other materials"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a field seems to be made of.

    Shape:
        probabilities: (classes,) float32, sums to 1
    `distance` is 1 where a field lies as far from the training's as hardly any of its specimens held out did; 0 where the network
    cannot tell.  `stranger` says why the field is unlike all that the network knows; empty where nothing says so.
    """

    probabilities: Float
    classes: tuple[str, ...]
    distance: float
    stranger: str
    warnings: tuple[str, ...]
    made_by: Provenance

    def __post_init__(self) -> None:
        check_shares("Material.probabilities", self.probabilities, len(self.classes))

    @property
    def material(self) -> str:
        return self.classes[int(self.probabilities.argmax())]

    @property
    def familiar(self) -> bool:
        return not self.stranger


class MaterialClassifier:
    """Names the material of fields with one network of a store: the shipped one, or a lab's own."""

    def __init__(self, store: Store, name: str = MODEL) -> None:
        self.store, self.spec = store, store.spec(name)
        if self.spec.arch not in ARCHITECTURES:
            raise WeightsError(f"{name} is a {self.spec.arch}, which tells no materials; train one with train/material.py")

    def classify(self, field: Field) -> Material:
        """Probabilities of the classes, and reasons to doubt them."""
        network = self.store.network(self.spec.name)
        began = time.perf_counter()
        grey = grey_of(field.specimen)
        own = inside_frame(grey)
        with torch.inference_mode():
            logits, distances = network(squares_input(squares(without_corners(grey[own]), int(self.spec.input["size"]))))
        p = probabilities_of(logits.mean(dim=0))
        limit = float(self.spec.input.get("unfamiliar_above", 0))
        distance = float(distances.mean()) / limit if limit else 0.0
        made_by = Provenance(self.spec.name, self.spec.sha256, time.perf_counter() - began)
        stranger = unlike(field.specimen[own], distance)
        said = [*parted(grey[own]), *[UNMEASURED] * (not limit), *[stranger] * bool(stranger), *undecided(p, self.spec.classes)]
        return Material(p, self.spec.classes, distance, stranger, (*notes_of(field), *drawn_on(field, grey=True), *said), made_by)


def squares(grey: Byte, size: int) -> Byte:
    """(H, W) uint8 to (n, size, size): squares spread over the field at up to three scales, those without contrast left out."""
    grey = reduced(normalise(grey), LONG_SIDE)
    short = min(grey.shape)
    sides = dict.fromkeys(max(round(short * scale), min(short, LEAST_SIDE)) for scale in SCALES)
    cut = [grey[where] for side in sides for where in evenly(windows(grey.shape, side), MOST_SQUARES)]
    telling = [view for view in cut if view.std() >= FLAT] or cut[:1]
    return np.stack([resized(view, (size, size)) for view in telling])


def squares_input(views: Byte) -> Tensor:
    """(n, size, size) uint8 to (n, 3, size, size) in [-1, 1]."""
    return tensor_of(views).expand(-1, 3, -1, -1)


def probabilities_of(logits: Tensor) -> Float:
    """(classes,) logits by softmax; a single logit, of the second of two classes, by sigmoid, as the seed has it."""
    if len(logits) == 1:
        second = float(logits.sigmoid())
        return np.array([1 - second, second], np.float32)
    return np.asarray(logits.softmax(dim=0).numpy(), np.float32)


def notes_of(field: Field) -> list[str]:
    """What the door noted, without the scale, on which no material depends."""
    return [note for note in field.notes if "pixel size" not in note]


def unlike(rgb: Byte, distance: float) -> str:
    """Why (H, W, 3) uint8 is unlike all that the network has learned from; empty where nothing says so."""
    if empty := nothing_in(rgb):
        return empty
    if colourful(rgb):
        return f"{COLOURED}, and this network has learned from grey micrographs alone"
    if plain := without_texture(grey_of(rgb)):
        return plain
    if distance <= 1:
        return ""
    return f"{UNLIKE} ({times_as_far(distance)} times as far as micrographs of its materials get): it may show none of them"


def without_texture(grey: Byte) -> str:
    """Why (H, W) uint8 shows no texture: two grey levels, too few pixels, or no more detail than too few have; else empty."""
    height, width = grey.shape
    short = min(height, width)
    if two_greys(grey):
        return DRAWING
    if short < LEAST_SIDE:
        return f"{UNLIKE}: {width} x {height} pixels are too few to show a texture; send {LEAST_SIDE} or more a side"
    if detail(resized(grey, scaled(grey.shape, LEAST_SIDE / short))) < SOFT:
        return f"{UNLIKE}: too blurred to show a texture, as if it had fewer than {LEAST_SIDE} pixels a side; send a sharper one"
    return ""


def parted(grey: Byte) -> list[str]:
    """That white stripes cross (H, W) uint8, as between the panels of a figure, if they do."""
    for axis in (0, 1):
        white = (grey >= WHITE).mean(axis=axis) >= BLANK_SHARE
        inner = np.trim_zeros(~white)  # from the first row or column that shows something to the last
        if (~inner).sum() >= STRIPE:
            return [f"{PARTED}: the answer is of all of it; give one micrograph alone"]
    return []


def undecided(p: Float, classes: tuple[str, ...]) -> list[str]:
    """That no material is much likelier than the next, if none is."""
    first, second = (classes[i] for i in np.argsort(-p)[:2])
    return [f"undecided, {first} or {second}: send more fields of the specimen"] if p.max() < SURE else []
