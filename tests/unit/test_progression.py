"""Trends recover what was put in, and are absent where the data cannot carry them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corrovis.errors import BadInputError
from corrovis.sem.progression import Estimate, Point, compare, read_table, trends


def points(condition: str, per_hour: float, noise: float = 0.0) -> list[Point]:
    dice = np.random.default_rng(0)
    return [Point(condition, h, 0.1 + per_hour * h + dice.normal(0, noise), "low") for h in (1, 1, 2, 2, 4, 4)]


def test_a_known_growth_is_recovered() -> None:
    (trend,) = trends(points("650 C", 0.05, noise=0.005))
    assert trend.per_hour is not None
    assert trend.per_hour.low < 0.05 < trend.per_hour.high
    assert trend.per_hour.value == pytest.approx(0.05, abs=0.005)


def test_conditions_keep_their_order_and_differ_as_drawn() -> None:
    both = points("b", 0.02) + points("a", 0.05)
    assert [trend.condition for trend in trends(both)] == ["b", "a"]
    (contrast,) = compare(both)
    assert (contrast.first, contrast.second, contrast.exposures_h) == ("b", "a", (1, 2, 4))
    assert contrast.difference.value == pytest.approx(0.03 * (1 + 2 + 4) / 3)


def test_one_exposure_or_two_fields_give_no_trend() -> None:
    assert trends([Point("a", 4, x, "low") for x in (0.1, 0.2, 0.3)])[0].per_hour is None
    assert trends([Point("a", h, 0.1, "low") for h in (1, 2)])[0].per_hour is None


def test_without_repeats_a_difference_has_no_interval() -> None:
    (contrast,) = compare([Point("a", 1, 0.1, "low"), Point("b", 1, 0.4, "low")])
    assert contrast.difference.value == pytest.approx(0.3)
    assert contrast.difference.low is None


def test_conditions_without_a_common_exposure_are_not_compared() -> None:
    assert compare([Point("a", 1, 0.1, "low"), Point("b", 2, 0.4, "low")]) == ()


@pytest.mark.parametrize("text", ["file,exposure_h,condition\na.png,1.5,dry\n", "file;exposure_h;condition\na.png;1,5;dry\n"])
def test_tables_are_read_with_comma_or_semicolon(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8-sig")
    (row,) = read_table(tmp_path / "t.csv")
    assert (row.file, row.exposure_h, row.condition) == (tmp_path / "a.png", 1.5, "dry")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column file"),
        ("file,condition\n", "no column exposure_h"),
        ("file,exposure_h,condition\n", "has no rows"),
        ("file,exposure_h,condition\na.png,long,x\n", "line 2: exposure_h is 'long'"),
        ("file,exposure_h,condition\na.png,-1,x\n", "0 or more"),
        ("file,exposure_h,condition\na.png\n", "exposure_h is None"),
    ],
)
def test_bad_tables_say_what_is_missing(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_table(tmp_path / "t.csv")


def test_fields_that_are_all_alike_do_not_grow() -> None:
    assert trends([Point("a", h, 0.0, "low") for h in (1, 2, 4)])[0].per_hour == Estimate(0, 0, 0)
