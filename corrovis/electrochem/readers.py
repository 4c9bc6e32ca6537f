"""The one door for curves: a file of any common instrument in, a checked `PolarizationCurve` or `Spectrum` out.

What had to be decided on the way (unit, sign, area, which of several blocks) stands in the result's `notes`.  The conventions
inside are V, A/cm2 with anodic current positive, Hz, and ohm with a negative imaginary part for capacitors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from corrovis.curves import Complex, PolarizationCurve, Real, Spectrum
from corrovis.electrochem.foreign import read_foreign
from corrovis.electrochem.headings import Heading, read_heading
from corrovis.electrochem.tables import Table, read_bytes, read_tables
from corrovis.errors import BadInputError

MAX_VOLTS = 20.0  # a potential column without a unit that goes further is in mV
HINT = "name the columns, for example --columns potential=2,current='3 (mA)'"
SPECTRUM_HINT = "name the columns, for example --columns frequency=1,real=3,imaginary=4"


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    heading: Heading
    values: Real

    @property
    def scaled(self) -> Real:
        values = np.power(10.0, self.values) if self.heading.logarithmic else self.values
        return values * self.heading.factor


def read_polarization(
    path: Path, area_cm2: float | None = None, columns: Mapping[str, str] | None = None, name: str = ""
) -> PolarizationCurve:
    """The polarisation curve in a file.

    `columns` maps potential and current to a heading or a number from 1, with a unit if wanted: {"current": "3 (mA)"}.

    Raises:
        BadInputError: no such curve in the file, or it cannot be told which columns hold it
    """
    name = name or path.name
    if area_cm2 is not None and not 0 < area_cm2 < 1e6:
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
    potential, current = potential[keep], current[keep]
    if len(potential) == 0:
        raise BadInputError(f"{name}: no row holds both a potential and a current; {HINT}")
    if heading.per_area:
        notes += ["current is a density already; the area was not applied"] if area_cm2 is not None else []
    else:
        current = current / _area(area_cm2, table, notes)
    current, signed = _anodic_positive(potential, current, signed, notes)
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
    if area_cm2 is not None and not 0 < area_cm2 < 1e6:
        raise BadInputError(f"area {area_cm2:g} cm2 is not possible; give the exposed area in cm2")
    data = read_bytes(path)
    pairs = read_foreign(data, path) if not columns else []
    notes: list[str] = []
    per_area = False
    if not pairs:
        table = _best(read_tables(data, name), ("frequency", "real", "imaginary"))
        frequency, impedance, per_area = _impedance_columns(table, columns, name, notes)
        pairs = _runs(frequency, impedance, name, notes)
    if len(pairs) > 1:
        notes.append(f"{len(pairs)} spectra in the file")
    if area_cm2 is not None and not per_area:
        pairs = [(f, z * area_cm2) for f, z in pairs]
    per_area = per_area or area_cm2 is not None
    titles = [name] if len(pairs) == 1 else [f"{name} #{k}" for k in range(1, len(pairs) + 1)]
    return tuple(_spectrum(f, z, title, notes, per_area) for (f, z), title in zip(pairs, titles, strict=True))


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
    """The columns that the caller named."""
    found = {}
    for kind, wanted in columns.items():
        match = re.fullmatch(r"(\d+)\s*(?:\((.+)\))?", wanted.strip())
        if match:
            index, text = int(match[1]) - 1, f"{kind} ({match[2]})" if match[2] else kind
        else:
            titles = [title.strip().lower() for title in table.headings]
            index, text = (titles.index(wanted.strip().lower()) if wanted.strip().lower() in titles else -1), wanted
        if not 0 <= index < table.values.shape[1]:
            known = ", ".join(table.headings) or f"1 to {table.values.shape[1]}"
            raise BadInputError(f"{name} has no column {wanted!r}; it has {known}")
        own = read_heading(text)
        heading = own if own and own.quantity == kind else read_heading(kind)
        if heading is None:
            raise BadInputError(
                f"no column is called {kind}; there are potential, current, frequency, real, imaginary, modulus, phase"
            )
        found[kind] = _Column(heading, table.values[:, index])
    return found


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
        return [p for p in potentials if p.heading.rank == potentials[0].heading.rank][:2], [
            c for c in currents if c.heading.rank == currents[0].heading.rank
        ][:2]
    if potentials or currents or table.values.shape[1] != 2:
        seen = ", ".join(table.headings[:8]) if table.headings else f"{table.values.shape[1]} columns without headings"
        raise BadInputError(f"{name}: potential and current cannot be told apart in {seen}; {HINT}")
    return _by_shape(table.values, notes)


def _by_shape(values: Real, notes: list[str]) -> tuple[list[_Column], list[_Column]]:
    """Of two columns without headings the one with the steadier steps is the potential."""
    uneven = []
    for column in values.T:
        steps = np.abs(np.diff(column[np.isfinite(column)]))
        middle = float(np.median(steps)) if len(steps) else 0.0
        uneven.append(float(np.median(np.abs(steps - middle))) / middle if middle > 0 else np.inf)
    first = int(uneven[1] < 0.5 * uneven[0])
    notes.append(f"no headings: column {first + 1} was taken for the potential in V, the other for the current in A")
    volt, ampere = read_heading("E (V)"), read_heading("I (A)")
    assert volt is not None
    assert ampere is not None
    return [_Column(volt, values[:, first])], [_Column(ampere, values[:, 1 - first])]


def _joined(potentials: list[_Column], currents: list[_Column], notes: list[str]) -> tuple[Real, Real, Heading, bool]:
    """One curve; two pairs of columns are a cathodic and an anodic scan, each away from the open-circuit potential."""
    head = currents[0].heading
    potential, current = potentials[0].scaled, currents[0].scaled
    signed = not (head.magnitude or head.logarithmic)
    if len(potentials) == 2 and len(currents) == 2:
        parts = []
        for e, i in zip((c.scaled for c in potentials), (c.scaled for c in currents), strict=True):
            good = np.isfinite(e) & np.isfinite(i)
            e, i = e[good], i[good]
            if len(e):
                rising = e[-1] > e[0]
                parts.append((e, i if (i < 0).any() else np.abs(i) * (1 if rising else -1), rising))
        if len(parts) == 2 and parts[0][2] != parts[1][2]:
            (down_e, down_i, _), (up_e, up_i, _) = sorted(parts, key=lambda part: bool(part[2]))
            notes.append("two scans away from the open-circuit potential were joined; their directions tell the signs")
            potential, current = np.concatenate([down_e[::-1], up_e]), np.concatenate([down_i[::-1], up_i])
            signed = True
    span = np.nanmax(np.abs(potential), initial=0.0)
    if potentials[0].heading.factor == 1 and span > MAX_VOLTS:
        potential = potential * 1e-3
        notes.append(f"potentials up to {span:.0f} were taken for mV")
    return potential, current, head, signed


def _area(area_cm2: float | None, table: Table, notes: list[str]) -> float:
    if area_cm2 is not None:
        return area_cm2
    for line in table.above:
        match = re.match(r"AREA QUANT ([\d.Ee+-]+)", line)
        if match and float(match[1]) > 0:
            notes.append(f"area {float(match[1]):g} cm2 was taken from the file; give the area if it is another")
            return float(match[1])
    notes.append("no area was given: the current was taken for that of 1 cm2; give the exposed area")
    return 1.0


def _anodic_positive(potential: Real, current: Real, signed: bool, notes: list[str]) -> tuple[Real, bool]:
    """The current with anodic sign positive, and whether the file told its sign."""
    if not signed or (current >= 0).all():
        notes.append("the file holds magnitudes of current; signs are set by the dip at the corrosion potential")
        return np.abs(current), False
    low, high = np.quantile(potential, [0.1, 0.9])
    if np.median(current[potential >= high]) < 0 < np.median(current[potential <= low]):
        notes.append("cathodic currents were positive in the file; the sign was turned")
        return -current, True
    return current, True


def _impedance_columns(
    table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]
) -> tuple[Real, Complex, bool]:
    kinds = ("frequency", "real", "imaginary", "modulus", "phase")
    found = _named(table, columns, name) if columns else {k: c[0] for k in kinds if (c := _names(table, k))}
    if not found and not table.headings and table.values.shape[1] == 3:
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
        per_area, told = found["real"].heading.per_area, found["imaginary"].heading.factor < 0
    elif "modulus" in found and "phase" in found:
        impedance = found["modulus"].scaled * np.exp(1j * found["phase"].scaled)
        per_area, told = found["modulus"].heading.per_area, found["phase"].heading.factor < 0
    else:
        raise BadInputError(f"{name}: beside the frequency there is no pair of real and imaginary part; {SPECTRUM_HINT}")
    return frequency, _capacitive(frequency, impedance, told, notes), per_area


def _capacitive(frequency: Real, impedance: Complex, told: bool, notes: list[str]) -> Complex:
    """The impedance with the sign in which a capacitor is negative; headings often say Z'' where -Z'' stands."""
    good = np.isfinite(impedance) & (frequency > 0)
    if not good.any():
        return impedance
    z = impedance[good]
    if np.median(z.real) < 0:
        notes.append("real parts were negative; the sign of the impedance was turned")
        impedance, z = -impedance, -z
    slow = z.imag[np.argsort(frequency[good])[: max(1, (2 * len(z)) // 3)]]
    if not told and np.mean(slow > 0) > 0.7 and slow.sum() > 0:
        notes.append("imaginary parts were positive, taken for -Z''; name the column '-Z''' or 'Z''' by hand if that is wrong")
        impedance = impedance.conj()
    return impedance


def _runs(frequency: Real, impedance: Complex, name: str, notes: list[str]) -> list[tuple[Real, Complex]]:
    """Usable points, split where the sweep starts again."""
    good = np.isfinite(frequency) & np.isfinite(impedance) & (frequency > 0) & (np.abs(impedance) > 0)
    if not good.all():
        notes.append(f"{int((~good).sum())} of {len(good)} rows hold no impedance and were left out")
    frequency, impedance = frequency[good], impedance[good]
    if len(frequency) == 0:
        raise BadInputError(f"{name}: no row holds a frequency above 0 and an impedance; {SPECTRUM_HINT}")
    steps = np.sign(np.diff(frequency))
    way = 1.0 if steps.sum() > 0 else -1.0
    cuts = [0, *(np.flatnonzero(steps == -way) + 1).tolist(), len(frequency)]
    parts = [slice(a, b) for a, b in pairwise(cuts)]
    if len(parts) > 1 and min(part.stop - part.start for part in parts) < 4:
        notes.append("frequencies were out of order and have been sorted")
        parts = [slice(0, len(frequency))]
    return [(frequency[part], impedance[part]) for part in parts]


def _spectrum(frequency: Real, impedance: Complex, name: str, notes: list[str], per_area: bool) -> Spectrum:
    """Falling frequencies; a frequency measured twice counts once, with its mean."""
    unique, inverse, counts = np.unique(frequency, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, impedance.real) / counts + 1j * np.bincount(inverse, impedance.imag) / counts
    own = list(notes)
    if len(unique) < len(frequency):
        spread = np.max(np.abs(impedance - mean[inverse]) / np.abs(mean[inverse]))
        own.append(
            f"{len(frequency) - len(unique)} repeated frequencies were averaged, off by up to {spread:.1%} from their mean"
        )
    return Spectrum(unique[::-1].copy(), mean[::-1].copy(), name, tuple(own), per_area)
