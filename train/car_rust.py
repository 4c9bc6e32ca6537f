"""Train `RustTexture` on photographs of rust: the network that gives aged cars their rust.

    python train/car_rust.py --data DATA --features squeezenet1_1-imagenet.safetensors
    python train/export.py runs/car_rust/last.pt --name car-rust --trained runs/car_rust/state.json ...

Crops that are nearly all rust are taken from close-ups and from inside the rust masks of cars.  Three losses: the low-pass of
the result is the tone asked for (L1); its Gram matrices on SqueezeNet features are those of the photograph that gave the
condition (Gatys et al. 2015); a patch discriminator that sees the condition too cannot tell it from a photograph (hinge loss,
spectral norm).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from lpips import grams, squeezenet
from support import (
    arguments,
    cars_of,
    fresh_seed,
    is_held_out,
    load_checkpoint,
    rate_at,
    read_mask,
    read_rgb,
    save_checkpoint,
    save_sheet,
    spent,
    write_json,
)
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from corrovis.networks.rust_texture import RustTexture, blur, condition_of


@dataclass(frozen=True)
class Config:
    side: int = 96
    batch: int = 10
    steps: int = 1800
    lr: float = 4e-4
    tone: float = 10.0
    style: float = 1.0
    adversarial: float = 0.5
    seed: int = 0


def looks_rusty(rgb: np.ndarray) -> np.ndarray:
    """(H, W) bool: pixels coloured like rust, from orange to dark brown."""
    lab = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return (hue > 18) & (hue < 82) & (chroma > 9) & (lab[..., 0] > 6) & (lab[..., 0] < 68)


def load_rust(data: Path, most: int | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures, of either kind at `most` so many, with the (H, W) bool of where they are rust.  Cars of the hold-out stay out."""
    pictures = []
    for path in sorted((data / "cars/rust_textures").glob("*.jpg"))[:most]:
        rgb = read_rgb(path)
        pictures.append((rgb, looks_rusty(rgb)))
    groups = cars_of(data)
    for path in sorted((data / "cars/rust_masks").glob("*.png"))[:most]:
        if not is_held_out(groups.get(path.stem, path.stem)):
            rgb = read_rgb(data / "cars/rusty" / f"{path.stem}.jpg")
            pictures.append((rgb, looks_rusty(rgb) & (read_mask(path) > 127)))
    return [(rgb, rust) for rgb, rust in pictures if rust.mean() > 0.02]


