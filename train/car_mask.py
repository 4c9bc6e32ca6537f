"""Train `CarUNet`: where the car is, and which of its parts are paint.

    python train/car_labels.py --data DATA --init yolov8n-seg-coco.safetensors    # masks where nobody drew any, once
    python train/car_mask.py --data DATA --init yolov8n-seg-coco.safetensors --side 320 --steps 1200
    python train/car_mask.py --data DATA --start runs/car_mask/last.pt --out runs/car_mask2 --side 416 --steps 1100 --seed 1
    python train/car_mask.py --data DATA --start runs/car_mask2/last.pt --out runs/car_mask3 --side 416 --steps 450 --seed 2
    python train/car_mask.py --data DATA --start runs/car_mask3/last.pt --out runs/car_mask4 --side 416 --steps 600 --seed 3
    python train/average.py runs/car_mask3/last.pt runs/car_mask4/last.pt --out runs/mean4/last.pt
    python train/car_mask.py --data DATA --start runs/mean4/last.pt --out runs/car_mask5 --side 416 --steps 2600 --seed 5
    python train/average.py runs/mean4/last.pt runs/car_mask5/last.pt --out runs/mean5/last.pt    # the one shipped
    python train/car_mask.py --data DATA --encoder mobilenet_v2 --init mobilenet_v2-imagenet.safetensors    # the paper's own

Cars are learned from 194 drawn masks, and from a detector's masks of the others, where that saw a car; paint from the cars that
we outlined by hand (`car_outlines.py`), repainted in every colour of the trade: neither colour nor a network taught by it knew
that roofs are paint.  `--start` goes on with what a first network makes of all photos, close-ups too, which the detector does
not see, in views of the size that the app uses; of its labels the rim of a car is not believed.

The paper's network overfitted its 200 pictures.  Against that: crops from half to four times the scale, slanted views, new
backgrounds, repainting, one fifth of all cars held out, and an encoder that has found cars among a hundred thousand pictures.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from car_outlines import Outline, read_outlines
from car_pictures import LEAST_CAR
from safetensors.torch import load_file
from segment_scores import iou
from segmenting import Run, encoder_state, fit
from support import (
    arguments,
    cars_of,
    fresh_seed,
    is_held_out,
    load_checkpoint,
    read_mask,
    read_rgb,
    save_sheet,
    warped,
    write_json,
)

from corrovis.networks.car_unet import CAR, PAINT, CarUNet, EncoderName
from corrovis.tensors import tensor_of

UNSURE = 128
ENCODER_RATE = 0.3  # of the learning rate: it has much to lose


@dataclass(frozen=True)
class Config:
    """Sizes for two CPU cores; the paper's own are Adam 1e-3, reduce on plateau, 50 epochs."""

    side: int = 320
    batch: int = 4
    steps: int = 1200
    lr: float = 1e-3
    new_background: float = 0.15
    company: float = 0.2  # of all views have a second car in them
    close_up: float = 0.4
    drawn: float = 0.25  # of all views show a car whose mask was drawn by hand
    outlined: float = 0.5  # ... a car whose paint was
    rim: int = 2  # pixels to either side of a mask's edge that only a drawn mask knows
    ema: float = 0.995
    empty: float = 0.06
    repaint: float = 0.75
    turn: float = 8.0  # degrees, standard deviation
    stretch: float = 1.25  # of height against width, at the most
    lean: float = 0.1  # horizontal shift per pixel of height, standard deviation
    seed: int = 0


@dataclass
class Car:
    """One photo with labels: car (H, W) 0 / 255, paint (H, W) 0 / 128 unsure / 255; `group` names the car itself."""

    name: str
    group: str
    rgb: np.ndarray
    car: np.ndarray
    paint: np.ndarray
    drawn: bool


