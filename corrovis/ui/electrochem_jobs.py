"""What the electrochemistry tab does for one visitor, without a page: files and choices in, values for the page out."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from corrovis.curves import CircuitFit, PolarizationCurve, Real, Spectrum, TafelFit
from corrovis.electrochem.corrosion_rate import GAS_CONSTANT, Arrhenius, pair_temperatures
from corrovis.errors import BadInputError
from corrovis.ui import wording

SHOWN = 500  # points of a series that the browser draws
MOST = 6  # curves in one plot

Curve = PolarizationCurve | Spectrum
Fit = TafelFit | CircuitFit
Found = TypeVar("Found")
Metal = tuple[float, float]  # equivalent weight in g, density in g/cm3
Asked = tuple[tuple[float, float] | None, int]  # the window in V, if the visitor set it, and the count of his moves


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor asks of his curves; `columns` and `composition` are as on the command line."""

    files: tuple[tuple[Path, str], ...]
    area_cm2: float | None = None
    alloy: str | None = None
    composition: str = ""
    equivalent_weight: float | None = None
    density: float | None = None
    columns: str = ""
    sweep: int | None = None
    spectrum: int = 1
    circuit: str = "auto"
    method: str = "auto"
    reference: str = "reference"
    window_v: tuple[float, float] | None = None
    temperatures: str = ""

    def __post_init__(self) -> None:
        """Names tell curves apart: the second of one name gets a number."""
        seen: Counter[str] = Counter()
        named = []
        for path, name in self.files:
            seen[name] += 1
            named.append((path, name if seen[name] == 1 else f"{name} ({seen[name]})"))
        object.__setattr__(self, "files", tuple(named))

    @property
    def metal(self) -> Metal | None:
        from corrovis.render.curve_answers import metal

        return metal(self.alloy, self.equivalent_weight, self.density, self.composition)


def read_curve(path: Path, name: str, wish: Wish) -> Curve:
    """A polarisation curve or an impedance spectrum, whichever the file holds, or the columns named are of.

    Raises:
        BadInputError: neither
    """
    from corrovis.electrochem.readers import read_columns, read_polarization, read_spectra, read_spectrum

    columns = read_columns(wish.columns)
    if columns and "frequency" not in columns:
        return read_polarization(path, wish.area_cm2, columns, name)
    if columns:
        return read_spectrum(path, wish.spectrum, wish.area_cm2, columns, name)
    try:
        read_spectra(path, name=name)
    except BadInputError:
        return read_polarization(path, wish.area_cm2, name=name)
    return read_spectrum(path, wish.spectrum, wish.area_cm2, name=name)


def read_all(wish: Wish) -> tuple[list[Curve], list[str]]:
    """The curves of one kind, that of the first readable file, and a line for each file left out."""
    curves: list[Curve] = []
    said: list[str] = []
    for path, name in wish.files[:MOST]:
        try:
            curve = read_curve(path, name, wish)
        except BadInputError as problem:
            said.append(str(problem))
            continue
        if curves and type(curve) is not type(curves[0]):
            said.append(wording.OTHER_KIND.format(name=name))
            continue
        curves.append(curve)
    return curves, said + ([wording.TOO_MANY.format(most=MOST)] if len(wish.files) > MOST else [])


def fit_all(curves: list[Curve], wish: Wish) -> tuple[list[Fit], list[str]]:
    """A fit of each curve that allows one, and a line for each that does not."""
    from corrovis.electrochem.impedance import fit_circuit
    from corrovis.electrochem.polarization import fit_tafel

    fits: list[Fit] = []
    said: list[str] = []
    for curve in curves:
        try:
            if isinstance(curve, Spectrum):
                fits.append(fit_circuit(curve, wish.circuit))
            else:
                fits.append(fit_tafel(curve, wish.method, wish.window_v, wish.sweep))  # type: ignore[arg-type]
        except BadInputError as problem:
            said.append(str(problem))
    return fits, said


def or_said(what: Callable[[], Found], said: list[str]) -> Found | None:
    """What is asked for; if it cannot be had, None and a line more in `said`: the fits stand without it."""
    try:
        return what()
    except BadInputError as problem:
        said.append(str(problem))
        return None


