"""What fits found as quantities under their labels: as people write them (`written`), as plain numbers, and as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corrovis.curves import CircuitFit, MixedFit, Quantity, TafelFit
from corrovis.electrochem.corrosion_rate import MPY, Arrhenius, Metal, corrosion_rate

NO_METAL = "no corrosion rate: name an alloy, or give equivalent weight and density"

# Key of the answer: what people call it, factor, unit.
LABELS = {
    "e_corr_v": ("E corr", 1e3, "mV"),
    "i_corr_a_cm2": ("i corr", 1.0, "A/cm²"),
    "beta_a_v_dec": ("Anodic slope", 1e3, "mV/decade"),
    "beta_c_v_dec": ("Cathodic slope", 1e3, "mV/decade"),
    "i_limit_a_cm2": ("Limiting current", 1.0, "A/cm²"),
    "i_passive_a_cm2": ("Passive plateau", 1.0, "A/cm²"),
    "ohmic_resistance_ohm_cm2": ("Ohmic resistance", 1.0, "Ω cm²"),
    "polarisation_resistance_ohm_cm2": ("Polarisation resistance", 1.0, "Ω cm²"),
    "stern_geary_v": ("Stern-Geary B", 1e3, "mV"),
    "corrosion_rate_mm_y": ("Corrosion rate", 1.0, "mm/year"),
    "corrosion_rate_mpy": ("Corrosion rate", 1.0, "mpy"),
    "activation_energy_kj_mol": ("Activation energy", 1.0, "kJ/mol"),
    "prefactor_a_cm2": ("Prefactor", 1.0, "A/cm²"),
    "r_squared": ("R² of the line", 1.0, ""),
    "window_low_v": ("Fit window from", 1e3, "mV"),
    "window_high_v": ("Fit window to", 1e3, "mV"),
    "residual_decades": ("Residual of log |i|", 1.0, "decades"),
    "area_cm2": ("Area", 1.0, "cm²"),
    "equivalent_weight_g": ("Equivalent weight", 1.0, "g"),
    "density_g_cm3": ("Density", 1.0, "g/cm³"),
    "chi_squared": ("χ² per degree of freedom", 1.0, ""),
    "kramers_kronig_residual_max": ("Kramers-Kronig, largest residual", 100.0, "%"),
}
POTENTIALS = ("e_corr_v", "window_low_v", "window_high_v")  # against the reference electrode, where one is named
PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
PREFIXED = {"Ω": (0, 9), "A": (-12, 0), "F": (-12, 0), "S": (-12, 0), "H": (-12, 0), "s": (-12, 0)}  # usual powers of ten
DIGITS, MOST_DIGITS = 4, 7  # of a value without sigma; of one that is known still better
PLAIN, MOST_DECIMALS = (1e-4, 1e7), 9  # sizes that are written without a power of ten
UNDETERMINED = 1e4  # times the lower limit: data that leave an upper one so far off do not tell the value
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Written:
    """A quantity as people write it; what is not known is empty."""

    label: str
    value: str
    sigma: str
    low: str
    high: str
    unit: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.value, self.sigma and f"± {self.sigma}", self.unit) if part)


def written(key: str, found: Quantity | Mapping[str, Any], reference: str = "") -> Written:
    """A quantity or its answer under the label and in the unit of `LABELS`; another by its key and in its own unit.

    Sigma has two digits, value and 95 % limits end where it ends, but have two digits themselves; limits that are `UNDETERMINED`
    are empty; a share that is nearly 1 has as many as tell it from 1.
    """
    answer: Mapping[str, Any] = {**measured(found), "unit": found.unit} if isinstance(found, Quantity) else found
    label, factor, unit = LABELS.get(key, (key, 1.0, written_unit(answer.get("unit", ""))))
    unit = _against(key, unit, reference)
    if answer["value"] is None:
        return Written(label, "", "", "", "", unit)
    power = _power(factor * answer["value"], unit)
    unit, factor = PREFIXES[power] + unit, factor / 10.0**power
    value, sigma = factor * answer["value"], factor * (answer["sigma"] or 0.0)
    if sigma == 0:
        near_1 = min(-_order(1 - value), MOST_DIGITS) if 0 < value < 1 else 0
        text = _number(value, max(DIGITS - 1 - _order(value), near_1), value)
        return Written(label, text.rstrip("0").rstrip(".") if "." in text else text, "", "", "", unit)
    decimals = 1 - _order(float(f"{sigma:.1e}"))
    places = min(decimals, MOST_DIGITS - 1 - _order(value))
    ends = [factor * answer[part] if part in answer else math.nan for part in ("low_95", "high_95")]
    if 0 < ends[0] < ends[1] / UNDETERMINED:
        ends = [math.nan, math.nan]
    value_text, low, high = (
        _number(one, max(places, 1 - _order(one)), value) if math.isfinite(one) else "" for one in (value, *ends)
    )
    return Written(label, value_text, _number(sigma, decimals, value), low, high, unit)


def written_unit(unit: str) -> str:
    """ "ohm cm2" as "Ω cm²"."""
    return unit.replace("ohm", "Ω").replace("cm2", "cm²")


def _against(key: str, unit: str, reference: str) -> str:
    return f"{unit} vs {reference}" if reference and key in POTENTIALS else unit


def _power(value: float, unit: str) -> int:
    """Of ten, of the prefix with which a unit is usual for such a value."""
    low, high = PREFIXED.get(unit.partition("/")[0].partition(" ")[0], (0, 0))
    return min(max(3 * (_order(value) // 3), low), high)


def _order(value: float) -> int:
    """The power of ten of the first digit; 0 for 0 and what is no number."""
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0


def _number(value: float, decimals: int, beside: float) -> str:
    """Rounded to so many decimals, or to tens and hundreds; with a power of ten where the value that it stands beside has one."""
    value = round(value, decimals)
    plain = abs(beside) >= PLAIN[0] and decimals <= MOST_DECIMALS and abs(value) < PLAIN[1]
    if value == 0 or plain:
        return f"{value:.{max(decimals, 0)}f}"
    power = _order(value)
    digits = min(max(decimals + power, 0), MOST_DIGITS - 1)
    return f"{value / 10.0**power:.{digits}f}×10{str(power).translate(RAISED)}"


def finite(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None


def measured(quantity: Quantity) -> dict[str, float | None]:
    """Value and sigma; with a sigma also the 95 % limits."""
    low, high = quantity.limits_95
    limits = {"low_95": float(low), "high_95": float(high)} if math.isfinite(low) and math.isfinite(high) else {}
    return {"value": finite(quantity.value), "sigma": finite(quantity.sigma), **limits}


def rate_notes(of: Metal | None) -> list[str]:
    """What is to be said of a corrosion rate, or of that there is none."""
    if of is None:
        return [NO_METAL]
    return [of.note] if of.note else []


def tafel_quantities(fit: TafelFit, of: Metal | None) -> dict[str, Quantity | None]:
    """All that a polarisation curve gave, by the contract's keys; None for what its model or its data leave out."""
    rate = corrosion_rate(fit.i_corr, *of[:2]) if of else Quantity(float("nan"), float("nan"), "mm/year")
    limit, passive, ohmic = (fit.i_limit, fit.i_passive, fit.resistance) if isinstance(fit, MixedFit) else (None, None, None)
    return {
        "e_corr_v": fit.e_corr,
        "i_corr_a_cm2": fit.i_corr,
        "beta_a_v_dec": fit.beta_a,
        "beta_c_v_dec": fit.beta_c,
        "i_limit_a_cm2": limit,
        "i_passive_a_cm2": passive,
        "ohmic_resistance_ohm_cm2": ohmic,
        "polarisation_resistance_ohm_cm2": fit.polarisation_resistance,
        "stern_geary_v": fit.stern_geary if math.isfinite(fit.stern_geary.value) else None,
        "corrosion_rate_mm_y": rate,
        "corrosion_rate_mpy": rate.scaled(MPY, "mpy"),
    }


