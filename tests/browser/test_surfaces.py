"""The section for synthetic micrographs and its endpoint, with the shipped generator."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from conftest import PATIENCE_MS, open_tabs
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Page, expect


def test_surfaces_are_drawn_shown_and_packed(page: Page, tmp_path: Path) -> None:
    open_tabs(page, "Materials lab")
    page.get_by_role("spinbutton", name="Pictures").fill("2")
    page.get_by_role("spinbutton", name="Side, px").fill("96")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("heading", name="2 ×")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("dropped")).to_be_visible()
    expect(page.locator(".surface-gallery").get_by_role("button", name="Thumbnail")).to_have_count(2)
    expect(page.locator(".surface-facts").get_by_text("Inside is good").first).to_be_visible()
    expect(page.locator(".surface-gallery").get_by_text("Synthetic surfaces")).to_have_count(0)  # it would lie on the first
    with page.expect_download() as waiting:
        page.locator(".surfaces").get_by_role("link").click()
    waiting.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sorted(Path(name).suffix for name in archive.namelist()) == [".csv", ".png", ".png"]


def test_endpoint_answers_with_the_contracts_keys_and_marked_files(client: Client) -> None:
    answer = client.predict("Ni-20Cr", 1, 0, 96, api_name="/synthesize_sem")
    assert set(answer) >= {"material", "files", "scores", "dropped"}
    assert {"ssim", "gradient", "discriminator"} <= set(answer["scores"])
    (file,) = answer["files"]
    with Image.open(file if isinstance(file, str) else file["path"]) as picture:
        assert picture.size == (96, 96)
        assert "no specimen" in picture.text["Synthetic"]


def test_endpoint_says_what_is_wrong(client: Client) -> None:
    with pytest.raises(AppError, match="none that the generator knows"):
        client.predict("cheese", 1, 0, 96, api_name="/synthesize_sem")
    with pytest.raises(AppError, match="n 49 is outside 1 to 48"):
        client.predict("Ni-20Cr", 49, 0, 96, api_name="/synthesize_sem")
