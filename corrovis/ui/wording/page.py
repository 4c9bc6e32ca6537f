"""What stands around the tabs."""

from __future__ import annotations

TITLE = "Corrovis"
TAGLINE = "See what corrosion does."
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
