"""The car's doors for programs: `/age_car`, `/grade_car` and `/models`, with the keys of the command line's JSON."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradio import FileData
from gradio.events import api

from corrovis.errors import BadInputError
from corrovis.manifest import WeightSpec
from corrovis.render.files import grade_record, write_levels
from corrovis.results import check_level
from corrovis.ui import car_jobs
from corrovis.ui.car_jobs import Services, Visit
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder


def publish(services: Services, specs: dict[str, WeightSpec]) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def age_car(photo: FileData, levels: list[float] | float | None = None, seed: int = 0, whole: bool = False) -> dict[str, Any]:
        """Age the car in a photo; levels 0 none, 1 mild, 2 moderate, 3 severe, anything between; all four if none are given.

        `whole` takes the whole picture for car.
        """
        began = time.perf_counter()
        folder = fresh_folder()
        with complaining():
            visit = Visit(*upload(photo), whole=bool(whole), seed=int(seed))
            asked = [levels] if isinstance(levels, int | float) else levels or [0, 1, 2, 3]
            wanted = [check_level(level) for level in asked]
            answer = write_levels(car_jobs.age(services, visit), wanted, folder)
        return {**as_files(answer), "seconds": round(time.perf_counter() - began, 3)}

    def grade_car(photo: FileData) -> dict[str, Any]:
        """How corroded the car in a photo is, with the probability of each severity."""
        with complaining():
            if services.grader is None:
                raise BadInputError("this server has no model to grade with; add car-grade to its weights")
            grade = services.grader.grade(car_jobs.read(services, Visit(*upload(photo))))
        item = {"file": upload(photo)[1], **grade_record(grade)}
        return {"items": [item], **item}

    def models() -> dict[str, Any]:
        """The manifest of the trained networks behind this page."""
        return {"models": [asdict(spec) for spec in specs.values()]}

    api(age_car, api_name="age_car", **CPU)
    api(grade_car, api_name="grade_car", **CPU)
    api(models, api_name="models")


def upload(photo: Any) -> tuple[Path, str]:
    """Path and name of an uploaded file.

    Only a dictionary marked as a file was checked by gradio to lie among the uploads: anything else may name any path.
    """
    record = photo.model_dump() if isinstance(photo, FileData) else photo
    if not isinstance(record, dict) or (record.get("meta") or {}).get("_type") != "gradio.FileData" or not record.get("path"):
        raise BadInputError("no file came with the request; pass what an upload answered (gradio_client's handle_file does both)")
    return Path(record["path"]), record.get("orig_name") or Path(record["path"]).name


def as_files(value: Any) -> Any:
    """Paths, at any depth, as gradio's file records, which its clients download."""
    if isinstance(value, dict):
        return {key: as_files(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_files(item) for item in value]
    return FileData(path=str(value), orig_name=value.name).model_dump() if isinstance(value, Path) else value
