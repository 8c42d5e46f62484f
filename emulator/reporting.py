"""Reporting: what Network Agent tells the Administration Server at a synchronisation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from emulator.tasks.task import TaskReport
from emulator.told import Told


class ComponentStatus(IntEnum):
    """How a component of an application is (codes of the public interface of the console)."""

    UNKNOWN = 0
    STOPPED = 1
    PAUSED = 2
    STARTING = 3
    RUNNING = 4
    FAILED = 9
    NOT_INSTALLED = 10
    NO_LICENSE = 11


@dataclass(frozen=True, slots=True)
class StateReport:
    """How Endpoint Agent is: `version` is empty for the one that the server knows, `components` are by name.

    `isolated` tells whether it keeps the device from the network.
    """

    installed: bool
    running: bool
    version: str = ""
    components: Mapping[str, ComponentStatus] = field(default_factory=dict)
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class EventReport:
    """Something that was told on the device, and its moment there."""

    at_ms: int
    told: Told


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """What the Administration Server gets to know of a quarantined object: data about it, never the file (KEA-QUA-008).

    `at_ms` is when it was quarantined, `account` by whom.
    """

    id: str
    path: str
    size_bytes: int
    md5: str
    sha256: str
    at_ms: int
    account: str


@dataclass(frozen=True, slots=True)
class QuarantineReport:
    """What changed in the quarantine of a device. With `anew`, nothing else is in it than what is `added`."""

    added: tuple[QuarantineEntry, ...] = ()
    removed: tuple[str, ...] = ()
    anew: bool = False


Report = StateReport | EventReport | TaskReport | QuarantineReport


class Reports(Protocol):
    """The half of the Administration Server that takes what devices report."""

    def receive(self, device: int, at_ms: int, items: Iterable[Report]) -> None:
        """Takes what a device reports at its synchronisation, in the order in which it happened."""
