"""Cars as Blender objects: the uber material of the body, wheels, lamps, plates, cabin.  Needs the `bpy` package."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import car_shape as cs
import numpy as np
from blender_tools import Colour, Nodes, ball, box, lathe, new_object, simple, tube
from implicit import Field, mesh_of, smax, smin


@dataclass(frozen=True)
class Paint:
    colour: Colour
    metallic: float = 0.0
    roughness: float = 0.35


GAPS = ("front", "rear", "bonnet", "nose", "stern", "lid", "bumper", "flap")


def body_material(s: cs.Shape, paint: Paint) -> bpy.types.Material:
    """Paint, panel gaps, panes, lamps and black parts, told apart by the fields stored on the mesh."""
    n = Nodes("body")
    nearest = None
    for gap in GAPS:
        distance = n.maths("ABSOLUTE", n.field(f"gap_{gap}"))
        nearest = distance if nearest is None else n.maths("MINIMUM", nearest, distance)
    groove = n.add("MapRange", {0: nearest, 1: 0.0, 2: 0.008, 3: 0.0, 4: 1.0}, interpolation_type="SMOOTHSTEP")
    normal = n.add("Bump", {"Height": groove, "Distance": 0.004, "Strength": 0.8})
    flakes = n.add("TexNoise", {"Vector": n.add("TexCoord", out="Object"), "Scale": 900.0, "Detail": 1.0})
    roughness = n.add("MapRange", {0: flakes, 3: paint.roughness - 0.06, 4: paint.roughness + 0.06})
    shader = n.plain(paint.colour, roughness, paint.metallic, 1.0, normal)
    gap = n.plain((0.004, 0.004, 0.004), 0.9)
    shader = n.over(shader, gap, n.below(nearest, 0.0026))
    trim = n.field("trim")
    shader = n.over(shader, n.plain((0.008, 0.008, 0.009), 0.12), n.below(trim))
    shader = n.over(shader, n.clear((0.50, 0.55, 0.54)), n.below(n.field("glass")))
    lamp = n.field("lamp")
    shader = n.over(shader, gap, n.below(lamp, 0.003))
    shader = n.over(shader, n.clear((0.97, 0.97, 0.97)), n.below(lamp))
    shader = tail_lamp(n, shader, sum(s.tail_lamp[:2]) / 2 - 0.02)
    shader = n.over(shader, n.plain((0.011, 0.011, 0.012), 0.6), n.below(n.field("black")))
    shader = n.over(shader, n.plain((0.012, 0.012, 0.012), 0.9), n.below(n.field("well")))
    inside = n.plain((0.05, 0.05, 0.052), 0.9)
    back = n.add("NewGeometry", out="Backfacing")
    clear = n.maths("MAXIMUM", n.below(n.field("glass")), n.below(lamp))
    return n.done(n.over(shader, inside, n.maths("MULTIPLY", back, n.maths("SUBTRACT", 1.0, clear))))


def tail_lamp(n: Nodes, shader, middle: float):
    """Red plastic with ribs, a lit ring and a clear strip in the middle."""
    tail = n.field("tail")
    ribs = n.add("TexWave", {"Vector": n.add("TexCoord", out="Object"), "Scale": 18.0}, out="Fac", bands_direction="Z")
    red = n.add("MixRGB", {0: ribs, 1: (0.18, 0.004, 0.006), 2: (0.42, 0.012, 0.015)})
    lens = n.plain(red, 0.25, coat=1.0)
    height = n.add("SeparateXYZ", {0: n.add("TexCoord", out="Object")}, out=2)
    strip = n.maths("MAXIMUM", tail, n.maths("SUBTRACT", n.maths("ABSOLUTE", n.maths("SUBTRACT", height, middle)), 0.018))
    lens = n.over(lens, n.plain((0.5, 0.46, 0.45), 0.2, 0.3, 1.0), n.below(n.maths("ADD", strip, 0.012), 0.0))
    shader = n.over(shader, n.plain((0.01, 0.01, 0.01), 0.4), n.below(tail, 0.004))
    return n.over(shader, lens, n.below(tail))


def rim(x: Field, y: Field, z: Field) -> Field:
    """A 16-inch alloy with five twin spokes; y points outward, the wheel's centre is the origin."""
    r, angle = np.hypot(x, z), np.arctan2(z, x)
    turn = np.abs((angle / (2 * np.pi / 5) + 0.5) % 1 - 0.5) * (2 * np.pi / 5) * r  # across, from the middle of a pair
    spoke = np.abs(turn - 0.018 - 0.11 * r) - 0.013 - 0.025 * np.abs(r - 0.13)
    dish = 0.078 - 0.034 * np.clip(1 - ((r - 0.02) / 0.20), 0, 1) ** 1.5 - 0.4 * np.clip(np.abs(r) - 0.205, 0, None)
    face = np.maximum(y - dish, dish - 0.026 - y)
    spokes = smax(smax(face, spoke, 0.012), r - 0.212, 0.01)
    hub = smax(np.maximum(y - dish - 0.006, dish - 0.05 - y), r - 0.058, 0.02)
    lip = smax(np.abs(r - 0.2115) - 0.0065, np.abs(y - 0.055) - 0.034, 0.006)
    barrel = np.maximum(np.abs(r - 0.195 - 0.06 * y) - 0.004, np.abs(y) - 0.085)
    return np.minimum(smin(smin(spokes, hub, 0.02), lip, 0.016), barrel)


