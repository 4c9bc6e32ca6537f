"""Formats that are no tables of text, read by pyimpspec: Eco Chemie .dfr, Ivium .ids and .idf, PalmSens .pssession."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from corrovis.errors import BadInputError
from corrovis.results import Complex, Real

DAMAGES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError)


def read_foreign(data: bytes, path: Path) -> list[tuple[Real, Complex]]:
    """Frequency in Hz and impedance in ohm of every spectrum; empty if the file is of no such format or only begins like one.

    Raises:
        BadInputError: an .ids that cannot be read; as a table its columns would pass for others
    """
    kind = _kind(data)
    if kind is None:
        return []
    from pyimpspec.data.formats import parse_dfr, parse_ids, parse_pssession
    from pyimpspec.exceptions import UnsupportedFileFormat

    parse = {".dfr": parse_dfr, ".ids": parse_ids, ".pssession": parse_pssession}[kind]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "spectrum").with_suffix(kind)  # the parsers go by the ending, uploads may have lost theirs
        copy.write_bytes(data)
        try:
            return [
                (np.asarray(s.get_frequencies(), np.float64), np.asarray(s.get_impedances(), np.complex128)) for s in parse(copy)
            ]
        except (UnsupportedFileFormat, *DAMAGES) as error:
            if kind != ".ids":  # any text may begin with VERSION, and any table of PalmSens speak of measurements
                return []
            raise BadInputError(f"{path.name} looks like {kind} but cannot be read as such; export it as text or CSV") from error


def is_session(data: bytes) -> bool:
    """Whether the bytes are a session of PalmSens, as its program writes it; a table that speaks of measurements is none."""
    return _kind(data) == ".pssession" and data[:20].decode("utf-16", errors="replace").lstrip().startswith("{")


def _kind(data: bytes) -> str | None:
    head = data[:20000]
    if head.lstrip().startswith(b"VERSION"):
        return ".dfr"
    if b"Corrosion=" in head and b"ECN=" in head:
        return ".ids"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and b"m\0e\0a\0s\0u\0r\0e\0m\0e\0n\0t\0s" in head.lower():
        return ".pssession"
    return None
