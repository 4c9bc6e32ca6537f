"""The slider's promises, on made-up results: continuous, monotone, reversible, and nothing touched but paint."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrovis.car.ageing import (
    DEEP_UNTIL,
    GAIN,
    GLOSS,
    RAMP,
    YOUTH,
    Ager,
    compose,
    deepened,
    doubt_of,
    grain_of,
    panel_light,
    rust_fraction,
    tone_of,
)
from corrovis.car.onset import LEVELS, ONSET_UNIT, PRIOR, SHARE, features, fractal, onset_levels
from corrovis.easing import smoothstep
from corrovis.errors import BadInputError
from corrovis.render.video import save_mp4
from corrovis.results import AgedCar, CarMask, Photo, Provenance
from corrovis.store import Store

MADE = Provenance("test", "0" * 64, 0.0)


def random_aged(seed: int, height: int = 24, width: int = 30) -> AgedCar:
    """Random photo, onset, rust and paint; the left third is no car."""
    dice = np.random.default_rng(seed)
    car = np.ones((height, width), bool)
    car[:, : width // 3] = False
    paint = (dice.random((height, width)) * car).astype(np.float32)
    onset = dice.uniform(RAMP, LEVELS[-1], (height, width))
    return AgedCar(
        photo=Photo(dice.integers(0, 256, (height, width, 3), dtype=np.uint8)),
        onset=np.ceil(onset / ONSET_UNIT).astype(np.uint16),
        layer=dice.integers(0, 256, (height, width, 3), dtype=np.uint8),
        paint=np.round(paint * 255).astype(np.uint8),
        mask=CarMask(car, paint, ((0.6, 0.5),), MADE),
        seed=seed,
        made_by=MADE,
    )


def by_hand(aged: AgedCar, level: float, y: int, x: int) -> np.ndarray:
    """One pixel by the formula in the module's docstring, in plain Python floats."""

    def step(low: float, high: float, value: float) -> float:
        t = min(1.0, max(0.0, (value - low) / (high - low)))
        return 3 * t**2 - 2 * t**3

    u = level - aged.onset[y, x] * ONSET_UNIT
    a = step(-RAMP, RAMP, u) * aged.paint[y, x] / 255
    youth = 1 - step(0, YOUTH, u)
    pixel = []
    for channel in range(3):
        rust = min(255.0, aged.layer[y, x, channel] * (1 + youth * (GAIN[channel] - 1)))
        before = float(aged.photo.rgb[y, x, channel])
        pixel.append(before + a * (rust - before))
    return np.array(pixel)


@given(seed=st.integers(0, 999), level=st.floats(0, 3))
@settings(max_examples=25, deadline=None)
def test_compose_follows_the_formula(seed: int, level: float) -> None:
    aged = random_aged(seed)
    picture = compose(aged, level)
    for y, x in ((0, 29), (12, 15), (23, 11), (5, 20)):
        assert np.abs(picture[y, x] - by_hand(aged, level, y, x)).max() <= 0.51


@given(seed=st.integers(0, 999), level=st.floats(0, 3))
@settings(max_examples=25, deadline=None)
def test_background_is_untouched_bit_for_bit(seed: int, level: float) -> None:
    aged = random_aged(seed)
    assert (compose(aged, level)[~aged.mask.car] == aged.photo.rgb[~aged.mask.car]).all()


def test_level_none_is_the_photo() -> None:
    aged = random_aged(1)
    assert (compose(aged, 0) == aged.photo.rgb).all()


def test_paint_keeps_its_colour_until_its_onset() -> None:
    aged = random_aged(2)
    later = aged.onset * ONSET_UNIT > 1.5 + RAMP
    assert later.any()
    assert (compose(aged, 1.5)[later] == aged.photo.rgb[later]).all()


@given(low=st.floats(0, 3), high=st.floats(0, 3))
@settings(max_examples=50, deadline=None)
def test_rust_never_shrinks_with_the_level(low: float, high: float) -> None:
    aged = random_aged(3)
    low, high = sorted((low, high))
    assert rust_fraction(aged, low) <= rust_fraction(aged, high)


@pytest.mark.parametrize("level", [-0.1, 3.01, float("nan")])
def test_levels_outside_are_refused(level: float) -> None:
    with pytest.raises(BadInputError, match="outside 0 to 3"):
        compose(random_aged(4), level)


def test_smoothstep_at_its_ends_and_middle() -> None:
    assert smoothstep(-1, 1, np.array([-2, -1, 0, 1, 2], np.float32)).tolist() == [0, 0, 0.5, 1, 1]


