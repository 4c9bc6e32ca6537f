"""The door for micrographs: scales are read or absent, depths and pages are said, grey levels are made common."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from micrographs import grains, with_bar
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from corrovis.errors import BadInputError
from corrovis.sem.fields import GREYED, evened, normalise, other_scale, read_field
from corrovis.sem.pixel_size import parse_pixel_size, parse_scale_bar


@pytest.mark.parametrize(
    ("text", "um"),
    [
        ("0.5um", 0.5),
        ("500 nm", 0.5),
        ("1,2 mm", 1200),
        ("2e-3 µm", 0.002),
        ("0.4μm", 0.4),
        (".5um", 0.5),
        ("0,500um", 0.5),
        ("1.234um", 1.234),
        ("1000nm", 1),
        ("1,349e-2um", 0.01349),
        ("50 mm", 5e4),
        ("0.5m", 5e5),
    ],
)
def test_pixel_sizes_are_read_with_their_unit(text: str, um: float) -> None:
    if um > 1e5:
        with pytest.raises(BadInputError, match=r"not that of any microscope or camera; write .* 0\.5um"):
            parse_pixel_size(text)
        return
    assert parse_pixel_size(text).um == pytest.approx(um)
    assert parse_pixel_size(text).source == "given by the caller"


@pytest.mark.parametrize("text", ["0.5", "um", "", "-1um", "0 um", "1 inch", "nan um"])
def test_a_pixel_size_without_number_or_unit_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="write a number and a unit"):
        parse_pixel_size(text)


@pytest.mark.parametrize("text", ["x" * 5000, "1" * 5000 + "um", "1,000," + "0" * 5000 + "um"])
def test_a_length_of_many_letters_is_told_in_a_short_line(text: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_pixel_size(text)
    assert len(str(refused.value)) < 200


def test_a_scale_bar_without_end_is_refused() -> None:
    with pytest.raises(BadInputError, match="scale bar '1e999um' is no length"):
        parse_scale_bar("1e999um")


@pytest.mark.parametrize("text", ["1,000nm", "12,500 nm", "1,200.5nm", "1.200,5nm", "1,000,000nm"])
def test_a_length_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    for parse, of in ((parse_pixel_size, "pixel size"), (parse_scale_bar, "scale bar")):
        with pytest.raises(BadInputError, match=f"{of} '{text}': .* may be thousands or decimals; write it without a comma"):
            parse(text)


def tiff(tags: dict[int, str]) -> bytes:
    directory = ImageFileDirectory_v2()
    for tag, value in tags.items():
        directory[tag] = value
        directory.tagtype[tag] = 2
    out = io.BytesIO()
    Image.fromarray(grains()).save(out, "TIFF", tiffinfo=directory)
    return out.getvalue()


@pytest.mark.parametrize(
    ("tags", "um", "source"),
    [
        ({34118: "AP_X\r\nImage Pixel Size = 3.722 nm\r\n"}, 0.003722, "Zeiss tag"),
        ({34682: "[Scan]\r\nPixelWidth=1.2e-08\r\n"}, 0.012, "FEI tag"),
        ({34680: "[Scan]\nPixelWidth=2.5e-7\n"}, 0.25, "FEI tag"),
    ],
)
def test_pixel_size_from_the_instrument(tags: dict[int, str], um: float, source: str) -> None:
    pixel = read_field(tiff(tags)).pixel
    assert pixel is not None
    assert pixel.um == pytest.approx(um)
    assert pixel.source == source


@pytest.mark.parametrize(("high", "um"), [(1.0, 0.25), (1.005, 0.25), (2.0, None)])
def test_pixels_that_are_not_square_have_no_size(high: float, um: float | None) -> None:
    imagej = io.BytesIO()
    info = {270: "ImageJ=1.54\nunit=um\n", 282: 4.0, 283: 4.0 / high}
    Image.fromarray(grains()).save(imagej, "TIFF", tiffinfo=info)
    for data in (tiff({34682: f"[Scan]\r\nPixelWidth=2.5e-07\r\nPixelHeight={2.5e-7 * high:g}\r\n"}), imagej.getvalue()):
        field = read_field(data)
        assert (field.pixel and field.pixel.um) == um
        assert any(f"0.25 um wide and {high / 4:g} high" in note for note in field.notes) == (um is None)


STATED = {
    "Zeiss": "Store resolution = {} * {}\r\nImage Pixel Size = 20 nm\r\n",
    "FEI": "[Scan]\r\nPixelWidth=2e-8\r\n[Image]\r\nResolutionX={}\r\nResolutionY={}\r\n",
    "Hitachi": "[SemImageFile]\r\nDataSize={}x{}\r\nPixelSize=20.0\r\n",
    "JEOL": "$CM_FULL_SIZE {} {}\r\n$$SM_MICRON_BAR 50\r\n$$SM_MICRON_MARKER 1um\r\n",
}


@pytest.mark.parametrize("instrument", STATED)
@pytest.mark.parametrize(
    ("stated", "um", "said"),
    [
        ((240, 180), 0.02, ""),
        ((240, 160), 0.02, ""),  # below it a data bar of 20 rows
        ((480, 360), 0.04, "scaled from 480 px of width to 240, 2 times smaller"),
        ((719, 540), 0.02 * 719 / 240, "scaled from 719 px of width to 240, 3 times smaller"),
        ((120, 90), 0.01, "scaled from 120 px of width to 240, 2 times larger"),
        ((480, 180), None, "is of a picture 480 px wide, and this one has 240"),
        ((600, 450), None, "is of a picture 600 px wide, and this one has 240"),
        ((2400, 1800), None, "is of a picture 2400 px wide"),
    ],
)
def test_a_scale_is_that_of_the_picture_as_it_is_now(
    instrument: str, stated: tuple[int, int], um: float | None, said: str, tmp_path: Path
) -> None:
    """The instrument's figure holds for the picture that it wrote, and people make pictures smaller."""
    text = STATED[instrument].format(*stated)
    if instrument in ("Zeiss", "FEI"):
        (tmp_path / "a.tif").write_bytes(tiff({34118 if instrument == "Zeiss" else 34682: text}))
    else:
        Image.fromarray(grains()).save(tmp_path / "a.tif")
        (tmp_path / "a.txt").write_text(text)
    field = read_field(tmp_path / "a.tif")
    assert (field.pixel and field.pixel.um) == (um and pytest.approx(um))
    assert said in " / ".join(field.notes)
    assert bool(said) == bool(field.notes)


