"""The electrochemistry tab: curves come in on the left, plot, fit and table stand on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.curves import METHODS, Spectrum
from corrovis.electrochem.corrosion_rate import ALLOYS
from corrovis.ui import electrochem_jobs as jobs
from corrovis.ui.complaints import complaining
from corrovis.ui.curve_plot import Aside, make_plot
from corrovis.ui.examples import offer
from corrovis.ui.packing import pack
from corrovis.ui.parts import AT_ONCE, VISIT_S, WORK, hero
from corrovis.ui.uploads import folder_to_fill
from corrovis.ui.wording import electrochem as wording
from corrovis.ui.wording.shared import STOP, STOPPING

Choices = dict[Any, Any]  # component -> what is chosen there
CIRCUITS = ["auto", "randles", "two-loop", "R0-p(R1,CPE1)", "R0-p(R1-W1,CPE1)", "R0-p(R1,CPE1)-p(R2,CPE2)"]
REFERENCES: list[Any] = [(wording.NOT_GIVEN, ""), "SCE", "Ag/AgCl", "SHE"]


@dataclass(frozen=True, slots=True)
class Window:
    """The fit window as a visitor left it; it holds for what it was set on, and for no other files, columns, sweep or method.

    `turn` counts what he did to it, `dropped` the times that files came: a change of either asks for a fit.
    """

    edges_v: tuple[float, float] | None = None
    of: tuple[Any, ...] = ()
    turn: int = 0
    dropped: int = 0


class ElectrochemTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.

    Every event brings all choices; only `window` is kept, and in `desk` what the last fit found.
    """

    def __init__(self, examples: Path) -> None:
        self.window = gr.State(Window(), time_to_live=VISIT_S)
        self.desk = gr.State(jobs.CurveDesk(), time_to_live=VISIT_S)
        hero(wording.HEADLINE, f"{wording.LEAD} {wording.FORMATS}")
        with gr.Row(elem_classes="lab"):
            with gr.Column(elem_classes="lab-desk", scale=1):
                self.files = gr.File(label=wording.FILES, file_count="multiple", elem_classes="curves")
                there = {file: label for file, label in wording.EXAMPLES.items() if (examples / file).exists()}
                offer([(label, [[str(examples / file)]]) for file, label in there.items()], [self.files])
            with gr.Column(elem_classes="lab-bench", scale=2):
                self.told = gr.HTML(elem_classes="lab-told", apply_default_css=False)
                self.plot = make_plot(wording.CURVE_PLOT)
                self.stop = gr.Button(STOP, size="sm", visible=False, interactive=False, elem_classes="stop-fit")
                self.table = gr.HTML(elem_classes="lab-table", apply_default_css=False)
                self.links = gr.HTML(elem_classes="lab-table", apply_default_css=False)
            with gr.Column(elem_classes="lab-form", scale=1):
                self.area = gr.Textbox(label=wording.AREA, placeholder=wording.AREA_HINT)
                self.alloy = gr.Dropdown([(wording.NOT_GIVEN, ""), *ALLOYS], value="", label=wording.METAL)
                with gr.Accordion(wording.OTHER_METAL, open=False) as other_metal:
                    self.composition = gr.Textbox(label=wording.COMPOSITION, placeholder=wording.COMPOSITION_HINT)
                    # An empty field of numbers comes back as 0, which is a mistake here and not "not known".
                    self.weight = gr.Textbox(label=wording.WEIGHT, placeholder=wording.IRON[0])
                    self.density = gr.Textbox(label=wording.DENSITY, placeholder=wording.IRON[1])
            with gr.Column(elem_classes="lab-more", scale=1):
                with gr.Column() as how:
                    self.method = gr.Dropdown(list(METHODS), value="auto", label=wording.METHOD)
                    self.stern_geary = gr.Textbox(label=wording.STERN_GEARY, placeholder=wording.STERN_GEARY_HINT, visible=False)
                self.circuit = gr.Dropdown(CIRCUITS, value="auto", label=wording.CIRCUIT, allow_custom_value=True)
                with gr.Accordion(wording.PARTS, open=False):
                    self.columns = gr.Textbox(label=wording.COLUMNS, placeholder=wording.COLUMNS_HINT)
                    self.sweep = gr.Textbox(label=wording.SWEEP, placeholder=wording.SWEEP_HINT)
                    self.spectrum = gr.Number(label=wording.SPECTRUM, value=1, minimum=1, precision=0)
                self.temperatures = gr.Textbox(label=wording.TEMPERATURES, placeholder=wording.TEMPERATURES_HINT)
                self.reference = gr.Dropdown(REFERENCES, value="", label=wording.REFERENCE, allow_custom_value=True)
        self.of_spectra: list[Any] = [self.circuit, self.spectrum]
        self.of_curves: list[Any] = [self.alloy, other_metal, how, self.sweep, self.temperatures, self.reference]
        self._wire()

    def _wire(self) -> None:
        """Every event is private: programs have their own doors, see `electrochem_api`."""
        work: dict[str, Any] = {**WORK, "show_progress_on": self.told}
        settings = (self.alloy, self.circuit, self.method, self.reference, self.spectrum)
        metal = (self.composition, self.weight, self.density)
        typed = (self.area, self.temperatures, self.columns, self.sweep, self.stern_geary, *metal)
        choices: Any = {self.window, self.desk, self.files, *typed, *settings}
        shown = [self.plot, self.table, self.links]
        fields = [*self.of_spectra, *self.of_curves]
        self.files.change(self.show, choices, [*shown, self.window, self.stop, *fields], **work)
        self.method.change(lambda method: gr.update(visible=method == "resistance"), self.method, self.stern_geary, **AT_ONCE)
        # It waits for no fit; without the queue gradio would not tell the page that the state has changed.
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        self.plot.release(self.remember, choices, self.window, trigger_mode="multiple", **quick)
        # One event for every fit: what comes while it runs is made up for by one more run, which reads the choices anew.
        asked = [self.window.change, *(choice.change for choice in settings)]
        asked += [event for field in typed for event in (field.submit, field.blur)]
        fitted = gr.on(asked, self.fit, choices, [*shown, self.stop], trigger_mode="always_last", **work)
        fitted.failure(lambda: gr.Button(STOP, interactive=False), None, self.stop, **AT_ONCE)
        self.stop.click(self.end, self.desk, self.stop, **AT_ONCE)
        fitted.success(self.keep, self.desk, self.links, trigger_mode="always_last", show_progress="hidden", **WORK)

    def show(self, choices: Choices) -> tuple[Any, ...]:
        """The data at once, before any fit, and the fields for its kind; a window of other files goes."""
        request, window = self._request(choices), choices[self.window]
        choices[self.desk].made = None
        curves, said = choices[self.desk].read(request)
        value = jobs.plot_value(curves, [], request.reference, aside=Aside(problems=tuple(said)))
        spectra = [isinstance(curve, Spectrum) for curve in curves[:1]]
        fields = [gr.update(visible=False not in spectra)] * len(self.of_spectra)
        fields += [gr.update(visible=True not in spectra)] * len(self.of_curves)
        window = replace(window, edges_v=None, dropped=window.dropped + 1)
        return value, "", "", window, gr.Button(visible=bool(curves)), *fields

    def remember(self, choices: Choices, event: gr.EventData) -> Window:
        """The window that was dragged, or none for that which the fit finds; of two that cross on their way the later stays."""
        window: Window = choices[self.window]
        turn = int(event.turn)
        if turn < window.turn:
            return window
        edges = (float(event.edges[0]), float(event.edges[1])) if event.edges else None
        return replace(window, edges_v=edges, of=self._windowed(choices), turn=turn)

    def end(self, desk: jobs.CurveDesk) -> gr.Button:
        desk.stopped = True
        return gr.Button(STOPPING, interactive=False)

    def fit(self, choices: Choices, progress: gr.Progress = gr.Progress()) -> Iterator[tuple[Any, ...]]:  # noqa: B008
        """Plot and table, of the curves fitted before a stop; the files are written by `keep`, when those are seen."""
        request, desk = self._request(choices), choices[self.desk]
        desk.stopped = False
        yield gr.skip(), gr.skip(), gr.skip(), gr.Button(interactive=True)
        with complaining():
            curves, said = desk.read(request)
            each = progress.tqdm(curves, desc=wording.FITTING, unit=wording.UNIT_CURVES)
            fits, problems = jobs.fit_all(each, request, desk.heard)
            said += problems
            arrhenius, of = jobs.or_said(lambda: jobs.activation(fits, request), said), jobs.or_said(lambda: request.metal, said)
        desk.made = jobs.Made(fits, request.reference, of, arrhenius) if fits else None
        aside = Aside(request.window_v, choices[self.window].turn, tuple(said))
        plot = jobs.plot_value(curves, fits, request.reference, arrhenius, aside)
        yield plot, jobs.table(fits, of, arrhenius, request.reference), "", gr.Button(STOP, interactive=False)

    def keep(self, desk: jobs.CurveDesk) -> Any:
        """Links to an archive of what the last fit found, and to the files that are in it; none for a fit that is past."""
        made = desk.made
        if made is None:
            return ""
        with complaining(), folder_to_fill() as home:
            folder = home / "corrovis_fit"
            folder.mkdir()
            files = jobs.write_files(made, folder)
            links = jobs.keepers([pack(folder), *files])
        return links if desk.made is made else gr.skip()

    def _windowed(self, choices: Choices) -> tuple[Any, ...]:
        """What a window is set on."""
        return (*(choices[self.files] or ()), choices[self.columns] or "", choices[self.sweep] or "", choices[self.method])

    def _request(self, choices: Choices) -> jobs.CurveRequest:
        window = choices[self.window]
        return jobs.CurveRequest(
            files=tuple((Path(file), Path(file).name) for file in choices[self.files] or []),
            area_cm2=choices[self.area] or "",
            alloy=choices[self.alloy] or None,
            composition=choices[self.composition] or "",
            equivalent_weight=choices[self.weight] or "",
            density=choices[self.density] or "",
            columns=choices[self.columns] or "",
            sweep=choices[self.sweep] or "",
            spectrum=choices[self.spectrum] or 1,
            circuit=choices[self.circuit] or "auto",
            method=choices[self.method] or "auto",
            reference=choices[self.reference] or "",
            stern_geary=choices[self.stern_geary] or "",
            window_v=window.edges_v if window.of == self._windowed(choices) else None,
            temperatures=choices[self.temperatures] or "",
        )
