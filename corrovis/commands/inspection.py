"""Micrographs and photos of structures: corroded regions, and how they grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrovis.commands.answers import (
    Json,
    open_store,
    print_items,
    print_json,
    print_line,
    print_table,
    say,
    settings,
    tell,
    working,
)

if TYPE_CHECKING:
    from corrovis.sem.inspection import Inspector
    from corrovis.tasks.inspect_request import InspectRequest


def inspect(
    images: Annotated[list[Path], typer.Argument(help="Micrographs, photos of steel structures, or folders of them.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for masks, pictures and reports; made if missing.")],
    model: Annotated[
        str | None, typer.Option(help="ni20cr, pits304 or steel-structures.  \\[default: what suits the picture]")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Side of a pixel, 0.5um or 500nm; overrides what the file says.")] = None,
    scale_bar: Annotated[
        str | None, typer.Option(help="What is written at the scale bar, 10um; its pixels are counted in each picture.")
    ] = None,
    saliency: Annotated[bool, typer.Option("--saliency/--no-saliency", help="Heat maps of what the model looked at.")] = True,
    as_json: Json = False,
) -> None:
    """Find and measure corroded regions: masks, areas, severity, heat maps and reports, and a summary of all pictures."""
    with working("inspecting", as_json) as now:
        request = _asked(model, pixel_size, scale_bar, saliency)

        from corrovis.files import make_folder
        from corrovis.images import pictures_in
        from corrovis.tasks.inspection import inspect_files, of_earlier_runs

        files = [file for path in images for file in (pictures_in(path) if path.is_dir() else [path])]
        make_folder(folder)
        items = inspect_files(_inspector(), [(file, "") for file in files], folder, request, _telling(now))
    say(of_earlier_runs(folder, items))
    shown = items if as_json else _scale_told_once(items)
    print_items(shown, as_json, (["file", "severity", "corroded", "report"], _row), "inspected")


def progression(
    table: Annotated[
        Path, typer.Argument(help="CSV or Excel: file, exposure_h (or _min, _d), condition; specimen, if one has several.")
    ],
    folder: Annotated[Path, typer.Option("--out", help="Folder for plot, masks and reports; made if missing.")],
    model: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    pixel_size: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    scale_bar: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    as_json: Json = False,
) -> None:
    """How corrosion grows with exposure, for each condition, and how conditions differ: plot, report, a CSV of all fields."""
    with working("inspecting", as_json) as now:
        request = _asked(model, pixel_size, scale_bar)

        from corrovis.files import make_folder
        from corrovis.render.progression_words import GROWTH, growth_row
        from corrovis.sem.exposure_table import read_table
        from corrovis.tasks.inspection import of_earlier_runs, progression_files

        rows = read_table(table)
        make_folder(folder)
        answer = progression_files(_inspector(), rows, folder, request, _telling(now))
    answer["warnings"] += of_earlier_runs(folder, answer["items"])
    if as_json:
        print_json(answer)
        return
    say(answer["warnings"])
    for item in _scale_told_once(answer["items"]):
        if "error" in item:
            tell(f"left out: {item['error']}")
        say(item.get("warnings", []), item["file"])
    for sentence in answer["summary"]:
        print_line(sentence)
    print_table(GROWTH, [growth_row(one, one["condition"]) for one in answer["conditions"]])
    print_line(f"report {answer['report']}, a line for each field {answer['csv']}")


def _scale_told_once(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items without their notes on scale bars whose length nobody gave, of which one line tells, with the option for it."""
    from corrovis.sem.fields import BAR_DRAWN

    plain = [{**item, "warnings": [n for n in item.get("warnings", []) if BAR_DRAWN not in n]} for item in items]
    if bars := sum(new["warnings"] != item.get("warnings", []) for new, item in zip(plain, items, strict=True)):
        of = "the picture" if len(items) == 1 else f"{bars} of {len(items)} pictures"
        say([f"{of}: a scale bar is drawn; give what is written at it with --scale-bar, as in 10um, for sizes in micrometres"])
    return plain


def _telling(now: Callable[[str], None]) -> Callable[[int, int, str], None]:
    """What tells whoever waits how far it is."""
    return lambda done, of, name: now(f"inspecting {name} ({done + 1} of {of})")


def _asked(model: str | None, pixel_size: str | None, scale_bar: str | None, saliency: bool = True) -> InspectRequest:
    """What the options ask for, refused before anything slow is loaded."""
    from corrovis.manifest import read_records
    from corrovis.sem.results import MODELS
    from corrovis.tasks.inspect_request import request_of

    found = read_records(settings().weights)
    return request_of(
        [name for name in MODELS if name in found.specs or name in found.damaged], model, pixel_size, scale_bar, saliency
    )


def _inspector() -> Inspector:
    from corrovis.sem.inspection import Inspector
    from corrovis.sem.segmentation import Segmenter

    return Inspector(Segmenter(open_store()))


def _row(item: dict[str, Any]) -> list[str]:
    from corrovis.render.inspection_facts import share_text

    low, high = item["severity_limits"]
    share = share_text(item["corroded_fraction"], item["severity_sigma"], (low, high))
    return [item["file"], item["severity"], share, str(item["report"])]
