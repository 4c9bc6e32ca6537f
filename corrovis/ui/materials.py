"""The materials tab: a micrograph comes in on the left; its material and the network's layers stand on the right.

A section is a class that lays itself out and wires itself; `MaterialsTab` puts them below each other.
"""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.errors import BadInputError
from corrovis.sem.synthesis import Synthesiser
from corrovis.ui import materials_jobs as jobs
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.examples import offer_pictures
from corrovis.ui.materials_jobs import LayersVisit, MaterialsLab, Wanted
from corrovis.ui.parts import JS_ONLY, VISIT_S, WORK, Handing, bars, drawing, hero, picture_upload, telling
from corrovis.ui.synthesis import SynthesisSection
from corrovis.ui.uploads import folder_to_fill
from corrovis.ui.wording import materials as wording
from corrovis.ui.wording import shared

QUIET: dict[str, Any] = {**WORK, "show_progress": "hidden", "preprocess": False}
"""The view says what is going on.  Files come unprocessed: gradio would decode them before our own door had looked at them."""
TELL_ASKED = """(picture, beside, model) => {
  const key = picture && [picture.path, beside?.path, model].filter(Boolean).join('|');
  window.dispatchEvent(new CustomEvent('corrovis:layers', {detail: picture && {picture: picture.path, key}}));
  return '';
}"""

File = dict[str, Any] | None


class MaterialsTab:
    """Lays the tab out inside the running `gr.Blocks`: its heading and its sections; without a synthesiser nothing is drawn."""

    def __init__(self, lab: MaterialsLab, synthesiser: Synthesiser | None, examples: list[Path]) -> None:
        hero(wording.HEADLINE, wording.LEAD)
        MaterialSection(lab, examples)
        if synthesiser:
            SynthesisSection(synthesiser)


class MaterialSection:
    """One picture, or two side by side: which material, and what every layer makes of them.  `visit` differs between visitors."""

    def __init__(self, lab: MaterialsLab, examples: list[Path]) -> None:
        self.lab = lab
        self.visit = gr.State(None, time_to_live=VISIT_S)
        with gr.Row(elem_classes="materials"):
            with gr.Column(elem_classes="materials-desk"):
                self.picture = picture_upload(wording.UPLOAD, wording.DROP)
                self.bars = gr.HTML(elem_classes="materials-bars", apply_default_css=False)
                offer_pictures(examples, self.picture)
                with gr.Accordion(wording.BESIDE, open=False, elem_classes="materials-beside"):
                    self.beside = picture_upload(wording.BESIDE, wording.BESIDE_DROP)
                    self.bars_beside = gr.HTML(elem_classes="materials-bars", apply_default_css=False)
            with gr.Column(elem_classes="materials-view"):
                names = [(wording.NETWORKS.get(name, name), name) for name in lab.viewer.models]
                self.model = gr.Dropdown(names, value=lab.viewer.first, label=wording.NETWORK, elem_classes="network")
                self.view = make_view()
        self.saved = Handing()
        self._wire()

    def _wire(self) -> None:
        """Every event is private: programs have their own doors, see `materials_api`."""
        asked: list[Any] = [self.picture, self.beside, self.model]
        shown = [self.visit, self.view]
        last: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        for part, out in zip(asked, (self.bars, self.bars_beside, None), strict=True):  # what stands there is the last one's
            part.change(inputs=asked, outputs=out, js=TELL_ASKED, **JS_ONLY)
        named = self.picture.change(self.name, self.picture, self.bars, **last)
        beside = self.beside.change(self.name, self.beside, self.bars_beside, **last)
        looks = [event.success(self.look, asked, shown, **QUIET) for event in (named, beside)]
        for event in (named, beside, *looks, self.model.change(self.look, asked, shown, **last)):
            event.failure(js=telling("layers-failed"), **JS_ONLY)
        self.saved.wire(self.view.save(self.keep, self.visit, self.saved.file, **QUIET), telling("layers-saved"))

    def name(self, file: File) -> str:
        """Which material a picture shows; nothing of one that cannot be used, for the view says why."""
        if not file:
            return ""
        path, name = _upload(file)
        with complaining(), suppress(BadInputError):
            return material_bars(jobs.classify(self.lab, path, name))
        return ""

    def look(self, file: File, beside: File, model: str) -> tuple[LayersVisit | None, str]:
        """What every layer makes of the picture, and of the one beside it."""
        if not file:
            return None, ""
        visit = LayersVisit(tuple(_upload(one) for one in (file, beside) if one), model)
        with complaining():
            return visit, jobs.view_value(self.lab, visit)

    def keep(self, visit: LayersVisit | None, event: gr.EventData) -> str:
        """A file to save, of what the page shows."""
        if visit is None or not all(path.exists() for path, _ in visit.pictures):
            raise complaint(shared.EXPIRED)
        if event.key != visit.key:
            raise complaint(wording.CHANGED)
        wanted = Wanted(str(event.kind), int(event.layer), str(event.colours), str(event.show))
        with complaining(), folder_to_fill() as folder:
            return str(jobs.write_file(self.lab, visit, wanted, folder))


def _upload(file: dict[str, Any]) -> tuple[Path, str]:
    return Path(file["path"]), file.get("orig_name") or "picture"


def make_view() -> gr.HTML:
    """The walk through the layers with its fixed template; its value is `materials_jobs.view_value`'s JSON."""
    return drawing("layer_view", "layers-block", ("stage",), words=wording.LAYER_VIEW, tables=jobs.colour_tables())


def material_bars(item: dict[str, Any] | None) -> str:
    """A bar for each material, the most likely one marked, and what should be known before it is believed."""
    if item is None:
        return ""
    shares = sorted(item["probabilities"].items(), key=lambda pair: -pair[1])
    rows = bars(shares, item["material"] if item["familiar"] else None)
    title = item["material"] if item["familiar"] else wording.UNFAMILIAR
    notes = "".join(f"<p>{escape(warning)}</p>" for warning in item["warnings"])
    stranger = "" if item["familiar"] else " stranger"
    hint = f"<p>{wording.HINT}</p>"
    heading = f"<h2>{escape(title)}</h2><p class='of'>{escape(item['file'])}</p>"
    return f'<section class="bars wide{stranger}">{heading}{rows}{notes}{hint}</section>'
