"""The synthesis's door for programs: `/synthesize_sem`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from corrovis.sem.synthesis import LEAST_SIDE, Synthesiser
from corrovis.ui import synthesis_jobs
from corrovis.ui.doors import open_door, text, whole_number
from corrovis.ui.parts import CPU
from corrovis.ui.synthesis import MOST_SHOWN, MOST_SIDE
from corrovis.ui.uploads import folder_to_fill


def publish(synthesiser: Synthesiser) -> None:
    """Register the endpoint in the running `gr.Blocks`."""

    def synthesize_sem(material: str, n: int = 8, seed: int = 0, side: int = 256) -> dict[str, Any]:
        """Make synthetic SEM surfaces of a material, named in full or in part; a wrong name lists those that there are.

        `n` 1 to 48 pictures, `side` 64 to 512 pixels.
        """
        with folder_to_fill() as folder:
            wanted = text("material", material)
            count, length = whole_number("n", n, MOST_SHOWN, 1), whole_number("side", side, MOST_SIDE, LEAST_SIDE)
            asked = wanted, count, whole_number("seed", seed), length
            return synthesis_jobs.make(synthesiser, asked, folder, lambda kept: None)

    open_door(synthesize_sem, **CPU)
