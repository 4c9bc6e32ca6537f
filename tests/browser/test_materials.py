"""The materials tab and its endpoints, with the shipped networks on micrographs that are drawn here."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import held
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from toy import micrograph


def view_of(page: Page) -> Locator:
    return page.locator(".layer-view")


def choose(page: Page, path: Path, place: int = 0) -> None:
    """The picture to look at, or with `place` 1 the one beside it."""
    page.locator(".materials .block.photo").nth(place).locator("input[type=file]").first.set_input_files(path)


def colours_of(page: Page) -> np.ndarray:
    """(H, W, 3) uint8 of the first map."""
    uri = page.locator(".layer-view .maps canvas").first.evaluate("(canvas) => canvas.toDataURL('image/png')")
    data = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def test_a_micrograph_is_named_and_its_layers_walked_through(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Materials lab").click()
    with held(page):
        choose(page, micrograph(tmp_path / "first.png"))
        expect(view_of(page).get_by_text("Looking into the layers")).to_be_visible()
    expect(view_of(page)).to_have_attribute("data-state", "ready")
    bars = page.locator(".materials-bars")
    expect(bars.get_by_role("listitem")).to_have_count(6)
    expect(view_of(page)).to_have_attribute("data-drawn", "0 bone mean")
    before = colours_of(page)
    page.get_by_role("button", name="Next layer").click()
    red, strongest = (page.locator(".layer-view").get_by_role("button", name=name) for name in ("Red Lava", "Strongest"))
    red.press("Enter")
    strongest.press("Space")
    expect(view_of(page)).to_have_attribute("data-drawn", "1 red-lava top")
    expect(page.locator(".layer-view [aria-pressed=true]")).to_have_text(["Red Lava", "Strongest"])
    after = colours_of(page)
    assert np.ptp(before.astype(int), axis=2).mean() < np.ptp(after.astype(int), axis=2).mean()  # bone is nearly grey
    page.locator(".layer-view .at").press("End")
    expect(view_of(page)).not_to_have_attribute("data-drawn", "1 red-lava top")
    page.get_by_role("button", name="Compare with a second").click()
    choose(page, micrograph(tmp_path / "second.png", 1), 1)
    expect(view_of(page).locator("figure")).to_have_count(2)
    expect(view_of(page).get_by_text("second.png")).to_be_visible()
    expect(bars.get_by_role("listitem")).to_have_count(12)
    expect(bars.last.get_by_text("second.png")).to_be_visible()
    for name, other, kind in (("This layer", "PDF", b"\x89PNG"), ("PDF", "Overview", b"%PDF")):
        with page.expect_download() as saved, held(page):
            page.get_by_role("button", name=name, exact=True).click()
            page.get_by_role("button", name=other, exact=True).click()  # gradio would drop it without a word
            expect(view_of(page).get_by_text("One file at a time")).to_be_visible()
        assert Path(saved.value.path()).read_bytes().startswith(kind)
        expect(view_of(page).locator("[aria-busy]")).to_have_count(0)
    page.get_by_label("Look into").click()
    page.get_by_role("option", name="Pits in 304 stainless").click()
    expect(view_of(page).get_by_text("Layer 1 of ")).to_be_visible()
    expect(view_of(page).locator(".layer-facts")).not_to_contain_text("backbone")


def test_what_is_no_picture_is_said_and_stays_said(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Materials lab").click()
    broken = tmp_path / "broken.png"
    broken.write_text("<html>")
    choose(page, broken)
    expect(view_of(page).get_by_role("alert")).to_contain_text("broken.png is not a picture")
    expect(page.get_by_text("is not a picture")).to_have_count(1)
    choose(page, micrograph(tmp_path / "good.png"))
    expect(view_of(page)).to_have_attribute("data-state", "ready")
    expect(page.get_by_text("is not a picture")).to_have_count(0)


def test_classify_material_answers_with_the_contracts_keys(client: Client, tmp_path: Path) -> None:
    (item,) = client.predict(handle_file(micrograph(tmp_path / "a.png")), api_name="/classify_material")["items"]
    assert item["file"] == "a.png"
    assert item["material"] in item["probabilities"]
    assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_show_layers_answers_with_pictures(client: Client, tmp_path: Path) -> None:
    image = handle_file(micrograph(tmp_path / "a.png"))
    answer = client.predict(image, "aqua", api_name="/show_layers")
    assert len(answer["layers"]) > 40
    path = answer["layers"][0]["file"]
    with Image.open(path if isinstance(path, str) else path["path"]) as picture:
        assert picture.format == "PNG"
    with pytest.raises(AppError, match="no colour filter is called viridis"):
        client.predict(image, "viridis", api_name="/show_layers")
