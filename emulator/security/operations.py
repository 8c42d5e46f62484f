"""Operations on Endpoint Agent that somebody or something can attempt on a device.

Which of them ask for the password is documented on the page of the command line's password protection; which right
each needs is not, since the list of rights is recalled. An operation that touches neither settings nor service needs
no right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from emulator.policy.sections.security import ServiceRight, SettingsRight


class Way(StrEnum):
    """How something is attempted."""

    COMMAND_LINE = "command-line"
    """The command line of Endpoint Agent, on the device."""
    SERVICES = "services"
    """The service manager of the operating system, on the device. It cannot ask for a password."""
    WIZARD = "wizard"
    """The installation wizard, on the device."""
    CONSOLE = "console"
    """The Administration Server, whose own rights decide who may; Network Agent carries it out."""
    THIRD_PARTY = "third-party"
    """Another program, at the files, processes and registry entries of Endpoint Agent."""


class Defended(StrEnum):
    """What self-defense defends."""

    FILES = "files"
    PROCESSES = "processes"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the ways to attempt it, the first being the usual one, and what it takes.

    `asks` are the ways on which password protection asks for the password. `changes` is the settings group that it
    changes, `command` the command of Endpoint Agent's command line. With `local_account` only the account of the
    device's user may do it (KEA-QUA-020).
    """

    name: str
    about: str
    ways: tuple[Way, ...]
    right: SettingsRight | ServiceRight | None = None
    asks: frozenset[Way] = frozenset()
    defended: Defended | None = None
    changes: str | None = None
    command: str = ""
    local_account: bool = False


def _typed(
    name: str, command: str, about: str, right: SettingsRight | ServiceRight | None, *, changes: str | None = None
) -> Operation:
    """An operation of the command line that asks for the password."""
    ways = (Way.COMMAND_LINE,)
    return Operation(name, about, ways, right, frozenset(ways), changes=changes, command=command)


def _installing(name: str, about: str, *ways: Way) -> Operation:
    return Operation(name, about, ways, asks=frozenset(ways))


def _foreign(name: str, about: str, defended: Defended) -> Operation:
    return Operation(name, about, (Way.THIRD_PARTY,), defended=defended)


_ON_DEVICE: Final = (Way.COMMAND_LINE, Way.SERVICES, Way.CONSOLE)
_READ, _WRITE = SettingsRight.READ, SettingsRight.WRITE

OPERATIONS: Final[Mapping[str, Operation]] = {
    operation.name: operation
    for operation in (
        Operation("read-settings", "settings are read", (Way.COMMAND_LINE, Way.CONSOLE), _READ),
        Operation("change-settings", "settings are changed", (Way.COMMAND_LINE, Way.CONSOLE), _WRITE),
        Operation(
            "change-permissions",
            "the user permissions are changed",
            (Way.COMMAND_LINE, Way.CONSOLE),
            SettingsRight.CHANGE_PERMISSIONS,
            changes="user-permissions",
        ),
        Operation("query-service", "the state of the service is asked for", _ON_DEVICE, ServiceRight.QUERY),
        Operation("start-service", "Endpoint Agent is started", _ON_DEVICE, ServiceRight.START),
        Operation(
            "stop-service",
            "Endpoint Agent is stopped",
            _ON_DEVICE,
            ServiceRight.STOP,
            frozenset({Way.COMMAND_LINE}),
            command="--product=stop",
        ),
        _typed("show-sandbox", "--sandbox=show", "the settings of Sandbox integration are shown", _READ),
        _typed(
            "disable-sandbox",
            "--sandbox=disable",
            "Sandbox integration is switched off",
            _WRITE,
            changes="sandbox-integration",
        ),
        _typed(
            "enable-sandbox-without-tls",
            "--sandbox=enable --tls=no",
            "Sandbox integration is switched on without TLS",
            _WRITE,
            changes="sandbox-integration",
        ),
        _typed(
            "enable-sandbox-with-certificate",
            "--sandbox=enable --pinned-certificate",
            "Sandbox integration is switched on with a certificate",
            _WRITE,
            changes="sandbox-integration",
        ),
        _typed(
            "configure-kata",
            "--message-broker --type=kata",
            "the link to KATA is set up",
            _WRITE,
            changes="kata-integration",
        ),
        _typed("show-quarantine", "--quarantine=show", "quarantined objects are listed", None),
        Operation(
            "show-quarantine-settings",
            "the settings of quarantine are shown",
            (Way.COMMAND_LINE,),
            command="--quarantine=limits",  # the word is recalled, not found
        ),
        replace(
            _typed("delete-quarantined", "--quarantine=delete", "a quarantined object is deleted", None),
            local_account=True,
        ),
        _typed("restore-quarantined", "--quarantine=restore", "a quarantined object is restored", None),
        Operation("scan-ioc", "the device is scanned for indicators", (Way.COMMAND_LINE,), command="--scan-ioc"),
        _typed("quarantine-file", "--quarantine=add", "a file is put in quarantine", None),
        _typed(
            "reset-password", "--password=reset", "the password is taken away", _WRITE, changes="password-protection"
        ),
        _typed("set-password", "--password=set", "the password is replaced", _WRITE, changes="password-protection"),
        _typed("disable-isolation", "--isolation=disable", "network isolation is ended", _WRITE),
        _typed("disable-prevention", "--prevention=disable", "execution prevention is switched off", _WRITE),
        _typed("change-self-defense", "--selfdefense", "self-defense is switched", _WRITE, changes="self-defense"),
        _typed("delete-licence", "--license=delete", "the licence key is deleted", None),
        _typed("configure-events", "--event --action=enable/disable", "events are switched on or off", _WRITE),
        _installing("uninstall", "Endpoint Agent is removed", Way.WIZARD, Way.COMMAND_LINE, Way.CONSOLE),
        _installing("upgrade", "Endpoint Agent is upgraded", Way.WIZARD),
        _installing("repair", "Endpoint Agent is repaired", Way.WIZARD),
        _installing("modify", "the components of Endpoint Agent are changed", Way.WIZARD),
        _foreign("alter-file", "a file of Endpoint Agent is changed", Defended.FILES),
        _foreign("delete-file", "a file of Endpoint Agent is deleted", Defended.FILES),
        _foreign("alter-process", "a process of Endpoint Agent is changed in memory", Defended.PROCESSES),
        _foreign("end-process", "a process of Endpoint Agent is ended", Defended.PROCESSES),
        _foreign("alter-registry-entry", "a registry entry of Endpoint Agent is changed", Defended.REGISTRY),
        _foreign("delete-registry-entry", "a registry entry of Endpoint Agent is deleted", Defended.REGISTRY),
    )
}
"""All operations by name."""
