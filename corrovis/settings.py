"""What a deployment may set in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corrovis.errors import BadInputError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
THIS_MACHINE, EVERYWHERE = "127.0.0.1", "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Settings:
    """Places and threads. `from_environment` reads `CORROVIS_WEIGHTS`, `CORROVIS_THREADS`, `GRADIO_SERVER_NAME`.

    What is set to nothing is not set.
    """

    weights: Path = WEIGHTS
    threads: int = 0  # torch threads; 0 = all cores
    address: str = THIS_MACHINE  # at which the page listens

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            weights=Path(environment.get("CORROVIS_WEIGHTS") or WEIGHTS),
            threads=_threads(environment.get("CORROVIS_THREADS") or "0"),
            address=environment.get("GRADIO_SERVER_NAME") or (EVERYWHERE if environment.get("SPACE_ID") else THIS_MACHINE),
        )


def _threads(text: str) -> int:
    if not text.isdecimal():
        raise BadInputError(f"CORROVIS_THREADS is {text!r}; set it to a whole number, 0 for all cores, or leave it out")
    return int(text)
