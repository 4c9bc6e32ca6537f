"""From field to inspection: maps in the field's own pixels, measured regions, grades that know their error, honest saliency."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import orjson
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from micrographs import MADE, field_of, grains, map_of, with_bar
from skimage.draw import disk

from corrovis.manifest import read_manifest
from corrovis.render.inspection_facts import facts_of, percent, with_error
from corrovis.render.inspection_report import record
from corrovis.results import Provenance, check_shares
from corrovis.sem import inspection
from corrovis.sem.inspection import Inspector, doubts, magnified, near_limit, of_grade
from corrovis.sem.picture_checks import FADED
from corrovis.sem.preparing import levelled
from corrovis.sem.regions import measure
from corrovis.sem.results import CorrosionMap, Field, Inspection, PixelSize
from corrovis.sem.segmentation import LEAST_PX, Segmenter, regions_of, tiled
from corrovis.sem.severity import grade_area
from corrovis.settings import WEIGHTS
from corrovis.store import Store


@pytest.mark.parametrize("size", [(40, 33), (64, 64), (65, 131), (150, 90)])
def test_a_map_has_the_fields_own_pixels(toy_store: Store, size: tuple[int, int]) -> None:
    found = Segmenter(toy_store).segment(field_of(grains(*size)), "ni20cr")
    assert found.labels.shape == found.regions.shape == found.probability.shape == size
    assert ((found.regions > 0) == (found.labels > 0)).all()


def test_a_plane_of_the_specimen_is_framed_where_the_data_bar_lies() -> None:
    field, plane = field_of(grains(60, 50), rows=(20, 45)), np.random.default_rng(0).random((25, 50)).astype(np.float32)
    framed = field.framed(plane)
    assert framed.shape == (60, 50)
    assert framed.dtype == np.float32
    assert (framed[20:45] == plane).all()
    assert not framed[:20].any()
    assert not framed[45:].any()


def test_nothing_is_found_on_the_data_bar(toy_store: Store) -> None:
    found = Segmenter(toy_store).segment(field_of(grains(), rows=(20, 150)), "ni20cr")
    assert not found.labels[:20].any()
    assert not found.labels[150:].any()
    assert found.corroded_fraction == (found.labels[20:150] > 0).mean() > 0


def test_tiles_leave_no_seams() -> None:
    """A network that answers pixel by pixel must answer alike, tiled or not."""
    network = torch.nn.Conv2d(3, 2, 1)
    rgb = np.repeat(grains(100, 130)[..., None], 3, axis=2)
    assert np.allclose(tiled(network, rgb, 48, 16), tiled(network, rgb, 512, 16), atol=1e-5)


def test_specks_are_background_and_classes_do_not_merge() -> None:
    p = np.zeros((3, 20, 30), np.float32)
    p[0] = 0.4
    p[1, 2:10, 2:10] = 0.5
    p[2, 2:10, 10:16] = 0.9
    p[1, 15, 20] = 0.9
    labels, regions, scores = regions_of(p)
    assert labels[15, 20] == 0
    assert regions.max() == 2
    assert scores == pytest.approx([0.5, 0.9])
    assert (labels == 2).sum() == 48 >= LEAST_PX


def test_a_drawn_disc_is_measured() -> None:
    corroded = np.zeros((200, 220))
    corroded[disk((90, 100), 40)] = 1
    (region,) = measure(map_of(corroded))
    assert region.equivalent_diameter_px == pytest.approx(80, rel=0.01)
    assert region.circularity == pytest.approx(1, abs=0.12)
    assert region.solidity > 0.97
    assert region.eccentricity < 0.1
    assert region.bbox_xyxy == (61, 51, 140, 130)


def test_numbers_are_numbers_to_every_encoder(toy_store: Store) -> None:
    """gradio writes with orjson, to which NumPy's numbers are strangers: it would make strings of them."""
    found = record(Inspector(Segmenter(toy_store)).inspect(field_of(grains(), pixel=PixelSize(0.5, "drawn"))))
    assert found["regions"]
    assert orjson.loads(orjson.dumps(found, default=str)) == json.loads(json.dumps(found))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_areas_of_regions_add_up_to_the_corroded_fraction(seed: int) -> None:
    found = map_of((np.random.default_rng(seed).random((30, 40)) < 0.35).astype(float))
    assert sum(region.area_px for region in measure(found)) == round(found.corroded_fraction * 30 * 40)