def conditions(fit: TafelFit | CircuitFit, of: Metal | None) -> dict[str, Quantity]:
    """What a fit rests on, so that it can be repeated, and how well it explains the data."""
    told: dict[str, tuple[float | None, str]]
    if isinstance(fit, CircuitFit):
        told = {
            "chi_squared": (fit.chi_squared, ""),
            "kramers_kronig_residual_max": (fit.kramers_kronig.residual_max, ""),
            "area_cm2": (fit.spectrum.area_cm2, "cm2"),
        }
    else:
        weight, density = of[:2] if of else (None, None)
        told = {
            "window_low_v": (fit.window_v[0], "V"),
            "window_high_v": (fit.window_v[1], "V"),
            "residual_decades": (fit.residual_decades, "decades"),
            "area_cm2": (fit.curve.area_cm2, "cm2"),
            "equivalent_weight_g": (weight, "g"),
            "density_g_cm3": (density, "g/cm3"),
        }
    return {key: Quantity(value, math.nan, unit) for key, (value, unit) in told.items() if value is not None}


def arrhenius_quantities(series: Arrhenius) -> dict[str, Quantity]:
    """What a temperature series gave, by the contract's keys."""
    energy = series.energy
    return {
        "activation_energy_kj_mol": energy.energy,
        "prefactor_a_cm2": energy.prefactor,
        "r_squared": Quantity(energy.r_squared, math.nan, ""),
    }


def write_parameters(
    fits: Sequence[TafelFit | CircuitFit], of: Metal | None, path: Path, series: Arrhenius | None = None, reference: str = ""
) -> None:
    """What the fits found and rest on, a row for each number; empty where the data do not tell it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["curve", "fit", "parameter", "value", "sigma", "low_95", "high_95", "unit"])
        for fit in fits:
            if isinstance(fit, CircuitFit):
                name, method = fit.spectrum.name, fit.circuit
                found = fit.parameters | {f"{cpe} effective capacitance": q for cpe, q in fit.capacitances.items()}
            else:
                name, method = fit.curve.name, fit.method
                found = {key: q for key, q in tafel_quantities(fit, of).items() if q}
            writer.writerows(_record(name, method, found | conditions(fit, of), reference))
        if series:
            writer.writerows(_record("all curves", "Arrhenius", arrhenius_quantities(series)))


def _record(name: str, method: str, found: dict[str, Quantity], reference: str = "") -> list[list[Any]]:
    return [
        [name, method, key, q.value, finite(q.sigma), *map(finite, q.limits_95), _against(key, q.unit, reference)]
        for key, q in found.items()
        if math.isfinite(q.value)
    ]


def write_csv(fit: TafelFit | CircuitFit, path: Path, reference: str = "") -> None:
    """The measured points that were fitted and the fit there, one row each, with units in the headings."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if isinstance(fit, TafelFit):
            writer.writerow([f"E (V) vs {reference}" if reference else "E (V)", "i (A/cm2)", "i fit (A/cm2)"])
            points = (fit.potential_v, fit.measured_a_cm2, fit.model_a_cm2)
            writer.writerows(zip(*(column.tolist() for column in points), strict=True))
            return
        unit = fit.spectrum.unit
        writer.writerow(["f (Hz)", f"Z' ({unit})", f"Z'' ({unit})", f"Z' fit ({unit})", f"Z'' fit ({unit})"])
        z, model = fit.spectrum.impedance, fit.model
        columns = (fit.spectrum.frequency_hz, z.real, z.imag, model.real, model.imag)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
