"""How well heat maps lie on what the expert called corroded: `python train/saliency_scores.py --data DATA`.

Each field is explained by the segmenter that was trained without its coupon.  A map has no threshold of its own, so the share of
its peak from which it counts as hot is chosen on the fields of the other coupons.  Beside it stands the same network's mask: a
map cannot be asked to outline better what the network itself does not see.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from segment_scores import best_elsewhere, iou, summary
from segment_views import Labelled
from segmenting import left_out, probabilities
from sem_segment import load_fields
from support import REPORTS, arguments, save_sheet, write_json

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.sem.saliency import LONG_SIDE, METHODS, heat_of

LEVELS = np.linspace(0.01, 0.6, 60)
GOAL = 0.79
SEED = {"grad_cam_iou": 0.7879, "on": "the seed's own micrographs, which are private"}


def small(field: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """The field and its mask at the size at which the application explains."""
    scale = min(1.0, LONG_SIDE / max(field.mask.shape))
    rgb = cv2.resize(field.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return rgb, cv2.resize(field.mask, rgb.shape[1::-1], interpolation=cv2.INTER_AREA) > 0


def explained(field: Labelled, network: CorrosionUNet) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Heat by each method, what the network found, and the expert's mask, all of one size."""
    rgb, truth = small(field)
    found = probabilities(network, rgb)[1]
    heats = {method: heat_of(network, rgb, (found > 0.5).astype(np.float32), method)[0] for method in METHODS}
    return {m: np.zeros(truth.shape) if heat is None else heat for m, heat in heats.items()}, found > 0.5, truth


def saliency_scores(fields: list[Labelled], runs: Path, sheet: Path) -> dict[str, Any]:
    """train/reports/sem_saliency.json."""
    curves: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    own, rows = [], []
    for field in fields:
        heats, found, truth = explained(field, left_out(runs, field.group))
        for method, heat in heats.items():
            curves[method].append([iou(heat >= level, truth) for level in LEVELS])
        own.append(iou(found, truth))
        cells = [small(field)[0], *(np.repeat((heat * 255).astype(np.uint8)[..., None], 3, axis=2) for heat in heats.values())]
        rows.append([cv2.resize(cell, (320, 240)) for cell in [*cells, np.repeat(truth[..., None] * np.uint8(255), 3, axis=2)]])
    save_sheet(rows, sheet)
    group, scores = np.array([field.group for field in fields]), []
    best = {method: best_elsewhere(np.array(curves[method]), group) for method in METHODS}
    for n, field in enumerate(fields):
        row: dict[str, Any] = {"field": field.name, "group": field.group, "mask_iou": own[n]}
        for method in METHODS:
            row[f"{method}_iou"] = curves[method][n][best[method][field.group]]
        scores.append({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
    on = "fields of coupons that the network had not seen, threshold of the map from the other coupons"
    return {"metrics": summary(scores, on), "fields": scores, "goal": GOAL, "seed": SEED}


def main() -> None:
    parser = arguments(__doc__, "runs/sem_saliency")
    parser.add_argument("--segmenter", type=Path, default=Path("runs/sem_ni20cr"), help="folder of sem_segment.py's checkpoints")
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_saliency.json", help="where the scores go")
    args = parser.parse_args()
    write_json(args.report, saliency_scores(load_fields(args.data), args.segmenter, args.out / "maps.png"))


if __name__ == "__main__":
    main()
