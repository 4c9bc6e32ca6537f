"""The curves' doors for programs: `/fit_tafel` and `/fit_eis`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder
from corrovis.ui.requests import as_files, number, open_door, optional, text, upload, whole_number


def publish() -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def fit_tafel(  # noqa: PLR0913 an argument for each option
        curve: FileData,
        area_cm2: float | None = None,
        equivalent_weight: float | None = None,
        density_g_cm3: float | None = None,
        reference: str = "reference",
        alloy: str | None = None,
        composition: str | None = None,
        method: str = "auto",
        window: list[float] | None = None,
        sweep: int | None = None,
        columns: str | None = None,
    ) -> dict[str, Any]:
        """Corrosion potential, current, Tafel slopes and corrosion rate from a polarisation curve; the options are those of
        `corrovis tafel`, and `window` is [lowest, highest] potential in V."""
        with complaining():
            from corrovis.electrochem.columns import read_columns
            from corrovis.electrochem.corrosion_rate import metal
            from corrovis.electrochem.polarization import fit_tafel
            from corrovis.electrochem.readers import read_polarization
            from corrovis.render.curve_answers import tafel_answer
            from corrovis.render.plots import save_figure, tafel_figure

            path, name = upload(curve)
            area = optional(number, "area_cm2", area_cm2)
            weight = optional(number, "equivalent_weight", equivalent_weight)
            density = optional(number, "density_g_cm3", density_g_cm3)
            of = metal(optional(text, "alloy", alloy), weight, density, optional(text, "composition", composition))
            read = read_polarization(path, area, read_columns(optional(text, "columns", columns)), name)
            how: Any = text("method", method)  # any other than a `Method` is refused there
            fit = fit_tafel(read, how, edges_of(window), optional(whole_number, "sweep", sweep))
            answer = {"file": name, **tafel_answer(fit, of), "reference": text("reference", reference)}
            plot = fresh_folder() / "tafel.png"
            save_figure(tafel_figure([fit], reference), plot)
        return {**answer, **as_files({"plot": plot})}

    def fit_eis(
        spectrum: FileData,
        circuit: str = "auto",
        area_cm2: float | None = None,
        spectrum_number: int = 1,
        columns: str | None = None,
    ) -> dict[str, Any]:
        """An equivalent circuit fitted to an impedance spectrum, without start values."""
        with complaining():
            from corrovis.electrochem.columns import read_columns
            from corrovis.electrochem.impedance import fit_circuit
            from corrovis.electrochem.readers import read_spectrum
            from corrovis.render.curve_answers import circuit_answer
            from corrovis.render.plots import impedance_figure, save_figure

            path, name = upload(spectrum)
            area = optional(number, "area_cm2", area_cm2)
            one, of = whole_number("spectrum_number", spectrum_number), read_columns(optional(text, "columns", columns))
            fit = fit_circuit(read_spectrum(path, one, area, of, name), text("circuit", circuit))
            answer = {"file": name, **circuit_answer(fit)}
            plot = fresh_folder() / "eis.png"
            save_figure(impedance_figure([fit]), plot)
        return {**answer, **as_files({"plot": plot})}

    open_door(fit_tafel, **CPU)
    open_door(fit_eis, **CPU)


def edges_of(window: Any) -> tuple[float, float] | None:
    """[lowest, highest] potential in V; None where none is asked for.  Raises BadInputError for anything else."""
    if window is None or window == []:
        return None
    edges = tuple(number("window", edge) for edge in window) if isinstance(window, list) else ()
    if len(edges) != 2:
        raise BadInputError(f"window {window!r:.40} is none; give [lowest, highest] potential in V, as in [-0.7, -0.4]")
    return edges[0], edges[1]
