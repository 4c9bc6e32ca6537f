"""The graders of `car_grade.py` as judges of made pictures: of each car the one that has seen no photo of it.

    graders = FoldGraders(Path("runs/car_grade"))
    graders.levels("c0492", pictures)      # (n, 4) probabilities of none, mild, moderate, severe

They learned from real photos, and from clean cars with cuts of real rust pasted on, never from a picture of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calibration import fit_temperature
from grade_scores import probabilities_at
from grade_views import both

from corrovis.networks.severity_net import SeverityNet
from corrovis.results import SEVERITIES
from corrovis.tensors import tensor_of


class FoldGraders:
    """A run of `car_grade.py`, read from out_of_fold.npz, fold_0.pt and so on.  Raises FileNotFoundError where one is missing."""

    def __init__(self, run: Path) -> None:
        with np.load(run / "out_of_fold.npz") as known:
            self.logits, self.level, fold = known["logits"], known["level"], known["fold"]
            self.fold = dict(zip(known["name"].tolist(), fold.tolist(), strict=True))
        self.temperature = fit_temperature(self.logits, self.level, probabilities_at)
        self.networks = []
        for k in range(fold.max() + 1):
            state = torch.load(run / f"fold_{k}.pt", map_location="cpu", weights_only=True)
            self.side = int(state["config"]["side"])
            self.networks.append(SeverityNet().eval())
            self.networks[k].load_state_dict(state["network"])

    def levels(self, name: str, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, 4) probabilities for pictures made of the photo `name`, each seen as it is and mirrored."""
        network, rows = self.networks[self.fold[name]], []
        for rgb in pictures:
            with torch.inference_mode():
                rows.append(network(tensor_of(np.stack(both(rgb, self.side)))).mean(dim=0).numpy())
        return probabilities_at(np.stack(rows), self.temperature)

    def on_real(self) -> dict[str, dict[str, Any]]:
        """What to expect of a perfect picture: share of the real photos of each level graded as it, and their mean level."""
        p, scores = probabilities_at(self.logits, self.temperature), {}
        for k, name in enumerate(SEVERITIES):
            of_level = p[self.level == k]
            on = {"n": len(of_level), "on": f"real {name} photos, each by the grader that has not seen its car"}
            scores[f"graded_as_asked_{name}"] = {"value": round(float((of_level.argmax(axis=1) == k).mean()), 4), **on}
            scores[f"graded_level_{name}"] = {"value": round(float((of_level @ np.arange(len(SEVERITIES))).mean()), 4), **on}
        return scores
