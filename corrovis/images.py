"""The one door for pictures: bytes or a path come in, an upright sRGB `Photo` goes on, or a `BadInputError` says why not.

Pillow decodes, and only after the header has told the pixel count: 20 KB of PNG can unfold into half a gigabyte.
"""

from __future__ import annotations

import base64
import io
import os
import struct
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from corrovis.depths import BITS, SIXTEEN, stored_values, tag, to_bytes, with_lower_bits
from corrovis.errors import BadInputError
from corrovis.files import read_file
from corrovis.resizing import reduced
from corrovis.results import Byte, Photo

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000")
CURE = "use a JPEG, PNG, WebP or TIFF"
MIN_SIDE = 16
MAX_PIXELS = 50_000_000  # a picture with more is refused before it is decoded
MAX_BYTES = 60_000_000  # of a file
OVER_WHITE, TURNED = "transparency laid over white", "turned as the camera noted"
PNG_URI = "data:image/png;base64,"

EXIF_ORIENTATION = 0x0112
SAMPLES, PLANAR = 277, 284  # TIFF 6.0
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow's readers are seen to raise on damaged files; each is a picture's fault, not ours.
DAMAGED = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, RuntimeError, OverflowError, MemoryError),
    *(struct.error, zlib.error),
)

# `_check_size` is stricter than Pillow's bomb warning, broken EXIF is dealt with: more lines on standard error help nobody.
warnings.filterwarnings("ignore", module=r"PIL\.")


def picture_endings() -> frozenset[str]:
    """How names of files end that this door reads, in lower case, with the dot."""
    return frozenset(ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS)


def bytes_of(source: Path | bytes, name: str | None = None) -> tuple[bytes, str]:
    """All of a picture's file, read once, and what the picture is called: a path lends its own file's name to one without.

    Raises:
        BadInputError: no such file, empty, or above `MAX_BYTES`
    """
    if name is None:
        name = source.name if isinstance(source, Path) else "picture"
    data = read_file(source, name, MAX_BYTES) if isinstance(source, Path) else source
    if len(data) > MAX_BYTES:
        raise BadInputError(f"{name} has {len(data) / 1e6:.0f} MB, the limit is {MAX_BYTES / 1e6:.0f}; make it smaller")
    if not data:
        raise BadInputError(f"{name} is empty (0 bytes); it was probably cut off on its way here, copy it again")
    return data, name


def read_photo(source: Path | bytes, name: str | None = None, least_side: int = MIN_SIDE) -> Photo:
    """Decode a picture, turn it upright and bring it to 8-bit sRGB; `Photo.notes` says what was done on the way.

    Animations give their first frame, transparency is laid over white, 16-bit and float values are scaled to 8 bits, by
    their own range where that is a small part of the scale.

    Raises:
        BadInputError: not a picture, damaged, empty, below `least_side` px a side, above `MAX_PIXELS`, or in an unknown layout
    """
    data, name = bytes_of(source, name)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size, name, least_side)
            _check_planes(image, name)
            notes = _describe(image)
            image.load()
            rgb = _upright(_to_eight_bits(with_lower_bits(image, data, notes), notes), image, notes)
    except Image.DecompressionBombError as error:
        raise BadInputError(f"{name} holds more than {MAX_PIXELS / 1e6:.0f} megapixels; make it smaller") from error
    except UnidentifiedImageError as error:
        raise BadInputError(f"{name} is not a picture ({_what_it_looks_like(data)}); {CURE}") from error
    except DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInputError(f"{name} is damaged or cut short ({reason}); save or copy it again, or {CURE}") from error
    return Photo(np.ascontiguousarray(rgb), name, tuple(notes))


def pictures_in(folder: Path, deep: bool = False) -> list[Path]:
    """The pictures of `folder`, by name; if `deep`, those of the folders in it too.  Raises BadInputError when it has none."""
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder; give one with pictures in it")
    endings = picture_endings()
    try:
        inside = folder.rglob("*") if deep else folder.iterdir()
        found = sorted(path for path in inside if path.suffix.lower() in endings and path.is_file())
    except OSError as error:
        raise BadInputError(f"{folder} cannot be read ({error.strerror}); check the path") from error
    if not found:
        raise BadInputError(f"{folder} holds no pictures{', nor do the folders in it' if deep else ''}; {CURE}")
    return found


def shrink(photo: Photo, long_side: int) -> Photo:
    """The photo with its long side at `long_side` pixels at the most; never enlarged."""
    small = reduced(photo.rgb, long_side)
    return photo if small is photo.rgb else replace(photo, rgb=small)


