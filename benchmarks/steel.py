"""Times a synthetic set, patch by patch through every step, against the generator's bare forward passes.

    python benchmarks/steel.py
    python benchmarks/steel.py --patches 10000      # memory must not grow

The bare rate is the shipped generator's at its best: the memory layout, batches and threads that the set is made with.  A ratio
is patches made, through clean steel, noise, generator, search for duplicates, PNG and manifest, to what the bare generator makes
in the same time; the set is made twice, without the inspector's check and with it.  Patches that are dropped afterwards are made
all the same and count as made; what is kept is said beside.  The sets are written to folders that are deleted again.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from corrovis.settings import Settings
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.sets import BATCH, SetOrder
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools, write_set

BARE_BATCHES = 6


def bare_rate(maker: DefectMaker, network: nn.Module, batches: int) -> float:
    """Patches a second of the generator alone, in the batches that a set is made in."""
    classes = len(maker.classes)
    x = torch.zeros(BATCH, 1, maker.side, maker.side).contiguous(memory_format=torch.channels_last)
    labels, noise = torch.eye(classes)[torch.arange(BATCH) % (classes - 1)], torch.randn_like(x)
    with torch.inference_mode():
        network(x, labels, noise)
        began = time.perf_counter()
        for _ in range(batches):
            network(x, labels, noise)
    return batches * BATCH / (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Run:
    """A set beside bare passes before and after it, for a machine is not always equally fast: rates in patches a second."""

    bare: float
    made: float
    kept: int
    dropped: int

    @property
    def kept_rate(self) -> float:
        return self.made * self.kept / (self.kept + self.dropped)


def timed(tools: SteelTools, order: SetOrder, network: nn.Module) -> Run:
    before = bare_rate(tools.maker, network, BARE_BATCHES)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        answer = write_set(tools, order, Path(folder))
        seconds = time.perf_counter() - began
    bare = (before + bare_rate(tools.maker, network, BARE_BATCHES)) / 2
    kept, dropped = sum(map(len, answer["files"].values())), sum(answer["dropped"].values())
    return Run(bare, (kept + dropped) / seconds, kept, dropped)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=540, help="about how many to keep in all")
    args = parser.parse_args()
    settings = Settings.from_environment()
    store = Store(settings.weights, settings.threads)
    maker = DefectMaker(store)
    order = SetOrder(maker.defects, max(1, args.patches // len(maker.defects)))
    network = store.network(maker.spec.name).to(memory_format=torch.channels_last)
    run = timed(SteelTools(maker, None), order, network)
    print(f"bare forward pass: {run.bare:.1f} patches a second, {torch.get_num_threads()} threads, batches of {BATCH}")
    print(f"set without check: {run.made:.1f} patches a second made, {run.made / run.bare:.2f} of the bare rate")
    if "steel-inspector" in store:
        unchecked, run = run, timed(SteelTools(maker, PatchInspector(store)), order, network)
        print(f"set with the inspector's check: {run.made:.1f} made, {run.made / run.bare:.2f} of the bare rate ({run.bare:.1f})")
        cost = 1 / run.made - 1 / unchecked.made * unchecked.bare / run.bare
        print(f"the check alone: {1000 * cost:.2f} ms a patch, a bare pass {1000 / run.bare:.2f} ms")
    print(f"{run.kept} kept, {run.dropped} dropped")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"10000 kept patches take {10_000 / run.kept_rate / 60:.1f} minutes; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
