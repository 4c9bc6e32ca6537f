"""The inspection of one field: map, regions, severity, saliency, and what a reader should be warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from corrovis.contrast import UNLIKE
from corrovis.errors import WeightsError
from corrovis.manifest import WeightSpec, remedy
from corrovis.resizing import detail, resized, scaled
from corrovis.sem import severity
from corrovis.sem.familiarity import LEARNED_ALIKE, strangeness, times_as_far
from corrovis.sem.fields import other_scale
from corrovis.sem.picture_checks import COLOURED, COLOURLESS, FADED, colourful, colourfulness, grey_of, laid_over, nothing_in
from corrovis.sem.preparing import GREY, MOST_GAIN, WHITE, as_seen, seen_scale, white_of
from corrovis.sem.regions import measure
from corrovis.sem.results import FIELD_SEVERITIES, CorrosionMap, Field, FieldGrade, Inspection, Opinion
from corrovis.sem.saliency import saliency_of
from corrovis.sem.segmentation import Segmenter, classes_of
from corrovis.store import Store

FAR_NEARER = 0.75  # of the distance to the first model; pits lie at 0.34 to 0.64, grain boundaries at 2.5 and more
STRUCTURES = "steel-structures"
UNSURE = (0.2, 0.8)
UNSURE_SHARE = {"ni20cr": 0.225}
"""Most of a field that a model may be unsure of.  ni20cr is of 9 to 21 % of its fields, of 23 to 30 % of them at a quarter."""
OTHERS_UNSURE = 0.35
TINY = 96  # pixels along the shorter side, of which three quarters of a tile of training would be mirrored
COMPARED = 2048  # pixels along a side, of the middle of a field
ASTRAY = 1.5  # standard deviations of the share, which twice enlarged fields change by 0.3 to 2.3 and others by less than 1
SETTLED, POSSIBLE = 0.6, 0.1  # probabilities of a grade: below the first it is doubtful, above the second another is named
WORSE_STATES = {"severe": 2, "poor": 1}  # condition states, and the grade below which one is said, by its place
LEAST_STATE = 0.005  # of the picture; less are specks
SOFT = 1.06  # `detail` of fields of the usual size: ten originals have 1.09 and more, the same blurred by a pixel 1.05 and less
MUCH_REDUCED = 0.25  # of the picture's own pixels along a side, as the model sees it
Far = Callable[[str], float | None]
"""How far a field lies from what a model has learned, 1 = as far as a field may be; None where nobody measured that."""
NO_MAP = "no heat map: nothing in the layers of this network speaks for what it found; check the regions by eye"


class Inspector:
    """Inspects fields with the networks of the segmenter's store."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter

    def inspect(self, field: Field, model: str | None = None, explain: bool = True) -> Inspection:
        """Everything about `field` as `model`, or the one that suits it, sees it.

        `explain` adds the saliency map, at the cost of a forward and a backward pass.
        """
        store = self.segmenter.store
        far = measured(store, field)
        model = model or choose_model(field, self.segmenter, far)
        spec = store.spec(model)
        found = self.segmenter.segment(field, model)
        heat = saliency_of(store, field, found) if explain else None
        without = [NO_MAP] if explain and heat is None and len(found.scores) else []
        grade = severity.grade(found, spec)
        empty = nothing_in(field.specimen)
        opinion = None if empty else severity.second_opinion(store, field, model, explain)
        stranger = empty or unlike(field, spec, far)
        others = [name for name in self.segmenter.models if name != model] if stranger and not empty else []
        said = doubts(field, found, spec, stranger, [name for name in others if is_familiar(field, store.spec(name), far)])
        said += magnified(field, found, store, grade.sigma)
        return Inspection(
            field=field,
            model=model,
            map=found,
            regions=measure(found, opinion),
            grade=grade,
            opinion=opinion,
            saliency=heat,
            doubts=(*other_scale(field), *said, *of_grade(found, grade, opinion), *without),
        )


def measured(store: Store, field: Field) -> Far:
    """How strange `field` is to each model, looked at once for all that learned from the same pictures."""
    known = cache(partial(strangeness, store, field))
    return lambda model: known(LEARNED_ALIKE.get(model, model))