def save_png(rgb: Byte, path: Path, caption: str | None) -> None:
    """Write (H, W, 3) or (H, W) uint8.  A `caption` marks it as synthetic in the file itself; None means it is a photo."""
    marks = PngInfo()
    marks.add_text("Software", "Corrovis")
    if caption is not None:
        marks.add_text("Synthetic", caption)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # a run that is interrupted leaves no half of a picture
    try:
        # Level 1: 24 MP in 3 s instead of 15, for a file a fifth larger.
        Image.fromarray(rgb).save(part, format="PNG", pnginfo=marks, compress_level=1)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def png_uri(png: bytes) -> str:
    """A PNG as a link that holds all of it, for pages that need no other file."""
    return PNG_URI + base64.b64encode(png).decode()


def save_index_png(mask: Byte, path: Path) -> None:
    """Write (H, W) uint8 class indices, one byte a pixel, 0 = background."""
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError(f"mask: wanted (H, W) uint8, found {mask.shape} {mask.dtype}")
    Image.fromarray(mask).save(path, format="PNG")


def save_numbers_png(numbers: NDArray[np.int32], path: Path) -> None:
    """Write (H, W) numbers of regions as a 16-bit PNG; numbers that 16 bits cannot hold become 65535."""
    Image.fromarray(numbers.clip(0, 65535).astype(np.uint16)).save(path, format="PNG")


def _check_size(size: tuple[int, int], name: str, least_side: int) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        found, limit = width * height / 1e6, MAX_PIXELS / 1e6
        raise BadInputError(f"{name} is {width} x {height}, {found:.0f} megapixels; the limit is {limit:.0f}: make it smaller")
    if min(size) < least_side:
        raise BadInputError(f"{name} is only {width} x {height} pixels; use a picture of at least {least_side} a side")


def _check_planes(image: Image.Image, name: str) -> None:
    """Pillow and OpenCV both take such planes for stripes of one picture, and say nothing."""
    if tag(image, PLANAR) == 2 and (tag(image, SAMPLES) or 1) > 1 and (tag(image, BITS) or 8) > 8:
        raise BadInputError(
            f"{name} keeps its 16-bit colours in separate planes, which cannot be read; save it as PNG or 8-bit TIFF"
        )


def _describe(image: Image.Image) -> list[str]:
    """What is known before the pixels are: a 16-bit RGB file and an animation no longer tell once they are decoded."""
    notes = []
    if image.format != "MPO" and getattr(image, "is_animated", False):  # an MPO is a phone's JPEG with a depth map behind it
        notes.append("first page of several" if image.format == "TIFF" else "first frame of an animation")
    if any("16" in str(tile[3]) for tile in getattr(image, "tile", ())) and image.mode == "RGB":
        notes.append(SIXTEEN)
    return notes


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Any mode of Pillow's to RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(to_bytes(stored_values(image), notes)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        if layer.getchannel("A").getextrema() != (255, 255):
            notes.append(OVER_WHITE)
            white = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(white, layer).convert("RGB")
        image = layer.convert("RGB")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        return _to_srgb(image, profile, notes)
    if image.mode == "CMYK":
        notes.append("CMYK turned into RGB")
    return image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    """Colours of another profile (Display P3, Adobe RGB, CMYK) as sRGB; one that is sRGB in all but name changes nothing."""
    try:
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(own, srgb, image.mode, "RGB")
        if image.mode == "RGB":
            steps = np.linspace(0, 255, 9).astype(np.uint8)
            cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(9, 81, 3)
            turned = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform), np.int16)
            if np.abs(turned - cube).max() <= 4:
                return image.convert("RGB")
        done = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError):
        notes.append("unreadable colour profile left out")
        return image.convert("RGB")
    notes.append("CMYK turned into RGB" if image.mode == "CMYK" else "colour profile turned into sRGB")
    return done if done is not None else image.convert("RGB")


def _upright(rgb: Image.Image, original: Image.Image, notes: list[str]) -> Byte:
    """Turned as EXIF says.  Asked after decoding: by then Pillow has turned TIFFs itself and removed their tag."""
    try:
        orientation = original.getexif().get(EXIF_ORIENTATION, 1)
    except DAMAGED:  # a broken EXIF block is no reason to refuse a good picture
        orientation = 1
    if orientation in TURNS:
        rgb = rgb.transpose(TURNS[orientation])
        notes.append(TURNED)
    return np.array(rgb, np.uint8)


def _what_it_looks_like(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg", b"<head")):
        return "it is a web page or SVG"
    if head.startswith(b"%pdf"):
        return "it is a PDF"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "it is a HEIC from a phone"
    return "its content is no format known here"
