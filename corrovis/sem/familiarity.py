"""Whether a field looks like anything that a model has learned from: it is told before its numbers are believed.

A network answers any picture with regions and areas, and the better it has learned its own pictures, the more alike all others
become to it.  So texture is compared by another network, the material classifier, which keeps most of what it knows from
ImageNet and has learned to tell micrographs apart.  The record `MODEL-familiar` holds what its training pictures look like there
and the distance beyond which a warning is due, set so that pictures of specimens left out pass.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from corrovis.data_bar import inside_frame
from corrovis.networks.familiarity import Familiarity
from corrovis.networks.material_net import MaterialNet
from corrovis.resizing import resized
from corrovis.results import Byte
from corrovis.sem.preparing import levelled, seen_scale, sized
from corrovis.sem.results import Field
from corrovis.store import Store
from corrovis.tensors import tensor_of
from corrovis.tiles import spread_starts

SEEN_BY = "material"
SIDE = 256
WINDOWS = 2
"""Along either side of a field."""
RIM = 2  # pixels beyond an enlarged one that it is made of


LEARNED_ALIKE = {"pits304-pixels": "pits304"}
"""Models that learned from the pictures of another: what is familiar to that one is to them."""


def record_of(model: str) -> str:
    return f"{model}-familiar"


def strangeness(store: Store, field: Field, model: str) -> float | None:
    """How far `field` is from what `model` has learned, 1 = as far as a field may be; None where nobody measured that."""
    model = LEARNED_ALIKE.get(model, model)
    name = record_of(model)
    if model not in store or name not in store or SEEN_BY not in store:
        return None
    known, network = store.network(name), store.network(SEEN_BY)
    if not isinstance(known, Familiarity) or not isinstance(network, MaterialNet):
        return None
    own = inside_frame(np.asarray(cv2.cvtColor(field.specimen, cv2.COLOR_RGB2GRAY), np.uint8))
    with torch.inference_mode():
        distances = known(features(network, seen_windows(field.specimen[own], store.spec(model).input)))
    return float(distances.median()) / float(store.spec(name).input["limit"])


def times_as_far(strange: float) -> str:
    """A strangeness above 1 as it is written: never as 1, which would be no reason to warn."""
    return f"{max(strange, 1.01):.2f}" if strange < 2 else f"{min(strange, 99):.1f}"


def seen_windows(rgb: Byte, how: dict[str, Any]) -> list[Byte]:
    """`cut_windows` of (H, W, 3) uint8 as a network with the record's `input` sees it; no more is enlarged than they show."""
    own = levelled(rgb, how)
    scale, (height, width) = seen_scale(own, how) if "enlarge" in how else 1, own.shape[:2]
    times = int(scale)
    if times == 1 or times != scale or min(height, width) * times < SIDE:
        return cut_windows(sized(own, how))
    cut = []
    for rows, columns in places((height * times, width * times)):
        top, left = (max(0, at.start // times - RIM) for at in (rows, columns))
        part = own[top : -(-rows.stop // times) + RIM, left : -(-columns.stop // times) + RIM]
        y, x = rows.start - top * times, columns.start - left * times
        enlarged = resized(part, (times * part.shape[0], times * part.shape[1]), cv2.INTER_CUBIC)
        cut.append(enlarged[y : y + SIDE, x : x + SIDE])
    return cut


def cut_windows(seen: Byte) -> list[Byte]:
    """Windows of `SIDE` spread evenly over a picture as its network sees it; a smaller picture is enlarged to one."""
    cut = [seen[at] for at in places(seen.shape[:2])]
    return [np.asarray(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8) for one in cut]


def places(size_hw: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Rows and columns of the windows in a picture of that size."""
    side = min(SIDE, *size_hw)
    rows, columns = ([slice(at, at + side) for at in spread_starts(length, side, WINDOWS)] for length in size_hw)
    return [*product(rows, columns)]


def features(network: MaterialNet, seen: list[Byte]) -> Tensor:
    """(n, features): mean and standard deviation of each channel of the texture over each (h, w, 3) uint8 window."""
    found = network.texture(tensor_of(np.stack(seen)))
    return torch.cat([found.mean(dim=(2, 3)), found.std(dim=(2, 3))], dim=1)
