"""What several tabs say alike."""

from __future__ import annotations

EXAMPLES = "Or try one of these"
ONLY_EXAMPLE = "Or try this one"
EXAMPLE = "Example: {name}"
ONE_AT_A_TIME = "One file at a time: the last one is still being made."
STOP = "Stop"
STOPPING = "Stopping …"
STOPPING_LATER = "Stopping after this picture …"
EXPIRED = "This photo was already deleted here; upload it again"


def severity_name(severity: str) -> str:
    return severity.capitalize()
