"""The second stage: what a classifier of windows says of a field, of each region's surroundings, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from micrographs import grains

from corrovis.render.inspection_report import record
from corrovis.results import Provenance
from corrovis.sem import severity
from corrovis.sem.inspection import Inspector, disagreement
from corrovis.sem.regions import measure
from corrovis.sem.results import CorrosionMap, Field, Opinion
from corrovis.sem.saliency import METHODS, activation_maps
from corrovis.sem.segmentation import Segmenter
from corrovis.sem.severity import grade_area
from corrovis.settings import WEIGHTS
from corrovis.store import Store

MADE = Provenance("toy", "0" * 64, 0.0)


def field_of(grey: np.ndarray, rows: tuple[int, int] | None = None) -> Field:
    return Field(np.repeat(grey[..., None], 3, axis=2), "drawn.png", rows or (0, len(grey)))


def opinion_of(*shares: float) -> Opinion:
    """Of a field of 100 px that was seen in two windows, the left one low and the right one severe."""
    windows, of_windows = [[0, 0, 50, 100], [50, 0, 100, 100]], [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]
    rows = np.array(windows, np.float32), np.array(of_windows, np.float32)
    return Opinion(np.array(shares, np.float32), *rows, None, MADE)


@pytest.mark.parametrize("size", [(100, 330), (320, 320), (700, 330), (9000, 400)])
def test_the_second_stage_sees_the_field_from_end_to_end(size: tuple[int, int]) -> None:
    places = severity.window_places(size, 320)
    assert len(places) <= severity.MOST_A_SIDE**2
    for axis, length in enumerate(size):
        assert min(place[axis].start for place in places) == 0
        assert max(place[axis].stop for place in places) >= length
        assert max(place[axis].start for place in places) <= max(0, length - 320)


def test_the_second_stage_speaks_of_its_own_model_alone() -> None:
    shipped, field = Store(WEIGHTS), field_of(grains())
    said = severity.second_opinion(shipped, field, "ni20cr")
    assert said is not None
    assert said.probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert said.made_by.model == "ni20cr-severity"
    assert said.saliency is None
    assert severity.second_opinion(shipped, field, "pits304") is None


def test_the_second_opinions_map_is_grad_cam_and_goes_with_the_weights() -> None:
    store, field = Store(WEIGHTS), field_of(grains(300, 420), rows=(0, 280))
    said = severity.second_opinion(store, field, "ni20cr", explain=True)
    assert said is not None
    assert said.saliency is not None
    heat = said.saliency.heat
    assert heat.shape == (300, 420)
    assert not heat[280:].any()
    assert np.ptp(heat) == 1
    assert said.saliency.cells_hw == (7, 14)
    network = store.network("ni20cr-severity")
    seen = torch.from_numpy(severity.as_seen(field.specimen, store.spec("ni20cr-severity"))[:280, :320].copy())
    x = torch.nn.functional.interpolate(seen.permute(2, 0, 1)[None].float() / 127.5 - 1, (224, 224))
    last = [network.net.bn2]
    (by_gradient,) = activation_maps(network, last, x, lambda logits: logits[0].max(), METHODS["grad_cam"])
    features = network.features(x)
    weight = network.net.get_classifier().weight[network.answer(features)[0].argmax()][:, None, None]
    ours = METHODS["grad_cam"](features[0], weight)
    assert torch.allclose(ours / ours.max(), by_gradient / by_gradient.max(), atol=1e-3)
    torch.manual_seed(2)  # numbers of which the heat map is not empty
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.05)
    again = severity.second_opinion(store, field, "ni20cr", explain=True)
    assert again is not None
    assert again.saliency is not None
    assert np.corrcoef(heat.ravel(), again.saliency.heat.ravel())[0, 1] < 0.8


def test_stages_that_differ_are_told_of() -> None:
    by_area = grade_area(0.3, (0.1, 0.2), 0.01)
    assert by_area.severity == "severe"
    assert disagreement(by_area, None) == []
    assert disagreement(by_area, opinion_of(0.1, 0.2, 0.7)) == []
    (warning,) = disagreement(by_area, opinion_of(0.6, 0.3, 0.1))
    assert "at the model's own threshold, severe by corroded area" in warning
    assert "looks low (60 %)" in warning


def test_of_a_picture_without_contrast_there_is_no_second_opinion(toy_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opinion = opinion_of(0.3, 0.3, 0.4)
    monkeypatch.setattr(severity, "second_opinion", lambda *given: opinion)
    inspector = Inspector(Segmenter(toy_store))
    assert inspector.inspect(field_of(np.full((64, 64), 128, np.uint8)), "ni20cr").opinion is None
    assert inspector.inspect(field_of(grains()), "ni20cr").opinion is opinion


def test_a_place_is_as_severe_as_the_window_around_it() -> None:
    said = opinion_of(0.4, 0.1, 0.5)
    assert [said.severity_at(x, 50) for x in (0, 49, 51, 99)] == ["low", "low", "severe", "severe"]
    regions = np.zeros((100, 100), np.int32)
    regions[:, 10:20], regions[5:9, 21:71], regions[15:19, 20:71] = 1, 2, 3
    labels, scores = (regions > 0).astype(np.uint8), np.ones(3, np.float32)
    found = CorrosionMap(labels, regions, labels.astype(np.float32), scores, ("good", "corroded"), (0, 100), MADE)
    assert [region.second_opinion for region in measure(found, said)] == ["low", "low", None], "the last is wider than a window"
    with pytest.raises(ValueError, match=r"Opinion\.probabilities: wanted a sum of 1, found 0\.9"):
        opinion_of(0.3, 0.3, 0.3)


def test_every_region_is_told_the_second_opinion_there() -> None:
    """Windows lie in the field's own pixels, below a data bar too."""
    field = field_of(grains(700, 660), rows=(40, 700))
    found = Inspector(Segmenter(Store(WEIGHTS))).inspect(field, "ni20cr", explain=False)
    assert found.opinion is not None
    assert found.opinion.windows.min(axis=0).tolist() == [0, 40, 320, 360]
    assert found.opinion.windows.max(axis=0).tolist() == [340, 380, 660, 700]
    assert found.opinion.of_windows.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert found.regions
    for region in found.regions:
        rows, columns = np.nonzero(found.map.regions == region.id)
        middle = (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2
        wide = max(np.ptp(rows), np.ptp(columns)) >= 340
        assert region.second_opinion == (None if wide else found.opinion.severity_at(*middle))
    assert [row["second_opinion"] for row in record(found)["regions"]] == [region.second_opinion for region in found.regions]
    without = replace(found, regions=tuple(replace(region, second_opinion=None) for region in found.regions))
    assert {row["second_opinion"] for row in record(without)["regions"]} == {None}
    assert all("severity" not in row for row in record(found)["regions"]), "the field's severity is another thing"


def test_maps_of_windows_side_by_side_meet_without_an_edge() -> None:
    """Of two windows one is hot and one is cold: the heat falls over cells, not at a line, and is what it was further off."""
    maps = [torch.full((4, 4), 1.0), torch.full((4, 4), 0.2)]
    places, field = [(slice(0, 80), slice(0, 80)), (slice(0, 80), slice(80, 160))], field_of(grains(80, 160))
    found = severity.stitched(maps, places, (80, 160), field)
    assert found is not None
    row = found.heat[40]
    assert row[:60] == pytest.approx(1)
    assert row[100:] == pytest.approx(0.2)
    assert (np.diff(row) <= 1e-6).all()
    assert np.abs(np.diff(row)).max() < 0.05


def test_what_no_window_saw_has_no_heat() -> None:
    places = [(slice(0, 80), slice(0, 80)), (slice(0, 80), slice(200, 280))]
    found = severity.stitched([torch.ones(4, 4)] * 2, places, (80, 280), field_of(grains(80, 280)))
    assert found is not None
    assert not found.heat[:, 80:200].any()
    assert found.heat[:, :80].min() == found.heat[:, 200:].min() == 1


def test_the_second_stages_card_names_the_limits_of_its_classes() -> None:
    low, high = (f"{100 * limit:g} %" for limit in severity.LIMITS["ni20cr"].starts)
    assert f"*moderate* from {low}, *severe* from {high}" in (WEIGHTS / "cards" / "ni20cr-severity.md").read_text()


@pytest.mark.parametrize("turned", [np.flipud, np.fliplr])
def test_a_field_is_as_severe_upside_down_as_in_a_mirror(turned) -> None:  # type: ignore[no-untyped-def]
    store, grey = Store(WEIGHTS), grains(320, 320)
    own, other = (severity.second_opinion(store, field_of(np.ascontiguousarray(one)), "ni20cr") for one in (grey, turned(grey)))
    assert own is not None
    assert other is not None
    assert own.probabilities == pytest.approx(other.probabilities, abs=1e-3)
