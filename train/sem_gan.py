"""Train `SurfaceGAN`: synthetic SEM surfaces of the materials in a data folder, after the 2023 seed.

    python train/sem_gan.py --data DATA/sem --features squeezenet1_1-imagenet.safetensors
    python train/sem_gan.py --data FOLDER            (a lab's own: a folder for each alloy, in it a folder for each specimen)
    python train/sem_gan.py --preset paper --clips FRAMES    (a folder for each time series, its frames numbered in their names)

| loss | seed | here |
| --- | --- | --- |
| `intensity` | eq. 1 | mean square of the difference |
| `gradient` | eq. 2 | mean difference of the absolute steps between neighbours |
| `temporal` | eq. 3 | difference of the motions from the last frame; the flow is Lucas and Kanade's, which needs no weights |
| `adversarial` | eq. 4-7 | least squares: D wants 1 for real and 0 for made patches, G wants 1 |
| sum | eq. 8 | `Weights` |

Without `--clips` pictures have no order; `corrovis.networks.sem_gan` says what G is asked then.  The first two losses count by
the share of the picture in the frame: of pure noise nothing follows.  In few steps D learns little, so the `cpu` preset has a
term more: the Gram matrices of a pretrained network's features shall be those of the picture (`texture`, Gatys et al. 2015).  In
many steps D would learn the few pictures by heart; `steepness` holds it back (R1, weighted by `smooth`).

train/release_sem_gan.py ships what learned from pictures without order.  What learned from time series draws a fifth frame to
four; nothing in the package asks for one, so its checkpoint and its sheets (last frame, drawn, true) are all there is of it.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from lpips import grams, squeezenet
from sem_patches import Micrograph, cut, load_micrographs, read_series, split
from support import arguments, load_checkpoint, rate_at, save_checkpoint, save_sheet, spent, write_json
from torch import Tensor, nn

from corrovis.errors import CorrovisError
from corrovis.networks.sem_gan import SERIES, SurfaceDiscriminator, SurfaceGAN, SurfaceGenerator, mix

CLIP = 5
WINDOW = 15  # px, in which motion is measured
SMOOTHED = 8  # R1 counts in one step of so many, and so many times


@dataclass(frozen=True)
class Config:
    """The `cpu` preset; `PAPER` holds the seed's own numbers."""

    side: int = 96
    batch: int = 4
    width: int = 32
    steps: int = 12_000
    generator_lr: float = 1e-3
    discriminator_lr: float = 4e-4
    average: float = 0.998
    intensity: float = 20.0
    gradient: float = 2.0
    temporal: float = 2.0
    adversarial: float = 0.5
    texture: float = 1.0
    smooth: float = 10.0
    seed: int = 0


PAPER = Config(
    side=450,
    width=64,
    steps=60_000,
    generator_lr=1e-4,
    discriminator_lr=1e-5,
    average=0.999,
    intensity=1.0,
    gradient=1.0,
    adversarial=0.05,
    texture=0.0,
    smooth=0.0,
)
PRESETS = {"cpu": Config(), "paper": PAPER}
SMOKE = Config(side=64, batch=2, width=8, steps=2)


