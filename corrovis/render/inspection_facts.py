"""What an inspection's report says in words: its facts, by name, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import floor, log10, sqrt
from statistics import median

from corrovis import __version__
from corrovis.manifest import WeightSpec
from corrovis.sem.results import FIELD_SEVERITIES, Field, Inspection, Opinion
from corrovis.sem.severity import LIMITS

DECIMALS, MOST_DECIMALS = (0.03, 0.003), 4  # standard deviations below which a share in per cent has one more
MM2 = 1e5  # square micrometres from which an area is given in square millimetres


OF_SEVERITY = (
    "Severity follows from the corroded share by the limits above.",
    "Its probabilities say what the model's error of area, measured on specimens that it had not seen, leaves open.",
    "They do not cover pictures of another kind than the model learned from.",
)
OF_HEAT = "A heat map shows what an answer rests on; it is not a measurement of corrosion."
OF_REGIONS = (
    "A region's dot has its colour in the picture, where the largest regions carry their numbers.",
    "Equivalent diameter: that of a disc of the same area.",
    "Circularity: 4π times area over perimeter squared; 1 for a disc, near 0 for a long or ragged outline; capped at 1.",
    "Solidity: area over that of the convex hull; 1 without notches, less for branches, nets and discs of a few pixels.",
    "Eccentricity: that of the ellipse with the same second moments; 0 for a circle, near 1 for a needle.",
    "Circularity and eccentricity of regions below 50 px² are those of their pixels' corners and mean little.",
    "At the border: the region reaches the edge of the specimen in view, so its size and shape are those of a part.",
)
OF_STATES = (
    "Condition classes: of all pixels, background included; for shares of the steel fill the frame with it.",
    "A date that the camera stamped into the photo can count as corrosion: crop it off.",
)
OF_OPINIONS = "Second opinion there: what it says of the window nearest to a region that is no wider than a window."
DRAWN = ("the mean probability of its pixels", "its bounds")  # score and box of a region found pixel by pixel
DETECTED = ("the detector's own score", "the detector's own box")


def facts_of(inspection: Inspection) -> list[tuple[str, str]]:
    """The result, as (name, value)."""
    pixel, grade, found = inspection.field.pixel, inspection.grade, inspection.map
    low, high = grade.limits
    share, classes = found.corroded_fraction, found.classes[1:]
    digits = decimals_of(share, grade.sigma, grade.limits)
    states = ", ".join(f"{name} {percent(found.class_fraction(name), digits)}" for name in classes)
    limits = f"moderate from {percent(low)}, severe from {percent(high)}"
    return [
        ("Corroded share", share_text(share, grade.sigma, grade.limits)),
        ("Severity by corroded area", f"{grade.severity} ({shares_text(grade.probabilities.tolist())}); {limits}"),
        *([("Condition classes, of the whole picture", states)] if len(classes) > 1 else []),
        *([("Second opinion", opinion_text(opinion))] if (opinion := inspection.opinion) else []),
        *_areas(inspection),
        ("Regions", regions_text(inspection)),
        *_density(inspection),
        *_sizes(inspection),
        ("Pixel size", f"{pixel.um:.6g} µm ({pixel.source})" if pixel else "unknown: areas are in pixels"),
    ]


def measured_how(inspection: Inspection, spec: WeightSpec) -> list[tuple[str, str]]:
    """What was measured, with what, and how well that is known to work, as (name, value)."""
    opinion = inspection.opinion
    return [
        ("Picture", picture_text(inspection.field)),
        ("Inspected", f"{inspection.at:%Y-%m-%d %H:%M} UTC, Corrovis {__version__}"),
        ("What follows ±", f"one standard deviation: about two errors in three are smaller; {error_text(spec)}"),
        ("Limits of severity", LIMITS[inspection.model].source),
        ("Model", f"{inspection.model}, {threshold_text(spec)}, sha256 {inspection.map.made_by.sha256}"),
        *([("Scores of the model", metrics_text(spec))] if spec.metrics else []),
        ("Limits of the model", spec.limits),
        *([("Model of the second opinion", f"{opinion.made_by.model}, sha256 {opinion.made_by.sha256}")] if opinion else []),
    ]


def meaning_of(inspection: Inspection) -> tuple[str, ...]:
    """What the numbers mean, of those that the report has."""
    found, opinion, regions = inspection.map, inspection.opinion, inspection.regions
    of = "picture" if found.rows == (0, len(found.labels)) else "specimen without its data bar"
    score, box = DRAWN if found.boxes is None else DETECTED
    lines = [
        (True, f"Corroded share: pixels called corroded, of all pixels of the {of}. Regions do not overlap."),
        *((True, text) for text in OF_SEVERITY),
        *((len(found.classes) > 2, text) for text in OF_STATES),
        (opinion, "The second opinion comes from a classifier that looks at windows of the field and measures no area."),
        (inspection.saliency or (opinion and opinion.saliency), OF_HEAT),
        (regions, f"Score: how sure the model is of a region, 0 to 1: {score}."),
        (regions, f"Box: {box}, from the upper left corner; right and bottom are one past the last."),
        *((regions, text) for text in OF_REGIONS),
        (any(region.second_opinion for region in regions), OF_OPINIONS),
    ]
    return tuple(text for there, text in lines if there)


def picture_text(field: Field) -> str:
    """Which picture it is: its size, and its file's checksum where it came from a file."""
    return f"{field.size_hw[1]} x {field.size_hw[0]} pixels" + (f", sha256 {field.sha256}" if field.sha256 else "")


