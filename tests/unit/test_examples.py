"""What the page offers to try is there, and is read."""

from __future__ import annotations

from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.images import read_photo
from corrovis.sem.exposure_table import read_table
from corrovis.sem.fields import read_field
from corrovis.ui.page import EXAMPLES, example_photos
from corrovis.ui.progression import TABLE
from corrovis.ui.wording import electrochem, inspection


def test_photos_and_fields_are_read() -> None:
    assert len([read_photo(path) for path in example_photos(EXAMPLES)]) >= 3
    for name in inspection.EXAMPLES:
        assert "data bar cropped: 44 rows below" in read_field(EXAMPLES / "micrographs" / name).notes


def test_the_progression_has_two_conditions_of_three_exposures() -> None:
    rows = read_table(EXAMPLES / "micrographs" / TABLE)
    assert {row.condition: sum(other.condition == row.condition for other in rows) for row in rows} == {
        "as received": 3,
        "annealed": 3,
    }
    assert all(row.file.exists() for row in rows)


def test_curves_are_read() -> None:
    assert set(electrochem.EXAMPLES) == {path.name for path in (EXAMPLES / "curves").iterdir()}
    assert read_polarization(EXAMPLES / "curves/polarisation.csv")
    (spectrum,) = read_spectra(EXAMPLES / "curves/impedance.csv")
    assert len(spectrum.frequency_hz) == 57


def test_examples_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 6e6
