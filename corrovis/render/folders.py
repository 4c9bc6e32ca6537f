"""Folders that a caller names for what is written."""

from __future__ import annotations

from pathlib import Path

from corrovis.errors import BadInputError


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it where they are missing.  Raises BadInputError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"{folder} cannot be made a folder ({error.strerror}); choose another") from error


def check_unused(folder: Path, names: tuple[str, ...]) -> None:
    """Raises BadInputError when `folder` holds a file or a folder with files of these `names`: two sets would mix in it."""
    for path in (folder / name for name in names):
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise BadInputError(f"{folder} already holds {path.name}, and sets must not mix; choose another folder")
