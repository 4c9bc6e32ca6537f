"""The electrochemistry tab: a curve is seen, fitted, fitted again in a dragged window, and taken home."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from corrovis.render.plots import LINES


@pytest.fixture
def lab(page: Page) -> Page:
    page.get_by_role("tab", name="Electrochemistry").click()
    expect(page.locator(".curve-plot")).to_have_attribute("data-state", "empty")
    return page


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """E_corr -0.45 V, i_corr 10 uA/cm2, slopes 80 and 120 mV/decade."""
    eta = np.arange(-0.2, 0.2, 0.002)
    current = 1e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    path = tmp_path / "steel.csv"
    path.write_text("E (V),i (uA/cm2)\n" + "\n".join(f"{e - 0.45:.4f},{1e6 * i:.6g}" for e, i in zip(eta, current, strict=True)))
    return path


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    f = np.logspace(5, -1, 50)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    path = tmp_path / "cell.csv"
    path.write_text(
        "f (Hz);Z' (Ohm);Z'' (Ohm)\n" + "\n".join(f"{a:.6g};{b.real:.6g};{b.imag:.6g}" for a, b in zip(f, z, strict=True))
    )
    return path


def drop(page: Page, *paths: Path) -> None:
    page.locator(".curves input[type=file]").set_input_files(list(paths))


def test_curves_at_three_temperatures_give_an_activation_energy(lab: Page, tmp_path: Path) -> None:
    """i_corr follows exp(-E / R T) with E = 40 kJ/mol."""
    paths = []
    for kelvin in (303, 313, 323):
        eta = np.arange(-0.2, 0.2, 0.002)
        current = 1e-5 * np.exp(-40e3 / 8.314462618 * (1 / kelvin - 1 / 303)) * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
        paths.append(tmp_path / f"{kelvin}.csv")
        rows = [f"{e - 0.45:.4f},{1e6 * i:.6g}" for e, i in zip(eta, current, strict=True)]
        paths[-1].write_text("E (V),i (uA/cm2)\n" + "\n".join(rows))
    drop(lab, *paths)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    field = lab.get_by_label("Temperatures of the curves, K, for an activation energy")
    field.fill("303, warm")
    field.press("Enter")
    expect(lab.get_by_text("temperatures are numbers in kelvin").first).to_be_visible()
    field.fill("303, 313, 323")
    field.press("Enter")
    expect(lab.locator(".fit table").get_by_role("row", name="Activation energy", exact=False)).to_contain_text(
        [re.compile("Activation energy of 3 curves"), re.compile(r"(40|39\.9\d*|40\.0\d*)")]
    )


def test_a_polarisation_curve_is_fitted_and_its_window_dragged(lab: Page, curve: Path) -> None:
    drop(lab, curve)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    table = lab.locator(".fit table")
    expect(table.get_by_role("row", name=re.compile("E corr"))).to_contain_text("-450")
    expect(table.get_by_role("row", name=re.compile("Anodic slope"))).to_contain_text(re.compile(r"(80|79\.9\d*|80\.0\d*)"))
    edge = lab.get_by_role("slider", name="Upper edge of the fit window, V")
    before = float(edge.get_attribute("aria-valuenow") or "nan")
    edge.focus()
    edge.press("Shift+ArrowLeft")
    expect(lab.get_by_role("slider", name="Upper edge of the fit window, V")).to_have_attribute(
        "aria-valuenow", f"{before - 0.05:.4f}"
    )
    for name in ("corrovis_fit.pdf", "corrovis_fit.svg", "corrovis_fit.png", "corrovis_parameters.csv", "corrovis_fit_1.csv"):
        expect(lab.get_by_role("row", name=re.compile(re.escape(name)))).to_be_visible()


def edge_of(lab: Page, name: str = "Upper") -> Locator:
    return lab.get_by_role("slider", name=f"{name} edge of the fit window, V")


def at(edge: Locator) -> float:
    return float(edge.get_attribute("aria-valuenow") or "nan")


def drag(lab: Page, edge: Locator, volts: float) -> None:
    box, plot = edge.locator("rect").bounding_box(), lab.locator(".curve-plot svg").first.bounding_box()
    assert box
    assert plot
    low, high = (float(edge.get_attribute(f"aria-value{end}") or "nan") for end in ("min", "max"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.mouse.move(x, y)
    lab.mouse.down()
    lab.mouse.move(x + volts / (high - low) * plot["width"] * 0.9, y)  # in one step: a turn
    lab.mouse.up()


@pytest.fixture
def fitted(lab: Page, curve: Path) -> Page:
    drop(lab, curve)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    return lab


def test_two_moves_in_a_row_both_count(fitted: Page) -> None:
    """The second comes while the first is being fitted."""
    drag(fitted, edge_of(fitted), -0.03)
    drag(fitted, edge_of(fitted, "Lower"), 0.03)
    upper, lower = at(edge_of(fitted)), at(edge_of(fitted, "Lower"))
    expect(fitted.locator(".curve-plot")).to_have_attribute("data-turn", "2")
    assert (at(edge_of(fitted)), at(edge_of(fitted, "Lower"))) == (upper, lower)


def test_arrow_keys_add_up_and_the_edge_keeps_the_focus(fitted: Page) -> None:
    before = at(edge_of(fitted))
    edge_of(fitted).focus()
    for _ in range(5):
        fitted.keyboard.press("ArrowLeft")
    expect(fitted.locator(".curve-plot")).to_have_attribute("data-turn", "5")
    expect(edge_of(fitted)).to_have_attribute("aria-valuenow", f"{before - 0.05:.4f}")
    expect(edge_of(fitted)).to_be_focused()
    fitted.keyboard.press("ArrowRight")
    expect(fitted.locator(".curve-plot")).to_have_attribute("data-turn", "6")
    expect(edge_of(fitted)).to_have_attribute("aria-valuenow", f"{before - 0.04:.4f}")


def test_an_answer_does_not_take_the_edge_out_of_the_hand(fitted: Page) -> None:
    """The answer to a key comes while the other edge is held: the table is new, the edge is still the same."""
    table, lower = fitted.locator(".fit table").inner_text(), edge_of(fitted, "Lower")
    edge_of(fitted).press("Shift+ArrowLeft")
    box, before = lower.locator("rect").bounding_box(), at(lower)
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fitted.mouse.move(x, y)
    fitted.mouse.down()
    held = lower.element_handle()
    expect(fitted.locator(".fit table")).not_to_have_text(table, use_inner_text=True)
    assert held.evaluate("(edge) => edge.isConnected")
    fitted.mouse.move(x + 30, y)
    fitted.mouse.up()
    expect(fitted.locator(".curve-plot")).to_have_attribute("data-turn", "2")
    assert at(lower) > before


def test_a_dragged_window_stays_with_other_choices_until_it_is_given_up(fitted: Page) -> None:
    before, plot = at(edge_of(fitted)), fitted.locator(".curve-plot")
    automatic = fitted.get_by_role("button", name="Automatic window")
    expect(automatic).to_be_hidden()
    edge_of(fitted).press("Shift+ArrowLeft")
    expect(automatic).to_be_visible()
    alloy = fitted.get_by_label("Metal, for the corrosion rate")
    alloy.click()
    fitted.get_by_role("option", name="carbon steel").click()
    expect(fitted.locator(".fit table").get_by_role("row", name=re.compile("Corrosion rate")).first).to_contain_text("mm/year")
    expect(edge_of(fitted)).to_have_attribute("aria-valuenow", f"{before - 0.05:.4f}")
    automatic.click()
    expect(edge_of(fitted)).to_have_attribute("aria-valuenow", f"{before:.4f}")
    expect(automatic).to_be_hidden()
    edge_of(fitted).press("Shift+ArrowLeft")
    expect(automatic).to_be_visible()
    fitted.get_by_label("Fit of polarisation curves").click()
    fitted.get_by_role("option", name="butler-volmer").click()
    expect(automatic).to_be_hidden()  # a window was for the other method
    expect(plot).to_have_attribute("data-state", "fitted")


def test_a_window_in_which_nothing_fits_can_be_given_up(fitted: Page) -> None:
    before = at(edge_of(fitted))
    drag(fitted, edge_of(fitted), -0.35)
    expect(fitted.locator(".fit")).to_contain_text("misses E_corr")
    expect(edge_of(fitted)).to_be_visible()
    fitted.get_by_role("button", name="Automatic window").click()
    expect(edge_of(fitted)).to_have_attribute("aria-valuenow", f"{before:.4f}")


def test_every_axis_has_two_numbers(lab: Page, tmp_path: Path) -> None:
    """Residuals within 0.08 decades: steps of 0.1 would leave 0 alone."""
    eta = np.arange(-0.2, 0.2, 0.002)
    current = 1e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12)) * 10 ** (0.075 * (-1) ** np.arange(len(eta)))
    path = tmp_path / "rough.csv"
    path.write_text("E (V),i (uA/cm2)\n" + "\n".join(f"{e - 0.45:.4f},{1e6 * i:.6g}" for e, i in zip(eta, current, strict=True)))
    drop(lab, path)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    left = lab.locator(".curve-plot svg").nth(1).locator('text[text-anchor="end"]')
    assert len(left.all_inner_texts()) >= 2


def test_a_spectrum_is_fitted_with_the_chosen_circuit(lab: Page, spectrum: Path) -> None:
    circuit = lab.get_by_label("Circuit of impedance spectra")
    circuit.fill("R0-p(R1,C1)")
    circuit.press("Enter")
    drop(lab, spectrum)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    expect(lab.locator(".curve-plot svg")).to_have_count(5)
    expect(lab.locator(".fit table").get_by_role("row", name=re.compile("^R1"))).to_contain_text("500")


def test_columns_are_named_where_no_heading_tells(lab: Page, curve: Path, tmp_path: Path) -> None:
    path = tmp_path / "bare.txt"
    rows = [line.split(",") for line in curve.read_text().splitlines()[1:]]
    path.write_text("\n".join(f"{k} {e} {i}" for k, (e, i) in enumerate(rows)))
    drop(lab, path)
    expect(lab.locator(".fit")).to_contain_text("name the columns")
    lab.get_by_role("button", name="Which part of the file").click()
    columns = lab.get_by_label("Columns, if the headings do not tell")
    columns.fill("potential=2,current=3 (uA)")
    columns.press("Enter")
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    expect(lab.locator(".fit table").get_by_role("row", name=re.compile("E corr"))).to_contain_text("-450")


def test_a_file_without_a_curve_is_refused_in_a_line(lab: Page, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir,\nthis is no curve.\n")
    drop(lab, path)
    expect(lab.locator(".fit")).to_contain_text("letter.txt holds no columns of numbers")
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "empty")


def test_a_metal_can_be_given_up(fitted: Page) -> None:
    rate = fitted.locator(".fit table").get_by_role("row", name=re.compile("Corrosion rate"))
    for choice, rows in (("carbon steel", 2), ("none of these", 0)):
        fitted.get_by_label("Metal, for the corrosion rate").click()
        fitted.get_by_role("option", name=choice).click()
        expect(rate).to_have_count(rows)
    fitted.get_by_role("button", name="Another metal").click()
    for label, text in (("Composition in mass %, instead of the equivalent weight", "Fe=100"), ("Density, g/cm³", "0")):
        field = fitted.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
    expect(fitted.locator(".fit")).to_contain_text("must be above 0")
    field.fill("7.87")
    field.press("Enter")
    expect(rate).to_have_count(2)


def test_on_a_phone_the_plot_is_seen_where_the_curve_was_dropped(lab: Page, curve: Path) -> None:
    lab.set_viewport_size({"width": 390, "height": 844})
    drop(lab, curve)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    plot, files = lab.locator(".curve-plot").bounding_box(), lab.locator(".curves").first.bounding_box()
    area = lab.get_by_label("Exposed area", exact=False).bounding_box()
    assert plot
    assert files
    assert area
    assert files["y"] < plot["y"] < area["y"]
    assert plot["y"] < 844 / 2, "most of the first screen is the plot's"
    assert plot["width"] > 330
    expect(lab.locator(".fit td:nth-child(2)").first).to_have_css("white-space", "nowrap")
    width, room = lab.locator(".fit table").evaluate("one => [one.scrollWidth, one.parentElement.clientWidth]")
    assert width <= room, "unbroken numbers keep to the screen"
    assert lab.locator("path[data-kind=fit]").first.get_attribute("stroke") == LINES[0], "as in the files"


def test_points_are_seen_through_the_fit_and_residuals_lie_below_their_potentials(fitted: Page) -> None:
    main, left = fitted.locator(".curve-plot svg").nth(0), fitted.locator(".curve-plot svg").nth(1)
    points = main.locator("path[data-kind=data]")
    assert points.get_attribute("fill") == "none"
    assert "a3.2 3.2" in (points.get_attribute("d") or "")
    assert float(main.locator("path[data-kind=fit]").get_attribute("stroke-width") or "9") < 1.5
    where = "all => all.map(one => [one.textContent, one.getAttribute('x')])"
    above, below = (svg.locator('text[text-anchor="middle"]').evaluate_all(where) for svg in (main, left))
    assert above == below
