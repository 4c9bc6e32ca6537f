"""How many micrometres a pixel is: what the caller says, else what the instrument wrote into the file or beside it, else nothing.

| instrument | where | what |
| --- | --- | --- |
| Zeiss | TIFF tag 34118 | `Image Pixel Size = 3.7 nm` |
| FEI, Thermo | TIFF tags 34680, 34682 | `PixelWidth=1.2e-08`, metres |
| ImageJ | TIFF resolution, `unit=micron` in the description | pixels per unit |
| Hitachi | text file beside the image | `PixelSize=99.2`, nanometres |
| JEOL | text file beside the image | `$$SM_MICRON_BAR 148` pixels are `$$SM_MICRON_MARKER 10um` |

Plain dots per inch are the printer's, not the specimen's, and are not believed.  An instrument also writes how wide the picture
was (`ResolutionX`, `Store resolution`, `DataSize`, `$CM_FULL_SIZE`): where somebody has made the picture smaller since, what it
wrote of pixels is wrong by as much, and is set right where the two widths are a plain multiple of each other.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from corrovis.errors import BadInputError
from corrovis.images import DAMAGED
from corrovis.sem.results import PixelSize

UM = {"pm": 1e-6, "nm": 1e-3, "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
NUMBER = r"([-+]?[\d.,]*\d(?:[eE][-+]?\d+)?)"
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}|.*[.,].*[.,].*")  # or decimals: nobody knows which comma it is
ZEISS, FEI = 34118, (34680, 34682)
DESCRIPTION, X_RESOLUTION, Y_RESOLUTION = 270, 282, 283
SIDECAR_BYTES = 200_000
MOST_TIMES = 8  # by which a picture is made smaller or larger
ALIKE = 0.01  # difference of a pixel's sides
BAR = 0.98, 1.35  # height of a picture with its data bar, of what the instrument says of it: what is lower was cut
GIVEN = "given by the caller"
SCALED = "scaled"  # in the source of a pixel size that the instrument did not write so
WIDTHS = {  # what an instrument says of the picture's width and, where it does, its height
    "Zeiss tag": r"Store resolution\s*=\s*(\d+)\s*\*\s*(\d+)",
    "FEI tag": r"^ResolutionX\s*=\s*(\d+)(?:\s+ResolutionY\s*=\s*(\d+))?",
    "Hitachi file": r"^DataSize\s*=\s*(\d+)\s*x\s*(\d+)",
    "JEOL file": r"^\$CM_FULL_SIZE\s+(\d+)\s+(\d+)",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """What an instrument wrote: micrometres a pixel, where, and the size of the picture that this holds for, if it says so."""

    um: float
    source: str
    size_wh: tuple[int, int | None] | None = None


def parse_pixel_size(text: str) -> PixelSize:
    """`0.5um`, `500 nm`, `1,2 mm` as a pixel size.  Raises BadInputError for anything else."""
    return _checked(_length_um(text, "pixel size", "0.5um or 500nm"), GIVEN) or _refuse(text)


def parse_scale_bar(text: str) -> float:
    """What is written at a scale bar, `10um` or `500 nm`, in micrometres.  Raises BadInputError for anything else."""
    return _length_um(text, "scale bar", "10um or 500nm")


def _length_um(text: str, of: str, example: str) -> float:
    found = re.fullmatch(rf"\s*{NUMBER}\s*([a-zµμ]+)\s*", text)
    number = _number(found[1], f"{of} {text!r:.40}") if found and found[2] in UM else 0
    if not found or not 0 < number < float("inf"):
        raise BadInputError(f"{of} {text!r:.40} is no length; write a number and a unit, as in {example}")
    return number * UM[found[2]]


def pixel_size_at(bar_um: float, length_px: int) -> PixelSize:
    """The pixel size at which a scale bar of `length_px` stands for `bar_um`.  Raises BadInputError when none can be."""
    found = _checked(bar_um / length_px, f"scale bar of {length_px} px, {bar_um:g} um")
    return found or _refuse(f"{bar_um / length_px:g}um")


def find_pixel_size(data: bytes, path: Path | None, size_hw: tuple[int, int]) -> PixelSize | None:
    """What the instrument wrote: in the TIFF's tags, else in a text file beside `path`; None when it wrote nothing.

    `size_hw` is the picture's size: where the instrument states another, its figure is scaled, and the source says so.

    Raises:
        BadInputError: a number in which commas or points may part thousands, pixels that are not square, or a picture of which
            nobody can tell how it was changed since
    """
    written = _from_tags(_tags(data)) or (_from_sidecar(path) if path else None)
    return _checked(*_fitted(written, size_hw)) if written else None


def _fitted(written: Stated, size_hw: tuple[int, int]) -> tuple[float, str]:
    """Micrometres a pixel of the picture as it is now, and where from."""
    (height, width), (stated, rows) = size_hw, written.size_wh or (size_hw[1], None)
    if width == stated:
        return written.um, written.source
    times, how = (width / stated, "larger") if width > stated else (stated / width, "smaller")
    whole = round(times)
    scale = stated / width
    cut = rows and not BAR[0] <= height * scale / rows <= BAR[1]
    if not 2 <= whole <= MOST_TIMES or abs(times - whole) * min(width, stated) > whole or cut:
        raise BadInputError(f"the {written.source} is of a picture {stated} px wide, and this one has {width}")
    return written.um * scale, f"{written.source}, {SCALED} from {stated} px of width to {width}, {whole} times {how}"


def _refuse(text: str) -> PixelSize:
    told = f"pixel size {text!r:.40} is not that of any microscope or camera"
    raise BadInputError(f"{told}; write the side of one pixel, as in 0.5um")


def _tags(data: bytes) -> dict[int, Any]:
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            return dict(image.tag_v2.items())  # type: ignore[attr-defined]
    except DAMAGED:  # not a TIFF, or its tags are broken: then they say nothing
        return {}


def _from_tags(tags: dict[int, Any]) -> Stated | None:
    text = _text(tags.get(ZEISS))
    zeiss = re.search(rf"Image Pixel Size\s*=\s*{NUMBER}\s*([a-zµμ]+)", text)
    if zeiss and zeiss[2] in UM:
        return _stated(_number(zeiss[1], "pixel size in the Zeiss tag") * UM[zeiss[2]], "Zeiss tag", text)
    for tag in FEI:
        text = _text(tags.get(tag))
        fei = re.search(rf"^PixelWidth\s*=\s*{NUMBER}", text, flags=re.MULTILINE)
        if fei:
            high = re.search(rf"^PixelHeight\s*=\s*{NUMBER}", text, flags=re.MULTILINE)
            across, down = (_number(side[1], "pixel size in the FEI tag") * UM["m"] for side in (fei, high or fei))
            return _stated(_square(across, down, "FEI tag"), "FEI tag", text)
    unit = re.search(r"^unit=(\S+)", _text(tags.get(DESCRIPTION)).replace("\\u00B5", "µ"), flags=re.MULTILINE)
    across, down = (float(tags.get(tag) or 0) for tag in (X_RESOLUTION, Y_RESOLUTION))
    if unit and unit[1] in UM and across > 0:
        return Stated(_square(UM[unit[1]] / across, UM[unit[1]] / (down or across), "ImageJ resolution"), "ImageJ resolution")
    return None


def _square(width: float, height: float, source: str) -> float:
    """The side of a pixel, if both are alike.  Raises BadInputError where they are not: no area would be right."""
    if abs(width - height) > ALIKE * height:
        raise BadInputError(f"by the {source} a pixel is {width:.4g} um wide and {height:.4g} high; make the picture's square")
    return width


def _from_sidecar(path: Path) -> Stated | None:
    beside = next((name for name in (path.with_suffix(".txt"), path.with_suffix(".TXT")) if name.is_file()), None)
    if beside is None or beside.stat().st_size > SIDECAR_BYTES:
        return None
    text = _text(beside.read_bytes())
    hitachi = re.search(rf"^PixelSize\s*=\s*{NUMBER}", text, flags=re.MULTILINE)
    if hitachi:
        um = _number(hitachi[1], f"PixelSize in {beside.name}") * UM["nm"]
        return _stated(um, "Hitachi file", text, beside.name)
    bar = re.search(rf"SM_MICRON_BAR\s+{NUMBER}", text)
    marker = re.search(rf"SM_MICRON_MARKER\s+{NUMBER}\s*([a-zµμ]+)", text)
    if not bar or not marker or marker[2] not in UM:
        return None
    length, pixels = _number(marker[1], f"SM_MICRON_MARKER in {beside.name}"), _number(bar[1], f"SM_MICRON_BAR in {beside.name}")
    return _stated(length * UM[marker[2]] / pixels, "JEOL file", text, beside.name) if pixels > 0 else None


def _stated(um: float, kind: str, text: str, file: str = "") -> Stated:
    """With the size of the picture that the instrument states in `text`, in the words of its `kind`."""
    size = re.search(WIDTHS[kind], text, flags=re.MULTILINE)
    found = (int(size[1]), int(size[2]) if size[2] else None) if size and int(size[1]) else None
    return Stated(um, f"{kind} {file}".strip(), found)


def _checked(um: float, source: str) -> PixelSize | None:
    return PixelSize(um, source) if PixelSize.can_be(um) else None


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        value = value.decode("utf-16" if value[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", errors="replace")
    return str(value or "").replace("\r", "\n")


def _number(text: str, what: str) -> float:
    """Raises BadInputError where the figure can be read in two ways; `what` begins the error."""
    if THOUSANDS.fullmatch(text):
        raise BadInputError(f"{what}: {text:.40} may be thousands or decimals; write it without a comma, as in 1000 or 1.0")
    return float(text.replace(",", "."))
