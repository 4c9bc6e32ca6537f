"""An inspection as files: pictures, one HTML that needs no other file, PDF, CSV, and the record of the contract."""

from __future__ import annotations

import base64
import csv
import json
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from fpdf import FPDF
from PIL import Image

from corrovis.images import save_index_png, save_numbers_png, save_png
from corrovis.manifest import WeightSpec
from corrovis.render.folders import make_folder
from corrovis.render.pages import write_page
from corrovis.render.sem_pictures import heat_map, overlay
from corrovis.render.sem_plots import size_histogram
from corrovis.sem.results import FIELD_SEVERITIES, Inspection, Opinion, Region

SHOWN_ROWS = 200  # regions in the HTML; all of them are in the CSV
PDF_ROWS = 30
SHOWN_SIDE = 1600  # px; long side of the pictures in HTML and PDF
SMALLER = "{caption} (shown smaller; the full picture, {name}, lies beside this report)"
FILES = ("mask", "certainty", "region_numbers", "overlay", "saliency", "opinion_saliency", "sizes", "report", "pdf", "csv")
MEASURES = ("area_px", "area_um2", "equivalent_diameter_um", "perimeter_px", "circularity", "solidity", "eccentricity")

MEANING = (
    "Corroded share: pixels called corroded, of all pixels of the specimen without its data bar. Regions do not overlap.",
    "Severity follows from the corroded share by the limits above.",
    "Its probabilities say what the model's error of area, measured on specimens that it had not seen, leaves open.",
    "They do not cover pictures of another kind than the model learned from.",
    "The second opinion, where there is one, comes from a classifier that looks at windows of the field and measures no area.",
    "The heat map shows what the model's answer rests on; it is not a measurement of corrosion.",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the reports hold it: PNG, at most `SHOWN_SIDE` long."""

    png: bytes
    caption: str


def write_inspection(inspection: Inspection, spec: WeightSpec, folder: Path) -> dict[str, Any]:
    """Write everything about one inspection to `folder` and return its record; files in it are paths."""
    make_folder(folder)
    mask, shown = folder / "mask.png", folder / "overlay.png"
    save_index_png(inspection.map.labels, mask)
    save_png(overlay(inspection.field.rgb, inspection.map.regions), shown, None)
    numbers = folder / "regions.png"
    save_numbers_png(inspection.map.regions, numbers)
    certainty = folder / "certainty.png"
    save_index_png(inspection.map.certainty, certainty)
    heat = folder / "saliency.png" if inspection.saliency else None
    if inspection.saliency and heat:
        save_png(heat_map(inspection.field, inspection.saliency), heat, None)
    felt = inspection.opinion.saliency if inspection.opinion else None
    second = folder / "opinion_saliency.png" if felt else None
    if felt and second:
        save_png(heat_map(inspection.field, felt), second, None)
    histogram = folder / "sizes.png"
    histogram.write_bytes(size_histogram(inspection))
    files = {
        "mask": mask,
        "certainty": certainty,
        "region_numbers": numbers,
        "overlay": shown,
        "saliency": heat,
        "opinion_saliency": second,
        "sizes": histogram,
    }
    files |= {"report": folder / "report.html", "pdf": folder / "report.pdf", "csv": folder / "regions.csv"}
    answer = record(inspection) | files
    pictures = [
        (shown, "Corroded regions, each in its own colour"),
        (heat, "Saliency"),
        (second, "What the second opinion rests on"),
        (histogram, "Sizes of the regions"),
    ]
    present = [shown_of(path, caption) for path, caption in pictures if path]
    _write_html(inspection, spec, present, folder / "report.html")
    _write_pdf(inspection, spec, present, folder / "report.pdf")
    _write_csv(answer["regions"], folder / "regions.csv")
    (folder / "inspection.json").write_text(json.dumps(answer, default=lambda path: path.name, indent=1) + "\n")
    return answer


def shown_of(path: Path, caption: str) -> Shown:
    """The picture at `path`; a large one as a smaller copy, which its caption says."""
    with Image.open(path) as image:
        if max(image.size) <= SHOWN_SIDE:
            return Shown(path.read_bytes(), caption)
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BOX)
        small = BytesIO()
        image.save(small, "PNG")
    return Shown(small.getvalue(), SMALLER.format(caption=caption, name=path.name))


def read_inspection(folder: Path) -> dict[str, Any]:
    """The record that `write_inspection` returned, from its folder."""
    answer: dict[str, Any] = json.loads((folder / "inspection.json").read_text())
    return answer | {key: folder / answer[key] for key in FILES if answer[key]}


def record(inspection: Inspection) -> dict[str, Any]:
    """The contract's answer for one inspection, without its files.  Absent is not zero: no scale, no micrometres."""
    pixel, grade = inspection.field.pixel, inspection.grade
    shares = grade.probabilities.tolist()
    density = inspection.density_per_mm2
    return {
        "file": inspection.field.name,
        "model": inspection.model,
        "severity": grade.severity,
        "probabilities": dict(zip(FIELD_SEVERITIES, shares, strict=True)),
        "severity_from": "corroded area; the probabilities are what the model's measured error of area leaves open",
        "second_opinion": opinion_record(inspection.opinion) if inspection.opinion else None,
        "severity_limits": list(grade.limits),
        "severity_sigma": round(grade.sigma, 6),
        "corroded_fraction": round(inspection.map.corroded_fraction, 6),
        "class_fractions": {name: round(inspection.map.class_fraction(name), 6) for name in inspection.map.classes[1:]},
        "regions": [region_record(region, pixel.um if pixel else None) for region in inspection.regions],
        "regions_per_mm2": None if density is None else six_figures(density),
        "specimen_rows": list(inspection.field.rows),
        "pixel_size_um": pixel.um if pixel else None,
        "pixel_size_source": pixel.source if pixel else None,
        "warnings": list(inspection.warnings),
        "model_sha256": inspection.map.made_by.sha256,
        "seconds": round(inspection.map.made_by.seconds, 3),
    }


def opinion_record(opinion: Opinion) -> dict[str, Any]:
    shares = dict(zip(FIELD_SEVERITIES, opinion.probabilities.tolist(), strict=True))
    return {"severity": opinion.severity, "probabilities": shares, "model": opinion.made_by.model}


def region_record(region: Region, um: float | None) -> dict[str, Any]:
    return {
        "id": region.id,
        "class": region.label,
        "score": region.score,
        "bbox_xyxy": list(region.bbox_xyxy),
        "area_px": region.area_px,
        "area_um2": None if um is None else six_figures(region.area_px * um**2),
        "equivalent_diameter_um": None if um is None else six_figures(region.equivalent_diameter_px * um),
        "perimeter_px": round(region.perimeter_px, 2),
        "circularity": round(region.circularity, 4),
        "solidity": round(region.solidity, 4),
        "eccentricity": round(region.eccentricity, 4),
    }


def six_figures(value: float) -> float:
    """Pixels measure picometres to millimetres: figures are kept, not decimals."""
    return float(f"{value:.6g}")


def facts_of(inspection: Inspection, spec: WeightSpec) -> list[tuple[str, str]]:
    """What the report says first, as (name, value)."""
    pixel, grade = inspection.field.pixel, inspection.grade
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(FIELD_SEVERITIES, grade.probabilities, strict=True))
    low, high = grade.limits
    density = inspection.density_per_mm2
    classes = inspection.map.classes[1:]
    of_each = [("Share of each class", ", ".join(f"{name} {inspection.map.class_fraction(name):.2%}" for name in classes))]
    return [
        ("Corroded share", f"{inspection.map.corroded_fraction:.2%}"),
        *(of_each if len(classes) > 1 else []),
        ("Severity", f"{grade.severity} ({shares}); moderate from {low:.0%}, severe from {high:.0%}"),
        *([("Second opinion", opinion_text(opinion))] if (opinion := inspection.opinion) else []),
        ("Regions", f"{len(inspection.regions)}" + ("" if density is None else f", {density_text(density)} per mm²")),
        ("Pixel size", f"{pixel.um:g} µm ({pixel.source})" if pixel else "unknown: areas are in pixels"),
        ("Picture", f"{inspection.field.size_hw[1]} x {inspection.field.size_hw[0]} pixels"),
        ("Model", f"{inspection.model}, sha256 {inspection.map.made_by.sha256}"),
        ("Limits of the model", spec.limits),
    ]


