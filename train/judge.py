"""A second grader, for generated pictures alone: nothing that made or tuned them has ever seen it, nor it the held-out cars.

    judge = Judge(Lite0("tf_efficientnet_lite0-imagenet.safetensors")).fit(Path("DATA"))
    judge.levels(rgb)     # (4,) probabilities of none, mild, moderate, severe

Frozen EfficientNet-Lite0 features and a logistic regression on views of real photos.  It shares ImageNet's features with the
grader that ships, and FD-Lite0, but no trained weight.  Every level weighs the same: asked about a picture made to be severe
it must not lean on how few wrecks the data has.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bootstrap import mean_over_groups
from distances import Lite0
from grade_views import both, load_photos, part_box, random_box, square
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from support import FOLDS, arguments, is_held_out, read_kept, write_kept

from corrovis.results import SEVERITIES

SIDE = 224
VIEWS = (2, 4, 5, 16)  # of each photo, by its level


def regression() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500, class_weight="balanced"))


def graded_when_left_out(x: np.ndarray, level: np.ndarray, group: np.ndarray, whole: np.ndarray) -> dict[str, dict[str, Any]]:
    """What to expect of a perfect picture: share of the whole photos of each level graded as it, and their mean level."""
    probabilities = np.zeros((len(x), len(SEVERITIES)))
    for known, left_out in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(x, level, group):
        probabilities[left_out] = regression().fit(x[known], level[known]).predict_proba(x[left_out])
    graded, expected, scores = probabilities.argmax(axis=1), probabilities @ np.arange(len(SEVERITIES)), {}
    for k, name in enumerate(SEVERITIES):
        here = whole & (level == k)
        on = {"n": int(here.sum()), "on": f"real {name} photos of cars that the judge has not learned from"}
        scores[f"graded_as_asked_{name}"] = mean_over_groups(graded[here] == k, group[here]) | on
        scores[f"graded_level_{name}"] = mean_over_groups(expected[here], group[here]) | on
    return scores


def photos_key(data: Path) -> str:
    """The lists of photos, in short."""
    lists = (data / "cars" / name for name in ("clean.csv", "rusty.csv"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in lists)).hexdigest()


class Judge:
    """Grades pictures of cars; `fit` before `levels`."""

    def __init__(self, features: Lite0) -> None:
        self.features = features
        self.model = regression()
        self.accuracy = float("nan")  # four classes, whole photos of held-out cars, set by `fit`
        self.balanced_accuracy = float("nan")
        self.photos = 0
        self.on_real: dict[str, dict[str, Any]] = {}  # real photos of each level, graded by judges that know none of their cars

    def fit(self, data: Path, labels: Path = Path("runs/car_labels"), cache: Path | None = None) -> Judge:
        """Learn from the real photos under `data`/cars but for the held-out cars, which it is scored on.

        They are the cars that methods rust, and clean ones that it knew it would call clean whatever was painted on them.
        `cache` (.npz) keeps all photos' features, which take minutes.
        """
        key = f"{self.features.key}, {VIEWS} of {photos_key(data)}"
        views = read_kept(cache, key) if cache is not None else None
        if views is None:
            views = dict(zip(("x", "level", "group", "whole"), self._views(data, labels), strict=True))
            if cache is not None:
                write_kept(cache, key, views)
        return self.learn(**views)

    def learn(self, x: np.ndarray, level: np.ndarray, group: np.ndarray, whole: np.ndarray) -> Judge:
        """`fit`, from features (n, d) of views, each's level, its car, and whether it is the whole photo."""
        held_out = np.array([is_held_out(str(name)) for name in group])
        self.model = regression().fit(x[~held_out], level[~held_out])
        self._score(x[held_out & whole], level[held_out & whole])
        self.on_real = graded_when_left_out(x, level, group, whole)
        return self

    def levels(self, rgb: np.ndarray) -> np.ndarray:
        """(4,) probabilities for one picture (H, W, 3) uint8."""
        return self.many([rgb])[0]

    def many(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, 4) probabilities: the mean over each picture and its mirror image."""
        x = self.features([view for rgb in pictures for view in both(rgb, SIDE)])
        p: np.ndarray = self.model.predict_proba(x).reshape(len(pictures), 2, 4).mean(axis=1)
        return p

    def _views(self, data: Path, labels: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Features, level, car and "is the whole photo" of views: whole, cut a little, parts of clean cars and of wrecks."""
        dice = random.Random(0)
        crops, level, group, whole = [], [], [], []
        for photo in load_photos(data, labels):
            for n in range(VIEWS[photo.level]):
                h, w = photo.rgb.shape[:2]
                box = (0, 0, w, h) if n == 0 else random_box(h, w, 0.8, 1.0, dice)
                if n % 2 and photo.level in (0, 3):
                    box = part_box(photo, 0.2, 0.6, dice) if photo.level == 0 else part_box(photo, 0.4, 0.8, dice)
                view = square(np.ascontiguousarray(photo.rgb[box[1] : box[3], box[0] : box[2]]), SIDE)
                crops.append(view[:, ::-1].copy() if n and dice.random() < 0.5 else view)
                level.append(photo.level)
                group.append(photo.group)
                whole.append(n == 0)
        return self.features(crops), np.array(level), np.array(group), np.array(whole)

    def _score(self, x: np.ndarray, level: np.ndarray) -> None:
        right = self.model.predict(x) == level
        self.photos, self.accuracy = len(level), float(right.mean())
        self.balanced_accuracy = float(np.mean([right[level == k].mean() for k in np.unique(level)]))


def main() -> None:
    parser = arguments(__doc__, "runs/judge")
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="what car_labels.py wrote")
    parser.add_argument("--init", default="imagenet", help="features: imagenet, or a file in timm's names")
    args = parser.parse_args()
    judge = Judge(Lite0("none" if args.smoke else args.init)).fit(args.data, args.labels, args.out / "features.npz")
    print(
        f"judge: accuracy {judge.accuracy:.3f}, balanced {judge.balanced_accuracy:.3f} on {judge.photos} photos of cars not seen"
    )


if __name__ == "__main__":
    main()
