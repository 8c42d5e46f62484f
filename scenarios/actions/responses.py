"""Actions of response at the Administration Server."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from emulator.policy.sections.sandbox import HOURS_MAX, AutonomousScope, AutonomousStart
from scenarios.actions.base import Action, Operation
from scenarios.actions.devices import File
from scenarios.actions.policies import GroupName
from scenarios.fields import Devices, Many, Md5, member_of, refused
from scenarios.problems import LocatedError


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


MODELS: Final[tuple[type[Action], ...]] = (ScanForObject,)
