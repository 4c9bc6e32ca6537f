"""`train/average.py` takes the mean of what checkpoints say; counters and all beside the network are the last one's."""

from __future__ import annotations

from pathlib import Path

import torch
from scripts import run


def test_mean_of_three_checkpoints(tmp_path: Path) -> None:
    for n, (weight, seen) in enumerate(((1.0, 3), (2.0, 5), (6.0, 7))):
        state = {"weight": torch.tensor([weight, -weight]), "seen": torch.tensor(seen)}
        torch.save({"config": {"side": n}, "step": 10 + n, "network": state, "raw": {"n": n}}, tmp_path / f"{n}.pt")
    out = tmp_path / "made" / "mean.pt"
    checkpoints = [tmp_path / f"{n}.pt" for n in range(3)]
    run("average.py", *checkpoints, "--out", out)
    mean = torch.load(out, weights_only=True)
    assert mean["network"]["weight"].tolist() == [3.0, -3.0]
    assert int(mean["network"]["seen"]) == 7
    assert (mean["step"], mean["raw"]) == (12, {"n": 2})
