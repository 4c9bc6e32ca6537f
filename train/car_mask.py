"""Train `CarUNet`: where the car is, and which of its parts are paint.

    python train/car_labels.py --data DATA --init yolov8n-seg-coco.safetensors      # weak labels, once
    python train/car_mask.py --data DATA --init mobilenet_v2-imagenet.safetensors   # round 1
    python train/car_mask.py --data DATA --round 2 --start runs/car_mask/last.pt --out runs/car_mask2
    python train/car_mask.py --data DATA --round 2 --start runs/car_mask2/last.pt --out runs/car_mask3 \\
        --side 384 --batch 4 --steps 1500
    python train/average.py runs/car_mask2/last.pt runs/car_mask3/last.pt --out runs/car_mask_mean/last.pt
    python train/car_mask.py --data DATA --round 3 --start runs/car_mask_mean/last.pt --out runs/car_mask4 \\
        --side 320 --batch 4 --steps 600
    python train/car_mask.py --data DATA --round 3 --start runs/car_mask4/last.pt --out runs/car_mask5 \\
        --side 320 --batch 4 --steps 500
    python train/car_mask.py --data DATA --round 3 --start runs/car_mask5/last.pt --out runs/car_mask6 \\
        --side 352 --batch 4 --steps 900

Round 1 learns cars from 194 drawn masks (and YOLO's masks of the others) and paint from cars whose colour gives it away,
repainted in every colour of the trade.  Round 2 goes on with the first network's own paint labels on every photo, agreed
upon by several repaintings, so that silver fronts and two-tone classics count as well.  Round 2 again, in views of the size
that the app uses, sharpens the rim: there, nothing but drawn masks is believed.  Round 3 goes on from the mean of the last
two, with paint outlined by hand (`car_outlines.py`): neither colour nor a network taught by it knew that roofs are paint.

The paper's network overfitted its 200 pictures.  Against that: crops from half to four times the scale, new backgrounds,
repainting, one fifth of all cars held out, and BatchNorm statistics of a network that saw a million pictures.

The weights that ship were trained when photos, not cars, were held out: of the 46 photos of one clean car, 5 were scored and 41
learned from, and so with rusty cars of which there are several photos.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from car_outlines import Outline, read_outlines
from safetensors.torch import load_file
from support import (
    arguments,
    cars_of,
    is_held_out,
    load_checkpoint,
    read_mask,
    read_rgb,
    save_checkpoint,
    save_sheet,
    warped,
    write_json,
)
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corrovis.networks.car_unet import CAR, PAINT, CarUNet

UNSURE = 128


@dataclass(frozen=True)
class Config:
    """Sizes for two CPU cores; the paper's own are Adam 1e-3, reduce on plateau, 50 epochs."""

    side: int = 256
    batch: int = 6
    steps: int = 500
    lr: float = 1e-3
    new_background: float = 0.15
    close_up: float = 0.25
    drawn: float = 0.35  # of all views show a car whose mask was drawn by hand
    sure: float = 0.3  # ... a car whose paint is known, by its colour or by hand
    rim: int = 2  # pixels to either side of a mask's edge that only a drawn mask knows
    ema: float = 0.99
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


def load_cars(data: Path, labels: Path, pseudo: Path | None, outlines: dict[str, Outline]) -> list[Car]:
    """Cars whose labels are worth something; where there are `outlines`, no other paint is believed."""
    cars, groups = [], cars_of(data)
    photos = sorted((data / "cars/clean").glob("*.jpg")) + (sorted((data / "cars/rusty").glob("*.jpg")) if pseudo else [])
    for path in photos:
        drawn = data / "cars/car_masks" / f"{path.stem}.png"
        paint_by_colour, car_path = labels / "paint" / f"{path.stem}.png", labels / "car" / f"{path.stem}.png"
        if pseudo:  # where the first network is sure, it knows more than YOLO does of close-ups
            car = read_mask(drawn if drawn.exists() else pseudo / "car" / f"{path.stem}.png")
            paint = read_mask(pseudo / "paint" / f"{path.stem}.png")
        else:
            car = read_mask(drawn if drawn.exists() else car_path)
            paint = read_mask(paint_by_colour) if paint_by_colour.exists() else np.full(car.shape, UNSURE, np.uint8)
            paint = np.where(car > 127, paint, 0).astype(np.uint8)
        if not drawn.exists():
            car = without_rim(car)
        if path.stem in outlines:
            car, paint = outlines[path.stem].masks(car)
            paint = without_rim(paint, 1)
        elif outlines:
            paint = np.where(car > 0, UNSURE, 0).astype(np.uint8)
        if (car > 127).mean() > 0.04:
            cars.append(Car(path.stem, groups.get(path.stem, path.stem), read_rgb(path), car, paint, drawn.exists()))
    return cars


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


