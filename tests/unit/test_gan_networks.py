"""The paper's two networks against their papers' numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from corrovis.errors import BadInputError
from corrovis.networks.patch_discriminator import PatchDiscriminator
from corrovis.networks.resnet_generator import ResnetGenerator


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameter_counts_are_those_of_the_published_code() -> None:
    assert parameters(ResnetGenerator()) == 11_378_179
    assert parameters(PatchDiscriminator()) == 2_764_737


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (36, 100)])
def test_generator_keeps_the_size_and_stays_in_range(size: tuple[int, int]) -> None:
    made = ResnetGenerator(ngf=4, blocks=1)(torch.rand(2, 3, *size) * 2 - 1)
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1


def test_generator_names_the_size_it_needs() -> None:
    with pytest.raises(BadInputError, match="pad it to 36 x 40"):
        ResnetGenerator(ngf=4, blocks=1)(torch.zeros(1, 3, 34, 38))


def test_no_network_keeps_running_statistics() -> None:
    for network in (ResnetGenerator(ngf=4, blocks=1), PatchDiscriminator(ndf=4)):
        assert not list(network.buffers())


def test_generator_gives_the_same_picture_in_training_and_evaluation() -> None:
    network = ResnetGenerator(ngf=4, blocks=2)
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(network.train()(x), network.eval()(x))


@pytest.mark.parametrize(("side", "patches"), [(256, 30), (128, 14), (70, 6), (32, 2)])
def test_discriminator_judges_a_grid_of_patches(side: int, patches: int) -> None:
    assert PatchDiscriminator(ndf=4)(torch.zeros(1, 3, side, side)).shape == (1, 1, patches, patches)


def test_discriminator_sees_70_pixels() -> None:
    network = PatchDiscriminator(ndf=4)
    for place, layer in enumerate(network.layers):
        if isinstance(layer, nn.InstanceNorm2d):  # it mixes the whole picture: without it only the convolutions see
            network.layers[place] = nn.Identity()
    x = torch.rand(1, 3, 256, 256, requires_grad=True)
    network(x)[0, 0, 15, 15].backward()
    seen = x.grad.abs().sum(dim=(0, 1)) > 0  # type: ignore[union-attr]
    assert int(seen.any(dim=0).sum()) == int(seen.any(dim=1).sum()) == 70
