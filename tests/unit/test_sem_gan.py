"""The GAN of SEM surfaces: its series of frames, its networks, and its losses against values known beforehand."""

from __future__ import annotations

import pytest
import torch
from sem_gan import flow, gradient_loss, intensity_loss, real_or_made, taken_for_real, temporal_loss, texture_loss

from corrovis.networks.sem_gan import NOISE_STD, SERIES, SurfaceDiscriminator, SurfaceGAN, SurfaceGenerator, mix, trust

ONE, ALL = torch.tensor([[1.0, 0.0]]), torch.ones(1)


def waves(phase: float, side: int = 64) -> torch.Tensor:
    """(1, 1, side, side): a smooth pattern, moved right by `phase` pixels."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (0.5 * torch.sin((x - phase) / 5) + 0.3 * torch.sin((x - phase + 2 * y) / 9))[None, None]


def test_the_series_goes_from_noise_to_the_picture() -> None:
    picture, noise = waves(0), torch.randn(1, 1, 64, 64)
    assert torch.equal(mix(picture, noise, torch.ones(1, 1)), NOISE_STD * noise)
    assert torch.equal(mix(picture, noise, torch.zeros(1, 1)), picture)
    assert SERIES[0] == 1
    assert list(SERIES) == sorted(SERIES, reverse=True)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_trust_is_the_best_linear_estimate(share: float) -> None:
    torch.manual_seed(0)
    picture, noise = NOISE_STD * torch.randn(1, 1, 400, 400), torch.randn(1, 1, 400, 400)
    frame = mix(picture, noise, torch.full((1, 1), share))
    fitted = float((frame * picture).sum() / frame.square().sum())
    kept, changed = (float(factor) for factor in trust(torch.full((1, 1), share)))
    assert kept == pytest.approx(fitted, abs=0.01)
    assert changed == pytest.approx(float((picture - kept * frame).std()), rel=0.02)


@pytest.mark.parametrize("size", [(32, 32), (45, 70), (64, 33)])
@pytest.mark.parametrize("frames", [1, 4])
def test_generator_keeps_any_size_and_stays_in_range(size: tuple[int, int], frames: int) -> None:
    made = SurfaceGenerator(2, 8, frames)(torch.randn(1, frames, *size), torch.randn(1, 1, *size), torch.zeros(1, 1), ONE)
    assert made.shape == (1, 1, *size)
    assert made.abs().max() <= 1


def test_generator_draws_alike_wherever_it_looks() -> None:
    """Normalisation by pixel: neither the place nor the rest of a large surface changes what is drawn."""
    torch.manual_seed(0)
    network = SurfaceGenerator(2, 8).eval()
    wide = torch.randn(1, 2, 240, 272)
    with torch.inference_mode():
        whole = network(wide[:, :1], wide[:, 1:], torch.ones(1, 1), ONE)
        part = network(wide[:, :1, :, 32:], wide[:, 1:, :, 32:], torch.ones(1, 1), ONE)
    torch.testing.assert_close(whole[0, 0, 110:130, 142:162], part[0, 0, 110:130, 110:130], atol=1e-5, rtol=0)


def test_material_and_noise_both_change_the_surface() -> None:
    torch.manual_seed(0)
    network, noise = SurfaceGAN(2, 8).eval(), torch.randn(2, 2 * len(SERIES), 64, 64)
    with torch.inference_mode():
        first, verdict = network(noise, ONE.repeat(2, 1))
        second, _ = network(noise, ONE.flip(1).repeat(2, 1))
    assert verdict.shape == (2,)
    assert not torch.allclose(first[0], first[1])
    assert not torch.allclose(first, second)


def test_discriminator_answers_for_patches_at_two_scales() -> None:
    verdicts = SurfaceDiscriminator(2, 8)(torch.randn(1, 1, 96, 64), ONE)
    assert [tuple(verdict.shape) for verdict in verdicts] == [(1, 1, 12, 8), (1, 1, 6, 4)]


def test_intensity_is_the_mean_square() -> None:
    assert intensity_loss(torch.full((1, 1, 8, 8), 0.5), torch.zeros(1, 1, 8, 8), ALL) == pytest.approx(0.25)
    assert intensity_loss(torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 8, 8), 0 * ALL) == 0


def test_gradient_counts_steps_and_not_their_sign() -> None:
    ramp = torch.arange(8.0).repeat(8, 1)[None, None] / 10
    assert gradient_loss(ramp, -ramp, ALL) == pytest.approx(0, abs=1e-6)
    assert gradient_loss(ramp, torch.zeros_like(ramp), ALL) == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("moved", [-0.6, 0.4, 0.9])
def test_flow_finds_the_motion(moved: float) -> None:
    dx, dy = flow(waves(0), waves(moved))[0, :, 12:-12, 12:-12]
    assert float(dx.median()) == pytest.approx(moved, abs=0.08)
    assert float(dy.median()) == pytest.approx(0, abs=0.08)


def test_temporal_loss_wants_the_true_motion() -> None:
    last, real = waves(0), waves(0.5)
    assert temporal_loss(real, real, last) == 0
    assert temporal_loss(waves(0.1), real, last) > temporal_loss(waves(0.4), real, last) > 0


def test_least_squares_wants_one_for_real_and_nought_for_made() -> None:
    one, nought = [torch.ones(2, 1, 3, 3)] * 2, [torch.zeros(2, 1, 3, 3)] * 2
    assert real_or_made(one, nought) == 0
    assert real_or_made(nought, one) == 2
    assert taken_for_real(one) == 0
    assert taken_for_real(nought) == 1


def test_texture_loss_is_relative() -> None:
    grams = [torch.rand(2, 4, 4) + 1, torch.rand(2, 6, 6) + 1]
    assert texture_loss(grams, grams) == 0
    assert texture_loss([1.5 * gram for gram in grams], grams) == pytest.approx(0.5, rel=1e-5)


def test_losses_reach_every_weight_of_the_generator() -> None:
    network = SurfaceGenerator(2, 8)
    network(torch.randn(1, 1, 64, 64), torch.randn(1, 1, 64, 64), torch.ones(1, 1), ONE).square().mean().backward()
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in network.parameters())
