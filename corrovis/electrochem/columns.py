"""Which columns of a table hold what: as the caller says, as their headings or units tell, or by the shape of their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from corrovis.electrochem.headings import UNIT_RANK, Heading, hides_unit, names_factor, names_units, read_heading, unit_for
from corrovis.electrochem.spectra import SPECTRUM_HINT, like_frequencies, unevenness
from corrovis.electrochem.tables import Table
from corrovis.errors import BadInputError
from corrovis.results import Real

HINT = "name the columns, for example potential=2,current='3 (mA)'"
UNITS = {"potential": "V", "current": "A", "frequency": "Hz", "phase": "deg"}
LARGEST_LOG = 40.0  # powers of ten; a "log f" of plain Hz would overflow
FALLS = 0.3  # decades of |Z|, above all noise
PARTS = ("frequency", "real", "imaginary", "modulus", "phase")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values under their heading; `told` if the caller said by name or sign which way round they are."""

    heading: Heading
    values: Real
    told: bool = False
    title: str = ""

    @property
    def scaled(self) -> Real:
        """In V, A, A/cm2, Hz, ohm or rad.  Raises BadInputError for logarithms that cannot be any."""
        if not self.heading.log_base:
            return self.values * self.heading.factor
        size = np.nanmax(np.abs(self.values), initial=0.0)
        if size * np.log10(self.heading.log_base) > LARGEST_LOG:
            plain = f"{self.heading.quantity}='1 ({UNITS.get(self.heading.quantity, 'ohm')})'"
            raise BadInputError(f"the column {self.title!r} holds {size:.3g}, which is no logarithm; name it as in {plain}")
        return np.power(self.heading.log_base, self.values) * self.heading.factor


def read_columns(text: str | None) -> dict[str, str] | None:
    """ "a=1,b=Ewe/V" as a mapping; None for no text.

    Raises:
        BadInputError: not of this form, or a quantity named twice
    """
    if not text or not text.strip():
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(sign and value.strip() for _, sign, value in pairs):
        raise BadInputError(f"columns {text!r} is not understood; write it like potential=2,current='3 (mA)'")
    named = {key.strip().lower(): _unquoted(value.strip()) for key, _, value in pairs}
    if len(named) < len(pairs):
        raise BadInputError(f"columns {text!r} names a quantity twice; name one column for each")
    return named


def _unquoted(text: str) -> str:
    """Without a pair of quotes around it; those of Z'' are part of the name."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def best_table(tables: list[Table], wanted: tuple[str, ...]) -> Table:
    """The block whose headings name most of what is wanted; among equals the longest."""
    return max(tables, key=lambda table: (sum(bool(columns_of(table, kind)) for kind in wanted), len(table.values)))


def columns_of(table: Table, kind: str) -> list[Column]:
    """All filled columns of a quantity, the instrument's preferred ones first."""
    found = [(read_heading(text), text, index) for index, text in enumerate(table.headings)]
    columns = [
        Column(h, table.values[:, k], title=text)
        for h, text, k in found
        if h and h.quantity == kind and np.isfinite(table.values[:, k]).any()
    ]
    return sorted(columns, key=lambda column: column.heading.rank)


def is_spectrum(table: Table) -> bool:
    """Whether a table has frequencies and impedances; beside them instruments note potentials and currents.

    VersaStudio writes both columns for every technique, all 0 in a polarisation curve.
    """
    measured = any((column.values > 0).any() for column in columns_of(table, "frequency"))
    return measured and any(columns_of(table, kind) for kind in ("imaginary", "phase"))


def polarization_columns(
    table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]
) -> tuple[list[Column], list[Column]]:
    """Columns of potential and of current, as many of one as of the other.

    Raises:
        BadInputError: which they are cannot be told
    """
    if columns:
        named = _named(table, columns, name)
        if set(named) != {"potential", "current"}:
            raise BadInputError(f"{name}: potential and current are both needed; {HINT}")
        pair = [named["potential"]], [named["current"]]
    else:
        pair = _told_apart(table, name, notes)
    if not pair[1][0].heading.has_unit and pair[1][0].title:
        taken = "A/cm2" if pair[1][0].heading.per_area else "A"
        notes.append(f"no unit stands in {pair[1][0].title!r}: the current was taken for {taken}")
    return pair


