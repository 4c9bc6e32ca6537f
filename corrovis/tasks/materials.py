"""Materials as the contract answers them: pictures in, records out.  The command line and the page both call this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corrovis.sem.fields import read_field
from corrovis.sem.material import Material, MaterialClassifier


def classify_file(classifier: MaterialClassifier, path: Path, name: str) -> dict[str, Any]:
    """The record of one picture, called `name`, without its `file`.  Raises BadInputError for a picture that cannot be used."""
    return material_record(classifier.classify(read_field(path, name)))


def material_record(found: Material) -> dict[str, Any]:
    """`distance` above 1 is unfamiliar; the probabilities are among the network's own materials alone."""
    shares = found.probabilities.tolist()
    return {
        "material": found.material,
        "probabilities": dict(zip(found.classes, shares, strict=True)),
        "familiar": found.familiar,
        "distance": round(found.distance, 3),
        "model": found.made_by.model,
        "model_sha256": found.made_by.sha256,
        "warnings": list(found.warnings),
    }
