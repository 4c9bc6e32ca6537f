"""The stage of the inspect tab: threshold, regions, scale, heat maps, and files saved without the server."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import OpenPage
from gradio_client import Client, handle_file
from inspecting import inspected, path_of, set_threshold
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from skimage.measure import label, regionprops
from toy import micrograph

from corrovis.render.inspection_facts import decimals_of, percent, share_text
from corrovis.render.sem_pictures import class_colours
from corrovis.sem.inspection import SETTLED
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.segmentation import LEAST_PX
from corrovis.sem.severity import grade_area

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "micrographs"


# Where the picture, which is grey, has its first coloured pixel, as shares of its width and height.
COLOURED = """(stage) => {
    const canvas = stage.querySelector("canvas"), { width, height } = canvas;
    const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    for (let i = 0; i < width * height; i++)
        if (Math.abs(rgba[4 * i] - rgba[4 * i + 1]) > 60)
            return [(i % width + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
}"""


PIXELS = "(stage) => stage.querySelector('canvas').toDataURL()"


def shown_share(item: dict[str, Any], share: float) -> str:
    """A share as the reports show it, without its error."""
    return share_text(share, item["severity_sigma"], item["severity_limits"]).split(" ±")[0]


def test_the_threshold_acts_as_the_program_would(page: Page, client: Client, tmp_path: Path) -> None:
    """At the model's own threshold table and files agree; at another, scikit-image finds the same regions."""
    path = micrograph(tmp_path / "field.png")
    item = client.predict(handle_file(path), "ni20cr", "", False, api_name="/inspect")["items"][0]
    certainty = np.asarray(Image.open(path_of(item["certainty"])))
    stage = inspected(page, [path])
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for threshold in (0.5, 0.2, 0.7):
        set_threshold(stage, threshold)
        numbers = label(certainty >= round(threshold * 256), connectivity=2)
        found = [part for part in regionprops(numbers) if part.area >= LEAST_PX]
        share = sum(part.area for part in found) / certainty.size
        expect(stage.locator(".share")).to_have_text(f"{shown_share(item, share)} corroded")
        found_grade = grade_area(share, tuple(item["severity_limits"]), item["severity_sigma"])
        settled = threshold == 0.5 or found_grade.probabilities[FIELD_SEVERITIES.index(found_grade.severity)] >= SETTLED
        close = "" if settled else f"Close to a limit: do not take {found_grade.severity.capitalize()} for settled."
        expect(stage.locator(".close")).to_have_text(close)
        of = "" if threshold == 0.5 else " (error measured at the model's own threshold)"
        expect(stage.locator(".error")).to_have_text(re.compile(rf"points{re.escape(of)}$"))
        expect(stage.get_by_text("At the model's own threshold:")).to_be_visible(visible=threshold != 0.5)
        expect(stage.locator(".count")).to_contain_text("1 region" if len(found) == 1 else f"{len(found)} regions")
        if len(found) > 1:
            largest = max(part.area for part in found) / sum(part.area for part in found)
            expect(stage.locator(".count")).to_contain_text(f"the largest is {100 * largest:.0f} % of it")
        rows = stage.locator("tbody tr")
        expect(rows).to_have_count(min(200, len(found)))
        largest = max(found, key=lambda part: part.area)
        circularity = min(1, 4 * np.pi * largest.area / largest.perimeter**2)
        expect(rows.first.locator("td").nth(-2)).to_have_text(f"{circularity:.2f}")
        top, left, bottom, right = largest.bbox
        cut = min(top, left) == 0 or bottom == certainty.shape[0] or right == certainty.shape[1]
        expect(rows.first.locator("td").nth(-3)).to_have_text("yes" if cut else "")
    stage.locator("tbody tr").last.click()
    chosen = found[int(str(stage.get_attribute("data-chosen"))) - 1]  # both number them row by row
    y, x = max(map(tuple, chosen.coords), key=lambda place: certainty[place])
    for threshold in (0.2, 0.8, 0.98):
        set_threshold(stage, threshold)
        numbers = label(certainty >= round(threshold * 256), connectivity=2)
        kept = [part.label for part in regionprops(numbers) if part.area >= LEAST_PX]
        there = kept.index(numbers[y, x]) + 1 if numbers[y, x] in kept else 0
        expect(stage).to_have_attribute("data-chosen", str(there))
        if not there:
            break
    assert [url for url in requests if "queue" in url or "upload" in url] == []
    set_threshold(stage, 0.5)
    said = share_text(item["corroded_fraction"], item["severity_sigma"], item["severity_limits"])
    expect(stage.locator(".error")).to_have_text(said.split(" % ")[1])


def test_a_click_in_the_picture_and_one_in_the_table_choose_alike(page: Page, tmp_path: Path) -> None:
    stage = inspected(page, [micrograph(tmp_path / "field.png")])
    set_threshold(stage, 0.2)
    first = stage.locator("tbody tr").first
    first.click()
    expect(first).to_have_attribute("aria-selected", "true")
    chosen = stage.get_attribute("data-chosen")
    expect(stage.locator(".told")).to_contain_text(f"Region {chosen}")
    first.click()
    expect(stage).to_have_attribute("data-chosen", "0")
    spot = stage.evaluate(COLOURED)
    box = stage.locator("canvas").bounding_box()
    assert box
    stage.locator("canvas").click(position={"x": spot[0] * box["width"], "y": spot[1] * box["height"]})
    expect(stage.locator('tbody tr[aria-selected="true"]')).to_have_count(1)


def test_scale_opacity_and_downloads_need_no_server(page: Page, tmp_path: Path) -> None:
    stage = inspected(page, [micrograph(tmp_path / "field.png")])
    for text in ("-1", "0", "1e7"):
        stage.get_by_role("spinbutton").fill(text)
        expect(stage.get_by_role("columnheader", name="Area, px²")).to_be_visible()
    stage.get_by_role("spinbutton").fill("0.5")
    expect(stage.get_by_role("columnheader", name="Area, µm²")).to_be_visible()
    expect(stage.locator(".count")).not_to_contain_text("mm²")  # a network is not counted
    before = stage.evaluate(PIXELS)
    stage.get_by_role("slider", name="Opacity").fill("0")
    expect(stage.locator(".opacity-text")).to_have_text("0 %")
    page.wait_for_function("([stage, before]) => (" + PIXELS + ")(stage) !== before", arg=[stage.element_handle(), before])
    with page.expect_download() as download:
        stage.get_by_role("button", name="Save table").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert download.value.suggested_filename == "field_regions.csv"
    assert len(lines) - 1 == stage.locator("tbody tr").count()
    with page.expect_download() as download:
        stage.get_by_role("link", name="Save report").click()
    assert download.value.suggested_filename == "report.html"
    assert "Corrosion report: " in Path(download.value.path()).read_text()


def test_the_table_that_is_saved_is_the_programs(page: Page, client: Client, tmp_path: Path) -> None:
    """At the model's own threshold the same regions under the same names, to the last figure."""
    path = micrograph(tmp_path / "field.png")
    item = client.predict(handle_file(path), "ni20cr", "0.5um", False, api_name="/inspect")["items"][0]
    stage = inspected(page, [path])
    stage.get_by_role("spinbutton").fill("0.5")
    with page.expect_download() as download:
        stage.get_by_role("button", name="Save table").click()
    with Path(download.value.path()).open() as file, Path(path_of(item["csv"])).open() as own:
        saved, wanted = list(csv.DictReader(file)), {row["id"]: row for row in csv.DictReader(own)}
    assert len(saved) == len(wanted) > 0
    for row in saved:
        assert (row.pop("threshold"), row.pop("pixel_size_um"), row.pop("model")) == ("0.5", "0.5", "ni20cr")
        assert (row.pop("file"), row.pop("severity")) == ("field.png", item["severity"])
        assert row.pop("picture_sha256") == item["picture_sha256"]
        assert float(row.pop("corroded_fraction")) == item["corroded_fraction"]
        assert float(row.pop("corroded_fraction_sigma")) == item["severity_sigma"]
        theirs = wanted[row["id"]]
        assert list(row) == [name for name in theirs if name in row], "in the program's order too"
        assert all(row.pop(name) == theirs[name] for name in ("class", "touches_border"))
        assert {name: float(value) for name, value in row.items()} == {name: float(theirs[name]) for name in row}


def test_a_heat_map_has_its_own_opacity_and_regions_can_be_chosen_on_it(page: Page, tmp_path: Path) -> None:
    stage = inspected(page, [micrograph(tmp_path / "field.png")])
    regions, spot = stage.evaluate(PIXELS), stage.evaluate(COLOURED)
    stage.get_by_role("button", name="Heat map").click()
    expect(stage).to_have_attribute("data-heat", "heat")
    expect(stage.locator(".legend")).to_be_visible()
    expect(stage.locator(".opacity-text")).to_have_text("100 %")
    heat = stage.evaluate(PIXELS)
    assert heat != regions
    with page.expect_download() as download:
        stage.get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == "field_heat.png"
    stage.get_by_role("slider", name="Opacity").fill("0.3")
    page.wait_for_function("([stage, before]) => (" + PIXELS + ")(stage) !== before", arg=[stage.element_handle(), heat])
    area = stage.locator("canvas").bounding_box()
    assert area
    stage.locator("canvas").click(position={"x": spot[0] * area["width"], "y": spot[1] * area["height"]})
    expect(stage.locator('tbody tr[aria-selected="true"]')).to_have_count(1)
    stage.get_by_role("button", name="Second opinion's").click()
    expect(stage).to_have_attribute("data-heat", "opinion")
    expect(stage.locator(".toggle[aria-pressed=true]")).to_have_count(1)
    stage.get_by_role("button", name="Second opinion's").click()
    expect(stage.locator(".opacity-text")).to_have_text("45 %")
    expect(stage.locator(".legend")).to_be_hidden()


def test_the_mask_that_is_saved_is_the_programs(page: Page, client: Client, tmp_path: Path) -> None:
    """Class indices, a byte a pixel, in the picture's own size, also where less of it is shown; and as the threshold says."""
    small = micrograph(tmp_path / "field.png")
    item = client.predict(handle_file(small), "ni20cr", "", False, api_name="/inspect")["items"][0]
    stage = inspected(page, [small])
    assert np.array_equal(saved_mask(page, stage, "field_mask.png"), np.asarray(Image.open(path_of(item["mask"]))))
    set_threshold(stage, 0.7)
    certainty = np.asarray(Image.open(path_of(item["certainty"])))
    numbers = label(certainty >= round(0.7 * 256), connectivity=2)
    kept = [part.label for part in regionprops(numbers) if part.area >= LEAST_PX]
    assert np.array_equal(saved_mask(page, stage, "field_mask_t70.png"), np.isin(numbers, kept))


def test_the_mask_of_a_picture_that_is_shown_smaller(open_page: OpenPage, client: Client, tmp_path: Path) -> None:
    tile = cv2.imread(str(micrograph(tmp_path / "tile.png")), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "wide.png"), np.tile(tile, (1, 8)))
    item = client.predict(handle_file(tmp_path / "wide.png"), "ni20cr", "", False, api_name="/inspect")["items"][0]
    page = open_page()
    stage, wanted = inspected(page, [tmp_path / "wide.png"]), np.asarray(Image.open(path_of(item["mask"])))
    assert np.array_equal(saved_mask(page, stage, "wide_mask.png"), wanted)
    button = stage.get_by_role("button", name="Save mask")
    expect(button).to_have_attribute("title", "")
    set_threshold(stage, 0.7)
    expect(button).to_have_attribute("title", re.compile("found in the 1600 x 150 pixels shown"))
    found = saved_mask(page, stage, "wide_mask_t70.png")
    assert found.shape == wanted.shape == (180, 1920)
    rows, columns = (np.floor((np.arange(own) + 0.5) / own * less).astype(int) for own, less in ((180, 150), (1920, 1600)))
    shown = found[np.unique(rows, return_index=True)[1]][:, np.unique(columns, return_index=True)[1]]
    assert np.array_equal(found, shown[rows][:, columns])
    assert 0 < found.astype(bool).sum() < wanted.astype(bool).sum()


def saved_mask(page: Page, stage: Locator, name: str) -> np.ndarray:
    with page.expect_download() as download:
        stage.get_by_role("button", name="Save mask").click()
    assert download.value.suggested_filename == name
    with Image.open(download.value.path()) as mask:
        assert mask.mode == "L"
        return np.asarray(mask)


def test_regions_that_the_model_does_not_believe_stay_out(page: Page, client: Client) -> None:
    """A little beside the model's own threshold are its own regions, not all those that it was not sure of."""
    path = EXAMPLES / "pitted.png"
    item = client.predict(handle_file(path), "pits304", "", False, api_name="/inspect")["items"][0]
    page.get_by_role("tab", name="Inspect").click()
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name="Pits (304 stainless, SEM)").click()
    stage = inspected(page, [path])
    own = len(item["regions"])
    for threshold in (0.49, 0.47):
        set_threshold(stage, threshold)
        expect(stage.locator(".count")).to_have_text(f"{own} regions")
    set_threshold(stage, 0.8)
    sure = [region for region in item["regions"] if round(255 * region["score"]) >= round(0.8 * 256)]
    assert 0 < len(sure) < own
    expect(stage.locator(".count")).to_have_text(f"{len(sure)} regions")
    first, end = item["specimen_rows"]
    share = sum(region["area_px"] for region in sure) / (Image.open(path).width * (end - first))
    expect(stage.locator(".share")).to_have_text(f"{shown_share(item, share)} corroded")


