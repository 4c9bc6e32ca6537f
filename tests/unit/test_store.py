"""The store: networks that serve every caller, whoever asked first, and records that do not fit said clearly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from micrographs import grains

from corrovis.car.masking import CarMasker
from corrovis.errors import WeightsError
from corrovis.results import Photo
from corrovis.sem.layers import LayerViewer
from corrovis.sem.results import Field
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.results import Plate
from corrovis.store import Store, load_network


@pytest.mark.parametrize("name", ["car-mask", "steel-inspector"])
def test_layers_can_be_viewed_after_a_step_has_loaded_the_network(toy_weights: Path, toy_photo: Photo, name: str) -> None:
    """Steps ask for it in inference mode, layer views want gradients."""
    store = Store(toy_weights)
    if name == "car-mask":
        CarMasker(store).mask(toy_photo)
    else:
        PatchInspector(store).classify(Plate(grains(64, 64)))
    field = Field(np.repeat(grains(96, 96)[..., None], 3, axis=2), "a.png", (0, 96))
    assert not any(weight.is_inference() for weight in store.network(name).parameters())
    assert LayerViewer(store).view([field], name).layers


def test_a_record_with_an_unknown_setting_is_a_fault_of_the_weights(toy_store: Store) -> None:
    spec = replace(toy_store.spec("car-rust"), config={"width": 8, "depth_of_field": 3})
    with pytest.raises(WeightsError, match=r"the record of car-rust does not fit RustTexture \(.*depth_of_field.*\); update"):
        load_network(spec, toy_store.path(spec))