def density_text(density: float) -> str:
    return f"{density:.0f}" if density >= 100 else f"{density:.3g}"


def opinion_text(opinion: Opinion) -> str:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(FIELD_SEVERITIES, opinion.probabilities, strict=True))
    return f"{opinion.severity} ({shares}); {opinion.made_by.model}, sha256 {opinion.made_by.sha256[:12]}"


def _write_html(inspection: Inspection, spec: WeightSpec, pictures: list[Shown], path: Path) -> None:
    """One file: the pictures lie in it as data."""
    rows = _rows(inspection, SHOWN_ROWS)
    values = {
        "name": inspection.field.name,
        "warnings": inspection.warnings,
        "facts": facts_of(inspection, spec),
        "pictures": [{"data": _as_data(one.png), "caption": one.caption} for one in pictures],
        "columns": list(rows[0]) if rows else [],
        "rows": [["" if value is None else value for value in row.values()] for row in rows],
        "left_out": len(inspection.regions) - len(rows),
        "meaning": MEANING,
    }
    write_page("report.html", path, values)


def _write_pdf(inspection: Inspection, spec: WeightSpec, pictures: list[Shown], path: Path) -> None:
    pdf = FPDF()
    pdf.set_title(f"Corrosion report: {_latin(inspection.field.name)}")
    pdf.add_page()
    write = partial(_line, pdf)
    write(f"Corrosion report: {inspection.field.name}", 15, "B")
    for warning in inspection.warnings:
        write(f"Note: {warning}", 9, "I")
    for key, value in facts_of(inspection, spec):
        write(f"{key}: {value}", 9, "")
    for one in pictures:
        if pdf.get_y() > 180:
            pdf.add_page()
        pdf.image(BytesIO(one.png), w=150, h=90, keep_aspect_ratio=True)
        write(one.caption, 8, "I")
    write(f"Regions (largest {PDF_ROWS} at the most)", 11, "B")
    for row in _rows(inspection, PDF_ROWS):
        write(", ".join(f"{key} {value}" for key, value in row.items() if value is not None), 7, "")
    write("What the numbers mean", 11, "B")
    for text in MEANING:
        write(text, 9, "")
    pdf.output(str(path))


def _line(pdf: FPDF, text: str, size: int, style: str) -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.multi_cell(0, size * 0.5, _latin(text), new_x="LMARGIN", new_y="NEXT")


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    names = ["id", "class", "score", "x0", "y0", "x1", "y1", *MEASURES]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            corners = dict(zip(("x0", "y0", "x1", "y1"), row["bbox_xyxy"], strict=True))
            writer.writerow({**{name: value for name, value in row.items() if name in names}, **corners})


def _rows(inspection: Inspection, most: int) -> list[dict[str, Any]]:
    """The largest regions first."""
    pixel = inspection.field.pixel
    largest = sorted(inspection.regions, key=lambda region: -region.area_px)[:most]
    rows = [region_record(region, pixel.um if pixel else None) for region in largest]
    return [{**row, "bbox_xyxy": " ".join(map(str, row["bbox_xyxy"]))} for row in rows]


def _as_data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _latin(text: str) -> str:
    """What the PDF's built-in fonts can show."""
    return text.encode("latin-1", "replace").decode("latin-1")
