"""Every text of the page, in one place."""

from __future__ import annotations

TITLE = "Corrovis"
TAGLINE = "See what corrosion does."
API_NAME = "Use it from a program"
SOURCE_NAME = "Source code"
SOURCE_UNKNOWN = "Source code: from whoever runs this page"
LICENCE = "AGPL-3.0-or-later"
FOOTER = "Pictures of aged cars are illustrations, not predictions. Uploads are deleted within an hour."

CAR_TAB = "Car"
CAR_HEADLINE = "How would your car look, rusted?"
CAR_LEAD = "Drop in a photo of any car and drag it from showroom to scrapyard."
UPLOAD = "Photo of a car"
DROP = "Drop a photo here\nor choose one"
EXAMPLES = "Or try one of these"
EXAMPLE = "Example: {name}"
NO_CAR = "No car found in this picture. Try another photo, or treat the whole picture as car."
EXPIRED = "This photo was already deleted here; upload it again"
GRADE_TITLE = "Rust in your photo"
GRADE_HINT = "What the photo shows now, before any ageing."

STAGE = {
    "stage": "Corrosion stage",
    "picture": "The car at the chosen level",
    "level": "Corrosion level",
    "ticks": ["None", "Mild", "Moderate", "Severe"],
    "traces": "Traces",
    "of_three": "of 3",
    "share": "%s % of paint rusted",
    "play": "Play the time-lapse",
    "pause": "Pause the time-lapse",
    "before": "Before",
    "after": "After",
    "handle": "Before and after",
    "split_at": "%s % of the picture shows it before",
    "compare": "Hold to compare",
    "compare_hint": "Hold to see the photo as it was",
    "split": "Split view",
    "split_hint": "Before and after side by side, with a handle to drag",
    "outline": "Car outline",
    "outline_hint": "Show what was taken for the car",
    "reseed": "Other rust",
    "reseed_hint": "Let it rust in other places",
    "full": "Full screen",
    "full_hint": "Full screen",
    "save": "Save",
    "files": {
        "png": {"name": "Picture", "hint": "PNG at this level, in the photo's full size"},
        "strip": {"name": "Strip", "hint": "All four levels in one picture"},
        "mp4": {"name": "Video", "hint": "Time-lapse as MP4"},
        "gif": {"name": "GIF", "hint": "Time-lapse as GIF"},
    },
    "one_at_a_time": "One file at a time: the last one is still being made.",
    "fine": "An illustration of how corrosion may look, not a prediction for this car.",
    "working": "Finding the car and growing the rust…",
    "reseeding": "Growing other rust…",
    "ready": "Ready: %s",
    "no_paste": "No picture in the clipboard",
    "gone": "The server does not answer; your photo is still here.",
    "gone_early": "The server does not answer. Choose the photo again once it does.",
    "anew": "The page was loaded anew: choose your photo again.",
    "whole": "Treat the whole picture as car",
    "many_cars": "%s cars: tap one to rust it alone",
    "one_car": "Only this car rusts",
    "all_cars": "All cars",
}

