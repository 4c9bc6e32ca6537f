"""Ship the inspection networks: checkpoint and report of each training run become a record in weights/, through `export`.

python train/release_sem.py ni20cr --runs runs
python train/release_sem.py steel-structures --runs runs
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from export import Release, export
from segmenting import unweighted

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.settings import WEIGHTS

ROOT = Path(__file__).resolve().parents[1]
HALVES = {"mean": [0.5] * 3, "std": [0.5] * 3, "resample": "area"}

RELEASES: dict[str, dict[str, Any]] = {
    "ni20cr": {
        "run": "sem_ni20cr",
        "report": "sem_ni20cr.json",
        "about": "Which share of an etched or corroded metal surface is attacked along its grain boundaries, in SEM fields",
        "classes": ("background", "corroded"),
        "input": {"size": 512, "overlap": 96, "levels": "normalised", **HALVES},
        "command": "python train/sem_segment.py --init mobilenet_v2-imagenet.safetensors",
        "data": "Ni-20Cr in molten FLiNaK, 9 SEM fields of 4 coupons, expert masks (shortlab/2026-Riley-RAC-in-Salt-Manuscript)",
        "limits": "Learned from nine fields of one alloy in one salt, of one laboratory; time, temperature and irradiation are "
        "confounded in them. Dark debris can be taken for corrosion. Other alloys, etchants or detectors were not tested.",
    },
    "steel-structures": {
        "run": "sem_structure2",
        "report": "sem_structure.json",
        "about": "Condition of each pixel in photos of steel structures: good, fair, poor or severe",
        "classes": ("good", "fair", "poor", "severe"),
        "input": {"size": 512, "overlap": 64, "long_side": 384, "mirror": True, "levels": "as they are", **HALVES},
        "command": "python train/structure_segment.py --start runs/sem_structure/held_out.pt --steps 330",
        "data": "Virginia Tech Corrosion Condition State set, official training part, 396 photos",
        "limits": "Learned from photos of steel bridges in Virginia. Severe corrosion is in a quarter of the photos and under "
        "3 % of their pixels: it is not told from poor, take poor as poor or worse. Soil and timber can be taken for rust.",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(RELEASES))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seconds", type=int, required=True, help="how long the shipped network was trained")
    parser.add_argument("--reports", type=Path, default=ROOT / "train/reports", help="folder of the reports with the scores")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    plan = RELEASES[args.name]
    report = json.loads((args.reports / plan["report"]).read_text())
    state = torch.load(args.runs / plan["run"] / "last.pt", map_location="cpu", weights_only=True)
    network = CorrosionUNet(len(plan["classes"]))
    network.load_state_dict(state["network"])
    network = unweighted(network, state["config"]["class_weights"])
    trained = {"command": plan["command"], "data": plan["data"], "seconds": args.seconds, "device": "1 CPU core"}
    release = Release(
        name=args.name,
        arch="CorrosionUNet",
        shapes=[[1, 3, 64, 64]],
        about=plan["about"],
        classes=plan["classes"],
        input=plan["input"],
        limits=plan["limits"],
        config={"classes": len(plan["classes"])},
        trained={**trained, "steps": state["step"]},
        metrics=report["metrics"],
    )
    spec = export(network, release, args.weights)
    print(f"{args.name}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")


if __name__ == "__main__":
    main()
