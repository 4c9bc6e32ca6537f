"""Ship the inspection networks: checkpoint and report of each training run become a record in weights/, through `export`.

python train/release_sem.py ni20cr --seconds 280
python train/release_sem.py pits304 --seconds 300
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from export import Release, export
from segmenting import unweighted
from support import REPORTS

from corrovis.networks.condition_fpn import ConditionFPN
from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.settings import WEIGHTS
from corrovis.store import BUILDERS

SECOND_STAGE = "efficientnet_b0-warm"
LEARNED_SIDE = 1280  # of every field of Ni-20Cr, px
HALVES = {"mean": [0.5] * 3, "std": [0.5] * 3, "resample": "area"}
NI20CR = "Ni-20Cr in molten FLiNaK, 9 SEM fields of 4 coupons, expert masks (shortlab/2026-Riley-RAC-in-Salt-Manuscript)"
PITS = {
    "about": "Pits in SEM fields of stainless steel, each with its area",
    "classes": ("background", "pit"),
    "data": "304 stainless steel with chloride pits, 161 SEM tiles of 11 fields, boxes drawn by hand "
    "(Arutselvan/detection-and-analysis-of-pitting-corrosion-using-RCNN); masks in the boxes by train/annotate.py: "
    "departure from the surrounding metal's grey beyond 0.35 of Otsu's value and twice the noise, then the convex hull",
    "limits": "Learned from one steel at one magnification, pits of 4 to 13 px seen at up to 4 times that, half of the tiles "
    "from one field: reduce fields with pits wider than about 50 px. Many pits in those tiles are not boxed, so precision is "
    "understated, and what counts as a pit is that annotator's habit. A mask is a pit's mouth with its bright rim; depth "
    "cannot be seen.",
}

RELEASES: dict[str, dict[str, Any]] = {
    "ni20cr": {
        "run": "sem_ni20cr",
        "report": "sem_ni20cr.json",
        "about": "Which share of an etched or corroded metal surface is attacked along its grain boundaries, in SEM fields",
        "classes": ("background", "corroded"),
        "input": {"size": 512, "overlap": 96, "levels": "normalised", "learned_side": LEARNED_SIDE, **HALVES},
        "command": "python train/sem_segment.py --init mobilenet_v2-imagenet.safetensors, before windows were inverted; "
        "then --start runs/sem_ni20cr --steps 400; the steps are those of the last leg",
        "data": NI20CR,
        "limits": "Learned from nine fields of one alloy in one salt, of one laboratory; time, temperature and irradiation are "
        "confounded in them. Dark debris can be taken for corrosion. Other alloys, etchants or detectors were not tested. "
        "What it finds depends on the magnification of its fields, 1280 px wide: at a quarter of their size it can find half "
        "as much again. Large pictures that are blurred are reduced before it sees them; where it is unsure of much, or finds "
        "less at half the size, the program warns.",
    },
    "ni20cr-severity": {
        "run": f"sem_severity/{SECOND_STAGE}",
        "report": "sem_severity.json",
        "arch": "SeverityClassifier",
        "about": "How corroded a field of Ni-20Cr looks, low, moderate or severe, to a classifier that measures no area",
        "classes": FIELD_SEVERITIES,
        "input": {"size": 224, "window": 320, "square": True, "levels": "normalised", "learned_side": LEARNED_SIDE, **HALVES},
        "command": "python train/sem_severity.py --init tf_efficientnet_lite0-imagenet.safetensors --everything",
        "data": NI20CR,
        "limits": "Learned from windows of nine fields of one alloy; a second opinion beside the measured area. Classes follow "
        "the expert's corroded share of a window, so a window near a limit can be called either way. The scores are of "
        "the mean over a window and its mirror images; in use each of many windows is seen once. Trained again by the same "
        "recipe, networks like this one were right for 0.70 and for 0.61 of the windows; the scores are of the second training.",
    },
    "pits304": {
        **PITS,
        "arch": "YoloSeg",
        "config": {"classes": 1},
        "run": "pits_yolo",
        "report": "sem_pits_yolo.json",
        "input": HALVES,
        "command": "python train/pits_segment.py yolo --init yolov8n-seg-coco.safetensors",
    },
    "pits304-pixels": {
        **PITS,
        "arch": "PixelNet",
        "run": "pits_pixels",
        "report": "sem_pits_pixels.json",
        "input": HALVES,
        "command": "python train/pits_segment.py pixels",
        "limits": PITS["limits"] + " Pits that touch are counted as one, and wide ones are missed.",
    },
    "steel-structures": {
        "arch": "ConditionFPN",
        "run": "sem_structure",
        "report": "sem_structure.json",
        "about": "Condition of each pixel in photos of steel structures: good, fair, poor or severe",
        "classes": ("good", "fair", "poor", "severe"),
        "input": {"size": 512, "overlap": 64, "long_side": 384, "mirror": True, "levels": "as they are", **HALVES},
        "command": "python train/structure_segment.py --init tf_efficientnet_lite0-imagenet.safetensors --everything",
        "data": "Virginia Tech Corrosion Condition State set, official training part, 396 photos",
        "limits": "Learned from photos of steel bridges in Virginia. Severe corrosion is in a quarter of the photos and under "
        "3 % of their pixels: much of it is taken for less, mostly poor. Soil and timber can be taken for rust. The scores are "
        "of a network that learned by the same recipe from photos of other bridges alone; this one learned from all. "
        "How much of the weight of severe is left was chosen on some of the photos scored.",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(RELEASES))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seconds", type=int, required=True, help="how long the shipped network was trained")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="folder of the reports with the scores")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    plan = RELEASES[args.name]
    report = json.loads((args.reports / plan["report"]).read_text())
    state = torch.load(args.runs / plan["run"] / "last.pt", map_location="cpu", weights_only=True)
    arch, config = plan.get("arch", "CorrosionUNet"), plan.get("config", {"classes": len(plan["classes"])})
    scores = report
    if arch == "SeverityClassifier":  # one of several networks in its report
        scores = report["compared"]["windows"]["rivals"][SECOND_STAGE]
        config = {**config, "temperature": report["compared"]["windows"]["temperature"][SECOND_STAGE]}
    network = BUILDERS[arch](**config)
    network.load_state_dict(state["network"])
    if isinstance(network, CorrosionUNet | ConditionFPN):
        network = unweighted(network, report["made"].get("weights_taken_off", state["config"]["class_weights"]))
    trained = {"command": plan["command"], "data": plan["data"], "seconds": args.seconds, "device": "1 CPU core"}
    release = Release(
        name=args.name,
        arch=arch,
        shapes=[[1, 3, 64, 64]],
        about=plan["about"],
        classes=plan["classes"],
        input={**plan["input"], **report["made"].get("input", {})},
        limits=plan["limits"],
        config=config,
        trained={**trained, "steps": state["step"]},
        metrics=scores["metrics"],
    )
    spec = export(network, release, args.weights)
    print(f"{args.name}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")


if __name__ == "__main__":
    main()
