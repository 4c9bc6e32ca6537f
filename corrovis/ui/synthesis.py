"""The section for synthetic micrographs: a material and a number in, a gallery with scores and an archive out."""

from __future__ import annotations

from typing import Any

import gradio as gr

from corrovis.sem.synthesis import LEAST_SIDE, Synthesiser
from corrovis.ui import synthesis_jobs
from corrovis.ui.complaints import complaining
from corrovis.ui.packing import pack
from corrovis.ui.parts import WORK
from corrovis.ui.uploads import folder_to_fill
from corrovis.ui.wording import synthesis as wording

MOST_SHOWN, MOST_SIDE = 48, 512  # the page's own limits; the command line goes further


class SynthesisSection:
    """Lays the section out inside the running `gr.Blocks`, in whatever tab it is placed, and wires it."""

    def __init__(self, synthesiser: Synthesiser) -> None:
        self.synthesiser = synthesiser
        materials = list(synthesiser.materials)
        heading = f"<h2>{wording.HEADLINE}</h2><p>{wording.LEAD}</p>"
        gr.HTML(heading, elem_classes="surface-heading", apply_default_css=False)
        with gr.Row(elem_classes="surface-form"):
            self.material = gr.Dropdown(materials, value=materials[0], label=wording.MATERIAL, scale=2)
            self.number = gr.Slider(1, MOST_SHOWN, 8, step=1, label=wording.NUMBER)
            self.side = gr.Slider(LEAST_SIDE, MOST_SIDE, 256, step=32, label=wording.SIDE)
            self.seed = gr.Number(0, precision=0, minimum=0, label=wording.SEED)
        self.go = gr.Button(wording.GO, variant="primary", elem_classes="surface-form")
        with gr.Column(visible=False, elem_classes="surfaces") as self.results:
            self.facts = gr.HTML(apply_default_css=False)
            self.gallery = gr.Gallery(
                label=wording.GALLERY,
                show_label=False,
                columns=4,
                height="auto",
                object_fit="contain",
                format="png",
                elem_classes="surface-gallery",
            )
            self.download = gr.File(label=wording.DOWNLOAD, interactive=False)
        asked = [self.material, self.number, self.seed, self.side]
        made = [self.results, self.facts, self.gallery, self.download]
        work: dict[str, Any] = {**WORK, "show_progress_on": self.material}
        self.go.click(self.run, asked, made, **work)

    def run(
        self,
        material: str,
        number: float,
        seed: float | None,
        side: float,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Any, ...]:
        """Draw what the form asks for."""

        def step(kept: int) -> None:
            progress((kept, int(number)), desc=wording.DRAWING)

        with complaining(), folder_to_fill() as home:
            folder = home / "synthetic-sem"
            answer = synthesis_jobs.make(self.synthesiser, (material, int(number), int(seed or 0), int(side)), folder, step)
            archive = str(pack(folder))
        return gr.Column(visible=True), synthesis_jobs.facts_of(answer), synthesis_jobs.gallery_of(answer), archive
