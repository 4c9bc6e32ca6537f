"""Whether a field looks like anything that a model has learned from: it is told before its numbers are believed.

A network answers any picture with regions and areas.  So what it makes of a few windows of the field before it decides (its
encoder's texture, or the filters that describe each pixel) is compared with the same of its training; the record
`MODEL-familiar` holds these and the distance beyond which a warning is due, set so that fields of specimens left out of
training pass.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.familiarity import Familiarity
from corrovis.networks.pixel_net import PixelNet, describe
from corrovis.results import Byte
from corrovis.sem.results import Field
from corrovis.sem.seeing import as_seen
from corrovis.store import Store

SIDE = 256
WINDOWS = 2
"""Along either side of a field."""
STAGE = 3
"""Of the encoder's stages, the one at an eighth of the picture's size: texture lies there.  On coupons left out it told strangers
apart best; a finer one warns of noise rather than of content, a deeper one takes any object for a grain."""


def record_of(model: str) -> str:
    return f"{model}-familiar"


def strangeness(store: Store, field: Field, model: str) -> float | None:
    """How far `field` is from what `model` has learned, 1 = as far as a field may be; None where nobody measured that."""
    name = record_of(model)
    if name not in store:
        return None
    known, network = store.network(name), store.network(model)
    if not isinstance(known, Familiarity) or not isinstance(network, CorrosionUNet | PixelNet):
        return None
    with torch.inference_mode():
        distances = known(features(network, windows(as_seen(field.specimen, store.spec(model)))))
    return float(distances.median()) / float(store.spec(name).input["limit"])


def windows(seen: Byte) -> list[Byte]:
    """Windows of `SIDE` spread evenly over a picture as its network sees it; a smaller picture is enlarged to one."""
    height, width = seen.shape[:2]
    side = min(SIDE, height, width)
    starts = [sorted({round(part * (length - side)) for part in np.linspace(0, 1, WINDOWS)}) for length in (height, width)]
    cut = [seen[y : y + side, x : x + side] for y in starts[0] for x in starts[1]]
    return [np.asarray(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8) for one in cut]


def features(network: CorrosionUNet | PixelNet, seen: list[Byte]) -> Tensor:
    """(n, features): mean and standard deviation over each (h, w, 3) uint8 window of what the network sees there.

    Of `CorrosionUNet` that is each channel of `STAGE`, of `PixelNet` each filter's answer, as its own first layer gets them.
    """
    x = torch.from_numpy(np.stack(seen).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1)
    if isinstance(network, PixelNet):
        found = (describe(x[:, :1]) - network.mean[:, None, None]) / network.scale[:, None, None]
    else:
        found = network.unet.encoder(x)[STAGE]
    return torch.cat([found.mean(dim=(2, 3)), found.std(dim=(2, 3))], dim=1)