def choose_model(field: Field, segmenter: Segmenter, far: Far) -> str:
    """The model for a field when nobody named one: photos go to the one for structures, and so do faded and grey ones that are
    familiar to it and to no other more so; micrographs to the first, unless another knows their like far better.
    `far` is how strange the field is to each.

    Raises:
        WeightsError: there is no model at all
    """
    models = segmenter.models
    if not models:
        how = remedy(segmenter.store.folder)
        raise WeightsError(f"no inspection model is among the weights; if their manifest.json is not the one that ships, {how}")
    if colourful(field.specimen) and STRUCTURES in models:
        return STRUCTURES
    fitting = [name for name in models if name != STRUCTURES] or list(models)
    if len(models) == 1 or nothing_in(field.specimen):
        return fitting[0]
    strange = {name: one for name in models if (one := far(name)) is not None}
    if min(strange, key=strange.__getitem__, default="") == STRUCTURES and strange[STRUCTURES] <= 1:
        return STRUCTURES
    limit = min(1.0, FAR_NEARER * strange.get(fitting[0], 0.0))
    nearer = [name for name in fitting if name in strange and strange[name] <= limit]
    return min(nearer, key=lambda name: strange[name], default=fitting[0])


def unlike(field: Field, spec: WeightSpec, far: Far) -> str:
    """Why `field`, which shows something, is unlike all that the model of `spec` learned from; empty where nothing says so."""
    if spec.input.get("levels") in GREY and colourful(field.specimen):
        return f"{COLOURED}, and this model has learned from grey micrographs alone"
    if spec.input.get("levels") not in GREY and colourfulness(field.specimen) < COLOURLESS:
        return FADED
    strange = far(spec.name)
    if strange is None or strange <= 1:
        return ""
    return (
        f"{UNLIKE}: to the model this lies {times_as_far(strange)} times as far from its training pictures "
        "as pictures left out of them did; do not rely on its regions"
    )


def is_familiar(field: Field, spec: WeightSpec, far: Far) -> bool:
    """Whether the model of `spec` is known to know such pictures; where nobody measured that, it is not."""
    return not unlike(field, spec, far) and far(spec.name) is not None


def doubts(field: Field, found: CorrosionMap, spec: WeightSpec, stranger: str, others: Sequence[str] = ()) -> list[str]:
    """Reasons not to believe the result: the picture is unlike those that the model learned from, or the model is unsure.

    `stranger` says why it is unlike them, if it is; `others` are the models to which it is familiar.
    """
    said = [stranger + (f", or choose another model: {', '.join(others)}" if others else "")] if stranger else []
    said += of_size(field, spec)
    height, width = field.specimen.shape[:2]
    if min(height, width) < TINY:
        said.append(f"a field of {width} x {height} pixels is too small to be graded; inspect one of at least {TINY} a side")
    if spec.input.get("levels") not in GREY and (white := white_of(field.specimen)) < WHITE / MOST_GAIN:
        said.append(f"the photo is too dark: hardly a pixel of it exceeds {white:.0f} of 255; give a lighter one")
    said += laid_over(field, spec.input.get("levels") in GREY)
    p = found.probability[field.rows[0] : field.rows[1]]
    unsure, most = float(((p > UNSURE[0]) & (p < UNSURE[1])).mean()), UNSURE_SHARE.get(spec.name, OTHERS_UNSURE)
    if unsure > most:
        check = "check its outlines, and that it is magnified as in training"
        said.append(f"the model is unsure of {100 * unsure:.0f} % of the field: {check}")
    return said


