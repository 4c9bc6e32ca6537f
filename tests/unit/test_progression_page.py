"""What the progression tab does without a page: tables filled and read, plot and comparison for the page."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock, patch

import gradio as gr
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import ttest_1samp

from corrovis.errors import BadInputError
from corrovis.render import sem_plots
from corrovis.render.progression_report import trend_record
from corrovis.render.progression_words import NO_LINE, in_words
from corrovis.sem.exposure_table import Row, hours_in
from corrovis.sem.inspection import Inspector
from corrovis.sem.progression import Point, trends
from corrovis.tasks.inspect_request import InspectRequest
from corrovis.tasks.inspection import progression_files
from corrovis.ui import progression_jobs as jobs
from corrovis.ui.curve_plot import make_plot
from corrovis.ui.progression import ProgressionTab, is_table
from corrovis.ui.stopping import Stoppable
from corrovis.ui.wording import progression as wording

FIELDS = [Point("dry", hours, share, (1 - share, share, 0), "low") for hours, share in ((1, 0.1), (2, 0.2), (4, 0.4), (4, 0.36))]
PAIRS = (("dry", "wet", -0.01), ("dry", "even", 0.1), ("wet", "even", None))
LOW = (1.0, 0.0, 0.0)
CONDITIONS = [trend_record(trend) for trend in trends([*FIELDS, Point("<wet>", 1, 0.4, (0, 0, 1), "severe")])]


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("675C_4h_s1.tif", 4),
        ("steel 7d.png", 168),
        ("a-0.5h.jpg", 0.5),
        ("24 h_b.png", 24),
        ("4hours.png", 4),
        ("steel_60min.png", 1),
        ("14days-b.png", 336),
        ("NaCl_48hrs.tif", 48),
        ("4 hours.png", 4),
        ("2 Weeks.png", 336),
        ("675C.png", None),
        ("3dx.png", None),
        ("min4.png", None),
        ("x12hz.png", None),
    ],
)
def test_hours_are_read_from_names(name: str, hours: float | None) -> None:
    assert hours_in(name) == hours


def test_what_was_written_stays() -> None:
    known = {"a_4h.png": ["a_4h.png", "5", "wet"]}
    assert jobs.filled(["a_4h.png", "b_8h.png", "c.png"], known) == [
        ["a_4h.png", "5", "wet"],
        ["b_8h.png", "8", "", ""],
        ["c.png", "", "", ""],
    ]


def test_a_table_that_cannot_be_read_is_called_as_its_sender_calls_it(tmp_path: Path) -> None:
    table = tmp_path / "hours.csv"
    table.write_text("name;when\n")
    with pytest.warns(UserWarning, match=r"hours\.csv") as caught:
        lines, _ = ProgressionTab.fill(cast(ProgressionTab, None), ["/up/a_4h.png", str(table)], [], [])
    assert str(tmp_path) not in str(caught[0].message)
    assert lines == [["a_4h.png", "4", "", ""]], "the picture can be compared all the same"


def test_pictures_that_did_not_come_are_named(tmp_path: Path) -> None:
    table = tmp_path / "hours.csv"
    table.write_text("file,exposure_h,condition,coupon\na.png,1,dry,s1\nb.png,2,dry,s1\n")
    with pytest.warns(UserWarning, match=r"hours\.csv names pictures that were not sent and are left out \(1\): b\.png"):
        lines, _ = ProgressionTab.fill(cast(ProgressionTab, None), ["/up/a.png", str(table)], [], [])
    assert lines == [["a.png", "1", "dry", "s1"]]
    assert jobs.rows_of(lines) == [Row(Path("a.png"), 1, "dry", "s1")]


def test_a_table_is_applied_once_to_each_picture(tmp_path: Path) -> None:
    """What the visitor writes stays when files come or go, and what was said is not said again; a new table counts anew."""
    tab, (first, second, broken) = cast(ProgressionTab, None), (tmp_path / f"{name}.csv" for name in ("one", "two", "broken"))
    first.write_text("file,exposure_h,condition\na.png,1,dry\nb.png,2,dry\nc.png,3,dry\n")
    second.write_text("file,exposure_h,condition\na.png,4,wet\nb.png,5,wet\n")
    broken.write_text("name;when\n")
    files = ["/up/a.png", "/up/b_8h.png", str(first), str(broken)]
    with pytest.warns(UserWarning, match=r"one\.csv names .*\(2\): b\.png, c\.png"):
        lines, applied = ProgressionTab.fill(tab, files, [], [])
    assert lines == [["a.png", "1", "dry", ""], ["b_8h.png", "8", "", ""]]
    lines = [["a.png", "9", "dry", ""], ["b_8h.png", "", "", ""]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines, applied = ProgressionTab.fill(tab, [*files, "/up/c.png"], lines, applied)
        assert lines == [["a.png", "9", "dry", ""], ["b_8h.png", "", "", ""], ["c.png", "3", "dry", ""]]
        lines, applied = ProgressionTab.fill(tab, ["/up/a.png", "/up/b.png", str(first), str(second)], lines[:1], applied)
        assert lines == [["a.png", "4", "wet", ""], ["b.png", "5", "wet", ""]]


@pytest.mark.parametrize("kind", ["xlsx", "ods", "XLSX", "tsv"])
def test_a_workbook_is_no_picture(kind: str) -> None:
    assert is_table(Path(f"hours.{kind}"))


def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "up"))
    inspector = SimpleNamespace(segmenter=SimpleNamespace(models=["ni20cr"]))
    tab = SimpleNamespace(**{name: name for name in ("desk", "files", "table", "model", "scale", "bar")}, inspector=inspector)
    asked = {
        "files": ["a.png"],
        "table": [["a.png", "1", "", ""]],
        "desk": Stoppable(stopped=True),
        "model": "",
        "scale": "",
        "bar": "",
    }
    with pytest.raises(gr.Error, match=wording.STOPPED):
        ProgressionTab.run(cast(Any, tab), cast(Any, asked), Mock())
    assert not list((tmp_path / "up").iterdir())


def test_nothing_is_compared_before_the_table_is_filled(tmp_path: Path) -> None:
    with gr.Blocks() as page:
        tab = ProgressionTab(cast(Inspector, SimpleNamespace(segmenter=SimpleNamespace(models=[]))), tmp_path)
    changed = [one for one in page.fns.values() if (tab.files._id, "change") in one.targets]
    assert [(one.outputs, one.fn().interactive) for one in changed] == [([tab.comparing.go], False)]


def test_a_table_without_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="names no picture; fill in"):
        progression_files(cast(Inspector, None), jobs.rows_of([["", "", ""]]), tmp_path, InspectRequest())


def test_pictures_of_one_name_are_refused() -> None:
    with pytest.raises(BadInputError, match="two pictures are called 4h"):
        jobs.by_name([(Path("x/4h.png"), "4h.png"), (Path("y/4h.png"), "4h.png")])
    with pytest.raises(BadInputError, match="in two folders"):
        jobs.placed([Row(Path("dry/4h.png"), 4, "dry"), Row(Path("wet/4h.png"), 4, "wet")], {"4h.png": Path("a")})


def test_the_table_is_read_like_a_csv() -> None:
    first, second = jobs.rows_of([["a.png", "1,5", " dry "], ["b.png", 2, None], ["", "", ""]])
    assert (first.file, first.exposure_h, first.condition) == (Path("a.png"), 1.5, "dry")
    assert (second.exposure_h, second.condition) == (2, "unnamed")
    with pytest.raises(BadInputError, match="the table, line 2: exposure_h is ''; write hours"):
        jobs.rows_of([["a.png", "1", ""], ["b.png", "", ""]])
    with pytest.raises(BadInputError, match="the table, line 1: exposure_h '1,000' may be thousands or decimals"):
        jobs.rows_of([["a.png", "1,000", ""]])
    with pytest.raises(BadInputError, match="the table, line 3 says the same as the table, line 1"):
        jobs.rows_of([["a.png", "1", "dry"], ["", "", ""], ["a.png", 1.0, "dry"]])
    with pytest.raises(BadInputError, match="the table, line 2 gives another exposure to the picture of the table, line 1"):
        jobs.rows_of([["a.png", "1", "dry"], ["a.png", "2", "dry"]])


def test_an_upload_counts_once_in_a_condition() -> None:
    """Uploads have no folders: two paths to one of them are two folders to the table."""
    sent = {"a.png": Path("a.png")}
    rows = jobs.rows_of([["a.png", "0", "dry"], ["a.png", "0", "wet"]])
    assert [(row.file, row.condition) for row in jobs.placed(rows, sent)] == [(sent["a.png"], "dry"), (sent["a.png"], "wet")]
    with pytest.raises(BadInputError, match="says the same as"):
        jobs.rows_of([["a.png", "0", "dry"], ["g/../a.png", "0", "dry"]])
    with pytest.raises(BadInputError, match="in two folders"):
        jobs.placed(jobs.rows_of([["a.png", "0", "dry"], ["g/a.png", "0", "dry"]]), sent)


def test_a_picture_that_did_not_come_is_looked_for_where_nothing_is() -> None:
    """Whatever path the table gives it: the server's own files are not asked for."""
    first, second = jobs.placed(jobs.rows_of([["a.png", "1", ""], ["/etc/hosts", "1", ""]]), {"a.png": Path("a.png")})
    assert (first.file, second.file) == (Path("a.png"), jobs.NOT_SENT / "hosts")
    assert not jobs.NOT_SENT.exists()


