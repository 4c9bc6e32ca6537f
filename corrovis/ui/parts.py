"""What every tab is built of: its share of the processor, a folder for what it writes, and drawings of our own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

HERE = Path(__file__).parent
CPU = {"concurrency_id": "cpu", "concurrency_limit": 2}  # all work on pictures shares two places
VISIT_S = 3600  # a visitor's state is forgotten after an hour, like the uploads


def fresh_folder() -> Path:
    """An empty folder where gradio looks for files to delete once they are old."""
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=uploads))


def drawing(name: str, block: str, scripts: tuple[str, ...] = (), **props: Any) -> gr.HTML:
    """`name`.html, .css and .js of this folder as a component of CSS class `block`; `scripts` come before its own."""
    script = "\n".join((HERE / f"{part}.js").read_text() for part in (*scripts, name))
    template, style = ((HERE / f"{name}.{kind}").read_text() for kind in ("html", "css"))
    return gr.HTML(
        html_template=template, css_template=style, js_on_load=script, apply_default_css=False, elem_classes=block, **props
    )
