"""The one door for curves: a file of any common instrument in, a checked `PolarizationCurve` or `Spectrum` out.

What had to be decided on the way (unit, sign, area, which of several blocks) stands in the result's `notes`.  The conventions
inside are V, A/cm2 with anodic current positive, Hz, and ohm with a negative imaginary part for capacitors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from corrovis.curves import PolarizationCurve, Spectrum
from corrovis.electrochem.columns import (
    HINT,
    Column,
    best_table,
    columns_of,
    impedance_columns,
    is_spectrum,
    phase_with_unit,
    polarization_columns,
)
from corrovis.electrochem.foreign import is_session, read_foreign
from corrovis.electrochem.headings import AREAS, SYMBOLS, Heading
from corrovis.electrochem.spectra import SPECTRUM_HINT, Sign, capacitive, make_spectrum, runs
from corrovis.electrochem.sweeps import anodic_positive, counted, join_blocks
from corrovis.electrochem.tables import Table, number, read_bytes, read_tables, refuse_outside
from corrovis.errors import BadInputError
from corrovis.results import Complex, Real

MAX_VOLTS = 20.0  # a potential column without a unit that goes further is in mV
WIDE_VOLTS = 5.0  # a column without a unit that spans more may be
MAX_AREA = 1e6  # cm2
AREA = re.compile(  # as Gamry, EC-Lab, VersaStudio and people write it
    r"\s*(?:(?P<gamry>AREA\s+QUANT)|(?:(?:working|exposed|sample|specimen|electrode|surface)\s*)*area)\s*"
    r"(?:\((?P<unit>[^()]*)\))?\s*[:=,]?\s*(?P<value>[\d.,eE+-]+)(?P<rest>.*)",
    re.IGNORECASE,
)
AREA_UNIT = re.compile(r"(?:sq(?:uare)?\b\.?\s*([cdm]?m)|([cdm]?m)\s*\^?[2\ufffd])(?![\w^])", re.IGNORECASE)
LEAST_AREA = 1e-12  # cm2, below any ultramicroelectrode's
UNSET_AREA = 0.001  # cm2, in EC-Lab's files where nobody entered an area


def read_spectrum(
    path: Path, number: int = 1, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> Spectrum:
    """Of the spectra in a file the one with this number, counted from 1; else as `read_spectra`."""
    return numbered(read_spectra(path, area_cm2, columns, name), number, name or path.name)


def numbered(spectra: tuple[Spectrum, ...], number: int, name: str) -> Spectrum:
    """Of the spectra in the file called `name` the one with this number, counted from 1.  Raises BadInputError for none."""
    if not 1 <= number <= len(spectra):
        raise BadInputError(f"{name} holds {counted(len(spectra), 'spectrum', 'spectra')}, no number {number}")
    return spectra[number - 1]


def read_polarization(
    path: Path, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> PolarizationCurve:
    """The polarisation curve in a file.

    `columns` maps potential and current to a heading or a number from 1, with a unit if wanted: {"current": "3 (mA)"}.

    Raises:
        BadInputError: no such curve in the file, or it cannot be told which columns hold it
    """
    name = name or path.name
    check_area(area_cm2)
    data = read_bytes(path)
    if is_session(data):
        raise BadInputError(f"{name} is a PalmSens session, of which only spectra can be read; export the curve as CSV")
    tables = read_tables(data, name, lambda found: any(columns_of(t, "potential") and columns_of(t, "current") for t in found))
    if not columns and any(map(is_spectrum, tables)):  # its other tables hold the potential before, and the like
        beside = f"; for the potential and current beside it {HINT}" if any(map(_is_polarization, tables)) else ""
        raise BadInputError(f"{name} holds an impedance spectrum, not a polarisation curve; fit it with corrovis eis{beside}")
    table = best_table(tables, ("potential", "current"))
    notes = [table.note] if table.note else []
    potentials, currents = polarization_columns(table, columns, name, notes)
    potential, current, heading, signed = _joined(potentials, currents, notes)
    potential, current, signed = join_blocks(_finite_blocks(potential, current, table, notes), signed, notes)
    if len(potential) == 0:
        raise BadInputError(f"{name}: no row holds both a potential and a current; {HINT}")
    if heading.per_area:
        notes += ["current is a density already; the area was not applied"] if area_cm2 is not None else []
        area_cm2 = None
    else:
        area_cm2 = _area(area_cm2, table, notes)
        current = current / area_cm2
    refuse_outside(np.abs(potential), "V", name)
    refuse_outside(np.abs(current).max(keepdims=True), "A/cm2", name)  # single ones may be 0, or the rounding of a computed zero
    current, signed = anodic_positive(potential, current, signed, notes)
    return PolarizationCurve(potential, current, name, tuple(notes), signed, area_cm2)


def read_spectra(
    path: Path, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> tuple[Spectrum, ...]:
    """Every impedance spectrum in a file, in its order.

    `columns` maps frequency and real, imaginary (or modulus, phase) to headings or numbers, see `read_polarization`.

    Raises:
        BadInputError: no spectrum in the file, or it cannot be told which columns hold it
    """
    name = name or path.name
    check_area(area_cm2)
    data = read_bytes(path)
    notes: list[str] = []
    pairs = [run for f, z in read_foreign(data, path) for run in runs(f, z, name, notes)] if not columns else []
    per_area = False
    if not pairs:
        if is_session(data):
            raise BadInputError(f"{name} is a PalmSens session without an impedance spectrum; export its curve as CSV")
        tables = read_tables(data, name, lambda found: any(columns_of(table, "frequency") for table in found))
        table = best_table(tables, ("frequency", "real", "imaginary"))
        notes += [table.note] if table.note else []
        if any(map(_is_polarization, tables)):
            notes.append("the file holds potential and current of another technique too, which were left out")
        frequency, impedance, per_area = _impedance(table, columns, name, notes)
        if not per_area and area_cm2 is None and (named := _named_area(table)) not in (None, 1):
            notes.append(f"the file names an area of {named:g} cm2, which was not applied; give it to have all per area")
        blocks = zip(np.split(frequency, table.cuts), np.split(impedance, table.cuts), strict=True)
        pairs = [run for f, z in blocks for run in runs(f, z, name, notes)]
    if per_area and area_cm2 is not None:
        notes.append("impedance is per area already; the area was not applied")
    applied = None if per_area else area_cm2
    if applied is not None:
        pairs = [(f, z * applied) for f, z in pairs]
    per_area = per_area or area_cm2 is not None
    made = []
    for place, (f, z) in enumerate(pairs, 1):
        several = [f"{len(pairs)} spectra in the file; this is number {place}"] if len(pairs) > 1 else []
        made.append(make_spectrum(f, z, f"{name} #{place}" if several else name, notes + several, per_area))
    return tuple(replace(spectrum, area_cm2=applied) for spectrum in made)


def _is_polarization(table: Table) -> bool:
    return bool(columns_of(table, "potential") and columns_of(table, "current")) and not is_spectrum(table)


def speaks_of_impedance(path: Path) -> bool:
    """Whether the headings in a file that no reader takes name a frequency or an impedance, and no polarisation curve."""
    try:
        tables = read_tables(read_bytes(path), path.name)
    except BadInputError:
        return False
    named = any(columns_of(table, kind) for table in tables for kind in ("frequency", "real", "imaginary"))
    return named and not any(map(_is_polarization, tables))


def _joined(potentials: list[Column], currents: list[Column], notes: list[str]) -> tuple[Real, Real, Heading, bool]:
    """One curve; two pairs of columns are a cathodic and an anodic scan, each away from the open-circuit potential."""
    head = currents[0].heading
    potential, current = potentials[0].scaled, currents[0].scaled
    signed, used = head.signed, 1
    if len(potentials) >= 2 and len(currents) >= 2:
        parts = []
        for e, i in ((p.scaled, c.scaled) for p, c in zip(potentials[:2], currents[:2], strict=True)):
            good = np.isfinite(e) & np.isfinite(i)
            e, i = e[good], i[good]
            if len(e):
                rising = e[-1] > e[0]
                parts.append((e, i if (i < 0).any() else np.abs(i) * (1 if rising else -1), rising))
        if len(parts) == 2 and parts[0][2] != parts[1][2]:
            (down_e, down_i, _), (up_e, up_i, _) = sorted(parts, key=lambda part: bool(part[2]))
            notes.append("two scans away from the open-circuit potential were joined; their directions tell the signs")
            potential, current = np.concatenate([down_e[::-1], up_e]), np.concatenate([down_i[::-1], up_i])
            signed, used = True, 2
    if len(currents) > used:
        more = counted(len(currents) - used, "more column")
        notes.append(f"left out: {more} of current; name the columns of a curve to fit that one")
    return _in_volts(potential, potentials[0].heading, notes), current, head, signed


def _in_volts(potential: Real, heading: Heading, notes: list[str]) -> Real:
    """The potential, in mV where no unit is told and it goes further than volts do; where it may be, that is said."""
    low, high = np.nanmin(potential, initial=np.inf), np.nanmax(potential, initial=-np.inf)
    size = max(-low, high)
    if heading.factor == 1 and size > MAX_VOLTS:
        notes.append(f"potentials up to {size:.0f} were taken for mV")
        return potential * 1e-3
    if not heading.has_unit and high - low > WIDE_VOLTS:
        taken = f"the potentials, {low:g} to {high:g} without a unit, were taken for V"
        notes.append(f"{taken}; if they are mV, name the columns as in potential='1 (mV)',current=2")
    return potential


def _finite_blocks(potential: Real, current: Real, table: Table, notes: list[str]) -> list[tuple[Real, Real]]:
    """The rows of each block in the file that hold both numbers."""
    keep = np.isfinite(potential) & np.isfinite(current)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} rows hold no number and were left out")
    columns = (np.split(column, table.cuts) for column in (potential, current, keep))
    return [(e[good], i[good]) for e, i, good in zip(*columns, strict=True)]


def _area(area_cm2: float | None, table: Table, notes: list[str]) -> float:
    if area_cm2 is not None:
        return area_cm2
    area = _named_area(table)
    if area is not None:
        notes.append(f"area {area:g} cm2 was taken from the file; give the area if it is another")
        return area
    unread = next((line for line, area in _areas(table) if area is None), None)
    why = "no area was given" if unread is None else f"the area in {unread[:60]!r} was not understood"
    notes.append(f"{why}: the current was taken for that of 1 cm2; give the exposed area")
    return 1.0


def _named_area(table: Table) -> float | None:
    """cm2, as the lines above the table tell it."""
    found = (area for _, area in _areas(table))
    return next((area for area in found if area is not None and 0 < area < MAX_AREA and area != UNSET_AREA), None)


def _areas(table: Table) -> Iterator[tuple[str, float | None]]:
    """The lines that name an area, and what they name in cm2, the unit of those without one; None where it cannot be read."""
    for line in table.above:
        match = AREA.match(line.translate(SYMBOLS))
        value = number(match["value"].replace(",", ".")) if match else None
        if not match or value is None:
            continue
        words = f"{match['unit'] or ''} {match['rest']}".strip(" ,;")
        unit = AREA_UNIT.search(words)
        if unit:
            yield line.strip(), value / AREAS[(unit[1] or unit[2]).lower()]
        else:
            yield line.strip(), value if match["gamry"] or not words else None


def check_area(area_cm2: float | None) -> None:
    """Raise BadInputError for an area that no specimen has."""
    if area_cm2 is not None and not LEAST_AREA < area_cm2 < MAX_AREA:
        raise BadInputError(f"area {area_cm2:g} cm2 is not possible; give the exposed area in cm2")


def _impedance(table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]) -> tuple[Real, Complex, bool]:
    """Frequency in Hz, impedance in ohm, and whether that is per area."""
    found = impedance_columns(table, columns, name, notes)
    frequency = found["frequency"].scaled
    if "real" in found and "imaginary" in found:
        impedance = found["real"].scaled + 1j * found["imaginary"].scaled
        size, angle = found["real"], found["imaginary"]
    elif "modulus" in found and "phase" in found:
        size, angle = found["modulus"], phase_with_unit(frequency, found["modulus"].scaled, found["phase"], notes)
        impedance = size.scaled * np.exp(1j * angle.scaled)
    else:
        raise BadInputError(f"{name}: beside the frequency there is no pair of real and imaginary part; {SPECTRUM_HINT}")
    if size.heading.over_area:
        notes.append(f"an impedance by area is in ohm cm2: for that the unit in {size.title!r} was taken")
    says: Sign = "told" if angle.told else "negated" if angle.heading.factor < 0 else ""
    return frequency, capacitive(frequency, impedance, says, notes), size.heading.per_area
