"""Train what PE-GAN is compared with, on the same patches for the same processor time.

    python train/rivals.py dcgan --data DATA --minutes 30        # or lsgan, cyclegan, stargan, pegan

| method | here |
| --- | --- |
| `dcgan` | Radford et al. 2016, told the class (one network for all nine: nine would have a ninth of the time each) |
| `lsgan` | the same networks with the least-squares loss of Mao et al. 2017 |
| `cyclegan` | Zhu et al. 2017: a pair of generators and one of discriminators per class, to and from clean, lambda 10, in turn |
| `stargan` | Choi et al. 2018: any class to any other, by its own generator, with PE-GAN's discriminator and losses |

All translators have PE-GAN's width and depth, so that what is trained for decides, not how large the network is.  StarGAN does
not get PE-GAN's generator: asked for any class of any patch, that one closed its gate within ten minutes and left all as it was.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pegan
import torch
import torch.nn.functional as F
from pegan import Deck, to_picture
from steel_data import load
from support import arguments, fresh_seed, load_checkpoint, save_checkpoint, save_sheet, spent, write_json
from torch import Tensor, nn

from corrovis.networks.patch_discriminator import PatchDiscriminator
from corrovis.networks.resnet_generator import ResnetGenerator

REC = 10.0  # CycleGAN's lambda
CODE = 100  # numbers that a picture is drawn from, as in DCGAN


@dataclass(frozen=True)
class Config:
    method: str = "dcgan"
    side: int = 64
    width: int = 16
    blocks: int = 6
    batch: int = 32  # CycleGAN takes an eighth: its networks cost as much more
    lr: float = 2e-4
    minutes: float = 30.0  # of processor time
    seed: int = 0


class CodeGenerator(nn.Module):
    """DCGAN's generator, told the class: code (n, CODE) and one-hot label (n, classes) to (n, 1, side, side) in [-1, 1]."""

    def __init__(self, side: int, classes: int, width: int) -> None:
        super().__init__()
        deep = (side // 4).bit_length() - 1
        widths = [width * 2**k for k in range(deep - 1, -1, -1)]
        self.start = nn.Sequential(
            nn.ConvTranspose2d(CODE + classes, widths[0], 4, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.up = nn.Sequential(*(_double(one, out) for one, out in itertools.pairwise(widths)))
        self.head = nn.Sequential(nn.ConvTranspose2d(widths[-1], 1, 4, stride=2, padding=1), nn.Tanh())

    def forward(self, code: Tensor, label: Tensor) -> Tensor:
        drawn: Tensor = self.head(self.up(self.start(torch.cat([code, label], dim=1)[:, :, None, None])))
        return drawn


class CodeDiscriminator(nn.Module):
    """DCGAN's discriminator, told the class as planes: (n, 1, side, side) and (n, classes) to (n,)."""

    def __init__(self, side: int, classes: int, width: int) -> None:
        super().__init__()
        deep = (side // 4).bit_length() - 1
        widths = [1 + classes, *(width * 2**k for k in range(deep))]
        layers = [
            nn.Sequential(nn.Conv2d(one, out, 4, 2, 1), nn.BatchNorm2d(out), nn.LeakyReLU(0.2))
            for one, out in itertools.pairwise(widths)
        ]
        layers[0][1] = nn.Identity()  # no norm on the picture itself
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4))

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        planes = label[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        return self.layers(torch.cat([x, planes], dim=1)).flatten()


def _double(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class Drawing:
    """DCGAN and LSGAN: pictures from codes."""

    def __init__(self, config: Config, deck: Deck) -> None:
        self.config, self.deck, self.classes = config, deck, len(deck.classes)
        self.generator = CodeGenerator(config.side, self.classes, config.width)
        self.discriminator = CodeDiscriminator(config.side, self.classes, config.width)
        self.compare = F.mse_loss if config.method == "lsgan" else F.binary_cross_entropy_with_logits
        networks = (self.generator, self.discriminator)
        self.optimiser_g, self.optimiser_d = (
            torch.optim.Adam(n.parameters(), lr=config.lr, betas=(0.5, 0.999)) for n in networks
        )

    def parts(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in ("generator", "discriminator", "optimiser_g", "optimiser_d")}

    def judge(self, x: Tensor, label: Tensor, real: bool) -> Tensor:
        verdict = self.discriminator(x, label)
        return self.compare(verdict, torch.full_like(verdict, float(real)))

    def step(self) -> dict[str, float]:
        labels = self.deck.defects(self.config.batch)
        label = F.one_hot(torch.from_numpy(labels), self.classes).float()
        made = self.generator(torch.randn(len(label), CODE), label)
        caught = self.judge(self.deck.deal(labels), label, True) + self.judge(made.detach(), label, False)
        _descend(self.optimiser_d, caught)
        fooled = self.judge(made, label, True)
        _descend(self.optimiser_g, fooled)
        return {"caught": caught.item(), "fooled": fooled.item()}

    def make(self, labels: np.ndarray) -> Tensor:
        """Drawn with the statistics of training; the generator goes on learning in the mode that it was in."""
        label, learning = F.one_hot(torch.from_numpy(labels), self.classes).float(), self.generator.training
        drawn: Tensor = self.generator.eval()(torch.randn(len(label), CODE), label)
        self.generator.train(learning)
        return drawn


class Cycles:
    """CycleGAN: for every class a pair of generators to and from clean, and a discriminator at either end."""

    def __init__(self, config: Config, deck: Deck) -> None:
        self.config, self.deck, self.turn = config, deck, 0
        names = deck.classes[:-1]
        self.add, self.erase = (
            nn.ModuleDict({name: ResnetGenerator(config.width, config.blocks) for name in names}) for _ in "xy"
        )
        self.on_defect, self.on_clean = (nn.ModuleDict({name: PatchDiscriminator(config.width) for name in names}) for _ in "xy")
        halves = (self.add, self.erase), (self.on_defect, self.on_clean)
        self.optimiser_g, self.optimiser_d = (
            torch.optim.Adam(itertools.chain(*(n.parameters() for n in half)), lr=config.lr, betas=(0.5, 0.999))
            for half in halves
        )

    def parts(self) -> dict[str, object]:
        names = ("add", "erase", "on_defect", "on_clean", "optimiser_g", "optimiser_d")
        return {name: getattr(self, name) for name in names}

    def step(self) -> dict[str, float]:
        label = self.turn % (len(self.deck.classes) - 1)
        self.turn += 1
        name, n = self.deck.classes[label], max(1, self.config.batch // 8)
        defect, clean = (_colour(self.deck.deal(labels)) for labels in (np.full(n, label), self.deck.clean(n)))
        add, erase, on_defect, on_clean = (nets[name] for nets in (self.add, self.erase, self.on_defect, self.on_clean))
        for judge in (on_defect, on_clean):
            judge.requires_grad_(False)
        produced, erased = add(clean), erase(defect)
        fooled = _least_squares(on_defect(produced), True) + _least_squares(on_clean(erased), True)
        back = F.l1_loss(erase(produced), clean) + F.l1_loss(add(erased), defect)
        _descend(self.optimiser_g, fooled + REC * back)
        for judge in (on_defect, on_clean):
            judge.requires_grad_(True)
        pairs = [(on_defect, defect, produced), (on_clean, clean, erased)]
        caught = sum(_least_squares(d(real), True) + _least_squares(d(made.detach()), False) for d, real, made in pairs) / 2
        _descend(self.optimiser_d, caught)
        return {"caught": caught.item(), "fooled": fooled.item(), "back": back.item()}

    def make(self, labels: np.ndarray) -> Tensor:
        clean = _colour(self.deck.deal(self.deck.clean(len(labels))))
        made = [self.add[self.deck.classes[label]](x[None])[:, :1] for label, x in zip(labels, clean, strict=True)]
        return torch.cat(made)


def _colour(x: Tensor) -> Tensor:
    """CycleGAN's networks take three channels."""
    return x.expand(-1, 3, -1, -1)


def _least_squares(verdict: Tensor, real: bool) -> Tensor:
    return F.mse_loss(verdict, torch.full_like(verdict, float(real)))


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def build(config: Config, deck: Deck) -> Drawing | Cycles:
    return Cycles(config, deck) if config.method == "cyclegan" else Drawing(config, deck)


def train(config: Config, data: Path, out: Path, resume: bool) -> None:
    torch.set_num_threads(1)
    seed = fresh_seed(config.seed, out / "last.pt", resume)
    torch.manual_seed(seed)
    deck = Deck(load(data, "train", config.side), np.random.default_rng(seed), torch.device("cpu"))
    method = build(config, deck)
    at = load_checkpoint(out / "last.pt", **method.parts()) if resume else 0
    began, saved, done = time.process_time() - spent(out, resume), time.time(), False
    while not done:
        losses = method.step()
        at += 1
        done = time.process_time() - began > 60 * config.minutes
        if at % 100 == 0:
            shown = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            print(f"{config.method} step {at} {shown} {time.process_time() - began:.0f} s", flush=True)
        if time.time() - saved > 300 or done:
            saved = time.time()
            save_checkpoint(out / "last.pt", config, at, **method.parts())
            with torch.no_grad():
                drawn = method.make(np.tile(np.arange(len(deck.classes) - 1), 5))
            cells = [to_picture(x) for x in drawn]
            save_sheet(
                [cells[k : k + len(deck.classes) - 1] for k in range(0, len(cells), len(deck.classes) - 1)],
                out / f"sheet_{at:06d}.png",
            )
            write_json(out / "state.json", {"step": at, "config": asdict(config), "seconds": round(time.process_time() - began)})


def main() -> None:
    parser = arguments(__doc__, "runs/rivals")
    parser.add_argument("method", choices=("dcgan", "lsgan", "cyclegan", "stargan", "pegan"))
    parser.add_argument("--minutes", type=float, default=30, help="processor time in all, the same for every method")
    args = parser.parse_args()
    out = args.out / args.method
    if args.method in ("stargan", "pegan"):
        config = replace(pegan.PRESETS["smoke" if args.smoke else "cpu"], minutes=0 if args.smoke else args.minutes)
        if args.method == "stargan":
            config = replace(config, any_to_any=True, kept=0)
        pegan.train(config, args.data, out, args.resume)
    else:
        tiny = {"side": 32, "width": 4, "blocks": 1, "minutes": 1e-6} if args.smoke else {"minutes": args.minutes}
        train(Config(args.method, **tiny), args.data, out, args.resume)


if __name__ == "__main__":
    main()
