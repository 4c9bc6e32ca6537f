"""The distances of the evaluation against torchmetrics and against sets whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bootstrap import interval, mean_over_groups, resamples
from distances import Sample, distance, frechet, kernel, spread
from scipy.stats import binomtest, ttest_1samp
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance


class Pooled(nn.Module):
    """A feature network that can be followed by hand: the mean of each cell of a 2 x 2 grid, 12 numbers."""

    num_features = 12

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(x.double() / 25, 2).flatten(1)


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor]:
    dice = torch.Generator().manual_seed(0)
    return (
        torch.randint(0, 200, (40, 3, 8, 8), generator=dice, dtype=torch.uint8),
        torch.randint(60, 255, (30, 3, 8, 8), generator=dice, dtype=torch.uint8),
    )


def test_frechet_is_that_of_torchmetrics(pictures: tuple[Tensor, Tensor]) -> None:
    metric = FrechetInceptionDistance(feature=Pooled()).set_dtype(torch.float64)
    metric.update(pictures[0], real=True)
    metric.update(pictures[1], real=False)
    x, y = (Pooled()(p).numpy() for p in pictures)
    assert frechet(x, y) == pytest.approx(float(metric.compute()), rel=1e-4)


def test_kernel_is_that_of_torchmetrics(pictures: tuple[Tensor, Tensor]) -> None:
    x, y = (Pooled()(p[:30]).numpy() for p in pictures)
    metric = KernelInceptionDistance(feature=Pooled(), subsets=1, subset_size=30)
    metric.update(pictures[0][:30], real=True)
    metric.update(pictures[1][:30], real=False)
    assert kernel(x, y) == pytest.approx(float(metric.compute()[0]), rel=1e-4)


def test_a_shift_alone_is_its_squared_length() -> None:
    x = np.random.default_rng(0).normal(size=(50, 200))
    assert frechet(x, x + 0.1) == pytest.approx(200 * 0.01, rel=1e-6)
    assert frechet(x, x) == pytest.approx(0, abs=1e-6)


def test_the_interval_of_a_distance_holds_it_and_counts_cars() -> None:
    dice = np.random.default_rng(0)
    made = Sample(dice.normal(size=(20, 5)), np.repeat([f"a{i}" for i in range(10)], 2))
    real = Sample(dice.normal(size=(12, 5)) + 1, np.repeat([f"b{i}" for i in range(4)], 3))
    found = distance(kernel, made, real, rounds=50)
    assert found["low"] < found["value"] < found["high"]
    assert (found["n"], found["groups"], found["n_real"], found["groups_real"]) == (20, 10, 12, 4)
    first, second = made.halves(dice)
    assert not set(first.groups) & set(second.groups)
    assert len(first) + len(second) == 20


def test_spread_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = spread(list(values))
    assert found["value"] == pytest.approx(values.mean())
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_of_few_groups_the_interval_is_students() -> None:
    """Four coupons of as many fields each: that of the coupons' means, which percentiles of a bootstrap halve."""
    means = np.array([0.72, 0.83, 0.85, 0.84])
    found = mean_over_groups(np.repeat(means, 2), np.repeat(list("abcd"), 2))
    low, high = ttest_1samp(means, 0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((low, high), rel=0.02)


@pytest.mark.parametrize("right", [False, True])
def test_a_share_that_is_nothing_or_all_is_not_known_for_certain(right: bool) -> None:
    """Of 74 cars in 148 photos: what Clopper and Pearson say of 74 trials.  A length that never varies is known."""
    cars = np.repeat(np.arange(74), 2)
    found = mean_over_groups(np.full(148, right), cars)
    exact = binomtest(74 * right, 74).proportion_ci()
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert set(mean_over_groups(np.ones(148), cars).values()) == {1}
    assert interval(1.0, [1.0, 1.0], 1, (0, 1))["low"] == pytest.approx(0.025)


def test_groups_are_drawn_whole_and_among_those_alike() -> None:
    group, level = np.array(list("aabbbcdd")), np.array([0, 1, 1, 0, 0, 0, 0, 0])
    whole, alike, within = (resamples(group, 50, **how) for how in ({}, {"alike": level}, {"within": True}))
    of = {name: np.flatnonzero(group == name) for name in "abcd"}
    for drawn in whole:
        counts = np.bincount(drawn, minlength=8)
        assert all(len(set(counts[own])) == 1 for own in of.values())
        assert sum(counts[own[0]] for own in of.values()) == 4
    for drawn in alike:
        assert sum((drawn == own[0]).sum() for own in (of["a"], of["b"])) == 2, "both have a photo of level 1"
    assert any(len(set(np.bincount(drawn, minlength=8)[2:5])) > 1 for drawn in within), "members too are drawn again"
