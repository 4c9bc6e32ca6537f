"""Pictures in which nothing can be seen are told from micrographs, however these reach us."""

from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from micrographs import grains
from PIL import Image

from corrovis.contrast import EMPTY, NOISE, STRUCTURE, contrast, structure
from corrovis.images import read_photo
from corrovis.results import Byte
from corrovis.sem.fields import read_field
from corrovis.sem.picture_checks import colourfulness, drawn_on, nothing_in, tinted
from corrovis.sem.results import Field


def rgb_of(grey: np.ndarray) -> Byte:
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def grey_of(rgb: Byte) -> Byte:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def test_measures_are_those_of_their_definition() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    wide = rgb.astype(int)
    assert colourfulness(rgb) == pytest.approx((wide.max(axis=2) - wide.min(axis=2)).mean())
    assert contrast(rgb[..., 0]) == pytest.approx(wide[..., 0].std())


@pytest.mark.parametrize("size", [(32, 500), (64, 64), (300, 400), (801, 1023)])
@pytest.mark.parametrize("spread", [3, 6, 20, 0])
def test_noise_is_no_picture(size: tuple[int, int], spread: int) -> None:
    dice = np.random.default_rng(size[0])
    noise = rgb_of(dice.normal(128, spread, size) if spread else dice.integers(0, 256, size))
    assert structure(noise[..., 0]) == pytest.approx(1, abs=0.35)
    assert nothing_in(noise) == NOISE


def test_a_flat_picture_is_empty() -> None:
    assert nothing_in(rgb_of(np.full((64, 64), 90))) == EMPTY


def variants(rgb: Byte) -> dict[str, Byte]:
    """As pictures reach us: blurred, compressed, halved."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=25)
    return {
        "own": rgb,
        "blurred": np.asarray(cv2.GaussianBlur(rgb, (0, 0), 2), np.uint8),
        "compressed": np.asarray(Image.open(file)),
        "halved": np.asarray(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8),
    }


@pytest.mark.parametrize(("text", "colour"), [("05.16.2019", (250, 120, 30)), ("", (0, 0, 0)), ("05.16.2019", (250, 250, 250))])
def test_a_cameras_date_is_told_on_photos_of_steel(text: str, colour: tuple[int, int, int]) -> None:
    photo = np.random.default_rng(0).normal((120, 90, 70), 9, (480, 640, 3)).clip(0, 255).astype(np.uint8)
    cv2.putText(photo, text, (420, 450), cv2.FONT_HERSHEY_SIMPLEX, 0.9, colour, 2)
    said = [one for one in drawn_on(Field(photo, "a.jpg", (0, 480)), grey=False) if "a camera's date" in one]
    assert len(said) == (text != "" and colour[2] < 100)
    assert not any("a camera's date" in one for one in drawn_on(Field(photo, "a.jpg", (0, 480)), grey=True))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_hangs_together_is_seen(seed: int) -> None:
    assert {name: nothing_in(one) for name, one in variants(rgb_of(grains(seed=seed))).items() if nothing_in(one)} == {}
    pits = np.random.default_rng(seed).normal(128, 12, (128, 128))
    for y, x in np.random.default_rng(seed).integers(8, 120, (25, 2)):
        pits[y - 2 : y + 2, x - 2 : x + 2] -= 60
    assert nothing_in(rgb_of(pits)) == ""


@pytest.mark.parametrize("exposure", [1, 0.6, 0.35])
def test_what_is_seen_in_a_picture_is_seen_in_a_darker_one(exposure: float) -> None:
    """A camera that gets less light gives the same picture, darker; a bright one of as little contrast is empty."""
    field = grains() * (3.8 / contrast(grains())) + 75
    assert nothing_in(rgb_of(field * exposure)) == ""
    assert nothing_in(rgb_of(field * 0.6 + 100)) == EMPTY


def test_no_real_picture_is_called_noise() -> None:
    data = Path(os.environ.get("CORROVIS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    folders = ("sem/pits304", "sem/ni20cr", "sem/lmd", "sem/ss_lbe", "sem/nasa_ebc", "sem/nasa_super", "steel_structures/images")
    files = [file for folder in folders for file in sorted((data / folder).glob("*.*"))[::9]]
    if not files:
        pytest.skip(f"no pictures at {data}")
    lowest = {file.name: structure(grey_of(one)) for file in files for one in variants(read_field(file).specimen).values()}
    assert [file.name for file in files if tinted(read_photo(file).rgb)] == [], "nor grey, if it is a photo"
    assert {name: one for name, one in lowest.items() if one < STRUCTURE} == {}
