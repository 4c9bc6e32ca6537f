"""Ranges of an instrument with gains of their own: the steps are found and told, and sigma holds them."""

from __future__ import annotations

import numpy as np
import pytest

from corrovis.curves import PolarizationCurve
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.ranges import range_steps

ETA = np.arange(-0.2, 0.2, 0.001)


def stepped(gain: float, seed: int, noise: float = 0.001) -> PolarizationCurve:
    """E_corr -0.45 V, 10 uA/cm2, slopes 80 and 110 mV/decade; each decade of current is off by a share of `gain` of its own."""
    random = np.random.default_rng(seed)
    i = 1e-5 * (10 ** (ETA / 0.08) - 10 ** (-ETA / 0.11))
    decade = np.floor(np.log10(np.abs(i) + 1e-7)).astype(int) + 7
    i = i * (1 + gain * random.uniform(-1, 1, 12))[decade] * (1 + noise * random.standard_normal(len(i)))
    return PolarizationCurve(ETA - 0.45, i, "stepped")


@pytest.mark.parametrize("size", [0.01, -0.03])
def test_a_step_is_found_where_it_is(size: float) -> None:
    current = 1e-5 * (10 ** (ETA / 0.08) - 10 ** (-ETA / 0.11))
    where, steps = range_steps(ETA, current * np.where(ETA > 0.1, 1 + size, 1))
    assert where == pytest.approx([0.1], abs=0.0011)
    assert steps == pytest.approx([np.log1p(size)], abs=0.002)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.03])
def test_a_curve_without_steps_has_none(noise: float) -> None:
    for seed in range(10):
        curve = stepped(0, seed, noise)
        assert len(range_steps(ETA, curve.current_a_cm2)[0]) == 0
    assert not any("jumps" in line for line in fit_tafel(curve).warnings)


def test_intervals_hold_the_truth_though_ranges_differ_by_3_percent() -> None:
    """Without the steps they held i_corr in half of the cases, and a resistance was reported that is not there."""
    held = []
    for seed in range(12):
        fit = fit_tafel(stepped(0.03, seed))
        for found, true in ((fit.i_corr, 1e-5), (fit.beta_a, 0.08), (fit.beta_c, 0.11)):
            low, high = found.limits_95
            held.append(low <= true <= high)
        assert any("jumps by up to" in line and "changes its range" in line for line in fit.warnings), seed
        assert fit.i_corr.sigma < 0.1 * fit.i_corr.value
    assert np.mean(held) > 0.85
