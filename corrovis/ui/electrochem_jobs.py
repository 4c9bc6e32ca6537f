"""What the electrochemistry tab does for one visitor, without a page: files and choices in, values for the page out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from corrovis.curves import CircuitFit, PolarizationCurve, Quantity, Spectrum, TafelFit, method_of
from corrovis.electrochem.corrosion_rate import Arrhenius, Metal, metal, pair_temperatures
from corrovis.errors import BadInputError
from corrovis.ui.curve_plot import Aside, plot_json
from corrovis.ui.electrochem_panels import arrhenius_panel, file_of, polarization_panels, spectrum_panels
from corrovis.ui.stopping import Stoppable, StoppedError
from corrovis.ui.wording import electrochem as wording

if TYPE_CHECKING:
    from corrovis.tasks.curves import TafelRequest

MOST = 6  # curves in one plot
NUMBER = re.compile(r"\s*([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?)(.*)", re.IGNORECASE | re.DOTALL)
UNITS = {  # that may stand behind a number, and how many of the field's own they are
    wording.AREA: {"cm2": 1.0, "mm2": 1e-2, "dm2": 1e2, "m2": 1e4},
    wording.WEIGHT: {"g": 1.0, "g/mol": 1.0},
    wording.DENSITY: {"g/cm3": 1.0, "kg/m3": 1e-3},
    wording.STERN_GEARY: {"v": 1.0, "mv": 1e-3},
}
RAISED = str.maketrans("²³", "23")

Curve = PolarizationCurve | Spectrum
Fit = TafelFit | CircuitFit
Wanted = TypeVar("Wanted")


@dataclass(frozen=True, slots=True)
class CurveRequest:
    """What a visitor asks of his curves; `columns` and `composition` are as on the command line, numbers as typed."""

    files: tuple[tuple[Path, str], ...]
    area_cm2: str = ""
    alloy: str | None = None
    composition: str = ""
    equivalent_weight: str = ""
    density: str = ""
    columns: str = ""
    sweep: str = ""
    spectrum: int = 1
    circuit: str = "auto"
    method: str = "auto"
    reference: str = ""
    stern_geary: str = ""
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
    def area(self) -> float | None:
        """cm2.  Raises BadInputError for one that is no number, or that no specimen has."""
        from corrovis.electrochem.readers import check_area

        area = _typed(wording.AREA, self.area_cm2)
        check_area(area)
        return area

    @property
    def tafel(self) -> TafelRequest:
        """How polarisation curves are fitted.  Raises BadInputError for no numbers, columns or method."""
        from corrovis.electrochem.columns import read_columns
        from corrovis.tasks.curves import TafelRequest

        return TafelRequest(
            columns=read_columns(self.columns),
            method=method_of(self.method),
            window_v=self.window_v,
            sweep=_counted(wording.SWEEP, self.sweep),
            stern_geary_v=_typed(wording.STERN_GEARY, self.stern_geary) if self.method == "resistance" else None,
        )

    @property
    def metal(self) -> Metal | None:
        """Equivalent weight and density of the metal named or typed.  Raises BadInputError as `metal`, and for no numbers."""
        weight, density = _typed(wording.WEIGHT, self.equivalent_weight), _typed(wording.DENSITY, self.density)
        return metal(self.alloy, weight, density, self.composition)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a fit of the visitor's curves found, as files are written of it."""

    fits: list[Fit]
    reference: str = ""
    of: Metal | None = None
    arrhenius: Arrhenius | None = None


@dataclass(slots=True)
class CurveDesk(Stoppable):
    """A visitor's curves and last fit.  Changed in place: whoever writes its files learns here that another has come meanwhile.

    `kept` is what was read last, behind all that it was read by.
    """

    made: Made | None = None
    kept: tuple[tuple[Any, ...], list[Curve], list[str]] | None = None

    def read(self, request: CurveRequest) -> tuple[list[Curve], list[str]]:
        """As `read_all`; the same files, read the same way, are opened once: every drag of the fit window asks for them."""
        asked = (request.files, request.area_cm2, request.columns, request.spectrum)
        if self.kept is None or self.kept[0] != asked:
            self.kept = asked, *read_all(request)
        _, curves, said = self.kept
        return [*curves], [*said]

    def heard(self) -> None:
        """Raise StoppedError once the visitor wants no more of a run."""
        if self.stopped:
            raise StoppedError


