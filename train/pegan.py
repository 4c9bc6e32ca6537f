"""Train PE-GAN: one generator that puts a defect on a clean patch of steel, and wipes it off.

    python train/pegan.py --data DATA --preset paper             # as published, for a GPU
    python train/pegan.py --data DATA --preset cpu               # 64 px, two hours on one core; --resume goes on

| here | PE-GAN 2024 |
| --- | --- |
| `make` | production: a clean patch gets a defect; elimination: a defect becomes clean |
| `earth_mover` | eq. 2 with the gradient penalty of WGAN-GP, weight 10, on the sum of the verdict's map, as in StarGAN's code |
| `cls_real`, `cls_fake` | eq. 3 on real patches (discriminator), eq. 4 on made ones (generator) |
| `rec` | eq. 5, L1 as a mean over pixels, both ways round |
| `step_discriminator`, `step_generator` | eq. 6 and 7 |
| `--no-elimination`, `--no-reconstruction` | the ablations; eq. 5 wants elimination, and goes with it |

Beyond the paper: what is kept is the generator's running average, and noise comes with the clean patch, for that alone says
nothing about where its defect should lie: another draw of the noise is another defect.

The cpu preset has a hundredth of the paper's steps, so it learns more from each: the generator that keeps what is no defect, a
second verdict on texture (both in `corrovis/networks/pegan.py`), and a discriminator that costs little and so sees three times
the batch, old fakes among it (Shrivastava et al. 2017, section 2.3).  Its loss is the hinge (Lim and Ye 2017, eq. 4 and 5) with
R1 (Mescheder et al. 2018, eq. 9) on patches that are moved and lit otherwise (Zhao et al. 2020), where WGAN-GP would spend two
thirds of the time on its penalty.  And a patch that is clean is to stay as it is when defects are wiped off.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from steel_data import CLEAN, Patches, load
from support import arguments, load_checkpoint, save_checkpoint, save_sheet, spent, write_json
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corrovis.networks.pegan import PaperGenerator, PEDiscriminator, PEGenerator
from corrovis.tensors import pixels_of


@dataclass(frozen=True)
class Config:
    """The paper's own numbers; `PRESETS` holds what a CPU can do instead."""

    side: int = 128
    width: int = 32  # of the generator's first layer
    width_d: int = 64
    blocks: int = 6
    letter: bool = True  # networks and losses as published
    batch: int = 16  # half of it clean, half of it defects
    kept: int = 0  # of that half, clean patches that are to stay as they are
    lr: float = 1e-4
    lr_d: float = 1e-4
    beta: float = 0.9  # Adam's first; its second is 0.99
    critic: int = 5  # steps of the discriminator for one of the generator, as in StarGAN
    steps: int = 200_000
    average: float = 0.995
    cls_real: float = 2.0
    cls_fake: float = 5.0
    rec: float = 10.0
    any_to_any: bool = False  # StarGAN, by its own generator: any class becomes any other, clean patches among them
    elimination: bool = True
    minutes: float = 0.0  # of the processor's time: what else the machine does must not count; 0 = no limit
    threads: int = 0  # torch threads; 0 = all cores
    seed: int = 0


PRESETS = {
    "paper": Config(),
    "cpu": Config(
        side=64,
        width=16,
        width_d=32,
        letter=False,
        batch=8,
        kept=1,
        lr=2e-4,
        lr_d=4e-4,
        beta=0.0,
        critic=1,
        steps=100_000,
        average=0.998,
        cls_real=1.0,
        cls_fake=2.0,
        rec=3.0,
        minutes=120,
        threads=1,
    ),
    "smoke": Config(side=32, width=4, width_d=4, blocks=1, letter=False, batch=4, kept=1, critic=1, steps=2, threads=1),
}
PENALTY = 10.0  # of WGAN-GP
R1, LAZY = 1.0, 8  # gamma, and steps between two penalties
WARM = 1000  # steps until the losses that ask for the patch itself have their weight, lest copying be learned first
KEEP = 10.0  # L1 on clean patches that are to stay as they are
POOL, OLD = 512, 2  # fakes remembered, and how many of them for each new one
REACH = 8  # px by which patches are moved at most
SHADE = 0.1  # how much brighter or darker patches are shown than they are; more hides how bright each class is


