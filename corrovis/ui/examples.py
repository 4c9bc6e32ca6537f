"""Something to try in every tab, for those who have nothing of their own at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.ui.wording import shared


def offer_pictures(paths: list[Path], into: gr.Image) -> None:
    """Each picture small, to be put into the upload; nothing where there is none."""
    if paths:
        gr.Examples([[str(path)] for path in paths], into, label=_heading(paths), api_visibility="private")


def offer(examples: list[tuple[str, list[Any]]], into: list[Any]) -> None:
    """A button for each (label, values) that puts the values into the components; nothing where there is no example."""
    if examples:
        labels, values = zip(*examples, strict=True)
        names: dict[str, Any] = {"example_labels": list(labels), "label": _heading(examples)}
        gr.Examples(list(values), into, api_visibility="private", **names)


def _heading(examples: Sequence[Any]) -> str:
    return shared.EXAMPLES if len(examples) > 1 else shared.ONLY_EXAMPLE
