"""The cars' bodies as implicit surfaces: f(x, y, z) < 0 inside, in metres, with numpy alone.

A body is carved the way a clay modeller does it: side view, plan view and section each take something away (`smax`),
the glasshouse is added on top (`smin`), wheel arches and openings are cut last.  x runs from the nose (0) to the tail,
y to the side (symmetric), z up from the road.  Shut lines, panes and lamps are signed fields over the same surface
(`features`); the shader turns their zero lines into gaps, so they are sharper than the mesh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from implicit import Field, Points, curve, ramp, smax, smin


@dataclass(frozen=True)
class Shape:
    """One body style; every pair is a control point in metres."""

    length: float
    wheels: tuple[float, float]
    deck: Points  # bonnet, waist and boot lid on the centre line, z(x)
    roof: Points  # z(x)
    screen: Points  # x(z) of the windscreen on the centre line
    rear: Points  # x(z) of the rear window on the centre line
    doors: tuple[float, float, float]  # leading edge, B-pillar, trailing edge of the rear door
    pane_end: Points  # x(z) of the last side window's trailing edge
    lid: float  # z where the tailgate or boot lid opens at the bottom
    tail_lamp: tuple[float, float, float]  # z low, z high, how far it reaches inward of the flank
    tyre: float = 0.335
    arch: float = 0.376

    @property
    def half_width(self) -> Callable[[Field], Field]:
        n = self.length
        return curve(
            (
                (-0.1, 0.80),
                (0.25, 0.845),
                (0.6, 0.872),
                (1.2, 0.893),
                (2.2, 0.9),
                (n - 0.9, 0.898),
                (n - 0.4, 0.868),
                (n + 0.1, 0.80),
            )
        )

    def belt(self, x: Field) -> Field:
        """Height of the waist under the side windows."""
        return 0.945 + 0.030 * (x - 1.2)


NOSE = curve(
    ((0.10, 0.17), (0.2, 0.075), (0.32, 0.02), (0.45, 0.0), (0.56, 0.005), (0.66, 0.035), (0.74, 0.085), (0.82, 0.2), (0.9, 0.35))
)
TAIL = curve(
    (
        (0.2, 0.25),
        (0.3, 0.13),
        (0.4, 0.035),
        (0.5, 0.0),
        (0.62, 0.0),
        (0.655, 0.01),
        (0.67, 0.05),
        (0.72, 0.06),
        (0.85, 0.06),
        (1.0, 0.09),
        (1.2, 0.15),
    )
)
_FRONT = ((0.0, 0.68), (0.08, 0.765), (0.25, 0.825), (0.6, 0.905), (1.0, 0.980), (1.3, 1.01))

HATCHBACK = Shape(
    length=4.17,
    wheels=(0.87, 3.44),
    doors=(1.28, 2.33, 3.22),
    lid=0.60,
    tail_lamp=(0.80, 0.97, 0.27),
    deck=(*_FRONT, (2.2, 1.03), (3.2, 1.06), (4.3, 1.09)),
    roof=((1.2, 1.27), (1.75, 1.42), (2.2, 1.467), (2.8, 1.46), (3.3, 1.42), (3.8, 1.345), (4.2, 1.26)),
    screen=((0.8, 0.75), (0.97, 1.03), (1.2, 1.43), (1.45, 1.9)),
    rear=((0.8, 4.18), (1.0, 4.08), (1.2, 3.86), (1.5, 3.45)),
    pane_end=((0.85, 3.42), (1.0, 3.47), (1.2, 3.53), (1.5, 3.5)),
)
SALOON = Shape(
    length=4.68,
    wheels=(0.88, 3.62),
    doors=(1.30, 2.38, 3.32),
    lid=0.62,
    tail_lamp=(0.80, 0.95, 0.30),
    deck=(*_FRONT, (2.2, 1.03), (3.2, 1.065), (3.9, 1.09), (4.3, 1.095), (4.62, 1.07), (4.8, 1.02)),
    roof=((1.2, 1.25), (1.75, 1.40), (2.2, 1.443), (2.7, 1.44), (3.2, 1.395), (3.6, 1.30), (4.0, 1.15), (4.4, 0.98)),
    screen=((0.8, 0.78), (0.97, 1.05), (1.2, 1.45), (1.45, 1.92)),
    rear=((0.8, 4.5), (1.0, 4.13), (1.2, 3.72), (1.5, 3.12)),
    pane_end=((0.85, 3.5), (1.0, 3.62), (1.15, 3.52), (1.5, 3.1)),
)
ESTATE = Shape(
    length=4.66,
    wheels=(0.88, 3.6),
    doors=(1.30, 2.38, 3.34),
    lid=0.60,
    tail_lamp=(0.76, 1.0, 0.26),
    deck=(*_FRONT, (2.2, 1.03), (3.2, 1.06), (4.7, 1.10)),
    roof=((1.2, 1.26), (1.75, 1.41), (2.2, 1.46), (2.8, 1.47), (3.6, 1.445), (4.2, 1.40), (4.7, 1.34)),
    screen=((0.8, 0.78), (0.97, 1.05), (1.2, 1.45), (1.45, 1.92)),
    rear=((0.8, 4.67), (1.0, 4.59), (1.2, 4.42), (1.5, 4.10)),
    pane_end=((0.85, 4.20), (1.0, 4.17), (1.2, 4.05), (1.5, 3.85)),
)


def wheel_distance(s: Shape, x: Field, z: Field) -> Field:
    """Distance in the side view to the nearer wheel's centre."""
    return np.minimum(*(np.hypot(x - w, z - s.tyre) for w in s.wheels))