def test_classes_have_shares_of_their_own(page: Page, client: Client, tmp_path: Path) -> None:
    """At the model's threshold those of the files; beside it they still sum to what is corroded."""
    dice = np.random.default_rng(3)
    rust = cv2.resize(dice.random((12, 16)).astype(np.float32), (640, 480), interpolation=cv2.INTER_CUBIC)[..., None]
    photo = np.where(rust > 0.5, (30, 60, 130), (150, 152, 155)) + dice.normal(0, 14, (480, 640, 1))
    cv2.imwrite(str(tmp_path / "bridge.png"), photo.clip(0, 255).astype(np.uint8))
    item = client.predict(handle_file(tmp_path / "bridge.png"), "steel-structures", "", False, api_name="/inspect")["items"][0]
    page.get_by_role("tab", name="Inspect").click()
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name="Steel structures (photos)").click()
    stage = inspected(page, [tmp_path / "bridge.png"])
    page.set_viewport_size({"width": 1366, "height": 768})
    assert stage.locator(".scroll").evaluate("(part) => part.scrollWidth <= part.clientWidth"), "all columns are seen"
    colours, kinds = class_colours(4), {region["id"]: region["class"] for region in item["regions"]}
    for row in stage.locator("tbody tr").all()[:5]:
        style = row.locator(".dot").evaluate("(dot) => getComputedStyle(dot).backgroundColor")
        kind = 1 + list(item["class_fractions"]).index(kinds[int(row.inner_text().split()[0])])
        assert re.findall(r"\d+", style) == [str(part) for part in colours[kind]]
    assert stage.locator(".kinds .dot").count() == 3, "the legend"
    digits = decimals_of(item["corroded_fraction"], item["severity_sigma"], item["severity_limits"])
    said = ", ".join(f"{name} {percent(share, digits)}" for name, share in item["class_fractions"].items())
    expect(stage.locator(".kinds")).to_have_text(f"Condition classes, of the whole picture: {said}")
    set_threshold(stage, 0.3)
    parts = [float(number) for number in re.findall(r"([\d.]+) %", stage.locator(".kinds").inner_text())]
    whole = float(stage.locator(".share").inner_text().split()[0])
    assert (len(parts), sum(parts)) == (3, pytest.approx(whole, abs=2 * 10**-digits))
