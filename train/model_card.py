"""A weight's record as a model card in Markdown, with the front matter that the Hub reads.  Every figure is the record's."""

from __future__ import annotations

from typing import Any

from corrovis.manifest import WeightSpec

CARD = """\
---
license: {licence}
library_name: pytorch
tags: [corrosion, rust, corrovis]
---

# {name}

{about}

| | |
| --- | --- |
| architecture | `{arch}`, {config} |
| file | `{file}`, {megabytes:.2f} MB, no pickle |
| sha256 | `{sha256}` |
| input | {input} |
| outputs | {classes} |

## Scores

{metrics}

## Training

{trained}

## Limits

{limits}

## Use

```python
from corrovis.settings import Settings
from corrovis.store import Store

network = Store(Settings().weights).network("{name}")
```

The file is verified by its hash when loaded; `corrovis models --verify` also compares the network's answer to a seeded input
with the numbers in the record.
"""


def model_card(spec: WeightSpec) -> str:
    return CARD.format(
        licence=spec.licence.lower().removesuffix("-or-later"),
        name=spec.name,
        about=spec.extra.get("about", ""),
        arch=spec.arch,
        config=_inline(spec.config) or "as it stands",
        file=spec.file,
        megabytes=spec.bytes / 1e6,
        sha256=spec.sha256,
        input=_inline(spec.input),
        classes=", ".join(spec.classes),
        metrics=_metrics_table(spec.metrics),
        trained=_table(spec.trained),
        limits=spec.limits,
    )


def _inline(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _table(values: dict[str, Any]) -> str:
    rows = [f"| {key} | {value} |" for key, value in values.items()]
    return "\n".join(["| | |", "| --- | --- |", *rows]) if rows else "Not recorded."


def _metrics_table(metrics: dict[str, Any]) -> str:
    """`metrics`: name -> {"value", "low", "high", "n", "on"}; what a record lacks stays empty, for absent is not zero."""
    if not metrics:
        return "None yet."
    rows = []
    for name, score in metrics.items():
        interval = f"{score['low']} to {score['high']}" if "low" in score and "high" in score else ""
        rows.append(f"| {name} | {score['value']} | {interval} | {score.get('n', '')} | {score.get('on', '')} |")
    return "\n".join(["| score | value | 95 % interval | n | on |", "| --- | --- | --- | --- | --- |", *rows])
