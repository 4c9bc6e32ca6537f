"""`corrovis inspect` and `corrovis progression` as their callers see them: the contract's JSON, its files, and bad pictures."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from micrographs import grains, with_bar
from PIL import Image

from corrovis.render.inspection_report import FILES
from corrovis.render.progression_report import shown_names
from corrovis.sem.exposure_table import Row
from corrovis.sem.inspection import Inspector
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.segmentation import Segmenter
from corrovis.store import Store
from corrovis.tasks.inspect_request import InspectRequest
from corrovis.tasks.inspection import inspect_files
from corrovis.ui.packing import pack_found

KEYS = {
    "file",
    "model",
    "severity",
    "probabilities",
    "corroded_fraction",
    "regions",
    "pixel_size_um",
    "mask",
    "saliency",
    "report",
}
REGION_KEYS = {"id", "class", "score", "bbox_xyxy", "area_px", "area_um2", "equivalent_diameter_um"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three micrographs of different kinds, and three files that are none."""
    Image.fromarray(grains()).save(tmp_path / "plain.png")
    Image.fromarray(with_bar(grains(seed=1), "bottom", 0)).save(tmp_path / "bar.jpg", quality=92)
    Image.fromarray(grains(100, 140, seed=2).astype(np.uint16) * 257).save(tmp_path / "deep.tif")
    (tmp_path / "void").mkdir()
    (tmp_path / "page.tif").write_text("<html>404")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("kV 15")
    return tmp_path


def test_inspect_writes_what_its_json_says(corrovis: Run, folder: Path) -> None:
    names = ["plain.png", "page.tif", "bar.jpg", "empty.png", "deep.tif", "text.png"]
    answer = corrovis("inspect", *(folder / name for name in names), "--out", folder / "out", "--pixel-size", "0.5um", "--json")
    assert answer.code == 0, answer.err
    items = answer.json["items"]
    assert [item["file"] for item in items] == [str(folder / name) for name in names]
    assert ["error" in item for item in items] == [False, True, False, True, False, True]
    for name, item in zip(names, items, strict=True):
        if "error" in item:
            assert "\n" not in item["error"]
            continue
        assert set(item) >= KEYS | {"warnings"}
        with Image.open(item["mask"]) as mask, Image.open(folder / name) as picture:
            assert mask.mode == "L"
            assert mask.size == picture.size
            labels = np.asarray(mask)
        assert set(np.unique(labels)) <= {0, 1}
        assert sum(region["area_px"] for region in item["regions"]) == (labels > 0).sum()
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert item["pixel_size_um"] == 0.5
        assert all(set(region) >= REGION_KEYS for region in item["regions"])
        assert all(region["area_um2"] == pytest.approx(region["area_px"] / 4) for region in item["regions"])
    assert any("data bar cropped" in warning for warning in items[2]["warnings"])


def test_a_folder_is_its_pictures_and_notes_are_told(corrovis: Run, folder: Path) -> None:
    (folder / "many").mkdir()
    for name, seed in (("b.png", 1), ("a.PNG", 2)):
        Image.fromarray(with_bar(grains(seed=seed), "bottom", 0)).save(folder / "many" / name, "PNG")
    (folder / "many/notes.txt").write_text("15 kV")
    words = ("inspect", folder / "many", "--out", folder / "o", "--no-saliency", "--scale-bar", "30um")
    answer = corrovis(*words, "--json")
    assert answer.code == 0, answer.err
    assert [Path(item["file"]).name for item in answer.json["items"]] == ["a.PNG", "b.png"]
    assert [item["pixel_size_um"] for item in answer.json["items"]] == [0.5, 0.5]
    said = corrovis(*words).err.replace("\n", " ")
    assert said.count("note: ") >= 2
    assert "data bar cropped" in said


def test_what_an_earlier_run_left_and_scale_bars_are_told_once(corrovis: Run, folder: Path) -> None:
    """The second run's summary replaces that of the first, whose folders stay."""
    for name in ("x.png", "y.png"):
        Image.fromarray(with_bar(grains(), "bottom", 0)).save(folder / name)
    first = corrovis("inspect", folder / "plain.png", "--out", folder / "o", "--no-saliency")
    assert "earlier run" not in first.err
    table = folder / "table.csv"
    table.write_text("file,exposure_h,condition\nx.png,1,a\ny.png,2,a\n")
    left = f"{folder / 'o'} holds plain/report.html of an earlier run as well, which summary.csv and summary.html no longer name"
    answer = corrovis("progression", table, "--out", folder / "o")
    assert left in answer.err
    assert answer.err.count("a scale bar") == answer.err.count("2 of 2 pictures: a scale bar is drawn") == 1
    assert "--scale-bar, as in 10um" in answer.err
    again = corrovis("inspect", folder / "x.png", folder / "y.png", "--out", folder / "o", "--no-saliency", "--json")
    assert left in again.err
    assert all("scale bar of 60 px is drawn" in " ".join(item["warnings"]) for item in again.json["items"])


