"""Synthetic micrographs as files: a PNG each, marked as synthetic, and a table of their scores."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.errors import BadInputError
from corrovis.images import save_png
from corrovis.render.captions import of_surface
from corrovis.sem.synthesis import CHECKS, Surfaces

TABLE = "scores.csv"
POSSIBLE = {"ssim": (-1, 1), "l2": (0, 4), "gradient": (0, 2)}  # of pictures in [-1, 1]; the verdict has no ends


def write_surfaces(made: Surfaces, folder: Path) -> dict[str, Any]:
    """The contract's answer; `files` and `table` are paths in `folder`, `scores` are means over the files.

    Raises:
        BadInputError: not one picture passed the checks
    """
    if not made.kept:
        reasons = ", ".join(f"{check} {count}" for check, count in made.reasons.items())
        raise BadInputError(f"none of {len(made.dropped)} pictures passed the checks ({reasons}); try another seed or size")
    items: list[dict[str, Any]] = []
    for surface in made.kept:
        path = folder / f"{surface.material.replace(' ', '_')}_{surface.seed}_{surface.number:03d}.png"
        save_png(surface.grey, path, of_surface(surface.material, surface.seed, surface.number))
        items.append({"file": path, "scores": _rounded(surface.scores)})
    table, possible = folder / TABLE, _possible(made.limits)
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", *CHECKS, *(f"{check}_{end}" for check in CHECKS for end in ("lowest", "highest"))])
        limits = [end for ends in possible.values() for end in ends]
        rows.writerows([item["file"].name, *item["scores"].values(), *limits] for item in items)
    return {
        "material": made.kept[0].material,
        "files": [item["file"] for item in items],
        "scores": _rounded(made.scores),
        "limits": possible,
        "items": items,
        "dropped": len(made.dropped),
        "dropped_by": made.reasons,
        "table": table,
        "seconds": round(made.made_by.seconds, 3),
    }


def _possible(limits: dict[str, tuple[float, float]]) -> dict[str, list[float | None]]:
    """The limits of the checks, within what a score can be; None where there is none."""
    ends = {check: np.clip(limits[check], *POSSIBLE.get(check, (-np.inf, np.inf))).tolist() for check in CHECKS}
    return {check: [round(end, 4) if np.isfinite(end) else None for end in own] for check, own in ends.items()}


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    return {check: round(scores[check], 4) for check in CHECKS}
