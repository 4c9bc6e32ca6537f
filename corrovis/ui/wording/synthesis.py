"""The texts of the synthetic micrographs."""

from __future__ import annotations

HEADLINE = "More micrographs than you have?"
LEAD = "Choose a material: surfaces that no microscope saw, to train and test with. Every file says that it is synthetic."
MATERIAL = "Material"
NUMBER = "Pictures"
SIDE = "Side, px"
SEED = "Seed"
GO = "Draw"
DRAWING = "Drawing and checking"
GALLERY = "Synthetic surfaces"
DOWNLOAD = "All pictures and their scores"
MADE = "{count} × {material}"
DROPPED = "{dropped} dropped"
CAPTION = "Looks real {discriminator:.2f}, holds {ssim:.2f}"
NOTE = (
    "Looks real: the verdict of the network that learned to tell, 1 real, 0 made. Holds: how alike the picture stays when a "
    "quarter of it is lost and drawn again (SSIM, 1 the same; L2, 0 the same). Gradient: the mean step between neighbouring "
    "pixels. In brackets: where nearly all real pictures of this material score, with a quarter of that range to spare at "
    "either end. Inside is good; a picture that scores outside is left out."
)
LIMITS, NO_LIMITS = "real {low:.3g} to {high:.3g}", "no range of real pictures is known"
SCORES = {"discriminator": "Looks real", "ssim": "Holds (SSIM)", "l2": "L2", "gradient": "Gradient", "repeat": "repeat"}
