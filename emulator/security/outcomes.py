"""What operations that are let through come to: the settings that they enter, and what becomes of the service."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from emulator.policy.settings import AgentSettings, Group, PasswordProtection, SelfDefense
from emulator.security.operations import Operation
from emulator.world import Condition

_ENTERED: Final[Mapping[str, Callable[[AgentSettings], Group]]] = {
    "disable-sandbox": lambda settings: replace(settings.sandbox_integration, enabled=False),
    "enable-sandbox-without-tls": lambda settings: replace(settings.sandbox_integration, enabled=True),
    "enable-sandbox-with-certificate": lambda settings: replace(settings.sandbox_integration, enabled=True),
    "reset-password": lambda settings: PasswordProtection(),
    "change-self-defense": lambda settings: SelfDefense(not settings.self_defense.enabled),
}
ENDS: Final[Mapping[str, Condition]] = {
    "stop-service": Condition.STOPPED,
    "end-process": Condition.CRASHED,
    "uninstall": Condition.STOPPED,
}
"""Operations after which Endpoint Agent does not run, with the condition that the device is in then."""
STARTS: Final = "start-service"
"""The operation that starts what ENDS stopped."""
DELETES_LICENCE: Final = "delete-licence"
"""The operation after which Endpoint Agent has no key."""
SHOWS_QUARANTINE: Final = "show-quarantine"
SHOWS_QUARANTINE_SETTINGS: Final = "show-quarantine-settings"
SCANS: Final = "scan-ioc"
QUARANTINES: Final = "quarantine-file"
DELETES_QUARANTINED: Final = "delete-quarantined"
RESTORES_QUARANTINED: Final = "restore-quarantined"
ON_OBJECTS: Final = (QUARANTINES, DELETES_QUARANTINED, RESTORES_QUARANTINED)
"""Operations on a file or on a quarantined object, which has to be named."""
ENDS_ISOLATION: Final = "disable-isolation"
"""The operation that ends network isolation, whoever began it."""
ENDS_PREVENTION: Final = "disable-prevention"
"""The operation that switches execution prevention off."""
UNINSTALLS: Final = "uninstall"
"""The operation after which there is nothing to start."""
ENTERS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "change-settings": None,
    "change-permissions": ("user-permissions",),
    "configure-kata": ("kata-integration",),
    "set-password": ("password-protection",),
}
"""Operations that enter what their user chooses, with the settings groups that these may be; None: any group."""


def entered(operation: Operation, settings: AgentSettings) -> Group | None:
    """What an operation enters that leaves its user no choice, on a device with these settings; None where it enters
    nothing, or has a choice."""
    enter = _ENTERED.get(operation.name)
    return None if enter is None else enter(settings)
