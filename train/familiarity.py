"""Learn what an inspection model has seen, so that it can say when a picture is unlike anything in its training.

    python train/familiarity.py ni20cr --data DATA                   # again after each release of `material`
    python train/familiarity.py steel-structures --data DATA
    python train/familiarity.py pits304 --data DATA

Windows of the training pictures, as training shows them, go through the material classifier; `Familiarity` keeps mean and spread
of the texture that comes out.  Every group of pictures (coupon, place) is then measured against statistics of all others: its
distances are those of honest pictures.  The limit lies above nearly all of them.  Strangers (photos of cars, noise, other
micrographs) are measured against the same statistics.
"""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from export import Release, export
from grade_scores import share
from segment_views import Labelled, Windows, camera, instrument, window
from sem_segment import SCALES, load_fields
from structure_segment import SCALES as PHOTO_SCALES
from support import REPORTS, arguments, fold_of, read_rgb, write_json

from corrovis.manifest import WeightSpec, read_manifest
from corrovis.networks.familiarity import Familiarity
from corrovis.networks.material_net import MaterialNet
from corrovis.sem.familiarity import SEEN_BY, SIDE, cut_windows, features, record_of
from corrovis.sem.preparing import as_seen
from corrovis.settings import WEIGHTS
from corrovis.store import Store

ROOT = Path(__file__).resolve().parents[1]
DIRECTIONS = 8
MOST_FOLDS = 8
PASSING = 0.95


@dataclass(frozen=True)
class Config:
    """`views`: windows to learn from; `of_a_kind`: strangers of each kind to test with."""

    views: int = 400
    of_a_kind: int = 8


@dataclass(frozen=True)
class Source:
    """Where a model's training pictures come from, and how training showed them.

    The limit lies `room` times as far as `PASSING` of the pictures left out: a few fields do not say how far all may lie.
    """

    load: Callable[[Path, WeightSpec], list[Labelled]]
    scales: tuple[float, float]
    disturb: Callable[[np.ndarray, random.Random], np.ndarray]
    turn: float
    room: float = 1.1


def fields_of(data: Path, spec: WeightSpec) -> list[Labelled]:
    return load_fields(data)


def photos_of(data: Path, spec: WeightSpec) -> list[Labelled]:
    """Neighbours in number show the same bridge: they are kept together, ten by ten."""
    paths = sorted((data / "steel_structures/images").glob("*.jpg"), key=lambda path: int(path.stem))
    return [seen_of(read_rgb(path), f"place {int(path.stem) // 10}", spec) for path in paths]


