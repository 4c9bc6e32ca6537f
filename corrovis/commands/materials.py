"""The materials lab: which alloy, what the layers see, synthetic surfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from corrovis.commands.answers import Json, own_or_shipped, print_items, print_json, print_line, print_table, say, tell, working

SCORED = (
    "discriminator: 1 real, 0 made; ssim and l2: 1 and 0 where a lost quarter is drawn again as it was; "
    "gradient: the mean step between neighbours, neither way is better"
)


def material(
    images: Annotated[list[Path], typer.Argument(help="Scanning electron micrographs.")],
    weights: Annotated[
        Path | None, typer.Option(help="A lab's own .safetensors from train/material.py.  \\[default: the shipped network]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Which material each micrograph shows, of those that the network has learned, and whether it knows such pictures."""
    with working("classifying", as_json) as now:
        from corrovis.sem.material import MODEL, MaterialClassifier
        from corrovis.tasks.many import answer_each
        from corrovis.tasks.materials import classify_file

        classifier = MaterialClassifier(*own_or_shipped(weights, MODEL))
        items = answer_each(
            images,
            lambda path: classify_file(classifier, path, path.name),
            lambda path: now(f"classifying {path.name}"),
        )
    print_items(items, as_json, (["file", "material", "probability", "known"], _material_row), "classified")


def _material_row(item: dict[str, Any]) -> list[str]:
    return [item["file"], item["material"], f"{item['probabilities'][item['material']]:.2f}", "yes" if item["familiar"] else "NO"]


def layers(
    image: Annotated[Path, typer.Argument(help="A micrograph, or any picture.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    colour_filter: Annotated[str, typer.Option("--filter", help="blue-rgb, aqua, moonlight, bronze, red-lava or bone.")] = "bone",
    beside: Annotated[Path | None, typer.Option(help="A second picture, shown side by side.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Network: material, ni20cr, pits304, ...; a wrong name lists all.  \\[default: material]")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Look into a lab's own .safetensors instead.")] = None,
    show: Annotated[str, typer.Option(help="mean of all channels, or top: those that the answer rests on most.")] = "mean",
    top: Annotated[int, typer.Option(min=1, max=64, help="How many channels with --show top.")] = 16,
    as_json: Json = False,
) -> None:
    """What every convolution of a network makes of a picture: a PNG for each, an overview, a PDF."""
    with working("looking into the layers", as_json):
        from corrovis.errors import BadInputError
        from corrovis.files import make_folder
        from corrovis.render.colour_maps import filter_of
        from corrovis.render.layer_sheets import Look, show_of, write_layers
        from corrovis.sem.fields import read_field
        from corrovis.sem.layers import LayerViewer

        look = Look(filter_of(colour_filter), show_of(show))
        store, own = own_or_shipped(weights, "")
        if own and model and model != own:
            raise BadInputError(f"{weights} is the network {own}, not {model}; leave one of --weights and --model out")
        viewer = LayerViewer(store)
        fields = [read_field(path) for path in (image, beside) if path is not None]
        view = viewer.view(fields, model or own or viewer.first, top)
        make_folder(folder)
        answer = {"file": str(image), **write_layers(view, look, folder)}
    if as_json:
        print_json(answer)
        return
    print_table(["layer", "size", "file"], [[x["name"], "{} x {}".format(*x["size"]), x["file"].name] for x in answer["layers"]])
    print_line(f"overview {answer['overview']}, all of them {answer['pdf']}")
    say(answer["warnings"])


def synthesize_sem(
    material: Annotated[
        str, typer.Option(help="In full or by the start of a word, from three letters on; a wrong one lists all.")
    ],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    number: Annotated[int, typer.Option("-n", "--number", help="How many pictures, 1 to 200.")] = 8,
    seed: Annotated[int, typer.Option(help="Another seed, other surfaces.")] = 0,
    side: Annotated[int, typer.Option(help="Side of a picture in pixels, 64 to 1024.")] = 256,
    weights: Annotated[
        Path | None, typer.Option(help="A lab's own generator, from train/release_sem_gan.py.  \\[default: the shipped one]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make synthetic SEM surfaces of a material.  They show no specimen, and their files say so."""
    with working("drawing", as_json) as now:
        from corrovis.files import check_unused, make_folder
        from corrovis.render.surface_files import TABLE, write_surfaces
        from corrovis.sem.synthesis import MODEL, Synthesiser

        check_unused(folder, (TABLE,))
        synthesiser = Synthesiser(*own_or_shipped(weights, MODEL))
        made = synthesiser.make(material, number, seed, side, lambda kept: now(f"drawing, {kept} of {number}"))
        make_folder(folder)
        answer = write_surfaces(made, folder)
    if as_json:
        print_json(answer)
    else:
        rows = [[str(item["file"]), *(f"{value:.3f}" for value in item["scores"].values())] for item in answer["items"]]
        print_table(["file", *answer["scores"]], rows)
        tell(SCORED)
        tell(f"{len(answer['files'])} kept, {answer['dropped']} dropped")
        real = ", ".join(f"{check} {low} to {high}" for check, (low, high) in answer["limits"].items() if None not in (low, high))
        tell(f"real pictures of this material score: {real or 'not known'}")
