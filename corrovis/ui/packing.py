"""What a visitor takes home, as one archive: everything that he can use, and as little else as may be.

The page's own planes stay behind, and reports hold their pictures as JPEG where that is smaller: they are there to be looked at,
and the masks and pictures lie beside them as PNG.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from corrovis.render.inspection_report import RECORD, REPORTS
from corrovis.render.pdf import lighter
from corrovis.tasks.rescale import KEPT

PAGE_ALONE = {"certainty": "certainty.png", "opinion_saliency": "opinion_saliency.png"}
"""Keys of an inspection's record, and their files: the first moves the threshold here, the second stands in the reports."""
THUMBNAIL = "small.png"
LEFT_OUT = {*PAGE_ALONE.values(), *KEPT, THUMBNAIL}
READY = {".png", ".pdf"}  # pressed already: a second time takes long and gains nothing
INLINE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


def pack(folder: Path) -> Path:
    """Everything in `folder` as one archive beside it."""
    return pack_files(folder, (path for path in sorted(folder.rglob("*")) if path.is_file()))


def pack_found(folder: Path, files: Iterable[Path] | None = None) -> Path:
    """A folder of inspections, all or some of its `files`, without what the page alone needs."""
    files = sorted(folder.rglob("*")) if files is None else files
    return pack_files(folder, (path for path in files if path.is_file() and path.name not in LEFT_OUT))


def pack_files(folder: Path, files: Iterable[Path]) -> Path:
    place, part = folder.with_suffix(".zip"), folder.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            own = path.relative_to(folder)
            name = packed(own)
            if path.name in RECORDS:
                record = RECORDS[path.name](json.loads(path.read_text(encoding="utf-8")), own.parent)
                archive.writestr(name, json.dumps(record, indent=1) + "\n")
            elif path.suffix == ".html":
                archive.writestr(name, with_lighter_pictures(path.read_text(encoding="utf-8")))
            else:
                archive.write(path, name, zipfile.ZIP_STORED if path.suffix in READY else None)
    return part.replace(place)  # at once: who is still fetching the one before gets all of that


def packed(place: PurePath) -> str:
    """What a file is called in the archive: a picture's PDF so that it can be told from others in a mail."""
    return (place.with_name(f"{place.parent.name}_{place.name}") if place.name == REPORTS["pdf"] else place).as_posix()


def of_one(record: dict[str, Any], folder: PurePath) -> dict[str, Any]:
    """The record of an inspection, made in `folder`, as it names the files in the archive, and none that is not there."""
    if "pdf" not in record:
        return record
    pdf = packed(folder / record["pdf"])
    return {**record, **dict.fromkeys(PAGE_ALONE), "pdf": PurePath(pdf).relative_to(folder).as_posix()}


def of_many(answer: dict[str, Any], folder: PurePath) -> dict[str, Any]:
    """The same of a progression's answer."""
    return {**answer, "items": [of_one(item, folder) for item in answer["items"]]}


RECORDS = {RECORD: of_one, "progression.json": of_many}


def with_lighter_pictures(page: str) -> str:
    """A report with each of its pictures as JPEG, where that is smaller."""

    def light(found: re.Match[str]) -> str:
        data = lighter(base64.b64decode(found[1]))
        with Image.open(io.BytesIO(data)) as image:
            kind = Image.MIME[str(image.format)]
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"

    return INLINE.sub(light, page)
