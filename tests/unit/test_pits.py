"""Pits: refined in their boxes, found as instances of any size in fields of any size, scored as COCO defines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest
import torch
from annotate import automatic, numbered, read_annotation, refined
from export import Release, export
from hypothesis import given
from hypothesis import strategies as st
from instance_scores import Matched, Pool, Tile, average_precision, boxes_of, hits, instance_summary, mask_ious, matched
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.draw import disk

from corrovis.manifest import read_manifest
from corrovis.networks.pixel_net import BACKGROUND, POOLED, SIGMAS, PixelNet, blurred, describe
from corrovis.networks.yolo_seg import COEFFICIENTS, PROTOTYPE_STRIDE, YoloSeg
from corrovis.sem.fields import flatten
from corrovis.sem.instances import Instance, detect_tiled, paint
from corrovis.sem.preparing import scale_of
from corrovis.sem.regions import measure
from corrovis.sem.results import Field
from corrovis.sem.segmentation import InstanceRule, Segmenter, regions_of
from corrovis.settings import WEIGHTS
from corrovis.store import Store


def pitted(centres: list[tuple[int, int]], radius: int = 8, size: int = 96) -> np.ndarray:
    """(size, size) uint8: sound metal with noise, dark pits with a bright rim on one side."""
    grey = np.random.default_rng(0).normal(120, 3, (size, size))
    for y, x in centres:
        rows, columns = disk((y, x), radius, shape=grey.shape)
        grey[rows, columns] = np.where(rows < y, 60, 200)
    return grey.clip(0, 255).astype(np.uint8)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_pit_is_refined_to_its_outline_and_a_pixel_of_rim() -> None:
    truth = np.zeros((96, 96), bool)
    truth[disk((48, 40), 8)] = True
    mask = refined(pitted([(48, 40)]), np.array([30, 38, 51, 59]))
    assert (mask & truth).sum() > 0.97 * truth.sum()
    assert iou(mask, truth) > (8 / 9.2) ** 2


def test_a_refined_pit_stays_in_its_box_and_keeps_its_number() -> None:
    boxes = np.array([[12.0, 12, 29, 29], [60, 60, 77, 77], [5, 80, 5.5, 80.4]])
    numbers = numbered(pitted([(20, 20), (68, 68)]), boxes)
    assert set(np.unique(numbers)) == {0, 1, 2}, "a box of no pixel holds no pit"
    assert np.allclose(boxes_of(numbers)[:2], boxes[:2], atol=2.5)


@pytest.mark.parametrize("method", ["otsu", "random-walker"])
def test_automatic_masks_find_drawn_pits(method: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    truth = np.zeros((160, 160), bool)
    for centre in ((40, 40), (110, 90)):
        truth[disk(centre, 8)] = True
    found = automatic(pitted([(40, 40), (110, 90)], size=160), method)  # type: ignore[arg-type]
    assert iou(found, truth) > 0.6
    np.save(tmp_path / "a.npy", found)
    assert (read_annotation(tmp_path, "a") == found).all()


def test_boxes_and_numbers_are_a_pair() -> None:
    numbers = np.zeros((20, 30), int)
    numbers[2:5, 3:9], numbers[10:12, 20:21] = 1, 2
    assert boxes_of(numbers).tolist() == [[3, 2, 9, 5], [20, 10, 21, 12]]


def test_mask_ious_are_those_of_drawn_overlaps() -> None:
    found, true = np.zeros((4, 6), int), np.zeros((4, 6), int)
    found[:, :2], found[:, 4:], true[:, 1:3] = 1, 2, 1
    assert mask_ious(found, true).tolist() == [[pytest.approx(1 / 3)], [0]]


def test_one_pit_is_found_once() -> None:
    """Two findings on one pit: the surer one is right, the other is not, whatever it overlaps."""
    right = hits(np.array([[0.9], [0.95]]), np.array([0.6, 0.5]))
    assert right[:, 0].tolist() == [True, False]
    assert right[:, -1].tolist() == [False, True], "at 0.95 the surer one does not overlap enough"


@pytest.mark.parametrize(
    ("right", "true", "wanted"),
    [([1, 1], 2, 1.0), ([0, 1], 1, 0.5), ([1, 0], 2, 51 / 101), ([1, 0, 1], 2, (51 + 50 * 2 / 3) / 101), ([], 3, 0.0)],
)
def test_average_precision_is_cocos(right: list[int], true: int, wanted: float) -> None:
    """Worked by hand at 101 recalls."""
    found = np.array(right, bool)
    assert average_precision(found, np.ones(len(found)), true) == pytest.approx(wanted)


@given(st.integers(0, 1000))
def test_what_is_found_as_it_is_scores_1(seed: int) -> None:
    dice = np.random.default_rng(seed)
    numbers = np.zeros((40, 40), int)
    for n, (y, x) in enumerate(dice.permutation(16)[:5, None] // (4, 1) % 4 * 10):
        numbers[y + 1 : y + 4 + n % 3, x + 1 : x + 5] = n + 1
    boxes = boxes_of(numbers)
    tile = matched(Tile("a", boxes, numbers, dice.uniform(0.5, 1, 5), boxes, numbers))
    metrics = Pool([tile]).metrics(0.5, np.ones(1))
    errors = {name: metrics.pop(name) for name in ("count_error", "count_error_of_a_tile", "area_error")}
    assert set(metrics.values()) == {1.0}
    assert max(errors.values()) < 1e-9


def test_counts_are_those_at_the_working_point() -> None:
    hit = np.ones((3, 10), bool)
    tile = Matched("a", hit, hit, np.array([0.9, 0.6, 0.3]), np.array([0.1, 0.1, 0.1]), 4, 0.25)
    metrics = Pool([tile]).found(0.5, np.ones(1))
    assert metrics["count_error"] == 0.5
    assert metrics["area_error"] == pytest.approx(0.05)


def test_an_interval_reaches_as_far_below_the_value_as_above() -> None:
    """Errors of counts grow when tiles are drawn twice, so percentiles would lie above the value."""
    dice = np.random.default_rng(4)
    shares = [(dice.random(6), int(dice.integers(4, 9))) for _ in range(30)]
    tiles = [
        Matched(f"{i}", np.ones((6, 10), bool), np.ones((6, 10), bool), s, s / 60, n, 0.02) for i, (s, n) in enumerate(shares)
    ]
    found = instance_summary(tiles, 0.2, "drawn")["count_error_of_a_tile"]
    assert 0 < found["low"] < found["value"] < found["high"]
    assert found["high"] - found["value"] == pytest.approx(found["value"] - found["low"], abs=2e-4)


def test_a_tile_drawn_twice_counts_as_two_tiles() -> None:
    dice = np.random.default_rng(3)
    tiles = [
        Matched("a", dice.random((6, 10)) < 0.5, dice.random((6, 10)) < 0.5, dice.random(6), dice.random(6) / 9, 5, 0.3)
        for _ in range(3)
    ]
    once = Pool([tiles[0], tiles[2], tiles[2]]).metrics(0.4, np.ones(3))
    assert Pool(tiles).metrics(0.4, np.array([1.0, 0, 2])) == pytest.approx(once)


def test_unsure_pits_are_left_out_and_the_rest_renumbered() -> None:
    p = np.zeros((2, 20, 40), np.float32)
    p[1, 2:8, 2:8], p[1, 2:8, 20:26], p[1, 12:18, 30:36] = 0.9, 0.45, 0.7
    p[0] = 1 - p[1]
    labels, regions, scores = regions_of(p, InstanceRule(extent=0.4, sure=0.5, least_px=5))
    assert scores == pytest.approx([0.9, 0.7])
    assert regions.max() == 2
    assert not labels[2:8, 20:26].any()


@pytest.mark.parametrize(("long_side", "scale"), [(128, 2), (1024, 2), (1600, 1.28), (2048, 1), (5000, 1)])
def test_small_fields_are_enlarged_and_large_ones_keep_their_pixels(long_side: int, scale: float) -> None:
    assert scale_of(long_side, {"enlarge": 2, "enlarged_to": 2048}) == pytest.approx(scale)


@pytest.mark.parametrize("side", [512, 1024, 2048])
def test_pits_are_seen_at_one_size_whatever_the_size_of_their_field(side: int) -> None:
    shipped = read_manifest(WEIGHTS)
    for name in ("pits304", "pits304-pixels"):
        how = shipped[name].input
        assert scale_of(side, how) == scale_of(128, how) == how["enlarge"]


def test_photos_are_reduced_as_their_record_says() -> None:
    assert scale_of(1000, {"long_side": 384}) == 0.384
    assert scale_of(200, {"long_side": 384}) == 1


class SquareFinder(YoloSeg):
    """Answers as YOLOv8-seg does, with every bright square of a picture: box, score 0.9, a mask that fills its box."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        from skimage.measure import label, regionprops

        height, width = x.shape[2:]
        rows = []
        for part in regionprops(label(x[0, 0].numpy() > 0.5)):
            y0, x0, y1, x1 = part.bbox
            rows.append([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.9, 1.0] + [0.0] * (COEFFICIENTS - 1))
        found = torch.tensor(rows, dtype=torch.float32).reshape(-1, 5 + COEFFICIENTS).T[None]
        return found, torch.ones(1, COEFFICIENTS, height // PROTOTYPE_STRIDE, width // PROTOTYPE_STRIDE)


def test_instances_on_the_seams_of_tiles_are_found_whole_and_once() -> None:
    rgb = np.zeros((150, 210, 3), np.uint8)
    drawn = [(5, 5), (55, 60), (100, 40), (40, 118), (90, 180), (136, 196)]
    for y, x in drawn:
        rgb[y : y + 10, x : x + 12] = 255
    found = detect_tiled(SquareFinder(), rgb, (96, 32), 0.5)
    boxes = sorted((round(float(one.box_xyxy[1])), round(float(one.box_xyxy[0]))) for one in found)
    assert boxes == sorted(drawn)
    painted = paint(found, (150, 210), (1.0, 1.0))
    assert len(painted.scores) == painted.regions.max() == len(drawn)
    assert (painted.regions > 0).sum() == len(drawn) * 120
    assert ((painted.regions > 0) == (rgb[..., 0] > 0)).all()
    assert painted.probability.max() == pytest.approx(0.9)
    assert sorted(painted.boxes.tolist()) == sorted([x, y, x + 12, y + 10] for y, x in drawn)


def test_masks_are_smooth_at_the_fields_own_size() -> None:
    """A disc's logits on a coarse grid come out as a disc at four times the size, not as blocks."""
    y, x = np.mgrid[0:16, 0:16]
    logits = (5.0 - np.hypot(y - 7.5, x - 7.5)).astype(np.float32)
    regions = paint([Instance(np.array([0, 0, 64, 64], np.float32), 0.8, logits, (0, 0))], (128, 128), (2.0, 2.0)).regions
    truth = np.zeros((128, 128), bool)
    truth[disk((63.5, 63.5), 40)] = True
    assert iou(regions > 0, truth) > 0.97


def test_filters_are_gaussians() -> None:
    """SciPy's, away from the rim; those of the coarser grid wider by its box (15 / 12) and its interpolation (16 / 6)."""
    field = gaussian_filter(np.random.default_rng(0).random((256, 256)), 4) * 20
    for sigma in (*SIGMAS, BACKGROUND):
        ours = blurred(torch.from_numpy(field.astype(np.float32))[None, None], sigma)[0, 0].numpy()
        width = sigma if sigma <= POOLED else np.sqrt(sigma**2 + 15 / 12 + 16 / 6)
        assert np.abs(ours - gaussian_filter(field, width, mode="nearest"))[80:-80, 80:-80].max() < 0.05 * field.std()


@pytest.mark.parametrize("turned", [lambda x: x.rot90(1, (2, 3)), lambda x: x.flip(3)])
def test_what_a_pixel_is_does_not_turn_with_the_picture(turned) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    network, x = PixelNet().eval(), torch.rand(1, 3, 64, 64) * 2 - 1
    assert torch.allclose(network(turned(x)), turned(network(x)), atol=1e-3)


def test_features_are_brought_to_mean_0_and_deviation_1() -> None:
    network, x = PixelNet(), torch.rand(2, 1, 32, 32)
    rows = describe(x).permute(0, 2, 3, 1).flatten(0, 2)
    network.standardise(rows)
    scaled = (rows - network.mean) / network.scale
    assert scaled.mean(dim=0).abs().max() < 1e-3
    assert scaled.std(dim=0).sub(1).abs().max() < 1e-3


def test_a_pit_shows_on_a_slope_as_on_the_level() -> None:
    slope = np.add.outer(np.linspace(0, 60, 160), np.zeros(160)).astype(np.uint8) + 60
    pit = slope.copy()
    pit[disk((80, 80), 6)] -= 40
    assert np.ptp(flatten(slope)) <= 2 * 20, "what is left of the slope, at its ends"
    assert int(flatten(slope)[80, 80]) - int(flatten(pit)[80, 80]) == pytest.approx(40, abs=1)


shipped = pytest.mark.skipif("pits304" not in read_manifest(WEIGHTS), reason="pits304 is not among the weights")


@shipped
@pytest.mark.parametrize(("radius", "size"), [(5, 300), (9, 500)])
def test_drawn_pits_are_counted(radius: int, size: int) -> None:
    """Pits of two sizes in larger fields than those of training, on a grid, one in nine left out: count and area."""
    centres = [(y, x) for y in range(30, size - 20, 45) for x in range(30, size - 20, 45) if (y + x) % 9]
    truth = np.zeros((size, size), bool)
    for centre in centres:
        truth[disk(centre, radius)] = True
    field = Field(np.repeat(pitted(centres, radius, size)[..., None], 3, axis=2), "drawn.png", (0, size))
    found = Segmenter(Store(WEIGHTS)).segment(field, "pits304")
    assert len(found.scores) == pytest.approx(len(centres), rel=0.15)
    assert iou(found.labels > 0, truth) > 0.5


@pytest.mark.slow
def test_yolo_goes_through_the_store_and_leaves_the_house_as_it_was(tmp_path: Path) -> None:
    """Exported, loaded and checked like any network; what its package replaces is as before, settings are not synced."""
    save, read, printing, threads = torch.save, Image.open, np.get_printoptions(), cv2.getNumThreads()
    torch.manual_seed(0)
    network = YoloSeg(1).eval()
    assert (torch.save, Image.open) == (save, read)
    assert np.get_printoptions() == printing
    assert cv2.getNumThreads() == threads
    how = {"size": 128, "overlap": 32, "enlarge": 2, "enlarged_to": 512, "levels": "flattened", "sure": 0.001}
    classes = ("background", "pit")
    release = Release("pits304-pixels", "YoloSeg", [[1, 3, 64, 64]], "Toy", classes, how, "Toy", config={"classes": 1})
    export(network, release, tmp_path)
    field = Field(np.repeat(pitted([(40, 40)], size=120)[..., None], 3, axis=2), "drawn.png", (0, 120))
    found = Segmenter(Store(tmp_path)).segment(field, "pits304-pixels")
    assert found.labels.shape == (120, 120)
    assert ((found.regions > 0) == (found.labels > 0)).all()
    from ultralytics import settings

    assert settings["sync"] is False


def test_the_better_instance_keeps_a_shared_pixel() -> None:
    full = np.ones((16, 16), np.float32)
    pair = [Instance(np.array(box, np.float32), sure, full, (0, 0)) for box, sure in (([0, 0, 8, 8], 0.9), ([4, 0, 12, 8], 0.6))]
    painted = paint(pair, (16, 16), (1.0, 1.0))
    assert (painted.regions == 1).sum() == 64
    assert (painted.regions == 2).sum() == 32
    assert painted.scores.tolist() == pytest.approx([0.9, 0.6])
    assert painted.boxes.tolist() == [[0, 0, 8, 8], [4, 0, 12, 8]]  # the detector's own, whatever of it is hidden


class SquareStore:
    """A store whose one network is `SquareFinder`."""

    def spec(self, name: str) -> SimpleNamespace:
        seen = {"size": 96, "overlap": 32, "levels": "as they are", "sure": 0.5}
        return SimpleNamespace(input=seen, classes=("background", "pit"), sha256="0" * 64)

    def network(self, name: str) -> YoloSeg:
        return SquareFinder()


def test_a_detectors_boxes_are_those_of_its_regions_below_a_data_bar() -> None:
    grey = np.zeros((120, 90), np.uint8)
    grey[60:70, 20:32] = 255
    field = Field(np.repeat(grey[..., None], 3, axis=2), "drawn.png", (24, 120))
    found = Segmenter(cast(Store, SquareStore())).segment(field, "pits304")
    (region,) = measure(found)
    assert region.bbox_xyxy == (20, 60, 32, 70)
    assert region.area_px == 120
