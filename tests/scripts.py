"""Runs a training script as a person would, but for its imports, which take longer than most of these runs.

A server that has imported them forks a process for each run, so none of them sees what another has left behind.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 1800
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
IMPORTED = ("accelerate", "cv2", "segmentation_models_pytorch", "sklearn.linear_model", "timm", "torch", "torchvision", "support")


def run(script: str, *options: str | Path) -> str:
    """Output of a training script; the test fails with its errors when it does."""
    with tempfile.TemporaryDirectory() as folder:
        said, errors = Path(folder) / "said", Path(folder) / "errors"
        call = (str(ROOT / "train" / script), [str(option) for option in options], said, errors)
        process = _processes().Process(target=_run_here, args=call)
        process.start()
        process.join(PATIENCE_S)
        process.kill()
        assert process.exitcode == 0, errors.read_text()[-3000:]
        return said.read_text()


def _processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)  # what the server is started with is what its children have
    forkserver.ensure_running()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    return context


def _run_here(script: str, options: list[str], said: Path, errors: Path) -> None:
    for number, path in ((1, said), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, encoding="utf-8") for number in (1, 2))
    sys.argv, sys.path[:0] = [script, *options], [str(Path(script).parent), str(ROOT)]
    runpy.run_path(script, run_name="__main__")