@pytest.mark.parametrize(("fraction", "name"), [(0.0, "low"), (0.3, "moderate"), (0.6, "severe")])
def test_severity_follows_area(fraction: float, name: str) -> None:
    assert grade_area(fraction, (0.28, 0.42), 1e-6).severity == name


@given(st.floats(0, 1), st.floats(1e-6, 0.3))
def test_the_class_never_contradicts_the_limits(fraction: float, sigma: float) -> None:
    wanted = "low" if fraction < 0.28 else "moderate" if fraction < 0.42 else "severe"
    assert grade_area(fraction, (0.28, 0.42), sigma).severity == wanted


@pytest.mark.parametrize(
    ("share", "sigma", "said"),
    [
        (0.0313, 0.07, ["close to a limit of severity: low 49 %, moderate 47 %; do not take moderate for settled"]),
        (0.31, 0.07, []),
        (0.1, 0.5, ["close to a limit of severity: severe 45 %, low 44 %, moderate 10 %; do not take moderate for settled"]),
        (0.0313, 0.0001, []),
    ],
)
def test_near_a_limit_the_verdict_says_so(share: float, sigma: float, said: list[str]) -> None:
    assert near_limit(grade_area(share, (0.03, 0.16), sigma)) == said


def test_at_a_limit_both_sides_are_as_likely() -> None:
    assert grade_area(0.28, (0.28, 0.42), 0.02).probabilities[:2] == pytest.approx([0.5, 0.5], abs=1e-3)


@given(st.floats(0, 1), st.floats(1e-6, 0.3), st.floats(0, 0.5))
def test_more_corrosion_is_never_less_severe(fraction: float, sigma: float, more: float) -> None:
    level = [float(grade_area(f, (0.28, 0.42), sigma).probabilities @ (0, 1, 2)) for f in (fraction, fraction + more)]
    assert level[1] >= level[0] - 1e-5


@pytest.mark.parametrize("model", ["ni20cr", "pits304"])
def test_density_needs_a_scale_and_things_to_count(toy_store: Store, model: str) -> None:
    inspector = Inspector(Segmenter(toy_store))
    assert inspector.inspect(field_of(grains()), model, explain=False).density_per_mm2 is None
    scaled = inspector.inspect(field_of(grains(), pixel=PixelSize(0.5, "test")), model, explain=False)
    assert scaled.map.instances == (model == "pits304")
    assert scaled.density_per_mm2 == (
        pytest.approx(len(scaled.regions) / (180 * 240 * 0.25e-6)) if scaled.map.instances else None
    )


@pytest.mark.parametrize("classes", [("background", "corroded"), ("good", "fair", "severe")])
def test_the_report_names_the_share_of_each_class_where_there_are_several(toy_store: Store, classes: tuple[str, ...]) -> None:
    labels = np.zeros((40, 50), np.uint8)
    labels[:10], labels[10:12] = 1, len(classes) - 1
    found = CorrosionMap(
        labels, (labels > 0).astype(np.int32), (labels > 0).astype(np.float32), np.ones(1, np.float32), classes, (0, 40), MADE
    )
    inspection = Inspection(field_of(grains()[:40, :50]), "ni20cr", found, (), grade_area(0.3, (0.1, 0.2), 0.01), None, None, ())
    facts = dict(facts_of(inspection))
    assert facts["Corroded share"] == "30.0 % ± 1.0 points"
    assert facts.get("Condition classes, of the whole picture") == ("fair 25.0 %, severe 5.0 %" if len(classes) > 2 else None)
    for share, severity in ((0.01, "low"), (0.15, "moderate"), (0.3, "severe")):
        doubted = of_grade(found, grade_area(share, (0.1, 0.2), 1e-3), None)
        wanted = "severe" in classes and severity != "severe"
        assert doubted == (
            [f"5.0 % of the picture is in condition severe, and {severity} counts corroded area alone: look at where that is"]
            if wanted
            else []
        )
    assert [percent(share, digits) for share, digits in ((0.0004, 1), (7e-5, 0), (0, 0), (0.01, 0))] == [
        "<0.1 %",
        "<1 %",
        "0 %",
        "1 %",
    ]


