"""Ship `steel-pegan`: the checkpoint of train/pegan.py and what `evaluate.py steel` found become a record in weights/.

    python train/release_pegan.py --run runs/pegan --seconds 6000

Twice: the first puts the generator where `evaluate.py steel` finds it, the second puts its scores into the record.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pegan
import torch
from export import Release, export
from steel_data import SEEN, SOURCE
from support import REPORTS

from corrovis.networks.pegan import PEGenerator
from corrovis.settings import WEIGHTS
from corrovis.steel.defects import MODEL

LIMITS = (
    f"{SEEN}. It draws textures of that scale: cut or reduce plates so that a defect is some tens of pixels wide. "
    "Of its spots the inspector takes little more than half for spots, in some draws six in ten, on bright steel fewer: "
    "check them. Where it was not trained, on coated, ground or coloured steel, look before you use it. "
    "Its discriminator was not kept: what checks made patches is steel-inspector, which has seen real ones alone. "
    "For training of people and networks; nothing of a plate can be concluded from it."
)


def scores_of(report: dict[str, Any]) -> dict[str, Any]:
    """Means over the classes, the inspector's verdict, and what erasing does, each with what it was measured on; empty before."""
    found = report["methods"].get(MODEL)
    if found is None:
        return {}
    classes = [name for name in found if name not in ("mean", "all", "erasing")]
    n = report["made"]["patches_a_class"] * len(classes)
    scores = {
        f"{name}_mean": {
            **score,
            "n": n,
            "on": f"patches made of clean ones held out, mean over {len(classes)} defects, drawn again",
        }
        for name, score in found["mean"].items()
        if name != "as_asked"
    }
    asked = {**found["all"], **{f"as_asked_{name}": found[name]["as_asked"] for name in classes}}
    scores |= {
        name: {**score, "on": "patches made of clean ones held out, seen by the inspector"} for name, score in asked.items()
    }
    scores |= {name: {**score, "on": "real patches held out, wiped clean"} for name, score in found["erasing"].items()}
    return {name: {key: round(v, 4) if isinstance(v, float) else v for key, v in score.items()} for name, score in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/pegan"))
    parser.add_argument("--seconds", type=int, required=True, help="how long the network was trained")
    parser.add_argument("--report", type=Path, default=REPORTS / "steel.json")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    state = torch.load(args.run / "last.pt", map_location="cpu", weights_only=True)
    config, classes = pegan.Config(**state["config"]), json.loads((args.run / "state.json").read_text())["classes"]
    networks = pegan.Networks(config, len(classes), torch.device("cpu"))
    networks.average.load_state_dict(state["average"])
    if not isinstance(networks.average.module, PEGenerator):
        parser.error(f"{args.run} holds a generator to the paper's letter, which keeps no brightness; train with --preset cpu")
    release = Release(
        name=MODEL,
        arch="PEGenerator",
        shapes=[[2, 1, config.side, config.side], [2, len(classes)]],
        about="Puts one of nine defects on clean hot-rolled steel, or wipes it off",
        classes=tuple(classes),
        input={"size": config.side, "mean": [0.5], "std": [0.5]},
        limits=LIMITS,
        config={"classes": len(classes), "width": config.width, "blocks": config.blocks},
        trained={
            "command": "python train/pegan.py --preset cpu; cls_fake was 1 until step 3211, SHADE 0.4 until step 5017",
            "data": SOURCE,
            "seconds": args.seconds,
            "device": "1 CPU core",
            "steps": state["step"],
        },
        metrics=scores_of(json.loads(args.report.read_text())) if args.report.exists() else {},
    )
    spec = export(networks.average.module, release, args.weights)
    print(f"{MODEL}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, {release.metrics.get('as_asked', 'no scores yet')}")


if __name__ == "__main__":
    main()
