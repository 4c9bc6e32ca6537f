"""Polarisation curves and impedance spectra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from corrovis.commands.answers import Json, err, out, print_json, print_table, working
from corrovis.errors import BadInputError


def tafel(
    file: Annotated[Path, typer.Argument(help="Polarisation curve: CSV, TXT, Excel, .DTA, .mpt, ...")],
    area_cm2: Annotated[float | None, typer.Option(help="Exposed area in cm2.")] = None,
    alloy: Annotated[str | None, typer.Option(help="316L, 304, AZ31B or carbon steel, for the corrosion rate.")] = None,
    equivalent_weight: Annotated[float | None, typer.Option(help="Of the metal in g, instead of --alloy.")] = None,
    density: Annotated[float | None, typer.Option(help="Of the metal in g/cm3, instead of --alloy.")] = None,
    reference: Annotated[str, typer.Option(help="Reference electrode, for the plot's axis.")] = "reference",
    method: Annotated[str, typer.Option(help="auto, butler-volmer, mixed or extrapolation.")] = "auto",
    window: Annotated[tuple[float, float] | None, typer.Option(help="Lowest and highest potential to use, in V.")] = None,
    sweep: Annotated[int | None, typer.Option(min=1, help="Which sweep.  [default: the first that can be fitted]")] = None,
    columns: Annotated[str | None, typer.Option(help="potential=2,current='3 (mA)' if the headings do not tell.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="PNG, SVG or PDF.  [default: FILE_tafel.png, here]")] = None,
    as_json: Json = False,
) -> None:
    """Corrosion potential, current, Tafel slopes and corrosion rate from a polarisation curve."""
    with working("fitting", as_json):
        from corrovis.electrochem.polarization import fit_tafel
        from corrovis.electrochem.readers import read_polarization
        from corrovis.render.curve_answers import metal, tafel_answer
        from corrovis.render.plots import save_figure, tafel_figure

        of = metal(alloy, equivalent_weight, density)
        fit = fit_tafel(read_polarization(file, area_cm2, _columns(columns)), method, window, sweep)  # type: ignore[arg-type]
        target = plot or Path(f"{file.stem}_tafel.png")
        save_figure(tafel_figure([fit], reference), target)
        answer = {"file": str(file), **tafel_answer(fit, of), "reference": reference, "plot": str(target)}
    _show_fit(answer, {key: answer[key] for key in answer if isinstance(answer[key], dict)}, as_json)


def eis(
    file: Annotated[Path, typer.Argument(help="Impedance spectrum: CSV, TXT, Excel, .DTA, .mpt, .z, .par, ...")],
    circuit: Annotated[str, typer.Option(help="Such as 'R0-p(R1,C1)', randles, two-loop, or auto.")] = "auto",
    area_cm2: Annotated[float | None, typer.Option(help="Exposed area in cm2; parameters are then per area.")] = None,
    spectrum: Annotated[int, typer.Option(min=1, help="Which spectrum, if the file holds several.")] = 1,
    columns: Annotated[str | None, typer.Option(help="frequency=1,real=3,imaginary=4 if the headings do not tell.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="PNG, SVG or PDF.  [default: FILE_eis.png, here]")] = None,
    as_json: Json = False,
) -> None:
    """An equivalent circuit fitted to an impedance spectrum, without start values."""
    with working("fitting", as_json):
        from corrovis.electrochem.impedance import fit_circuit
        from corrovis.electrochem.readers import read_spectra
        from corrovis.render.curve_answers import circuit_answer
        from corrovis.render.plots import impedance_figure, save_figure

        found = read_spectra(file, area_cm2, _columns(columns))
        if spectrum > len(found):
            raise BadInputError(f"{file.name} holds {len(found)} spectra, no number {spectrum}")
        fit = fit_circuit(found[spectrum - 1], circuit)
        target = plot or Path(f"{file.stem}_eis.png")
        save_figure(impedance_figure([fit]), target)
        answer = {"file": str(file), **circuit_answer(fit), "plot": str(target)}
    _show_fit(answer, answer["parameters"], as_json)


def _columns(text: str | None) -> dict[str, str] | None:
    """ "a=1,b=Ewe/V" as a mapping."""
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(sign and value.strip() for _, sign, value in pairs):
        raise BadInputError(f"--columns {text!r} is not understood; write it like potential=2,current='3 (mA)'")
    return {key.strip().lower(): value.strip().strip("'") for key, _, value in pairs}


def _show_fit(answer: dict[str, Any], values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    rows = [
        [name, *(f"{q[key]:.4g}" if q[key] is not None else "-" for key in ("value", "sigma"))]
        for name, q in values.items()
        if "value" in q
    ]
    out.print(answer.get("circuit") or answer["method"], markup=False)
    print_table(["parameter", "value", "sigma"], rows)
    out.print(f"plot {answer['plot']}", soft_wrap=True, markup=False)
    for warning in answer["warnings"]:
        err.print(f"note: {warning}", markup=False)
