"""A pixel size that is given after the run: record, table and reports of a picture are written again, and no network runs.

Everything but the heat lies in the picture's folder in full: `keep_heat` keeps that too, a byte a pixel.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from corrovis.errors import BadInputError
from corrovis.manifest import WeightSpec
from corrovis.render.inspection_report import read_inspection, write_inspection
from corrovis.results import Provenance
from corrovis.sem.fields import OTHER_SCALE, other_scale, read_field
from corrovis.sem.results import FIELD_SEVERITIES, CorrosionMap, FieldGrade, Inspection, Opinion, PixelSize, Region, Saliency
from corrovis.sem.segmentation import draws_instances, finds_instances
from corrovis.store import Store

HEAT, OPINION_HEAT = "heat.png", "opinion_heat.png"
KEPT = (HEAT, OPINION_HEAT)
MOST_NUMBERS = 65535  # of regions in `region_numbers`
METHOD, CELLS = "Method", "Cells"


def keep_heat(inspection: Inspection, folder: Path) -> None:
    """Write what the heat maps of `inspection` were drawn from."""
    felt = inspection.opinion.saliency if inspection.opinion else None
    for saliency, name in ((inspection.saliency, HEAT), (felt, OPINION_HEAT)):
        if saliency is None:
            continue
        about = PngInfo()
        about.add_text(METHOD, saliency.method)
        about.add_text(CELLS, "{} {}".format(*saliency.cells_hw))
        levels = np.minimum(saliency.heat * 256, 255).astype(np.uint8)
        Image.fromarray(levels).save(folder / name, pnginfo=about)


def rescale(folder: Path, picture: Path, pixel: PixelSize, store: Store) -> dict[str, Any]:
    """What `write_inspection` and `keep_heat` left in `folder`, written again for `picture` at `pixel`; the new record.

    Raises:
        BadInputError: the picture cannot be read any more, or has more regions than are told apart in the folder
    """
    inspection = rebuilt(folder, picture, pixel, store)
    return write_inspection(inspection, store.spec(inspection.model), folder)


def rebuilt(folder: Path, picture: Path, pixel: PixelSize, store: Store) -> Inspection:
    """The inspection in `folder` as it was, but for the pixel size and what was said of that.  Raises as `rescale` does."""
    kept = read_inspection(folder)
    if len(kept["regions"]) > MOST_NUMBERS:
        raise BadInputError(f"{kept['file']} has more than {MOST_NUMBERS} regions; inspect it again with its pixel size")
    field = read_field(picture, kept["file"], pixel)
    low, high = kept["severity_limits"]
    return Inspection(
        field=field,
        model=kept["model"],
        map=_map(kept, store.spec(kept["model"])),
        regions=tuple(_region(one) for one in kept["regions"]),
        grade=FieldGrade(_shares(kept), kept["corroded_fraction"], (low, high), kept["severity_sigma"]),
        opinion=_opinion(kept["second_opinion"], folder, store) if kept["second_opinion"] else None,
        saliency=_heat(folder / HEAT),
        doubts=(*other_scale(field), *(text for text in kept["doubts"] if not text.startswith(OTHER_SCALE))),
        at=datetime.fromisoformat(kept["inspected"]),
    )


def _map(kept: dict[str, Any], spec: WeightSpec) -> CorrosionMap:
    planes, boxes = {}, [region["bbox_xyxy"] for region in kept["regions"]]
    for key in ("mask", "region_numbers", "certainty"):
        with Image.open(kept[key]) as image:
            planes[key] = np.asarray(image)
    return CorrosionMap(
        labels=planes["mask"].astype(np.uint8),
        regions=planes["region_numbers"].astype(np.int32),
        probability=planes["certainty"].astype(np.float32) / np.float32(255),
        scores=np.array([region["score"] for region in kept["regions"]], np.float32),
        classes=("background", *kept["class_fractions"]),
        rows=(kept["specimen_rows"][0], kept["specimen_rows"][1]),
        made_by=Provenance(kept["model"], kept["model_sha256"], kept["seconds"]),
        boxes=np.array(boxes, np.int32).reshape(-1, 4) if draws_instances(spec) else None,
        instances=finds_instances(spec.input),
    )


def _region(one: dict[str, Any]) -> Region:
    left, top, right, bottom = one["bbox_xyxy"]
    shape = ("area_px", "perimeter_px", "circularity", "solidity", "eccentricity", "touches_border")
    same = {key: one[key] for key in ("id", "score", "second_opinion", *shape)}
    return Region(label=one["class"], bbox_xyxy=(left, top, right, bottom), **same)


def _shares(record: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array([record["probabilities"][name] for name in FIELD_SEVERITIES], np.float32)


def _opinion(record: dict[str, Any], folder: Path, store: Store) -> Opinion:
    """Without its windows: what they said of each region stands with the region."""
    none, model = np.zeros((0, 4), np.float32), record["model"]
    made_by = Provenance(model, store.spec(model).sha256, 0.0)
    return Opinion(_shares(record), none, none[:, :3], _heat(folder / OPINION_HEAT), made_by)


def _heat(path: Path) -> Saliency | None:
    """What `keep_heat` wrote; drawn again it is the same picture."""
    if not path.exists():
        return None
    with Image.open(path) as image:
        height, width = map(int, image.info[CELLS].split())
        return Saliency((np.asarray(image) + np.float32(0.5)) / np.float32(256), image.info[METHOD], (height, width))
