"""The inspect tab and its endpoints, with the shipped networks on micrographs that are drawn here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PATIENCE_MS
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Page, expect


def micrograph(path: Path, seed: int = 0) -> Path:
    """180 x 240, grains with dark boundaries, written to `path`."""
    dice = np.random.default_rng(seed)
    seeds = dice.random((20, 2)) * (180, 240)
    y, x = np.mgrid[0:180, 0:240]
    nearest = np.sort(np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1]), axis=2)
    grey = np.where(nearest[..., 1] - nearest[..., 0] < 4, 40, 170)
    cv2.imwrite(str(path), dice.normal(grey, 7).clip(0, 255).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


def test_pictures_are_inspected_and_regions_chosen(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Inspect").click()
    broken = tmp_path / "broken.tif"
    broken.write_text("<html>")
    files = [micrograph(tmp_path / "first.png"), broken, micrograph(tmp_path / "second.png", 1)]
    page.locator(".form input[type=file]").set_input_files(files)
    expect(page.locator(".form").get_by_text("second")).to_be_visible()
    page.get_by_role("button", name="Inspect", exact=True).click()
    facts = page.locator(".block.facts")
    expect(facts.get_by_role("heading")).to_contain_text("first.png", timeout=PATIENCE_MS)
    expect(facts.get_by_role("listitem")).to_have_count(3)
    expect(page.get_by_text("web page")).to_be_visible()
    page.get_by_role("button", name="Thumbnail 2 of 2").click()
    expect(facts.get_by_role("heading")).to_contain_text("second.png")


def test_pits_can_be_asked_for(page: Page, tmp_path: Path) -> None:
    """Chosen in the page, and the picture's own answer comes back."""
    grey = np.random.default_rng(0).normal(120, 3, (160, 200))
    for y, x in ((40, 50), (100, 140), (120, 40)):
        grey[np.hypot(*(np.mgrid[0:160, 0:200] - np.array([y, x])[:, None, None])) < 5] = 220
    cv2.imwrite(str(tmp_path / "pits.png"), grey.clip(0, 255).astype(np.uint8))
    page.get_by_role("tab", name="Inspect").click()
    page.locator(".form input[type=file]").set_input_files([tmp_path / "pits.png"])
    page.get_by_label("Model").click()
    page.get_by_role("option", name="Pits (304 stainless, SEM)").click()
    page.get_by_role("button", name="Inspect", exact=True).click()
    facts = page.locator(".block.facts")
    expect(facts.get_by_role("heading")).to_contain_text("pits.png", timeout=PATIENCE_MS)
    expect(page.get_by_text("pits304").first).to_be_visible()


def test_inspect_answers_with_the_contracts_keys_and_files(client: Client, tmp_path: Path) -> None:
    answer = client.predict(handle_file(micrograph(tmp_path / "a.png")), "ni20cr", "0.5um", True, api_name="/inspect")
    (item,) = answer["items"]
    assert item["file"] == "a.png"
    assert item["pixel_size_um"] == 0.5
    assert set(item["probabilities"]) == {"low", "moderate", "severe"}
    path = item["mask"] if isinstance(item["mask"], str) else item["mask"]["path"]
    with Image.open(path) as mask:
        assert mask.size == (240, 180)


def test_progression_wants_every_picture_of_its_table(client: Client, tmp_path: Path) -> None:
    first, second = micrograph(tmp_path / "a.png"), micrograph(tmp_path / "b.png", 1)
    table = tmp_path / "t.csv"
    table.write_text("file,exposure_h,condition\na.png,1,dry\nb.png,2,dry\n")
    answer = client.predict(handle_file(table), [handle_file(first), handle_file(second)], "", "", api_name="/progression")
    assert answer["conditions"][0]["exposure"] == [1, 2]
    with pytest.raises(AppError, match=r"names b\.png, which was not sent"):
        client.predict(handle_file(table), [handle_file(first)], "", "", api_name="/progression")
