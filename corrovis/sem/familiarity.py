"""Whether a field looks like anything that a model has learned from: it is told before its numbers are believed.

A network answers any picture with regions and areas, and the better it has learned its own pictures, the more alike all others
become to it.  So texture is compared by another network, the material classifier, which keeps most of what it knows from
ImageNet and has learned to tell micrographs apart.  The record `MODEL-familiar` holds what its training pictures look like there
and the distance beyond which a warning is due, set so that pictures of specimens left out pass.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from corrovis.data_bar import inside_frame
from corrovis.networks.familiarity import Familiarity
from corrovis.networks.material_net import MaterialNet
from corrovis.results import Byte
from corrovis.sem.preparing import as_seen
from corrovis.sem.results import Field
from corrovis.store import Store
from corrovis.tensors import tensor_of
from corrovis.tiles import spread_starts

SEEN_BY = "material"
SIDE = 256
WINDOWS = 2
"""Along either side of a field."""


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
        distances = known(features(network, cut_windows(as_seen(field.specimen[own], store.spec(model)))))
    return float(distances.median()) / float(store.spec(name).input["limit"])


def times_as_far(strange: float) -> str:
    """A strangeness above 1 as it is written: never as 1, which would be no reason to warn."""
    return f"{max(strange, 1.01):.2f}" if strange < 2 else f"{min(strange, 99):.1f}"


def cut_windows(seen: Byte) -> list[Byte]:
    """Windows of `SIDE` spread evenly over a picture as its network sees it; a smaller picture is enlarged to one."""
    height, width = seen.shape[:2]
    side = min(SIDE, height, width)
    starts = [spread_starts(length, side, WINDOWS) for length in (height, width)]
    cut = [seen[y : y + side, x : x + side] for y in starts[0] for x in starts[1]]
    return [np.asarray(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8) for one in cut]


def features(network: MaterialNet, seen: list[Byte]) -> Tensor:
    """(n, features): mean and standard deviation of each channel of the texture over each (h, w, 3) uint8 window."""
    found = network.texture(tensor_of(np.stack(seen)))
    return torch.cat([found.mean(dim=(2, 3)), found.std(dim=(2, 3))], dim=1)
