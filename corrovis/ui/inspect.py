"""The inspect tab: micrographs or photos of steel in, corroded regions, areas, severity, heat maps and reports out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspection import request_of
from corrovis.ui import findings, sem_jobs, wording
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.examples import offer
from corrovis.ui.parts import CPU, LIGHT, VISIT_S, drawing, fresh_folder
from corrovis.ui.sem_jobs import InspectVisit, Seen

CHOICES = {
    "": wording.ANY_MODEL,
    "ni20cr": wording.NI20CR,
    "pits304": wording.PITS304,
    "pits304-pixels": wording.PITS304_PIXELS,
    "steel-structures": wording.STRUCTURES,
}
FILES_PX = 260  # a longer list scrolls
WORK: dict[str, Any] = {"api_visibility": "private", **CPU}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIGHT}

View = tuple[InspectVisit, str, gr.Gallery]


class InspectTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `visit`."""

    def __init__(self, inspector: Inspector, examples: Path) -> None:
        self.inspector = inspector
        self.visit = gr.State(None, time_to_live=VISIT_S)
        title = f"<h1>{wording.INSPECT_HEADLINE}</h1><p>{wording.INSPECT_LEAD}</p>"
        gr.HTML(title, elem_classes="hero slim", apply_default_css=False)
        with gr.Row(elem_classes="ask"):
            self.files = gr.File(label=wording.INSPECT_UPLOAD, file_count="multiple", type="filepath", height=FILES_PX, scale=2)
            with gr.Column(scale=1):
                self.model, self.scale, self.bar = make_choices(inspector)
                self.go = gr.Button(wording.INSPECT, variant="primary")
        shown = [
            (label, [[str(examples / file)], model])
            for file, (label, model) in wording.INSPECT_EXAMPLES.items()
            if (examples / file).exists() and model in ("", *inspector.segmenter.models)
        ]
        offer(shown, [self.files, self.model])
        with gr.Column(visible=False, elem_classes="findings") as self.findings:
            self.gallery = make_gallery()
            self.stage = make_stage()
            self.summary = gr.Dataframe(headers=wording.SUMMARY_COLUMNS, interactive=False, label=wording.PICTURES)
            self.download = gr.File(label=wording.DOWNLOAD, interactive=False)
        self._wire()

    def _wire(self) -> None:
        view = [self.visit, self.stage, self.gallery]
        made = [self.visit, self.findings, self.summary, self.gallery, self.download]
        done = self.go.click(self.run, [self.files, self.model, self.scale, self.bar], made, show_progress_on=self.files, **WORK)
        done.success(self.show, self.visit, view, **PRIVATE)
        self.gallery.select(self.open, self.visit, view, **PRIVATE)
        self.summary.select(self.open_row, self.visit, view, **PRIVATE)

    def run(
        self,
        files: list[str] | None,
        model: str,
        scale: str,
        bar: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Any, ...]:
        """Inspect all uploads; what could not be read is said, the rest goes on."""
        if not files:
            raise complaint(wording.NO_FILES)
        home = fresh_folder()
        folder = home / "inspection"
        with complaining():
            uploads = sem_jobs.with_notes([(Path(file), Path(file).name) for file in files], home / "pictures")
            request = request_of(self.inspector.segmenter.models, model, scale, bar)
            told = lambda n: progress((n, len(uploads)), desc=uploads[n][1])  # noqa: E731
            found = sem_jobs.inspect_uploads(self.inspector, uploads, folder, request, told)
        seen = tuple(one for one in found if isinstance(one, Seen))
        problems = [one for one in found if isinstance(one, str)]
        if not seen:
            raise complaint(problems[0])
        for problem in problems:
            gr.Warning(problem, duration=None)  # a long run is not watched to its end
        items, several = [one.item for one in seen], len(seen) > 1
        gallery = gr.Gallery([(str(item["overlay"]), item["file"]) for item in items], visible=several)
        summary = gr.Dataframe([sem_jobs.summary_row(item) for item in items], visible=several)
        return InspectVisit(seen), gr.Column(visible=True), summary, gallery, str(sem_jobs.pack(folder))

    def show(self, visit: InspectVisit | None) -> View:
        """The page's view of what `visit` looks at."""
        if visit is None or not (visit.current.path.exists() and visit.current.folder.exists()):
            raise complaint(wording.EXPIRED)
        one, item = visit.current, visit.current.item
        value = findings.encode(one.path, one.name, item, self.inspector.segmenter.store.spec(item["model"]).input)
        return visit, value, gr.Gallery(selected_index=visit.at)

    def open(self, visit: InspectVisit | None, event: gr.SelectData) -> View:
        return self.show(replace(visit, at=int(event.index)) if visit else None)

    def open_row(self, visit: InspectVisit | None, event: gr.SelectData) -> View:
        return self.show(replace(visit, at=int(event.index[0])) if visit else None)


def make_choices(inspector: Inspector) -> tuple[gr.Dropdown, gr.Textbox, gr.Textbox]:
    """Which model, and how large a pixel is: its size, or what the scale bar stands for."""
    models = [(CHOICES[name], name) for name in ("", *inspector.segmenter.models)]
    model = gr.Dropdown(models, value="", label=wording.MODEL)
    size = gr.Textbox(label=wording.PIXEL_SIZE, placeholder=wording.PIXEL_SIZE_HINT)
    return model, size, gr.Textbox(label=wording.SCALE_BAR, placeholder=wording.SCALE_BAR_HINT)


def make_stage() -> gr.HTML:
    """The findings with their fixed template; the value is `findings.encode`'s JSON."""
    return drawing("findings", "findings-block", ("findings_regions", "grey_png"), words=wording.FINDINGS)


def make_gallery() -> gr.Gallery:
    """Small pictures to choose from; a click opens one below instead of gradio's own preview."""
    return gr.Gallery(
        label=wording.GALLERY,
        columns=8,
        height=150,
        object_fit="cover",
        format="png",
        allow_preview=False,
        buttons=[],
        elem_classes="choices",
    )
