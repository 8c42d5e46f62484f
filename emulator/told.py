"""What a component of an Endpoint Agent has to tell: a fact of the journal, and maybe an event for its server."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """Severities of events at the Administration Server (public help of a sibling product)."""

    INFO = 1
    WARNING = 2
    FAILURE = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A fact of one device, and with a severity an event for the Administration Server as well.

    `kind` is one of the facts that a run can have; `values` are its detail. With `windows_log` it is in the Windows
    event log of its device too.
    """

    kind: str
    values: Mapping[str, str | int | bool]
    severity: Severity | None = None
    windows_log: bool = False
