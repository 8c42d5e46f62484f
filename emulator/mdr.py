"""Managed Detection and Response on one device: whether Endpoint Agent does it, or the endpoint-protection application.

Kaspersky Endpoint Security takes MDR over when a version that supports it is there, quietly; Endpoint Agent goes on
contacting the service, keeps its status Running and takes MDR back only when its own service restarts after the other
is gone (KEA-MDR-010 to KEA-MDR-020).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from emulator.policy.sections.cloud import Mdr
from emulator.told import Told

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
        return self.version >= AT_ONCE_SINCE or (self.version >= SUPPORTS_SINCE and self.databases_current)


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
