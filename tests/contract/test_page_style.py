"""What gradio does to rules within @media of the page's style, and so what may not stand there; and whether it can be read.

It puts `.gradio-container.gradio-container-6-31-0 .contain ` before every selector and leaves the bare form out; a list of
selectors it cuts at every comma.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from corrovis.ui.page import SHADES, look

STYLE = Path(__file__).resolve().parents[2] / "corrovis" / "ui" / "page.css"


def selectors() -> list[str]:
    """Those of all rules within @media."""
    style = re.sub(r"/\*.*?\*/", "", STYLE.read_text(), flags=re.DOTALL)
    blocks = re.findall(r"@media[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}", style)
    return [rule.split("{")[0].strip() for block in blocks for rule in block.split("}") if rule.strip()]


def test_rules_within_media_can_match() -> None:
    found = selectors()
    assert len(found) > 10
    for selector in found:
        assert ".gradio-container" not in selector, selector
        assert re.search(r"\([^)]*,", selector) is None, f"{selector} would be cut within its brackets"


def test_only_media_keyframes_and_plain_rules() -> None:
    """Of others gradio keeps nothing."""
    assert set(re.findall(r"@([\w-]+)", STYLE.read_text())) <= {"media", "keyframes"}


@pytest.mark.parametrize("path", [*STYLE.parent.glob("*.js"), *STYLE.parent.glob("*.css")], ids=lambda path: path.name)
def test_a_line_of_a_script_or_style_is_read_at_one_sight(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > 130] == []


def colours(dark: bool) -> dict[str, str]:
    """Every variable of the page in one scheme, as the browser has it: the theme's, then those that page.css puts over them."""
    theme, style = look()._get_theme_css(), STYLE.read_text()
    wanted = [(theme, r"\n:root"), (style, r"\n\.gradio-container")]
    if dark:
        wanted += [(theme, ":root.dark, :root .dark"), (style, r"\n\.dark [^{]*"), (style, ":root body.dark")]
    found: dict[str, str] = {}
    for text, selector in wanted:
        block = re.search(selector + r" \{([^}]*)\}", text)
        assert block, selector
        found |= dict(re.findall(r"(--[\w-]+): *([^;]+);", block[1]))
    return found


def shade(found: dict[str, str], name: str) -> str:
    """What stands behind a variable: #rrggbb."""
    value = found[name]
    while inner := re.fullmatch(r"var\((--[\w-]+)\)", value):
        value = found[inner[1]]
    return "#ffffff" if value == "white" else value


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    bright = []
    for colour in (one, other):
        part = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        bright.append(float(linear @ (0.2126, 0.7152, 0.0722)))
    return (max(bright) + 0.05) / (min(bright) + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_written_can_be_read(dark: bool) -> None:
    found = colours(dark)
    steps = (50, *range(100, 1000, 100), 950)
    assert [found[f"--primary-{step}"] for step in steps] == SHADES.split()
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005), "WCAG's own example of a grey that just fails"
    for fill in ("", "-hover"):
        primary = (shade(found, f"--button-primary-{part}{fill}") for part in ("text-color", "background-fill"))
        assert contrast(*primary) >= 4.5
    written = ["--color-accent", "--body-text-color-subdued", *(f"--link-text-color{at}" for at in ("", "-hover", "-visited"))]
    field = shade(found, "--input-background-fill")
    assert contrast(shade(found, "--input-placeholder-color"), field) >= 4.5
    for ground in ("--body-background-fill", "--block-background-fill", "--background-fill-secondary"):
        behind = shade(found, ground)
        for text in written:
            assert contrast(shade(found, text), behind) >= 4.5, (text, ground)
        assert contrast(shade(found, "--primary-600"), behind) >= 3, "the frame of what has the focus"
    assert contrast(shade(found, "--primary-600"), field) >= 3
