"""Data bars are found to their first row, and only bars are; the scale bar in them is told from frames and text."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from micrographs import grains, with_bar
from PIL import Image

from corrovis.data_bar import data_bars, inside_frame, plain_corners, writing_at
from corrovis.sem.picture_checks import framed
from corrovis.sem.preparing import levelled
from corrovis.sem.scale_bar import scale_bar_length


def specimen_rows(grey: np.ndarray) -> tuple[int, int]:
    return data_bars(grey)[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("colour", [0, 255, 60])
@pytest.mark.parametrize(("side", "rows"), [("top", (28, 208)), ("bottom", (0, 180))])
def test_a_data_bar_is_cropped_exactly(side: str, rows: tuple[int, int], colour: int, seed: int) -> None:
    assert specimen_rows(with_bar(grains(seed=seed), side, colour)) == rows


@pytest.mark.parametrize("quality", [60, 90])
def test_a_bar_survives_jpeg(quality: int) -> None:
    out = io.BytesIO()
    Image.fromarray(with_bar(grains(), "bottom", 0)).save(out, "JPEG", quality=quality)
    top, end = specimen_rows(np.asarray(Image.open(out)))
    assert top == 0
    assert abs(end - 180) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_a_field_without_a_bar_is_left_alone(seed: int) -> None:
    assert specimen_rows(grains(seed=seed)) == (0, 180)


def test_dark_resin_with_a_slanted_edge_is_no_bar() -> None:
    field = grains(300, 300)
    y, x = np.mgrid[0:300, 0:300]
    resin = y > 255 + x * 0.08
    field[resin] = np.random.default_rng(0).normal(12, 4, int(resin.sum())).clip(0, 255)
    assert specimen_rows(field) == (0, 300)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_bar(level: int) -> None:
    assert specimen_rows(np.full((200, 200), level, np.uint8)) == (0, 200)


def test_the_scale_bar_is_the_longest_stroke() -> None:
    assert scale_bar_length(with_bar(grains(), "bottom", 0)[180:]) == 60
    assert scale_bar_length(np.zeros((0, 240), np.uint8)) is None


def drawn_bar(lines: list[tuple[int, int, int]], frames: list[tuple[int, int, int, int]], writing: tuple[int, int]) -> np.ndarray:
    """(60, 1000) uint8: `lines` as row, first and last pixel, `frames` as left, top, right, bottom, a text at x, y."""
    bar = np.zeros((60, 1000), np.uint8)
    for row, start, end in lines:
        bar[row : row + 2, start : end + 1] = 255
    for left, top, right, bottom in frames:
        cv2.rectangle(bar, (left, top), (right, bottom), 255, 1)
    cv2.putText(bar, "10 um", writing, cv2.FONT_HERSHEY_PLAIN, 1, 255, 1)
    return bar


BARS = {
    "plain": ([(30, 500, 700)], [], (560, 55), 201),
    "broken by its text": ([(30, 600, 720), (30, 780, 901)], [], (725, 36), 302),
    "a longer frame round the text": ([(30, 500, 700)], [(5, 5, 420, 54)], (10, 30), 201),
    "a frame round the whole": ([(30, 500, 700)], [(0, 0, 999, 59)], (10, 30), 201),
    "a line above the whole": ([(0, 0, 999), (30, 500, 700)], [], (10, 30), 201),
    "frames beside each other": ([(30, 700, 900)], [(5, 5, 320, 54), (330, 5, 650, 54)], (10, 30), 201),
    "two lines far apart": ([(30, 20, 120), (30, 500, 600)], [], (300, 36), 101),
    "halves unlike": ([(30, 500, 640), (30, 660, 720)], [], (10, 30), 141),
    "no scale bar": ([], [(5, 5, 420, 54)], (10, 30), None),
}


@pytest.mark.parametrize("case", BARS)
def test_the_scale_bar_is_told_from_frames_and_halves(case: str) -> None:
    lines, frames, writing, length = BARS[case]
    assert scale_bar_length(drawn_bar(lines, frames, writing)) == length
    assert scale_bar_length(255 - drawn_bar(lines, frames, writing)) == length


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("side", ["top", "bottom"])
def test_a_bar_over_an_even_field_is_cropped_exactly_and_its_scale_bar_is_none_of_the_specimen(side: str, colour: int) -> None:
    """Rows of a bright even field are as much of one grey as a line is, and a scratch in them is as straight as a scale bar."""
    field = np.random.default_rng(0).normal(175, 8, (600, 900)).clip(0, 255).astype(np.uint8)
    field[8:12, 100:700] = field[-12:-8, 100:700] = 255 - colour
    (top, end), bands = data_bars(whole := with_bar(field, side, colour, 60))
    assert (top, end) == ((60, 660) if side == "top" else (0, 600))
    assert scale_bar_length(whole[bands]) == 60
    lined = whole.copy()
    lined[60:63] = lined[597:600] = 255 - colour
    assert scale_bar_length(lined[data_bars(lined)[1]]) == 60
    assert data_bars(lined)[1].sum() == 60


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("side", ["top", "bottom"])
def test_writing_where_the_surroundings_go_on_into_the_bar_is_told(side: str, colour: int) -> None:
    """Of a cross-section: the bar has no edge there; particles in the void are no writing."""
    field, y = grains(600, 900), np.arange(600)[:, None] + 0 * np.arange(900)
    rough = 40 + 12 * np.sin(np.arange(900) / 17)
    field[(y < rough) | (y > 599 - rough)] = colour
    bare = field.copy()
    for x in range(20, 900, 60):
        cv2.circle(bare, (x, 5 + x % 50), 3, 128, -1)
        cv2.circle(bare, (x, 594 - x % 50), 3, 128, -1)
    assert (specimen_rows(bare), writing_at(bare)) == ((0, 600), "")
    whole = with_bar(field, side, colour, 60)
    assert specimen_rows(whole) == (0, 660)
    assert writing_at(whole) == ("upper" if side == "top" else "lower")


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("above", [True, False])
def test_a_flat_part_with_an_uneven_edge_is_no_bar(above: bool, colour: int) -> None:
    """A burnt-out sky, a part that the detector saturated, the void beside a cross-section, with particles in it."""
    field = grains()
    y, x = np.mgrid[0:180, 0:240]
    field[y < 40 + 2.5 * np.sin(x / 9)] = colour
    field = field if above else field[::-1].copy()
    assert specimen_rows(field) == (0, 180)
    for at in (30, 120, 190):
        cv2.circle(field, (at, 20 if above else 160), 6, 140, -1)
    assert specimen_rows(field) == (0, 180)


@pytest.mark.parametrize("colour", [0, 255])
def test_a_blank_band_that_ends_straight_is_cropped_and_one_with_a_particle_is_not(colour: int) -> None:
    """A page, or padding: where nothing is in it and it is straight to a pixel, it is none of the specimen."""
    field = np.concatenate([grains(), np.full((20, 240), colour, np.uint8)])
    assert specimen_rows(field) == (0, 180)
    assert specimen_rows(field[::-1]) == (20, 200)
    cv2.circle(field, (120, 190), 6, 140, -1)
    assert specimen_rows(field) == (0, 200)
    half = grains()
    half[120:] = colour
    assert specimen_rows(half) == (0, 180), "half a picture of vacuum is no padding"


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("sides", [(2, 2, 2, 2), (0, 0, 0, 60), (0, 0, 40, 0), (5, 0, 30, 30), (0, 0, 0, 260)])
def test_a_plain_frame_does_not_change_the_levels_within_and_is_told(sides: tuple[int, int, int, int], colour: int) -> None:
    field, (top, _, left, right) = grains(), sides
    whole = cv2.copyMakeBorder(field, *sides, cv2.BORDER_CONSTANT, value=colour)
    own = slice(top, top + 180), slice(left, left + 240)
    assert (inside_frame(whole), inside_frame(field)) == (own, (slice(0, 180), slice(0, 240)))
    for levels in ("normalised", "flattened"):
        bare, seen = (levelled(np.repeat(one[..., None], 3, axis=2), {"levels": levels}) for one in (field, whole))
        assert np.array_equal(seen[own], bare)
    (said,) = framed(whole)
    assert f"{right} px right" in said or not right
    assert framed(field) == []


@pytest.mark.parametrize("colour", [0, 255])
def test_corners_of_a_turned_picture_do_not_change_the_levels_within_and_are_told(colour: int) -> None:
    field, turn = grains(), cv2.getRotationMatrix2D((120, 90), 10, 1)
    whole = cv2.warpAffine(field, turn, (240, 180), flags=cv2.INTER_CUBIC, borderValue=colour)
    filled = cv2.warpAffine(field, turn, (240, 180), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    outside = cv2.warpAffine(np.ones_like(field), turn, (240, 180), flags=cv2.INTER_NEAREST) == 0
    assert plain_corners(whole)[outside].mean() > 0.97
    assert plain_corners(whole)[~outside].mean() < 0.03
    for levels in ("normalised", "flattened"):
        bare, seen = (levelled(np.repeat(one[..., None], 3, axis=2), {"levels": levels}) for one in (filled, whole))
        assert np.abs(seen.astype(int) - bare)[~outside].mean() < 8
    (said,) = framed(whole)
    assert "plain corners" in said


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("corner", [np.s_[:60, :80], np.s_[120:, 150:], np.s_[:90, :]])
def test_dark_or_bright_corners_of_other_shapes_are_the_specimens(corner: tuple[slice, slice], colour: int) -> None:
    field = grains().clip(3, 252)
    assert not plain_corners(field).any()
    field[corner] = colour
    assert not plain_corners(field).any()


@pytest.mark.parametrize("colour", [0, 255])
def test_surroundings_whose_edge_is_not_straight_are_no_frame(colour: int) -> None:
    field, x = grains(), np.arange(240)[None] + 0 * np.arange(180)[:, None]
    field[x < 40 + 3 * np.sin(np.arange(180)[:, None] / 9)] = colour
    assert inside_frame(field) == (slice(0, 180), slice(0, 240))


@pytest.mark.parametrize("thick", [1, 2, 3, 6])
@pytest.mark.parametrize("faint", [1, 0.2])
@pytest.mark.parametrize("scale", [1, 1.5])
def test_a_line_between_bar_and_specimen_is_the_bars(thick: int, faint: float, scale: float) -> None:
    bar = with_bar(grains(600, 900), "bottom", 0, 60)
    bar[:600] = 60 + bar[:600] * faint
    bar[600 : 600 + thick] = 255
    shown = cv2.resize(bar, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    top, end = specimen_rows(np.asarray(shown, np.uint8))
    assert top == 0
    assert abs(end - 600 * scale) <= (scale > 1)


def test_a_bar_of_two_tones_is_cropped_whole() -> None:
    two = with_bar(with_bar(grains(600, 700), "bottom", 0, 40), "bottom", 255, 40)
    assert specimen_rows(two) == (0, 600)
    two[600:640, 600:] = 0  # the scale bar of the upper one
    assert scale_bar_length(two[600:]) == 60


def test_a_bar_with_one_short_text_is_cropped() -> None:
    bar = np.zeros((60, 900), np.uint8)
    cv2.putText(bar, "x500", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 1)
    assert specimen_rows(np.concatenate([grains(600, 900), bar])) == (0, 600)


@pytest.mark.parametrize(("ticks", "length"), [(11, 200), (5, None)])
def test_a_ruler_of_ticks_is_a_scale_bar(ticks: int, length: int | None) -> None:
    bar = np.zeros((60, 1000), np.uint8)
    cv2.putText(bar, "SU5000 15.0kV", (10, 30), cv2.FONT_HERSHEY_PLAIN, 1, 255, 1)
    for at in range(ticks):
        bar[15:35, 700 + 20 * at : 702 + 20 * at] = 255
    assert scale_bar_length(bar) == length
