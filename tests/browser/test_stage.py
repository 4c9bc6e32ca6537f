"""The stage: what the browser draws is what the server composes, and it asks nobody while it draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenPage, canvas_pixels, held, set_level, slider_of, stage_of, upload, write
from playwright.sync_api import Page, expect
from toy import Ager, Masker, street

from corrovis.car.ageing import compose, rust_fraction
from corrovis.results import AgedCar, Photo

NAMES = {1: "Mild", 0.37: "Traces", 1.5: "Moderate", 1.3: "Moderate", 2: "Moderate", 3: "Severe"} | {
    2.3: "Severe",  # 72 % of the toy's paint, as 15 % are at 1.3; a tick keeps its name, here with 54 % at 2
    2.61: "Severe",
    1.08: "Mild",
    0: "None",
}


@pytest.fixture(scope="module")
def aged() -> AgedCar:
    """What the toy server makes of the same photo."""
    shown = Photo(street())
    return Ager().age(shown, Masker().mask(shown))


def difference(page: Page, wanted: np.ndarray) -> int:
    return int(np.abs(canvas_pixels(page).astype(int) - wanted.astype(int)).max())


def test_a_new_photo_sweeps_up_to_mild(open_page: OpenPage, photo: Path, aged: AgedCar) -> None:
    page = open_page(reduced_motion="no-preference")
    upload(page, photo)
    expect(slider_of(page)).to_have_value("1")
    expect(slider_of(page)).to_have_attribute(
        "aria-valuetext", f"Mild, 1 of 3, {100 * rust_fraction(aged, 1):.1f} % of paint rusted"
    )
    expect(page.get_by_role("button", name="Play the time-lapse")).to_be_enabled()


def test_every_level_equals_the_server_and_the_way_back_too(ready: Page, aged: AgedCar) -> None:
    for level, name in NAMES.items():
        set_level(ready, level)
        expect(ready.locator(".readout .name")).to_have_text(name)
        assert difference(ready, compose(aged, level)) <= 2, f"level {level}"
        share = 100 * rust_fraction(aged, level)
        expect(ready.locator(".share")).to_have_text(
            f"{share:.1f} % of paint rusted" if share < 10 else f"{share:.0f} % of paint rusted"
        )
    assert difference(ready, street()) == 0, "level 0 is the photo bit for bit"


def test_sliding_sends_nothing(ready: Page, record_property: Callable[[str, object], None]) -> None:
    expect(ready.locator(".grade .bars")).to_be_visible()  # what the upload asked for has come, the grade last
    sent: list[str] = []
    ready.on("request", lambda request: sent.append(request.url))
    times = []
    for level in np.linspace(0, 3, 61):
        set_level(ready, round(float(level), 2))
        times.append(float(stage_of(ready).get_attribute("data-frame-ms") or 0))
    assert sent == []
    record_property(
        "frame_ms", {"median": float(np.median(times)), "slowest": max(times)}
    )  # measured here, judged by benchmarks/


def test_keyboard_moves_and_speaks_the_level(ready: Page, aged: AgedCar) -> None:
    slider = slider_of(ready)
    slider.focus()
    for key, value, spoken in (
        ("End", "3", "Severe, 3 of 3"),
        ("Home", "0", "None, 0 of 3"),
        ("ArrowRight", "0.05", "Traces, 0.05 of 3"),
        ("PageUp", "0.55", "Mild, 0.55 of 3"),
        ("ArrowLeft", "0.5", "Mild, 0.5 of 3"),
    ):
        slider.press(key)
        expect(slider).to_have_value(value)
        share = 100 * rust_fraction(aged, float(value))
        expect(slider).to_have_attribute("aria-valuetext", f"{spoken}, {share:.{int(share < 10)}f} % of paint rusted")


def test_ticks_jump(ready: Page, aged: AgedCar) -> None:
    for level, name in enumerate(("None", "Mild", "Moderate", "Severe")):
        ready.get_by_role("button", name=name, exact=True).click()
        expect(stage_of(ready)).to_have_attribute("data-drawn", f"{level:.2f}")
        assert difference(ready, compose(aged, level)) <= 2


def test_play_runs_to_severe_and_can_be_paused(open_page: OpenPage, photo: Path) -> None:
    """On a clock of the test's own: however slow the machine, no more of the film passes than is asked for."""
    page = open_page(reduced_motion="no-preference")
    upload(page, photo)
    page.clock.install()
    page.get_by_role("button", name="Play the time-lapse").click()  # while the level still glides to where it begins
    page.clock.run_for(400)
    page.get_by_role("button", name="Pause the time-lapse").click()
    play = page.get_by_role("button", name="Play the time-lapse")
    expect(play).to_be_visible()
    assert 0 < float(slider_of(page).input_value()) < 3
    play.click()
    page.clock.run_for(7000)
    expect(slider_of(page)).to_have_value("3")


