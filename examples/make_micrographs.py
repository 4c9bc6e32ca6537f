"""Draw the page's example micrographs: `python examples/make_micrographs.py`.

An alloy attacked along its grain boundaries for 4, 8 and 16 hours, as received and annealed, and pitted stainless steel; each
with a data bar and its scale.  No microscope saw them.  `exposure.csv` says which hours and condition each one stands for.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from scipy.special import expit

FOLDER = Path(__file__).parent / "micrographs"
HEIGHT, WIDTH, BAR = 480, 720, 44
ATTACK = {  # width of the attacked zones in px, and the seed of the field, by condition and hours
    ("as received", 4): (9, 20),
    ("as received", 8): (20, 21),
    ("as received", 16): (38, 22),
    ("annealed", 4): (4, 31),
    ("annealed", 8): (7, 24),
    ("annealed", 16): (14, 37),
}
UM_PER_PX = 0.1


def smooth(dice: np.random.Generator, step: int) -> np.ndarray:
    """(HEIGHT, WIDTH) noise of deviation 1 that changes over `step` px."""
    coarse = dice.normal(size=(HEIGHT // step + 3, WIDTH // step + 3)).astype(np.float32)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def etched(attack: float, seed: int) -> np.ndarray:
    """(HEIGHT, WIDTH) uint8: twinned grains; along some of their boundaries a porous zone, about `attack` px wide.

    Texture, lines and noise are such that to the model of Ni-20Cr the fields look like those that it has learned from.
    """
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    bent_x, bent_y = x + 5 * smooth(dice, 40) + smooth(dice, 7), y + 5 * smooth(dice, 40) + smooth(dice, 7)
    places = (dice.random((24, 2)) * (WIDTH, HEIGHT)).astype(np.float32)
    away = np.hypot(bent_x[..., None] - places[:, 0], bent_y[..., None] - places[:, 1])
    grain = away.argmin(axis=2)
    gap = np.diff(np.partition(away, 1, axis=2)[..., :2], axis=2)[..., 0]
    turn, twinned = dice.uniform(0, np.pi, len(places)), dice.random(len(places)) < 0.5
    bands = np.sin((x * np.cos(turn[grain]) + y * np.sin(turn[grain])) / 23 + 0.5 * smooth(dice, 200))
    grey = 172 + dice.normal(0, 11, len(places))[grain] + 11 * (twinned[grain] & (np.abs(bands) < 0.22)) + 6.5 * smooth(dice, 2)
    zone = attack * np.clip(smooth(dice, 70), 0, 2)
    pores = expit(-(smooth(dice, 3) + 0.9 + np.clip((gap - zone) / 2, -0.35, 9)) / 0.23)
    line = np.exp(-((gap / 0.9) ** 2)) * np.clip(0.75 + 0.6 * smooth(dice, 9), 0, 1)
    dark = np.maximum(pores, line)
    rim = np.clip(cv2.GaussianBlur(dark, (0, 0), 2.8) - dark, 0, 1)
    return finished(grey * (1 - 0.65 * dark) + 100 * rim, dice)


def pitted(seed: int) -> np.ndarray:
    """(HEIGHT, WIDTH) uint8: ground steel with round pits, dark within and bright at the rim."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    scratches = cv2.GaussianBlur(dice.normal(size=(HEIGHT, WIDTH)).astype(np.float32), (0, 0), sigmaX=60, sigmaY=0.7)
    grey = 142 + 60 * scratches + 2 * smooth(dice, 80)
    for _ in range(28):
        centre, radius = dice.random(2) * (WIDTH, HEIGHT), dice.lognormal(1.45, 0.3)
        stretch, turn = dice.uniform(0.75, 1.3), dice.uniform(0, np.pi)
        across = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        along = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
        edge = np.hypot(across * stretch, along / stretch) - radius * (1 + 0.12 * smooth(dice, 12))
        grey = grey * (1 - 0.7 * expit(-edge / 0.9)) + 40 * np.exp(-(((edge - 1.6) / 1.2) ** 2))
    return finished(grey, dice)


def finished(grey: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Focus and shot noise, then the instrument's data bar with its scale."""
    seen = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 0.8) + dice.normal(0, 6.5, grey.shape)
    bar = np.zeros((BAR, WIDTH), np.uint8)
    cv2.putText(bar, "15.0 kV  SE  drawn by Corrovis", (16, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
    length = round(20 / UM_PER_PX)
    cv2.rectangle(bar, (WIDTH - 40 - length, 31), (WIDTH - 40, 35), 255, -1)
    cv2.putText(bar, "20 um", (WIDTH - 40 - length // 2 - 30, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1, cv2.LINE_AA)
    return np.concatenate([seen.clip(0, 255).astype(np.uint8), bar])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    rows = ["file,exposure_h,condition"]
    for (condition, hours), (attack, seed) in ATTACK.items():
        file = f"{condition.replace(' ', '_')}_{hours}h.png"
        Image.fromarray(etched(attack, seed)).save(FOLDER / file)
        rows.append(f"{file},{hours},{condition}")
    Image.fromarray(pitted(3)).save(FOLDER / "pitted.png")
    (FOLDER / "exposure.csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
