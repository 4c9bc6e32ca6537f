"""The curves' doors for programs: `/fit_tafel` and `/fit_eis`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData

from corrovis.curves import method_of
from corrovis.errors import BadInputError
from corrovis.ui.doors import number, open_door, optional, text, upload, whole_number
from corrovis.ui.parts import CPU
from corrovis.ui.uploads import folder_to_fill


def publish() -> None:
    """Register the endpoints in the running `gr.Blocks`."""
    open_door(fit_tafel, **CPU)
    open_door(fit_eis, **CPU)


def fit_tafel(  # noqa: PLR0913 an argument for each option
    curve: FileData,
    area_cm2: float | None = None,
    equivalent_weight: float | None = None,
    density_g_cm3: float | None = None,
    reference: str = "",
    alloy: str | None = None,
    composition: str | None = None,
    method: str = "auto",
    window: list[float] | None = None,
    sweep: int | None = None,
    columns: str | None = None,
    stern_geary: float | None = None,
) -> dict[str, Any]:
    """Corrosion potential, current, Tafel slopes and corrosion rate from a polarisation curve; the options are those of
    `corrovis tafel`, and `window` is [lowest, highest] potential in V."""
    with folder_to_fill() as folder:
        from corrovis.electrochem.columns import read_columns
        from corrovis.electrochem.corrosion_rate import metal
        from corrovis.tasks import curves

        path, name = upload(curve)
        weight = optional(number, "equivalent_weight", equivalent_weight)
        density = optional(number, "density_g_cm3", density_g_cm3)
        asked = curves.TafelRequest(
            area_cm2=optional(number, "area_cm2", area_cm2),
            metal=metal(optional(text, "alloy", alloy), weight, density, optional(text, "composition", composition)),
            columns=read_columns(optional(text, "columns", columns)),
            method=method_of(text("method", method)),
            window_v=edges_of(window),
            sweep=optional(whole_number, "sweep", sweep),
            stern_geary_v=optional(number, "stern_geary", stern_geary),
            reference=text("reference", reference),
        )
        plot = folder / "tafel.png"
        answer = curves.tafel([(path, name)], asked, plot).items[0]
        if "error" in answer:
            raise BadInputError(answer["error"])
    return {"file": name, **answer, "plot": plot}


def fit_eis(
    spectrum: FileData,
    circuit: str = "auto",
    area_cm2: float | None = None,
    spectrum_number: int = 1,
    columns: str | None = None,
) -> dict[str, Any]:
    """An equivalent circuit fitted to an impedance spectrum, without start values."""
    with folder_to_fill() as folder:
        from corrovis.electrochem.columns import read_columns
        from corrovis.tasks import curves

        path, name = upload(spectrum)
        asked = curves.EisRequest(
            circuit=text("circuit", circuit),
            area_cm2=optional(number, "area_cm2", area_cm2),
            spectrum=whole_number("spectrum_number", spectrum_number),
            columns=read_columns(optional(text, "columns", columns)),
        )
        plot = folder / "eis.png"
        _, answer = curves.eis((path, name), asked, plot)
    return {"file": name, **answer, "plot": plot}


def edges_of(window: Any) -> tuple[float, float] | None:
    """[lowest, highest] potential in V; None where none is asked for.  Raises BadInputError for anything else."""
    if window is None or window == []:
        return None
    edges = tuple(number("window", edge) for edge in window) if isinstance(window, list) else ()
    if len(edges) != 2:
        raise BadInputError(f"window {window!r:.40} is none; give [lowest, highest] potential in V, as in [-0.7, -0.4]")
    return edges[0], edges[1]
