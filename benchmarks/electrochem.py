"""How well curves are fitted: published references, simulated data, and two well-known packages on the same.

    python benchmarks/electrochem.py [--data FOLDER] [--simulated 400] [--report train/reports/electrochem.json]

FOLDER holds `eis/` and `pdp/`, each with a `reference_fits.csv`; without it (or CORROVIS_DATA) only the simulated part runs.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corrovis.curves import PolarizationCurve, Spectrum, TafelFit
from corrovis.electrochem.circuit_problem import CircuitProblem, Weighting
from corrovis.electrochem.circuits import parse
from corrovis.electrochem.impedance import fit_circuit
from corrovis.electrochem.polarization import fit_tafel
from corrovis.electrochem.readers import read_polarization, read_spectra
from corrovis.electrochem.sweeps import split_sweeps
from corrovis.errors import BadInputError

LN10 = np.log(10)
COMPARED = 40  # simulated cases that the other packages get as well
CIRCUITS = (
    "R0-p(R1,C1)",
    "R0-p(R1,CPE1)",
    "R0-p(R1-W1,CPE1)",
    "R0-p(R1,C1)-p(R2,C2)",
    "R0-p(R1,CPE1)-p(R2,CPE2)",
    "R0-p(CPE1,R1-p(R2,L1))",
)
DISAGREE = 1.5  # times what our fit leaves of the data, from which it is said that a published one and the data disagree
# impedance.py's class Randles is this circuit: with it the published numbers fit the data, with the table's string they do not.
CORRECTED = {"Randles R0-p(R1,C1)-Wo1": "R0-p(R1-Wo1,C1)"}
CircuitFitter = Callable[[str, Spectrum, Weighting], tuple[np.ndarray, np.ndarray]]
"""Parameters, in the order of the circuit's names, and their standard errors."""


class Published(NamedTuple):
    """A spectrum and what was published of it; parameters are in the units of the elements."""

    file: str
    circuit: str
    spectrum: Spectrum
    weighting: Weighting
    parameters: dict[str, float]


def row(*cells: object) -> None:
    print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, (46, 12, 12, 12, 12, 40), strict=False)))


def eis_references(folder: Path) -> None:
    print("\nImpedance: published circuits, from no start values\n")
    row("file", "parameter", "reference", "ours", "deviation")
    for file, text, spectrum, weighting, wanted in published_spectra(folder):
        fit = fit_circuit(spectrum, text, weighting)
        sets = [(1.0, {name: q.value for name, q in fit.parameters.items()}), *fit.rivals]
        ours, theirs = (squares(text, spectrum, weighting, values) for values in (sets[0][1], wanted))
        if theirs > DISAGREE * ours or (theirs > 1.05 * ours and fit.rivals):
            print(f"{file}: the published numbers leave {theirs / ours:.3g} times the squares that ours leave of these data")
        for multiple, values in sets:
            if multiple > 1:
                print(f"  another optimum, {multiple:.2f} times the squares, which is also reported:")
            for name, reference in wanted.items():
                row(file, name, f"{reference:.4g}", f"{values[name]:.4g}", f"{values[name] / reference - 1:+.1%}")


def squares(text: str, spectrum: Spectrum, weighting: Weighting, values: dict[str, float]) -> float:
    """What these parameters leave of a spectrum, as the fit weighs it."""
    circuit = parse(text)
    off = circuit.impedance(np.array([values[name] for name in circuit.names]), spectrum.frequency_hz) - spectrum.impedance
    return float(np.sum(np.abs(off * CircuitProblem(circuit, spectrum, weighting).weight) ** 2))


