"""Polarisation curves and impedance spectra."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrovis.commands.answers import Json, print_json, print_line, print_table, say, tell, working
from corrovis.tasks.many import none_worked

if TYPE_CHECKING:
    from corrovis.tasks.curves import Tafels

COLUMNS = ["parameter", "value", "sigma", "95 %", "unit"]


def tafel(
    files: Annotated[list[Path], typer.Argument(help="Polarisation curves: CSV, TXT, Excel, .DTA, .mpt, ...", metavar="FILE...")],
    area_cm2: Annotated[
        float | None, typer.Option(help="Exposed area in cm2; a current per area needs none.  \\[default: the file's, or 1]")
    ] = None,
    alloy: Annotated[str | None, typer.Option(help="316L, 304, AZ31B or carbon steel, for the corrosion rate.")] = None,
    composition: Annotated[
        str | None,
        typer.Option(help="Mass %, as Fe=68,Cr=17,Ni=12, with --density; another valence than the usual as Cr(6)=17."),
    ] = None,
    equivalent_weight: Annotated[float | None, typer.Option(help="Of the metal in g, instead of --alloy.")] = None,
    density: Annotated[float | None, typer.Option(help="Of the metal in g/cm3, instead of --alloy.")] = None,
    reference: Annotated[str, typer.Option(help="Reference electrode, named beside potentials.", show_default=False)] = "",
    method: Annotated[str, typer.Option(help="auto, butler-volmer, mixed, extrapolation or resistance (B / R_p).")] = "auto",
    window: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Lowest and highest potential to use, in V against the file's own reference.", metavar="LOW HIGH"),
    ] = None,
    sweep: Annotated[int | None, typer.Option(min=1, help="Which sweep.  \\[default: the first that can be fitted]")] = None,
    stern_geary: Annotated[float | None, typer.Option(help="B in V, for the method resistance.")] = None,
    columns: Annotated[str | None, typer.Option(help="potential=2,current='3 (mA)' if the headings do not tell.")] = None,
    temperature: Annotated[
        list[float] | None, typer.Option(help="In K, once for each file in its order: an activation energy.", show_default=False)
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="PNG, SVG or PDF.  \\[default: FILE_tafel.png, here]")] = None,
    as_json: Json = False,
) -> None:
    """Corrosion potential, current, Tafel slopes and corrosion rate from polarisation curves."""
    with working("fitting", as_json):
        from corrovis.curves import method_of
        from corrovis.electrochem.columns import read_columns
        from corrovis.electrochem.corrosion_rate import metal
        from corrovis.tasks import curves

        of = metal(alloy, equivalent_weight, density, composition)
        asked = curves.TafelRequest(area_cm2, of, read_columns(columns), method_of(method), window, sweep, stern_geary, reference)
        target = plot or Path(f"{files[0].stem}_tafel.png")
        done = curves.tafel([(file, file.name) for file in files], asked, target, temperature or [])
    plotted = {"plot": str(target)}
    items = [
        {"file": str(file), **item, **({} if "error" in item else plotted)} for file, item in zip(files, done.items, strict=True)
    ]
    good = [item for item in items if "error" not in item]
    if as_json and (good or len(items) > 1):
        print_json(items[0] if len(items) == 1 else {"items": items, **done.activation})
    if not good:
        raise none_worked(len(items), items[0]["error"], "curves", "fitted")
    if not as_json:
        _print_tafels(items, done, reference)


def _print_tafels(items: list[dict[str, Any]], done: Tafels, reference: str) -> None:
    """Every file's answer, and what holds for all of them."""
    from corrovis.render.curve_quantities import NO_METAL, arrhenius_quantities, written

    for item in items:
        _print_item(item, len(items) > 1, NO_METAL, reference)
    if any(NO_METAL in item.get("warnings", []) for item in items):
        say([NO_METAL])
    if done.no_series:
        tell(done.no_series)
    if done.series:
        print_table(COLUMNS, _rows(done.activation))
        print_line(f"R2 {written('r_squared', arrhenius_quantities(done.series)['r_squared'])}")
        say(done.series.warnings)


