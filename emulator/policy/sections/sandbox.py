"""Kaspersky Sandbox: the link to it, and the responses to what it detects."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from emulator.policy.addresses import Address, address
from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, duration, flag, many, size, whole
from emulator.policy.records import Basis, Record, Setting
from emulator.policy.sections.group import About, Group, Step
from emulator.policy.sections.telemetry_servers import SERVERS_MAX

HOURS_MAX = 24


class AutonomousStart(StrEnum):
    """When the IOC scan starts that a detection makes by itself (public help of the product's later versions)."""

    MANUAL = "manual"
    AT_ONCE = "at-once"
    DAILY_WINDOW = "daily-window"


class AutonomousScope(StrEnum):
    """Which files such a scan looks at."""

    SYSTEM_DRIVES = "system-drives"
    CRITICAL_AREAS = "critical-areas"


@dataclass(frozen=True, slots=True)
class SandboxIntegration(Group):
    """The link to Kaspersky Sandbox: only its proxy option is documented here (KEA-SBX-004)."""

    about: ClassVar = About(
        "Connection settings", "Kaspersky Sandbox integration", basis=Basis.EMULATOR, step=Step.SANDBOX
    )

    enabled: Annotated[bool, Setting(flag(), "connect to a Kaspersky Sandbox server", basis=Basis.EMULATOR)] = False
    servers: Annotated[
        tuple[Address, ...],
        Setting(
            many(address(), maximum=SERVERS_MAX),
            "Kaspersky Sandbox servers of one cluster, in the order in which they are tried",
            basis=Basis.SIBLING,
        ),
    ] = ()
    response_timeout_ms: Annotated[
        int,
        Setting(
            duration("ms", 1, 60_000), "how long a server may take before the next one is asked", basis=Basis.SIBLING
        ),
    ] = 500
    request_queue_mb: Annotated[
        int, Setting(size("MB", 1), "the most that objects take which wait for a server", basis=Basis.SIBLING)
    ] = 100
    connect_using_general_proxy: Annotated[
        bool,
        Setting(
            flag(), "use the general proxy for this connection", clause="KEA-SBX-005", default_clause="KEA-SBX-004"
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class ThreatResponse(Group):
    """What is done about an object that Kaspersky Sandbox detects: on its device, and on its group (KEA-SBX-003).

    Which responses there are is known from the help of Kaspersky Sandbox itself.
    """

    about: ClassVar = About("Threat response", "Threat response", step=Step.THREAT_RESPONSE)

    quarantine_and_delete: Annotated[
        bool, Setting(flag(), "move the object to quarantine, on the device", basis=Basis.SIBLING)
    ] = False
    notify_user: Annotated[bool, Setting(flag(), "tell the user of the device", basis=Basis.SIBLING)] = False
    scan_critical_areas: Annotated[
        bool, Setting(flag(), "have the endpoint-protection application scan critical areas", basis=Basis.SIBLING)
    ] = False
    scan_group: Annotated[
        bool,
        Setting(flag(), "search the object on the devices of the group, with an IOC scan", basis=Basis.SIBLING),
    ] = False
    quarantine_when_found: Annotated[
        bool, Setting(flag(), "move it to quarantine where that scan finds it", basis=Basis.SIBLING)
    ] = False
    scan_critical_areas_when_found: Annotated[
        bool, Setting(flag(), "scan critical areas where that scan finds it", basis=Basis.SIBLING)
    ] = False
    scan_scope: Annotated[
        AutonomousScope, Setting(choice(AutonomousScope), "which files that scan looks at", basis=Basis.SIBLING)
    ] = AutonomousScope.SYSTEM_DRIVES
    scan_start: Annotated[
        AutonomousStart, Setting(choice(AutonomousStart), "when that scan starts", basis=Basis.SIBLING)
    ] = AutonomousStart.MANUAL
    window_from_h: Annotated[
        int,
        Setting(whole(0, HOURS_MAX - 1, unit="h"), "the hour at which the daily window begins", basis=Basis.SIBLING),
    ] = 0
    window_until_h: Annotated[
        int, Setting(whole(1, HOURS_MAX, unit="h"), "the hour at which it ends", basis=Basis.SIBLING)
    ] = HOURS_MAX

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.window_from_h >= self.window_until_h:
            raise SettingError(("window-until",), "the daily window ends before it begins", "write a later hour")
