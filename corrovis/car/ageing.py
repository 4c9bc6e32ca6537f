"""The slider: photo and mask in, every level of corrosion out.

For each pixel, `onset` is the level t at which it is half rust and `layer` the rust r that will be there.
The picture at level s is

    u = s - t                         how long the pixel has been rusting, in levels
    a = smoothstep(-RAMP, RAMP, u)    times the paint's share of the pixel
    (1 - a) x + a r(u)                fresh rust is orange (GAIN), old rust is the layer itself

which is continuous and monotone in s, gives the photo back bit for bit at s = 0, touches nothing but paint, and leaves paint
that has not rusted its colour.  A ramp of finite width instead of a sigmoid, so that "untouched" means equal.

Onset and layer are made at one working size, whatever the photo's, and finished on the photo by `corrovis.car.detail`.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch

from corrovis.car.detail import ROWS, Canvas, before_background, finish, periodic_grain
from corrovis.car.onset import CANVAS, LEVELS, ONSET_UNIT, PRIOR, features, fractal, onset_levels
from corrovis.easing import smoothstep
from corrovis.networks.rust_texture import TONE_SIGMA
from corrovis.resizing import resized
from corrovis.results import AgedCar, Byte, CarMask, Float, Photo, Provenance, check_level
from corrovis.store import Store
from corrovis.tensors import pixels_of, tensor_of

MODEL = "car-rust"
RAMP = 0.2  # narrow, so that what is left of the paint at severe is islands with an edge, not a veil
YOUTH = 0.35
GAIN = (1.4, 1.2, 1.0)
DOUBT = 4.0  # weight of doubtful paint beside the columns of `PRIOR`: it rusts last, so that rust ends along its grain
GRAIN = 0.05  # levels
GRAIN_SIDE, GRAIN_MARGIN = 128, 48  # pixels; the network sees 46 to each side
GRAIN_TONE = (104, 62, 44)

CLOUDS = 1.0  # standard deviations that clouds lighten, darken or redden rust at the most: beyond that it glows or looks burnt
GLOSS = 0.35  # how much lighter than the middle of the paint its lightest panel can be: rust is matte
LIT = 0.9  # of the paint is darker than what is taken for full light: reflections in dark paint would bleach its rust
NEAR = 0.3  # of the size of the paint: how far around it the light that falls on it is looked for
FAINT = 20.0  # CIELAB lightness below which differences of the paint are reflections rather than light
DEEP, DEEP_UNTIL = 0.35, 2.0  # of its light that the oldest rust lacks, and the onset, a level, from which on rust lacks none
EATEN, HOLES = (0.85, 1.0), 0.35  # depth, with the pits', at which metal is eaten through, and what that takes of its light
OLD = np.array([46.0, 12.5, 20.0])
"""CIELAB of old rust in full light; `GAIN` makes it the orange of a young rim."""


class Ager:
    """Rusts cars with the store's `car-rust` network."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._sample: Float | None = None

    def age(self, photo: Photo, mask: CarMask, seed: int = 0) -> AgedCar:
        """All levels of one car at once.  Another `seed`, other rust; the same seed gives the same rust at every size."""
        began = time.perf_counter()
        height, width = photo.size_hw
        scale = CANVAS / max(height, width)
        size_hw = max(16, round(height * scale)), max(16, round(width * scale))
        rgb = resized(photo.rgb, size_hw, cv2.INTER_CUBIC)
        paint = resized(mask.paint, size_hw, cv2.INTER_CUBIC).clip(0, 1)
        car = np.asarray(resized(mask.car.astype(np.float32), size_hw, cv2.INTER_CUBIC) > 0.5, np.bool_)
        car_size = float(np.sqrt(max(1, int(car.sum()))))

        prior = features(rgb, car, paint) @ np.array(list(PRIOR.values()), np.float32) - DOUBT * doubt_of(paint)
        onset = onset_levels(prior, paint, seed, car_size)
        layer = self._rust(tone_of(rgb, paint, seed), onset, seed)
        grain = grain_of(layer)
        layer = deepened(layer, onset, grain)
        onset = beyond_paint(follow_grain(onset, grain), paint)
        places = np.random.default_rng(seed + 3).uniform(0, GRAIN_SIDE, (2, 2)).astype(np.float32)
        full_paint = np.asarray(np.round(mask.paint * 255), np.uint8)
        full_onset, full_layer = finish(Canvas(onset, layer, rgb, paint, self._grain(), places), photo.rgb, full_paint)
        before_background(full_layer, photo.rgb, mask.car)
        spec = self.store.spec(MODEL)
        return AgedCar(
            photo=photo,
            onset=full_onset,
            layer=full_layer,
            paint=full_paint,
            mask=mask,
            seed=seed,
            made_by=Provenance(MODEL, spec.sha256, time.perf_counter() - began),
        )

    def _rust(self, tone: Byte, onset: Float, seed: int) -> Byte:
        """(H, W, 3) uint8 rust of the given tone; only the rectangle that can rust is computed."""
        left, top, width, height = cv2.boundingRect((onset < LEVELS[-1]).astype(np.uint8))
        if not height:
            return tone
        box = slice(top, top + height), slice(left, left + width)
        inside = tone[box]
        margin = round(TONE_SIGMA)
        pad = (margin, margin + (-inside.shape[0]) % 4, margin, margin + (-inside.shape[1]) % 4)
        padded = tensor_of(np.asarray(cv2.copyMakeBorder(inside, *pad, cv2.BORDER_REFLECT_101), np.uint8)[None])
        age = cv2.copyMakeBorder(LEVELS[-1] - onset[box], *pad, cv2.BORDER_REFLECT_101)
        rough = torch.from_numpy(roughness_of(age, seed)).permute(2, 0, 1)[None]
        dice = np.random.default_rng(seed)
        canvas = dice.standard_normal((top + padded.shape[2], CANVAS + 64), dtype=np.float32)
        at = canvas[top:, left : left + padded.shape[3]]
        with torch.inference_mode():
            wash = torch.cat([padded, rough], dim=1).contiguous()
            made = self.store.network(MODEL)(wash, torch.from_numpy(np.ascontiguousarray(at[None, None])))
        pixels = pixels_of(made)[0]
        out = tone.copy()
        out[box] = pixels[margin : margin + inside.shape[0], margin : margin + inside.shape[1]]
        return out

    def _grain(self) -> Float:
        """A periodic sample of the network's rust: its noise is repeated around it, further than the network sees."""
        if self._sample is None:
            noise = np.random.default_rng(0).standard_normal((GRAIN_SIDE, GRAIN_SIDE), dtype=np.float32)
            around = torch.from_numpy(np.pad(noise, GRAIN_MARGIN, mode="wrap"))[None, None]
            tone = [*(np.array(GRAIN_TONE) / 127.5 - 1), 0.3, 0.35]
            wash = torch.tensor(tone, dtype=torch.float32)[None, :, None, None].expand(1, 5, *around.shape[2:])
            with torch.inference_mode():
                made = self.store.network(MODEL)(wash, around)[:, :, GRAIN_MARGIN:-GRAIN_MARGIN, GRAIN_MARGIN:-GRAIN_MARGIN]
            self._sample = periodic_grain(pixels_of(made)[0])
        return self._sample


