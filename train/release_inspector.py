"""Score a run of `inspector.py`, write the report, and ship the network with its temperature, through `export`.

    python train/release_inspector.py --run runs/inspector --seconds 900

Every score is of patches in blocks of file numbers held out; intervals come from drawing whole blocks again.  The temperature
is fitted on three fifths of those blocks when the calibration error of the rest is measured, the other way round for the three
fifths, and on all of them to be shipped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bootstrap import SHARE, interval, resamples, score
from calibration import calibrated, fit_temperature
from export import Release, export
from grade_scores import balanced_accuracy, calibration_error, scored, share
from inspector import WORSE
from sklearn.metrics import confusion_matrix
from steel_data import SEEN, SOURCE
from support import REPORTS, fold_of, write_json

from corrovis.networks.inspector_net import InspectorNet
from corrovis.settings import WEIGHTS
from corrovis.steel.inspector import MODEL

ON = "patches of NEU-CLS-64 in blocks of file numbers held out"
LIMITS = (
    f"{SEEN}; the grouped hold-out is of the same line. "
    "The strip must run up or across the picture: turned by 45 degrees it is often answered wrongly. "
    "Other lamps, cameras, scales or steels were not tested. A patch without any of the nine defects can still have another one."
)


def calibration_score(p: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """The expected calibration error over ten bins."""
    value, samples = calibration_error(p, labels), [calibration_error(p[at], labels[at]) for at in resamples(groups)]
    return score(value, interval(value, samples, len(np.unique(groups)), SHARE, biased=True), len(labels), ON)


def report(found: dict[str, np.ndarray]) -> dict[str, Any]:
    """train/reports/steel_inspector.json, of what a run left in held_out.npz: logits (n, classes), labels, groups, classes;
    and logits of the same patches worsened."""
    logits, labels, groups, classes = (found[name] for name in ("logits", "labels", "groups", "classes"))
    right = logits.argmax(axis=1) == labels
    metrics: dict[str, Any] = {"accuracy": share(right, groups, ON)}
    each = {name: share(right[labels == k], groups[labels == k], f"{name}, {ON}") for k, name in enumerate(classes)}
    metrics |= scored(logits, labels, groups, ON, {"mean_recall": balanced_accuracy})
    metrics |= {f"recall_{name}": score for name, score in each.items()}
    for name in (key.removeprefix(WORSE) for key in found if key.startswith(WORSE)):
        metrics[f"accuracy_{name}"] = share(found[WORSE + name].argmax(axis=1) == labels, groups, f"{name}, {ON}")
    part = np.array([fold_of(str(group)) % 2 for group in groups])
    metrics["calibration_error"] = calibration_score(calibrated(logits, labels, part), labels, groups)
    counts = confusion_matrix(labels, logits.argmax(axis=1), labels=range(len(classes))).tolist()
    table = {"rows": "labelled", "columns": "found", "classes": classes.tolist(), "counts": counts}
    return {"metrics": metrics, "temperature": fit_temperature(logits, labels), "blocks": len(set(groups)), "confusion": table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/inspector"))
    parser.add_argument("--seconds", type=int, required=True, help="how long the network was trained")
    parser.add_argument("--report", type=Path, default=REPORTS / "steel_inspector.json")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    with np.load(args.run / "held_out.npz") as arrays:
        content = report(dict(arrays))
    classes = tuple(content["confusion"]["classes"])
    state = torch.load(args.run / "last.pt", map_location="cpu", weights_only=True)
    config = {**state["config"], "init": Path(state["config"]["init"]).name}  # no path of the machine that trained it
    write_json(args.report, {**content, "made": {"config": config, "steps": state["step"]}})
    options = {
        "backbone": config["backbone"],
        "classes": len(classes),
        "width": config["width"],
        "temperature": content["temperature"],
    }
    network = InspectorNet(**options)
    network.load_state_dict(state["network"])
    command = f"python train/inspector.py --backbone {config['backbone']} --width {config['width']:g}"
    init = "" if config["init"] == "random" else f" --init {config['init']}"
    release = Release(
        name=MODEL,
        arch="InspectorNet",
        shapes=[[2, 1, 64, 64]],
        about="Which of nine defects a patch of hot-rolled steel shows, or none",
        classes=classes,
        input={"size": 64, "mean": [0.5], "std": [0.5], "resample": "none"},
        limits=LIMITS,
        config=options,
        trained={
            "command": f"{command} --lr {config['lr']:g} --steps {config['steps']}{init}",
            "data": SOURCE,
            "seconds": args.seconds,
            "device": "1 CPU core",
            "steps": state["step"],
        },
        metrics=content["metrics"],
    )
    spec = export(network, release, args.weights)
    print(f"{MODEL}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, accuracy {content['metrics']['accuracy']}")


if __name__ == "__main__":
    main()
