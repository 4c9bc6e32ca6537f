"""The one door for curves: a file of any common instrument in, a checked `PolarizationCurve` or `Spectrum` out.

What had to be decided on the way (unit, sign, area, which of several blocks) stands in the result's `notes`.  The conventions
inside are V, A/cm2 with anodic current positive, Hz, and ohm with a negative imaginary part for capacitors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from corrovis.curves import Complex, PolarizationCurve, Real, Spectrum
from corrovis.electrochem.foreign import read_foreign
from corrovis.electrochem.headings import Heading, hides_unit, read_heading, unit_for
from corrovis.electrochem.spectra import SPECTRUM_HINT, capacitive, like_frequencies, make_spectrum, runs, unevenness
from corrovis.electrochem.sweeps import anodic_positive, counted, join_blocks
from corrovis.electrochem.tables import Table, number, read_bytes, read_tables, refuse_outside
from corrovis.errors import BadInputError

MAX_VOLTS = 20.0  # a potential column without a unit that goes further is in mV
MAX_AREA = 1e6  # cm2
HINT = "name the columns, for example potential=2,current='3 (mA)'"


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """Values under their heading; `told` if the caller said by name or sign which way round they are."""

    heading: Heading
    values: Real
    told: bool = False

    @property
    def scaled(self) -> Real:
        values = np.power(10.0, self.values) if self.heading.logarithmic else self.values
        return values * self.heading.factor


def read_columns(text: str | None) -> dict[str, str] | None:
    """ "a=1,b=Ewe/V" as a mapping; None for no text.

    Raises:
        BadInputError: not of this form
    """
    if not text or not text.strip():
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(sign and value.strip() for _, sign, value in pairs):
        raise BadInputError(f"columns {text!r} is not understood; write it like potential=2,current='3 (mA)'")
    return {key.strip().lower(): _unquoted(value.strip()) for key, _, value in pairs}


def _unquoted(text: str) -> str:
    """Without a pair of quotes around it; those of Z'' are part of the name."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def read_spectrum(
    path: Path, number: int = 1, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> Spectrum:
    """Of the spectra in a file the one with this number, counted from 1; else as `read_spectra`."""
    found = read_spectra(path, area_cm2, columns, name)
    if not 1 <= number <= len(found):
        raise BadInputError(f"{name or path.name} holds {counted(len(found), 'spectrum', 'spectra')}, no number {number}")
    return found[number - 1]


def read_polarization(
    path: Path, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> PolarizationCurve:
    """The polarisation curve in a file.

    `columns` maps potential and current to a heading or a number from 1, with a unit if wanted: {"current": "3 (mA)"}.

    Raises:
        BadInputError: no such curve in the file, or it cannot be told which columns hold it
    """
    name = name or path.name
    if area_cm2 is not None and not 0 < area_cm2 < MAX_AREA:
        raise BadInputError(f"area {area_cm2:g} cm2 is not possible; give the exposed area in cm2")
    tables = read_tables(read_bytes(path), name)
    table = _best(tables, ("potential", "current"))
    if not columns and _names(table, "frequency") and _names(table, "imaginary"):
        raise BadInputError(f"{name} holds an impedance spectrum, not a polarisation curve; fit it with corrovis eis")
    notes: list[str] = []
    potentials, currents = _polarization_columns(table, columns, name, notes)
    potential, current, heading, signed = _joined(potentials, currents, notes)
    keep = np.isfinite(potential) & np.isfinite(current)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} of {len(keep)} rows hold no number and were left out")
    blocks = [
        (e[good], i[good]) for e, i, good in zip(*(np.split(c, table.cuts) for c in (potential, current, keep)), strict=True)
    ]
    potential, current, signed = join_blocks(blocks, signed, notes)
    if len(potential) == 0:
        raise BadInputError(f"{name}: no row holds both a potential and a current; {HINT}")
    if heading.per_area:
        notes += ["current is a density already; the area was not applied"] if area_cm2 is not None else []
    else:
        current = current / _area(area_cm2, table, notes)
    refuse_outside(np.abs(potential), "V", name)
    refuse_outside(np.abs(current).max(keepdims=True), "A/cm2", name)  # single ones may be 0, or the rounding of a computed zero
    current, signed = anodic_positive(potential, current, signed, notes)
    return PolarizationCurve(potential, current, name, tuple(notes), signed)


