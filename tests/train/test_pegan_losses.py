"""PE-GAN's equations 2 to 7, and what stands for them in the cpu preset, by hand: on networks of one line each.

A verdict of `Judge` is a map of two halves of the patch, so what is a mean over it and what a sum can be told apart.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pegan
import pytest
import torch
from pegan import Batch, Config, Deck, Networks
from steel_data import Patches
from torch import Tensor, nn

STEEP, SIDE = 0.25, 16
PIXELS = SIDE * SIDE
PAPER = replace(pegan.PRESETS["paper"], side=SIDE, batch=4, critic=1)
CPU = replace(pegan.PRESETS["cpu"], side=SIDE, batch=4, kept=1)


class Judge(nn.Module):
    """Verdicts `STEEP` times the sum of either half; logits 0, 1 and 2 times the patch's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.steep = nn.Parameter(torch.tensor(STEEP))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor, label: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        self.seen.append(label)
        verdict = self.steep * x.unflatten(2, (2, -1)).sum(dim=(3, 4))[..., None]
        return (verdict,), x.mean(dim=(1, 2, 3))[:, None] * torch.arange(3.0)


class Painter(nn.Module):
    """Adds the number of the class wanted, 0.1, 0.2 or 0.4, to every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Parameter(torch.tensor([0.1, 0.2, 0.4]))

    def forward(self, x: Tensor, label: Tensor, noise: Tensor | None = None) -> Tensor:
        return x + (label @ self.lift)[:, None, None, None]


class Watcher:
    """Stands for accelerate: keeps what was descended."""

    def backward(self, loss: Tensor) -> None:
        self.loss = loss.item()
        loss.backward()


def networks_of(config: Config) -> Networks:
    networks = Networks(replace(config, side=32, width=4, width_d=4, blocks=1), 3, torch.device("cpu"))
    networks.generator, networks.discriminator = Painter(), Judge()
    networks.average = torch.optim.swa_utils.AveragedModel(networks.generator)
    networks.optimiser_g = torch.optim.SGD(networks.generator.parameters(), lr=0.1)
    networks.optimiser_d = torch.optim.SGD(networks.discriminator.parameters(), lr=0.1)
    return networks


def plain(*greys: float) -> Tensor:
    """(n, 1, S, S), each of one grey."""
    return torch.tensor(greys)[:, None, None, None].expand(-1, 1, SIDE, SIDE).clone()


def entropy(grey: float, label: int) -> float:
    """-log of the share that `Judge` gives the class `label` of a plain patch."""
    return -math.log(math.exp(label * grey) / sum(math.exp(each * grey) for each in range(3)))


def deck() -> Deck:
    """Ten plain patches of each of two defects and clean, as dark as their class is early."""
    labels = np.repeat([0, 1, 2], 10)
    pixels = np.broadcast_to((60 * labels + 30).astype(np.uint8)[:, None, None], (30, SIDE, SIDE)).copy()
    patches = Patches(pixels, labels, ("a",) * 30, ("dots", "lines", "background"))
    return Deck(patches, np.random.default_rng(0), torch.device("cpu"))


def test_equation_2_and_the_penalty_of_the_maps_sum() -> None:
    """A verdict is half of `STEEP` times the patch's sum; the slope is that of the map's sum, 0.25 sqrt(256) = 4."""
    shown = Batch(plain(0.5, 0.1), torch.tensor([0, 1]), torch.tensor([1, 0]))
    loss, logits = pegan.earth_mover(networks_of(PAPER), shown, plain(-0.25, 0.05))
    real, made = (STEEP * PIXELS / 2 * np.mean(greys) for greys in ((0.5, 0.1), (-0.25, 0.05)))
    assert loss.item() == pytest.approx(made - real + 10 * (4 - 1) ** 2, rel=1e-5)
    assert logits[0].tolist() == pytest.approx([0, 0.5, 1])


def test_equations_3_and_6() -> None:
    networks, watcher = networks_of(PAPER), Watcher()
    labels = torch.tensor([2, 1])
    logits = networks.discriminator(plain(0.5, -0.3), labels)[1]
    judge = networks.discriminator.steep * 7
    losses = pegan.step_discriminator(networks, (judge, logits), labels, PAPER, watcher)
    classify = (entropy(0.5, 2) + entropy(-0.3, 1)) / 2
    assert losses["class_real"] == pytest.approx(classify, rel=1e-5)
    assert watcher.loss == pytest.approx(7 * STEEP + 2 * classify, rel=1e-5)
    assert networks.discriminator.steep.item() == pytest.approx(STEEP - 0.1 * 7), "down the slope of the loss"


@pytest.mark.parametrize("rec", [10.0, 0.0], ids=["whole", "without reconstruction"])
def test_equations_4_5_and_7(rec: float) -> None:
    """Clean patches get dots, +0.1, and lines, +0.2, and are to lose them, +0.4; dots become clean and are to come again."""
    networks, watcher = networks_of(PAPER), Watcher()
    batch = Batch(plain(0.2, 0.1, -0.6), torch.tensor([2, 2, 0]), torch.tensor([0, 1, 2]))
    made = pegan.make(networks, batch)
    losses = pegan.step_generator(networks, batch, made, replace(PAPER, rec=rec), watcher)
    classify = (entropy(0.3, 0) + entropy(0.3, 1) + entropy(-0.2, 2)) / 3
    verdict = STEEP * PIXELS / 2 * (0.3 + 0.3 - 0.2) / 3
    back = (0.1 + 0.4 + 0.2 + 0.4 + 0.4 + 0.1) / 3
    assert losses["class_made"] == pytest.approx(classify, rel=1e-5)
    assert losses.get("back") == (pytest.approx(back, rel=1e-5) if rec else None)
    assert watcher.loss == pytest.approx(-verdict + 5 * classify + rec * back, rel=1e-5)
    assert networks.discriminator.steep.grad is None, "the generator's step is not the discriminator's"


@pytest.mark.parametrize(
    ("option", "rec", "erased"), [(None, 10, 2), ("--no-reconstruction", 0, 2), ("--no-elimination", 0, 0)], ids=str
)
def test_the_ablations_leave_out_what_they_name(
    option: str | None, rec: float, erased: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pegan.py", "--data", "nowhere", *([option] if option else [])])
    config = replace(pegan.configured()[0], batch=4, critic=1, side=SIDE)
    assert config.rec == rec
    batch = pegan.draw_batch(deck(), config)
    assert (batch.wanted == 2).sum() == erased
    assert torch.equal(batch.labels == 2, batch.wanted != 2), "what is clean gets a defect, what is not is wiped"
    networks = networks_of(config)
    losses = pegan.step(networks, deck(), config, Watcher(), 0)
    assert ("back" in losses) == bool(rec)
    real = networks.discriminator.seen[0]
    assert (real == 2).sum() == erased, "real patches show what is to be made: without elimination defects alone"


def test_the_hinge_stands_for_equation_2() -> None:
    """Slope of the map's mean: half of `STEEP` sqrt(256) = 2; R1 is due every eighth step, eight times as strong."""
    networks, shown, made = networks_of(CPU), Batch(plain(0.01, -0.02), *[torch.tensor([0, 1])] * 2), plain(-0.05, 0.03)
    torch.manual_seed(0)
    real, fake = (STEEP * PIXELS / 2 * pegan.disturbed(x).mean(dim=(1, 2, 3)) for x in (shown.real, made))
    by_hand = (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean()
    for penalised, penalty in ((False, 0), (True, 8 / 2 * 2**2)):
        torch.manual_seed(0)
        loss, _ = pegan.hinge(networks, shown, made, penalised)
        assert loss.item() == pytest.approx(by_hand.item() + penalty, rel=1e-5)


def test_what_is_clean_already_is_to_stay() -> None:
    """The cpu preset's own term, and how it warms up: of four patches the last, moved by 0.4, was clean before."""
    networks, watcher = networks_of(CPU), Watcher()
    networks.warmth = 0.5
    batch = Batch(plain(0.2, 0.1, -0.6, 0), torch.tensor([2, 2, 1, 2]), torch.tensor([0, 1, 2, 2]))
    made = pegan.make(networks, batch)
    torch.manual_seed(0)
    (verdict,), logits = networks.discriminator(pegan.disturbed(made), batch.wanted)
    classify = nn.functional.cross_entropy(logits, batch.wanted)
    torch.manual_seed(0)
    pegan.step_generator(networks, batch, made, CPU, watcher)
    back = (0.1 + 0.4 + 0.2 + 0.4 + 0.4 + 0.2 + 0.4 + 0.4) / 4
    by_hand = 2 * classify - verdict.mean() + 0.5 * (3 * back + 10 * 0.4 / 4)
    assert watcher.loss == pytest.approx(by_hand.item(), rel=1e-5)
