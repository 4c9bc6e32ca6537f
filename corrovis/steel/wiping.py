"""What of a generator's clean steel is taken over when a defect is wiped off, and how it comes to look like the plate around.

The generator draws clean steel that is smooth, and as bright as the defect was.  So its picture is set to the light of the plate
(`light_of`), taken over only where it differs from the plate by more than noise (`damaged`), and given the grain of the pixels
that stay (`grain_like`).  Everything else keeps its pixels.

A region that was brushed is taken for defect as a whole: its light and its grain are those of the steel around it.  Without a
region nobody says what is steel; light is then the median over a surrounding larger than most defects.  Where that leaves enough
steel, the damage it finds is the region, for a median over a large defect is still that defect's light.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import median_filter

from corrovis.easing import smoothstep
from corrovis.results import Bool, Float

CLEAN_LEVELS = (40 / 255, 200 / 255)  # between which the clean steel of training lies, but for 4 % of it
CELL = 8  # px
LIGHT = 24.0  # px that a plate is smoothed over to tell its light from its steel
AROUND, NEAR = 33, 5  # cells a side that light is the median of: on a whole plate, and around a region
NOISE, CERTAIN = 2 / 255, 1.6  # the generator moves clean steel so far, smoothed; beyond so many times that all is taken over
FINE, WIDE, GRAIN = 1.5, 3.0, 8.0  # px: noise is smoothed over, differences are widened over, and below which all is grain
LAGS, LEAST_STEEL = 32, 0.3  # px over which grain hangs together, and share of a whole plate that has to be steel to tell it
PLAIN_GRAIN = 2.2 / 255  # median spread of the grain of clean patches: where too little steel is left
RELIEF = 0.5  # of the grain's spread, the most that is left of the relief that the generator draws


def wiped(before: Float, made: Float, region: Bool | None = None, seed: int = 0) -> Float:
    """(H, W) in [0, 1]: `before` without its defect, after what the generator `made` of it; `seed` varies the grain alone."""
    if region is None or region.all():
        relief = made - blurred(made, GRAIN)
        even = made - relief + np.clip(light_of(before), *CLEAN_LEVELS) - light_of(made)
        share = damaged(before, even + relief)
        found = np.asarray(share > 0.5, np.bool_)
        if found.any() and 1 - found.mean() > LEAST_STEEL:
            return wiped(before, made, found, seed)
        steel = share < 0.5
    else:  # inside and outside apart, or the step between the two would be a ring of relief
        relief = made - np.where(region, blurred(made, GRAIN, region), made)
        even = light_around(before, ~region)
        share, steel = region.astype(np.float32), ~region
    if not (share > 0).any():
        return before
    coarse = blurred(before, GRAIN)
    grain = grain_like(before - coarse, steel, seed)
    spread, drawn_in = max(float(grain.std()), 1e-6), float(relief[share > 0].std())
    left = min(drawn_in, RELIEF * spread)
    weak = relief * (left / max(drawn_in, 1e-6))
    kept = np.where(np.abs(weak) > 2 * left, 0, weak)  # what stands out still is a crumb of the defect
    fresh = kept + grain * np.sqrt(1 - (left / spread) ** 2)
    # light is mixed by shares, grain by their roots: two draws that know nothing of each other would else be paler where they mix
    drawn = coarse + share * (even - coarse) + np.sqrt(1 - share) * (before - coarse) + np.sqrt(share) * fresh
    return np.where(share > 0, np.clip(drawn, 0, 1), before).astype(np.float32)


def at_own_level(before: Float, after: Float, share: float = 1.0) -> Float:
    """`after` as light, place by place, as `before` was, or only a `share` of the way there; both (H, W) in [0, 1]."""
    return np.asarray(np.clip(after + share * (light_of(before) - light_of(after)), 0, 1), np.float32)


def damaged(before: Float, smooth: Float) -> Float:
    """(H, W): how much of `smooth` is to be taken over, 0 where it differs from `before` by no more than noise."""
    far = blurred(np.abs(blurred(smooth - before, FINE)), WIDE)
    return smoothstep(1, CERTAIN, far / NOISE)


def light_of(grey: Float) -> Float:
    """(H, W): the median of the surroundings of each pixel, larger than most defects, which therefore do not count."""
    return _enlarged(median_filter(_cells(grey), AROUND, mode="reflect"), grey.shape)


def light_around(grey: Float, steel: Bool) -> Float:
    """(H, W): the light on the pixels of `steel`, and what it would be between them."""
    shares = _cells(steel.astype(np.float32))
    known = shares > min(0.25, float(shares.max()) / 2)
    means = _cells(grey * steel) / np.maximum(shares, 1e-6)
    return _enlarged(median_filter(filled(np.where(known, means, 0).astype(np.float32), known), NEAR, mode="reflect"), grey.shape)


def filled(values: Float, known: Bool) -> Float:
    """(h, w): what is not known, from what is known next to it, at a scale as coarse as the hole is wide (pull and push)."""
    if known.all() or max(known.shape) == 1:
        return values
    half = -(-known.shape[1] // 2), -(-known.shape[0] // 2)
    shares = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    sums = cv2.resize((values * known).astype(np.float32), half, interpolation=cv2.INTER_AREA)
    coarse = filled(np.asarray(sums / np.maximum(shares, 1e-6), np.float32), np.asarray(shares > 0, np.bool_))
    return np.where(known, values, _enlarged(coarse, known.shape)).astype(np.float32)


def grain_like(fine: Float, steel: Bool, seed: int) -> Float:
    """(H, W) of noise with spread and spectrum of `fine` where it is `steel` (Galerne, Gousseau and Morel 2011).

    Where less than `LEAST_STEEL` of it is, what is taken for steel may be more of the defect, and the grain is the usual one.
    """
    noise = np.random.default_rng(seed).standard_normal(fine.shape).astype(np.float32)
    if steel.mean() < LEAST_STEEL:
        noise = blurred(noise, 0.5)
        return np.asarray(noise * (PLAIN_GRAIN / noise.std()), np.float32)
    most = 4 * 1.48 * float(np.median(np.abs(fine[steel])))  # another defect nearby is no grain
    kept = np.where(steel, np.clip(fine, -most, most), 0).astype(np.float32)
    grain = cv2.filter2D(noise, -1, _kernel(kept, steel), borderType=cv2.BORDER_REFLECT)
    return np.asarray(grain * (float(kept[steel].std()) / max(float(grain.std()), 1e-6)), np.float32)


def _kernel(kept: Float, steel: Bool) -> Float:
    """(2 n, 2 n): what white noise is filtered with to hang together over n px as `kept` does where it is `steel`."""
    n = max(1, min(LAGS, min(kept.shape) // 4))
    size = [cv2.getOptimalDFTSize(length + n) for length in kept.shape]
    sums, counts = (np.fft.irfft2(np.abs(np.fft.rfft2(plane, size)) ** 2, size) for plane in (kept, steel.astype(np.float32)))
    near = np.ix_(range(-n, n), range(-n, n))
    fade = np.hanning(2 * n + 1)[:-1]
    alike = sums[near] / np.maximum(counts[near], 1) * np.outer(fade, fade)
    power = np.fft.rfft2(np.fft.ifftshift(alike)).real.clip(0)
    return np.asarray(np.fft.fftshift(np.fft.irfft2(np.sqrt(power), (2 * n, 2 * n))), np.float32)


def blurred(grey: Float, sigma: float, only: Bool | None = None) -> Float:
    """(H, W): with `only`, means over its pixels alone, which says something near these."""

    def blur(plane: Float) -> Float:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)

    if only is None:
        return blur(grey)
    return np.asarray(blur(grey * only) / np.maximum(blur(only.astype(np.float32)), 1e-6), np.float32)


def _cells(grey: Float) -> Float:
    """Means of cells of about `CELL` px."""
    height, width = grey.shape
    size = max(1, round(width / CELL)), max(1, round(height / CELL))
    return np.asarray(cv2.resize(np.asarray(grey, np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _enlarged(cells: Float, size_hw: tuple[int, ...]) -> Float:
    return np.asarray(cv2.resize(cells, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR), np.float32)
