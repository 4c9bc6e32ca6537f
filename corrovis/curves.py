"""Measured curves and what their fits found: the electrochemical neighbours of `results.py`, with the same rules.

Arrays are float64 (complex128 for impedance), read-only, checked when made.  Currents are densities: the door applies the area.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks
from scipy.special import stdtrit

from corrovis.errors import BadInputError
from corrovis.results import Complex, Real, check_array

Method = Literal["auto", "butler-volmer", "mixed", "extrapolation", "resistance"]  # of fitting a polarisation curve
METHODS: tuple[Method, ...] = get_args(Method)
MINOR_PEAK = 0.1  # of the largest, by which a peak rises over its valleys: to either side of a CPE's the smoothing makes less
NORMAL_95 = 1.96  # standard errors to the 95 % limits
ORDER_OF_MAGNITUDE = 0.25  # relative sigma from which a current is told as an order of magnitude
ZERO_CROSSING_V = 0.01  # nearer to E_corr log10|i| runs off to nothing and tells no residual


def method_of(name: str) -> Method:
    """The method that is called so.  Raises BadInputError for none of `METHODS`."""
    for known in METHODS:
        if name == known:
            return known
    raise BadInputError(f"no method is called {name}; there are {', '.join(METHODS)}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value with its standard error; `sigma` is NaN where the data cannot tell it.

    `freedom` is the number of degrees of freedom that sigma comes from, where they are few.  `positive` tells of volts that they
    cannot be below 0, as those of Stern and Geary's B; other units tell it by themselves.
    """

    value: float
    sigma: float
    unit: str
    freedom: float = math.inf
    positive: bool = False

    @property
    def limits_95(self) -> tuple[float, float]:
        """95 % limits; those of currents, resistances and the like are factors, for such errors are of the logarithm.

        A number without a unit that lies between 0 and 1 is a share or an exponent, whose limits do too.
        """
        reach = self.sigma * (float(stdtrit(self.freedom, 0.975)) if math.isfinite(self.freedom) else NORMAL_95)
        if self.unit == "" and 0 <= self.value <= 1:
            return max(self.value - reach, 0.0), min(self.value + reach, 1.0)
        if (self.unit in ("V", "kJ/mol", "") and not self.positive) or not self.value > 0:  # potentials, energies
            return self.value - reach, self.value + reach
        factor = float(np.exp(min(reach / self.value, 700.0)))
        return self.value / factor, self.value * factor

    def scaled(self, factor: float, unit: str) -> Quantity:
        """So many times the quantity, `factor` above 0, in another unit."""
        return Quantity(factor * self.value, factor * self.sigma, unit, self.freedom, self.positive)


def check_column(name: str, values: NDArray[np.generic], length: int | None = None, dtype: type = np.float64) -> None:
    """Raise TypeError or ValueError unless `values` is one finite column of `dtype`; then freeze it."""
    check_array(name, values, dtype, (length,))
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: wanted finite numbers, found {int((~np.isfinite(values)).sum())} that are not")


@dataclass(frozen=True, slots=True, eq=False)
class PolarizationCurve:
    """One or more sweeps of potential and the current that flowed, in the order measured.

    Shape:
        potential_v: (n,) V against the cell's reference electrode
        current_a_cm2: (n,) A/cm2, anodic positive
    `notes` says what the door did on the way in; `signed` is False if the file held only magnitudes; `area_cm2` is the area, in
    cm2, that the file's current was divided by, None where it held a density.
    """

    potential_v: Real
    current_a_cm2: Real
    name: str = "curve"
    notes: tuple[str, ...] = ()
    signed: bool = True
    area_cm2: float | None = None

    def __post_init__(self) -> None:
        check_column("PolarizationCurve.potential_v", self.potential_v)
        check_column("PolarizationCurve.current_a_cm2", self.current_a_cm2, len(self.potential_v))

    def __len__(self) -> int:
        return len(self.potential_v)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """An impedance spectrum, from high to low frequency, no frequency twice.

    Shape:
        frequency_hz: (n,) Hz, falling
        impedance: (n,) ohm, or ohm cm2 if `per_area`; capacitive means a negative imaginary part
    `area_cm2` is the area, in cm2, that the file's impedance was multiplied with, None where it was taken as it is.
    """

    frequency_hz: Real
    impedance: Complex
    name: str = "spectrum"
    notes: tuple[str, ...] = ()
    per_area: bool = False
    area_cm2: float | None = None

    def __post_init__(self) -> None:
        check_column("Spectrum.frequency_hz", self.frequency_hz)
        check_column("Spectrum.impedance", self.impedance, len(self.frequency_hz), np.complex128)
        if len(self) and not (self.frequency_hz[-1] > 0 and (np.diff(self.frequency_hz) < 0).all()):
            raise ValueError("Spectrum.frequency_hz: wanted positive, falling frequencies")

    def __len__(self) -> int:
        return len(self.frequency_hz)

    @property
    def unit(self) -> str:
        return "ohm cm2" if self.per_area else "ohm"


