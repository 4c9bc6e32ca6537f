"""Fingerprints of the layers that training starts from: with them a clone can tell that none is shipped as it came.

python train/pretrained.py shared/weights     # writes train/pretrained.json
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from safetensors import safe_open
from support import write_json

FINGERPRINTS = Path(__file__).parent / "pretrained.json"
SMALL = 1000  # numbers: so few can agree after rounding, without having been copied


def fingerprints(path: Path) -> dict[str, str]:
    """Of each layer of a safetensors file, by its name; everything but vectors, float16 as it is stored."""
    with safe_open(path, "np") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    layers = {name: array.astype(np.float16) for name, array in found.items() if array.ndim > 1 and array.size > SMALL}
    return {name: hashlib.sha256(array.tobytes()).hexdigest()[:24] for name, array in layers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pretrained networks as safetensors")
    files = sorted(parser.parse_args().folder.glob("*.safetensors"))
    write_json(FINGERPRINTS, {f"{path.stem}, {name}": one for path in files for name, one in fingerprints(path).items()})


if __name__ == "__main__":
    main()