def of_size(field: Field, spec: WeightSpec) -> list[str]:
    """That the model of `spec` saw `field` too small, or that nothing in it is as fine as in what the model learned from."""
    how, (height, width) = spec.input, field.specimen.shape[:2]
    scale = seen_scale(field.specimen, how)
    seen = f"{spec.name} saw this {width} x {height} picture at {width * scale:.0f} x {height * scale:.0f}"
    if scale < 1 and "learned_side" in how:
        return [f"{seen}: it shows nothing finer, as if it were enlarged or out of focus; give the original if there is one"]
    if scale < MUCH_REDUCED:
        return [f"{seen}: what is narrower than {1 / scale:.0f} pixels is lost; inspect parts of it for finer corrosion"]
    if "enlarge" in how and scale < (wanted := how["enlarge"]):
        parts = f"inspect parts of it of at most {how['enlarged_to'] / wanted:.0f} pixels a side"
        return [f"{seen}, enlarged {scale:.2g} times instead of {wanted}: the smallest pits are missed; {parts}"]
    if "learned_side" in how and detail(grey_of(field.specimen)) < SOFT:
        why = "it is soft, as if it were enlarged or out of focus, and in such pictures too much is found"
        return [f"the picture shows little as fine as its pixels: {why}; give a sharper one if there is one"]
    return []


def magnified(field: Field, found: CorrosionMap, store: Store, sigma: float) -> list[str]:
    """That `field` is magnified more than what the model learned from, if its share of corrosion says so: at half its size less
    is found, by more than `ASTRAY` of its error `sigma`.  Only of larger fields than those, which are not reduced for it, and by
    their middle."""
    spec = store.spec(found.made_by.model)
    if max(field.specimen.shape[:2]) <= spec.input.get("learned_side", np.inf) or seen_scale(field.specimen, spec.input) < 1:
        return []
    labels = found.labels[field.rows[0] : field.rows[1]] > 0
    middle = tuple(slice((size - min(size, COMPARED)) // 2, (size + min(size, COMPARED)) // 2) for size in labels.shape)
    share = float(labels[middle].mean())
    if share <= ASTRAY * sigma:
        return []
    seen = as_seen(field.specimen, spec)[middle]
    half = resized(seen, scaled(seen.shape, 0.5))
    at_half = float((classes_of(store.network(spec.name), half, spec.input).argmax(axis=0) > 0).mean())
    if share - at_half <= ASTRAY * sigma:
        return []
    shares = f"{100 * share:.0f} % is corroded at this size and {100 * at_half:.0f} % at half of it"
    why = "the picture may be magnified more than those that the model learned from"
    return [f"{shares}: {why}; compare with an inspection of it at half its size"]


def of_grade(found: CorrosionMap, grade: FieldGrade, opinion: Opinion | None) -> list[str]:
    """Reasons not to take the grade for settled."""
    return [*near_limit(grade), *worse_state(found, grade), *disagreement(grade, opinion)]


def near_limit(grade: FieldGrade) -> list[str]:
    """That the error of area leaves another grade open, if it does: what is likely, likeliest first."""
    shares = dict(zip(FIELD_SEVERITIES, grade.probabilities.tolist(), strict=True))
    if shares[grade.severity] >= SETTLED:
        return []
    likely = [name for name in sorted(shares, key=lambda name: -shares[name]) if shares[name] >= POSSIBLE]
    said = ", ".join(f"{name} {100 * shares[name]:.0f} %" for name in likely)
    return [f"close to a limit of severity: {said}; do not take {grade.severity} for settled"]


def worse_state(found: CorrosionMap, grade: FieldGrade) -> list[str]:
    """That steel in a bad condition state is there where little of the picture is corroded, if it is."""
    for state, least in WORSE_STATES.items():
        share = found.class_fraction(state) if state in found.classes else 0.0
        if share >= LEAST_STATE and FIELD_SEVERITIES.index(grade.severity) < least:
            said = f"{100 * share:.1f} % of the picture is in condition {state}"
            return [f"{said}, and {grade.severity} counts corroded area alone: look at where that is"]
    return []


def disagreement(grade: FieldGrade, opinion: Opinion | None) -> list[str]:
    """That the two stages grade the field differently, if they do."""
    if opinion is None or opinion.severity == grade.severity:
        return []
    sure = float(opinion.probabilities.max())
    by_area = f"at the model's own threshold, {grade.severity} by corroded area"
    return [f"{by_area}, but to the second stage it looks {opinion.severity} ({100 * sure:.0f} %): check it by eye"]
