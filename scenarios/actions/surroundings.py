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
)
