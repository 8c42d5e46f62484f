"""Tasks as the Administration Server makes them and devices hold them: what, where, when, under which account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Final

from emulator.errors import SeatrialError
from emulator.ioc.card import Card
from emulator.licensing import Activation
from emulator.policy.kinds import flag, whole
from emulator.policy.records import Record, Setting
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import MANUAL, Frequency, Schedule
from emulator.updates import UpdateSettings

SYSTEM: Final = "SYSTEM"
"""The account that a task runs under unless another is given (public help of a sibling product)."""
STORAGE_DAYS_MAX: Final = 999
"""The longest storage time of results; the range is not documented."""

TaskSettings = Activation | UpdateSettings | IocScan
"""What a task is about; it decides the type of the task."""


class TaskError(SeatrialError):
    """An operation on tasks is not possible, told as `cause; remedy`."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


class TaskType(StrEnum):
    """Types of tasks that the Administration Server makes for Endpoint Agent."""

    ACTIVATION = "activation"
    UPDATE = "update"
    IOC_SCAN = "ioc-scan"


TITLES: Final[Mapping[TaskType, str]] = {
    TaskType.ACTIVATION: "Application activation",
    TaskType.UPDATE: "Database and application module update",
    TaskType.IOC_SCAN: "Run IOC Scan",
}
"""The sections of the task list (KEA-TAS-032)."""
_TYPES: Final[Mapping[type, TaskType]] = {
    Activation: TaskType.ACTIVATION,
    UpdateSettings: TaskType.UPDATE,
    IocScan: TaskType.IOC_SCAN,
}


class ScopeKind(StrEnum):
    """The kinds of tasks by whom they are for (public help of the console)."""

    LOCAL = "local"
    GROUP = "group"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a task is for: one device (KEA-TAS-001), a group with all below it (KEA-TAS-004), or chosen devices.

    `devices` are fleet indices. Raises TaskError where they and the kind do not go together.
    """

    kind: ScopeKind
    group: str = ""
    devices: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "devices", tuple(sorted(set(self.devices))))
        grouped = self.kind is ScopeKind.GROUP
        if grouped != bool(self.group) or (grouped and self.devices):
            raise TaskError(f"the scope of a {self.kind} task is not complete", "a group task needs one group")
        if self.kind is ScopeKind.LOCAL and len(self.devices) != 1:
            raise TaskError(f"a local task is given {len(self.devices)} devices", "name exactly one device")
        if self.kind is ScopeKind.SELECTION and not self.devices:
            raise TaskError("a task for a selection of devices has none", "select at least one device")

    @classmethod
    def local(cls, device: int) -> "Scope":
        """One device."""
        return cls(ScopeKind.LOCAL, devices=(device,))

    @classmethod
    def of_group(cls, group: str) -> "Scope":
        """The devices of a group and of all groups below it."""
        return cls(ScopeKind.GROUP, group)

    @classmethod
    def selection(cls, devices: tuple[int, ...]) -> "Scope":
        """Chosen devices, wherever they are."""
        return cls(ScopeKind.SELECTION, devices=devices)


@dataclass(frozen=True, slots=True)
class Storage(Record):
    """Whether and how long the Administration Server keeps the results of a task (KEA-TAS-029 to KEA-TAS-031)."""

    on_administration_server: Annotated[
        bool, Setting(flag(), "keep results on the Administration Server", clause="KEA-TAS-031")
    ] = True
    days: Annotated[
        int,
        Setting(
            whole(1, STORAGE_DAYS_MAX, unit="days"),
            "how long results are kept",
            clause="KEA-TAS-030",
            default_clause="KEA-TAS-029",
        ),
    ] = 7


@dataclass(frozen=True, slots=True)
class Task:
    """A task with all its properties. Raises TaskError for an update that would wait for an update."""

    name: str
    scope: Scope
    settings: TaskSettings
    schedule: Schedule = MANUAL
    account: str = SYSTEM
    storage: Storage = Storage()
    excluded_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip():
            raise TaskError("the name of a task is empty or has blanks around it", "give it a name")
        if self.excluded_groups and self.scope.kind is not ScopeKind.GROUP:
            raise TaskError(f"groups are excluded from a {self.scope.kind} task", "exclude groups from a group task")
        waits = self.schedule.run_by_schedule and self.schedule.frequency is Frequency.AFTER_DATABASE_UPDATE
        if waits and self.type is TaskType.UPDATE:
            raise TaskError("an update task waits for a database update", "choose another frequency")

    @property
    def type(self) -> TaskType:
        """The type, by what the task is about."""
        return _TYPES[type(self.settings)]


class TaskState(IntEnum):
    """States of a task (codes of the public interface of the console). `RELOADING` and `INACTIVE` do not come up."""

    CREATED = 0
    RUNNING = 1
    SUSPENDED = 2
    FAILED = 3
    COMPLETED = 4
    FAILED_BY_TIMEOUT = 5
    RELOADING = 6
    INACTIVE = 7


class HostState(IntEnum):
    """States of a task on a host (codes of the public interface of the console).

    `MODIFIED` is pending: the host has not told of the task as it is now.
    """

    MODIFIED = 0
    RUNNING = 1
    SUSPENDED = 2
    FAILED = 3
    COMPLETED = 4
    SCHEDULED = 32


HOST_STATES: Final[Mapping[TaskState, HostState]] = {
    TaskState.CREATED: HostState.SCHEDULED,
    TaskState.RUNNING: HostState.RUNNING,
    TaskState.SUSPENDED: HostState.SUSPENDED,
    TaskState.FAILED: HostState.FAILED,
    TaskState.COMPLETED: HostState.COMPLETED,
    TaskState.FAILED_BY_TIMEOUT: HostState.FAILED,
}
"""How a state shows in the list of hosts of a task; an emulator's choice where the codes do not tell."""


class Cause(StrEnum):
    """Why a run began."""

    SCHEDULE = "schedule"
    MISSED = "missed-run"
    LAUNCH = "application-launch"
    UPDATE = "database-update"
    MANUAL = "manual"


# --- what the Administration Server has for devices ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assignment:
    """A device shall hold a task as it is in `revision`; `number` tells tasks apart, whatever they are called.

    The schedule holds from `since_ms` on: what it plans between then and the arrival on the device is missed.
    """

    number: int
    revision: int
    task: Task
    since_ms: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A device shall hold a task no more."""

    number: int


@dataclass(frozen=True, slots=True)
class RunTask:
    """A device shall run a task now."""

    number: int


@dataclass(frozen=True, slots=True)
class StopTask:
    """A device shall stop the run of a task."""

    number: int


TaskNews = Assignment | Withdrawal | RunTask | StopTask


# --- what devices have for the Administration Server -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskReport:
    """The state of a task on a device since `at_ms`.

    `reason` tells why a run did not complete, `values` and `cards` what came of it; `began_ms` is None where nothing
    has run.
    """

    number: int
    revision: int
    state: TaskState
    at_ms: int
    began_ms: int | None = None
    cause: Cause | None = None
    reason: str = ""
    values: Mapping[str, str | int | bool] = field(default_factory=dict)
    cards: tuple[Card, ...] = ()

    @property
    def ended(self) -> bool:
        """True where the report is the result of a run."""
        return self.began_ms is not None and self.state is not TaskState.RUNNING