def _told_apart(table: Table, name: str, notes: list[str]) -> tuple[list[Column], list[Column]]:
    """Potential and current by their headings; of two columns without any by their shape."""
    potentials, currents = (
        [column for column in found if column.heading.rank == found[0].heading.rank]
        for found in (columns_of(table, "potential"), columns_of(table, "current"))
    )
    by_unit = UNIT_RANK in [column.heading.rank for column in potentials[:1] + currents[:1]]
    if potentials and currents and not (by_unit and len(potentials) != len(currents)):
        if table.titles.unread:
            if names_units(table.titles.unread) > 1 and not currents[0].heading.has_unit:
                raise BadInputError(f"{name}: the units in {table.titles.unread!r} cannot be told apart; {HINT}")
            notes.append(f"the line {table.titles.unread!r} was not understood; name the columns if it holds their units")
        return potentials, currents
    for kind, found in (("potential", potentials), ("current", currents)):
        if not found and (title := _empty(table, kind)):
            raise BadInputError(f"{name}: the {kind} column {title!r} holds no number; export the curve again")
    if potentials or currents or table.values.shape[1] != 2:
        refuse_factor(table, name, HINT)
        seen = ", ".join(table.headings[:8]) if table.headings else f"{table.values.shape[1]} columns without headings"
        raise BadInputError(f"{name}: potential and current cannot be told apart in {seen}; {HINT}")
    return _by_shape(table, name, notes)


def _empty(table: Table, kind: str) -> str:
    """The heading of a column of this quantity that holds no number; none where there is no such column."""
    return next((text for text in table.headings if (found := read_heading(text)) and found.quantity == kind), "")


def _by_shape(table: Table, name: str, notes: list[str]) -> tuple[list[Column], list[Column]]:
    """Of two columns whose headings tell nothing the one with the steadier steps is the potential."""
    refuse_unread(table, name, HINT)
    uneven = [unevenness(column[np.isfinite(column)]) for column in table.values.T]
    first = int(uneven[1] < 0.5 * uneven[0])
    why = f"the headings {', '.join(table.headings)} tell neither quantity nor unit" if table.headings else "no headings"
    notes.append(f"{why}: column {first + 1} was taken for the potential in V, the other for the current in A")
    volt, ampere = (Heading(kind, 1.0, False, 0.0, False, 0, False) for kind in ("potential", "current"))
    return [Column(volt, table.values[:, first])], [Column(ampere, table.values[:, 1 - first])]


def refuse_factor(table: Table, name: str, hint: str) -> None:
    """Raise BadInputError for a heading with a power of ten: it may multiply the numbers or have multiplied them."""
    for text in (*table.headings, table.titles.unread):
        if names_factor(text):
            raise BadInputError(f"{name}: which unit the power of ten in {text[:60]!r} makes cannot be told; {hint}")


def refuse_unread(table: Table, name: str, hint: str) -> None:
    """Raise BadInputError where units stand above the numbers that could not be read: a factor nobody sees is worse."""
    refuse_factor(table, name, hint)
    if line := table.titled_before:
        raise BadInputError(f"{name}: rows that cannot be read part the numbers from the headings {line!r}; {hint}")
    words = ", ".join(table.headings) or table.titles.unread
    if names_units(words) >= (1 if table.headings else 2) or re.search(r"[\(\[][^()\[\]]*[^\W\d][^()\[\]]*[\)\]]", words):
        raise BadInputError(f"{name}: quantities and units in {words[:80]!r} cannot be told; {hint}")


def impedance_columns(table: Table, columns: Mapping[str, str] | None, name: str, notes: list[str]) -> dict[str, Column]:
    """Frequency with real and imaginary part, or with modulus and phase.

    Raises:
        BadInputError: which they are cannot be told
    """
    found = _named(table, columns, name) if columns else {k: c[0] for k in PARTS if (c := columns_of(table, k))}
    if not found and not table.headings and table.values.shape[1] == 3:
        refuse_unread(table, name, SPECTRUM_HINT)
        if not like_frequencies(table.values[:, 0]):
            raise BadInputError(f"{name}: the first of three columns without headings holds no frequencies; {SPECTRUM_HINT}")
        found = {kind: Column(head, table.values[:, k]) for k, kind in enumerate(PARTS[:3]) if (head := read_heading(kind))}
        notes.append("no headings: the columns were taken for frequency, real and imaginary part")
    if not columns and not any(found.keys() >= {"frequency", *pair} for pair in (PARTS[1:3], PARTS[3:])):
        refuse_factor(table, name, SPECTRUM_HINT)
    if "frequency" not in found:
        if columns_of(table, "potential") and columns_of(table, "current"):
            raise BadInputError(f"{name} holds no frequencies but a polarisation curve; fit it with corrovis tafel")
        seen = ", ".join(table.headings[:8]) if table.headings else f"{table.values.shape[1]} columns that no heading fits"
        raise BadInputError(f"{name}: no frequency among {seen}; {SPECTRUM_HINT}")
    if not columns and not (found.keys() >= {"real", "imaginary"} or found.keys() >= {"modulus", "phase"}):
        found |= _parts_by_unit(table, notes)
    return found


