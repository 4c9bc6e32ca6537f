"""Train the paper's method: six ResNet generators and four PatchGAN discriminators over four corrosion domains.

    python train/car_cyclegan.py --data DATA --preset paper          # as published, for a GPU
    python train/car_cyclegan.py --data DATA --preset cpu            # toy of it, an hour on one core: a reference, not a model

| here | PHM 2020 |
| --- | --- |
| `generators["none_to_mild"]`, `["mild_to_none"]`, ... | G and F of each pair none <-> mild, moderate, severe |
| `discriminators["none"]` ... `["severe"]` | D of each domain; that of "none" judges what three generators make |
| `adversarial` | eq. 1, least squares as in CycleGAN's own code |
| `cycle` in `train_generators` | eq. 2 |
| `lambda_at` | lambda of eq. 3: 10, or falling to `lambda_end` (the authors propose a schedule) |
| `--no-mask`, `--no-optimiser` | the ablations: background left in; masks as the segmenter gave them |

Each step takes one picture of each domain; an epoch shows every clean car left, centre and right, rusty ones repeat.
"""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from car_pictures import PLACES, Picture, random_crop, read_pictures
from support import arguments, fresh_seed, load_checkpoint, rate_at, save_checkpoint, save_sheet, write_json
from torch import Tensor, nn

from corrovis.networks.patch_discriminator import PatchDiscriminator
from corrovis.networks.resnet_generator import ResnetGenerator
from corrovis.results import SEVERITIES
from corrovis.tensors import pixels_of, tensor_of

LEVELS = SEVERITIES[1:]
Pictures = dict[str, Tensor]  # by domain or generator, each (1, 3, S, S)
Losses = dict[str, float]


@dataclass(frozen=True)
class Config:
    """The paper's own numbers; `PRESETS` holds what a CPU can do instead."""

    side: int = 256
    ngf: int = 64
    blocks: int = 9
    ndf: int = 64
    epochs: float = 200
    lr: float = 2e-4
    lambda_start: float = 10.0
    lambda_end: float = 10.0
    pool: int = 50
    mask: bool = True
    optimise: bool = True
    threads: int = 0  # torch threads; 0 = all cores
    seed: int = 0


PRESETS = {
    "paper": Config(),
    "cpu": Config(side=128, ngf=16, blocks=6, ndf=16, epochs=3, lambda_end=2.0, threads=1),
    "smoke": Config(side=32, ngf=4, blocks=1, ndf=4, threads=1),
}


class ImagePool:
    """The last pictures a generator made, half of them shown to the discriminator again (Shrivastava et al. 2017)."""

    def __init__(self, size: int, dice: random.Random) -> None:
        self.size, self.dice = size, dice
        self.pictures: list[Tensor] = []

    def swap(self, made: Tensor) -> Tensor:
        """`made`, or half the time an older picture that it replaces; shape (1, 3, H, W)."""
        if len(self.pictures) < self.size:
            self.pictures.append(made)
            return made
        if self.dice.random() < 0.5:
            return made
        place = self.dice.randrange(self.size)
        older, self.pictures[place] = self.pictures[place], made
        return older


def adversarial(verdict: Tensor, real: bool) -> Tensor:
    """Eq. 1 as least squares: the mean squared distance to 1 (real) or 0."""
    return F.mse_loss(verdict, torch.full_like(verdict, float(real)))


def lambda_at(config: Config, progress: float) -> float:
    """Weight of the cycle loss at `progress` 0 .. 1 of the training."""
    return config.lambda_start + (config.lambda_end - config.lambda_start) * progress


@dataclass
class Networks:
    """All ten networks, their two optimisers and the six pools."""

    generators: nn.ModuleDict
    discriminators: nn.ModuleDict
    optimiser_g: torch.optim.Optimizer
    optimiser_d: torch.optim.Optimizer
    pools: dict[str, ImagePool]

    def parts(self) -> dict[str, object]:
        """What a checkpoint holds."""
        return {name: getattr(self, name) for name in ("generators", "discriminators", "optimiser_g", "optimiser_d")}


