"""Where uploads and what is made of them lie: a folder of our own, swept while the program runs."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

SWEEP_S, KEEP_S = 600, 3000  # how often old uploads are looked for, and when they are old: together an hour
OURS = "corrovis-"
SWEPT = re.compile(rf"{OURS}.+|tmp.{{8}}|[0-9a-f]{{40}}|[0-9a-f]{{64}}")
"""What is ours among the uploads, and what is gradio's: files half sent, and folders called by the hash of the file in them."""


def own_uploads() -> None:
    """Have gradio keep uploads in a folder of our own, unless `GRADIO_TEMP_DIR` names one: nobody else's may be swept."""
    os.environ["GRADIO_TEMP_DIR"] = os.environ.get("GRADIO_TEMP_DIR") or str(Path(tempfile.gettempdir()).resolve() / "corrovis")


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