def test_hold_to_compare_shows_the_photo(ready: Page) -> None:
    button = ready.get_by_role("button", name="Hold to compare")
    before = ready.locator("canvas.before")
    expect(before).to_have_css("clip-path", "inset(0px 100% 0px 0px)")
    button.hover()
    ready.mouse.down()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(before).to_have_css("clip-path", "none")
    assert np.array_equal(canvas_pixels(ready, "before"), street())
    ready.mouse.up()
    expect(before).to_have_css("clip-path", "inset(0px 100% 0px 0px)")
    button.focus()
    ready.keyboard.down(" ")
    expect(before).to_have_css("clip-path", "none")
    ready.keyboard.up(" ")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_split_handle_drags(ready: Page) -> None:
    ready.get_by_role("button", name="Split view").click()
    handle = ready.get_by_role("slider", name="Before and after")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    box = ready.locator(".picture").bounding_box()
    assert box is not None
    ready.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    ready.mouse.down()
    ready.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40, steps=3)
    ready.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "25")
    handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "27")
    ready.get_by_role("button", name="Split view").click()
    expect(handle).to_be_hidden()


def test_full_screen_keeps_the_picture_in_its_frame(ready: Page) -> None:
    ready.get_by_role("button", name="Full screen").click()
    ready.wait_for_function("document.fullscreenElement")
    ready.wait_for_function("document.querySelector('.frame').getBoundingClientRect().top === 0")
    frame, picture = (ready.locator(part).bounding_box() for part in (".frame", ".picture"))
    assert frame
    assert picture
    assert frame["y"] <= picture["y"] + 0.5
    assert picture["y"] + picture["height"] <= frame["y"] + frame["height"] + 0.5
    assert picture["width"] / picture["height"] == pytest.approx(960 / 640, rel=0.01)
    assert max(picture["width"] / frame["width"], picture["height"] / frame["height"]) > 0.99, "as large as fits"


def test_outline_can_be_shown(ready: Page) -> None:
    button = ready.get_by_role("button", name="Car outline")
    expect(ready.locator(".outline")).to_have_css("opacity", "0")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(ready.locator(".outline")).to_have_css("opacity", "1")


def test_other_rust_keeps_the_level(ready: Page, aged: AgedCar) -> None:
    set_level(ready, 2.2)
    ready.evaluate("window.requestAnimationFrame = () => 1")  # what is ready is drawn, however late frames come
    ready.get_by_role("button", name="Other rust").click()
    expect(stage_of(ready)).to_have_attribute("data-state", "ready")
    expect(slider_of(ready)).to_have_value("2.2")
    other = Ager().age(Photo(street()), aged.mask, seed=1)
    assert difference(ready, compose(other, 2.2)) <= 2


def tap(page: Page, x: float, y: float) -> None:
    box = page.locator("canvas.aged").bounding_box()
    assert box is not None
    page.locator("canvas.aged").click(position={"x": box["width"] * x, "y": box["height"] * y}, force=True)


def test_one_of_two_cars_rusts_alone(page: Page, tmp_path: Path) -> None:
    upload(page, write(tmp_path / "two.png", street(2)))
    set_level(page, 3)
    both = canvas_pixels(page)
    expect(page.get_by_text("2 cars: choose one to rust it alone")).to_be_visible()
    tap(page, 0.5, 0.1)
    assert stage_of(page).get_attribute("data-state") == "ready", "nothing there to rust"
    tap(page, 0.22, 0.58)
    expect(page.get_by_text("Only this car rusts")).to_be_visible()
    left, right = np.split(canvas_pixels(page), 2, axis=1)
    assert np.array_equal(right, np.split(street(2), 2, axis=1)[1]), "the other car stays as it was"
    assert not np.array_equal(left, np.split(street(2), 2, axis=1)[0])
    tap(page, 0.22, 0.58)
    assert stage_of(page).get_attribute("data-state") == "ready", "it is chosen already"
    first, second = (page.get_by_role("button", name=f"Car {n} from the left, alone") for n in (1, 2))
    expect(first).to_have_attribute("aria-pressed", "true")
    with held(page):
        tap(page, 0.72, 0.335)  # a little above the roof of the other
        expect(stage_of(page)).to_have_attribute("data-state", "busy")
    expect(second).to_have_attribute("aria-pressed", "true")
    first.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    assert np.array_equal(np.split(canvas_pixels(page), 2, axis=1)[0], left)
    expect(first).to_be_focused()
    page.get_by_role("button", name="All cars").click()
    expect(page.get_by_text("2 cars: choose one to rust it alone")).to_be_visible()
    assert np.array_equal(canvas_pixels(page), both)