def published_spectra(folder: Path) -> Iterator[Published]:
    for line in csv.DictReader((folder / "reference_fits.csv").open()):
        spectrum = read_spectra(folder / line["file"])[0]
        weighting: Weighting = "modulus"
        if "exampleData" in line["file"]:  # fitted with unit weights and in the first quadrant only
            keep = spectrum.impedance.imag < 0
            spectrum, weighting = Spectrum(spectrum.frequency_hz[keep], spectrum.impedance[keep], spectrum.name), "unit"
        circuit = CORRECTED.get(line["circuit"], line["circuit"])
        yield Published(line["file"], circuit, spectrum, weighting, read_parameters(line["parameters"]))


def read_parameters(text: str) -> dict[str, float]:
    """ "R0=1 Wo=(2, 3)" -> {"R0": 1, "Wo1_0": 2, "Wo1_1": 3}."""
    text = re.sub(r"Wo=\((\S+), (\S+)\)", r"Wo1_0=\1 Wo1_1=\2", text)
    return {name: float(value) for name, value in re.findall(r"(\w+)=(\S+)", text)}


def tafel_references(folder: Path) -> None:
    print("\nPolarisation: published fits; slopes of LPR scans (20 mV) are not identifiable, only E_corr counts there\n")
    row("file and sweep", "parameter", "reference", "ours", "deviation", "method")
    for line in csv.DictReader((folder / "reference_fits.csv").open()):
        name = f"{Path(line['file']).name} {line['segment']}"
        if not (folder / line["file"]).exists():
            print(f"{name}: no such file in this data set")
            continue
        curve = read_polarization(folder / line["file"], float(line["area_cm2"]))
        sweep = {"up": 1, "down": 2}.get(line["segment"])
        fit = fit_tafel(curve, sweep=sweep)
        row(
            name,
            "E_corr",
            line["Ecorr_V"],
            f"{fit.e_corr.value:.4f}",
            f"{1e3 * (fit.e_corr.value - float(line['Ecorr_V'])):+.1f} mV",
            fit.method,
        )
        if not line["icorr_A_cm2"] or "LPR" in name:
            continue
        reference = float(line["icorr_A_cm2"])
        row(name, "i_corr", f"{reference:.4g}", f"{fit.i_corr.value:.4g}", f"{fit.i_corr.value / reference - 1:+.1%}")
        for key, slope in (("beta_a", fit.beta_a), ("beta_c", fit.beta_c)):
            reference = float(line[f"{key}_V_dec"])
            row(name, key, f"{reference:.4f}", f"{slope.value:.4f}", f"{1e3 * (slope.value - reference):+.1f} mV/dec")
        theirs, ours = left_by(line, fit), left_here(fit)
        said = f"the published numbers leave {theirs / ours:.1f} times as much of these data" if theirs > DISAGREE * ours else ""
        row(name, "decades left", f"{theirs:.4f}", f"{ours:.4f}", "", said)


def published_curves(folder: Path) -> Iterator[tuple[PolarizationCurve, dict[str, str]]]:
    """The sweep that a published fit is of, and the line that holds the fit."""
    for line in csv.DictReader((folder / "reference_fits.csv").open()):
        if (folder / line["file"]).exists():
            sweeps = split_sweeps(read_polarization(folder / line["file"], float(line["area_cm2"])))
            yield sweeps[{"up": 0, "down": 1}.get(line["segment"], 0)], line


def as_published(fit: tuple[float, ...], line: dict[str, str]) -> bool:
    """As `close`, but for LPR scans and curves without published slopes, where E_corr alone counts."""
    e_corr = float(line["Ecorr_V"])
    if not line["icorr_A_cm2"] or "LPR" in line["file"]:
        return abs(fit[0] - e_corr) < 0.002
    return close(fit, (e_corr, *(float(line[key]) for key in ("icorr_A_cm2", "beta_a_V_dec", "beta_c_V_dec"))))


