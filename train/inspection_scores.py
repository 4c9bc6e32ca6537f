"""`evaluate.py sem`: every score of the inspection networks, computed again from their checkpoints, next to the seed's.

A training script that resumes a finished run has no step left to do: it loads the network of each fold and scores what that fold
left out.  So this runs each script so, and gathers their reports with those of severity and saliency, and holds them against
the goals.  `python train/inspection_scores.py` only gathers train/reports/ anew, without a network.

| in the report | is |
| --- | --- |
| `metrics` | scores by model; `NAME-yolo`: YOLOv8-seg instead; `sem_severity`: by measured area, which ships; `..._fields` |
| `confusion` | counts, rows labelled, columns called |
| `goals` | what was wanted and reached; where it was not, what was tried and what limits it |
"""

from __future__ import annotations

import argparse
import json
import operator
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from support import REPORTS, write_json

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

# What of the seed's compares like with like; its mean IoU is of two classes, so that of four conditions is none.
BESIDE: dict[str, tuple[str, ...]] = {
    "ni20cr": ("miou", "roc_auc", "pr_auc"),
    "pits304": ("mask_map50", "mask_map50_95"),
    "pits304-unet": ("mask_map50", "mask_map50_95"),
    "pits304-pixels": ("mask_map50", "mask_map50_95"),
    "steel-structures": ("weighted_f1", "weighted_jaccard"),
    "sem_saliency": ("grad_cam_iou",),
    "sem_severity": ("accuracy", "macro_f1"),
}

# Model: script and its first arguments, run, checkpoint that says how many steps were done, report.
RUNS: dict[str, tuple[list[str], str, str, str]] = {
    "ni20cr": (["sem_segment.py"], "sem_ni20cr", "last.pt", "sem_ni20cr.json"),
    "pits304": (["pits_segment.py", "yolo"], "pits_yolo", "last.pt", "sem_pits_yolo.json"),
    "pits304-unet": (["pits_segment.py", "unet"], "pits_unet", "last.pt", "sem_pits_unet.json"),
    "pits304-pixels": (["pits_segment.py", "pixels"], "pits_pixels", "last.pt", "sem_pits_pixels.json"),
    "steel-structures": (["structure_segment.py"], "sem_structure", "held_out.pt", "sem_structure.json"),
}
SALIENCY, SEVERITY, YOLO = "sem_saliency.json", "sem_severity.json", "sem_yolo.json"
BASELINE = "resnet18"

Meets = Callable[[float, float], bool]
SAID: dict[Meets, str] = {operator.ge: "at least", operator.le: "at most", operator.gt: "more than"}


@dataclass(frozen=True)
class Goal:
    """What a score is to be: `meets` compares its value with `wanted`, the low end of its interval where it is to be more.

    `tried` and `limits` say why it may not be; `limits` may name other scores of the model, as in {miou[value]:.2f}.
    """

    what: str
    score: tuple[str, str]  # model and metric
    wanted: float
    meets: Meets = operator.ge
    tried: str = ""
    limits: str = ""

    def record(self, scores: dict[str, Any]) -> dict[str, Any]:
        score = scores[self.score[1]]
        return {
            "goal": f"{self.what}, {SAID[self.meets]} {self.wanted:g}",
            "model": self.score[0],
            "metric": self.score[1],
            "wanted": self.wanted,
            **{key: score[key] for key in ("value", "low", "high", "n")},
            "reached": self.meets(score["low" if self.meets is operator.gt else "value"], self.wanted),
            "tried": self.tried,
            "limits": self.limits.format_map(scores),
        }


STRUCTURES_TRIED = (
    "a U-Net over MobileNetV2 at 256 px, which had hardly learned its own photos; a feature pyramid over EfficientNet-Lite0 at "
    "384 px for 44 rounds, class weights partly taken off; answers at one scale and several"
)
STRUCTURES_LIMITS = (
    "half of the rounds were as good: after that a few places are learned by heart; fair is faint, and experts outline it roughly"
)

