"""The inspect tab in a browser: pictures handed in, the stage that shows what was found in them, its threshold."""

from __future__ import annotations

from pathlib import Path

from conftest import PATIENCE_MS
from playwright.sync_api import Locator, Page, expect


def path_of(file: str | dict[str, str]) -> str:
    """A file of an endpoint's answer, as the client has stored it."""
    return file if isinstance(file, str) else file["path"]


def begin(page: Page, files: list[Path]) -> None:
    page.get_by_role("tab", name="Inspect").click()
    page.locator(".ask input[type=file]").first.set_input_files(files)
    expect(page.locator(".ask").first.get_by_text(files[-1].stem)).to_be_visible()
    page.get_by_role("button", name="Inspect", exact=True).click()


def inspected(page: Page, files: list[Path]) -> Locator:
    """The stage of the inspect tab once it shows the first of `files`."""
    begin(page, files)
    return shown(page)


def shown(page: Page) -> Locator:
    stage = page.get_by_role("group", name="Findings")
    expect(stage).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    return stage


def set_threshold(stage: Locator, value: float) -> None:
    slider = stage.get_by_role("slider", name="Threshold")
    slider.evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value)
    expect(stage).to_have_attribute("data-threshold", f"{value:.2f}")
