"""A weight's record as a model card in Markdown, with the front matter that the Hub reads.

Every figure is the record's; limits of severity are those of `corrovis.sem.severity`.  `python train/model_card.py` writes the
cards of weights/ anew from their records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corrovis.manifest import WeightSpec, read_manifest
from corrovis.sem.results import FIELD_SEVERITIES
from corrovis.sem.severity import LIMITS
from corrovis.settings import WEIGHTS

SECOND_STAGE = "-severity"
CARD = """\
---
license: {licence}
library_name: pytorch
tags: [corrosion, corrovis]
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
{severity}
## Use

{use}
"""
SHIPPED = """\
```python
from corrovis.settings import Settings
from corrovis.store import Store

network = Store(Settings().weights).network("{name}")
```

The file is verified by its hash when loaded; `corrovis models --verify` also compares the network's answer to a seeded input
with the numbers in the record."""
OWN = """\
```sh
{command} --weights {path}
```

The file is verified by its hash when loaded; manifest.json has to stay beside it."""
COMMANDS = {"SurfaceGAN": "corrovis synthesize sem --material MATERIAL --out FOLDER"}
COMMANDS |= dict.fromkeys(("MaterialCNN", "MaterialNet"), "corrovis material IMAGE")


def model_card(spec: WeightSpec, folder: Path = WEIGHTS) -> str:
    """The card of a network in `folder`: that of a lab's own, there alone, says how it is used instead of the shipped one."""
    own = folder.resolve() != WEIGHTS and spec.arch in COMMANDS
    use = OWN.format(command=COMMANDS[spec.arch], path=folder / spec.file) if own else SHIPPED.format(name=spec.name)
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
        severity=_severity(spec.name),
        use=use,
    )


def _severity(name: str) -> str:
    """From which corroded share on a field is of which severity, for models that find corroded area and their second stages."""
    name = name.removesuffix(SECOND_STAGE)
    if name not in LIMITS:
        return ""
    least, *higher = FIELD_SEVERITIES
    each = zip(higher, LIMITS[name].starts, strict=True)
    starts = ", ".join(f"*{severity}* from {100 * limit:g} %" for severity, limit in each)
    return f"""
## Severity

By the corroded share of the specimen: {starts}, *{least}* below.  `corrovis/sem/severity.py` says why there.
"""


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


def main() -> None:
    for name, spec in read_manifest(WEIGHTS).items():
        (WEIGHTS / "cards" / f"{name}.md").write_text(model_card(spec))


if __name__ == "__main__":
    main()