def test_rusted_share_follows_the_severity_classes() -> None:
    """SHARE is the promise; ranked onsets must keep it on any prior, and it must agree with the class limits."""
    dice = np.random.default_rng(0)
    paint = np.zeros((120, 160), np.float32)
    paint[20:100, 30:140] = 1
    onset = onset_levels(dice.normal(size=paint.shape).astype(np.float32), paint, seed=5, size=94.0)
    rusted = [float((onset[paint > 0] <= level).mean()) for level in (1, 2, 3)]
    assert rusted == pytest.approx(np.interp([1, 2, 3], LEVELS, SHARE), abs=0.01)
    assert rusted[0] < 0.10 < rusted[1] < 0.50 < rusted[2]
    assert (onset[paint == 0] == LEVELS[-1]).all()
    assert onset.min() >= RAMP


def test_little_of_the_paint_is_half_rust_and_no_step_of_the_slider_is_a_jump() -> None:
    """Between 10 and 90 % rust a pixel is a veil; at severe less than 8 % of the paint may be.  A key moves the level by 0.05."""
    x = np.linspace(-RAMP, RAMP, 2001).astype(np.float32)
    opacity = smoothstep(-RAMP, RAMP, x)
    half = x[(opacity > 0.1) & (opacity < 0.9)]
    share = np.interp(3 - half[[0, -1]], LEVELS, SHARE)
    assert abs(share[0] - share[1]) < 0.08
    assert float((smoothstep(-RAMP, RAMP, x + 0.05) - opacity).max()) < 0.2
    assert LEVELS[0] >= RAMP, "at level 0 nothing has begun"


@pytest.mark.parametrize("seed", range(4))
def test_the_first_rust_is_where_the_prior_says(seed: int) -> None:
    """Clouds may carry rust anywhere later on; the first twentieth of it lies low, where this prior is high."""
    paint = np.ones((200, 300), np.float32)
    low = np.linspace(0, 1, 200, dtype=np.float32)[:, None].repeat(300, axis=1)
    prior = 3 * np.exp(-(1 - low) / 0.15)
    onset = onset_levels(prior.astype(np.float32), paint, seed, 240.0)
    assert np.quantile(low[onset <= 0.9], 0.01) > 0.7
    assert np.quantile(low[onset <= 2.5], 0.1) < 0.5


def test_paint_that_is_thin_counts_as_little_as_it_rusts() -> None:
    """The share promised is that of paint, not of pixels: here the first to rust are half covered by it."""
    paint = np.ones((120, 160), np.float32)
    paint[60:] = 0.3
    prior = np.where(paint < 1, 5, 0) + np.random.default_rng(0).normal(size=paint.shape)
    onset = onset_levels(prior.astype(np.float32), paint, seed=1, size=140.0)
    for level in (1, 2, 3):
        rusted = float(paint[onset <= level].sum() / paint.sum())
        assert rusted == pytest.approx(float(np.interp(level, LEVELS, SHARE)), abs=0.01)


def test_doubt_is_where_paint_fades_and_not_at_the_edge_of_a_panel() -> None:
    paint = np.ones((60, 80), np.float32)
    paint[:, :10] = 0
    paint[:, 10] = 0.5  # an edge
    paint[:, 40:] = np.linspace(1, 0, 40)
    doubt = doubt_of(paint)
    assert not doubt[:, 10:40].any()
    assert (np.diff(doubt[30, 45:75]) > 0).all()
    assert doubt[30, 79] > 0.85


def test_onset_repeats_with_its_seed_and_differs_with_another() -> None:
    paint, prior = np.ones((40, 40), np.float32), np.zeros((40, 40), np.float32)
    first, again, other = (onset_levels(prior, paint, seed, 40.0) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).mean() > 0.5


def test_onset_without_paint_never_rusts() -> None:
    onset = onset_levels(np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32), 0, 8.0)
    assert (onset == LEVELS[-1]).all()


def test_features_see_wheel_and_sill() -> None:
    """A drawn car: grey body, dark wheel below.  Paint beside the wheel is nearer to an arch than paint at the roof."""
    rgb = np.full((100, 200, 3), 200, np.uint8)
    car = np.zeros((100, 200), bool)
    car[20:75, 20:180] = car[75:90, 50:80] = True
    paint = np.zeros((100, 200), np.float32)
    paint[20:75, 20:180] = 1
    paint[60:75, 50:80] = 0
    rgb[60:90, 50:80] = 10
    found = dict(zip(PRIOR, np.moveaxis(features(rgb, car, paint), 2, 0), strict=True))
    assert found["wheel_arch"][58, 65] > 0.7 > 0.05 > found["wheel_arch"][22, 150]
    assert found["sill"][73, 150] > 0.6 > 0.1 > found["sill"][25, 150]
    assert all(column.min() >= 0 and column.max() <= 1 for column in found.values())


