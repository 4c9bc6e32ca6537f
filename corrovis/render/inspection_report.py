"""An inspection as files: pictures, one HTML that needs no other file, PDF, CSV, and the record of the contract."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from corrovis import __version__
from corrovis.files import make_folder
from corrovis.images import png_uri, save_index_png, save_numbers_png, save_png
from corrovis.manifest import WeightSpec
from corrovis.render.inspection_facts import facts_of, meaning_of, measured_how
from corrovis.render.pages import write_page
from corrovis.render.pdf import Report, Shown, write_pdf
from corrovis.render.sem_pictures import colours_of, heat_map, overlay, with_legend, with_numbers, with_scale_bar
from corrovis.render.sem_plots import size_histogram
from corrovis.results import Byte
from corrovis.sem.results import FIELD_SEVERITIES, Inspection, Opinion, Region
from corrovis.sem.severity import LIMITS

SHOWN_ROWS = 200  # regions in the HTML; all of them are in the CSV
NUMBERED = 10  # regions whose numbers stand in the picture
SHOWN_SIDE = 1600  # px; long side of the pictures in HTML and PDF
SMALLER = "{caption} (shown smaller; the full picture, {name}, lies beside this report)"
KEYS = ("mask", "certainty", "region_numbers", "overlay", "saliency", "opinion_saliency", "sizes")
PICTURES = {key: key for key in KEYS} | {"region_numbers": "regions"}
REPORTS = {"report": "report.html", "pdf": "report.pdf", "csv": "regions.csv"}
FILES = (*PICTURES, *REPORTS)
RECORD = "inspection.json"
CORNERS = ("x0", "y0", "x1", "y1")

# How HTML and PDF call what JSON and CSV call by the contract's names.
HEADINGS = {
    "id": "Number",
    "class": "Class",
    "score": "Score",
    "bbox_xyxy": "Box, px: left, top, right, bottom",
    "area_px": "Area, px²",
    "area_um2": "Area, µm²",
    "equivalent_diameter_px": "Equivalent diameter, px",
    "equivalent_diameter_um": "Equivalent diameter, µm",
    "perimeter_px": "Perimeter, px",
    "perimeter_um": "Perimeter, µm",
    "circularity": "Circularity",
    "solidity": "Solidity",
    "eccentricity": "Eccentricity",
    "second_opinion": "Second opinion there",
    "touches_border": "At the border",
}
FORMS = {"id": "d", "score": ".2f", "circularity": ".3f", "solidity": ".2f", "eccentricity": ".3f"}


def write_inspection(inspection: Inspection, spec: WeightSpec, folder: Path) -> dict[str, Any]:
    """Write everything about one inspection to `folder` and return its record; files in it are paths."""
    make_folder(folder)
    files = _write_pictures(inspection, folder)
    files |= {key: folder / name for key, name in REPORTS.items()}
    answer = record(inspection) | files
    report = _report(inspection, spec, files)
    _write_html(report, folder / "report.html")
    write_pdf(report, folder / "report.pdf")
    _write_csv(answer["regions"], folder / "regions.csv")
    (folder / RECORD).write_text(json.dumps(answer, default=lambda path: path.name, indent=1) + "\n")
    return answer


def _write_pictures(inspection: Inspection, folder: Path) -> dict[str, Path | None]:
    """The pictures' paths by their keys in the record; None for heat maps that there are not, and for sizes of no instances."""
    files: dict[str, Path | None] = {key: folder / f"{name}.png" for key, name in PICTURES.items()}
    save_index_png(inspection.map.labels, folder / "mask.png")
    save_index_png(inspection.map.certainty, folder / "certainty.png")
    save_numbers_png(inspection.map.regions, folder / "regions.png")
    save_png(overlay(inspection.field.rgb, inspection.map.regions, colours_of(inspection.map)), folder / "overlay.png", None)
    if inspection.map.instances:
        (folder / "sizes.png").write_bytes(size_histogram(inspection))
    else:
        (folder / "sizes.png").unlink(missing_ok=True)
        files["sizes"] = None
    felt = inspection.opinion.saliency if inspection.opinion else None
    for key, heat in {"saliency": inspection.saliency, "opinion_saliency": felt}.items():
        path = folder / f"{key}.png"
        if heat:
            save_png(heat_map(inspection.field, heat), path, None)
        else:
            path.unlink(missing_ok=True)  # of an earlier inspection into the same folder
            files[key] = None
    return files


