"""Columns of frequency and impedance made a `Spectrum`: signs, several sweeps in a file, repeated and too many points."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corrovis.curves import Spectrum
from corrovis.electrochem.tables import refuse_outside
from corrovis.errors import BadInputError
from corrovis.results import Complex, Real

MAX_POINTS = 400  # of a spectrum; instruments give 10 a decade
SHORTEST = 4  # points of a sweep that counts as a spectrum beside others
RESTART = 0.5  # share of the range of log f by which a sweep has to go back at once to be a new one
Sign = Literal["", "told", "negated"]  # what is known of that of the imaginary part: by the caller, by a heading as -Z''
SPECTRUM_HINT = "name the columns, for example frequency=1,real=3,imaginary=4"


def capacitive(frequency: Real, impedance: Complex, says: Sign, notes: list[str]) -> Complex:
    """The impedance with the sign in which a capacitor is negative; headings often say Z'' where -Z'' stands.

    `says` is "told" where the caller gave the sign, which then holds, and "negated" where the heading says -Z'', which holds too.
    """
    good = np.isfinite(impedance) & (frequency > 0)
    if not good.any():
        return impedance
    z = impedance[good]
    if np.median(z.real) < 0:
        notes.append("real parts were negative; the sign of the impedance was turned")
        impedance, z = -impedance, -z
    slow = z.imag[np.argsort(frequency[good])[: max(1, (2 * len(z)) // 3)]]
    if says == "told" or not (np.mean(slow > 0) > 0.7 and slow.sum() > 0):
        return impedance
    if says == "negated":
        notes.append(
            "the heading says -Z'' but its numbers are negative, so the cell is taken for inductive; if they are Z'', say so by "
            "a sign, for example columns frequency=1,real=2,imaginary=+3"
        )
        return impedance
    notes.append(
        "imaginary parts were positive, taken for -Z''; if the cell is inductive and they are Z'', say so by a sign, "
        "for example columns frequency=1,real=2,imaginary=+3"
    )
    return impedance.conj()


def runs(frequency: Real, impedance: Complex, name: str, notes: list[str]) -> list[tuple[Real, Complex]]:
    """Usable points, split where the sweep starts again."""
    good = np.isfinite(frequency) & np.isfinite(impedance) & (frequency > 0) & (np.abs(impedance) > 0)
    if not good.all():
        notes.append(f"{int((~good).sum())} of {len(good)} rows hold no impedance and were left out")
    frequency, impedance = frequency[good], impedance[good]
    if len(frequency) == 0:
        raise BadInputError(f"{name}: no row holds a frequency above 0 and an impedance; {SPECTRUM_HINT}")
    parts = _ways(frequency)
    if len(parts) > 1:
        notes.append(_there_and_back([(frequency[part], impedance[part]) for part in parts]))
        return [(frequency[part], impedance[part]) for part in parts]
    parts = _sweeps(frequency, notes)
    if len(parts) == 1 and _unordered(frequency[parts[0]]):
        notes.append("frequencies were out of order and have been sorted")
    return [(frequency[part], impedance[part]) for part in parts]


def _ways(frequency: Real) -> list[slice]:
    """The ways of a sweep that turns round and goes back over most of its range; all as one where it does not."""
    log_f = np.log(frequency)
    steps = np.sign(np.diff(log_f))
    moves = np.flatnonzero(steps)
    turns = moves[:-1][np.diff(steps[moves]) != 0] + 1
    parts = _between(turns, len(frequency))
    wide = (part.stop - part.start >= SHORTEST and np.ptp(log_f[part]) > RESTART * np.ptp(log_f) for part in parts)
    return parts if all(wide) else [slice(0, len(frequency))]


def _there_and_back(ways: list[tuple[Real, Complex]]) -> str:
    """That these are spectra of their own, and how far the second is from the first where both have a frequency."""
    said = "the frequency turns round: each way is a spectrum of its own"
    (f, z), (f_back, z_back) = ways[:2]
    _, there, back = np.intersect1d(f, f_back, return_indices=True)
    if len(there) == 0:
        return said
    return f"{said}; the second differs by up to {np.max(np.abs(z_back[back] / z[there] - 1)):.1%} from the first"


def _sweeps(frequency: Real, notes: list[str]) -> list[slice]:
    """Where the frequency steps back a sweep starts again, or points are out of order: then it is only one.

    A few points behind a step back over most of the range are neither, but a spectrum that was broken off.
    """
    log_f = np.log(frequency)
    steps = np.diff(log_f)
    way = 1.0 if np.sign(steps).sum() > 0 else -1.0
    back = np.flatnonzero(np.sign(steps) == -way)
    parts = _between(back, len(frequency))
    if min(part.stop - part.start for part in parts) >= SHORTEST:
        return parts
    parts = _between(back[np.abs(steps[back]) > RESTART * np.ptp(log_f)], len(frequency))
    whole = [part for part in parts if part.stop - part.start >= SHORTEST]
    if not whole or any(_unordered(frequency[part]) for part in whole):
        return [slice(0, len(frequency))]
    rows = len(frequency) - sum(part.stop - part.start for part in whole)
    notes.append(f"{rows} rows of an unfinished spectrum were left out")
    return whole


def _between(last: NDArray[np.intp], length: int) -> list[slice]:
    """The parts of so many points that end at these."""
    return [slice(a, b) for a, b in pairwise([0, *(last + 1).tolist(), length])]


def _unordered(frequency: Real) -> bool:
    steps = np.sign(np.diff(frequency))
    return bool((steps > 0).any() and (steps < 0).any())


def make_spectrum(frequency: Real, impedance: Complex, name: str, notes: list[str], per_area: bool) -> Spectrum:
    """Falling frequencies; a frequency measured twice counts once, with its mean.

    Raises:
        BadInputError: numbers that no instrument measures
    """
    refuse_outside(frequency, "Hz", name)
    refuse_outside(np.abs(impedance), "ohm cm2" if per_area else "ohm", name)
    unique, inverse, counts = np.unique(frequency, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, impedance.real) / counts + 1j * np.bincount(inverse, impedance.imag) / counts
    own = list(notes)
    if len(unique) < len(frequency):
        spread = np.max(np.abs(impedance - mean[inverse]) / np.abs(mean[inverse]))
        own.append(
            f"{len(frequency) - len(unique)} repeated frequencies were averaged, off by up to {spread:.1%} from their mean"
        )
    return thinned(Spectrum(unique[::-1].copy(), mean[::-1].copy(), name, tuple(own), per_area))


def thinned(spectrum: Spectrum) -> Spectrum:
    """At most `MAX_POINTS`, neighbours on the logarithmic axis of frequency averaged: a fit's memory grows with each point."""
    if len(spectrum) <= MAX_POINTS:
        return spectrum
    log_f = np.log(spectrum.frequency_hz)
    place = np.minimum((MAX_POINTS * (log_f[0] - log_f) / np.ptp(log_f)).astype(int), MAX_POINTS - 1)
    _, group, counts = np.unique(place, return_inverse=True, return_counts=True)
    f, real, imaginary = (np.bincount(group, part) / counts for part in (log_f, spectrum.impedance.real, spectrum.impedance.imag))
    note = f"{len(spectrum)} points were averaged to {len(counts)}, evenly over the logarithm of frequency"
    return replace(spectrum, frequency_hz=np.exp(f), impedance=real + 1j * imaginary, notes=(*spectrum.notes, note))


def unevenness(values: Real) -> float:
    """Scatter of the steps from value to value, in shares of the middle one; infinite where most do not step at all."""
    steps = np.abs(np.diff(values))
    middle = float(np.median(steps)) if len(steps) else 0.0
    return float(np.median(np.abs(steps - middle))) / middle if middle > 0 else np.inf


def like_frequencies(values: Real) -> bool:
    """Frequencies are above zero and stepped by factors; times and potentials are stepped by differences."""
    values = values[np.isfinite(values)]
    if not (values > 0).all():
        return False
    stepped = values[np.append(True, np.diff(values) != 0)]
    return unevenness(np.log(stepped)) < unevenness(stepped)
