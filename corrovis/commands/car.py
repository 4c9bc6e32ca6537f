"""Cars: rust one, say how rusty one is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from corrovis.commands.answers import Json, open_store, print_items, print_json, print_line, print_table, say, working
from corrovis.errors import BadInputError, NoCarError, advising


def age(
    photo: Annotated[Path, typer.Argument(help="Photo of a car.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the pictures; made if missing.")],
    level: Annotated[
        list[float] | None, typer.Option(help="0 none to 3 severe, fractions too; repeat it.  \\[default: 0, 1, 2, 3]")
    ] = None,
    video: Annotated[bool, typer.Option("--video", help="Also an MP4 from none to severe, 960 pixels long at the most.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other rust.")] = 0,
    whole: Annotated[bool, typer.Option("--whole", help="Take the whole picture for car.")] = False,
    at: Annotated[str | None, typer.Option(metavar="X,Y", help="Of several cars only the one at this pixel.")] = None,
    as_json: Json = False,
) -> None:
    """Rust the car in a photo, level by level.  The pictures are illustrations, not predictions."""
    from corrovis.results import check_level, check_seed

    levels, place = [check_level(value) for value in level or [0, 1, 2, 3]], pixel_of(at)
    check_seed(seed)
    with working("ageing", as_json):
        from corrovis.car.ageing import Ager
        from corrovis.car.masking import CarMasker, check_inside
        from corrovis.files import make_folder
        from corrovis.images import read_photo
        from corrovis.tasks.car import write_levels

        picture = read_photo(photo)
        if place:
            check_inside(place, picture.size_hw)
        make_folder(folder)
        store = open_store()
        began = time.perf_counter()
        with advising(NoCarError, "--whole"):
            mask = CarMasker(store).mask(picture, whole, place)
        aged = Ager(store).age(picture, mask, seed=seed)
        answer = write_levels(aged, levels, folder, picked=place is not None, video=video)
        answer["seconds"] = round(time.perf_counter() - began, 3)
    say(answer["warnings"])
    if as_json:
        print_json(answer)
        return
    rows = [[f"{item['level']:g}", f"{item['rust_fraction']:.1%}", str(item["file"])] for item in answer["levels"]]
    print_table(["level", "rust", "file"], rows)
    print_line(f"car mask {answer['car_mask']}" + (f", video {answer['video']}" if video else ""))


def pixel_of(text: str | None) -> tuple[float, float] | None:
    """`640,480` as (x, y).  Raises BadInputError for anything else."""
    if text is None:
        return None
    try:
        x, y = (float(part) for part in text.replace("_", "?").split(","))  # to float 4_0 is 40
    except ValueError as error:
        raise BadInputError(f"--at {text} is no pixel; give two numbers, from left and from top, as in 640,480") from error
    return x, y


def grade(
    photos: Annotated[list[Path], typer.Argument(help="Photos of cars.")],
    as_json: Json = False,
) -> None:
    """How corroded the car in each photo is: none, mild, moderate or severe."""
    with working("grading", as_json):
        from corrovis.car.grading import Grader
        from corrovis.car.masking import CarMasker
        from corrovis.images import read_photo
        from corrovis.tasks.car import grade_photo
        from corrovis.tasks.many import answer_each

        store = open_store()
        grader, masker = Grader(store), CarMasker(store)
        items = answer_each(photos, lambda path: grade_photo(grader, masker, read_photo(path)))
    columns = ["file", "severity", "none / mild / moderate / severe"]
    print_items(items, as_json, (columns, lambda item: [item["file"], item["severity"], _shares(item)]), "graded")


def _shares(item: dict[str, Any]) -> str:
    return " / ".join(f"{share:.2f}" for share in item["probabilities"].values())
