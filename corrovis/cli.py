"""The command line.  Nothing heavy is imported before a command needs it; `corrovis --help` answers at once.

With `--json` one JSON object stands on standard output and nothing else; everything meant for people goes to standard error.
Exit codes: 0 done, 2 bad input, with one line that says what, why and what to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table
from typer.exceptions import TyperException

from corrovis import __version__
from corrovis.errors import BadInputError, CorrovisError
from corrovis.settings import Settings

if TYPE_CHECKING:
    from corrovis.car.grading import Grader
    from corrovis.render.sem_files import Job
    from corrovis.sem.inspection import Inspector
    from corrovis.store import Store

BAD_INPUT = 2

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Shows and measures corrosion in pictures.")
synthesize = typer.Typer(no_args_is_help=True, help="Make sets of synthetic pictures to train with.")
defect = typer.Typer(no_args_is_help=True, help="Put a defect on a picture of steel, or wipe it off.")
app.add_typer(synthesize, name="synthesize")
app.add_typer(defect, name="defect")
out, err = Console(), Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


@app.command()
def age(
    photo: Annotated[Path, typer.Argument(help="Photo of a car.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    level: Annotated[
        list[float] | None, typer.Option(help="0 none to 3 severe, fractions too; repeat it.  [default: 0 1 2 3]")
    ] = None,
    video: Annotated[bool, typer.Option("--video", help="Also an MP4 from none to severe.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other rust.")] = 0,
    whole: Annotated[bool, typer.Option("--whole", help="Take the whole picture for car.")] = False,
    as_json: Json = False,
) -> None:
    """Rust the car in a photo, level by level.  The pictures are illustrations, not predictions."""
    from corrovis.results import check_level

    levels = [check_level(value) for value in level or [0, 1, 2, 3]]
    with _working("ageing", as_json):
        from corrovis.car.ageing import Ager
        from corrovis.car.masking import CarMasker
        from corrovis.images import read_photo
        from corrovis.render.files import write_levels
        from corrovis.render.video import save_mp4

        settings = Settings.from_environment()
        picture = read_photo(photo, limits=settings)
        _make_folder(folder)
        store = _store(settings)
        began = time.perf_counter()
        aged = Ager(store).age(picture, CarMasker(store).mask(picture, whole=whole), seed=seed)
        answer = write_levels(aged, levels, folder)
        if video:
            answer["video"] = folder / "rusting.mp4"
            save_mp4(aged, answer["video"])
        answer["seconds"] = round(time.perf_counter() - began, 3)
    for note in picture.notes:
        err.print(f"note: {note}", markup=False)
    if as_json:
        _print_json(answer)
        return
    rows = [[f"{item['level']:g}", f"{item['rust_fraction']:.1%}", str(item["file"])] for item in answer["levels"]]
    _print_table(["level", "rust", "file"], rows)
    out.print(f"car mask {answer['car_mask']}" + (f", video {answer['video']}" if video else ""), soft_wrap=True)


@app.command()
def grade(
    photos: Annotated[list[Path], typer.Argument(help="Photos of cars.")],
    as_json: Json = False,
) -> None:
    """How corroded the car in each photo is: none, mild, moderate or severe."""
    with _working("grading", as_json):
        from corrovis.car.grading import Grader

        settings = Settings.from_environment()
        grader = Grader(_store(settings))
        items = [_grade_one(grader, path, settings) for path in photos]
    if as_json:
        _print_json({"items": items})
    else:
        rows = [[item["file"], item.get("severity", "-"), _shares(item)] for item in items]
        _print_table(["file", "severity", "none / mild / moderate / severe"], rows)
    failed = [item["error"] for item in items if "error" in item]
    if len(failed) == len(items):
        raise BadInputError(
            failed[0] if len(failed) == 1 else f"none of {len(failed)} files could be graded; the first: {failed[0]}"
        )


@app.command()
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
    with _working("fitting", as_json):
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


@app.command()
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
    with _working("fitting", as_json):
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


@app.command()
def inspect(
    images: Annotated[list[Path], typer.Argument(help="Micrographs, or photos of steel structures.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for masks, pictures and reports; made if missing.")],
    model: Annotated[
        str | None, typer.Option(help="ni20cr, pits304, pits304-yolo or steel-structures.  [default: what suits the picture]")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Side of a pixel, 0.5um or 500nm; overrides what the file says.")] = None,
    saliency: Annotated[bool, typer.Option("--saliency/--no-saliency", help="Heat maps of what the model looked at.")] = True,
    as_json: Json = False,
) -> None:
    """Find and measure corroded regions: masks, areas, severity, heat maps and a report for each picture."""
    with _working("inspecting", as_json) as status:
        from corrovis.render.sem_files import inspect_files

        inspector, job = _inspector(model, pixel_size, saliency)
        _make_folder(folder)
        items = inspect_files(inspector, images, folder, job, lambda path: status.update(f"inspecting {path.name} ..."))
    if as_json:
        _print_json({"items": items})
    else:
        rows = [[i["file"], i.get("severity", "-"), _corroded(i), str(i.get("report", i.get("error")))] for i in items]
        _print_table(["file", "severity", "corroded", "report"], rows)
    failed = [item["error"] for item in items if "error" in item]
    if len(failed) == len(items):
        raise BadInputError(
            failed[0] if len(failed) == 1 else f"none of {len(failed)} files could be inspected; the first: {failed[0]}"
        )


@app.command()
def progression(
    table: Annotated[Path, typer.Argument(help="CSV with the columns file, exposure_h, condition.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for plot, masks and reports; made if missing.")],
    model: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    pixel_size: Annotated[str | None, typer.Option(help="As for inspect.")] = None,
    as_json: Json = False,
) -> None:
    """How corrosion grows with exposure, for each condition, and how conditions differ."""
    with _working("inspecting", as_json) as status:
        from corrovis.render.sem_files import progression_files
        from corrovis.sem.progression import read_table

        rows = read_table(table)
        inspector, job = _inspector(model, pixel_size, False)
        _make_folder(folder)
        answer = progression_files(inspector, rows, folder, job, lambda path: status.update(f"inspecting {path.name} ..."))
    if as_json:
        _print_json(answer)
        return
    lines = [[c["condition"], str(len(c["exposure"])), _trend(c["trend"])] for c in answer["conditions"]]
    _print_table(["condition", "fields", "growth of the corroded share per hour"], lines)
    out.print(f"plot {answer['plot']}", soft_wrap=True)


@synthesize.command("sem")
def synthesize_sem(
    material: Annotated[str, typer.Option(help="In full or in part; a wrong one lists those that there are.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    number: Annotated[int, typer.Option("-n", "--number", help="How many pictures, 1 to 200.")] = 8,
    seed: Annotated[int, typer.Option(help="Another seed, other surfaces.")] = 0,
    side: Annotated[int, typer.Option(help="Side of a picture in pixels, 64 to 1024.")] = 256,
    as_json: Json = False,
) -> None:
    """Make synthetic SEM surfaces of a material.  They show no specimen, and their files say so."""
    with _working("drawing", as_json) as status:
        from corrovis.render.surface_files import write_surfaces
        from corrovis.sem.synthesis import Synthesiser

        synthesiser = Synthesiser(_store(Settings.from_environment()))
        told = lambda kept: status.update(f"drawing, {kept} of {number} ...")  # noqa: E731
        made = synthesiser.make(material, number, seed, side, told)
        _make_folder(folder)
        answer = write_surfaces(made, folder)
    if as_json:
        _print_json(answer)
    else:
        rows = [[str(item["file"]), *(f"{value:.3f}" for value in item["scores"].values())] for item in answer["items"]]
        _print_table(["file", *answer["scores"]], rows)
        err.print(f"{len(answer['files'])} kept, {answer['dropped']} dropped", markup=False)


@app.command()
def steel(
    patches: Annotated[list[Path], typer.Argument(help="Pictures of hot-rolled steel.")],
    as_json: Json = False,
) -> None:
    """Which of nine defects each picture of steel shows, or none."""
    with _working("classifying", as_json):
        from corrovis.render.steel_files import classify_file
        from corrovis.steel.inspector import PatchInspector

        settings = Settings.from_environment()
        inspector = PatchInspector(_store(settings))
        items = [classify_file(inspector, path, settings) for path in patches]
    if as_json:
        _print_json({"items": items})
    else:
        rows = [
            [i["file"], i.get("class", "-"), f"{i['probabilities'][i['class']]:.2f}" if "class" in i else i["error"]]
            for i in items
        ]
        _print_table(["file", "class", "probability"], rows)
    failed = [item["error"] for item in items if "error" in item]
    if len(failed) == len(items):
        raise BadInputError(
            failed[0] if len(failed) == 1 else f"none of {len(failed)} files could be classified; the first: {failed[0]}"
        )


Strength = Annotated[float, typer.Option(help="0 leaves the plate as it is, 1 is the whole effect.")]
Mask = Annotated[Path | None, typer.Option(help="PNG of the plate's size, white where it is to happen.  [default: everywhere]")]


@defect.command("add")
def defect_add(
    plate: Annotated[Path, typer.Argument(help="Picture of clean steel.")],
    name: Annotated[str, typer.Option("--class", help="crazing, grooves_gouges, inclusion, patches, pitted_surface, ...")],
    file: Annotated[Path, typer.Option("--out", help="PNG to write.")],
    strength: Strength = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, another defect.")] = 0,
    mask: Mask = None,
    as_json: Json = False,
) -> None:
    """Put a defect on steel; with a mask only there, and every other pixel keeps its bits."""
    _change_plate(plate, name, file, (strength, seed, mask, as_json))


@defect.command("erase")
def defect_erase(
    plate: Annotated[Path, typer.Argument(help="Picture of steel with a defect.")],
    file: Annotated[Path, typer.Option("--out", help="PNG to write.")],
    strength: Strength = 1.0,
    mask: Mask = None,
    as_json: Json = False,
) -> None:
    """Wipe defects off steel."""
    _change_plate(plate, None, file, (strength, 0, mask, as_json))


def _change_plate(path: Path, name: str | None, file: Path, asked: tuple[float, int, Path | None, bool]) -> None:
    """Add the defect `name`, or erase; `asked` is strength, seed, mask and whether the answer is JSON."""
    strength, seed, mask, as_json = asked
    with _working("erasing" if name is None else "adding", as_json):
        from corrovis.render.steel_files import write_defect
        from corrovis.steel.defects import DefectMaker
        from corrovis.steel.inspector import PatchInspector
        from corrovis.steel.plates import read_plate, read_region
        from corrovis.steel.results import Brush

        settings = Settings.from_environment()
        store = _store(settings)
        plate = read_plate(path, limits=settings)
        brush = Brush(strength, seed, read_region(mask, plate.size_hw, settings) if mask else None)
        maker = DefectMaker(store)
        made = maker.erase(plate, brush) if name is None else maker.add(plate, name, brush)
        answer = write_defect(made, PatchInspector(store) if "steel-inspector" in store else None, file)
    for note in plate.notes:
        err.print(f"note: {note}", markup=False)
    if as_json:
        _print_json(answer)
        return
    likeliest = max(answer["probabilities"].items(), key=lambda item: item[1], default=("nobody looked", 0.0))
    _print_table(["file", "class", "taken for"], [[str(file), answer["class"], f"{likeliest[0]} {likeliest[1]:.2f}"]])


@synthesize.command("steel")
def synthesize_steel(
    name: Annotated[str, typer.Option("--class", help="A defect, or all.")],
    count: Annotated[int, typer.Option("-n", help="Patches of each class.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the set; made if missing.")],
    clean: Annotated[
        Path | None, typer.Option("--from", help="Folder of clean steel to start from.  [default: drawn steel]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another set.")] = 0,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Keep only what the inspector takes for its class.")] = True,
    as_json: Json = False,
) -> None:
    """A set of synthetic defects: a folder per class, and manifest.csv with seed and source of each patch."""
    from rich.progress import Progress

    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        from corrovis.render.steel_files import write_set
        from corrovis.steel.defects import DefectMaker
        from corrovis.steel.inspector import PatchInspector
        from corrovis.steel.sets import SetOrder

        store = _store(Settings.from_environment())
        maker = DefectMaker(store)
        inspector = PatchInspector(store) if check and "steel-inspector" in store else None
        order = SetOrder(maker.defects if name == "all" else (maker.check_defect(name),), count, seed, clean)
        began = time.perf_counter()
        with Progress(console=err) as bar:
            task = bar.add_task("synthesizing", total=count * len(order.defects))
            answer = write_set((maker, inspector), order, folder, lambda patch: bar.advance(task))
        answer["seconds"] = round(time.perf_counter() - began, 3)
    if as_json:
        _print_json(answer)
        return
    _print_table(["class", "patches"], [[one, str(len(files))] for one, files in answer["files"].items()])
    out.print(f"manifest {answer['manifest']}", soft_wrap=True)


@app.command()
def material(
    images: Annotated[list[Path], typer.Argument(help="Scanning electron micrographs.")],
    weights: Annotated[
        Path | None, typer.Option(help="A lab's own .safetensors from train/material.py.  [default: the shipped network]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Which material each micrograph shows, of those that the network has learned, and whether it knows such pictures."""
    with _working("classifying", as_json) as status:
        from corrovis.render.material_files import classify_files
        from corrovis.sem.material import MaterialClassifier, own_classifier

        classifier = own_classifier(weights) if weights else MaterialClassifier(_store(Settings.from_environment()))
        items = classify_files(classifier, images, lambda path: status.update(f"classifying {path.name} ..."))
    if as_json:
        _print_json({"items": items})
    else:
        _print_table(["file", "material", "probability", "known"], [_material_row(item) for item in items])
        for warning in (f"{item['file']}: {text}" for item in items for text in item.get("warnings", [])):
            err.print(f"note: {warning}", markup=False)
    failed = [item["error"] for item in items if "error" in item]
    if len(failed) == len(items):
        raise BadInputError(
            failed[0] if len(failed) == 1 else f"none of {len(failed)} files could be classified; the first: {failed[0]}"
        )


