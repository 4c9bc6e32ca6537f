"""Learns what is familiar from features of training views: the prototypes of `corrovis.networks.prototypes.PrototypeGauge`.

Mahalanobis distance to class means, tried first, took photos of cars for familiar: few specimens make a covariance narrow where
they happen to agree and wide elsewhere.  Centres along each material's own spread do not.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans

from corrovis.networks.material_cnn import MaterialCNN
from corrovis.networks.material_net import MaterialNet
from corrovis.networks.prototypes import PrototypeGauge

PROTOTYPES = 32  # for each material


def fit_gauge(features: np.ndarray, labels: np.ndarray, prototypes: int = PROTOTYPES) -> PrototypeGauge:
    """The gauge of (n, features): k-means centres of each label's directions from the common centre."""
    centre = features.mean(axis=0)
    away = features - centre
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-12
    found = []
    for label in np.unique(labels):
        own = away[labels == label]
        means = MiniBatchKMeans(min(prototypes, len(own)), n_init=1, random_state=0, batch_size=512, max_iter=30)
        found.append(means.fit(own).cluster_centers_)
    gauge = PrototypeGauge(features.shape[1], sum(map(len, found)))
    parts = {"centre": centre, "prototypes": np.concatenate(found)}
    gauge.load_state_dict({name: torch.from_numpy(part).float() for name, part in parts.items()})
    return gauge


def distances_of(gauge: PrototypeGauge, features: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found: np.ndarray = gauge(torch.from_numpy(features).float()).numpy()
    return found


def install(network: MaterialNet | MaterialCNN, features: np.ndarray, labels: np.ndarray) -> None:
    """Give `network` the gauge of its own features."""
    network.familiarity = fit_gauge(features, labels)