def random_view(car: Car, rgb: np.ndarray, config: Config, dice: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A side x side view: usually the whole picture turned and scaled a little, at times a close-up inside the car."""
    h, w = rgb.shape[:2]
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
    view = warped(rgb, matrix, side, border, (dice.randrange(256),) * 3)
    # Nobody labelled the mirrored margin: constant outside means "not car" only where the picture is constant too.
    outside = 0 if border == cv2.BORDER_CONSTANT else UNSURE
    masks = [cv2.warpAffine(m, matrix, (side, side), flags=cv2.INTER_NEAREST, borderValue=outside) for m in (car.car, car.paint)]
    return view, masks[0], masks[1]


def sample(
    pools: list[list[Car]], empties: list[np.ndarray], config: Config, dice: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """One training pair: (3, S, S) float in [-1, 1] and labels (2, S, S) in {0, 1, -1 unsure}."""
    side = config.side
    if dice.random() < config.empty:
        rgb = cv2.resize(dice.choice(empties), (side, side), interpolation=cv2.INTER_AREA)
        view, masks = rgb, [np.zeros((side, side), np.uint8)] * 2
    else:
        car = dice.choice(dice.choices(pools, (config.drawn, config.sure, 1 - config.drawn - config.sure))[0])
        rgb = car.rgb
        if (car.paint == 255).mean() > 0.02 and dice.random() < config.repaint:
            rgb = repaint(rgb, car.paint, dice)
        if car.drawn and dice.random() < config.new_background:
            place = cv2.resize(dice.choice(empties), (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_AREA)
            alpha = cv2.GaussianBlur((car.car > 127).astype(np.float32), (0, 0), 0.8)[..., None]
            rgb = (rgb * alpha + place * (1 - alpha)).astype(np.uint8)
        view, *masks = random_view(car, rgb, config, dice)
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
    x = torch.from_numpy(padded.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)
    with torch.inference_mode():
        logits = network(x)[:, :, : small.shape[0], : small.shape[1]]
        full = F.interpolate(logits, size=(h, w), mode="bilinear", align_corners=False)
    return full[0].sigmoid().numpy()


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def evaluate(network: torch.nn.Module, cars: list[Car]) -> dict[str, float]:
    """Mean IoU on held-out cars: drawn masks for the car, colour labels for the paint (unsure pixels left out)."""
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


def warm_start(network: CarUNet, init: Path | str) -> None:
    """ImageNet weights for the encoder: a local torchvision file, or `imagenet` for the library's own download."""
    if str(init) == "imagenet":
        import segmentation_models_pytorch as smp

        state = smp.encoders.get_encoder("mobilenet_v2", weights="imagenet").state_dict()
    else:
        state = {k: v.float() for k, v in load_file(init).items() if k.startswith("features.")}
    network.unet.encoder.load_state_dict(state, strict=True)


def label_again(network: CarUNet, data: Path, labels: Path, out: Path) -> None:
    """Round 2's labels: mean over two scales, exposures and mirror images; unsure in the middle.

    YOLO's whole cars stay as they are; the network fills in the close-ups, which YOLO does not see.
    ."""
    network.eval()
    for name in ("car", "paint"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for path in sorted((data / "cars/clean").glob("*.jpg")) + sorted((data / "cars/rusty").glob("*.jpg")):
        rgb = read_rgb(path)
        views = []
        for long_side, power, turn in ((304, 0.8, -1), (352, 1.1, 1)):
            bright = (255 * (rgb / 255) ** power).astype(np.uint8)[:, ::turn].copy()
            views.append(probabilities(network, bright, long_side)[:, :, ::turn])
        mean = np.mean(views, axis=0)
        sure = [np.where(p > 0.8, 255, np.where(p < 0.2, 0, UNSURE)).astype(np.uint8) for p in mean]
        detected = read_mask(labels / "car" / f"{path.stem}.png")
        if (detected > 127).mean() > 0.12:
            sure[CAR] = detected
            sure[PAINT][detected <= 127] = 0
        by_colour = labels / "paint" / f"{path.stem}.png"
        if by_colour.exists():  # colour knows better than the network, the network fills what colour left open
            colour = read_mask(by_colour)
            sure[PAINT] = np.where(colour == UNSURE, sure[PAINT], colour).astype(np.uint8)
        for name, mask in zip(("car", "paint"), sure, strict=True):
            cv2.imwrite(str(out / name / f"{path.stem}.png"), mask)
    network.train()


def main() -> None:
    parser = arguments(__doc__, "runs/car_mask")
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="what car_labels.py wrote")
    parser.add_argument("--init", default="imagenet", help="encoder weights: imagenet, or a torchvision file")
    parser.add_argument("--round", type=int, choices=(1, 2, 3), default=1)
    parser.add_argument("--start", type=Path, help="checkpoint that rounds 2 and 3 go on from")
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--side", type=int, default=Config.side, help="pixels of a training view")
    parser.add_argument("--batch", type=int, default=Config.batch)
    args = parser.parse_args()
    config = Config(side=64, batch=2, steps=2) if args.smoke else Config(side=args.side, batch=args.batch, steps=args.steps)
    if args.round == 3:
        config = replace(config, drawn=0.2, sure=0.65)
    dice = random.Random(config.seed)
    torch.manual_seed(config.seed)
    network = CarUNet()
    if args.start:
        load_checkpoint(args.start, network=network)
    elif not (args.smoke and args.init == "imagenet"):
        warm_start(network, args.init)
    pseudo = None
    if args.round > 1:
        pseudo = args.out / "labels"
        if not (args.resume and pseudo.exists()):
            label_again(network, args.data, args.labels, pseudo)
    outlines = read_outlines() if args.round == 3 else {}
    cars = load_cars(args.data, args.labels, pseudo, outlines)
    known = [c for c in cars if not is_held_out(c.group)]
    kept_back = [c for c in load_cars(args.data, args.labels, None, outlines) if is_held_out(c.group)]
    sure = outlines or {path.stem for path in (args.labels / "paint").glob("*.png")}
    pools = [[c for c in known if c.drawn] or known, [c for c in known if c.name in sure] or known, known]
    empties = [read_rgb(p) for p in sorted((args.data / "steel_structures/images").glob("*.jpg"))[:150]]

    accelerator = Accelerator()
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.lr * (1 if args.round == 1 else 0.5), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, optimiser.param_groups[0]["lr"], total_steps=config.steps, pct_start=0.1
    )
    checkpoint = args.out / "last.pt"
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    parts = {"network": average.module, "raw": network, "optimiser": optimiser, "schedule": schedule}
    step = load_checkpoint(checkpoint, **parts) if args.resume else 0
    network, optimiser = accelerator.prepare(network, optimiser)
    began = time.time()
    while step < config.steps:
        pairs = [sample(pools, empties, config, dice) for _ in range(config.batch)]
        x = torch.from_numpy(np.stack([p[0] for p in pairs])).to(accelerator.device)
        y = torch.from_numpy(np.stack([p[1] for p in pairs])).to(accelerator.device)
        loss = loss_of(network(x), y)
        optimiser.zero_grad()
        accelerator.backward(loss)
        optimiser.step()
        schedule.step()
        average.update_parameters(accelerator.unwrap_model(network))
        step += 1
        if step % 25 == 0:
            print(f"step {step} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
        if step % 200 == 0 or step == config.steps:
            save_checkpoint(checkpoint, config, step, **parts)
            scores = evaluate(average.module, kept_back)
            print(f"step {step} held out {scores}", flush=True)
            write_json(args.out / "scores.json", {"step": step, "seconds": round(time.time() - began), **scores})
            draw(average.module, kept_back[::4][:16], args.out / f"sheet_{step}.png")


if __name__ == "__main__":
    main()
