"""What a deployment may set in the environment."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corrovis.errors import BadInputError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
MOST_THREADS = 1024
THIS_MACHINE, EVERYWHERE = "127.0.0.1", "0.0.0.0"
PORTS = range(7860, 7960)
"""Where a page opens for which nobody set a port: at the first that is free."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Places and threads. `from_environment` reads `CORROVIS_WEIGHTS`, `CORROVIS_THREADS`, `GRADIO_SERVER_NAME`.  The port is
    `free_port`'s: only what opens a page needs one.

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
    if not (text.isdecimal() and len(text) < 10 and int(text) <= MOST_THREADS):
        allowed = f"a whole number up to {MOST_THREADS}, 0 for all cores"
        raise BadInputError(f"CORROVIS_THREADS is {text!r:.40}; set it to {allowed}, or leave it out")
    return int(text)


def free_port(asked: int | None, address: str, environment: Mapping[str, str] = os.environ) -> int:
    """The port to open the page on at `address`: as `asked`, else as GRADIO_SERVER_PORT says, else the first free one of `PORTS`.

    gradio would go on to the next where one that was set is taken, and not say in time which it took.

    Raises:
        BadInputError: GRADIO_SERVER_PORT is no port, or none of those that may be opened can be
    """
    text = environment.get("GRADIO_SERVER_PORT")
    if asked is None and text:
        if not (text.isdecimal() and 1 <= int(text) <= 65535):
            raise BadInputError(f"GRADIO_SERVER_PORT is {text!r}; set it to a number from 1 to 65535, or leave it out")
        asked = int(text)
    ports = PORTS if asked is None else range(asked, asked + 1)
    why = ""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gradio, which minds no connection just closed
            try:
                probe.bind((address, port))
            except (OSError, OverflowError) as error:
                why = getattr(error, "strerror", None) or "ports end at 65535"
            else:
                return port
    named = f"port {ports[0]}" if len(ports) == 1 else f"each port from {ports[0]} to {ports[-1]}"
    raise BadInputError(f"{named} cannot be opened ({why}); choose another with corrovis serve --port or GRADIO_SERVER_PORT")
