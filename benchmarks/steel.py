"""Times a synthetic set, patch by patch through every step, against the generator's bare forward passes.

    python benchmarks/steel.py
    python benchmarks/steel.py --patches 10000      # memory must not grow

The set is written to a folder that is deleted again.  Patches that the inspector or the search for duplicates drops are made all
the same, so both rates count patches made; what is kept is said beside.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from corrovis.settings import Settings
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.sets import BATCH, SetOrder
from corrovis.store import Store
from corrovis.tasks.steel import write_set


def bare_rate(maker: DefectMaker, network: nn.Module, batches: int) -> float:
    """Patches a second of the generator alone, as the store gives it, in the batches that a set is made in."""
    classes = len(maker.classes)
    x, labels = torch.zeros(BATCH, 1, maker.side, maker.side), torch.eye(classes)[torch.arange(BATCH) % (classes - 1)]
    with torch.inference_mode():
        network(x, labels)
        began = time.perf_counter()
        for _ in range(batches):
            network(x, labels)
    return batches * BATCH / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=540, help="about how many to keep in all")
    args = parser.parse_args()
    settings = Settings.from_environment()
    store = Store(settings.weights, settings.threads)
    maker = DefectMaker(store)
    inspector = PatchInspector(store) if "steel-inspector" in store else None
    order = SetOrder(maker.defects, max(1, args.patches // len(maker.defects)))
    bare_network = Store(settings.weights).network(maker.spec.name)  # not the one that the set changes the memory layout of
    before = bare_rate(maker, bare_network, 4)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        answer = write_set((maker, inspector), order, Path(folder))
        seconds = time.perf_counter() - began
    bare = (before + bare_rate(maker, bare_network, 4)) / 2  # before and after, for a machine is not always equally fast
    kept, dropped = sum(map(len, answer["files"].values())), sum(answer["dropped"].values())
    rate = (kept + dropped) / seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"bare forward pass: {bare:.1f} patches a second")
    print(f"set: {rate:.1f} patches a second made, {rate / bare:.2f} of the bare rate; {kept} kept, {dropped} dropped")
    print(f"10000 kept patches take {10_000 / (kept / seconds) / 60:.1f} minutes; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
