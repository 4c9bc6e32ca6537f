"""Pictures as they go out: marked where synthetic, whole or not at all, masks a byte a pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corrovis.images import save_index_png, save_png

RGB = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)


def test_synthetic_png_says_so_in_its_metadata(tmp_path: Path) -> None:
    rgb = RGB
    save_png(rgb, tmp_path / "a.png", "Corrosion level 2.0, an illustration — not a prediction")
    save_png(rgb, tmp_path / "b.png", None)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Software"] == "Corrovis"
        assert image.text["Synthetic"].startswith("Corrosion level 2.0")
        assert np.array_equal(np.asarray(image), rgb)
    with Image.open(tmp_path / "b.png") as image:
        assert "Synthetic" not in image.text


def test_a_picture_whose_writing_is_cut_short_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_png(RGB, tmp_path / "a.png", None)
    before = (tmp_path / "a.png").read_bytes()

    def interrupted(_: Image.Image, path: Path, **__: object) -> None:
        path.write_bytes(before[:40])
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_png(RGB[:, ::-1], tmp_path / "a.png", None)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_index_png_is_one_byte_a_pixel(tmp_path: Path) -> None:
    mask = np.array([[0, 1], [2, 0]], np.uint8)
    save_index_png(mask, tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), mask)
    with pytest.raises(ValueError, match="found"):
        save_index_png(np.zeros((2, 2, 3), np.uint8), tmp_path / "n.png")