def load_cars(data: Path, labels: Path, outlines: dict[str, Outline]) -> list[Car]:
    """Cars with drawn masks, or with credible ones in `labels`/car; their paint is unsure but for those that have outlines."""
    cars, groups = [], cars_of(data)
    for path in photos_of(data):
        drawn = data / "cars/car_masks" / f"{path.stem}.png"
        car = read_mask(drawn) if drawn.exists() else without_rim(read_mask(labels / "car" / f"{path.stem}.png"))
        paint = np.where(car > 0, UNSURE, 0).astype(np.uint8)
        if path.stem in outlines:
            car, paint = outlines[path.stem].masks(car)
            paint = without_rim(paint, 1)
        if drawn.exists() or path.stem in outlines or (car > 127).mean() > LEAST_CAR:
            cars.append(Car(path.stem, groups.get(path.stem, path.stem), read_rgb(path), car, paint, drawn.exists()))
    return cars


def photos_of(data: Path) -> list[Path]:
    return sorted((data / "cars/clean").glob("*.jpg")) + sorted((data / "cars/rusty").glob("*.jpg"))


def without_rim(mask: np.ndarray, rim: int = Config.rim) -> np.ndarray:
    """The mask with `UNSURE` along its edges."""
    kernel = np.ones((2 * rim + 1,) * 2, np.uint8)
    rim = cv2.dilate(mask, kernel) != cv2.erode(mask, kernel)
    return np.where(rim, UNSURE, mask).astype(np.uint8)


def repaint(rgb: np.ndarray, paint: np.ndarray, dice: random.Random) -> np.ndarray:
    """The same car in white, black, silver or any hue: shading stays, colour and lightness change."""
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    on = cv2.GaussianBlur((paint == 255).astype(np.float32), (0, 0), 0.8)[..., None]
    mean = lab[..., 0][paint == 255].mean() + 1e-3
    kind = dice.choice(("white", "black", "silver", "hue", "hue", "dark hue"))
    lightness = {"white": 82, "black": 16, "silver": 60, "hue": 50, "dark hue": 26}[kind] + dice.uniform(-9, 9)
    chroma = {"white": 3, "black": 3, "silver": 4, "hue": 45, "dark hue": 25}[kind] * dice.uniform(0.3, 1.5)
    angle = dice.uniform(0, 2 * np.pi)
    shade = lab[..., 0] / mean
    new = np.empty_like(lab)
    new[..., 0] = np.clip(lightness * shade ** dice.uniform(0.6, 1.1), 0, 100)
    new[..., 1] = chroma * np.cos(angle) * np.clip(shade, 0, 1.3)
    new[..., 2] = chroma * np.sin(angle) * np.clip(shade, 0, 1.3)
    mixed = lab * (1 - on) + new * on
    return (np.clip(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)


def with_another(car: Car, other: Car, dice: random.Random) -> Car:
    """The photo of `car` with an `other` one in it, whose mask was drawn: before or behind it, cut off by the frame at times."""
    (h, w), (tall, wide) = car.car.shape, other.car.shape
    scale = dice.uniform(0.5, 1.2) * min(h / tall, w / wide)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    x, y = round(dice.random() * w - size[0] / 2), round(dice.uniform(0.3, 0.7) * h - size[1] / 2)
    rows, columns = slice(max(0, y), max(0, min(h, y + size[1]))), slice(max(0, x), max(0, min(w, x + size[0])))
    turn = dice.choice((-1, 1))

    def placed(plane: np.ndarray, how: int) -> np.ndarray:
        small = cv2.resize(plane[:, ::turn], size, interpolation=how)
        return small[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]

    there = placed(other.car, cv2.INTER_NEAREST) > 127
    if dice.random() < 0.5:
        there &= car.car[rows, columns] == 0
    rgb, found, paint = car.rgb.copy(), car.car.copy(), car.paint.copy()
    alpha = cv2.GaussianBlur(there.astype(np.float32), (0, 0), 0.8)[..., None]
    rgb[rows, columns] = placed(other.rgb, cv2.INTER_AREA) * alpha + rgb[rows, columns] * (1 - alpha)
    found[rows, columns][there] = 255
    paint[rows, columns][there] = placed(other.paint, cv2.INTER_NEAREST)[there]
    return replace(car, rgb=rgb, car=found, paint=paint)


def jitter(rgb: np.ndarray, dice: random.Random) -> np.ndarray:
    """Exposure, contrast, white balance, blur, noise, JPEG: what cameras and web sites do to photos."""
    x = rgb.astype(np.float32) / 255
    x = np.clip(x, 0, 1) ** dice.uniform(0.65, 1.5)
    x = (x - x.mean()) * dice.uniform(0.7, 1.35) + x.mean() + dice.uniform(-0.08, 0.08)
    x = x * np.array([dice.uniform(0.9, 1.1) for _ in range(3)], np.float32)
    if dice.random() < 0.1:
        x = np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)
    if dice.random() < 0.25:
        x = cv2.GaussianBlur(x, (0, 0), dice.uniform(0.4, 1.6))
    if dice.random() < 0.25:
        x = x + np.random.default_rng(dice.randrange(1 << 30)).normal(0, dice.uniform(0.01, 0.05), x.shape).astype(np.float32)
    out = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    if dice.random() < 0.3:
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(25, 80)])[1], cv2.IMREAD_COLOR)
    return out