def wheels(s: cs.Shape) -> None:
    rubber, steel = simple("rubber", (0.016, 0.016, 0.017), 0.75), simple("disc", (0.32, 0.31, 0.30), 0.35, 1.0)
    alloy, dark = simple("alloy", (0.62, 0.63, 0.65), 0.22, 1.0, 0.4), simple("dark", (0.01, 0.01, 0.01), 0.8)
    t = s.tyre
    half = [
        (0.205, 0.062),
        (0.214, 0.082),
        (0.222, 0.088),
        (0.235, 0.098),
        (0.252, 0.103),
        (0.254, 0.1045),
        (0.268, 0.1045),
        (0.27, 0.103),
    ]
    half += [(0.287, 0.100), (0.300, 0.094), (0.311, 0.086), (0.317, 0.076)]
    tread = [
        (t - 0.002, 0.062),
        (t, 0.056),
        (t, 0.040),
        (t - 0.008, 0.039),
        (t - 0.008, 0.033),
        (t, 0.032),
        (t, 0.012),
        (t - 0.008, 0.011),
    ]
    tread += [(t - 0.008, 0.005), (t, 0.004)]
    profile = half + tread
    profile += [(r, -y) for r, y in reversed(profile)]
    points, faces, normals = mesh_of(rim, (-0.23, -0.09, -0.23), (0.23, 0.1, 0.23), 0.0045)
    alloys = new_object("rim", points, faces, alloy, normals)
    parts = [lathe("tyre", profile, rubber), alloys]
    parts.append(lathe("disc", [(0.05, 0.02), (0.145, 0.02), (0.145, 0.0), (0.05, 0.0)], steel))
    parts.append(lathe("back", [(0.001, -0.03), (0.19, -0.03)], dark))
    bolt = [(0.001, 0.068), (0.007, 0.068), (0.009, 0.064), (0.009, 0.03)]
    cover = simple("cap", (0.03, 0.03, 0.032), 0.3, 0.5, 1.0)
    cap = lathe("cap", [(0.0005, 0.053), (0.026, 0.052), (0.030, 0.049), (0.030, 0.03)], cover)
    bolts = [lathe("bolt", bolt, steel, 12) for _ in range(5)]
    for k, b in enumerate(bolts):
        a = 2 * math.pi * (k + 0.5) / 5
        b.location = (0.045 * math.cos(a), -0.012, 0.045 * math.sin(a))
    parts += [cap, *bolts]
    for x in s.wheels:
        for side in (1, -1):
            hub = bpy.data.objects.new("hub", None)
            bpy.context.collection.objects.link(hub)
            hub.location, hub.rotation_euler = (x, side * 0.785, t), (0, 0.25 + x, 0 if side > 0 else math.pi)
            for part in parts:
                copy = part.copy()
                bpy.context.collection.objects.link(copy)
                copy.parent = hub
    for part in parts:
        bpy.data.objects.remove(part)