@dataclass(frozen=True, slots=True, eq=False)
class TafelFit:
    """Corrosion potential, current density and Tafel slopes of one sweep.

    Shape:
        potential_v, measured_a_cm2, model_a_cm2: (m,) the sweep's points inside `window_v`, with signs, and the fit there
        line_v, line_a_cm2: (k,) the fit in `window_v`, to be drawn
    Slopes are positive, V/decade.  `stern_geary` is B, V: that of the slopes, with a MixedFit's plateaus, or given or assumed,
    where the slopes are NaN; NaN where a slope is missing.  `polarisation_resistance` (ohm cm2) is read from the curve
    itself, less the ohmic drop that a fit found; None where the curve has too few points near E_corr.
    """

    method: str
    curve: PolarizationCurve
    e_corr: Quantity
    i_corr: Quantity
    beta_a: Quantity
    beta_c: Quantity
    stern_geary: Quantity
    window_v: tuple[float, float]
    converged: bool
    potential_v: Real
    measured_a_cm2: Real
    model_a_cm2: Real
    line_v: Real
    line_a_cm2: Real
    polarisation_resistance: Quantity | None
    warnings: tuple[str, ...]

    def __post_init__(self) -> None:
        check_column("TafelFit.potential_v", self.potential_v)
        check_column("TafelFit.measured_a_cm2", self.measured_a_cm2, len(self.potential_v))
        check_column("TafelFit.model_a_cm2", self.model_a_cm2, len(self.potential_v))
        check_column("TafelFit.line_v", self.line_v)
        check_column("TafelFit.line_a_cm2", self.line_a_cm2, len(self.line_v))

    @property
    def residuals(self) -> Real:
        """(m,) decades, log10 of measured over fitted size of the current; NaN around E_corr."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log10(np.abs(self.measured_a_cm2) / np.abs(self.model_a_cm2))
        away = np.abs(self.potential_v - self.e_corr.value) > ZERO_CROSSING_V
        return np.where(away & np.isfinite(left), left, np.nan)

    @property
    def residual_decades(self) -> float:
        """Root mean square of `residuals`, those of the points that plot and file show; NaN where there is none."""
        left = self.residuals[np.isfinite(self.residuals)]
        return float(np.sqrt(np.mean(left**2))) if len(left) else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit(TafelFit):
    """A Tafel fit under mixed control: transport limits the cathodic reaction or a film the anodic one, the electrolyte resists.

    What the chosen model leaves out is None, as is what the sweep denies outside the window, or a plateau smaller than its sigma.
    """

    i_limit: Quantity | None
    i_passive: Quantity | None
    resistance: Quantity | None


@dataclass(frozen=True, slots=True)
class ActivationEnergy:
    """Arrhenius: ln i_corr = ln prefactor - energy / (R T)."""

    energy: Quantity
    prefactor: Quantity
    r_squared: float


@dataclass(frozen=True, slots=True, eq=False)
class KramersKronig:
    """Linear Kramers-Kronig test: does a chain of relaxations explain the spectrum?

    Shape:
        residuals: (n,) complex, (measured - model) / |measured|
    """

    mu: float
    elements: int
    residuals: Complex

    def __post_init__(self) -> None:
        check_column("KramersKronig.residuals", self.residuals, None, np.complex128)

    @property
    def noise(self) -> float:
        """Relative scatter of |Z| from point to point, both parts together, by second differences."""
        off = self.residuals
        if len(off) < 3:
            return self.rms
        parts = [np.median(np.abs(part[:-2] - 2 * part[1:-1] + part[2:])) for part in (off.real, off.imag)]
        return float(np.hypot(*parts) * 1.4826 / np.sqrt(6))

    @property
    def rms(self) -> float:
        """Root mean square residual over the degrees of freedom that the chain leaves of 2n numbers."""
        freedom = max(1, 2 * len(self.residuals) - self.elements - 3)
        return float(np.sqrt(2 * np.sum(np.abs(self.residuals) ** 2) / freedom))

    @property
    def residual_max(self) -> float:
        return float(np.abs(self.residuals).max())


@dataclass(frozen=True, slots=True)
class Candidate:
    """One circuit that `auto` tried; `weight` is exp(-half its distance in the criterion), of all together 1."""

    circuit: str
    chi_squared: float
    criterion: float
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class CircuitFit:
    """An equivalent circuit fitted to a spectrum.

    Shape:
        model: (n,) complex, at the spectrum's frequencies
    `chi_squared` is the sum of squared residuals relative to |Z|, over 2n - p degrees of freedom.  `rivals` are other optima of
    the same circuit: their multiple of the best sum of squares, and parameters.  `runners_up` is empty unless
    the circuit was chosen among several.  `capacitances` holds Brug's effective capacitance of each CPE that lies beside a
    resistor.  `relaxation_times` is None for a spectrum too short to tell them.
    """

    spectrum: Spectrum
    circuit: str
    parameters: dict[str, Quantity]
    chi_squared: float
    model: Complex
    converged: bool
    kramers_kronig: KramersKronig
    rivals: tuple[tuple[float, dict[str, float]], ...]
    capacitances: dict[str, Quantity]
    runners_up: tuple[Candidate, ...]
    relaxation_times: RelaxationTimes | None
    warnings: tuple[str, ...]

    def __post_init__(self) -> None:
        check_column("CircuitFit.model", self.model, len(self.spectrum), np.complex128)

    @property
    def residuals(self) -> Complex:
        """(n,) complex, (measured - model) / |measured|."""
        return (self.spectrum.impedance - self.model) / np.abs(self.spectrum.impedance)


@dataclass(frozen=True, slots=True, eq=False)
class RelaxationTimes:
    """Distribution of relaxation times.

    Shape:
        tau_s: (m,) s, rising
        gamma: (m,) resistance per unit of ln tau
    `measured_s` are the time constants of the highest and the lowest frequency; what lies beyond is a guess.
    """

    tau_s: Real
    gamma: Real
    measured_s: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        check_column("RelaxationTimes.tau_s", self.tau_s)
        check_column("RelaxationTimes.gamma", self.gamma, len(self.tau_s))
        if len(self.tau_s) < 2 or not (self.tau_s[0] > 0 and (np.diff(self.tau_s) > 0).all()):
            raise ValueError("RelaxationTimes.tau_s: wanted two or more positive, rising times")

    @property
    def peaks(self) -> list[tuple[float, float]]:
        """(time constant in s, resistance) of each peak that stands out by `MINOR_PEAK` and was measured, fast ones first."""
        g = self.gamma
        tops = find_peaks(g, prominence=MINOR_PEAK * g.max())[0]
        if g.max() <= 0 or not len(tops):
            return []
        valleys = [0, *(a + int(np.argmin(g[a : b + 1])) for a, b in pairwise(tops)), len(g) - 1]
        step = float(np.log(self.tau_s[1] / self.tau_s[0]))
        parts = [(float(self.tau_s[k]), float(g[a:b].sum() * step)) for k, (a, b) in zip(tops, pairwise(valleys), strict=True)]
        return [part for part in parts if self.measured_s[0] <= part[0] <= self.measured_s[1]]
