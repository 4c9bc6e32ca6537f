"""PE-GAN's networks against its tables."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from corrovis.errors import BadInputError
from corrovis.networks.pegan import PEDiscriminator, PEGenerator


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_generator_has_the_weights_of_table_1() -> None:
    kernels = 11 * 32 * 49 + 32 * 64 * 25 + 64 * 128 * 25 + 12 * 128 * 128 * 9 + 128 * 64 * 16 + 64 * 32 * 16 + 32 * 49
    biases_and_norms = 3 * (32 + 64 + 128 + 12 * 128 + 64 + 32) + 1
    assert parameters(PEGenerator(letter=True)) == kernels + biases_and_norms


@pytest.mark.parametrize(("side", "extent"), [(64, 2), (128, 4), (32, 1)])
def test_discriminator_answers_on_a_thirty_second_of_the_side(side: int, extent: int) -> None:
    verdict, logits = PEDiscriminator(side, width=4)(torch.zeros(2, 1, side, side))
    assert verdict.shape == (2, 1, extent, extent)
    assert logits.shape == (2, 10)


def test_the_label_reaches_the_middle_of_the_patch_only_where_the_stem_is_not_normalised() -> None:
    """The reason for departing from the letter; far from the border, where padding cannot help."""
    torch.manual_seed(0)
    x, share = torch.rand(1, 1, 256, 256) * 2 - 1, {}
    for letter in (True, False):
        stem = PEGenerator(width=8, blocks=1, letter=letter).stem
        planes = [torch.eye(10)[k][None, :, None, None].expand(-1, -1, 256, 256) for k in (0, 1)]
        with torch.no_grad():
            first, second = (stem(torch.cat([x, plane], dim=1))[:, :, 100:150, 100:150] for plane in planes)
        share[letter] = float((first - second).abs().mean() / first.std())
    assert share[True] < 0.1
    assert share[False] > 0.4


@pytest.mark.parametrize("size", [(64, 64), (32, 48), (100, 36)])
def test_generator_keeps_the_size_and_heeds_the_label(size: tuple[int, int]) -> None:
    network, x = PEGenerator(width=4, blocks=1), torch.rand(1, 1, *size) * 2 - 1
    made = [network(x, torch.eye(10)[[label]]) for label in (0, 9)]
    assert made[0].shape == x.shape
    assert made[0].abs().max() <= 1
    assert not torch.equal(*made)


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(BadInputError, match="divisible by 4"):
        PEGenerator(width=4, blocks=1)(torch.zeros(1, 1, 30, 32), torch.eye(10)[:1])
    with pytest.raises(BadInputError, match="multiple of 32"):
        PEDiscriminator(side=48)
