"""The progression tab: pictures with their hours of exposure in, growth by condition and a comparison of conditions out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from corrovis.errors import CorrovisError
from corrovis.sem.exposure_table import read_table, written_hours
from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspect_request import request_of
from corrovis.tasks.inspection import progression_files
from corrovis.ui import progression_jobs as jobs
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.curve_plot import make_plot
from corrovis.ui.examples import offer
from corrovis.ui.inspect_form import make_choices
from corrovis.ui.packing import pack_found
from corrovis.ui.parts import AT_ONCE, FILES_PX, JS_ONLY, PRIVATE, VISIT_S, either_way, hero
from corrovis.ui.sem_jobs import check_number
from corrovis.ui.stopping import Run, Stoppable, StoppedError, make_told
from corrovis.ui.uploads import folder_to_fill
from corrovis.ui.wording import progression as wording
from corrovis.ui.wording import shared

TABLE = "exposure.csv"  # of the examples
TABLES = (".csv", ".tsv", ".xlsx", ".ods")
SHOW_FOUND = '() => document.querySelector(".progression-found")?.scrollIntoView()'
Lines = list[list[Any]]


class ProgressionTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `desk`."""

    def __init__(self, inspector: Inspector, examples: Path) -> None:
        self.inspector = inspector
        self.desk = gr.State(Stoppable(), time_to_live=VISIT_S)
        self.applied = gr.State((), time_to_live=VISIT_S)  # tables among the uploads when the lines were last filled
        hero(wording.HEADLINE, wording.LEAD)
        with gr.Row(elem_classes=["ask", "progression-form"]):
            with gr.Column(scale=1):
                self.files = gr.File(label=wording.UPLOAD, file_count="multiple", type="filepath", height=FILES_PX)
                self.model, self.scale, self.bar = make_choices(inspector)
            with gr.Column(scale=2):
                self.table = gr.Dataframe(
                    headers=wording.COLUMNS,
                    datatype="str",
                    column_count=len(wording.COLUMNS),
                    column_widths=["41%", "15%", "23%", "21%"],
                    wrap=True,
                    type="array",
                    interactive=True,
                    label=wording.TABLE,
                )
                self.comparing = Run(wording.COMPARE, shared.STOP, shared.STOPPING_LATER)
                self.told = make_told()
        if (table := examples / TABLE).exists():
            fields = [str(row.file) for row in read_table(table)]
            offer([(wording.EXAMPLE, [[*fields, str(table)]])], [self.files])
        with gr.Column(visible=False, elem_classes="findings progression-found") as self.findings:
            self.words = gr.HTML(elem_classes="told growth-words", apply_default_css=False)
            self.plot = make_plot(wording.GROWTH_PLOT)
            self.growth = gr.HTML(elem_classes="growth", apply_default_css=False)
            self.matrix = gr.HTML(elem_classes="growth matrix", apply_default_css=False)
            self.download = gr.File(label=wording.DOWNLOAD, interactive=False)
        self._wire()

    def _wire(self) -> None:
        """Without its table nothing can be compared yet."""
        made = [self.told, self.findings, self.words, self.plot, self.growth, self.matrix, self.download]
        go = self.comparing.go
        filling = self.files.change(lambda: gr.Button(interactive=False), None, go, **AT_ONCE)
        filling = filling.then(self.fill, [self.files, self.table, self.applied], [self.table, self.applied], **PRIVATE)
        either_way(filling, lambda: gr.Button(interactive=True), go)
        asked: set[Block] = {self.desk, self.files, self.table, self.model, self.scale, self.bar}
        done = self.comparing.wire(self.desk, self.run, (asked, made), self.told)
        done.failure(lambda: gr.Column(visible=False), None, self.findings, **AT_ONCE)  # what was found before is not its answer
        done.success(js=SHOW_FOUND, **JS_ONLY)

    def fill(self, files: list[str] | None, lines: Lines, applied: Sequence[str]) -> tuple[Lines, list[str]]:
        """A line for every picture: from a table among the uploads, as the visitor wrote it, or guessed from the name; and the
        tables.  One that was `applied` before changes no line that is there.

        What of a new table cannot be used is said.
        """
        names = [Path(file).name for file in files or [] if not is_table(Path(file))]
        tables = [file for file in files or [] if is_table(Path(file))]
        there = {str(line[0]): line for line in lines}
        known = dict(there)
        for table in map(Path, tables):
            old = str(table) in applied
            try:
                rows = read_table(table, table.name)
            except CorrovisError as error:
                if not old:
                    gr.Warning(str(error), duration=None)
                continue
            told = {row.file.name: [row.file.name, written_hours(row.exposure_h), row.condition, row.specimen] for row in rows}
            known |= {name: line for name, line in told.items() if not (old and name in there)}
            if not old and (missing := [name for name in told if name not in names]):
                named = ", ".join(missing[:5]) + ", ..." * (len(missing) > 5)
                gr.Warning(wording.NOT_SENT.format(table=table.name, count=len(missing), names=named))
        return jobs.filled(names, known), tables

    def run(self, asked: dict[Block, Any], progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        """Inspect every picture of the table and compare; a picture that cannot be read is said, the rest goes on."""
        pictures = [Path(file) for file in asked[self.files] or [] if not is_table(Path(file))]
        if not pictures:
            raise complaint(wording.NO_ROWS)
        with complaining(), suppress(StoppedError), folder_to_fill() as home:
            rows = jobs.rows_of(asked[self.table])
            check_number(len(rows))
            rows = jobs.placed(rows, jobs.by_name((path, path.name) for path in pictures))

            def step(done: int, of: int, name: str) -> None:
                if asked[self.desk].stopped:
                    raise StoppedError
                progress((done, of), desc=name)

            request = request_of(self.inspector.segmenter.models, asked[self.model], asked[self.scale], asked[self.bar])
            (home / "progression").mkdir()
            return shown(progression_files(self.inspector, rows, home / "progression", request, step), home / "progression")
        raise complaint(wording.STOPPED)  # an answer, even of nothing, would reach a plot that is not there yet


def shown(answer: dict[str, Any], folder: Path) -> tuple[Any, ...]:
    """What the page shows of an answer, whose files lie in `folder`."""
    items, conditions = answer["items"], answer["conditions"]
    fields = sum("error" not in item for item in items)
    if fields < len(items):
        gr.Warning(wording.SOME_LEFT_OUT.format(refused=len(items) - fields, count=len(items)))
    done = wording.DONE.format(fields=fields, count=len(items), conditions=len(conditions))
    growth = jobs.growth_table(conditions) + jobs.warning_list(items, answer["warnings"])
    matrix = jobs.matrix([one["condition"] for one in conditions], answer["comparisons"])
    words, plot = jobs.summary_list(answer["summary"]), jobs.growth_plot(conditions)
    return f"<p>{done}</p>", gr.Column(visible=True), words, plot, growth, matrix, str(pack_found(folder))


def is_table(path: Path) -> bool:
    return path.suffix.lower() in TABLES
