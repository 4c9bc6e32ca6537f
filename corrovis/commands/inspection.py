"""Micrographs and photos of structures: corroded regions, and how they grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrovis.commands.answers import Json, err, open_store, out, print_items, print_json, print_table, working
from corrovis.errors import BadInputError
from corrovis.settings import Settings

if TYPE_CHECKING:
    from corrovis.render.sem_files import Job
    from corrovis.sem.inspection import Inspector


def inspect(
    images: Annotated[list[Path], typer.Argument(help="Micrographs, photos of steel structures, or folders of them.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for masks, pictures and reports; made if missing.")],
    model: Annotated[
        str | None, typer.Option(help="ni20cr, pits304 or steel-structures.  [default: what suits the picture]")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Side of a pixel, 0.5um or 500nm; overrides what the file says.")] = None,
    scale_bar: Annotated[
        str | None, typer.Option(help="What is written at the scale bar, 10um; its pixels are counted in each picture.")
    ] = None,
    saliency: Annotated[bool, typer.Option("--saliency/--no-saliency", help="Heat maps of what the model looked at.")] = True,
    as_json: Json = False,
) -> None:
    """Find and measure corroded regions: masks, areas, severity, heat maps and a report for each picture."""
    with working("inspecting", as_json) as status:
        from corrovis.images import pictures_in
        from corrovis.render.folders import make_folder
        from corrovis.render.sem_files import inspect_files

        inspector, job = _inspector(model, pixel_size, saliency)
        if scale_bar is not None:
            job = _with_bar(job, scale_bar)
        files = [file for path in images for file in (pictures_in(path) if path.is_dir() else [path])]
        make_folder(folder)
        items = inspect_files(inspector, files, folder, job, lambda path: status.update(f"inspecting {path.name} ..."))
    if not as_json:  # the items have them
        for warning in (f"{item['file']}: {text}" for item in items for text in item.get("warnings", [])):
            err.print(f"note: {warning}", markup=False)
    print_items(items, as_json, (["file", "severity", "corroded", "report"], _row), "inspected")


def progression(
    table: Annotated[Path, typer.Argument(help="CSV with the columns file, exposure_h, condition.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for plot, masks and reports; made if missing.")],
    model: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    pixel_size: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    as_json: Json = False,
) -> None:
    """How corrosion grows with exposure, for each condition, and how conditions differ: plot, report, a CSV of all fields."""
    with working("inspecting", as_json) as status:
        from corrovis.render.folders import make_folder
        from corrovis.render.sem_files import progression_files
        from corrovis.sem.progression import read_table

        rows = read_table(table)
        inspector, job = _inspector(model, pixel_size, False)
        make_folder(folder)
        answer = progression_files(inspector, rows, folder, job, lambda path: status.update(f"inspecting {path.name} ..."))
    if as_json:
        print_json(answer)
        return
    for item in answer["items"]:
        if "error" in item:
            err.print(f"left out: {item['error']}", markup=False)
        for warning in item.get("warnings", []):
            err.print(f"note: {item['file']}: {warning}", markup=False)
    lines = [
        [c["condition"], str(len(c["exposure"])), _trend(c["trend"], ".3%"), _trend(c["severity_trend"], ".4f")]
        for c in answer["conditions"]
    ]
    print_table(["condition", "fields", "growth of the corroded share per hour", "of severity, levels per hour"], lines)
    out.print(f"report {answer['report']}, a line for each field {answer['csv']}", soft_wrap=True)


def _inspector(model: str | None, pixel_size: str | None, explain: bool) -> tuple[Inspector, Job]:
    """The inspector and what it is asked to do.  Raises BadInputError for a model or a pixel size that is none."""
    from corrovis.render.sem_files import Job
    from corrovis.sem.inspection import Inspector
    from corrovis.sem.pixel_size import parse_pixel_size
    from corrovis.sem.segmentation import Segmenter

    inspector = Inspector(Segmenter(open_store(Settings.from_environment())))
    if model is not None and model not in inspector.segmenter.models:
        raise BadInputError(f"no inspection model is called {model}; there are {', '.join(inspector.segmenter.models) or 'none'}")
    return inspector, Job(model, parse_pixel_size(pixel_size) if pixel_size else None, explain)


def _with_bar(job: Job, scale_bar: str) -> Job:
    """The same by the scale bar.  Raises BadInputError for what is no length, or where the pixel size is given, too."""
    from corrovis.sem.pixel_size import parse_scale_bar

    if job.pixel is not None:
        raise BadInputError("--pixel-size and --scale-bar both say how large a pixel is; give one of them")
    return replace(job, bar_um=parse_scale_bar(scale_bar))


def _row(item: dict[str, Any]) -> list[str]:
    if "error" in item:
        return [item["file"], "-", "-", item["error"]]
    return [item["file"], item.get("severity", "-"), f"{item['corroded_fraction']:.2%}", str(item["report"])]


def _trend(trend: dict[str, Any] | None, form: str) -> str:
    if trend is None:
        return "too few fields or exposures"
    return "{value:+{form}} ({low:+{form}} to {high:+{form}})".format(**trend, form=form)
