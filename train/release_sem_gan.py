"""Ship `sem-gan`: a run of train/sem_gan.py becomes a network with its record, through `export`; a lab's own too.

    python train/release_sem_gan.py --data FOLDER                        # the pictures it learned from
    python train/release_sem_gan.py --data DATA/sem --report train/reports/sem_gan.json --weights weights      # the one shipped

Both lie in --weights afterwards: `corrovis synthesize sem --weights runs/sem_gan/sem-gan.safetensors`.  What the record says
comes from the pictures, from the run's own state.json and, where train/evaluate.py has written one, from the report.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from export import Release, export
from sem_gan_scores import SMOKE, Amounts, assemble
from sem_patches import LONG_SIDE, Micrograph, load_micrographs, split
from support import arguments

from corrovis.errors import CorrovisError
from corrovis.networks.sem_gan import SERIES
from corrovis.sem.synthesis import MODEL

LIMITS = (
    "Surfaces as the pictures learned from show them, {counts} a material: a material's name means those pictures, "
    "not the alloy at large. Scale is the share of a field's width, not micrometres. Structures larger than a hundred pixels, "
    "such as whole layers of a cross-section, are not kept in order. For training and testing of other models only; nothing of a "
    "specimen can be concluded from these pictures."
)


def release_of(pictures: list[Micrograph], checkpoint: dict[str, Any], state: dict[str, Any], metrics: dict[str, Any]) -> Release:
    """The record: `pictures` are all of the data folder, of which the same part was held out in training."""
    materials, config, learned = state["materials"], checkpoint["config"], split(pictures)[0]
    counts = [sum(p.material == material for p in learned) for material in materials]
    specimens = len({(p.material, p.group) for p in learned})
    fields = ", ".join(f"{count} {material}" for count, material in zip(counts, materials, strict=True))
    return Release(
        name=MODEL,
        arch="SurfaceGAN",
        shapes=[[1, 2 * len(SERIES), 64, 64], [1, len(materials)]],
        about="Synthetic SEM surfaces of its materials, from noise, and a verdict on how real they look",
        classes=tuple(materials),
        input={"size": config["side"], "long_side": LONG_SIDE, "levels": "normalised", "mean": [0.5], "std": [0.5]},
        limits=LIMITS.format(counts=" to ".join(map(str, sorted({min(counts), max(counts)})))),
        config={"materials": len(materials), "width": config["width"], "side": config["side"]},
        trained={
            "command": state["command"],
            "data": f"{len(learned)} of {len(pictures)} fields, of {specimens} specimens: {fields}",
            "seconds": state["seconds"],
            "device": state["device"],
            "steps": checkpoint["step"],
        },
        metrics=metrics,
    )


def main() -> None:
    parser = arguments(__doc__, "runs/sem_gan")
    parser.add_argument("--report", type=Path, help="of train/evaluate.py semgan; --out/report.json if not given")
    parser.add_argument("--weights", type=Path, help="folder for the weights and their record; --out if not given")
    args = parser.parse_args()
    checkpoint, report = args.out / "last.pt", args.report or args.out / "report.json"
    if not checkpoint.exists():
        parser.error(f"{checkpoint} is missing: train with train/sem_gan.py, and give the same --out")
    try:
        pictures = load_micrographs(args.data)
    except CorrovisError as error:
        parser.error(str(error))
    state = json.loads((args.out / "state.json").read_text())
    found = sorted({p.material for p in pictures})
    if state["frames"] > 1 or state["materials"] != found:
        parser.error(f"{args.out} learned from {', '.join(state['materials'])}; give the same --data, and no time series")
    gan = assemble(checkpoint, pictures, (SMOKE if args.smoke else Amounts()).limits)
    metrics = json.loads(report.read_text())["metrics"] if report.exists() else {}
    if not metrics:
        print(f"no report at {report}: the record has no scores")
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    spec = export(gan, release_of(pictures, saved, state, metrics), args.weights or args.out)
    print(f"{spec.file}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")


if __name__ == "__main__":
    main()
