"""The inspect tab and its endpoints, with the shipped networks on micrographs that are drawn here."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from inspecting import begin, inspected, path_of, set_threshold, shown
from PIL import Image
from playwright.sync_api import Page, expect
from toy import micrograph


def test_pictures_are_inspected_and_chosen(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_text("<html>")
    stage = inspected(page, [micrograph(tmp_path / "first.png"), broken, micrograph(tmp_path / "second.png", 1)])
    expect(stage.get_by_role("heading", name="first.png")).to_be_visible()
    expect(stage.locator(".grade li")).to_have_count(3)
    expect(page.get_by_text("1 of 3 could not be read, see the table")).to_be_visible()
    expect(page.locator(".findings").get_by_text("it is a web page").last).to_be_visible()
    first, second = (page.get_by_role("button", name=f"Thumbnail {number} of 2") for number in (1, 2))
    expect(first).to_have_class(re.compile("selected"))
    expect(page.locator(".choices .grid-container")).to_have_css("grid-auto-flow", "column")  # one row, however many
    share = page.locator(".findings").get_by_role("gridcell").get_by_text(re.compile(r"± \d+ points")).first.bounding_box()
    assert share
    assert share["height"] < 30, "on one line"
    stage.get_by_role("spinbutton").fill("0.25")
    set_threshold(stage, 0.3)
    second.click()
    expect(stage.get_by_role("heading", name="second.png")).to_be_visible()
    expect(stage).to_have_attribute("data-threshold", "0.50")
    expect(second).to_have_class(re.compile("selected"))
    expect(stage.get_by_role("spinbutton")).to_have_value("")
    page.get_by_role("gridcell", name="first.png").first.click()
    expect(stage.get_by_role("heading", name="first.png")).to_be_visible()
    expect(first).to_have_class(re.compile("selected"))
    expect(stage.get_by_role("spinbutton")).to_have_value("0.25")
    expect(stage).to_have_attribute("data-threshold", "0.30")


@pytest.fixture
def closed(gate: Path) -> Iterator[Path]:
    """The gate, closed until the test opens it."""
    gate.touch()
    yield gate
    gate.unlink(missing_ok=True)


def test_a_run_grows_and_can_be_stopped(page: Page, closed: Path, tmp_path: Path) -> None:
    """Stop stands where Inspect stood; what was found until then is shown and packed; Inspect comes back, after an error too."""
    page.get_by_role("tab", name="Inspect").click()
    page.get_by_role("button", name="Inspect", exact=True).click()
    expect(page.get_by_text("Choose one picture or more first")).to_be_visible()
    expect(page.get_by_role("button", name="Inspect", exact=True)).to_be_visible()
    begin(page, [micrograph(tmp_path / f"{number}.png", number) for number in range(8)])
    expect(page.locator(".ask").first.get_by_text("0/8 steps")).to_have_css("position", "static")  # else it lies on the bar
    page.locator(".ask .file-preview .filename").first.click(trial=True)  # nothing lies over the files
    closed.write_bytes(b"1")
    stage = shown(page)
    expect(stage).to_be_in_viewport(ratio=0.7)
    expect(page.get_by_text("So far: 1 of 8 pictures")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Stopping after this picture")).to_be_visible()
    closed.unlink()
    expect(page.get_by_role("button", name="Inspect", exact=True)).to_be_visible()
    expect(page.get_by_text("Stopped after 2 of 8 pictures")).to_be_visible()
    expect(stage.get_by_role("heading", name="0.png")).to_be_visible()
    with page.expect_download() as download:
        page.locator(".findings").get_by_role("link").last.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        expect(page.get_by_text("So far")).to_have_count(0)
        rows = list(csv.DictReader(archive.read("summary.csv").decode().splitlines()))
        assert len(rows) == 2
        assert all(f"{row['folder']}/mask.png" in archive.namelist() for row in rows)


def test_a_pixel_size_is_written_into_the_files_of_all(page: Page, tmp_path: Path) -> None:
    stage = inspected(page, [micrograph(tmp_path / f"{number}.png", number) for number in range(2)])
    expect(page.get_by_role("button", name="Thumbnail 2 of 2")).to_be_visible()
    every = stage.get_by_role("button", name="Into those of all pictures")
    expect(every).to_be_hidden()
    stage.get_by_role("spinbutton").fill("0.25")
    expect(page.get_by_role("button", name="Inspect", exact=True)).to_be_visible()
    every.click()
    expect(stage).to_have_attribute("data-um", "0.25")
    expect(every).to_be_hidden()
    expect(stage.get_by_role("spinbutton")).to_have_value("0.25")
    with page.expect_download() as download:
        page.locator(".findings").get_by_role("link").last.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        rows = list(csv.DictReader(archive.read("summary.csv").decode().splitlines()))
        assert [row["pixel_size_um"] for row in rows] == ["0.25", "0.25"]
        assert all("0.25 µm" in archive.read(f"{row['folder']}/report.html").decode() for row in rows)


def test_pits_can_be_asked_for(page: Page, tmp_path: Path) -> None:
    """Chosen in the page, and the picture's own answer comes back."""
    grey = np.random.default_rng(0).normal(120, 3, (160, 200))
    for y, x in ((40, 50), (100, 140), (120, 40)):
        grey[np.hypot(*(np.mgrid[0:160, 0:200] - np.array([y, x])[:, None, None])) < 5] = 220
    cv2.imwrite(str(tmp_path / "holes.png"), grey.clip(0, 255).astype(np.uint8))
    page.get_by_role("tab", name="Inspect").click()
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name="Pits (304 stainless, SEM)").click()
    stage = inspected(page, [tmp_path / "holes.png"])
    expect(stage.get_by_role("heading", name="holes.png")).to_be_visible()
    stage.get_by_role("spinbutton").fill("0.5")
    density = f"{3 / (160 * 200 * 0.25e-6):.0f}"
    expect(stage.locator(".count")).to_have_text(re.compile(rf"^3 regions, {density} per mm²$"))
    set_threshold(stage, 0.49)
    expect(stage.locator(".count")).to_contain_text("3 regions")


def test_inspect_answers_with_the_contracts_keys_and_files(client: Client, tmp_path: Path) -> None:
    answer = client.predict(handle_file(micrograph(tmp_path / "a.png")), "ni20cr", "0.5um", True, api_name="/inspect")
    (item,) = answer["items"]
    assert item["file"] == "a.png"
    assert item["pixel_size_um"] == 0.5
    assert set(item["probabilities"]) == {"low", "moderate", "severe"}
    with Image.open(path_of(item["mask"])) as mask:
        assert mask.size == (240, 180)