def test_the_plot_has_bands_lines_fields_and_bars_of_both_quantities() -> None:
    shares, levels = json.loads(jobs.growth_plot(CONDITIONS))["panels"]
    for drawn, times in ((shares, 100), (levels, 1)):
        band, line, dots, bar, alone = drawn["series"]
        assert drawn["frame"] == {"x": [1, 4], "y": [0, pytest.approx(56 if times == 100 else 2)]}, "as the report's axes"
        assert dots["y"] == pytest.approx([times * field.corroded_fraction for field in FIELDS])
        assert line["line"]
        mean = times * sum(field.corroded_fraction for field in FIELDS) / 4
        assert line["y"][0] + (line["y"][-1] - line["y"][0]) * (11 / 4 - 1) / 3 == pytest.approx(mean, rel=1e-3), "its middle"
        half = len(band["x"]) // 2
        assert band["band"]
        assert all(high > y > low for high, y, low in zip(band["y"][:half], line["y"], band["y"][: half - 1 : -1], strict=True))
        low, high = ttest_1samp([0.4, 0.36], 0).confidence_interval(0.95)
        most = 100 if times == 100 else 2
        beside = 3 * sem_plots.APART / 2
        assert (bar["x"], bar["y"]) == (
            [pytest.approx(4 - beside)] * 2,
            pytest.approx([low * times, min(high * times, most)], rel=1e-4),
        )
        assert alone["name"] == "<wet>"


