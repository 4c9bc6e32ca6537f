"""Learns what is familiar from features of training views: the whitened axes of `corrovis.networks.familiarity.Familiarity`."""

from __future__ import annotations

import numpy as np
import torch

from corrovis.networks.familiarity import Familiarity
from corrovis.networks.material_cnn import MaterialCNN
from corrovis.networks.material_net import MaterialNet

AXES = 64
SHRINK = 0.1  # of the covariance within classes, towards a sphere


def fit_gauge(features: np.ndarray, labels: np.ndarray, axes: int = AXES) -> Familiarity:
    """The distance to the nearest class along the principal axes of (n, features), in units of the spread within classes."""
    kinds = np.unique(labels)
    centre = features.mean(axis=0)
    away = features - centre
    axes = min(axes, away.shape[1], len(away) - 1)
    directions = np.linalg.eigh(away.T @ away)[1][:, ::-1][:, :axes]
    along = away @ directions
    means = np.stack([along[labels == k].mean(axis=0) for k in kinds])
    within = np.cov((along - means[np.searchsorted(kinds, labels)]).T).reshape(axes, axes)
    within = (1 - SHRINK) * within + SHRINK * np.trace(within) / axes * np.eye(axes)
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(np.maximum(values, 1e-12))
    gauge = Familiarity(features.shape[1], axes, len(kinds))
    parts = {"centre": centre, "basis": directions @ whiten, "means": means @ whiten}
    gauge.load_state_dict({name: torch.from_numpy(part).float() for name, part in parts.items()})
    return gauge


def distances_of(gauge: Familiarity, features: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found: np.ndarray = gauge(torch.from_numpy(features).float()).numpy()
    return found


def install(network: MaterialNet | MaterialCNN, features: np.ndarray, labels: np.ndarray) -> None:
    """Give `network` the gauge of its own features."""
    network.familiarity = fit_gauge(features, labels)
