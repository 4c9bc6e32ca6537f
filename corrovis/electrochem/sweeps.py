"""A polarisation curve made ready for fitting: its sweeps, without spikes, and where each crosses zero current."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from corrovis.curves import PolarizationCurve, Quantity, check_column
from corrovis.electrochem.ranges import gain_of, range_steps, said_of
from corrovis.errors import BadInputError
from corrovis.results import Real

MAX_POINTS = 1200  # more are averaged in groups
TURN = 0.2  # share of the potential range by which a sweep has to come back before it counts as turned
MIN_POINTS = 8
MAX_TABLES = 6  # of a file that are joined to one curve
MIN_SIDE_V = 0.005
NO_ORDER = "the potentials are in no order; all points were sorted and fitted as one sweep"
SPIKE_DECADES = 0.05
LEFT = 0.5  # of the ranges' errors that no model of a reaction follows
MAX_ZEROS = 3  # currents of exactly 0 that a curve may hold by chance


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """One sweep, potentials rising, spikes removed, with signs.

    Shape:
        potential_v, current_a_cm2: (m,)
        steps_v: (k,) where the instrument changed its range
    `noise_decades` is the scatter from point to point, and what steps leave, `rounded_v` the standard error of E_corr from
    currents rounded to 0, `gain` that of ln i in one of the instrument's ranges.
    """

    potential_v: Real
    current_a_cm2: Real
    e_corr_v: float
    noise_decades: float
    warnings: tuple[str, ...]
    rounded_v: float = 0.0
    steps_v: tuple[float, ...] = ()
    gain: float = 0.0

    def __post_init__(self) -> None:
        check_column("Sweep.potential_v", self.potential_v)
        check_column("Sweep.current_a_cm2", self.current_a_cm2, len(self.potential_v))

    @property
    def eta(self) -> Real:
        """Potential against the corrosion potential, V."""
        return self.potential_v - self.e_corr_v

    @property
    def e_corr(self) -> Quantity:
        """V, where the current was seen to cross zero: no better than the distance between two points."""
        return Quantity(self.e_corr_v, float(np.hypot(np.median(np.diff(self.potential_v)), self.rounded_v)), "V")


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 point", "2 points"; `many` where an s does not make it many."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def split_sweeps(curve: PolarizationCurve) -> tuple[PolarizationCurve, ...]:
    """The forward and backward sweeps of a curve, in the order measured; one if the potential never turns, or has no order."""
    e = curve.potential_v
    cuts = [0, *_turns(e), len(e)]
    parts = [(a, b) for a, b in pairwise(cuts) if b - a >= MIN_POINTS]
    if len(cuts) > 2 and (not parts or np.median(np.abs(np.diff(e))) > TURN * np.ptp(e)):  # every other step is a turn
        return (replace(curve, notes=(*curve.notes, NO_ORDER)),)
    if len(parts) < 2:
        return (curve,)
    sweeps = []
    for number, (a, b) in enumerate(parts, 1):
        way = "up" if e[b - 1] > e[a] else "down"
        name = f"{curve.name} sweep {number} ({way})"
        sweeps.append(replace(curve, potential_v=e[a:b].copy(), current_a_cm2=curve.current_a_cm2[a:b].copy(), name=name))
    return tuple(sweeps)


def prepare(curve: PolarizationCurve) -> Sweep:
    """One sweep sorted, thinned and cleaned, with its corrosion potential.

    Raises:
        BadInputError: too few points, or no corrosion potential inside the sweep
    """
    if len(curve) < MIN_POINTS:
        few = counted(len(curve), "point")
        raise BadInputError(f"{curve.name} has {few}; {MIN_POINTS} or more around the corrosion potential are needed")
    order = np.argsort(curve.potential_v, kind="stable")
    warnings: list[str] = []
    e, i = _thinned(curve.potential_v[order], curve.current_a_cm2[order], warnings)
    if np.ptp(e) < 2 * MIN_SIDE_V:
        raise BadInputError(f"{curve.name}: the potential spans {1e3 * np.ptp(e):.1f} mV; a sweep around E_corr is needed")
    e, i, rounded = _without_zeros(e, i, warnings)
    e, i = _merged(e, i)
    if len(e) < MIN_POINTS:
        few = counted(len(e), "different potential")
        raise BadInputError(f"{curve.name} has {few}; {MIN_POINTS} or more are needed, with more digits")
    if not curve.signed:
        i = _signed_by_dip(e, i, curve.name)
        warnings.append("currents had no sign; the potential where they dip was taken for E_corr")
    keep = ~_spikes(i)
    if not keep.all():
        warnings.append(f"left out: {counted(int((~keep).sum()), 'point')} far off the neighbouring ones")
        e, i = e[keep], i[keep]
    e_corr = _crossing(e, i, curve.name, warnings)
    at, steps = range_steps(e - e_corr, i)
    warnings += said_of(at + e_corr, steps)
    gain = gain_of(steps)
    noise = float(np.hypot(scatter(e - e_corr, i), LEFT * gain / np.log(10)))
    return Sweep(e, i, e_corr, noise, tuple(warnings), rounded, tuple((at + e_corr).tolist()), gain)


def _turns(e: Real) -> list[int]:
    """Indices where the potential turns back by more than `TURN` of its range."""
    if len(e) < 2 * MIN_POINTS:
        return []
    smooth = median_filter(e, 5, mode="nearest")
    step = max(1, len(e) // 5000)
    limit = TURN * float(np.ptp(smooth))
    turns: list[int] = []
    low = high = 0
    way = 0
    for k in range(0, len(e), step):
        low = k if smooth[k] < smooth[low] else low
        high = k if smooth[k] > smooth[high] else high
        if way >= 0 and smooth[high] - smooth[k] > limit:
            turns += [high] if way > 0 or high > MIN_POINTS else []
            way, low = -1, k
            high = k
        elif way <= 0 and smooth[k] - smooth[low] > limit:
            turns += [low] if way < 0 or low > MIN_POINTS else []
            way, high = 1, k
            low = k
    return [turn for turn in turns if 0 < turn < len(e) - 1]


def _thinned(e: Real, i: Real, warnings: list[str]) -> tuple[Real, Real]:
    """Potentials, rising, and their currents; of very many the medians of neighbours."""
    group = len(e) // MAX_POINTS
    if group < 2:
        return e, i
    groups = len(e) // group
    warnings.append(f"{len(e)} points were made {groups}, each the median of {group} or {group + 1} neighbours")
    medians = (np.array([np.median(part) for part in np.array_split(column, groups)]) for column in (e, i))
    thin_e, thin_i = medians
    return thin_e, thin_i


def _merged(e: Real, i: Real) -> tuple[Real, Real]:
    """Potentials written with few decimals repeat themselves; each counts once, to the nanovolt, with its mean current."""
    _, place, counts = np.unique(np.round(e, 9), return_inverse=True, return_counts=True)
    return (e, i) if len(counts) == len(e) else (np.bincount(place, e) / counts, np.bincount(place, i) / counts)


def _without_zeros(e: Real, i: Real, warnings: list[str]) -> tuple[Real, Real, float]:
    """Currents written with few decimals are 0 all around E_corr; where the sign changes in there they do not tell.

    Also the standard error of a potential that may lie anywhere in there, V.
    """
    zero = i == 0
    if zero.sum() <= MAX_ZEROS or (~zero).sum() < MIN_POINTS:
        return e, i, 0.0
    low, high = e[zero][0], e[zero][-1]
    warnings.append(
        f"{int(zero.sum())} currents are exactly 0, rounded off, and were left out: E_corr lies between {low:.3f} "
        f"and {high:.3f} V; export the currents with more digits"
    )
    return e[~zero], i[~zero], float(high - low) / 12**0.5


def _signed_by_dip(e: Real, i: Real, name: str) -> Real:
    size = np.abs(i)
    smooth = median_filter(np.log10(np.maximum(size, 1e-15)), 5, mode="nearest")
    dip = int(np.argmin(smooth))
    sides = [smooth[:dip], smooth[dip + 1 :]]
    if any(len(side) < 4 or side.max() < smooth[dip] + 0.4 for side in sides):
        raise BadInputError(
            f"{name}: all currents have one sign and show no dip, so this is one branch without E_corr; measure through E_corr"
        )
    return np.where(e < e[dip], -size, size)


def _spikes(i: Real) -> NDArray[np.bool_]:
    scale = float(np.median(np.abs(i))) * 0.05 or 1e-15
    y = np.arcsinh(i / scale)
    off = np.abs(y - median_filter(y, 7, mode="nearest"))
    out: NDArray[np.bool_] = off > max(8 * float(np.median(off)), SPIKE_DECADES * np.log(10), 0.5 * float(np.quantile(off, 0.98)))
    return out


def scatter(eta: Real, i: Real) -> float:
    """Decades of scatter of |i| (A/cm2) from second differences, away from where it crosses zero, at `eta` = 0 V."""
    y = np.log10(np.abs(i) + 1e-15)
    bend = y[:-2] - 2 * y[1:-1] + y[2:]
    away = (np.abs(eta[1:-1]) > 0.02) & (np.abs(eta[1:-1]) < 0.3)
    chosen = bend[away] if away.sum() > MIN_POINTS else bend
    return float(1.4826 * np.median(np.abs(chosen)) / np.sqrt(6)) if len(chosen) else 0.0


def independent(left: Real) -> float:
    """How many independent points (n,) residuals are worth, 1 to n: n (1 - rho) / (1 + rho), where neighbours go together by rho.

    rho is told by how often the sign changes, arccos(rho) / pi of the time (Rice, Bell Syst. Tech. J. 24 (1945) 46).
    """
    changes = int((np.diff(np.sign(left)) != 0).sum())
    share = min(0.5, changes / max(1, len(left) - 1))
    return max(1.0, len(left) * float(np.tan(np.pi / 2 * share)) ** 2)


def _crossing(e: Real, i: Real, name: str, warnings: list[str]) -> float:
    """The potential of zero current; of several the one with the most of cathodic current below and anodic above it."""
    positive = i > 0
    rises = np.flatnonzero(~positive[:-1] & positive[1:])
    if len(rises) == 0:
        branch = "anodic" if positive.mean() > 0.5 else "cathodic"
        raise BadInputError(
            f"{name} holds only the {branch} branch: the current never goes from cathodic to anodic; measure through E_corr"
        )
    below, above = np.cumsum(~positive), np.cumsum(positive[::-1])[::-1]
    right = below[rises] + above[rises + 1]
    best = np.flatnonzero(right == right.max())
    k = int(rises[best[len(best) // 2]])
    far = np.abs(e[rises] - e[k]) > 0.02
    if far.any():
        others = ", ".join(f"{value:.3f}" for value in e[rises[far]][:3])
        warnings.append(f"the current crosses zero at several potentials (also {others} V); the clearest was taken for E_corr")
    if min(e[k] - e[0], e[-1] - e[k + 1]) < MIN_SIDE_V or min(k + 1, len(e) - k - 1) < 3:
        raise BadInputError(
            f"{name}: the sweep holds almost only one branch, E_corr lies at its end; measure at least 50 mV on both sides"
        )
    near = slice(max(0, k - 2), k + 4)
    slope, offset = np.polyfit(e[near] - e[k], i[near], 1)
    root = float(e[k] - offset / slope) if slope > 0 else float(e[k])
    return root if e[near][0] <= root <= e[near][-1] else float(np.interp(0, i[k : k + 2], e[k : k + 2]))


def anodic_positive(potential: Real, current: Real, signed: bool, notes: list[str]) -> tuple[Real, bool]:
    """The current with anodic sign positive, and whether the file told its sign."""
    if not signed or (current >= 0).all():
        notes.append("the file holds magnitudes of current; signs are set by the dip at the corrosion potential")
        return np.abs(current), False
    low, high = np.quantile(potential, [0.1, 0.9])
    if np.median(current[potential >= high]) < 0 < np.median(current[potential <= low]):
        notes.append("cathodic currents were positive in the file; the sign was turned")
        return -current, True
    return current, True


def join_blocks(blocks: list[tuple[Real, Real]], signed: bool, notes: list[str]) -> tuple[Real, Real, bool]:
    """Potentials and currents of a file's blocks with the same headings as one curve, and whether its currents have signs.

    Two that adjoin are the halves of one curve, measured away from the open-circuit potential or towards it, and are put end to
    end; others follow each other as sweeps.  Of more than `MAX_TABLES` only the longest is taken.
    """
    parts = [part for part in blocks if len(part[0])] or blocks[:1]
    if len(parts) == 1:
        return *parts[0], signed
    if len(parts) > MAX_TABLES:
        longest = max(parts, key=lambda part: len(part[0]))
        rows = sum(len(e) for e, _ in parts) - len(longest[0])
        left = f"{counted(rows, 'row')} of the others {'was' if rows == 1 else 'were'} left out"
        notes.append(f"the longest of {len(parts)} tables was taken, {left}; save them apart")
        return *longest, signed
    notes.append(f"{len(parts)} tables with the same headings were joined; save them apart if they are different curves")
    if len(parts) == 2 and _adjoin(parts[0][0], parts[1][0]):
        opposite = (parts[0][0][-1] >= parts[0][0][0]) != (parts[1][0][-1] >= parts[1][0][0])
        parts.sort(key=lambda part: float(np.median(part[0])))
        parts = [(e, i) if e[-1] >= e[0] else (e[::-1], i[::-1]) for e, i in parts]
        if opposite and all((i >= 0).all() for _, i in parts):
            notes.append("currents had no sign; of two scans that go opposite ways the lower one was taken for cathodic")
            parts[0], signed = (parts[0][0], -parts[0][1]), True
    return np.concatenate([e for e, _ in parts]), np.concatenate([i for _, i in parts]), signed


def _adjoin(first: Real, second: Real) -> bool:
    """Whether two potential ranges neither overlap nor gape by more than `TURN` of both together."""
    overlap = min(first.max(), second.max()) - max(first.min(), second.min())
    return abs(float(overlap)) <= TURN * float(max(first.max(), second.max()) - min(first.min(), second.min()))
