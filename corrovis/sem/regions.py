"""The regions of a map, measured: area, outline, shape.  In pixels; the scale comes in when they are reported."""

from __future__ import annotations

from math import pi

from skimage.measure import regionprops

from corrovis.sem.results import CorrosionMap, Region


def measure(found: CorrosionMap) -> tuple[Region, ...]:
    """Every region of `found`, in the order of its number."""
    regions = []
    for part in regionprops(found.regions):  # type: ignore[no-untyped-call]
        top, left, bottom, right = part.bbox
        y, x = part.coords[0]
        perimeter = float(part.perimeter)
        regions.append(
            Region(
                id=int(part.label),
                label=found.classes[int(found.labels[y, x])],
                score=round(float(found.scores[part.label - 1]), 4),
                bbox_xyxy=(int(left), int(top), int(right), int(bottom)),
                area_px=int(part.num_pixels),
                perimeter_px=perimeter,
                # Beyond 1 only by the pixels' corners, where the outline is a few pixels long.
                circularity=min(1.0, 4 * pi * part.num_pixels / perimeter**2) if perimeter else 1.0,
                solidity=float(part.solidity) if min(bottom - top, right - left) > 1 else 1.0,
                eccentricity=float(part.eccentricity),
            )
        )
    return tuple(regions)
