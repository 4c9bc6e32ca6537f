"""The electrochemistry tab: a curve is seen, fitted, fitted again in a dragged window, and taken home."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from drawn_curves import write_curve
from playwright.sync_api import Browser, Locator, Page, expect

from corrovis.render.plots import LINES
from corrovis.ui.curve_plot import panel, plot_json, series
from corrovis.ui.parts import HERE
from corrovis.ui.wording.electrochem import CURVE_PLOT

E_CORR = re.compile(r"-(450|449\.9)")


@pytest.fixture
def lab(page: Page) -> Page:
    page.get_by_role("tab", name="Electrochemistry").click()
    expect(page.locator(".curve-plot")).to_have_attribute("data-state", "empty")
    return page


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    return write_curve(tmp_path / "steel.csv", "E (V),i (uA/cm2)", 1e6, i_corr=1e-5, step_v=0.002)


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
    expect(lab.get_by_role("heading", name="Activation energy of 3 curves")).to_be_visible()
    expect(lab.locator(".fit table").get_by_role("row", name="Activation energy ")).to_contain_text(re.compile(r"(40|39\.9)"))
    expect(lab.get_by_role("alert")).to_be_empty()


def test_a_polarisation_curve_is_fitted_and_its_window_dragged(lab: Page, curve: Path) -> None:
    drop(lab, curve)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    table = lab.locator(".fit table")
    expect(table.get_by_role("row", name=re.compile("E corr"))).to_contain_text(E_CORR)
    expect(table.get_by_role("row", name=re.compile("Anodic slope"))).to_contain_text(re.compile(r"(80|79\.9\d*|80\.0\d*)"))
    expect(lab.get_by_role("heading", name="steel.csv")).to_be_visible()
    expect(lab.get_by_label("Circuit of impedance spectra")).to_be_hidden()
    edge = lab.get_by_role("slider", name="Upper edge of the fit window, V")
    before = float(edge.get_attribute("aria-valuenow") or "nan")
    edge.focus()
    edge.press("Shift+ArrowLeft")
    expect(lab.get_by_role("slider", name="Upper edge of the fit window, V")).to_have_attribute(
        "aria-valuenow", f"{before - 0.05:.4f}"
    )
    kept = lab.get_by_role("navigation", name="Take home").get_by_role("link")
    expect(kept).to_have_text(["All files (ZIP)", "PNG", "SVG", "PDF", "Parameters (CSV)", "Points (CSV)"])
    with lab.expect_download() as download:
        kept.first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 5


def edge_of(lab: Page, name: str = "Upper") -> Locator:
    return lab.get_by_role("slider", name=f"{name} edge of the fit window, V")


def at(edge: Locator) -> float:
    return float(edge.get_attribute("aria-valuenow") or "nan")


def end_of(edge: Locator) -> float:
    return float(edge.get_attribute("aria-valuemax") or "nan")


# The middle of an edge, and how wide its plot is; at once, for a plot is drawn anew with each fit.
PLACE = """(edge) => {
    const { x, y, width, height } = edge.querySelector("rect").getBoundingClientRect();
    return [x + width / 2, y + height / 2, edge.ownerSVGElement.getBoundingClientRect().width];
}"""


def drag(lab: Page, edge: Locator, volts: float) -> None:
    x, y, width = edge.evaluate(PLACE)
    low, high = (float(edge.get_attribute(f"aria-value{end}") or "nan") for end in ("min", "max"))
    lab.mouse.move(x, y)
    lab.mouse.down()
    lab.mouse.move(x + volts / (high - low) * width * 0.9, y)  # in one step: a turn
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
    for key, left in (("PageDown", f"{before - 0.09:.3f} V"), ("End", f"{end_of(edge_of(fitted)):.3f} V")):
        edge_of(fitted).press(key)
        expect(edge_of(fitted)).to_have_attribute("aria-valuetext", left)


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
    expect(fitted.get_by_role("alert")).to_contain_text("misses E corr")
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
    left = lab.locator(".curve-plot .panels > svg").nth(1).locator('text[text-anchor="end"]')
    assert len(left.all_inner_texts()) >= 2


def test_a_spectrum_is_fitted_with_the_chosen_circuit(lab: Page, spectrum: Path) -> None:
    circuit = lab.get_by_label("Circuit of impedance spectra")
    circuit.fill("R0-p(R1,C1)")
    circuit.press("Enter")
    drop(lab, spectrum)
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    expect(lab.locator(".curve-plot .panels > svg")).to_have_count(5)
    expect(lab.locator(".fit table").get_by_role("row", name=re.compile("^R1"))).to_contain_text(re.compile(r"500|499\.9"))
    expect(lab.get_by_label("Metal, for the corrosion rate")).to_be_hidden()
    expect(circuit).to_be_visible()


def test_columns_are_named_where_no_heading_tells(lab: Page, curve: Path, tmp_path: Path) -> None:
    path = tmp_path / "bare.txt"
    rows = [line.split(",") for line in curve.read_text().splitlines()[1:]]
    path.write_text("\n".join(f"{k} {e} {i}" for k, (e, i) in enumerate(rows)))
    drop(lab, path)
    expect(lab.get_by_role("alert")).to_contain_text("name the columns")
    lab.get_by_role("button", name="Which part of the file").click()
    columns = lab.get_by_label("Columns, if the headings do not tell")
    columns.fill("potential=2,current=3 (uA)")
    columns.press("Enter")
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "fitted")
    expect(lab.locator(".fit table").get_by_role("row", name=re.compile("E corr"))).to_contain_text(E_CORR)


def test_a_file_without_a_curve_is_refused_in_a_line(lab: Page, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir,\nthis is no curve.\n")
    drop(lab, path)
    expect(lab.get_by_role("alert")).to_contain_text("letter.txt holds no columns of numbers")
    expect(lab.locator(".curve-plot")).to_have_attribute("data-state", "empty")
    expect(lab.get_by_text("Your curve appears here.")).to_be_hidden()


def test_a_metal_can_be_given_up(fitted: Page) -> None:
    rate = fitted.locator(".fit table").get_by_role("row", name=re.compile("Corrosion rate"))
    for choice, rows in (("carbon steel", 2), ("not given", 0)):
        fitted.get_by_label("Metal, for the corrosion rate").click()
        fitted.get_by_role("option", name=choice).click()
        expect(rate).to_have_count(rows)
    fitted.get_by_role("button", name="Another metal").click()
    for label, text in (("Composition in mass %, instead of the equivalent weight", "Fe=100"), ("Density, g/cm³", "0")):
        field = fitted.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
    expect(fitted.get_by_role("alert")).to_contain_text("must be above 0")
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
    assert lab.locator(".panels path[data-kind=data]").first.get_attribute("style") == f"--of: {LINES[0]}", "as in the files"
    assert (edge_of(lab).locator("rect").bounding_box() or {"width": 0})["width"] >= 44


def test_points_are_seen_through_the_fit_and_residuals_lie_below_their_potentials(fitted: Page) -> None:
    main, left = fitted.locator(".curve-plot .panels > svg").nth(0), fitted.locator(".curve-plot .panels > svg").nth(1)
    points, fit = main.locator("path[data-kind=data]"), main.locator("path[data-kind=fit]")
    expect(points).to_have_css("fill", "none")
    assert "a3.2 3.2" in (points.get_attribute("d") or "")
    expect(fit).to_have_css("stroke-width", "2px")
    expect(fit).to_have_css("stroke", fitted.locator("body").evaluate("one => getComputedStyle(one).color"))
    expect(fitted.locator(".legend li")).to_have_text(["steel.csv", "fit"])
    where = "all => all.map(one => [one.textContent, one.getAttribute('x')])"
    above, below = (svg.locator('text[text-anchor="middle"]').evaluate_all(where) for svg in (main, left))
    assert above == below


def test_a_plot_follows_its_room_and_tells_seven_curves_apart(browser: Browser) -> None:
    """The drawing alone: without a server, turned from wide to narrow."""
    page = browser.new_page(viewport={"width": 844, "height": 390})
    page.set_content(HERE.joinpath("curve_plot.html").read_text(encoding="utf-8"))
    page.add_style_tag(content=HERE.joinpath("curve_plot.css").read_text(encoding="utf-8"))
    at = np.arange(3.0)
    seven = [series(at, at + k, f"curve {k}", k, False) for k in range(len(LINES) + 1)]
    props = {"words": CURVE_PLOT, "lines": LINES, "value": plot_json([panel("x", "y", seven)], True)}
    page.evaluate(
        "([run, props]) => new Function('element', 'props', 'trigger', 'watch', run)(document.body, props, () => {}, () => {})",
        [HERE.joinpath("curve_plot.js").read_text(encoding="utf-8"), props],
    )
    drawn = page.locator(".panels path[data-kind=data]")
    outlines = drawn.evaluate_all(
        "all => all.map(one => [one.getAttribute('style'), one.getAttribute('d').replace(/M[^a-z]+/g, '')])"
    )
    assert outlines[0][0] == outlines[-1][0]
    assert len({tuple(one) for one in outlines}) == len(seven), "the colour comes again, with another mark"
    expect(page.locator(".legend li")).to_have_text([one["name"] for one in seven])
    for width in (844, 390):
        page.set_viewport_size({"width": width, "height": 844})
        expect(page.locator(".panels > svg")).to_have_attribute("viewBox", re.compile(rf"0 0 {width - 16} "))
    page.close()
