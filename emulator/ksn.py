"""Kaspersky Security Network: what a device asks it and tells it, and the KMP service of earlier versions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from emulator.clock import HOUR_MS
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.told import Told

STATISTICS_EVERY_MS: Final = 6 * HOUR_MS
"""How often statistics are sent while KSN is used: the emulator's choice (KEA-KSN-005 gives no time)."""
KMP_SINCE: Final = (3, 10)
"""From this version on nothing configures KMP (KEA-KSN-012)."""


class Reputation(StrEnum):
    """What the cloud knows of an object."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReputationRequest:
    """A question for the reputation of a file, known by its hash."""

    call: Call
    sha256: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistical data of a running agent: counters and versions, nothing personal (KEA-KSN-007)."""

    call: Call
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FileSubmission:
    """A file that is sent for further examination (KEA-KSN-006); only what identifies it is modelled."""

    call: Call
    sha256: str


class KsnService(Protocol):
    """The reputation port."""

    def reputation(self, request: ReputationRequest) -> Reputation | Refused | TimedOut | Unreachable:
        """The reputation of a file."""

    def statistics(self, statistics: Statistics) -> Refused | TimedOut | Unreachable | None:
        """Takes statistics; None where they arrived."""

    def submit(self, submission: FileSubmission) -> Refused | TimedOut | Unreachable | None:
        """Takes a file; None where it arrived."""


def look_up(service: KsnService, call: Call, sha256: str) -> tuple[Reputation, tuple[Told, ...]]:
    """Asks for the reputation of an object that the device does not know (KEA-KSN-001).

    An object that the cloud does not know either is sent for examination. Without an answer the reputation is unknown.
    """
    answer = service.reputation(ReputationRequest(call, sha256))
    via = call.road.via.value
    if not isinstance(answer, Reputation):
        return Reputation.UNKNOWN, (Told("ksn-unanswered", {"via": via, "reason": type(answer).__name__}),)
    told = [Told("reputation", {"sha256": sha256, "verdict": answer.value, "via": via})]
    if answer is Reputation.UNKNOWN and service.submit(FileSubmission(call, sha256)) is None:
        told.append(Told("file-submitted", {"sha256": sha256, "via": via}))
    return answer, tuple(told)


def send_statistics(service: KsnService, call: Call, values: Mapping[str, int]) -> tuple[Told, ...]:
    """Sends statistics, as it happens by itself while KSN is used (KEA-KSN-005)."""
    stopped = service.statistics(Statistics(call, values))
    via = call.road.via.value
    if stopped is not None:
        return (Told("ksn-unanswered", {"via": via, "reason": type(stopped).__name__}),)
    return (Told("statistics-sent", {"via": via, "fields": ",".join(sorted(values))}),)


@dataclass(frozen=True, slots=True)
class Kmp:
    """The KMP service of one device: on or off, and the version of Endpoint Agent that it belongs to."""

    version: tuple[int, ...]
    enabled: bool = False

    @property
    def configurable(self) -> bool:
        """True where this version of Endpoint Agent has a setting for KMP (KEA-KSN-012)."""
        return self.version < KMP_SINCE

    def configured(self, *, enabled: bool) -> "Kmp":
        """The service after its setting was changed; ValueError where the version has none (KEA-KSN-012)."""
        if not self.configurable:
            raise ValueError("this version of Endpoint Agent has no setting for KMP")
        return replace(self, enabled=enabled)

    def upgraded(self, version: tuple[int, ...]) -> "Kmp":
        """The service after an update of Endpoint Agent: it goes on as it was (KEA-KSN-013, KEA-KSN-015)."""
        return replace(self, version=version)

    def told_by_policy(self, plugin: tuple[int, ...], *, enabled: bool) -> "Kmp":
        """The service under a policy that a plug-in of some version wrote with KMP on or off.

        A plug-in from 3.10 on has no such setting, so it changes nothing; an earlier one configures earlier agents,
        and on later ones it can only switch KMP off (KEA-KSN-014).
        """
        if plugin >= KMP_SINCE or (enabled and not self.configurable):
            return self
        return replace(self, enabled=enabled)
