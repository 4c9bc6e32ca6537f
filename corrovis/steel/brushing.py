"""How much of a brushed defect is put where: not all of it up to the rim of the brush, and of an object no steel around it."""

from __future__ import annotations

import cv2
import numpy as np

from corrovis.easing import smoothstep
from corrovis.results import Bool, Float
from corrovis.steel.results import CLEAN, Brush
from corrovis.steel.wiping import LIGHT, blurred, light_around

FEATHER, WIPE_FEATHER = 8.0, 2.0  # px over which a brushed defect fades in; steel on steel needs less
MOST_FEATHER = 48.0  # px, and otherwise
SURFACE_FEATHER, RAGGED = 0.25, 0.5  # of the region's depth a surface fades in over, and of that, how far its edge wanders
OBJECTS = ("grooves_gouges", "inclusion", "scratches")
"""Classes that lie on steel, which the generator draws anew around them; others are a surface of their own."""
AS_LIGHT = (*OBJECTS, "rolled_in_scale")
"""Classes whose steel is as light as the plate's; others come half-way to its light."""
FINE = 1.0  # px that what is drawn is smoothed over
NOISE, CERTAIN = 1.0, 3.0  # times the noise of that steel: nothing less is an object, and all beyond is
CLIP, ROUNDS = 2.0, 4  # times its noise up to which a pixel tells of steel, and how often that is told anew


def faded(region: Bool, name: str, brush: Brush) -> Float:
    """(H, W) in [0, 1]: how much of a class is put where; on a whole plate all of it.

    A surface, which has no shape of its own, would have that of the brush: it fades in slowly, from a ragged edge.
    """
    if brush.region is None:
        return np.ones(region.shape, np.float32)
    if name == CLEAN or name in OBJECTS:
        return feathered(region, WIPE_FEATHER if name == CLEAN else FEATHER)
    deepest = float(depth_of(region).max())
    fade = min(max(min(FEATHER, deepest), SURFACE_FEATHER * deepest), MOST_FEATHER)
    noise = blurred(np.random.default_rng(brush.seed).standard_normal(region.shape).astype(np.float32), fade / 2)
    return feathered(region, fade, RAGGED * fade * noise / noise.std())


def feathered(region: Bool, fade: float = FEATHER, wander: Float | float = 0) -> Float:
    """(H, W) in [0, 1]: 1 inside, 0 outside, rising over `fade` px within the region, its edge `wander` px further in or out."""
    deep = depth_of(region)
    rising = (deep + np.minimum(wander, 0)) / min(fade, max(float(deep.max()), 1))
    return np.where(region, smoothstep(0, 1, rising), 0).astype(np.float32)


def depth_of(region: Bool) -> Float:
    """(H, W): px from the region's edge, within it; the plate's own rim is none."""
    ringed = np.pad(region.astype(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(np.pad(ringed, 8, mode="edge"), cv2.DIST_L2, 5), np.float32)[9:-9, 9:-9]


def standing_out(drawn: Float, region: Bool) -> Float:
    """(H, W) in [0, 1]: how much of what is `drawn` is an object, rather than the steel that the generator drew around it.

    A class is brighter than its steel or darker.  On the side where the region's values reach less far all is steel; from there
    on steel is what lies no further above its own light than noise does (sigma clipping).
    """
    fine = blurred(drawn, FINE)
    away = fine - blurred(drawn, LIGHT)
    middle = np.median(away[region])
    side = 1 if away[region].mean() > middle else -1
    steel = np.asarray(side * away <= side * middle, np.bool_)
    for _ in range(ROUNDS):
        beyond = side * (fine - light_around(fine, steel))
        noise = max(float(beyond[steel & region].std()), 1e-6)
        steel = np.asarray(beyond < CLIP * noise, np.bool_)
    return smoothstep(NOISE, CERTAIN, beyond / noise)
