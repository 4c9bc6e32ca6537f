"""A fit as the answer of the contract (plain numbers, null for what is not known) and as CSV."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.curves import CircuitFit, Quantity, TafelFit
from corrovis.electrochem.corrosion_rate import ALLOYS, MPY, corrosion_rate
from corrovis.errors import BadInputError

NO_METAL = "no corrosion rate: name an alloy, or give equivalent weight and density"


def finite(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None


def measured(quantity: Quantity) -> dict[str, float | None]:
    return {"value": finite(quantity.value), "sigma": finite(quantity.sigma)}


def metal(alloy: str | None, equivalent_weight: float | None, density: float | None) -> tuple[float, float] | None:
    """Equivalent weight in g and density in g/cm3; None if the caller named neither.

    Raises:
        BadInputError: an unknown alloy, or only one of weight and density
    """
    if alloy:
        known = {name.lower(): one for name, one in ALLOYS.items()}
        if alloy.lower() not in known:
            raise BadInputError(
                f"no alloy is called {alloy}; there are {', '.join(ALLOYS)}; else give equivalent weight and density"
            )
        one = known[alloy.lower()]
        return equivalent_weight or one.equivalent_weight, density or one.density
    if (equivalent_weight is None) != (density is None):
        raise BadInputError("a corrosion rate needs both equivalent weight (g) and density (g/cm3)")
    return (equivalent_weight, density) if equivalent_weight is not None and density is not None else None


def tafel_answer(fit: TafelFit, of: tuple[float, float] | None) -> dict[str, Any]:
    """The contract's keys for a polarisation curve; `of` is equivalent weight and density."""
    rate = corrosion_rate(fit.i_corr, *of) if of else Quantity(float("nan"), float("nan"), "mm/year")
    mpy = Quantity(rate.value * MPY, rate.sigma * MPY, "mpy")
    return {
        "method": fit.method,
        "e_corr_v": measured(fit.e_corr),
        "i_corr_a_cm2": measured(fit.i_corr),
        "beta_a_v_dec": measured(fit.beta_a),
        "beta_c_v_dec": measured(fit.beta_c),
        "corrosion_rate_mm_y": measured(rate),
        "corrosion_rate_mpy": measured(mpy),
        "window_v": [round(edge, 5) for edge in fit.window_v],
        "converged": fit.converged,
        "residual_decades": finite(fit.residual_decades),
        "warnings": [*fit.warnings, *([] if of else [NO_METAL])],
    }


def circuit_answer(fit: CircuitFit) -> dict[str, Any]:
    """The contract's keys for an impedance spectrum."""
    test = fit.kramers_kronig
    return {
        "circuit": fit.circuit,
        "parameters": {name: {**measured(q), "unit": q.unit} for name, q in fit.parameters.items()},
        "chi_squared": finite(fit.chi_squared),
        "converged": fit.converged,
        "kramers_kronig": {"mu": finite(test.mu), "residual_max": finite(test.residual_max)},
        "effective_capacitances": {name: {**measured(q), "unit": q.unit} for name, q in fit.capacitances.items()},
        "other_optima": [{"times_the_squares": finite(times), "parameters": values} for times, values in fit.rivals],
        "runners_up": [
            {"circuit": c.circuit, "chi_squared": finite(c.chi_squared), "weight": finite(c.weight)} for c in fit.runners_up
        ],
        "warnings": list(fit.warnings),
    }


def write_csv(fit: TafelFit | CircuitFit, path: Path) -> None:
    """Measured and fitted points, one row each, with units in the headings."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if isinstance(fit, TafelFit):
            order = np.argsort(fit.curve.potential_v)
            data = np.interp(fit.potential_v, fit.curve.potential_v[order], fit.curve.current_a_cm2[order])
            writer.writerow(["E (V)", "i (A/cm2)", "i fit (A/cm2)"])
            writer.writerows(zip(fit.potential_v.tolist(), data.tolist(), fit.model_a_cm2.tolist(), strict=True))
            return
        unit = fit.spectrum.unit
        writer.writerow(["f (Hz)", f"Z' ({unit})", f"Z'' ({unit})", f"Z' fit ({unit})", f"Z'' fit ({unit})"])
        z, model = fit.spectrum.impedance, fit.model
        columns = (fit.spectrum.frequency_hz, z.real, z.imag, model.real, model.imag)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
