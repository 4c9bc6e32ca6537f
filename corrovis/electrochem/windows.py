"""Which window about E_corr, and which model in it: the widest that one explains down to the data's scatter.

Ranges that no model explains, as a film that forms at once, or pitting, stay outside; of several models that explain it the
simplest is taken.  An ohmic drop and a film both bend the anodic branch; beyond the window the film holds the current back.  What
a model says has to hold for the sweep's other points as well: no ohmic drop is more than the whole polarisation, and no current
rises far above its limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

from corrovis.electrochem.kinetics import (
    AT_BOUND,
    LIMIT,
    MODELS,
    OHMIC,
    PASSIVE,
    Trial,
    count_points,
    current_density,
    fit_window,
)
from corrovis.electrochem.sweeps import MIN_POINTS, Sweep, counted
from corrovis.errors import BadInputError

WIDTHS = (0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)  # V, half widths tried
NARROW = 0.045  # V; in narrower windows transport and resistance cannot be told from the slopes
EXPLAINED = 0.003  # decades of residual that any model may leave
GIVE_UP = 4.0
PLATEAU = 0.5  # share of a passive plateau that the current has to come to: below it the film is an ohmic drop to the eye
BEYOND = 0.15  # V above the window in which an ohmic drop has to go on, and below it a limiting current
BELOW = 0.05  # decades by which passivation leaves the current below it
WHOLE = 1.05  # share of a point's polarisation that an ohmic drop may be, for the scatter's sake
EXCEEDED, SEEN = 1.2, 0.8  # of the limiting current: beyond the window, and in it, where its plateau was then reached
SAME = 0.005  # V by which the reach of windows as wide as each other differs
TOO_NARROW = (
    f"mixed control cannot be told from a window that ends less than {1e3 * NARROW:.0f} mV from E_corr on one side; "
    "take the method auto, or measure or choose a wider window"
)
PASSIVATION = (
    "beyond the window the anodic current falls behind an ohmic drop: passivation, and no resistance of the electrolyte, bends "
    "that branch"
)
IMPOSSIBLE = (
    "an ohmic drop of {resistance:.3g} ohm cm2 would explain more, but elsewhere in the sweep it would be more than the whole "
    "polarisation, which leaves room for {most:.3g} ohm cm2"
)
EXCEEDS = (
    "below the window the cathodic current rises above {limit:.3g} A/cm2, which the window takes for its limit: it is none, "
    "and what bends that branch is not known; doubt beta_c"
)


def trials(sweep: Sweep, kinds: Sequence[str], window_v: tuple[float, float] | None) -> list[Trial]:
    """Each model of `kinds` in each window tried, or in `window_v` alone, (lowest, highest) potential in V.

    Raises:
        BadInputError: no window holds points enough, or each is too narrow for `kinds`
    """
    windows = _windows(sweep) if window_v is None else [(min(window_v), max(window_v))]
    tried = []
    for kind in kinds:
        last, bad = None, 0
        for window in windows:
            narrow = min(sweep.e_corr_v - window[0], window[1] - sweep.e_corr_v) < NARROW
            if count_points(sweep, window) <= 2 + len(MODELS[kind]) or (narrow and kind != "butler-volmer"):
                continue
            found = fit_window(sweep, kind, window, last)
            if PASSIVE not in MODELS[kind] or found.passivated >= PLATEAU:
                tried.append(found)
            last = found if found.values[2:4].max() < AT_BOUND else last  # from its bound a slope would not come back
            bad = bad + 1 if found.residual > GIVE_UP * allowed(sweep.noise_decades) else 0
            if bad >= 3:  # still wider windows will not be explained either
                break
    if not tried:
        count = count_points(sweep, windows[-1])
        few = f"the window holds {counted(count, 'point')}, too few for a fit; widen it or measure more densely"
        raise BadInputError(few if count < MIN_POINTS else TOO_NARROW)
    return tried


def _windows(sweep: Sweep) -> list[tuple[float, float]]:
    """Symmetric ones, and some that reach twice as far to one side."""
    low, high = float(sweep.eta[0]), float(sweep.eta[-1])
    pairs = [(w, w) for w in WIDTHS] + [(2 * w, w) for w in (0.05, 0.1, 0.15)] + [(w, 2 * w) for w in (0.05, 0.1)]
    clipped = {(round(max(-c, low), 4), round(min(a, high), 4)) for c, a in pairs}
    usable = sorted(
        ((c, a) for c, a in clipped if count_points(sweep, (sweep.e_corr_v + c, sweep.e_corr_v + a)) >= MIN_POINTS),
        key=lambda pair: pair[1] - pair[0],
    )
    return [(sweep.e_corr_v + c, sweep.e_corr_v + a) for c, a in usable or [(low, high)]]


def allowed(noise: float) -> float:
    """Decades that a model may leave of data with so many decades of scatter and still explain them."""
    return max(EXPLAINED, 1.3 * noise)


def choose(sweep: Sweep, tried: Sequence[Trial]) -> tuple[Trial, tuple[str, ...]]:
    """`pick`, but nothing that the sweep denies outside the window, and what is to be said of that."""
    said: list[str] = []
    noise, best = sweep.noise_decades, pick(tried, sweep.noise_decades)
    most = most_resistance(sweep)
    if (resistance := best.values[OHMIC]) > most:
        tried = [trial for trial in tried if trial.values[OHMIC] <= most]
        said.append(IMPOSSIBLE.format(resistance=resistance, most=most))
        best = pick(tried, noise)
    if OHMIC in MODELS[best.model] and _held_back(sweep, best):
        said.append(PASSIVATION)
        tried = [trial for trial in tried if OHMIC not in MODELS[trial.model]]
        best = pick(tried, noise)
    if exceeds_limit(sweep, best):
        limit = np.exp(best.values[1]) / best.values[LIMIT]
        said.append(EXCEEDS.format(limit=limit))
        others = [trial for trial in _without_limit(tried) if reach(trial) > reach(best) - SAME]
        if others and (other := pick(others, noise)).residual <= allowed(noise):
            best = other
    return best, tuple(said)


def _without_limit(tried: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in tried if LIMIT not in MODELS[trial.model]]


def most_resistance(sweep: Sweep) -> float:
    """Ohm cm2 of an ohmic drop that is the whole polarisation of some point and a little more; infinite for a narrow sweep."""
    far = np.abs(sweep.eta) > NARROW
    conductance = median_filter(sweep.current_a_cm2[far] / sweep.eta[far], 5, mode="nearest")  # single points may be wrong
    largest = float(conductance.max(initial=0.0))
    return WHOLE / largest if largest > 0 else float("inf")


def exceeds_limit(sweep: Sweep, trial: Trial) -> bool:
    """Whether the sweep's current below the window rises above the limiting current of a trial that has not seen its plateau."""
    if LIMIT not in MODELS[trial.model] or (trial.limited >= SEEN and trial.residual <= allowed(sweep.noise_decades)):
        return False
    low = trial.window[0]
    beyond = np.abs(sweep.current_a_cm2[(sweep.potential_v < low) & (sweep.potential_v >= low - BEYOND)])
    far = beyond[: len(beyond) // 2]  # potentials rise
    limit = float(np.exp(trial.values[1]))
    return len(beyond) >= MIN_POINTS and float(np.median(far)) * trial.values[LIMIT] > EXCEEDED * limit


def _held_back(sweep: Sweep, best: Trial) -> bool:
    """Whether the measured current falls below the model above its window, and ever further."""
    e_corr, top = best.values[0], best.window[1]
    beyond = (sweep.potential_v > top) & (sweep.potential_v <= top + BEYOND) & (sweep.current_a_cm2 > 0)
    e, i = sweep.potential_v[beyond], sweep.current_a_cm2[beyond]
    if len(e) < MIN_POINTS:
        return False
    inner = np.linspace(e_corr, e[-1], 1000)  # potentials behind the ohmic drop
    values = best.values.copy()
    values[OHMIC] = 0
    current = current_density(values, inner, np.zeros_like(inner))
    below = np.log10(np.interp(e, inner + current * best.values[OHMIC], current) / i)
    near, far = (float(np.median(half)) for half in np.array_split(below, 2))
    return far > max(BELOW, 4 * sweep.noise_decades) and far > near


def pick(tried: Sequence[Trial], noise: float) -> Trial:
    """Widest window that is explained, there the model that the criterion prefers; if none is, the best residual."""
    good = [trial for trial in tried if trial.residual <= allowed(noise)]
    if not good:
        return min(tried, key=lambda trial: trial.residual)
    widest = max(reach(trial) for trial in good)
    same = [trial for trial in good if reach(trial) > widest - SAME]
    independent = min(same, key=lambda trial: trial.residual).independent
    return min(same, key=lambda trial: trial.criterion(independent))


def reach(trial: Trial) -> float:
    """Width of the window; each side counts up to twice the other, so that both branches are seen."""
    below, above = trial.values[0] - trial.window[0], trial.window[1] - trial.values[0]
    return float(min(below, 2 * above) + min(above, 2 * below))


def alike(sweep: Sweep, tried: Sequence[Trial], best: Trial) -> list[Trial]:
    """The same model in windows at least half as wide that it explains as well; their scatter is part of the uncertainty.

    So is, where the sweep exceeds the limiting current that a window suggests, what the others say.
    """
    enough = max(allowed(sweep.noise_decades), best.residual)
    same = [t for t in tried if t.model == best.model and t.residual <= enough and reach(t) >= 0.6 * reach(best)]
    others = _without_limit(tried) if exceeds_limit(sweep, best) else []
    return same + ([pick(others, sweep.noise_decades)] if others else [])
