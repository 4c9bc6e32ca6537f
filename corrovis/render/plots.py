"""Nyquist, Bode, Tafel and Arrhenius plots of fits: results in, a figure out, saved as PNG, SVG or PDF by the ending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corrovis.curves import CircuitFit, TafelFit
from corrovis.electrochem.circuits import fitted_line
from corrovis.electrochem.corrosion_rate import Arrhenius
from corrovis.errors import BadInputError
from corrovis.render.curve_quantities import arrhenius_quantities, written, written_unit

LINES = ("#c2571a", "#2b7fae", "#6f9a3c", "#9158a6", "#c09a1e", "#65737e")  # of curves and conditions, on the page too
INK = "#444444"
KINDS = (".png", ".svg", ".pdf")
BAR = 0.015  # of the axes' height, that of the fit window of one of several curves
NARROW = 0.25  # share of the sweeps below which the fit windows get an axis of their own


def tafel_figure(fits: Sequence[TafelFit], reference: str = "", series: Arrhenius | None = None) -> Figure:
    """log|i| over E with the fitted curve, its window and the Tafel lines; below what the fit leaves, and the Arrhenius plot."""
    figure = Figure(figsize=(7, 9.2) if series else (7, 6.2), layout="constrained")
    grid = figure.add_gridspec(3 if series else 2, 1, height_ratios=(3.2, 1, 1.8) if series else (3.2, 1))
    upper = figure.add_subplot(grid[0])
    window = narrow_window(fits)
    lower = figure.add_subplot(grid[1], sharex=None if window else upper)
    upper.tick_params(labelbottom=window is not None)
    floor = np.inf  # the axis ends here: the current goes through zero
    for place, (fit, colour) in enumerate(zip(fits, _colours(len(fits)), strict=True)):
        _draw_tafel(fit, colour, upper)
        # The whole height is for one alone: several over each other would darken the plot.
        bar = (0.0, 1.0, 0.07) if len(fits) == 1 else (place * BAR, (place + 1) * BAR, 0.5)
        upper.axvspan(*fit.window_v, *bar[:2], color=colour, alpha=bar[2], lw=0)
        lower.plot(fit.potential_v, fit.residuals, ".", ms=3, color=colour)
        size = np.abs(fit.curve.current_a_cm2)
        floor = min(floor, 0.3 * float(np.quantile(size[size > 0], 0.01)))
    upper.set_ylim(bottom=floor)
    upper.set_ylabel("|i| in A/cm²")
    if window:
        rim = 0.03 * (window[1] - window[0])
        lower.set_xlim(window[0] - rim, window[1] + rim)
    lower.set(xlabel=f"E in V against {literal(reference)}" if reference else "E in V", ylabel="residual, decades")
    _finish([upper, lower], upper)
    figure.legend(handles=_marks(fits), loc="outside upper right", ncols=4, frameon=False, fontsize=8)
    if series:
        _draw_arrhenius(series, figure.add_subplot(grid[2]))
    return figure


def narrow_window(fits: Sequence[TafelFit]) -> tuple[float, float] | None:
    """V, from and to which the fit windows reach, where that is so little of the sweeps that it is hardly seen on their axis."""
    low, high = min(fit.window_v[0] for fit in fits), max(fit.window_v[1] for fit in fits)
    whole = np.ptp(np.concatenate([fit.curve.potential_v for fit in fits]))
    return (low, high) if high - low < NARROW * whole else None


def _draw_tafel(fit: TafelFit, colour: str, axes: Axes) -> None:
    curve = fit.curve
    axes.semilogy(curve.potential_v, np.abs(curve.current_a_cm2), ".", ms=3, color=colour, alpha=0.45, label=literal(curve.name))
    axes.semilogy(fit.line_v, np.abs(fit.line_a_cm2), "-", lw=1.6, color=colour)
    for side, slope in ((1, fit.beta_a.value), (-1, fit.beta_c.value)):
        if np.isfinite(slope):
            eta = np.linspace(0, max(0.05, abs(fit.window_v[side > 0] - fit.e_corr.value)), 2)
            axes.semilogy(fit.e_corr.value + side * eta, fit.i_corr.value * 10 ** (eta / slope), "--", lw=0.9, color=colour)
    axes.plot(fit.e_corr.value, fit.i_corr.value, "o", ms=6, mfc="white", color=colour)


def _marks(fits: Sequence[TafelFit]) -> list[Artist]:
    """What the marks of `_draw_tafel` are, in no curve's colour."""
    sloped = any(np.isfinite([fit.beta_a.value, fit.beta_c.value]).any() for fit in fits)
    return [
        Line2D([], [], color=INK, lw=1.6, label="fit"),
        *([Line2D([], [], color=INK, lw=0.9, ls="--", label="Tafel lines")] if sloped else []),
        Line2D([], [], color=INK, ls="", marker="o", ms=6, mfc="white", label="i corr"),
        Patch(color=INK, alpha=0.15, lw=0, label="fit window"),
    ]


