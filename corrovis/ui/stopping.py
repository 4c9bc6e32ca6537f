"""A long run that a visitor can stop: the button to stop stands in for the one that began it, and is heard beside the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from corrovis.errors import CorrovisError
from corrovis.ui.parts import AT_ONCE, JS_ONLY, WORK, either_way

SPEAKS = "element.setAttribute('role', 'status')"
SHOW_TOLD = """() => [...document.querySelectorAll(".run-told")].find((part) => part.offsetParent)
  ?.scrollIntoView({block: "nearest"})"""


class StoppedError(CorrovisError):
    """The visitor wants no more of a run."""


@dataclass(slots=True)
class Stoppable:
    """What a run is told meanwhile.  Changed in place."""

    stopped: bool = False


class Run:
    """Both buttons; while a run is being stopped its button says `stopping`."""

    def __init__(self, go: str, stop: str, stopping: str) -> None:
        self.words = stop, stopping
        self.go = gr.Button(go, variant="primary")
        self.stop = gr.Button(stop, variant="stop", visible=False)

    def wire(self, desk: gr.State, run: Callable[..., Any], parts: tuple[set[Block], list[Any]], told: gr.HTML) -> Any:
        """Call `run`, whose inputs and outputs are `parts`, with its progress in `told`; `desk` holds a `Stoppable`.

        The event's listeners hear when it is over.
        """
        asked, made = parts
        begun = self.go.click(self.begin, desk, [self.go, self.stop, told], **AT_ONCE)
        begun.success(js=SHOW_TOLD, **JS_ONLY)
        done = begun.success(run, asked, made, show_progress_on=told, **WORK)
        either_way(done, lambda: self.buttons(running=False), [self.go, self.stop])
        self.stop.click(self.end, desk, self.stop, **AT_ONCE)
        return done

    def begin(self, desk: Stoppable) -> tuple[gr.Button, gr.Button, str]:
        desk.stopped = False
        return *self.buttons(running=True), ""

    def end(self, desk: Stoppable) -> gr.Button:
        desk.stopped = True
        return gr.Button(self.words[1], interactive=False)

    def buttons(self, running: bool) -> tuple[gr.Button, gr.Button]:
        """To begin, and in its place to stop."""
        return gr.Button(visible=not running), gr.Button(self.words[0], visible=running, interactive=running)


def make_told() -> gr.HTML:
    """Where a run's progress stands, and then what came of it; read out."""
    return gr.HTML(elem_classes="told run-told", apply_default_css=False, js_on_load=SPEAKS)