def lower_body(s: Shape, x: Field, y: Field, z: Field) -> Field:
    """Everything below the waist; y >= 0."""
    bonnet = 1 / (1 + np.exp(-(0.60 + 0.05 * x - y) / 0.025)) * np.clip((1.25 - x) / 0.3, 0, 1) * np.clip((x - 0.1) / 0.4, 0, 1)
    top = curve(s.deck)(x) - 0.085 * (y / 0.85) ** 2 + 0.010 * bonnet
    crease = 0.785 + 0.034 * (x - 1)
    width = s.half_width(x) - 0.34 * ramp(z - crease, 0.012) - 0.11 * ramp(0.56 - z, 0.10) - 0.45 * ramp(0.235 - z, 0.02)
    between = np.clip((x - s.wheels[0] - 0.3) / 0.3, 0, 1) * np.clip((s.wheels[1] - 0.3 - x) / 0.3, 0, 1)
    width = width - between * (
        0.10 * ramp(0.07 - np.abs(z - 0.40), 0.012) + 0.013 * np.exp(-(((z - crease + 0.055) / 0.04) ** 2))
    )
    lip = np.clip(1 - (wheel_distance(s, x, z) - s.arch) / 0.13, 0, 1.1)
    width = width + 0.024 * lip**2 * np.clip((0.8 - z) / 0.1, 0, 1)
    nose = NOSE(z) + 0.26 * (y / 0.85) ** 2.7 - x
    tail = x - (s.length - TAIL(z) - 0.17 * (y / 0.85) ** 3)
    f = smax((z - top) * 0.98, (y - width) * 0.97, 0.10)
    f = smax(f, nose * 0.93, 0.15)
    f = smax(f, tail * 0.97, 0.10)
    return smax(f, 0.165 + 0.10 * np.clip((x - s.length + 0.6) / 0.6, 0, 1) ** 2 - z, 0.05)


def glasshouse(s: Shape, x: Field, y: Field, z: Field) -> Field:
    n = s.rear[1][1]
    base = curve(((0.9, 0.79), (1.3, 0.838), (1.9, 0.858), (2.6, 0.858), (n - 0.7, 0.835), (n - 0.2, 0.78), (n + 0.2, 0.70)))(x)
    up = z - s.belt(x)
    side = (y - (base - 0.20 * up - 0.34 * np.clip(up, 0, None) ** 2)) * 0.95
    roof = z - curve(s.roof)(x) + 0.05 * (y / 0.6) ** 2
    front = (curve(s.screen)(z) + 0.36 * y**2 - x) * 0.52
    slope = (s.rear[2][1] - s.rear[1][1]) / 0.2
    back = (x - (curve(s.rear)(z) - 0.17 * y**2)) / np.sqrt(1 + slope**2)
    f = smax(side, roof, 0.13)
    f = smax(f, front, 0.09)
    return smax(smax(f, back, 0.09), 0.7 - z, 0.01)


def pocket(f: Field, outline: Field, depth: float) -> Field:
    """Cut `outline` < 0 into the surface of f, `depth` deep."""
    return smax(f, smin(-outline, f + depth, 0.008), 0.008)


def cast(s: Shape, start: tuple[float, float, float], axis: int, way: float) -> np.ndarray:
    """Where a ray along an axis from outside first meets the body: (3,)."""
    steps = np.arange(0, 2.6, 0.002)
    p = np.array(start, float)[None] + np.eye(3)[axis] * way * steps[:, None]
    return p[int(np.argmax(body(s, *p.T) < 0))]


