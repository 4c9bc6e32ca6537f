"""The materials lab's doors for programs: `/classify_material` and `/show_layers`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio import FileData

from corrovis.errors import BadInputError
from corrovis.render.colour_maps import filter_of
from corrovis.render.layer_sheets import Look, show_of, write_layers
from corrovis.sem.fields import read_field
from corrovis.ui import materials_jobs as jobs
from corrovis.ui.doors import one_item, open_door, text, upload, whole_number
from corrovis.ui.materials_jobs import MaterialsLab
from corrovis.ui.parts import CPU
from corrovis.ui.uploads import folder_to_fill


def publish(lab: MaterialsLab) -> None:
    """Register the endpoints in the running `gr.Blocks`."""

    def classify_material(image: FileData) -> dict[str, Any]:
        """Which material a micrograph shows, of those that the network has learned, and whether it knows such pictures."""
        item = jobs.classify(lab, *upload(image))
        if item is None:
            raise BadInputError("this server has no model to classify with; add material to its weights")
        return one_item(item)

    def show_layers(  # noqa: PLR0913 an argument for each option
        image: FileData,
        filter: str = "bone",
        model: str = "",
        show: str = "mean",
        beside: FileData | None = None,
        top: int = 16,
    ) -> dict[str, Any]:
        """What every convolution of a network makes of a picture, and of one `beside` it.

        `filter` blue-rgb, aqua, moonlight, bronze, red-lava or bone; `show` mean or top, `top` channels of them;
        `model` empty for the first.
        """
        with folder_to_fill() as folder:
            look = Look(filter_of(text("filter", filter)), show_of(text("show", show)))
            fields = [read_field(*upload(one)) for one in (image, beside) if one is not None]
            view = lab.viewer.view(fields, text("model", model) or lab.viewer.first, whole_number("top", top, 64, 1))
            return {"file": fields[0].name, **write_layers(view, look, folder)}

    open_door(classify_material, **CPU)
    open_door(show_layers, **CPU)
