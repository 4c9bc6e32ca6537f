"""The door: what comes in odd goes on right, and what cannot go on is refused in one line that helps."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from corrovis.errors import BadInputError
from corrovis.images import pictures_in, read_photo, shrink
from corrovis.results import Photo

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(height: int = 24, width: int = 40) -> np.ndarray:
    """(H, W, 3) uint8 without symmetry, so that every turn shows."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 6 % 256, y * 10 % 256, (x + 2 * y) % 256], axis=-1).astype(np.uint8)


def png_of(width: int, height: int, depth: int, lines: bytes) -> bytes:
    """An RGB PNG by its specification alone."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises width x height pixels and holds a few bytes."""
    return png_of(width, height, 8, bytes(1000))


def deep_planes() -> bytes:
    """(20, 20) 16-bit RGB TIFF, colour by colour (TIFF 6.0, tag 284)."""
    entries = [(256, 3, 1, 20), (257, 3, 1, 20), (258, 3, 3, 146), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 3, 152)]
    entries += [(277, 3, 1, 3), (278, 3, 1, 20), (279, 4, 3, 164), (284, 3, 1, 2)]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    head += bytes(146 - len(head)) + struct.pack("<3H", 16, 16, 16)
    head += struct.pack("<3I", 176, 976, 1776) + struct.pack("<3I", 800, 800, 800)
    return head + b"".join(struct.pack("<400H", *[white] * 400) for white in (65535, 30_000, 0))


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "html renamed to jpg": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(100), "PDF"),
    "heic": (lambda: struct.pack(">I", 24) + b"ftypheic" + bytes(100), "HEIC"),
    "text": (lambda: b"hello", "not a picture"),
    "zero bytes": (lambda: b"", "empty"),
    "truncated jpeg": (lambda: encoded(Image.fromarray(gradient(200, 300)), "JPEG")[:1500], "damaged"),
    "truncated png": (lambda: encoded(Image.fromarray(gradient(200, 300)))[:400], "damaged"),
    "jpeg header only": (lambda: encoded(Image.fromarray(gradient()), "JPEG")[:20], "not a picture"),
    "bomb": (lambda: png_header(60_000, 60_000), "megapixels"),
    "above our limit, below Pillow's": (lambda: png_header(9_000, 9_000), "81 megapixels"),
    "1 x 1": (lambda: encoded(Image.new("RGB", (1, 1))), "only 1 x 1"),
    "15 px high": (lambda: encoded(Image.new("RGB", (100, 15))), "only 100 x 15"),
    "16-bit colours in planes": (deep_planes, "separate planes, which cannot be read; save it as PNG"),
    "all NaN": (lambda: encoded(Image.fromarray(np.full((20, 20), np.nan, np.float32)), "TIFF"), "no pixel has a value"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(case: str) -> None:
    make, expected = BAD[case]
    with pytest.raises(BadInputError, match=expected) as caught:
        read_photo(make(), "car.jpg")
    message = str(caught.value)
    assert message.startswith("car.jpg")
    assert "\n" not in message
    assert ";" in message or ":" in message, "the message says what to do next"


def test_refuses_missing_files_folders_and_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match="No such file"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(BadInputError, match="it is a folder; name the files in it"):
        read_photo(tmp_path)
    with pytest.raises(BadInputError, match="it is a device"):
        read_photo(Path(os.devnull))
    heavy = tmp_path / "heavy.jpg"
    heavy.write_bytes(bytes(2000))
    monkeypatch.setattr("corrovis.images.MAX_BYTES", 1999)
    with pytest.raises(BadInputError, match=r"heavy\.jpg has 0 MB, the limit"):
        read_photo(heavy)


def test_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(BadInputError):
        read_photo(png_header(9_000, 9_000))


def rgba() -> Image.Image:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 10, 20))
    return image


def palette_with_hole() -> bytes:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([*BLUE, *RED, *GREEN])
    image.paste(0, (0, 0, 10, 20))
    return encoded(image, transparency=0)


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 24), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)


def array_tiff(array: np.ndarray) -> bytes:
    return encoded(Image.fromarray(array), "TIFF")


def halves(low: float, high: float, dtype: type) -> np.ndarray:
    """(20, 20): `low` left, `high` right."""
    return np.repeat(np.repeat(np.array([[low, high]]), 10, axis=1), 20, axis=0).astype(dtype)