LAB_TAB = "Electrochemistry"
LAB_HEADLINE = "What does your curve say?"
LAB_LEAD = "Drop a polarisation curve or an impedance spectrum. It is fitted at once, without start values."
LAB_EXAMPLES = {"polarisation.csv": "Polarisation curve", "impedance.csv": "Impedance spectrum"}
LAB_FILES = "Curves"
LAB_FORMATS = "CSV, TXT, Excel, .DTA, .mpt, .z, .par, .pssession and more, decimal commas included."
LAB_AREA = "Exposed area, cm² (0: not known)"
LAB_METAL = "Metal, for the corrosion rate"
LAB_NO_METAL = "none of these"
LAB_OTHER_METAL = "Another metal"
LAB_COMPOSITION = "Composition in mass %, instead of the equivalent weight"
LAB_COMPOSITION_HINT = "Fe=68,Cr=17,Ni=12 or Cr(6)=17"
LAB_WEIGHT = "Equivalent weight, g"
LAB_DENSITY = "Density, g/cm³"
LAB_IRON = ("iron: 27.92", "iron: 7.87")
LAB_PARTS = "Which part of the file"
LAB_COLUMNS = "Columns, if the headings do not tell"
LAB_COLUMNS_HINT = "potential=2,current=3 (mA)"
LAB_SWEEP = "Sweep of a polarisation curve (0: the first that can be fitted)"
LAB_SPECTRUM = "Number of the impedance spectrum"
LAB_METHOD = "Fit of polarisation curves"
LAB_CIRCUIT = "Circuit of impedance spectra"
LAB_REFERENCE = "Reference electrode"
LAB_SAVED = "Take home"
OTHER_KIND = "{name} is of another kind than the first file and was left out"
TOO_MANY = "only the first {most} files are shown"
PLOT_POTENTIAL = "E in V against {reference}"
PLOT_CURRENT = "log |i| in A/cm²"
PLOT_DECADES = "residual in decades"
PLOT_REAL = "Re Z in {unit}"
PLOT_IMAGINARY = "-Im Z in {unit}"
PLOT_FREQUENCY = "log f in Hz"
PLOT_MODULUS = "log |Z| in {unit}"
PLOT_PHASE = "-phase in °"
PLOT_RESIDUAL = "residual in %"
PLOT_INVERSE = "1000 K / T"
PLOT_I_CORR = "log i corr in A/cm²"
PLOT_TAU = "log relaxation time in s"
PLOT_GAMMA = "distribution in {unit}"
EFFECTIVE = "C of {cpe} (Brug)"
ACTIVATION = "Activation energy of {count} curves"
TEMPERATURES = "Temperatures of the curves, K, for an activation energy"
TEMPERATURES_HINT = "303, 313, 323"
NOT_A_NUMBER = "{label}: {text!r} is no number; leave it empty, or write one such as 7.87"
NOT_TEMPERATURES = "temperatures are numbers in kelvin with commas between, one for each file: 303, 313, 323"
CURVE_PLOT = {
    "plot": "Curves and fits",
    "empty": "Your curve appears here.",
    "drag": "Drag the edges of the coloured band to fit another window.",
    "auto": "Automatic window",
    "low": "Lower edge of the fit window, V",
    "high": "Upper edge of the fit window, V",
}
# Key of the answer: label, factor, unit.
QUANTITIES = {
    "e_corr_v": ("E corr", 1e3, "mV"),
    "i_corr_a_cm2": ("i corr", 1e6, "µA/cm²"),
    "beta_a_v_dec": ("Anodic slope", 1e3, "mV/decade"),
    "beta_c_v_dec": ("Cathodic slope", 1e3, "mV/decade"),
    "i_limit_a_cm2": ("Limiting current", 1e6, "µA/cm²"),
    "ohmic_resistance_ohm_cm2": ("Ohmic resistance", 1.0, "Ω cm²"),
    "polarisation_resistance_ohm_cm2": ("Polarisation resistance", 1.0, "Ω cm²"),
    "stern_geary_v": ("Stern-Geary B", 1e3, "mV"),
    "corrosion_rate_mm_y": ("Corrosion rate", 1.0, "mm/year"),
    "corrosion_rate_mpy": ("Corrosion rate", 1.0, "mpy"),
    "activation_energy_kj_mol": ("Activation energy", 1.0, "kJ/mol"),
    "prefactor_a_cm2": ("Prefactor", 1.0, "A/cm²"),
    "r_squared": ("R² of the line", 1.0, ""),
    "window_low_v": ("Fit window from", 1e3, "mV"),
    "window_high_v": ("Fit window to", 1e3, "mV"),
    "residual_decades": ("Residual of log |i|", 1.0, "decades"),
    "area_cm2": ("Area", 1.0, "cm²"),
    "equivalent_weight_g": ("Equivalent weight", 1.0, "g"),
    "density_g_cm3": ("Density", 1.0, "g/cm³"),
    "chi_squared": ("χ² per degree of freedom", 1.0, ""),
    "kramers_kronig_residual_max": ("Kramers-Kronig, largest residual", 100.0, "%"),
}
MATERIALS_TAB = "Materials lab"
MATERIALS_HEADLINE = "What is it made of, and how does the network see it?"
MATERIALS_LEAD = "Drop in a scanning electron micrograph: its material, and what every layer of the network makes of it."
MATERIALS_UPLOAD = "Micrograph"
MATERIALS_DROP = "Drop a micrograph here\nor choose one"
MATERIALS_BESIDE = "Second picture, side by side"
MATERIALS_BESIDE_DROP = "Compare: drop a second"
MATERIALS_NETWORK = "Look into"
MATERIALS_HINT = "Of these materials alone; the picture may show another."
UNFAMILIAR = "Unlike anything in training"
NETWORKS = {
    "material": "Material classifier",
    "ni20cr": "Corrosion of Ni-20Cr",
    "pits304": "Pits in 304 stainless",
    "steel-structures": "Steel structures",
    "steel-inspector": "Defects of rolled steel",
    "car-grade": "Severity of cars",
    "car-mask": "Car and its paint",
}
LAYER_VIEW = {
    "view": "Layers of the network",
    "empty": "The layers appear here.",
    "maps": "Activation maps of the chosen layer",
    "layer": "Layer",
    "back": "Previous layer",
    "on": "Next layer",
    "all": "All layers",
    "filter": "Colour filter",
    "show": "Channels",
    "mean": "Mean",
    "top": "Strongest",
    "mean_of": "mean of %s channels",
    "top_of": "%t strongest of %s channels",
    "save": "Save",
    "files": {
        "png": {"name": "This layer", "hint": "PNG as shown here"},
        "overview": {"name": "Overview", "hint": "All layers in one PNG"},
        "pdf": {"name": "PDF", "hint": "Overview and a page for each layer"},
    },
    "fine": "The middle square of the picture, as each convolution answers it. Strongest: what the answer rests on most.",
}
INSPECT_TAB = "Inspect"
INSPECT_HEADLINE = "How far has corrosion gone?"
INSPECT_EXAMPLES = {"as_received_16h.png": ("Attacked alloy", ""), "pitted.png": ("Pitted steel", "pits304")}  # label, model
INSPECT_LEAD = "Drop in micrographs or photos of steel: corroded regions, areas, severity and a report come back."
INSPECT_UPLOAD = "Micrographs, with the microscope's text files if you have them, or photos of steel structures"
INSPECT = "Inspect"
INSPECT_STOP = "Stop"
INSPECT_STOPPING = "Stopping after this picture …"
INSPECT_STOPPED = "Stopped after {done} of {count} pictures; the download holds what was found in them."
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
HOW_GRADED = (
    "Moderate from {low} corroded, severe from {high}. The bars say what the model's error of area, measured on specimens that "
    "it had not seen, leaves open."
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
    "pixel": "Pixel",
    "save_picture": "Save picture",
    "save_mask": "Save mask",
    "save_table": "Save table",
    "corroded": "corroded",
    "count": "%s regions",
    "one": "1 region",
    "density": "%s per mm²",
    "kinds": "Of the picture",
    "warnings": "Before you believe it",
    "regions": "Regions, largest first",
    "region": "Region",
    "class": "Class",
    "area": "Area",
    "diameter": "Diameter",
    "circularity": "Circularity",
    "score": "Score",
    "more": "The largest %s of %t; the table to save has all.",
}
DOWNLOAD = "All masks, pictures and reports, at the model's own threshold"
PROGRESSION_TAB = "Progression"
PROGRESSION_HEADLINE = "How fast does it grow?"
PROGRESSION_EXAMPLE = "Six fields, two conditions"
PROGRESSION_LEAD = "Drop in pictures taken after different exposures: corroded area and severity against time, by condition."
PROGRESSION_UPLOAD = "Pictures, and their table (CSV) if you have one"
PROGRESSION_TABLE = "Exposure of each picture, in hours or with its unit (90 min, 7 d), and condition"
PROGRESSION = "Compare"
PROGRESSION_DOWNLOAD = "Plot, report and table of all fields, and everything found in each picture"
PROGRESSION_WARNINGS = "About the pictures"
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
    "Severity",
    "Growth, % of the field per hour (95 %)",
    "Severity, levels per hour (95 %)",
]
GROWTH_NOTE = (
    "A line wants three fields at two exposures; its interval, and the band about it, is that of least squares. "
    "A bar is the 95 % interval of the mean, where an exposure has repeats. Severity is what its probabilities let expect."
)
NO_TREND = "too few fields or exposures"
MATRIX_TITLE = "Conditions against each other: corroded, in points of % of the field"
MATRIX_SEVERITY_TITLE = "Severity, in levels"
MATRIX_NOTE = (
    "How much more it is in the row than in the column, over the exposures that both have; "
    "below it the 95 % interval: a bootstrap where both have repeats of each, else, with three exposures or more, the paired t "
    "interval over them. Coloured where the interval leaves zero out."
)
NOT_COMPARED = "no exposure in common"

