"""The six colour filters of the seed's layer views (B. 2023, figure 9), as tables of 256 colours of our own.

Each runs from dark to light without a step back in lightness, so that a map can be read in any of them, and printed in grey.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from corrovis.errors import BadInputError
from corrovis.results import Byte

Filter = Literal["blue-rgb", "aqua", "moonlight", "bronze", "red-lava", "bone"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
TITLES: dict[Filter, str] = {
    "blue-rgb": "Blue RGB",
    "aqua": "Aqua",
    "moonlight": "Moonlight",
    "bronze": "Bronze",
    "red-lava": "Red Lava",
    "bone": "Bone",
}
# From darkest to lightest, evenly spaced.
STOPS: dict[Filter, tuple[str, ...]] = {
    "blue-rgb": ("#00000c", "#050a78", "#1f49e0", "#6fa8ff", "#eef6ff"),
    "aqua": ("#01131a", "#06485a", "#0f8f9c", "#5fd3c8", "#eafff8"),
    "moonlight": ("#070818", "#292c5c", "#5f6aa2", "#a6b3da", "#fbfaf0"),
    "bronze": ("#120803", "#53300f", "#9c6428", "#d9a464", "#fff3dc"),
    "red-lava": ("#0c0102", "#6c0a0a", "#cb2c0b", "#f98a1d", "#fff0a8"),
    "bone": ("#000000", "#38384e", "#6f7b8d", "#aabdc4", "#ffffff"),
}


def filter_of(name: str) -> Filter:
    """The filter that a person means: `Red Lava`, `red_lava` and `red-lava` are one.  BadInputError for none of the six."""
    asked = name.strip().lower().replace("_", "-").replace(" ", "-")
    for known in FILTERS:
        if asked == known:
            return known
    raise BadInputError(f"no colour filter is called {name}; there are {', '.join(FILTERS)}")


def table(name: Filter) -> Byte:
    """(256, 3) uint8 sRGB."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in STOPS[name]], float)
    at = np.linspace(0, 255, len(stops))
    return np.stack([np.interp(np.arange(256), at, stops[:, c]) for c in range(3)], axis=1).round().astype(np.uint8)
