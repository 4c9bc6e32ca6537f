"""Trends recover what was put in, and are absent where the data cannot carry them."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pandas
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp, ttest_ind, ttest_rel

from corrovis.errors import BadInputError
from corrovis.sem.exposure_table import Row, hours_in, look_alikes, read_table
from corrovis.sem.progression import Estimate, Point, compare, trends

LOW, SEVERE = (1.0, 0.0, 0.0), (0.0, 0.1, 0.9)


def points(condition: str, per_hour: float, noise: float = 0.0, share: float = 0.1) -> list[Point]:
    """Six fields; the probability of moderate, and so the level, is the corroded share."""
    dice = np.random.default_rng(0)
    shares = [(h, share + per_hour * h + dice.normal(0, noise)) for h in (1, 1, 2, 2, 4, 4)]
    return [Point(condition, h, x, (1 - x, x, 0.0), "low") for h, x in shares]


def test_severity_is_a_level_too() -> None:
    assert Point("a", 1, 0.6, SEVERE, "severe").severity_level == pytest.approx(1.9)


def test_a_known_growth_is_recovered() -> None:
    (trend,) = trends(points("650 C", 0.05, noise=0.005))
    for line in (trend.area, trend.severity):
        assert line is not None
        assert line.per_hour.low < 0.05 < line.per_hour.high
        assert line.per_hour.value == pytest.approx(0.05, abs=0.005)


def test_the_band_is_that_of_the_mean_of_a_regression() -> None:
    """Against the textbook: X (X'X)^-1 X' times the residual variance, and Student's t."""
    own = points("650 C", 0.05, noise=0.02)
    hours, shares, at = np.array([p.exposure_h for p in own]), np.array([p.corroded_fraction for p in own]), np.array([0.0, 2, 6])
    x, new = np.stack([np.ones(6), hours], axis=1), np.stack([np.ones(3), at], axis=1)
    (beta, left, *_) = np.linalg.lstsq(x, shares, rcond=None)
    half = student.ppf(0.975, 4) * np.sqrt(left[0] / 4 * np.diag(new @ np.linalg.inv(x.T @ x) @ new.T))
    (trend,) = trends(own)
    assert trend.area is not None
    assert trend.area.at(at) == pytest.approx(new @ beta)
    assert trend.area.band(at) == (pytest.approx(new @ beta - half), pytest.approx(new @ beta + half))


def test_repeats_have_a_mean_with_an_interval() -> None:
    """Against scipy's t test; the area of a picture ends at none and all of it."""
    fields = [Point("a", 4, x, (1 - x, x, 0.0), "low") for x in (0.1, 0.2, 0.3)]
    (alone,) = trends([Point("a", 1, 0.05, LOW, "low"), *fields])
    single, repeated = alone.means
    assert (single.exposure_h, single.fields, single.corroded_fraction) == (1, 1, Estimate(0.05, None, None))
    assert (repeated.exposure_h, repeated.fields) == (4, 3)
    _, high = ttest_1samp([0.1, 0.2, 0.3], 0).confidence_interval(0.95)
    for mean in (repeated.corroded_fraction, repeated.severity_level):
        assert (mean.value, mean.low, mean.high) == (pytest.approx(0.2), 0, pytest.approx(high))


def test_conditions_keep_their_order_and_differ_as_drawn() -> None:
    both = points("b", 0.02) + points("a", 0.05)
    assert [trend.condition for trend in trends(both)] == ["b", "a"]
    (contrast,) = compare(both)
    assert (contrast.first, contrast.second, contrast.exposures_h) == ("b", "a", (1, 2, 4))
    assert contrast.difference.value == pytest.approx(0.03 * (1 + 2 + 4) / 3)
    assert contrast.severity_difference.value == pytest.approx(0.03 * (1 + 2 + 4) / 3)


def test_fields_of_one_share_may_differ_in_severity() -> None:
    first = [Point("a", h, 0.3, LOW, "low") for h in (1, 1, 2)]
    (contrast,) = compare(first + [Point("b", h, 0.3, SEVERE, "severe") for h in (1, 1, 2)])
    assert contrast.difference == Estimate(0, None, None)
    assert contrast.severity_difference.value == pytest.approx(1.9)


def test_one_exposure_or_two_fields_give_no_trend() -> None:
    assert trends([Point("a", 4, x, LOW, "low") for x in (0.1, 0.2, 0.3)])[0].area is None
    assert trends([Point("a", h, 0.1, LOW, "low") for h in (1, 2)])[0].severity is None
    for alike in ((1e9, 1e9 - 1e-7, 1e9), (1e-300, 2e-300, 4e-300)):
        assert trends([Point("a", h, 0.1 + h / 1e10, LOW, "low") for h in alike])[0].area is None


@pytest.mark.parametrize(("names", "line"), [("aaaa", False), ("abab", False), ("abca", True), (("a", "", "", ""), True)])
def test_a_specimen_followed_in_time_is_one(names: str, line: bool) -> None:
    fields = [Point("a", h, 0.1 * h, LOW, "low", specimen=name) for h, name in zip((1, 2, 3, 4), names, strict=True)]
    assert (trends(fields)[0].area is not None) == line


def test_without_repeats_a_difference_has_no_interval() -> None:
    (contrast,) = compare([Point("a", 1, 0.1, LOW, "low"), Point("b", 1, 0.4, LOW, "low")])
    assert contrast.difference.value == pytest.approx(0.3)
    assert contrast.difference.low is None


def test_without_repeats_three_exposures_give_the_paired_interval() -> None:
    """Against scipy's paired t test."""
    shares = {"a": (0.10, 0.21, 0.30, 0.44), "b": (0.15, 0.30, 0.44, 0.60)}
    named = [(name, *pair) for name, own in shares.items() for pair in zip((1, 2, 4, 8), own, strict=True)]
    fields = [Point(name, hours, x, (1 - x, x, 0.0), "low") for name, hours, x in named]
    (contrast,) = compare(fields)
    low, high = ttest_rel(shares["b"], shares["a"]).confidence_interval(0.95)
    for difference in (contrast.difference, contrast.severity_difference):
        assert difference.value == pytest.approx(0.11)
        assert (difference.low, difference.high) == (pytest.approx(low), pytest.approx(high))
    assert contrast.interval == "paired t"
    assert compare([p for p in fields if p.exposure_h < 4])[0].interval is None


def test_with_repeats_a_difference_has_welchs_interval() -> None:
    """Against scipy's at one exposure; at several alike it narrows as a mean does, with the freedom of all of them."""
    shares = {"a": (0.10, 0.14, 0.21), "b": (0.30, 0.31)}
    fields = [Point(name, h, x, (1 - x, x, 0.0), "low") for h in (1, 2) for name, own in shares.items() for x in own]
    (alone,) = compare([p for p in fields if p.exposure_h == 1])
    tested = ttest_ind(shares["b"], shares["a"], equal_var=False)
    low, high = tested.confidence_interval(0.95)
    for difference in (alone.difference, alone.severity_difference):
        assert (difference.low, difference.high) == (pytest.approx(low), pytest.approx(high))
    (both,) = compare(fields)
    half = (high - low) / 2 / student.ppf(0.975, tested.df) * student.ppf(0.975, 2 * tested.df) / np.sqrt(2)
    assert both.interval == "Welch t"
    assert both.difference.high - both.difference.value == pytest.approx(half)


@pytest.mark.parametrize(("exposures", "repeats", "fields"), [(1, 2, 1), (1, 3, 1), (2, 2, 1), (2, 3, 1), (2, 2, 4), (3, 1, 5)])
def test_conditions_that_are_alike_are_seldom_called_different(exposures: int, repeats: int, fields: int) -> None:
    """Specimens that differ as much as their own fields do."""
    dice, called = np.random.default_rng(0), 0
    for _ in range(400):
        drawn = [
            Point(name, h, level + dice.normal(0, 0.05), LOW, "low", specimen=str(number))
            for name in "ab"
            for h in range(exposures)
            for number in range(repeats)
            for level in [dice.normal(0.3, 0.05)]
            for _ in range(fields)
        ]
        (contrast,) = compare(drawn)
        called += not contrast.difference.low < 0 < contrast.difference.high
    assert called <= 0.07 * 400


def test_fields_of_one_specimen_count_once() -> None:
    """Whatever their number, as a field with their mean would; the fields themselves are all kept."""
    shares = {("a", 1): (0.1, 0.2, 0.6), ("b", 1): (0.2,), ("a", 2): (0.5, 0.3), ("c", 4): (0.6,)}
    fields = [Point("dry", h, x, (1 - x, x, 0), "low", specimen=name) for (name, h), own in shares.items() for x in own]
    alone = [Point("dry", h, np.mean(own), (1 - np.mean(own), np.mean(own), 0), "low") for (_, h), own in shares.items()]
    (trend,), (wanted,) = trends(fields), trends(alone)
    assert len(trend.points) == len(fields)
    assert trend.area is not None
    for line, other in ((trend.area, wanted.area), (trend.severity, wanted.severity)):
        assert astuple(line.per_hour) == pytest.approx(astuple(other.per_hour))
    assert [(mean.fields, mean.specimens) for mean in trend.means] == [(4, 2), (2, 1), (1, 1)]
    assert astuple(trend.means[0].corroded_fraction) == pytest.approx(astuple(wanted.means[0].corroded_fraction))
    assert trend.means[1].corroded_fraction == Estimate(pytest.approx(0.4), None, None)


def test_what_two_models_found_is_not_put_together() -> None:
    """Neither a line nor a mean of their fields, and no difference between those of one and those of the other."""
    fields = {name: points(name, 0.05) for name in "abc"}
    fields["a"][-1] = replace(fields["a"][-1], model="pits304")
    fields["c"] = [replace(point, model="pits304") for point in fields["c"]]
    mixed, one, other = trends([point for own in fields.values() for point in own])
    assert (mixed.area, mixed.severity) == (None, None)
    assert [mean.exposure_h for mean in mixed.means] == [1, 2]
    assert one.area == other.area is not None
    assert compare(fields["b"] + fields["c"]) == compare(fields["a"] + fields["b"]) == ()


def test_conditions_without_a_common_exposure_are_not_compared() -> None:
    assert compare([Point("a", 1, 0.1, LOW, "low"), Point("b", 2, 0.4, LOW, "low")]) == ()


@pytest.mark.parametrize("text", ["file,exposure_h,condition\na.png,1.5,dry\n", "file;exposure_h;condition\na.png;1,5;dry\n"])
def test_tables_are_read_with_comma_or_semicolon(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8-sig")
    (row,) = read_table(tmp_path / "t.csv")
    assert (row.file, row.exposure_h, row.condition) == (tmp_path / "a.png", 1.5, "dry")


@pytest.mark.parametrize(
    "text",
    [
        "file\texposure_h\tcondition\na.png\t1.5\tdry\n",
        "sep=;\r\nfile;exposure_h;condition\r\na.png;1,5;dry\r\n",
        "sep=\t\r\n\r\nfile\texposure_h\tcondition\r\na.png\t1,5\tdry\r\n",
        "file , exposure_h , condition\na.png , 1.5 , dry\n",
        "File,Exposure_h,CONDITION\na.png,1.5,dry\n",
        "\n\nfile;exposure_h;condition\na.png;1.5;dry\n",
        "file;exposure_h;condition\r\na.png;1,5;dry\r\n;;\r\n;;\r\n",
        "file,exposure_h,condition,,\na.png,1.5,dry,,\n",
        'file,exposure_h,condition\na.png,"1,5",dry\n',
        "# series of May\n#,,\nfile,exposure_h,condition\na.png,1.5,dry\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tables_are_read_as_spreadsheets_write_them(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding, newline="")
    assert read_table(tmp_path / "t.csv") == [Row(tmp_path / "a.png", 1.5, "dry")]


@pytest.mark.parametrize(
    ("name", "cell", "hours"),
    [
        ("exposure_h", "7 d", 168),
        ("exposure_h", "4h", 4),
        ("exposure_h", "1,5 Hours", 1.5),
        ("exposure_h", "90min", 1.5),
        ("exposure_h", "2 weeks", 336),
        ("exposure_min", "90", 1.5),
        ("exposure_min", "10", 0.166667),
        ("exposure_d", "7", 168),
        ("exposure_d", "12 hrs", 12),
        ("exposure_h", "4 H", 4),
        ("exposure (h)", "4", 4),
        ("exposure h", "4", 4),
        ("Exposure [h]", "4", 4),
        ("Exposure time, days", "4", 96),
        ("Hours", "4", 4),
        ("time_h", "4", 4),
        ("exposure_h,hours", '4","5', 4),
    ],
)
def test_exposures_are_read_in_other_units(name: str, cell: str, hours: float, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f'file,"{name}",condition\na.png,"{cell}",x\n'.replace(",hours", '","hours'))
    assert [row.exposure_h for row in read_table(tmp_path / "t.csv")] == [hours]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_tables_are_read_from_workbooks(kind: str, tmp_path: Path) -> None:
    sheet = [["# May", None, None, None], ["File", "Exposure (h)", "Condition", "Coupon"], ["a.png", 4, "dry", 7], [None] * 4]
    sheet += [["b.png", "1,5", "dry", None], ["c.png", 0.125, None, "x"]]
    pandas.DataFrame(sheet).to_excel(tmp_path / f"t.{kind}", header=False, index=False)
    assert read_table(tmp_path / f"t.{kind}") == [
        Row(tmp_path / "a.png", 4, "dry", "7"),
        Row(tmp_path / "b.png", 1.5, "dry"),
        Row(tmp_path / "c.png", 0.125, "unnamed", "x"),
    ]
    sheet[2][1] = "soon"
    pandas.DataFrame(sheet).to_excel(tmp_path / f"t.{kind}", header=False, index=False)
    with pytest.raises(BadInputError, match=rf"t\.{kind} line 3: exposure_h is 'soon'"):
        read_table(tmp_path / f"t.{kind}")


@pytest.mark.parametrize("name", ["specimen", "Coupon"])
def test_specimens_may_be_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"file,exposure_h,condition,{name}\na.png,1,dry, s1 \nb.png,1,dry,\n")
    assert [row.specimen for row in read_table(tmp_path / "t.csv")] == ["s1", ""]


def test_names_and_cells_give_one_exposure(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,exposure_h,condition\na.png,50 min,x\n")
    assert [row.exposure_h for row in read_table(tmp_path / "t.csv")] == [hours_in("b_50min.png")]


def test_conditions_that_may_be_meant_for_one_are_named() -> None:
    assert look_alikes(["850 °C", "dry", "Dry", "850°C", "wet"]) == [
        "dry and Dry differ in capitals or blanks alone and count as two; write both alike if they are one",
        "850 °C and 850°C differ in capitals or blanks alone and count as two; write both alike if they are one",
    ]


def test_one_picture_may_begin_several_conditions(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,exposure_h,condition,file note\na.png,0,dry,\na.png,0,wet,\nb.png,1e9,wet,\n")
    assert [(row.file.name, row.condition) for row in read_table(tmp_path / "t.csv")] == [
        ("a.png", "dry"),
        ("a.png", "wet"),
        ("b.png", "wet"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_degrees_are_read_in_what_excel_writes(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file;exposure_h;condition\na.png;4;850 °C\n", encoding)
    assert [row.condition for row in read_table(tmp_path / "t.csv")] == ["850 °C"]


def test_a_line_break_in_quotes_is_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('file,exposure_h,condition\na.png,4,"air\nwet"\nb.png,8,x\n', newline="")
    assert [row.condition for row in read_table(tmp_path / "t.csv")] == ["air\nwet", "x"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("1000", 1000), ("0,125", 0.125), ("0.125", 0.125), ("1.5", 1.5), ("4.1250", 4.125), ("4.125", 4.125), ("1234,500", 1234.5)],
)
def test_hours_that_can_be_read_in_one_way_are(text: str, hours: float, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f'file,exposure_h,condition\na.png,"{text}",x\n')
    assert [row.exposure_h for row in read_table(tmp_path / "t.csv")] == [hours]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('file,exposure_h,condition\na.png,500,x\nb.png,"1,000",x\n', "line 3: exposure_h '1,000' may be .*write 1000 or 1.0000"),
        ("file;exposure_h;condition\na.png;12.500;x\n", "line 2: .*write 12500 or 12.5000"),
        (
            "file,exposure_h,condition\na.png,4,5,x\n",
            "line 2 has 4 cells for 3 columns; put a number with a decimal comma in quotes",
        ),
        ("file,exposure_h,condition\n\n\na.png,abc,x\n", "line 4: exposure_h is 'abc'"),
        ("sep=;\n;;\nfile;exposure_h;condition\n\na.png;abc;x\n", "line 5: exposure_h is 'abc'"),
        ('file,exposure_h,condition\na.png,4,"air\nwet"\nb.png,abc,x\n', "line 4: exposure_h is 'abc'"),
        (f"file,exposure_h,condition\n\n\n{'x' * 200_000},1,dry\n", "line 4 is no line of a table"),
        ("file,exposure_h,condition\na.png,4,x\nb.png,8,x\na.png,4.0, x\n", r"line 4 says the same as .*t\.csv line 2"),
        ("file,exposure_h,condition\na.png,4,x\ng/../a.png,4,x\n", r"line 3 says the same as .*t\.csv line 2"),
        ("file,exposure_h,condition\na.png,4,x\na.png,8,x\n", r"line 3 gives another exposure to the picture of .*t\.csv line 2"),
        ("file,exposure_h,condition\na.png,4,x\n,8,x\n", "line 3: file is ''; write the name of a picture"),
        ("file,exposure_h,condition\na\0.png,4,x\n", "line 2: file is .*; write the name of a picture"),
        ("file,exposure_h,condition\na.png,1e300,x\n", "line 2: exposure_h is '1e300'; write hours as a number, .* at most 1e9"),
        ("file,exposure_h,File,condition\na.png,4,b.png,x\n", "has more than one column file; it needs"),
        ("sep=;\n", "no column file"),
        ("file;exposure_h;condition\n;;\n", "has no rows"),
        ("", "no column file"),
        ("file,condition\n", "no column exposure_h"),
        ("file,exposure,condition\n", r"no column exposure_h \(it has file, exposure, condition\); it needs"),
        ("file,exposure_h,condition,coupon,specimen\n", "more than one column specimen; it needs"),
        ("file,exposure_h,condition\n", "has no rows"),
        ("file,exposure_h,exposure_d,condition\n", "more than one column exposure_h and exposure_d; it needs"),
        ("file,exposure_h,condition\na.png,4 years,x\n", "exposure_h is '4 years'; .* with its unit: 90 min, 4 h, 7 d"),
        ("file,exposure_h,condition\na.png,4_0,x\n", "line 2: exposure_h is '4_0'; write hours as a number"),
        (f"file,exposure_h,condition\na.png,4,{'x' * 201}\n", "line 2: condition x{40}... has 201 letters; write 200 at"),
        (f"file,exposure_h,condition,coupon\na.png,4,x,{'y' * 201}\n", "line 2: specimen y{40}... has 201 letters"),
        ("file,exposure_h,condition\na.png,long,x\n", "line 2: exposure_h is 'long'"),
        (f"file,exposure_h,condition\na.png,{'z' * 201},x\n", "exposure_h is 'z{39}; write hours"),
        ("file,exposure_h,condition\na.png,-1,x\n", "0 or more"),
        ("file,exposure_h,condition\na.png\n", "exposure_h is None"),
        (f"file,exposure_h,condition\n{'x' * 200_000},1,dry\n", "line 2 is no line of a table .*field"),
        (f"{'x' * 200_000},exposure_h,condition\n", "line 1 is no line of a table .*it needs file, exposure_h, condition"),
    ],
)
def test_bad_tables_say_what_is_missing(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_table(tmp_path / "t.csv")


def test_a_table_that_is_not_there_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.csv cannot be read \(No such file or directory\); check the path$"):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_what_has_no_scatter_has_no_interval(share: float) -> None:
    """Neither the line of fields that are all alike, nor their mean, nor the difference of two such conditions."""
    alike = {name: [Point(name, h, x, LOW, "low") for h in (1, 1, 1, 2, 4)] for name, x in (("a", share), ("b", share + 0.1))}
    (trend,) = trends(alike["a"])
    assert trend.area is not None
    assert (trend.area.per_hour.value, trend.area.per_hour.low) == (pytest.approx(0), None)
    assert (trend.area.at(np.array([0.0, 9.0])), trend.area.band(np.array([0.0, 9.0]))) == (pytest.approx(share), None)
    assert [(mean.fields, mean.corroded_fraction.low) for mean in trend.means] == [(3, None), (1, None), (1, None)]
    for shared in ([1], [1, 2, 4]):  # repeats, and exposures in pairs
        (contrast,) = compare([point for own in alike.values() for point in own if point.exposure_h in shared])
        assert (contrast.difference.value, contrast.difference.low, contrast.interval) == (pytest.approx(0.1), None, None)
