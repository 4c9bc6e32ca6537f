"""`train/average.py` halves what two checkpoints say and keeps counters whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]


def test_mean_of_two_checkpoints(tmp_path: Path) -> None:
    for n, (weight, seen) in enumerate(((1.0, 3), (2.0, 5))):
        state = {"weight": torch.tensor([weight, -weight]), "seen": torch.tensor(seen)}
        torch.save({"config": {"side": n}, "step": 10 + n, "network": state}, tmp_path / f"{n}.pt")
    out = tmp_path / "made" / "mean.pt"
    command = [sys.executable, ROOT / "train/average.py", tmp_path / "0.pt", tmp_path / "1.pt", "--out", out]
    subprocess.run(command, check=True)
    mean = torch.load(out, weights_only=True)
    assert mean["network"]["weight"].tolist() == [1.5, -1.5]
    assert int(mean["network"]["seen"]) == 5
    assert mean["step"] == 21
