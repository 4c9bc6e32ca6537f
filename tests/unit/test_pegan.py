"""PE-GAN's networks against its tables."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from corrovis.errors import BadInputError
from corrovis.networks.pegan import ConditionedBlock, PaperGenerator, PEDiscriminator, PEGenerator


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_generator_has_the_weights_of_table_1() -> None:
    kernels = 11 * 32 * 49 + 32 * 64 * 25 + 64 * 128 * 25 + 12 * 128 * 128 * 9 + 128 * 64 * 16 + 64 * 32 * 16 + 32 * 49
    biases_and_norms = 3 * (32 + 64 + 128 + 12 * 128 + 64 + 32) + 1
    assert parameters(PaperGenerator()) == kernels + biases_and_norms


@pytest.mark.parametrize("side", [64, 128])
def test_discriminator_has_the_weights_of_table_2(side: int) -> None:
    widths = [1, 64, 128, 256, 512, 1024]
    kernels = sum(16 * one * out + out for one, out in itertools.pairwise(widths))
    heads = 1024 * 9 + 1024 * 10 * (side // 32) ** 2
    assert parameters(PEDiscriminator(side, letter=True)) == kernels + heads


@pytest.mark.parametrize(("side", "extent"), [(64, 2), (128, 4), (32, 1)])
def test_discriminator_answers_on_a_thirty_second_of_the_side(side: int, extent: int) -> None:
    x, label = torch.zeros(2, 1, side, side), torch.tensor([0, 9])
    (verdict,), logits = PEDiscriminator(side, width=4, letter=True)(x, label)
    assert verdict.shape == (2, 1, extent, extent)
    assert logits.shape == (2, 10)
    coarse, fine = PEDiscriminator(side, width=4)(x, label)[0]
    assert coarse.shape == verdict.shape
    assert fine.shape == (2, 1, 4 * extent, 4 * extent)


def test_the_finer_verdict_is_that_of_the_class_shown() -> None:
    torch.manual_seed(0)
    network, x = PEDiscriminator(width=4), torch.rand(1, 1, 64, 64)
    fine = [network(x, torch.tensor([label]))[0][1] for label in (0, 0, 1)]
    assert torch.equal(fine[0], fine[1])
    assert not torch.allclose(fine[0], fine[2])


@torch.no_grad()
def test_the_label_is_lost_in_the_papers_stem_and_not_in_ours() -> None:
    """The reason for departing from the letter; far from the border, where padding with zeros cannot help."""
    torch.manual_seed(0)
    x, labels, middle = torch.rand(1, 1, 256, 256) * 2 - 1, torch.eye(10)[:2], (..., slice(100, 150), slice(100, 150))
    planes = labels[:, :, None, None].expand(-1, -1, 256, 256)
    heard = PaperGenerator(width=8).stem(torch.cat([x.expand(2, -1, -1, -1), planes], dim=1))[middle]
    assert (heard[0] - heard[1]).abs().mean() < 0.1 * heard.std()
    features = torch.rand(1, 32, 64, 64)
    changed = ConditionedBlock(32, 10)(features.expand(2, -1, -1, -1), labels) - features
    assert (changed[0] - changed[1]).abs().mean() > 0.2 * changed.std()


@pytest.mark.parametrize("kind", [PEGenerator, PaperGenerator])
@pytest.mark.parametrize("size", [(64, 64), (32, 48), (100, 36)])
def test_generator_keeps_the_size_and_heeds_label_and_noise(kind: type[nn.Module], size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network, x = kind(width=4, blocks=1), torch.rand(1, 1, *size) * 2 - 1
    crazing, clean = torch.eye(10)[[0]], torch.eye(10)[[9]]
    made = [network(x, crazing), network(x, clean), network(x, crazing, torch.randn(1, 1, *size))]
    assert made[0].shape == x.shape
    assert max(float(one.detach().abs().max()) for one in made) <= 1
    assert not torch.allclose(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(BadInputError, match="divisible by 4"):
        PEGenerator(width=4, blocks=1)(torch.zeros(1, 1, 30, 32), torch.eye(10)[:1])
    with pytest.raises(BadInputError, match="multiple of 32"):
        PEDiscriminator(side=48)
