"""Inspection's doors for programs: `/inspect` and `/progression`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData

from corrovis.sem.exposure_table import read_table
from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspect_request import InspectRequest, request_of
from corrovis.tasks.inspection import inspect_file, progression_files
from corrovis.ui.doors import flag, one_item, open_door, text, upload, uploads
from corrovis.ui.parts import CPU
from corrovis.ui.progression_jobs import by_name, placed
from corrovis.ui.sem_jobs import beside as placed_beside
from corrovis.ui.sem_jobs import check_number
from corrovis.ui.uploads import folder_to_fill


def publish(inspector: Inspector) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def asked(model: str, pixel_size: str, scale_bar: str = "", explain: bool = False) -> InspectRequest:
        words = text("model", model), text("pixel_size", pixel_size), text("scale_bar", scale_bar)
        return request_of(inspector.segmenter.models, *words, explain)

    def inspect(  # noqa: PLR0913 an argument for each option
        image: FileData,
        model: str = "",
        pixel_size: str = "",
        saliency: bool = True,
        scale_bar: str = "",
        beside: FileData | None = None,
    ) -> dict[str, Any]:
        """Find and measure corroded regions in a micrograph or a photo of steel.

        `model` ni20cr, pits304, steel-structures or empty for the one that suits; `pixel_size` as in 0.5um, or `scale_bar`,
        what is written at it, as in 10um; `beside` is the text file that the microscope wrote beside the picture.
        """
        with folder_to_fill() as folder:
            path, name = upload(image)
            if beside is not None:
                path = placed_beside(upload(beside)[0], path, folder / "picture" / path.name)
            request = asked(model, pixel_size, scale_bar, flag("saliency", saliency))
            return one_item(inspect_file(inspector, path, folder, request, name))

    def progression(
        table: FileData, images: list[FileData], model: str = "", pixel_size: str = "", scale_bar: str = ""
    ) -> dict[str, Any]:
        """How corrosion grows: `table` is a CSV or Excel file with file, exposure_h, condition, and specimen where one has
        several pictures; `images` are the files that it names.
        """
        with folder_to_fill() as folder:
            path, name = upload(table)
            rows = read_table(path, name)
            check_number(len(rows))
            sent = by_name(uploads("images", images))
            return progression_files(inspector, placed(rows, sent), folder, asked(model, pixel_size, scale_bar))

    open_door(inspect, **CPU)
    open_door(progression, **CPU)
