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
    "Looks real: the verdict of the network that learned to tell, 1 real, 0 made; high is good. Holds: how alike the picture "
    "stays when a quarter of it is lost and drawn again (SSIM, 1 the same); high is good, and so is a low L2. Gradient: the mean "
    "step between neighbouring pixels, good where real pictures have it. What scores as no real picture does is left out."
)
SCORES = {"discriminator": "Looks real", "ssim": "Holds (SSIM)", "l2": "L2", "gradient": "Gradient", "repeat": "repeat"}
