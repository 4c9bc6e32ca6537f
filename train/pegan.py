"""Train PE-GAN: one generator that puts a defect on a clean patch of steel, and wipes it off.

    python train/pegan.py --data DATA --preset paper             # as published, for a GPU
    python train/pegan.py --data DATA --preset cpu               # 64 px, two hours on one core; --resume goes on

| here | PE-GAN 2024 |
| --- | --- |
| `made.produced`, `made.erased` | production: a clean patch gets a defect; elimination: a defect becomes clean |
| `judge` | eq. 2 with the gradient penalty of WGAN-GP, weight 10 |
| `classify` weights 2 and 5 | eq. 3 on real patches (discriminator), eq. 4 on made ones (generator) |
| `back` weight 10 | eq. 5, L1, both ways round |
| `step_discriminator`, `step_generator` | eq. 6 and 7 |
| `--no-elimination`, `--no-reconstruction` | the ablations |

Beyond the paper: what is kept is the generator's running average, and `noise` is added to what production starts from, for a
clean patch alone says nothing about where its defect should lie: another draw of the noise is another defect.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from steel_data import CLEAN, Patches, load
from support import arguments, load_checkpoint, save_checkpoint, save_sheet, write_json
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corrovis.networks.pegan import PEDiscriminator, PEGenerator


@dataclass(frozen=True)
class Config:
    """The paper's own numbers; `PRESETS` holds what a CPU can do instead."""

    side: int = 128
    width: int = 32  # of the generator's first layer
    width_d: int = 64
    blocks: int = 6
    letter: bool = True  # the generator as in table 1; see its module for what that costs
    batch: int = 16  # half of it clean, half of it defects
    lr: float = 1e-4
    lr_d: float = 1e-4
    beta: float = 0.9  # Adam's first; its second is 0.99
    critic: int = 5  # steps of the discriminator for one of the generator, as in StarGAN
    steps: int = 200_000
    noise: float = 0.05  # of grey levels in [-1, 1]
    average: float = 0.995
    cls_real: float = 2.0
    cls_fake: float = 5.0
    any_to_any: bool = False  # StarGAN: any class becomes any other, clean patches among them
    elimination: bool = True
    reconstruction: bool = True
    minutes: float = 0.0  # of the processor's time: what else the machine does must not count; 0 = no limit
    threads: int = 0  # torch threads; 0 = all cores
    seed: int = 0


PRESETS = {
    "paper": Config(),
    "cpu": Config(
        side=64, width=16, letter=False, width_d=32, batch=8, lr=3e-4, lr_d=3e-4, critic=1, steps=100_000, minutes=120, threads=1
    ),
    "smoke": Config(side=32, width=4, width_d=4, blocks=1, batch=4, critic=1, steps=2, threads=1),
}
PENALTY, REC = 10.0, 10.0


class Deck:
    """Patches in [-1, 1] dealt at random, flipped either way; every class as often as any other."""

    def __init__(self, patches: Patches, dice: np.random.Generator, device: torch.device) -> None:
        self.dice, self.device, self.classes = dice, device, patches.classes
        self.places = [np.flatnonzero(patches.labels == label) for label in range(len(patches.classes))]
        self.pixels = torch.from_numpy(patches.pixels).to(device)

    def deal(self, labels: np.ndarray) -> Tensor:
        """(n, 1, S, S): one patch of each class in `labels`."""
        chosen = [self.dice.choice(self.places[label]) for label in labels]
        x = self.pixels[torch.from_numpy(np.array(chosen)).to(self.device)].float()[:, None] / 127.5 - 1
        across, down = (torch.from_numpy(self.dice.random(len(labels)) < 0.5).to(self.device)[:, None, None, None] for _ in "xy")
        x = torch.where(across, x.flip(-1), x)
        return torch.where(down, x.flip(-2), x)

    def defects(self, n: int) -> np.ndarray:
        return self.dice.integers(0, len(self.classes) - 1, n)

    def clean(self, n: int) -> np.ndarray:
        return np.full(n, len(self.classes) - 1)


@dataclass
class Batch:
    """Real patches and what the generator is to make of them, each (n, ...); the reals' labels are the way back."""

    real: Tensor
    labels: Tensor
    wanted: Tensor


