"""Weak labels: cars where nobody drew a mask, for the car network, and paint where its colour gives it away, for the grader.

    python train/car_labels.py --data DATA --init yolov8n-seg-coco.safetensors --out runs/car_labels

Writes, per photo, `car/NAME.png` (0 / 255, from YOLOv8n-seg trained on COCO) and, for strongly coloured cars,
`paint/NAME.png` (0 not paint, 255 paint, 128 unsure).  Nothing here is used at inference.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from safetensors.torch import load_file
from support import read_rgb

from corrovis.networks.yolo_seg import ultralytics

VEHICLES = (2, 5, 7)  # COCO: car, bus, truck
HUE_WINDOW = 24.0  # degrees either side of the paint's hue
LEAST_SATURATION = 0.28  # chroma over lightness: survives shading, unlike chroma
CONFIDENCE = 0.3  # from which YOLO is believed
LEAST_SHARE = 0.30  # of the car that must have the hue before we trust it to be the paint
SKY = (165.0, 300.0)  # hues that glass and chrome mirror too: such cars get no mask of paint


def load_detector(init: Path):  # type: ignore[no-untyped-def]
    """YOLOv8n-seg of COCO with the weights at `init`, with its package's own way of predicting."""
    yolo = ultralytics("models").YOLO("yolov8n-seg.yaml", task="segment")
    yolo.model.load_state_dict({name: tensor.float() for name, tensor in load_file(init).items()})
    return yolo


def detected_cars(yolo, rgb: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    """(H, W) bool, the union of every vehicle that YOLO sees."""
    found = yolo.predict(rgb[..., ::-1], imgsz=640, conf=CONFIDENCE, classes=list(VEHICLES), retina_masks=True, verbose=False)[0]
    if found.masks is None:
        return np.zeros(rgb.shape[:2], bool)
    return found.masks.data.numpy().any(axis=0)


def paint_by_hue(rgb: np.ndarray, car: np.ndarray) -> np.ndarray | None:
    """(H, W) uint8 with 255 paint, 128 unsure, 0 other; None when the car has no strong colour of its own."""
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    saturation = chroma / (lab[..., 0] + 8)
    strong = car & (saturation > LEAST_SATURATION) & (chroma > 12)
    if strong.sum() < LEAST_SHARE * car.sum():
        return None
    histogram, _ = np.histogram(hue[strong], bins=72, range=(0, 360), weights=chroma[strong])
    histogram = np.convolve(np.r_[histogram[-3:], histogram, histogram[:3]], np.ones(7), "valid")
    peak = 5 * int(histogram.argmax()) + 2.5
    if SKY[0] < peak < SKY[1]:
        return None
    distance = np.abs((hue - peak + 180) % 360 - 180)
    level = np.median(saturation[strong & (distance < HUE_WINDOW)])
    sure = car & (distance < HUE_WINDOW) & (saturation > 0.5 * level) & (lab[..., 0] > 8)
    maybe = car & (distance < 1.6 * HUE_WINDOW) & (saturation > 0.25 * level)
    if sure.sum() < LEAST_SHARE * car.sum():
        return None
    k = max(3, round(min(rgb.shape[:2]) / 120) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    paint = cv2.morphologyEx(sure.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    paint = cv2.morphologyEx(paint, cv2.MORPH_CLOSE, kernel)
    _count, parts, stats, _ = cv2.connectedComponentsWithStats(paint)
    keep = stats[:, cv2.CC_STAT_AREA] > 0.004 * car.sum()
    keep[0] = False
    paint = keep[parts]
    _holes_of, holes, stats, _ = cv2.connectedComponentsWithStats((car & ~paint).astype(np.uint8))
    small = stats[:, cv2.CC_STAT_AREA] < 0.0015 * car.sum()  # handles, badges, glints
    small[0] = False
    paint = paint | small[holes]
    label = np.where(paint, 255, 0).astype(np.uint8)
    label[~paint & maybe & car] = 128
    return label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("CORROVIS_DATA"))
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/car_labels"))
    args = parser.parse_args()
    cars = Path(args.data) / "cars"
    for name in ("car", "paint"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    yolo = load_detector(args.init)
    overlaps, painted = [], 0
    for path in sorted((cars / "clean").glob("*.jpg")) + sorted((cars / "rusty").glob("*.jpg")):
        rgb = read_rgb(path)
        car = detected_cars(yolo, rgb)
        drawn = cars / "car_masks" / f"{path.stem}.png"
        if drawn.exists():
            truth = np.asarray(Image.open(drawn).convert("L")) > 127
            overlaps.append((car & truth).sum() / (car | truth).sum())
            car = truth
        Image.fromarray(car.astype(np.uint8) * 255).save(args.out / "car" / f"{path.stem}.png")
        label = paint_by_hue(rgb, car) if car.mean() > 0.05 and path.parent.name == "clean" else None
        if label is not None:
            painted += 1
            Image.fromarray(label).save(args.out / "paint" / f"{path.stem}.png")
    print(
        f"YOLOv8n-seg against {len(overlaps)} drawn masks: mean IoU {np.mean(overlaps):.4f}; {painted} cars with paint by colour"
    )


if __name__ == "__main__":
    main()
