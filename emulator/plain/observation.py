"""What the plain agent tells of each event: which stage had it, and what came of it there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from emulator.plain.generation import Event
from emulator.ports import Target


class Stage(StrEnum):
    """What happened to an event, in the order in which an event can meet it."""

    SUPPRESSED = "suppressed"
    """It never happened: isolation stopped it."""
    NOT_COLLECTED = "not_collected"
    EXCLUDED = "excluded"
    OPTIMISED = "optimised"
    REPEATED = "repeated"
    COLLECTED = "collected"
    """It waits for the next transmission."""
    CRASHED = "crashed"
    THROTTLED = "throttled"
    QUEUED = "queued"
    """It has an ordinal, which a later merge may change until it is sent."""
    SENT = "sent"
    """It left for a server; it may leave more than once."""
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Observation:
    """One stage of one event, for one target.

    `at_ms` is the moment of the device at which it was decided; for what was sent, that of sending. `server` is the
    address that it was sent to. Two events may be equal; an ordinal tells those apart that have one.
    """

    device: int
    target: Target
    tick: int
    at_ms: int
    stage: Stage
    event: Event
    ordinal: int | None = None
    server: str = ""


Observer = Callable[[Observation], None]
