"""Columns of frequency and impedance made a `Spectrum`: signs, several sweeps in a file, repeated and too many points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from corrovis.curves import Complex, Real, Spectrum
from corrovis.errors import BadInputError

MAX_POINTS = 400  # of a spectrum; instruments give 10 a decade
SPECTRUM_HINT = "name the columns, for example frequency=1,real=3,imaginary=4"


def capacitive(frequency: Real, impedance: Complex, told: bool, notes: list[str]) -> Complex:
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


def runs(frequency: Real, impedance: Complex, name: str, notes: list[str]) -> list[tuple[Real, Complex]]:
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


def make_spectrum(frequency: Real, impedance: Complex, name: str, notes: list[str], per_area: bool) -> Spectrum:
    """Falling frequencies; a frequency measured twice counts once, with its mean."""
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
    return Spectrum(np.exp(f), real + 1j * imaginary, spectrum.name, (*spectrum.notes, note), spectrum.per_area)
