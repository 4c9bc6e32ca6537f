"""The texts of the inspect tab."""

from __future__ import annotations

HEADLINE = "How far has corrosion gone?"
EXAMPLES = {"as_received_16h.png": ("Attacked alloy", ""), "pitted.png": ("Pitted steel", "pits304")}  # label, model
LEAD = (
    "Drop in micrographs, with the microscope's text files if you have them, or photos of steel: "
    "corroded regions, areas, severity and a report come back."
)
UPLOAD = "Micrographs or photos of steel"
INSPECT = "Inspect"
STOPPED = "Stopped after {done} of {count} pictures; the download holds what was found in them."
KEPT_SCALES = "{kept} of {count} pictures keep the scale that came with them"
NO_FILES = "Choose one picture or more first"
NOT_READ = "not read"
SOME_REFUSED = "{refused} of {count} could not be read, see the table"
MODEL = "Model"
ANY_MODEL = "The one that suits each picture"
NI20CR = "Grain boundaries (Ni-20Cr, SEM)"
PITS304 = "Pits (304 stainless, SEM)"
PITS304_PIXELS = "Pits, pixel by pixel (304 stainless, SEM)"
STRUCTURES = "Steel structures (photos)"
MODELS = {"": ANY_MODEL, "ni20cr": NI20CR, "pits304": PITS304, "pits304-pixels": PITS304_PIXELS, "steel-structures": STRUCTURES}
PIXEL_SIZE = "Size of a pixel"
PIXEL_SIZE_HINT = "e.g. 0.5 um; empty: read from the file"
SCALE_BAR = "Written at the scale bar"
SCALE_BAR_HINT = "e.g. 20 um; its pixels are counted"
PICTURES = "Pictures"
GALLERY = "Choose a picture"
SUMMARY_COLUMNS = ["No.", "Picture", "Severity", "Corroded", "Regions", "Doubts", "Model"]
SECOND_OPINION = "Second opinion, from a classifier that measures no area: {severity}, {share} sure."
ERROR = "Standard deviation of the corroded share: {how}"
HOW_GRADED = (
    "Moderate from {low} corroded, severe from {high}; these limits: {source}. The bars say what the model's error of area, "
    "measured on specimens that it had not seen, leaves open."
)
FINDINGS = {
    "stage": "Findings",
    "picture": "The picture with its corroded regions; click one",
    "threshold": "Threshold",
    "opacity": "Opacity",
    "reset": "Model's own threshold",
    "heat": "Heat map",
    "opinion_heat": "Second opinion's",
    "heat_hint": "What the model's answer rests on",
    "opinion_heat_hint": "What the second opinion rests on",
    "legend": "Colours of the heat map, how and how finely it was computed",
    "heat_opacity": "Opacity of the heat map",
    "scale_one": "Into this picture's files",
    "scale_all": "Into those of all pictures",
    "scale_hint": "Tables and reports are written again for this pixel size; no network runs",
    "scale_all_hint": "The same in all pictures but those that came with a scale of their own",
    "pixel": "Pixel",
    "save_picture": "Save picture",
    "save_mask": "Save mask",
    "save_mask_hint": "At this threshold found in the %s pixels shown and enlarged; at the model's own it is the full mask",
    "save_table": "Save table",
    "save_report": "Save report",
    "save_report_hint": "This picture's report, one HTML file, at the model's own threshold",
    "corroded": "corroded",
    "error": "± %s points",
    "error_of": "error measured at the model's own threshold",
    "largest": "the largest is %s of it",
    "count": "%s regions",
    "one": "1 region",
    "density": "%s per mm²",
    "close": "Close to a limit: do not take %s for settled.",
    "severity": "Severity by corroded area",
    "kinds": "Condition classes, of the whole picture",
    "warnings": "Before you believe it",
    "warnings_of": "At the model's own threshold:",
    "regions": "Regions, largest first",
    "region": "Region",
    "class": "Class",
    "area": "Area",
    "diameter": "Diameter",
    "circularity": "Circularity",
    "score": "Score",
    "border": "At the border",
    "border_hint": "It reaches the edge of what the picture shows, so its size and shape are those of a part",
    "cut": "yes",
    "more": "The largest %s of %t; the table to save has all.",
}
SO_FAR = "So far: {done} of {count} pictures"
DOWNLOAD = "All masks, pictures and reports, at the model's own threshold"
