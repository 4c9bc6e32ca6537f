"""Inspection's doors for programs: `/inspect` and `/progression`, with the keys of the command line's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError
from corrovis.sem.exposure_table import read_table
from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspection import inspect_file, progression_files
from corrovis.tasks.requests import Request, request_of
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU
from corrovis.ui.progression_jobs import by_name, placed
from corrovis.ui.requests import as_files, flag, open_door, text, upload, uploads
from corrovis.ui.sem_jobs import check_number, in_own_name
from corrovis.ui.uploads import folder_to_fill


def publish(inspector: Inspector) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def asked(model: str, pixel_size: str, scale_bar: str = "", explain: bool = False) -> Request:
        words = text("model", model), text("pixel_size", pixel_size), text("scale_bar", scale_bar)
        return request_of(inspector.segmenter.models, *words, explain)

    def inspect(
        image: FileData, model: str = "", pixel_size: str = "", saliency: bool = True, scale_bar: str = ""
    ) -> dict[str, Any]:
        """Find and measure corroded regions in a micrograph or a photo of steel.

        `model` ni20cr, pits304, steel-structures or empty for the one that suits; `pixel_size` as in 0.5um, or `scale_bar`,
        what is written at it, as in 10um.
        """
        with complaining(), folder_to_fill() as folder:
            path, name = upload(image)
            request = asked(model, pixel_size, scale_bar, flag("saliency", saliency))
            with calling(path, name):
                item = {**inspect_file(inspector, path, folder, request), "file": name}
        answer: dict[str, Any] = as_files(item)
        return {"items": [answer], **answer}

    def progression(
        table: FileData, images: list[FileData], model: str = "", pixel_size: str = "", scale_bar: str = ""
    ) -> dict[str, Any]:
        """How corrosion grows: `table` is a CSV or Excel file with file, exposure_h, condition, and specimen where one has
        several pictures; `images` are the files that it names.
        """
        with complaining(), folder_to_fill() as folder:
            path, name = upload(table)
            with calling(path, name):
                rows = read_table(path)
            check_number(len(rows))
            sent = uploads("images", images)
            rows, names = placed(rows, by_name(sent)), dict(sent)
            with calling(rows[0].file, names.get(rows[0].file, rows[0].file.name)):  # of all of them the first is spoken of
                answer = progression_files(inspector, rows, folder, asked(model, pixel_size, scale_bar))
        items = [renamed(item, names) for item in answer["items"]]
        files: dict[str, Any] = as_files({**answer, "items": items})
        return files

    open_door(inspect, **CPU)
    open_door(progression, **CPU)


@contextmanager
def calling(path: Path, name: str) -> Iterator[None]:
    """What is said against an upload within calls it by its own name."""
    try:
        yield
    except BadInputError as error:
        raise BadInputError(in_own_name(str(error), path, name)) from error


def renamed(item: dict[str, Any], names: Mapping[Path, str]) -> dict[str, Any]:
    """The record of an upload under its own name, rather than the path where it lies here, or of a picture that did not come."""
    path = Path(item["file"])
    if path not in names:
        return {"file": path.name, "error": f"{path.name} is named by the table and was not sent with it"}
    error = {"error": in_own_name(item["error"], path, names[path])} if "error" in item else {}
    return {**item, "file": names[path], **error}
