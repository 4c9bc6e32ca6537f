"""Equivalent circuits from strings: "R0-p(R1,C1)" is a resistor in series with a resistor beside a capacitor.

A dash joins in series, p(a,b,...) in parallel; names are an element's letters, large or small, and a number, as in impedance.py.
j is the imaginary unit, w the angular frequency.

| element | parameters        | impedance                                        |
| ------- | ----------------- | ------------------------------------------------ |
| R       | R                 | R                                                |
| C       | C                 | 1 / (j w C)                                      |
| L       | L                 | j w L                                            |
| CPE, Q  | Q, alpha          | 1 / (Q (j w)^alpha)                              |
| W       | sigma             | sigma (1 - j) / sqrt(w), semi-infinite diffusion |
| Wo      | Z0, tau           | Z0 coth(sqrt(j w tau)) / sqrt(j w tau), blocking |
| Ws      | Z0, tau           | Z0 tanh(sqrt(j w tau)) / sqrt(j w tau), passing  |
| G       | Z0, tau           | Z0 / sqrt(1 + j w tau), Gerischer                |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from corrovis.curves import CircuitFit
from corrovis.errors import BadInputError
from corrovis.results import Complex, Real

LINE_POINTS = 200
MAX_ELEMENTS = 20
MAX_LENGTH = 300  # characters: more than so many elements and their brackets need


@dataclass(frozen=True, slots=True)
class Element:
    """Impedance over w in rad/s; `kinds` says what each parameter is: R, C, L, Q, alpha, sigma, tau."""

    kinds: tuple[str, ...]
    impedance: Callable[[Real, Real], Complex]


def _finite(p: Real, w: Real, hyperbolic: Callable[[Complex], Complex]) -> Complex:
    root = np.sqrt(1j * w * p[1])
    out: Complex = p[0] * hyperbolic(root) / root
    return out


def _tanh(x: Complex) -> Complex:
    decay = np.exp(-2 * x)  # tanh itself overflows for large arguments
    out: Complex = (1 - decay) / (1 + decay)
    return out


def _cpe(p: Real, w: Real) -> Complex:
    out: Complex = 1 / (p[0] * (1j * w) ** p[1])
    return out


ELEMENTS: dict[str, Element] = {
    "R": Element(("R",), lambda p, w: p[0] + 0j * w),
    "C": Element(("C",), lambda p, w: 1 / (1j * w * p[0])),
    "L": Element(("L",), lambda p, w: 1j * w * p[0]),
    "CPE": Element(("Q", "alpha"), _cpe),
    "Q": Element(("Q", "alpha"), _cpe),
    "W": Element(("sigma",), lambda p, w: p[0] * (1 - 1j) / np.sqrt(w)),
    "Wo": Element(("R", "tau"), lambda p, w: _finite(p, w, lambda x: 1 / _tanh(x))),
    "Ws": Element(("R", "tau"), lambda p, w: _finite(p, w, _tanh)),
    "G": Element(("R", "tau"), lambda p, w: p[0] / np.sqrt(1 + 1j * w * p[1])),
}
NAME = re.compile(r"(CPE|Wo|Ws|[RCLQWG])(\d+)", re.IGNORECASE)
SPELLED = {kind.lower(): kind for kind in ELEMENTS}
SUMMED = ("R", "C", "L", "W")  # side by side two of a kind are one
UNITS = {"R": "ohm", "C": "F", "L": "H", "Q": "S s^alpha", "alpha": "", "sigma": "ohm s^-1/2", "tau": "s"}
AREA_UNITS = {
    "R": "ohm cm2",
    "C": "F/cm2",
    "L": "H cm2",
    "Q": "S s^alpha/cm2",
    "alpha": "",
    "sigma": "ohm cm2 s^-1/2",
    "tau": "s",
}

Node = tuple[str, "tuple[Node, ...]"] | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Circuit:
    """A parsed circuit; `names` and `kinds` run over all parameters in the string's order."""

    text: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    root: Node

    def impedance(self, parameters: Real, frequency_hz: Real) -> Complex:
        """(n,) complex at (n,) Hz; for (p, m, 1) parameters, m sets at once, (m, n)."""
        return _evaluate(self.root, parameters, 2 * np.pi * frequency_hz)

    @property
    def solution(self) -> tuple[int, ...]:
        """Places of the resistors that stand in series with everything else."""
        top = _parts(self.root) if self.root[0] == "series" else (self.root,)
        return tuple(place for kind, place in top if kind == "R" and isinstance(place, int))

    @property
    def double_layers(self) -> tuple[tuple[int, int], ...]:
        """Places of each CPE and of the resistor beside it, or that its neighbour branch begins with."""
        pairs = []
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            waiting += _parts(node)
            if node[0] == "parallel":
                first = [_parts(part)[0] if part[0] == "series" else part for part in _parts(node)]
                resistors = [place for kind, place in first if kind == "R" and isinstance(place, int)]
                cpes = [place for kind, place in _parts(node) if kind in ("CPE", "Q") and isinstance(place, int)]
                pairs += [(cpe, resistors[0]) for cpe in cpes if resistors]
        return tuple(sorted(pairs))