def grille(y: Field, z: Field) -> Field:
    return smax(smax(np.abs(z - 0.645) - 0.042, y - 0.50, 0.05), y - 0.47 - 1.2 * (z - 0.6), 0.05)


def intake(y: Field, z: Field) -> Field:
    return smax(np.abs(z - 0.33) - 0.075, y - 0.60 + 0.9 * np.abs(z - 0.29), 0.06)


def fog_pocket(y: Field, z: Field) -> Field:
    return smax(np.abs(z - 0.345) - 0.062, np.abs(y - 0.72 + 0.4 * (z - 0.34)) - 0.068, 0.05)


def plate_bay(s: Shape, y: Field, z: Field) -> Field:
    return smax(np.abs(z - s.lid - 0.13) - 0.075, y - 0.30, 0.05)


def body(s: Shape, x: Field, y: Field, z: Field) -> Field:
    """The whole shell with its openings."""
    y = np.abs(y)
    f = smin(lower_body(s, x, y, z), glasshouse(s, x, y, z), 0.03)
    ahead, behind = x - 0.5, s.length - 0.5 - x
    f = pocket(f, np.maximum(grille(y, z), ahead), 0.035)
    f = pocket(f, np.maximum(intake(y, z), ahead), 0.05)
    f = pocket(f, np.maximum(fog_pocket(y, z), ahead), 0.03)
    f = pocket(f, np.maximum(plate_bay(s, y, z), behind), 0.022)
    cube = (
        np.abs((x - 1.42) / 0.09) ** 2.5
        + np.abs((y - 0.985 - 0.15 * (x - 1.46)) / 0.125) ** 3.2
        + np.abs((z - 1.02) / 0.082) ** 3.2
    )
    mirror = smax((cube**0.36 - 1) * 0.09, x - 1.465, 0.02)
    stalk = np.hypot(x - 1.44, z - 0.955 - 0.2 * (y - 0.85)) - 0.022
    f = smin(f, smin(mirror, np.maximum(stalk, np.abs(y - 0.89) - 0.08), 0.02), 0.012)
    well = np.maximum(wheel_distance(s, x, z) - s.arch, 0.56 - y)
    return smax(f, -well, 0.014)


def features(s: Shape, p: np.ndarray, n: np.ndarray) -> dict[str, np.ndarray]:
    """Signed fields (negative inside) at surface points p (k, 3) with normals n: panes, lamps, black parts, shut lines."""
    x, y, z = p[:, 0], np.abs(p[:, 1]), p[:, 2]
    roof, belt, mid = curve(s.roof)(x), s.belt(x), s.length / 2
    flank = 0.30 - np.abs(n[:, 1])
    pillar = 1.16 + (z - 0.93) / 0.66
    opening = smax(smax(belt + 0.012 - z, z - roof + 0.105, 0.05), pillar - x, 0.03)
    opening = np.maximum(smax(opening, x - curve(s.pane_end)(z), 0.08), np.abs(y - 0.65) - 0.22)
    _, b_pillar, rear_door = s.doors
    split = rear_door + 0.05 - 0.28 * (z - 1.0)
    panes = opening + 0.014
    for post, half in ((b_pillar - 0.10 * (z - 1.1), 0.042), (split, 0.022)):
        panes = smax(panes, half - np.abs(x - post), 0.02)
    screen = smax(
        smax(z - curve(s.roof)(curve(s.screen)(z) + 0.36 * y**2) + 0.075, 0.94 + 0.06 * x - z, 0.05),
        y - 0.735 + 0.42 * (z - 0.98),
        0.08,
    )
    screen = np.maximum(screen, x - mid)
    back = smax(smax(z - 1.335, s.belt(4.0) + 0.055 - z, 0.10), y - 0.61 + 0.33 * (z - 0.98), 0.08)
    back = np.maximum(np.maximum(back, mid - x), 0.4 - n[:, 0])
    shown = {
        "glass": np.minimum(np.minimum(panes, screen + 0.02), back + 0.02),
        "trim": np.minimum(np.minimum(opening, screen), back),
    }

    oblique = 0.72 * y + 0.69 * x  # along the front corner, seen from ahead and aside
    low = 0.615 + 0.10 * (oblique - 0.5)
    lamp = smax(
        smax(low - z, z - low - 0.085 - 0.09 * (oblique - 0.45), 0.04),
        smax(oblique - 0.93, 0.475 - oblique + 0.3 * (z - 0.66), 0.04),
        0.05,
    )
    shown["lamp"] = np.maximum(lamp, x - 0.75)
    z0, z1, reach = s.tail_lamp
    inward = s.half_width(x) - y - reach + 0.25 * (z - z0)
    shown["tail"] = np.maximum(
        smax(smax(z0 - z, z - z1, 0.05), smax(inward, s.length - 0.40 + 0.5 * (z0 - z) - x, 0.05), 0.05), mid - x
    )
    ahead, behind = x - 0.5, s.length - 0.5 - x
    holes = np.minimum(np.minimum(grille(y, z), intake(y, z)), fog_pocket(y, z))
    diffuser = np.maximum(smax(z - 0.33, y - 0.58 - 0.8 * (z - 0.28), 0.05), behind)
    shown["black"] = np.minimum(np.minimum(np.maximum(holes, ahead) - 0.007, z - 0.185), diffuser)
    shown["well"] = wheel_well(s, p, n)
    shown.update(shut_lines(s, p, n, opening, flank))
    return {k: v.astype(np.float32) for k, v in shown.items()}