def tagged_tiff(array: np.ndarray, tags: dict[int, int]) -> bytes:
    """A TIFF of one channel whose header says `tags` of it, whatever the writer makes of them."""
    data = bytearray(array_tiff(array))
    first = struct.unpack_from("<I", data, 4)[0]
    for k in range(struct.unpack_from("<H", data, first)[0]):
        place = first + 2 + 12 * k
        tag, kind = struct.unpack_from("<HH", data, place)
        if tag in tags:
            struct.pack_into("<I" if kind == 4 else "<H", data, place + 8, tags.pop(tag))
    assert not tags, "the header has no such tag"
    return bytes(data)


def deep_png(left: tuple[int, ...], right: tuple[int, ...]) -> bytes:
    """(20, 20) 16-bit RGB, big-endian, each line after the number of its filter, 0."""
    return png_of(20, 20, 16, 20 * (b"\0" + struct.pack(">60H", *left * 10, *right * 10)))


# name -> bytes, colour of the left half, colour of the right half, note (or "" for none)
ODD: dict[str, tuple[Callable[[], bytes], tuple[int, ...], tuple[int, ...], str]] = {
    "grey": (lambda: encoded(Image.new("L", (20, 20), 77)), (77,) * 3, (77,) * 3, ""),
    "one bit": (lambda: encoded(Image.new("1", (20, 20), 1)), WHITE, WHITE, ""),
    "RGBA": (lambda: encoded(rgba()), WHITE, RED, "transparency laid over white"),
    "LA": (lambda: encoded(rgba().convert("LA")), WHITE, (76,) * 3, "transparency laid over white"),
    "palette with transparency": (palette_with_hole, WHITE, RED, "transparency laid over white"),
    "palette": (lambda: encoded(Image.new("RGB", (20, 20), GREEN).convert("P")), GREEN, GREEN, ""),
    "animated GIF": (lambda: animated("GIF"), RED, RED, "first frame of an animation"),
    "animated WebP": (lambda: animated("WEBP"), RED, RED, "first frame of an animation"),
    "two-page TIFF": (lambda: animated("TIFF"), RED, RED, "first page of several"),
    "CMYK JPEG": (lambda: encoded(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"), RED, RED, "CMYK turned into RGB"),
    "16-bit PNG": (lambda: encoded(Image.fromarray(halves(257 * 3, 65535, np.uint16))), (3,) * 3, WHITE, "16 bit reduced to 8"),
    "16-bit TIFF": (lambda: array_tiff(halves(257 * 3, 257 * 200, np.uint16)), (3,) * 3, (200,) * 3, "16 bit reduced to 8"),
    "12 bits in 16": (lambda: array_tiff(halves(0, 4095, np.uint16)), BLACK, WHITE, "12 bit reduced to 8"),
    "8 bits in 16": (lambda: array_tiff(halves(7, 250, np.uint16)), (7,) * 3, (250,) * 3, "8 bit kept in 16"),
    "32-bit TIFF": (lambda: array_tiff(halves(-1000, 1_000_000, np.int32)), BLACK, WHITE, "own range -1000 to 1e+06"),
    "float TIFF": (lambda: array_tiff(halves(0.2, 1, np.float32)), (51,) * 3, WHITE, "float, 1 is white"),
    "float TIFF with NaN": (lambda: array_tiff(halves(np.nan, 0.4, np.float32)), BLACK, (102,) * 3, "200 pixels without a value"),
    "float TIFF with infinity": (lambda: array_tiff(halves(np.inf, 255, np.float32)), BLACK, WHITE, "200 pixels without a value"),
    "constant float": (lambda: array_tiff(halves(-5, -5, np.float32)), BLACK, BLACK, "own range -5 to -5"),
    "16-bit TIFF, least is white": (
        lambda: tagged_tiff(halves(257 * 55, 65535, np.uint16), {262: 0}),
        (200,) * 3,
        BLACK,
        "16 bit reduced to 8",
    ),
    "unsigned 32-bit TIFF": (
        lambda: tagged_tiff(halves(10, 4_000_000_000, np.uint32).view(np.int32), {339: 1}),
        BLACK,
        WHITE,
        "own range 10 to 4e+09",
    ),
    "16-bit RGB": (
        lambda: deep_png((65535, 0, 257 * 9), (0, 65535, 0)),
        (255, 0, 9),
        GREEN,
        "16 bit reduced to 8",
    ),
    "12 bits in 16-bit RGB": (
        lambda: deep_png((4095, 0, 819), (0, 4095, 0)),
        (255, 0, 51),
        GREEN,
        "12 bit reduced to 8",
    ),
    "8 bits in 16-bit RGB": (lambda: deep_png((200, 0, 9), (0, 255, 0)), (200, 0, 9), GREEN, "8 bit kept in 16"),
    "opaque RGBA": (lambda: encoded(Image.new("RGBA", (20, 20), (*RED, 255))), RED, RED, ""),
    "opaque LA": (lambda: encoded(Image.new("LA", (20, 20), (77, 255))), (77,) * 3, (77,) * 3, ""),
    "hardly transparent RGBA": (
        lambda: encoded(Image.new("RGBA", (20, 20), (*RED, 254))),
        (255, 1, 1),
        (255, 1, 1),
        "transparency laid over white",
    ),
    "BMP": (lambda: encoded(Image.new("RGB", (20, 20), BLUE), "BMP"), BLUE, BLUE, ""),
    "AVIF": (lambda: encoded(Image.new("RGB", (32, 32), WHITE), "AVIF"), WHITE, WHITE, ""),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_pictures_come_out_right(case: str) -> None:
    make, left, right, note = ODD[case]
    photo = read_photo(make())
    tolerance = 2 if case in ("CMYK JPEG", "AVIF") else 0
    for column, wanted in ((1, left), (-2, right)):
        assert np.abs(photo.rgb[8, column].astype(int) - wanted).max() <= tolerance
    assert note in "; ".join(photo.notes)
    assert bool(photo.notes) == bool(note)


@pytest.mark.parametrize("low", [0, 30_000])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_values_on_a_small_part_of_the_scale_keep_their_grey_levels(low: int, kind: type) -> None:
    """A detector's 16 bits are seldom used from end to end; one hot pixel does not hide that."""
    shown = gradient(120, 200)[..., 0]
    values = (low + shown.astype(np.float64) * 4).astype(kind)
    values[3, 3] = 65535
    photo = read_photo(array_tiff(values))
    assert photo.notes[0].startswith(f"own range {low:g} to")
    apart = np.abs(photo.rgb[..., 0].astype(float) - (shown.astype(float) - shown.min()) * 255 / np.ptp(shown))
    apart[3, 3] = 0
    assert apart.max() < 6


@pytest.mark.parametrize(("kind", "off"), [(np.float32, 1e6), (np.float32, -1e6), (np.int32, 2**31 - 1), (np.int32, -(2**31))])
def test_one_hot_or_dead_pixel_costs_one_pixel(kind: type, off: float) -> None:
    """Where no usual scale holds the values, black and white are those of the others."""
    shown = gradient(120, 200)[..., 0]
    values = (shown.astype(np.float64) * 100).astype(kind)
    values[3, 3] = kind(off)
    apart = np.abs(read_photo(array_tiff(values)).rgb[..., 0].astype(float) - shown.astype(float) * 255 / shown.max())
    apart[3, 3] = 0
    assert apart.max() < 6


def test_a_small_bright_spot_on_black_keeps_its_greys() -> None:
    """Its values are beyond the percentiles, and all else is one value: then the whole range is taken."""
    values = np.full((120, 200), -1000, np.int32)
    values[5, 5:8] = 1000, 2000, 3000
    assert read_photo(array_tiff(values)).rgb[5, 4:8, 0].tolist() == [0, 128, 191, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    """Oracle: what a viewer must show, by NumPy alone (TIFF 6.0, tag 274)."""
    shown = gradient()
    stored = {
        1: shown,
        2: shown[:, ::-1],
        3: shown[::-1, ::-1],
        4: shown[::-1],
        5: shown.transpose(1, 0, 2),
        6: np.rot90(shown),
        7: shown.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(shown, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    photo = read_photo(encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif.tobytes(), **options))
    assert photo.rgb.shape == shown.shape
    assert np.abs(photo.rgb.astype(int) - shown).max() <= (4 if kind == "JPEG" else 0)


def test_broken_exif_does_not_refuse_a_good_picture() -> None:
    photo = read_photo(encoded(Image.fromarray(gradient()), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff garbage"))
    assert photo.size_hw == (24, 40)


def test_srgb_profile_leaves_pixels_alone_and_a_broken_one_is_left_out() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = read_photo(encoded(Image.fromarray(gradient()), icc_profile=profile))
    assert np.array_equal(photo.rgb, gradient())
    assert photo.notes == ()
    broken = read_photo(encoded(Image.fromarray(gradient()), icc_profile=b"no profile at all" * 20))
    assert np.array_equal(broken.rgb, gradient())
    assert broken.notes == ("unreadable colour profile left out",)


def test_other_profile_becomes_srgb() -> None:
    """Oracle: linear-light grey 0.5 is sRGB 188 (IEC 61966-2-1)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for start in (profile.find(b"para"), profile.find(b"para", profile.find(b"para") + 4)):
        if start >= 0:  # replace the sRGB curve by gamma 1: function type 0, g = 1.0
            profile[start : start + 16] = b"para" + bytes(4) + b"\x00\x00\x00\x00" + b"\x00\x01\x00\x00"
    photo = read_photo(encoded(Image.new("RGB", (20, 20), (128, 128, 128)), icc_profile=bytes(profile)))
    assert photo.notes == ("colour profile turned into sRGB",)
    assert np.abs(photo.rgb.astype(int) - 188).max() <= 1


def test_12000_px_wide(tmp_path: Path) -> None:
    path = tmp_path / "panorama.png"
    Image.new("RGB", (12_000, 500), RED).save(path)
    photo = read_photo(path)
    assert photo.size_hw == (500, 12_000)
    assert photo.name == "panorama.png"
    small = shrink(photo, 512)
    assert small.size_hw == (21, 512)
    assert (small.rgb == RED).all()
    assert small.name == photo.name


def test_shrink_never_enlarges_and_keeps_a_pixel() -> None:
    photo = Photo(gradient())
    assert shrink(photo, 40) is photo
    assert shrink(photo, 4000) is photo
    assert shrink(Photo(np.zeros((2, 3000, 3), np.uint8)), 30).size_hw == (1, 30)


def test_photo_is_read_only() -> None:
    photo = read_photo(encoded(Image.fromarray(gradient())))
    with pytest.raises(ValueError, match="read-only"):
        photo.rgb[0, 0, 0] = 1


@pytest.mark.parametrize(("deep", "wanted"), [(False, ["a.JFIF", "b.png"]), (True, ["a.JFIF", "b.png", "in/c.webp"])])
def test_a_folders_pictures_are_found_by_any_ending_that_the_door_reads(tmp_path: Path, deep: bool, wanted: list[str]) -> None:
    (tmp_path / "in" / "folder.png").mkdir(parents=True)
    for name in ("b.png", "a.JFIF", "notes.txt", "in/c.webp"):
        (tmp_path / name).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in pictures_in(tmp_path, deep)] == wanted


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadInputError, match="holds no pictures, nor do the folders in it; use a JPEG"):
        pictures_in(tmp_path, deep=True)
    for none in (tmp_path / "none", tmp_path / "notes.txt"):
        with pytest.raises(BadInputError, match="is no folder; give one"):
            pictures_in(none)


@settings(deadline=None, max_examples=25)
@given(height=st.integers(16, 60), width=st.integers(16, 60), kind=st.sampled_from(["PNG", "TIFF", "BMP"]))
def test_any_size_comes_through_unchanged(height: int, width: int, kind: str) -> None:
    rgb = gradient(height, width)
    assert np.array_equal(read_photo(encoded(Image.fromarray(rgb), kind)).rgb, rgb)


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from(["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "AVIF"]),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0.05, 1),
)
def test_damaged_files_never_raise_anything_else(kind: str, damage: list[tuple[int, int]], cut: float) -> None:
    data = bytearray(encoded(Image.fromarray(gradient()), kind))
    for place, value in damage:
        data[place % len(data)] = value
    with contextlib.suppress(BadInputError):
        photo = read_photo(bytes(data[: max(1, int(len(data) * cut))]))
        assert min(photo.size_hw) >= 16
