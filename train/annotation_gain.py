"""Does drawing masks by hand pay, and does augmentation?  Table 5 of the 2026 seed, made again on Ni-20Cr.

    python train/annotation_gain.py --data DATA --init mobilenet_v2-imagenet.safetensors

`CorrosionUNet` learns from automatic masks (`annotate.automatic`: Otsu) or from the expert's, from windows as they are or from
augmented ones, in equally many steps, without each coupon in turn, and answers for that coupon; the expert's masks decide.  What
the automatic masks themselves are worth stands beside it: no network, the same fields.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from annotate import automatic
from segment_scores import field_scores, summary
from segmenting import Config, Run, fit, probabilities, semantic, warm_start
from sem_segment import CLASSES, annotated, load_fields, sampler
from support import REPORTS, arguments, fresh_seed, write_json

from corrovis.networks.corrosion_unet import CorrosionUNet

ARMS = {
    "automatic masks": ("auto", False),
    "manual masks": ("manual", False),
    "automatic masks, augmented": ("auto", True),
    "manual masks, augmented": ("manual", True),
}


def main() -> None:
    parser = arguments(__doc__, "runs/annotation_gain")
    parser.add_argument("--init", default="imagenet", help="encoder weights: imagenet, random, or a torchvision file")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--report", type=Path, default=REPORTS / "sem_annotation.json")
    args = parser.parse_args()
    config = Config(side=64, batch=2, steps=2) if args.smoke else Config(steps=args.steps)
    fields = load_fields(args.data)
    on = "fields of coupons that the network had not seen, leave-one-coupon-out"
    otsu = [automatic(field.rgb[..., 0]).astype(np.float32) for field in fields]
    alone = [field_scores(field, np.stack([1 - mask, mask])) for field, mask in zip(fields, otsu, strict=True)]
    found = {"no network: the automatic masks themselves": summary(alone, "fields, the masks as they are, no network")}
    for arm, (masks, augmented) in ARMS.items():
        scores = []
        for left_out in sorted({field.group for field in fields}):
            print(arm, left_out, flush=True)
            torch.manual_seed(config.seed)
            network = CorrosionUNet(len(CLASSES))
            warm_start(network, args.init)
            known = [annotated(field, masks) for field in fields if field.group != left_out]
            checkpoint = args.out / f"{masks}_{augmented}_{left_out}.pt"
            seed = fresh_seed(config.seed, checkpoint, args.resume)
            lesson = semantic(sampler(known, config, seed, augmented), config)
            network = fit(network, lesson, config, Run(checkpoint, args.resume))
            scores += [field_scores(f, probabilities(network, f.rgb)) for f in fields if f.group == left_out]
        found[arm] = summary(scores, on)
        print(found[arm]["miou"], flush=True)
        write_json(args.report, {"arms": found, "made": asdict(config)})


if __name__ == "__main__":
    main()