def wheel_well(s: Shape, p: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Negative on the lining of the wheel arches: walls that look at the axle, and what lies further in."""
    x, y, z = p[:, 0], np.abs(p[:, 1]), p[:, 2]
    distance = wheel_distance(s, x, z)
    axle = np.where(np.abs(x - s.wheels[0]) < np.abs(x - s.wheels[1]), *s.wheels)
    outward = (n[:, 0] * (x - axle) + n[:, 2] * (z - s.tyre)) / distance
    wall = np.maximum(distance - s.arch - 0.012, (outward + 0.8) * 0.03)
    return np.minimum(wall, np.maximum(distance - s.arch - 0.003, y - 0.62))


def shut_lines(s: Shape, p: np.ndarray, n: np.ndarray, opening: np.ndarray, flank: np.ndarray) -> dict[str, np.ndarray]:
    """Fields whose zero lines are the panel gaps; each its own, for a line may not be interpolated through its |.|."""
    x, y, z = p[:, 0], np.abs(p[:, 1]), p[:, 2]
    front_door, b_pillar, rear_door = s.doors
    wheel = np.hypot(x - s.wheels[1], z - s.tyre)
    inner = np.where(z > s.belt(x), opening - 0.028, -0.05)  # above the waist doors go on as window frames
    leading = front_door - 0.25 * np.clip(0.45 - z, 0, None) - x
    middle = x - b_pillar + 0.10 * (z - 1.1)
    bottom = 0.262 - z
    front = smax(smax(smax(leading, middle, 0.02), bottom, 0.08), inner, 0.01)
    trailing = smax(x - rear_door - 0.05 + 0.28 * (z - 1.0), s.arch + 0.075 - wheel, 0.05)
    rear = smax(smax(smax(-middle, trailing, 0.03), bottom, 0.08), inner, 0.01)
    bonnet = smax(y - 0.715 - 0.06 * np.clip(x, 0, 1.2), smax(0.17 + 0.23 * (y / 0.72) ** 3 - x, x - 1.22, 0.1), 0.12)
    bonnet = np.maximum(bonnet, 0.3 - n[:, 2])
    far = np.float64(1.0)
    nose = np.where((x < s.wheels[0]) & (z < 0.66 + 0.1 * x), x - 0.60 + 0.35 * (z - 0.6), far)
    stern = np.where((x > s.wheels[1]) & (z < s.tail_lamp[0] - 0.02), x - s.length + 0.42 - 0.1 * z, far)
    lid = smax(np.abs(z - (s.lid + 0.55)) - 0.55, y - 0.665 + 0.33 * np.clip(z - 0.98, 0, None), 0.06)
    lid = np.where((n[:, 0] > 0.2) & (x > s.length / 2), lid, far)
    bumper = np.where((x > s.length - 0.5) & (y > 0.5) & (x > s.length - 0.42 + 0.1 * z), z - 0.665, far)
    flap = smax(np.abs(x - s.wheels[1] - 0.16) - 0.085, np.abs(z - 0.80) - 0.075, 0.05)
    flap = np.where((p[:, 1] > 0) & (flank < 0), flap, far)
    doors = {"gap_front": np.where(flank < 0, front, far), "gap_rear": np.where(flank < 0, rear, far)}
    return doors | {
        "gap_bonnet": bonnet,
        "gap_nose": nose,
        "gap_stern": stern,
        "gap_lid": lid,
        "gap_bumper": bumper,
        "gap_flap": flap,
    }
