"""Times the inspection of one drawn 2000 px field (tiles, regions, severity, heat map) against the bare forward passes.

python benchmarks/inspection.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from corrovis.sem.inspection import Inspector
from corrovis.sem.preparing import as_seen, picture_input
from corrovis.sem.results import Field
from corrovis.sem.segmentation import Segmenter
from corrovis.settings import Settings
from corrovis.store import Store
from corrovis.tiles import windows


def drawn_field(side: int) -> Field:
    """Dark boundaries in a regular pattern under a detector's noise."""
    y, x = np.mgrid[0:side, 0:side]
    boundary = (np.abs(np.sin(x / 40 + np.sin(y / 55))) < 0.08) | (np.abs(np.sin(y / 47 + np.sin(x / 60))) < 0.08)
    grey = np.random.default_rng(0).normal(np.where(boundary, 60, 170), 8).clip(0, 255).astype(np.uint8)
    return Field(np.repeat(grey[..., None], 3, axis=2), "drawn.png", (0, side))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2000)
    parser.add_argument("--model", default="ni20cr")
    args = parser.parse_args()
    settings = Settings.from_environment()
    store = Store(settings.weights, settings.threads)
    inspector, field = Inspector(Segmenter(store)), drawn_field(args.side)
    inspector.inspect(drawn_field(256), args.model)  # loads the network

    spec, network = store.spec(args.model), store.network(args.model)
    seen = as_seen(field.specimen, spec)
    tiles = windows(seen.shape[:2], spec.input["size"], spec.input["overlap"])
    inputs = [picture_input(seen[where]) for where in tiles]
    bare = timed(lambda: [forward(network, x) for x in inputs])
    whole = timed(lambda: inspector.inspect(field, args.model))
    for what, took in ((f"{len(inputs)} forward passes", bare), ("inspection", whole)):
        print(f"{what}: {took[0]:.2f} s, {took[1]:.2f} s of processors")
    by_clock, by_processors = (whole[i] / bare[i] for i in (0, 1))
    print(f"{by_clock:.2f} times as long; {by_processors:.2f} times the processors' time, whatever else runs")


def forward(network: torch.nn.Module, x: torch.Tensor) -> None:
    with torch.inference_mode():
        network(x)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of all processors together."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processors


if __name__ == "__main__":
    main()
