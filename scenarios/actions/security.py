"""Actions of people and programs that try something on Endpoint Agent of a device."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, InstanceOf, WithJsonSchema, model_validator

from emulator.folders import cause_against
from emulator.policy.errors import SettingError
from emulator.policy.secrets import Secret, secret
from emulator.response.quarantine import Conflict, PathType
from emulator.security import ENTERS, ON_OBJECTS, OPERATIONS, RESTORES_QUARANTINED, SCANS, Way
from scenarios.actions.base import Action, Targeted
from scenarios.actions.devices import File, Indicators
from scenarios.actions.tasks import DocumentName, ResponseName, WhatIsScanned, WhichPast
from scenarios.fields import Many, Model, Text, enumeration, member_of, names_of, refused
from scenarios.problems import LocatedError

_NAMES: Final = tuple(OPERATIONS)


def _read_password(data: object) -> Secret:
    try:
        return secret().read(data)
    except SettingError as error:
        raise refused(LocatedError((), error.cause, error.remedy)) from error


class ObjectEntry(Model):
    """A file, or the quarantined object that it became, and where a restore puts it."""

    file: Annotated[File, Field(description="the file, or the one that the quarantined object was")]
    path_type: Annotated[
        PathType,
        member_of(PathType, "path type"),
        Field(alias="path-type", description="where it is restored to; without it, the folder of the settings"),
    ] = PathType.SETTINGS
    path: Annotated[Text | None, Field(description="the folder, where the path type is `custom`")] = None
    action: Annotated[
        Conflict, member_of(Conflict, "action"), Field(description="what is done about a file of the same name")
    ] = Conflict.RENAME

    @model_validator(mode="after")
    def _has_the_folder_that_it_needs(self) -> "ObjectEntry":
        if (self.path is not None) is not (self.path_type is PathType.CUSTOM):
            remedy = "write `path` together with `path-type: custom`, and with nothing else"
            raise refused(LocatedError(("path",), "path type and path do not fit together", remedy))
        cause = None if self.path is None else cause_against(self.path)
        if cause is not None:
            raise refused(LocatedError(("path",), cause, "write a full path, such as C:\\Restored"))
        return self


class ScanEntry(Model):
    """A scan at the command line. That responses are refused there is for Endpoint Agent to say."""

    indicators: Annotated[Indicators, Field(description="a folder of IOC files, or `library` for the shipped ones")]
    documents: Annotated[
        Many[DocumentName] | None, Field(min_length=1, description="the IOC documents that are analysed")
    ] = None
    scope: Annotated[WhatIsScanned | None, Field(description="which files and event logs it looks at")] = None
    retrospective: Annotated[WhichPast | None, Field(description="the past events that are searched too")] = None
    responses: Annotated[Many[ResponseName], Field(description="what is to be done upon a detection")] = ()


class Attempt(Targeted):
    """Somebody tries an operation on Endpoint Agent of each device, which lets it through or refuses it."""

    example = "{at: 2h, do: attempt, target: {pick: 3}, operation: stop-service, user: anna, password: tide}"
    do: Literal["attempt"]
    operation: Annotated[
        str, names_of(lambda: _NAMES, "operation"), enumeration(_NAMES), Field(description="what is tried")
    ]
    user: Annotated[Text, Field(description="who tries it: a user of the device (`{user}` is its own), or a program")]
    groups: Annotated[tuple[Text, ...], Field(description="groups of users that this one is in", strict=False)] = ()
    password: Annotated[
        InstanceOf[Secret] | None,
        BeforeValidator(_read_password),
        WithJsonSchema({"type": "string", "minLength": 1}),
        Field(description="what is given where the password is asked for; without it, nothing is"),
    ] = None
    through: Annotated[
        Way | None, member_of(Way, "way"), Field(description="how it is tried; without it, in the usual way")
    ] = None
    settings: Annotated[
        dict[str, Any],
        Field(description="what the user enters, by settings group; only where something is entered"),
    ] = Field(default_factory=dict)  # read by emulator.policy, which knows the groups

    object: Annotated[
        ObjectEntry | None, Field(description="the file or the quarantined object; only for operations on one")
    ] = None

    scan: Annotated[ScanEntry | None, Field(description=f"what is scanned for, and where; only for {SCANS}")] = None

    @model_validator(mode="after")
    def _says_what_it_scans_for(self) -> "Attempt":
        if (self.scan is None) is (self.operation == SCANS):
            remedy = f"write `scan` together with {SCANS}, and with nothing else"
            raise refused(LocatedError(("scan",), "operation and scan do not fit together", remedy))
        return self

    @model_validator(mode="after")
    def _names_its_object(self) -> "Attempt":
        if self.operation in ON_OBJECTS and self.object is None:
            cause = f"{self.operation} is about no file"
            raise refused(LocatedError(("operation",), cause, "write which file under `object`"))
        if self.object is not None and self.operation not in ON_OBJECTS:
            cause = f"{self.operation} is not about a file"
            raise refused(LocatedError(("object",), cause, f"leave it out, or try one of: {', '.join(ON_OBJECTS)}"))
        if self.object is not None and self.operation != RESTORES_QUARANTINED:
            given = self.object.model_fields_set - {"file"}
            if given:
                remedy = f"leave it out, or try {RESTORES_QUARANTINED}"
                raise refused(LocatedError(("object",), f"{self.operation} restores nothing", remedy))
        return self

    @model_validator(mode="after")
    def _fits_the_operation(self) -> "Attempt":
        operation = OPERATIONS[self.operation]
        if self.through is not None and self.through not in operation.ways:
            remedy = f"write one of: {', '.join(operation.ways)}"
            raise refused(LocatedError(("through",), f"{self.operation} cannot be tried by {self.through}", remedy))
        if self.operation in ENTERS and not self.settings:
            cause = f"{self.operation} enters nothing"
            raise refused(LocatedError(("operation",), cause, "write what the user enters under `settings`"))
        if self.settings and self.operation not in ENTERS:
            cause = f"nothing is entered with {self.operation}"
            raise refused(LocatedError(("settings",), cause, f"leave it out, or try one of: {', '.join(ENTERS)}"))
        return self


MODELS: Final[tuple[type[Action], ...]] = (Attempt,)