def _draw_arrhenius(series: Arrhenius, axes: Axes) -> None:
    axes.semilogy(1e3 / series.kelvin, series.i_corr, "o", ms=5, mfc="none", color=LINES[0], label="i corr")
    energy, _, r_squared = (written(key, found) for key, found in arrhenius_quantities(series).items())
    axes.semilogy(*series.line, "-", lw=1.4, color=LINES[0], label=f"{energy}, R² {r_squared}")
    axes.set(xlabel="1000 K / T", ylabel="i corr in A/cm²")
    _finish([axes], axes)


def impedance_figure(fits: Sequence[CircuitFit]) -> Figure:
    """Nyquist, and below it the relaxation times, left; Bode magnitude and phase, and relative residuals right."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1.15, 1))
    left = grid[:, 0].subgridspec(2, 1, height_ratios=(3, 2))
    places = (left[0], left[1], grid[0, 1], grid[1, 1], grid[2, 1])
    nyquist, relaxing, size, phase, rest = (figure.add_subplot(place) for place in places)
    for fit, colour in zip(fits, _colours(len(fits)), strict=True):
        f, z = fit.spectrum.frequency_hz, fit.spectrum.impedance
        finer, model = fitted_line(fit)
        nyquist.plot(z.real, -z.imag, "o", ms=4, mfc="none", color=colour, label=f"{literal(fit.spectrum.name)}: {fit.circuit}")
        nyquist.plot(model.real, -model.imag, "-", lw=1.5, color=colour)
        for axes, data, line in ((size, np.abs(z), np.abs(model)), (phase, -np.angle(z, deg=True), -np.angle(model, deg=True))):
            axes.plot(f, data, "o", ms=3, mfc="none", color=colour)
            axes.plot(finer, line, "-", lw=1.3, color=colour)
        if times := fit.relaxation_times:
            relaxing.plot(times.tau_s, times.gamma, "-", lw=1.3, color=colour)
        first = fit is fits[0]
        rest.plot(f, 100 * fit.residuals.real, ".", ms=4, color=colour, label="real part" if first else None)
        rest.plot(f, 100 * fit.residuals.imag, "x", ms=4, color=colour, label="imaginary part" if first else None)
    unit = written_unit(fits[0].spectrum.unit)
    nyquist.set(xlabel=f"Re Z in {unit}", ylabel=f"-Im Z in {unit}", aspect="equal", adjustable="datalim")
    size.set(yscale="log", ylabel=f"|Z| in {unit}")
    phase.set(ylabel="-phase in °")
    rest.set(xlabel="frequency in Hz", ylabel="residual in %")
    relaxing.set(xlabel="relaxation time in s", ylabel=f"distribution in {unit}")
    for axes in (size, phase, rest, relaxing):
        axes.set_xscale("log")
    _finish([nyquist, relaxing, size, phase, rest], nyquist)
    rest.legend(frameon=False, fontsize=7, ncols=2)
    return figure


def literal(text: str) -> str:
    """`text` as it is to be read: its $ begin no formula, and what cannot be drawn is left out."""
    return "".join(sign for sign in text if sign.isprintable()).replace("$", r"\$")


def save_figure(figure: Figure, path: Path) -> None:
    """PNG, SVG or PDF, by the path's ending.

    Raises:
        BadInputError: another ending, or a folder that cannot be written to
    """
    if path.suffix.lower() not in KINDS:
        raise BadInputError(f"a plot cannot be saved as {path.suffix or 'a file without ending'}; take {', '.join(KINDS)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=160)
    except OSError as error:
        raise BadInputError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def _colours(count: int) -> list[str]:
    return [LINES[k % len(LINES)] for k in range(count)]


def _finish(panels: Sequence[Axes], titled: Axes) -> None:
    for axes in panels:
        axes.grid(alpha=0.25, lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    titled.legend(frameon=False, fontsize=8)
