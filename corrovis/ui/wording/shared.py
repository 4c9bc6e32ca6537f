"""What several tabs say alike."""

from __future__ import annotations

EXAMPLES = "Or try one of these"
ONLY_EXAMPLE = "Or try this one"
EXAMPLE = "Example: {name}"
ONE_AT_A_TIME = "One file at a time: the last one is still being made."
STOP = "Stop"
STOPPING = "Stopping …"
EXPIRED = "This photo was already deleted here; upload it again"


def severity_name(severity: str) -> str:
    return severity.capitalize()


def percent(share: float) -> str:
    """0.004 -> "<1 %", 0.42 -> "42 %"."""
    return "<1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")
