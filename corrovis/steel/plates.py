"""The door for pictures of steel: as `corrovis.images`, but grey stays grey and 16 bits stay 16 bits."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corrovis.depths import OWN_RANGE, SHALLOW, SIXTEEN, TWELVE
from corrovis.errors import BadInputError
from corrovis.images import EXIF_ORIENTATION, OVER_WHITE, TURNED, bytes_of, read_photo
from corrovis.results import Bool
from corrovis.steel.results import Pixels, Plate

Value = TypeVar("Value", bound=np.generic)

DEEP = (TWELVE, SIXTEEN, OWN_RANGE)  # as their notes begin
MARKED = "marked as synthetic in the file"
SYNTHETIC = "Synthetic"
MOST_CLASSES = 16  # of a mask that numbers them; a picture so dark is none of its own
WHITE = "White"
"""Text of a PNG of 16 bits: its white, which its pixels alone do not tell once the brightest of them is brushed away."""


def read_plate(source: Path | bytes, name: str | None = None) -> Plate:
    """Decode a picture of steel.

    Raises:
        BadInputError: not a picture, damaged, empty, below 16 px a side, or too large
    """
    data, name = bytes_of(source, name)
    photo = read_photo(data, name)
    white, marks = _texts_of(data)
    reduced = [note for note in photo.notes if note.startswith(DEEP)]
    if (white or reduced) and (deep := _sixteen_bits(data, TURNED in photo.notes)) is not None:
        notes = tuple(note for note in photo.notes if note not in (*reduced, SHALLOW))
        held = [one for one in (white or 0, 4095, 65535) if deep.max() <= one]
        return Plate(deep, photo.name, held[0], (*notes, *marks))
    rgb = photo.rgb
    grey = (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all()
    return Plate(np.ascontiguousarray(rgb[..., 0]) if grey else rgb, photo.name, 255, (*photo.notes, *marks))


def read_region(source: Path, size_hw: tuple[int, int]) -> Bool:
    """A mask of the plate's own size: True where it is brighter than half and at least half opaque.

    Of classes by their numbers, as our own masks tell them, True is all but 0.
    """
    data, name = bytes_of(source)
    mask = read_photo(data, name)
    if mask.size_hw != size_hw:
        found, wanted = (f"{size[1]} x {size[0]}" for size in (mask.size_hw, size_hw))
        raise BadInputError(f"{mask.name} is {found}, but the plate is {wanted}; draw the mask in the plate's size")
    numbered = mask.rgb.max() < MOST_CLASSES and _one_byte_a_pixel(data)
    region: Bool = np.asarray(mask.rgb.max(axis=2) > (0 if numbered else 127), np.bool_)
    if OVER_WHITE in mask.notes:
        region = _painted(data, TURNED in mask.notes)
    if not region.any():
        raise BadInputError(f"{mask.name} is black all over or transparent; paint white where a defect is to be put or wiped off")
    return region


def _one_byte_a_pixel(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return image.mode == "L"


def _painted(data: bytes, turned: bool) -> Bool:
    """(H, W) bool, upright: where a picture with transparency has paint, rather than the white that its photo lies on."""
    with Image.open(io.BytesIO(data)) as image:
        layer = np.asarray(image.convert("RGBA"))
    found = (layer[..., :3].max(axis=2) > 127) & (layer[..., 3] > 127)
    return np.asarray(_upright(found, data) if turned else found, np.bool_)


def save_plate(plate: Plate, path: Path, caption: str | None) -> None:
    """Write a PNG of the plate's own depth.  A `caption` marks it as synthetic in the file itself; None means that it is not.

    Raises:
        BadInputError: it cannot be written
    """
    pixels = plate.pixels if plate.pixels.ndim == 2 else plate.pixels[..., ::-1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise BadInputError(f"{path} cannot be encoded as PNG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(marked(data.tobytes(), caption, None if plate.white == 255 else plate.white))
    except OSError as error:
        raise BadInputError(f"{path} cannot be written ({error.strerror}); choose another name or folder") from error


def marked(png: bytes, caption: str | None, white: int | None = None) -> bytes:
    """A PNG with `caption` as its text `Synthetic`.  Pillow, which writes such texts, knows no colour of 16 bits."""
    header = 33  # signature and IHDR
    texts = {"Software": "Corrovis", SYNTHETIC: caption, WHITE: white and str(white)}
    return png[:header] + b"".join(_text(key, value) for key, value in texts.items() if value) + png[header:]


def _text(key: str, value: str) -> bytes:
    body = b"tEXt" + key.encode("latin-1") + b"\0" + value.encode("latin-1", "replace")
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _texts_of(data: bytes) -> tuple[int | None, tuple[str, ...]]:
    """What `save_plate` noted in a PNG: its white, and whether it is synthetic, as a note."""
    with Image.open(io.BytesIO(data)) as image:
        white = {"4095": 4095, "65535": 65535}.get(str(image.info.get(WHITE)))
        return white, (MARKED,) if image.info.get(SYNTHETIC) else ()


def _sixteen_bits(data: bytes, turned: bool) -> Pixels | None:
    """(H, W) or (H, W, 3) uint16, upright, if OpenCV finds that in the file; what EXIF says is left to us, but not with TIFFs."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or (found.ndim == 3 and found.shape[2] != 3):
        return None
    deep = np.asarray(found if found.ndim == 2 else found[..., ::-1], np.uint16)
    return np.ascontiguousarray(_upright(deep, data) if turned else deep)


def _upright(pixels: NDArray[Value], data: bytes) -> NDArray[Value]:
    """Turned and mirrored as the orientation 2 .. 8 of EXIF says, as `corrovis.images` does with 8 bits."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        orientation = image.getexif()[EXIF_ORIENTATION]
    if orientation >= 5:  # rows were columns
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels
