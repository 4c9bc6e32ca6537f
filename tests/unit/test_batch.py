"""`corrovis batch`: a row for each picture, in the files' order, whatever one of them is; bad input is told before Ray starts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from command_line import Answer, Run, free_port
from micrographs import grains
from PIL import Image

from corrovis import batch, cluster
from corrovis.batch import JOBS, Worker, in_order, schema_of
from corrovis.batch_table import KeptRows, Pictures, Target
from corrovis.errors import BadInputError
from corrovis.images import picture_endings, read_photo
from corrovis.store import Store
from corrovis.tasks.car import GREY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, one of them in a folder below and one with a name that is no UTF-8, a page, and a text."""
    pictures = tmp_path / "pictures"
    (pictures / "below").mkdir(parents=True)
    for seed, name in enumerate(("b.png", "below/c.TIF", "a.jpg")):
        Image.fromarray(grains(seed=seed)).save(pictures / name)
    (pictures / os.fsdecode(b"\xff.png")).write_bytes((pictures / "b.png").read_bytes())
    (pictures / "bad.jpg").write_text("<html>")
    (pictures / "notes.txt").write_text("no picture")
    return pictures


def skip_without_ray(answer: Answer) -> None:
    """Ray gives its processes half a minute, which a busy machine may not have."""
    if "Ray could not start here" in answer.err:
        pytest.skip(answer.err.strip())


