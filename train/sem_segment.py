"""Train `CorrosionUNet` on micrographs of Ni-20Cr: which of the surface a molten salt has eaten along the grain boundaries.

    python train/sem_segment.py --data DATA --init mobilenet_v2-imagenet.safetensors
    python train/sem_segment.py --data DATA --start runs/sem_ni20cr --out runs/sem_ni20cr2 --steps 400

The set has nine labelled fields of four coupons.  A network is trained without each coupon in turn and answers for the fields
of that coupon: those are the scores.  A fifth learns from all of them and is the one to ship.  Every field is brought to the same
grey levels first (`corrovis.sem.fields.normalise`).  Half of the windows are cut near the field's own scale, the others at
half to nearly twice of it, at any angle, one in eight is a drawn network of dark lines, and one in eight is inverted, for another
detector shows boundaries bright: nine fields do not show all that users have.
"""

from __future__ import annotations

import csv
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from annotate import automatic, read_annotation
from segment_scores import field_scores, summary
from segment_views import Labelled, Windows, drawn_network, instrument, window
from segmenting import Config, Run, Sampler, fit, probabilities, semantic, warm_start
from support import REPORTS, arguments, fresh_seed, load_checkpoint, read_mask, read_rgb, write_json

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.sem.fields import normalise

CLASSES = ("background", "corroded")
EVERYTHING = "everything"
SCALES = (0.5, 1.7)
NEAR = (0.85, 1.2)
DRAWN = 1 / 8
INVERTED = 1 / 8


def load_fields(data: Path) -> list[Labelled]:
    """The fields of sem.csv that have an expert mask."""
    with (data / "sem/sem.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("ni20cr/") and row["mask"]]
    return [
        Labelled(
            Path(row["file"]).stem,
            row["group"],
            np.repeat(normalise(read_rgb(data / "sem" / row["file"])[..., 0])[..., None], 3, axis=2),
            (read_mask(data / "sem" / row["mask"]) > 127).astype(np.uint8),
        )
        for row in rows
    ]


def annotated(field: Labelled, masks: str) -> Labelled:
    """The field with the masks to learn from: the expert's, those of `annotate.automatic`, or those in a folder."""
    if masks == "manual":
        return field
    found = automatic(field.rgb[..., 0]) if masks == "auto" else read_annotation(Path(masks), field.name)
    return replace(field, mask=found.astype(np.uint8))


def sampler(fields: list[Labelled], config: Config, seed: int, augmented: bool = True) -> Sampler:
    """Windows anywhere; those not `augmented` are upright, at the field's own scale and levels, mirrored at most."""
    dice = random.Random(seed)
    as_is = Windows(config.side, (1, 1), turn=0, stretch=0, upside_down=False)
    cuts = [Windows(config.side, scales, turn=180, stretch=0.2, upside_down=True) for scales in (NEAR, SCALES)]
    # A coupon counts by the root of its area, so that four of nine fields do not decide.
    weight = [np.sqrt(field.mask.size) for field in fields]

    def sample() -> Labelled:
        if not augmented:
            return window(dice.choices(fields, weight)[0], as_is, dice)
        if dice.random() < DRAWN:
            view = drawn_network(config.side, dice)
            view = replace(view, rgb=np.repeat(normalise(view.rgb[..., 0])[..., None], 3, axis=2))
        else:
            view = window(dice.choices(fields, weight)[0], dice.choice(cuts), dice)
        view = replace(view, rgb=255 - view.rgb) if dice.random() < INVERTED else view
        return replace(view, rgb=instrument(view.rgb, dice))

    return sample


def main() -> None:
    parser = arguments(__doc__, "runs/sem_ni20cr")
    parser.add_argument("--init", default="imagenet", help="encoder weights: imagenet, random, or a torchvision file")
    parser.add_argument(
        "--start", type=Path, help="an earlier --out to go on from: each network from the one without that coupon"
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument(
        "--masks", default="manual", help="to learn from: manual, auto, or a folder of .npy or .png; scored on manual"
    )
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_ni20cr.json", help="where the scores go")
    args = parser.parse_args()
    config = Config(side=64, batch=2, steps=2) if args.smoke else Config(steps=args.steps, ema=0.99)
    if args.start:  # or the same windows come again
        config = replace(config, lr=config.lr / 2, seed=config.seed + 1)
    fields = load_fields(args.data)
    coupons = sorted({field.group for field in fields})
    scores: dict[str, dict[str, Any]] = {}
    for left_out in [*coupons, EVERYTHING]:
        print(left_out, flush=True)
        torch.manual_seed(config.seed)
        network = CorrosionUNet(len(CLASSES))
        file = "last.pt" if left_out == EVERYTHING else f"without_{left_out}.pt"
        if not args.start:
            warm_start(network, args.init)
        elif not load_checkpoint(args.start / file, network=network):
            raise SystemExit(f"{args.start / file} is missing; --start names an earlier --out")
        known = [annotated(field, args.masks) for field in fields if field.group != left_out]
        seed = fresh_seed(config.seed, args.out / file, args.resume)
        network = fit(network, semantic(sampler(known, config, seed), config), config, Run(args.out / file, args.resume))
        for field in fields:
            if field.group == left_out:
                scores[field.name] = field_scores(field, probabilities(network, field.rgb))
                print(f"  {scores[field.name]}", flush=True)
    on = "fields of coupons that the network had not seen, leave-one-coupon-out"
    made = {"config": asdict(config), "scales": (NEAR, SCALES), "masks": args.masks}
    made |= {"fields": len(fields), "coupons": len(coupons)}
    rows = [scores[field.name] for field in fields]
    write_json(args.report, {"metrics": summary(rows, on), "fields": rows, "made": made})


if __name__ == "__main__":
    main()
