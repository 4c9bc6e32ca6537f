"""The texts of the electrochemistry tab."""

from __future__ import annotations

HEADLINE = "What does your curve say?"
LEAD = "Drop a polarisation curve or an impedance spectrum. It is fitted at once, without start values."
EXAMPLES = {"polarisation.csv": "Polarisation curve", "impedance.csv": "Impedance spectrum"}
FILES = "Curves"
FORMATS = "CSV, TXT, Excel, .DTA, .mpt, .z, .par, .pssession and more, decimal commas included."
AREA = "Exposed area, cm²"
AREA_HINT = "not known"
METAL = "Metal, for the corrosion rate"
NOT_GIVEN = "not given"
OTHER_METAL = "Another metal"
COMPOSITION = "Composition in mass %, instead of the equivalent weight"
COMPOSITION_HINT = "Fe=68,Cr=17,Ni=12 or Cr(6)=17"
WEIGHT = "Equivalent weight, g"
DENSITY = "Density, g/cm³"
IRON = ("iron: 27.92", "iron: 7.87")
PARTS = "Which part of the file"
COLUMNS = "Columns, if the headings do not tell"
COLUMNS_HINT = "potential=2,current=3 (mA)"
SWEEP = "Sweep of a polarisation curve"
SWEEP_HINT = "the first that can be fitted"
SPECTRUM = "Number of the impedance spectrum"
METHOD = "Fit of polarisation curves"
STERN_GEARY = "Stern-Geary B, V"
STERN_GEARY_HINT = "from the slopes, as 0.026"
CIRCUIT = "Circuit of impedance spectra"
REFERENCE = "Reference electrode"
FITTING, UNIT_CURVES = "Fitting", "curves"
STOPPED = "stopped before all curves were fitted"
SAVED = "Take home"
ALL_FILES = "All files (ZIP)"
PARAMETERS = "Parameters (CSV)"
POINTS = "Points (CSV)"
QUANTITY, VALUE, LIMITS, UNIT = "Quantity", "Value ± standard error", "95 % limits", "Unit"
PLAIN = {
    r"\bbeta_a\b": "the anodic slope",
    r"\bbeta_c\b": "the cathodic slope",
    r"\bi_corr\b": "i corr",
    r"\bE_corr\b": "E corr",
    r"\bohm\b": "Ω",
    r"\bcm2\b": "cm²",
}
"""What warnings call by its name in the answers, and what the page calls it."""
OTHER_KIND = "{name} is of another kind than the first file and was left out"
TOO_MANY = "only the first {most} files are read and fitted; left out: {names}"
PLOT_POTENTIAL = "E in V"
PLOT_AGAINST = "E in V against {reference}"
PLOT_CURRENT = "log |i| in A/cm²"
PLOT_DECADES = "residual in decades"
PLOT_REAL = "Re Z in {unit}"
PLOT_IMAGINARY = "-Im Z in {unit}"
PLOT_FREQUENCY = "log f in Hz"
PLOT_MODULUS = "log |Z| in {unit}"
PLOT_PHASE = "-phase in °"
PLOT_RESIDUAL = "residual in %: ○ real, × imaginary part"
PLOT_INVERSE = "1000 K / T"
PLOT_I_CORR = "log i corr in A/cm²"
PLOT_TAU = "log relaxation time in s"
PLOT_GAMMA = "distribution in {unit}"
EFFECTIVE = "C of {cpe} (Brug)"
ACTIVATION = "Activation energy of {count} curves"
TEMPERATURES = "Temperatures of the curves, K, for an activation energy"
TEMPERATURES_HINT = "303, 313, 323, or 30, 40, 50 °C"
NOT_A_NUMBER = "{label}: {text!r} is not understood; leave it empty, or write a number such as {example}"
NUMBERS = {AREA: "1.2", WEIGHT: "27.92", DENSITY: "7.87", STERN_GEARY: "0.026"}
NOT_WHOLE = "{label}: {text!r} is no whole number from 1; leave it empty, or write one such as 2"
NOT_TEMPERATURES = "temperatures are numbers in kelvin, or with °C, one for each file: 303, 313, 323"
DECIMAL_COMMAS = "there are twice as many temperatures as files; with decimal commas, put semicolons between: 303,15; 313,15"
CURVE_PLOT = {
    "plot": "Curves and fits",
    "empty": "Your curve appears here.",
    "drag": "Drag the edges of the coloured band to fit another window.",
    "drag_of": "The coloured band is the fit window of {name}; dragged, it holds for every curve.",
    "fit": "fit",
    "auto": "Automatic window",
    "low": "Lower edge of the fit window, V",
    "high": "Upper edge of the fit window, V",
}
