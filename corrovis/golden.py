"""Golden numbers: what a network must answer to a seeded input.  They travel with the weights, in the manifest.

A hash tells that the file is the right one; golden numbers tell that this machine's libraries still compute the same with it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from corrovis.errors import WeightsError
from corrovis.manifest import MISFITS, WeightSpec

HEAD = 8
TOLERANCE = 0.01
"""Of the outputs' standard deviation: room for float16 weights and other CPUs, none for another network."""


def make(network: nn.Module, shapes: list[list[int]], seed: int = 0) -> dict[str, Any]:
    """The manifest's `golden` entry for `network`, given the shape of each of its inputs."""
    outputs = _outputs(network, shapes, seed)
    if not outputs.isfinite().all():
        raise WeightsError("the network answers a golden input with values that are not finite; train it again")
    inputs: dict[str, Any] = {"shape": shapes[0]} if len(shapes) == 1 else {"shapes": shapes}
    tolerance = TOLERANCE * float(outputs.std()) + 1e-5
    return {"seed": seed, **inputs, "outputs": _summary(outputs), "tolerance": float(f"{tolerance:.3g}")}


def check(network: nn.Module, spec: WeightSpec) -> None:
    """Raise WeightsError unless `network` answers as its record says."""
    golden = spec.golden
    try:
        wanted = golden["outputs"]
        found = _summary(_outputs(network, golden.get("shapes") or [golden["shape"]], golden["seed"]))
        pairs = [("mean", wanted["mean"], found["mean"]), ("std", wanted["std"], found["std"])]
        pairs += [(f"value {i}", want, have) for i, (want, have) in enumerate(zip(wanted["head"], found["head"], strict=True))]
        off = [pair for pair in pairs if not abs(pair[1] - pair[2]) <= golden["tolerance"]]  # so written, NaN is off as well
    except MISFITS as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise WeightsError(f"the golden numbers of {spec.name} cannot be used ({why:.200}); fetch manifest.json again") from error
    for what, want, have in off[:1]:
        raise WeightsError(
            f"{spec.name} computes {what} {have:.6g} where its record says {want:.6g} (tolerance {golden['tolerance']}); "
            "install the versions in requirements.txt or fetch the weights again"
        )


def _outputs(network: nn.Module, shapes: list[list[int]], seed: int) -> Tensor:
    """All output values in one row, float32; uniform inputs in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.rand(shape, generator=generator) * 2 - 1 for shape in shapes]
    with torch.inference_mode():
        answer = network(*inputs)
    tensors: list[Tensor] = [answer] if isinstance(answer, Tensor) else list(answer)
    return torch.cat([tensor.flatten().float() for tensor in tensors])


def _summary(outputs: Tensor) -> dict[str, Any]:
    head = [round(value, 6) for value in outputs[:HEAD].tolist()]
    return {"mean": round(float(outputs.mean()), 6), "std": round(float(outputs.std()), 6), "head": head}
