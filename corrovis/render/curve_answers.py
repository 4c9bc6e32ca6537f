"""A fit as the answer of the contract (plain numbers, null for what is not known) and as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corrovis.curves import CircuitFit, MixedFit, Quantity, TafelFit
from corrovis.electrochem.corrosion_rate import ALLOYS, MPY, Alloy, Arrhenius, corrosion_rate, read_composition
from corrovis.electrochem.kramers_kronig import MIN_POINTS, relaxation_times
from corrovis.electrochem.polarization import fit_resistance
from corrovis.errors import BadInputError

Metal = tuple[float, float]  # equivalent weight in g, density in g/cm3
NO_METAL = "no corrosion rate: name an alloy, or give equivalent weight and density"


def finite(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None


def measured(quantity: Quantity) -> dict[str, float | None]:
    return {"value": finite(quantity.value), "sigma": finite(quantity.sigma)}


def metal(
    alloy: str | None, equivalent_weight: float | None, density: float | None, composition: str | None = None
) -> Metal | None:
    """Equivalent weight in g and density in g/cm3; None if the caller named neither.

    `composition` in mass % gives the weight by ASTM G102 eq. 4, with the valences of `VALENCES`.

    Raises:
        BadInputError: an unknown alloy or composition, or only one of weight and density
    """
    if composition:
        if alloy or equivalent_weight is not None:
            raise BadInputError("the composition gives the equivalent weight; leave out alloy and equivalent weight")
        equivalent_weight = Alloy(read_composition(composition), density or 0.0).equivalent_weight
    if alloy:
        known = {name.lower(): one for name, one in ALLOYS.items()}
        if alloy.lower() not in known:
            raise BadInputError(
                f"no alloy is called {alloy}; there are {', '.join(ALLOYS)}; else give equivalent weight and density"
            )
        one = known[alloy.lower()]
        weight = one.equivalent_weight if equivalent_weight is None else equivalent_weight
        return weight, one.density if density is None else density
    if (equivalent_weight is None) != (density is None):
        raise BadInputError("a corrosion rate needs both equivalent weight (g) or composition (mass %), and density (g/cm3)")
    return (equivalent_weight, density) if equivalent_weight is not None and density is not None else None


def tafel_quantities(fit: TafelFit, of: Metal | None) -> dict[str, Quantity | None]:
    """All that a polarisation curve gave, by the contract's keys; None for what its model or its data leave out."""
    rate = corrosion_rate(fit.i_corr, *of) if of else Quantity(float("nan"), float("nan"), "mm/year")
    limit, ohmic = (fit.i_limit, fit.resistance) if isinstance(fit, MixedFit) else (None, None)
    return {
        "e_corr_v": fit.e_corr,
        "i_corr_a_cm2": fit.i_corr,
        "beta_a_v_dec": fit.beta_a,
        "beta_c_v_dec": fit.beta_c,
        "i_limit_a_cm2": limit,
        "ohmic_resistance_ohm_cm2": ohmic,
        "polarisation_resistance_ohm_cm2": _polarisation_resistance(fit),
        "stern_geary_v": fit.stern_geary if math.isfinite(fit.stern_geary.value) else None,
        "corrosion_rate_mm_y": rate,
        "corrosion_rate_mpy": Quantity(rate.value * MPY, rate.sigma * MPY, "mpy"),
    }


def _polarisation_resistance(fit: TafelFit) -> Quantity | None:
    try:
        return fit_resistance(fit.curve).resistance
    except BadInputError:  # too few points near E_corr; the fit itself needs none there
        return None


def tafel_answer(fit: TafelFit, of: Metal | None) -> dict[str, Any]:
    """The contract's keys for a polarisation curve; `of` is equivalent weight and density."""
    return {
        "method": fit.method,
        **{key: q and measured(q) for key, q in tafel_quantities(fit, of).items()},
        "window_v": [round(edge, 5) for edge in fit.window_v],
        "converged": fit.converged,
        "residual_decades": finite(fit.residual_decades),
        "warnings": [*fit.warnings, *([] if of else [NO_METAL])],
    }


def activation_answer(series: Arrhenius | None) -> dict[str, Any]:
    """Of a temperature series; null without temperatures."""
    energy = series and series.energy
    return {
        "activation_energy_kj_mol": energy and measured(energy.energy),
        "prefactor_a_cm2": energy and measured(energy.prefactor),
        "r_squared": energy and finite(energy.r_squared),
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
        "relaxation_times": _relaxation_peaks(fit),
        "effective_capacitances": {name: {**measured(q), "unit": q.unit} for name, q in fit.capacitances.items()},
        "other_optima": [{"times_the_squares": finite(times), "parameters": values} for times, values in fit.rivals],
        "runners_up": [
            {"circuit": c.circuit, "chi_squared": finite(c.chi_squared), "weight": finite(c.weight)} for c in fit.runners_up
        ],
        "warnings": list(fit.warnings),
    }


def _relaxation_peaks(fit: CircuitFit) -> list[dict[str, float]]:
    """Peaks of the distribution of relaxation times, fast ones first; none of a spectrum too short for one."""
    peaks = relaxation_times(fit.spectrum).peaks if len(fit.spectrum) >= MIN_POINTS else []
    return [{"tau_s": tau, "resistance": resistance} for tau, resistance in peaks]


def write_parameters(fits: Sequence[TafelFit | CircuitFit], of: Metal | None, path: Path) -> None:
    """What the fits found, a row for each number; empty where the data do not tell it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["curve", "fit", "parameter", "value", "sigma", "unit"])
        for fit in fits:
            if isinstance(fit, CircuitFit):
                name, method = fit.spectrum.name, fit.circuit
                found = fit.parameters | {f"{cpe} effective capacitance": q for cpe, q in fit.capacitances.items()}
            else:
                name, method = fit.curve.name, fit.method
                found = {key: q for key, q in tafel_quantities(fit, of).items() if q and math.isfinite(q.value)}
            writer.writerows([name, method, key, q.value, finite(q.sigma), q.unit] for key, q in found.items())


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
