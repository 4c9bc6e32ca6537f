"""Plots of inspections, as PNG bytes: sizes of the regions, and corrosion against exposure."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from corrovis.sem.progression import Trend
from corrovis.sem.results import Inspection

RUST, GREY = "#c2571a", "#57534e"
LINES = ("#c2571a", "#0f766e", "#4338ca", "#a16207", "#be123c", "#57534e")


def size_histogram(inspection: Inspection) -> bytes:
    """How many regions have which equivalent diameter; micrometres where a scale is known, pixels otherwise."""
    pixel = inspection.field.pixel
    sizes = np.array([region.equivalent_diameter_px for region in inspection.regions]) * (pixel.um if pixel else 1)
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    if len(sizes):
        low, high = sizes.min() * 0.95, sizes.max() * 1.05
        axes.hist(sizes, np.geomspace(low, high, 24).tolist(), color=RUST, edgecolor="white", linewidth=0.5)
        axes.set_xscale("log")
    axes.set_xlabel(f"equivalent diameter, {'µm' if pixel else 'pixels'}")
    axes.set_ylabel("regions")
    return _png(figure)


def progression_plot(trends: Sequence[Trend]) -> bytes:
    """Corroded share of each field against hours of exposure, with the line of each condition that has one."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for number, trend in enumerate(trends):
        colour = LINES[number % len(LINES)]
        hours = np.array([point.exposure_h for point in trend.points])
        shares = np.array([point.corroded_fraction for point in trend.points]) * 100
        axes.plot(hours, shares, "o", color=colour, label=trend.condition)
        if trend.per_hour is not None:
            ends = np.array([hours.min(), hours.max()])
            axes.plot(ends, shares.mean() + trend.per_hour.value * 100 * (ends - hours.mean()), color=colour)
    axes.set_xlabel("exposure, h")
    axes.set_ylabel("corroded, % of the field")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=GREY)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130, metadata={"Software": "Corrovis"})
    return out.getvalue()