def side_by_side(folder: Path) -> Iterator[Tally]:
    print("\nPublished files, all packages without start values: every parameter within 3 %, curves as the published fit\n")
    found = list(published_spectra(folder / "eis"))
    for title, fit in (("spectra, Corrovis", our_circuit), ("spectra, impedance.py", their_circuit)):
        yield tally(f"published {title}", [lambda one=one, fit=fit: as_told(one, fit) for one in found])
    some = list(published_curves(folder / "pdp"))
    for title, tafel in (("curves, Corrovis", our_tafel), ("curves, PolCurveFit", their_tafel)):
        yield tally(f"published {title}", [lambda c=c, line=line, tafel=tafel: as_published(tafel(c), line) for c, line in some])


def as_told(one: Published, fit: CircuitFitter) -> bool:
    """Whether a fit finds every published parameter within 3 %."""
    values, _ = fit(one.circuit, one.spectrum, one.weighting)
    got = dict(zip(parse(one.circuit).names, values, strict=True))
    return all(abs(got[name] / reference - 1) < 0.03 for name, reference in one.parameters.items())


def left_by(line: dict[str, str], fit: TafelFit) -> float:
    """What the published numbers leave of the data within 50 mV of E_corr, root mean square decades of the middle 90 %."""
    eta = fit.curve.potential_v - float(line["Ecorr_V"])
    near = (np.abs(eta) < 0.05) & (np.abs(eta) > 0.01)
    eta, i = eta[near], fit.curve.current_a_cm2[near]
    model = 10 ** (eta / float(line["beta_a_V_dec"])) - 10 ** (-eta / float(line["beta_c_V_dec"]))
    return middle_rms(np.log10(np.abs(float(line["icorr_A_cm2"]) * model / i)))


def left_here(fit: TafelFit) -> float:
    """What our own model leaves there, likewise."""
    eta = np.abs(fit.potential_v - fit.e_corr.value)
    return middle_rms(fit.residuals[(eta < 0.05) & (eta > 0.01)])


def middle_rms(off: np.ndarray) -> float:
    squares = np.sort(off**2)
    return float(np.sqrt(squares[: int(0.9 * len(squares))].mean()))


def spectra(count: int) -> Iterator[tuple[str, Spectrum, np.ndarray]]:
    """Circuits whose every element shows in the window, with 0.1 to 1 % noise."""
    random = np.random.default_rng(1)
    for k in range(count):
        text = CIRCUITS[k % len(CIRCUITS)]
        size = 10 ** random.uniform(0, 5)
        taus = 10 ** np.array([random.uniform(-4, -2.5), random.uniform(-1, 0.3)])
        alpha = random.uniform(0.75, 0.95, 2)
        r = size * random.uniform(0.5, 2, 2)
        value = {"R0": size * random.uniform(0.05, 0.3), "R1": r[0], "R2": r[1], "C1": taus[0] / r[0], "C2": taus[1] / r[1]}
        value |= {f"CPE{n + 1}_0": taus[n] ** alpha[n] / r[n] for n in (0, 1)} | {f"CPE{n + 1}_1": alpha[n] for n in (0, 1)}
        value |= {"L1": taus[1] * r[1], "W1": size * random.uniform(0.1, 0.5)}
        circuit = parse(text)
        truth = np.array([value[name] for name in circuit.names])
        f = np.logspace(5, -2, random.integers(40, 80))
        z = circuit.impedance(truth, f)
        noise = random.uniform(0.001, 0.01) * (random.standard_normal(len(f)) + 1j * random.standard_normal(len(f)))
        yield text, Spectrum(f, z * (1 + noise), f"simulated {k}"), truth


