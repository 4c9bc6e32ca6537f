"""Curves in, plot and the contract's answers out, for command line and endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.curves import CircuitFit, Method, PolarizationCurve, TafelFit
from corrovis.electrochem.corrosion_rate import Arrhenius, Metal, pair_temperatures
from corrovis.electrochem.impedance import fit_circuit
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.readers import WIDE_VOLTS, read_polarization, read_spectrum
from corrovis.electrochem.spectra import unevenness
from corrovis.errors import BadInputError, advising
from corrovis.render.plots import impedance_figure, save_figure, tafel_figure
from corrovis.tasks.curve_answers import activation_answer, circuit_answer, tafel_answer

MOST_LETTERS = 40
MILLIVOLTS = "the potentials span {span:.3g} V: if they are mV, name the columns as in potential='1 (mV)',current=2"
TURNED = "the column named as current is stepped like a potential: the columns may be the other way round"
Named = tuple[Path, str]  # where a file lies, and what its curve is called


@dataclass(frozen=True, slots=True)
class TafelRequest:
    """How polarisation curves are to be fitted, as `read_polarization` and `fit_tafel` take it."""

    area_cm2: float | None = None
    metal: Metal | None = None
    columns: Mapping[str, str] | None = None
    method: Method = "auto"
    window_v: tuple[float, float] | None = None
    sweep: int | None = None
    stern_geary_v: float | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        if len(self.reference) > MOST_LETTERS or not self.reference.isprintable():
            raise BadInputError(
                f"reference {self.reference!r:.40} is no electrode's name; write up to {MOST_LETTERS} letters, as in Ag/AgCl"
            )


@dataclass(frozen=True, slots=True)
class Tafels:
    """An answer for each file, `{"error": ...}` where it cannot be fitted; the temperature series, or why there is none."""

    items: list[dict[str, Any]]
    series: Arrhenius | None = None
    no_series: str = ""

    @property
    def activation(self) -> dict[str, Any]:
        return {**activation_answer(self.series), **({"activation_error": self.no_series} if self.no_series else {})}


def tafel(files: Sequence[Named], asked: TafelRequest, plot: Path, temperatures_k: Sequence[float] = ()) -> Tafels:
    """Fit every curve and draw them to `plot`; a file that cannot be fitted costs only its own item.

    Raises:
        BadInputError: all curves are fitted, but the temperatures do not belong to them
    """
    fits: dict[int, TafelFit] = {}
    items: list[dict[str, Any]] = []
    for place, (path, name) in enumerate(files):
        try:
            curve = read_polarization(path, asked.area_cm2, asked.columns, name)
            fits[place] = fit_curve(curve, asked)
            items.append({**tafel_answer(fits[place], asked.metal), "reference": asked.reference or "reference"})
        except BadInputError as error:
            items.append({"error": str(error)})
    if not fits:
        return Tafels(items)
    series, no_series = None, ""
    try:
        series = pair_temperatures(temperatures_k, {k: fit.i_corr for k, fit in fits.items()}, len(files))
    except BadInputError as error:
        if len(fits) == len(files):
            raise
        no_series = str(error)  # what could be fitted is not lost for what could not
    save_figure(tafel_figure([*fits.values()], asked.reference, series), plot)
    return Tafels(items, series, no_series)


def fit_curve(curve: PolarizationCurve, asked: TafelRequest) -> TafelFit:
    """As `fit_tafel`; its error also says so where the columns were named and look turned round, or volts may be millivolts."""
    turned = asked.columns is not None and unevenness(curve.current_a_cm2) < unevenness(curve.potential_v)
    span = float(np.ptp(curve.potential_v))
    advice = TURNED if turned else MILLIVOLTS.format(span=span) if span > WIDE_VOLTS else ""
    with advising(BadInputError, advice) if advice else nullcontext():
        return fit_tafel(curve, asked.method, asked.window_v, asked.sweep, asked.stern_geary_v)


@dataclass(frozen=True, slots=True)
class EisRequest:
    """How a spectrum is to be fitted, as `read_spectrum` and `fit_circuit` take it."""

    circuit: str = "auto"
    area_cm2: float | None = None
    spectrum: int = 1
    columns: Mapping[str, str] | None = None


def eis(file: Named, asked: EisRequest, plot: Path) -> tuple[CircuitFit, dict[str, Any]]:
    """Fit a spectrum and draw it to `plot`: the fit and its answer.  Raises BadInputError for what cannot be fitted."""
    path, name = file
    fit = fit_circuit(read_spectrum(path, asked.spectrum, asked.area_cm2, asked.columns, name), asked.circuit)
    save_figure(impedance_figure([fit]), plot)
    return fit, circuit_answer(fit)
