"""The material classifier: the seed's network to the last parameter, what a field is seen as, and when its answer is doubted."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from calibration import fit_temperature
from command_line import Run
from grade_scores import calibration_error
from material import Lesson, lesson_of, probabilities, scores_of
from material_data import LEAST_PART, Sample, delivered, load_samples, specimen_of, view
from material_familiarity import distances_of, fit_gauge
from material_learners import Plan, fit_head, linear_of, texture
from micrographs import grains, with_bar
from scipy.spatial.distance import cosine
from torch import nn

from corrovis.contrast import two_greys
from corrovis.errors import BadInputError, WeightsError
from corrovis.images import save_png
from corrovis.networks.material_cnn import MaterialCNN
from corrovis.results import Provenance
from corrovis.sem.fields import read_field
from corrovis.sem.layers import LayerViewer
from corrovis.sem.material import Material, MaterialClassifier, probabilities_of, squares, squares_input
from corrovis.sem.results import Field
from corrovis.store import Store, own_weights
from corrovis.tasks.materials import material_record


def test_table_6_to_the_last_parameter() -> None:
    network = MaterialCNN(outputs=1)
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_453_121
    sides, x = [], torch.zeros(1, 3, 150, 150)
    for layer in network.layers:
        x = layer(x)
        if not isinstance(layer, nn.ReLU):
            sides.append(x.shape[-1])
    assert sides == [148, 74, 72, 36, 34, 17, 15, 7]


def test_figure_8_has_the_layers_it_shows() -> None:
    network = MaterialCNN(outputs=2, form="figure8").eval()
    kinds = [type(layer) for layer in network.modules()]
    assert [kinds.count(kind) for kind in (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.Dropout, nn.Linear)] == [5, 5, 4, 1, 1]
    logits, distance = network(torch.zeros(1, 3, 450, 450))
    assert (logits.shape, distance.shape) == ((1, 2), (1,))


def test_distance_is_the_cosine_to_the_nearest_prototype() -> None:
    dice = np.random.default_rng(0)
    features = dice.normal(size=(100, 6)) + np.eye(6)[np.repeat([0, 1], 50)] * 9
    gauge = fit_gauge(features, np.repeat([0, 1], 50), prototypes=3)
    assert len(gauge.prototypes) == 6
    points = np.concatenate([features[::20], dice.normal(size=(4, 6)) * 5])
    centre, prototypes = features.mean(axis=0), gauge.prototypes.numpy()
    wanted = [min(cosine(point - centre, one) for one in prototypes) for point in points]
    assert distances_of(gauge, points) == pytest.approx(wanted, abs=1e-5)
    assert distances_of(gauge, features).mean() < 0.1 < distances_of(gauge, centre[None] + [[0, 0, 0, 0, 9, 0]])[0]


def test_squares_show_texture_not_exposure() -> None:
    grey = grains(300, 500)
    seen = squares(grey, 64)
    assert seen.shape[1:] == (64, 64)
    assert seen.dtype == np.uint8
    darker = squares((grey * 0.6 + 12).astype(np.uint8), 64)
    assert np.abs(seen.astype(int) - darker.astype(int)).mean() < 3


def test_squares_of_empty_resin_are_left_out() -> None:
    grey = np.full((400, 800), 20, np.uint8)
    grey[:, 400:] = grains(400, 400)
    assert all(one.std() > 5 for one in squares(grey, 64))
    assert len(squares(np.full((64, 64), 9, np.uint8), 32)) == 1


def test_the_data_bar_changes_nothing(toy_store: Store, tmp_path: Path) -> None:
    grey, classifier = grains(180, 240), MaterialClassifier(toy_store)
    answers = []
    for name, picture in (("plain", grey), ("bar", with_bar(grey, "bottom", 0))):
        path = tmp_path / f"{name}.png"
        save_png(np.repeat(picture[..., None], 3, axis=2), path, None)
        answers.append(classifier.classify(read_field(path)))
    assert (answers[0].probabilities == answers[1].probabilities).all()
    assert "data bar cropped: 28 rows below" in answers[1].warnings


def test_a_plain_frame_changes_nothing_and_writing_is_told(toy_store: Store) -> None:
    grey, classifier = grains(180, 240), MaterialClassifier(toy_store)
    framed = cv2.copyMakeBorder(grey, 30, 20, 25, 35, cv2.BORDER_CONSTANT, value=255)
    marked = np.repeat(grey[..., None], 3, axis=2)
    marked[20:30, 40:90] = (255, 0, 0)
    plain, inside, drawn = (classifier.classify(field_of(one)) for one in (grey, framed, marked))
    assert np.array_equal(plain.probabilities, inside.probabilities)
    assert (plain.distance, plain.warnings) == (inside.distance, inside.warnings)
    assert any("coloured marks lie on this grey picture" in warning for warning in drawn.warnings)
    empty = cv2.copyMakeBorder(np.full((120, 120), 90, np.uint8), 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
    assert "hardly any contrast" in classifier.classify(field_of(empty)).stranger


def field_of(rgb: np.ndarray) -> Field:
    rgb = rgb if rgb.ndim == 3 else np.repeat(rgb[..., None], 3, axis=2)
    return Field(np.ascontiguousarray(rgb), "drawn", (0, len(rgb)))


def test_what_is_no_micrograph_is_said_to_be_none(toy_store: Store) -> None:
    """And is not familiar, however near the network takes it to be; what is warned of and what is answered are one."""
    grey = np.repeat(grains(100, 100)[..., None], 3, axis=2)
    tinted = np.clip(grey * np.array([1, 0.8, 0.6]), 0, 255).astype(np.uint8)
    noise = np.repeat(np.random.default_rng(0).integers(0, 255, (90, 90, 1)).astype(np.uint8), 3, axis=2)
    cases = {"colour picture": tinted, "hardly any contrast": np.full((90, 90, 3), 90, np.uint8), "above noise": noise}
    cases["100 x 64 pixels are too few"] = grey[:64]
    cases["two grey levels"] = np.where(grey > 120, 255, 0).astype(np.uint8)
    cases["too blurred to show a texture"] = cv2.GaussianBlur(np.repeat(grains(300, 300)[..., None], 3, axis=2), (0, 0), 6)
    for said, rgb in cases.items():
        found = MaterialClassifier(toy_store).classify(field_of(rgb))
        assert said in found.stranger
        assert found.stranger in found.warnings
        assert not found.familiar
        assert material_record(found)["familiar"] is False
    assert MaterialClassifier(toy_store).classify(field_of(grey)).familiar


def test_few_grey_levels_alone_make_no_drawing() -> None:
    """Nor does an empty picture, of which something else is said, raise anything."""
    few = np.where(grains(100, 100) < 150, 120, 160).astype(np.uint8)
    few[:4], few[-4:] = 0, 255
    assert not two_greys(few)
    assert two_greys(np.where(few < 150, 0, 255).astype(np.uint8))
    assert two_greys(np.zeros((9, 9), np.uint8))


def test_panels_of_a_figure_are_answered_together_and_that_is_said(toy_store: Store) -> None:
    """A black layer across the field, as of resin, parts nothing."""
    one, classifier = grains(120, 100), MaterialClassifier(toy_store)
    figure, layered = (np.hstack([one, np.full((120, 12), gap, np.uint8), one]) for gap in (255, 0))
    said = [
        any("white stripes part the picture" in note for note in classifier.classify(field_of(x)).warnings)
        for x in (one, figure, figure.T.copy(), layered)
    ]
    assert said == [False, True, True, False]


def test_probabilities_of_a_material_sum_to_1() -> None:
    with pytest.raises(ValueError, match=r"Material\.probabilities: wanted a sum of 1"):
        Material(np.array([0.5, 0.6], np.float32), ("a", "b"), 0.5, "", (), Provenance("toy", "0" * 64, 0.0))


def test_far_from_training_is_unfamiliar(toy_store: Store) -> None:
    grey = np.repeat(grains(100, 120)[..., None], 3, axis=2)
    classifier = MaterialClassifier(toy_store)
    near = classifier.classify(field_of(grey))
    assert near.familiar
    network = toy_store.network("material")
    prototypes = network.familiarity.prototypes.clone()
    with torch.inference_mode():
        away = network.features(squares_input(squares(grey[..., 0], 64))).mean(dim=0) - network.familiarity.centre
    network.familiarity.prototypes.copy_(-away)  # all that was learned lies on the other side
    try:
        strange = classifier.classify(field_of(grey))
    finally:
        network.familiarity.prototypes.copy_(prototypes)
    assert not strange.familiar
    assert any("unlike anything in training" in warning for warning in strange.warnings)
    assert strange.distance > near.distance


def test_without_a_limit_nothing_is_called_familiar_in_silence(toy_store: Store) -> None:
    classifier = MaterialClassifier(toy_store)
    kept = {name: value for name, value in classifier.spec.input.items() if name != "unfamiliar_above"}
    classifier.spec = replace(classifier.spec, input=kept)
    found = classifier.classify(field_of(np.repeat(grains(100, 120)[..., None], 3, axis=2)))
    assert found.distance == 0
    assert any("too few specimens" in warning for warning in found.warnings)


def test_one_logit_is_the_second_class() -> None:
    assert probabilities_of(torch.tensor([0.0])) == pytest.approx([0.5, 0.5])
    assert probabilities_of(torch.tensor([np.log(3.0)])) == pytest.approx([0.25, 0.75])
    assert probabilities_of(torch.tensor([0.0, 0.0, np.log(2.0)])) == pytest.approx([0.25, 0.25, 0.5])


def test_weights_that_are_none_are_refused(toy_weights: Path, toy_store: Store, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is no file"):
        own_weights(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="tells no materials"):
        MaterialClassifier(*own_weights(toy_weights / "car-mask.safetensors"))
    assert MaterialClassifier(*own_weights(toy_weights / "material.safetensors")).spec.classes == ("steel", "nickel", "oxide")
    assert "material" in LayerViewer(toy_store).models


@pytest.mark.parametrize(
    ("file", "group", "exposure", "specimen"),
    [
        ("ss_lbe/a.jpg", "Sample-A-CO", "675 C", "Sample-A"),
        ("ss_lbe/b.jpg", "Sample-A-RAC", "675 C", "Sample-A"),
        ("nasa_super/c.jpg", "spot1_180d", "", "spot1"),
        ("lmd/d.jpg", "lmd", "500 C", "500 C"),
        ("lmd/e.jpg", "lmd", "", "unknown"),
        ("pits304/f.png", "field8", "5 min", "field8"),
    ],
)
def test_specimens_are_never_split(file: str, group: str, exposure: str, specimen: str) -> None:
    assert specimen_of({"file": file, "group": group, "exposure": exposure}) == specimen


def drawn_lesson() -> Lesson:
    """Two materials, four specimens each, two fields of every specimen."""
    grey = grains(60, 60)
    return lesson_of([Sample(f"{m}{s}{i}", m, f"{m}{s}", grey) for m in "ab" for s in range(4) for i in range(2)])


def test_folds_share_no_specimen_and_leave_out_every_field_once() -> None:
    lesson = drawn_lesson()
    folds = lesson.folds()
    assert all(not set(lesson.groups[known]) & set(lesson.groups[held_out]) for known, held_out in folds)
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(len(lesson.samples)))


def test_a_material_of_two_specimens_is_known_to_every_fold() -> None:
    """Four folds none the less: the others need not learn from half of all specimens for one that has but two."""
    grey = grains(60, 60)
    many = [Sample(f"a{s}{i}", "a", f"a{s}", grey) for s in range(8) for i in range(4)]
    lesson = lesson_of([*many, *(Sample(f"b{s}{i}", "b", f"b{s}", grey) for s in range(2) for i in range(4))])
    assert len(lesson.folds()) == 4
    assert all(set(lesson.labels[known]) == {0, 1} for known, _ in lesson.folds())
    assert lesson.on.endswith("4 folds")


def test_fields_reach_training_as_users_deliver_them() -> None:
    """Mostly as they are; at times a part, smaller or compressed, and never smaller than a part may be."""
    grey, dice = np.random.default_rng(0).integers(0, 256, (300, 200), np.uint8), random.Random(0)
    seen = [delivered(grey, dice) for _ in range(200)]
    same = [one.shape == grey.shape and (one == grey).all() for one in seen]
    assert 80 < sum(same) < 160
    assert any(one.shape != grey.shape for one in seen)
    assert min(min(one.shape) for one in seen) >= LEAST_PART
    tiny = grey[:40, :30]
    assert all(max(delivered(tiny, dice).shape) <= 40 for _ in range(50))


def test_a_material_of_one_specimen_cannot_be_scored() -> None:
    grey = grains(60, 60)
    assert lesson_of([Sample(str(n), "ab"[n % 2], "ab"[n % 2], grey) for n in range(6)]).folds() == []


def test_the_linear_layer_is_the_regression() -> None:
    dice = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    features = dice.normal(size=(60, 4)) * 5 + labels[:, None]
    head = fit_head(features, labels, np.arange(60), Plan())
    weight, bias = linear_of(head)
    assert features @ weight.numpy().T + bias.numpy() == pytest.approx(head.decision_function(features), abs=1e-4)


def test_temperature_is_recovered() -> None:
    dice = np.random.default_rng(0)
    logits = dice.normal(size=(20_000, 3))
    labels = np.array([dice.choice(3, p=p) for p in probabilities(logits)])
    assert fit_temperature(logits * 2.5, labels, probabilities) == pytest.approx(2.5, rel=0.1)


def test_a_fold_is_scored_at_the_temperature_of_the_others() -> None:
    lesson, dice = drawn_lesson(), np.random.default_rng(0)
    logits = dice.normal(0, 3, (len(lesson.samples), 1)) + 4.0 * lesson.labels[:, None] - 2
    p = np.zeros((len(lesson.samples), 2))
    for known, held_out in lesson.folds():
        p[held_out] = probabilities(logits[held_out], fit_temperature(logits[known], lesson.labels[known], probabilities))
    found = scores_of(lesson, logits)["metrics"]["calibration_error"]["value"]
    assert found == pytest.approx(calibration_error(p, lesson.labels), abs=1e-4)
    own = probabilities(logits, fit_temperature(logits, lesson.labels, probabilities))
    assert found != pytest.approx(calibration_error(own, lesson.labels), abs=1e-3)


def test_texture_knows_no_brightness() -> None:
    grey = grains(80, 80) // 2
    assert texture(grey + 60) == pytest.approx(texture(grey), abs=5e-3)  # rounding between pixels may break ties


def test_views_are_squares_of_the_field() -> None:
    import random

    sample = Sample("a", "a", "a", grains(100, 160))
    views = [view(sample, 48, random.Random(seed)) for seed in range(4)]
    assert all(one.shape == (48, 48) and one.std() > 3 for one in views)
    assert (view(sample, 48, random.Random(0)) == views[0]).all()


def test_a_folder_for_each_alloy(tmp_path: Path) -> None:
    for name in ("316L/one/a.png", "316L/one/b.png", "316L/c.png", "AZ31B/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        save_png(np.repeat(grains(60, 60)[..., None], 3, axis=2), tmp_path / name, None)
    samples = load_samples(tmp_path)
    assert {(s.material, s.group) for s in samples} == {("316L", "316L/one"), ("316L", "316L/c"), ("AZ31B", "AZ31B/d")}
    with pytest.raises(BadInputError, match="a folder for each of two alloys"):
        load_samples(tmp_path / "316L")


def test_material_answers_by_file(corrovis: Run, tmp_path: Path) -> None:
    save_png(np.repeat(grains()[..., None], 3, axis=2), tmp_path / "a.png", None)
    (tmp_path / "b.png").write_text("<html>")
    answer = corrovis("material", tmp_path / "a.png", tmp_path / "b.png", "--json")
    assert answer.code == 0, answer.err
    first, second = answer.json["items"]
    assert first["file"] == str(tmp_path / "a.png")
    assert set(first["probabilities"]) == {"steel", "nickel", "oxide"}
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert first["material"] == max(first["probabilities"], key=first["probabilities"].get)
    assert set(second) == {"file", "error"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.png"], "none.png cannot be read"),
        (["a.png", "b.png"], "none of 2 files could be classified"),
        (["a.png", "--weights", "lab.safetensors"], "lab.safetensors is no file"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str],
    said: str,
    corrovis: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("kV 15")
    monkeypatch.chdir(tmp_path)
    answer = corrovis("material", *words)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err
