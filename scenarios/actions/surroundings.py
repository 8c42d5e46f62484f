"""Actions on Endpoint Agent from afar, and on what surrounds it on its device."""

from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.control import CommandKind
from scenarios.actions.base import Action, Operation, Targeted
from scenarios.fields import Version, member_of


class CommandAgent(Operation, Targeted):
    """Has Network Agent install, uninstall, start or stop Endpoint Agent on devices."""

    example = "{at: 1h, do: command-agent, target: {tag: lab}, command: stop}"
    do: Literal["command-agent"]
    command: Annotated[CommandKind, member_of(CommandKind, "command"), Field(description="what is done")]


class ViewDiagnosis(Targeted):
    """Somebody looks at the trace and dump files on each device."""

    example = "{at: 5h, do: view-diagnosis, target: {tag: lab}}"
    do: Literal["view-diagnosis"]


class InstallProtection(Targeted):
    """Installs the endpoint-protection application on each device; from version 11 on it can do MDR."""

    example = '{at: 2h, do: install-protection, target: {tag: lab}, version: "11.6"}'
    do: Literal["install-protection"]
    version: Annotated[Version, Field(description="its version")]
    databases_current: Annotated[
        bool, Field(alias="databases-current", description="whether it comes with databases of today")
    ] = False


class UpdateProtection(Targeted):
    """Brings the databases of the endpoint-protection application up to date on each device."""

    example = "{at: 3h, do: update-protection, target: {tag: lab}}"
    do: Literal["update-protection"]


class RemoveProtection(Targeted):
    """Removes the endpoint-protection application from each device."""

    example = "{at: 4h, do: remove-protection, target: {tag: lab}}"
    do: Literal["remove-protection"]


class UpgradeAgent(Targeted):
    """Updates Endpoint Agent on each device to a newer version; the KMP service goes on as it was."""

    example = '{at: 2h, do: upgrade-agent, target: {tag: lab}, version: "3.12"}'
    do: Literal["upgrade-agent"]
    version: Annotated[Version, Field(description="the version that it has from then on")]


class SetKmp(Targeted):
    """A policy that a management plug-in of some version wrote turns the KMP service on or off on each device.

    From 3.10 on plug-ins have no such setting, and from 3.10 on Endpoint Agent only lets it be turned off.
    """

    example = '{at: 3h, do: set-kmp, target: {tag: lab}, plugin: "3.9", enabled: false}'
    do: Literal["set-kmp"]
    plugin: Annotated[Version, Field(description="the version of the plug-in that wrote the policy")]
    enabled: Annotated[bool, Field(description="whether the policy has KMP on")]


class RaiseKicsEvent(Targeted):
    """KICS for Networks has an event about each device, which Endpoint Agent hands on to MDR."""

    example = "{at: 1h, do: raise-kics-event, target: {tag: plant}}"
    do: Literal["raise-kics-event"]


MODELS: Final[tuple[type[Action], ...]] = (
    CommandAgent,
    ViewDiagnosis,
    InstallProtection,
    UpdateProtection,
    RemoveProtection,
    RaiseKicsEvent,
    UpgradeAgent,
    SetKmp,
)
