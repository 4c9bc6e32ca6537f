"""The synthesis's door for programs: `/synthesize_sem`, with the keys of the command line's JSON."""

from __future__ import annotations

from typing import Any

from gradio.events import api

from corrovis.errors import BadInputError
from corrovis.sem.synthesis import Synthesiser
from corrovis.ui import synthesis_jobs
from corrovis.ui.complaints import complaining
from corrovis.ui.parts import CPU, fresh_folder
from corrovis.ui.requests import as_files, text, whole_number
from corrovis.ui.synthesis import MOST_SHOWN, MOST_SIDE


def publish(synthesiser: Synthesiser) -> None:
    """Register the endpoint in the running `gr.Blocks`."""

    def synthesize_sem(material: str, n: int = 8, seed: int = 0, side: int = 256) -> dict[str, Any]:
        """Make synthetic SEM surfaces of a material, named in full or in part; a wrong name lists those that there are."""
        with complaining():
            wanted = text("material", material)
            count, start, length = (whole_number(*one) for one in (("n", n), ("seed", seed), ("side", side)))
            if count > MOST_SHOWN or length > MOST_SIDE:
                raise BadInputError(f"this server draws at most {MOST_SHOWN} pictures of {MOST_SIDE} px at a time; ask for fewer")
            folder = fresh_folder()
            answer = synthesis_jobs.make(synthesiser, (wanted, count, start, length), folder, lambda kept: None)
        files: dict[str, Any] = as_files(answer)
        return files

    api(synthesize_sem, api_name="synthesize_sem", **CPU)
