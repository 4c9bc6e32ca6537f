"""What a column's heading says: which quantity, in which unit, and whether it is negated.

"-Z'' / kOhm" -> imaginary, factor -1e3;  "<I>/mA" -> current, 1e-3;  "log10|J| (uA/cm2)" -> current, logarithmic, per area.
Names are known in English, German, French, Spanish and Italian; under any other name the unit tells V, A and Hz.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

PREFIXES = {"": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
WORDS = {"nano": "n", "micro": "u", "milli": "m", "kilo": "k", "mega": "M"}
AREAS = {"mm": 1e2, "cm": 1.0, "dm": 1e-2, "m": 1e-4}  # of a current by this length squared, in A/cm2; ohm times it, the inverse
# A unit by an area; "Ohm-cm2" joins, "mA-cm2" would be a guess.
BY_AREA = re.compile(r"(?:(.*(?i:ohm))-?|(.+?))(?:/|per)?(?:sq([cdm]?m)|([cdm]?m)-?2)")
PREFIXED = re.compile(r"([pnumkKMG]?)(V|A|Hz|[Oo]hm|OHM|deg(?:rees?)?|rad(?:ians?)?|s|sec|[Aa]mp(?:ere)?s?|[Vv]olts?|[Hh]ertz)")
OVER_AREA = re.compile(r"/|per\b|-\s*2")
SYMBOLS = str.maketrans(
    {"µ": "u", "μ": "u", "\u03a9": "Ohm", "\u2126": "Ohm", "−": "-", "⁻": "-", "″": '"', "′": "'", "¹": "1", "²": "2", "·": " "}
    | {"⋅": " ", "°": "deg"}
)

# The first name that fits wins, so those that an instrument prefers stand first.
NAMES: dict[str, tuple[str, ...]] = {
    "frequency": (r"f", r"fr[eé][qc]\w*", r"omega", r"ω", r"angular freq\w*", r"kreisfreq\w*", r"pulsa[tcz]\w*"),
    "real": (r"z'", r"z'\(a\)", r"re\(z\)", r"z[ _.]?re(al)?", r"re ?z", r"real\w*", r"zr", r"part[ie]e? r[eé][ae]l\w*"),
    "imaginary": (
        r"z('')", r"z\"", r"z''\(b\)", r"im\(z\)", r"z[ _.]?im(g|ag)?(inary)?", r"im ?z", r"imag\w*", r"zi",
        r"part[ie]e? im+ag\w*",
    ),
    "modulus": (r"\|z\|", r"z[ _.]?mod\w*", r"m[oó]d\w*", r"betrag\w*", r"imp[eé]dan\w*( magnitude)?|impeden\w*", r"z"),
    "phase": (
        r"phase\(z\)", r"(z[ _.]?)?ph\w*", r"theta", r"neg\. phase", r"phase.*", r"fase", r"winkel",
        r"[aá]ng[uo]lo( d[ei])? fase",
    ),
    "potential": (
        r"vf", r"ewe", r"<ewe>", r"we\(1\)\.potential", r"potential", r"potential applied", r"e", r"u", r"v", r"voltage",
        r"e[ac]", r"e[ _]?we", r"ewe.*", r"e ?applied", r"e vs\.? .*", r"potential.*", r"elektrodenpotential", r"(zell)?spannung",
        r"poten[zct]i[ea]l\w?", r"tensi[oó]n\w?", r"volta(ge|je|ggio)",
    ),
    "current": (
        r"im", r"<i>", r"we\(1\)\.current", r"current density", r"j", r"i", r"current", r"\|i\|", r"\|j\|", r"abs\(i\)",
        r"i[ac]", r"current(?! range).*", r"[ij] ?density", r"[ij]_?(corr|cell|we)?", r"strom(st[äa]e?rke|dichte)?",
        r"(densit[éeà] (de |di )?)?(courant|corrente)", r"(densidad de )?corriente", r"intensi(té|te|dad|tà)( d[eiu] \w+)?",
    ),
    "time": (r"t", r"time.*", r"elapsed time.*", r"zeit", r"temps", r"tiempo", r"tempo"),
}  # fmt: skip
MAX_LENGTH = 120  # characters of a heading that is read; its time grows with their square
UNIT_RANK, BARE_RANK = 98, 99  # of a column whose name is unknown and its unit is not, and of one headed by its unit alone
BARE_UNIT = {"v": "potential", "a": "current", "hz": "frequency", "rad/s": "frequency"}
UNITS_OF = {"potential": ("v",), "current": ("a",), "frequency": ("hz", "rad/s"), "phase": ("deg", "rad"), "time": ("s",)}
CYRILLIC = str.maketrans("ВАмкнГцОсд", "VAmknHzOcd")
ANGULAR = re.compile(r"omega|ω|angular.*|kreis.*|pulsa.*")  # frequencies that are 2 pi times those in Hz
NOT_UNIT = re.compile(r"\s*(vs\.?|against|\().*$", re.IGNORECASE)  # what may follow a unit: the reference electrode
# A unit in brackets, behind a slash or alone, but no size such as "1 mV".
UNIT_SIGN = re.compile(r"(?<![\w.])(?<!\d )[pnumkM]?(A|V|Hz|[Oo]hms?)(?![A-Za-z])")
# "I x10-6 (A)" may mean microamperes or their inverse; only whoever wrote it knows.
FACTOR = re.compile(r"((?<![a-z])x|[×*])\s*1(0|e-?\d)|(?<![\w.,])1(0\s*(\^|\*\*)?\s*-?\s*[2-9⁰-⁹³](?!\d)|e-?\d)", re.IGNORECASE)
# What a heading without a readable unit must not hold: a factor that nobody sees is worse than a question.
UNREAD = {"current": r"(?<![a-z])(nano|micro|milli|[pnumkg])?a(mp(ere)?s?)?(?![a-z0-9])", "frequency": r"[kmg]hz|rad"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column holds; times `factor` it is in V, A, Hz, ohm, rad or s.  `rank` orders a quantity's columns, best first."""

    quantity: str
    factor: float
    per_area: bool
    log_base: float  # 0 where the column holds the quantity itself
    magnitude: bool
    rank: int
    has_unit: bool = True
    over_area: bool = False  # an impedance whose unit is written as ohm/cm2, which none is

    @property
    def signed(self) -> bool:
        """Whether the column can tell anodic from cathodic."""
        return not (self.magnitude or self.log_base)