def clear_inspection(folder: Path) -> None:
    """Delete from `folder` what `write_inspection` left there, and from no other folder anything."""
    if (folder / RECORD).is_file():
        for name in (*(f"{picture}.png" for picture in PICTURES.values()), *REPORTS.values(), RECORD):
            (folder / name).unlink(missing_ok=True)


def shown_of(path: Path, caption: str, draw: Callable[[Byte], Byte] | None = None) -> Shown:
    """The picture at `path` with what `draw` adds to it; a large one as a smaller copy, which its caption says."""
    with Image.open(path) as image:
        large = max(image.size) > SHOWN_SIDE
        if not large and draw is None:
            return Shown(path.read_bytes(), caption)
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BOX)
        drawn = Image.fromarray(draw(np.asarray(image))) if draw else image
        small = BytesIO()
        drawn.save(small, "PNG")
    return Shown(small.getvalue(), SMALLER.format(caption=caption, name=path.name) if large else caption)


def read_inspection(folder: Path) -> dict[str, Any]:
    """The record that `write_inspection` returned, from its folder."""
    answer: dict[str, Any] = json.loads((folder / RECORD).read_text())
    return answer | {key: folder / answer[key] for key in FILES if answer[key]}


def record(inspection: Inspection) -> dict[str, Any]:
    """The contract's answer for one inspection, without its files.  Absent is not zero: no scale, no micrometres."""
    pixel, grade = inspection.field.pixel, inspection.grade
    shares = grade.probabilities.tolist()
    density, area = inspection.density_per_mm2, inspection.field_um2
    return {
        "file": inspection.field.name,
        "model": inspection.model,
        "severity": grade.severity,
        "probabilities": dict(zip(FIELD_SEVERITIES, shares, strict=True)),
        "severity_from": "corroded area; the probabilities are what the model's measured error of area leaves open",
        "second_opinion": opinion_record(inspection.opinion) if inspection.opinion else None,
        "severity_limits": list(grade.limits),
        "severity_limits_from": LIMITS[inspection.model].source,
        "severity_sigma": round(grade.sigma, 6),
        "corroded_fraction": round(inspection.map.corroded_fraction, 6),
        "corroded_fraction_sigma": round(grade.sigma, 6),
        "class_fractions": {name: round(inspection.map.class_fraction(name), 6) for name in inspection.map.classes[1:]},
        "regions": [region_record(region, pixel.um if pixel else None) for region in inspection.regions],
        "regions_per_mm2": None if density is None else six_figures(density),
        "specimen_rows": list(inspection.field.rows),
        "field_um2": None if area is None else six_figures(area),
        "corroded_um2": None if area is None else six_figures(inspection.map.corroded_fraction * area),
        "pixel_size_um": six_figures(pixel.um) if pixel else None,
        "pixel_size_source": pixel.source if pixel else None,
        "warnings": list(inspection.warnings),
        "doubts": list(inspection.doubts),
        "picture_sha256": inspection.field.sha256,
        "model_sha256": inspection.map.made_by.sha256,
        "seconds": round(inspection.map.made_by.seconds, 3),
        "inspected": inspection.at.isoformat(timespec="seconds"),
        "corrovis": __version__,
    }


def opinion_record(opinion: Opinion) -> dict[str, Any]:
    """What the second stage says of the whole field."""
    shares = dict(zip(FIELD_SEVERITIES, opinion.probabilities.tolist(), strict=True))
    made_by = opinion.made_by
    return {"severity": opinion.severity, "probabilities": shares, "model": made_by.model, "model_sha256": made_by.sha256}


