"""Train on pits in 304 stainless steel: YOLOv8-seg, the seed's tool, `CorrosionUNet` or `PixelNet`, on the same views and folds.

    python train/pits_segment.py pixels --data DATA --out runs/pits_pixels
    python train/pits_segment.py unet --data DATA --start runs/sem_ni20cr/last.pt --out runs/pits_unet
    python train/pits_segment.py yolo --data DATA --init yolov8n-seg-coco.safetensors --out runs/pits_yolo

161 tiles of 128 px have boxes drawn by hand; the masks in them are `annotate.refined`.  Four folds leave out whole groups (the
largest holds half of all tiles); a fifth network learns from everything and is the one to ship.  What is called a pit at all (how
sure, how far out) is chosen for each fold on the answers to the other folds.  Scores are of what the product would answer.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from annotate import automatic, numbered
from instance_scores import Matched, Pool, Tile, boxes_of, instance_summary, matched
from safetensors.torch import load_file
from segment_views import UNKNOWN, Labelled, Windows, instrument, window
from segmenting import Config, Lesson, Run, Sampler, fit, semantic, to_batch
from sklearn.model_selection import GroupKFold
from support import REPORTS, arguments, fresh_seed, load_checkpoint, read_rgb, save_sheet, write_json
from torch import Tensor, nn

from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.pixel_net import PixelNet, describe
from corrovis.networks.yolo_seg import PROTOTYPE_STRIDE, YoloSeg
from corrovis.sem.preparing import prepared
from corrovis.sem.segmentation import Found, InstanceRule, classes_of, look, regions_of

EVERYTHING = "everything"
FOLDS = 4
LABELLED_AT = 2  # masks are refined, and views cut, from tiles enlarged so much
DRAWN = 1.12  # a hand-drawn box is this much wider than the pit's mask, in the median of 2455
GREY = 128
LEAST_PX = 5
ZOOMS = ((0.6, 1.8), (0.6, 1.8), (1.8, 4.5))  # of the doubled tile, one view each for the pixel classifier: pits of 8 to 60 px
EXTENTS, SURENESS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7), np.arange(0.1, 0.98, 0.04)


@dataclass(frozen=True)
class Method:
    """How one kind of network learns: `input` as in its record, views of `scales` of the doubled tile, the loop's sizes."""

    make: Callable[[], nn.Module]
    input: dict[str, Any]
    scales: tuple[float, float]
    config: Config


SEEN = {"size": 512, "overlap": 64, "levels": "flattened", "enlarged_to": 4096, "least_px": LEAST_PX}
METHODS = {
    "unet": Method(
        lambda: CorrosionUNet(2), {**SEEN, "enlarge": 2}, (0.6, 1.8), Config(side=160, batch=4, steps=100, lr=1.5e-3, ema=0.96)
    ),
    "pixels": Method(
        lambda: PixelNet(2), {**SEEN, "enlarge": 2}, ZOOMS[0], Config(side=192, batch=4096, steps=500, lr=4e-3, ema=0.98)
    ),
    "yolo": Method(
        lambda: YoloSeg(1),
        {**SEEN, "enlarged_to": 8192, "enlarge": 4, "shrunk": [0.5, 0.25]},
        (1.2, 3.0),
        Config(side=320, batch=4, steps=900, lr=1e-3, ema=0.98),
    ),
}


@dataclass(frozen=True)
class Pits:
    """A labelled tile: as the detector gave it, its hand-drawn boxes (n, 4) in its pixels, and the doubled view to learn from."""

    rgb: np.ndarray
    boxes: np.ndarray
    view: Labelled


