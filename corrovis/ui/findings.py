"""What the browser is sent once per inspected picture, so that threshold, opacity, choice and scale act without a request.

| picture | holds |
| --- | --- |
| `photo` | the picture as shown |
| `map` | R = how surely a pixel is corroded, 128 and more where the model says so; G = its class if it were corroded |
| `numbers` | R, G, B = number of the region, highest byte first; beyond 65535 all are one, as in the file |
| `heats` | by name, what the answer and the second opinion rest on, over the picture in grey; `legend` is the line below it |

At the model's own threshold the page shows the regions of the files, so that table, CSV and report agree; at any other it finds
them anew, in the pixels shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from PIL import Image

from corrovis.images import read_photo
from corrovis.manifest import WeightSpec
from corrovis.render.inspection_facts import DECIMALS, MOST_DECIMALS, error_text, percent
from corrovis.render.inspection_report import SHOWN_ROWS
from corrovis.render.sem_pictures import CLASS_COLOURS, GOLDEN_ANGLE, OPACITY, SATURATION, class_colours
from corrovis.results import Byte
from corrovis.sem.inspection import SETTLED
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.segmentation import LEAST_PX, InstanceRule, draws_instances, finds_instances
from corrovis.ui.values import stamped, to_uri
from corrovis.ui.wording import inspection as wording
from corrovis.ui.wording import shared

SHOWN_SIDE = 1600
"""Long side in pixels of what the browser draws; files hold the picture's own pixels."""


LOOK = {
    "settled": SETTLED,
    "rows": SHOWN_ROWS,
    "decimals": DECIMALS,
    "most_decimals": MOST_DECIMALS,
    "opacity": OPACITY,
    "turn": GOLDEN_ANGLE,
    "saturation": SATURATION,
    "classes": class_colours(len(CLASS_COLOURS) + 1).tolist(),
}
"""What the browser draws with: the reports' own figures and colours."""


def encode(path: Path, name: str, item: dict[str, Any], spec: WeightSpec) -> str:
    """The stage's value as JSON: `item` is the picture's record, in which files are paths; `spec` its model's."""
    rgb, classes = read_photo(path).rgb, ("background", *item["class_fractions"])
    zoom = max(1.0, max(rgb.shape[:2]) / SHOWN_SIDE)
    size = (round(rgb.shape[1] / zoom), round(rgb.shape[0] / zoom))
    return stamped(
        name=name,
        stem=Path(name).stem,
        width=size[0],
        height=size[1],
        own=[rgb.shape[1], rgb.shape[0]],
        zoom=zoom,
        rows=[row / zoom for row in item["specimen_rows"]],
        classes=classes,
        regions=[shown_region(region, classes) for region in sorted(item["regions"], key=lambda r: -r["area_px"])],
        sha256=item["picture_sha256"],
        warnings=item["warnings"],
        pixel_um=item["pixel_size_um"],
        model=item["model"],
        error=wording.ERROR.format(how=error_text(spec)),
        report=f"gradio_api/file={quote(str(item['report']))}",
        mask=f"gradio_api/file={quote(str(item['mask']))}",
        **_planes(rgb, item, size),
        **_graded(item),
        **_rule(spec),
    )


def _planes(rgb: Byte, item: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """The pictures of the table above, each of `size` = (width, height)."""
    certainty, labels, numbers = (read_plane(item[key]) for key in ("certainty", "mask", "region_numbers"))
    levels = cv2.resize(certainty, size, interpolation=cv2.INTER_AREA)
    everywhere = classes_everywhere(labels.astype(np.uint8), 1 + len(item["class_fractions"]))
    kinds = cv2.resize(everywhere, size, interpolation=cv2.INTER_NEAREST)
    small = np.asarray(cv2.resize(numbers.astype(np.int32), size, interpolation=cv2.INTER_NEAREST), np.int32)
    own = rgb.shape[0], rgb.shape[1]
    return {
        "photo": to_uri(_shrunk(rgb, size)),
        "map": to_uri(np.dstack([levels, kinds, np.zeros_like(kinds)])),
        "numbers": to_uri(np.dstack([small >> 16, small >> 8 & 255, small & 255]).astype(np.uint8)),
        "heats": {name: shown_heat(item[key], own, size) for name, key in HEATS.items() if item.get(key)},
    }


def _graded(item: dict[str, Any]) -> dict[str, Any]:
    """What was measured, and what the page needs to grade it at another threshold."""
    low, high = item["severity_limits"]
    return {
        "corroded_fraction": item["corroded_fraction"],
        "class_fractions": list(item["class_fractions"].values()),
        "limits": [low, high],
        "sigma": item["severity_sigma"],
        "severities": FIELD_SEVERITIES,
        "severity_names": [shared.severity_name(one) for one in FIELD_SEVERITIES],
        "how": wording.HOW_GRADED.format(low=percent(low), high=percent(high), source=item["severity_limits_from"]),
        "opinion": opinion_text(item["second_opinion"]),
    }


def _rule(spec: WeightSpec) -> dict[str, Any]:
    """Which regions the model believes, and whether they are things to be counted."""
    whole = draws_instances(spec)
    rule = None if whole else InstanceRule.of(spec.input)
    return {
        "least": rule.least_px if rule else LEAST_PX,
        "sure": rule.sure if rule else 0,
        "instances": whole,
        "counted": finds_instances(spec.input),
    }


HEATS = {"heat": "saliency", "opinion": "opinion_saliency"}


def shown_heat(path: Path, own_hw: tuple[int, int], size: tuple[int, int]) -> dict[str, str]:
    """A heat map in the size shown, and apart from it the line below it, with colours and method; a tiny field's was enlarged."""
    with Image.open(path) as image:
        drawn = np.asarray(image.convert("RGB"), np.uint8)
    rows = own_hw[0] * (drawn.shape[1] // own_hw[1])
    return {"map": to_uri(_shrunk(drawn[:rows], size)), "legend": to_uri(drawn[rows:])}


def opinion_text(opinion: dict[str, Any] | None) -> str:
    """What the second stage says, if there is one."""
    if opinion is None:
        return ""
    called = opinion["severity"]
    share = percent(opinion["probabilities"][called])
    return wording.SECOND_OPINION.format(severity=shared.severity_name(called), share=share)


def shown_region(region: dict[str, Any], classes: tuple[str, ...]) -> dict[str, Any]:
    """What the table shows of a region's record."""
    kind = classes.index(region["class"])
    return {k: v for k, v in {**region, "class": kind, "area": region["area_px"]}.items() if k in REGION_KEYS}


REGION_KEYS = ("id", "class", "area", "score", "circularity", "touches_border")


def classes_everywhere(labels: Byte, count: int) -> Byte:
    """(H, W) labels with each background pixel given the class of the corroded pixel nearest to it."""
    if count == 2 or not labels.any():
        return np.where(labels > 0, labels, 1).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels((labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros(int(nearest.max()) + 1, np.uint8)
    corroded = labels > 0
    of_label[nearest[corroded]] = labels[corroded]
    return of_label[nearest]


def read_plane(path: Path) -> Byte:
    """(H, W) of a one-channel PNG."""
    with Image.open(path) as image:
        return np.asarray(image)


def _shrunk(rgb: Byte, size: tuple[int, int]) -> Byte:
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