def intensity_loss(made: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Eq. 1; `weight` (n,) of each picture."""
    return (weight * (made - real).square().mean(dim=(1, 2, 3))).mean()


def gradient_loss(made: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Eq. 2."""
    steps = [(made.diff(dim=axis).abs() - real.diff(dim=axis).abs()).abs().mean(dim=(1, 2, 3)) for axis in (2, 3)]
    return (weight * (steps[0] + steps[1])).mean()


def flow(first: Tensor, second: Tensor) -> Tensor:
    """(n, 2, H, W) motion in pixels between two pictures (n, 1, H, W), by least squares in a window (Lucas and Kanade 1981)."""
    dy, dx = torch.gradient((first + second) / 2, dim=(2, 3))
    dt = second - first
    mean = lambda x: F.avg_pool2d(x, WINDOW, 1, WINDOW // 2)  # noqa: E731
    xx, yy, xy, xt, yt = (mean(a * b) for a, b in ((dx, dx), (dy, dy), (dx, dy), (dx, dt), (dy, dt)))
    xx, yy = xx + 1e-4, yy + 1e-4
    return torch.cat([xy * yt - yy * xt, xy * xt - xx * yt], dim=1) / (xx * yy - xy.square())


def temporal_loss(made: Tensor, real: Tensor, last: Tensor) -> Tensor:
    """Eq. 3: the surface moves from the last frame to the drawn one as it does to the true one."""
    return (flow(last, made) - flow(last, real)).abs().mean()


def real_or_made(real: list[Tensor], made: list[Tensor]) -> Tensor:
    """Eq. 4-6: the discriminator's loss, summed over its maps."""
    return torch.stack([((r - 1).square().mean() + m.square().mean()) / 2 for r, m in zip(real, made, strict=True)]).sum()


def taken_for_real(made: list[Tensor]) -> Tensor:
    """Eq. 7: the generator's."""
    return torch.stack([(m - 1).square().mean() / 2 for m in made]).sum()


def steepness(real: Tensor, material: Tensor, judge: nn.Module) -> Tensor:
    """R1 of Mescheder et al. 2018, the square of the discriminator's gradient at real pictures: few are soon learned by heart."""
    real = real.detach().requires_grad_()
    verdict = torch.stack([judged.mean(dim=(1, 2, 3)) for judged in judge(real, material)]).sum()
    (gradient,) = torch.autograd.grad(verdict, real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def texture_loss(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """Difference of Gram matrices (n, c, c), relative to the real ones' size, mean over depths."""
    off = [((m - r).abs().mean(dim=(1, 2)) / r.abs().mean(dim=(1, 2))).mean() for m, r in zip(made, real, strict=True)]
    return torch.stack(off).mean()


class Texture(nn.Module):
    """Gram matrices of SqueezeNet's features at three depths; `weights` as `lpips.squeezenet` takes them."""

    def __init__(self, weights: str) -> None:
        super().__init__()
        self.layers = squeezenet(weights)

    def forward(self, picture: Tensor) -> list[Tensor]:
        return grams(self.layers, picture.expand(-1, 3, -1, -1) * 2.2)  # ImageNet's spread of grey


class Surfaces:
    """Batches of patches without order: (last frame, target, share of noise, material), every material as often."""

    def __init__(self, pictures: list[Micrograph], config: Config) -> None:
        self.materials = sorted({p.material for p in pictures})
        self.of = {m: [p for p in pictures if p.material == m] for m in self.materials}
        self.config, self.frames = config, 1

    def batch(self, dice: random.Random) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        picked = [dice.randrange(len(self.materials)) for _ in range(self.config.batch)]
        patches = np.stack([cut(dice.choice(self.of[self.materials[m]]), self.config.side, dice) for m in picked])
        real = torch.from_numpy(patches)[:, None]
        share = torch.tensor([[share_of_noise(i / len(real), dice)] for i in range(len(real))])
        return mix(real, torch.randn_like(real), share), real, share, one_hot(picked, len(self.materials))


def share_of_noise(least: float, dice: random.Random) -> float:
    """Anywhere in `least` and the quarter above, and often nothing but noise, with which every series begins."""
    share = least + dice.random() / 4
    return 1.0 if least >= 0.75 and dice.random() < 0.5 else min(share, 1.0)


class Clips:
    """Batches of time series: four frames and the fifth, all cut at the same place, each series a material of its own."""

    def __init__(self, folder: Path, config: Config) -> None:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
        self.series = {path.name: read_series(path) for path in folders}
        self.series = {name: frames for name, frames in self.series.items() if len(frames) >= CLIP}
        if not self.series:
            raise SystemExit(f"{folder} has no folder with at least {CLIP} frames; give each time series a folder of pictures")
        self.materials, self.config, self.frames = list(self.series), config, CLIP - 1

    def batch(self, dice: random.Random) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        picked = [dice.randrange(len(self.materials)) for _ in range(self.config.batch)]
        clips = torch.stack([self._clip(self.series[self.materials[m]], dice) for m in picked])
        return clips[:, :-1], clips[:, -1:], torch.zeros(len(clips), 1), one_hot(picked, len(self.materials))

    def _clip(self, frames: list[np.ndarray], dice: random.Random) -> Tensor:
        start, side = dice.randint(0, len(frames) - CLIP), self.config.side
        height, width = frames[start].shape
        y, x = dice.randint(0, max(0, height - side)), dice.randint(0, max(0, width - side))
        windows = [torch.from_numpy(frame[y : y + side, x : x + side]) for frame in frames[start : start + CLIP]]
        return F.interpolate(torch.stack(windows)[None], size=(side, side), mode="bilinear")[0]


def one_hot(numbers: list[int], count: int) -> Tensor:
    return F.one_hot(torch.tensor(numbers), count).float()


def generator_loss(made: Tensor, batch: tuple[Tensor, ...], nets: tuple[nn.Module, Texture], config: Config) -> dict[str, Tensor]:
    """Eq. 8, term by term; `nets` are the discriminator and the texture's network."""
    frames, real, share, material = batch
    known = 1 - share[:, 0]
    terms = {
        "intensity": config.intensity * intensity_loss(made, real, known),
        "gradient": config.gradient * gradient_loss(made, real, known),
        "adversarial": config.adversarial * taken_for_real(nets[0](made, material)),
    }
    if config.texture:
        terms["texture"] = config.texture * texture_loss(nets[1](made), nets[1](real))
    if frames.shape[1] > 1:
        terms["temporal"] = config.temporal * temporal_loss(made, real, frames[:, -1:])
    return terms


def draw(average: nn.Module, data: Surfaces | Clips, path: Path) -> None:
    """A row a material: six surfaces from noise; or a row a clip: its last frame, the drawn and the true next one."""
    dice, torch_dice = random.Random(1), torch.Generator().manual_seed(1)
    if isinstance(data, Clips):
        frames, real, share, material = data.batch(dice)
        with torch.inference_mode():
            made = average(frames, torch.zeros_like(real), share, material)
        rows = [[frames[i, -1], made[i, 0], real[i, 0]] for i in range(len(real))]
    else:
        gan = SurfaceGAN(len(data.materials), data.config.width)
        gan.generator.load_state_dict(average.state_dict())
        rows = []
        for number in range(len(data.materials)):
            noise = torch.randn(6, 2 * len(SERIES), data.config.side, data.config.side, generator=torch_dice)
            with torch.inference_mode():
                rows.append(list(gan(noise, one_hot([number] * 6, len(data.materials)))[0][:, 0]))
    save_sheet([[np.repeat(((cell + 1) * 127.5).byte().numpy()[..., None], 3, axis=2) for cell in row] for row in rows], path)


class Training:
    """What learns, and the step it is at; `parts` are what a checkpoint keeps of it."""

    def __init__(self, data: Surfaces | Clips, config: Config, features: str, checkpoint: Path | None) -> None:
        count, self.config = len(data.materials), config
        generator, average = (SurfaceGenerator(count, config.width, data.frames) for _ in range(2))
        average.load_state_dict(generator.state_dict())
        judge, texture = SurfaceDiscriminator(count, config.width), Texture(features if config.texture else "none")
        g_optimiser = torch.optim.Adam(generator.parameters(), lr=config.generator_lr, betas=(0.5, 0.99))
        d_optimiser = torch.optim.Adam(judge.parameters(), lr=config.discriminator_lr, betas=(0.5, 0.99))
        self.parts = {"generator": generator, "average": average, "judge": judge}
        self.parts |= {"g_optimiser": g_optimiser, "d_optimiser": d_optimiser}
        self.step = load_checkpoint(checkpoint, **self.parts) if checkpoint else 0
        self.accelerator = Accelerator()
        self.device = self.accelerator.device
        self.generator, self.judge, *self.optimisers = self.accelerator.prepare(generator, judge, g_optimiser, d_optimiser)
        self.average, self.texture = average.to(self.device), texture.to(self.device)

    def learn(self, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """One step of discriminator and generator; their losses."""
        config, (g_optimiser, d_optimiser) = self.config, self.optimisers
        for optimiser, rate in ((g_optimiser, config.generator_lr), (d_optimiser, config.discriminator_lr)):
            optimiser.param_groups[0]["lr"] = rate * rate_at(self.step / config.steps, 0.02)
        batch = tuple(part.to(self.device) for part in batch)
        frames, real, share, material = batch
        made = self.generator(frames, torch.randn_like(real), share, material)

        d_loss = real_or_made(self.judge(real, material), self.judge(made.detach(), material))
        d_optimiser.zero_grad()
        if config.smooth and self.step % SMOOTHED == 0:
            self.accelerator.backward(SMOOTHED * config.smooth * steepness(real, material, self.judge))
        self.accelerator.backward(d_loss)
        d_optimiser.step()

        terms = generator_loss(made, batch, (self.judge, self.texture), config)
        g_optimiser.zero_grad()
        self.accelerator.backward(torch.stack(list(terms.values())).sum())
        g_optimiser.step()
        self.step += 1
        keep = min(config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            learned = self.accelerator.unwrap_model(self.generator).parameters()
            torch._foreach_lerp_(list(self.average.parameters()), list(learned), 1 - keep)
        return {"D": d_loss, **terms}


def run(data: Surfaces | Clips, training: Training, args: argparse.Namespace) -> None:
    """Train to the last step, or for `args.seconds`; checkpoint, record and sheets in `args.out`."""
    config, dice = training.config, random.Random(training.config.seed + training.step)
    torch.manual_seed(config.seed + training.step)
    told = {"materials": data.materials, "frames": data.frames, "device": training.device.type, "command": args.command}
    before, began = spent(args.out, args.resume), time.time()

    def save() -> None:
        save_checkpoint(args.out / "last.pt", config, training.step, **training.parts)
        write_json(args.out / "state.json", {**told, "seconds": before + round(time.time() - began)})

    while training.step < config.steps and time.time() - began < args.seconds:
        losses, step = training.learn(data.batch(dice)), training.step
        if step % 25 == 0:
            said = " ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
            print(f"step {step} {said} {time.time() - began:.0f} s", flush=True)
        if step % 250 == 0 or step == config.steps:
            save()
            draw(training.average, data, args.out / f"sheet_{step}.png")
    save()


def main() -> None:
    parser = arguments(__doc__, "runs/sem_gan")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="cpu")
    parser.add_argument("--features", default="imagenet", help="SqueezeNet weights; `imagenet` downloads them, `none` for tests")
    parser.add_argument("--clips", type=Path, help="time series, a folder of frames each, instead of --data")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long; --resume goes on")
    args = parser.parse_args()
    config = SMOKE if args.smoke else PRESETS[args.preset]
    torch.manual_seed(config.seed)
    try:
        data = Clips(args.clips, config) if args.clips else Surfaces(split(load_micrographs(args.data))[0], config)
    except CorrovisError as error:
        parser.error(str(error))
    try:
        training = Training(data, config, args.features, args.out / "last.pt" if args.resume else None)
    except OSError as error:
        parser.error(
            f"--features {args.features}: {error}; name a file with weights of SqueezeNet 1.1, or connect for one download"
        )
    run(data, training, args)


if __name__ == "__main__":
    main()
