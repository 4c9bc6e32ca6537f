"""A fit of a curve as the answer of the contract: plain numbers, null for what is not known."""

from __future__ import annotations

from typing import Any

from corrovis.curves import CircuitFit, TafelFit
from corrovis.electrochem.corrosion_rate import Arrhenius, Metal
from corrovis.render.curve_quantities import finite, measured, rate_notes, tafel_quantities


def tafel_answer(fit: TafelFit, of: Metal | None) -> dict[str, Any]:
    """The contract's keys for a polarisation curve; `of` is equivalent weight and density."""
    return {
        "method": fit.method,
        **{key: q and measured(q) for key, q in tafel_quantities(fit, of).items()},
        "window_v": [round(edge, 5) for edge in fit.window_v],
        "converged": fit.converged,
        "residual_decades": finite(fit.residual_decades),
        "area_cm2": fit.curve.area_cm2,
        "equivalent_weight_g": of and of[0],
        "density_g_cm3": of and of[1],
        "warnings": [*fit.warnings, *rate_notes(of)],
    }


def activation_answer(series: Arrhenius | None) -> dict[str, Any]:
    """Of a temperature series; null without temperatures."""
    energy = series and series.energy
    return {
        "activation_energy_kj_mol": energy and measured(energy.energy),
        "prefactor_a_cm2": energy and measured(energy.prefactor),
        "r_squared": energy and finite(energy.r_squared),
        "activation_warnings": [*series.warnings] if series else [],
    }


def circuit_answer(fit: CircuitFit) -> dict[str, Any]:
    """The contract's keys for an impedance spectrum."""
    test = fit.kramers_kronig
    return {
        "circuit": fit.circuit,
        "parameters": {name: {**measured(q), "unit": q.unit} for name, q in fit.parameters.items()},
        "chi_squared": finite(fit.chi_squared),
        "area_cm2": fit.spectrum.area_cm2,
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
    peaks = fit.relaxation_times.peaks if fit.relaxation_times else []
    return [{"tau_s": tau, "resistance": resistance} for tau, resistance in peaks]
