"""Render the example photos of the page: cars that do not exist, so that nobody's photo is needed.

    python3.11 -m venv blender && blender/bin/pip install bpy==4.5.15
    blender/bin/python examples/render_cars.py [hatchback saloon estate wing] [--out FOLDER] [--width 1280] [--samples 20]

Deterministic: fixed seeds throughout, Cycles on one CPU thread.  The bodies are in
car_shape.py, their trim in car_build.py.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parent))
import car_shape as cs
from blender_tools import Nodes, box, new_object
from car_build import Paint, car


def world(sun: tuple[float, float], strength: float) -> None:
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("sky")
    scene.world.use_nodes = True
    tree = scene.world.node_tree
    sky = tree.nodes.new("ShaderNodeTexSky")
    sky.sky_type, sky.sun_elevation, sky.sun_rotation = "NISHITA", math.radians(sun[0]), math.radians(sun[1])
    sky.sun_size, sky.dust_density, sky.sun_intensity = math.radians(1.5), 2.0, 0.6
    tree.nodes["Background"].inputs["Strength"].default_value = strength
    tree.links.new(sky.outputs[0], tree.nodes["Background"].inputs["Color"])


def ground() -> None:
    """Old asphalt: chippings, darker patches, fine cracks."""
    n = Nodes("asphalt")
    where = n.add("TexCoord", out="Object")
    chips = n.add("TexVoronoi", {"Vector": where, "Scale": 90.0}, out="Color")
    chip = n.add("SeparateColor", {0: chips}, out=0)
    broad = n.add("TexNoise", {"Vector": where, "Scale": 0.35, "Detail": 4.0, "Roughness": 0.6})
    stain = n.add("MapRange", {0: broad, 1: 0.35, 2: 0.65, 3: 0.75, 4: 1.15})
    warped = n.add("TexNoise", {"Vector": where, "Scale": 1.3, "Detail": 2.0}, out="Color")
    crack = n.add(
        "TexVoronoi", {"Vector": n.add("MixRGB", {0: 0.25, 1: where, 2: warped}), "Scale": 0.55}, feature="DISTANCE_TO_EDGE"
    )
    tone = n.maths("MULTIPLY", n.add("MapRange", {0: chip, 3: 0.035, 4: 0.125}), stain)
    tone = n.maths("MULTIPLY", tone, n.add("MapRange", {0: crack, 1: 0.002, 2: 0.006, 3: 0.35, 4: 1.0}))
    colour = n.add("CombineColor", {0: tone, 1: n.maths("MULTIPLY", tone, 0.99), 2: n.maths("MULTIPLY", tone, 0.97)})
    material = n.done(n.plain(colour, 0.8))
    new_object("ground", [(-90, -90, 0), (90, -90, 0), (90, 90, 0), (-90, 90, 0)], [[0, 1, 2, 3]], material)


def trees(radius: float, height: float) -> None:
    """A ring of foliage around the place: out of focus behind the car, and what the paint mirrors."""
    n = Nodes("trees")
    where = n.add("TexCoord", out="Object")
    leaf = n.add("TexNoise", {"Vector": where, "Scale": 0.7, "Detail": 5.0, "Roughness": 0.75})
    crown = n.add("TexNoise", {"Vector": where, "Scale": 0.16, "Detail": 1.0})
    light = n.add("MapRange", {0: n.maths("ADD", leaf, n.maths("MULTIPLY", crown, 0.8)), 1: 0.78, 2: 1.2})
    colour = n.add("MixRGB", {0: light, 1: (0.008, 0.014, 0.006), 2: (0.13, 0.17, 0.055)})
    material = n.done(n.plain(colour, 0.9))
    count = 3000
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    dice = np.random.default_rng(5)
    crowns = sum(dice.normal() * np.sin(k * turn + dice.uniform(0, 6.3)) / k for k in range(7, 900))
    top = height * (1 + 0.30 * crowns)
    rim = np.stack([radius * np.cos(turn) + 2, radius * np.sin(turn)], 1)
    points = [(*p, 0.0) for p in rim] + [(*p, z) for p, z in zip(rim, top, strict=True)]
    new_object("trees", points, [[i, (i + 1) % count, count + (i + 1) % count, count + i] for i in range(count)], material)


def verge(inner: float) -> None:
    """Grass beyond the asphalt, with a kerb, on the y < 0 side."""
    n = Nodes("grass")
    where = n.add("TexCoord", out="Object")
    blades = n.add("TexNoise", {"Vector": where, "Scale": 9.0, "Detail": 5.0, "Roughness": 0.75})
    patch = n.add("TexNoise", {"Vector": where, "Scale": 0.4, "Detail": 4.0})
    tone = n.add("MapRange", {0: n.maths("ADD", blades, n.maths("MULTIPLY", patch, 0.6)), 1: 0.55, 2: 1.05})
    colour = n.add("MixRGB", {0: tone, 1: (0.016, 0.028, 0.008), 2: (0.13, 0.16, 0.05)})
    bump = n.add("Bump", {"Height": blades, "Distance": 0.08})
    grass = n.done(n.plain(colour, 0.9, normal=bump))
    new_object("grass", [(-90, inner, 0.11), (90, inner, 0.11), (90, -90, 0.11), (-90, -90, 0.11)], [[0, 3, 2, 1]], grass)
    for k in range(-24, 25):
        box((k * 1.0, inner, 0.05), (0.992, 0.16, 0.16), concrete(), 0.015)


def concrete() -> bpy.types.Material:
    if "concrete" in bpy.data.materials:
        return bpy.data.materials["concrete"]
    n = Nodes("concrete")
    where = n.add("NewGeometry", out="Position")
    cloud = n.add("TexNoise", {"Vector": where, "Scale": 0.8, "Detail": 5.0, "Roughness": 0.62})
    fine = n.add("TexNoise", {"Vector": where, "Scale": 45.0, "Detail": 4.0})
    tall = n.add("Mapping", {"Vector": where, "Scale": (3.0, 3.0, 0.18)})
    streak = n.add("TexNoise", {"Vector": tall, "Scale": 1.6, "Detail": 5.0})
    tone = n.maths(
        "ADD", n.maths("MULTIPLY", cloud, 0.5), n.maths("ADD", n.maths("MULTIPLY", fine, 0.12), n.maths("MULTIPLY", streak, 0.4))
    )
    colour = n.add("MixRGB", {0: n.add("MapRange", {0: tone, 1: 0.3, 2: 0.75}), 1: (0.14, 0.13, 0.12), 2: (0.42, 0.40, 0.37)})
    bump = n.add("Bump", {"Height": fine, "Distance": 0.003, "Strength": 0.5})
    return n.done(n.plain(colour, 0.85, normal=bump))


def wall(y: float) -> None:
    """A row of precast panels with open joints and a coping."""
    for k in range(-5, 8):
        box((k * 2.4, y, 1.25), (2.385, 0.18, 2.5), concrete(), 0.012)
        box((k * 2.4, y, 2.54), (2.395, 0.28, 0.09), concrete(), 0.012)
    box((2, y - 0.2, 1.2), (40, 0.1, 2.4), concrete())


def bay_lines(xs: tuple[float, ...], y0: float, y1: float) -> None:
    """Worn white paint of parking bays."""
    n = Nodes("line")
    worn = n.add("TexNoise", {"Vector": n.add("NewGeometry", out="Position"), "Scale": 14.0, "Detail": 8.0, "Roughness": 0.7})
    paint = n.plain((0.55, 0.55, 0.52), 0.7)
    material = n.done(n.over(n.add("BsdfTransparent"), paint, n.add("MapRange", {0: worn, 1: 0.40, 2: 0.48})))
    for x in xs:
        new_object(
            "line", [(x, y0, 0.003), (x + 0.12, y0, 0.003), (x + 0.12, y1, 0.003), (x, y1, 0.003)], [[0, 1, 2, 3]], material
        )


def camera(eye: tuple, target: tuple, lens: float, stop: float) -> None:
    data = bpy.data.cameras.new("camera")
    data.lens, data.dof.use_dof, data.dof.aperture_fstop = lens, True, stop
    data.dof.focus_distance = (Vector(target) - Vector(eye)).length
    thing = bpy.data.objects.new("camera", data)
    bpy.context.collection.objects.link(thing)
    thing.location = eye
    thing.rotation_euler = (Vector(target) - Vector(eye)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.camera = thing


def settings(width: int, samples: int) -> None:
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CYCLES", "CPU", samples, 0
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 5, 2, 4
    scene.render.resolution_x, scene.render.resolution_y = width, round(width * 853 / 1280)
    scene.view_settings.view_transform, scene.view_settings.look = "AgX", "AgX - Medium High Contrast"
    scene.view_settings.exposure = -0.9
    scene.cycles.use_adaptive_sampling, scene.cycles.adaptive_threshold = True, 0.04
    scene.cycles.adaptive_min_samples = 8
    scene.render.image_settings.file_format, scene.render.image_settings.quality = "JPEG", 88


@dataclass(frozen=True)
class Shot:
    shape: cs.Shape
    paint: Paint
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    lens: float
    place: Callable[[], None]
    sun: tuple[float, float] = (38.0, 60.0)
    stop: float = 4.0


def car_park() -> None:
    trees(38, 7.5)
    verge(-7.0)
    bay_lines((-3.2, 5.6), -4, 3)


def beside_wall() -> None:
    trees(40, 6.0)
    wall(-2.9)


def roadside() -> None:
    trees(30, 6.5)
    verge(-5.0)


SHOTS = {
    "hatchback": Shot(cs.HATCHBACK, Paint((0.52, 0.54, 0.56), 0.75, 0.32), (-4.6, 4.7, 1.55), (1.95, 0.0, 0.60), 64, car_park),
    "saloon": Shot(cs.SALOON, Paint((0.24, 0.006, 0.008)), (2.2, 9.5, 1.35), (2.34, 0, 0.70), 62, beside_wall),
    "estate": Shot(cs.ESTATE, Paint((0.008, 0.03, 0.12), 0.35), (9.6, 4.9, 1.7), (2.6, 0, 0.62), 60, roadside),
    "wing": Shot(cs.HATCHBACK, Paint((0.7, 0.7, 0.69)), (0.0, 3.2, 1.0), (0.9, 0.8, 0.60), 60, car_park, stop=16.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shots", nargs="*", default=list(SHOTS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--step", type=float, default=0.008, help="mesh size of the body in metres")
    args = parser.parse_args()
    for name in args.shots:
        shot = SHOTS[name]
        bpy.ops.wm.read_factory_settings(use_empty=True)
        settings(args.width, args.samples)
        world(shot.sun, 0.25)
        ground()
        shot.place()
        car(shot.shape, shot.paint, args.step)
        camera(shot.eye, shot.target, shot.lens, shot.stop)
        bpy.context.scene.render.filepath = str(args.out.resolve() / f"{name}.jpg")
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
