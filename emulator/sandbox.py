"""Kaspersky Sandbox: what a device asks it about objects, and the queue of those that wait for an answer.

Which messages there are is the emulator's; that the servers of a list are one cluster, that the next one is asked after
an error, and that the queue has a limited size, is known from the help of the product and its siblings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from emulator.policy.kinds import UNIT_BYTES
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call

RETRY_EVERY_MS: Final = 5 * 60_000
"""How often objects that wait are offered again while no server answers: the emulator's choice."""


class SandboxVerdict(StrEnum):
    """What the examination of an object came to."""

    CLEAN = "clean"
    DETECTED = "detected"


@dataclass(frozen=True, slots=True)
class SandboxObject:
    """A file that is to be examined."""

    path: str
    md5: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An object on its way to a server."""

    call: Call
    object: SandboxObject


@dataclass(frozen=True, slots=True)
class Ticket:
    """A server has taken an object and will know more at `ready_ms`."""

    ready_ms: int


@dataclass(frozen=True, slots=True)
class VerdictRequest:
    """A question for the verdict about an object that a server has taken."""

    call: Call
    sha256: str


class SandboxService(Protocol):
    """The sandbox port: the servers of one cluster, each asked by its own call."""

    def submit(self, submission: Submission) -> Ticket | Refused | TimedOut | Unreachable:
        """Takes an object."""

    def verdict(self, request: VerdictRequest) -> SandboxVerdict | Refused | TimedOut | Unreachable:
        """The verdict about an object; any server of the cluster knows it. Refused (404) where none has taken it."""


class RequestQueue:
    """The objects of one device that wait for a server, the oldest first; each content once."""

    def __init__(self) -> None:
        self._waiting: dict[str, SandboxObject] = {}

    def __iter__(self) -> Iterator[SandboxObject]:
        return iter(tuple(self._waiting.values()))

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size_bytes(self) -> int:
        """What the objects take."""
        return sum(one.size_bytes for one in self._waiting.values())

    def put(self, one: SandboxObject, limit_mb: int) -> bool:
        """Takes in an object; False where there is no room for it."""
        if one.sha256 in self._waiting:
            return True
        if self.size_bytes + one.size_bytes > limit_mb * UNIT_BYTES["MB"]:
            return False
        self._waiting[one.sha256] = one
        return True

    def remove(self, one: SandboxObject) -> None:
        """An object waits no more."""
        self._waiting.pop(one.sha256, None)
