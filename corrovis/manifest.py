"""weights/manifest.json as checked records.  Imports no torch: `corrovis models` answers at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from corrovis.errors import WeightFileError, WeightsError
from corrovis.settings import WEIGHTS

MOST_BYTES = 10**15
KINDS: dict[str, type] = {"str": str, "int": int, "dict": dict, "tuple": tuple}
MISFITS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a network may raise that is built, or asked, with the values of a record that is damaged."""


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """One trained network: a weight is a record, not a path.

    Fields:
        name: how the store and the page call it, "car-mask"
        file: file name in weights/, safetensors
        sha256, bytes: of that file
        arch, config: which class of `corrovis.networks` and its arguments
        input: mean and std of the pixels, unless it takes another network's features; size, resample and more as its step needs
        classes: names of the outputs, in order
        golden: seed and shape of a test input, and numbers that the output must show
        trained: command, commit, data, steps, seconds, device
        metrics: name -> {"value", "n", "on"}, with "low" and "high" where there is a 95 % interval
    """

    name: str
    file: str
    sha256: str
    bytes: int
    arch: str
    config: dict[str, Any]
    input: dict[str, Any]
    classes: tuple[str, ...]
    golden: dict[str, Any]
    trained: dict[str, Any]
    metrics: dict[str, Any]
    licence: str
    limits: str
    repo: str = ""
    revision: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in fields(self):
            value, kind = getattr(self, one.name), str(one.type).partition("[")[0]
            if not isinstance(value, KINDS[kind]):
                raise ValueError(f"{one.name} of {self.name}: wanted {kind}, found {value!r:.40}")
        if not self.file or Path(self.file).name != self.file:
            raise ValueError(f"file of {self.name}: wanted the name of a file, found {self.file!r:.40}")
        if not 0 < self.bytes <= MOST_BYTES:
            raise ValueError(f"bytes of {self.name}: wanted a size, found {self.bytes!r:.40}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The records of a manifest by name, and of those that are damaged what is wrong: such a one costs only its own network."""

    specs: dict[str, WeightSpec]
    damaged: dict[str, str]


def read_manifest(folder: Path) -> dict[str, WeightSpec]:
    """All records in `folder`, by name.  Raises WeightsError when the manifest is missing or malformed, or one of them is."""
    found = read_records(folder)
    for wrong in found.damaged.values():
        raise WeightsError(wrong)
    return found.specs


def read_records(folder: Path) -> Manifest:
    """The records in `folder`, also if some are damaged.  Raises WeightsError when there is no manifest to be read."""
    path = folder / "manifest.json"
    if not path.exists():
        raise WeightsError(f"{path} is missing; set CORROVIS_WEIGHTS to a folder with a manifest.json or clone again")
    cure = remedy(folder, path.name)
    try:
        records = json.loads(path.read_text())["models"]
        if not isinstance(records, list):
            raise TypeError("models is no list")
        called = [_name(record, number) for number, record in enumerate(records, 1)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"{path} is not a manifest ({error}); {cure}") from error
    specs, damaged = {}, {}
    for name, record in zip(called, records, strict=True):
        try:
            if called.count(name) > 1:
                raise ValueError("another is called the same")
            json.dumps(record, allow_nan=False)  # JSON knows no NaN and no infinity, nor may an answer hold one
            classes = record["classes"]
            specs[name] = WeightSpec(**{**record, "classes": tuple(classes) if isinstance(classes, list) else classes})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else error
            damaged[name] = f"the record of {name} in {path} cannot be used ({why}); {cure}"
    return Manifest(specs, damaged)


def _name(record: Any, number: int) -> str:
    """How a record is called, whatever else is wrong with it."""
    name = record.get("name") if isinstance(record, dict) else None
    return name if isinstance(name, str) and name else f"number {number}"


def remedy(folder: Path, file: str = "manifest.json") -> str:
    """How a file of `folder` is restored: git knows those of the clone, and of no other folder."""
    return f"restore it with git checkout weights/{file}" if folder.resolve() == WEIGHTS else "copy the file there"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damage(spec: WeightSpec, path: Path) -> str:
    """What is wrong with the file at `path`, beginning with that path; empty if it is the one that the record describes."""
    size = path.stat().st_size
    if size < spec.bytes:
        return f"{path.absolute()} has {_size(size, spec.bytes)}: it was cut off"
    found = sha256_of(path)
    if found != spec.sha256:
        return (
            f"{path.absolute()} has sha256 {found[:12]} but the manifest says {spec.sha256[:12]}: "
            "it is damaged or of another version"
        )
    return ""


def verify(spec: WeightSpec, path: Path) -> None:
    """Raise WeightFileError unless the file at `path` is the one that the record describes."""
    wrong = damage(spec, path)
    if wrong:
        raise WeightFileError(f"{wrong}; delete it, then {remedy(path.parent, spec.file)}")


def _size(found: int, wanted: int) -> str:
    """ "3.0 of 5.9 MB"; less than a megabyte in bytes."""
    return f"{found / 1e6:.1f} of {wanted / 1e6:.1f} MB" if found >= 1e6 else f"{found:,} of {wanted:,} bytes"