class Networks:
    """Generator, its running average, discriminator and their optimisers."""

    def __init__(self, config: Config, classes: int, device: torch.device) -> None:
        self.classes = classes
        self.generator: nn.Module = PEGenerator(classes, config.width, config.blocks, config.letter).to(device)
        self.discriminator: nn.Module = PEDiscriminator(config.side, classes, config.width_d).to(device)
        self.average = AveragedModel(self.generator, multi_avg_fn=get_ema_multi_avg_fn(config.average))
        self.optimiser_g = torch.optim.Adam(self.generator.parameters(), lr=config.lr, betas=(config.beta, 0.99))
        self.optimiser_d = torch.optim.Adam(self.discriminator.parameters(), lr=config.lr_d, betas=(config.beta, 0.99))

    def parts(self) -> dict[str, object]:
        """What a checkpoint holds."""
        return {name: part for name, part in vars(self).items() if name != "classes"}

    def label(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels, self.classes).float()


def draw_batch(deck: Deck, config: Config) -> Batch:
    """Half clean patches that are to get a defect, half defects that are to be wiped off."""
    if config.any_to_any:
        labels, targets = (deck.dice.integers(0, len(deck.classes), config.batch) for _ in "xy")
        return Batch(deck.deal(labels), torch.from_numpy(labels).to(deck.device), torch.from_numpy(targets).to(deck.device))
    half = config.batch // 2 if config.elimination else config.batch
    wanted, defects = deck.defects(half), deck.defects(half if config.elimination else 0)
    labels = np.concatenate([deck.clean(half), defects])
    targets = np.concatenate([wanted, deck.clean(len(defects))])
    real = torch.cat([deck.deal(labels[:half]), *([deck.deal(defects)] if len(defects) else [])])
    return Batch(real, torch.from_numpy(labels).to(deck.device), torch.from_numpy(targets).to(deck.device))


def make(networks: Networks, batch: Batch, config: Config) -> Tensor:
    """(n, 1, S, S): what the generator makes of the batch; only production starts from a noisy patch."""
    clean = (batch.labels == networks.classes - 1)[:, None, None, None]
    return networks.generator(batch.real + config.noise * clean * torch.randn_like(batch.real), networks.label(batch.wanted))


