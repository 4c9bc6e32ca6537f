"""Calculate the page's example curves: `python examples/make_curves.py`.

Steel in salt water as the textbook has it, with an instrument's noise: Butler-Volmer kinetics with a limiting current and the
solution's resistance (Bard and Faulkner, eq. 3.4.11), and a double layer behind that resistance (Randles).  Nobody measured them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import brentq

FOLDER = Path(__file__).parent / "curves"
E_CORR, I_CORR = -0.412, 3.2e-6  # V, A/cm2
SLOPE_A, SLOPE_C = 0.075, 0.135  # V a decade
LIMIT, R_S = 9e-5, 11.0  # A/cm2 of oxygen, ohm cm2
R_CT, Q, N = 6400.0, 4.1e-5, 0.86  # ohm cm2, S s^n/cm2


def current(potential: float) -> float:
    """A/cm2 at a potential against the reference, the drop over the solution taken off."""

    def unbalanced(i: float) -> float:
        over = potential - i * R_S - E_CORR
        cathodic = I_CORR * 10 ** (-over / SLOPE_C)
        return I_CORR * 10 ** (over / SLOPE_A) - cathodic / (1 + cathodic / LIMIT) - i

    return float(brentq(unbalanced, -1, 1))


def main() -> None:
    dice = np.random.default_rng(0)
    FOLDER.mkdir(exist_ok=True)
    rows = ["Potential (V vs Ag/AgCl),Current density (A/cm2)"]
    for potential in np.arange(E_CORR - 0.25, E_CORR + 0.25, 0.002):
        rows.append(f"{potential:.4f},{current(potential) * dice.normal(1, 0.01) + dice.normal(0, 5e-9):.5e}")
    (FOLDER / "polarisation.csv").write_text("\n".join(rows) + "\n")
    rows = ["Frequency (Hz),Z' (ohm cm2),-Z'' (ohm cm2)"]
    for frequency in np.logspace(5, -2, 57):
        z = R_S + 1 / (1 / R_CT + Q * (2j * np.pi * frequency) ** N)
        z *= 1 + dice.normal(0, 0.003) + 1j * dice.normal(0, 0.003)
        rows.append(f"{frequency:.5g},{z.real:.6g},{-z.imag:.6g}")
    (FOLDER / "impedance.csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
