"""The regions of a map, measured: area, outline, shape.  In pixels; the scale comes in when they are reported."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops

from corrovis.sem.results import CorrosionMap, Opinion, Region


def measure(found: CorrosionMap, opinion: Opinion | None = None) -> tuple[Region, ...]:
    """Every region of `found`, in the order of its number, with what the second stage says of its surroundings."""
    regions = []
    (first, end), width = found.rows, found.regions.shape[1]
    for part in regionprops(found.regions):  # type: ignore[no-untyped-call]
        top, left, bottom, right = part.bbox
        box = (left, top, right, bottom) if found.boxes is None else found.boxes[part.label - 1]
        y, x = part.coords[0]
        # A window of the second stage says nothing of a region that reaches beyond it.
        told = opinion if opinion and opinion.holds(right - left, bottom - top) else None
        area, perimeter = int(part.num_pixels), float(part.perimeter)
        regions.append(
            Region(
                id=int(part.label),
                label=found.classes[int(found.labels[y, x])],
                score=round(float(found.scores[part.label - 1]), 4),
                bbox_xyxy=(int(box[0]), int(box[1]), int(box[2]), int(box[3])),
                area_px=area,
                perimeter_px=perimeter,
                # Beyond 1 only by the pixels' corners, where the outline is a few pixels long.
                circularity=min(1.0, 4 * pi * area / perimeter**2) if perimeter else 1.0,
                solidity=area / hull_area(part.coords),
                eccentricity=float(part.eccentricity),
                second_opinion=told.severity_at((left + right) / 2, (top + bottom) / 2) if told else None,
                touches_border=top <= first or bottom >= end or left == 0 or right == width,
            )
        )
    return tuple(regions)


def hull_area(coords: NDArray[np.int_]) -> float:
    """Area of the convex hull around the corners of pixels at (n, 2) coords, without painting it as scikit-image does."""
    middle = cv2.convexHull(coords.astype(np.float32))[:, 0]
    corners = np.concatenate([middle + np.array([y, x]) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    return float(cv2.contourArea(cv2.convexHull(corners.astype(np.float32))))