def phase_with_unit(frequency: Real, modulus: Real, phase: Column, notes: list[str]) -> Column:
    """A phase without a unit is in degrees, or in radians where |Z| (ohm, n) falls more steeply than so few degrees allow.

    Where |Z| goes with f^-a the phase is -90 a degrees (Bode 1945), so its largest is at least that of the mean slope.
    """
    if phase.heading.has_unit:
        return phase
    good = np.isfinite(phase.values) & np.isfinite(modulus) & (modulus > 0) & (frequency > 0)
    log_z, log_f = np.log10(modulus[good]), np.log10(frequency[good])
    largest = np.abs(phase.values[good]).max(initial=0.0)
    steep = len(log_z) > 1 and np.ptp(log_z) > FALLS and 90 * np.ptp(log_z) > largest * np.ptp(log_f)
    radians = steep and largest <= np.pi
    taken = "radians: in degrees they are too small for how |Z| changes" if radians else "degrees"
    notes.append(f"no unit stands in {phase.title!r}: it was taken for {taken}; else write phase='3 (rad)' or phase='3 (deg)'")
    sign = float(np.sign(phase.heading.factor))
    return replace(phase, heading=replace(phase.heading, factor=sign)) if radians else phase


def _parts_by_unit(table: Table, notes: list[str]) -> dict[str, Column]:
    """Two columns in ohm are real and imaginary part, one in ohm beside an angle is the modulus; none where there are others."""
    ohms = [k for k, text in enumerate(table.headings) if unit_for("real", text)]
    angles = [k for k, text in enumerate(table.headings) if unit_for("phase", text)]
    if (len(ohms), len(angles)) not in ((2, 0), (1, 1)):
        return {}
    kinds = ("real", "imaginary") if len(ohms) == 2 else ("modulus", "phase")
    made = {}
    for kind, place in zip(kinds, ohms + angles, strict=True):
        text = table.headings[place]
        if heading := read_heading(f"{kind} ({unit_for(kind, text)})"):
            made[kind] = Column(heading, table.values[:, place], title=text)
    said = " and ".join(repr(column.title) for column in made.values())
    notes.append(f"by their units {said} were taken for {' and '.join(made)}" + (" part" if len(ohms) == 2 else ""))
    return made


def _named(table: Table, columns: Mapping[str, str], name: str) -> dict[str, Column]:
    """The columns that the caller named, by heading or number, with a unit in brackets or a sign before it if wanted."""
    found: dict[str, Column] = {}
    kinds: dict[int, str] = {}
    for kind, wanted in columns.items():
        if read_heading(kind) is None:
            raise BadInputError(
                f"no column is called {kind}; there are potential, current, frequency, real, imaginary, modulus, phase"
            )
        sign, index, said = _place(table, wanted.strip())
        if not 0 <= index < table.values.shape[1]:
            known = ", ".join(table.headings) or f"1 to {table.values.shape[1]}"
            raise BadInputError(f"{name} has no column {wanted!r}; it has {known}")
        if kinds.setdefault(index, kind) != kind:
            raise BadInputError(f"column {wanted!r} cannot be both {kinds[index]} and {kind}; name another for one of them")
        there = table.headings[index] if index < len(table.headings) else ""
        heading = _meaning(kind, said, there, name)
        if sign:
            heading = replace(heading, factor=float(sign + "1") * abs(heading.factor))
        named = not wanted.strip().lstrip("+-")[:1].isdigit() or bool(said and read_heading(said))
        found[kind] = Column(heading, table.values[:, index], bool(sign) or named, there or f"column {index + 1}")
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