def curves(count: int, passive: bool = False) -> Iterator[tuple[PolarizationCurve, tuple[float, float, float, float]]]:
    """Activation control, with a limiting current, with an ohmic drop, or with both; 0.2 to 3 % noise; one point per mV.

    Or all with a passive plateau of 1.1 to 30 times i_corr, and every second with a limiting current.
    """
    random = np.random.default_rng(int(passive))
    for k in range(count):
        i_corr, beta_a, beta_c = 10 ** random.uniform(-8, -3.5), random.uniform(0.04, 0.16), random.uniform(0.06, 0.18)
        e_corr = random.uniform(-1.5, 0.2)
        e = np.arange(e_corr - random.uniform(0.2, 0.35), e_corr + random.uniform(0.15, 0.3), 0.001)
        ratio = 10 ** random.uniform(-2, -0.7) if k % 4 in (1, 3) else 0.0
        resistance = 10 ** random.uniform(-3.5, -2) / i_corr if k % 4 in (2, 3) and not passive else 0.0
        film = 10 ** random.uniform(-1.5, -0.04) if passive else 0.0

        def current(eta: np.ndarray, own: tuple[float, ...] = (i_corr, beta_a, beta_c, ratio, film)) -> np.ndarray:
            anodic, cathodic = np.exp(np.minimum(LN10 * eta / own[1], 200)), np.exp(-LN10 * eta / own[2])
            return own[0] * (anodic / (1 - own[4] + own[4] * anodic) - cathodic / (1 - own[3] + own[3] * cathodic))

        low, high = np.full_like(e, -2.0), np.full_like(e, 2.0)
        for _ in range(60):  # the potential at the interface, behind the ohmic drop
            middle = (low + high) / 2
            below = middle + resistance * current(middle) < e - e_corr
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        i = current((low + high) / 2)
        i = i * (1 + random.uniform(0.002, 0.03) * random.standard_normal(len(e))) + 0.005 * i_corr * random.standard_normal(
            len(e)
        )
        yield PolarizationCurve(e, i, f"simulated {k}"), (e_corr, i_corr, beta_a, beta_c)


def recovered(text: str, found: np.ndarray, sigma: np.ndarray, truth: np.ndarray) -> bool:
    """Every parameter within 5 % or four of its sigma, and never off by a quarter; like loops may swap."""
    names = parse(text).names
    orders = [list(range(len(names)))]
    if ")-p(" in text:  # two loops in series: R1, CPE1_0 <-> R2, CPE2_0
        orders.append(
            [names.index(re.sub("[12]", lambda digit: {"1": "2", "2": "1"}[digit[0]], name, count=1)) for name in names]
        )
    for place in orders:
        off = np.abs(found[place] / truth - 1)
        if (((off < 0.05) | (off < 4 * sigma[place] / np.abs(found[place]))) & (off < 0.25)).all():
            return True
    return False


def close(fit: tuple[float, ...], truth: tuple[float, ...]) -> bool:
    """E_corr within 2 mV, i_corr within 15 %, slopes within 10 mV/decade."""
    return (
        abs(fit[0] - truth[0]) < 0.002
        and abs(fit[1] / truth[1] - 1) < 0.15
        and abs(fit[2] - truth[2]) < 0.01
        and abs(fit[3] - truth[3]) < 0.01
    )


def our_circuit(text: str, spectrum: Spectrum, weighting: Weighting = "modulus") -> tuple[np.ndarray, np.ndarray]:
    fit = fit_circuit(spectrum, text, weighting)
    return np.array([q.value for q in fit.parameters.values()]), np.array([q.sigma for q in fit.parameters.values()])


def their_circuit(text: str, spectrum: Spectrum, weighting: Weighting = "modulus") -> tuple[np.ndarray, np.ndarray]:
    """impedance.py needs start values; these are what a script would give without looking at the curve."""
    from impedance.models.circuits import CustomCircuit

    size = float(np.median(np.abs(spectrum.impedance)))
    usual = {"R": size, "C": 1e-6, "Q": 1e-6, "alpha": 0.9, "L": 1.0, "sigma": size, "tau": 1.0}
    circuit = CustomCircuit(text, initial_guess=[usual[kind] for kind in parse(text).kinds])
    circuit.fit(np.array(spectrum.frequency_hz), np.array(spectrum.impedance), weight_by_modulus=weighting == "modulus")
    return np.asarray(circuit.parameters_), np.asarray(circuit.conf_)


