"""The steel tab and its endpoints, with stand-ins for the networks (see toy.py)."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, WEBGL, Launch, OpenPage, open_tabs
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from toy import STEEL, Defects

from corrovis.steel.plates import MARKED, read_plate, save_plate
from corrovis.steel.results import Brush, Plate
from corrovis.steel.texture import clean_plate

# What the stage has read out of its answers: their seeds.
HEAR = """() => {
  const parse = JSON.parse;
  window.heard = [];
  JSON.parse = (...words) => {
    const value = parse(...words);
    if (typeof value?.seed === "number") window.heard.push(value.seed);
    return value;
  };
}"""

# Notes that a button was disabled, were it for a moment.
HELD = """(button) => {
  window.held = button.disabled;
  new MutationObserver(() => { window.held ||= button.disabled; }).observe(button, {attributes: true});
}"""


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("patches") / "dull.png"
    save_plate(Plate(clean_plate((96, 128), 2)), path, "drawn")
    return path


@pytest.fixture
def steel(page: Page, patch: Path) -> Page:
    """The tab with a patch on its stage."""
    give(page, patch)
    expect(stage_of(page)).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    return page


def give(page: Page, path: Path) -> None:
    page.get_by_role("tab", name="Steel").click()
    page.locator(".steel-photo input[type=file]").first.set_input_files(path)


def stage_of(page: Page) -> Locator:
    return page.locator(".steel-stage")


def set_strength(page: Page, strength: float) -> None:
    for event in ("input", "change"):
        page.get_by_role("slider", name="Strength").first.evaluate(
            "(slider, [value, event]) => { slider.value = value; slider.dispatchEvent(new Event(event)); }", [strength, event]
        )


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_nine_defects_are_shown_and_strength_is_an_opacity(steel: Page) -> None:
    defects = steel.get_by_role("group", name="Defects to put on the patch").get_by_role("button")
    expect(defects).to_have_count(9)
    sources = defects.locator("img").evaluate_all("(pictures) => pictures.map((picture) => picture.src)")
    assert len(set(sources)) == 9
    defects.get_by_text("Scratches").click()
    expect(steel.locator(".steel-stage .name")).to_have_text("Scratches")
    expect(steel.locator(".steel-stage .seen li")).to_have_count(3)
    set_strength(steel, 0.4)
    expect(steel.locator(".steel-stage .over")).to_have_css("opacity", "0.4")
    set_strength(steel, 0)
    expect(steel.locator(".steel-stage .name")).to_have_text("As it came")


def test_what_is_seen_in_another_picture_is_not_shown_beside_this_one(steel: Page) -> None:
    seen, shares = steel.locator(".steel-stage .seen"), steel.locator(".steel-stage .shares")
    expect(shares).to_be_visible()
    hidden = seen.evaluate(
        """(seen) => {
          const slider = document.querySelector(".steel-stage .strength input");
          slider.value = 0.5;
          slider.dispatchEvent(new Event("input"));
          return getComputedStyle(seen.querySelector(".shares")).visibility;
        }"""
    )
    assert hidden == "hidden"
    set_strength(steel, 0.5)
    expect(shares).to_be_visible()


def test_what_is_saved_is_what_was_chosen(steel: Page, patch: Path, tmp_path: Path) -> None:
    first = steel.locator(".steel-stage .over").get_attribute("src")
    steel.get_by_role("button", name="Other defects").click()
    expect(stage_of(steel)).to_have_attribute("data-state", "ready")
    expect(steel.locator(".steel-stage .over")).not_to_have_attribute("src", str(first))
    steel.locator(".steel-stage .grid").get_by_text("Spots").click()
    set_strength(steel, 0.5)
    with steel.expect_download() as waiting:
        steel.locator(".steel-stage .keep").click()
    waiting.value.save_as(tmp_path / "saved.png")
    wanted = Defects().add(read_plate(patch), "spots", Brush(0.5, 1)).plate
    assert np.array_equal(pixels_of(tmp_path / "saved.png"), wanted.pixels)
    with Image.open(tmp_path / "saved.png") as image:
        assert "spots" in image.text["Synthetic"]


def test_a_seed_is_shown_and_can_be_typed(steel: Page) -> None:
    """The same seed makes the same defects again; what is no seed is not taken."""
    seed, over = steel.locator(".steel-stage").get_by_role("spinbutton", name="Seed"), steel.locator(".steel-stage .over")
    expect(seed).to_have_value("0")
    first = str(over.get_attribute("src"))
    steel.get_by_role("button", name="Other defects").click()
    expect(seed).to_have_value("1")
    expect(over).not_to_have_attribute("src", first)
    seed.fill("0")
    seed.press("Enter")
    expect(over).to_have_attribute("src", first)
    seed.fill("-3")
    seed.press("Enter")
    expect(seed).to_have_value("0")
    seed.fill("900000000001")
    seed.press("Enter")
    expect(steel.get_by_text("seed 900000000001 is outside 0 to")).to_be_visible()
    expect(seed).to_have_value("0")


def test_the_verdict_on_the_patch_as_it_came_stays(steel: Page) -> None:
    came = steel.locator(".steel-stage .came")
    expect(came).to_contain_text("As it came: ")
    expect(came).to_contain_text(MARKED)
    said = str(came.text_content())
    steel.locator(".steel-stage .grid").get_by_text("Spots").click()
    set_strength(steel, 0.5)
    expect(came).to_have_text(said)


def test_a_defect_is_wiped_off_and_comes_back(steel: Page) -> None:
    wipe = steel.get_by_role("button", name="Wipe clean", exact=True)
    wipe.click()
    expect(wipe).to_have_attribute("aria-pressed", "true")
    expect(steel.locator(".steel-stage .name")).to_have_text("Wiped clean")
    wipe.click()
    expect(steel.locator(".steel-stage .name")).to_have_text("Crazing")


def test_what_is_no_picture_is_said_in_a_line(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_text("<html>")
    give(page, broken)
    expect(page.get_by_role("alert").filter(has_text="not a picture")).to_be_visible()


@pytest.fixture
def spoiled(patch: Path, tmp_path: Path) -> Path:
    """The patch with a bright spot in its middle: what is sound keeps its pixels when it is wiped."""
    pixels = pixels_of(patch).copy()
    pixels[46:50, 60:68] = 230
    Image.fromarray(pixels).save(tmp_path / "spoiled.png")
    return tmp_path / "spoiled.png"


@pytest.fixture
def painter(open_page: OpenPage, spoiled: Path) -> Page:
    """The tab with a patch, in a browser with WebGL: without it the image editor stays white."""
    page = open_page(flags=WEBGL, viewport={"width": 1280, "height": 1100})
    give(page, spoiled)
    expect(stage_of(page)).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    return page


def wait_until_seen(page: Page, x: float, y: float, is_there: Callable[[np.ndarray], bool]) -> None:
    """Look at the pixel (x, y) of the window, RGB, until it is as wanted: the image editor tells nobody what it has drawn."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        shot = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
        if is_there(np.asarray(Image.open(BytesIO(shot)).convert("RGB"))[0, 0].astype(int)):
            return
    pytest.fail(f"({x}, {y}) never looks as wanted")


