"""The progression tab and its endpoint, with the shipped networks on micrographs that are drawn here."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import PATIENCE_MS
from gradio_client import Client, handle_file
from playwright.sync_api import Page, expect
from toy import micrograph


def test_progression_goes_from_pictures_to_growth(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Progression").click()
    form = page.locator(".progression-form")
    names = ("dry_1h", "dry_2h", "dry_4h", "wet_1h", "wet_2h")
    pictures = [micrograph(tmp_path / f"{name}.png", k) for k, name in enumerate(names)]
    table = tmp_path / "table.csv"
    lines = [f"{path.name},{path.stem[4]},{path.stem[:3]}" for path in pictures]
    table.write_text("\n".join(["file,exposure_h,condition", *lines]))
    form.locator("input[type=file]").first.set_input_files([*pictures, table])
    expect(form.get_by_role("gridcell", name="wet").last).to_be_visible()
    page.get_by_role("button", name="Compare", exact=True).click()
    growth = page.get_by_role("heading", name="Condition by condition")
    expect(growth).to_be_visible(timeout=PATIENCE_MS)
    expect(growth).to_be_in_viewport()
    expect(page.get_by_role("status").filter(has_text="Compared, see below: 5 of 5 pictures, conditions: 2.")).to_be_visible()
    expect(page.get_by_text("wet against dry: ")).to_be_visible()
    expect(page.locator(".growth tbody tr")).to_have_count(3)
    expect(page.get_by_role("group", name="Corroded share against exposure")).to_have_attribute("data-state", "fitted")
    expect(page.locator(".matrix td.open")).to_have_count(2)
    expect(page.locator("svg path[data-kind=band]")).to_have_count(2)  # the one condition with a line, in both plots
    expect(page.get_by_role("row", name=re.compile(r"progression\.zip"))).to_be_visible()
    form.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Drop in pictures first")).to_be_visible()
    expect(growth).to_be_hidden()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()


def test_progression_leaves_out_what_was_not_sent(client: Client, tmp_path: Path) -> None:
    first, second = micrograph(tmp_path / "a.png"), micrograph(tmp_path / "b.png", 1)
    table = tmp_path / "t.csv"
    table.write_text("file,exposure_h,condition\na.png,1,dry\nb.png,2,dry\n")
    answer = client.predict(handle_file(table), [handle_file(first), handle_file(second)], "", "", api_name="/progression")
    assert answer["conditions"][0]["exposure"] == [1, 2]
    answer = client.predict(handle_file(table), [handle_file(first)], "", "", api_name="/progression")
    assert [item["file"] for item in answer["items"]] == ["a.png", "b.png"]
    assert "was not sent with it" in answer["items"][1]["error"]
