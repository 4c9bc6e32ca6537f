"""The mean of several checkpoints of one training line, often more robust than any (Wortsman et al. 2022, "Model soups").

python train/average.py runs/car_mask4/last.pt runs/car_mask5/last.pt --out runs/car_mask_mean/last.pt

All but the network is the last one's, so that a training script with --resume takes the mean for a finished run and scores it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+", help="what save_checkpoint wrote, the latest one last")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in args.checkpoints]
    last, networks = states[-1], [state["network"] for state in states]
    mean = {
        name: torch.stack([network[name] for network in networks]).mean(dim=0) if value.is_floating_point() else value
        for name, value in last["network"].items()
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**last, "network": mean}, args.out)


if __name__ == "__main__":
    main()