def test_what_the_brush_wipes_is_where_it_was_painted(painter: Page, spoiled: Path, tmp_path: Path) -> None:
    painter.get_by_role("tab", name="Brush").click()
    canvas = painter.locator(".steel-editor canvas").first
    expect(canvas).to_be_visible()
    wipe = painter.get_by_role("button", name="Wipe it clean there")
    wipe.evaluate(HELD)
    wipe.click()
    expect(painter.get_by_text("Paint over a part of the plate first")).to_be_visible()
    expect(wipe).to_be_enabled()
    assert painter.evaluate("() => window.held"), "while it is at work it cannot be pressed again"
    box = canvas.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    wait_until_seen(painter, x + 60, y, lambda rgb: rgb.max() < 200)  # the plate, on white
    wait_until_seen(painter, x, y, lambda rgb: rgb.min() > 200)  # the bright spot in the middle of it
    painter.mouse.move(x - 30, y)
    painter.mouse.down()
    painter.mouse.move(x + 30, y, steps=6)
    painter.mouse.up()
    wait_until_seen(painter, x, y, lambda rgb: np.ptp(rgb) > 60)  # in the brush's colour
    wipe.click()  # one even grey, by the toy
    save = painter.get_by_role("link", name="Save the plate").or_(painter.get_by_role("button", name="Save the plate"))
    expect(save).to_be_enabled()
    with painter.expect_download() as waiting:
        save.click()
    waiting.value.save_as(tmp_path / "brushed.png")
    before, after = pixels_of(spoiled), pixels_of(tmp_path / "brushed.png")
    changed = before != after
    assert after.shape == before.shape
    assert 0 < changed.mean() < 0.6
    assert not changed[:10].any(), "nothing was painted at the top"
    assert abs(int(after[48, 64]) - np.median(before)) <= 8, "as light as the plate around it"
    painter.get_by_role("button", name="Undo", exact=True).click()  # our own, that knows what is saved
    expect(painter.get_by_role("button", name="Save the plate")).to_be_disabled()
    for name in ("Undo", "Redo", "Clear canvas", "Color"):
        expect(painter.locator(".steel-editor").get_by_label(name, exact=True)).to_be_hidden()
    expect(painter.locator(".steel-editor").get_by_label("Brush Size")).to_be_visible()


