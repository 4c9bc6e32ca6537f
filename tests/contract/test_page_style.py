"""What gradio does to rules within @media of the page's style, and so what may not stand there.

It puts `.gradio-container.gradio-container-6-31-0 .contain ` before every selector and leaves the bare form out; a list of
selectors it cuts at every comma.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
