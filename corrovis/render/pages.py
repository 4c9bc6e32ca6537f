"""Reports as self-contained HTML: templates of this folder over `page.html`, which has their common looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape


def write_page(template: str, path: Path, values: dict[str, Any]) -> None:
    """Fill `template` with `values`, all of them escaped, and write it to `path`."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=select_autoescape(default=True, default_for_string=True))
    page = environment.get_template(template).render(values)
    path.write_text(page, encoding="utf-8", errors="replace")  # a file's name need not be UTF-8
