"""Every way to make patches with defects behind one call, for the comparison: PE-GAN, its rivals, plain augmentation."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pegan
import rivals
import torch
import torch.nn.functional as F
from pegan import Deck
from steel_data import Patches
from torch import nn

from corrovis.steel.defects import DefectMaker
from corrovis.store import Store
from corrovis.tensors import pixels_of

METHODS = ("pegan", "stargan", "cyclegan", "dcgan", "lsgan", "augmentation")
SHIPPED = "steel-pegan"
BATCH = 64


class Method(Protocol):
    """Draws patches of wanted classes; `deck` holds the clean patches that translators start from."""

    deck: Deck

    def make(self, labels: np.ndarray) -> torch.Tensor:
        """(n, 1, S, S) in [-1, 1], one patch for each of the n `labels`."""
        ...


class Translator:
    """PE-GAN or StarGAN: a generator that turns clean patches into any class, and defects into clean patches."""

    def __init__(self, generator: nn.Module, deck: Deck) -> None:
        self.generator, self.deck = generator.eval(), deck

    def make(self, labels: np.ndarray) -> torch.Tensor:
        return self.change(self.deck.deal(self.deck.clean(len(labels))), labels)

    def change(self, x: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
        """Patches (n, 1, S, S) turned into what `labels` (n,) say; noise goes with production alone."""
        wanted, classes = torch.from_numpy(labels), len(self.deck.classes)
        defect = (wanted < classes - 1)[:, None, None, None]
        return self.generator(x, F.one_hot(wanted, classes).float(), defect * torch.randn_like(x))


class Product(Translator):
    """The shipped generator as the product draws with it: some scratches and grooves lie across, some classes get more noise."""

    def __init__(self, store: Store, deck: Deck) -> None:
        super().__init__(store.network(SHIPPED), deck)
        self.maker = DefectMaker(store)

    def make(self, labels: np.ndarray) -> torch.Tensor:
        grey = (self.deck.deal(self.deck.clean(len(labels)))[:, 0].numpy() + 1) / 2
        names = [self.deck.classes[label] for label in labels]
        made = self.maker.produce(grey, names, self.deck.dice.integers(2**31, size=len(labels)).tolist())
        return torch.from_numpy(made)[:, None] * 2 - 1


class Augmentation:
    """Real training patches, flipped, moved, lit otherwise: what an inspector gets without any generator."""

    def __init__(self, train: Patches, dice: np.random.Generator) -> None:
        self.deck = Deck(train, dice, torch.device("cpu"))

    def make(self, labels: np.ndarray) -> torch.Tensor:
        x, dice, n = self.deck.deal(labels), self.deck.dice, len(labels)
        gain, lift = (torch.from_numpy(dice.uniform(*span, (n, 1, 1, 1))).float() for span in ((0.85, 1.15), (-0.15, 0.15)))
        moved = [torch.roll(patch, tuple(dice.integers(-8, 9, 2).tolist()), (1, 2)) for patch in x]
        return (torch.stack(moved) * gain + lift).clamp(-1, 1)


def load_method(name: str, runs: Path, parts: tuple[Patches, Patches]) -> Method:
    """`name` of METHODS from its checkpoint under `runs`; `parts` are the training and the held-out patches."""
    train, held_out = parts
    dice = np.random.default_rng(0)
    if name == "augmentation":
        return Augmentation(train, dice)
    deck = Deck(held_out, dice, torch.device("cpu"))
    state = torch.load(runs / name / "last.pt", map_location="cpu", weights_only=True)
    if name in ("pegan", "stargan"):
        config = pegan.Config(**state["config"])
        networks = pegan.Networks(config, len(deck.classes), deck.device)
        networks.average.load_state_dict(state["average"])
        return Translator(networks.average, deck)
    method = rivals.build(rivals.Config(**state["config"]), deck)
    part = "add" if name == "cyclegan" else "generator"
    getattr(method, part).load_state_dict(state[part])
    return method


def shipped(store: Store, held_out: Patches) -> Translator:
    """The generator in weights/, as it draws by itself."""
    return Translator(store.network(SHIPPED), Deck(held_out, np.random.default_rng(0), torch.device("cpu")))


class Made(NamedTuple):
    """Patches (n, S, S) uint8, and (n,) the block of the real patch that each began as; a name of its own where there is none."""

    pixels: np.ndarray
    groups: np.ndarray


def draw(method: Method, label: int, n: int) -> Made:
    """n patches of one class, which follow from the dice of the method's deck alone."""
    torch.manual_seed(int(method.deck.dice.integers(2**31)))
    made, groups = [], []
    for k in range(0, n, BATCH):
        labels = np.full(min(BATCH, n - k), label)
        method.deck.dealt = np.array([f"made {label}/{k + i}" for i in range(len(labels))])
        with torch.inference_mode():
            made.append(method.make(labels))
        groups.append(method.deck.dealt)
    return Made(pixels_of(torch.cat(made)), np.concatenate(groups))