def random_view(car: Car, config: Config, dice: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A side x side view: usually the whole picture turned and scaled a little, at times a close-up inside the car."""
    h, w = car.car.shape
    side = config.side
    fit = side / max(h, w)
    close = dice.random() < config.close_up
    scale = fit * (dice.uniform(1.6, 4.0) if close else dice.uniform(0.6, 1.5))
    ys, xs = np.nonzero(car.car > 127) if close else (np.array([h / 2]), np.array([w / 2]))
    pick = dice.randrange(len(ys))
    cy, cx = float(ys[pick]), float(xs[pick])
    if not close:
        cy, cx = cy + dice.uniform(-0.15, 0.15) * h, cx + dice.uniform(-0.15, 0.15) * w
    matrix = cv2.getRotationMatrix2D((cx, cy), dice.gauss(0, config.turn), scale)
    matrix[:, 2] -= np.array([cx, cy])
    tall, lean = dice.uniform(1 / config.stretch, config.stretch), dice.gauss(0, config.lean)
    matrix = np.array([[1, lean], [0, tall]]) @ matrix  # as if seen from higher up, or aslant
    matrix[:, 2] += side / 2
    if dice.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += side - 1
    border = dice.choice((cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE))
    view = warped(car.rgb, matrix, side, border, (dice.randrange(256),) * 3)
    # Nobody labelled the mirrored margin: constant outside means "not car" only where the picture is constant too.
    outside = 0 if border == cv2.BORDER_CONSTANT else UNSURE
    masks = [cv2.warpAffine(m, matrix, (side, side), flags=cv2.INTER_NEAREST, borderValue=outside) for m in (car.car, car.paint)]
    return view, masks[0], masks[1]


def sample(
    pools: list[list[Car]], empties: list[np.ndarray], config: Config, dice: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """One training pair: (3, S, S) float in [-1, 1] and labels (2, S, S) in {0, 1, -1 unsure}."""
    side = config.side
    if empties and dice.random() < config.empty:
        rgb = cv2.resize(dice.choice(empties), (side, side), interpolation=cv2.INTER_AREA)
        view, masks = rgb, [np.zeros((side, side), np.uint8)] * 2
    else:
        car = dice.choice(dice.choices(pools, (config.drawn, config.outlined, 1 - config.drawn - config.outlined))[0])
        rgb = car.rgb
        if (car.paint == 255).mean() > 0.02 and dice.random() < config.repaint:
            rgb = repaint(rgb, car.paint, dice)
        if car.drawn and empties and dice.random() < config.new_background:
            place = cv2.resize(dice.choice(empties), (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_AREA)
            alpha = cv2.GaussianBlur((car.car > 127).astype(np.float32), (0, 0), 0.8)[..., None]
            rgb = (rgb * alpha + place * (1 - alpha)).astype(np.uint8)
        car = replace(car, rgb=rgb)
        if dice.random() < config.company:
            car = with_another(car, dice.choice(pools[0]), dice)
        view, *masks = random_view(car, config, dice)
    pixels = jitter(view, dice).astype(np.float32).transpose(2, 0, 1) / 127.5 - 1
    labels = np.stack([np.where(m == UNSURE, -1, (m > 127).astype(np.int8)) for m in masks]).astype(np.float32)
    return pixels, labels


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy plus soft Dice, on labelled pixels alone."""
    known = (labels >= 0).float()
    target = labels.clamp(min=0)
    bce = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * known).sum() / known.sum()
    p = logits.sigmoid() * known
    overlap, total = (p * target).sum(dim=(2, 3)), (p + target * known).sum(dim=(2, 3))
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return bce + 0.5 * (dice * (known.mean(dim=(2, 3)) > 0.05)).mean()


