"""How photos come in besides by the upload's own ways, what is said when none comes, and what is read out to who cannot see."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import canvas_pixels, choose, held, set_level, slider_of, stage_of, upload, write
from playwright.sync_api import Page, Route, expect
from toy import Ager, Masker, street

from corrovis.car.ageing import rust_fraction
from corrovis.results import Photo

PASTE = """([element, data]) => {
  const clipboardData = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  if (data) clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
  else clipboardData.setData("text/plain", "words");
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.querySelector(element).dispatchEvent(event);
}"""
DEAF = """() => {
  const real = window.fetch;
  window.fetch = (to, how) => (String(to).includes("robots") ? Promise.reject(new TypeError()) : real(to, how));
}"""


def spoken(level: float) -> str:
    """The share that the server computes for what it sends."""
    shown = Photo(street())
    share = 100 * rust_fraction(Ager().age(shown, Masker().mask(shown)), level)
    return f"{share:.{int(share < 10)}f} % of paint rusted"


def paste(page: Page, photo: Path | None, element: str = "body") -> None:
    data = base64.b64encode(photo.read_bytes()).decode() if photo else ""
    page.evaluate(PASTE, [element, data])


def test_a_pasted_picture_is_a_photo(page: Page, photo: Path) -> None:
    paste(page, None)
    expect(page.get_by_text("No picture in the clipboard")).to_be_visible()
    paste(page, photo)
    expect(stage_of(page)).to_have_attribute("data-state", "ready")
    set_level(page, 0)
    assert np.array_equal(canvas_pixels(page), street())
    paste(page, None)
    expect(page.locator(".corrosion-stage .notice")).to_have_text("No picture in the clipboard")
    assert stage_of(page).get_attribute("data-state") == "ready"


def test_on_another_tab_or_in_a_field_nothing_is_pasted_here(page: Page, photo: Path) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { className: 'field' }))")
    page.locator("textarea.field").focus()
    paste(page, photo, "textarea.field")
    page.locator("textarea.field").evaluate("(field) => field.remove()")
    page.get_by_role("tab", name="Electrochemistry").click()
    paste(page, photo)
    page.get_by_role("tab", name="Car").click()
    expect(page.get_by_role("heading", name="How would your car look, rusted?")).to_be_visible()
    assert [url for url in sent if "upload" in url] == []
    expect(page.get_by_text("No picture in the clipboard")).to_be_hidden()


def test_a_name_that_begins_with_a_dot_is_no_dead_end(page: Page, tmp_path: Path) -> None:
    upload(page, write(tmp_path / ".hidden.png", street()))
    with page.expect_download() as download:
        page.get_by_role("group", name="Save").get_by_role("button", name="Picture", exact=True).click()
    assert download.value.suggested_filename.startswith("hidden_level_")


def test_what_was_wrong_with_the_last_photo_goes_when_another_is_chosen(page: Page, tmp_path: Path) -> None:
    """Also before that one arrives; and a car, while the next is on its way, is said to wait for it."""
    choose(page, write(tmp_path / "wall.png", street(0)))
    expect(stage_of(page)).to_have_attribute("data-state", "problem")
    gate = {"open": False}
    waiting: list[Route] = []

    def pass_on(route: Route) -> None:
        route.continue_() if gate["open"] else waiting.append(route)

    page.route("**/upload*", pass_on)
    for name, state in (("first", "empty"), ("second", "busy")):
        gate["open"] = False
        choose(page, write(tmp_path / f"{name}.png", street()))
        expect(stage_of(page)).to_have_attribute("data-state", state)
        expect(page.locator(".busy-text")).to_have_text("Uploading the new photo…" if state == "busy" else "")
        expect(page.locator(".reseed")).to_be_disabled()
        gate["open"] = True
        while waiting:
            waiting.pop().continue_()
        expect(stage_of(page)).to_have_attribute("data-state", "ready")


def test_a_photo_on_its_way_is_waited_for_while_the_last_one_is_worked_on(page: Page, photo: Path, tmp_path: Path) -> None:
    sent: list[Route] = []
    said = page.locator(".busy-text")

    def keep(route: Route) -> None:
        sent.append(route)

    with held(page):
        choose(page, photo)
        expect(said).to_have_text("Finding the car and growing the rust…")
        page.route("**/upload*", keep)
        choose(page, write(tmp_path / "next.png", street(1, 600, 400)))
        expect(said).to_have_text("Uploading the new photo…")
    expect(stage_of(page)).to_have_class(re.compile("drawn"))  # the last one's answer
    expect(stage_of(page)).to_have_attribute("data-state", "busy")
    expect(said).to_have_text("Uploading the new photo…")
    while sent:
        sent.pop().continue_()
    expect(stage_of(page)).to_have_attribute("data-state", "ready")
    assert canvas_pixels(page).shape == (400, 600, 3)


def test_a_server_that_is_gone_is_told_of_and_the_car_stays(ready: Page) -> None:
    ready.evaluate(DEAF)
    ready.route("**/queue/join*", lambda route: None)
    button = ready.get_by_role("button", name="Other rust")
    button.click()
    expect(stage_of(ready)).to_have_attribute("data-state", "busy")
    expect(button).to_be_disabled()
    set_level(ready, 2)  # what is there can still be moved
    expect(slider_of(ready)).to_be_enabled()
    expect(ready.get_by_text("The server does not answer; your photo is still here.")).to_be_visible(timeout=20_000)
    expect(stage_of(ready)).to_have_attribute("data-state", "ready")
    expect(button).to_be_enabled()
    expect(slider_of(ready)).to_have_value("2")
    ready.get_by_role("group", name="Save").get_by_role("button", name="GIF").click()
    expect(ready.locator(".save[aria-busy]")).to_have_count(1)
    expect(ready.locator(".save[aria-busy]")).to_have_count(0, timeout=20_000)


def test_a_server_that_goes_before_the_car_is_there_is_told_of_too(page: Page, photo: Path) -> None:
    page.evaluate(DEAF)
    page.route("**/queue/join*", lambda route: None)
    choose(page, photo)
    expect(page.get_by_role("alert").filter(has_text="The server does not answer")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Treat the whole picture as car")).to_be_hidden()


@pytest.mark.parametrize("back", [False, True], ids=["after the server came back", "by the browser's Back"])
def test_a_page_loaded_anew_says_that_its_photo_is_gone(ready: Page, photo: Path, back: bool) -> None:
    said = ready.get_by_text("The page was loaded anew: choose your photo again.")
    expect(said).to_be_hidden()
    if back:
        ready.goto("about:blank")
        ready.go_back()
    else:
        ready.reload()
    expect(said).to_be_visible()
    upload(ready, photo)
    expect(said).to_be_hidden()


def test_what_is_read_out(ready: Page) -> None:
    """Once, when the car is there; not that it is being looked for.  The picture and the tick say where the slider is."""
    mild = f"Mild, 1 of 3, {spoken(1)}"
    expect(ready.locator(".said")).to_have_text(f"Ready: {mild}")
    expect(ready.locator(".busy-text")).to_have_text("")
    picture = ready.get_by_role("img", name="The car at the chosen level: ")
    expect(picture).to_have_attribute("aria-label", f"The car at the chosen level: {mild}")
    set_level(ready, 3)
    expect(picture).to_have_attribute("aria-label", f"The car at the chosen level: Severe, 3 of 3, {spoken(3)}")
    expect(ready.locator(".tick[aria-current=true]")).to_have_text("Severe")
    expect(ready.locator(".said")).to_have_text(f"Ready: {mild}")
    expect(ready.locator(".workspace").get_by_role("button", name="Example: street")).to_be_visible()


def test_the_split_handle_has_the_keys_of_a_slider(ready: Page) -> None:
    ready.get_by_role("button", name="Split view").click()
    handle = ready.get_by_role("slider", name="Before and after")
    for key, value in (("ArrowUp", 52), ("ArrowDown", 50), ("PageUp", 60), ("PageDown", 50), ("Home", 0), ("End", 100)):
        handle.press(key)
        expect(handle).to_have_attribute("aria-valuenow", str(value))
        expect(handle).to_have_attribute("aria-valuetext", f"{value} % of the picture shows it before")


def test_a_webcam_leaves_room_for_the_rest(page: Page) -> None:
    page.locator(".photo").evaluate("(photo) => photo.append(document.createElement('video'))")
    expect(page.locator(".photo video")).to_have_css("max-height", "495px")  # of 900