def plate(text: str, centre: np.ndarray, facing: float, lean: float = 0.0) -> None:
    """A number plate; `facing` -1 looks ahead, 1 behind."""
    turn = (math.pi / 2 - lean, 0, math.pi / 2 * facing)
    out = np.array([facing, 0, 0])
    box(tuple(centre - out * 0.004), (0.535, 0.126, 0.010), simple("plate rim", (0.01, 0.01, 0.01), 0.4), 0.004, turn)
    box(tuple(centre), (0.52, 0.111, 0.006), simple("plate", (0.78, 0.78, 0.76), 0.35), 0.002, turn)
    band = tuple(centre + out * 0.0008 + np.array([0, -0.238 * facing, 0]))
    box(band, (0.04, 0.108, 0.006), simple("band", (0.01, 0.04, 0.35), 0.35), 0.0, turn)
    data = bpy.data.curves.new("text", "FONT")
    data.body, data.size, data.align_x, data.align_y, data.offset = text, 0.112, "CENTER", "CENTER", 0.0015
    data.materials.append(simple("ink", (0.01, 0.01, 0.01), 0.4))
    thing = bpy.data.objects.new("text", data)
    thing.location, thing.rotation_euler = centre + out * 0.0045 + np.array([0, 0.02 * facing, 0]), turn
    thing.scale = (0.88, 1.0, 1.0)
    bpy.context.collection.objects.link(thing)


def headlamps(points: np.ndarray, faces: np.ndarray, normals: np.ndarray, lamp: np.ndarray) -> None:
    """What is seen through the clear covers: a ribbed dark-chrome housing, two projectors and an indicator."""
    n = Nodes("housing")
    ribs = n.add("TexWave", {"Vector": n.add("TexCoord", out="Object"), "Scale": 14.0}, out="Fac", bands_direction="Z")
    bump = n.add("Bump", {"Height": ribs, "Distance": 0.004})
    housing = n.done(n.plain((0.42, 0.42, 0.43), 0.22, 0.9, normal=bump))
    chosen = faces[(lamp[faces] < 0.02).all(axis=1)]
    used, local = np.unique(chosen, return_inverse=True)
    new_object("housing", points[used] - normals[used] * 0.05, local.reshape(-1, 4), housing, normals[used])
    chrome, lens = simple("chrome", (0.8, 0.8, 0.82), 0.06, 1.0), simple("lens", (0.05, 0.055, 0.07), 0.02, 0.0, 1.0)
    amber = simple("amber", (0.45, 0.20, 0.06), 0.15, 0.8, 1.0)
    depth = np.flatnonzero(lamp < -0.018)
    along = 0.72 * np.abs(points[:, 1]) + 0.69 * points[:, 0]
    for side in (1, -1):
        own = depth[points[depth, 1] * side > 0]
        for place, size, glass in ((0.60, 0.040, lens), (0.72, 0.045, lens), (0.85, 0.028, amber)):
            at = own[np.argmin(np.abs(along[own] - place) * 5 + lamp[own])]
            ball(points[at] - normals[at] * (size + 0.018), (size + 0.012,) * 3, chrome)
            ball(points[at] - normals[at] * (size + 0.002), (size,) * 3, glass)


def front_details(s: cs.Shape) -> None:
    chrome = simple("bright", (0.7, 0.7, 0.72), 0.12, 1.0)
    black = simple("slat", (0.02, 0.02, 0.021), 0.3, 0.0, 0.5)
    for z, material, half, radius in ((0.668, chrome, 0.47, 0.007), (0.645, black, 0.49, 0.008), (0.622, chrome, 0.48, 0.007)):
        ys = np.linspace(-half, half, 41)
        tube([cs.cast(s, (-0.3, y, z), 0, 1) - (0.022, 0, 0) for y in ys], radius, material)
    for z in (0.30, 0.335, 0.37):
        tube([cs.cast(s, (-0.3, y, z), 0, 1) - (0.030, 0, 0) for y in np.linspace(-0.52, 0.52, 41)], 0.008, black)
    nose = cs.cast(s, (-0.3, 0, 0.645), 0, 1)
    ball(nose - (0.028, 0, 0), (0.012, 0.056, 0.056), chrome)
    ball(nose - (0.034, 0, 0), (0.010, 0.044, 0.044), black)
    for side in (0.72, -0.72):
        fog = cs.cast(s, (-0.3, side, 0.345), 0, 1)
        ball(fog - (0.004, 0, 0), (0.012, 0.040, 0.040), simple("fog", (0.6, 0.6, 0.62), 0.1, 0.6, 1.0))
    plate("CV 0815", cs.cast(s, (-0.3, 0, 0.485), 0, 1) - (0.012, 0, 0), -1)
    wiper = simple("wiper", (0.01, 0.01, 0.01), 0.5)
    for start, end in ((0.62, -0.02), (-0.05, -0.62)):
        ts = np.linspace(0, 1, 24)
        spots = [(start + (end - start) * t, 1.035 + 0.10 * t) for t in ts]
        tube([cs.cast(s, (0.4, y, z), 0, 1) - (0.014, 0, 0) for y, z in spots], 0.008, wiper)


