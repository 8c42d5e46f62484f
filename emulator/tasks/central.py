"""Tasks of the Central Node: what they ask of a device, and what they come to.

Which kinds there are is documented in part and recalled in part; devices get them through synchronisation only, and
neither the Administration Server nor the command line knows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from emulator.ioc.document import IndicatorFile
from emulator.tasks.schedule import Schedule

GET_FILE_SIZE_MAX: Final = 104_857_600
"""Bytes of the largest file that is got: 100 MB, recalled."""


class WorkKind(StrEnum):
    """What a task does."""

    RUN_PROCESS = "run-process"
    TERMINATE_PROCESS = "terminate-process"
    GET_FILE = "get-file"
    DELETE_FILE = "delete-file"
    QUARANTINE_FILE = "quarantine-file"
    RESTORE_FILE = "restore-file"
    IOC_SCAN = "ioc-scan"


ON_LINUX: Final = (WorkKind.RUN_PROCESS, WorkKind.IOC_SCAN)
"""What Endpoint Agent for Linux does: of the responses it runs programs only (public help), scans are none."""


@dataclass(frozen=True, slots=True)
class RunProcess:
    """Runs a program until it ends, with the return code `returns`. `event_class` is the index of the event that its
    start makes in `World.scenario_classes`, None where it makes none."""

    path: str
    arguments: str = ""
    returns: int = 0
    event_class: int | None = None


@dataclass(frozen=True, slots=True)
class TerminateProcess:
    """Ends the processes whose file is at a path."""

    path: str


@dataclass(frozen=True, slots=True)
class GetFile:
    """Sends a file to the Central Node."""

    path: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Deletes a file."""

    path: str


@dataclass(frozen=True, slots=True)
class QuarantineFile:
    """Puts a file in quarantine."""

    path: str


@dataclass(frozen=True, slots=True)
class RestoreFile:
    """Restores what another task put in quarantine; `quarantined_by` is the name of that."""

    quarantined_by: str


@dataclass(frozen=True, slots=True)
class ScanForIndicators:
    """Looks for indicators of compromise; there is no automatic response to what is found (KEA-IOC-015)."""

    files: tuple[IndicatorFile, ...]
    schedule: Schedule | None = None
    """When devices scan (KEA-IOC-013); without one, as soon as they have the task."""


Work = RunProcess | TerminateProcess | GetFile | DeleteFile | QuarantineFile | RestoreFile | ScanForIndicators
_KINDS: Final[Mapping[type[Work], WorkKind]] = {
    RunProcess: WorkKind.RUN_PROCESS,
    TerminateProcess: WorkKind.TERMINATE_PROCESS,
    GetFile: WorkKind.GET_FILE,
    DeleteFile: WorkKind.DELETE_FILE,
    QuarantineFile: WorkKind.QUARANTINE_FILE,
    RestoreFile: WorkKind.RESTORE_FILE,
    ScanForIndicators: WorkKind.IOC_SCAN,
}


@dataclass(frozen=True, slots=True)
class CentralTask:
    """A task as the Central Node publishes it."""

    name: str
    work: Work

    @property
    def kind(self) -> WorkKind:
        """What it does."""
        return _KINDS[type(self.work)]

    def runs_on(self, os: str) -> bool:
        """Whether Endpoint Agent of this system does such tasks."""
        return os == "windows" or self.kind in ON_LINUX


class ErrorCode:
    """Return codes of Endpoint Agent, found for its command line; that tasks have the same is the emulator's choice.

    Where a server refuses an object, its status is the code.
    """

    UNSUPPORTED: Final = -1
    DONE: Final = 0
    GENERAL: Final = 2
    ACCESS_DENIED: Final = 8


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; `values` are what it came to."""

    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not done."""

    reason: str
    code: int = ErrorCode.GENERAL


@dataclass(frozen=True, slots=True)
class CentralResult:
    """What a device reports of a task to the Central Node."""

    task: CentralTask
    outcome: Done | Failed
    at_ms: int


@runtime_checkable
class TakesResults(Protocol):
    """The half of the Central Node that takes what devices report of its tasks."""

    def report(self, device: int, at_ms: int, results: tuple[CentralResult, ...]) -> None:
        """Takes results of a device at its synchronisation, in the order in which it had them."""
