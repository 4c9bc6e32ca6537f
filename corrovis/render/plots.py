"""Nyquist, Bode and Tafel plots of fits: results in, a figure out, saved as PNG, SVG or PDF by the ending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from corrovis.curves import CircuitFit, TafelFit
from corrovis.errors import BadInputError

COLOURS = ("#a0450f", "#2b6a8f", "#5f7f35", "#7a4a86", "#b08a1e", "#4f5b66")
KINDS = (".png", ".svg", ".pdf")


def tafel_figure(fits: Sequence[TafelFit], reference: str = "reference") -> Figure:
    """log|i| over E with the fitted curve, its window and the Tafel lines; below what the fit leaves."""
    figure = Figure(figsize=(7, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    floor = np.inf  # the axis ends here: the current goes through zero
    for fit, colour in zip(fits, _colours(len(fits)), strict=True):
        curve = fit.curve
        upper.semilogy(curve.potential_v, np.abs(curve.current_a_cm2), ".", ms=3, color=colour, alpha=0.45, label=curve.name)
        upper.semilogy(fit.potential_v, np.abs(fit.model_a_cm2), "-", lw=1.6, color=colour)
        upper.axvspan(*fit.window_v, color=colour, alpha=0.07, lw=0)
        for side, slope in ((1, fit.beta_a.value), (-1, fit.beta_c.value)):
            if np.isfinite(slope):
                eta = np.linspace(0, max(0.05, abs(fit.window_v[side > 0] - fit.e_corr.value)), 2)
                upper.semilogy(fit.e_corr.value + side * eta, fit.i_corr.value * 10 ** (eta / slope), "--", lw=0.9, color=colour)
        upper.plot(fit.e_corr.value, fit.i_corr.value, "o", ms=6, mfc="white", color=colour)
        order = np.argsort(curve.potential_v)
        measured = np.interp(fit.potential_v, curve.potential_v[order], curve.current_a_cm2[order])
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log10(np.abs(measured) / np.abs(fit.model_a_cm2))
        lower.plot(
            fit.potential_v, np.where(np.abs(fit.potential_v - fit.e_corr.value) > 0.005, left, np.nan), ".", ms=3, color=colour
        )
        size = np.abs(curve.current_a_cm2)
        floor = min(floor, 0.3 * float(np.quantile(size[size > 0], 0.01)))
    upper.set_ylim(bottom=floor)
    upper.set_ylabel("|i| in A/cm²")
    lower.set(xlabel=f"E in V against {reference}", ylabel="residual, decades")
    _finish([upper, lower], upper)
    return figure


def impedance_figure(fits: Sequence[CircuitFit]) -> Figure:
    """Nyquist left; Bode magnitude and phase, and relative residuals right."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1.15, 1))
    nyquist, size, phase, rest = (figure.add_subplot(grid[place]) for place in ((slice(None), 0), (0, 1), (1, 1), (2, 1)))
    for fit, colour in zip(fits, _colours(len(fits)), strict=True):
        f, z, model = fit.spectrum.frequency_hz, fit.spectrum.impedance, fit.model
        nyquist.plot(z.real, -z.imag, "o", ms=4, mfc="none", color=colour, label=f"{fit.spectrum.name}: {fit.circuit}")
        nyquist.plot(model.real, -model.imag, "-", lw=1.5, color=colour)
        for axes, data, line in ((size, np.abs(z), np.abs(model)), (phase, -np.angle(z, deg=True), -np.angle(model, deg=True))):
            axes.plot(f, data, "o", ms=3, mfc="none", color=colour)
            axes.plot(f, line, "-", lw=1.3, color=colour)
        rest.plot(f, 100 * fit.residuals.real, ".", ms=4, color=colour)
        rest.plot(f, 100 * fit.residuals.imag, "x", ms=4, color=colour)
    unit = fits[0].spectrum.unit.replace("ohm", "Ω").replace("cm2", "cm²")
    nyquist.set(xlabel=f"Re Z in {unit}", ylabel=f"-Im Z in {unit}", aspect="equal", adjustable="datalim")
    size.set(yscale="log", ylabel=f"|Z| in {unit}")
    phase.set(ylabel="-phase in °")
    rest.set(xlabel="frequency in Hz", ylabel="residual in %")
    for axes in (size, phase, rest):
        axes.set_xscale("log")
    _finish([nyquist, size, phase, rest], nyquist)
    return figure


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
    return [COLOURS[k % len(COLOURS)] for k in range(count)]


def _finish(panels: Sequence[Axes], titled: Axes) -> None:
    for axes in panels:
        axes.grid(alpha=0.25, lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    titled.legend(frameon=False, fontsize=8)