class Deck:
    """Patches in [-1, 1] dealt at random, flipped either way; every class as often as any other.

    `dealt` (n,) names the blocks of those dealt last.
    """

    def __init__(self, patches: Patches, dice: np.random.Generator, device: torch.device) -> None:
        self.dice, self.device, self.classes = dice, device, patches.classes
        self.places = [np.flatnonzero(patches.labels == label) for label in range(len(patches.classes))]
        self.pixels = torch.from_numpy(patches.pixels).to(device)
        self.blocks = np.array(patches.groups)
        self.dealt = self.blocks[:0]

    def deal(self, labels: np.ndarray) -> Tensor:
        """(n, 1, S, S): one patch of each class in `labels`."""
        chosen = [self.dice.choice(self.places[label]) for label in labels]
        self.dealt = self.blocks[chosen]
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
    """Generator, its running average, discriminator and their optimisers; `pool` holds fakes of earlier steps."""

    def __init__(self, config: Config, classes: int, device: torch.device) -> None:
        self.classes = classes
        kind = PaperGenerator if config.letter or config.any_to_any else PEGenerator
        self.generator: nn.Module = kind(classes, config.width, config.blocks).to(device, memory_format=torch.channels_last)
        self.discriminator: nn.Module = PEDiscriminator(config.side, classes, config.width_d, config.letter).to(device)
        self.average = AveragedModel(self.generator, multi_avg_fn=get_ema_multi_avg_fn(config.average))
        self.optimiser_g = torch.optim.Adam(self.generator.parameters(), lr=config.lr, betas=(config.beta, 0.99))
        self.optimiser_d = torch.optim.Adam(self.discriminator.parameters(), lr=config.lr_d, betas=(config.beta, 0.99))
        self.pool: deque[tuple[Tensor, Tensor]] = deque(maxlen=POOL)
        self.warmth = 1.0

    def parts(self) -> dict[str, object]:
        """What a checkpoint holds."""
        return {name: part for name, part in vars(self).items() if name not in ("classes", "pool", "warmth")}

    def label(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels, self.classes).float()


def draw_batch(deck: Deck, config: Config) -> Batch:
    """Half clean patches that are to get a defect, half defects that are to be wiped off, some of them clean already."""
    if config.any_to_any:
        labels, targets = (deck.dice.integers(0, len(deck.classes), config.batch) for _ in "xy")
    else:
        half = config.batch // 2 if config.elimination else config.batch
        kept = config.kept if config.elimination else 0
        defects = deck.defects(config.batch - half - kept)
        labels = np.concatenate([deck.clean(half), defects, deck.clean(kept)])
        targets = np.concatenate([deck.defects(half), deck.clean(config.batch - half)])
    return Batch(deck.deal(labels), torch.from_numpy(labels).to(deck.device), torch.from_numpy(targets).to(deck.device))


def make(networks: Networks, batch: Batch) -> Tensor:
    """(n, 1, S, S): what the generator makes of the batch; noise goes with production alone."""
    produced = (batch.wanted < networks.classes - 1)[:, None, None, None]
    return networks.generator(batch.real, networks.label(batch.wanted), produced * torch.randn_like(batch.real))