def _typed(label: str, text: str) -> float | None:
    """The number typed, with a decimal point or comma, in the field's unit, one of `UNITS` or none; None for an empty field."""
    if not text.strip():
        return None
    found = NUMBER.fullmatch(text)
    unit = re.sub(r"[\s^]", "", found[2]).lower().translate(RAISED) if found else ""
    factor = ({"": 1.0} | UNITS[label]).get(unit)
    if not found or factor is None:
        raise BadInputError(wording.NOT_A_NUMBER.format(label=label, text=text, example=wording.NUMBERS[label]))
    return factor * float(found[1].replace(",", "."))


def _kelvin(text: str) -> list[float]:
    """The temperatures typed, between semicolons, or else between commas or blanks; all in °C if one is, but for those with a K.

    Raises ValueError for what is no number.
    """
    text = re.sub(r"\s*°?\s*([CK])\b", r"\1", text.replace("℃", "°C").upper())
    parts = [part.strip() for part in re.split(";" if ";" in text else r"[,\s]+", text) if part.strip()]
    shift = 273.15 if "C" in text else 0.0
    return [float(part.rstrip("CK").replace(",", ".")) + (0.0 if part.endswith("K") else shift) for part in parts]


def _counted(label: str, text: str) -> int | None:
    """The whole number from 1 typed; None for an empty field."""
    if text.strip() and not re.fullmatch(r"0*[1-9][0-9]{0,5}", text.strip()):
        raise BadInputError(wording.NOT_WHOLE.format(label=label, text=text))
    return int(text) if text.strip() else None


def read_curve(path: Path, name: str, request: CurveRequest) -> Curve:
    """A polarisation curve or an impedance spectrum, whichever the file holds, or the columns named are of.

    Raises:
        BadInputError: neither
    """
    from corrovis.electrochem.columns import read_columns
    from corrovis.electrochem.readers import numbered, read_polarization, read_spectra, read_spectrum, speaks_of_impedance

    columns, area = read_columns(request.columns), request.area
    if columns and "frequency" not in columns:
        return read_polarization(path, area, columns, name)
    if columns:
        return read_spectrum(path, request.spectrum, area, columns, name)
    try:
        spectra = read_spectra(path, area, name=name)
    except BadInputError as why:
        try:
            return read_polarization(path, area, name=name)
        except BadInputError:
            if speaks_of_impedance(path):
                raise why from None
            raise
    return numbered(spectra, request.spectrum, name)


def read_all(request: CurveRequest) -> tuple[list[Curve], list[str]]:
    """The curves of one kind, that of the first readable file, and a line for each file left out.

    With an area that cannot be read they are read as without one: they are seen, and `fit_all` refuses them.
    """
    curves: list[Curve] = []
    said: list[str] = []
    or_said(lambda: request.area, said)
    request = replace(request, area_cm2="") if said else request
    for path, name in request.files[:MOST]:
        try:
            curve = read_curve(path, name, request)
        except BadInputError as problem:
            said.append(str(problem))
            continue
        if curves and type(curve) is not type(curves[0]):
            said.append(wording.OTHER_KIND.format(name=name))
            continue
        curves.append(curve)
    names = ", ".join(name for _, name in request.files[MOST:])
    return curves, said + ([wording.TOO_MANY.format(most=MOST, names=names)] if names else [])


def fit_all(
    curves: Iterable[Curve], request: CurveRequest, heard: Callable[[], None] = lambda: None
) -> tuple[list[Fit], list[str]]:
    """A fit of each curve that allows one, and a line for each that does not; none where the area cannot be read.

    `heard` is called now and then; what it raises as StoppedError ends the run, with the fits so far.
    """
    from corrovis.electrochem.impedance import fit_circuit
    from corrovis.tasks.curves import fit_curve

    fits: list[Fit] = []
    said: list[str] = []
    or_said(lambda: request.area, said)
    for curve in () if said else curves:
        try:
            heard()
            if isinstance(curve, Spectrum):
                fits.append(fit_circuit(curve, request.circuit, heard=heard))
            else:
                fits.append(fit_curve(curve, request.tafel))
        except BadInputError as problem:
            said.append(str(problem))
        except StoppedError:
            said.append(wording.STOPPED)
            break
    return fits, said


