"""The mean of two checkpoints of one training line, which is often more robust than either (Wortsman et al. 2022, "WiSE-FT").

python train/average.py runs/car_mask2/last.pt runs/car_mask3/last.pt --out runs/car_mask_mean/last.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs=2, help="what save_checkpoint wrote, the later one last")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    first, last = (torch.load(path, map_location="cpu", weights_only=True) for path in args.checkpoints)
    mean = {
        name: (value + first["network"][name]) / 2 if value.is_floating_point() else value
        for name, value in last["network"].items()
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"config": last["config"], "step": first["step"] + last["step"], "network": mean}, args.out)


if __name__ == "__main__":
    main()
