"""Plates and their masks on disk: depth, orientation and white stay, and what is no mask is refused."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_plates import KINDS, plate
from PIL import Image

from corrovis.errors import BadInputError
from corrovis.images import EXIF_ORIENTATION, save_index_png
from corrovis.sem.fields import read_field
from corrovis.sem.results import Field
from corrovis.steel.plates import MARKED, read_plate, read_region, save_plate
from corrovis.steel.results import Plate


@pytest.mark.parametrize("kind", KINDS)
def test_a_plate_on_disk_comes_back_bit_for_bit(kind: str, tmp_path: Path) -> None:
    before = plate(kind)
    save_plate(before, tmp_path / "new" / "plate.png", "a caption")
    after = read_plate(tmp_path / "new" / "plate.png")
    assert np.array_equal(after.pixels, before.pixels)
    assert after.white == before.white
    with Image.open(tmp_path / "new" / "plate.png") as image:
        assert image.text["Synthetic"] == "a caption"


@pytest.mark.parametrize("door", [read_plate, read_field])
def test_a_file_is_read_once(door: Callable[..., Plate | Field], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And up to the limit of what a picture may have."""
    path = tmp_path / "plate.png"
    save_plate(plate("deep"), path, None)
    opened, kept = [], Path.open

    def counted(self: Path, *how: Any, **named: Any) -> Any:
        opened.append(self)
        return kept(self, *how, **named)

    monkeypatch.setattr(Path, "open", counted)
    assert [door(path).name, door(path, "picture").name] == ["plate.png", "picture"]
    assert opened == [path, path]


def test_sixteen_bit_tiffs_keep_their_depth(tmp_path: Path) -> None:
    before = plate("deep").pixels
    cv2.imwrite(str(tmp_path / "p.tif"), before)
    assert np.array_equal(read_plate(tmp_path / "p.tif").pixels, before)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["deep", "deep colour"])
def test_sixteen_bits_are_turned_as_eight_are(orientation: int, kind: str, tmp_path: Path) -> None:
    """The same scene at both depths, with the same EXIF, comes out alike; square, so that no size gives a turn away."""
    deep = plate(kind, (40, 40))
    save_plate(deep, tmp_path / "deep.png", "drawn")
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    Image.fromarray(deep.eight_bit).save(tmp_path / "eight.png", exif=exif)
    body = exif.tobytes()[6:]  # without JPEG's "Exif\0\0"
    chunk = len(body).to_bytes(4, "big") + b"eXIf" + body + zlib.crc32(b"eXIf" + body).to_bytes(4, "big")
    png = (tmp_path / "deep.png").read_bytes()
    (tmp_path / "deep.png").write_bytes(png[:33] + chunk + png[33:])
    upright = read_plate(tmp_path / "deep.png")
    assert upright.pixels.dtype == np.uint16
    assert np.abs(upright.eight_bit.astype(int) - read_plate(tmp_path / "eight.png").pixels).max() <= 1


@pytest.mark.parametrize(("white", "brightest"), [(65535, 3000), (65535, 200), (4095, 90)])
def test_white_stays_when_the_brightest_spot_is_gone(white: int, brightest: int, tmp_path: Path) -> None:
    """Brushed plates are read again for the next stroke, which must mean the same share of white."""
    dark = Plate(np.full((40, 40), brightest, np.uint16), "dark", white)
    save_plate(dark, tmp_path / "dark.png", "drawn")
    after = read_plate(tmp_path / "dark.png")
    assert after.white == white
    assert np.array_equal(after.pixels, dark.pixels)
    assert after.notes == (MARKED,)


def test_a_mask_of_another_size_or_none_at_all_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 56), 255, np.uint8)).save(tmp_path / "white.png")
    Image.fromarray(np.zeros((40, 56), np.uint8)).save(tmp_path / "black.png")
    assert read_region(tmp_path / "white.png", (40, 56)).all()
    with pytest.raises(BadInputError, match="is 56 x 40, but the plate is 10 x 10"):
        read_region(tmp_path / "white.png", (10, 10))
    with pytest.raises(BadInputError, match="black all over"):
        read_region(tmp_path / "black.png", (40, 56))
    own = np.zeros((40, 56), np.uint8)
    own[10:20, 5:30] = 8
    save_index_png(own, tmp_path / "own.png")
    assert np.array_equal(read_region(tmp_path / "own.png", (40, 56)), own > 0), "as written beside a brushed plate"
    Image.fromarray(np.dstack([own] * 3)).save(tmp_path / "dark.png")
    with pytest.raises(BadInputError, match="put or wiped off"):
        read_region(tmp_path / "dark.png", (40, 56))


def test_a_mask_is_white_where_it_is_painted_and_opaque(tmp_path: Path) -> None:
    """White strokes on a transparent layer, as a drawing program saves them: what is clear is no paint, whatever its colour."""
    layer = np.zeros((40, 56, 4), np.uint8)
    layer[:, 30:, :3] = 255  # clear white
    layer[5:20, 10:25] = 255  # paint
    layer[25:30, 10:25] = (0, 0, 0, 255)  # black paint
    layer[32:36, 10:25] = (255, 255, 255, 100)  # hardly there
    wanted = np.zeros((40, 56), bool)
    wanted[5:20, 10:25] = True
    Image.fromarray(layer).save(tmp_path / "layer.png")
    assert np.array_equal(read_region(tmp_path / "layer.png", (40, 56)), wanted)
    turned = Image.Exif()
    turned[EXIF_ORIENTATION] = 6
    Image.fromarray(layer).save(tmp_path / "turned.png", exif=turned)
    assert np.array_equal(read_region(tmp_path / "turned.png", (56, 40)), np.rot90(wanted, -1))
    Image.fromarray(np.zeros((40, 56, 4), np.uint8)).save(tmp_path / "clear.png")
    with pytest.raises(BadInputError, match="or transparent"):
        read_region(tmp_path / "clear.png", (40, 56))
