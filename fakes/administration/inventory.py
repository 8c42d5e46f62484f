"""The inventory: what the Administration Server knows of each managed device, its applications and their statuses.

Everything is synthetic. Hardware, system and users follow from the device's identity and image; whether Endpoint Agent
is installed and runs, and how its components are, is what Network Agent reported last.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

from emulator.identity import Identity, fill
from emulator.images import Image, windows
from emulator.reporting import ComponentStatus, StateReport

ENDPOINT_AGENT_NAME: Final = "Endpoint Agent"
NETWORK_AGENT_NAME: Final = "Network Agent"
ENDPOINT_AGENT_VERSION: Final = "3.16.0.314"
"""An emulator's choice, as are the versions of all applications."""
NETWORK_AGENT_VERSION: Final = windows.NETWORK_AGENT.version

_PACKAGES: Final[Mapping[str, tuple[str, str]]] = {
    "/usr/sbin/chronyd": ("chrony", "4.3-2"),
    "/usr/bin/curl": ("curl", "7.88.1-10"),
    "/usr/bin/git": ("git", "2.39.2-1"),
    "/usr/sbin/nginx": ("nginx", "1.22.1-9"),
    "/usr/sbin/sshd": ("openssh-server", "9.2p1-2"),
    "/usr/lib/postgresql/15/bin/postgres": ("postgresql-15", "15.6-0"),
    "/usr/bin/python3.11": ("python3.11", "3.11.2-6"),
    "/usr/bin/rsync": ("rsync", "3.2.7-1"),
    "/usr/sbin/rsyslogd": ("rsyslog", "8.2302.0-1"),
    "/usr/sbin/smbd": ("samba", "4.17.12-0"),
    "/usr/lib/systemd/systemd": ("systemd", "252.22-1"),
}
"""The package of a program on Linux."""
_OF_WINDOWS: Final = ("C:\\Windows\\", "System")


class GeneralStatus(IntEnum):
    """How a device is as a whole (codes of the public interface of the console)."""

    OK = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class InstalledApplication:
    """One entry of the list of applications of a device (KEA-ADM-015)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """One managed device. `status` follows from what is reported: which rule it follows is the emulator's choice."""

    device: int
    name: str
    host_name: str
    group: str
    domain: str
    address: str
    mac: str
    os: str
    os_name: str
    os_build: int | None
    users: tuple[str, ...]
    applications: tuple[InstalledApplication, ...]
    endpoint_agent: StateReport
    status: GeneralStatus
    reason: str


class Inventory:
    """What is known of the devices of one fleet; `identify` gives who a device is, and its image."""

    def __init__(self, identify: Callable[[int], tuple[Identity, Image]]) -> None:
        self._identify = identify
        self._reports: dict[int, list[tuple[int, StateReport]]] = {}

    def receive(self, device: int, received_ms: int, report: StateReport) -> None:
        """Takes what Network Agent reports; the newest report holds."""
        # Two are kept: what a device reports within a span of time may be looked at as of its beginning.
        self._reports[device] = [*self._reports.get(device, [])[-1:], (received_ms, report)]

    def state(self, device: int, now_ms: int) -> StateReport:
        """The state of Endpoint Agent on a device as the server knows it; before any report, installed and running."""
        for received_ms, report in reversed(self._reports.get(device, [])):
            if received_ms <= now_ms:
                return report
        return _INITIAL

    def record(self, device: int, group: str, now_ms: int) -> DeviceRecord:
        """A device as the server shows it at a moment."""
        who, image = self._identify(device)
        state = self.state(device, now_ms)
        system = _system(image)
        applications = [*_applications(image), InstalledApplication(NETWORK_AGENT_NAME, NETWORK_AGENT_VERSION)]
        if state.installed:
            applications.append(InstalledApplication(ENDPOINT_AGENT_NAME, state.version or ENDPOINT_AGENT_VERSION))
        status, reason = protection(state)
        build = system.get("buildNumber")
        return DeviceRecord(
            device=device,
            name=who.name,
            host_name=who.host_name,
            group=group,
            domain=fill(str(system["domain"]), who.slots),
            address=who.address,
            mac=who.mac,
            os=image.os,
            os_name=str(system["OS"]),
            os_build=build if isinstance(build, int) else None,
            users=(who.user,),
            applications=tuple(sorted(applications, key=lambda one: one.name.casefold())),
            endpoint_agent=state,
            status=status,
            reason=reason,
        )


_INITIAL: Final = StateReport(installed=True, running=True)


def protection(state: StateReport) -> tuple[GeneralStatus, str]:
    """How well a device is protected, and why (KEA-ADM-010); which information that is, is the emulator's choice."""
    if not state.installed:
        return GeneralStatus.CRITICAL, "Endpoint Agent is not installed"
    if not state.running:
        return GeneralStatus.CRITICAL, "Endpoint Agent is not running"
    for status, level, told in _WORST:
        names = sorted(name for name, found in state.components.items() if found is status)
        if names:
            return level, f"{names[0]}: {told}"
    return GeneralStatus.OK, ""


_WORST: Final = (
    (ComponentStatus.FAILED, GeneralStatus.CRITICAL, "failed"),
    (ComponentStatus.NO_LICENSE, GeneralStatus.CRITICAL, "no licence"),
    (ComponentStatus.STOPPED, GeneralStatus.WARNING, "stopped"),
    (ComponentStatus.PAUSED, GeneralStatus.WARNING, "paused"),
    (ComponentStatus.STARTING, GeneralStatus.INFO, "starting"),
)
"""Statuses of components from the worst on, with what they make of the device; Running and Not installed are well."""


def _system(image: Image) -> Mapping[str, object]:
    (system,) = [dict(item) for item in image.host.own["SystemInfoItem"]]
    return system


@cache
def _applications(image: Image) -> tuple[InstalledApplication, ...]:
    """The applications of an image, told from the programs that run on it, without those of the system."""
    programs = sorted({(one.process.path, one.process.description, one.process.version) for one in image.classes})
    found: dict[str, InstalledApplication] = {}
    for application in _told(image.os, programs):
        found.setdefault(application.name, application)
    return tuple(found.values())


def _told(os: str, programs: Iterable[tuple[str, str, str]]) -> Iterable[InstalledApplication]:
    for path, description, version in programs:
        if os == "linux" and path in _PACKAGES:
            yield InstalledApplication(*_PACKAGES[path])
        elif os == "windows" and version and description not in ("", NETWORK_AGENT_NAME) and _is_added(path):
            yield InstalledApplication(description, version)


def _is_added(path: str) -> bool:
    """True for programs that are no part of Windows."""
    return not path.startswith(_OF_WINDOWS)
