"""The curves' doors for programs: `/fit_tafel` and `/fit_eis`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData
from gradio.events import api

from corrovis.errors import BadInputError
from corrovis.ui.car_api import as_files, upload
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder


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
            from corrovis.electrochem.polarization import fit_tafel
            from corrovis.electrochem.readers import read_columns, read_polarization
            from corrovis.render.curve_answers import metal, tafel_answer
            from corrovis.render.plots import save_figure, tafel_figure

            path, name = upload(curve)
            of = metal(alloy, equivalent_weight, density_g_cm3, composition)
            if window is not None and len(window) != 2:
                raise BadInputError(f"a window is [lowest, highest] potential in V, not {len(window)} numbers")
            edges = (window[0], window[1]) if window else None
            fit = fit_tafel(read_polarization(path, area_cm2, read_columns(columns), name), method, edges, sweep)  # type: ignore[arg-type]
            plot = fresh_folder() / "tafel.png"
            save_figure(tafel_figure([fit], reference), plot)
        return {"file": name, **tafel_answer(fit, of), "reference": reference, **as_files({"plot": plot})}

    def fit_eis(
        spectrum: FileData,
        circuit: str = "auto",
        area_cm2: float | None = None,
        spectrum_number: int = 1,
        columns: str | None = None,
    ) -> dict[str, Any]:
        """An equivalent circuit fitted to an impedance spectrum, without start values."""
        with complaining():
            from corrovis.electrochem.impedance import fit_circuit
            from corrovis.electrochem.readers import read_columns, read_spectrum
            from corrovis.render.curve_answers import circuit_answer
            from corrovis.render.plots import impedance_figure, save_figure

            path, name = upload(spectrum)
            fit = fit_circuit(read_spectrum(path, spectrum_number, area_cm2, read_columns(columns), name), circuit)
            plot = fresh_folder() / "eis.png"
            save_figure(impedance_figure([fit]), plot)
        return {"file": name, **circuit_answer(fit), **as_files({"plot": plot})}

    api(fit_tafel, api_name="fit_tafel", **CPU)
    api(fit_eis, api_name="fit_eis", **CPU)