def gradient_penalty(discriminator: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """(|gradient| - 1)^2 between real and made patches (Gulrajani et al. 2017, eq. 3)."""
    alpha = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (alpha * real + (1 - alpha) * made).requires_grad_(True)
    gradient = torch.autograd.grad(discriminator(between)[0].sum(), between, create_graph=True)[0]
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()


def step_discriminator(
    networks: Networks, shown: Batch, made: Tensor, config: Config, accelerator: Accelerator
) -> dict[str, float]:
    """Eq. 6: `shown` holds real patches with their labels, `made` is what the generator made, detached."""
    verdict, logits = networks.discriminator(shown.real)
    judge = networks.discriminator(made)[0].mean() - verdict.mean()
    classify = F.cross_entropy(logits, shown.labels)
    loss = judge + PENALTY * gradient_penalty(networks.discriminator, shown.real, made) + config.cls_real * classify
    networks.optimiser_d.zero_grad()
    accelerator.backward(loss)
    networks.optimiser_d.step()
    return {"distance": -judge.item(), "class_real": classify.item()}


def step_generator(networks: Networks, batch: Batch, made: Tensor, config: Config, accelerator: Accelerator) -> dict[str, float]:
    """Eq. 7, on `made` with its graph."""
    networks.discriminator.requires_grad_(False)
    verdict, logits = networks.discriminator(made)
    classify = F.cross_entropy(logits, batch.wanted)
    loss = config.cls_fake * classify - verdict.mean()
    losses = {"class_made": classify.item()}
    if config.reconstruction:
        back = F.l1_loss(networks.generator(made, networks.label(batch.labels)), batch.real)
        loss = loss + REC * back
        losses["back"] = back.item()
    networks.optimiser_g.zero_grad()
    accelerator.backward(loss)
    networks.optimiser_g.step()
    networks.discriminator.requires_grad_(True)
    networks.average.update_parameters(networks.generator)
    return losses


def step(networks: Networks, deck: Deck, config: Config, accelerator: Accelerator) -> dict[str, float]:
    """`critic` steps of the discriminator, then one of the generator on the last batch made."""
    for turn in range(config.critic):
        batch = draw_batch(deck, config)
        with torch.set_grad_enabled(turn == config.critic - 1):
            made = make(networks, batch, config)
        shown = batch
        if not config.elimination:  # the real patches must look like what is made: defects
            defects = deck.defects(config.batch)
            shown = Batch(deck.deal(defects), torch.from_numpy(defects).to(deck.device), batch.wanted)
        losses = step_discriminator(networks, shown, made.detach(), config, accelerator)
    return losses | step_generator(networks, batch, made, config, accelerator)


def draw(networks: Networks, deck: Deck, config: Config, path: Path) -> None:
    """A column a class: clean patches with every defect above, real defects and what is left of them below."""
    n = len(deck.classes) - 1
    networks.average.eval()
    rows = []
    with torch.no_grad():
        for _ in range(5):
            clean = deck.deal(deck.clean(1))
            noisy = clean + config.noise * torch.randn(n, *clean.shape[1:], device=deck.device)
            rows.append([clean[0], *networks.average(noisy, networks.label(torch.arange(n, device=deck.device)))])
        for _ in range(3):
            real = deck.deal(np.arange(n + 1))
            wiped = networks.average(real, networks.label(torch.full((n + 1,), n, device=deck.device)))
            rows += [[real[n], *real[:n]], [wiped[n], *wiped[:n]]]
    save_sheet([[to_picture(cell) for cell in row] for row in rows], path)


def to_picture(x: Tensor) -> np.ndarray:
    """(1, S, S) in [-1, 1] to (S, S, 3) uint8."""
    grey = ((x[0].float().cpu().numpy() + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def configured() -> tuple[Config, object]:
    """The preset with the command line's changes, and the command line itself."""
    parser = arguments(__doc__, "runs/pegan")
    parser.add_argument("--preset", choices=("paper", "cpu"), default="paper")
    parser.add_argument("--minutes", type=float, help="processor time to train for; --resume goes on for as long again")
    parser.add_argument("--no-elimination", action="store_true", help="ablation: production alone")
    parser.add_argument("--no-reconstruction", action="store_true", help="ablation: without the way back")
    args = parser.parse_args()
    config = PRESETS["smoke" if args.smoke else args.preset]
    config = replace(config, elimination=not args.no_elimination, reconstruction=not args.no_reconstruction)
    if args.minutes is not None:
        config = replace(config, minutes=args.minutes)
    return config, args


def train(config: Config, data: Path, out: Path, resume: bool) -> None:
    if config.threads:
        torch.set_num_threads(config.threads)
    accelerator = Accelerator()
    patches = load(data, "train", config.side)
    checkpoint = out / "last.pt"
    networks = Networks(config, len(patches.classes), accelerator.device)
    at = load_checkpoint(checkpoint, **networks.parts()) if resume else 0
    torch.manual_seed(config.seed + at)
    deck = Deck(patches, np.random.default_rng(config.seed + at), accelerator.device)
    print(len(patches), "patches of", CLEAN, "and", *patches.classes[:-1], asdict(config), flush=True)
    began = saved = time.time()
    started, done = time.process_time(), False
    while not done:
        losses = step(networks, deck, config, accelerator)
        at += 1
        done = at >= config.steps or bool(config.minutes and time.process_time() - started > 60 * config.minutes)
        if at % 25 == 0:
            print(f"step {at} {' '.join(f'{k} {v:.3f}' for k, v in losses.items())} {time.time() - began:.0f} s", flush=True)
        if time.time() - saved > 300 or done:
            saved = time.time()
            save_checkpoint(checkpoint, config, at, **networks.parts())
            draw(networks, deck, config, out / f"sheet_{at:06d}.png")
            write_json(
                out / "state.json",
                {"step": at, "classes": patches.classes, "seconds": round(time.process_time() - started), **losses},
            )


def main() -> None:
    config, args = configured()
    train(config, args.data, args.out, args.resume)


if __name__ == "__main__":
    main()