@pytest.mark.parametrize(("um", "text"), [(1000, "0.00050"), (1, "500"), (3e-4, "5,600,000,000"), (37, "0.37")])
def test_measures_keep_their_figures_at_any_scale(um: float, text: str, toy_store: Store) -> None:
    """One region of 109 px in 40 x 50 pixels, against the definitions."""
    labels = np.zeros((40, 50), np.uint8)
    labels[:10, :10], labels[10, :9] = 1, 1
    ones = labels.astype(np.float32)
    classes, one = ("background", "corroded"), np.ones(1, np.float32)
    found = CorrosionMap(labels, labels.astype(np.int32), ones, one, classes, (0, 40), MADE, instances=True)
    field = field_of(grains()[:40, :50], pixel=PixelSize(um, "test"))
    grade = grade_area(0.05, (0.1, 0.2), 0.01)
    inspection = Inspection(field, "ni20cr", found, measure(found), grade, None, None, ())
    answer = record(inspection)
    (region,) = answer["regions"]
    assert region["area_um2"] == pytest.approx(109 * um**2, rel=1e-5)
    assert region["touches_border"] is True
    assert region["perimeter_um"] == pytest.approx(region["perimeter_px"] * um, rel=1e-3)
    assert (answer["corroded_um2"], answer["field_um2"]) == pytest.approx((109 * um**2, 2000 * um**2), rel=1e-4)
    assert region["equivalent_diameter_px"] == pytest.approx(np.sqrt(4 * 109 / np.pi), rel=1e-5)
    assert region["equivalent_diameter_um"] == pytest.approx(np.sqrt(4 * 109 / np.pi) * um, rel=1e-5)
    assert answer["regions_per_mm2"] == pytest.approx(1 / (2000 * (um / 1000) ** 2), rel=1e-5)
    facts = dict(facts_of(inspection))
    assert (facts["Regions"], facts["Regions per mm²"]) == ("1", f"{text} ± {text} (error of counting alone)")
    assert with_error(3011, 3011 / np.sqrt(37)) == "3,010 ± 500"
    assert [with_error(78.12, 183), with_error(0.0996, 0.00996), with_error(2, 0)] == ["80 ± 180", "0.100 ± 0.010", "2"]


def test_strange_pictures_are_warned_of(toy_store: Store) -> None:
    inspector = Inspector(Segmenter(toy_store))
    blank = inspector.inspect(field_of(np.full((64, 64), 128, np.uint8)), "ni20cr")
    assert any("hardly any contrast" in warning for warning in blank.warnings)
    noise = inspector.inspect(field_of(np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)), "ni20cr")
    assert any("no structure above noise" in warning for warning in noise.warnings)
    assert noise.opinion is None
    cat = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    colour = inspector.inspect(Field(cat, "cat.png", (0, 64)), "ni20cr")
    assert any("colour picture" in warning for warning in colour.warnings)
    assert not any("unlike" in warning for warning in inspector.inspect(field_of(grains()), "ni20cr").warnings)