def region_record(region: Region, um: float | None) -> dict[str, Any]:
    """The contract's answer for one region; `um` is the side of a pixel, without which there are no micrometres."""
    return {
        "id": region.id,
        "class": region.label,
        "score": region.score,
        "bbox_xyxy": list(region.bbox_xyxy),
        "area_px": region.area_px,
        "area_um2": None if um is None else six_figures(region.area_px * um**2),
        "equivalent_diameter_px": six_figures(region.equivalent_diameter_px),
        "equivalent_diameter_um": None if um is None else six_figures(region.equivalent_diameter_px * um),
        "perimeter_px": round(region.perimeter_px, 2),
        "perimeter_um": None if um is None else six_figures(round(region.perimeter_px, 2) * um),
        "circularity": round(region.circularity, 4),
        "solidity": round(region.solidity, 4),
        "eccentricity": round(region.eccentricity, 4),
        "second_opinion": region.second_opinion,
        "touches_border": region.touches_border,
    }


def six_figures(value: float) -> float:
    """Pixels measure picometres to millimetres: figures are kept, not decimals."""
    return float(f"{value:.6g}")


def _report(inspection: Inspection, spec: WeightSpec, files: dict[str, Path | None]) -> Report:
    """What HTML and PDF say; `files` are the pictures that lie beside them."""
    pixel, regions = inspection.field.pixel, inspection.map.regions
    largest = sorted(inspection.regions, key=lambda region: -region.area_px)[:SHOWN_ROWS]
    classes, numbers = inspection.map.classes, [region.id for region in largest[:NUMBERED]]

    def marked(picture: Byte) -> Byte:
        picture = with_numbers(picture, regions, numbers)
        if pixel:
            picture = with_scale_bar(picture, pixel.um * regions.shape[1], inspection.map.rows[1] / len(regions))
        return with_legend(picture, classes[1:]) if len(classes) > 2 else picture

    kind = "in the colour of its class" if len(classes) > 2 else "in its own colour"
    pictures = [
        ("overlay", f"Corroded regions, each {kind}, the largest with their numbers", marked),
        ("saliency", "Heat map: what the answer rests on", None),
        ("opinion_saliency", "Heat map: what the second opinion rests on", None),
        ("sizes", f"Sizes of the regions, n = {len(inspection.regions):,}", None),
    ]
    rows = [region_record(region, pixel.um if pixel else None) for region in largest]
    absent = [key for key in HEADINGS if rows and all(row[key] is None for row in rows)]
    columns = {key: name for key, name in HEADINGS.items() if key not in absent}
    colours = colours_of(inspection.map).tolist()
    return Report(
        name=inspection.field.name,
        doubts=inspection.doubts,
        notes=inspection.field.notes,
        facts=facts_of(inspection),
        pictures=[shown_of(path, caption, draw) for key, caption, draw in pictures if (path := files[key])],
        headings=list(columns.values()),
        rows=[[written(key, row[key]) for key in columns] for row in rows],
        colours=[tuple(colours[region.id]) for region in largest],
        count=len(inspection.regions),
        measured=measured_how(inspection, spec),
        meaning=meaning_of(inspection),
    )


def written(key: str, value: Any) -> str:
    """A region's value as HTML and PDF show it: four figures, or whole numbers with commas at thousands."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    whole = isinstance(value, int) or value >= 999.95
    return format(value, FORMS.get(key, ",.0f" if whole else "#.4g"))


def _write_html(report: Report, path: Path) -> None:
    """One file: the pictures lie in it as data."""
    dot = Markup('<i class="dot" style="background: rgb{}"></i>{}')
    left = report.count - len(report.rows)
    values = {
        "name": report.name,
        "doubts": report.doubts,
        "notes": report.notes,
        "facts": report.facts,
        "pictures": [{"data": png_uri(one.png), "caption": one.caption} for one in report.pictures],
        "columns": report.headings if report.rows else [],
        "rows": [[dot.format(colour, row[0]), *row[1:]] for colour, row in zip(report.colours, report.rows, strict=True)],
        "left_out": f"{left:,}" if left else "",
        "measured": report.measured,
        "meaning": report.meaning,
    }
    write_page("report.html", path, values)


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    names = [name for key in HEADINGS for name in (CORNERS if key == "bbox_xyxy" else (key,))]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            corners = dict(zip(CORNERS, row["bbox_xyxy"], strict=True))
            writer.writerow({**{name: value for name, value in row.items() if name in names}, **corners})
