"""The texts of the steel tab."""

from __future__ import annotations

HEADLINE = "What could go wrong with this plate?"
LEAD = "Drop in a patch of clean hot-rolled steel and see nine defects on it, or wipe one off."
UPLOAD = "Patch or plate of steel"
DROP = "Drop a patch of steel here\nor choose one"
MODES = ("Nine defects", "Brush", "Training set")
CLASSES = {
    "crazing": "Crazing",
    "grooves_gouges": "Grooves, gouges",
    "inclusion": "Inclusion",
    "patches": "Patches",
    "pitted_surface": "Pitted surface",
    "rolled_in_scale": "Rolled-in scale",
    "rolling_dust": "Rolling dust",
    "scratches": "Scratches",
    "spots": "Spots",
    "background": "Clean",
}
STAGE = {
    "grid": "Defects to put on the patch",
    "picture": "The patch as chosen",
    "as_it_came": "As it came",
    "wiped": "Wiped clean",
    "wipe": "Wipe clean",
    "wipe_hint": "Erase the defect that the picture shows",
    "strength": "Strength",
    "reseed": "Other defects",
    "reseed_hint": "Put other defects of each kind on it",
    "seed": "Seed",
    "seed_hint": "The same seed makes the same defects again",
    "compare": "Compare",
    "compare_hint": "Hold to see the patch as it came",
    "save": "Save",
    "save_hint": "PNG in the patch's own size and depth",
    "seen": "What the inspector sees",
    "working": "Making nine defects…",
    "cropped": "Only the middle is shown here; the brush works on the whole plate.",
    "fine": (
        "Made by a trained network: synthetic, and marked so in the file. The inspector knows strip that runs up or across the "
        "picture; aslant it is often wrong."
    ),
    "classes": CLASSES,
}
BRUSH_PLATE = "Paint where the defect is to go"
BRUSH_HINT = (
    "Paint the place where the defect is to be. Defects are as large as in 64 px patches of strip: over a whole large plate they "
    "look like wallpaper. For a few scratches or grooves, paint a narrow line."
)
BRUSH_NARROW = "This stroke is less than {px} px of the plate wide, and shows little of the defect. A wider brush shows more."
SPOTS_HINT = "Spots succeed in little more than half of the cases, on bright steel in fewer. Of a set the others are left out."
BRUSH_NO_WEBGL = "Your browser cannot draw here (no WebGL); use <code>corrovis defect add --mask</code>."
BRUSH_CLASS = "Defect"
BRUSH_STRENGTH = "Strength"
BRUSH_GO = "Put it there"
BRUSH_ERASE = "Wipe it clean there"
BRUSH_UNDO = "Undo"
BRUSH_RESET = "Start again"
BRUSH_SAVE = "Save the plate"
BRUSH_SAVE_MASK = "Save its mask"
BRUSH_NOTHING = "Paint over a part of the plate first"
BRUSH_NO_PLATE = "Choose a plate first: drop one in above, or take an example"
EXPIRED = "This plate was already deleted here; upload it again"
SET_CLASS = "Defects"
SET_ALL = "All nine, equally many"
SET_COUNT = "Patches of each"
SET_SEED = "Seed"
SET_OWN = "Start from my plate instead of drawn steel"
SET_CLEAN = "As many clean patches besides"
SET_GO = "Make the set"
SET_STOPPED = "Stopped: nothing of this set was kept."
SET_SAMPLE = "The first ones"
SET_DOWNLOAD = "The set: a folder per class, and a manifest"
SET_DONE = "{kept} patches; {unlike} were left out because they did not show their class clearly, {doubles} as duplicates."

SET_SHORT = "{name}: only {kept} of {count}."


def steel_name(name: str) -> str:
    """ "rolled_in_scale" -> "Rolled-in scale"; other networks' classes are shown as they are called."""
    return CLASSES.get(name, name)
