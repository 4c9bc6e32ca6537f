"""The summary of many inspections: a line of CSV for each picture, also for one that could not be read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

SUMMARY = "summary.csv"
COLUMNS = (
    *("file", "folder", "model", "severity", "corroded_fraction", "severity_sigma"),
    *("regions", "regions_per_mm2", "pixel_size_um", "warnings", "error"),
)


def summary_line(item: dict[str, Any], folder: str) -> dict[str, Any]:
    """A picture's record as a line; `folder` holds its files.  What a picture that could not be read lacks is empty."""
    known = {name: item[name] for name in COLUMNS if item.get(name) is not None}
    if "error" not in item:
        known |= {"folder": folder, "regions": len(item["regions"])}
    return known | {"warnings": "; ".join(item.get("warnings", []))}


def begin_summary(path: Path) -> None:
    """The headings alone; what an earlier run wrote there is gone."""
    path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")


def add_to_summary(path: Path, line: dict[str, Any]) -> None:
    """One line more, on the disk at once: a run that is cut short has lost none of those before."""
    with path.open("a", newline="", encoding="utf-8", errors="replace") as file:  # a file's name need not be UTF-8
        csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(line)


def write_summary(path: Path, lines: list[dict[str, Any]]) -> None:
    begin_summary(path)
    for line in lines:
        add_to_summary(path, line)
