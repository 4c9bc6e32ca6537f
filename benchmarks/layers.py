"""Times every convolution's view of one 1024 x 768 micrograph, for each network that can be looked into, with and without files.

Prints seconds on the clock and of the processor; the goal is below two seconds on two cores.

    python benchmarks/layers.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from corrovis.render.layer_sheets import Look, write_layers
from corrovis.sem.layers import LayerViewer
from corrovis.sem.results import Field
from corrovis.settings import Settings
from corrovis.store import Store


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    settings = Settings.from_environment()
    viewer = LayerViewer(Store(settings.weights, settings.threads))
    grey = np.random.default_rng(0).integers(60, 200, (768, 1024, 1)).astype(np.uint8)
    field = Field(np.repeat(grey, 3, axis=2), "noise", (0, 768))
    print(f"{torch.get_num_threads()} threads; seconds on the clock (of the processor)")
    for model in viewer.models:
        viewer.view([field], model)  # the first call loads the network
        clock, processor = time.perf_counter(), time.process_time()
        view = viewer.view([field], model)
        looked = f"{time.perf_counter() - clock:.2f} ({time.process_time() - processor:.2f})"
        with tempfile.TemporaryDirectory() as folder:
            write_layers(view, Look(), Path(folder))
        whole = f"{time.perf_counter() - clock:.2f} ({time.process_time() - processor:.2f})"
        print(f"{model:18} {len(view.layers):3} convolutions: looked {looked}, with PNG of each, overview and PDF {whole}")


if __name__ == "__main__":
    main()
