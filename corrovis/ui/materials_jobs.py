"""What the materials tab does for one visitor, without a page: pictures in, values for the page out.

Nothing is kept between calls but the visitor's own `LayersVisit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.errors import BadInputError
from corrovis.images import save_png
from corrovis.render.colour_maps import FILTERS, TITLES, filter_of, table
from corrovis.render.layer_sheets import Look, layer_sheet, overview, save_pdf, show_of, shown_maps
from corrovis.resizing import reduced
from corrovis.sem.fields import read_field
from corrovis.sem.layers import Layer, LayerView, LayerViewer
from corrovis.sem.material import MaterialClassifier
from corrovis.tasks.materials import classify_file
from corrovis.ui.values import stamped, to_uri

SENT_SIDE = 112  # of a map, in the page; larger ones are reduced
FILES = {"png": "{stem}_{layer}.png", "overview": "{stem}_layers.png", "pdf": "{stem}_layers.pdf"}


@dataclass(frozen=True, slots=True)
class MaterialsLab:
    """The steps behind the tab; made in `app.py`.  No classifier, no material bars."""

    viewer: LayerViewer
    classifier: MaterialClassifier | None = None


@dataclass(frozen=True, slots=True)
class LayersVisit:
    """Which pictures a visitor looks at, (path, name) one or two, and through which network.

    The page knows by `key` whether an answer is the one that it waits for.
    """

    pictures: tuple[tuple[Path, str], ...]
    model: str

    @property
    def key(self) -> str:
        return "|".join([*(str(path) for path, _ in self.pictures), self.model])


def classify(lab: MaterialsLab, path: Path, name: str) -> dict[str, Any] | None:
    """The contract's record; None without a classifier.  Raises BadInputError for a picture that cannot be used."""
    return {"file": name, **classify_file(lab.classifier, path, name)} if lab.classifier else None


def look_into(lab: MaterialsLab, visit: LayersVisit) -> LayerView:
    """Raises BadInputError for a picture that cannot be used."""
    fields = [read_field(path, name) for path, name in visit.pictures]
    return lab.viewer.view(fields, visit.model)


def view_value(lab: MaterialsLab, visit: LayersVisit) -> str:
    """What the browser is sent once: every map in grey, so that colours, layer and channels change there; or why none is."""
    try:
        view = look_into(lab, visit)
    except BadInputError as problem:
        return stamped(key=visit.key, problem=str(problem))
    layers = [
        {
            "name": layer.name,
            "channels": layer.count,
            "shown": layer.channels,
            "size": [layer.size_hw[1], layer.size_hw[0]],
            **_sheet(layer),
        }
        for layer in view.layers
    ]
    return stamped(key=visit.key, model=view.model, pictures=view.names, notes=view.notes, layers=layers)


def _sheet(layer: Layer) -> dict[str, Any]:
    """All maps of a layer in one grey PNG: a row for each picture, in it the mean and then the strongest channels."""
    maps = np.concatenate([shown_maps(layer, "mean"), shown_maps(layer, "top")], axis=1)
    small = np.stack([np.stack([reduced(one, SENT_SIDE) for one in row]) for row in maps])
    pictures, count, height, width = small.shape
    sheet = small.transpose(0, 2, 1, 3).reshape(pictures * height, count * width)
    return {"h": height, "w": width, "sheet": to_uri(sheet)}


def colour_tables() -> dict[str, dict[str, str]]:
    """Filter -> its title and its 256 colours as rrggbb in one string."""
    return {name: {"title": TITLES[name], "colours": table(name).tobytes().hex()} for name in FILTERS}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to keep: `kind` of `FILES`, of which layer, and how it is drawn."""

    kind: str
    layer: int
    colours: str
    show: str


def write_file(lab: MaterialsLab, visit: LayersVisit, wanted: Wanted, folder: Path) -> Path:
    """Raises BadInputError for a kind, filter or layer that there is not."""
    look = Look(filter_of(wanted.colours), show_of(wanted.show))
    view = look_into(lab, visit)
    if wanted.kind not in FILES or not 0 <= wanted.layer < len(view.layers):
        raise BadInputError(f"there is no file {wanted.kind} of layer {wanted.layer}; choose one of {', '.join(FILES)}")
    layer = view.layers[wanted.layer]
    stem = Path(visit.pictures[0][1]).stem[:60] or "picture"
    path = folder / FILES[wanted.kind].format(stem=stem, layer=layer.name.replace(".", "_"))
    if wanted.kind == "pdf":
        save_pdf([overview(view, look), *(layer_sheet(view, one, look) for one in view.layers)], path, f"Layers of {view.model}")
    else:
        sheet = layer_sheet(view, layer, look) if wanted.kind == "png" else overview(view, look)
        save_png(np.asarray(sheet), path, None)
    return path