def test_conditions_are_told_apart_in_the_reports_plot() -> None:
    """By colour and mark; bars stand beside each other; a name that the font lacks, or that is a formula, is no fault."""
    named = [*"abcde", "\u6761\u4ef6", "$\\frac{$", "_h"]
    fields = [Point(name, h, 0.1 * k + x, LOW, "low") for k, name in enumerate(named) for h in (1, 3) for x in (0, 0.1)]
    with patch.object(sem_plots, "png_of", lambda figure: figure), warnings.catch_warnings(action="error"):
        figure = cast(Figure, sem_plots.progression_plot(trends(fields)))
        figure.savefig(io.BytesIO())
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*"abcde", "condition 6", r"\$\frac{\$", "condition 8"]
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None" and line.get_marker() != "_"]
    assert len({(line.get_color(), line.get_marker()) for line in dots if len(line.get_xdata()) == 4}) == len(named)
    bars = sorted({float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "_"})
    assert np.diff(bars)[: len(named) - 1] == pytest.approx(2 * sem_plots.BESIDE / len(named))


def test_the_reports_plot_has_the_pages_colours_and_its_names_outside_the_data() -> None:
    with patch.object(sem_plots, "png_of", lambda figure: figure):
        figure = cast(Figure, sem_plots.progression_plot(trends([*FIELDS, Point("w" * 50, 1, 0.4, (0, 0, 1), "severe")])))
    (legend,) = figure.legends
    figure.savefig(io.BytesIO())
    drawn, axes = legend.get_window_extent(), figure.axes[0].get_window_extent()
    assert [one.get_legend() for one in figure.axes] == [None, None]
    assert drawn.y0 >= axes.y1
    assert drawn.x1 <= figure.bbox.x1
    assert figure.axes[0].lines[0].get_color() == make_plot({}).props["lines"][0]


def test_a_band_does_not_stretch_the_axis_and_is_cut_where_nothing_can_be() -> None:
    fields = [Point("a", hours, share, (1 - share, share, 0), "low") for hours, share in ((1, 0.1), (2, 0.3), (3, 0.2))]
    shares, levels = json.loads(jobs.growth_plot([trend_record(*trends(fields))]))["panels"]
    assert shares["frame"]["y"] == [0, pytest.approx(42)]
    assert (min(shares["series"][0]["y"]), max(shares["series"][0]["y"])) == (0, 100), "not at the end of the axis"
    assert (min(levels["series"][0]["y"]), max(levels["series"][0]["y"])) == (0, pytest.approx(1.56, rel=0.1))


def test_warnings_are_said_once_for_all_their_pictures() -> None:
    items = [
        {"file": "/up/1/<a>.png", "warnings": ["data bar cropped", "no scale"]},
        {"file": "/up/2/b.png", "warnings": ["data bar cropped"]},
        {"file": "/up/3/c.png", "error": "no picture"},
    ]
    html = jobs.warning_list(items)
    assert "<p><strong>&lt;a&gt;.png, b.png</strong>: data bar cropped</p><p><strong>&lt;a&gt;.png</strong>: no scale</p>" in html
    assert "<p><strong>Left out</strong>: no picture</p>" in html
    assert jobs.warning_list([{"file": "c.png"}]) == ""
    assert "<strong>Conditions</strong>: dry and Dry" in jobs.warning_list([], ["dry and Dry"])


