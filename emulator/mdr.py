"""Managed Detection and Response on one device: whether Endpoint Agent does it, or the endpoint-protection application.

Kaspersky Endpoint Security takes MDR over when a version that supports it is there, quietly; Endpoint Agent goes on
contacting the service, keeps its status Running and takes MDR back only when its own service restarts after the other
is gone (KEA-MDR-010 to KEA-MDR-020).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from emulator.clock import HOUR_MS
from emulator.policy.sections.cloud import Mdr
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.told import Told

CONTACT_EVERY_MS: Final = HOUR_MS
"""How often the service is contacted, with data or without: the emulator's choice."""

SUPPORTS_SINCE: Final = (11,)
"""The first version of the application that supports MDR, with current databases (KEA-MDR-010)."""
AT_ONCE_SINCE: Final = (11, 6, 0)
"""From this version on it supports MDR whatever its databases (KEA-MDR-011)."""


class Worker(StrEnum):
    """Who does MDR on a device."""

    ENDPOINT_AGENT = "endpoint-agent"
    ENDPOINT_PROTECTION = "endpoint-protection"


@dataclass(frozen=True, slots=True)
class EndpointProtection:
    """The endpoint-protection application on a device."""

    version: tuple[int, ...]
    databases_current: bool = False

    @property
    def supports_mdr(self) -> bool:
        """True where it can do MDR (KEA-MDR-010, KEA-MDR-011)."""
        at_once = (*self.version, 0, 0)[:3] >= AT_ONCE_SINCE
        return at_once or (self.version >= SUPPORTS_SINCE and self.databases_current)


class ComponentStatus(StrEnum):
    """The status of the MDR component that Endpoint Agent shows."""

    RUNNING = "Running"
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class MdrComponent:
    """MDR of one device: who does it, and the application beside Endpoint Agent, if there is one."""

    worker: Worker = Worker.ENDPOINT_AGENT
    protection: EndpointProtection | None = None

    def installed(self, protection: EndpointProtection) -> "MdrComponent":
        """After the application was installed (KEA-MDR-012)."""
        return self._with(protection)

    def databases_updated(self) -> "MdrComponent":
        """After the databases of the application were brought up to date (KEA-MDR-013)."""
        if self.protection is None:
            return self
        return self._with(replace(self.protection, databases_current=True))

    def removed(self) -> "MdrComponent":
        """After the application is gone: nobody does MDR before Endpoint Agent's service restarts (KEA-MDR-018)."""
        return replace(self, protection=None)

    def service_started(self) -> "MdrComponent":
        """After Endpoint Agent's service has started: it does MDR where nobody else can (KEA-MDR-017)."""
        if self.protection is not None and self.protection.supports_mdr:
            return replace(self, worker=Worker.ENDPOINT_PROTECTION)
        return replace(self, worker=Worker.ENDPOINT_AGENT)

    def sends_data(self, settings: Mdr) -> bool:
        """True where Endpoint Agent sends data to MDR: both options, and the work is its own (KEA-MDR-006,
        KEA-MDR-008, KEA-MDR-016)."""
        return settings.in_use and self.worker is Worker.ENDPOINT_AGENT

    def contacts(self, settings: Mdr) -> bool:
        """True where Endpoint Agent is in contact with the service, with data or without (KEA-MDR-020)."""
        return settings.in_use

    def status(self, settings: Mdr) -> ComponentStatus:
        """What Endpoint Agent shows of the component; it stays Running after a hand-over (KEA-MDR-019)."""
        return ComponentStatus.RUNNING if settings.in_use else ComponentStatus.STOPPED

    def changed_to(self, after: "MdrComponent") -> tuple[Told, ...]:
        """What is to be told of a change; no user is told of it, in either direction (KEA-MDR-014)."""
        if after.worker is self.worker:
            return ()
        return (Told("mdr-handed-over", {"to": after.worker.value, "user-notified": False}),)

    def _with(self, protection: EndpointProtection) -> "MdrComponent":
        worker = Worker.ENDPOINT_PROTECTION if protection.supports_mdr else self.worker
        return MdrComponent(worker, protection)


@dataclass(frozen=True, slots=True)
class MdrContact:
    """A contact of the service, made by whoever does MDR or once did.

    `data` tells whether the data of the device comes with it, `industrial_events` how many events of KICS for Networks
    do (KEA-MDR-003). `blob` is the configuration that tells whose device it is, with the user identifier.
    """

    call: Call
    by: Worker
    blob: str
    user_identifier: str
    data: bool
    industrial_events: int = 0


class MdrService(Protocol):
    """The MDR port."""

    def contact(self, message: MdrContact) -> Refused | TimedOut | Unreachable | None:
        """Takes a contact; None where it arrived."""


def contact(service: MdrService, message: MdrContact) -> tuple[bool, Told]:
    """Contacts the service: whether that arrived, and what is to be told."""
    stopped = service.contact(message)
    about: dict[str, str | int | bool] = {"by": message.by.value, "via": message.call.road.via.value}
    if stopped is not None:
        return False, Told("mdr-unanswered", {**about, "reason": type(stopped).__name__})
    return True, Told("mdr-contact", {**about, "data": message.data, "kics": message.industrial_events})
