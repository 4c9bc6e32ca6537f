"""The inspection of one field: map, regions, severity, saliency, and what a reader should be warned of."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from corrovis.errors import WeightsError
from corrovis.manifest import WeightSpec
from corrovis.results import Byte
from corrovis.sem import severity
from corrovis.sem.familiarity import strangeness
from corrovis.sem.regions import measure
from corrovis.sem.results import CorrosionMap, Field, FieldGrade, Inspection, Opinion
from corrovis.sem.saliency import saliency_of
from corrovis.sem.seeing import GREY, scale_of
from corrovis.sem.segmentation import Segmenter

COLOURFUL = 12.0  # mean difference of a pixel's channels; stained scans of grey micrographs stay below
FAR_NEARER = 0.75  # of the distance to the first model; pits lie at 0.34 to 0.64, grain boundaries at 2.5 and more
NO_CONTRAST = 2.5  # standard deviation of the grey levels
STRUCTURES = "steel-structures"
UNSURE = (0.2, 0.8)
UNSURE_SHARE = 0.35
MUCH_REDUCED = 0.25  # of the picture's own pixels along a side, as the model sees it
NO_MAP = "no heat map: nothing in the layers of this network speaks for what it found; check the regions by eye"


class Inspector:
    """Inspects fields with the networks of the segmenter's store."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter

    def inspect(self, field: Field, model: str | None = None, explain: bool = True) -> Inspection:
        """Everything about `field` as `model`, or the one that suits it, sees it.

        `explain` adds the saliency map, at the cost of a forward and a backward pass.
        """
        model = model or choose_model(field, self.segmenter)
        spec = self.segmenter.store.spec(model)
        found = self.segmenter.segment(field, model)
        heat = saliency_of(self.segmenter.store, field, found) if explain else None
        without = [NO_MAP] if explain and heat is None and len(found.scores) else []
        grade, opinion = severity.grade(found, spec), None
        if contrast(field.specimen) >= NO_CONTRAST:
            opinion = severity.second_opinion(self.segmenter.store, field, model, explain)
        others = [name for name in self.segmenter.models if name not in (model, STRUCTURES)]
        said = doubts(field, found, spec, strangeness(self.segmenter.store, field, model), others)
        return Inspection(
            field=field,
            model=model,
            map=found,
            regions=measure(found, opinion),
            grade=grade,
            opinion=opinion,
            saliency=heat,
            warnings=(*field.notes, *said, *disagreement(grade, opinion), *without),
        )


def choose_model(field: Field, segmenter: Segmenter) -> str:
    """The model for a field when nobody named one: photos go to the one for structures, micrographs to the first, unless
    they are familiar to another and to that one far more so.

    Raises:
        WeightsError: there is no model at all
    """
    models = segmenter.models
    if not models:
        raise WeightsError("no inspection model is among the weights; restore weights/ with git checkout weights/")
    if colourfulness(field.specimen) > COLOURFUL and STRUCTURES in models:
        return STRUCTURES
    fitting = [name for name in models if name != STRUCTURES] or list(models)
    far = {name: strangeness(segmenter.store, field, name) for name in fitting} if len(fitting) > 1 else {}
    first = far.get(fitting[0]) or 0.0
    nearer = {name: one for name, one in far.items() if one is not None and one <= min(1.0, FAR_NEARER * first)}
    return min(nearer, key=lambda name: nearer[name]) if nearer else fitting[0]


def doubts(field: Field, found: CorrosionMap, spec: WeightSpec, strange: float | None, others: Sequence[str] = ()) -> list[str]:
    """Reasons not to believe the result: the picture is unlike those that the model learned from, or the model is unsure.

    `strange` is how far the picture's features lie from those of training, 1 = as far as a picture may be; `others` are the
    other models for micrographs.
    """
    rgb = field.specimen
    said = []
    if contrast(rgb) < NO_CONTRAST:
        said.append("unlike anything in training: the picture has hardly any contrast")
    elif spec.input.get("levels") in GREY and colourfulness(rgb) > COLOURFUL:
        said.append("unlike anything in training: a colour picture, and this model has learned from grey micrographs alone")
    elif strange is not None and strange > 1:
        said.append(
            f"unlike anything in training: to the model this lies {min(strange, 99):.1f} times as far from its training pictures "
            "as pictures left out of them did; do not rely on its regions"
            + (f", or choose another model: {', '.join(others)}" if others else "")
        )
    height, width = rgb.shape[:2]
    scale = scale_of(max(height, width), spec.input)
    if scale < MUCH_REDUCED:
        said.append(
            f"{spec.name} saw this {width} x {height} picture at {width * scale:.0f} x {height * scale:.0f}: what is "
            f"narrower than {1 / scale:.0f} pixels is lost; inspect parts of it for finer corrosion"
        )
    p = found.probability[field.rows[0] : field.rows[1]]
    if ((p > UNSURE[0]) & (p < UNSURE[1])).mean() > UNSURE_SHARE:
        said.append("the model is unsure of more than a third of the field; check its outlines")
    return said


def disagreement(grade: FieldGrade, opinion: Opinion | None) -> list[str]:
    """That the two stages grade the field differently, if they do."""
    if opinion is None or opinion.severity == grade.severity:
        return []
    sure = float(opinion.probabilities.max())
    by_area = f"at the model's own threshold, {grade.severity} by corroded area"
    return [f"{by_area}, but to the second stage it looks {opinion.severity} ({sure:.0%}): check it by eye"]


def contrast(rgb: Byte) -> float:
    return float(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).std())


def colourfulness(rgb: Byte) -> float:
    """Mean over the pixels of largest minus smallest channel."""
    return float((rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)).mean())
