"""Plots of inspections, as PNG bytes: sizes of the regions, and corrosion against exposure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import MaxNLocator, NullLocator

from corrovis.render.plots import LINES
from corrovis.render.sem_pictures import rounds
from corrovis.results import Real
from corrovis.sem.progression import Estimate, Line, Trend
from corrovis.sem.results import FIELD_SEVERITIES, Inspection

RUST, GREY = LINES[0], "#57534e"
ROUNDS = (("o", "-"), ("s", "--"), ("D", ":"))  # mark and line, others each time the colours begin anew; the page has the same
APART, BESIDE = 0.012, 0.06  # of the axis: from one condition's bar to the next, and from the first to the last at the most
ACROSS, KEY = 80, 7  # letters beside each other in the legend, and what the dot before a name takes of them


def size_histogram(inspection: Inspection) -> bytes:
    """How many regions have which equivalent diameter; micrometres where a scale is known, pixels otherwise."""
    pixel = inspection.field.pixel
    sizes = np.array([region.equivalent_diameter_px for region in inspection.regions]) * (pixel.um if pixel else 1)
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    if len(sizes):
        low, high = sizes.min() * 0.95, sizes.max() * 1.05
        axes.hist(sizes, np.geomspace(low, high, 24).tolist(), color=RUST, edgecolor="white", linewidth=0.5)
        ticks = rounds(low, high)
        axes.set_xscale("log")
        axes.set_xlim(ticks[0], ticks[-1])
        axes.set_xticks(ticks, [f"{tick:,.12g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"equivalent diameter, {'µm' if pixel else 'pixels'} (log scale)")
    axes.set_ylabel("regions")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return png_of(figure)


def progression_plot(trends: Sequence[Trend]) -> bytes:
    """Corroded share above and severity below, against hours of exposure.

    A dot is a field, a bar the interval of a mean over repeats, a line and its band a condition's trend with the t interval.
    """
    names = drawn_names([trend.condition for trend in trends])
    abreast = max(1, ACROSS // (KEY + max(map(len, names.values()))))
    rows = -(-len(trends) // abreast)
    figure = Figure(figsize=(7, 6.2 + 0.22 * rows), layout="constrained")
    shares, levels = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    aside = bars_aside([[point.exposure_h for point in trend.points] for trend in trends])
    for number, trend in enumerate(trends):
        colour, (mark, stroke) = LINES[number % len(LINES)], ROUNDS[number // len(LINES) % len(ROUNDS)]
        hours = np.array([point.exposure_h for point in trend.points])
        name = names[trend.condition].replace("$", r"\$")  # no formula
        dots: dict[str, Any] = {"color": colour, "label": name, "alpha": 0.5, "markersize": 4}
        shares.plot(hours, [100 * point.corroded_fraction for point in trend.points], mark, **dots)
        levels.plot(hours, [point.severity_level for point in trend.points], mark, **dots)
        means = [(mean.exposure_h + aside[number], mean.corroded_fraction, mean.severity_level) for mean in trend.means]
        _draw_means(shares, [(at, share) for at, share, _ in means], 100, colour)
        _draw_means(levels, [(at, level) for at, _, level in means], 1, colour)
        _draw_line(shares, trend.area, (hours, 100), (colour, stroke))
        _draw_line(levels, trend.severity, (hours, 1), (colour, stroke))
    shares.set_ylabel("corroded, % of the field")
    shares.set_ylim(0, 100 * share_ceiling(point.corroded_fraction for trend in trends for point in trend.points))
    figure.legend(*shares.get_legend_handles_labels(), loc="outside upper left", ncols=abreast, frameon=False)
    ends = [trend.points[end].exposure_h for trend in trends for end in (0, -1)]
    if min(ends) == max(ends):
        levels.set_xlim(ends[0] - 0.5, ends[0] + 0.5)
    levels.set_xlabel("exposure, h")
    levels.set_ylabel("severity")
    levels.set_yticks(range(len(FIELD_SEVERITIES)), FIELD_SEVERITIES)
    levels.set_ylim(-0.1, len(FIELD_SEVERITIES) - 0.9)
    return png_of(figure)


def drawn_names(conditions: Sequence[str]) -> dict[str, str]:
    """What each is called in the plot: itself, or its number where the font lacks a letter, or a legend would leave it out."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))

    def known(name: str) -> bool:
        return not name.startswith("_") and all(font.get_char_index(ord(letter)) for letter in name if letter != "\n")

    return {name: name if known(name) else f"condition {number}" for number, name in enumerate(conditions, 1)}


def bars_aside(hours: Sequence[Sequence[float]]) -> list[float]:
    """How many hours beside its exposure the bars of each condition stand, so that they do not hide each other."""
    every = [at for own in hours for at in own]
    step = min(APART, BESIDE / len(hours)) * (max(every) - min(every) or 1)
    return [step * (number - (len(hours) - 1) / 2) for number in range(len(hours))]


def share_ceiling(shares: Iterable[float]) -> float:
    """Where an axis of corroded shares ends: the fields with room above; the band of a few fields may run out of it."""
    return min(1.0, max(1.4 * max(shares), 0.02))


def _draw_means(axes: Axes, means: list[tuple[float, Estimate]], scale: float, colour: str) -> None:
    """A bar for the interval of each mean that has one; `scale` takes values to the axis."""
    for hours, mean in means:
        if mean.low is not None and mean.high is not None:
            reach = [[scale * (mean.value - mean.low)], [scale * (mean.high - mean.value)]]
            axes.errorbar(hours, scale * mean.value, reach, fmt="_", color=colour, markersize=11, capsize=4)


def _draw_line(axes: Axes, line: Line | None, over: tuple[Real, float], look: tuple[str, str]) -> None:
    """The line and its band from the first to the last hour; `over` holds the hours and what takes values to the axis, `look`
    colour and stroke.
    """
    if line is None:
        return
    (hours, scale), (colour, stroke) = over, look
    at = np.linspace(hours.min(), hours.max(), 41)
    axes.plot(at, scale * line.at(at), stroke, color=colour)
    if band := line.band(at):
        axes.fill_between(at, scale * band[0], scale * band[1], color=colour, alpha=0.14, linewidth=0)


def png_of(figure: Figure) -> bytes:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=GREY)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130, metadata={"Software": "Corrovis"})
    return out.getvalue()
