"""Curves and their fits as panels of the page's plot."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import numpy as np

from corrovis.curves import CircuitFit, PolarizationCurve, Spectrum, TafelFit
from corrovis.electrochem.circuits import fitted_line
from corrovis.electrochem.corrosion_rate import Arrhenius
from corrovis.render.curve_quantities import written_unit
from corrovis.render.plots import narrow_window
from corrovis.results import Real
from corrovis.ui.curve_plot import panel, series
from corrovis.ui.wording import electrochem as wording


def file_of(fit: TafelFit, known: Container[str]) -> str:
    """The name of the file that a curve is of: its own, or without the end that `split_sweeps` adds."""
    name = fit.curve.name
    return name if name in known else re.sub(r" sweep \d+ \((up|down)\)$", "", name)


def _log(current: Real, measured: Real) -> Real:
    """log10|i|; NaN at next to zero current of what was measured, which would draw the axis down to nothing."""
    size = np.abs(current)
    floor = 0.3 * float(np.quantile(np.abs(measured), 0.01)) or 1e-30
    return np.where(size > floor, np.log10(np.maximum(size, floor)), np.nan)


def polarization_panels(curves: list[PolarizationCurve], fits: list[TafelFit], reference: str) -> list[dict[str, Any]]:
    """log|i| over E, measured and fitted, with the first fit's window; below it what the fits leave, larger if that is narrow."""
    places = {curve.name: k for k, curve in enumerate(curves)}
    main = [series(c.potential_v, _log(c.current_a_cm2, c.current_a_cm2), c.name, k, False) for k, c in enumerate(curves)]
    left = []
    for fit in fits:
        k = places[file_of(fit, places)]
        line = _log(fit.line_a_cm2, curves[k].current_a_cm2)
        main.append(series(fit.line_v, line, "", k, True) | {"ink": True})
        left.append(series(fit.potential_v, fit.residuals, "", k, False))
    window = [round(edge, 4) for edge in fits[0].window_v] if fits else None
    of = file_of(fits[0], places) if len(fits) > 1 else None
    axis = wording.PLOT_AGAINST.format(reference=reference) if reference else wording.PLOT_POTENTIAL
    panels = [panel(axis, wording.PLOT_CURRENT, main, window=window, window_of=of)]
    if not left:
        return panels
    below: dict[str, Any] = {"below": True}
    if narrow := narrow_window(fits):
        below["frame"] = {"x": narrow, "y": [value for one in left for value in one["y"]]}
    return [*panels, panel(axis, wording.PLOT_DECADES, left, **below)]


def arrhenius_panel(found: Arrhenius) -> dict[str, Any]:
    """log i_corr over 1000 K / T with its line."""
    inverse, line = found.line
    data = series(1e3 / found.kelvin, np.log10(found.i_corr), "", 0, False)
    fit = series(inverse, np.log10(line), "", 0, True) | {"ink": True}
    return panel(wording.PLOT_INVERSE, wording.PLOT_I_CORR, [data, fit])


def spectrum_panels(spectra: list[Spectrum], fits: list[CircuitFit]) -> list[dict[str, Any]]:
    """Nyquist, Bode magnitude and phase; of fits also what they leave of both parts, and relaxation times."""
    places = {spectrum.name: k for k, spectrum in enumerate(spectra)}
    sets = [(s.frequency_hz, s.impedance, s.name, k, False) for k, s in enumerate(spectra)]
    sets += [(*fitted_line(f), "", places[f.spectrum.name], True) for f in fits]
    unit = written_unit(spectra[0].unit)
    log_f = wording.PLOT_FREQUENCY
    panels = [
        panel(wording.PLOT_REAL.format(unit=unit), wording.PLOT_IMAGINARY.format(unit=unit),
               [series(z.real, -z.imag, name, k, line) | {"ink": line} for _, z, name, k, line in sets], equal=True),
        panel(log_f, wording.PLOT_MODULUS.format(unit=unit),
               [series(np.log10(f), np.log10(np.abs(z)), name, k, line) | {"ink": line} for f, z, name, k, line in sets]),
        panel(log_f, wording.PLOT_PHASE,
               [series(np.log10(f), -np.angle(z, deg=True), name, k, line) | {"ink": line} for f, z, name, k, line in sets]),
    ]  # fmt: skip
    left = [
        series(np.log10(f.spectrum.frequency_hz), 100 * part, "", places[f.spectrum.name], False) | {"cross": cross}
        for f in fits
        for part, cross in ((f.residuals.real, False), (f.residuals.imag, True))
    ]
    panels += [panel(log_f, wording.PLOT_RESIDUAL, left)] if left else []
    found = [(places[f.spectrum.name], f.relaxation_times) for f in fits if f.relaxation_times]
    relaxing = [series(np.log10(times.tau_s), times.gamma, "", k, True) for k, times in found]
    return panels + ([panel(wording.PLOT_TAU, wording.PLOT_GAMMA.format(unit=unit), relaxing)] if relaxing else [])