def or_said(what: Callable[[], Wanted], said: list[str]) -> Wanted | None:
    """What is asked for; if it cannot be had, None and a line more in `said`: the fits stand without it."""
    try:
        return what()
    except BadInputError as problem:
        said.append(str(problem))
        return None


def activation(fits: list[Fit], request: CurveRequest) -> Arrhenius | None:
    """The fits' corrosion currents at the temperatures typed, one for each file; a file without a fit is left out.

    Raises:
        BadInputError: no numbers, not one for each file, or fewer than three fits
    """
    places = {name: place for place, (_, name) in enumerate(request.files)}
    currents = {places[file_of(fit, places)]: fit.i_corr for fit in fits if isinstance(fit, TafelFit)}
    if not currents:
        return None
    try:
        kelvin = _kelvin(request.temperatures)
    except ValueError:
        raise BadInputError(wording.NOT_TEMPERATURES) from None
    if len(kelvin) == 2 * len(request.files) and re.search(r"\d,\d", request.temperatures):
        raise BadInputError(wording.DECIMAL_COMMAS)
    return pair_temperatures(kelvin, currents, len(request.files))


def plot_value(
    curves: list[Curve],
    fits: list[Fit],
    reference: str,
    arrhenius: Arrhenius | None = None,
    aside: Aside = Aside(),  # noqa: B008 it is frozen
) -> str:
    """What `curve_plot.js` draws, as JSON: the data alone, or with the fits; and what is wrong, in the page's words."""
    aside = replace(aside, problems=tuple(plain(line) for line in aside.problems))
    if not curves:
        return plot_json([], False, aside) if aside.problems else ""
    if isinstance(curves[0], Spectrum):
        spectra = [curve for curve in curves if isinstance(curve, Spectrum)]
        panels = spectrum_panels(spectra, [fit for fit in fits if isinstance(fit, CircuitFit)])
    else:
        sweeps = [curve for curve in curves if isinstance(curve, PolarizationCurve)]
        panels = polarization_panels(sweeps, [fit for fit in fits if isinstance(fit, TafelFit)], reference)
        if aside.window_v:  # also where nothing could be fitted in it: it can be dragged back
            panels[0] |= {"window": [round(edge, 4) for edge in aside.window_v], "window_of": None}
        panels += [arrhenius_panel(arrhenius)] if arrhenius else []
    return plot_json(panels, bool(fits), aside)


def plain(line: str) -> str:
    """A warning with the page's names and units."""
    for name, said in wording.PLAIN.items():
        line = re.sub(name, said, line)
    return line


def table(fits: list[Fit], of: Metal | None, arrhenius: Arrhenius | None = None, reference: str = "") -> str:
    """The results as HTML, a table for each curve; below them every warning."""
    from corrovis.render.curve_quantities import arrhenius_quantities, rate_notes

    blocks: list[str] = []
    said: list[str] = []
    for fit in fits:
        circuit = isinstance(fit, CircuitFit)
        name = fit.spectrum.name if isinstance(fit, CircuitFit) else fit.curve.name
        kind = fit.circuit if isinstance(fit, CircuitFit) else fit.method
        found = _circuit_rows(fit) if isinstance(fit, CircuitFit) else _tafel_rows(fit, of, reference)
        blocks.append(_table(f"{escape(name)}<small>{escape(kind)}</small>", found))
        said = said + [f"{name}: {line}" if len(fits) > 1 else line for line in fit.warnings]
        said = said + ([] if circuit else rate_notes(of))
    if arrhenius:
        rows = "".join(_row(key, quantity) for key, quantity in arrhenius_quantities(arrhenius).items())
        blocks.append(_table(escape(wording.ACTIVATION.format(count=len(arrhenius.kelvin))), rows))
        said += arrhenius.warnings
    notes = "".join(f"<li>{escape(plain(line))}</li>" for line in dict.fromkeys(said))
    notes = f"<ul>{notes}</ul>" if notes else ""
    return f'<section class="fit">{"".join(blocks)}{notes}</section>' if blocks else ""


