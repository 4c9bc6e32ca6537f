"""What every tab is built of: its share of the processor, a folder for what it writes, and drawings of our own."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from corrovis.ui.wording.shared import percent

HERE = Path(__file__).parent
CPU = {"concurrency_id": "cpu", "concurrency_limit": 2}  # all work on pictures shares two places
LIGHT = {"concurrency_id": "light", "concurrency_limit": 2}  # to show what was found waits for nobody's pictures
WORK: dict[str, Any] = {"api_visibility": "private", **CPU}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIGHT}
AT_ONCE: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
"""Of events that are the page's own: programs have doors of theirs."""
FILES_PX = 260  # height of a list of files; a longer one scrolls
SWEEP_S, KEEP_S = 600, 3000  # how often old uploads are looked for, and when they are old: together an hour
VISIT_S = 3600  # a visitor's state is forgotten after an hour, like the uploads
OURS = "corrovis-"
SWEPT = re.compile(rf"{OURS}.+|tmp.{{8}}|[0-9a-f]{{40}}|[0-9a-f]{{64}}")
"""What is ours among the uploads, and what is gradio's: files half sent, and folders called by the hash of the file in them."""


def own_uploads() -> None:
    """Have gradio keep uploads in a folder of our own, unless `GRADIO_TEMP_DIR` names one: nobody else's may be swept."""
    os.environ.setdefault("GRADIO_TEMP_DIR", str(Path(tempfile.gettempdir()).resolve() / "corrovis"))


def fresh_folder() -> Path:
    """An empty folder from which gradio may serve; `sweep` takes it away when it is old."""
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=OURS, dir=uploads))


@contextmanager
def folder_to_fill() -> Iterator[Path]:
    """A fresh folder that is gone again where what it was made for is refused."""
    folder = fresh_folder()
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder
        undo.pop_all()


def either_way(event: Any, call: Callable[[], Any], outputs: Any) -> None:
    """Have `call` set `outputs` when `event` is done and when it has failed; gradio's `then` is not heard after an error."""
    event.success(call, None, outputs, **AT_ONCE)
    event.failure(call, None, outputs, **AT_ONCE)


def keep_examples(page: gr.Blocks) -> None:
    """Whatever was copied while `page` was built stays: of examples gradio itself keeps pictures alone, and no lists of files."""
    for block in page.blocks.values():
        block.keep_in_cache |= block.temp_files


def kept_by(page: gr.Blocks) -> frozenset[str]:
    """Names of the folders in which gradio keeps what the page offers from the start."""
    return frozenset(Path(file).parent.name for block in page.blocks.values() for file in block.keep_in_cache)


def sweep(kept: frozenset[str] = frozenset()) -> None:
    """Delete what is old of the uploads and of what was made of them, but for the folders `kept`.

    Gradio itself knows only files that came or went since it started, and leaves their folders.
    """
    for place in Path(get_upload_folder()).glob("*"):
        if SWEPT.fullmatch(place.name) and place.name not in kept:
            with suppress(OSError):  # gone already, or another user's
                if time.time() - last_written(place) > KEEP_S:
                    shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink()


def keep_sweeping(kept: frozenset[str] = frozenset(), every_s: float = SWEEP_S) -> threading.Event:
    """Sweep now and then every `every_s` in a thread that ends with the program, or when the event is set."""
    stop = threading.Event()

    def sweeping() -> None:
        sweep(kept)
        while not stop.wait(every_s):
            sweep(kept)

    threading.Thread(target=sweeping, name="sweep", daemon=True).start()
    return stop


def last_written(place: Path) -> float:
    """When a file, or the youngest in a folder, was written: while a long job goes on, its first files are not old."""
    return max((path.stat().st_mtime for path in place.rglob("*") if path.is_file()), default=place.stat().st_mtime)


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
    return f"<ul>{''.join(rows)}</ul>"


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
        quiet: dict[str, Any] = {"fn": None, "js": tell, "api_visibility": "private"}
        kept.success(inputs=self.file, **quiet)
        kept.failure(**quiet)


def drawing(name: str, block: str, scripts: tuple[str, ...] = (), **props: Any) -> gr.HTML:
    """`name`.html, .css and .js of this folder as a component of CSS class `block`; `scripts` come before its own."""
    template, style = ((HERE / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    return gr.HTML(
        html_template=template,
        css_template=style,
        js_on_load=script_of(name, scripts),
        apply_default_css=False,
        elem_classes=block,
        **props,
    )


def script_of(name: str, scripts: tuple[str, ...]) -> str:
    """`name`.js after the `scripts` that it calls, as the browser runs it."""
    return "\n".join((HERE / f"{part}.js").read_text(encoding="utf-8") for part in (*scripts, name))
