"""Everything that Corrovis raises on purpose.

CorrovisError
├── UnfinishedError      work broke off, and what was done of it is kept
├── BadInputError        the caller's picture, file or value cannot be used
│   └── NoCarError       a picture without a car, where a car is needed
└── WeightsError         a trained network is missing, damaged or of another version
    └── WeightFileError  its file cannot be used or had; says where it should lie

Each message says what is wrong, why, and what to do next, in one line that a person can act on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CorrovisError(Exception):
    """The root: the page shows its text, the command line prints it and leaves with 2."""


class UnfinishedError(CorrovisError):
    """Work broke off; the same again, resumed, does only the rest."""


class BadInputError(CorrovisError):
    """What came in cannot be used."""


ITS_OWN = (BadInputError, OSError)
"""What is wrong with one file of many, and costs the others nothing."""


class NoCarError(BadInputError):
    """The picture shows no car; the caller may treat the whole picture as one."""


class WeightsError(CorrovisError):
    """A network's weights are missing, damaged or do not fit."""


class WeightFileError(WeightsError):
    """The file of a network is damaged, or missing and not to be had: for whoever runs this, since it names folders here."""


@contextmanager
def advising(kind: type[CorrovisError], advice: str) -> Iterator[None]:
    """An error of this kind ends with what its reader can do: only who stands at the door knows what things are called there."""
    try:
        yield
    except kind as error:
        raise kind(f"{error} ({advice})") from error