GOALS = (
    Goal(
        "mean IoU of Ni-20Cr, coupons left out in turn",
        ("ni20cr", "miou"),
        0.90,
        tried="grey levels brought to common ones, windows at 0.5 to 1.7 times the scale and any angle, inverted ones, an "
        "encoder from ImageNet, four times the steps; how sure to be of a pixel, chosen on other coupons, was worse than a half",
        limits="nine fields of four coupons, of which experts drew one thinner than the others, and all loosely",
    ),
    Goal("ROC AUC of Ni-20Cr", ("ni20cr", "roc_auc"), 0.95),
    Goal(
        "accuracy of severity by measured area, windows of coupons left out",
        ("sem_severity", "accuracy"),
        0.94,
        tried="grading by the measured area, EfficientNet-B0 and ResNet18 on the same windows, area and EfficientNet-B0 as one",
        limits="the error of area is large beside the width of moderate, and EfficientNet-B0 adds little; nine fields are few",
    ),
    Goal(
        "accuracy of severity by measured area over that of ResNet18 from scratch, same windows",
        ("sem_severity", "accuracy_over_resnet18"),
        0,
        operator.gt,
        tried="area as a network measures it that is set on the other coupons: the mean gain grew, on one coupon area got worse",
        limits="four coupons to draw from; no ImageNet weights of ResNet18 were at hand, and so soon from scratch it guesses",
    ),
    Goal(
        "IoU of Grad-CAM with the expert mask",
        ("sem_saliency", "grad_cam_iou"),
        0.79,
        tried="Grad-CAM, HiResCAM, LayerCAM and EigenCAM, each at the threshold that suits the other coupons",
        limits="a map cannot outline better what the network does not see: its own mask has {mask_iou[value]:.2f}, "
        "LayerCAM, which ships, {layer_cam_iou[value]:.2f}",
    ),
    Goal(
        "pits of 304, boxes, mAP50",
        ("pits304", "box_map50"),
        0.85,
        tried="a pixel classifier, whose scores stand beside these as pits304-pixels; YOLOv8-seg from COCO at four times the "
        "size, first by the bounds of its masks, then by its own boxes and for longer; on two folds three times as long",
        limits="half of all tiles come from one field, many pits are not boxed, and on boxes of 4 to 13 px a pixel decides",
    ),
    Goal(
        "pits of 304, error of the total count",
        ("pits304", "count_error"),
        0.10,
        operator.le,
    ),
    Goal(
        "steel structures, weighted F1",
        ("steel-structures", "weighted_f1"),
        0.867,
        tried=STRUCTURES_TRIED,
        limits=STRUCTURES_LIMITS,
    ),
    Goal(
        "steel structures, weighted Jaccard",
        ("steel-structures", "weighted_jaccard"),
        0.790,
        tried=STRUCTURES_TRIED,
        limits=STRUCTURES_LIMITS,
    ),
)


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
        init = "random" if script == "structure_segment.py" else args.init  # that one's encoder is another, and it learns no more
        options += ["--init", init]
    if script == "sem_segment.py" and config["seed"]:  # a second leg: its rate and seed are others
        options += ["--start", args.runs / run]
    done = subprocess.run([sys.executable, TRAIN / script, *first, *map(str, options)], check=False, stdout=sys.stderr)
    return None if done.returncode == 0 else f"train/{script} ended with {done.returncode}"


def evaluate_sem(args: argparse.Namespace) -> None:
    reasons = {name: score_again(name, args) for name in RUNS}
    found = gathered(args.report.parent, {name: reason for name, reason in reasons.items() if reason})
    write_json(args.report, found)
    print(f"{args.report}: {sum(map(len, found['metrics'].values()))} scores, {len(found['skipped'])} skipped", flush=True)


def gathered(reports: Path, skipped: dict[str, str]) -> dict[str, Any]:
    """sem.json: the reports in `reports` of all models but those `skipped`, of which it holds the reasons."""
    metrics: dict[str, dict[str, Any]] = {}
    confusion: dict[str, Any] = {}
    for name, file in {**{name: run[3] for name, run in RUNS.items()}, "sem_saliency": SALIENCY}.items():
        if name not in skipped and (reports / file).exists():
            report = json.loads((reports / file).read_text())
            metrics[name] = beside_seed(name, report["metrics"])
            confusion |= {name: report["confusion"]} if "confusion" in report else {}
    rivals = severity_rivals(reports / SEVERITY)
    for name, rival in rivals.items():
        metrics[name], confusion[name] = beside_seed(name, rival["metrics"]), rival["confusion"]
    if rivals:
        metrics["sem_severity"] |= over_baseline(rivals)
    if (reports / YOLO).exists():  # of train/yolo_rival.py
        for name, pair in json.loads((reports / YOLO).read_text()).items():
            metrics[f"{name}-yolo"] = beside_seed(name, pair["yolo"])
    return {
        "seed": SEED,
        "metrics": metrics,
        "confusion": confusion,
        "goals": goals_met(metrics),
        "skipped": skipped,
        "made": {"command": "python train/evaluate.py sem"},
    }


def severity_rivals(path: Path) -> dict[str, Any]:
    """Scores and confusion of each way to call severity: by area on all coupons, and all ways on the coupons that all have."""
    if not path.exists():
        return {}
    report = json.loads(path.read_text())
    found = {"sem_severity": report["area"]["windows"]["rivals"]["area"]}
    found["sem_severity_fields"] = report["area"]["fields"]["rivals"]["area"]
    compared = report.get("compared", {}).get("windows", {}).get("rivals", {})
    return found | {f"sem_severity_compared: {name}": rival for name, rival in compared.items()}


def over_baseline(rivals: dict[str, Any]) -> dict[str, Any]:
    """By how much grading by area is more accurate than the best of the baseline's networks, on the same windows."""
    own = [rival for name, rival in rivals.items() if f": {BASELINE}" in name]
    if not own:
        return {}
    best = max(own, key=lambda rival: rival["metrics"]["accuracy"]["value"])
    lost, accuracy = best["accuracy_gain_over_area"], best["metrics"]["accuracy"]
    turned = {"value": 0 - lost["value"], "low": 0 - lost["high"], "high": 0 - lost["low"]}
    return {f"accuracy_over_{BASELINE}": {**turned, "n": accuracy["n"], "on": accuracy["on"]}}


def goals_met(metrics: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each goal whose score there is."""
    there = ((goal, metrics.get(goal.score[0], {})) for goal in GOALS)
    return [goal.record(scores) for goal, scores in there if goal.score[1] in scores]


def beside_seed(model: str, scores: dict[str, Any]) -> dict[str, Any]:
    """The scores, with the seed's where it has one of the same question."""
    asked = BESIDE.get(model, ())
    return {name: {**score, "seed": SEED[name]} if name in asked else score for name, score in scores.items()}


def without_report(reports: Path) -> dict[str, str]:
    """The models whose scripts have left no report in `reports`, and why they have none."""
    return {
        name: f"no report {report}; train/{script} writes one"
        for name, ((script, *_), _, _, report) in RUNS.items()
        if not (reports / report).exists()
    }


def main() -> None:
    write_json(REPORTS / "sem.json", gathered(REPORTS, without_report(REPORTS)))


if __name__ == "__main__":
    main()
