"""The README's scores are those of the reports, and the records' scores too."""

from __future__ import annotations

from pathlib import Path

import readme_scores

from corrovis.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[2]


def test_readme_repeats_the_reports() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme_scores.with_table(readme, readme_scores.content(ROOT / "train/reports")) == readme


def test_records_repeat_the_reports() -> None:
    reported = readme_scores.metrics(ROOT / "train/reports")
    for name, spec in read_manifest(ROOT / "weights").items():
        if name in reported:
            assert spec.metrics == reported[name]