def load_tiles(data: Path, masks: str) -> list[Pits]:
    with (data / "sem/sem.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("pits304/")]
    return [load_tile(data / "sem", row, masks) for row in rows]


def load_tile(folder: Path, row: dict[str, str], masks: str) -> Pits:
    rgb = read_rgb(folder / row["file"])
    large = prepared(rgb, {"levels": "flattened", "enlarge": LABELLED_AT})
    boxes = read_boxes(folder / row["mask"], rgb.shape[:2])
    grey = np.ascontiguousarray(large[..., 0])
    if masks == "manual":
        numbers = numbered(grey, boxes * LABELLED_AT)
    else:
        numbers = cv2.connectedComponents(automatic(grey).astype(np.uint8))[1].clip(0, UNKNOWN - 1).astype(np.uint8)
    return Pits(rgb, boxes, Labelled(Path(row["file"]).stem, row["group"], large, numbers))


def read_boxes(path: Path, size_hw: tuple[int, int]) -> np.ndarray:
    """(n, 4) x0 y0 x1 y1 in pixels from YOLO's lines: class, middle and size as shares of the picture."""
    rows = np.array([[float(v) for v in line.split()[1:5]] for line in path.read_text().splitlines() if line.strip()])
    middle, half = rows.reshape(-1, 4)[:, :2], rows.reshape(-1, 4)[:, 2:] / 2
    return np.concatenate([middle - half, middle + half], axis=1) * np.tile(size_hw[::-1], 2)


def sampler(tiles: list[Pits], method: Method, config: Config, seed: int) -> Sampler:
    """Views whose mask is the pits' numbers.  Each group counts by the root of its tiles, so that one field does not decide."""
    dice = random.Random(seed)
    cut = Windows(config.side, method.scales, turn=180, stretch=0.15, upside_down=True)
    count = {group: sum(t.view.group == group for t in tiles) for group in {t.view.group for t in tiles}}
    weight = [count[t.view.group] ** -0.5 for t in tiles]

    def sample() -> Labelled:
        view = window(dice.choices(tiles, weight)[0].view, cut, dice)
        return replace(view, rgb=instrument(view.rgb, dice))

    return sample


@dataclass(frozen=True)
class Bank:
    """Described pixels of many views: features (n, FEATURES), classes (n,), and the group of each."""

    features: Tensor
    classes: Tensor
    groups: np.ndarray


def described(tiles: list[Pits], config: Config) -> Bank:
    """A view of each tile at each zoom; from each as many pixels beside pits and anywhere as there are in pits, at least 200."""
    cuts = [Windows(config.side, zoom, turn=180, stretch=0.15, upside_down=True) for zoom in ZOOMS]
    dice, features, classes, groups = random.Random(0), [], [], []
    for tile, cut in itertools.product(tiles, cuts):
        view = as_classes(window(tile.view, cut, dice))
        x, _ = to_batch([replace(view, rgb=instrument(view.rgb, dice))])
        around = cv2.dilate((view.mask == 1).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        noise = np.random.default_rng(dice.randrange(1 << 30))
        pit, near, far = (np.flatnonzero(m) for m in (view.mask == 1, around & (view.mask == 0), ~around & (view.mask == 0)))
        most = min(max(len(pit), 200), 600)
        rows = np.concatenate([noise.choice(part, min(most, len(part)), replace=False) for part in (pit, near, far)])
        features.append(describe(x[:, :1])[0].flatten(1).T[rows])
        classes.append(torch.from_numpy((view.mask.ravel()[rows] == 1).astype(np.int64)))
        groups += [tile.view.group] * len(rows)
    return Bank(torch.cat(features), torch.cat(classes), np.array(groups))


def pixelwise(bank: Bank, config: Config) -> Lesson:
    dice = torch.Generator().manual_seed(config.seed)

    def lesson(network: nn.Module, device: torch.device) -> Tensor:
        rows = torch.randint(len(bank.classes), (config.batch,), generator=dice)
        logits = network.classify(bank.features[rows].to(device))
        return F.cross_entropy(logits, bank.classes[rows].to(device), label_smoothing=0.02)

    return lesson


def lesson_of(name: str, sample: Sampler, config: Config) -> Lesson:
    return boxed(sample, config) if name == "yolo" else semantic(lambda: as_classes(sample()), config)


def as_classes(view: Labelled) -> Labelled:
    return replace(view, mask=np.where(view.mask == UNKNOWN, UNKNOWN, view.mask > 0).astype(np.uint8))


def pits_of(mask: np.ndarray) -> np.ndarray:
    """A view's mask with the numbers of its pits alone."""
    return np.where(mask == UNKNOWN, 0, mask)


def boxed(
    sample: Sampler, config: Config, numbers_of: Callable[[np.ndarray], np.ndarray] = pits_of, wider: float = DRAWN
) -> Lesson:
    """Lessons of YOLOv8-seg: masks by their numbers from 1, boxes so much `wider`, and beyond the picture nothing to find."""

    def lesson(network: nn.Module, device: torch.device) -> Tensor:
        views = [sample() for _ in range(config.batch)]
        views = [replace(v, rgb=np.where(v.mask[..., None] == UNKNOWN, GREY, v.rgb).astype(np.uint8)) for v in views]
        targets = [instance_targets(numbers_of(view.mask), wider) for view in views]
        boxes, numbers = [boxes for boxes, _ in targets], torch.stack([numbers for _, numbers in targets])
        loss: Tensor = network.training_loss(to_batch(views)[0].to(device), boxes, numbers)
        return loss

    return lesson


def instance_targets(numbers: np.ndarray, wider: float) -> tuple[Tensor, Tensor]:
    """(k, 4) boxes as middle and size in [0, 1], `wider` than the masks, and the numbers 1 .. k on the grid of the prototypes."""
    there = np.unique(numbers[numbers > 0])
    order = np.searchsorted(np.concatenate([[0], there]), numbers)
    boxes = boxes_of(order) / np.tile(numbers.shape[::-1], 2)
    rows = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, wider * (boxes[:, 2:] - boxes[:, :2])], axis=1)
    return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(order[::PROTOTYPE_STRIDE, ::PROTOTYPE_STRIDE].copy())