def _table(title: str, rows: str) -> str:
    heads = (wording.QUANTITY, f"{wording.VALUE}<small>{wording.LIMITS}</small>", wording.UNIT)
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    return f"<table><caption><h2>{title}</h2></caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def keepers(files: Sequence[Path]) -> str:
    """A link to each file but the points of several curves, which are in the archive only."""
    files = [path for path in files if not path.stem[-1].isdigit()] if len(files) > 6 else files
    named = {".zip": wording.ALL_FILES, "corrovis_parameters": wording.PARAMETERS, "corrovis_fit_1": wording.POINTS}
    links = "".join(
        f'<a class="keeper" href="gradio_api/file={quote(str(path))}" download="{path.name}">'
        f"{named.get(path.suffix) or named.get(path.stem) or path.suffix[1:].upper()}</a>"
        for path in files
    )
    return f'<nav class="keepers" aria-label="{wording.SAVED}">{links}</nav>' if links else ""


def _tafel_rows(fit: TafelFit, of: Metal | None, reference: str) -> str:
    """What the curve gave and what the fit rests on; without a metal no rate, which is said once below the table."""
    from corrovis.render.curve_quantities import conditions, tafel_quantities

    found = {key: q for key, q in tafel_quantities(fit, of).items() if q and (of or not key.startswith("corrosion_rate"))}
    return "".join(_row(key, quantity, reference) for key, quantity in (found | conditions(fit, of)).items())


def _circuit_rows(fit: CircuitFit) -> str:
    from corrovis.render.curve_quantities import conditions

    found = {_parameter(name): q for name, q in fit.parameters.items()}
    found |= {wording.EFFECTIVE.format(cpe=name): q for name, q in fit.capacitances.items()}
    return "".join(_row(key, quantity) for key, quantity in (found | conditions(fit, None)).items())


def _parameter(name: str) -> str:
    """CPE1_0 and CPE1_1 as people call them."""
    element, _, place = name.partition("_")
    if place and re.fullmatch(r"(CPE|Q)\d+", element):
        return f"{element} {'Qα'[int(place)]}"
    return name


def _raised(unit: str) -> str:
    """A unit in HTML, exponents raised."""
    unit = escape(unit).replace("s^alpha", "s<sup>α</sup>")
    return unit.replace("s^-1/2", "s<sup>−1/2</sup>")


def _row(key: str, q: Quantity, reference: str = "") -> str:
    """Label, value and sigma above the 95 % limits, unit."""
    from corrovis.render.curve_quantities import written

    one = written(key, q, reference)
    sigma = f" ± {one.sigma}" if one.sigma else ""
    limits = f"<small>{one.low} … {one.high}</small>" if one.low else ""
    value = f"<td>{one.value or '-'}{sigma}{limits}</td>"
    return f'<tr><th scope="row">{escape(one.label)}</th>{value}<td>{_raised(one.unit)}</td></tr>'


def write_files(made: Made, folder: Path) -> list[Path]:
    """The plot as PNG, SVG and PDF, the parameters of all fits as one CSV, and the points of each as another."""
    from corrovis.render.curve_quantities import write_csv, write_parameters
    from corrovis.render.plots import KINDS, impedance_figure, save_figure, tafel_figure

    circuits = [fit for fit in made.fits if isinstance(fit, CircuitFit)]
    tafels = [fit for fit in made.fits if isinstance(fit, TafelFit)]
    figure = impedance_figure(circuits) if circuits else tafel_figure(tafels, made.reference, made.arrhenius)
    paths = [folder / f"corrovis_fit{kind}" for kind in KINDS]
    for path in paths:
        save_figure(figure, path)
    paths.append(folder / "corrovis_parameters.csv")
    write_parameters(made.fits, made.of, paths[-1], made.arrhenius, made.reference)
    for number, fit in enumerate(made.fits, 1):
        paths.append(folder / f"corrovis_fit_{number}.csv")
        write_csv(fit, paths[-1], made.reference)
    return paths
