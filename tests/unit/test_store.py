"""The store: networks that serve every caller, whoever asked first, and records that do not fit said clearly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from command_line import Run
from micrographs import grains

from corrovis import manifest
from corrovis.car.masking import CarMasker
from corrovis.errors import WeightFileError, WeightsError
from corrovis.manifest import remedy
from corrovis.results import Photo
from corrovis.sem.layers import LayerViewer
from corrovis.sem.results import Field
from corrovis.settings import WEIGHTS
from corrovis.steel.defects import Brush, DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.results import Plate
from corrovis.store import Store, load_network

STEPS: dict[str, Callable[[Store, Photo], object]] = {
    "car-mask": lambda store, photo: CarMasker(store).mask(photo),
    "steel-inspector": lambda store, photo: PatchInspector(store).probabilities(np.zeros((1, 64, 64), np.float32)),
    "steel-pegan": lambda store, photo: DefectMaker(store).add(Plate(grains(64, 64)), "scratches", Brush()),
}


def test_a_healthy_file_is_hashed_once_where_its_record_names_a_repository(
    toy_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = replace(toy_store.spec("car-mask"), repo="somebody/car-mask")
    hashed = Mock(return_value=spec.sha256)
    monkeypatch.setattr(manifest, "sha256_of", hashed)
    assert toy_store.path(spec) == toy_store.folder / spec.file
    hashed.assert_called_once()


@pytest.mark.parametrize("name", STEPS)
def test_layers_can_be_viewed_after_a_step_has_used_the_network(toy_weights: Path, toy_photo: Photo, name: str) -> None:
    """Steps ask for it in inference mode, layer views want gradients."""
    store = Store(toy_weights)
    STEPS[name](store, toy_photo)
    field = Field(np.repeat(grains(96, 96)[..., None], 3, axis=2), "a.png", (0, 96))
    assert not any(weight.is_inference() for weight in store.network(name).parameters())
    viewer = LayerViewer(store)
    assert name not in viewer.models or viewer.view([field], name).layers


def test_a_file_that_does_not_fit_its_record_is_told_to_whoever_runs_the_server_alone(toy_store: Store, tmp_path: Path) -> None:
    (tmp_path / "other.safetensors").write_text("?")
    with pytest.raises(WeightFileError, match=r"other.safetensors does not fit RustTexture"):
        load_network(toy_store.spec("car-rust"), tmp_path / "other.safetensors")


def test_a_record_with_an_unknown_setting_is_a_fault_of_the_weights(toy_store: Store) -> None:
    spec = replace(toy_store.spec("car-rust"), config={"width": 8, "depth_of_field": 3})
    with pytest.raises(WeightsError, match=r"the record of car-rust does not fit RustTexture \(.*depth_of_field.*\); update"):
        load_network(spec, toy_store.path(spec))


def test_a_bad_file_is_named_with_its_whole_path_and_how_to_mend_it(toy_weights: Path, tmp_path: Path) -> None:
    """Of a file that is shorter than its record says, how much there is; of another, the hashes."""
    for file in toy_weights.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    store = Store(tmp_path)
    spec = store.spec("car-mask")
    path = tmp_path / spec.file
    whole = path.read_bytes()
    cut = f"has 3,000 of {len(whole):,} bytes: it was cut off"
    for content, said in ((whole[:3000], cut), (whole[:-1] + b"?", "has sha256")):
        path.write_bytes(content)
        with pytest.raises(WeightsError) as raised:
            store.path(spec)
        assert str(raised.value).startswith(f"{path} {said}")
        assert str(raised.value).endswith("delete it, then copy the file there")
    path.unlink()
    with pytest.raises(WeightsError) as raised:
        store.path(spec)
    assert str(raised.value).startswith(f"{spec.file} is not in {tmp_path} and")
    assert str(raised.value).endswith("copy the file there")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(WeightsError, match=r"manifest\.json is not a manifest .*; copy the file there$"):
        Store(tmp_path)
    assert remedy(WEIGHTS, spec.file) == f"restore it with git checkout weights/{spec.file}"


def test_all_bad_weights_are_explained(corrovis: Run, toy_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in toy_weights.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for name in ("car-mask", "car-rust"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"?")
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    answer = corrovis("models", "--verify", "--json")
    assert answer.code == 2
    said = answer.err
    assert "2 of " in said
    parts = [said.index(part) for part in ("(1) ", "car-mask.safetensors has 1 of", "(2) ", "car-rust.safetensors has 1 of")]
    assert parts == sorted(parts)


@pytest.fixture
def records(toy_weights: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """Of two networks, whose files are in `tmp_path`."""
    known = json.loads((toy_weights / "manifest.json").read_text())["models"]
    found = [record for record in known if record["name"] in ("car-rust", "steel-pegan")]
    for record in found:
        (tmp_path / record["file"]).symlink_to(toy_weights / record["file"])
    return found


MISFIT: dict[str, dict[str, Any]] = {
    "no seed": {"golden": {"seed": None}},
    "seed in words": {"golden": {"seed": "x"}},
    "tolerance in words": {"golden": {"tolerance": "0.01"}},
    "shape in words": {"golden": {"shapes": "large"}},
    "shape of another network": {"golden": {"shapes": [[1, 1]]}},
    "outputs without mean": {"golden": {"outputs": {}}},
    "no outputs": {"golden": {"outputs": None}},
    "fewer outputs": {"golden": {"outputs": {"mean": 0, "std": 1, "head": [0]}}},
    "sizes below 0": {"config": {"width": -1}},
    "sizes in words": {"config": {"width": "8"}},
}


@pytest.mark.parametrize("case", MISFIT)
def test_a_record_that_does_not_fit_costs_only_its_own_network(
    corrovis: Run, records: list[dict[str, Any]], tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, wrong in MISFIT[case].items():
        records[0][key] |= wrong
    (tmp_path / "manifest.json").write_text(json.dumps({"models": records}))
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    answer = corrovis("models", "--verify", "--json")
    assert answer.code == 2
    bad, good = answer.json["models"]
    assert (bad["verified"], good["verified"]) == (False, True)
    assert "car-rust" in bad["error"]
    assert "fetch manifest.json again" in bad["error"]
    assert "\n" not in bad["error"]


NO_RECORD: dict[str, tuple[dict[str, Any], str]] = {
    "bytes are null": ({"bytes": None}, "bytes of car-rust: wanted int, found None"),
    "bytes in quotes": ({"bytes": "8364"}, "bytes of car-rust: wanted int, found '8364'"),
    "bytes below 0": ({"bytes": -1}, "bytes of car-rust: wanted a size, found -1"),
    "sha256 is null": ({"sha256": None}, "sha256 of car-rust: wanted str"),
    "file is null": ({"file": None}, "file of car-rust: wanted str"),
    "file is a folder": ({"file": "."}, "wanted the name of a file, found '.'"),
    "file elsewhere": ({"file": "/etc/passwd"}, "wanted the name of a file, found '/etc/passwd'"),
    "arch is a list": ({"arch": []}, "arch of car-rust: wanted str"),
    "golden is null": ({"golden": None}, "golden of car-rust: wanted dict"),
    "classes are null": ({"classes": None}, "classes of car-rust: wanted tuple, found None"),
    "classes are a word": ({"classes": "rust"}, "classes of car-rust: wanted tuple, found 'rust'"),
    "no number": ({"metrics": {"x": {"value": float("nan")}}}, "not JSON compliant"),
    "no end": ({"golden": {"tolerance": float("inf")}}, "not JSON compliant"),
    "something new": ({"colour": "red"}, "unexpected keyword argument 'colour'"),
}


@pytest.mark.parametrize("case", NO_RECORD)
def test_what_is_no_record_costs_only_its_own_network(
    corrovis: Run, records: list[dict[str, Any]], tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, said = NO_RECORD[case]
    records[0] |= wrong
    (tmp_path / "manifest.json").write_text(json.dumps({"models": records}))
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(tmp_path))
    answer = corrovis("models", "--verify", "--json")
    assert answer.code == 2
    good, bad = answer.json["models"]
    assert (good["name"], good["verified"], bad["name"], bad["verified"]) == ("steel-pegan", True, "car-rust", False)
    assert bad["error"].startswith(f"the record of car-rust in {tmp_path}/manifest.json cannot be used (")
    assert said in bad["error"]
    assert bad["error"].endswith("; copy the file there")
    assert bad["error"] in answer.err
    assert "car-rust" in corrovis("models").out
    store = Store(tmp_path)
    assert "car-rust" in store, "no step may go on without it"
    with pytest.raises(WeightFileError, match="the record of car-rust in "):
        store.network("car-rust")


NAMELESS: dict[str, tuple[Any, str]] = {
    "a list": ([], "number 1"),
    "a number": (7, "number 1"),
    "without a name": ({"file": "a.safetensors"}, "number 1"),
    "called like another": ({"name": "steel-pegan"}, "steel-pegan"),
}


@pytest.mark.parametrize("case", NAMELESS)
def test_a_record_without_a_name_of_its_own_is_told_by_its_place(
    toy_weights: Path, records: list[dict[str, Any]], tmp_path: Path, case: str
) -> None:
    record, called = NAMELESS[case]
    (tmp_path / "manifest.json").write_text(json.dumps({"models": [record, records[1]]}))
    store = Store(tmp_path)
    assert list(store.damaged) == [called]
    assert list(store.specs) == [name for name in ("steel-pegan",) if name != called]


def test_a_training_script_refuses_a_manifest_with_a_damaged_record(records: list[dict[str, Any]], tmp_path: Path) -> None:
    """It would write the others back without it."""
    records[0]["bytes"] = None
    (tmp_path / "manifest.json").write_text(json.dumps({"models": records}))
    with pytest.raises(WeightsError, match=r"the record of car-rust in .*bytes of car-rust: wanted int, found None"):
        manifest.read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"models": {"bytes": 1}}', '{"models": null}', "[]"])
def test_no_text_passes_for_a_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match="is not a manifest"):
        Store(tmp_path)