def answers(network: nn.Module, tile: Pits, how: dict[str, Any]) -> dict[float, Found]:
    """What the product would find, however unsure, for each extent that is tried."""
    if isinstance(network, YoloSeg):
        return {0.5: look(network, tile.rgb, {**how, "sure": 0.02})}
    p = classes_of(network, prepared(tile.rgb, how), how)
    p = np.stack([cv2.resize(plane, tile.rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR) for plane in p])
    found = {extent: regions_of(p, InstanceRule(extent, 0.0, LEAST_PX)) for extent in EXTENTS}
    return {extent: Found(labels, regions, p[1], scores) for extent, (labels, regions, scores) in found.items()}


def score_tile(tile: Pits, found: Found) -> Matched:
    """Boxes against the hand-drawn ones, masks against the refined ones, in the tile's own pixels."""
    size = tile.rgb.shape[1::-1]
    each = [(tile.view.mask == n + 1).astype(np.float32) for n in range(len(tile.boxes))]
    layers = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in each]
    stack = np.stack([np.full(size[::-1], 0.499, np.float32), *layers])
    boxes = boxes_of(found.regions) if found.boxes is None else found.boxes.astype(np.float32)
    return matched(Tile(tile.view.group, boxes, found.regions, found.scores, tile.boxes, stack.argmax(axis=0)))


def choose(scored: dict[float, list[Matched]], known: np.ndarray) -> tuple[float, float]:
    """The extent and sureness at which pits of the tiles `known` are found best, and as many as there are."""
    pools, weight = {extent: Pool(tiles) for extent, tiles in scored.items()}, known.astype(float)

    def worth(extent: float, sure: float) -> float:
        m = pools[extent].found(sure, weight)
        precision, recall = m["box_precision"], m["box_recall"]
        return 2 * precision * recall / max(precision + recall, 1e-9) - m["count_error"]

    return max(itertools.product(scored, SURENESS.tolist()), key=lambda pair: worth(*pair))


def cross_validated(scored: dict[float, list[Matched]], fold: np.ndarray) -> tuple[list[Matched], list[tuple[float, float]]]:
    """Every tile at the settings chosen without its fold; scores are moved so that `sure` is 0.5 in all."""
    tiles: list[Matched] = [None] * len(fold)  # type: ignore[list-item]
    chosen = []
    for k in range(FOLDS):
        extent, sure = choose(scored, fold != k)
        chosen.append((extent, round(sure, 2)))
        for i in np.flatnonzero(fold == k):
            tiles[i] = replace(scored[extent][i], scores=scored[extent][i].scores - sure + 0.5)
    return tiles, chosen