def test_plain_dots_per_inch_are_no_scale() -> None:
    out = io.BytesIO()
    Image.fromarray(grains()).save(out, "TIFF", dpi=(300, 300))
    assert read_field(out.getvalue()).pixel is None


@pytest.mark.parametrize(
    ("text", "um"), [("[SemImageFile]\nPixelSize=99.2\n", 0.0992), ("$$SM_MICRON_BAR 148\n$$SM_MICRON_MARKER 10um\n", 10 / 148)]
)
@pytest.mark.parametrize("beside", ["a.txt", "a.TXT"])
def test_pixel_size_from_the_file_beside(text: str, um: float, beside: str, tmp_path: Path) -> None:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    (tmp_path / beside).write_text(text)
    pixel = read_field(tmp_path / "a.png").pixel
    assert pixel is not None
    assert pixel.um == pytest.approx(um)
    assert beside in pixel.source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PixelSize=1,200.5\n", "PixelSize in a.txt: 1,200.5 may be thousands"),
        ("PixelSize=1,200\n", "PixelSize in a.txt: 1,200 may be thousands"),
        ("$$SM_MICRON_BAR 148\n$$SM_MICRON_MARKER 1,000nm\n", "SM_MICRON_MARKER in a.txt: 1,000 may be thousands"),
    ],
)
def test_a_scale_that_can_be_read_in_two_ways_costs_the_scale_alone(text: str, said: str, tmp_path: Path) -> None:
    Image.fromarray(grains()).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text(text)
    field = read_field(tmp_path / "a.png")
    assert field.pixel is None
    assert said in " / ".join(field.notes)
    given = read_field(tmp_path / "a.png", pixel=parse_pixel_size("1.2um"))
    assert (given.pixel, given.notes) == (parse_pixel_size("1.2um"), ())


def test_a_drawn_scale_bar_gives_the_pixel_size(tmp_path: Path) -> None:
    Image.fromarray(with_bar(grains(), "bottom", 0)).save(tmp_path / "a.png")
    field = read_field(tmp_path / "a.png", bar_um=30)
    assert field.pixel is not None
    assert field.pixel.um == pytest.approx(30 / 60)
    assert "pixel size of 0.5 um: scale bar of 60 px, 30 um" in field.notes
    Image.fromarray(grains()).save(tmp_path / "b.png")
    with pytest.raises(BadInputError, match=r"b\.png shows no data bar with a scale bar"):
        read_field(tmp_path / "b.png", bar_um=30)


@pytest.mark.parametrize(
    ("given", "said"), [("2.5um", "100 times less than the 2.5 um"), ("0.02um", "1.25 times more"), ("25.3nm", "")]
)
def test_a_pixel_size_that_contradicts_the_file_is_doubted(given: str, said: str) -> None:
    found = other_scale(read_field(tiff({34682: "[Scan]\r\nPixelWidth=2.5e-08\r\n"}), pixel=parse_pixel_size(given)))
    assert len(found) == bool(said)
    assert said in " ".join(found)


def test_16_bits_and_pages_and_bars_are_said(tmp_path: Path) -> None:
    deep = with_bar(grains(), "bottom", 0).astype(np.uint16) * 257
    pages = [Image.fromarray(deep), Image.fromarray(deep)]
    pages[0].save(tmp_path / "deep.tif", save_all=True, append_images=pages[1:])
    field = read_field(tmp_path / "deep.tif")
    said = " / ".join(field.notes)
    assert "first page of several" in said
    assert "16 bit reduced to 8" in said
    assert "28 rows below" in said
    assert "scale bar of 60 px is drawn; give what is written at it, or divide that by 60 for the pixel size" in said
    assert field.specimen.shape == (180, 240, 3)


