"""Polarisation curves that are drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from corrovis.curves import PolarizationCurve

# V, A/cm2, V/decade
E_CORR, I_CORR, BETA_A, BETA_C = -0.45, 1e-5, 0.08, 0.12


def kinetics(eta: np.ndarray, limit: float = np.inf, plateau: float = np.inf) -> np.ndarray:
    """Current in A/cm2 at overpotentials `eta` in V, with the cathodic limit and the anodic plateau in A/cm2."""
    parts = ((10 ** (eta / BETA_A), I_CORR / plateau), (10 ** (-eta / BETA_C), I_CORR / limit))
    anodic, cathodic = (size / (1 - ratio + ratio * size) for size, ratio in parts)
    out: np.ndarray = I_CORR * (anodic - cathodic)
    return out


def measured(eta: np.ndarray, i: np.ndarray, noise: float, resistance: float = 0) -> PolarizationCurve:
    """What an instrument would record of `i` at `eta`: with relative noise and the ohmic drop over `resistance`, ohm cm2."""
    random = np.random.default_rng(3)
    noisy = i * (1 + noise * random.standard_normal(len(i))) + 1e-3 * noise * I_CORR
    return PolarizationCurve(eta + E_CORR + i * resistance, noisy, "simulated")


def curve(
    low: float = -0.25, high: float = 0.25, noise: float = 0.01, resistance: float = 0, limit: float = np.inf
) -> PolarizationCurve:
    """A sweep from `low` to `high` V around E_corr."""
    eta = np.arange(low, high, 0.001)
    return measured(eta, kinetics(eta, limit), noise, resistance)


def write_curve(path: Path, headings: str, per_a: float, i_corr: float = 2e-5, step_v: float = 0.004) -> Path:
    """The kinetics at another `i_corr`, to `path`; currents in a unit of which `per_a` make an ampere, as `headings` say."""
    eta = np.arange(-0.2, 0.2, step_v)
    current = i_corr / I_CORR * kinetics(eta)
    between = ";" if ";" in headings else ","
    rows = [f"{e + E_CORR:.4f}{between}{per_a * i:.6g}" for e, i in zip(eta, current, strict=True)]
    path.write_text("\n".join([headings, *rows]))
    return path
