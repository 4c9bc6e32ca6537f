"""Inspection's doors for programs: `/inspect` and `/progression`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData
from gradio.events import api

from corrovis.errors import BadInputError
from corrovis.render.sem_files import Job, inspect_file, progression_files
from corrovis.sem.inspection import Inspector
from corrovis.sem.progression import read_table
from corrovis.settings import Settings
from corrovis.ui.car_api import as_files, upload
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder
from corrovis.ui.progression_jobs import by_name, placed
from corrovis.ui.sem_jobs import check_number, job_of


def publish(inspector: Inspector) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def inspect(image: FileData, model: str = "", pixel_size: str = "", saliency: bool = True) -> dict[str, Any]:
        """Find and measure corroded regions in a micrograph or a photo of steel.

        `model` ni20cr, pits304, steel-structures or empty for the one that suits; `pixel_size` as in 0.5um.
        """
        folder = fresh_folder()
        with complaining():
            path, name = upload(image)
            job = asked(inspector, model, pixel_size, saliency)
            item = {**inspect_file(inspector, path, folder, job, Settings.from_environment()), "file": name}
        answer: dict[str, Any] = as_files(item)
        return {"items": [answer], **answer}

    def progression(table: FileData, images: list[FileData], model: str = "", pixel_size: str = "") -> dict[str, Any]:
        """How corrosion grows: `table` is a CSV with file, exposure_h, condition; `images` are the files that it names."""
        folder = fresh_folder()
        with complaining():
            rows = read_table(upload(table)[0])
            check_number(len(rows))
            rows = placed(rows, by_name(map(upload, images)))
            answer = progression_files(inspector, rows, folder, asked(inspector, model, pixel_size, False))
        files: dict[str, Any] = as_files(answer)
        return files

    api(inspect, api_name="inspect", **CPU)
    api(progression, api_name="progression", **CPU)


def asked(inspector: Inspector, model: str, pixel_size: str, explain: bool) -> Job:
    """The job that a request describes.  Raises BadInputError for a model or pixel size that is none."""
    if model and model not in inspector.segmenter.models:
        raise BadInputError(f"no inspection model is called {model}; there are {', '.join(inspector.segmenter.models)}")
    return job_of(model, pixel_size, explain)
