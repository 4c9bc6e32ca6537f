"""From a corrosion current density to millimetres a year, and from several temperatures to an activation energy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from corrovis.curves import ORDER_OF_MAGNITUDE, ActivationEnergy, Quantity, check_column
from corrovis.electrochem.sweeps import counted
from corrovis.errors import BadInputError
from corrovis.results import Real

K_MM_YEAR = 3.27e-3 * 1e6  # mm g / (A cm year), ASTM G102 with i in A/cm2
MOST_WEIGHT, MOST_DENSITY = 300.0, 30.0  # g, more than any element has, and g/cm3
MPY = 1 / 0.0254  # thousandths of an inch in a millimetre
GAS_CONSTANT = 8.314462618  # J/(mol K)
ATOMIC_WEIGHTS = {
    "Fe": 55.845, "Cr": 51.996, "Ni": 58.693, "Mo": 95.95, "Mn": 54.938, "Mg": 24.305, "Al": 26.982, "Zn": 65.38, "Cu": 63.546,
    "Ti": 47.867, "Sn": 118.71, "Co": 58.933, "Nb": 92.906, "V": 50.942, "W": 183.84, "Si": 28.085, "Ta": 180.948, "Zr": 91.224,
    "Ag": 107.868, "Pb": 207.2,
}  # fmt: skip
# The lowest that ASTM G102 lists, but for those whose ions are of a higher one; "Cr(6)=17" takes another.
VALENCES = {
    "Fe": 2, "Cr": 3, "Ni": 2, "Mo": 3, "Mn": 2, "Mg": 2, "Al": 3, "Zn": 2, "Cu": 2, "Ti": 4, "Sn": 2, "Co": 2, "Nb": 4, "V": 3,
    "W": 4, "Si": 4, "Ta": 5, "Zr": 4, "Ag": 1, "Pb": 2,
}  # fmt: skip
INERT = ("B", "C", "N", "P", "S")  # they dissolve as no metal does: graphite and carbides stay behind
MAX_VALENCE = 8
MOST_TOTAL = 103.0  # % of a nominal composition; that of C-22 sums to 102
LEAST = 0.01  # relative error that a current has at least, for no fit's sigma tells of another specimen
LEAST_SPAN_K = 5.0  # of a temperature series: over less its slope is the scatter of the currents


class Metal(NamedTuple):
    """Equivalent weight in g, density in g/cm3, and what is to be said of them."""

    equivalent_weight: float
    density: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alloy:
    """Mass percentages of the elements that corrode, and the density in g/cm3; `valences` are those other than the usual."""

    percent: dict[str, float]
    density: float
    valences: dict[str, int] = field(default_factory=dict)

    @property
    def equivalent_weight(self) -> float:
        """g per mole of electrons: 1 / sum of n_i f_i / W_i over the metals above 1 %, which are the whole (ASTM G102)."""
        main, valences = {e: p for e, p in self.percent.items() if p >= 1 and e not in INERT}, VALENCES | self.valences
        return sum(main.values()) / sum(valences[e] * p / ATOMIC_WEIGHTS[e] for e, p in main.items())

    @property
    def note(self) -> str:
        """Which elements above 1 % do not count; empty for none."""
        left = ", ".join(e for e, p in self.percent.items() if p >= 1 and e in INERT)
        return f"left out of the equivalent weight, as no metal that corrodes: {left}" if left else ""


# Nominal compositions: 316L and AZ31B are the alloys of the seed.
ALLOYS = {
    "316L": Alloy({"Fe": 68.5, "Cr": 17.0, "Ni": 12.0, "Mo": 2.5}, 7.98),
    "304": Alloy({"Fe": 71.75, "Cr": 19.0, "Ni": 9.25}, 7.94),
    "AZ31B": Alloy({"Mg": 96.0, "Al": 3.0, "Zn": 1.0}, 1.77),
    "carbon steel": Alloy({"Fe": 100.0}, 7.87),
}


def read_composition(text: str, density: float) -> Alloy:
    """ "Fe=68,Cr=17,Ni=12" as an alloy of mass percentages; "Cr(6)=17" names another valence than the usual.

    Raises:
        BadInputError: not of this form, or an element above 1 % whose valence is not known here
    """
    parts = [re.fullmatch(r"\s*([A-Za-z]+)\s*(?:\((\d)\))?\s*=\s*([0-9.]+)\s*%?\s*", part) for part in text.split(",")]
    try:
        percent = {part[1].capitalize(): float(part[3]) for part in parts if part}
    except ValueError:
        percent = {}
    valences = {part[1].capitalize(): int(part[2]) for part in parts if part and part[2]}
    possible = all(0 <= value <= 100 for value in percent.values()) and all(1 <= n <= MAX_VALENCE for n in valences.values())
    if not percent or len(percent) < len(parts) or not possible:
        raise BadInputError(
            f"composition {text!r} is not understood; write mass percentages like Fe=68,Cr=17,Ni=12, another valence as Cr(6)=17"
        )
    main = [element for element, value in percent.items() if value >= 1 and element not in INERT]
    strange = [element for element in main if element not in VALENCES]
    if strange or not main:
        known = ", ".join(VALENCES)
        raise BadInputError(f"no valence is known for {', '.join(strange) or text}, only for {known}; give the equivalent weight")
    total = sum(percent.values())
    if not 90 <= total <= MOST_TOTAL:
        raise BadInputError(f"the composition sums to {total:g} %; give mass percentages of all elements, 100 % together")
    return Alloy(percent, density, valences)


def metal(
    alloy: str | None, equivalent_weight: float | None, density: float | None, composition: str | None = None
) -> Metal | None:
    """Equivalent weight in g and density in g/cm3; None if the caller named neither.

    `composition` in mass % gives the weight by ASTM G102 eq. 4, with the valences of `VALENCES` or its own.

    Raises:
        BadInputError: an unknown alloy or composition, only one of weight and density, or one that is not above 0
    """
    note = ""
    if composition:
        if alloy or equivalent_weight is not None:
            raise BadInputError("the composition gives the equivalent weight; leave out alloy and equivalent weight")
        mixed = read_composition(composition, density or 0.0)
        equivalent_weight, note = mixed.equivalent_weight, mixed.note
    if alloy:
        known = {name.lower(): one for name, one in ALLOYS.items()}
        if alloy.lower() not in known:
            raise BadInputError(
                f"no alloy is called {alloy}; there are {', '.join(ALLOYS)}; else give equivalent weight and density"
            )
        one = known[alloy.lower()]
        equivalent_weight = one.equivalent_weight if equivalent_weight is None else equivalent_weight
        density = one.density if density is None else density
    if equivalent_weight is None and density is None:
        return None
    if equivalent_weight is None or density is None:
        raise BadInputError("a corrosion rate needs both equivalent weight (g) or composition (mass %), and density (g/cm3)")
    return _checked(equivalent_weight, density)._replace(note=note)


def _checked(equivalent_weight: float, density: float) -> Metal:
    if not (0 < equivalent_weight <= MOST_WEIGHT and 0 < density <= MOST_DENSITY):
        limits = f"above 0 and at most {MOST_WEIGHT:g} and {MOST_DENSITY:g}"
        raise BadInputError(f"equivalent weight (g) and density (g/cm3) must be {limits}; for iron they are 27.92 and 7.87")
    return Metal(equivalent_weight, density)


def corrosion_rate(i_corr: Quantity, equivalent_weight: float, density: float) -> Quantity:
    """mm/year = 3.27e-3 i (uA/cm2) EW / density (ASTM G102); for mpy multiply by `MPY`.

    Raises:
        BadInputError: a weight or density that is not positive
    """
    _checked(equivalent_weight, density)
    return i_corr.scaled(K_MM_YEAR * equivalent_weight / density, "mm/year")


@dataclass(frozen=True, slots=True, eq=False)
class Arrhenius:
    """Corrosion currents in A/cm2 at temperatures in K, each (n,), and the energy in their slope."""

    kelvin: Real
    i_corr: Real
    energy: ActivationEnergy
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_column("Arrhenius.kelvin", self.kelvin)
        check_column("Arrhenius.i_corr", self.i_corr, len(self.kelvin))

    @property
    def line(self) -> tuple[Real, Real]:
        """1000 K / T, rising, and the line's current density in A/cm2 there."""
        kelvin = np.sort(self.kelvin)[::-1]
        current = np.log(self.energy.prefactor.value) - self.energy.energy.value * 1e3 / (GAS_CONSTANT * kelvin)
        return 1e3 / kelvin, np.exp(current)


