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


Report = StateReport | EventReport | TaskReport


class Reports(Protocol):
    """The half of the Administration Server that takes what devices report."""

    def receive(self, device: int, at_ms: int, items: Iterable[Report]) -> None:
        """Takes what a device reports at its synchronisation, in the order in which it happened."""