def probabilities(network: torch.nn.Module, rgb: np.ndarray, long_side: int = 416) -> np.ndarray:
    """(2, H, W) float32 in the photo's own pixels: resized, padded by mirroring, and back."""
    h, w = rgb.shape[:2]
    scale = long_side / max(h, w)
    small = cv2.resize(
        rgb, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    ph, pw = -small.shape[0] % 32, -small.shape[1] % 32
    padded = cv2.copyMakeBorder(small, 0, ph, 0, pw, cv2.BORDER_REFLECT_101)
    with torch.inference_mode():
        logits = network(tensor_of(padded[None]))[:, :, : small.shape[0], : small.shape[1]]
        full = F.interpolate(logits, size=(h, w), mode="bilinear", align_corners=False)
    return full[0].sigmoid().numpy()


def evaluate(network: torch.nn.Module, cars: list[Car]) -> dict[str, float]:
    """Mean IoU on held-out cars: drawn masks for the car, outlines for the paint (unsure pixels left out)."""
    network.eval()
    scores: dict[str, list[float]] = {"car_iou": [], "paint_iou": []}
    for car in cars:
        found = probabilities(network, car.rgb) > 0.5
        if car.drawn:
            scores["car_iou"].append(iou(found[CAR], car.car > 127))
        if (car.paint == 255).any():
            known = car.paint != UNSURE
            scores["paint_iou"].append(iou(found[PAINT] & known, car.paint == 255))
    network.train()
    return {name: round(float(np.mean(values)), 4) for name, values in scores.items() if values}


def draw(network: torch.nn.Module, cars: list[Car], path: Path) -> None:
    network.eval()
    rows = []
    for start in range(0, len(cars) - 3, 4):
        row = []
        for car in cars[start : start + 4]:
            found = probabilities(network, car.rgb)
            shown = car.rgb * 0.45
            shown[found[CAR] > 0.5] += (0, 0, 110)
            shown[found[PAINT] > 0.5] += (0, 130, -60)
            row.append(cv2.resize(np.clip(shown, 0, 255).astype(np.uint8), (320, 240)))
        rows.append(row)
    save_sheet(rows, path)
    network.train()


def warm_start(network: CarUNet, encoder: EncoderName, init: str) -> None:
    """Pretrained weights for the encoder: a local file (a whole YOLOv8n-seg, torchvision's MobileNetV2), `imagenet`, `random`."""
    if encoder == "mobilenet_v2":
        network.unet.encoder.load_state_dict(encoder_state(init))
    elif init != "random":
        network.unet.encoder.load_coco(load_file(init))


def groups_of(network: CarUNet, config: Config) -> list[dict[str, Any]]:
    """What the encoder knows already changes more slowly."""
    decoder = [*network.unet.decoder.parameters(), *network.unet.segmentation_head.parameters()]
    halves = [(network.unet.encoder.parameters(), config.lr * ENCODER_RATE), (decoder, config.lr)]
    return [{"params": half, "lr": rate, "weight_decay": 1e-4} for half, rate in halves]


def label_again(network: CarUNet, data: Path, labels: Path, out: Path) -> None:
    """Masks of the cars as the network sees them: mean over two scales, exposures and mirror images; unsure in the middle.

    Whole cars stay as the detector drew them; the network fills in the close-ups, which that does not see.
    """
    network.eval()
    (out / "car").mkdir(parents=True, exist_ok=True)
    for path in photos_of(data):
        detected = read_mask(labels / "car" / f"{path.stem}.png")
        if (detected > 127).mean() <= LEAST_CAR:
            rgb = read_rgb(path)
            views = []
            for long_side, power, turn in ((352, 0.8, -1), (416, 1.1, 1)):
                bright = (255 * (rgb / 255) ** power).astype(np.uint8)[:, ::turn].copy()
                views.append(probabilities(network, bright, long_side)[CAR, :, ::turn])
            mean = np.mean(views, axis=0)
            detected = np.where(mean > 0.8, 255, np.where(mean < 0.2, 0, UNSURE)).astype(np.uint8)
        cv2.imwrite(str(out / "car" / f"{path.stem}.png"), detected)
    network.train()


def pools_of(known: list[Car], outlines: dict[str, Outline]) -> list[list[Car]]:
    """What views are drawn from: cars whose mask was drawn, cars whose paint was outlined, all."""
    return [[c for c in known if c.drawn] or known, [c for c in known if c.name in outlines] or known, known]


def started(args: argparse.Namespace) -> tuple[CarUNet, Path]:
    """The network to train and its labels: a first one's own with --start, else the detector's."""
    network = CarUNet(encoder=args.encoder)
    if not args.start:
        warm_start(network, args.encoder, args.init)
        return network, args.labels
    load_checkpoint(args.start, network=network)
    labels = args.out / "labels"
    if not (args.resume and labels.exists()):
        label_again(network, args.data, args.labels, labels)
    return network, labels


def main() -> None:
    parser = arguments(__doc__, "runs/car_mask")
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="what car_labels.py wrote")
    parser.add_argument("--encoder", choices=get_args(EncoderName), default="yolov8n")
    parser.add_argument("--init", help="its weights: a local file, random, or for mobilenet_v2 imagenet; all but --start need it")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from, with what it makes of the close-ups")
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--side", type=int, default=Config.side, help="pixels of a training view")
    parser.add_argument("--seed", type=int, default=Config.seed, help="another for each --start, or the same views come again")
    args = parser.parse_args()
    words = ("random", "imagenet")[: 1 + (args.encoder == "mobilenet_v2")]
    if not args.start and not (args.init in words or Path(args.init or "").is_file()):
        parser.error(f"--init: name a file with weights of {args.encoder}, or {' or '.join(words)}")
    config = Config(side=args.side, steps=args.steps, seed=args.seed)
    if args.smoke:
        config = replace(config, side=64, batch=2, steps=2)
    checkpoint = args.out / "last.pt"
    seed = fresh_seed(config.seed, checkpoint, args.resume)
    dice = random.Random(seed)
    torch.manual_seed(seed)
    network, labels = started(args)
    outlines = read_outlines()
    cars = load_cars(args.data, labels, outlines)
    pools = pools_of([c for c in cars if not is_held_out(c.group)], outlines)
    kept_back = [c for c in cars if is_held_out(c.group) and (c.drawn or c.name in outlines)]
    empties = [read_rgb(p) for p in sorted((args.data / "steel_structures/images").glob("*.jpg"))[:150]]
    began = time.time()

    def lesson(network: torch.nn.Module, device: torch.device) -> torch.Tensor:
        views = [sample(pools, empties, config, dice) for _ in range(config.batch)]
        x, y = (torch.from_numpy(np.stack(part)).to(device) for part in zip(*views, strict=True))
        return loss_of(network(x), y)

    def look(mean: torch.nn.Module, step: int) -> None:
        scores = evaluate(mean, kept_back)
        print(f"step {step} held out {scores}", flush=True)
        write_json(args.out / "scores.json", {"step": step, "seconds": round(time.time() - began), **scores})
        draw(mean, kept_back[:: max(1, len(kept_back) // 16)][:16], args.out / f"sheet_{step}.png")

    fit(network, lesson, config, Run(checkpoint, args.resume, 200, look), groups_of(network, config))


if __name__ == "__main__":
    main()
