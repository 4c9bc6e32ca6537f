"""Plates of steel: which defect, put one on or wipe it off, whole sets."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrovis.commands.answers import (
    Json,
    err,
    guarded,
    open_store,
    print_items,
    print_json,
    print_line,
    print_table,
    say,
    working,
)
from corrovis.errors import BadInputError

if TYPE_CHECKING:
    from corrovis.steel.results import Brush

Strength = Annotated[float, typer.Option(help="0 leaves the plate as it is, 1 is the whole effect.")]
Mask = Annotated[Path | None, typer.Option(help="PNG of the plate's size, white where it is to happen.  \\[default: everywhere]")]


def steel(
    patches: Annotated[list[Path], typer.Argument(help="Pictures of hot-rolled steel.")],
    as_json: Json = False,
) -> None:
    """Which of nine defects each picture of steel shows, or none.

    The strip must run up or across the picture: turned by 45 degrees it is often answered wrongly.
    """
    with working("classifying", as_json):
        from corrovis.steel.inspector import PatchInspector
        from corrovis.tasks.many import answer_each
        from corrovis.tasks.steel import classify_file

        items = answer_each(patches, partial(classify_file, PatchInspector(open_store())))
    print_items(items, as_json, (["file", "class", "probability"], _row), "classified")


def _row(item: dict[str, Any]) -> list[str]:
    return [item["file"], item["class"], f"{item['probabilities'][item['class']]:.2f}"]


def defect_add(
    plate: Annotated[Path, typer.Argument(help="Picture of clean steel.")],
    name: Annotated[str, typer.Option("--class", help="crazing, grooves_gouges, inclusion, patches, pitted_surface, ...")],
    file: Annotated[Path, typer.Option("--out", help="PNG to write.")],
    strength: Strength = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, another defect.")] = 0,
    mask: Mask = None,
    as_json: Json = False,
) -> None:
    """Put a defect on steel; with a mask only there, and every other pixel keeps its bits.

    With a mask, OUT_mask.png beside the plate says where the defect lies: 0, or the place of its class among the nine.
    Such a mask can be given as --mask again.

    Defects are drawn as large as in 64 px patches of hot-rolled strip, and without a mask they cover the whole plate evenly, like
    wallpaper: on a plate much larger than that, mask the place where the defect is to be.
    """
    with working("adding", as_json):
        from corrovis.steel.results import Brush

        answer = _changed(plate, name, file, Brush(strength, seed), mask)
    _show(answer, as_json)


def defect_erase(
    plate: Annotated[Path, typer.Argument(help="Picture of steel with a defect.")],
    file: Annotated[Path | None, typer.Option("--out", help="PNG to write.  \\[default: PLATE_erased.png, here]")] = None,
    strength: Strength = 1.0,
    mask: Mask = None,
    as_json: Json = False,
) -> None:
    """Wipe defects off steel."""
    with working("erasing", as_json):
        from corrovis.steel.results import Brush

        answer = _changed(plate, None, file or Path(f"{plate.stem}_erased.png"), Brush(strength), mask)
    _show(answer, as_json)


def _changed(path: Path, name: str | None, file: Path, brush: Brush, mask: Path | None) -> dict[str, Any]:
    """The contract's answer: the plate in `path` with the defect `name`, or without any, written to `file`."""
    if file.suffix.lower() != ".png":
        raise BadInputError(f"{file} does not end in .png, and plates are written as PNG; choose another name with --out")
    from corrovis.steel.plates import read_plate, read_region
    from corrovis.steel.results import CLEAN
    from corrovis.tasks.steel import check_spared, make, steel_tools, write_defect

    check_spared((path, mask), file)
    tools = steel_tools(open_store())
    plate = read_plate(path)
    brush = replace(brush, region=read_region(mask, plate.size_hw) if mask else None)
    made = make(tools, plate, CLEAN if name is None else tools.maker.check_defect(name), brush)
    return write_defect(made, tools, file)


def _show(answer: dict[str, Any], as_json: bool) -> None:
    say(answer["warnings"])
    if as_json:
        print_json(answer)
        return
    found = max(answer["probabilities"].items(), key=lambda item: item[1], default=None)  # None: no inspector looked
    taken_for = f"{found[0]} {found[1]:.2f}" if found else ""
    print_table(["file", "class", "taken for"], [[str(answer["file"]), answer["class"], taken_for]])


def synthesize_steel(
    name: Annotated[str, typer.Option("--class", help="A defect, or all.")],
    count: Annotated[int, typer.Option("-n", help="Patches of each class.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the set; made if missing.")],
    clean: Annotated[
        Path | None, typer.Option("--from", help="Folder of clean steel to start from.  \\[default: drawn steel]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another set.")] = 0,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Keep only what the inspector takes for its class.")] = True,
    background: Annotated[
        bool, typer.Option("--background", help="As many clean patches besides, for the class without.")
    ] = False,
    as_json: Json = False,
) -> None:
    """A set of synthetic defects: a folder per class, and manifest.csv with seed and source of each patch."""
    from rich.progress import Progress

    with guarded(as_json):
        from corrovis.steel.sets import SetOrder
        from corrovis.tasks.steel import steel_tools, write_set

        tools = steel_tools(open_store(), check)
        wanted = tools.maker.defects if name == "all" else (tools.maker.check_defect(name),)
        order = SetOrder(wanted, count, seed, clean, background)
        began = time.perf_counter()
        with Progress(console=err, disable=not err.is_terminal) as bar:  # a bar in a log is a line beside the one of a refusal
            task = bar.add_task("synthesizing", total=count * len(order.classes))
            answer = write_set(tools, order, folder, lambda patch: bar.advance(task))
        answer["seconds"] = round(time.perf_counter() - began, 3)
    say(answer["warnings"])
    if as_json:
        print_json(answer)
        return
    print_table(["class", "patches"], [[one, str(len(files))] for one, files in answer["files"].items()])
    print_line(f"manifest {answer['manifest']}")
