"""The texts of the progression tab."""

from __future__ import annotations

HEADLINE = "How fast does it grow?"
EXAMPLE = "Six fields, two conditions"
LEAD = "Drop in pictures taken after different exposures: corroded area and severity against time, by condition."
UPLOAD = "Pictures, and their table (CSV) if you have one"
TABLE = "Exposure of each picture, in hours or with its unit (90 min, 7 d), and condition"
COMPARE = "Compare"
DOWNLOAD = "Plot, report and table of all fields, and everything found in each picture"
WARNINGS = "About the pictures"
LEFT_OUT = "Left out"
CONDITIONS = "Conditions"
SOME_LEFT_OUT = "{refused} of {count} could not be read; why stands below the table"
NO_ROWS = "Drop in pictures first, then fill in the hours"
NOT_SENT = "{table} names pictures that were not sent and are left out ({count}): {names}"
PLOT_HOURS = "exposure in h"
PLOT_CORRODED = "corroded in % of the field"
PLOT_SEVERITY = "severity, 0 low to 2 severe"
GROWTH_PLOT = {"plot": "Corroded share against exposure", "empty": "Growth appears here."}
GROWTH_PLOT |= dict.fromkeys(("drag", "auto", "low", "high"), "")  # it has no window
GROWTH_TITLE = "Condition by condition"
GROWTH_COLUMNS = [
    "Condition",
    "Fields",
    "Hours",
    "Corroded",
    "Severity, first → last",
    "Growth, % of the field per hour (95 %)",
    "Severity, levels per hour (95 %)",
]
GROWTH_NOTE = (
    "A line wants three fields at two exposures; its interval, and the band about it, is that of least squares. "
    "A bar is the 95 % t interval of the mean, where an exposure has repeats. Severity is what its probabilities let expect."
)
MATRIX_TITLE = "Conditions against each other: corroded, in points of % of the field"
MATRIX_SEVERITY_TITLE = "Severity, in levels"
MATRIX_NOTE = (
    "How much more it is in the row than in the column, over the exposures that both have; "
    "below it the 95 % interval: that of Welch's t test where both have repeats of each, else, with three exposures or more, the "
    "paired t interval over them. Coloured where the interval leaves zero out."
)
NOT_COMPARED = "no exposure in common, or another model"