def test_a_set_is_made_and_taken_home(page: Page, tmp_path: Path) -> None:
    open_tabs(page, "Steel", "Training set")
    page.get_by_role("spinbutton", name="Patches of each").fill("2")
    page.get_by_role("button", name="Make the set").click()
    expect(page.locator(".block.told")).to_contain_text("18 patches")
    expect(page.locator(".steel-set .caption-label").first).to_have_text("Crazing")
    with page.expect_download() as waiting:
        page.locator(".steel-set").get_by_role("link").first.click()
    waiting.value.save_as(tmp_path / "set.zip")
    names = zipfile.ZipFile(tmp_path / "set.zip").namelist()
    assert "manifest.csv" in names
    assert sum(name.endswith(".png") for name in names) == 18


def test_a_set_in_the_making_can_be_stopped(page: Page) -> None:
    open_tabs(page, "Steel", "Training set")
    page.get_by_role("spinbutton", name="Patches of each").fill("300")
    stop, go = (page.locator(".steel-set").get_by_role("button", name=name, exact=True) for name in ("Stop", "Make the set"))
    expect(stop).to_be_hidden()
    go.click()
    expect(go).to_be_hidden()
    expect(stop).to_be_in_viewport()
    stop.click()
    expect(page.locator(".block.told")).to_contain_text("nothing of this set was kept")
    expect(go).to_be_visible()
    expect(stop).to_be_hidden()


def test_an_answer_about_an_earlier_plate_is_not_shown(steel: Page) -> None:
    """Another plate was chosen, and its answer is still to come: what comes of the first meanwhile leaves the stage busy."""
    steel.evaluate(
        "() => window.dispatchEvent(new CustomEvent('corrovis:steel', {detail: {url: 'data:,', path: '/elsewhere.png'}}))"
    )
    expect(stage_of(steel)).to_have_attribute("data-state", "busy")
    steel.evaluate(HEAR)
    steel.locator(".steel-stage .reseed").evaluate("(button) => { button.disabled = false; button.click(); }")
    steel.wait_for_function("() => window.heard.includes(1)")
    assert stage_of(steel).get_attribute("data-state") == "busy"


def test_a_browser_that_cannot_draw_is_told_so(launch: Launch, server: str) -> None:
    page = launch("--disable-gpu", "--disable-3d-apis").new_page()  # not by open_page: here the editor's library complains
    page.set_default_timeout(PATIENCE_MS)
    page.goto(server)
    page.get_by_role("tab", name="Steel").click()
    page.get_by_role("tab", name="Brush").click()
    expect(page.get_by_text("Your browser cannot draw here (no WebGL)")).to_be_visible()


def test_on_a_phone_the_picture_chosen_is_seen(page: Page, patch: Path) -> None:
    give(page, patch)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(stage_of(page)).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    page.locator(".steel-stage .grid").get_by_text("Spots").click()
    expect(page.locator(".steel-stage .plate")).to_be_in_viewport(ratio=0.9)
    page.get_by_role("tab", name="Brush").click()
    side, row = (page.locator(f".steel-{part}").first.bounding_box() for part in ("side", "brush"))
    assert side
    assert row
    assert side["width"] > 0.95 * row["width"]


def path_of(file: object) -> Path:
    return Path(str(file["path"] if isinstance(file, dict) else file))


def test_the_endpoints_answer_with_the_contracts_keys(client: Client, patch: Path, tmp_path: Path) -> None:
    region = np.zeros((96, 128), np.uint8)
    region[20:60, 30:90] = 255
    Image.fromarray(region).save(tmp_path / "mask.png")
    added = client.predict(handle_file(patch), "spots", 1.0, 3, handle_file(tmp_path / "mask.png"), api_name="/add_defect")
    assert added["class"] == "spots"
    assert set(added["probabilities"]) == set(STEEL)
    assert np.array_equal(pixels_of(path_of(added["file"]))[region == 0], pixels_of(patch)[region == 0])
    erased = client.predict(handle_file(patch), api_name="/erase_defect")
    assert erased["class"] == "background"
    assert path_of(erased["file"]).exists()
    (item,) = client.predict(handle_file(patch), api_name="/classify_steel")["items"]
    assert item["file"] == "dull.png"
    assert item["class"] in STEEL
    made = client.predict("all", 1, 0, api_name="/synthesize_steel")
    assert set(made["files"]) == set(STEEL[:-1])
    with pytest.raises(AppError, match="no defect is called rust"):
        client.predict(handle_file(patch), "rust", api_name="/add_defect")
