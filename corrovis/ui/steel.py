"""The steel tab: a plate comes in once; nine defects on it, a brush for it, and sets to train with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.blocks import Block

from corrovis.steel.results import CLEAN, MadePatch
from corrovis.steel.sets import SetOrder
from corrovis.tasks.steel import SteelTools
from corrovis.ui import steel_jobs
from corrovis.ui.complaints import complaining, complaint
from corrovis.ui.examples import offer_pictures
from corrovis.ui.parts import AT_ONCE, JS_ONLY, VISIT_S, WORK, Handing, drawing, either_way, hero, picture_upload, telling
from corrovis.ui.steel_jobs import MOST_PATCHES, NARROW, PlateVisit, SteelDesk, Stroke
from corrovis.ui.stopping import Run, StoppedError, make_told
from corrovis.ui.uploads import folder_to_fill, fresh_folder
from corrovis.ui.wording import shared
from corrovis.ui.wording import steel as wording

ALL = "all"
PAINT = ("#ff7a1a", 0.5)  # half of the steel shows through
QUIET: dict[str, Any] = {**WORK, "show_progress": "hidden"}
PROBE_WEBGL = """
const canvas = document.createElement("canvas");
element.querySelector("p").hidden = Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
"""
"""The image editor draws with it, and without it stays white and says nothing."""


class SteelTab:
    """Lays the tab out inside the running `gr.Blocks` and wires it.  All that differs between visitors is in `desk`."""

    def __init__(self, tools: SteelTools, examples: list[Path]) -> None:
        self.tools = tools
        self.desk = gr.State(SteelDesk(), time_to_live=VISIT_S)
        hero(wording.HEADLINE, wording.LEAD)
        with gr.Row(elem_classes="steel-desk"):
            self.plate = picture_upload(wording.UPLOAD, wording.DROP, "steel-photo", height=190)
            offer_pictures(examples, self.plate)
        with gr.Tabs(elem_classes="steel-modes"):
            with gr.Tab(wording.MODES[0]):
                self.stage = make_stage()
            with gr.Tab(wording.MODES[1]):
                self._brush()
            with gr.Tab(wording.MODES[2]):
                self._set()
        self.saved = Handing()
        self._wire()

    def _brush(self) -> None:
        named = [(wording.steel_name(name), name) for name in self.tools.maker.defects]
        gr.HTML(f"<p>{wording.BRUSH_HINT}</p>", elem_classes="told", apply_default_css=False)
        gr.HTML(
            f'<p role="alert" hidden>{wording.BRUSH_NO_WEBGL}</p>',
            js_on_load=PROBE_WEBGL,
            elem_classes="told no-webgl",
            apply_default_css=False,
        )
        with gr.Row(elem_classes="steel-brush"):
            self.editor = make_editor()
            with gr.Column(elem_classes="steel-side", scale=0, min_width=260):
                self.defect = gr.Dropdown(named, value=named[0][1], label=wording.BRUSH_CLASS, info=wording.SPOTS_HINT)
                self.strength = gr.Slider(0, 1, 1, step=0.05, label=wording.BRUSH_STRENGTH)
                self.seed = gr.Number(0, precision=0, minimum=0, label=wording.SET_SEED)
                self.put = gr.Button(wording.BRUSH_GO, variant="primary")
                self.wipe = gr.Button(wording.BRUSH_ERASE)
                self.undo = gr.Button(wording.BRUSH_UNDO)
                self.take = gr.DownloadButton(wording.BRUSH_SAVE, interactive=False)
                self.take_mask = gr.DownloadButton(wording.BRUSH_SAVE_MASK, interactive=False)
                self.reset = gr.Button(wording.BRUSH_RESET, variant="stop", size="sm")

    def _set(self) -> None:
        named = [(wording.SET_ALL, ALL), *((wording.steel_name(name), name) for name in self.tools.maker.defects)]
        with gr.Row(elem_classes="steel-set"):
            with gr.Column(elem_classes="steel-side", scale=0, min_width=260):
                self.kind = gr.Dropdown(named, value=ALL, label=wording.SET_CLASS, info=wording.SPOTS_HINT)
                self.count = gr.Slider(1, MOST_PATCHES, 20, step=1, label=wording.SET_COUNT)
                self.set_seed = gr.Number(0, precision=0, minimum=0, label=wording.SET_SEED)
                self.own = gr.Checkbox(False, label=wording.SET_OWN)
                self.clean = gr.Checkbox(False, label=wording.SET_CLEAN)
                self.making = Run(wording.SET_GO, shared.STOP, shared.STOPPING)
            with gr.Column(min_width=260):
                self.told = make_told()  # above, where it is seen at once
                self.sample = gr.Gallery(
                    label=wording.SET_SAMPLE,
                    columns=6,
                    object_fit="cover",
                    format="png",
                    allow_preview=False,
                    buttons=[],
                    height="auto",
                )
                self.archive = gr.File(label=wording.SET_DOWNLOAD, interactive=False)

    def _wire(self) -> None:
        """Every event is private: programs have their own doors, see `steel_api`."""
        failed = {"js": telling("steel-failed"), **JS_ONLY}
        plate, stage, desk = self.plate, self.stage, self.desk
        board = [desk, self.editor, self.take, self.take_mask]
        plate.change(inputs=plate, js=telling("steel"), **JS_ONLY)
        on_open: dict[str, Any] = {"preprocess": False, "trigger_mode": "always_last", **QUIET}
        plate.change(self.note, [desk, plate], None, preprocess=False, **AT_ONCE)
        opened = plate.change(self.open, [desk, plate], [*board, stage], **on_open)
        opened.failure(**failed)
        stage.reseed(self.reseed, desk, [desk, stage], **QUIET).failure(**failed)
        stage.look(self.look, desk, stage, trigger_mode="always_last", **QUIET)
        self.saved.wire(stage.save(self.keep, desk, self.saved.file, **QUIET), telling("steel-saved"))
        how = [desk, self.editor, self.strength, self.seed]
        self._wire_button(self.put, self.put_there, [*how, self.defect], board)
        self._wire_button(self.wipe, self.wipe_there, how, board)
        self._wire_button(self.undo, self.step_back, [desk, self.editor], board)
        self._wire_button(self.reset, self.again, desk, board)
        self._wire_set()

    def _wire_button(self, button: gr.Button, work: Callable[..., Any], asked: Any, board: list[Any]) -> None:
        """Of the brush's buttons none can be pressed while one is at work."""
        buttons = [self.put, self.wipe, self.undo, self.reset]
        begun = button.click(lambda: [gr.Button(interactive=False)] * len(buttons), None, buttons, **AT_ONCE)
        done = begun.success(work, asked, board, show_progress_on=self.editor, **WORK)
        either_way(done, lambda: [gr.Button(interactive=True)] * len(buttons), buttons)

    def _wire_set(self) -> None:
        asked: set[Block] = {self.desk, self.kind, self.count, self.set_seed, self.own, self.clean}
        self.making.wire(self.desk, self.make_set, (asked, [self.sample, self.told, self.archive]), self.told)

    def note(self, desk: SteelDesk, file: dict[str, Any] | None) -> None:
        desk.newest = path_of(file)

    def open(self, desk: SteelDesk, file: dict[str, Any] | None) -> Any:
        """A new plate.  It comes unprocessed: gradio would decode it before our own door had looked at it."""
        visit, board, value = None, (None, *[gr.DownloadButton(interactive=False)] * 2), ""
        if file:
            new = PlateVisit(Path(file["path"]), file.get("orig_name") or "plate")
            with complaining():
                value = steel_jobs.stage_value(self.tools, new)
            with suppress(gr.Error):  # the stage says so
                visit, board = new, self._board(new)
        if desk.newest not in (None, path_of(file)):
            return gr.skip()  # another was chosen meanwhile: the stage stays busy until that one is there
        with desk.turn:
            desk.visit = visit
        return desk, *board, value

    def reseed(self, desk: SteelDesk, event: gr.EventData) -> Any:
        begun, seed = present(desk.visit), int(event.seed)
        with complaining():
            value = steel_jobs.stage_value(self.tools, replace(begun, seed=seed))
        return (desk, value) if desk.change(begun, seed=seed) else gr.skip()

    def look(self, desk: SteelDesk, event: gr.EventData) -> str:
        with complaining():
            return str(steel_jobs.look_value(self.tools, present(desk.visit), str(event.name), float(event.strength)))

    def keep(self, desk: SteelDesk, event: gr.EventData) -> str:
        with complaining(), folder_to_fill() as folder:
            return str(steel_jobs.write_patch(self.tools, present(desk.visit), str(event.name), float(event.strength), folder))

    def put_there(self, desk: SteelDesk, drawn: dict[str, Any], strength: float, seed: float, defect: str) -> Any:
        with desk.turn:
            begun = present(desk.visit, wording.BRUSH_NO_PLATE)
            painted = painted_of(drawn)
            if not painted.any():
                raise complaint(wording.BRUSH_NOTHING)
            stroke = Stroke(painted, defect, float(strength), int(seed or 0))
            with complaining(), folder_to_fill() as folder:
                brushed = steel_jobs.brush(self.tools, begun, stroke, folder)
            if brushed.narrow:
                gr.Info(wording.BRUSH_NARROW.format(px=NARROW))
            return self._laid(desk, brushed)

    def wipe_there(self, desk: SteelDesk, drawn: dict[str, Any], strength: float, seed: float) -> Any:
        return self.put_there(desk, drawn, strength, seed, CLEAN)

    def step_back(self, desk: SteelDesk, drawn: dict[str, Any]) -> Any:
        """Without the paint, if there is any, or else without the last stroke."""
        with desk.turn:
            begun = present(desk.visit, wording.BRUSH_NO_PLATE)
            return self._laid(desk, begun if painted_of(drawn).any() else replace(begun, strokes=begun.strokes[:-1]))

    def again(self, desk: SteelDesk) -> Any:
        with desk.turn:
            return self._laid(desk, replace(present(desk.visit, wording.BRUSH_NO_PLATE), strokes=()))

    def make_set(self, asked: dict[Any, Any], progress: gr.Progress = gr.Progress()) -> tuple[Any, str, str | None]:  # noqa: B008
        kind, count, seed, own = (asked[part] for part in (self.kind, self.count, self.set_seed, self.own))
        defects = self.tools.maker.defects if kind == ALL else (kind,)
        desk = asked[self.desk]
        plate = present(desk.visit, wording.BRUSH_NO_PLATE) if own else None
        total = int(count) * (len(defects) + asked[self.clean])
        done = iter(range(1, total + 1))

        def go_on() -> None:
            if desk.stopped:
                raise StoppedError

        def step(patch: MadePatch) -> None:
            go_on()
            progress((next(done), total), desc=wording.steel_name(patch.defect))

        with complaining(), suppress(StoppedError):
            folder = fresh_folder() / "steel"
            clean = steel_jobs.clean_folder(plate, fresh_folder()) if plate else None
            order = SetOrder(defects, int(count), int(seed or 0), clean, asked[self.clean])
            archive, some, answer = steel_jobs.write_zip(self.tools, order, folder, step, go_on)
            counts = {"kept": sum(map(len, answer["files"].values())), "unlike": answer["dropped"]["unlike_class"]}
            text = wording.SET_DONE.format(**counts, doubles=answer["dropped"]["duplicates"])
            told_short = "".join(
                f"<p>{wording.SET_SHORT.format(name=wording.steel_name(name), kept=len(files), count=order.count)}</p>"
                for name, files in answer["files"].items()
                if len(files) < order.count
            )
            sample = [(str(path), wording.steel_name(path.parent.name)) for path in some]
            return sample, f"<p>{text}</p>{told_short}", str(archive)
        return [], f"<p>{wording.SET_STOPPED}</p>", None

    def _laid(self, desk: SteelDesk, visit: PlateVisit) -> Any:
        """The desk with the plate as brushed in `visit`, unless another was chosen meanwhile: then nothing of it is shown."""
        board = self._board(visit)
        return (desk, *board) if desk.change(visit, strokes=visit.strokes) else gr.skip()

    def _board(self, visit: PlateVisit) -> tuple[Any, Any, Any]:
        """The plate to paint on, and it and its mask to take home."""
        files = (visit.brushed, visit.mask)
        buttons = [gr.DownloadButton(value=str(file) if file else None, interactive=file is not None) for file in files]
        with complaining():
            picture = steel_jobs.editor_picture(visit)
        return {"background": picture, "layers": [], "composite": picture}, buttons[0], buttons[1]