def test_the_summary_has_a_line_for_each_picture(corrovis: Run, folder: Path) -> None:
    """Also for one that could not be read, and for no other run's."""
    (folder / "out").mkdir()
    (folder / "out/summary.csv").write_text("of an earlier run")
    names = ["plain.png", "page.tif", "bar.jpg"]
    words = [*(folder / name for name in names), "--out", folder / "out", "--pixel-size", "0.5um", "--no-saliency", "--json"]
    items = corrovis("inspect", *words).json["items"]
    with (folder / "out/summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [str(folder / name) for name in names]
    assert [row["error"] for row in rows] == ["", items[1]["error"], ""]
    for row, item in zip(rows, items, strict=True):
        if "error" in item:
            assert not any(value for key, value in row.items() if key not in ("file", "error"))
            continue
        assert Path(item["mask"]).parent == folder / "out" / row["folder"]
        assert (row["model"], row["severity"], row["pixel_size_um"]) == (item["model"], item["severity"], "0.5")
        assert float(row["corroded_fraction"]) == item["corroded_fraction"]
        assert int(row["regions"]) == len(item["regions"])
        assert float(row["severity_sigma"]) == float(row["corroded_fraction_sigma"]) == item["severity_sigma"]
        assert [float(row[f"p_{name}"]) for name in FIELD_SEVERITIES] == pytest.approx(
            [*item["probabilities"].values()], abs=1e-4
        )
        assert (row["regions_per_mm2"], item["regions_per_mm2"]) == ("", None), "a network is not counted"
        assert (row["warnings"], row["doubts"]) == ("; ".join(item["warnings"]), "; ".join(item["doubts"]))
        assert all(row[key] == item[key] for key in ("picture_sha256", "model_sha256", "pixel_size_source"))
        assert [float(row[key]) for key in ("corroded_um2", "field_um2")] == [item["corroded_um2"], item["field_um2"]]
        assert row["version"] == item["corrovis"]
    assert set(items[2]["doubts"]) < set(items[2]["warnings"]), "that a bar was cropped is no doubt"
    page = (folder / "out/summary.html").read_text()
    assert re.findall('href="([^"]+)">([^<]+)<', page) == [
        (f"{row['folder']}/report.html", names[k]) for k, row in enumerate(rows) if k != 1
    ]
    assert items[1]["error"] in page
    assert page.count("<td>ni20cr</td>") == 2
    assert re.search(r"<p>ni20cr: (\d \w+(, )?)+", page), "models are counted apart"
    assert "ni20cr: moderate from 28 % corroded, severe from 42 %" in page


def test_the_summary_grows_with_the_pictures(toy_store: Store, folder: Path) -> None:
    lines = list[int]()

    def told(done: int, of: int, name: str) -> None:
        assert (done, of, name) == (len(lines), 3, paths[done].name)
        lines.append(len((folder / "summary.csv").read_text().splitlines()))
        if done == 2:
            raise KeyboardInterrupt

    paths = [folder / "plain.png", folder / "page.tif", folder / "deep.tif"]
    with pytest.raises(KeyboardInterrupt):
        inspect_files(
            Inspector(Segmenter(toy_store)), [(path, "") for path in paths], folder, InspectRequest(explain=False), told
        )
    assert lines == [1, 2, 3], "a run that is cut short has lost none"
    assert (folder / "summary.html").read_text().count("<img") == 1


def test_pits_are_answered_in_the_fields_own_pixels(corrovis: Run, folder: Path) -> None:
    answer = corrovis("inspect", folder / "bar.jpg", "--out", folder / "out", "--model", "pits304", "--json")
    (item,) = answer.json["items"]
    assert item["model"] == "pits304"
    with Image.open(item["mask"]) as mask, Image.open(folder / "bar.jpg") as picture:
        assert mask.size == picture.size
        labels = np.asarray(mask) > 0
    for region in item["regions"]:
        x0, y0, x1, y1 = region["bbox_xyxy"]
        assert labels[y0:y1, x0:x1].sum() >= region["area_px"] >= 5
        assert region["score"] >= 0.3
        assert region["class"] == "pit"


def test_reports_stand_alone(corrovis: Run, folder: Path) -> None:
    (item,) = corrovis("inspect", folder / "plain.png", "--out", folder / "o", "--json").json["items"]
    page = Path(item["report"]).read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert item["model_sha256"] in page
    assert item["picture_sha256"] == hashlib.sha256((folder / "plain.png").read_bytes()).hexdigest()
    assert item["picture_sha256"] in page
    assert "unknown: areas are in pixels" in page
    assert Path(item["pdf"]).read_bytes().startswith(b"%PDF")
    rows = list(csv.DictReader(Path(item["csv"]).read_text().splitlines()))
    assert [int(row["area_px"]) for row in rows] == [region["area_px"] for region in item["regions"]]
    assert item["regions"][0]["area_um2"] is None
    assert json.loads((Path(item["report"]).parent / "inspection.json").read_text())["mask"] == "mask.png"


def test_names_are_escaped_in_reports(corrovis: Run, folder: Path) -> None:
    path = folder / "<b>bold&.png"
    path.write_bytes((folder / "plain.png").read_bytes())
    (item,) = corrovis("inspect", path, "--out", folder / "o", "--json").json["items"]
    assert "<b>bold" not in Path(item["report"]).read_text()


def test_pictures_of_one_name_do_not_overwrite_each_other(corrovis: Run, folder: Path) -> None:
    """Nor does one that fails leave another's report of an earlier run beside its line."""
    (folder / "sub").mkdir()
    Image.fromarray(grains(seed=5)).save(folder / "sub/plain.png")
    words = ("inspect", folder / "plain.png", folder / "sub/plain.png", "--out", folder / "o", "--json")
    items = corrovis(*words).json["items"]
    assert items[0]["mask"] != items[1]["mask"]
    (folder / "o/plain-2/own.txt").write_text("notes")
    (folder / "o/page").mkdir()
    (folder / "o/page/report.html").write_text("of another program")
    (folder / "sub/plain.png").write_text("<html>404")
    assert "error" in corrovis(*words[:3], folder / "page.tif", *words[3:]).json["items"][1]
    assert [path.name for path in (folder / "o/plain-2").iterdir()] == ["own.txt"]
    assert (folder / "o/page/report.html").exists()
    assert (folder / "o/plain/report.html").exists()


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("...png", "picture"),
        ("..x..png", "x"),
        ("summary.html.png", "summary.html-2"),
        (f"{200 * 'x'}.png", 60 * "x"),
    ],
)
def test_nothing_is_written_outside_the_folder_whatever_a_picture_is_called(
    corrovis: Run,
    folder: Path,
    name: str,
    own: str,
) -> None:
    (folder / "plain.png").rename(folder / name)
    (item,) = corrovis("inspect", folder / name, "--out", folder / "o/out", "--no-saliency", "--json").json["items"]
    assert Path(item["mask"]).parent == folder / "o/out" / own
    assert list((folder / "o").iterdir()) == [folder / "o/out"]