def activation(fits: list[Fit], wish: Wish) -> Arrhenius | None:
    """The fits' corrosion currents at the temperatures typed, one for each file; a file without a fit is left out.

    Raises:
        BadInputError: no numbers, not one for each file, or fewer than three fits
    """
    places = {name: place for place, (_, name) in enumerate(wish.files)}
    currents = {places[_file(fit, places)]: fit.i_corr.value for fit in fits if isinstance(fit, TafelFit)}
    if not currents:
        return None
    try:
        kelvin = [float(part) for part in wish.temperatures.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        raise BadInputError(wording.NOT_TEMPERATURES) from None
    return pair_temperatures(kelvin, currents, len(wish.files))


def _file(fit: TafelFit, known: Container[str]) -> str:
    """The name of the file that a curve is of: its own, or without the end that `split_sweeps` adds."""
    name = fit.curve.name
    return name if name in known else re.sub(r" sweep \d+ \((up|down)\)$", "", name)


def plot_value(
    curves: list[Curve], fits: list[Fit], reference: str, arrhenius: Arrhenius | None = None, asked: Asked = (None, 0)
) -> str:
    """What `curve_plot.js` draws, as JSON: the data alone, or with the fits."""
    if not curves:
        return ""
    if isinstance(curves[0], Spectrum):
        spectra = [curve for curve in curves if isinstance(curve, Spectrum)]
        panels = _spectrum_panels(spectra, [fit for fit in fits if isinstance(fit, CircuitFit)])
    else:
        plain = [curve for curve in curves if isinstance(curve, PolarizationCurve)]
        panels = _polarization_panels(plain, [fit for fit in fits if isinstance(fit, TafelFit)], reference)
        if asked[0]:  # also where nothing could be fitted in it: it can be dragged back
            panels[0]["window"] = [round(edge, 4) for edge in asked[0]]
        panels += [_arrhenius_panel(arrhenius)] if arrhenius else []
    return plot_json(panels, bool(fits), asked)


def plot_json(panels: list[dict[str, Any]], fitted: bool, asked: Asked = (None, 0)) -> str:
    """The value of the page's plot."""
    return json.dumps({"panels": panels, "fitted": fitted, "own_window": asked[0] is not None, "turn": asked[1]})


def series(x: Real, y: Real, name: str, colour: int, line: bool) -> dict[str, Any]:
    good = np.isfinite(x) & np.isfinite(y)
    step = max(1, int(good.sum()) // SHOWN)
    xs, ys = x[good][::step], y[good][::step]
    return {
        "name": name,
        "colour": colour,
        "line": line,
        "x": [float(f"{v:.5g}") for v in xs],
        "y": [float(f"{v:.5g}") for v in ys],
    }


def _log(current: Real) -> Real:
    """log10|i|; NaN at zero current, which would draw the axis down to nothing."""
    size = np.abs(current)
    floor = 0.3 * float(np.quantile(size, 0.01)) or 1e-30
    return np.where(size > floor, np.log10(np.maximum(size, floor)), np.nan)


def panel(x: str, y: str, series: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"xlabel": x, "ylabel": y, "series": series, **more}


def _polarization_panels(curves: list[PolarizationCurve], fits: list[TafelFit], reference: str) -> list[dict[str, Any]]:
    places = {curve.name: k for k, curve in enumerate(curves)}
    main = [series(c.potential_v, _log(c.current_a_cm2), c.name, k, False) for k, c in enumerate(curves)]
    left = []
    for fit in fits:
        k = places[_file(fit, places)]
        e, i = fit.potential_v, fit.model_a_cm2
        order = np.argsort(fit.curve.potential_v)
        data = np.interp(e, fit.curve.potential_v[order], fit.curve.current_a_cm2[order])
        main.append(series(e, _log(i), "", k, True))
        with np.errstate(divide="ignore", invalid="ignore"):
            left.append(
                series(e, np.where(np.abs(e - fit.e_corr.value) > 0.005, np.log10(np.abs(data / i)), np.nan), "", k, False)
            )
    window = [round(edge, 4) for edge in fits[0].window_v] if fits else None
    panels = [panel(wording.PLOT_POTENTIAL.format(reference=reference), wording.PLOT_CURRENT, main, window=window)]
    return panels + ([panel(wording.PLOT_POTENTIAL.format(reference=reference), wording.PLOT_DECADES, left)] if left else [])


def _arrhenius_panel(found: Arrhenius) -> dict[str, Any]:
    x, order = 1e3 / found.kelvin, np.argsort(found.kelvin)
    line = found.energy.prefactor.value * np.exp(-found.energy.energy.value * 1e3 / (GAS_CONSTANT * found.kelvin[order]))
    data = series(x, np.log10(found.i_corr), "", 0, False)
    return panel(wording.PLOT_INVERSE, wording.PLOT_I_CORR, [data, series(x[order], np.log10(line), "", 0, True)])


def _spectrum_panels(spectra: list[Spectrum], fits: list[CircuitFit]) -> list[dict[str, Any]]:
    places = {spectrum.name: k for k, spectrum in enumerate(spectra)}
    sets = [(s.frequency_hz, s.impedance, s.name, k, False) for k, s in enumerate(spectra)]
    sets += [(f.spectrum.frequency_hz, f.model, "", places[f.spectrum.name], True) for f in fits]
    unit = _written(spectra[0].unit)
    log_f = wording.PLOT_FREQUENCY
    panels = [
        panel(wording.PLOT_REAL.format(unit=unit), wording.PLOT_IMAGINARY.format(unit=unit),
               [series(z.real, -z.imag, name, k, line) for _, z, name, k, line in sets], equal=True),
        panel(log_f, wording.PLOT_MODULUS.format(unit=unit),
               [series(np.log10(f), np.log10(np.abs(z)), name, k, line) for f, z, name, k, line in sets]),
        panel(log_f, wording.PLOT_PHASE,
               [series(np.log10(f), -np.angle(z, deg=True), name, k, line) for f, z, name, k, line in sets]),
    ]  # fmt: skip
    left = [
        series(np.log10(f.spectrum.frequency_hz), 100 * np.abs(f.residuals), "", places[f.spectrum.name], False) for f in fits
    ]
    return panels + ([panel(log_f, wording.PLOT_RESIDUAL, left)] if left else []) + _relaxation_panel(spectra, unit)


def _relaxation_panel(spectra: list[Spectrum], unit: str) -> list[dict[str, Any]]:
    from corrovis.electrochem.kramers_kronig import MIN_POINTS, relaxation_times

    found = [(k, s.name, relaxation_times(s)) for k, s in enumerate(spectra) if len(s) >= MIN_POINTS]
    drawn = [series(np.log10(one.tau_s), one.gamma, name, k, True) for k, name, one in found]
    return [panel(wording.PLOT_TAU, wording.PLOT_GAMMA.format(unit=unit), drawn)] if drawn else []


def table(fits: list[Fit], of: Metal | None, said: list[str], arrhenius: Arrhenius | None = None) -> str:
    """The results as an HTML table, a block of rows for each curve, and every warning below."""
    from corrovis.render.curve_answers import circuit_answer, measured, tafel_answer

    blocks = []
    for fit in fits:
        answer = circuit_answer(fit) if isinstance(fit, CircuitFit) else tafel_answer(fit, of)
        name = fit.spectrum.name if isinstance(fit, CircuitFit) else fit.curve.name
        values = {k: v for k, v in answer.items() if isinstance(v, dict)}
        if isinstance(fit, CircuitFit):
            capacitances = answer["effective_capacitances"].items()
            values = answer["parameters"] | {wording.EFFECTIVE.format(cpe=name): q for name, q in capacitances}
        head = f"<tr><th colspan=4>{escape(name)}<small>{escape(answer.get('circuit') or answer['method'])}</small></th></tr>"
        blocks.append(head + "".join(_row(key, value) for key, value in values.items()))
        said = said + [f"{name}: {line}" if len(fits) > 1 else line for line in answer["warnings"]]
    if arrhenius:
        energy = arrhenius.energy
        head = f"<tr><th colspan=4>{wording.ACTIVATION.format(count=len(arrhenius.kelvin))}</th></tr>"
        found = {"activation_energy": measured(energy.energy), "prefactor": measured(energy.prefactor)}
        blocks.append(head + "".join(_row(key, value) for key, value in found.items()))
    notes = "".join(f"<li>{escape(line)}</li>" for line in dict.fromkeys(said))
    body = f"<table><tbody>{''.join(blocks)}</tbody></table>" if blocks else ""
    return f'<section class="fit">{body}<ul role="status">{notes}</ul></section>' if body or notes else ""


def _written(unit: str) -> str:
    """ "ohm cm2" -> "Ω cm²", as people write it."""
    return unit.replace("ohm", "Ω").replace("cm2", "cm²")


def _row(key: str, q: dict[str, Any]) -> str:
    label, factor, unit = wording.QUANTITIES.get(key, (key, 1.0, _written(q.get("unit", ""))))
    if q["value"] is None and key.startswith("corrosion_rate"):  # said once, below the table
        return ""
    if q["value"] is None:
        return f"<tr><td>{escape(label)}</td><td>-</td><td></td><td>{escape(unit)}</td></tr>"
    sigma = f"± {factor * q['sigma']:.2g}" if q["sigma"] is not None else ""
    return f"<tr><td>{escape(label)}</td><td>{factor * q['value']:.4g}</td><td>{sigma}</td><td>{escape(unit)}</td></tr>"


def write_files(fits: list[Fit], reference: str, of: Metal | None, folder: Path) -> list[Path]:
    """The plot as PNG, SVG and PDF, the parameters of all fits as one CSV, and the points of each as another."""
    from corrovis.render.curve_answers import write_csv, write_parameters
    from corrovis.render.plots import KINDS, impedance_figure, save_figure, tafel_figure

    circuits, tafels = [f for f in fits if isinstance(f, CircuitFit)], [f for f in fits if isinstance(f, TafelFit)]
    figure = impedance_figure(circuits) if circuits else tafel_figure(tafels, reference)
    paths = [folder / f"corrovis_fit{kind}" for kind in KINDS]
    for path in paths:
        save_figure(figure, path)
    paths.append(folder / "corrovis_parameters.csv")
    write_parameters(fits, of, paths[-1])
    for number, fit in enumerate(fits, 1):
        paths.append(folder / f"corrovis_fit_{number}.csv")
        write_csv(fit, paths[-1])
    return paths