def share_text(share: float, sigma: float, limits: tuple[float, float]) -> str:
    """A corroded share with its standard deviation: "30 % ± 5 points"."""
    digits = decimals_of(share, sigma, limits)
    return f"{100 * share:.{digits}f} % ± {100 * sigma:.{digits}f} points"


def decimals_of(share: float, sigma: float, limits: tuple[float, float]) -> int:
    """Of a share in per cent that is known with the standard deviation `sigma`: none that the error makes meaningless, but so
    many that what is read lies on the same side of the limits of severity as what was measured.  `findings.js` does the same.
    """
    least = sum(sigma < enough for enough in DECIMALS)
    beyond = [share >= limit for limit in limits]
    fits = (n for n in range(least, MOST_DECIMALS) if [float(f"{100 * share:.{n}f}") / 100 >= at for at in limits] == beyond)
    return next(fits, MOST_DECIMALS)


def threshold_text(spec: WeightSpec) -> str:
    """From which probability on a pixel is corroded, and which of the regions that makes are believed."""
    if len(spec.classes) > 2:
        return "each pixel of its likeliest class"
    how = spec.input
    sure = f", regions from a score of {how['sure']:g}" if "sure" in how else ""
    return f"threshold {how.get('extent', 0.5):g}{sure}"


def error_text(spec: WeightSpec) -> str:
    """How the error of area is known."""
    error = spec.metrics.get("area_error")
    return f"error of area on {error['on']}" if error else "error of area assumed: the model's record has none"


def regions_text(inspection: Inspection) -> str:
    """How many there are; of others than instances also how much the largest holds."""
    count, largest = len(inspection.regions), inspection.largest_share
    if inspection.map.instances or not count:
        return f"{count:,}"
    if largest >= 0.5:
        rest = f", {count - 1:,} others the rest" if count > 1 else ""
        return f"one connected region holds {percent(largest)} of the corroded area{rest}"
    return f"{count:,}, the largest with {percent(largest)} of the corroded area"


def _density(inspection: Inspection) -> Iterator[tuple[str, str]]:
    """Of instances; what was counted errs by its square root, whatever else errs."""
    density, count = inspection.density_per_mm2, len(inspection.regions)
    if density:
        yield "Regions per mm²", f"{with_error(density, density / sqrt(count))} (error of counting alone)"


def _areas(inspection: Inspection) -> Iterator[tuple[str, str]]:
    if inspection.field_um2 is not None:
        corroded, sigma = (share * inspection.field_um2 for share in (inspection.map.corroded_fraction, inspection.grade.sigma))
        scale, unit = (1e6, "mm²") if max(corroded, sigma) >= MM2 else (1, "µm²")
        yield "Corroded area", f"{with_error(corroded / scale, sigma / scale)} {unit} of {area_text(inspection.field_um2)}"


def area_text(um2: float) -> str:
    """Four figures, in the unit that suits."""
    value, unit = (um2 / 1e6, "mm²") if um2 >= MM2 else (um2, "µm²")
    return f"{value:,.0f} {unit}" if value >= 999.95 else f"{value:#.4g} {unit}"


def _sizes(inspection: Inspection) -> Iterator[tuple[str, str]]:
    """Of instances alone: beside a network the others are specks."""
    if inspection.map.instances and inspection.regions:
        side, unit = (inspection.field.pixel.um, "µm") if inspection.field.pixel else (1.0, "px")
        sizes = [region.equivalent_diameter_px * side for region in inspection.regions]
        yield "Equivalent diameter", f"median {median(sizes):.3g} {unit}, largest {max(sizes):.3g} {unit}"


def with_error(value: float, sigma: float) -> str:
    """A value with its standard deviation of two figures: "3,010 ± 490"; with four figures where the error is none."""
    if sigma <= 0:
        return f"{value:,.4g}"
    digits = 1 - floor(log10(float(f"{sigma:.1e}")))
    return " ± ".join(f"{round(one, digits):,.{max(digits, 0)}f}" for one in (value, sigma))


def opinion_text(opinion: Opinion) -> str:
    return f"{opinion.severity} ({shares_text(opinion.probabilities.tolist())}); from a classifier that measures no area"


def shares_text(probabilities: Iterable[float]) -> str:
    """What is how likely of `FIELD_SEVERITIES`."""
    return ", ".join(f"{name} {percent(p)}" for name, p in zip(FIELD_SEVERITIES, probabilities, strict=True))


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent; of what is there, but less than the last of its `digits`, that."""
    least = 10**-digits
    return f"<{least:.{digits}f} %" if 0 < 100 * share < least else f"{100 * share:.{digits}f} %"


def metrics_text(spec: WeightSpec) -> str:
    """The record's scores with their 95 % intervals, and on what they were measured, said once for all scores before it."""
    said = list[str]()
    scores = list(spec.metrics.items())
    for (name, score), (_, after) in zip(scores, [*scores[1:], ("", {})], strict=True):
        interval = f" ({score['low']:.2g} to {score['high']:.2g})" if "low" in score and "high" in score else ""
        on = f", on {score['on']}" if score.get("on") and score.get("on") != after.get("on") else ""
        said.append(f"{name.replace('_', ' ')} {score['value']:.2g}{interval}{on}")
    return "; ".join(said)