def test_tables_are_escaped_and_say_what_is_missing() -> None:
    html = jobs.growth_table(CONDITIONS)
    assert "&lt;wet&gt;" in html
    assert NO_LINE in html
    trend = CONDITIONS[0]["trend"]
    assert f"{100 * trend['value']:+.3g} ({100 * trend['low']:+.3g} to {100 * trend['high']:+.3g})" in html
    assert f"{trend['value']:+.3g} ({trend['low']:+.3g} to {trend['high']:+.3g})" in html, "levels grow as shares do here"


def test_severity_is_told_from_the_first_exposure_to_the_last() -> None:
    """Not each word once, which hides that it went down again; of repeats the middle one."""
    named = [(1, "low"), (1, "severe"), (1, "low"), (2, "moderate"), (4, "low")]
    one = {**CONDITIONS[0], "exposure": [hours for hours, _ in named], "severity": [severity for _, severity in named]}
    assert "<td>Low → Low</td>" in jobs.growth_table([one | {"corroded_fraction": [0.1] * 5}])
    assert "<td>Severe</td>" in jobs.growth_table(CONDITIONS), "of one exposure"


def record(name: str, low: float | None, high: float | None) -> dict[str, Any]:
    return {"condition": name, "exposure": [1, 2, 4], "trend": {"value": 0.01, "low": low, "high": high}}


def test_the_answer_stands_in_words() -> None:
    """Whether it grows and differs can be told: an interval without zero, one with it, and none."""
    conditions = [record("dry", 0.005, 0.015), record("wet", -0.01, 0.03), record("even", None, None)]
    conditions += [{"condition": "new", "exposure": [1], "trend": None}, {"condition": "lost", "exposure": [], "trend": None}]
    pairs = [{"first": a, "second": b, "difference": {"value": -0.05, "low": -0.2, "high": high}} for a, b, high in PAIRS]
    pairs[2]["difference"]["low"] = None
    assert in_words(conditions, pairs) == [
        "dry: the corroded share grows, +1 (+0.5 to +1.5) points of % per hour.",
        "wet: growth cannot be told apart from none, +1 (-1 to +3) points of % per hour.",
        "even: +1 points of % per hour, and no scatter that would say how sure that is.",
        f"new: no growth can be given ({NO_LINE}).",
        "lost: none of its pictures could be inspected.",
        "wet is less corroded than dry, -5 (-20 to -1) points of %.",
        "even and dry cannot be told apart, -5 (-20 to +10) points of %.",
        "even against wet: -5 points of %, and no scatter of repeats that would say whether this is chance.",
    ]
    assert in_words(conditions, [*pairs, *pairs, *pairs])[5:] == [
        "3 of 9 comparisons tell two conditions apart; the table below says which."
    ]
    assert "No two conditions can be compared" in in_words(conditions, [])[-1]


def test_the_matrices_are_read_row_minus_column() -> None:
    difference = {"value": 0.1, "low": 0.05, "high": 0.2}
    severity = {"value": -0.5, "low": -0.7, "high": 0.1}
    html = jobs.matrix(
        ["a", "b", "c"], [{"first": "a", "second": "b", "difference": difference, "severity_difference": severity}]
    )
    _, areas, severities = html.split("<tbody>")
    upper, lower, last = areas.split("</tr>")[:3]
    assert 'class="less">-10.0<small>-20.0 … -5.0' in upper, "a is less corroded than b"
    assert 'class="more">+10.0<small>+5.0 … +20.0' in lower
    assert last.count(wording.NOT_COMPARED) == 2
    assert 'class="open">+0.50<small>-0.10 … +0.70' in severities.split("</tr>")[0], "and no less severe for sure"
    assert jobs.matrix(["a"], []) == ""
    _, line = jobs.matrix(["a", "b"], [{"difference": difference, "severity_difference": severity}]).split("<tbody>")
    assert "<th>b less a</th>" in line
    assert 'class="more">+10.0<small>+5.0 … +20.0' in line
    assert 'class="open">-0.50<small>-0.70 … +0.10' in line
    assert jobs.matrix(["a", "b"], []).count(wording.NOT_COMPARED) == 2


def test_without_repeats_a_difference_is_not_coloured() -> None:
    alone = {"value": 0.1, "low": None, "high": None}
    html = jobs.matrix(["a", "b"], [{"first": "a", "second": "b", "difference": alone, "severity_difference": alone}])
    assert html.count('class="open"') == 2