def path_of(file: dict[str, Any] | None) -> str:
    return str(file["path"]) if file else ""


def present(visit: PlateVisit | None, otherwise: str = wording.EXPIRED) -> PlateVisit:
    """The visit, unless there is none or its plate was deleted since."""
    if visit is None or not visit.path.exists():
        raise complaint(wording.EXPIRED if visit else otherwise)
    return visit


def painted_of(drawn: dict[str, Any] | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(h, w) bool: where any layer of the editor was painted on."""
    layers = [layer for layer in (drawn or {}).get("layers") or [] if layer is not None]
    if not layers:
        return np.zeros((1, 1), np.bool_)
    return np.asarray(np.any([layer[..., 3] > 0 for layer in layers], axis=0), np.bool_)


def make_stage() -> gr.HTML:
    return drawing("steel_stage", "steel-block", ("stage",), words=wording.STAGE, clean=CLEAN)


def make_editor() -> gr.ImageEditor:
    """The plate with one layer to paint on; nothing can be uploaded into it, so all it decodes came through our door."""
    return gr.ImageEditor(
        label=wording.BRUSH_PLATE,
        type="numpy",
        format="png",
        image_mode="RGBA",
        sources=(),
        transforms=(),
        layers=False,
        brush=gr.Brush(default_size=40, colors=[PAINT], default_color=PAINT, color_mode="fixed"),
        eraser=gr.Eraser(default_size=40),
        buttons=[],
        elem_classes="steel-editor",
        height=560,
    )
