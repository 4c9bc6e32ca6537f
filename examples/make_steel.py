"""Draw the page's example pictures of clean steel: `python examples/make_steel.py`.

Four patches of 128 px and one plate, of `corrovis.steel.texture`; the seeds were chosen for their variety.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from corrovis.steel.texture import clean_plate

FOLDER = Path(__file__).parent / "steel"
PATCHES = {"dull": 2, "lined": 4, "bright": 3, "coarse": 17}
PLATE = (480, 720), 6


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, seed in PATCHES.items():
        Image.fromarray(clean_plate((128, 128), seed)).save(FOLDER / f"{name}.png")
    Image.fromarray(clean_plate(*PLATE)).save(FOLDER / "plate.png")


if __name__ == "__main__":
    main()
