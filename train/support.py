"""What every training script needs: the data folder, the hold-out, sample sheets, checkpoints that resume."""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from corrovis.settings import WEIGHTS

FOLDS = 5
REPO_OF_ONE_CAR = "ehcloninger/my72mgb"  # 46 clean photos of the same car
ONE_CAR = "ehcloninger"
REPORTS = Path(__file__).parent / "reports"
KEY = "key"  # of what kept arrays were computed from


def fold_of(group: str) -> int:
    """0 .. 4, the same on every machine.

    Fold 0 is the hold-out of `car-mask` and `car-rust`.  A network scored fold by fold learns from all of them to be shipped.
    """
    return zlib.crc32(group.encode()) % FOLDS


def is_held_out(group: str) -> bool:
    return fold_of(group) == 0


def group_of(row: Mapping[str, str]) -> str:
    """The car that a row of cars/clean.csv or cars/rusty.csv shows; `ONE_CAR` is never held out."""
    return ONE_CAR if row.get("repo") == REPO_OF_ONE_CAR else row.get("group") or Path(row["file"]).stem


def cars_of(data: Path) -> dict[str, str]:
    """The car that each photo of `data`/cars shows, by the photo's name without suffix."""
    groups = {}
    for name in ("clean.csv", "rusty.csv"):
        with (data / "cars" / name).open(newline="") as file:
            groups |= {Path(row["file"]).stem: group_of(row) for row in csv.DictReader(file)}
    return groups


def read_rgb(path: Path) -> np.ndarray:
    """(H, W, 3) uint8."""
    return np.asarray(Image.open(path).convert("RGB"))


def read_mask(path: Path) -> np.ndarray:
    """(H, W) uint8 as stored."""
    return np.asarray(Image.open(path).convert("L"))


class Options(argparse.ArgumentParser):
    """Asks for data that is missing, and keeps what a smoke test writes away from runs, published reports and shipped weights.

    What it answers has `command`, the call for the record.
    """

    def parse_args(self, *words: Any) -> argparse.Namespace:  # type: ignore[override]
        args = super().parse_args(*words)
        args.command = self.command(args)
        if args.data is None and not getattr(args, "clips", None):
            self.error("--data is missing: name the folder of data sets, or set CORROVIS_DATA")
        if args.smoke and args.out == self.get_default("out"):
            args.out = Path("runs/smoke") / args.out.name
        if args.smoke and hasattr(args, "report") and args.report == self.get_default("report"):
            args.report = args.out / "report.json"
        if args.smoke and getattr(args, "weights", None) == WEIGHTS:
            args.weights = Path(shutil.copytree(WEIGHTS, args.out / "weights", dirs_exist_ok=True))
        return args

    def command(self, args: argparse.Namespace) -> str:
        """The call as a record tells it: every option that was set to something else than its default, paths by their names."""
        words = ["python", f"train/{self.prog}"]
        for action in self._actions:
            value = getattr(args, action.dest, action.default)
            if str(value) != str(action.default):
                words += [*action.option_strings[-1:], *([] if value is True else [Path(str(value)).name])]
        return shlex.join(words)


def arguments(description: str | None, out: str) -> argparse.ArgumentParser:
    """The options that all scripts share: --data --out --resume --smoke."""
    parser = Options(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CORROVIS_DATA"), help="folder of data sets")
    parser.add_argument("--out", type=Path, default=Path(out), help="where checkpoints and sample sheets go")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--smoke", action="store_true", help="two steps at toy size, to test the script")
    return parser


def warped(picture: np.ndarray, matrix: np.ndarray, side: int, border: int, fill: tuple[int, ...] = (0, 0, 0)) -> np.ndarray:
    """(side, side, 3) view of a picture (H, W, 3) through a 2 x 3 `matrix`, averaged where that makes it smaller.

    OpenCV's warpAffine does not average: it takes INTER_AREA for INTER_LINEAR.  So the picture is reduced first.
    """
    height, width = picture.shape[:2]
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        x, y = width / size[0], height / size[1]
        matrix = matrix @ np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])  # between centres of pixels
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill)


def save_sheet(rows: list[list[np.ndarray]], path: Path) -> None:
    """A picture sheet: every cell (H, W, 3) uint8, all cells of one size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)).save(path)


def captioned(cell: np.ndarray, text: str) -> np.ndarray:
    """A copy of a cell (H, W, 3) uint8 with a line of white text, edged with black, at its lower left."""
    cell = cell.copy()
    for grey, thick in ((0, 3), (255, 1)):
        cv2.putText(cell, text, (3, len(cell) - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (grey,) * 3, thick, cv2.LINE_AA)
    return cell


def save_checkpoint(path: Path, config: Any, step: int, **parts: Any) -> None:
    """Write whole or not at all: a killed run keeps its last good checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: part.state_dict() for name, part in parts.items()}
    whole = path.with_suffix(".part")
    torch.save({"config": asdict(config), "step": step, **state}, whole)
    whole.replace(path)


def load_checkpoint(path: Path, **parts: Any) -> int:
    """Restore `parts` in place and return the step they were saved at; 0 when there is nothing to resume."""
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


def fresh_seed(seed: int, checkpoint: Path, resume: bool) -> int:
    """`seed`, and for a run that goes on another one: it is to be shown what it has not been shown yet."""
    return seed + (load_checkpoint(checkpoint) if resume else 0)


def rate_at(progress: float, least: float = 0.0) -> float:
    """Share of the learning rate: 1 in the first half, then linear to `least`."""
    return min(1.0, 2 * (1 - progress) + least)


def spent(out: Path, resume: bool) -> int:
    """Seconds that the run to be resumed took, as its state.json says; 0 for a new one."""
    state = out / "state.json"
    return int(json.loads(state.read_text())["seconds"]) if resume and state.exists() else 0


def read_kept(path: Path, key: str) -> dict[str, np.ndarray] | None:
    """The arrays that `write_kept` put there, unless they are none or were computed from something else than `key` says."""
    if not path.exists():
        return None
    with np.load(path) as arrays:
        found = dict(arrays)
    return found if str(found.pop(KEY, "")) == key else None


def write_kept(path: Path, key: str, arrays: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{KEY: np.array(key)}, **arrays)


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
