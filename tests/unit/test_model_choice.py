"""Which model a field goes to when nobody named one."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from micrographs import grains

from corrovis.sem import inspection
from corrovis.sem.fields import read_field
from corrovis.sem.inspection import choose_model, measured
from corrovis.sem.picture_checks import colourfulness
from corrovis.sem.results import Field
from corrovis.sem.segmentation import Segmenter
from corrovis.settings import WEIGHTS
from corrovis.store import Store


def field_of(grey: np.ndarray) -> Field:
    return Field(np.repeat(grey[..., None], 3, axis=2), "drawn.png", (0, len(grey)))


def test_photos_go_to_the_model_for_structures() -> None:
    photo = Field(np.full((40, 40, 3), (150, 90, 60), np.uint8), "photo", (0, 40))
    assert colourfulness(photo.specimen) == 90
    assert choose_model(photo, among("ni20cr", "steel-structures"), {}.get) == "steel-structures"
    assert choose_model(field_of(grains()), among("ni20cr", "steel-structures"), {}.get) == "ni20cr"
    assert choose_model(photo, among("ni20cr"), {}.get) == "ni20cr"


def among(*models: str) -> Segmenter:
    """A segmenter with these models, that nobody has measured the familiar for."""
    return cast(Segmenter, SimpleNamespace(models=models, store={}))


@pytest.mark.parametrize(
    ("far", "chosen"),
    [
        ({"ni20cr": 1.4, "pits304": 0.6}, "pits304"),
        ({"ni20cr": 0.7, "pits304": 0.9}, "ni20cr"),
        ({"ni20cr": 1.9, "pits304": 1.2}, "ni20cr"),
        ({"ni20cr": 1.1, "pits304": 0.95}, "ni20cr"),
        ({"pits304": 0.5}, "ni20cr"),
    ],
)
def test_a_micrograph_goes_to_the_model_that_knows_the_like(far: dict[str, float], chosen: str) -> None:
    """One that is strange to all, or a little nearer to another, stays with the first: fields of a series are not to part."""
    assert choose_model(field_of(grains()), among("ni20cr", "pits304", "pits304-pixels", "steel-structures"), far.get) == chosen


@pytest.mark.parametrize(
    ("far", "red", "chosen"),
    [
        ({"ni20cr": 1.3, "pits304": 0.93, "steel-structures": 0.76}, 8, "steel-structures"),
        ({"ni20cr": 1.3, "pits304": 0.93, "steel-structures": 0.86}, 0, "steel-structures"),
        ({"ni20cr": 1.2, "pits304": 0.6, "steel-structures": 1.3}, 0, "pits304"),
        ({"ni20cr": 0.8, "pits304": 1.2, "steel-structures": 0.9}, 8, "ni20cr"),
        ({"ni20cr": 1.9, "pits304": 1.4, "steel-structures": 1.1}, 8, "ni20cr"),
    ],
    ids=["a faded photo", "a grey photo", "a grey micrograph", "a stained micrograph", "strange to all"],
)
def test_a_faded_or_grey_photo_goes_to_the_model_for_structures(far: dict[str, float], red: int, chosen: str) -> None:
    faded = field_of(grains().clip(0, 200)).rgb + np.array((red, 0, 0), np.uint8)
    assert choose_model(Field(faded, "a", (0, 180)), among("ni20cr", "pits304", "steel-structures"), far.get) == chosen


def test_an_empty_picture_is_familiar_to_nobody() -> None:
    """A detector's noise is as fine as pits: to their network it would be familiar."""
    noise = np.random.default_rng(0).normal(128, 6, (300, 400)).clip(0, 255).astype(np.uint8)
    models, far = among("ni20cr", "pits304"), {"ni20cr": 1.4, "pits304": 0.7}
    assert choose_model(field_of(noise), models, far.get) == "ni20cr"
    noise[100:140, 100:140] = 60
    assert choose_model(field_of(noise), models, far.get) == "pits304"


def test_models_that_learned_alike_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def strange(store: object, field: Field, name: str) -> float:
        asked.append(name)
        return 0.5

    monkeypatch.setattr(inspection, "strangeness", strange)
    far = measured(among().store, field_of(grains()))
    assert [far(name) for name in ("ni20cr", "pits304", "pits304-pixels", "pits304")] == [0.5] * 4
    assert asked == ["ni20cr", "pits304"]


@pytest.mark.parametrize("material", ["ni20cr", "pits304"])
def test_real_micrographs_go_to_their_own_model(material: str) -> None:
    data = Path(os.environ.get("CORROVIS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "sem" / material
    files = sorted(file for file in data.glob("*") if file.suffix in (".jpg", ".png"))[:6]
    if not files:
        pytest.skip(f"no micrographs at {data}")
    segmenter = Segmenter(Store(WEIGHTS))
    fields = [read_field(file) for file in files]
    assert {choose_model(field, segmenter, measured(segmenter.store, field)) for field in fields} == {material}
