"""The page on a phone: one column, targets for a fingertip, and the answer before the choices."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import OpenPage, open_tabs, upload, write
from playwright.sync_api import Locator, Page, expect
from toy import micrograph, street

PHONE = {"has_touch": True, "is_mobile": True}
LEAST_PX = 40  # of what a fingertip is to hit
REST_MS = 300  # for which a part stays where it is before it is believed to
RESTING = """(part, rest) => new Promise((done) => {
  const look = (before, since) => requestAnimationFrame((time) => {
    const { x, y, width, height } = part.getBoundingClientRect(), now = `${x} ${y} ${width} ${height}`;
    const waits = [...document.images].some((image) => image.offsetParent && image.loading !== "lazy" && !image.complete);
    if (now !== before || waits) look(now, time);
    else if (time - since < rest) look(now, since);
    else done({ x, y, width, height });
  });
  look();
})"""


def on_phone(open_page: OpenPage, tab: str, width: int = 390) -> Page:
    """A phone that shows `tab`: each can be reached at once."""
    page = open_page(**PHONE, viewport={"width": width, "height": 844})
    open_tabs(page, tab)
    return page


def box(part: Locator) -> dict[str, float]:
    """Where a part lies once it stays there: pictures that arrive push what is below them."""
    expect(part).to_be_visible()
    return dict(part.evaluate(RESTING, REST_MS))


@pytest.mark.parametrize("width", [360, 390])
def test_curves_take_the_whole_width(open_page: OpenPage, width: int) -> None:
    page = on_phone(open_page, "Electrochemistry", width)
    page.get_by_role("button", name="Polarisation curve").tap()
    expect(page.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    assert box(page.locator(".curve-plot .panels > svg").first)["width"] > width - 60
    assert box(page.locator(".lab-desk"))["width"] > width - 60
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 390])
def test_steel_has_its_upload_above_its_examples(open_page: OpenPage, width: int) -> None:
    page = on_phone(open_page, "Steel", width)
    upload, examples = box(page.locator(".steel-photo")), page.locator(".steel-desk .gallery-item")
    expect(examples).to_have_count(6)
    assert upload["width"] > width - 60
    for example in examples.all():
        assert box(example)["y"] > upload["y"] + upload["height"]
        assert 44 <= box(example)["width"] < 70  # a finger needs 44


def test_what_is_touched_is_large_enough(open_page: OpenPage) -> None:
    page = on_phone(open_page, "Steel")
    page.locator(".steel-desk .gallery-item").first.tap()
    targets = [page.locator(".steel-photo").get_by_role("button", name="Remove Image")]
    targets += page.locator(".steel-photo .source-selection button").all()
    assert len(targets) == 3
    page.get_by_role("tab", name="Electrochemistry").tap()
    texts = page.locator(".lab-desk .gallery-item")
    expect(texts).to_have_count(2)
    for text in texts.all():
        assert box(text)["height"] >= LEAST_PX
    page.get_by_role("tab", name="Steel").tap()
    for target in targets:
        assert min(box(target)["width"], box(target)["height"]) >= LEAST_PX
    frame = box(page.locator(".steel-photo"))
    for target in targets:
        assert box(target)["y"] + box(target)["height"] <= frame["y"] + frame["height"], "nothing hangs over the edge"


def test_layers_come_right_after_the_answer(open_page: OpenPage, tmp_path: Path) -> None:
    page = on_phone(open_page, "Materials lab")
    page.locator(".materials .block.photo").first.locator("input[type=file]").first.set_input_files(
        micrograph(tmp_path / "a.png")
    )
    expect(page.locator(".layer-view")).to_have_attribute("data-state", "ready")
    answer, head, layers = (box(page.locator(part).first) for part in (".materials-bars", ".materials-view", ".layer-view"))
    assert 0 < head["y"] - (answer["y"] + answer["height"]) < 60
    assert box(page.get_by_label("Look into"))["y"] < layers["y"] < head["y"] + 140
    assert layers["width"] > 330
    assert box(page.get_by_role("button", name="Compare with a second"))["y"] > layers["y"] + layers["height"]


def test_surfaces_are_two_across_on_a_phone(open_page: OpenPage) -> None:
    page = on_phone(open_page, "Materials lab")
    page.get_by_role("spinbutton", name="Pictures").fill("3")
    page.get_by_role("spinbutton", name="Side, px").fill("96")
    page.get_by_role("button", name="Draw", exact=True).tap()
    shown = page.locator(".surface-gallery").get_by_role("button", name="Thumbnail")
    expect(shown).to_have_count(3)
    first, second, third = (box(one) for one in shown.all())
    assert first["width"] > 150
    assert second["y"] == first["y"]
    assert second["x"] + second["width"] <= 390
    assert third["y"] > first["y"]


def test_a_complaint_hides_no_file_and_a_field_shows_its_focus(page: Page) -> None:
    page.get_by_role("tab", name="Inspect").click()
    page.get_by_role("button", name="Inspect", exact=True).click()
    expect(page.get_by_text("Choose one picture or more first")).to_be_visible()
    expect(page.locator(".ask .error").first).to_be_attached()
    expect(page.locator(".ask .error").first).to_be_hidden()
    upload = page.locator(".ask").get_by_text("or choose them").first
    upload.click(trial=True)  # nothing lies over it
    for field, framed in (
        (page.get_by_label("Size of a pixel"),) * 2,
        (page.get_by_label("Model"), page.locator(".wrap:focus-within:has(> .wrap-inner)")),
    ):
        field.first.focus()
        expect(framed.first).to_have_css("outline", "rgb(194, 87, 26) solid 3px")


@pytest.mark.parametrize(
    ("width", "height", "photo"),
    [(390, 844, (540, 960)), (360, 640, (540, 960)), (844, 390, (960, 640)), (844, 390, (540, 960)), (915, 412, (960, 640))],
    ids=str,
)
def test_car_and_slider_are_seen_together(
    open_page: OpenPage, tmp_path: Path, width: int, height: int, photo: tuple[int, int]
) -> None:
    """However the phone and the photo are turned."""
    page = open_page(**PHONE, viewport={"width": width, "height": height})
    upload(page, write(tmp_path / "car.png", street(1, *photo)))
    for part in (page.locator(".picture"), page.get_by_role("slider", name="Corrosion level"), page.locator(".ticks")):
        assert box(part)["y"] >= 0
        assert box(part)["y"] + box(part)["height"] <= height
        assert box(part)["x"] + box(part)["width"] <= width
    picture = box(page.locator(".picture"))
    assert picture["width"] / picture["height"] == pytest.approx(photo[0] / photo[1], rel=0.02)


def test_the_choice_of_a_car_covers_no_picture(open_page: OpenPage, tmp_path: Path) -> None:
    """However low the picture is; so nothing invisible has to lie on it in split view."""
    page = open_page(**PHONE, viewport={"width": 390, "height": 844})
    upload(page, write(tmp_path / "row.png", street(4, 1500, 250)))
    picture = box(page.locator(".picture"))
    for split in (False, True):
        if split:
            page.get_by_role("button", name="Split view").tap()
        for n in range(1, 5):
            button = page.get_by_role("button", name=f"Car {n} from the left, alone")
            assert box(button)["y"] >= picture["y"] + picture["height"]
            assert box(button)["height"] >= LEAST_PX
        expect(page.locator(".cars")).to_have_css("opacity", "1")


def test_thumbnails_have_names(page: Page) -> None:
    """As Chromium tells them to a screen reader."""
    page.get_by_role("tab", name="Steel").click()
    expect(page.locator(".steel-desk .gallery-item")).to_have_count(6)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "button"]
    assert [name for name in names if name.startswith("Example")] == [f"Example {number}" for number in range(1, 7)]
    assert "" not in names
