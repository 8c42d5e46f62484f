"""Protection of Endpoint Agent on a device: what users and other programs attempt, and whether it is let through."""

from emulator.security.attempts import Attempt, Decision, Reason, decide
from emulator.security.operations import OPERATIONS, Defended, Operation, Way
from emulator.security.outcomes import (
    DELETES_LICENCE,
    ENDS,
    ENDS_ISOLATION,
    ENDS_PREVENTION,
    ENTERS,
    STARTS,
    UNINSTALLS,
    entered,
)
from emulator.security.password import checksum, kept_password, weaknesses

__all__ = [
    "DELETES_LICENCE",
    "ENDS",
    "ENDS_ISOLATION",
    "ENDS_PREVENTION",
    "ENTERS",
    "OPERATIONS",
    "STARTS",
    "UNINSTALLS",
    "Attempt",
    "Decision",
    "Defended",
    "Operation",
    "Reason",
    "Way",
    "checksum",
    "decide",
    "entered",
    "kept_password",
    "weaknesses",
]
