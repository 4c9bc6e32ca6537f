"""weights/ and its manifest agree: every file has a record, every record a file and a card, and nothing else lies there."""

from __future__ import annotations

from pathlib import Path

import pytest
from export import MAX_TOTAL_BYTES
from model_card import model_card

from corrovis import golden
from corrovis.manifest import WeightSpec, read_manifest, verify
from corrovis.sem.severity import LIMITS, Limits
from corrovis.settings import WEIGHTS
from corrovis.store import BUILDERS, Store

SPECS = read_manifest(WEIGHTS)
ALL = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def test_the_folder_holds_what_the_manifest_names_and_nothing_else() -> None:
    wanted = (
        {Path("manifest.json")} | {Path(spec.file) for spec in SPECS.values()} | {Path("cards", f"{name}.md") for name in SPECS}
    )
    assert {path.relative_to(WEIGHTS) for path in WEIGHTS.rglob("*") if path.is_file()} == wanted


def test_the_folder_stays_under_80_mb() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) < MAX_TOTAL_BYTES


def test_the_app_needs_no_network() -> None:
    assert {"car-mask", "car-rust", "car-grade"} <= set(SPECS)


@ALL
def test_file_is_the_recorded_one(spec: WeightSpec) -> None:
    verify(spec, WEIGHTS / spec.file)
    assert (WEIGHTS / spec.file).stat().st_size == spec.bytes
    assert spec.file.endswith(".safetensors")


@ALL
def test_record_says_how_it_was_made_and_where_it_fails(spec: WeightSpec) -> None:
    assert spec.arch in BUILDERS
    assert spec.licence == "AGPL-3.0-or-later"
    assert len(spec.limits) > 20, "limits: a sentence"
    assert {"command", "commit", "data", "steps", "seconds", "device"} <= set(spec.trained)
    for name, score in spec.metrics.items():
        assert {"value", "n", "on"} <= set(score), name
        assert ("low" in score) == ("high" in score), name
        if "low" in score:
            assert score["low"] <= score["value"] <= score["high"], name
    assert {"mean", "std"} <= set(spec.input) or spec.arch == "Familiarity"
    assert "size" in spec.input or "resample" not in spec.input


@ALL
def test_card_is_the_record(spec: WeightSpec) -> None:
    assert (WEIGHTS / "cards" / f"{spec.name}.md").read_text() == model_card(spec)


@pytest.mark.parametrize(("name", "limits"), [(name, limits) for name, limits in LIMITS.items() if name in SPECS])
def test_cards_name_the_limits_of_severity(name: str, limits: Limits) -> None:
    moderate, severe = (f"{100 * limit:g} %" for limit in limits.starts)
    assert f"*moderate* from {moderate}, *severe* from {severe}, *low* below" in (WEIGHTS / "cards" / f"{name}.md").read_text()


@ALL
def test_shipped_network_answers_its_golden_numbers(spec: WeightSpec) -> None:
    golden.check(Store(WEIGHTS).network(spec.name), spec)
