"""`evaluate.py sem`: every score of the inspection networks, computed again from their checkpoints, next to the seed's.

A training script that resumes a finished run has no step left to do: it loads the network of each fold and scores what that fold
left out.  So this runs each script so, and gathers their reports, with those of other inspection scores that lie beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from support import write_json

TRAIN = Path(__file__).resolve().parent

SEED = {
    "source": "two-stage framework of 2026 (YOLOv8-seg, EfficientNet-B0), on its own private set; Virginia Tech: DeepLabV3+",
    "miou": 0.8991,
    "mask_map50": 0.986,
    "mask_map50_95": 0.821,
    "roc_auc": 0.9469,
    "pr_auc": 0.9545,
    "grad_cam_iou": 0.7879,
    "accuracy": 0.9375,
    "macro_f1": 0.9329,
    "weighted_f1": 0.8666,
    "weighted_jaccard": 0.7902,
}

# Model: script and its first arguments, run, checkpoint that says how many steps were done, report.
RUNS: dict[str, tuple[list[str], str, str, str]] = {
    "ni20cr": (["sem_segment.py"], "sem_ni20cr", "last.pt", "sem_ni20cr.json"),
    "pits304": (["pits_segment.py", "pixels"], "pits_pixels", "last.pt", "sem_pits_pixels.json"),
    "pits304-unet": (["pits_segment.py", "unet"], "pits_unet", "last.pt", "sem_pits_unet.json"),
    "pits304-yolo": (["pits_segment.py", "yolo"], "pits_yolo", "last.pt", "sem_pits_yolo.json"),
    "steel-structures": (["structure_segment.py"], "sem_structure4", "held_out.pt", "sem_structure.json"),
}


def score_again(name: str, args: argparse.Namespace) -> str | None:
    """Run a model's script on its finished run; the reason why not, if it cannot be."""
    (script, *first), run, checkpoint, report = RUNS[name]
    path = args.runs / run / checkpoint
    if not path.exists():
        return f"no checkpoint at {path}; train/{script} writes one"
    config = torch.load(path, map_location="cpu", weights_only=True)["config"]
    options = [
        "--data",
        args.data,
        "--out",
        args.runs / run,
        "--report",
        args.report.parent / report,
        "--steps",
        config["steps"],
        "--resume",
    ]
    if script != "pits_segment.py":
        options += ["--init", args.init]
    if script == "structure_segment.py":
        options += ["--seed", config["seed"]]
    done = subprocess.run([sys.executable, TRAIN / script, *first, *map(str, options)], check=False, stdout=sys.stderr)
    return None if done.returncode == 0 else f"train/{script} ended with {done.returncode}"


def evaluate_sem(args: argparse.Namespace) -> None:
    reports, metrics, skipped = args.report.parent, {}, {}
    for name in RUNS:
        reason = score_again(name, args)
        if reason:
            skipped[name] = reason
    models = {report: name for name, (_, _, _, report) in RUNS.items()}
    for path in sorted(reports.glob("sem_*.json")):
        content: dict[str, Any] = json.loads(path.read_text())
        if models.get(path.name) not in skipped and "metrics" in content:
            metrics[models.get(path.name, path.stem)] = beside_seed(content["metrics"])
    write_json(
        args.report, {"seed": SEED, "metrics": metrics, "skipped": skipped, "made": {"command": "python train/evaluate.py sem"}}
    )
    print(f"{args.report}: {sum(map(len, metrics.values()))} scores, {len(skipped)} skipped", flush=True)


def beside_seed(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: {**score, "seed": SEED[name]} if name in SEED else score for name, score in scores.items()}