def read_heading(text: str) -> Heading | None:
    """The heading's meaning, or None if it is not one of ours."""
    return _read(text) if len(text) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)  # the lines above every block are looked through, and blocks repeat them
def _read(text: str) -> Heading | None:
    text = text.translate(SYMBOLS).strip().strip('"').strip()
    negated = bool(re.match(r"(-|neg\.? |minus )\s*", text, re.IGNORECASE))
    text = re.sub(r"^(-|neg\.? |minus )\s*", "", text, flags=re.IGNORECASE)
    text, log_base = _without_log(text)
    if FACTOR.search(text):
        return None
    name, unit = _split(text)
    name = name.strip(" _#").lower()
    found = _place_of(name, text, unit)
    if found is None:
        return None
    kind, rank = found
    scale = _unit(text if rank == BARE_RANK else unit)
    if scale is None and hides_unit(kind, name):
        return None
    if kind == "modulus" and name == "z" and (scale is None or scale[2] != "ohm"):
        return None
    factor, per_area = (scale[0], scale[1]) if scale else (1.0, "dens" in name or "dicht" in name or name == "j")
    if kind == "phase" and (scale is None or scale[2] != "rad"):
        factor = math.pi / 180 * (scale[0] if scale and scale[2] == "deg" else 1.0)
    if kind == "frequency" and (scale[2] == "rad/s" if scale else ANGULAR.fullmatch(name)):
        factor /= 2 * math.pi
    magnitude = "|" in name or "abs" in name
    over = scale is not None and scale[1] and scale[2] == "ohm" and bool(OVER_AREA.search(unit))
    return Heading(kind, -factor if negated else factor, per_area, log_base, magnitude, rank, scale is not None, over)


def _place_of(name: str, text: str, unit: str) -> tuple[str, int] | None:
    """Quantity and rank of a column by its name; of one whose name tells nothing by its unit."""
    found = next(
        ((kind, rank) for kind, patterns in NAMES.items() for rank, word in enumerate(patterns) if re.fullmatch(word, name)), None
    )
    bare = "" if unit else bare_unit(text)
    if found and not bare:
        return found
    if bare:
        return (BARE_UNIT[bare], BARE_RANK) if bare in BARE_UNIT else None
    scale = _unit(unit)
    return (BARE_UNIT[scale[2]], UNIT_RANK) if scale and scale[2] in BARE_UNIT else None


def bare_unit(text: str) -> str:
    """The base unit of a heading that is nothing but a unit, in brackets or not; a or v alone is a letter, not a unit."""
    text = NOT_UNIT.sub("", _unbracketed(text.translate(SYMBOLS).strip()))
    scale = _unit(text) if re.search(r"[AVHАВГО]|ohm|deg|rad", text, re.IGNORECASE if len(text) > 2 else 0) else None
    return scale[2] if scale else ""


def names_units(text: str) -> int:
    """How many signs of units a line of words holds, sizes such as "1 mV" left aside."""
    return len(UNIT_SIGN.findall(text.translate(SYMBOLS)))


def names_factor(text: str) -> bool:
    """Whether a power of ten stands in a heading, which multiplies its numbers or has multiplied them."""
    return bool(FACTOR.search(text.translate(SYMBOLS)))


