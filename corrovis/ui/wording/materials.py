"""The texts of the materials lab."""

from __future__ import annotations

from corrovis.ui.wording import shared

HEADLINE = "What is it made of, and how does the network see it?"
LEAD = "Drop in a scanning electron micrograph: its material, and what every layer of the network makes of it."
UPLOAD = "Micrograph"
DROP = "Drop a micrograph here\nor choose one"
BESIDE = "Compare with a second picture"
BESIDE_DROP = "Drop it here"
NETWORK = "Look into"
HINT = "Of these materials alone; the picture may show another."
CHANGED = "Another picture or network was chosen meanwhile; save again once its layers are shown"
UNFAMILIAR = "Unlike anything in training"
NETWORKS = {
    "material": "Material classifier",
    "ni20cr": "Corrosion of Ni-20Cr",
    "ni20cr-severity": "Severity of Ni-20Cr",
    "pits304": "Pits in 304 stainless",
    "steel-structures": "Steel structures",
    "steel-inspector": "Defects of rolled steel",
    "car-grade": "Severity of cars",
    "car-mask": "Car and its paint",
}
LAYER_VIEW = {
    "view": "Layers of the network",
    "working": "Looking into the layers…",
    "maps": "Activation maps of the chosen layer",
    "layer": "Layer",
    "nth": "Layer %n of %c",
    "back": "Previous layer",
    "on": "Next layer",
    "all": "All layers",
    "filter": "Colour filter",
    "show": "Channels",
    "mean": "Mean",
    "top": "Strongest",
    "mean_of": "mean of %s channels",
    "top_of": "%t strongest of %s channels",
    "top_by": ", for %n",
    "save": "Save",
    "one_at_a_time": shared.ONE_AT_A_TIME,
    "files": {
        "png": {"name": "This layer", "hint": "PNG as shown here"},
        "overview": {"name": "Overview", "hint": "Channel means of all layers in one PNG"},
        "pdf": {"name": "PDF", "hint": "Overview and a page for each layer"},
    },
    "fine": "The middle square of the picture, as each convolution answers it. Strongest: the channels that the "
    "answer rests on most, by their numbers; of two pictures the answer to the first.",
}
