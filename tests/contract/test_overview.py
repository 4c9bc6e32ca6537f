"""docs/overview.md names every file, and every file that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("corrovis", "train", "benchmarks", "examples")
KINDS = {".py", ".html", ".js", ".css"}


def files() -> set[str]:
    found = {
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in KINDS and path.name != "__init__.py"
    }
    return {path.relative_to(ROOT).as_posix() for path in found} | {"app.py"}


def named() -> set[str]:
    """The first column of every table."""
    text = (ROOT / "docs" / "overview.md").read_text()
    return set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))


def test_every_file_has_its_sentence() -> None:
    assert sorted(files() - named()) == []


def test_every_named_file_exists() -> None:
    assert sorted(named() - files()) == []


def test_other_paths_in_the_text_exist() -> None:
    text = (ROOT / "docs" / "overview.md").read_text()
    paths = set(re.findall(r"`((?:corrovis|train|tests|weights|docs|benchmarks|examples)/[^` ]*)`", text))
    generated = {"train/reports/"}
    assert sorted(path for path in paths - generated if not (ROOT / path).exists()) == []
