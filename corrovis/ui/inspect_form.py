"""What is asked of pictures that are to be inspected, one or many: the same in the inspect tab and in the progression tab."""

from __future__ import annotations

import gradio as gr

from corrovis.sem.inspection import Inspector
from corrovis.ui.wording import inspection as wording


def make_choices(inspector: Inspector) -> tuple[gr.Dropdown, gr.Textbox, gr.Textbox]:
    """Which model, and how large a pixel is: its size, or what the scale bar stands for."""
    models = [(wording.MODELS.get(name, name), name) for name in ("", *inspector.segmenter.models)]
    model = gr.Dropdown(models, value="", label=wording.MODEL)
    size = gr.Textbox(label=wording.PIXEL_SIZE, placeholder=wording.PIXEL_SIZE_HINT)
    return model, size, gr.Textbox(label=wording.SCALE_BAR, placeholder=wording.SCALE_BAR_HINT)
