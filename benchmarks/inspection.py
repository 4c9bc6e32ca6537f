"""Times the inspection of one drawn 2000 px field (tiles, regions, severity, heat map) against the bare forward passes.

python benchmarks/inspection.py
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from corrovis.sem.fields import Stitcher
from corrovis.sem.inspection import Inspector
from corrovis.sem.results import Field
from corrovis.sem.seeing import as_seen, to_input
from corrovis.sem.segmentation import Segmenter
from corrovis.settings import Settings
from corrovis.store import Store


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
    tiles = Stitcher(seen.shape[:2], spec.input["size"], spec.input["overlap"], 0).tiles()
    inputs = [to_input(seen[where]) for where in tiles]
    began = time.perf_counter()
    with torch.inference_mode():
        for x in inputs:
            network(x)
    bare = time.perf_counter() - began
    began = time.perf_counter()
    found = inspector.inspect(field, args.model)
    whole = time.perf_counter() - began
    print(f"{len(inputs)} forward passes: {bare:.2f} s")
    print(f"inspection: {whole:.2f} s, {whole / bare:.2f} times as long; {len(found.regions)} regions")


if __name__ == "__main__":
    main()