def read_spectra(
    path: Path, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> tuple[Spectrum, ...]:
    """Every impedance spectrum in a file, in its order.

    `columns` maps frequency and real, imaginary (or modulus, phase) to headings or numbers, see `read_polarization`.

    Raises:
        BadInputError: no spectrum in the file, or it cannot be told which columns hold it
    """
    name = name or path.name
    if area_cm2 is not None and not 0 < area_cm2 < MAX_AREA:
        raise BadInputError(f"area {area_cm2:g} cm2 is not possible; give the exposed area in cm2")
    data = read_bytes(path)
    notes: list[str] = []
    pairs = [run for f, z in read_foreign(data, path) for run in runs(f, z, name, notes)] if not columns else []
    per_area = False
    if not pairs:
        table = _best(read_tables(data, name), ("frequency", "real", "imaginary"))
        frequency, impedance, per_area = _impedance_columns(table, columns, name, notes)
        blocks = zip(np.split(frequency, table.cuts), np.split(impedance, table.cuts), strict=True)
        pairs = [run for f, z in blocks for run in runs(f, z, name, notes)]
    if len(pairs) > 1:
        notes.append(f"{len(pairs)} spectra in the file")
    if area_cm2 is not None and not per_area:
        pairs = [(f, z * area_cm2) for f, z in pairs]
    per_area = per_area or area_cm2 is not None
    titles = [name] if len(pairs) == 1 else [f"{name} #{k}" for k in range(1, len(pairs) + 1)]
    return tuple(make_spectrum(f, z, title, notes, per_area) for (f, z), title in zip(pairs, titles, strict=True))


def _best(tables: list[Table], wanted: tuple[str, ...]) -> Table:
    """The block whose headings name most of what is wanted; among equals the longest."""
    return max(tables, key=lambda table: (sum(bool(_names(table, kind)) for kind in wanted), len(table.values)))


def _names(table: Table, kind: str) -> list[_Column]:
    """All columns of a quantity, the instrument's preferred ones first."""
    found = [(read_heading(text), index) for index, text in enumerate(table.headings)]
    columns = [
        _Column(h, table.values[:, k]) for h, k in found if h and h.quantity == kind and np.isfinite(table.values[:, k]).any()
    ]
    return sorted(columns, key=lambda column: column.heading.rank)


def _named(table: Table, columns: Mapping[str, str], name: str) -> dict[str, _Column]:
    """The columns that the caller named, by heading or number, with a unit in brackets or a sign before it if wanted."""
    found = {}
    for kind, wanted in columns.items():
        if read_heading(kind) is None:
            raise BadInputError(
                f"no column is called {kind}; there are potential, current, frequency, real, imaginary, modulus, phase"
            )
        sign, index, said = _place(table, wanted.strip())
        if not 0 <= index < table.values.shape[1]:
            known = ", ".join(table.headings) or f"1 to {table.values.shape[1]}"
            raise BadInputError(f"{name} has no column {wanted!r}; it has {known}")
        there = table.headings[index] if index < len(table.headings) else ""
        heading = _meaning(kind, said, there, name)
        if sign:
            heading = replace(heading, factor=float(sign + "1") * abs(heading.factor))
        named = not wanted.strip().lstrip("+-")[:1].isdigit() or bool(said and read_heading(said))
        found[kind] = _Column(heading, table.values[:, index], bool(sign) or named)
    return found


def _place(table: Table, wanted: str) -> tuple[str, int, str]:
    """Sign, index and unit of "-3 (kOhm)", "3" or a heading; index -1 if there is no such column."""
    match = re.fullmatch(r"([+-]?)(\d+)\s*(?:\((.+)\))?", wanted)
    if match:
        return match[1], int(match[2]) - 1, match[3] or ""
    titles = [title.strip().lower() for title in table.headings]
    if wanted.lower() in titles:
        return "", titles.index(wanted.lower()), ""
    bare = wanted[1:].strip().lower()
    return (wanted[0], titles.index(bare), "") if wanted[:1] in ("+", "-") and bare in titles else ("", -1, "")


def _meaning(kind: str, said: str, there: str, name: str) -> Heading:
    """What a named column holds: as the caller said in brackets, else as its own heading says, if that is of this quantity."""
    if said:
        full = f"{kind} ({said})"
        texts = [full, said] if unit_for(kind, full) else [said]
    else:
        unit = unit_for(kind, there)
        texts = [there, f"{kind} ({unit})" if unit else kind]
    heading = next((own for text in texts if (own := read_heading(text)) and own.quantity == kind), None)
    if heading is None or (not said and read_heading(there) is None and hides_unit(kind, there)):
        raise BadInputError(
            f"{name}: no unit of {kind} can be read in {(said or there)[:60]!r}; give one, for example current='3 (mA)'"
        )
    return heading


def _polarization_columns(
    table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]
) -> tuple[list[_Column], list[_Column]]:
    """Columns of potential and of current, as many of one as of the other."""
    if columns:
        named = _named(table, columns, name)
        if set(named) != {"potential", "current"}:
            raise BadInputError(f"{name}: potential and current are both needed; {HINT}")
        return [named["potential"]], [named["current"]]
    potentials, currents = _names(table, "potential"), _names(table, "current")
    if potentials and currents:
        return [p for p in potentials if p.heading.rank == potentials[0].heading.rank], [
            c for c in currents if c.heading.rank == currents[0].heading.rank
        ]
    if potentials or currents or table.values.shape[1] != 2:
        seen = ", ".join(table.headings[:8]) if table.headings else f"{table.values.shape[1]} columns without headings"
        raise BadInputError(f"{name}: potential and current cannot be told apart in {seen}; {HINT}")
    return _by_shape(table.values, notes)


