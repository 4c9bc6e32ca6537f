"""Solids as functions, f(x, y, z) < 0 inside, in metres: blends, control curves and meshes, with numpy alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Field = np.ndarray
Points = tuple[tuple[float, float], ...]
Solid = Callable[[Field, Field, Field], Field]
Mesh = tuple[np.ndarray, np.ndarray, np.ndarray]
BLOCK = 5  # grid points of a coarse cell


def smax(a: Field, b: Field, r: float) -> Field:
    """Intersection of two solids with an edge rounded over about r metres (cubic, so highlights run on smoothly)."""
    h = np.clip(r - np.abs(a - b), 0, None) / r
    return np.maximum(a, b) + h**3 * (r / 6)


def smin(a: Field, b: Field, r: float) -> Field:
    return -smax(-a, -b, r)


def ramp(x: Field, r: float) -> Field:
    """max(x, 0) with its kink rounded over r: adds a crease to a panel."""
    return 0.5 * (x + np.sqrt(x * x + r * r))


def curve(points: Points) -> Callable[[Field], Field]:
    """y(x) along a clamped cubic B-spline with these control points (x rising)."""
    p = np.array([points[0]] * 2 + list(points) + [points[-1]] * 2, float)
    t = np.linspace(0, 1, 80, endpoint=False)[:, None]
    basis = (1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6
    dense = np.concatenate([sum(w * p[i + k] for k, w in enumerate(basis)) for i in range(len(p) - 3)])
    return lambda x: np.interp(x, dense[:, 0], dense[:, 1])


def inside_grid(f: Solid, axes: list[np.ndarray]) -> np.ndarray:
    """f < 0 on the grid; points of a block are looked at singly only where the surface is near its middle."""
    step = axes[0][1] - axes[0][0]
    middles = [a[BLOCK // 2 :: BLOCK] for a in axes]
    coarse = f(middles[0][:, None, None], middles[1][None, :, None], middles[2][None, None, :])
    inside = coarse < 0
    for axis in range(3):
        inside = np.repeat(inside, BLOCK, axis)
    near = np.argwhere(np.abs(coarse) < 1.8 * BLOCK * step) * BLOCK
    offsets = np.stack(np.meshgrid(*[np.arange(BLOCK)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for chunk in np.array_split(near, len(near) // 8000 + 1):
        i, j, k = (chunk[:, None, :] + offsets).reshape(-1, 3).T
        inside[i, j, k] = f(axes[0][i], axes[1][j], axes[2][k]) < 0
    return inside


def mesh_of(f: Solid, low: tuple, high: tuple, step: float) -> Mesh:
    """Surface nets: points (k, 3) drawn onto f = 0 by Newton steps, quads (m, 4), unit normals (k, 3)."""
    axes = [a + step * np.arange(BLOCK * math.ceil((b - a) / step / BLOCK)) for a, b in zip(low, high, strict=True)]
    inside = inside_grid(f, axes)
    cells = np.zeros(tuple(k - 1 for k in inside.shape), np.int8)
    for i, j, k in np.ndindex(2, 2, 2):
        cells += inside[i : i + cells.shape[0], j : j + cells.shape[1], k : k + cells.shape[2]]
    active = np.argwhere((cells > 0) & (cells < 8))
    index = np.full(cells.shape, -1, np.int64)
    index[tuple(active.T)] = np.arange(len(active))
    start = points = np.array(low) + (active + 0.5) * step

    def slope(p: np.ndarray, h: float = 0.002) -> np.ndarray:
        return np.stack([(f(*(p + d).T) - f(*(p - d).T)) / (2 * h) for d in np.eye(3) * h], axis=1)

    for _ in range(3):
        g = slope(points)
        move = -f(*points.T)[:, None] * g / np.maximum((g**2).sum(1, keepdims=True), 0.05)
        points = np.clip(points + np.clip(move, -step, step) * 0.9, start - step, start + step)
    quads = []
    for axis in range(3):
        lower = np.take(inside, range(inside.shape[axis] - 1), axis)
        upper = np.take(inside, range(1, inside.shape[axis]), axis)
        edge = np.argwhere(lower != upper)
        b, c = (axis + 1) % 3, (axis + 2) % 3
        edge = edge[(edge[:, b] > 0) & (edge[:, c] > 0) & (edge[:, b] < cells.shape[b]) & (edge[:, c] < cells.shape[c])]
        ring = []
        for db, dc in ((1, 1), (0, 1), (0, 0), (1, 0)):
            at = edge.copy()
            at[:, b] -= db
            at[:, c] -= dc
            ring.append(index[tuple(at.T)])
        quad = np.stack(ring, axis=1)
        quads.append(np.where(lower[tuple(edge.T)][:, None], quad, quad[:, ::-1]))
    g = slope(points)
    return points, np.concatenate(quads), g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-9)