def test_a_batch_is_one_parquet_file_in_the_order_of_the_files(
    corrovis: Run,
    folder: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "new" / "cars.parquet"
    answer = corrovis("batch", folder, "--job", "grade", "--out", out, "--json")
    skip_without_ray(answer)
    assert answer.code == 0, answer.err
    assert set(answer.json) == {"rows", "failed", "seconds"}
    assert (answer.json["rows"], answer.json["failed"]) == (5, 1)
    assert [path.name for path in out.parent.iterdir()] == ["cars.parquet"]
    table = pd.read_parquet(out)
    assert table["file"].tolist() == ["a.jpg", "b.png", "bad.jpg", "below/c.TIF", "?.png"]
    assert "web page" in table["error"][2]
    assert table["error"].isna().tolist() == [True, True, False, True, True]
    assert table["severity"].isna().tolist() == [False, False, True, False, False]
    assert table["warnings"].fillna("none").tolist() == [GREY, GREY, "none", GREY, GREY]
    single = corrovis("grade", folder / "b.png", "--json").json["items"][0]
    row = table.iloc[1]
    assert row["severity"] == single["severity"]
    for name, share in single["probabilities"].items():
        assert row[f"probability_{name}"] == pytest.approx(share, abs=1e-4)


@dataclass
class FakeRay:
    """Ray's part, played in this process: the numbers of each round that was asked for; a signal comes after `most` rows."""

    asked: list[list[int]] = field(default_factory=list)
    most: int | None = None
    signal: signal.Signals = signal.SIGINT

    def mapped(self, items: list[dict[str, Any]], worker: Any, workers: int) -> Any:
        def iter_batches(batch_size: None, batch_format: str) -> Iterator[pa.Table]:
            self.asked.append([item["number"] for item in items])
            own = Worker(*worker)
            for done, item in enumerate(items):
                if done == self.most:
                    signal.raise_signal(self.signal)
                yield own(pa.Table.from_pylist([item]))

        return SimpleNamespace(iter_batches=iter_batches)


@pytest.fixture
def fake_ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    data = SimpleNamespace(from_items=lambda items, override_num_blocks: items)
    ray = SimpleNamespace(cluster_resources=lambda: {"CPU": 1.0, "memory": 4e9}, data=data)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", SimpleNamespace(RayError=RuntimeError))
    monkeypatch.setattr(batch, "cluster", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(batch, "mapped", fake.mapped)
    return fake


def test_exit_2_when_not_one_picture_could_be_used_and_the_rows_say_why(corrovis: Run, fake_ray: FakeRay, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"")
    answer = corrovis("batch", tmp_path, "--job", "steel", "--out", tmp_path / "o.parquet", "--json")
    assert answer.code == 2
    assert (answer.json["rows"], answer.json["failed"]) == (2, 2)
    assert answer.err.count("\n") == 1
    assert "none of 2 pictures could be used; the first: a.png is empty" in answer.err
    assert pd.read_parquet(tmp_path / "o.parquet")["error"].str.contains("is empty").all()


@pytest.mark.parametrize("job", JOBS)
def test_a_worker_fills_the_columns_of_its_job(job: str, toy_weights: Path, folder: Path) -> None:
    columns = JOBS[job].all_columns(Store(toy_weights))
    assert "warnings" in columns
    worker = Worker(job, columns, toy_weights)
    names = [os.fsencode(folder / name) for name in ("b.png", "bad.jpg")]
    table = worker(pa.table({"number": [4, 5], "path": pa.array(names, pa.binary())}))
    assert table.schema == schema_of({"number": "int64", **columns})
    good, bad = table.to_pylist()
    assert {name for name, value in good.items() if value is None} <= {"file", "error", "pixel_size_um"}
    shares = [value for name, value in good.items() if name.startswith("probability_")]
    assert len(shares) == {"inspect": 3, "grade": 4, "steel": 10}[job]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert {name for name, value in bad.items() if value is not None} == {"number", "error"}


def test_rows_of_a_worker_that_broke_down_are_errors_in_their_place() -> None:
    columns = {"number": "int64", "file": "string", "error": "string", "severity": "string", "stamp": "string"}
    come = [{"number": 2, "severity": "mild"}, {"number": 0, "severity": "none"}]
    rows = in_order(pa.Table.from_pylist(come, schema_of(columns)), ["a", "b", "c"], "grade").to_pylist()
    assert [row["file"] for row in rows] == ["a", "b", "c"]
    assert [row["severity"] for row in rows] == ["none", None, "mild"]
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert "corrovis grade" in rows[1]["error"]


ROWS = [
    {"number": 1, "file": 'b, "B".png', "error": None, "severity": "mild", "stamp": "9 1"},
    {"number": 0, "file": "a.png", "error": "a.png is empty", "severity": None, "stamp": "0 1"},
]
COLUMNS = schema_of({"number": "int64", "file": "string", "error": "string", "severity": "string", "stamp": "string"})


def called(names: list[str], stamps: tuple[str, ...] = ()) -> Pictures:
    """Pictures of these names, unchanged unless their stamps say otherwise."""
    return Pictures([], names, stamps or ["9 1" for _ in names])


@pytest.mark.parametrize("name", ["o.csv", "O.CSV", "o.parquet"])
def test_the_ending_says_which_table_is_written(tmp_path: Path, name: str) -> None:
    names = ["a.png", 'b, "B".png']
    kept = KeptRows(Target(tmp_path / name), COLUMNS, called(names))
    rows = pa.Table.from_pylist(ROWS, COLUMNS)
    kept.add(rows)
    kept.finish(in_order(rows, names, "grade"))
    kept.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    read = pd.read_parquet if name == "o.parquet" else pd.read_csv
    table = read(tmp_path / name)
    assert table["file"].tolist() == names
    assert table["severity"].isna().tolist() == [True, False]


def test_rows_of_a_run_that_was_killed_are_taken_up_again(tmp_path: Path) -> None:
    """However it ended: the last table may be half written.  What failed is tried again, numbers are given anew."""
    target = tmp_path / "o.csv"
    kept = KeptRows(Target(target), COLUMNS, called(["a.png", ROWS[0]["file"]]))
    for row in ROWS:
        kept.add(pa.Table.from_pylist([row], COLUMNS))
    part = tmp_path / "o.csv.part"
    whole = part.read_bytes()  # never closed
    new = ["0.png", "a.png", ROWS[0]["file"]]
    for size, files in ((len(whole), [ROWS[0]["file"]]), (len(whole) - 20, [ROWS[0]["file"]]), (20, []), (0, [])):
        part.write_bytes(whole[:size])
        again = KeptRows(Target(target, resume=True), COLUMNS, called(new))
        assert again.before["file"].to_pylist() == files
        assert again.before["number"].to_pylist() == [2] * len(files)
        again.close()
        assert part.exists() == bool(files)
    part.write_bytes(whole)
    for other in (schema_of({"number": "int64", "file": "string"}), COLUMNS.with_metadata({"folder": "elsewhere"})):
        with pytest.raises(BadInputError, match=r"is of another folder, job or network; delete it, or begin anew"):
            KeptRows(Target(target, resume=True), other, called(new))
    assert part.read_bytes() == whole
    KeptRows(Target(target), COLUMNS, called(new)).close()
    assert not part.exists(), "without --resume it begins anew"


def test_a_table_that_cannot_be_begun_leaves_no_file_open_or_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[KeptRows] = []

    def full(self: KeptRows, rows: pa.Table) -> None:
        begun.append(self)
        raise BadInputError("no space left")

    monkeypatch.setattr(KeptRows, "add", full)
    with pytest.raises(BadInputError, match="no space left"):
        KeptRows(Target(tmp_path / "o.csv"), COLUMNS, called([]))
    assert begun[0]._file.closed
    assert not list(tmp_path.iterdir())


@pytest.fixture
def deaf() -> Iterator[None]:
    """SIGTERM, unless it is heeded, does not end the tests."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_says_what_was_kept_and_resume_does_the_rest(
    corrovis: Run, fake_ray: FakeRay, folder: Path, tmp_path: Path, by: signal.Signals
) -> None:
    """Ctrl-C after the first two rows; the second time only the others are answered."""
    out = tmp_path / "o.csv"
    words = ("batch", folder, "--job", "grade", "--out", out)
    fake_ray.most, fake_ray.signal = 2, by
    answer = corrovis(*words)
    assert answer.code == 2
    assert f"it was interrupted; 2 of 5 rows are kept in {out}.part; resume it for the rest (--resume)\n" in answer.err
    assert not out.exists()
    fake_ray.most = None
    done = corrovis(*words, "--resume", "--json").json
    assert (done["rows"], done["failed"]) == (5, 1)
    assert fake_ray.asked == [[0, 1, 2, 3, 4], [2, 3, 4]]
    assert pd.read_csv(out)["file"].tolist() == ["a.jpg", "b.png", "bad.jpg", "below/c.TIF", "?.png"]
    assert [path.name for path in tmp_path.glob("o.*")] == ["o.csv"]


@pytest.mark.usefixtures("deaf")
def test_an_interruption_before_the_first_row_leaves_nothing_and_130(
    corrovis: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To SIGTERM while it starts, Ray's own answer is to leave, with 15 and without a word."""
    monkeypatch.setattr(cluster, "_start", lambda *_: sys.exit(signal.SIGTERM))
    answer = corrovis("batch", folder, "--job", "grade", "--out", tmp_path / "o.csv")
    assert (answer.code, answer.err) == (130, "corrovis: it was interrupted; run it again\n")
    assert not list(tmp_path.glob("o.*"))


def test_rows_of_another_folder_or_of_changed_pictures_are_not_taken_up(
    corrovis: Run, fake_ray: FakeRay, folder: Path, tmp_path: Path
) -> None:
    """Pictures of the same names: those of a copy are refused, one that was written anew is answered anew."""
    words = ("--job", "grade", "--out", tmp_path / "o.csv")
    shutil.copytree(folder, tmp_path / "copy")
    fake_ray.most = 2
    corrovis("batch", folder, *words)
    part = (tmp_path / "o.csv.part").read_bytes()
    fake_ray.most = None
    for other in ((tmp_path / "copy", *words), (folder, "--job", "steel", *words[2:])):
        answer = corrovis("batch", *other, "--resume")
        assert answer.code == 2
        assert "o.csv.part is of another folder, job or network; delete it, or begin anew" in answer.err
        assert (tmp_path / "o.csv.part").read_bytes() == part
    Image.fromarray(grains(40, 60, seed=7)).save(folder / "a.jpg")
    assert corrovis("batch", folder, *words, "--resume").code == 0
    assert fake_ray.asked[-1] == [0, 2, 3, 4], "the second was kept"


def test_every_ending_is_one_that_the_door_reads(tmp_path: Path) -> None:
    assert {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".jp2"} <= picture_endings()
    for ending in sorted(picture_endings()):
        path = tmp_path / f"picture{ending}"
        Image.fromarray(grains(40, 60)).convert("RGB").save(path)
        assert read_photo(path).size_hw == (40, 60)


BAD = {
    "no folder": (["none", "--job", "grade"], "none is no folder"),
    "a file": (["pictures/b.png", "--job", "grade"], "b.png is no folder"),
    "no pictures": (["empty", "--job", "grade"], "empty holds no pictures"),
    "no such job": (["pictures", "--job", "polish"], "no job is called polish; take inspect, grade, steel"),
    "nobody there": (["pictures", "--job", "grade", "--ray", "127.0.0.1:PORT"], "no Ray answers at 127.0.0.1:"),
    "no address": (["pictures", "--job", "grade", "--ray", "somewhere"], "somewhere is no address of a Ray"),
    "out is no table": (["pictures", "--job", "grade", "--out", "o.xlsx"], "o.xlsx ends neither in .parquet nor in .csv"),
    "out is a folder": (["pictures", "--job", "grade", "--out", "empty"], "empty is a folder"),
    "no place for out": (["pictures", "--job", "grade", "--out", "pictures/b.png/o.parquet"], "cannot be made a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_exit_2_and_no_file(
    case: str,
    corrovis: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, said = BAD[case]
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    port = str(free_port())
    answer = corrovis("batch", "--out", "o.parquet", *(word.replace("PORT", port) for word in words), "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert said in answer.err
    assert sorted(path.name for path in Path().iterdir()) == ["empty", "pictures"]


def test_damaged_weights_are_told_before_ray_starts(
    corrovis: Run,
    toy_weights: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "manifest.json").write_bytes((toy_weights / "manifest.json").read_bytes())
    (weights / "car-grade.safetensors").write_bytes(b"?")
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(weights))
    answer = corrovis("batch", folder, "--job", "grade", "--out", tmp_path / "o.parquet")
    assert answer.code == 2
    assert "car-grade.safetensors has 1 of" in answer.err
    assert not (tmp_path / "o.parquet").exists()
