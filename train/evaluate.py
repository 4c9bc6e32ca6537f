"""Compute the scores that compare networks or methods on held-out data, and write them to train/reports/.

A score of one network that its own training holds out is written by that script: `car_grade`, `material`, `release_inspector`.

    python train/evaluate.py car --data DATA --features tf_efficientnet_lite0-imagenet.safetensors \\
        --cyclegan runs/car_cyclegan/last.pt
    python train/evaluate.py sem --data DATA --runs runs
    python train/evaluate.py semgan --data DATA/sem --features tf_efficientnet_lite0-imagenet.safetensors --lpips FOLDER
    python train/evaluate.py steel --data DATA --features tf_efficientnet_lite0-imagenet.safetensors --lpips FOLDER \\
        --runs runs/rivals

| what | where |
| --- | --- |
| cars | `car_evaluation` |
| inspection networks | `inspection_scores` |
| synthetic SEM surfaces | `sem_gan_scores` |
| synthetic steel | `steel_evaluation` |
"""

from __future__ import annotations

from pathlib import Path

from car_evaluation import evaluate_car
from inspection_scores import evaluate_sem
from sem_gan_scores import evaluate_semgan
from steel_evaluation import evaluate_steel
from support import REPORTS, arguments

from corrovis.settings import WEIGHTS

KINDS = {
    "car": (evaluate_car, "car.json"),
    "sem": (evaluate_sem, "sem.json"),
    "semgan": (evaluate_semgan, "sem_gan.json"),
    "steel": (evaluate_steel, "steel.json"),
}


def main() -> None:
    parser = arguments(__doc__, "runs/evaluate")
    parser.add_argument("what", choices=KINDS)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the training runs lie")
    parser.add_argument("--init", default="imagenet", help="sem: encoder weights that a run began with")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="car: folder with car/NAME.png")
    parser.add_argument("--features", default="imagenet", help="EfficientNet-Lite0: imagenet, or a file in timm's names")
    parser.add_argument("--cyclegan", type=Path, help="car: checkpoint of train/car_cyclegan.py")
    parser.add_argument("--checkpoint", type=Path, default=Path("runs/sem_gan/last.pt"), help="semgan: of train/sem_gan.py")
    parser.add_argument("--lpips", type=Path, help="semgan, steel: folder with SqueezeNet and its LPIPS heads")
    parser.add_argument("--report", type=Path, help="[default: in train/reports/]")
    parser.add_argument("--limit", type=int, help="score only so many cars, or patches of a material")
    args = parser.parse_args()
    evaluate, name = KINDS[args.what]
    args.report = args.report or REPORTS / name
    evaluate(args)


if __name__ == "__main__":
    main()