@pytest.mark.parametrize("lined", [False, True])
def test_a_bar_at_full_scale_does_not_squeeze_the_specimen(lined: bool, tmp_path: Path) -> None:
    """12 bits from the detector, 16 in the file, the bar's ink at its white: the specimen keeps its grey levels."""
    drawn = with_bar(grains(600, 900), "bottom", 0, 60)
    drawn[600 : 602 if lined else 600] = 255
    deep = np.where(np.arange(660)[:, None] < 600, 1000 + drawn * 3.0, drawn * 257.0).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    field = read_field(tmp_path / "deep.tif")
    assert field.rows == (0, 600)
    assert len(np.unique(field.specimen)) > 100
    assert any("own range" in note for note in field.notes)
    black, white = drawn[602:] == 0, drawn[602:] == 255
    assert (field.rgb[602:][black] == 0).all()
    assert (field.rgb[602:][white] == 255).all()


BAD = {
    "empty": (b"", "is empty"),
    "html": (b"<!doctype html><p>404", "web page"),
    "text": (b"kV 15", "is not a picture"),
    "cut": (tiff({})[:2000], "damaged or cut short"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_line(case: str) -> None:
    data, said = BAD[case]
    with pytest.raises(BadInputError, match=said) as refused:
        read_field(data, "a.tif")
    assert "\n" not in str(refused.value)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(("size", "said"), [((1, 1), "32 a side"), ((20, 40), "32 a side"), ((20_000, 20_000), "smaller")])
def test_sizes_beyond_use_are_refused(size: tuple[int, int], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        read_field(png(Image.new("1", size)))


def test_what_was_transparent_is_said_to_count() -> None:
    rgba = np.dstack([grains()] * 3 + [np.full((180, 240), 255, np.uint8)])
    rgba[:60, :60, 3] = 0
    assert read_field(png(Image.fromarray(rgba))).notes == ("transparency laid over white, and counts as specimen",)


@pytest.mark.parametrize("tint", [(0.4, 1, 0.4), (1, 0.9, 0.7), (1, 0.6, 0.2)])
def test_a_grey_picture_in_one_colour_is_read_as_grey(tint: tuple[float, float, float]) -> None:
    """As a green screen or a sepia print shows it; two colours are a photo."""
    rgb = (grains()[..., None] * np.array(tint)).astype(np.uint8)
    field = read_field(png(Image.fromarray(rgb)))
    assert field.notes == (GREYED,)
    assert (np.ptp(field.rgb, axis=2) == 0).all()
    rgb[40:90, 60:140] = np.roll(rgb[40:90, 60:140], 1, axis=2)
    assert read_field(png(Image.fromarray(rgb))).notes == ()


def test_floats_without_a_value_become_black() -> None:
    values = grains().astype(np.float32)
    values[:5, :5] = np.nan
    out = io.BytesIO()
    Image.fromarray(values).save(out, "TIFF")
    field = read_field(out.getvalue())
    assert "25 pixels without a value made black" in field.notes
    assert (field.rgb[:5, :5] == 0).all()


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 20), (0.8, -5), (0.35, 120)])
def test_normalised_fields_no_longer_tell_the_detector(gain: float, offset: float) -> None:
    field = grains()
    other = (field * gain + offset).clip(0, 255).astype(np.uint8)
    assert np.abs(normalise(field).astype(int) - normalise(other)).mean() < 4


@pytest.mark.parametrize(("down", "across"), [(0, 0.35), (-0.3, 0), (0.2, -0.2)])
def test_a_light_from_one_side_is_taken_out(down: float, across: float) -> None:
    y, x = np.linspace(-1, 1, 180)[:, None], np.linspace(-1, 1, 240)
    field = np.random.default_rng(0).normal(160, 20, (180, 240)).clip(0, 255).astype(np.uint8)
    lit = (field * (1 + down * y + across * x) * 0.9).clip(0, 255).astype(np.uint8)
    assert np.abs(evened(lit) - field * 0.9).mean() < 2
    assert np.abs(normalise(lit).astype(int) - normalise(field)).mean() > 10, "as it was before"


@pytest.mark.parametrize("corroded", [np.s_[:, :120], np.s_[:60], np.s_[:90, :120], np.s_[:, 200:]])
def test_unevenly_corroded_fields_keep_their_levels(corroded: tuple[slice, ...]) -> None:
    field = grains()
    assert evened(field) is field, "grains are brighter here and there"
    field[corroded] //= 2
    assert evened(field) is field


def test_the_middle_of_the_grey_levels_comes_to_a_common_mean_and_spread() -> None:
    """By the definition: of the values between the 1st and the 99th percentile, as NumPy computes them."""
    for grey in (grains(), grains(61, 47, seed=1) // 3 + 20):
        low, high = np.percentile(grey, (1, 99))
        middle = grey[(grey >= low) & (grey <= high)].astype(float)
        wanted = np.clip((grey - middle.mean()) * 40 / middle.std() + 128, 0, 255).astype(np.uint8)
        assert (normalise(grey) == wanted).all()


def test_a_flat_field_stays_flat() -> None:
    assert np.ptp(normalise(np.full((40, 40), 90, np.uint8))) == 0
