"""Tiles cover a picture, overlap enough, and make it again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrovis.tiles import Stitcher, evenly, spread_starts, tile_starts, windows


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(8, 64), st.integers(0, 7))
def test_tiles_cover_all_and_overlap_enough(length: int, side: int, overlap: int) -> None:
    starts = tile_starts(length, side, overlap)
    covered = np.zeros(length, int)
    for start in starts:
        covered[start : start + side] += 1
    assert covered.min() >= 1
    assert max(starts) + side <= max(length, side)
    assert all(b - a <= side - overlap for a, b in pairwise(starts))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 8), st.integers(0, 8))
def test_tiles_on_a_grid_cover_all_and_overlap_enough(length: int, inner: int, overlap: int) -> None:
    side = 4 * (inner + overlap)
    starts = tile_starts(length, side, 4 * overlap, 4)
    assert all(start % 4 == 0 for start in starts)
    assert all(b - a <= side - 4 * overlap for a, b in pairwise(starts))
    assert length <= starts[-1] + side < max(length, side) + 4 or length <= side


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90))
def test_a_field_cut_up_and_stitched_is_the_field(height: int, width: int) -> None:
    field = np.random.default_rng(0).random((2, height, width), np.float32)
    stitcher = Stitcher((height, width), 8, 2)
    for where in windows((height, width), 32, 8):
        stitcher.add(where, field[:, *where])
    assert np.allclose(stitcher.whole(), field, atol=1e-6)


@given(st.integers(1, 60), st.integers(1, 12))
def test_a_few_of_many_are_spread_from_end_to_end(count: int, most: int) -> None:
    chosen = evenly(range(count), most)
    assert len(set(chosen)) == len(chosen) == min(count, most)
    assert chosen[0] == 0
    if len(chosen) > 1:
        steps = np.diff(chosen)
        assert chosen[-1] == count - 1
        assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(("length", "starts"), [(40, [0]), (64, [0]), (65, [0, 1]), (256, [0, 64, 128, 192])])
def test_tiles_are_spread_over_what_is_longer(length: int, starts: list[int]) -> None:
    assert spread_starts(length, 64, 8) == starts
    assert spread_starts(6400, 64, 3) == [0, 3168, 6336]
