"""Files and folders that a caller names: read without waiting on a device or a pipe, made, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

from corrovis.errors import BadInputError

NAMED = 5  # of files that were left behind


def read_file(path: Path, name: str, most: int, cure: str = "make it smaller") -> bytes:
    """All of a file of up to `most` bytes; `cure` says what to do about a larger one.  Devices and pipes may have no end.

    Raises:
        BadInputError: no such file, too large, or something that is no file
    """
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            kind, advice = ("folder", "name the files in it") if path.is_dir() else ("device", "save what it gives as a file")
            raise BadInputError(f"{name or path} cannot be read, for it is a {kind}; {advice}")
        size, data = about.st_size, b""
        if size <= most:
            with path.open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise BadInputError(f"{name} cannot be read ({error.strerror}); check the path") from error
    if max(size, len(data)) > most:
        raise BadInputError(f"{name} has {max(size, len(data)) / 1e6:.0f} MB, the limit is {most / 1e6:.0f}; {cure}")
    return data


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


def left_behind(folder: Path, patterns: Iterable[str], written: Iterable[Path]) -> list[str]:
    """A line on files of these `patterns` in `folder` that are none of `written`: files of two runs would pass for one's."""
    found = {path for pattern in patterns for path in folder.glob(pattern)} - set(written)
    names = sorted(str(path.relative_to(folder)) for path in found)
    more = [f"{len(names) - NAMED} more"] * (len(names) > NAMED)
    return [f"{folder} holds {', '.join([*names[:NAMED], *more])} of an earlier run as well"] if names else []
