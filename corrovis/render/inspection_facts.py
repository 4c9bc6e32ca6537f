"""What an inspection's report says in words: its facts, by name, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from corrovis import __version__
from corrovis.manifest import WeightSpec
from corrovis.sem.results import FIELD_SEVERITIES, Field, Inspection, Opinion

DECIMALS, MOST_DECIMALS = (0.03, 0.003), 4  # standard deviations below which a share in per cent has one more
MM2 = 1e5  # square micrometres from which an area is given in square millimetres

MEANING = (
    "Corroded share: pixels called corroded, of all pixels of the specimen without its data bar. Regions do not overlap.",
    "What follows ± is a standard deviation; about two in three such errors are smaller.",
    "Severity follows from the corroded share by the limits above.",
    "Its probabilities say what the model's error of area, measured on specimens that it had not seen, leaves open.",
    "They do not cover pictures of another kind than the model learned from.",
    "The second opinion, where there is one, comes from a classifier that looks at windows of the field and measures no area.",
    "The heat map shows what the model's answer rests on; it is not a measurement of corrosion.",
    "A region's dot has its colour in the picture, where the largest regions carry their numbers.",
    "Score: how sure the model is of a region, 0 to 1: the mean probability of its pixels, or a detector's own score.",
    "Box: a region's bounds, or a detector's own box, from the upper left corner; right and bottom are one past the last.",
    "Equivalent diameter: that of a disc of the same area.",
    "Circularity: 4π times area over perimeter squared; 1 for a disc, near 0 for a long or ragged outline.",
    "Solidity: area over that of the convex hull; 1 without notches, less for branches, nets and discs of a few pixels.",
    "Eccentricity: that of the ellipse with the same second moments; 0 for a circle, near 1 for a needle.",
    "Second opinion there: what the second opinion says of the window nearest to a region that is no wider than a window.",
)


def facts_of(inspection: Inspection, spec: WeightSpec) -> list[tuple[str, str]]:
    """What the report says first, as (name, value)."""
    pixel, grade, found = inspection.field.pixel, inspection.grade, inspection.map
    shares = ", ".join(f"{name} {one:.0%}" for name, one in zip(FIELD_SEVERITIES, grade.probabilities, strict=True))
    low, high = grade.limits
    share, classes = found.corroded_fraction, found.classes[1:]
    digits = decimals_of(share, grade.sigma, grade.limits)
    of_each = [("Share of each class", ", ".join(f"{name} {100 * found.class_fraction(name):.{digits}f} %" for name in classes))]
    return [
        ("Corroded share", f"{share_text(share, grade.sigma, grade.limits)} ({error_text(spec)})"),
        *(of_each if len(classes) > 1 else []),
        ("Severity", f"{grade.severity} ({shares}); moderate from {low:.0%}, severe from {high:.0%}"),
        *([("Second opinion", opinion_text(opinion))] if (opinion := inspection.opinion) else []),
        *_areas(inspection),
        ("Regions", regions_text(inspection)),
        *_sizes(inspection),
        ("Pixel size", f"{pixel.um:.6g} µm ({pixel.source})" if pixel else "unknown: areas are in pixels"),
        ("Picture", picture_text(inspection.field)),
        ("Inspected", f"{inspection.at:%Y-%m-%d %H:%M} UTC, Corrovis {__version__}"),
        ("Model", f"{inspection.model}, sha256 {found.made_by.sha256}"),
        *([("Scores of the model", metrics_text(spec))] if spec.metrics else []),
        ("Limits of the model", spec.limits),
    ]


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


def error_text(spec: WeightSpec) -> str:
    """How the error of area is known."""
    error = spec.metrics.get("area_error")
    return f"error of area on {error['on']}" if error else "error of area assumed: the model's record has none"


def regions_text(inspection: Inspection) -> str:
    """How many there are; of instances also how densely they lie, of others how much the largest holds."""
    count, density, largest = len(inspection.regions), inspection.density_per_mm2, inspection.largest_share
    if inspection.map.instances or not count:
        return f"{count:,}" + ("" if density is None else f", {density_text(density)} per mm²")
    if largest >= 0.5:
        rest = f", {count - 1:,} others the rest" if count > 1 else ""
        return f"one connected region holds {largest:.0%} of the corroded area{rest}"
    return f"{count:,}, the largest with {largest:.0%} of the corroded area"


def _areas(inspection: Inspection) -> Iterator[tuple[str, str]]:
    if inspection.field_um2 is not None:
        corroded = inspection.map.corroded_fraction * inspection.field_um2
        yield "Corroded area", f"{area_text(corroded)} of {area_text(inspection.field_um2)}"


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


def density_text(density: float) -> str:
    return f"{density:,.0f}" if density >= 100 else f"{density:.3g}"


def opinion_text(opinion: Opinion) -> str:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(FIELD_SEVERITIES, opinion.probabilities, strict=True))
    return f"{opinion.severity} ({shares}); {opinion.made_by.model}, sha256 {opinion.made_by.sha256}"


def metrics_text(spec: WeightSpec) -> str:
    """The record's scores with their 95 % intervals, and on what they were measured, said once for all scores before it."""
    said = list[str]()
    scores = list(spec.metrics.items())
    for (name, score), (_, after) in zip(scores, [*scores[1:], ("", {})], strict=True):
        interval = f" ({score['low']:.2g} to {score['high']:.2g})" if "low" in score and "high" in score else ""
        on = f", on {score['on']}" if score.get("on") and score.get("on") != after.get("on") else ""
        said.append(f"{name.replace('_', ' ')} {score['value']:.2g}{interval}{on}")
    return "; ".join(said)
