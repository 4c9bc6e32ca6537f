"""The only writer of weights/: a checkpoint becomes a safetensors file, a record in manifest.json and a model card.

    python train/export.py runs/car_mask3/last.pt --name car-mask --arch CarUNet --shape 1,3,64,64 \\
        --about "Where the car is in a photo, and which of its parts are paint" \\
        --config '{"encoder": "yolov8n"}' \\
        --input '{"size": 480, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resample": "area"}' \\
        --classes car paint --metrics train/reports/car.json#metrics.car-mask \\
        --trained '{"command": "python train/car_mask.py --steps 450", "data": "...", "seconds": 3600, "device": "2 cores"}' \\
        --limits "Photos of cars; trucks and motorcycles were not in the data"

Each JSON option takes the JSON itself, a file, or `file#key.key` for a part of a file, so that scores come from the reports.
`--shape` is the shape of a small input, once per input of the network; `--part` names another network in the checkpoint.
The file holds float16 where the golden numbers allow, is reloaded through `corrovis.store` and checked before weights/ changes.
From Python: `export(network, Release(...), folder)`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from model_card import model_card
from safetensors.torch import save_file
from torch import Tensor, nn

from corrovis import golden
from corrovis.errors import WeightsError
from corrovis.manifest import WeightSpec, read_manifest, sha256_of
from corrovis.settings import WEIGHTS
from corrovis.store import BUILDERS, Store

MAX_TOTAL_BYTES = 80_000_000


@dataclass(frozen=True)
class Release:
    """What a record says beside what can be measured on the network itself.

    Fields:
        shapes: shape of each input of the golden test
        trained: command, data, steps, seconds, device; the commit is added
        metrics: name -> {"value", "low", "high", "n", "on"}
    """

    name: str
    arch: str
    shapes: list[list[int]]
    about: str
    classes: tuple[str, ...]
    input: dict[str, Any]
    limits: str
    config: dict[str, Any] = field(default_factory=dict)
    trained: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = "AGPL-3.0-or-later"


def export(network: nn.Module, release: Release, folder: Path) -> WeightSpec:
    """Save `network` to `folder` and return its record.  Raises WeightsError, with `folder` as it was, when a check fails."""
    network = network.eval().float().cpu()
    numbers = golden.make(network, release.shapes)
    with tempfile.TemporaryDirectory() as temporary:
        trial = Path(temporary)
        for half in (True, False):
            spec = _write_trial(network, release, numbers, (trial, half))
            try:
                golden.check(Store(trial).network(spec.name), spec)
                break
            except WeightsError:
                if not half:
                    raise
        _check_total(spec, folder)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trial / spec.file, folder / spec.file)
    save_record(spec, folder)
    return spec


def save_record(spec: WeightSpec, folder: Path) -> None:
    """Write or replace one record of the manifest, and the record's model card."""
    known = read_manifest(folder) if (folder / "manifest.json").exists() else {}
    _write_manifest({**known, spec.name: spec}, folder)
    (folder / "cards").mkdir(exist_ok=True)
    (folder / "cards" / f"{spec.name}.md").write_text(model_card(spec, folder))


def tensors_of(network: nn.Module, half: bool) -> dict[str, Tensor]:
    """The state to save; `half` takes weights to float16 but leaves biases, norms and buffers, which are small and touchy."""
    parameters = {name for name, _ in network.named_parameters()}
    return {
        name: (tensor.half() if half and name in parameters and tensor.ndim >= 2 else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }


def _write_trial(network: nn.Module, release: Release, numbers: dict[str, Any], place: tuple[Path, bool]) -> WeightSpec:
    folder, half = place
    path = folder / f"{release.name}.safetensors"
    save_file(tensors_of(network, half), path)
    spec = WeightSpec(
        name=release.name,
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        arch=release.arch,
        config=release.config,
        input=release.input,
        classes=release.classes,
        golden=numbers,
        trained={**release.trained, "commit": _commit()},
        metrics=release.metrics,
        licence=release.licence,
        limits=release.limits,
        extra={"about": release.about, "stored": "float16" if half else "float32"},
    )
    _write_manifest({spec.name: spec}, folder)
    return spec


def _write_manifest(specs: dict[str, WeightSpec], folder: Path) -> None:
    """Whole or not at all: the page may be reading it."""
    records = [asdict(specs[name]) for name in sorted(specs)]
    part = folder / "manifest.json.part"
    part.write_text(json.dumps({"models": records}, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    part.replace(folder / "manifest.json")


def _check_total(spec: WeightSpec, folder: Path) -> None:
    others = sum(path.stat().st_size for path in folder.glob("*.safetensors") if path.name != spec.file)
    if others + spec.bytes > MAX_TOTAL_BYTES:
        total = (others + spec.bytes) / 1e6
        raise WeightsError(f"{spec.name} would bring {folder} to {total:.0f} MB; the limit is 80: keep larger weights on the Hub")


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def read_json(source: str) -> dict[str, Any]:
    """JSON itself, a file, or `file#key.key`."""
    if source.lstrip().startswith("{"):
        found = json.loads(source)
    else:
        file, _, keys = source.partition("#")
        found = json.loads(Path(file).read_text())
        for key in filter(None, keys.split(".")):
            found = found[key]
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{source} is not a JSON object")
    return found


def read_shape(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="what save_checkpoint wrote")
    parser.add_argument("--part", default="network", help="which network of the checkpoint")
    parser.add_argument("--shape", dest="shapes", type=read_shape, action="append", required=True, metavar="N,C,H,W")
    parser.add_argument("--name", required=True)
    parser.add_argument("--arch", required=True, choices=sorted(BUILDERS))
    parser.add_argument("--about", required=True, help="one sentence: what the network is for")
    parser.add_argument("--limits", required=True, help="where it fails or was not tested")
    parser.add_argument("--classes", nargs="+", required=True)
    parser.add_argument("--input", type=read_json, required=True, help="size, mean, std, resample")
    for option in ("config", "trained", "metrics"):
        parser.add_argument(f"--{option}", type=read_json, default={})
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = vars(parser.parse_args())

    state = torch.load(options.pop("checkpoint"), map_location="cpu", weights_only=True)
    part, folder = options.pop("part"), options.pop("weights")
    options["trained"] = {"steps": state["step"], **options["trained"]}
    release = Release(**{**options, "classes": tuple(options["classes"])})
    network = BUILDERS[release.arch](**release.config)
    network.load_state_dict(state[part])
    spec = export(network, release, folder)
    print(f"{folder / spec.file}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")


if __name__ == "__main__":
    main()
