"""The materials lab's doors for programs: `/classify_material` and `/show_layers`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError
from corrovis.render.colour_maps import filter_of
from corrovis.render.layer_sheets import Look, show_of, write_layers
from corrovis.ui import materials_jobs as jobs
from corrovis.ui.complaints import complaining
from corrovis.ui.materials_jobs import LayersVisit, MaterialsLab
from corrovis.ui.parts import CPU
from corrovis.ui.requests import as_files, open_door, text, upload
from corrovis.ui.uploads import folder_to_fill


def publish(lab: MaterialsLab) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def classify_material(image: FileData) -> dict[str, Any]:
        """Which material a micrograph shows, of those that the network has learned, and whether it knows such pictures."""
        with complaining():
            item = jobs.classify(lab, *upload(image))
            if item is None:
                raise BadInputError("this server has no model to classify with; add material to its weights")
        return {"items": [item], **item}

    def show_layers(
        image: FileData, filter: str = "bone", model: str = "", show: str = "mean", beside: FileData | None = None
    ) -> dict[str, Any]:
        """What every convolution of a network makes of a picture, and of one `beside` it.

        `filter` blue-rgb, aqua, moonlight, bronze, red-lava or bone; `show` mean or top; `model` empty for the first.
        """
        with complaining(), folder_to_fill() as folder:
            look = Look(filter_of(text("filter", filter)), show_of(text("show", show)))
            pictures = tuple(upload(one) for one in (image, beside) if one is not None)
            view = jobs.look_into(lab, LayersVisit(pictures, text("model", model) or lab.viewer.first))
            answer = {"file": pictures[0][1], **write_layers(view, look, folder)}
        files: dict[str, Any] = as_files(answer)
        return files

    open_door(classify_material, **CPU)
    open_door(show_layers, **CPU)
