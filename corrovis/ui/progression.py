"""The progression tab: pictures with their hours of exposure in, growth by condition and a comparison of conditions out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from corrovis.errors import CorrovisError
from corrovis.sem.exposure_table import COLUMNS, read_table, written_hours
from corrovis.sem.inspection import Inspector
from corrovis.tasks.inspection import progression_files
from corrovis.tasks.requests import request_of
from corrovis.ui import progression_jobs as jobs
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.curve_plot import make_plot
from corrovis.ui.examples import offer
from corrovis.ui.inspect_form import make_choices
from corrovis.ui.packing import pack_found
from corrovis.ui.parts import FILES_PX, PRIVATE, WORK, folder_to_fill, hero
from corrovis.ui.sem_jobs import check_number, in_own_name
from corrovis.ui.wording import progression as wording

TABLE = "exposure.csv"  # of the examples
Lines = list[list[Any]]


class ProgressionTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  It keeps nothing: every event brings all it needs."""

    def __init__(self, inspector: Inspector, examples: Path) -> None:
        self.inspector = inspector
        hero(wording.HEADLINE, wording.LEAD)
        with gr.Row(elem_classes=["ask", "progression-form"]):
            with gr.Column(scale=1):
                self.files = gr.File(label=wording.UPLOAD, file_count="multiple", type="filepath", height=FILES_PX)
                self.model, self.scale, self.bar = make_choices(inspector)
            with gr.Column(scale=2):
                self.table = gr.Dataframe(
                    headers=list(COLUMNS),
                    datatype="str",
                    column_count=3,
                    type="array",
                    interactive=True,
                    label=wording.TABLE,
                )
                self.go = gr.Button(wording.COMPARE, variant="primary")
        if (table := examples / TABLE).exists():
            fields = [str(row.file) for row in read_table(table)]
            offer([(wording.EXAMPLE, [[*fields, str(table)]])], [self.files])
        with gr.Column(visible=False, elem_classes="findings") as self.findings:
            self.plot = make_plot(wording.GROWTH_PLOT)
            self.growth = gr.HTML(elem_classes="growth", apply_default_css=False)
            self.matrix = gr.HTML(elem_classes="growth matrix", apply_default_css=False)
            self.download = gr.File(label=wording.DOWNLOAD, interactive=False)
        self._wire()

    def _wire(self) -> None:
        made = [self.findings, self.plot, self.growth, self.matrix, self.download]
        self.files.change(self.fill, [self.files, self.table], self.table, **PRIVATE)
        asked: set[Block] = {self.files, self.table, self.model, self.scale, self.bar}
        done = self.go.click(self.run, asked, made, show_progress_on=self.files, **WORK)
        done.failure(lambda: gr.Column(visible=False), None, self.findings, **PRIVATE)  # what was found before is not its answer

    def fill(self, files: list[str] | None, lines: Lines) -> Lines:
        """A line for every picture: from a CSV among the uploads, as the visitor wrote it, or guessed from the name.

        What of a CSV cannot be used is said.
        """
        paths = [Path(file) for file in files or []]
        names = [path.name for path in paths if not is_table(path)]
        known = {str(line[0]): line for line in lines if any(line[1:])}
        for table in (path for path in paths if is_table(path)):
            try:
                rows = read_table(table)
            except CorrovisError as error:  # which names where the upload lies here
                gr.Warning(in_own_name(str(error), table, table.name), duration=None)
                continue
            known |= {row.file.name: [row.file.name, written_hours(row.exposure_h), row.condition] for row in rows}
            if missing := [row.file.name for row in rows if row.file.name not in names]:
                named = ", ".join(missing[:5]) + ", ..." * (len(missing) > 5)
                gr.Warning(wording.NOT_SENT.format(table=table.name, count=len(missing), names=named), duration=None)
        return jobs.filled(names, known)

    def run(self, asked: dict[Block, Any], progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        """Inspect every picture of the table and compare; a picture that cannot be read is said, the rest goes on."""
        pictures = [Path(file) for file in asked[self.files] or [] if not is_table(Path(file))]
        if not pictures:
            raise complaint(wording.NO_ROWS)
        with complaining(), folder_to_fill() as home:
            folder = home / "progression"
            folder.mkdir()
            rows = jobs.rows_of(asked[self.table])
            check_number(len(rows))
            rows = jobs.placed(rows, jobs.by_name((path, path.name) for path in pictures))

            def told(done: int, of: int, name: str) -> None:
                progress((done, of), desc=name)

            request = request_of(self.inspector.segmenter.models, asked[self.model], asked[self.scale], asked[self.bar])
            answer = progression_files(self.inspector, rows, folder, request, told)
        refused = sum("error" in item for item in answer["items"])
        if refused:
            gr.Warning(wording.SOME_LEFT_OUT.format(refused=refused, count=len(rows)))
        conditions = answer["conditions"]
        growth = jobs.growth_table(conditions) + jobs.warning_list(answer["items"], answer["warnings"])
        matrix = jobs.matrix([c["condition"] for c in conditions], answer["comparisons"])
        return gr.Column(visible=True), jobs.growth_plot(conditions), growth, matrix, str(pack_found(folder))


def is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv"
