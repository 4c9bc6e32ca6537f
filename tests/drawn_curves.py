"""Polarisation curves that are drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_curve(path: Path, headings: str, per_a: float, i_corr: float = 2e-5, step_v: float = 0.004) -> Path:
    """E_corr -0.45 V, slopes 80 and 120 mV/decade; currents in a unit of which `per_a` make an ampere, as `headings` say."""
    eta = np.arange(-0.2, 0.2, step_v)
    current = i_corr * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    between = ";" if ";" in headings else ","
    rows = [f"{e - 0.45:.4f}{between}{per_a * i:.6g}" for e, i in zip(eta, current, strict=True)]
    path.write_text("\n".join([headings, *rows]))
    return path