def tiles_of(data: Path, spec: WeightSpec) -> list[Labelled]:
    with (data / "sem/sem.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("pits304/")]
    return [seen_of(read_rgb(data / "sem" / row["file"]), row["group"], spec) for row in rows]


def seen_of(rgb: np.ndarray, group: str, spec: WeightSpec) -> Labelled:
    seen = as_seen(rgb, spec)
    return Labelled("", group, seen, np.zeros(seen.shape[:2], np.uint8))


SOURCES = {
    "ni20cr": Source(fields_of, SCALES, instrument, 180),
    "pits304": Source(tiles_of, (0.8, 1.25), instrument, 180),
    "steel-structures": Source(photos_of, PHOTO_SCALES, camera, 12, room=1.0),
}


def views(pictures: list[Labelled], source: Source, count: int, seed: int) -> list[Labelled]:
    """Windows as training shows them; every other one as the instrument or camera left it."""
    dice = random.Random(seed)
    cut = Windows(SIDE, source.scales, turn=source.turn, stretch=0.2, upside_down=source.turn > 90)
    found = []
    for n in range(count):
        view = window(dice.choice(pictures), cut, dice)
        found.append(replace(view, rgb=source.disturb(view.rgb, dice)) if n % 2 else view)
    return found


def rows_of(network: MaterialNet, seen: list[Labelled]) -> torch.Tensor:
    """(n, features) of windows."""
    with torch.inference_mode():
        found = [features(network, [one.rgb for one in seen[i : i + 8]]) for i in range(0, len(seen), 8)]
    return torch.cat(found).clone()


def learned(rows: torch.Tensor) -> Familiarity:
    known = Familiarity(rows.shape[1], min(DIRECTIONS, len(rows) - 1))
    known.learn(rows)
    return known.eval()


def distance(known: Familiarity, network: MaterialNet, seen: np.ndarray) -> float:
    """Of a picture as its network sees it: the median over its windows, as the application takes it."""
    with torch.inference_mode():
        return float(known(features(network, cut_windows(seen))).median())


def strangers(data: Path, model: str, of_a_kind: int) -> dict[str, list[np.ndarray]]:
    """(H, W, 3) uint8 pictures of other kinds than `model` has learned from."""
    dice = np.random.default_rng(0)
    grey = dice.normal(128, 40, (512, 512, 1)).clip(0, 255).astype(np.uint8)
    clouds = cv2.resize(dice.integers(0, 255, (8, 8, 3)).astype(np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    kinds = {"clean cars": "cars/clean/*.jpg", "rusty cars": "cars/rusty/*.jpg", "close-ups of rust": "cars/rust_textures/*.jpg"}
    kinds |= {"micrographs of lead-bismuth corrosion": "sem/ss_lbe/*", "micrographs of dealloying": "sem/lmd/*"}
    kinds |= {"micrographs of coatings": "sem/nasa_ebc/*", "hot-rolled steel": "steel/*/*"}
    kinds |= {"ni20cr": "sem/ni20cr/*.jpg", "pits304": "sem/pits304/*.png", "steel-structures": "steel_structures/images/*.jpg"}
    found = {"drawn cars": [read_rgb(path) for path in sorted((ROOT / "examples").glob("*.jpg"))]}
    for kind, pattern in kinds.items():
        paths = sorted(data.glob(pattern))
        if kind != model and paths:
            found[kind] = [read_rgb(paths[i]) for i in dice.choice(len(paths), min(of_a_kind, len(paths)), replace=False)]
    return {**found, "noise": [np.repeat(grey, 3, axis=2)], "blank": [np.full((512, 512, 3), 128, np.uint8)], "clouds": [clouds]}


def folds_of(pictures: list[Labelled]) -> np.ndarray:
    """The fold of each picture: a fold for each group, or groups dealt out where there are many."""
    names = sorted({picture.group for picture in pictures})
    fold = {name: n if len(names) <= MOST_FOLDS else fold_of(name) for n, name in enumerate(names)}
    return np.array([fold[picture.group] for picture in pictures])


def left_out(pictures: list[Labelled], shown: list[Labelled], rows: torch.Tensor, network: MaterialNet) -> np.ndarray:
    """Distance of every picture from statistics without its fold; `rows` are the features of the views `shown`."""
    fold, distances = folds_of(pictures), np.zeros(len(pictures))
    for number in np.unique(fold):
        own = {picture.group for picture, n in zip(pictures, fold, strict=True) if n == number}
        known = learned(rows[torch.tensor([view.group not in own for view in shown])])
        distances[fold == number] = [distance(known, network, pictures[i].rgb) for i in np.flatnonzero(fold == number)]
    return distances


def limit_of(distances: np.ndarray, room: float) -> float:
    return float(np.quantile(distances, PASSING)) * room


def false_alarms(distances: np.ndarray, group: np.ndarray, room: float, on: str) -> dict[str, Any]:
    """Share of pictures left out that a limit set on the other groups would warn of, with an interval over groups."""
    names = np.unique(group)
    alarm = np.zeros(len(group), bool)
    for name in names:
        alarm[group == name] = distances[group == name] > limit_of(distances[group != name], room)
    return share(alarm, group, on)


def warned(distances: list[float], limit: float, on: str) -> dict[str, Any]:
    """Share of strangers beyond the limit; which of them they are is nothing to the interval."""
    hits = np.sort(np.array(distances) > limit)
    return share(hits, np.arange(len(hits)), on)


def main() -> None:
    parser = arguments(__doc__, "runs/familiarity")
    parser.add_argument("name", choices=sorted(SOURCES))
    parser.add_argument("--report", type=Path, help="where the scores go; train/reports/familiar_NAME.json if not said")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    began, source = time.time(), SOURCES[args.name]
    records = read_manifest(args.weights)
    spec, network = records[args.name], Store(args.weights).network(SEEN_BY)
    if not isinstance(network, MaterialNet):
        raise SystemExit(f"{SEEN_BY} is a {records[SEEN_BY].arch}; only a MaterialNet sees texture")
    pictures = source.load(args.data, spec)
    config = Config(views=40, of_a_kind=1) if args.smoke else Config()
    shown = views(pictures, source, config.views, 0)
    rows = rows_of(network, shown)
    distances = left_out(pictures, shown, rows, network)
    known, limit = learned(rows), limit_of(distances, source.room)
    group = np.array([picture.group for picture in pictures])
    on = "pictures against statistics that had not seen their group, limit from the other groups"
    metrics = {"false_alarms": false_alarms(distances, group, source.room, on)}
    for kind, some in strangers(args.data, args.name, config.of_a_kind).items():
        far = [distance(known, network, as_seen(rgb, spec)) for rgb in some]
        metrics[f"warned_of_{kind.replace(' ', '_')}"] = warned(far, limit, f"pictures: {kind}")
        print(f"{kind}: {np.round(np.array(far) / limit, 2)}", flush=True)
    report = args.report or REPORTS / f"familiar_{args.name}.json"
    made = {"directions": DIRECTIONS, "views": config.views, "passing": PASSING, "room": source.room, "limit": round(limit, 4)}
    write_json(report, {"metrics": metrics, "distances": [round(float(d), 3) for d in sorted(distances)], "made": made})
    release = Release(
        name=record_of(args.name),
        arch="Familiarity",
        shapes=[[2, len(known.mean)]],
        about=f"What {args.name} saw in training, before it decides: how far a picture lies from that",
        classes=("distance",),
        input={"of": args.name, "seen_by_sha256": records[SEEN_BY].sha256, "limit": round(limit, 4), "size": SIDE},
        limits="Knows texture, not objects: materials of a like texture pass. Few groups set the limit, so it is rough.",
        config={"features": len(known.mean), "directions": known.spread.shape[0]},
        trained={
            "command": f"python train/familiarity.py {args.name}",
            "data": spec.trained.get("data", ""),
            "steps": config.views,
            "seconds": round(time.time() - began),
            "device": "1 CPU core",
        },
        metrics=metrics,
    )
    print(metrics["false_alarms"], export(known, release, args.weights).file, flush=True)


if __name__ == "__main__":
    main()