def test_without_saliency_there_is_no_map(corrovis: Run, folder: Path) -> None:
    (item,) = corrovis("inspect", folder / "plain.png", "--out", folder / "o", "--no-saliency", "--json").json["items"]
    assert item["saliency"] is None
    assert not (folder / "o/plain/saliency.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.png"], "none.png cannot be read"),
        (["page.tif", "empty.png"], "none of 2 files could be inspected"),
        (["plain.png", "--model", "mars"], "no inspection model is called mars; there are ni20cr"),
        (["plain.png", "--pixel-size", "0.5"], "write a number and a unit"),
        (["plain.png", "--scale-bar", "10"], "scale bar '10' is no length; write a number and a unit"),
        (["plain.png", "--scale-bar", "10um", "--pixel-size", "1um"], "give one of them"),
        (["plain.png", "--scale-bar", "10um"], "plain.png shows no data bar with a scale bar"),
        (["void"], "void holds no picture"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    words: list[str],
    said: str,
    corrovis: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    answer = corrovis("inspect", *words, "--out", "o")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err


@pytest.fixture
def table(folder: Path) -> Path:
    """Two conditions, one picture that is none, and one exposure with a repeat."""
    rows = [
        ("plain.png", 1, "dry"),
        ("bar.jpg", 2, "dry"),
        ("deep.tif", 3, "dry"),
        ("plain.png", 1, "<wet>"),
        ("deep.tif", 1, "<wet>"),
        ("page.tif", 2, "<wet>"),
    ]
    lines = [f"{name},{hours},{condition}" for name, hours, condition in rows]
    (folder / "t.csv").write_text("\n".join(["file,exposure_h,condition", *lines]))
    return folder / "t.csv"


def test_progression_answers_by_condition(corrovis: Run, folder: Path, table: Path) -> None:
    answer = corrovis("progression", table, "--out", folder / "o", "--json")
    assert answer.code == 0, answer.err
    dry, wet = answer.json["conditions"]
    assert (dry["condition"], dry["exposure"]) == ("dry", [1, 2, 3])
    assert set(dry["trend"]) == set(dry["severity_trend"]) == {"value", "low", "high"}
    assert (wet["exposure"], wet["trend"], wet["severity_trend_line"]) == ([1, 1], None, None)
    assert "error" in answer.json["items"][5]
    assert Image.open(answer.json["plot"]).format == "PNG"
    assert answer.json["comparisons"][0]["exposures_h"] == [1]
    assert {"difference", "severity_difference"} <= set(answer.json["comparisons"][0])


def test_severity_goes_along_with_area(corrovis: Run, folder: Path, table: Path) -> None:
    answer = corrovis("progression", table, "--out", folder / "o", "--json")
    dry, wet = answer.json["conditions"]
    for one in (dry, wet):
        chances = [list(p.values()) for p in one["severity_probabilities"]]
        assert one["severity_level"] == pytest.approx([p[1] + 2 * p[2] for p in chances])
    (mean,) = wet["means"]
    for key, values in (("corroded_fraction", wet["corroded_fraction"]), ("severity_level", wet["severity_level"])):
        assert mean[key]["value"] == pytest.approx(np.mean(values))
        assert mean[key]["low"] <= min(values) <= max(values) <= mean[key]["high"], "of two, the t interval holds both"
    line = dry["trend_line"]
    assert (line["exposure"][0], line["exposure"][-1]) == (1, 3)
    assert (line["value"][-1] - line["value"][0]) / 2 == pytest.approx(dry["trend"]["value"], abs=1e-5)


def test_a_progression_is_taken_home(corrovis: Run, folder: Path, table: Path) -> None:
    answer = corrovis("progression", table, "--out", folder / "o", "--json").json
    with Path(answer["csv"]).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["plain.png", "bar.jpg", "deep.tif", "plain.png", "deep.tif", "page.tif"]
    assert [float(row["corroded_fraction"]) for row in rows[:3]] == answer["conditions"][0]["corroded_fraction"]
    assert rows[5]["corroded_fraction"] == ""
    assert rows[5]["error"]
    assert "data bar cropped" in rows[1]["warnings"]
    kept = json.loads(Path(answer["json"]).read_text())
    assert kept["conditions"] == answer["conditions"]
    assert kept["plot"] == "progression.png"
    assert (folder / "o" / kept["items"][1]["mask"]).exists()
    with zipfile.ZipFile(pack_found(folder / "o")) as archive:
        packed = json.loads(archive.read("progression.json"))["items"]
        named = [item[key] for item in packed for key in FILES if item.get(key)]
        assert set(named) <= set(archive.namelist()), "it names nothing that is not there"
    page = Path(answer["report"]).read_text()
    assert page.count("data:image/png;base64,") == 1
    assert "http" not in page
    assert "&lt;wet&gt;" in page
    assert "bar.jpg: data bar cropped" in page
    assert "Left out: " in page


def test_pictures_of_one_name_are_told_by_their_folders(tmp_path: Path) -> None:
    rows = [Row(tmp_path / name, 1, "a") for name in ("dry/4h.png", "wet/4h.png", "dry/4h.png")]
    assert shown_names(rows) == ["dry/4h.png", "wet/4h.png", "dry/4h.png"]
    assert shown_names([rows[0], rows[2]]) == ["4h.png", "4h.png"]


def test_of_a_single_picture_that_fails_its_own_fault_is_said(corrovis: Run, folder: Path) -> None:
    (folder / "t.csv").write_text("file,exposure_h,condition\npage.tif,1,dry\n")
    answer = corrovis("progression", folder / "t.csv", "--out", folder / "o")
    assert answer.code == 2
    assert answer.err.startswith("corrovis: page.tif is not a picture")


def test_progression_for_people_is_a_table_with_notes(corrovis: Run, folder: Path) -> None:
    (folder / "t.csv").write_text("file,exposure_h,condition\nbar.jpg,1,dry\n")
    answer = corrovis("progression", folder / "t.csv", "--out", folder / "o")
    assert answer.code == 0, answer.err
    assert "too few specimens or exposures" in answer.out
    assert str(folder / "o/progression.html") in answer.out.replace("\n", "")
    assert f"note: {folder / 'bar.jpg'}: data bar cropped" in answer.err.replace("\n", "")
