"""The car tab: a photo comes in on the left, the stage shows it at any level of corrosion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.tasks.car import GREY, NO_CAR, TINTED
from corrovis.ui import car_jobs
from corrovis.ui.car_jobs import CarDesk, CarVisit
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.examples import offer_pictures
from corrovis.ui.parts import JS_ONLY, VISIT_S, WORK, Handing, bars, drawing, hero, picture_upload, telling
from corrovis.ui.services import Services
from corrovis.ui.uploads import folder_to_fill
from corrovis.ui.wording import car as wording
from corrovis.ui.wording import shared

STAGE_SCRIPTS = ("stage", "corrosion_painter", "corrosion_cars", "corrosion_files", "car_arrival")


class CarTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `desk`."""

    def __init__(self, services: Services, examples: list[Path]) -> None:
        self.services = services
        self.desk = gr.State(CarDesk(), time_to_live=VISIT_S)
        hero(wording.HEADLINE, wording.LEAD, slim=False)
        with gr.Row(elem_classes="workspace"):
            with gr.Column(elem_classes="desk"):
                self.photo = picture_upload(wording.UPLOAD, wording.DROP, webcam=True)
                self.bars = gr.HTML(visible=services.grader is not None, elem_classes="grade", apply_default_css=False)
                offer_pictures(examples, self.photo)
            self.stage = make_stage(examples)
        self.saved = Handing()
        self._wire()

    def _wire(self) -> None:
        """Every event is private: programs have their own doors, see `car_api`."""
        work: dict[str, Any] = {**WORK, "show_progress": "hidden"}
        failed = {"js": telling("failed"), **JS_ONLY}
        photo, stage, desk = self.photo, self.stage, self.desk
        photo.change(inputs=photo, js=telling("photo"), **JS_ONLY)
        on_open: dict[str, Any] = {"preprocess": False, "trigger_mode": "always_last", **work}
        seen = photo.change(self.open, [desk, photo], [desk, stage, self.bars], **on_open)
        seen.failure(**failed)
        if self.services.grader:
            seen.success(self.grade, desk, self.bars, trigger_mode="always_last", **work)
        for handler in (self.reseed, self.pick, self.everyone, self.whole):  # each called as the stage's event is
            getattr(stage, handler.__name__)(handler, desk, [desk, stage], **work).failure(**failed)
        self.saved.wire(stage.save(self.keep, desk, self.saved.file, **work), telling("saved"))

    def open(self, desk: CarDesk, file: dict[str, Any] | None) -> tuple[CarDesk, str, str]:
        """A new photo.  It comes unprocessed: gradio would decode it before our own door had looked at it."""
        visit = CarVisit(Path(file["path"]), file.get("orig_name") or "photo") if file else None
        value = self._show(visit) if visit else ""
        desk.visit = visit
        return desk, value, ""

    def grade(self, desk: CarDesk) -> Any:
        visit = desk.visit
        if visit is None:
            return ""
        grade = grade_bars(car_jobs.grade(self.services, visit))
        return grade if desk.holds(visit) else gr.skip()

    def reseed(self, desk: CarDesk) -> Any:
        visit = present(desk.visit)
        return self._changed(desk, replace(visit, seed=visit.seed + 1))

    def pick(self, desk: CarDesk, event: gr.EventData) -> Any:
        return self._changed(desk, car_jobs.pick(present(desk.visit), float(event.x), float(event.y)))

    def everyone(self, desk: CarDesk) -> Any:
        return self._changed(desk, replace(present(desk.visit), at=None))

    def whole(self, desk: CarDesk) -> Any:
        return self._changed(desk, replace(present(desk.visit), whole=True, at=None))

    def keep(self, desk: CarDesk, event: gr.EventData) -> str:
        """A file to save, made from the full photo."""
        with complaining(), folder_to_fill() as folder:
            return str(car_jobs.write_file(self.services, present(desk.visit), str(event.kind), float(event.level), folder))

    def _changed(self, desk: CarDesk, visit: CarVisit) -> Any:
        """The desk with `visit` on it and what the stage shows; neither if the photo was removed or replaced meanwhile."""
        value = self._show(visit)
        if not desk.holds(visit):
            return gr.skip()
        desk.visit = visit
        return desk, value

    def _show(self, visit: CarVisit) -> str:
        with complaining():
            return car_jobs.stage_value(self.services, visit)


def present(visit: CarVisit | None) -> CarVisit:
    """The visit, unless it was forgotten since."""
    if visit is None or not visit.path.exists():
        raise complaint(shared.EXPIRED)
    return visit


def make_stage(examples: list[Path]) -> gr.HTML:
    """The canvas stage with its fixed template; its value is `payload.encode`'s JSON."""
    names = [shared.EXAMPLE.format(name=path.stem.replace("_", " ")) for path in examples]
    return drawing("corrosion_stage", "stage", STAGE_SCRIPTS, words=wording.STAGE, examples=names)


def grade_bars(item: dict[str, Any] | None) -> str:
    """Four bars, the most likely one marked, what they are of, and why to doubt them; empty without a grade."""
    if item is None:
        return ""
    shares = [(shared.severity_name(severity), share) for severity, share in item["probabilities"].items()]
    rows = bars(shares, shared.severity_name(item["severity"]))
    hint = wording.GRADE_HINT_NO_CAR if NO_CAR in item["warnings"] else wording.GRADE_HINT
    doubts = [f"{said[0].upper()}{said[1:]}." for said in item["warnings"] if said in (GREY, TINTED)]
    below = "".join(f"<p>{said}</p>" for said in (hint, *doubts))
    return f'<section class="bars"><h2>{wording.GRADE_TITLE}</h2>{rows}{below}</section>'
