"""Protection of Endpoint Agent on a device: what users and other programs attempt, and whether it is let through."""

from emulator.security.attempts import Attempt, Decision, Reason, decide
from emulator.security.operations import OPERATIONS, Defended, Operation, Way
from emulator.security.outcomes import (
    DELETES_LICENCE,
    DELETES_QUARANTINED,
    ENDS,
    ENDS_ISOLATION,
    ENDS_PREVENTION,
    ENTERS,
    ON_OBJECTS,
    QUARANTINES,
    RESTORES_QUARANTINED,
    SCANS,
    SHOWS_QUARANTINE,
    SHOWS_QUARANTINE_SETTINGS,
    STARTS,
    UNINSTALLS,
    entered,
)
from emulator.security.password import checksum, kept_password, weaknesses

__all__ = [
    "DELETES_LICENCE",
    "DELETES_QUARANTINED",
    "ENDS",
    "ENDS_ISOLATION",
    "ENDS_PREVENTION",
    "ENTERS",
    "ON_OBJECTS",
    "OPERATIONS",
    "QUARANTINES",
    "RESTORES_QUARANTINED",
    "SCANS",
    "SHOWS_QUARANTINE",
    "SHOWS_QUARANTINE_SETTINGS",
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
