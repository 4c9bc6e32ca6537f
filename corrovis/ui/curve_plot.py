"""The Python side of `curve_plot.js`: the component, and its value made of panels and series."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from corrovis.render.plots import LINES
from corrovis.results import Real
from corrovis.ui.parts import drawing

SHOWN = 500  # points of a series that the browser draws


@dataclass(frozen=True, slots=True)
class Aside:
    """What the plot is told beside its curves: the window that the visitor set, the count of his moves, and what is wrong."""

    window_v: tuple[float, float] | None = None
    turn: int = 0
    problems: tuple[str, ...] = ()


def make_plot(words: dict[str, str]) -> gr.HTML:
    """The drawing with its fixed template; its value is `plot_json`'s."""
    return drawing("curve_plot", "curve-block", words=words, lines=LINES)


def plot_json(panels: list[dict[str, Any]], fitted: bool, aside: Aside = Aside()) -> str:
    """The value of the page's plot."""
    own, problem = aside.window_v is not None, "\n".join(dict.fromkeys(aside.problems))
    return json.dumps({"panels": panels, "fitted": fitted, "own_window": own, "turn": aside.turn, "problem": problem})


def panel(x: str, y: str, series: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A pair of axes.  `equal` makes both alike; `below` takes the first panel's x axis and width; `window` can be dragged.

    `frame`, its `x` and `y` from and to, ends the axes whatever the series are, and cuts them there.
    `window_of` names the curve whose window is shown.  Series with `ink` are fits over their data, drawn in the text's colour.
    """
    return {"xlabel": x, "ylabel": y, "series": series, **more}


def series(x: Real, y: Real, name: str, colour: int, line: bool) -> dict[str, Any]:
    """Points, (n,) both, as circles or as a line; those that are no numbers are left out, and of very many some."""
    good = np.isfinite(x) & np.isfinite(y)
    step = max(1, -(-int(good.sum()) // SHOWN))
    xs, ys = x[good][::step], y[good][::step]
    return {
        "name": name,
        "colour": colour,
        "line": line,
        "x": [float(f"{v:.5g}") for v in xs],
        "y": [float(f"{v:.5g}") for v in ys],
    }