def _unbracketed(text: str) -> str:
    return text[1:-1].strip() if re.fullmatch(r"\([^()]*\)|\[[^\[\]]*\]", text) else text


def _without_log(text: str) -> tuple[str, float]:
    """ "log(i/mA cm-2)", "lg i", "ln|i| (A)" without the logarithm, and its base; 0 where there is none."""
    match = re.match(r"(log(?:[ _]?10)?|lg|ln)(?![a-z])\s*[_ ]?", text, re.IGNORECASE)
    if not match:
        return text, 0.0
    rest = text[match.end() :]
    inside = re.match(r"\(((?:[^()]|\([^()]*\))*)\)", rest)
    rest = inside[1] + rest[inside.end() :] if inside else rest.removeprefix("(")
    return rest, math.e if match[1].lower() == "ln" else 10.0


def hides_unit(kind: str, text: str) -> bool:
    """Whether a heading of this quantity carries a unit that cannot be read, as "Current (mA/in2)" does, or is too long."""
    if len(text) > MAX_LENGTH:
        return kind in UNREAD
    text = text.translate(SYMBOLS)
    if FACTOR.search(text):
        return True
    return kind in UNREAD and not _split(text)[1] and bool(re.search(UNREAD[kind], text.lower()))


def unit_for(kind: str, text: str) -> str:
    """The unit in a heading of another name, if it is one of this quantity: "Response (mA)" -> mA; else none."""
    text = text.translate(SYMBOLS)
    unit = _split(text)[1] if len(text) <= MAX_LENGTH and not FACTOR.search(text) else ""
    scale = _unit(unit)
    return unit if scale and scale[2] in UNITS_OF.get(kind, ("ohm",)) else ""


def _split(text: str) -> tuple[str, str]:
    """Name and unit of "I (mA)", "I/mA", "J [A/m2]", "i_mA_cm2", "|J|, uA/cm2", "E (mV) vs. SCE"."""
    brackets = re.fullmatch(r"(.+?)\s*[\(\[]\s*([^()\[\]]+)\s*[\)\]]?(?:\s*(?:vs\b|versus\b|against\b).*)?", text, re.IGNORECASE)
    if brackets and _unit(brackets[2]):
        return brackets[1], brackets[2]
    for separator in (r"\s*/\s*", r"\s*,\s*", r"\s+in\s+", r"[_ ]+"):
        for place in re.finditer(separator, text):  # the first may belong to the name, as in E vs. Ag/AgCl / mV
            name, unit = text[: place.start()], text[place.end() :]
            if name and _unit(unit):
                return name, unit
    return text, ""


def _unit(text: str) -> tuple[float, bool, str] | None:
    """Factor to the base unit, whether it is per area, base unit; None if it is no unit of ours."""
    text = NOT_UNIT.sub("", _unbracketed(text.strip()))
    text = re.sub(r"[\s*.^_{}]", "", text).replace("ohms", "ohm").replace("Ohms", "Ohm")
    if not text.isascii():
        text = re.sub(r"^mk", "u", text.translate(CYRILLIC)).replace("Om", "Ohm")
    if re.fullmatch(r"rad(/s(ec)?|s-1)", text, re.IGNORECASE):
        return 1.0, False, "rad/s"
    area = BY_AREA.fullmatch(text)
    text, by = (area[1] or area[2], AREAS[area[3] or area[4]]) if area else (text, 1.0)
    word = re.match(r"(nano|micro|milli|kilo|mega)(?=amp|volt|ohm|hertz)", text, re.IGNORECASE)
    text = WORDS[word[1].lower()] + text[word.end() :] if word else text
    parts = PREFIXED.fullmatch(_cased(text))
    if not parts:
        return None
    base = {"sec": "s", "hertz": "hz"}.get(parts[2].lower(), parts[2].lower())
    base = re.sub(r"^(amp|volt).*", lambda name: name[1][0], re.sub(r"^(deg|rad).*", r"\1", base))
    if base in ("deg", "rad", "s") and parts[1] not in ("", "m"):
        return None
    return PREFIXES[parts[1]] * (1 / by if base == "ohm" else by), bool(area), base


def _cased(unit: str) -> str:
    """Keys and some programs write units in one case only: ma and MA both mean mA, khz and KHZ kHz; mhz may be either."""
    if re.fullmatch(r"[pnum]?[av]|[PNUM]?[AV]", unit):
        return unit[:-1].lower() + unit[-1].upper()
    if re.fullmatch(r"[PNUM]?(AMPS?|VOLTS?)", unit):
        return unit.lower()
    if re.fullmatch(r"k?hz|[kK]?HZ|KHz", unit):
        return unit[:-2].lower() + "Hz"
    return unit
