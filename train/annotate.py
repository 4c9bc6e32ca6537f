"""Masks where nobody drew any: pits refined inside hand-drawn boxes, and automatic masks of whole fields.

    python train/annotate.py FOLDER --out MASKS --method otsu --format npy
    python train/annotate.py FOLDER --out MASKS --method random-walker --format png

Automatic masks are the seed's second kind of annotation (`--masks auto` of the training scripts, or `--masks MASKS`).  Both kinds
start from one quantity: how far a pixel's grey departs from the metal around it, either way, since pits and attacked boundaries
are dark holes with bright rims.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from PIL import Image
from scipy.ndimage import binary_fill_holes
from skimage.filters import threshold_otsu
from skimage.morphology import convex_hull_image
from skimage.segmentation import random_walker

from corrovis.errors import BadInputError
from corrovis.sem.fields import normalise, read_field

Method = Literal["otsu", "random-walker"]
PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
RING_PX = 4  # of metal around a box that says what sound metal looks like there
OUTER = 0.35  # of the Otsu departure: the outer edge of a pit's rim
NOISE = 2.0  # standard deviations of the metal's own grey, below which nothing departs
OWN_PART = 0.25  # of the largest part's area that another part in the box needs to belong to the pit
SURROUNDINGS = 24  # an automatic mask compares a pixel with the median of this many pixels around


def refined(grey: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(H, W) bool: the pit in a box (x0, y0, x1, y1), never beyond it.

    The metal's grey is the median of a ring around the box.  Departure from it, smoothed a little, is thresholded inside the box
    at `OUTER` of Otsu's value, and above the metal's noise; small other parts go, and the convex hull closes the pit, of which
    often only one bright rim departs.
    """
    height, width = grey.shape
    x0, y0, x1, y1 = (int(v) for v in np.round(np.clip(box, 0, (width, height, width, height))))
    mask = np.zeros(grey.shape, bool)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return mask
    rows, columns = slice(max(0, y0 - RING_PX), y1 + RING_PX), slice(max(0, x0 - RING_PX), x1 + RING_PX)
    around = cv2.GaussianBlur(grey, (0, 0), 0.8)[rows, columns].astype(np.float32)
    inside = np.zeros(around.shape, bool)
    inside[y0 - rows.start : y1 - rows.start, x0 - columns.start : x1 - columns.start] = True
    departure = np.abs(around - np.median(around[~inside]))
    least = NOISE * 1.48 * float(np.median(departure[~inside]))  # 1.48 medians are a standard deviation
    split = float(threshold_otsu(departure[inside]))
    pit = inside & (departure > np.clip(OUTER * split, min(least, split), None))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(pit.astype(np.uint8), connectivity=8)
    if count > 1:
        areas = stats[:, cv2.CC_STAT_AREA] * (np.arange(count) > 0)
        mask[rows, columns] = convex_hull_image(np.isin(parts, np.flatnonzero(areas >= OWN_PART * areas.max()))) & inside
    return mask


def numbered(grey: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(H, W) uint8: 1 .. n for the pits of n boxes (n, 4), 0 elsewhere; where two meet, the smaller is on top."""
    numbers = np.zeros(grey.shape, np.uint8)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for i in np.argsort(-areas):
        numbers[refined(grey, boxes[i])] = i + 1
    return numbers


def automatic(grey: np.ndarray, method: Method = "otsu") -> np.ndarray:
    """(H, W) bool of a whole field: departure from the median of the surroundings, parted by Otsu or by a random walker.

    The walker starts from what departs most and least, and decides what lies between along the field's own edges.
    """
    level = normalise(grey)
    departure = np.abs(level.astype(np.float32) - cv2.medianBlur(level, 2 * SURROUNDINGS + 1))
    departure = cv2.GaussianBlur(departure, (0, 0), 1.5)
    split = threshold_otsu(departure)
    if method == "otsu":
        found = departure > split
    else:
        seeds = np.where(departure > 1.3 * split, 2, np.where(departure < 0.6 * split, 1, 0))
        if len(np.unique(seeds)) < 3:  # nothing is left to decide
            return np.asarray(seeds == 2)
        found = random_walker(departure / departure.max(), seeds, beta=90, mode="cg_j", tol=1e-2, prob_tol=0.2) == 2
    return np.asarray(binary_fill_holes(cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))))


def read_annotation(folder: Path, stem: str) -> np.ndarray:
    """(H, W) bool from STEM.npy or STEM.png in a folder of masks, black and white or class numbers: whatever is not 0."""
    array = folder / f"{stem}.npy"
    return np.asarray((np.load(array) if array.exists() else np.asarray(Image.open(folder / f"{stem}.png").convert("L"))) > 0)


def annotate(path: Path, method: Method) -> np.ndarray:
    """(H, W) bool, of the picture's own size: the specimen's mask, and nothing on a data bar."""
    field = read_field(path)
    mask = np.zeros(field.rgb.shape[:2], bool)
    mask[slice(*field.rows)] = automatic(cv2.cvtColor(field.specimen, cv2.COLOR_RGB2GRAY), method)
    return mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="micrographs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--method", choices=get_args(Method), default="otsu")
    parser.add_argument("--format", choices=("npy", "png"), default="npy")
    args = parser.parse_args()
    there = sorted(args.folder.iterdir()) if args.folder.is_dir() else []
    pictures = [path for path in there if path.suffix.lower() in PICTURES]
    if not pictures:
        raise SystemExit(f"{args.folder} holds no pictures ({', '.join(sorted(PICTURES))}); give a folder of micrographs")
    args.out.mkdir(parents=True, exist_ok=True)
    for path in pictures:
        if path.stem in {other.stem for other in pictures if other < path}:
            raise SystemExit(f"{path.name} would overwrite the mask of another {path.stem}; rename one")
        try:
            mask = annotate(path, args.method)
        except BadInputError as error:
            print(f"skipped: {error}", flush=True)
            continue
        if args.format == "npy":
            np.save(args.out / f"{path.stem}.npy", mask)
        else:
            Image.fromarray(mask.astype(np.uint8) * 255).save(args.out / f"{path.stem}.png")
        print(f"{path.name}: {mask.mean():.1%}", flush=True)


if __name__ == "__main__":
    main()
