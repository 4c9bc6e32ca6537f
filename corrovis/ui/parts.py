"""What every tab is built of: its share of the processor, its heading, uploads, bars, and drawings of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.render.inspection_facts import percent

HERE = Path(__file__).parent
CPU = {"concurrency_id": "cpu", "concurrency_limit": 2}  # all work on pictures shares two places
LIGHT = {"concurrency_id": "light", "concurrency_limit": 2}  # to show what was found waits for nobody's pictures
WORK: dict[str, Any] = {"api_visibility": "private", **CPU}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIGHT}
AT_ONCE: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
"""Of events that are the page's own: programs have doors of theirs."""
JS_ONLY: dict[str, Any] = {"fn": None, "api_visibility": "private"}
FILES_PX = 260  # height of a list of files; a longer one scrolls
VISIT_S = 3600  # a visitor's state is forgotten after an hour, like the uploads


def either_way(event: Any, call: Callable[[], Any], outputs: Any) -> None:
    """Have `call` set `outputs` when `event` is done and when it has failed; gradio's `then` is not heard after an error."""
    event.success(call, None, outputs, **AT_ONCE)
    event.failure(call, None, outputs, **AT_ONCE)


def telling(event: str) -> str:
    """JavaScript that tells a stage of `event`, and of the file that it is called with, if any."""
    return f"(file) => window.dispatchEvent(new CustomEvent('corrovis:{event}', {{detail: file}}))"


def hero(headline: str, lead: str, slim: bool = True) -> gr.HTML:
    """A tab's heading; `slim` where the tab has more to show than an upload."""
    style = "hero slim" if slim else "hero"
    return gr.HTML(f"<h1>{headline}</h1><p>{lead}</p>", elem_classes=style, apply_default_css=False)


def bars(shares: Iterable[tuple[str, float]], most: str | None) -> str:
    """A bar for each (name, share), that of the share called `most` marked."""
    mark = ' class="most"'
    rows = [
        f"<li{mark if name == most else ''}><span>{escape(name)}</span>"
        f'<i><b style="width:{share:.1%}"></b></i><em>{escape(percent(share))}</em></li>'
        for name, share in shares
    ]
    return f'<ul class="shares">{"".join(rows)}</ul>'


def picture_upload(label: str, placeholder: str, block: str = "photo", webcam: bool = False, **more: Any) -> gr.Image:
    """Upload, drop or paste of one picture, given on as the path of the file that was sent, undecoded."""
    sources: list[Any] = ["upload", "clipboard", *(["webcam"] if webcam else [])]
    return gr.Image(
        label=label,
        type="filepath",
        format="png",
        image_mode=None,
        sources=sources,
        buttons=[],
        placeholder=placeholder,
        elem_classes=block,
        **more,
    )


class Handing:
    """A file that a stage's event makes, on its way to the visitor: parked out of sight, then named to the browser."""

    def __init__(self) -> None:
        self.file = gr.File(visible="hidden", elem_classes="parked")

    def wire(self, kept: Any, tell: str) -> None:
        """`kept` is the event that put out `file`; `tell`, JavaScript, is called with it, or with nothing when that failed."""
        kept.success(inputs=self.file, js=tell, **JS_ONLY)
        kept.failure(js=tell, **JS_ONLY)


def drawing(name: str, block: str, scripts: tuple[str, ...] = (), **props: Any) -> gr.HTML:
    """`name`.html, .css and .js of this folder as a component of CSS class `block`; `scripts` come before its own.

    What all drawings have in common, controls.css, comes before its style.
    """
    files = (f"{name}.html", "controls.css", f"{name}.css")
    template, common, own = ((HERE / file).read_text(encoding="utf-8") for file in files)
    return gr.HTML(
        html_template=template,
        css_template=common + own,
        js_on_load=script_of(name, scripts),
        apply_default_css=False,
        elem_classes=block,
        **props,
    )


def script_of(name: str, scripts: tuple[str, ...]) -> str:
    """`name`.js after the `scripts` that it calls, as the browser runs it."""
    return "\n".join((HERE / f"{part}.js").read_text(encoding="utf-8") for part in (*scripts, name))
