"""Draw the README's pictures anew: a rendered car that rusts, its four levels, and the page with made examples in four tabs.

    python examples/readme_pictures.py http://127.0.0.1:7860          # of the page that runs there

Nothing that a camera or a microscope saw is in them; see README.md beside this file.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect, sync_playwright

from corrovis.car.ageing import Ager, compose
from corrovis.car.masking import CarMasker
from corrovis.images import read_photo, shrink
from corrovis.render.video import save_gif
from corrovis.results import SEVERITIES, AgedCar
from corrovis.settings import Settings
from corrovis.store import Store

EXAMPLES = Path(__file__).parent
DOCS = EXAMPLES.parent / "docs"
PATIENCE_MS = 180_000
VIEW = {"width": 1280, "height": 900}
WIDE, GAP = 640, 8  # pixels of a panel and between two
CAR = slice(92, 364)  # rows of the panel that show it
TABS = {
    "Car": ("saloon.jpg", '.corrosion-stage[data-state="ready"]'),
    "Inspect": ("micrographs/as_received_8h.png", '.findings-stage[data-state="ready"]'),
    "Electrochemistry": ("curves/polarisation.csv", "section.fit table"),
    "Steel": ("steel/plate.png", '.steel-stage[data-state="ready"]'),
}


def aged_car(name: str) -> AgedCar:
    store = Store(Settings().weights)
    photo = shrink(read_photo(EXAMPLES / name), WIDE)
    return Ager(store).age(photo, CarMasker(store).mask(photo))


def levels(aged: AgedCar) -> list[Image.Image]:
    """The car at each level, with the level's name on it."""
    pictures, font = [], ImageFont.load_default(22)
    for level, name in enumerate(SEVERITIES):
        picture = Image.fromarray(compose(aged, level)[CAR])
        ImageDraw.Draw(picture).text((16, 12), name.title(), "white", font, stroke_width=2, stroke_fill="#333333")
        pictures.append(picture)
    return pictures


def shown(page: Page, tab: str) -> Image.Image:
    """The tab with its example, as the first screen shows it."""
    example, answered = TABS[tab]
    page.get_by_role("tab", name=tab, exact=True).click()
    panel = page.locator("[role=tabpanel]:visible").first
    panel.locator("input[type=file]").first.set_input_files(EXAMPLES / example)
    if tab == "Inspect":
        panel.get_by_role("button", name="Inspect", exact=True).click()
    expect(panel.locator(answered).first).to_be_visible(timeout=PATIENCE_MS)
    if tab == "Car":
        page.get_by_role("slider").first.fill("2")
    page.evaluate("scrollTo(0, 0)")
    for stage in panel.locator(".findings-stage, .steel-stage").all():  # they lie below what was sent
        stage.evaluate("stage => scrollTo(0, stage.getBoundingClientRect().top - 90)")
    page.wait_for_timeout(1500)  # pictures fade in
    with Image.open(io.BytesIO(page.screenshot())) as image:
        return image.convert("RGB").resize((WIDE, round(WIDE * VIEW["height"] / VIEW["width"])), Image.Resampling.LANCZOS)


def two_by_two(panels: list[Image.Image], gap: int = 0) -> Image.Image:
    width, height = panels[0].size
    sheet = Image.new("RGB", (2 * width + gap, 2 * height + gap), "white")
    for k, panel in enumerate(panels):
        sheet.paste(panel, (k % 2 * (width + gap), k // 2 * (height + gap)))
    return sheet


def main() -> None:
    aged = aged_car("saloon.jpg")
    two_by_two(levels(aged)).save(DOCS / "levels.jpg", quality=88)
    save_gif(aged, DOCS / "rusting.gif")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW, reduced_motion="reduce")
        page.goto(sys.argv[1])
        two_by_two([shown(page, tab) for tab in TABS], GAP).save(DOCS / "page.jpg", quality=85)
        browser.close()


if __name__ == "__main__":
    main()