def test_a_tyre_that_the_sun_lights_below_is_a_wheel() -> None:
    """Bright alloys, a dark arch above them, and below a tyre hardly darker than the paint, where the car ends."""
    rgb = np.full((100, 200, 3), 110, np.uint8)
    paint = np.zeros((100, 200), np.float32)
    paint[20:75, 20:180] = 1
    cv2.circle(paint, (65, 72), 18, 0, cv2.FILLED)
    wheel = cv2.circle(np.zeros(paint.shape, np.uint8), (65, 72), 17, 1, cv2.FILLED) > 0
    rgb[wheel], rgb[wheel & (np.arange(100) < 68)[:, None]] = 100, 20
    cv2.circle(rgb, (65, 72), 12, (200, 200, 200), cv2.FILLED)
    found = features(rgb, wheel | (paint > 0), paint)
    assert found[52, 65, list(PRIOR).index("wheel_arch")] > 0.5


def test_neither_grille_nor_lamp_is_a_wheel_and_what_is_above_them_no_sill() -> None:
    """A car drawn from the front corner: two wheels on the ground, grille and lamp in the paint, a bumper under them."""
    rgb = np.full((100, 220, 3), 200, np.uint8)
    car = np.zeros((100, 220), bool)
    car[10:80, 10:210] = True
    paint = car.astype(np.float32)
    for x in (40, 110):
        cv2.circle(paint, (x, 78), 14, 0, cv2.FILLED)
        wheel = cv2.circle(np.zeros(car.shape, np.uint8), (x, 78), 13, 1, cv2.FILLED) > 0
        car |= wheel
        rgb[wheel] = 10
    for dark in ((slice(48, 58), slice(150, 200)), (slice(42, 56), slice(130, 144))):
        paint[dark], rgb[dark] = 0, 10
    found = dict(zip(PRIOR, np.moveaxis(features(rgb, car, paint), 2, 0), strict=True))
    assert min(found["wheel_arch"][62, 40], found["wheel_arch"][62, 110]) > 0.6
    assert max(found["wheel_arch"][45, 175], found["wheel_arch"][40, 137]) < 0.1
    assert found["sill"][78, 175] > 0.7 > 0.1 > found["sill"][46, 175]


@pytest.mark.parametrize("mirrored", [0.02, 0.3, 0.6], ids=["lamp", "sky", "most"])
def test_reflections_in_dark_paint_do_not_bleach_its_rust(mirrored: float) -> None:
    """By day nothing but the lightest tenth of a car may be lighter than old rust in full light."""
    lightness = np.full((100, 100), 92.0, np.float32)
    lightness[20:80, 20:80] = 12
    lightness[20 : 20 + round(60 * mirrored), 20:80] = 60
    paint = np.zeros((100, 100), np.float32)
    paint[20:80, 20:80] = 1
    assert np.quantile(panel_light(lightness, paint)[paint > 0], 0.89) < 1.06


def test_rust_is_as_dark_as_the_scene() -> None:
    """By day, at dusk and by night: rust has the share of the light that the picture has."""
    lightness = np.full((40, 60), 46.0, np.float32)
    lightness[:20] = 92
    paint = np.zeros((40, 60), np.float32)
    paint[25:35] = 1
    day, dusk, night = (float(panel_light(lightness * share, paint)[30].mean()) for share in (1, 0.5, 0.25))
    assert (dusk / day, night / day) == (pytest.approx(0.5, rel=0.02), pytest.approx(0.25, rel=0.02))


def test_what_shines_far_off_does_not_light_a_car_in_the_dark() -> None:
    """The end of a tunnel or the sky at dusk; the car stands small in the picture, and so does a lamp beside it."""
    lightness = np.full((96, 128), 25.0, np.float32)
    paint = np.zeros((96, 128), np.float32)
    paint[70:86, 40:70] = 1
    dark = float(panel_light(lightness, paint)[78].mean())
    lightness[:30] = 95
    lightness[76:78, 70:72] = 95
    assert float(panel_light(lightness, paint)[78].mean()) < 1.3 * dark