def test_a_strange_picture_is_told_of_models_that_know_the_like(toy_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of no other: to one it is as strange, and of one nobody knows."""
    inspector = Inspector(Segmenter(toy_store))
    assert inspector.segmenter.models == ("ni20cr", "pits304")
    for far, end in ((0.9, "regions, or choose another model: pits304"), (2.0, "do not rely on its regions")):
        known = {"ni20cr": 3.0, "pits304": far}
        monkeypatch.setattr(inspection, "strangeness", lambda store, field, name, known=known: known.get(name))
        (said,) = [one for one in inspector.inspect(field_of(grains()), "ni20cr").warnings if "unlike" in one]
        assert "3.0 times as far" in said
        assert said.endswith(end)


def test_what_is_lost_in_a_much_smaller_picture_is_said(toy_store: Store) -> None:
    field, found = field_of(grains(300, 800)), map_of(np.zeros((300, 800)))
    spec = toy_store.spec("ni20cr")
    assert not doubts(field, found, spec, "")
    (said,) = doubts(field, found, replace(spec, input={**spec.input, "long_side": 160}), "")
    assert "800 x 300 picture at 160 x 60: what is narrower than 5 pixels is lost" in said


def test_a_field_that_is_too_large_to_be_enlarged_as_much_as_others_is_said(toy_store: Store) -> None:
    spec, nothing = toy_store.spec("pits304"), map_of(np.zeros((200, 300)))
    small, large = (doubts(field_of(grains(200, width)), nothing, spec, "") for width in (256, 300))
    assert small == []
    assert "at 512 x 341, enlarged 1.7 times instead of 2" in large[0]
    assert large[0].endswith("inspect parts of it of at most 256 pixels a side")


def test_a_soft_field_of_the_usual_size_is_said(toy_store: Store) -> None:
    spec, nothing = toy_store.spec("ni20cr"), map_of(np.zeros((180, 240)))
    spec = replace(spec, input={**spec.input, "learned_side": 240})
    blurred = np.asarray(cv2.GaussianBlur(grains(), (0, 0), 1), np.uint8)
    assert doubts(field_of(grains()), nothing, spec, "") == []
    (said,) = doubts(field_of(blurred), nothing, spec, "")
    assert "out of focus" in said


@pytest.mark.parametrize("exposure", [1, 0.6, 0.35])
def test_a_dark_photo_is_seen_as_one_exposed_well(exposure: float) -> None:
    photo = np.random.default_rng(0).integers(20, 236, (60, 80, 3)).astype(np.uint8)
    seen = levelled(np.rint(photo * exposure).astype(np.uint8), {"levels": "as they are"})
    assert np.abs(seen.astype(int) - photo).max() <= 4


@pytest.mark.parametrize("haze", [100, 140])
def test_a_hazy_photo_is_seen_as_a_clear_one(haze: int) -> None:
    """Haze adds light everywhere and takes contrast away; a bright photo that is dark somewhere stays as it is."""
    photo = np.random.default_rng(0).integers(0, 236, (60, 80, 3)).astype(np.uint8)
    seen = levelled((photo * 0.45 + haze).astype(np.uint8), {"levels": "as they are"})
    assert np.abs(seen.astype(int) - photo).max() <= 8
    bright = photo // 2 + 80
    assert (levelled(bright, {"levels": "as they are"}) == bright).all()


def test_a_photo_too_dark_to_be_brightened_is_doubted(toy_store: Store) -> None:
    spec, nothing = toy_store.spec("ni20cr"), map_of(np.zeros((180, 240)))
    spec = replace(spec, input={**spec.input, "levels": "as they are"})
    assert not [one for one in doubts(field_of(grains()), nothing, spec, "") if "too dark" in one]
    assert [one for one in doubts(field_of(grains() // 5), nothing, spec, "") if "too dark" in one]


def test_what_is_too_small_or_written_on_is_said(toy_store: Store) -> None:
    spec, nothing = toy_store.spec("ni20cr"), map_of(np.zeros((180, 240)))
    assert not doubts(field_of(grains()), nothing, spec, "")
    assert "240 x 90 pixels is too small to be graded" in doubts(field_of(grains(90)), map_of(np.zeros((90, 240))), spec, "")[0]
    boxed = grains()
    boxed[150:176, 130:236] = with_bar(np.zeros((0, 106), np.uint8), "bottom", 0, 26)
    (said,) = doubts(field_of(boxed), nothing, spec, "")
    assert "(106 x 26 pixels at 130, 150)" in said
    surrounded = grains()
    surrounded[150:] = 0
    surrounded[120:160, ::2] = 0
    written = with_bar(surrounded, "bottom", 0)
    (said,) = doubts(field_of(written), map_of(np.zeros((208, 240))), spec, "")
    assert said.startswith("something is written at the lower edge of the specimen")


def test_coloured_marks_on_a_grey_picture_are_said(toy_store: Store) -> None:
    spec, nothing, marked = toy_store.spec("ni20cr"), map_of(np.zeros((180, 240))), field_of(grains()).rgb.copy()
    cv2.arrowedLine(marked, (60, 40), (120, 90), (255, 0, 0), 2)
    (said,) = doubts(Field(marked, "a", (0, 180)), nothing, spec, "")
    assert said.startswith("coloured marks lie on this grey picture")
    faded = marked.clip(0, 200)
    faded[100:160, 20:60, 0] += 50
    assert not doubts(Field(faded, "a", (0, 180)), nothing, spec, ""), "a photo with a little colour has no marks"
    photo = replace(spec, input={**spec.input, "levels": "as they are"})
    assert not doubts(Field(marked, "a", (0, 180)), nothing, photo, "")


def test_a_model_that_tells_rust_by_its_colour_warns_of_grey_pictures(toy_store: Store) -> None:
    """However familiar their texture is."""
    spec, grey = replace(toy_store.spec("ni20cr"), input={"levels": "as they are"}), field_of(grains().clip(0, 200))
    brown = Field(grey.rgb + np.array((40, 20, 0), np.uint8), "a", grey.rows)
    assert [inspection.unlike(field, spec, lambda name: 0.5) for field in (grey, brown)] == [FADED, ""]


shipped = pytest.mark.skipif("ni20cr" not in read_manifest(WEIGHTS), reason="ni20cr is not among the weights")


@shipped
def test_grain_boundaries_are_found_and_saliency_goes_with_the_weights() -> None:
    store, field = Store(WEIGHTS), field_of(grains(320, 320, seed=3))
    inspection = Inspector(Segmenter(store)).inspect(field, "ni20cr")
    heat = inspection.saliency
    assert heat is not None
    assert np.isfinite(heat.heat).all()
    assert np.ptp(heat.heat) > 0.5
    broken = Store(WEIGHTS)
    torch.manual_seed(0)  # numbers of which the heat map is not empty
    for parameter in broken.network("ni20cr").parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    other = Inspector(Segmenter(broken)).inspect(field, "ni20cr").saliency
    assert other is not None
    assert abs(np.corrcoef(heat.heat.ravel(), other.heat.ravel())[0, 1]) < 0.5


@shipped
def test_an_enlarged_field_is_answered_as_it_was() -> None:
    """It shows no more than it did, and a reader is told; a sharp one of that size keeps its pixels."""
    inspector, grey = Inspector(Segmenter(Store(WEIGHTS))), grains(320, 448, seed=3)
    small = np.tile(cv2.GaussianBlur(grey, (0, 0), 0.6), (1, 2))
    large = np.asarray(cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    own, told, sharp = (inspector.inspect(field_of(one), "ni20cr", False) for one in (small, large, np.tile(grey, (1, 4))))
    assert told.map.corroded_fraction == pytest.approx(own.map.corroded_fraction, abs=own.grade.sigma)
    assert [sum("shows nothing finer" in text for text in one.warnings) for one in (own, told, sharp)] == [0, 1, 0]


@pytest.mark.parametrize(("own", "at_half", "told"), [(0.6, 0.5, True), (0.6, 0.55, False), (0.5, 0.6, False)])
def test_a_share_that_falls_with_the_size_is_said(
    own: float, at_half: float, told: bool, toy_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More is found in a field that is magnified more than those that the model knows, and never less."""
    spec = replace(toy_store.spec("ni20cr"), input={**toy_store.spec("ni20cr").input, "learned_side": 100})
    monkeypatch.setitem(toy_store.specs, "ni20cr", spec)
    half = np.zeros((2, 90, 120), np.float32)
    half[0], half[1, : round(90 * at_half)] = 0.5, 1
    monkeypatch.setattr(inspection, "classes_of", lambda network, seen, how: half[:, : seen.shape[0], : seen.shape[1]])
    corroded = np.zeros((180, 240))
    corroded[: round(180 * own)] = 1
    found = replace(map_of(corroded), made_by=Provenance("ni20cr", "", 0.0))
    said = magnified(field_of(grains()), found, toy_store, 0.05)
    assert [text[:60] for text in said] == ["60 % is corroded at this size and 50 % at half of it: the pi"] * told


def test_a_share_that_cannot_fall_far_is_not_looked_at_again(toy_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(toy_store.spec("ni20cr"), input={**toy_store.spec("ni20cr").input, "learned_side": 100})
    monkeypatch.setitem(toy_store.specs, "ni20cr", spec)
    monkeypatch.setattr(inspection, "classes_of", None)
    corroded = np.zeros((180, 240))
    corroded[:12] = 1
    found = replace(map_of(corroded), made_by=Provenance("ni20cr", "", 0.0))
    assert magnified(field_of(grains()), found, toy_store, 0.05) == []


def test_results_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"Field\.rows"):
        Field(np.zeros((40, 40, 3), np.uint8), "a", (10, 50))
    with pytest.raises(ValueError, match=r"PixelSize\.um"):
        PixelSize(0, "nowhere")


@pytest.mark.parametrize("shares", [[0.5, 0.6], [0.5, 0.4], [np.nan, 1]])
def test_shares_sum_to_1(shares: list[float]) -> None:
    with pytest.raises(ValueError, match=r"Grade\.shares: wanted a sum of 1"):
        check_shares("Grade.shares", np.array(shares, np.float32), 2)
    with pytest.raises(ValueError, match="wanted shape"):
        check_shares("Grade.shares", np.array([0.5, 0.5], np.float32), 3)
    right = np.array([0.25, 0.75], np.float32)
    check_shares("Grade.shares", right, 2)
    assert not right.flags.writeable
