"""Groups of photos that show the same place, where nobody wrote down the place: what looks alike must not be split."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from scipy.sparse.csgraph import connected_components
from segmenting import encoder_state
from support import read_rgb

ALIKE = 0.5
SIDE = 192


def look_alike_groups(paths: list[Path], init: str, alike: float = ALIKE) -> list[str]:
    """A group name for each photo: photos whose MobileNetV2 features have a cosine of `alike` or more share it, chains too."""
    torch.manual_seed(0)  # a random encoder has to be the same one again
    encoder = smp.encoders.get_encoder("mobilenet_v2", weights=None).eval()
    encoder.load_state_dict(encoder_state(init))
    rows = []
    for path in paths:
        small = cv2.resize(read_rgb(path), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        x = torch.from_numpy(small.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)
        with torch.inference_mode():
            rows.append(encoder(x)[-1].mean(dim=(2, 3))[0].numpy())
    features = np.stack(rows) - np.mean(rows, axis=0)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    _, labels = connected_components(features @ features.T >= alike, directed=False)
    return [f"place{label}" for label in labels]
