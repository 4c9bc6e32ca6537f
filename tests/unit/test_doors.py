"""What programs may send: whatever is wrong is answered in a line that names it, and nothing of the server's own is told."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from endpoints import Doors, sent
from gradio import FileData
from gradio.routes import App
from micrographs import grains
from PIL import Image
from starlette.testclient import TestClient

from corrovis.errors import BadInputError
from corrovis.ui.doors import Page, open_door, upload
from corrovis.ui.page import launch_options


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """A picture, a polarisation curve (i_corr 1e-5 A) and a spectrum (20 ohm, then 500 ohm beside 10 uF), as uploads."""
    Image.fromarray(grains()).save(tmp_path / "picture.png")
    eta = np.arange(-0.2, 0.2, 0.004)
    current = 1e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    rows = "\n".join(f"{e},{i}" for e, i in zip(eta - 0.5, current, strict=True))
    (tmp_path / "curve.csv").write_text(f"E (V),I (A)\n{rows}")
    f = np.logspace(5, -1, 40)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    rows = "\n".join(f"{a},{b.real},{b.imag}" for a, b in zip(f, z, strict=True))
    (tmp_path / "spectrum.csv").write_text(f"f,Z',Z''\n{rows}")
    found = {kind: sent(tmp_path / name) for kind, name in (("curve", "curve.csv"), ("spectrum", "spectrum.csv"))}
    return found | {kind: sent(tmp_path / "picture.png") for kind in ("photo", "image", "plate")}


# Endpoint, its file, what else was asked, and what is said.
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("fit_tafel", "curve", {"area_cm2": "wide"}, "area_cm2 'wide' is no number"),
    ("fit_tafel", "curve", {"area_cm2": "1_2"}, "area_cm2 '1_2' is no number"),
    ("fit_eis", "spectrum", {"columns": "frequency=3,Frequency=1,real=2,imaginary=3"}, "names a quantity twice; name one column"),
    ("fit_tafel", "curve", {"area_cm2": [1.2]}, "area_cm2 [1.2] is no number"),
    ("fit_tafel", "curve", {"equivalent_weight": -27.9, "density_g_cm3": 7.87}, "must be above 0"),
    ("fit_tafel", "curve", {"equivalent_weight": "Infinity", "density_g_cm3": 7}, "must be above 0 and at most 300"),
    ("fit_tafel", "curve", {"area_cm2": 1e-300}, "area 1e-300 cm2 is not possible"),
    ("fit_eis", "spectrum", {"columns": "frequency=1,real=1,imaginary=1"}, "column '1' cannot be both frequency and real"),
    ("fit_tafel", "curve", {"equivalent_weight": {}, "density_g_cm3": 7.87}, "equivalent_weight {} is no number"),
    ("fit_tafel", "curve", {"window": "ab"}, "window 'ab' is none; give [lowest, highest]"),
    ("fit_tafel", "curve", {"window": 0.5}, "window 0.5 is none"),
    ("fit_tafel", "curve", {"window": [None, None]}, "window None is no number"),
    ("fit_tafel", "curve", {"window": [-0.7, -0.5, -0.3]}, "window [-0.7, -0.5, -0.3] is none"),
    ("fit_tafel", "curve", {"sweep": 1.5}, "sweep 1.5 is outside"),
    ("fit_tafel", "curve", {"sweep": "first"}, "sweep 'first' is no number"),
    ("fit_tafel", "curve", {"alloy": 304}, "alloy 304 is no text"),
    ("fit_tafel", "curve", {"composition": ["Fe"]}, "composition ['Fe'] is no text"),
    ("fit_tafel", "curve", {"columns": 5}, "columns 5 is no text"),
    ("fit_tafel", "curve", {"method": ["auto"]}, "method ['auto'] is no text"),
    ("fit_tafel", "curve", {"reference": 3}, "reference 3 is no text"),
    *(("fit_tafel", "curve", {"reference": name}, "is no electrode's name") for name in ("x" * 41, "S\0", "\ud800")),
    ("fit_tafel", "curve", {"sweep": 9}, "no number 9"),
    ("fit_eis", "spectrum", {"spectrum_number": 9}, "no number 9"),
    ("fit_eis", "spectrum", {"circuit": 5}, "circuit 5 is no text"),
    ("fit_eis", "spectrum", {"area_cm2": "wide"}, "area_cm2 'wide' is no number"),
    ("fit_eis", "spectrum", {"spectrum_number": True}, "spectrum_number True is no number"),
    ("add_defect", "plate", {"defect": "spots", "strength": True}, "strength True is no number"),
    ("add_defect", "plate", {"defect": None}, "defect None is no text"),
    *(("add_defect", "plate", {"defect": "spots", "mask": mask}, "no file came") for mask in ({}, "", [], False, 0)),
    ("synthesize_steel", "", {"n": 301}, "n 301 is outside 1 to 300"),
    ("synthesize_steel", "", {"n": 0}, "n 0 is outside 1 to 300"),
    ("synthesize_steel", "", {"seed": -1}, "seed -1 is outside 0 to 900000000000"),
    ("synthesize_sem", "", {"material": "304", "side": 513}, "side 513 is outside 64 to 512"),
    ("synthesize_sem", "", {"material": "304", "n": 0}, "n 0 is outside 1 to 48"),
    ("fit_eis", "spectrum", {"spectrum_number": "last"}, "spectrum_number 'last' is no number"),
    ("fit_eis", "spectrum", {"columns": 5}, "columns 5 is no text"),
    ("show_layers", "image", {"filter": 3}, "filter 3 is no text"),
    ("show_layers", "image", {"show": 1}, "show 1 is no text"),
    ("show_layers", "image", {"model": 7}, "model 7 is no text"),
    ("show_layers", "image", {"top": 65}, "top 65 is outside 1 to 64"),
    ("show_layers", "image", {"beside": "b.png"}, "no file came with the request"),
    ("inspect", "image", {"pixel_size": 0.5}, "pixel_size 0.5 is no text"),
    ("inspect", "image", {"model": 1}, "model 1 is no text"),
    ("inspect", "image", {"beside": "b.txt"}, "no file came with the request"),
    ("inspect", "image", {"saliency": "false"}, "saliency 'false' is neither true nor false"),
    ("age_car", "photo", {"whole": "false"}, "whole 'false' is neither true nor false"),
    ("age_car", "photo", {"video": "true"}, "video 'true' is neither true nor false"),
    ("add_defect", "plate", {"defect": 3}, "defect 3 is no text"),
    ("synthesize_sem", "", {"material": None}, "material None is no text"),
    ("synthesize_sem", "", {"material": 304}, "material 304 is no text"),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case[0]} {case[2]}")
def test_what_is_no_argument_is_answered_in_a_line(
    doors: Doors, files: dict[str, Any], case: tuple[str, str, dict[str, Any], str], tmp_path: Path
) -> None:
    door, file, asked, said = case
    with pytest.raises(gr.Error) as raised:
        doors[door](**({file: files[file]} if file else {}), **asked)
    assert said in raised.value.message
    assert "\n" not in raised.value.message
    assert not list(tmp_path.glob("uploads/*")), "a refused request leaves no folder"


@pytest.mark.parametrize("door", ["age_car", "show_layers", "inspect", "add_defect", "fit_eis", "synthesize_sem"])
def test_null_is_the_same_as_leaving_it_out(doors: Doors, files: dict[str, Any], door: str) -> None:
    kinds = {"fit_eis": "spectrum", "add_defect": "plate"}
    given: list[Any] = ["Ni-20Cr"] if door == "synthesize_sem" else [files[kinds.get(door, "photo")]]
    given += ["spots"] if door == "add_defect" else []
    taken = signature(doors[door]).parameters
    answers = [doors[door](*given), doors[door](*given, *[None] * (len(taken) - len(given)))]
    assert answers[0].keys() == answers[1].keys()
    assert list(taken)[len(given) :], "and gradio still sees what it takes"


def test_numbers_of_curves_may_come_in_quotes(doors: Doors, files: dict[str, Any]) -> None:
    """As elsewhere; a form's fields are texts."""
    asked = {"area_cm2": "2", "equivalent_weight": "27.92", "density_g_cm3": "7.87", "window": ["-0.7", "-0.35"], "sweep": "1"}
    curve = {**files["curve"], "orig_name": r"$\frac{$.csv"}
    found = doors["fit_tafel"](curve, **asked, reference=r"$\frac{$")
    assert found["i_corr_a_cm2"]["value"] == pytest.approx(5e-6, rel=0.05)
    assert found["corrosion_rate_mm_y"]["value"] == pytest.approx(3.27e-3 * 5 * 27.92 / 7.87, rel=0.05)
    found = doors["fit_eis"](files["spectrum"], "R0-p(R1,C1)", area_cm2="2", spectrum_number="1")
    assert found["parameters"]["R1"]["value"] == pytest.approx(1000, rel=1e-3)


