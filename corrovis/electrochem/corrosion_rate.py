"""From a corrosion current density to millimetres a year, and from several temperatures to an activation energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corrovis.curves import ActivationEnergy, Quantity, Real
from corrovis.electrochem.sweeps import counted
from corrovis.errors import BadInputError

K_MM_YEAR = 3.27e-3 * 1e6  # mm g / (A cm year), ASTM G102 with i in A/cm2
MPY = 1 / 0.0254  # thousandths of an inch in a millimetre
GAS_CONSTANT = 8.314462618  # J/(mol K)
ATOMIC_WEIGHTS = {
    "Fe": 55.845, "Cr": 51.996, "Ni": 58.693, "Mo": 95.95, "Mn": 54.938, "Mg": 24.305, "Al": 26.982, "Zn": 65.38, "Cu": 63.546,
    "Ti": 47.867, "Sn": 118.71, "Co": 58.933,
}  # fmt: skip
VALENCES = {"Fe": 2, "Cr": 3, "Ni": 2, "Mo": 3, "Mn": 2, "Mg": 2, "Al": 3, "Zn": 2, "Cu": 2, "Ti": 4, "Sn": 2, "Co": 2}


@dataclass(frozen=True, slots=True)
class Alloy:
    """Mass percentages of the elements that corrode, and the density in g/cm3."""

    percent: dict[str, float]
    density: float

    @property
    def equivalent_weight(self) -> float:
        """g per mole of electrons: 1 / sum of n_i f_i / W_i over elements above 1 % (ASTM G102)."""
        total = sum(self.percent.values())
        parts = [VALENCES[e] * p / total / ATOMIC_WEIGHTS[e] for e, p in self.percent.items() if p >= 1]
        return 1 / sum(parts)


# Nominal compositions: 316L and AZ31B are the alloys of the seed.
ALLOYS = {
    "316L": Alloy({"Fe": 68.5, "Cr": 17.0, "Ni": 12.0, "Mo": 2.5}, 7.98),
    "304": Alloy({"Fe": 71.75, "Cr": 19.0, "Ni": 9.25}, 7.94),
    "AZ31B": Alloy({"Mg": 96.0, "Al": 3.0, "Zn": 1.0}, 1.77),
    "carbon steel": Alloy({"Fe": 100.0}, 7.87),
}


def read_composition(text: str) -> dict[str, float]:
    """ "Fe=68,Cr=17,Ni=12" as mass percentages.

    Raises:
        BadInputError: not of this form, or an element above 1 % whose valence is not known here
    """
    parts = [part.partition("=") for part in text.split(",")]
    try:
        percent = {element.strip().capitalize(): float(value.strip().removesuffix("%")) for element, _, value in parts}
    except ValueError:
        percent = {}
    if not percent or len(percent) < len(parts) or not all(0 <= value <= 100 for value in percent.values()):
        raise BadInputError(f"composition {text!r} is not understood; write mass percentages like Fe=68,Cr=17,Ni=12")
    strange = [element for element, value in percent.items() if value >= 1 and element not in VALENCES]
    if strange or not any(value >= 1 for value in percent.values()):
        known = ", ".join(VALENCES)
        raise BadInputError(f"no valence is known for {', '.join(strange) or text}, only for {known}; give the equivalent weight")
    total = sum(percent.values())
    if not 90 <= total <= 101:
        raise BadInputError(f"the composition sums to {total:g} %; give mass percentages of all elements, 100 % together")
    return percent


def corrosion_rate(i_corr: Quantity, equivalent_weight: float, density: float) -> Quantity:
    """mm/year = 3.27e-3 i (uA/cm2) EW / density (ASTM G102); for mpy multiply by `MPY`.

    Raises:
        BadInputError: a weight or density that is not positive
    """
    if not (equivalent_weight > 0 and density > 0):
        raise BadInputError("equivalent weight (g) and density (g/cm3) must be above 0; for iron they are 27.92 and 7.87")
    factor = K_MM_YEAR * equivalent_weight / density
    return Quantity(factor * i_corr.value, factor * i_corr.sigma, "mm/year")


@dataclass(frozen=True, slots=True, eq=False)
class Arrhenius:
    """Corrosion currents in A/cm2 at temperatures in K, each (n,), and the energy in their slope."""

    kelvin: Real
    i_corr: Real
    energy: ActivationEnergy


def pair_temperatures(temperatures_k: Sequence[float], i_corr: Mapping[int, float], files: int) -> Arrhenius | None:
    """A temperature for each of so many files, and the currents of those that could be fitted, by their place; None without any.

    Raises:
        BadInputError: not one temperature for each file, or fewer than three with a current
    """
    if not temperatures_k:
        return None
    if len(temperatures_k) != files:
        have = f"{counted(len(temperatures_k), 'temperature')} for {counted(files, 'file')}"
        raise BadInputError(f"{have}; give one in kelvin for each, in their order")
    kelvin, currents = [temperatures_k[place] for place in i_corr], list(i_corr.values())
    return Arrhenius(np.array(kelvin), np.array(currents), activation_energy(kelvin, currents))


def activation_energy(temperatures_k: Sequence[float], i_corr: Sequence[float]) -> ActivationEnergy:
    """Slope of ln i_corr over 1/T, as the seed's series at 303 to 323 K; three temperatures or more.

    Raises:
        BadInputError: fewer than three temperatures, or one that is not in kelvin
    """
    t, i = np.asarray(temperatures_k, np.float64), np.asarray(i_corr, np.float64)
    if len(t) != len(i) or len(np.unique(t)) < 3:
        raise BadInputError("an activation energy needs currents at three or more temperatures")
    if not (t > 200).all() or not (i > 0).all():
        raise BadInputError("temperatures must be in kelvin and currents above 0")
    (slope, offset), covariance = np.polyfit(1 / t, np.log(i), 1, cov="unscaled")
    left = np.log(i) - slope / t - offset
    scatter = float(left @ left) / max(1, len(t) - 2)
    sigma = np.sqrt(np.diag(covariance) * scatter)
    spread = float(np.sum((np.log(i) - np.log(i).mean()) ** 2))
    return ActivationEnergy(
        Quantity(float(-slope * GAS_CONSTANT / 1e3), float(sigma[0] * GAS_CONSTANT / 1e3), "kJ/mol"),
        Quantity(float(np.exp(offset)), float(np.exp(offset) * sigma[1]), "A/cm2"),
        1 - float(left @ left) / spread if spread > 0 else float("nan"),
    )
