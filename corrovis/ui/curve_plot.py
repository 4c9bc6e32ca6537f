"""The Python side of `curve_plot.js`: the component, and its value made of panels and series."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
import numpy as np

from corrovis.render.plots import LINES
from corrovis.results import Real
from corrovis.ui.parts import drawing

SHOWN = 500  # points of a series that the browser draws
Asked = tuple[tuple[float, float] | None, int]  # the window in V, if the visitor set it, and the count of his moves


def make_plot(words: dict[str, str]) -> gr.HTML:
    """The drawing with its fixed template; its value is `plot_json`'s."""
    return drawing("curve_plot", "curve-block", words=words, lines=LINES)


def plot_json(panels: list[dict[str, Any]], fitted: bool, asked: Asked = (None, 0)) -> str:
    """The value of the page's plot."""
    return json.dumps({"panels": panels, "fitted": fitted, "own_window": asked[0] is not None, "turn": asked[1]})


def panel(x: str, y: str, series: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A pair of axes.  `equal` makes both alike; `below` takes the first panel's x axis and width; `window` can be dragged."""
    return {"xlabel": x, "ylabel": y, "series": series, **more}


def series(x: Real, y: Real, name: str, colour: int, line: bool) -> dict[str, Any]:
    """Points, (n,) both, as circles or as a line; those that are no numbers are left out, and of very many some."""
    good = np.isfinite(x) & np.isfinite(y)
    step = max(1, int(good.sum()) // SHOWN)
    xs, ys = x[good][::step], y[good][::step]
    return {
        "name": name,
        "colour": colour,
        "line": line,
        "x": [float(f"{v:.5g}") for v in xs],
        "y": [float(f"{v:.5g}") for v in ys],
    }