def fitted_line(fit: CircuitFit) -> tuple[Real, Complex]:
    """(200,) Hz over a fitted spectrum, and the circuit's impedance there: between few measured points it bends."""
    f = np.geomspace(fit.spectrum.frequency_hz[0], fit.spectrum.frequency_hz[-1], LINE_POINTS)
    return f, parse(fit.circuit).impedance(np.array([q.value for q in fit.parameters.values()]), f)


def _parts(node: Node) -> tuple[Node, ...]:
    return () if isinstance(node[1], int) else node[1]


def _evaluate(node: Node, parameters: Real, w: Real) -> Complex:
    kind, content = node
    if isinstance(content, int):
        element = ELEMENTS[kind]
        return element.impedance(parameters[content : content + len(element.kinds)], w)
    parts = [_evaluate(part, parameters, w) for part in content]
    if kind == "series":
        return sum(parts[1:], parts[0])
    inverse = [1 / part for part in parts]
    return 1 / sum(inverse[1:], inverse[0])


def parse(text: str) -> Circuit:
    """The circuit of a string.

    Raises:
        BadInputError: an unknown element, a name used twice, brackets that do not match, or elements that can only be told as one
    """
    text = NAME.sub(lambda found: SPELLED[found[1].lower()] + found[2], re.sub(r"\s", "", text))
    if len(text) > MAX_LENGTH:
        raise BadInputError(f"a circuit of {len(text)} characters is none that can be fitted; keep to {MAX_ELEMENTS} elements")
    parser = _Parser(text)
    root = parser.series()
    if parser.rest:
        raise parser.wrong(f"{parser.rest[:10]!r} is left over")
    return Circuit(parser.text, tuple(parser.names), tuple(parser.kinds), root)


class _Parser:
    """Recursive descent over series := part (-part)*, part := p(series, ...) | name."""

    def __init__(self, text: str) -> None:
        self.text = self.rest = text
        self.names: list[str] = []
        self.kinds: list[str] = []
        self.seen: set[str] = set()

    def series(self) -> Node:
        parts = [self.part()]
        while self.take("-"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else self.joined("series", parts)

    def part(self) -> Node:
        if self.take("p("):
            parts = [self.series()]
            while self.take(","):
                parts.append(self.series())
            if not self.take(")"):
                at = f"a comma or closing bracket is expected at {self.rest[:10]!r}"
                raise self.wrong(at if self.rest else "a closing bracket is missing")
            if len(parts) < 2:
                raise self.wrong("p(...) needs two or more parts, separated by commas")
            return self.joined("parallel", parts)
        match = NAME.match(self.rest)
        if not match:
            at = f"an element with a number, such as R0, is expected at {self.rest[:10] or 'the end'!r}"
            raise self.wrong(f"{at}; there are {', '.join(ELEMENTS)}")
        name, kind = match[0], match[1]
        if name in self.seen or len(self.seen) >= MAX_ELEMENTS:
            raise self.wrong(f"{name} stands there twice" if name in self.seen else f"more than {MAX_ELEMENTS} elements")
        self.rest = self.rest[len(name) :]
        self.seen.add(name)
        first, kinds = len(self.names), ELEMENTS[kind].kinds
        self.names += [name] if len(kinds) == 1 else [f"{name}_{k}" for k in range(len(kinds))]
        self.kinds += kinds
        return kind, first

    def joined(self, how: Literal["series", "parallel"], parts: list[Node]) -> Node:
        """All parts as one node; raises BadInputError where two of them can only be told together."""
        seen: dict[str, str] = {}
        for kind, place in (leaf for part in parts for leaf in (_parts(part) if part[0] == how else (part,))):
            if kind in SUMMED and isinstance(place, int):
                name = self.names[place]
                if kind in seen:
                    raise self.wrong(f"{seen[kind]} and {name} in {how} act as one and cannot be told apart; leave one out")
                seen[kind] = name
        return how, tuple(parts)

    def take(self, token: str) -> bool:
        found = self.rest.startswith(token)
        self.rest = self.rest[len(token) :] if found else self.rest
        return found

    def wrong(self, what: str) -> BadInputError:
        return BadInputError(f"circuit {self.text!r}: {what}; write it like R0-p(R1,C1)")
