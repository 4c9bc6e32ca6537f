"""Training starts from pretrained networks, but none of their layers may be shipped as it came."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pretrained import FINGERPRINTS, SMALL, fingerprints
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
THEIRS = {one: name for name, one in json.loads(FINGERPRINTS.read_text()).items()}


@pytest.mark.parametrize("path", sorted((ROOT / "weights").glob("*.safetensors")), ids=lambda path: path.stem)
def test_no_layer_is_a_pretrained_one_as_it_came(path: Path) -> None:
    ours = fingerprints(path)
    assert {name: THEIRS[one] for name, one in ours.items() if one in THEIRS} == {}


def test_every_network_that_training_may_start_from_is_known() -> None:
    kinds = ("mobilenet_v2-imagenet", "tf_efficientnet_lite0-imagenet", "squeezenet1_1-imagenet", "yolov8n-seg-coco")
    assert {name.partition(", ")[0] for name in THEIRS.values()} >= {*kinds}


def test_a_layer_that_was_copied_is_known_in_either_precision(tmp_path: Path) -> None:
    layer = np.random.default_rng(0).normal(size=(40, SMALL // 20)).astype(np.float32)
    for name, array in {"theirs": layer, "ours": layer.astype(np.float16), "learned": layer + 0.01}.items():
        save_file({name: array, "bias": layer[0]}, tmp_path / name)
    theirs, ours, learned = (set(fingerprints(tmp_path / name).values()) for name in ("theirs", "ours", "learned"))
    assert theirs == ours != learned
    assert len(theirs) == 1, "vectors are too small to tell"
