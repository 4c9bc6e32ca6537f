"""Draw the page's example pictures of steel: `python examples/make_steel.py`.

Four clean patches of 128 px and one clean plate, of `corrovis.steel.texture`, and one patch with defects that our own generator
put on such steel, to be classified and wiped; the seeds were chosen for their variety.  No photograph is among them.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from corrovis.settings import WEIGHTS
from corrovis.steel.defects import DefectMaker
from corrovis.steel.plates import save_plate
from corrovis.steel.results import Brush, Plate
from corrovis.steel.texture import clean_plate
from corrovis.store import Store
from corrovis.tasks.steel import caption_of

FOLDER = Path(__file__).parent / "steel"
PATCHES = {"dull": 2, "lined": 4, "bright": 3, "coarse": 17}
PLATE = (480, 720), 6
SCRATCHED = "scratches", 12, 2  # class, seed of the steel, seed of the defect


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, seed in PATCHES.items():
        Image.fromarray(clean_plate((128, 128), seed)).save(FOLDER / f"{name}.png")
    Image.fromarray(clean_plate(*PLATE)).save(FOLDER / "plate.png")
    defect, steel, seed = SCRATCHED
    made = DefectMaker(Store(WEIGHTS)).add(Plate(clean_plate((128, 128), steel)), defect, Brush(seed=seed))
    save_plate(made.plate, FOLDER / "scratched.png", caption_of(made))


if __name__ == "__main__":
    main()