@pytest.mark.parametrize("paint_light", [6.0, 30.0, 80.0], ids=["black", "grey", "white"])
def test_what_the_paint_mirrors_is_not_light_on_the_rust(paint_light: float) -> None:
    """A white highlight on paint of any colour: rust under it is a third lighter than beside it, at the most."""
    lightness = np.full((80, 120), paint_light, np.float32)
    lightness[:20] = 92
    lightness[40:50, 40:80] = 95
    paint = np.zeros((80, 120), np.float32)
    paint[25:70] = 1
    light = panel_light(lightness, paint)
    assert 1 < float(light[45, 60] / light[65, 10]) <= 1 + GLOSS


@pytest.mark.parametrize("seed", range(3))
def test_rust_neither_glows_nor_is_an_even_brown(seed: int) -> None:
    """On an even panel by day; real rust has 72 at its 90th percentile and a spread of 18, here before its texture."""
    rgb = np.full((200, 300, 3), 235, np.uint8)
    tone = tone_of(rgb, np.ones((200, 300), np.float32), seed)
    lightness = cv2.cvtColor(tone, cv2.COLOR_RGB2LAB)[..., 0] / 2.55
    assert lightness.max() < 64
    assert lightness.std() > 6
    redness = cv2.cvtColor(tone, cv2.COLOR_RGB2LAB)[..., 1].astype(np.float32)
    assert (redness - cv2.GaussianBlur(redness, (0, 0), 10)).std() > 0.7, "only large patches look like camouflage"


def test_rust_is_darkest_where_it_began_and_pitted_there() -> None:
    """From a door of onset 2.5 to a sill of 0.4; the layer is even but for one pit and one crest in each row."""
    layer = np.full((40, 60, 3), 120, np.uint8)
    layer[:, 10:13], layer[:, 40:43] = 90, 150
    onset = np.linspace(2.5, 0.4, 40, dtype=np.float32)[:, None].repeat(60, axis=1)
    deep = deepened(layer, onset, grain_of(layer)).astype(float).mean(axis=2)
    assert (deep[onset[:, 0] > DEEP_UNTIL] == layer[onset[:, 0] > DEEP_UNTIL].mean(axis=2)).all()
    assert (np.diff(deep[:, 25]) <= 0).all()
    assert 0.55 * 120 < deep[-1, 25] < 0.75 * 120
    assert deep[-1, 11] / 90 < 0.6 < deep[-1, 41] / 150


def test_rust_leans_to_the_hue_of_the_paint_beside_it() -> None:
    """Brown beside red looks olive, beside yellow and orange mauve; grey and blue paint leave it as it is."""
    lab = np.array([[[60, 0, 0], [60, 0, -40], [60, 50, 30], [60, 0, 70], [60, 30, 60]]], np.float32)
    paints = np.round(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)[0]
    tones = [tone_of(np.full((40, 60, 3), paint, np.uint8), np.ones((40, 60), np.float32), 0) for paint in paints]
    grey, blue, red, yellow, orange = (cv2.cvtColor(tone, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(axis=0) for tone in tones)
    assert blue == pytest.approx(grey, abs=1)
    assert red[1] > grey[1] + 3
    assert yellow[2] > grey[2] + 5
    assert (yellow[1], orange[1]) == (pytest.approx(grey[1], abs=1.5), pytest.approx(grey[1], abs=1.5))
    assert orange[2] > grey[2] + 5


@pytest.mark.filterwarnings("error")
def test_an_edge_of_paint_enlarged_makes_no_negative_paint(toy_store: Store) -> None:
    """Cubic enlargement overshoots below 0; light divided by the sum of such paint was NaN, which is black rust."""
    paint = np.zeros((60, 80), np.float32)
    paint[20:24] = paint[26:28] = paint[40:44, ::3] = 1
    photo = Photo(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    aged = Ager(toy_store).age(photo, CarMask(np.ones((60, 80), bool), paint, (), MADE))
    assert (aged.layer[paint > 0].max(axis=1) > 0).all()


def test_fractal_has_unit_variance_at_any_size() -> None:
    for shape in ((5, 5), (33, 200), (300, 40)):
        noise = fractal(shape, 30.0, 0.6, np.random.default_rng(0))
        assert noise.shape == shape
        assert noise.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("height", "width"), [(16, 16000), (1200, 1), (7, 9)])
def test_films_have_even_sides_of_at_least_2(height: int, width: int, tmp_path: Path) -> None:
    """Of a car a thousand times as long as high, one pixel of height is left at the film's size."""
    save_mp4(random_aged(7, height, width), tmp_path / "film.mp4", 0.2)
    with av.open(str(tmp_path / "film.mp4")) as film:
        frame = next(film.decode(video=0))
    scale = min(1.0, 960 / max(height, width))
    assert [frame.height, frame.width] == [max(2, round(side * scale) // 2 * 2) for side in (height, width)]
