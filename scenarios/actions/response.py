"""Actions that respond to threats: network isolation by whomever, and execution prevention from the Central Node."""

from typing import Annotated, Final, Literal

from pydantic import Field, WithJsonSchema, model_validator

from emulator.clock import HOUR_MS
from emulator.exclusions.network import NetworkRule
from emulator.policy.errors import SettingError
from emulator.policy.sections.sandbox import HOURS_MAX, AutonomousScope, AutonomousStart
from emulator.response.isolation import CENTRAL_NODE_H, check_for_central_node
from emulator.response.prevention import RULES_MAX, PreventionMode, PreventionRule
from scenarios.actions.base import Action, ByCentralNode, Operation, Targeted, record_of
from scenarios.actions.devices import File
from scenarios.actions.policies import GroupName
from scenarios.fields import RECORD_FORMAT, Devices, Many, Md5, Span, member_of, refused
from scenarios.problems import LocatedError

Exclusion = Annotated[
    NetworkRule, record_of(NetworkRule), WithJsonSchema({"format": RECORD_FORMAT.format(name="exclusion")})
]
Rule = Annotated[
    PreventionRule, record_of(PreventionRule), WithJsonSchema({"format": RECORD_FORMAT.format(name="prevention-rule")})
]


class IsolateOnDemand(Operation, Targeted):
    """Switches network isolation on in the properties of devices; each takes it at its synchronisation."""

    example = "{at: 1h, do: isolate-on-demand, target: {pick: 1}}"
    do: Literal["isolate-on-demand"]


class EndIsolation(Operation, Targeted):
    """Ends network isolation of devices from afar, but for what the Central Node began."""

    example = "{at: 2h, do: end-isolation, target: {pick: 1}}"
    do: Literal["end-isolation"]


class DetectThreat(Targeted):
    """The endpoint-protection application of each device detects a threat, which may isolate it."""

    example = "{at: 1h, do: detect-threat, target: {pick: 3}}"
    do: Literal["detect-threat"]


class CentralNodeIsolate(ByCentralNode):
    """Has the Central Node isolate devices for some hours, with exclusions of its own, in place of what it had."""

    example = "{at: 1h, do: central-node-isolate, target: {pick: 1}, for: 8h}"
    do: Literal["central-node-isolate"]
    for_ms: Annotated[Span, Field(alias="for", description="how long, in full hours: 1h to 9999h")]
    exclusions: Annotated[Many[Exclusion], Field(description="what it lets through")] = ()

    @model_validator(mode="after")
    def _is_what_the_central_node_has(self) -> "CentralNodeIsolate":
        hours, rest = divmod(self.for_ms, HOUR_MS)
        least, most = CENTRAL_NODE_H
        if rest or not least <= hours <= most:
            remedy = f"write full hours, {least}h to {most}h"
            raise refused(LocatedError(("for",), "the Central Node does not isolate for such a time", remedy))
        for index, exclusion in enumerate(self.exclusions):
            try:
                check_for_central_node(exclusion)
            except SettingError as error:
                raise refused(LocatedError(("exclusions", index, *error.path), error.cause, error.remedy)) from error
        return self


class CentralNodeRelease(ByCentralNode):
    """Has the Central Node end the isolation that it began."""

    example = "{at: 3h, do: central-node-release, target: {pick: 1}}"
    do: Literal["central-node-release"]


class SetPrevention(ByCentralNode):
    """Gives devices the rules of execution prevention, in place of all that they had."""

    example = (
        "{at: 1h, do: set-prevention, target: all, mode: active, "
        "rules: [{name: dropper, path: 'C:\\\\ProgramData\\\\Synthetic\\\\*.exe'}]}"
    )
    do: Literal["set-prevention"]
    mode: Annotated[
        PreventionMode, member_of(PreventionMode, "mode"), Field(description="what becomes of what a rule meets")
    ] = PreventionMode.STATISTICS
    rules: Annotated[Many[Rule], Field(max_length=RULES_MAX, description="the rules; none prevents nothing")]
    notify_user: Annotated[bool, Field(alias="notify-user", description="the user is told of what is blocked")] = False


class ScanForObject(Operation):
    """Has a group searched for an object by an autonomous IOC scan, as a detection of Kaspersky Sandbox does."""

    example = "{at: 3h, do: scan-for-object, file: synthetic/dropper, group: Managed devices/HQ, start: at-once}"
    do: Literal["scan-for-object"]
    file: Annotated[File | None, Field(description="the object, as a file")] = None
    md5: Annotated[Many[Md5], Field(description="the object, by its MD5")] = ()
    group: Annotated[GroupName | None, Field(description="the administration group, with all below it")] = None
    target: Annotated[Devices | None, Field(description="a device: its administration group is searched")] = None
    scope: Annotated[
        AutonomousScope, member_of(AutonomousScope, "scope"), Field(description="which files are looked at")
    ] = AutonomousScope.SYSTEM_DRIVES
    start: Annotated[
        AutonomousStart, member_of(AutonomousStart, "start"), Field(description="when the scan starts")
    ] = AutonomousStart.MANUAL
    window_from: Annotated[
        int, Field(alias="window-from", ge=0, le=HOURS_MAX - 1, description="the hour at which the daily window begins")
    ] = 0
    window_until: Annotated[
        int, Field(alias="window-until", ge=1, le=HOURS_MAX, description="the hour at which it ends")
    ] = HOURS_MAX
    quarantine: Annotated[bool, Field(description="moves the object to quarantine where it is found")] = False
    scan_critical_areas: Annotated[
        bool, Field(alias="scan-critical-areas", description="scans critical areas where it is found")
    ] = False

    @model_validator(mode="after")
    def _says_what_and_where(self) -> "ScanForObject":
        if (self.file is None) == (not self.md5):
            raise refused(LocatedError((), "it is for no object, or for two", "write `file` or `md5`"))
        if (self.group is None) == (self.target is None):
            raise refused(LocatedError((), "it is for no group, or for two", "write `group` or `target`"))
        if self.window_from >= self.window_until:
            cause = "the daily window ends before it begins"
            raise refused(LocatedError(("window-until",), cause, "write a later hour"))
        return self


MODELS: Final[tuple[type[Action], ...]] = (
    IsolateOnDemand,
    EndIsolation,
    DetectThreat,
    CentralNodeIsolate,
    CentralNodeRelease,
    SetPrevention,
    ScanForObject,
)
