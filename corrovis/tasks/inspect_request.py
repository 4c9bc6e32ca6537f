"""How pictures are to be inspected, and that in words.  Imports no torch: what cannot be asked for is refused at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corrovis.errors import BadInputError
from corrovis.sem.pixel_size import parse_pixel_size, parse_scale_bar
from corrovis.sem.results import PixelSize


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """How pictures are to be inspected.

    `model` None: the one that suits each picture; `pixel` None: as the file says, or by the scale bar, `bar_um` long; `keep`:
    with what `corrovis.tasks.rescale` needs.
    """

    model: str | None = None
    pixel: PixelSize | None = None
    explain: bool = True
    bar_um: float | None = None
    keep: bool = False


def request_of(
    models: Sequence[str],
    model: str | None = None,
    pixel_size: str | None = None,
    scale_bar: str | None = None,
    explain: bool = True,
) -> InspectRequest:
    """What somebody asks for in words; what is empty is not asked for.

    Raises:
        BadInputError: no such model among `models`, a length without number or unit, or two of them
    """
    size, bar = ((text or "").strip() for text in (pixel_size, scale_bar))
    if model and model not in models:
        raise BadInputError(f"no inspection model is called {model:.40}; there are {', '.join(models) or 'none'}")
    if size and bar:
        raise BadInputError("pixel size and scale bar both say how large a pixel is; give one of them")
    return InspectRequest(model or None, parse_pixel_size(size) if size else None, explain, parse_scale_bar(bar) if bar else None)