def draw(tile: Pits, found: Found, sure: float) -> np.ndarray:
    """The tile at four times its size: hand-drawn boxes green, found outlines red."""
    picture = cv2.resize(tile.view.rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    scale = picture.shape[0] / tile.rgb.shape[0]
    for box in np.round(tile.boxes * scale).astype(int):
        cv2.rectangle(picture, box[:2].tolist(), box[2:].tolist(), (0, 220, 0), 1)
    for i in np.flatnonzero(found.scores >= sure):
        one = cv2.resize((found.regions == i + 1).astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        cv2.drawContours(picture, cv2.findContours(one, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], -1, (230, 0, 0), 1)
    return picture


def train(args: argparse.Namespace, tiles: list[Pits], bank: Bank | None, out: Path) -> nn.Module:
    """A network of the chosen method that has seen `tiles` alone."""
    method, config = METHODS[args.method], config_of(args)
    torch.manual_seed(config.seed)
    network = method.make()
    if isinstance(network, PixelNet) and bank is not None:
        known = torch.from_numpy(np.isin(bank.groups, [tile.view.group for tile in tiles]))
        bank = Bank(bank.features[known], bank.classes[known], bank.groups[known.numpy()])
        network.standardise(bank.features)
        return fit(network, pixelwise(bank, config), config, Run(out, args.resume))
    if isinstance(network, YoloSeg) and args.init:
        print(f"  {network.load_coco(load_file(args.init))} tensors from {args.init.name}", flush=True)
    elif args.start:
        load_checkpoint(args.start, network=network)
    sample = sampler(tiles, method, config, fresh_seed(config.seed, out, args.resume))
    return fit(network, lesson_of(args.method, sample, config), config, Run(out, args.resume))


def config_of(args: argparse.Namespace) -> Config:
    config = METHODS[args.method].config
    config = replace(config, steps=args.steps or config.steps)
    return replace(config, side=64, batch=2, steps=2) if args.smoke else config


def main() -> None:
    parser = arguments(__doc__, "runs/pits")
    parser.add_argument("method", choices=sorted(METHODS))
    parser.add_argument("--init", type=Path, help="yolo: COCO weights of YOLOv8n-seg as safetensors")
    parser.add_argument("--start", type=Path, help="unet: checkpoint of another inspection network with two classes")
    parser.add_argument("--masks", choices=("manual", "auto"), default="manual", help="in the drawn boxes, or without any box")
    parser.add_argument("--steps", type=int, help="[default: as the method needs]")
    parser.add_argument("--report", type=Path, help="where the scores go  [default: train/reports/sem_pits_METHOD.json]")
    args = parser.parse_args()
    report = args.report or REPORTS / f"sem_pits_{args.method}.json"
    how = METHODS[args.method].input
    drawn = load_tiles(args.data, "manual")
    tiles = drawn if args.masks == "manual" else load_tiles(args.data, args.masks)
    groups = [tile.view.group for tile in tiles]
    config = config_of(args)
    bank = described(tiles, config) if args.method == "pixels" else None
    folds = list(GroupKFold(FOLDS).split(groups, groups=groups))
    fold, found = np.zeros(len(tiles), int), [dict[float, Found]()] * len(tiles)
    for k, (known, left_out) in enumerate(folds):
        print(f"without {sorted({groups[i] for i in left_out})}", flush=True)
        network = train(args, [tiles[i] for i in known], bank, args.out / f"without_{k}.pt")
        fold[left_out] = k
        for i in left_out:
            found[i] = answers(network, drawn[i], how)
    scored = {extent: [score_tile(t, f[extent]) for t, f in zip(drawn, found, strict=True)] for extent in found[0]}
    parts, chosen = cross_validated(scored, fold)
    extent, sure = choose(scored, np.ones(len(tiles), bool))
    on = f"{len(tiles)} tiles of fields that the network had not seen, {FOLDS} folds"
    metrics = instance_summary(parts, 0.5, on)
    print({name: score["value"] for name, score in metrics.items()}, chosen, flush=True)
    shown = np.linspace(0, len(tiles) - 1, min(16, len(tiles) // 4 * 4)).astype(int)
    sheet = [draw(drawn[i], found[i][extent], sure) for i in shown]
    save_sheet([sheet[i : i + 4] for i in range(0, len(sheet) // 4 * 4, 4)], args.out / "sheet.png")
    made = {"config": asdict(config), "masks": args.masks, "chosen": chosen}
    made |= {"input": {**how, "extent": extent, "sure": round(sure, 2)}, "tiles": len(tiles), "groups": len(set(groups))}
    write_json(report, {"metrics": metrics, "made": made})
    print(EVERYTHING, flush=True)
    train(args, tiles, bank, args.out / "last.pt")


if __name__ == "__main__":
    main()