def build(config: Config, dice: random.Random, device: torch.device) -> Networks:
    pairs = [name for level in LEVELS for name in (f"none_to_{level}", f"{level}_to_none")]
    generators = nn.ModuleDict({name: ResnetGenerator(config.ngf, config.blocks) for name in pairs})
    discriminators = nn.ModuleDict({severity: PatchDiscriminator(config.ndf) for severity in SEVERITIES})
    for module in itertools.chain(generators.modules(), discriminators.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    generators.to(device)  # before the optimisers, whose state follows the parameters' device when a checkpoint is loaded
    discriminators.to(device)
    optimisers = [torch.optim.Adam(part.parameters(), lr=config.lr, betas=(0.5, 0.999)) for part in (generators, discriminators)]
    return Networks(generators, discriminators, *optimisers, {name: ImagePool(config.pool, dice) for name in pairs})


def train_generators(networks: Networks, real: Pictures, weight: float, accelerator: Accelerator) -> tuple[Pictures, Losses]:
    """One step of the generators (eq. 3).  Returns the six pictures made, detached, and the losses."""
    g, d = networks.generators, networks.discriminators
    d.requires_grad_(False)
    networks.optimiser_g.zero_grad()
    made, losses = {}, {"adversarial": 0.0, "cycle": 0.0}
    for level in LEVELS:  # one pair at a time: the graph of the others need not be kept
        with accelerator.autocast():
            rusty, clean = g[f"none_to_{level}"](real["none"]), g[f"{level}_to_none"](real[level])
            fooled = adversarial(d[level](rusty), True) + adversarial(d["none"](clean), True)
            back = F.l1_loss(g[f"{level}_to_none"](rusty), real["none"]) + F.l1_loss(g[f"none_to_{level}"](clean), real[level])
        accelerator.backward(fooled + weight * back)
        made |= {f"none_to_{level}": rusty.detach(), f"{level}_to_none": clean.detach()}
        losses["adversarial"] += fooled.item()
        losses["cycle"] += back.item()
    networks.optimiser_g.step()
    return made, losses


def train_discriminators(networks: Networks, real: Pictures, made: Pictures, accelerator: Accelerator) -> float:
    """One step of the discriminators: real pictures against pictures from the pools; returns the mean loss."""
    networks.discriminators.requires_grad_(True)
    networks.optimiser_d.zero_grad()
    total = 0.0
    for severity, judge in networks.discriminators.items():
        fakes = [networks.pools[name].swap(picture) for name, picture in made.items() if name.endswith(f"_to_{severity}")]
        with accelerator.autocast():
            against = torch.stack([adversarial(judge(fake), False) for fake in fakes]).mean()
            loss = 0.5 * (adversarial(judge(real[severity]), True) + against)
        accelerator.backward(loss)
        total += loss.item() / len(SEVERITIES)
    networks.optimiser_d.step()
    return total


def to_network(rgb: np.ndarray) -> Tensor:
    """(S, S, 3) uint8 to (1, 3, S, S) in [-1, 1]; `to_picture` is the way back."""
    return tensor_of(rgb[None])


def to_picture(x: Tensor) -> np.ndarray:
    return pixels_of(x[:1])[0]


def draw(networks: Networks, pictures: list[Picture], config: Config, path: Path) -> None:
    """Held-out clean cars, their three rusty versions, and the way back from the severest."""
    dice, device = random.Random(0), next(networks.generators.parameters()).device
    rows = []
    for picture in pictures:
        crop = random_crop(picture, config.side, config.mask, dice)
        x = to_network(crop).to(device)
        with torch.no_grad():
            made = [networks.generators[f"none_to_{level}"](x) for level in LEVELS]
            made.append(networks.generators["severe_to_none"](made[-1]))
        rows.append([crop, *(to_picture(y) for y in made)])
    save_sheet(rows, path)


def configured() -> tuple[Config, object]:
    """The preset with the command line's changes, and the command line itself."""
    parser = arguments(__doc__, "runs/car_cyclegan")
    parser.add_argument("--preset", choices=("paper", "cpu"), default="paper")
    parser.add_argument("--labels", type=Path, default=Path("runs/car_labels"), help="folder with car/NAME.png")
    parser.add_argument("--epochs", type=float, help="instead of the preset's")
    parser.add_argument("--lambda-end", type=float, help="let lambda fall linearly from 10 to this")
    parser.add_argument("--no-mask", action="store_true", help="ablation: leave the background in")
    parser.add_argument("--no-optimiser", action="store_true", help="ablation: masks without the mask optimiser")
    args = parser.parse_args()
    config = PRESETS["smoke" if args.smoke else args.preset]
    config = replace(config, mask=not args.no_mask, optimise=not args.no_optimiser)
    if args.epochs is not None:
        config = replace(config, epochs=args.epochs)
    if args.lambda_end is not None:
        config = replace(config, lambda_end=args.lambda_end)
    return config, args


def main() -> None:
    config, args = configured()
    if config.threads:
        torch.set_num_threads(config.threads)
    checkpoint = args.out / "last.pt"
    seed = fresh_seed(config.seed, checkpoint, args.resume)
    dice = random.Random(seed)
    torch.manual_seed(seed)
    accelerator = Accelerator()
    pictures = read_pictures(args.data, args.labels, config.optimise)
    domains = {s: [p for p in pictures if p.severity == s and not p.held_out] for s in SEVERITIES}
    shown = [p for p in pictures if p.severity == "none" and p.held_out][:: 1 if args.smoke else 10][:8]
    networks = build(config, dice, accelerator.device)
    step = load_checkpoint(checkpoint, **networks.parts()) if args.resume else 0
    steps = step + 2 if args.smoke else round(config.epochs * len(PLACES) * len(domains["none"]))
    networks.optimiser_g, networks.optimiser_d = accelerator.prepare(networks.optimiser_g, networks.optimiser_d)
    print({s: len(p) for s, p in domains.items()}, "photos,", steps, "steps,", asdict(config), flush=True)
    began = saved = time.time()
    while step < steps:
        crops = {s: random_crop(dice.choice(domains[s]), config.side, config.mask, dice) for s in SEVERITIES}
        real = {s: to_network(crop).to(accelerator.device) for s, crop in crops.items()}
        for optimiser in (networks.optimiser_g, networks.optimiser_d):
            for group in optimiser.param_groups:
                group["lr"] = config.lr * rate_at(step / steps)
        made, losses = train_generators(networks, real, lambda_at(config, step / steps), accelerator)
        losses["discriminators"] = train_discriminators(networks, real, made, accelerator)
        step += 1
        if step % 50 == 0:
            shown_losses = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            print(f"step {step} {shown_losses} {time.time() - began:.0f} s", flush=True)
        if time.time() - saved > 300 or step == steps:
            saved = time.time()
            save_checkpoint(checkpoint, config, step, **networks.parts())
            draw(networks, shown, config, args.out / f"sheet_{step:06d}.png")
            write_json(args.out / "state.json", {"step": step, "steps": steps, "seconds": round(saved - began), **losses})


if __name__ == "__main__":
    main()
