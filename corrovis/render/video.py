"""Films of a car that rusts from none to severe and then stays so.  The files say of themselves that they are synthetic."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from corrovis.car.ageing import RAMP, YOUTH, compose
from corrovis.car.onset import ONSET_UNIT
from corrovis.easing import smoothstep
from corrovis.render.captions import at_all_levels
from corrovis.render.scaling import shrink_aged
from corrovis.results import AgedCar, Byte, Photo

FILM_SIDE, FILM_RATE = 960, 25
GIF_SIDE, GIF_FRAMES, GIF_MS = 480, 25, 120
HOLD_S = 1.2


def save_mp4(aged: AgedCar, path: Path, seconds: float = 4) -> None:
    """H.264, yuv420p, long side at most `FILM_SIDE`: `seconds` from none to severe, then `HOLD_S` of standing still."""
    small = shrink_aged(aged, FILM_SIDE)
    height, width = (max(2, side - side % 2) for side in small.photo.size_hw)  # yuv420p halves both sides
    lacking = [(0, max(0, 2 - side)) for side in small.photo.size_hw]
    with av.open(str(path), "w", options={"movflags": "faststart"}) as film:
        film.metadata.update({"title": "Corrovis", "comment": f"Synthetic: {at_all_levels(aged.seed)}"})
        stream = film.add_stream("libx264", rate=FILM_RATE, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FILM_RATE)
        for rgb in _film(small, round(seconds * FILM_RATE), round(HOLD_S * FILM_RATE)):
            even = np.ascontiguousarray(np.pad(rgb, (*lacking, (0, 0)), mode="edge")[:height, :width])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        film.mux(stream.encode())


def save_gif(aged: AgedCar, path: Path) -> None:
    """Looping, long side at most `GIF_SIDE`; one palette for all frames, so that still parts do not flicker, by octree, which
    keeps rare colours.
    """
    small = shrink_aged(aged, GIF_SIDE)
    frames = [Image.fromarray(rgb) for rgb in _film(small, GIF_FRAMES, 0)]
    both_ends = Image.fromarray(np.vstack([compose(small, 0), compose(small, 1.5), compose(small, 3)]))
    palette = both_ends.quantize(255, method=Image.Quantize.FASTOCTREE)
    paletted = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [GIF_MS] * (len(frames) - 1) + [round(HOLD_S * 1000)]
    comment = f"Synthetic: {at_all_levels(aged.seed)}".encode()
    paletted[0].save(path, save_all=True, append_images=paletted[1:], duration=durations, loop=0, optimize=False, comment=comment)


def _film(aged: AgedCar, moving: int, still: int) -> Iterator[Byte]:
    """`moving` frames that begin at none and end at severe, slow at both ends, then the last one `still` times."""
    paintable = np.flatnonzero(aged.paint)
    order = paintable[np.argsort(aged.onset.ravel()[paintable], kind="stable")]
    onset, paint = aged.onset.ravel()[order], aged.paint.ravel()[order]
    rgb, layer = aged.photo.rgb.reshape(-1, 3)[order], aged.layer.reshape(-1, 3)[order]
    frame = aged.photo.rgb.copy()
    last = 0.0
    for level in (3 * smoothstep(0, 1, np.linspace(0, 1, moving, dtype=np.float32))).tolist():
        # A pixel changes only while its age, level - onset, is between -RAMP and the end of its youth.
        ends = np.array([last - max(RAMP, YOUTH), level + RAMP]) / ONSET_UNIT
        first, end = np.searchsorted(onset, ends)
        band = slice(int(first), int(end))
        parts = (Photo(rgb[None, band]), onset[None, band], layer[None, band], paint[None, band])
        changed = AgedCar(*parts, aged.mask, aged.seed, aged.made_by)
        frame.reshape(-1, 3)[order[band]] = compose(changed, level)[0]
        last = level
        yield frame.copy()
    for _ in range(still):
        yield frame.copy()
