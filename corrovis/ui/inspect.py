"""The inspect tab: micrographs or photos of steel in, corroded regions, areas, severity, heat maps and reports out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspect_request import request_of
from corrovis.tasks.many import none_worked
from corrovis.ui import findings, sem_jobs
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.examples import offer
from corrovis.ui.inspect_form import make_choices
from corrovis.ui.packing import THUMBNAIL
from corrovis.ui.parts import FILES_PX, PRIVATE, VISIT_S, WORK, drawing, hero
from corrovis.ui.sem_jobs import InspectDesk, InspectVisit
from corrovis.ui.stopping import Run, make_told
from corrovis.ui.uploads import fresh_folder
from corrovis.ui.wording import inspection as wording
from corrovis.ui.wording import shared

View = tuple[str, gr.Gallery]


class InspectTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `desk`."""

    def __init__(self, inspector: Inspector, examples: Path) -> None:
        self.inspector = inspector
        self.desk = gr.State(InspectDesk(), time_to_live=VISIT_S)
        hero(wording.HEADLINE, wording.LEAD)
        with gr.Row(elem_classes="ask"):
            self.files = gr.File(label=wording.UPLOAD, file_count="multiple", type="filepath", height=FILES_PX, scale=2)
            with gr.Column(scale=1):
                self.model, self.scale, self.bar = make_choices(inspector)
                self.inspecting = Run(wording.INSPECT, shared.STOP, shared.STOPPING_LATER)
                self.told = make_told()
        shown = [
            (label, [[str(examples / file)], model])
            for file, (label, model) in wording.EXAMPLES.items()
            if (examples / file).exists() and model in ("", *inspector.segmenter.models)
        ]
        offer(shown, [self.files, self.model])
        with gr.Column(visible=False, elem_classes="findings") as self.findings:
            self.gallery = make_gallery()
            self.stage = make_stage()
            self.summary = make_summary()
            self.download = gr.File(label=wording.DOWNLOAD, interactive=False)
        self._wire()

    def _wire(self) -> None:
        view = [self.stage, self.gallery]
        made = [self.findings, self.stage, self.gallery, self.summary, self.download]
        asked: set[Block] = {self.desk, self.files, self.model, self.scale, self.bar}
        self.inspecting.wire(self.desk, self.run, (asked, made), self.told)
        self.gallery.select(self.open, self.desk, view, **PRIVATE)
        self.summary.select(self.open_row, self.desk, view, **PRIVATE)
        rescaled = [self.stage, self.summary, self.download]
        self.stage.rescale(self.rescale, self.desk, rescaled, show_progress_on=self.stage, **WORK)

    def run(self, asked: dict[Block, Any], progress: gr.Progress = gr.Progress()) -> Iterator[tuple[Any, ...]]:  # noqa: B008
        """Inspect the uploads one after the other and show each when it is done; what could not be read is in the table."""
        files, desk = asked[self.files], asked[self.desk]
        if not files:
            raise complaint(wording.NO_FILES)
        with complaining():
            home = fresh_folder()
            request = request_of(self.inspector.segmenter.models, asked[self.model], asked[self.scale], asked[self.bar])
            uploads = sem_jobs.with_notes([(Path(file), Path(file).name) for file in files], home / "pictures")
            progress((0, len(uploads)), desc=uploads[0][1])
            visit, packed = None, 0
            for one in sem_jobs.inspect_uploads(self.inspector, uploads, home / "inspection", request):
                with desk.turn:
                    visit = desk.add(one, home / "inspection")
                    count = len(visit.found)
                    last = count == len(uploads) or desk.stopped
                    again = last or count >= 2 * packed  # doubled each time, all archives together are twice the last
                    packed = count if again and visit.seen else packed
                    label = wording.DOWNLOAD if last else wording.SO_FAR.format(done=count, count=len(uploads))
                    shown = self.grown(visit, label if again else "") if visit.seen else None
                if not last:
                    progress((count, len(uploads)), desc=uploads[count][1])
                if shown:
                    yield shown
                if last:
                    break
        if visit:
            say_refused(visit, desk.stopped, len(uploads))

    def grown(self, visit: InspectVisit, packed: str) -> tuple[Any, ...]:
        """What the page shows after one picture more; the stage gets the first, and keeps what is chosen after that.

        `packed` is what the archive is called, if all is packed anew.
        """
        several, first = len(visit.found) > 1, len(visit.seen) == 1
        shown = [(str(one.folder / THUMBNAIL), one.name) for one in visit.seen]
        gallery = gr.Gallery(shown, visible=several, selected_index=visit.at)
        summary = gr.Dataframe(sem_jobs.summary_rows(visit), visible=several)
        download = gr.File(str(sem_jobs.pack_visit(visit)), label=packed) if packed else gr.skip()
        return gr.Column(visible=True), self.value(visit) if first else gr.skip(), gallery, summary, download

    def value(self, visit: InspectVisit) -> str:
        """The stage's value for what `visit` looks at."""
        one = visit.current
        item = one.item
        return findings.encode(one.path, one.name, item, self.inspector.segmenter.store.spec(item["model"]))

    def show(self, desk: InspectDesk, at: int | None) -> View:
        """The page's view of picture `at` of the visit; as it was where there is none: a click may be at the run before."""
        looked = None if at is None else desk.look_at(at)
        if desk.visit and not looked:
            return gr.skip(), gr.skip()
        with complaining():
            return self.value(present(desk)), gr.Gallery(selected_index=at)

    def open(self, desk: InspectDesk, event: gr.SelectData) -> View:
        return self.show(desk, int(event.index))

    def open_row(self, desk: InspectDesk, event: gr.SelectData) -> View:
        return self.show(desk, sem_jobs.place_of(desk.visit, int(event.row_value[0])) if desk.visit else None)

    def rescale(
        self,
        desk: InspectDesk,
        event: gr.EventData,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[str, gr.Dataframe, str]:
        """Write the files of the picture looked at, or of all without a scale of their own, again for the size that was typed."""
        visit = present(desk)
        chosen = sem_jobs.without_scale(visit) if event.every else (visit.current,)
        with complaining():
            for done, one in enumerate(chosen):
                progress((done, len(chosen)), desc=one.name)
                with desk.turn:
                    desk.replace(one, sem_jobs.rescaled(self.inspector, one, float(event.um)))
        if event.every and len(chosen) < len(visit.seen):
            gr.Info(wording.KEPT_SCALES.format(kept=len(visit.seen) - len(chosen), count=len(visit.seen)))
        with desk.turn, complaining():
            visit = present(desk)
            return self.value(visit), gr.Dataframe(sem_jobs.summary_rows(visit)), str(sem_jobs.pack_visit(visit))


def present(desk: InspectDesk) -> InspectVisit:
    """The visit, unless there is none or its pictures were deleted since."""
    visit = desk.visit
    if visit is None or not visit.seen or not (visit.current.path.exists() and visit.current.folder.exists()):
        raise complaint(shared.EXPIRED)
    return visit


def say_refused(visit: InspectVisit, stopped: bool, count: int) -> None:
    """One line for all pictures that could not be read, and one for those that were not come to."""
    refused = visit.refused
    if not visit.seen and not stopped:
        raise complaint(str(none_worked(len(refused), refused[0].line["error"], "pictures", "inspected")))
    if refused:
        gr.Warning(wording.SOME_REFUSED.format(refused=len(refused), count=len(visit.found)))
    if len(visit.found) < count:
        gr.Info(wording.STOPPED.format(done=len(visit.found), count=count))


def make_summary() -> gr.Dataframe:
    return gr.Dataframe(
        headers=wording.SUMMARY_COLUMNS,
        interactive=False,
        label=wording.PICTURES,
        wrap=True,
        max_height=1200,
        column_widths=["48px", "200px", "100px", "190px", "85px", "345px", "260px"],  # a phone scrolls
    )


def make_stage() -> gr.HTML:
    """The findings with their fixed template; the value is `findings.encode`'s JSON."""
    scripts = ("stage", "findings_regions", "findings_saving", "grey_png")
    return drawing("findings", "findings-block", scripts, words=wording.FINDINGS, look=findings.LOOK)


def make_gallery() -> gr.Gallery:
    """Small pictures to choose from; a click opens one below instead of gradio's own preview."""
    return gr.Gallery(
        label=wording.GALLERY,
        show_label=False,  # it would lie on the first picture
        columns=8,
        height=160,
        object_fit="cover",
        format="png",
        allow_preview=False,
        buttons=[],
        elem_classes="choices",
    )
