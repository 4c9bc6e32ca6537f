"""The bytes of a file: not of a device or a pipe, which may have no end, and no more of them than are wanted."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from corrovis.errors import BadInputError


def read_file(path: Path, name: str, most: int, cure: str = "make it smaller") -> bytes:
    """All of a file of up to `most` bytes; `cure` says what to do about a larger one.

    Raises:
        BadInputError: no such file, too large, or something that is no file
    """
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise BadInputError(f"{name} cannot be read, for it is no file but a {'folder' if path.is_dir() else 'device'}")
        size, data = about.st_size, b""
        if size <= most:
            with path.open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise BadInputError(f"{name} cannot be read ({error.strerror}); check the path") from error
    if max(size, len(data)) > most:
        raise BadInputError(f"{name} has {max(size, len(data)) / 1e6:.0f} MB, the limit is {most / 1e6:.0f}; {cure}")
    return data
