"""Files between programs and the page: what an upload is, and how answers name files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError


def uploaded(photo: Any) -> tuple[Path, str]:
    """Path and name of an uploaded file.

    Only a dictionary marked as a file was checked by gradio to lie among the uploads: anything else may name any path.
    """
    record = photo.model_dump() if isinstance(photo, FileData) else photo
    if not isinstance(record, dict) or (record.get("meta") or {}).get("_type") != "gradio.FileData" or not record.get("path"):
        raise BadInputError(
            "no photo came with the request; pass what an upload answered (gradio_client's handle_file does both)"
        )
    return Path(record["path"]), record.get("orig_name") or Path(record["path"]).name


def as_files(value: Any) -> Any:
    """Paths, at any depth, as gradio's file records, which its clients download."""
    if isinstance(value, dict):
        return {key: as_files(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_files(item) for item in value]
    return FileData(path=str(value), orig_name=value.name).model_dump() if isinstance(value, Path) else value
