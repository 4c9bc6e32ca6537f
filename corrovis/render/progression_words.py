"""What a progression's reports and page say alike: the answer in sentences, estimates, warnings, what the numbers mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

CHANGE = "+.3g"  # an hour of thousands changes little, and that little must not be rounded to nothing
TITLE = "Corrosion against exposure"
CAPTION = (
    "A dot is a field; a bar, a little beside its hour, the interval of the mean of repeats; a line with its band the trend of a "
    "condition."
)
GROWTH = ["condition", "fields", "corroded, points of % per hour", "severity, levels per hour"]
NO_LINE = "too few specimens or exposures, or several models"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
INTERVALS = {"Welch t": "Welch's t over repeats", "paired t": "paired t over the exposures", None: "none"}
MOST_SENTENCES = 6  # of comparisons: more are counted
MOST_HOURS = 3  # named one by one

MEANING = (
    "Corroded share: pixels called corroded, of all pixels of the specimen without its data bar.",
    "Severity level: 0 low, 1 moderate, 2 severe, weighted with their probabilities, so it moves before a limit is passed.",
    "Specimens of one condition and exposure are repeats; the interval of their mean is the 95 % t interval, cut at 0 and 100 %.",
    "It is wide for two or three; one specimen alone has none, nor have values without scatter.",
    "Fields of one specimen are no repeats: where the table names specimens, the mean of each one's fields counts once.",
    "Where it names none, each field counts as a specimen; if several lie on one, all intervals are too narrow.",
    "A specimen that is followed in time is one, not several: no line is laid through fewer than three names.",
    "Growth is a straight line through all specimens of a condition; its band is the 95 % t interval of least squares.",
    "It needs three specimens at two exposures. Corrosion need not grow on a straight line: look at the plot.",
    "Conditions are compared over the exposures that both have; they differ where the interval leaves zero out.",
    "Of twenty pairs of conditions that are equal, about one looks different by chance.",
    "Where each of these exposures has repeats in both, the interval is that of Welch's t test, pooled over them.",
    "Else, with three exposures or more, it is the paired t interval of the differences at each, as if they were draws of one.",
    "Models differ in what they call corroded, so nothing is compared, averaged or put on a line across two of them.",
    "The intervals cover the scatter of the specimens, not an error of the model that all of them share.",
)


def in_words(conditions: Sequence[dict[str, Any]], comparisons: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each condition, and for each comparison unless there are many: whether it grows or differs, and how sure
    that is.
    """
    told = [f"{one['condition']}: {_growth(one)}." for one in conditions]
    if len(comparisons) > MOST_SENTENCES:
        sure = sum(is_sure(one["difference"]) for one in comparisons)
        told.append(f"{sure} of {len(comparisons)} comparisons tell two conditions apart; the table below says which.")
    else:
        told += map(_contrast, comparisons)
    if len(conditions) > 1 and not comparisons:
        told.append("No two conditions can be compared: they have no exposure in common, or several models looked at them.")
    return told


def _growth(one: dict[str, Any]) -> str:
    trend, amount = one["trend"], f"{share_told(one['trend'], '+')} points of % per hour"
    if not one["exposure"]:
        return "none of its pictures could be inspected"
    if trend is None:
        return f"no growth can be given ({NO_LINE})"
    if trend["low"] is None:
        return f"{amount}, and no scatter that would say how sure that is"
    if not is_sure(trend):
        return f"growth cannot be told apart from none, {amount}"
    return f"the corroded share {'grows' if trend['value'] > 0 else 'shrinks'}, {amount}"


def _contrast(one: dict[str, Any]) -> str:
    first, second, found = one["first"], one["second"], one["difference"]
    amount = f"{share_told(found, '+')} points of %"
    if found["low"] is None:
        return f"{second} against {first}: {amount}, and no scatter of repeats that would say whether this is chance."
    if not is_sure(found):
        return f"{second} and {first} cannot be told apart, {amount}."
    return f"{second} is {'more' if found['value'] > 0 else 'less'} corroded than {first}, {amount}."


def growth_row(one: dict[str, Any], name: str) -> list[str]:
    """The cells below `GROWTH` of a condition that is called so."""
    return [name, str(len(one["exposure"])), share_told(one["trend"], "+"), level_told(one["severity_trend"], "+")]


def is_sure(estimate: dict[str, Any]) -> bool:
    """Whether there is an interval, and it leaves zero out."""
    return estimate["low"] is not None and (estimate["low"] > 0 or estimate["high"] < 0)


def share_told(estimate: dict[str, Any] | None, sign: str = "") -> str:
    """Points of % of the field, with the interval where there is one."""
    times = {key: value and 100 * value for key, value in estimate.items()} if estimate else None
    return _written(times, CHANGE if sign else ".2f")


def level_told(estimate: dict[str, Any] | None, sign: str = "") -> str:
    return _written(estimate, CHANGE if sign else ".3f")


def _written(estimate: dict[str, Any] | None, form: str) -> str:
    if estimate is None:
        return NO_LINE
    value = format(estimate["value"], form)
    return value if estimate["low"] is None else f"{value} ({estimate['low']:{form}} to {estimate['high']:{form}})"


def fields_told(mean: dict[str, Any]) -> str:
    """How many fields a mean is of, and on how many specimens where that is another number."""
    fields, specimens = mean["fields"], mean["specimens"]
    return str(fields) if fields == specimens else f"{fields} on {specimens} specimen{'s' * (specimens > 1)}"


def hours_told(hours: Sequence[float]) -> str:
    """All of a few; of more the first, the last and how many."""
    return ", ".join(f"{at:g}" for at in hours) if len(hours) <= MOST_HOURS else f"{hours[0]:g} to {hours[-1]:g} ({len(hours)})"


def by_text(said: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Warnings as (name of a picture, text), each text once, with all pictures of `count` that it is said of.

    Texts that differ in their numbers alone are one, with the least and the greatest of each.
    """
    names: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for name, text in said:
        kind = NUMBER.sub("#", text)
        names.setdefault(kind, []).append(name)
        texts.setdefault(kind, []).append(text)
    called = {kind: f"all {count} pictures" if len(own) == count > 1 else ", ".join(own) for kind, own in names.items()}
    return [(called[kind], _ranged(own)) for kind, own in texts.items()]


def _ranged(texts: Sequence[str]) -> str:
    """Texts that differ in their numbers alone as one."""
    columns = iter(zip(*(NUMBER.findall(text) for text in texts), strict=True))

    def span(found: re.Match[str]) -> str:
        numbers = next(columns)
        least, most = min(numbers, key=float), max(numbers, key=float)
        return found[0] if float(least) == float(most) else f"{least} to {most}"

    return NUMBER.sub(span, texts[0])
