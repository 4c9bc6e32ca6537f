"""Blender through a small door: materials from nodes, and simple things to put them on."""

from __future__ import annotations

import math

import bpy
import numpy as np

Colour = tuple[float, float, float]


class Nodes:
    """A material under construction: `add` makes a node and links or sets its inputs by name."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, inputs: dict | None = None, out: int | str = 0, **settings):
        node = self.tree.nodes.new("ShaderNode" + kind)
        for key, value in settings.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            socket = node.inputs[key]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                opaque = socket.type == "RGBA" and isinstance(value, tuple) and len(value) == 3
                socket.default_value = (*value, 1) if opaque else value
        return node.outputs[out]

    def maths(self, operation: str, a, b=0.0, c=0.0):
        return self.add("Math", {0: a, 1: b, 2: c}, operation=operation)

    def field(self, name: str):
        return self.add("Attribute", out="Fac", attribute_name=name)

    def below(self, value, edge: float = 0.0, soft: float = 0.0012):
        """1 where the field is below `edge`, 0 above, over 2 x soft metres."""
        return self.add("MapRange", {0: value, 1: edge - soft, 2: edge + soft, 3: 1.0, 4: 0.0})

    def plain(self, colour: Colour, roughness: float, metallic: float = 0.0, coat: float = 0.0, normal=None):
        inputs = {"Base Color": colour, "Roughness": roughness, "Metallic": metallic, "Coat Weight": coat, "Coat Roughness": 0.03}
        return self.add("BsdfPrincipled", inputs | ({"Normal": normal} if normal else {}))

    def over(self, under, upper, mask):
        return self.add("MixShader", {0: mask, 1: under, 2: upper})

    def clear(self, tint: Colour):
        """A thin pane: tinted view through it, mirror by Schlick's law (both faces alike)."""
        grazing = self.maths("POWER", self.add("LayerWeight", {"Blend": 0.5}, out="Facing"), 5.0)
        mirror = self.maths("MULTIPLY_ADD", grazing, 0.93, 0.07)
        return self.over(self.add("BsdfTransparent", {0: tint}), self.add("BsdfGlossy", {"Roughness": 0.0}), mirror)

    def done(self, shader):
        node = self.tree.nodes.new("ShaderNodeOutputMaterial")
        self.tree.links.new(shader, node.inputs["Surface"])
        return self.material


def simple(name: str, colour: Colour, roughness: float, metallic: float = 0.0, coat: float = 0.0) -> bpy.types.Material:
    nodes = Nodes(name)
    return nodes.done(nodes.plain(colour, roughness, metallic, coat))


def new_object(
    name: str, points: np.ndarray, faces: np.ndarray | list, material: bpy.types.Material, normals: np.ndarray | None = None
):
    mesh = bpy.data.meshes.new(name)
    quads = np.asarray(faces, np.int32)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", np.asarray(points, np.float32).ravel())
    mesh.loops.add(quads.size)
    mesh.loops.foreach_set("vertex_index", quads.ravel())
    mesh.polygons.add(len(quads))
    mesh.polygons.foreach_set("loop_start", np.arange(0, quads.size, 4, dtype=np.int32))
    mesh.update(calc_edges=True)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    if normals is not None:
        mesh.normals_split_custom_set_from_vertices(normals.tolist())
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(thing)
    return thing


def lathe(name: str, profile: list[tuple[float, float]], material: bpy.types.Material, segments: int = 128):
    """Turn (radius, y) around the y axis."""
    k = len(profile)
    angles = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    points = [(r * math.cos(a), y, r * math.sin(a)) for a in angles for r, y in profile]
    rows = [(i * k, (i + 1) % segments * k) for i in range(segments)]
    faces = [[a + j, a + j + 1, b + j + 1, b + j] for a, b in rows for j in range(k - 1)]
    return new_object(name, points, faces, material)


def box(
    centre: tuple, size: tuple, material: bpy.types.Material, bevel: float = 0.0, turn: tuple = (0.0, 0.0, 0.0)
) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=1, location=centre, rotation=turn)
    thing = bpy.context.object
    thing.scale = size
    bpy.ops.object.transform_apply(location=False, rotation=False)
    if bevel:
        rounding = thing.modifiers.new("bevel", "BEVEL")
        rounding.width, rounding.segments = bevel, 5
        bpy.ops.object.shade_smooth()
    thing.data.materials.append(material)
    return thing


def ball(centre: np.ndarray, size: tuple, material: bpy.types.Material) -> None:
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, location=tuple(centre))
    bpy.context.object.scale = size
    bpy.ops.object.shade_smooth()
    bpy.context.object.data.materials.append(material)


def tube(points: list, radius: float, material: bpy.types.Material) -> None:
    data = bpy.data.curves.new("tube", "CURVE")
    data.dimensions, data.bevel_depth, data.use_fill_caps = "3D", radius, True
    line = data.splines.new("POLY")
    line.points.add(len(points) - 1)
    line.points.foreach_set("co", np.array([(*p, 1.0) for p in points]).ravel())
    thing = bpy.data.objects.new("tube", data)
    data.materials.append(material)
    bpy.context.collection.objects.link(thing)