def pair_temperatures(temperatures_k: Sequence[float], i_corr: Mapping[int, Quantity], files: int) -> Arrhenius | None:
    """A temperature for each of so many files, and the currents of those that could be fitted, by their place; None without any.

    Raises:
        BadInputError: not one temperature for each file, or fewer than three with a current
    """
    if not temperatures_k:
        return None
    if len(temperatures_k) != files:
        have = f"{counted(len(temperatures_k), 'temperature')} for {counted(files, 'file')}"
        raise BadInputError(f"{have}; give one in kelvin for each, in their order")
    kelvin, found = [temperatures_k[place] for place in i_corr], list(i_corr.values())
    energy = activation_energy(kelvin, found)
    rough = [f"{t:g} K" for t, i in zip(kelvin, found, strict=True) if not i.sigma < ORDER_OF_MAGNITUDE * i.value]
    said = (f"i_corr at {', '.join(rough)} is an order of magnitude; believe the activation energy no further",) if rough else ()
    return Arrhenius(np.array(kelvin, np.float64), np.array([i.value for i in found]), energy, said)


def activation_energy(temperatures_k: Sequence[float], i_corr: Sequence[Quantity]) -> ActivationEnergy:
    """Slope of ln i_corr over 1/T, as the seed's series at 303 to 323 K; three temperatures or more.

    Each current weighs by its error, one without as an order of magnitude; the answer's error is the larger of what those come to
    and the scatter about the line.

    Raises:
        BadInputError: fewer than three temperatures, less than 5 K apart, or one that is not in kelvin
    """
    t, i = np.asarray(temperatures_k, np.float64), np.array([one.value for one in i_corr])
    if len(t) != len(i) or len(np.unique(t)) < 3:
        raise BadInputError("an activation energy needs currents at three or more temperatures")
    if not (t > 200).all() or not (i > 0).all():
        raise BadInputError("temperatures must be in kelvin and currents above 0")
    if np.ptp(t) < LEAST_SPAN_K:
        raise BadInputError(
            f"the temperatures span {np.ptp(t):.3g} K, too little for a slope; measure over {LEAST_SPAN_K:g} K or more"
        )
    sigma, log = np.array([one.sigma for one in i_corr]) / i, np.log(i)
    sigma = np.hypot(np.nan_to_num(sigma, nan=ORDER_OF_MAGNITUDE), LEAST)
    (slope, offset), covariance = np.polyfit(1 / t, log, 1, w=1 / sigma, cov="unscaled")
    left = float(np.sum(((log - slope / t - offset) / sigma) ** 2))
    spread = float(np.sum(((log - np.average(log, weights=sigma**-2)) / sigma) ** 2))
    scatter, freedom = left / max(1, len(t) - 2), float(max(1, len(t) - 2))
    if scatter <= 1:  # the line fits better than the currents are known
        scatter, freedom = 1.0, min(one.freedom for one in i_corr)
    errors = np.sqrt(np.diag(covariance) * scatter)
    return ActivationEnergy(
        Quantity(float(-slope * GAS_CONSTANT / 1e3), float(errors[0] * GAS_CONSTANT / 1e3), "kJ/mol", freedom),
        Quantity(float(np.exp(offset)), float(np.exp(offset) * errors[1]), "A/cm2", freedom),
        1 - left / spread if spread > 0 else float("nan"),
    )
