"""Ship `sem-gan`: the checkpoint of train/sem_gan.py and the report on it become a record in weights/, through `export`.

python train/release_sem_gan.py --data DATA/sem --seconds SECONDS
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from export import Release, export
from sem_gan_scores import SMOKE, Amounts, assemble
from sem_patches import LONG_SIDE, load_micrographs
from support import arguments

from corrovis.networks.sem_gan import SERIES
from corrovis.sem.synthesis import MODEL
from corrovis.settings import WEIGHTS

DATA = "public SEM pictures, four fifths to half of each set: 304 stainless with chloride pits, stainless steel in lead-bismuth, "
DATA += "Ni-20Cr in molten FLiNaK, NASA Ni superalloys and environmental barrier coatings, alloys dealloyed by liquid metal"
LIMITS = (
    "Surfaces as one laboratory each photographed them, seven to 120 pictures a material: a material's name means that set, "
    "not the alloy at large. Scale is the share of a field's width, not micrometres. Structures larger than a hundred pixels, "
    "such as whole layers of a cross-section, are not kept in order. For training and testing of other models only; nothing of a "
    "specimen can be concluded from these pictures."
)


def main() -> None:
    parser = arguments(__doc__, "runs/sem_gan")
    parser.add_argument("--seconds", type=int, required=True, help="how long the network was trained")
    parser.add_argument("--report", type=Path, default=Path(__file__).parent / "reports/sem_gan.json")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    checkpoint, pictures = args.out / "last.pt", load_micrographs(args.data)
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    gan = assemble(checkpoint, pictures, (SMOKE if args.smoke else Amounts()).limits)
    materials = sorted({p.material for p in pictures})
    release = Release(
        name=MODEL,
        arch="SurfaceGAN",
        shapes=[[1, 2 * len(SERIES), 64, 64], [1, len(materials)]],
        about="Synthetic SEM surfaces of six materials, from noise, and a verdict on how real they look",
        classes=tuple(materials),
        input={"size": state["config"]["side"], "long_side": LONG_SIDE, "levels": "normalised", "mean": [0.5], "std": [0.5]},
        limits=LIMITS,
        config={"materials": len(materials), "width": state["config"]["width"], "side": state["config"]["side"]},
        trained={
            "command": "python train/sem_gan.py --features squeezenet1_1-imagenet.safetensors",
            "data": DATA,
            "seconds": args.seconds,
            "device": "1 CPU core, shared",
            "steps": state["step"],
        },
        metrics=json.loads(args.report.read_text())["metrics"],
    )
    spec = export(gan, release, args.weights)
    print(f"{MODEL}: {spec.bytes / 1e6:.2f} MB {spec.extra['stored']}, sha256 {spec.sha256[:12]}")


if __name__ == "__main__":
    main()