def slope(judge: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """(n,): squared norm of the gradient of the verdicts by the patch."""
    x = x.requires_grad_(True)
    gradient = torch.autograd.grad(judge(x).sum(), x, create_graph=True)[0]
    return gradient.flatten(1).square().sum(dim=1)


def earth_mover(networks: Networks, shown: Batch, made: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 2 with the penalty of WGAN-GP between real and made patches (Gulrajani et al. 2017, eq. 3); logits of the real."""
    (verdict,), logits = networks.discriminator(shown.real, shown.labels)
    (fooled,), _ = networks.discriminator(made, shown.wanted)
    alpha = torch.rand(len(made), 1, 1, 1, device=made.device)
    between = alpha * shown.real + (1 - alpha) * made
    steep = slope(lambda x: networks.discriminator(x, shown.wanted)[0][0], between)
    return fooled.mean() - verdict.mean() + PENALTY * ((steep + 1e-12).sqrt() - 1).square().mean(), logits


def hinge(networks: Networks, shown: Batch, made: Tensor, penalised: bool) -> tuple[Tensor, Tensor]:
    """Hinge loss of both verdicts, with R1 where asked; logits of the real.  `made` shows the classes wanted."""
    real = disturbed(shown.real)
    verdicts, logits = networks.discriminator(real, shown.labels)
    fooled, _ = networks.discriminator(disturbed(made), shown.wanted)
    loss = sum(F.relu(1 - v).mean() + F.relu(1 + f).mean() for v, f in zip(verdicts, fooled, strict=True))
    if penalised:
        steep = slope(lambda x: sum(v.mean(dim=(1, 2, 3)) for v in networks.discriminator(x, shown.labels)[0]), real.detach())
        loss = loss + LAZY * R1 / 2 * steep.mean()
    return loss, logits


def disturbed(x: Tensor) -> Tensor:
    """Patches moved and lit otherwise, differentiably, so that a small set is not learned by heart (Zhao et al. 2020)."""
    side, n = x.shape[-1], len(x)
    down, across = torch.randint(0, 2 * REACH + 1, (2,)).tolist()
    x = F.pad(x, [REACH] * 4, mode="reflect")[..., down : down + side, across : across + side]
    lift, gain = (torch.rand(n, 1, 1, 1, device=x.device) - 0.5 for _ in "xy")
    return (x + SHADE * lift) * (1 + SHADE * gain)


def with_old(networks: Networks, batch: Batch, made: Tensor, deck: Deck) -> tuple[Batch, Tensor]:
    """The new fakes among old ones, and as many real patches of the same classes."""
    chosen = deck.dice.integers(0, len(networks.pool), OLD * len(made)) if networks.pool else []
    fakes = [*zip(made, batch.wanted, strict=True), *(networks.pool[i] for i in chosen)]
    networks.pool.extend(fakes[: len(made)])
    wanted = torch.stack([label for _, label in fakes])
    return Batch(deck.deal(wanted.cpu().numpy()), wanted, wanted), torch.stack([patch for patch, _ in fakes])


def step_discriminator(
    networks: Networks, judged: tuple[Tensor, Tensor], labels: Tensor, config: Config, accelerator: Accelerator
) -> dict[str, float]:
    """Eq. 6: `judged` holds the loss of the verdicts, and the logits of real patches with these `labels`."""
    judge, logits = judged
    classify = F.cross_entropy(logits, labels)
    networks.optimiser_d.zero_grad()
    accelerator.backward(judge + config.cls_real * classify)
    networks.optimiser_d.step()
    return {"judge": judge.item(), "class_real": classify.item()}


def step_generator(networks: Networks, batch: Batch, made: Tensor, config: Config, accelerator: Accelerator) -> dict[str, float]:
    """Eq. 7, on `made` with its graph."""
    networks.discriminator.requires_grad_(False)
    verdicts, logits = networks.discriminator(made if config.letter else disturbed(made), batch.wanted)
    classify = F.cross_entropy(logits, batch.wanted)
    loss = config.cls_fake * classify - sum(verdict.mean() for verdict in verdicts)
    half = config.batch // 2
    losses = {"class_made": classify.item(), "produced": F.l1_loss(made[:half], batch.real[:half]).item()}
    if config.rec:
        back = F.l1_loss(networks.generator(made, networks.label(batch.labels)), batch.real)
        loss = loss + networks.warmth * config.rec * back
        losses["back"] = back.item()
    if config.kept and config.elimination:
        moved = F.l1_loss(made[-config.kept :], batch.real[-config.kept :])
        loss = loss + networks.warmth * KEEP * moved * config.kept / len(made)
        losses["moved"] = moved.item()
    networks.optimiser_g.zero_grad()
    accelerator.backward(loss)
    networks.optimiser_g.step()
    networks.discriminator.requires_grad_(True)
    networks.average.update_parameters(networks.generator)
    return losses


def step(networks: Networks, deck: Deck, config: Config, accelerator: Accelerator, at: int) -> dict[str, float]:
    """`critic` steps of the discriminator, then one of the generator on the last batch made."""
    networks.warmth = 1.0 if config.letter else min(1.0, at / WARM)
    for turn in range(config.critic):
        batch = draw_batch(deck, config)
        with torch.set_grad_enabled(turn == config.critic - 1):
            made = make(networks, batch)
        shown, fakes = batch, made.detach()
        if not config.letter:
            shown, fakes = with_old(networks, batch, fakes, deck)
        elif not config.elimination:  # the real patches must look like what is made: defects
            shown = Batch(deck.deal(batch.wanted.cpu().numpy()), batch.wanted, batch.wanted)
        judged = earth_mover(networks, shown, fakes) if config.letter else hinge(networks, shown, fakes, at % LAZY == 0)
        losses = step_discriminator(networks, judged, shown.labels, config, accelerator)
    return losses | step_generator(networks, batch, made, config, accelerator)


def draw(networks: Networks, deck: Deck, path: Path) -> None:
    """A column a class: clean patches with every defect above, real defects and what is left of them below."""
    n = len(deck.classes) - 1
    networks.average.eval()
    rows = []
    with torch.no_grad():
        for _ in range(5):
            clean = deck.deal(deck.clean(1))
            labels = networks.label(torch.arange(n, device=deck.device))
            rows.append(
                [clean[0], *networks.average(clean.expand(n, -1, -1, -1), labels, torch.randn(n, *clean.shape[1:]).to(clean))]
            )
        for _ in range(3):
            real = deck.deal(np.arange(n + 1))
            wiped = networks.average(real, networks.label(torch.full((n + 1,), n, device=deck.device)))
            rows += [[real[n], *real[:n]], [wiped[n], *wiped[:n]]]
    save_sheet([[to_picture(cell) for cell in row] for row in rows], path)


def to_picture(x: Tensor) -> np.ndarray:
    """(1, S, S) in [-1, 1] to (S, S, 3) uint8."""
    grey = pixels_of(x[None])[0]
    return np.repeat(grey[:, :, None], 3, axis=2)


def configured() -> tuple[Config, object]:
    """The preset with the command line's changes, and the command line itself."""
    parser = arguments(__doc__, "runs/pegan")
    parser.add_argument("--preset", choices=("paper", "cpu"), default="paper")
    parser.add_argument("--minutes", type=float, help="processor time in all, that of the run resumed included")
    parser.add_argument("--no-elimination", action="store_true", help="ablation: production alone")
    parser.add_argument("--no-reconstruction", action="store_true", help="ablation: without the way back")
    args = parser.parse_args()
    config = PRESETS["smoke" if args.smoke else args.preset]
    back = not (args.no_elimination or args.no_reconstruction)  # from a clean patch with a defect it is elimination
    config = replace(config, elimination=not args.no_elimination, rec=config.rec if back else 0.0)
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
    started, done = time.process_time() - spent(out, resume), False
    while not done:
        losses = step(networks, deck, config, accelerator, at)
        at += 1
        done = at >= config.steps or bool(config.minutes and time.process_time() - started > 60 * config.minutes)
        if at % 25 == 0:
            print(f"step {at} {' '.join(f'{k} {v:.3f}' for k, v in losses.items())} {time.time() - began:.0f} s", flush=True)
        if time.time() - saved > 240 or done:
            saved = time.time()
            save_checkpoint(checkpoint, config, at, **networks.parts())
            draw(networks, deck, out / f"sheet_{at:06d}.png")
            write_json(
                out / "state.json",
                {"step": at, "classes": patches.classes, "seconds": round(time.process_time() - started), **losses},
            )


def main() -> None:
    config, args = configured()
    train(config, args.data, args.out, args.resume)


if __name__ == "__main__":
    main()