def test_what_the_commands_can_do_the_doors_can(doors: Doors, files: dict[str, Any]) -> None:
    film = doors["age_car"](files["photo"], 1, whole=True, video=True)["video"]
    assert film["orig_name"] == "rusting.mp4"
    layers = doors["show_layers"](files["image"], show="top", top=1)["layers"]
    assert {len(layer["shown"]) for layer in layers} == {1}


def test_a_disk_that_is_full_is_answered_in_a_line(
    doors: Doors, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere/level_0.png")

    monkeypatch.setattr("corrovis.tasks.car.save_png", full)
    with pytest.raises(gr.Error, match=r"could not be read or written on this server \(No space left on device\)") as raised:
        doors["age_car"](files["photo"], whole=True)
    assert "somewhere" not in raised.value.message
    assert "/somewhere/level_0.png" in caplog.text


@pytest.mark.parametrize(
    ("name", "sent_by", "code", "said"),
    [
        ("v2/door", {}, 400, "required argument: file"),
        ("v2/door", {"file": None, "x": 1}, 400, "`x` is not"),
        ("v2/gate", {}, 404, "no endpoint is called gate; the page lists them"),
        ("gate", {"data": []}, 404, "no endpoint is called gate; the page lists them"),
    ],
)
def test_what_a_door_lacks_or_does_not_know_is_said(name: str, sent_by: dict[str, Any], code: int, said: str) -> None:
    def door(file: FileData) -> dict[str, Any]:
        return {}

    with gr.Blocks(analytics_enabled=False) as page:
        open_door(door)
    app = App.create_app(page, app_kwargs=launch_options()["app_kwargs"])
    answer = TestClient(app).post(f"/gradio_api/call/{name}", json=sent_by)
    assert answer.status_code == code
    assert said in answer.json()["error"]


@pytest.mark.parametrize("inputs", [[], [{**sent(Path("a.png")), "size": "large"}]])
def test_what_gradio_itself_cannot_use_is_refused_in_words(inputs: list[Any]) -> None:
    """Too few arguments, or a record that is none of an upload's: gradio alone answers that the error is null."""
    with Page(analytics_enabled=False) as page:
        open_door(upload)
    (door,) = page.fns.values()
    with pytest.raises(gr.Error, match="the request cannot be used; send files as an upload answered them"):
        page.preprocess_data(door, inputs, None).send(None)


NO_UPLOADS = [None, 5, {"path": 5, "meta": {"_type": "gradio.FileData"}}, {"path": "/etc/passwd"}]


@pytest.mark.parametrize("record", [*NO_UPLOADS, {"path": "/etc/passwd", "meta": "gradio.FileData"}])
def test_what_is_no_upload_is_none(record: Any) -> None:
    with pytest.raises(BadInputError, match="no file came with the request"):
        upload(record)


def test_an_upload_that_was_swept_is_to_be_sent_again(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"^car\.jpg is no longer on the server, .* an hour at most; upload it again$"):
        upload(sent(tmp_path / "gone.jpg", "../car.jpg"))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (123, "plate"),
        ("a\0b.png", "ab"),
        ("\ud800.png", "png"),
        ("..", "plate"),
        ("../../up\n.png", "up"),
        ("a/b/up.png", "up"),
        (".hidden.png", "hidden"),
    ],
)
def test_odd_names_of_uploads_become_names_that_can_be_written(
    doors: Doors, files: dict[str, Any], name: Any, written: str
) -> None:
    plate = {**files["plate"], "path": files["plate"]["path"].replace("picture.png", "plate.png"), "orig_name": name}
    Path(files["plate"]["path"]).rename(plate["path"])
    found = doors["add_defect"](plate, "spots", 0)
    assert found["file"]["orig_name"] == f"{written}_spots.png"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two pictures, the second broken, as gradio keeps uploads: in folders of its own, under names that it has purged."""
    for folder in ("1f", "2e", "3d"):
        (tmp_path / folder).mkdir()
    Image.fromarray(grains()).save(tmp_path / "1f/Probe 4h.png")
    (tmp_path / "2e/Probe 8h.png").write_text("<html>")
    path = tmp_path / "3d/t 1.csv"
    path.write_text("file,exposure_h,condition\nProbe (4h).png,4,dry\nProbe (8h).png,8,dry\n")
    return path


def pictures(table: Path) -> list[dict[str, Any]]:
    folder = table.parents[1]
    return [sent(folder / f"{at}/Probe {hours}h.png", f"Probe ({hours}h).png") for at, hours in (("1f", 4), ("2e", 8))]


def test_a_progression_calls_pictures_by_their_own_names(doors: Doors, table: Path) -> None:
    answer = doors["progression"](sent(table), pictures(table))
    good, bad = answer["items"]
    assert (good["file"], bad["file"]) == ("Probe (4h).png", "Probe (8h).png")
    assert bad["error"].startswith("Probe (8h).png is not a picture")
    assert good["mask"]["meta"] == {"_type": "gradio.FileData"}
    answer = doors["progression"](sent(table), pictures(table)[:1])
    assert [item["file"] for item in answer["items"]] == ["Probe (4h).png", "Probe (8h).png"]
    assert answer["items"][1]["error"] == "Probe (8h).png is named by the table and was not sent with it"
    for sent_along in ([], pictures(table)[1:]):  # nothing, or a picture that is none
        with pytest.raises(gr.Error, match=r"none of 2 .* the first: Probe \(4h\)\.png is named by the table and was not sent"):
            doors["progression"](sent(table), sent_along)


WRONG_PROGRESSIONS: dict[str, tuple[str, str]] = {
    "none can be read": ("file,exposure_h,condition\nProbe (8h).png,8,dry\n", "Probe (8h).png is not a picture"),
    "no such column": ("name,hours\na.png,4\n", "t (1).csv has no column file"),
    "no hours": ("file,exposure_h,condition\nProbe (8h).png,soon,dry\n", "t (1).csv line 2"),
}


@pytest.mark.parametrize("case", WRONG_PROGRESSIONS)
def test_errors_of_a_progression_do_not_tell_where_uploads_lie(doors: Doors, table: Path, case: str) -> None:
    text, said = WRONG_PROGRESSIONS[case]
    table.write_text(text)
    with pytest.raises(gr.Error) as raised:
        doors["progression"](sent(table, "t (1).csv"), pictures(table))
    assert said in raised.value.message
    assert str(table.parents[1]) not in raised.value.message


def test_one_picture_is_called_by_its_own_name_too(doors: Doors, table: Path) -> None:
    with pytest.raises(gr.Error, match=r"^.Probe \(8h\).png is not a picture"):
        doors["inspect"](pictures(table)[1])


def test_a_microscopes_text_file_may_come_with_its_picture(doors: Doors, files: dict[str, Any], tmp_path: Path) -> None:
    """Whatever it is called: as a file of its own it says whose scale it is."""
    (tmp_path / "scale.txt").write_text("[SemImageFile]\r\nPixelSize=99.2\r\n")
    found = doors["inspect"]({**files["image"], "orig_name": "a (1).png"}, saliency=False, beside=sent(tmp_path / "scale.txt"))
    assert (found["file"], found["pixel_size_um"]) == ("a (1).png", 0.0992)


@pytest.mark.parametrize("images", [None, 5, "a.png", {"path": "a.png"}, [None]])
def test_pictures_of_a_progression_are_a_list_of_uploads(doors: Doors, table: Path, images: Any) -> None:
    with pytest.raises(gr.Error, match=r"no list of files|no file came"):
        doors["progression"](sent(table), images)
