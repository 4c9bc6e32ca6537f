"""What stands around the tabs."""

from __future__ import annotations

TITLE = "Corrovis"
TAGLINE = "See what corrosion does."
PREVIEW_TITLE = "Corrovis: see what corrosion does"
PREVIEW = (
    "Drag a photo of your car from showroom to scrapyard, and measure corrosion in micrographs, photos of steel and "
    "electrochemical curves."
)
PREVIEW_PICTURE = "A car at four levels of corrosion"
OF_GRADIO = {"upload_text.drop_file": "Drop files here", "upload_text.click_to_upload": "or choose them"}
API_NAME = "Use it from a program"
SOURCE_NAME = "Source code"
SOURCE_UNKNOWN = "Source code: from whoever runs this page"
LICENCE = "AGPL-3.0-or-later"
FOOTER = "Pictures made here are illustrations, not predictions. Uploads are deleted within an hour."

CAR_TAB = "Car"
INSPECT_TAB = "Inspect"
PROGRESSION_TAB = "Progression"
MATERIALS_TAB = "Materials lab"
ELECTROCHEM_TAB = "Electrochemistry"
STEEL_TAB = "Steel"