def data_of(pictures: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """What was learned from, for the record."""
    return f"{len(pictures)} public photos of rust and corroded paint: close-ups, and cars not held out, their rust outlined"


def random_crop(pictures: list[tuple[np.ndarray, np.ndarray]], side: int, dice: random.Random) -> np.ndarray:
    """(3, side, side) float32 in [-1, 1], at least seven tenths rust, at a random scale, mirrored at random."""
    while True:
        rgb, rust = dice.choice(pictures)
        scale = dice.uniform(0.55, 1.4) * 480 / max(rgb.shape[:2])
        need = int(np.ceil(side / scale))
        if need > min(rgb.shape[:2]):
            continue
        y, x = dice.randint(0, rgb.shape[0] - need), dice.randint(0, rgb.shape[1] - need)
        if rust[y : y + need, x : x + need].mean() < 0.7 and dice.random() < 0.97:
            continue
        crop = cv2.resize(
            rgb[y : y + need, x : x + need], (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        crop = crop[:, ::-1] if dice.random() < 0.5 else crop
        return np.ascontiguousarray(crop.transpose(2, 0, 1)).astype(np.float32) / 127.5 - 1


class Discriminator(nn.Module):
    """(n, 3 + 5, H, W) picture and condition -> (n, 1, H / 8, W / 8) scores; receptive field 47 px."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 8
        for outputs in (width, 2 * width, 3 * width):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)), nn.LeakyReLU(0.2)]
            inputs = outputs
        layers += [spectral_norm(nn.Conv2d(inputs, inputs, 3, 1, 1)), nn.LeakyReLU(0.2), spectral_norm(nn.Conv2d(inputs, 1, 1))]
        self.body = nn.Sequential(*layers)

    def forward(self, rgb: Tensor, condition: Tensor) -> Tensor:
        scores: Tensor = self.body(torch.cat([rgb, condition], dim=1))
        return scores


class Style(nn.Module):
    """Gram matrices of SqueezeNet's features at three depths; `weights` as `lpips.squeezenet` takes them."""

    def __init__(self, weights: str) -> None:
        super().__init__()
        self.layers = squeezenet(weights)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, rgb: Tensor) -> list[Tensor]:
        return grams(self.layers, ((rgb + 1) / 2 - self.mean) / self.std)


def style_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    return sum(((f - w).abs().mean(dim=(1, 2)) / w.abs().mean(dim=(1, 2))).mean() for f, w in zip(found, wanted, strict=True))  # type: ignore[return-value]


def draw(network: nn.Module, crops: np.ndarray, path: Path) -> None:
    """Photograph, tone, two results with different noise: a row each."""
    real = torch.from_numpy(crops)
    condition = condition_of(real)
    with torch.inference_mode():
        made = [network(condition, torch.randn(len(real), 1, *real.shape[2:])) for _ in range(2)]
    columns = [real, condition[:, :3], *made]
    pictures = [((c.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy() for c in columns]
    save_sheet([[picture[i] for i in range(len(real))] for picture in pictures], path)


def main() -> None:
    parser = arguments(__doc__, "runs/car_rust")
    parser.add_argument("--features", default="imagenet", help="SqueezeNet weights; `imagenet` downloads them, `none` for tests")
    args = parser.parse_args()
    config = Config(side=32, batch=2, steps=2) if args.smoke else Config()
    checkpoint = args.out / "last.pt"
    seed = fresh_seed(config.seed, checkpoint, args.resume)
    torch.manual_seed(seed)
    dice = random.Random(seed)
    pictures = load_rust(args.data, 4 if args.smoke else None)
    shown = np.stack([random_crop(pictures, config.side, random.Random(i)) for i in range(10)])
    accelerator = Accelerator()
    network, judge, style = RustTexture(), Discriminator(), Style(args.features).to(accelerator.device)
    network_optimiser = torch.optim.Adam(network.parameters(), lr=config.lr, betas=(0.5, 0.99))
    judge_optimiser = torch.optim.Adam(judge.parameters(), lr=config.lr, betas=(0.5, 0.99))
    parts = {"network": network, "judge": judge, "network_optimiser": network_optimiser, "judge_optimiser": judge_optimiser}
    step = load_checkpoint(checkpoint, **parts) if args.resume else 0
    network, judge, network_optimiser, judge_optimiser = accelerator.prepare(network, judge, network_optimiser, judge_optimiser)
    began = time.time() - spent(args.out, args.resume)
    while step < config.steps:
        for optimiser in (network_optimiser, judge_optimiser):
            optimiser.param_groups[0]["lr"] = config.lr * rate_at(step / config.steps, 0.02)
        real = torch.from_numpy(np.stack([random_crop(pictures, config.side, dice) for _ in range(config.batch)])).to(
            accelerator.device
        )
        condition = condition_of(real)
        made = network(condition, torch.randn_like(real[:, :1]))

        judge_loss = F.relu(1 - judge(real, condition)).mean() + F.relu(1 + judge(made.detach(), condition)).mean()
        judge_optimiser.zero_grad()
        accelerator.backward(judge_loss)
        judge_optimiser.step()

        tone = F.l1_loss(blur(made, 8.0), condition[:, :3])
        look = style_loss(style(made), style(real))
        loss = config.tone * tone + config.style * look - config.adversarial * judge(made, condition).mean()
        network_optimiser.zero_grad()
        accelerator.backward(loss)
        network_optimiser.step()
        step += 1
        if step % 25 == 0:
            losses = f"tone {tone.item():.4f} style {look.item():.3f} judge {judge_loss.item():.3f}"
            print(f"step {step} {losses} {time.time() - began:.0f} s", flush=True)
        if step % 200 == 0 or step == config.steps:
            save_checkpoint(args.out / "last.pt", config, step, **parts)
            draw(accelerator.unwrap_model(network), shown, args.out / f"sheet_{step}.png")
            trained = {"command": "python train/car_rust.py", "data": data_of(pictures), "steps": step}
            write_json(
                args.out / "state.json", {**trained, "seconds": round(time.time() - began), "device": accelerator.device.type}
            )


if __name__ == "__main__":
    main()
