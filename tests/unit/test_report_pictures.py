"""A report's picture carries the numbers of its regions and a scale bar, and hides nothing with them."""

from __future__ import annotations

import numpy as np
import pytest
from micrographs import square
from numpy.typing import NDArray

from corrovis.render.sem_pictures import READABLE, rounds, with_numbers, with_scale_bar
from corrovis.results import Byte


def drawn_at(numbers: list[int], regions: NDArray[np.int32], size_hw: tuple[int, int]) -> Byte:
    """Which pixels of a picture of this size numbers take: (h, w) bool."""
    grey = np.full((*size_hw, 3), 120, np.uint8)
    found = with_numbers(grey, regions, numbers)
    assert (grey == 120).all()
    return np.asarray((found != 120).any(axis=2))


def test_a_number_stands_where_its_region_is_widest() -> None:
    regions = np.zeros((800, 1000), np.int32)
    regions[100:104, 50:900] = 1  # a long arm
    regions[60:160, 650:750] = 1  # and a hand, away from the middle of the whole
    regions[600:700, 0:20] = 2  # at the edge: the number is moved inwards, not cut
    for size, scale in (((800, 1000), 1.0), ((400, 500), 0.5)):
        y, x = np.nonzero(drawn_at([1], regions, size))
        assert np.allclose((y.mean(), x.mean()), (110 * scale, 700 * scale), atol=6)
        both = drawn_at([1, 2], regions, size)
        assert both[round(540 * scale) : round(700 * scale), : round(60 * scale)].any()
    assert not drawn_at([3], regions, (400, 500)).any()


def test_a_number_does_not_hide_a_small_region() -> None:
    """It stands beside it, inside the picture, and a line leads there."""
    for top, left in ((200, 250), (0, 0), (395, 495)):
        regions = np.zeros((400, 500), np.int32)
        regions[top : top + 5, left : left + 5] = 1
        drawn = drawn_at([1], regions, (400, 500))
        assert drawn.sum() > 30
        assert not drawn[regions > 0].any()
        near = np.zeros((400, 500), bool)
        near[max(0, top - 4) : top + 9, max(0, left - 4) : left + 9] = True
        assert drawn[near].any()


@pytest.mark.parametrize(
    ("wide_um", "length_um", "rows"), [(1000, 200, 400), (100, 20, 300), (0.9, 0.2, 400), (3.9, 0.5, 400), (4e6, 1e6, 400)]
)
def test_the_reports_picture_has_a_scale_bar_of_a_round_length(wide_um: float, length_um: float, rows: int) -> None:
    """White on black, as long as it says, above the instrument's data bar."""
    found = with_scale_bar(np.full((400, 500, 3), 120, np.uint8), wide_um, rows / 400)
    bar = (found == 255).all(axis=2).sum(axis=1)
    assert bar.max() == pytest.approx(length_um / wide_um * 500, abs=1.5)
    assert np.flatnonzero((found != 120).any(axis=(1, 2))).max() < rows


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0.9, 12, [0.5, 1, 2, 5, 10, 20]), (3, 4, [2, 5]), (2, 5, [2, 5]), (900, 1001, [500, 1000, 2000])]
)
def test_round_numbers_enclose_a_range(low: float, high: float, ticks: list[float]) -> None:
    assert rounds(low, high) == ticks


def test_a_tiny_picture_is_enlarged_for_its_numbers() -> None:
    assert drawn_at([1], square((64, 80)), (64, 80)).shape == (64 * (READABLE // 80), READABLE)
    bright = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    assert (with_numbers(bright, square((64, 80)), [])[::8, ::8] == bright).all()
