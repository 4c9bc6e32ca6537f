"""The inspect tab: micrographs or photos of steel in, corroded regions, areas, severity, heat maps and reports out."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.errors import CorrovisError
from corrovis.render.sem_pictures import OPACITY
from corrovis.results import Byte
from corrovis.sem.inspection import Inspector
from corrovis.ui import sem_jobs, wording
from corrovis.ui.car import CPU, VISIT_S, upload_folder
from corrovis.ui.sem_jobs import Seen, Visit

CHOICES = {
    "": wording.ANY_MODEL,
    "ni20cr": wording.NI20CR,
    "pits304": wording.PITS304,
    "pits304-yolo": wording.PITS304_YOLO,
    "steel-structures": wording.STRUCTURES,
}
WORK: dict[str, Any] = {"api_visibility": "private", **CPU}
PRIVATE: dict[str, Any] = {**WORK, "show_progress": "hidden"}

View = tuple[Visit, Byte, list[list[Any]], str]


class InspectTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `visit`."""

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.visit = gr.State(None, time_to_live=VISIT_S)
        gr.HTML(f"<h1>{wording.INSPECT_HEADLINE}</h1><p>{wording.INSPECT_LEAD}</p>", elem_classes="hero", apply_default_css=False)
        self._form()
        with gr.Column(visible=False, elem_classes="findings") as self.findings:
            self._results()
        self._wire()

    def _form(self) -> None:
        models = [(CHOICES[name], name) for name in ("", *self.inspector.segmenter.models)]
        with gr.Row(elem_classes="form"):
            self.files = gr.File(label=wording.INSPECT_UPLOAD, file_count="multiple", type="filepath", scale=2)
            with gr.Column(scale=1):
                self.model = gr.Dropdown(models, value="", label=wording.MODEL)
                self.scale = gr.Textbox(label=wording.PIXEL_SIZE, placeholder=wording.PIXEL_SIZE_HINT)
                self.go = gr.Button(wording.INSPECT, variant="primary")

    def _results(self) -> None:
        self.summary = gr.Dataframe(headers=wording.SUMMARY_COLUMNS, interactive=False, label=wording.PICTURES)
        self.gallery = make_gallery()
        with gr.Row():
            with gr.Column(scale=3):
                self.picture = gr.Image(label=wording.REGIONS, format="png", interactive=False, buttons=["fullscreen"])
                self.opacity = gr.Slider(0, 1, OPACITY, step=0.05, label=wording.OPACITY)
            with gr.Column(scale=2):
                self.facts = gr.HTML(elem_classes="facts", apply_default_css=False)
                self.regions = gr.Dataframe(headers=wording.REGION_COLUMNS, interactive=False, label=wording.REGION_TABLE)
        self.download = gr.File(label=wording.DOWNLOAD, interactive=False)

    def _wire(self) -> None:
        view = [self.visit, self.picture, self.regions, self.facts]
        made = [self.visit, self.findings, self.summary, self.gallery, self.download]
        asked = [self.files, self.model, self.scale]
        done = self.go.click(self.run, asked, made, show_progress_on=self.go, **WORK)
        done.success(self.show, self.visit, view, **PRIVATE)
        self.gallery.select(self.open, self.visit, view, **PRIVATE)
        self.summary.select(self.open_row, self.visit, view, **PRIVATE)
        self.picture.select(self.pick, self.visit, view, **PRIVATE)
        self.regions.select(self.pick_row, self.visit, view, **PRIVATE)
        self.opacity.release(self.fade, [self.visit, self.opacity], view, **PRIVATE)

    def run(self, files: list[str] | None, model: str, scale: str, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        """Inspect all uploads; what could not be read is said, the rest goes on."""
        if not files:
            raise gr.Error(wording.NO_FILES, print_exception=False)
        folder = Path(tempfile.mkdtemp(dir=upload_folder())) / "inspection"
        uploads = [(Path(file), Path(file).name) for file in files]
        try:
            job = sem_jobs.job_of(model, scale)
            told = lambda n: progress((n, len(uploads)), desc=uploads[n][1])  # noqa: E731
            found = sem_jobs.inspect_uploads(self.inspector, uploads, folder, job, told)
        except CorrovisError as error:
            raise gr.Error(str(error), print_exception=False) from error
        seen = tuple(one for one in found if isinstance(one, Seen))
        problems = [one for one in found if isinstance(one, str)]
        if not seen:
            raise gr.Error(problems[0], print_exception=False)
        for problem in problems:
            gr.Warning(problem)
        pictures = [(str(one.item["overlay"]), one.name) for one in seen]
        return Visit(seen), gr.Column(visible=True), sem_jobs.summary_rows(seen), pictures, str(sem_jobs.pack(folder))

    def show(self, visit: Visit | None) -> View:
        """The page's view of what `visit` looks at."""
        if visit is None or not visit.current.path.exists():
            raise gr.Error(wording.EXPIRED, print_exception=False)
        return visit, sem_jobs.picture_of(visit), sem_jobs.region_rows(visit), facts_of(visit)

    def open(self, visit: Visit | None, event: gr.SelectData) -> View:
        return self.show(replace(visit, at=int(event.index), chosen=0) if visit else None)

    def open_row(self, visit: Visit | None, event: gr.SelectData) -> View:
        return self.show(replace(visit, at=int(event.index[0]), chosen=0) if visit else None)

    def pick(self, visit: Visit | None, event: gr.SelectData) -> View:
        x, y = (int(value) for value in event.index)
        return self.show(replace(visit, chosen=sem_jobs.region_at(visit, x, y)) if visit else None)

    def pick_row(self, visit: Visit | None, event: gr.SelectData) -> View:
        return self.show(replace(visit, chosen=sem_jobs.region_of_row(visit, int(event.index[0]))) if visit else None)

    def fade(self, visit: Visit | None, opacity: float) -> View:
        return self.show(replace(visit, opacity=float(opacity)) if visit else None)


def facts_of(visit: Visit) -> str:
    """Severity with its bars, and what should be known before it is believed."""
    item = visit.current.item
    rows = []
    for name, share in item["probabilities"].items():
        mark = ' class="most"' if name == item["severity"] else ""
        label, value = escape(wording.severity_name(name)), escape(wording.percent(share))
        rows.append(f'<li{mark}><span>{label}</span><i><b style="width:{share:.1%}"></b></i><em>{value}</em></li>')
    notes = "".join(f"<p>{escape(warning)}</p>" for warning in item["warnings"])
    title = f"{escape(visit.current.name)}: {item['corroded_fraction']:.1%} {wording.CORRODED}"
    return f'<section class="bars"><h2>{title}</h2><ul>{"".join(rows)}</ul>{notes}</section>'


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