def side_details(s: cs.Shape, paint: bpy.types.Material) -> None:
    glass = simple("mirror", (0.85, 0.85, 0.87), 0.01, 1.0)
    for side in (1, -1):
        ball(np.array([1.466, side * 0.988, 1.015]), (0.003, 0.105, 0.068), glass)
        for x in (s.doors[1] - 0.13, s.doors[2] - 0.12):
            z = s.belt(x) - 0.105
            middle = cs.cast(s, (x, side * 1.3, z), 1, -side)
            ball(middle - (0, side * 0.004, 0), (0.075, 0.010, 0.026), simple("cup", (0.01, 0.01, 0.01), 0.6))
            dx = np.linspace(-0.105, 0.105, 21)
            ends = middle + np.stack([dx, side * (0.030 - 0.024 * np.abs(dx / 0.105) ** 6), np.full(21, 0.003)], 1)
            tube(ends, 0.013, paint)


def rear_details(s: cs.Shape) -> None:
    bay = cs.cast(s, (s.length + 0.3, 0, s.lid + 0.13), 0, -1)
    plate("CV 0815", bay + np.array([0.010, 0, 0]), 1)
    chrome = simple("tail chrome", (0.7, 0.7, 0.72), 0.12, 1.0)
    behind = s.length + 0.3
    tube([cs.cast(s, (behind, y, s.lid + 0.222), 0, -1) for y in np.linspace(-0.31, 0.31, 31)], 0.012, chrome)
    for y in (0.46, 0.53):
        tube([(s.length - 0.30, y, 0.235), (s.length - 0.085, y, 0.235)], 0.028, chrome)
    centre = cs.cast(s, (s.length + 0.3, 0, s.lid + 0.285), 0, -1)
    ball(centre, (0.012, 0.045, 0.045), chrome)


def cabin(s: cs.Shape) -> None:
    cloth, dash = simple("cloth", (0.035, 0.035, 0.038), 0.9), simple("dash", (0.02, 0.02, 0.021), 0.6)
    box((1.45, 0, 0.86), (0.65, 1.40, 0.20), dash, 0.08)
    box((2.6, 0, 0.32), (2.9, 1.45, 0.1), dash)
    for x, lean in ((2.10, 0.30), (s.doors[2] - 0.25, 0.36)):
        for y in (0.37, -0.37):
            box((x + 0.12, y, 0.83), (0.16, 0.50, 0.62), cloth, 0.07, (0, lean, 0))
            box((x - 0.15, y, 0.52), (0.55, 0.50, 0.16), cloth, 0.07)
            box((x + 0.26, y, 1.19), (0.10, 0.26, 0.19), cloth, 0.05, (0, lean, 0))
    bpy.ops.mesh.primitive_torus_add(
        location=(1.72, 0.37, 0.93), rotation=(0, math.radians(-65), 0), major_radius=0.18, minor_radius=0.016
    )
    bpy.context.object.data.materials.append(dash)


def car(s: cs.Shape, paint: Paint, step: float) -> None:
    points, faces, normals = mesh_of(
        lambda x, y, z: cs.body(s, x, y, z), (-0.05, -1.13, 0.1), (s.length + 0.05, 1.13, 1.58), step
    )
    shell = new_object("body", points, faces, body_material(s, paint), normals)
    fields = cs.features(s, points, normals)
    for name, value in fields.items():
        shell.data.attributes.new(name, "FLOAT", "POINT").data.foreach_set("value", value)
    wheels(s)
    headlamps(points, faces, normals, fields["lamp"])
    front_details(s)
    side_details(s, simple("handle", paint.colour, paint.roughness, paint.metallic, 1.0))
    rear_details(s)
    cabin(s)