def our_tafel(curve: PolarizationCurve) -> tuple[float, ...]:
    fit = fit_tafel(curve)
    return fit.e_corr.value, fit.i_corr.value, fit.beta_a.value, fit.beta_c.value


def their_tafel(curve: PolarizationCurve) -> tuple[float, ...]:
    """PolCurveFit needs a window; 100 mV each way suits activation control."""
    from polcurvefit import polcurvefit

    tool = polcurvefit(np.array(curve.potential_v), np.array(curve.current_a_cm2), sample_surface=1.0)
    with contextlib.redirect_stdout(io.StringIO()):
        found = tool.active_pol_fit(window=[-0.1, 0.1])
    e_corr, i_corr, beta_a, beta_c = (float(np.ravel(part)[0]) for part in found[1:5])
    return e_corr, i_corr, beta_a, abs(beta_c)


@dataclass(frozen=True)
class Tally:
    """How often a package missed what was published, or what was simulated; no answer is a miss."""

    name: str
    cases: int
    misses: int
    without_answer: int
    seconds_each: float


def tally(title: str, cases: list[Callable[[], bool]]) -> Tally:
    misses, failures, began = [], 0, time.perf_counter()
    for k, case in enumerate(cases):
        try:
            misses += [] if case() else [k]
        except (BadInputError, RuntimeError, ValueError, TypeError, IndexError, np.linalg.LinAlgError):
            failures += 1
    seconds = (time.perf_counter() - began) / len(cases)
    found = f", such as number {misses[:5]}" if misses else ""
    one = Tally(title, len(cases), len(misses) + failures, failures, round(seconds, 2))
    print(
        f"{title:<52} misses {one.misses:3d} of {one.cases}, {failures} without answer, {seconds:.2f} s each{found}", flush=True
    )
    return one


def simulated(count: int) -> Iterator[Tally]:
    print("\nSimulated, with noise, from no start values\n")
    all_spectra, all_curves = list(spectra(count)), list(curves(count))
    for title, fit, part in (
        ("spectra, Corrovis", our_circuit, all_spectra),
        ("spectra, impedance.py", their_circuit, all_spectra[:COMPARED]),
        ("spectra, Corrovis on the same", our_circuit, all_spectra[:COMPARED]),
    ):
        yield tally(f"simulated {title}", [lambda t=t, s=s, x=x, fit=fit: recovered(t, *fit(t, s), x) for t, s, x in part])
    for title, tafel, some in (
        ("curves, PolCurveFit", their_tafel, all_curves[:COMPARED]),
        ("curves, Corrovis on the same", our_tafel, all_curves[:COMPARED]),
        ("curves, Corrovis", our_tafel, all_curves),
        ("curves with a passive film, Corrovis", our_tafel, list(curves(count, passive=True))),
    ):
        yield tally(f"simulated {title}", [lambda c=c, x=x, tafel=tafel: close(tafel(c), x) for c, x in some])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = os.environ.get("CORROVIS_DATA")
    parser.add_argument("--data", type=Path, default=Path(folder) / "electrochem" if folder else None)
    parser.add_argument("--simulated", type=int, default=400, help="cases; 0 leaves them out")
    parser.add_argument("--report", type=Path, help="also write the tallies as JSON, such as to train/reports/electrochem.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tallies: list[Tally] = []
    if options.data and options.data.exists():
        eis_references(options.data / "eis")
        tafel_references(options.data / "pdp")
        tallies += side_by_side(options.data)
    else:
        print("no --data: the published references are left out")
    if options.simulated > 0:
        tallies += simulated(options.simulated)
    if options.report:
        made = {"command": "python benchmarks/electrochem.py", "simulated": options.simulated}
        options.report.write_text(json.dumps({"made": made, "tallies": [asdict(one) for one in tallies]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
