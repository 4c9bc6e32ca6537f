"""The texts of the progression tab."""

from __future__ import annotations

HEADLINE = "How fast does it grow?"
EXAMPLE = "Six fields, two conditions"
LEAD = (
    "Drop in pictures taken after different exposures, with a table if you have one: "
    "corroded area and severity against time, by condition."
)
UPLOAD = "Pictures and their table (CSV, Excel)"
TABLE = "Exposure in hours or with its unit (90 min, 7 d), condition; specimen, where several pictures show one"
COLUMNS = ["Picture", "Hours", "Condition", "Specimen"]
COMPARE = "Compare"
STOPPED = "Stopped; nothing was compared."
DONE = "Compared, see below: {fields} of {count} pictures, conditions: {conditions}."
DOWNLOAD = "Plot, report and table of all fields, and everything found in each picture"
WARNINGS = "What to doubt"
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
    "Growth, points of % per hour (95 %)",
    "Fields",
    "Hours",
    "Corroded",
    "Severity, first → last",
    "Severity, levels per hour (95 %)",
]
GROWTH_NOTE = (
    "A line needs three specimens at two exposures; its interval, and the band about it, is that of least squares. "
    "A bar is the 95 % t interval of the mean, where an exposure has repeats. "
    "Severity: 0 low, 1 moderate, 2 severe, weighted with their probabilities."
)
MATRIX_TITLE = "Conditions against each other: corroded, in points of % of the field"
MATRIX_SEVERITY_TITLE = "Severity, in levels"
_INTERVAL = (
    "below it the 95 % interval: that of Welch's t test where both have repeats of each, else, with three exposures or more, the "
    "paired t interval over them. Coloured where the interval leaves zero out; of twenty equal pairs that happens to about one. "
    "Fields of one specimen are no repeats: name specimens in the table, and the mean of each one's fields counts once."
)
MATRIX_NOTE = f"How much more it is in the row than in the column, over the exposures that both have; {_INTERVAL}"
PAIR_TITLE = "Conditions against each other"
PAIR = "{second} less {first}"
PAIR_COLUMNS = ["", "Corroded, points of % of the field", "Severity, levels"]
PAIR_NOTE = f"The mean difference over the exposures that both have; {_INTERVAL}"
NOT_COMPARED = "no exposure in common, or another model"
