"""Protection of Endpoint Agent on a device: what users and other programs attempt, and whether it is let through."""

from emulator.security.attempts import Attempt, Decision, Reason, decide
from emulator.security.operations import OPERATIONS, Defended, Operation, Way
from emulator.security.outcomes import Outcome, try_out
from emulator.security.password import checksum, kept_password, weaknesses

__all__ = [
    "OPERATIONS",
    "Attempt",
    "Decision",
    "Defended",
    "Operation",
    "Outcome",
    "Reason",
    "Way",
    "checksum",
    "decide",
    "kept_password",
    "try_out",
    "weaknesses",
]
