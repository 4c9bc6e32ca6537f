"""Training starts from pretrained networks, but none of their layers may be shipped as it came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
PRETRAINED = ROOT.parent / "shared/weights"
SMALL = 1000  # numbers: so few can agree after rounding, without having been copied


def kernels(path: Path) -> dict[str, np.ndarray]:
    """Everything but vectors, float16 as it is stored."""
    with safe_open(path, "np") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    return {name: array.astype(np.float16) for name, array in found.items() if array.ndim > 1 and array.size > SMALL}


@pytest.mark.skipif(not PRETRAINED.is_dir(), reason="the pretrained weights that training starts from are not here")
@pytest.mark.parametrize("path", sorted((ROOT / "weights").glob("*.safetensors")), ids=lambda path: path.stem)
def test_no_layer_is_a_pretrained_one_as_it_came(path: Path) -> None:
    theirs = {
        array.tobytes(): f"{file.stem}, {name}"
        for file in PRETRAINED.glob("*.safetensors")
        for name, array in kernels(file).items()
    }
    assert theirs
    copied = {name: theirs[array.tobytes()] for name, array in kernels(path).items() if array.tobytes() in theirs}
    assert not copied
