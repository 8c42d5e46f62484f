"""Actions at the Administration Server that are not about one policy: groups, and looking at what is there."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.policy.groups import ROOT
from emulator.response.quarantine import OrderKind
from scenarios.actions.base import Action, Operation, Targeted
from scenarios.actions.devices import File
from scenarios.actions.policies import GroupName
from scenarios.fields import Text, member_of


class Viewed(StrEnum):
    """What can be looked at."""

    POLICIES = "policies"
    GROUPS = "groups"
    DEVICES = "devices"
    EVENTS = "events"
    STATUS = "status"
    TASKS = "tasks"
    QUARANTINE = "quarantine"


class CreateGroup(Operation):
    """Creates an administration group with the parents that it needs; one that is there stays as it is."""

    example = "{at: 30min, do: create-group, group: Managed devices/HQ/Lab}"
    do: Literal["create-group"]
    group: Annotated[Text, Field(description="its path from the root")]


class MoveDevices(Operation, Targeted):
    """Moves devices to another administration group, whose policies they hear of then."""

    example = "{at: 1h, do: move-devices, target: {tag: lab}, group: Managed devices/HQ/Quarantine}"
    do: Literal["move-devices"]
    group: GroupName


class View(Operation):
    """Looks at what the Administration Server shows to an account: a fact for each entry of the list."""

    example = "{at: 2h, do: view, what: policies, group: Managed devices/HQ}"
    do: Literal["view"]
    what: Annotated[Viewed, member_of(Viewed, "list"), Field(description="the list")]
    group: Annotated[GroupName, Field(description="the administration group, with all below it")] = ROOT


class CommandQuarantine(Operation, Targeted):
    """Has devices restore or delete an object in their quarantine, where the common list has it."""

    example = "{at: 3h, do: command-quarantine, target: {tag: lab}, command: restore, file: synthetic/dropper}"
    do: Literal["command-quarantine"]
    command: Annotated[OrderKind, member_of(OrderKind, "command"), Field(description="what is done")]
    file: Annotated[File, Field(description="the file that the object was")]


MODELS: Final[tuple[type[Action], ...]] = (CreateGroup, MoveDevices, View, CommandQuarantine)
