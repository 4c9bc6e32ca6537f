"""Maps of what an answer rests on: they follow the evidence, keep to their thread, and are none where there is none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from export import Release, export
from micrographs import field_of, grains, map_of
from skimage.draw import disk

from corrovis.resizing import resized
from corrovis.results import Provenance
from corrovis.sem.hooks import hearing
from corrovis.sem.inspection import NO_MAP, Inspector
from corrovis.sem.results import CorrosionMap
from corrovis.sem.saliency import METHODS, activation_maps, before_heads, combined, saliency_of
from corrovis.sem.segmentation import Segmenter
from corrovis.store import BUILDERS, Store


def pits_found(centres: list[tuple[int, int]], size: int, model: str) -> CorrosionMap:
    corroded = np.zeros((size, size))
    for centre in centres:
        corroded[disk(centre, 4)] = 1
    return replace(map_of(corroded), made_by=Provenance(model, "", 0.0))


@pytest.mark.parametrize("method", METHODS)
def test_cams_follow_the_evidence(method: str) -> None:
    """One bright patch is all that the score rests on: the map must peak there."""
    x = torch.zeros(1, 3, 16, 16)
    x[..., 4:8, 10:14] = 1
    layer = torch.nn.Conv2d(3, 4, 1, bias=False)
    torch.nn.init.constant_(layer.weight, 1)
    (found,) = activation_maps(layer, [layer], x, lambda out: out.sum(), METHODS[method])
    peak = np.unravel_index(int(found.argmax()), (16, 16))
    assert 4 <= peak[0] < 8
    assert 10 <= peak[1] < 14


def test_two_maps_at_once_do_not_mix(toy_store: Store) -> None:
    """The network is shared: while one is explained, others are explained and segmented, each in a thread of its own."""
    segmenter, fields = Segmenter(toy_store), [field_of(grains(64, 96, seed)) for seed in range(2)]
    found = [segmenter.segment(field, "ni20cr") for field in fields]
    alone = [saliency_of(toy_store, *pair) for pair in zip(fields, found, strict=True)]
    with ThreadPoolExecutor(3) as pool:
        busy = [pool.submit(segmenter.segment, fields[0], "ni20cr") for _ in range(8)]
        together = [pool.submit(saliency_of, toy_store, fields[n % 2], found[n % 2]) for n in range(8)]
        for n, one in enumerate(together):
            heat, known = one.result(), alone[n % 2]
            assert heat is not None
            assert known is not None
            assert np.allclose(heat.heat, known.heat, atol=1e-4)
        assert all(np.array_equal(one.result().labels, found[0].labels) for one in busy)


def test_thin_corrosion_keeps_its_share_where_it_is_made_smaller() -> None:
    lines = np.zeros((1200, 1200), np.float32)
    lines[::12] = lines[1::12] = 1
    assert resized(lines, (512, 512)).mean() == pytest.approx(1 / 6, abs=0.01)


def test_thin_corrosion_in_a_large_field_has_a_map(toy_store: Store) -> None:
    field, corroded = field_of(grains(600, 1200)), np.zeros((600, 1200))
    corroded[::12] = corroded[1::12] = 1
    found = replace(map_of(corroded), made_by=Provenance("ni20cr", "", 0.0))
    assert saliency_of(toy_store, field, found) is not None


@pytest.mark.parametrize("size", [(32, 33000), (2100, 32)])
def test_a_line_scan_has_a_map(toy_store: Store, size: tuple[int, int]) -> None:
    corroded = np.zeros(size)
    corroded[:, ::2] = 1
    found = replace(map_of(corroded), made_by=Provenance("ni20cr", "", 0.0))
    heat = saliency_of(toy_store, field_of(np.random.default_rng(0).integers(60, 200, size).astype(np.uint8)), found)
    assert heat is None or heat.heat.shape == size


def test_pits_have_a_map_that_keeps_their_size(toy_store: Store) -> None:
    """Each pixel is judged by itself: the heat lies on what was found, each pit its own, across tiles."""
    centres = [(20, 20), (62, 66), (100, 30), (100, 100)]
    heat = saliency_of(toy_store, field_of(grains(120, 120)), found := pits_found(centres, 120, "pits304"))
    assert heat is not None
    assert heat.cells_hw == (240, 240), "pits are enlarged for the network, never reduced"
    assert heat.heat.max() > 0.9
    assert all(heat.heat[centre] > 0 for centre in centres)
    assert (heat.heat[found.labels == 0] > 0.3).mean() < 0.01


def test_where_corrosion_has_no_map_it_says_why(toy_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corrovis.sem.inspection.saliency_of", lambda *given: None)
    inspector = Inspector(Segmenter(toy_store))
    assert NO_MAP in inspector.inspect(field_of(grains()), "ni20cr").warnings
    assert NO_MAP not in inspector.inspect(field_of(grains()), "ni20cr", explain=False).warnings


@pytest.mark.slow
def test_yolo_has_a_map(tmp_path: Path) -> None:
    torch.manual_seed(0)
    how = {"size": 64, "overlap": 16, "enlarge": 1, "levels": "flattened", "sure": 0.001}
    classes = ("background", "pit")
    release = Release("pits304-pixels", "YoloSeg", [[1, 3, 64, 64]], "Toy", classes, how, "Toy", config={"classes": 1})
    export(BUILDERS["YoloSeg"](classes=1).eval(), release, tmp_path)
    store, field = Store(tmp_path), field_of(grains(90, 90))
    Segmenter(store).segment(field, "pits304-pixels")  # leaves the head's anchors without a gradient
    heat = saliency_of(store, field, pits_found([(20, 20), (70, 60)], 90, "pits304-pixels"))
    assert heat is not None
    assert heat.cells_hw == (12, 12)
    assert np.isfinite(heat.heat).all()


@pytest.mark.slow
def test_what_enters_the_heads_of_yolo_is_what_a_whole_pass_hands_them() -> None:
    torch.manual_seed(0)
    network, entered = BUILDERS["YoloSeg"](classes=1).eval(), []
    x = torch.rand(1, 3, 64, 96) * 2 - 1
    heads = list(network.net.model[-1].cv3)
    with torch.no_grad(), hearing(heads, lambda module, given, output: entered.append(given)):
        network(x)
        found = before_heads(network, x)
    assert [one.shape[2:] for one in found] == [(8, 12), (4, 6), (2, 3)]
    assert all(torch.equal(*pair) for pair in zip(found, entered, strict=True))


@pytest.mark.slow
def test_conditions_of_steel_have_a_map(tmp_path: Path) -> None:
    """In cells of four pixels, of the photo as it is: 96 x 128 of them hold 24 x 32."""
    torch.manual_seed(0)
    how, config = {"size": 128, "overlap": 32}, {"classes": 3, "pyramid": 32, "merged": 32}
    release = Release(
        "steel-structures", "ConditionFPN", [[1, 3, 64, 64]], "Toy", ("good", "poor", "severe"), how, "Toy", config=config
    )
    network = BUILDERS["ConditionFPN"](**config).eval()
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor([-9.0, 9.0, 0.0]))
    export(network, release, tmp_path)
    store, field = Store(tmp_path), field_of(grains(96, 128))
    found = Segmenter(store).segment(field, "steel-structures")
    assert (found.labels == 1).mean() > 0.9
    heat = saliency_of(store, field, found)
    assert heat is not None
    assert heat.cells_hw == (24, 32)
    assert np.isfinite(heat.heat).all()


def test_no_evidence_shows_no_map() -> None:
    assert combined([torch.zeros(4, 4)], (8, 8)) is None
    assert combined([torch.full((4, 4), float("nan"))], (8, 8)) is None
    assert combined([torch.ones(4, 4)], (8, 8)) is None, "constant"


def test_saliency_is_none_where_nothing_is_corroded(toy_store: Store) -> None:
    nothing = CorrosionMap(
        *(np.zeros((64, 64), kind) for kind in (np.uint8, np.int32, np.float32)),
        scores=np.zeros(0, np.float32),
        classes=("background", "corroded"),
        rows=(0, 64),
        made_by=Provenance("ni20cr", "", 0.0),
    )
    assert saliency_of(toy_store, field_of(grains(64, 64)), nothing) is None
