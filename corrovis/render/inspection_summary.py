"""The summary of many inspections: a line of CSV for each picture, also for one that could not be read, and a page to look at."""

from __future__ import annotations

import base64
import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from corrovis import __version__
from corrovis.contrast import UNLIKE
from corrovis.render.inspection_facts import percent, share_text, shares_text
from corrovis.render.inspection_report import PICTURES, REPORTS
from corrovis.render.pages import write_page
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.severity import LIMITS

SUMMARY, OVERVIEW = "summary.csv", "summary.html"
SMALL = 240  # px; long side of the overview's pictures
OVERLAY = f"{PICTURES['overlay']}.png"
COLUMNS = (
    *("file", "folder", "model", "severity", *(f"p_{name}" for name in FIELD_SEVERITIES)),
    *("corroded_fraction", "corroded_fraction_sigma", "severity_sigma"),
    *("regions", "regions_per_mm2", "pixel_size_um", "warnings", "error"),
    *("picture_sha256", "model_sha256", "corroded_um2", "field_um2", "pixel_size_source", "doubts", "version"),
)


def summary_line(item: dict[str, Any], folder: str) -> dict[str, Any]:
    """A picture's record as a line; `folder` holds its files.  What a picture that could not be read lacks is empty.

    `limits` of severity and the `shares` as they were, not rounded, are no columns, but shown.
    """
    known: dict[str, Any] = {name: item[name] for name in COLUMNS if item.get(name) is not None}
    known |= {"doubts": item.get("doubts", []), "warnings": "; ".join(item.get("warnings", []))}
    if "error" not in item:
        shares = item["probabilities"]
        known |= {"folder": folder, "version": item["corrovis"], "regions": len(item["regions"])}
        known |= {"limits": item["severity_limits"], "shares": [shares[name] for name in FIELD_SEVERITIES]}
        known |= {f"p_{name}": round(share, 4) for name, share in shares.items()}
    return known


def begin_summary(path: Path) -> None:
    """The headings alone; what an earlier run wrote there is gone."""
    path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")


def add_to_summary(path: Path, line: dict[str, Any]) -> None:
    """One line more, on the disk at once: a run that is cut short has lost none of those before."""
    with path.open("a", newline="", encoding="utf-8", errors="replace") as file:  # a file's name need not be UTF-8
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writerow(line | {"doubts": "; ".join(line["doubts"])})


def write_summary(path: Path, lines: list[dict[str, Any]]) -> None:
    begin_summary(path)
    for line in lines:
        add_to_summary(path, line)


def write_overview(folder: Path, lines: list[dict[str, Any]], picture: str = OVERLAY) -> None:
    """All pictures in one table, which leads to the report of each; `picture` of a picture's folder is shown, small."""
    read = [line for line in lines if "error" not in line]
    models = sorted({line["model"] for line in read})
    told = [_counted(model, [line for line in read if line["model"] == model]) for model in models]
    told += [f"{len(lines) - len(read)} left out"] * (len(lines) > len(read))
    rows = [line if "error" in line else _row(line, folder / line["folder"] / picture) for line in lines]
    names = [Path(line["file"]).name for line in lines]
    if len(set(names)) < len(names):  # only their folders tell them apart
        names = [line["file"] for line in lines]
    named = [{**row, "name": name} for row, name in zip(rows, names, strict=True)]
    values = {"count": len(lines), "told": told, "rows": named, "limits": list(_limits(read))}
    values |= {"written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Corrovis {__version__}"}
    write_page("inspection_summary.html", folder / OVERVIEW, values)


def _counted(model: str, lines: list[dict[str, Any]]) -> str:
    """How many of one model's pictures are how severe: another model calls other things corroded."""
    count = Counter(line["severity"] for line in lines)
    told = ", ".join(f"{count[name]} {name}" for name in FIELD_SEVERITIES if count[name])
    strange = sum(any(text.startswith(UNLIKE) for text in line["doubts"]) for line in lines)
    return f"{model}: {told}" + (f", of these {strange} unlike training" if strange else "")


def _limits(lines: list[dict[str, Any]]) -> Iterator[str]:
    """The limits of severity of each model, and where they are from."""
    for model, (low, high) in sorted({line["model"]: line["limits"] for line in lines}.items()):
        yield f"{model}: moderate from {percent(low)} corroded, severe from {percent(high)} ({LIMITS[model].source})."


def _row(line: dict[str, Any], picture: Path) -> dict[str, Any]:
    low, high = line["limits"]
    return {
        "small": small_uri(picture),
        "report": quote(f"{line['folder']}/{REPORTS['report']}", errors="surrogateescape"),
        "share": share_text(line["corroded_fraction"], line["corroded_fraction_sigma"], (low, high)),
        "severity": line["severity"],
        "shares": shares_text(line["shares"]),
        "model": line["model"],
        "doubts": line["doubts"],
    }


def small_uri(path: Path) -> str:
    """A small copy of a picture as a page holds it."""
    data = BytesIO()
    with Image.open(path) as image:
        image.thumbnail((SMALL, SMALL), reducing_gap=2)
        image.convert("RGB").save(data, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
