"""What the synthesis section does for one visitor, without a page: a form in, files, gallery and facts out."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from corrovis.render.surface_files import write_surfaces
from corrovis.sem.synthesis import Synthesiser
from corrovis.ui.wording import synthesis as wording


def make(
    synthesiser: Synthesiser, asked: tuple[str, int, int, int], folder: Path, progress: Callable[[int], None]
) -> dict[str, Any]:
    """The contract's answer to (material, number, seed, side), its files in `folder`.  Raises BadInputError for a bad request."""
    made = synthesiser.make(*asked, progress)
    folder.mkdir(parents=True, exist_ok=True)
    return write_surfaces(made, folder)


def gallery_of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Picture and a short caption, each; the table in the archive has all scores."""
    return [(str(item["file"]), wording.CAPTION.format(**item["scores"])) for item in answer["items"]]


def facts_of(answer: dict[str, Any]) -> str:
    """Mean scores, and how many pictures were dropped for which."""
    scores = wording.SCORES
    cells = "".join(
        f"<div><dt>{scores[check]}</dt><dd>{value:.3g} ({limits_text(answer['limits'][check])})</dd></div>"
        for check, value in answer["scores"].items()
    )
    why = ", ".join(f"{scores[check]} {count}" for check, count in answer["dropped_by"].items())
    dropped = wording.DROPPED.format(dropped=answer["dropped"]) + (f" ({why})" if why else "")
    title = wording.MADE.format(count=len(answer["files"]), material=answer["material"])
    note = f'<p class="note">{escape(wording.NOTE)}</p>'
    return f'<section class="surface-facts"><h2>{escape(title)}</h2><dl>{cells}</dl><p>{escape(dropped)}</p>{note}</section>'


def limits_text(limits: list[float | None]) -> str:
    """What real pictures score in a check."""
    low, high = limits
    return wording.NO_LIMITS if low is None or high is None else wording.LIMITS.format(low=low, high=high)