STEEL_TAB = "Steel"
STEEL_HEADLINE = "What could go wrong with this plate?"
STEEL_LEAD = "Drop in a patch of clean hot-rolled steel and see nine defects on it, or wipe one off."
STEEL_UPLOAD = "Patch or plate of steel"
STEEL_DROP = "Drop a patch of steel here\nor choose one"
STEEL_MODES = ("Nine defects", "Brush", "Training set")
STEEL_CLASSES = {
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
STEEL_STAGE = {
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
    "fine": "Made by a trained network: synthetic, and marked so in the file.",
    "classes": STEEL_CLASSES,
}
BRUSH_PLATE = "Paint where the defect is to go"
BRUSH_HINT = (
    "Paint the place where the defect is to be. Defects are as large as in 64 px patches of strip: over a whole large plate they "
    "look like wallpaper."
)
BRUSH_NO_WEBGL = "Your browser cannot draw here (no WebGL); use <code>corrovis defect add --mask</code>."
BRUSH_CLASS = "Defect"
BRUSH_STRENGTH = "Strength"
BRUSH_GO = "Put it there"
BRUSH_ERASE = "Wipe it clean there"
BRUSH_UNDO = "Undo"
BRUSH_RESET = "Start again"
BRUSH_SAVE = "Save the plate"
BRUSH_NOTHING = "Paint over a part of the plate first"
BRUSH_NO_PLATE = "Choose a plate first: drop one in above, or take an example"
STEEL_EXPIRED = "This plate was already deleted here; upload it again"
SET_CLASS = "Defects"
SET_ALL = "All nine, equally many"
SET_COUNT = "Patches of each"
SET_SEED = "Seed"
SET_OWN = "Start from my plate instead of drawn steel"
SET_GO = "Make the set"
SET_STOP = "Stop"
SET_STOPPED = "Stopped: nothing of this set was kept."
SET_SAMPLE = "The first ones"
SET_DOWNLOAD = "The set: a folder per class, and a manifest"
SET_DONE = "{kept} patches; {unlike} were left out because they did not show their class clearly, {doubles} as duplicates."

SURFACES_HEADLINE = "More micrographs than you have?"
SURFACES_LEAD = (
    "Choose a material: surfaces that no microscope saw, to train and test with. Every file says that it is synthetic."
)
SURFACES_MATERIAL = "Material"
SURFACES_NUMBER = "Pictures"
SURFACES_SIDE = "Side, px"
SURFACES_SEED = "Seed"
SURFACES_GO = "Draw"
SURFACES_DRAWING = "Drawing and checking"
SURFACES_GALLERY = "Synthetic surfaces"
SURFACES_DOWNLOAD = "All pictures and their scores"
SURFACES_MADE = "{count} × {material}"
SURFACES_DROPPED = "{dropped} dropped"
SURFACE_CAPTION = "Looks real {discriminator:.2f}, holds {ssim:.2f}"
SURFACE_NOTE = (
    "Looks real: the verdict of the network that learned to tell, 1 real, 0 made; high is good. Holds: how alike the picture "
    "stays when a quarter of it is lost and drawn again (SSIM, 1 the same); high is good, and so is a low L2. Gradient: the mean "
    "step between neighbouring pixels, good where real pictures have it. What scores as no real picture does is left out."
)
SURFACE_SCORES = {"discriminator": "Looks real", "ssim": "Holds (SSIM)", "l2": "L2", "gradient": "Gradient", "repeat": "repeat"}


def severity_name(severity: str) -> str:
    return severity.capitalize()


def percent(share: float) -> str:
    """0.004 -> "<1 %", 0.42 -> "42 %"."""
    return "<1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def steel_name(name: str) -> str:
    """ "rolled_in_scale" -> "Rolled-in scale"; other networks' classes are shown as they are called."""
    return STEEL_CLASSES.get(name, name)
