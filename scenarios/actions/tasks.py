"""Actions on the tasks of the Administration Server."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from emulator.ioc.snapshot import ITEM_TYPES
from emulator.licensing import ActivationMethod
from emulator.tasks.ioc_scan import Response, Retrospective
from emulator.tasks.scan_scope import ScanScope
from emulator.tasks.schedule import Schedule
from emulator.tasks.task import SYSTEM, Storage, TaskType
from emulator.updates import ModuleUpdates, Source, SourceKind
from scenarios.actions.base import Action, Operation, record_of
from scenarios.actions.devices import Indicators
from scenarios.actions.policies import GroupName
from scenarios.fields import (
    RECORD_FORMAT,
    Devices,
    Many,
    Model,
    Refers,
    Text,
    Title,
    enumeration,
    member_of,
    names_of,
    reader,
    refused,
)
from scenarios.problems import LocatedError, shown

SOURCES_MAX: Final = 20
"""Sources of one update task."""


def _read_source(data: object) -> Source:
    named = {kind.value: kind for kind in SourceKind if kind is not SourceKind.CUSTOM}
    if isinstance(data, str) and data in named:
        return Source(named[data])
    if isinstance(data, str) and len(data) <= 260 and data.startswith(("http://", "https://", "ftp://", "\\\\")):
        return Source(SourceKind.CUSTOM, data)
    remedy = f"write {', '.join(named)}, or an address that begins with http://, https://, ftp:// or \\\\"
    raise LocatedError((), f"{shown(data)} is not a source of updates", remedy)


UpdateSource = Annotated[Source, BeforeValidator(reader(_read_source)), WithJsonSchema({"type": "string"})]
TaskName = Annotated[str, Refers("task"), Field(max_length=80, description="name of a task")]
WhenItStarts = Annotated[
    Schedule, record_of(Schedule), WithJsonSchema({"format": RECORD_FORMAT.format(name="schedule")})
]
HowResultsAreKept = Annotated[
    Storage, record_of(Storage), WithJsonSchema({"format": RECORD_FORMAT.format(name="storage")})
]


WhatIsScanned = Annotated[
    ScanScope, record_of(ScanScope), WithJsonSchema({"format": RECORD_FORMAT.format(name="scan-scope")})
]
WhichPast = Annotated[
    Retrospective, record_of(Retrospective), WithJsonSchema({"format": RECORD_FORMAT.format(name="retrospective")})
]
DocumentName = Annotated[str, names_of(lambda: ITEM_TYPES, "IOC document"), enumeration(ITEM_TYPES)]
ResponseName = Annotated[Response, member_of(Response, "response"), enumeration(tuple(Response))]


class TaskProperties(Model):
    """What a task can be given; what is left out has its default, or in a change stays as it is."""

    exclude_groups: Annotated[
        Many[Text] | None, Field(alias="exclude-groups", description="groups that a group task leaves out")
    ] = None
    runs_as: Annotated[
        Text | None, Field(alias="runs-as", description=f"the account that it runs under; without it, {SYSTEM}")
    ] = None
    schedule: Annotated[
        WhenItStarts | None, Field(description="when it starts by itself; without it, only by hand")
    ] = None
    storage: Annotated[HowResultsAreKept | None, Field(description="how long results are kept; 7 days")] = None
    sources: Annotated[
        Many[UpdateSource] | None,
        Field(min_length=1, max_length=SOURCES_MAX, description="of an update, in the order in which they are tried"),
    ] = None
    modules: Annotated[
        ModuleUpdates | None,
        member_of(ModuleUpdates, "choice"),
        Field(description="what an update does about application modules"),
    ] = None
    indicators: Annotated[
        Indicators | None, Refers("indicators"), Field(description="of an IOC scan: a folder of IOC files")
    ] = None
    collection: Annotated[
        Text | None,
        Field(description="of an IOC scan, instead: a collection that was exported, by the name of its file"),
    ] = None
    documents: Annotated[
        Many[DocumentName] | None,
        Field(min_length=1, description="of an IOC scan: the IOC documents that are analysed; without it, all"),
    ] = None
    scope: Annotated[
        WhatIsScanned | None, Field(description="of an IOC scan: which files and event logs it looks at")
    ] = None
    retrospective: Annotated[
        WhichPast | None,
        Field(description="of an IOC scan: the past events that are searched too; `{}` for the last 24 hours"),
    ] = None
    responses: Annotated[
        Many[ResponseName] | None, Field(description="of an IOC scan: what is done upon a detection")
    ] = None

    OF_TYPE: ClassVar = {
        TaskType.UPDATE: ("sources", "modules"),
        TaskType.ACTIVATION: ("method", "code", "key", "additional"),
        TaskType.IOC_SCAN: ("indicators", "collection", "documents", "scope", "retrospective", "responses"),
    }
    """What only tasks of one type have."""


class NewTask(TaskProperties):
    """A task to be created."""

    type: Annotated[TaskType, member_of(TaskType, "task type"), Field(description="what it does")]
    method: Annotated[
        ActivationMethod | None,
        member_of(ActivationMethod, "method"),
        Field(description="of an activation: where the key comes from; without it, as `code` or `key` tell"),
    ] = None
    code: Annotated[Text | None, Field(description="of an activation: the code")] = None
    key: Annotated[Text | None, Refers("key"), Field(description="of an activation: one of `keys`")] = None
    additional: Annotated[bool, Field(description="of an activation: adds the key as an additional one")] = False

    @model_validator(mode="after")
    def _has_what_its_type_has(self) -> "NewTask":
        own = self.OF_TYPE[self.type]
        for name in (name for names in self.OF_TYPE.values() for name in names if name not in own):
            if getattr(self, name) not in (None, False):
                raise refused(LocatedError((name,), f"a task of the type {self.type} has no {name!r}", "leave it out"))
        if self.type is TaskType.ACTIVATION:
            self._check_activation()
        if self.type is TaskType.IOC_SCAN and (self.indicators is None) == (self.collection is None):
            cause = "the IOC scan has no collection" if self.indicators is None else "the IOC scan has two collections"
            raise refused(
                LocatedError((), cause, "write `indicators: FOLDER`, or `collection: NAME` of an exported one")
            )
        return self

    def _check_activation(self) -> None:
        if (self.code is None) == (self.key is None):
            raise refused(LocatedError((), "an activation needs a code or a key", "write `code` or `key`"))
        by_code = self.method is ActivationMethod.CODE
        if self.method is not None and by_code != (self.code is not None):
            raise refused(LocatedError(("method",), f"{self.method} does not go with what is given", "leave it out"))


class CreateTask(Operation, NewTask):
    """Creates a task by way of the wizard, for a group with all below it or for chosen devices."""

    example = (
        "{at: 1h, do: create-task, task: weekly, type: update, group: Managed devices/HQ, "
        "schedule: {frequency: every-week, weekdays: [sunday], start: '2026-03-02T02:00'}}"
    )
    do: Literal["create-task"]
    task: Annotated[Title, Field(description="its name")]
    group: Annotated[GroupName | None, Field(description="the administration group that it is for")] = None
    target: Annotated[Devices | None, Field(description="the devices that it is for; one makes it a local task")] = None
    run: Annotated[bool, Field(description="runs it as soon as devices hear of it")] = False

    @model_validator(mode="after")
    def _is_for_somebody(self) -> "CreateTask":
        if (self.group is None) == (self.target is None):
            raise refused(LocatedError((), "it is for nobody, or for two", "write `group` or `target`"))
        if self.exclude_groups and self.group is None:
            raise refused(LocatedError(("exclude-groups",), "only a group task leaves groups out", "leave it out"))
        return self


class ChangeTask(Operation, TaskProperties):
    """Changes properties of a task; devices take them at their next synchronisation, and what runs goes on."""

    example = "{at: 2h, do: change-task, task: weekly, storage: {days: 14}}"
    do: Literal["change-task"]
    task: TaskName
    rename: Annotated[Title | None, Field(description="another name")] = None
    apply: Annotated[bool, Field(description="applies the change; without it, the properties are closed again")] = True

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeTask":
        given = (*TaskProperties.model_fields, "rename")
        if all(getattr(self, name) is None for name in given):
            raise refused(LocatedError((), "nothing changes", f"write one of: {', '.join(map(_key, given))}"))
        return self


class RunTask(Operation):
    """Runs a task by hand on all of its devices, whatever its schedule."""

    example = "{at: 3h, do: run-task, task: weekly}"
    do: Literal["run-task"]
    task: TaskName


class StopTask(Operation):
    """Stops the runs of a task on all of its devices."""

    example = "{at: 3h, do: stop-task, task: weekly}"
    do: Literal["stop-task"]
    task: TaskName


class DeleteTasks(Operation):
    """Deletes tasks with their results: all that are named, or none."""

    example = "{at: 5h, do: delete-tasks, tasks: [weekly]}"
    do: Literal["delete-tasks"]
    tasks: Annotated[Many[TaskName], Field(min_length=1, description="their names")]
    confirm: Annotated[bool, Field(description="confirms it; without, nothing is deleted")] = True


class ViewTask(Operation):
    """Opens a task: its properties, and for each device its state and the results that are stored."""

    example = "{at: 4h, do: view-task, task: weekly}"
    do: Literal["view-task"]
    task: TaskName


class ViewIocCard(Operation):
    """Opens the card of an IOC file with the results of a task: a fact for each device on which it was detected."""

    example = "{at: 4h, do: view-ioc-card, task: weekly, file: dropper.ioc}"
    do: Literal["view-ioc-card"]
    task: TaskName
    file: Annotated[Text, Field(description="the name of the IOC file")]


class ExportCollection(Operation):
    """Exports the IOC collection of a task as a ZIP file, which other tasks can be given as their `collection`."""

    example = "{at: 4h, do: export-collection, task: weekly, to: collection.zip}"
    do: Literal["export-collection"]
    task: TaskName
    to: Annotated[Text, Field(description="the name of the file")]


def _key(field: str) -> str:
    return field.replace("_", "-")


def properties_of(action: TaskProperties) -> dict[str, Any]:  # by the names of the fields
    """What is given of the properties that tasks of every type have."""
    names = {"exclude_groups": "excluded_groups", "runs_as": "account", "schedule": "schedule", "storage": "storage"}
    return {own: getattr(action, field) for field, own in names.items() if getattr(action, field) is not None}


MODELS: Final[tuple[type[Action], ...]] = (
    CreateTask,
    ChangeTask,
    RunTask,
    StopTask,
    DeleteTasks,
    ViewTask,
    ViewIocCard,
    ExportCollection,
)
