"""The texts of the car tab."""

from __future__ import annotations

from corrovis.ui.wording import shared

HEADLINE = "How would your car look, rusted?"
LEAD = "Drop in a photo of any car and drag it from showroom to scrapyard."
UPLOAD = "Photo of a car"
DROP = "Drop a photo here\nor choose one"
NO_CAR = "No car found in this picture. Try another photo, or treat the whole picture as car."
GRADE_TITLE = "Rust in your photo"
GRADE_HINT = "How likely each level is in the photo as it came, before any ageing."
GRADE_HINT_NO_CAR = "No car was found in it: this is the severity of the whole picture, as if it showed a car from near."
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
    "share_file": "Share %s",
    "making": "%s: being made…",
    "one_at_a_time": shared.ONE_AT_A_TIME,
    "fine": "An illustration of how corrosion may look, not a prediction for this car.",
    "uploading": "Uploading the new photo…",
    "working": "Finding the car and growing the rust…",
    "reseeding": "Growing other rust…",
    "ready": "Ready: %s",
    "no_paste": "No picture in the clipboard",
    "gone": "The server does not answer; your photo is still here.",
    "gone_early": "The server does not answer. Choose the photo again once it does.",
    "anew": "The page was loaded anew: choose your photo again.",
    "whole": "Treat the whole picture as car",
    "many_cars": "%s cars: choose one to rust it alone",
    "one_car": "Only this car rusts",
    "car": "Car %s",
    "car_alone": "Car %s from the left, alone",
    "all_cars": "All cars",
}