def eis(
    file: Annotated[Path, typer.Argument(help="Impedance spectrum: CSV, TXT, Excel, .DTA, .mpt, .z, .par, ...")],
    circuit: Annotated[str, typer.Option(help="Such as 'R0-p(R1,C1)', randles, two-loop, or auto.")] = "auto",
    area_cm2: Annotated[float | None, typer.Option(help="Exposed area in cm2; parameters are then per area.")] = None,
    spectrum: Annotated[int, typer.Option(min=1, help="Which spectrum, if the file holds several.")] = 1,
    columns: Annotated[str | None, typer.Option(help="frequency=1,real=3,imaginary=4 if the headings do not tell.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="PNG, SVG or PDF.  \\[default: FILE_eis.png, here]")] = None,
    as_json: Json = False,
) -> None:
    """An equivalent circuit fitted to an impedance spectrum, without start values."""
    with working("fitting", as_json):
        from corrovis.electrochem.columns import read_columns
        from corrovis.tasks import curves

        target = plot or Path(f"{file.stem}_eis.png")
        asked = curves.EisRequest(circuit, area_cm2, spectrum, read_columns(columns))
        fit, found = curves.eis((file, file.name), asked, target)
        answer = {"file": str(file), **found, "plot": str(target)}
    if as_json:
        print_json(answer)
        return
    named = {f"C of {name} (Brug)": q for name, q in answer["effective_capacitances"].items()}
    _show_fit(answer, answer["parameters"] | named, lines=_circuit_lines(answer, fit.spectrum.unit))


def _circuit_lines(answer: dict[str, Any], unit: str) -> list[str]:
    """What a spectrum's answer holds beside the parameters."""
    from corrovis.curves import Quantity
    from corrovis.render.curve_quantities import written

    lines = [
        f"chi squared {answer['chi_squared']:.3g}",
        f"Kramers-Kronig, largest residual {answer['kramers_kronig']['residual_max']:.2%}",
    ]
    for peak in answer["relaxation_times"]:
        tau, resistance = Quantity(peak["tau_s"], math.nan, "s"), Quantity(peak["resistance"], math.nan, unit)
        lines.append(f"relaxation time {written('', tau)}, {written('', resistance)}")
    lines += [
        f"runner-up {other['circuit']}, chi squared {other['chi_squared']:.3g}, weight {other['weight']:.2g}"
        for other in answer["runners_up"]
    ]
    return lines


def _print_item(item: dict[str, Any], titled: bool, once: str, reference: str) -> None:
    """One file's answer; the warning `once` holds for all files and is left to the caller."""
    if titled:
        print_line(item["file"])
    if "error" in item:
        say([item["error"]])
        return
    low, high = item["window_v"]
    used = [f"{key} {item[key]:.5g}" for key in ("area_cm2", "equivalent_weight_g", "density_g_cm3") if item[key] is not None]
    against = f" vs {reference}" if reference else ""
    lines = [f"window {low:.4f} to {high:.4f} V{against}, residual {item['residual_decades'] or float('nan'):.4f} decades", *used]
    _show_fit(item | {"warnings": [said for said in item["warnings"] if said != once]}, item, lines, reference)


def _show_fit(answer: dict[str, Any], values: dict[str, Any], lines: list[str], reference: str = "") -> None:
    print_line(answer.get("circuit") or answer["method"])
    print_table(COLUMNS, _rows(values, reference))
    for line in (*lines, f"plot {answer['plot']}"):
        print_line(line)
    say(answer["warnings"])


def _rows(values: dict[str, Any], reference: str = "") -> list[list[str]]:
    """Name, value, sigma, 95 % limits and unit, as on the page."""
    from corrovis.render.curve_quantities import written

    rows = []
    for key, found in values.items():
        if isinstance(found, dict) and "value" in found:
            one = written(key, found, reference)
            limits = f"{one.low} to {one.high}" if one.low else "-"
            rows.append([one.label, one.value or "-", one.sigma or "-", limits, one.unit])
    return rows
