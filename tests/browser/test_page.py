"""The page around the stage: what goes wrong is said in a line, what was made can be taken home, nobody gets another's car."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenPage, canvas_pixels, choose, held, set_level, stage_of, upload, write
from PIL import Image
from playwright.sync_api import Page, Route, expect
from toy import street


def test_it_opens_with_the_upload_and_says_what_it_is(page: Page) -> None:
    expect(page.get_by_role("heading", name="How would your car look, rusted?")).to_be_visible()
    expect(page.get_by_role("tab", name="Car")).to_be_visible()
    expect(stage_of(page)).to_be_hidden()
    expect(page.get_by_role("link", name="Source code")).to_have_attribute("href", "https://example.org/source")
    expect(page.get_by_text("AGPL-3.0-or-later")).to_be_visible()
    expect(page.get_by_text("illustrations, not predictions")).to_be_visible()


def test_a_wide_window_has_the_page_in_its_middle(open_page: OpenPage) -> None:
    box = open_page(viewport={"width": 1920, "height": 1080}).locator("main.contain").bounding_box()
    assert box
    assert box["width"] == 1280
    assert abs(box["x"] - 320) < 12, "but for a scroll bar"


def test_a_laptop_shows_the_stage_down_to_save(open_page: OpenPage, photo: Path) -> None:
    page = open_page(viewport={"width": 1366, "height": 768})
    expect(page.locator(".photo .top-panel")).to_be_hidden()  # nothing is in it yet
    upload(page, photo)
    save, last, slider = (
        part.bounding_box()
        for part in (
            page.get_by_role("group", name="Save"),
            page.get_by_role("button", name="Severe", exact=True),
            page.get_by_role("slider", name="Corrosion level"),
        )
    )
    assert save
    assert last
    assert slider
    assert save["y"] + save["height"] < 768
    assert last["x"] + last["width"] <= slider["x"] + slider["width"] + 1


def test_an_example_is_one_click(page: Page) -> None:
    page.locator(".gallery-item").first.click()
    expect(stage_of(page)).to_have_attribute("data-state", "ready")


def test_severity_of_the_photo_is_shown(ready: Page) -> None:
    bars = ready.locator(".bars")
    expect(bars.get_by_role("heading", name="Rust in your photo")).to_be_visible()
    expect(bars.get_by_role("listitem")).to_have_text(["None70 %", "Mild20 %", "Moderate6 %", "Severe4 %"])
    expect(bars).to_contain_text("How likely each level is in the photo as it came")


def test_without_a_car_the_whole_picture_is_offered(page: Page, tmp_path: Path) -> None:
    choose(page, write(tmp_path / "wall.png", street(0)))
    alert = page.get_by_role("alert").filter(has_text="No car found in this picture")
    expect(alert).to_be_visible()
    expect(stage_of(page)).to_have_attribute("data-state", "problem")
    bars = page.locator(".grade .bars")
    expect(bars).to_be_attached()
    expect(bars).to_be_hidden()  # a wall has no severity
    page.get_by_role("button", name="Treat the whole picture as car").click()
    expect(stage_of(page)).to_have_attribute("data-state", "ready")
    expect(bars).to_be_visible()
    expect(bars).to_contain_text("No car was found in it")
    expect(alert).to_be_hidden()
    set_level(page, 3)
    assert (canvas_pixels(page) != street(0)).any(axis=2).mean() > 0.3


@pytest.mark.parametrize(
    ("content", "said"), [(b"this is no picture", "is not a picture"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "bad.png")]
)
def test_a_bad_file_is_named_in_one_line(page: Page, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    choose(page, path)
    alert = page.get_by_role("alert").filter(has_text=said)
    expect(alert).to_be_visible()
    expect(page.get_by_role("button", name="Treat the whole picture as car")).to_be_hidden()
    assert "Traceback" not in page.content()
    expect(page.locator(".readout")).to_have_text("")
    expect(page.locator(".corrosion-stage .preview")).to_have_css("visibility", "hidden")  # a broken picture
    expect(page.locator(".photo img")).to_have_css("visibility", "hidden")
    upload(page, write(tmp_path / "good.png", street()))  # and it goes on
    expect(page.locator(".readout .name")).to_have_text("Mild")
    expect(page.locator(".photo img")).to_have_css("visibility", "visible")


def test_of_two_photos_only_the_one_chosen_last_is_shown(page: Page, tmp_path: Path) -> None:
    """The second is chosen before the server has heard of the first; both are answered in turn."""
    held: list[Route] = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    stage_of(page).evaluate(
        """(stage) => { window.shown = []; new MutationObserver(() => stage.dataset.state === "ready" && window.shown.push(
        stage.querySelector(".aged").width)).observe(stage, { attributeFilter: ["data-state"] }); }"""
    )
    choose(page, write(tmp_path / "first.png", street(1, 480, 320)))
    expect(stage_of(page)).to_have_attribute("data-state", "busy")
    preview = str(page.locator(".preview").get_attribute("src"))
    choose(page, write(tmp_path / "second.png", street(1, 600, 400)))
    expect(page.locator(".preview")).not_to_have_attribute("src", preview)
    held[0].continue_()
    expect(stage_of(page)).to_have_attribute("data-state", "ready")
    expect(page.locator(".grade .bars")).to_be_visible()
    assert page.evaluate("window.shown") == [600]


ON_PHONE = """() => {
  navigator.canShare = ({ files }) => files[0].size > 0;
  navigator.share = async ({ files }) => { window.sharedFile = files[0].name; };
}"""


def test_files_come_in_full_size_and_say_what_they_are(page: Page, tmp_path: Path) -> None:
    page.evaluate(ON_PHONE)
    upload(page, write(tmp_path / "large.png", street(1, 1501, 1001)))
    set_level(page, 2)
    share = page.get_by_role("group", name="Save").get_by_role("button", name=re.compile("^Share "))
    expect(share).to_be_hidden()
    made = {}
    save = lambda name: page.get_by_role("group", name="Save").get_by_role("button", name=name, exact=True)  # noqa: E731
    for name, suffix in (("Picture", ".png"), ("Strip", ".png"), ("Video", ".mp4"), ("GIF", ".gif")):
        with page.expect_download() as download, held(page):  # until it was pressed into
            save(name).click()
            expect(page.locator(".save[aria-busy]")).to_have_count(1)
            save("Strip" if name == "Picture" else "Picture").click()
            expect(page.get_by_text("One file at a time")).to_be_visible()
            expect(page.locator(".save[aria-busy]")).to_have_text(name)
        assert download.value.suggested_filename.startswith("large_")
        assert download.value.suggested_filename.endswith(suffix)
        made[name] = tmp_path / f"{name}{suffix}"
        download.value.save_as(made[name])
        expect(page.locator(".save[aria-busy]")).to_have_count(0)
        expect(share).to_have_text(f"Share {name}")
        share.click()
        page.wait_for_function("name => window.sharedFile === name", arg=download.value.suggested_filename)
    with Image.open(made["Picture"]) as picture:
        assert picture.size == (1501, 1001)
        assert "level 2 of 3" in picture.info["Synthetic"]
    with Image.open(made["Strip"]) as strip:
        assert "not a prediction" in strip.info["Synthetic"]
    with Image.open(made["GIF"]) as film:
        assert max(film.size) == 480
        assert film.n_frames > 10
    assert b"Synthetic" in made["Video"].read_bytes()


def test_parallel_visitors_get_their_own_car(open_page: OpenPage, tmp_path: Path) -> None:
    pages = [open_page(), open_page()]
    pictures = [street(1), street(2, 900, 500)]
    for n, (page, rgb) in enumerate(zip(pages, pictures, strict=True)):
        choose(page, write(tmp_path / f"{n}.png", rgb))
    for page, rgb in zip(pages, pictures, strict=True):
        expect(stage_of(page)).to_have_attribute("data-state", "ready")
        set_level(page, 0)
        assert np.array_equal(canvas_pixels(page), rgb)
    pages[0].get_by_role("button", name="Other rust").click()
    pages[1].get_by_role("button", name="Other rust").click()
    for page, rgb in zip(pages, pictures, strict=True):
        expect(stage_of(page)).to_have_attribute("data-state", "ready")
        assert np.array_equal(canvas_pixels(page), rgb)


def test_a_removed_photo_brings_the_upload_back(ready: Page) -> None:
    heading = ready.get_by_role("heading", name="How would your car look, rusted?")
    expect(heading).to_have_count(1)  # for who cannot see
    expect(ready.locator(".block.hero").first).to_have_css("clip-path", "inset(50%)")
    ready.locator(".photo").get_by_role("button", name="Clear").or_(ready.get_by_label("Remove Image")).first.click()
    expect(stage_of(ready)).to_have_attribute("data-state", "empty")
    expect(heading).to_be_visible()
    expect(ready.locator(".block.hero").first).to_have_css("clip-path", "none")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_sideways_scrolling(open_page: OpenPage, photo: Path, scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme=scheme)
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= 390
    upload(page, photo)
    assert page.evaluate(wide) <= 390
    slider = page.get_by_role("slider", name="Corrosion level").bounding_box()
    assert slider is not None
    assert slider["y"] + slider["height"] < 844, "picture and slider are seen together"
    page.get_by_role("button", name="Severe", exact=True).tap()
    expect(stage_of(page)).to_have_attribute("data-drawn", "3.00")
