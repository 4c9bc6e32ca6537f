"""Equivalent circuits fitted to impedance spectra, with start values found from the data.

Parameters are positive and span decades, so they are fitted as logarithms (alpha as itself).  Random starts within what the
data's own resistances and time constants allow are screened, the best tried, and the best of these finished: no start values
are needed.  Residuals are divided by |Z| (Boukamp, Solid State Ionics 20 (1986) 31; Orazem and Tribollet, 2017, ch. 19).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from corrovis.curves import Candidate, CircuitFit, KramersKronig, Quantity, Spectrum
from corrovis.electrochem.circuit_problem import STEP, CircuitProblem, Weighting, random_starts
from corrovis.electrochem.circuits import AREA_UNITS, UNITS, Circuit, parse
from corrovis.electrochem.kramers_kronig import MIN_POINTS as MIN_RELAXING
from corrovis.electrochem.kramers_kronig import check_kramers_kronig, fewest, inductive, judged, relaxation_times
from corrovis.electrochem.spectra import thinned
from corrovis.electrochem.sweeps import counted, independent
from corrovis.errors import BadInputError
from corrovis.results import Complex, Real

# The seed's two circuits: R_s-(C_dl|R_ct), and the two loops with Q and L that an inductive loop at low frequency asks for.
NAMED = {"randles": "R0-p(R1,C1)", "two-loop": "R0-p(CPE1,R1-p(R2,L1))"}
AUTO = (
    "R0-CPE1",
    "R0-p(R1,C1)",
    "R0-p(R1,CPE1)",
    "R0-p(R1-W1,C1)",
    "R0-p(R1-W1,CPE1)",
    "R0-p(R1-Wo1,CPE1)",
    "R0-p(R1-Ws1,CPE1)",
    "R0-p(R1-G1,CPE1)",
    "R0-p(R1,C1)-p(R2,C2)",
    "R0-p(R1,CPE1)-p(R2,CPE2)",
    "R0-p(CPE1,R1-p(R2,L1))",
)
MIN_POINTS = 5
SCREENED, TRIES, FIRST = 1500, 4, 25  # random starts; tries for each parameter; steps of each try
RIVAL = 2.0  # another optimum is told of up to this multiple of the best sum of squares
TOLERANCE = 1e-3  # relative, of two optima that count as one
ACCURACY = 2e-3  # relative, of a good instrument
FINE = 10.0
CLOSE = 0.05  # weight from which a runner-up is called close
MISSED = 0.03  # of |Z|, where no Kramers-Kronig test tells what could be left
WORSE = 1.7  # times what a linear cell leaves of the spectrum that a circuit may


def fit_circuit(
    spectrum: Spectrum, circuit: str = "auto", weighting: Weighting = "modulus", heard: Callable[[], None] = lambda: None
) -> CircuitFit:
    """A circuit string, a name of `NAMED`, or "auto" for the likeliest of `AUTO`; `heard`, called before each, may raise.

    Raises:
        BadInputError: the string is no circuit, or the spectrum has too few points for it
    """
    if len(spectrum) < MIN_POINTS:
        few = counted(len(spectrum), "point")
        raise BadInputError(f"{spectrum.name} has {few}; {MIN_POINTS} or more are needed to fit a circuit")
    spectrum = thinned(spectrum)
    if circuit.strip().lower() == "auto":
        return _fit_auto(spectrum, weighting, heard)
    one = _solve(spectrum, parse(NAMED.get(circuit.strip().lower(), circuit)), weighting)
    return _finish(spectrum, one, "try another circuit or auto")


def brug_capacitance(q: float, alpha: float, r_solution: float, r_transfer: float = float("inf")) -> float:
    """Effective capacitance of a CPE, Q^(1/alpha) (1/R_s + 1/R_ct)^((alpha-1)/alpha).

    Brug et al., J. Electroanal. Chem. 176 (1984) 275; F for Q in S s^alpha, F/cm2 if all are per area.
    """
    return float(q ** (1 / alpha) * (1 / r_solution + 1 / r_transfer) ** ((alpha - 1) / alpha))


def effective_capacitances(circuit: Circuit, values: Real) -> dict[str, float]:
    """`brug_capacitance` of each CPE beside a resistor, by the CPE's name; none where the circuit has no solution in series."""
    solution = float(sum(values[place] for place in circuit.solution))
    return {
        circuit.names[cpe].removesuffix("_0"): brug_capacitance(values[cpe], values[cpe + 1], solution, values[resistor])
        for cpe, resistor in circuit.double_layers
        if solution > 0
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    """Parameters in the units of the elements; `sigmas` from the curvature; `cost` is the sum of squared weighted residuals.

    `capacitances` are value and sigma of each that is effective.
    """

    circuit: Circuit
    values: Real
    sigmas: Real
    cost: float
    model: Complex
    met: int
    points: int
    capacitances: dict[str, tuple[float, float]]
    rivals: tuple[tuple[float, Real], ...] = ()

    @property
    def criterion(self) -> float:
        """Bayes's information criterion; residuals below `ACCURACY` tell no circuits apart."""
        n = 2 * self.points
        return n * float(np.log(max(self.cost / n, ACCURACY**2))) + len(self.values) * float(np.log(n))


def _fit_auto(spectrum: Spectrum, weighting: Weighting, heard: Callable[[], None]) -> CircuitFit:
    def solved(text: str) -> _Solution:
        heard()
        return _solve(spectrum, parse(text), weighting)

    texts = [text for text in AUTO if 2 * len(spectrum) > len(parse(text).names) + 2]
    tried = sorted(map(solved, texts), key=_rank)
    if spectrum.impedance.imag[0] > 0 and 2 * len(spectrum) > len(tried[0].values) + 3:  # the leads' inductance
        tried += [solved(f"L0-{one.circuit.text}") for one in tried[:3]]
    plausible = sorted(tried, key=_rank)
    shares = np.exp(-0.5 * (np.array([_rank(one) for one in plausible]) - _rank(plausible[0])))
    weights = [float(share) for share in shares / shares.sum()]
    told = (k for k, one in enumerate(plausible) if weights[k] > CLOSE and not any(_loose(one)))
    chosen = next(told, 0)  # an element that the data do not determine stays out where they can do without it
    ranking = [
        Candidate(one.circuit.text, one.cost / (2 * one.points - len(one.values)), _rank(one), weight)
        for one, weight in zip(plausible, weights, strict=True)
    ]
    best, others = ranking[chosen], ranking[:chosen] + ranking[chosen + 1 :]
    close = [other for other in others if other.weight > CLOSE]
    said = [f"{other.circuit} explains the spectrum {_how_well(other, best)} (weight {other.weight:.2f})" for other in close]
    if others and not close:
        gap = others[0].criterion - best.criterion
        said = [
            f"the next best of {len(tried)} circuits, {others[0].circuit}, is worse by {gap:.0f} in the criterion (10 is clear)"
        ]
    fit = _finish(spectrum, plausible[chosen], "try another circuit")
    return replace(fit, runners_up=tuple(others[:3]), warnings=(*fit.warnings, *said))


def _how_well(other: Candidate, best: Candidate) -> str:
    return "nearly as well" if other.weight <= best.weight else "better, but has parameters that cannot be told from it"


def _loose(one: _Solution) -> list[bool]:
    """Of each parameter whether the data leave it undetermined."""
    return [not sigma < 0.5 * value for value, sigma in zip(one.values, one.sigmas, strict=True)]


def _rank(one: _Solution) -> float:
    """The criterion, with a fine for parameters that the data do not determine: such a circuit has an element too many."""
    return one.criterion + FINE * sum(_loose(one))


def _solve(spectrum: Spectrum, circuit: Circuit, weighting: Weighting) -> _Solution:
    if 2 * len(spectrum) <= len(circuit.names):
        raise BadInputError(
            f"{spectrum.name}: {len(spectrum)} points cannot determine the {len(circuit.names)} parameters of {circuit.text}"
        )
    problem = CircuitProblem(circuit, spectrum, weighting)
    # Numbers far outside the data overflow in single elements; least squares turns away from them by itself.
    with np.errstate(all="ignore"):
        starts = np.clip(random_starts(circuit, spectrum, SCREENED), problem.low + 1e-6, problem.high - 1e-6)
        costs = np.log1p(problem.residuals(starts) ** 2).sum(axis=1)  # logarithm: far points must not drown the near ones
        costs[~np.isfinite(costs)] = np.inf
        rough = sorted(
            (problem.refine(starts[k], FIRST) for k in np.argsort(costs)[: TRIES * len(circuit.names)]),
            key=lambda found: float(found.cost),
        )
        fine = sorted(
            (problem.refine(found.x, 300) for found in rough[: 3 + len(circuit.names)]), key=lambda found: float(found.cost)
        )
        best = fine[0]
        met = sum(found.cost <= (1 + TOLERANCE) * best.cost + 1e-20 for found in fine[1:])
        scatter = 2 * best.cost * _repeated(best.fun)
        sigma = _errors(best.jac, scatter, len(spectrum), np.eye(len(best.x)))
        values = problem.values(best.x)
        effective = _with_errors(problem, best.x, best.jac, scatter)
        model = circuit.impedance(values, spectrum.frequency_hz)
    sigmas = np.where(problem.logs, values * np.log(10) * sigma, sigma)
    others = [
        found
        for found in fine[1:]
        if (1 + 10 * TOLERANCE) * best.cost < found.cost < RIVAL * best.cost and found.success and best.cost > 1e-9
    ]
    others = [one for k, one in enumerate(others) if k == 0 or one.cost > (1 + 10 * TOLERANCE) * others[k - 1].cost]
    rivals = tuple((2 * float(found.cost), problem.values(found.x)) for found in others)
    return _Solution(circuit, values, sigmas, 2 * float(best.cost), model, met, len(spectrum), effective, rivals)


def _repeated(left: Real) -> float:
    """How many points say the same: (2n,) residuals, real and imaginary, that hang together are worth fewer."""
    parts = np.split(left, 2)
    return len(parts[0]) / float(np.mean([independent(part) for part in parts]))


def _with_errors(problem: CircuitProblem, x: Real, jacobian: Real, cost: float) -> dict[str, tuple[float, float]]:
    """Effective capacitances, and their standard errors from those of the parameters and how these go together."""

    def sizes(x: Real) -> dict[str, float]:
        return effective_capacitances(problem.circuit, problem.values(x))

    found = sizes(x)
    if not found:
        return {}
    ends = [[np.log([*sizes(x + step).values()]) for step in STEP * sign * np.eye(len(x))] for sign in (1, -1)]
    relative = _errors(jacobian, cost, len(problem.f), (np.array(ends[0]) - np.array(ends[1])).T / (2 * STEP))
    return {name: (c, c * float(sigma)) for (name, c), sigma in zip(found.items(), relative, strict=True)}


def _errors(jacobian: Real, cost: float, points: int, slopes: Real) -> Real:
    """(m,) standard errors of what changes by (m, p) `slopes` with the p parameters, from the curvature at the optimum.

    Infinite along directions that the data do not see.
    """
    _, singular, directions = np.linalg.svd(jacobian, full_matrices=False)
    variance = cost / max(1, 2 * points - jacobian.shape[1])
    with np.errstate(divide="ignore"):
        inverse = np.where(singular > 1e-10 * singular.max(), 1 / singular**2, np.inf)
    share = (slopes @ directions.T) ** 2
    seen = share > 1e-12 * (slopes**2).sum(axis=1, keepdims=True)
    terms = np.where(seen, share * inverse, 0.0)
    out: Real = np.sqrt(terms.sum(axis=1) * variance)
    return out


def _finish(spectrum: Spectrum, one: _Solution, cure: str) -> CircuitFit:
    units = AREA_UNITS if spectrum.per_area else UNITS
    freedom = max(1, 2 * one.points - len(one.values))
    parameters = {
        name: Quantity(float(value), float(sigma), units[kind], freedom)
        for name, kind, value, sigma in zip(one.circuit.names, one.circuit.kinds, one.values, one.sigmas, strict=True)
    }
    test = check_kramers_kronig(spectrum)
    times = relaxation_times(spectrum, test.noise) if len(spectrum) >= MIN_RELAXING else None
    doubts = judged(spectrum, test) + _misses(spectrum, one, test, cure) + _doubts(spectrum, one)
    if times and inductive(spectrum, test):
        doubts.append("relaxation times are those of resistors beside capacitors: the inductive loop is not among them")
    return CircuitFit(
        spectrum=spectrum,
        circuit=one.circuit.text,
        parameters=parameters,
        chi_squared=one.cost / (2 * one.points - len(one.values)),
        model=one.model,
        converged=bool(one.met > 0),
        kramers_kronig=test,
        rivals=_rivals(one),
        capacitances={name: Quantity(c, sigma, units["C"], freedom) for name, (c, sigma) in one.capacitances.items()},
        runners_up=(),
        relaxation_times=times,
        warnings=(*spectrum.notes, *doubts),
    )


def _rivals(one: _Solution) -> tuple[tuple[float, dict[str, float]], ...]:
    return tuple((cost / one.cost, dict(zip(one.circuit.names, map(float, values), strict=True))) for cost, values in one.rivals)


def _doubts(spectrum: Spectrum, one: _Solution) -> list[str]:
    """What a reader has to know before he believes the numbers."""
    said = []
    loose = [name for name, undetermined in zip(one.circuit.names, _loose(one), strict=True) if undetermined]
    if loose:
        said.append(f"{', '.join(loose)} cannot be told from this spectrum: sigma exceeds half the value; try a simpler circuit")
    if one.met == 0:
        said.append("no second start led to this optimum; try a simpler circuit")
    if one.capacitances and one.circuit.kinds.count("alpha") > 1:
        said.append(
            "Brug's capacitances take the resistance in series alone for what lies before each CPE: of several they are rough"
        )
    if len(spectrum) < 10:
        said.append(f"only {len(spectrum)} points; the errors are rough")
    rivals = _rivals(one)
    if rivals and rivals[0][0] < 1.2:
        said.append(f"other parameters fit almost as well ({rivals[0][0]:.2f} times the squares): " + _listed(rivals[0][1]))
    return said


def _misses(spectrum: Spectrum, one: _Solution, test: KramersKronig, cure: str) -> list[str]:
    """Whether the circuit leaves plainly more of the spectrum than the relaxations of any linear cell do."""
    off = np.abs(spectrum.impedance - one.model) / np.abs(spectrum.impedance)
    rms = float(np.sqrt(2 * np.sum(off**2) / max(1, 2 * one.points - len(one.values))))
    if test.elements < fewest(spectrum):
        return [f"the circuit misses the spectrum by {rms:.1%} on average; {cure}"] if rms > MISSED else []
    linear = max(test.rms, test.noise)
    if rms < max(WORSE * linear, 2 * ACCURACY):
        return []
    return [f"a linear cell explains the spectrum to {linear:.2%}, this circuit to {rms:.2%}; {cure}"]


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())