@app.command()
def layers(
    image: Annotated[Path, typer.Argument(help="A micrograph, or any picture.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    colour_filter: Annotated[str, typer.Option("--filter", help="blue-rgb, aqua, moonlight, bronze, red-lava or bone.")] = "bone",
    beside: Annotated[Path | None, typer.Option(help="A second picture, shown side by side.")] = None,
    model: Annotated[str | None, typer.Option(help="Which network to look into.  [default: material]")] = None,
    show: Annotated[str, typer.Option(help="mean of all channels, or top: those that the answer rests on most.")] = "mean",
    top: Annotated[int, typer.Option(min=1, max=64, help="How many channels with --show top.")] = 16,
    as_json: Json = False,
) -> None:
    """What every convolution of a network makes of a picture: a PNG for each, an overview, a PDF."""
    with _working("looking into the layers", as_json):
        from corrovis.render.colour_maps import filter_of
        from corrovis.render.layer_sheets import Look, show_of, write_layers
        from corrovis.sem.fields import read_field
        from corrovis.sem.layers import LayerViewer

        look = Look(filter_of(colour_filter), show_of(show))
        settings = Settings.from_environment()
        viewer = LayerViewer(_store(settings))
        fields = [read_field(path, limits=settings) for path in (image, beside) if path is not None]
        view = viewer.view(fields, model or viewer.first, top)
        _make_folder(folder)
        answer = {"file": str(image), **write_layers(view, look, folder)}
    if as_json:
        _print_json(answer)
        return
    _print_table(["layer", "size", "file"], [[x["name"], "{} x {}".format(*x["size"]), str(x["file"])] for x in answer["layers"]])
    out.print(f"overview {answer['overview']}, all of them {answer['pdf']}", soft_wrap=True)
    for warning in answer["warnings"]:
        err.print(f"note: {warning}", markup=False)


@app.command()
def models(
    verify: Annotated[bool, typer.Option("--verify", help="Check every file's hash and the network's golden numbers.")] = False,
    as_json: Json = False,
) -> None:
    """The trained networks: what they are, how they were made, how good they are."""
    from corrovis.manifest import read_manifest

    settings = Settings.from_environment()
    specs = read_manifest(settings.weights)
    records: list[dict[str, Any]] = [asdict(spec) for spec in specs.values()]
    if verify:
        with _working("verifying", as_json):
            store = _store(settings)
            for record in records:
                record |= _verify_one(store, record["name"])
    if as_json:
        _print_json({"models": records})
    else:
        rows = [[r["name"], r["arch"], f"{r['bytes'] / 1e6:.1f} MB", r["sha256"][:12], _verdict(r)] for r in records]
        _print_table(["model", "network", "size", "sha256", "verified"], rows)
    broken = [record["error"] for record in records if "error" in record]
    if broken:
        raise CorrovisError(broken[0])


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(help="Port of the page.  [default: GRADIO_SERVER_PORT, or the first free from 7860]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open the web page and its HTTP API; stop it with Ctrl-C."""
    page = Path(__file__).resolve().parent.parent / "app.py"
    if not page.exists():
        raise CorrovisError(f"{page} is missing, so there is no page to serve; run corrovis from a clone of its repository")
    if port is not None:
        os.environ["GRADIO_SERVER_PORT"] = str(port)
    if as_json:
        _print_json({"page": str(page), "port": port or int(os.environ.get("GRADIO_SERVER_PORT", "7860"))})
    with contextlib.redirect_stdout(sys.stderr):  # what gradio says of itself is meant for people
        runpy.run_path(str(page), run_name="__main__")


def _store(settings: Settings) -> Store:
    from corrovis.store import Store

    return Store(settings.weights, settings.threads)


def _inspector(model: str | None, pixel_size: str | None, explain: bool) -> tuple[Inspector, Job]:
    """The inspector and what it is asked to do.  Raises BadInputError for a model or a pixel size that is none."""
    from corrovis.render.sem_files import Job
    from corrovis.sem.inspection import Inspector
    from corrovis.sem.pixel_size import parse_pixel_size
    from corrovis.sem.segmentation import Segmenter

    inspector = Inspector(Segmenter(_store(Settings.from_environment())))
    if model is not None and model not in inspector.segmenter.models:
        raise BadInputError(f"no inspection model is called {model}; there are {', '.join(inspector.segmenter.models) or 'none'}")
    return inspector, Job(model, parse_pixel_size(pixel_size) if pixel_size else None, explain)


def _material_row(item: dict[str, Any]) -> list[str]:
    if "error" in item:
        return [item["file"], "-", "-", item["error"]]
    return [item["file"], item["material"], f"{item['probabilities'][item['material']]:.2f}", "yes" if item["familiar"] else "NO"]


def _corroded(item: dict[str, Any]) -> str:
    return f"{item['corroded_fraction']:.2%}" if "corroded_fraction" in item else "-"


def _trend(trend: dict[str, Any] | None) -> str:
    return f"{trend['value']:+.3%} ({trend['low']:+.3%} to {trend['high']:+.3%})" if trend else "too few fields or exposures"


def _grade_one(grader: Grader, path: Path, settings: Settings) -> dict[str, Any]:
    """One item of the answer.  A bad file costs only its own item."""
    from corrovis.images import read_photo
    from corrovis.results import SEVERITIES

    try:
        found = grader.grade(read_photo(path, limits=settings))
    except BadInputError as error:
        return {"file": str(path), "error": str(error)}
    shares = [round(share, 4) for share in found.probabilities.tolist()]
    return {"file": str(path), "severity": found.severity, "probabilities": dict(zip(SEVERITIES, shares, strict=True))}


def _verify_one(store: Store, name: str) -> dict[str, Any]:
    from corrovis import golden

    try:
        golden.check(store.network(name), store.spec(name))
    except CorrovisError as error:
        return {"verified": False, "error": str(error)}
    return {"verified": True}


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
        _print_json(answer)
        return
    rows = [
        [name, *(f"{q[key]:.4g}" if q[key] is not None else "-" for key in ("value", "sigma"))]
        for name, q in values.items()
        if "value" in q
    ]
    out.print(answer.get("circuit") or answer["method"], markup=False)
    _print_table(["parameter", "value", "sigma"], rows)
    out.print(f"plot {answer['plot']}", soft_wrap=True, markup=False)
    for warning in answer["warnings"]:
        err.print(f"note: {warning}", markup=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"{folder} cannot be made a folder ({error.strerror}); choose another with --out") from error


@contextlib.contextmanager
def _working(what: str, as_json: bool) -> Iterator[Status]:
    """A spinner on standard error; with --json nothing that a library prints can reach standard output."""
    guard = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with guard, err.status(f"{what} ...") as status:
        yield status


def _print_json(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, default=str), flush=True)


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _shares(item: dict[str, Any]) -> str:
    return " / ".join(f"{share:.2f}" for share in item["probabilities"].values()) if "probabilities" in item else item["error"]


def _verdict(record: dict[str, Any]) -> str:
    return {True: "yes", False: "NO", None: "not asked"}[record.get("verified")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"corrovis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Shows and measures corrosion in pictures."""


def main() -> None:
    """Entry point: every error that we raise on purpose becomes one line and exit code 2."""
    try:
        code = app(prog_name="corrovis", standalone_mode=False)
    except CorrovisError as error:
        _leave(str(error))
    except TyperException as error:  # a wrong option, or no command at all, for which help has been shown
        _leave(f"{error.format_message().rstrip('.')}; see corrovis --help" if error.format_message() else "")
    sys.exit(code if isinstance(code, int) else 0)


def _leave(message: str) -> NoReturn:
    if message:
        print(f"corrovis: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