def doubt_of(paint: Float) -> Float:
    """(h, w) float32 in [0, 1]: 1 where the paint fades over more pixels than at the edge of a panel."""
    return np.asarray(1 - cv2.dilate(paint, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))).clip(0, 1), np.float32)


def tone_of(rgb: Byte, paint: Float, seed: int) -> Byte:
    """(H, W, 3) uint8, the wash that the rust is painted on: colour of old rust, lightness by the light on the panel.

    Made at a quarter of the size: the network takes nothing finer than `TONE_SIGMA` from it.
    """
    height, width = paint.shape
    quarter = max(4, height // 4), max(4, width // 4)
    small = resized(rgb, quarter, cv2.INTER_CUBIC)
    small_paint = resized(paint, quarter, cv2.INTER_CUBIC).clip(0, 1)
    lightness = np.asarray(cv2.cvtColor((small / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[..., 0], np.float32)
    size = float(np.sqrt(max(1, int((small_paint > 0.3).sum()))))
    colour = OLD + cloudy(quarter, size, seed + 1)
    red, yellow = paint_hue(small, small_paint)
    colour[..., 1] += 0.1 * max(0.0, red - max(0.0, yellow - red))  # beside red paint, brown rust would look olive
    colour[..., 2] += 0.12 * max(0.0, yellow - 0.25 * max(0.0, red))  # and beside yellow or orange paint mauve
    light = panel_light(lightness, small_paint)
    colour[..., 0] *= light
    colour[..., 1:] *= np.sqrt(light)[..., None]
    wash = cv2.cvtColor(np.asarray(colour, np.float32), cv2.COLOR_LAB2RGB)
    smooth = cv2.GaussianBlur(wash, (0, 0), TONE_SIGMA / 4)
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(full, 0, 1) * 255, np.uint8)


def cloudy(shape: tuple[int, int], size: float, seed: int) -> Float:
    """(*shape, 3) float32, CIELAB: how old rust differs from place to place, in patches as large as a door and as a hand.

    In real rust the small ones differ as much, and in redness more; large ones alone look like camouflage.
    """
    dice = np.random.default_rng(seed).spawn(4)
    clouds = (fractal(shape, coarsest * size, 0.65, one) for coarsest, one in zip((0.2, 0.3, 0.07, 0.07), dice, strict=True))
    lighter, redder, paler, more_orange = (CLOUDS * np.tanh(cloud / CLOUDS) for cloud in clouds)
    large = np.stack([11.0 * lighter, 4.5 * redder, 5.0 * lighter + 3.0 * redder], axis=2)
    small = np.stack([6.0 * paler, 5.0 * more_orange, 3.0 * (paler + more_orange)], axis=2)
    return np.asarray(large + small, np.float32)


def paint_hue(rgb: Byte, paint: Float) -> tuple[float, float]:
    """Medians of the paint's CIELAB a* and b*."""
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[paint > 0.3]
    return (float(np.median(lab[:, 1])), float(np.median(lab[:, 2]))) if len(lab) else (0.0, 0.0)


def panel_light(lightness: Float, paint: Float) -> Float:
    """(H, W) float32, 1 in full light: how light each panel is beside the others, without its gloss, times the scene's exposure.

    Shadows are kept; highlights lighten by `GLOSS` at the most, and those of dark paint, which mirrors most, by little.
    """
    weight = paint + 1e-3
    sigma = max(2.0, 0.012 * float(np.sqrt(lightness.size)))
    smooth = cv2.GaussianBlur(lightness * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    middle = float(np.median(smooth[paint > 0.3])) if (paint > 0.3).any() else 50.0
    away = cv2.distanceTransform((paint <= 0.3).astype(np.uint8), cv2.DIST_L2, 5)
    near = away <= NEAR * np.sqrt((paint > 0.3).sum())  # a bright sky or lamps far off do not light a car in the dark
    brightest = float(np.quantile(cv2.GaussianBlur(lightness, (0, 0), sigma)[near], 0.97)) if near.any() else 85.0
    exposure = np.clip(brightest / 85, 0.15, 1.05)
    relative = (smooth + FAINT) / (middle + FAINT)
    matte = np.maximum(np.minimum(relative, 1) + GLOSS * (1 - np.exp(-np.maximum(relative - 1, 0) / GLOSS)), 0.35)
    full = float(np.quantile(matte[paint > 0.3], LIT)) if (paint > 0.3).any() else 1.0
    return np.asarray(matte / full * exposure, np.float32)


def roughness_of(age: Float, seed: int) -> Float:
    """(H, W, 2) float32, fine and coarse roughness: rust grows rougher with age, unevenly."""
    drift = fractal(age.shape, 60.0, 0.6, np.random.default_rng(seed + 2))
    rough = np.clip(0.27 + 0.11 * np.clip(age - 1, 0, 2) + 0.07 * drift, 0.12, 0.72)
    return np.stack([0.5 * rough, 0.6 * rough], axis=2).astype(np.float32)


def grain_of(layer: Byte) -> Float:
    """(H, W) float32 in [-2, 2], how much lighter than around it the rust is: pits below 0, crests above."""
    grey = cv2.cvtColor(layer, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grain = grey - cv2.GaussianBlur(grey, (0, 0), 3.0)
    return np.asarray(np.clip(grain / (grain.std() + 1e-6), -2, 2), np.float32)


def deepened(layer: Byte, onset: Float, grain: Float) -> Byte:
    """Rust is darkest where it began, and its pits are eaten through where it began first: at arches and sills."""
    depth = np.clip((DEEP_UNTIL - onset) / (DEEP_UNTIL - LEVELS[0]), 0, 1)
    depth = depth * depth
    light = 1 - DEEP * depth - HOLES * smoothstep(EATEN[0], EATEN[1], depth - 0.1 * cv2.blur(grain, (3, 3)))
    return np.asarray(layer * light[..., None], np.uint8)


def follow_grain(onset: Float, grain: Float) -> Float:
    """Rust creeps along its own grain: dark pits of the layer begin earlier, light crests later."""
    return np.where(onset < LEVELS[-1], onset + GRAIN * grain, onset).clip(RAMP, LEVELS[-1]).astype(np.float32)


def beyond_paint(onset: Float, paint: Float) -> Float:
    """Onset goes on a little beyond the paint, so that at full size the paint's own edge cuts it off, not the canvas's."""
    solid = (paint > 0.05).astype(np.float32)
    near = cv2.GaussianBlur(solid, (0, 0), 2.0)
    around = cv2.GaussianBlur(onset * solid, (0, 0), 2.0) / np.maximum(near, 1e-4)
    return np.asarray(np.where(solid > 0, onset, np.where(near > 1e-3, around, LEVELS[-1])), np.float32)


def compose(aged: AgedCar, level: float) -> Byte:
    """The picture at `level`: (H, W, 3) uint8.  Level 0 is the photo.

    Raises:
        BadInputError: level outside 0 .. 3
    """
    check_level(level)
    out = aged.photo.rgb.copy()
    for top in range(0, out.shape[0], ROWS):
        rows = slice(top, top + ROWS)
        u = (level - aged.onset[rows].astype(np.float32) * ONSET_UNIT).astype(np.float32)
        share = (smoothstep(-RAMP, RAMP, u) * aged.paint[rows] / 255)[..., None]
        youth = (1 - smoothstep(0, YOUTH, u))[..., None]
        rust = np.minimum(255, aged.layer[rows] * (1 + youth * (np.array(GAIN, np.float32) - 1)))
        paint = aged.photo.rgb[rows].astype(np.float32)
        out[rows] = np.round(paint + share * (rust - paint)).astype(np.uint8)
    return out


def rust_fraction(aged: AgedCar, level: float) -> float:
    """Share of the paintable area that is more than half rust at `level`, 0 to 1."""
    check_level(level)
    rusted = aged.onset.astype(np.float32) * ONSET_UNIT <= level
    total = float(aged.paint.sum(dtype=np.float64))
    return float(aged.paint[rusted].sum(dtype=np.float64)) / total if total else 0.0