def _by_shape(values: Real, notes: list[str]) -> tuple[list[_Column], list[_Column]]:
    """Of two columns without headings the one with the steadier steps is the potential."""
    uneven = [unevenness(column[np.isfinite(column)]) for column in values.T]
    first = int(uneven[1] < 0.5 * uneven[0])
    notes.append(f"no headings: column {first + 1} was taken for the potential in V, the other for the current in A")
    volt, ampere = (Heading(kind, 1.0, False, False, False, 0) for kind in ("potential", "current"))
    return [_Column(volt, values[:, first])], [_Column(ampere, values[:, 1 - first])]


def _joined(potentials: list[_Column], currents: list[_Column], notes: list[str]) -> tuple[Real, Real, Heading, bool]:
    """One curve; two pairs of columns are a cathodic and an anodic scan, each away from the open-circuit potential."""
    head = currents[0].heading
    potential, current = potentials[0].scaled, currents[0].scaled
    signed, used = not (head.magnitude or head.logarithmic), 1
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
    span = np.nanmax(np.abs(potential), initial=0.0)
    if potentials[0].heading.factor == 1 and span > MAX_VOLTS:
        potential = potential * 1e-3
        notes.append(f"potentials up to {span:.0f} were taken for mV")
    return potential, current, head, signed


def _area(area_cm2: float | None, table: Table, notes: list[str]) -> float:
    if area_cm2 is not None:
        return area_cm2
    for line in table.above:
        match = re.match(r"AREA QUANT (\S+)", line)
        area = number(match[1]) if match else None
        if area is not None and 0 < area < MAX_AREA:
            notes.append(f"area {area:g} cm2 was taken from the file; give the area if it is another")
            return area
    notes.append("no area was given: the current was taken for that of 1 cm2; give the exposed area")
    return 1.0


def _impedance_columns(
    table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]
) -> tuple[Real, Complex, bool]:
    kinds = ("frequency", "real", "imaginary", "modulus", "phase")
    found = _named(table, columns, name) if columns else {k: c[0] for k in kinds if (c := _names(table, k))}
    if not found and not table.headings and table.values.shape[1] == 3:
        if not like_frequencies(table.values[:, 0]):
            raise BadInputError(f"{name}: the first of three columns without headings holds no frequencies; {SPECTRUM_HINT}")
        found = {kind: _Column(head, table.values[:, k]) for k, kind in enumerate(kinds[:3]) if (head := read_heading(kind))}
        notes.append("no headings: the columns were taken for frequency, real and imaginary part")
    if "frequency" not in found:
        if _names(table, "potential") and _names(table, "current"):
            raise BadInputError(f"{name} holds no frequencies but a polarisation curve; fit it with corrovis tafel")
        seen = ", ".join(table.headings[:8]) if table.headings else f"{table.values.shape[1]} columns that no heading fits"
        raise BadInputError(f"{name}: no frequency among {seen}; {SPECTRUM_HINT}")
    frequency = found["frequency"].scaled
    if "real" in found and "imaginary" in found:
        impedance = found["real"].scaled + 1j * found["imaginary"].scaled
        size, angle = found["real"], found["imaginary"]
    elif "modulus" in found and "phase" in found:
        impedance = found["modulus"].scaled * np.exp(1j * found["phase"].scaled)
        size, angle = found["modulus"], found["phase"]
    else:
        raise BadInputError(f"{name}: beside the frequency there is no pair of real and imaginary part; {SPECTRUM_HINT}")
    told = angle.told or angle.heading.factor < 0
    return frequency, capacitive(frequency, impedance, told, notes), size.heading.per_area
