"""What activation and update tasks do on a device, with the servers that they ask."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from emulator.chance import device_keys
from emulator.clock import HOUR_MS, Calendar
from emulator.licensing import Activation, ActivationMethod, Key, Licence, LicenceState
from emulator.services import Call
from emulator.tasks.device import TaskList
from emulator.tasks.executors import ACTIVATION_MS, ActivationExecutor, UpdateExecutor
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import Frequency, Schedule
from emulator.tasks.task import Assignment, RunTask, Scope, StopTask, Task, TaskSettings, TaskState, TaskType
from emulator.tasks.wall import WallClock
from emulator.updates import Databases, ModuleUpdates, Source, SourceKind, UpdateSettings
from fakes.activation import ActivationServer
from fakes.faults import Fault, FaultKind, FaultSchedule
from fakes.services import INTERNET, Roads
from fakes.updates import ADMINISTRATION, UpdateServers
from tests.emulator.tasks.test_device import Work

KEYS = device_keys(1, "b", 1)
LATER_MS = 5 * HOUR_MS
"""Newer databases are out than at the start."""


@dataclass
class Device:
    linked: bool = True
    licence: Licence = field(default_factory=Licence)
    databases: Databases = field(default_factory=lambda: Databases(1, 0, 1))

    def activation_call(self, at_ms: int) -> Call | None:
        return Call("activation", 0, at_ms) if self.linked else None

    def call(self, source: Source, at_ms: int) -> Call | None:
        return Call(source.name, 0, at_ms) if self.linked else None

    @property
    def update_roads(self) -> "Device":
        return self


class Trial:
    """A device with a task, the servers around it, and what became of it."""

    def __init__(self, about: TaskSettings, *faults: tuple[str, FaultKind]) -> None:
        schedule = FaultSchedule()
        for node, kind in faults:
            schedule.add(Fault("broken", node, kind, 0, 100 * HOUR_MS))
        self.roads = Roads(KEYS, schedule)
        self.device = Device()
        self.scan = Work()
        self.tasks: TaskList[Device] = TaskList(
            self.device,
            key=int(KEYS[0]),
            clock=WallClock(Calendar(datetime(2026, 3, 2, tzinfo=UTC))),
            executors={
                TaskType.ACTIVATION: ActivationExecutor(ActivationServer({"CODE-1": Key("K-1")}, self.roads)),
                TaskType.UPDATE: UpdateExecutor(UpdateServers(self.roads, schedule)),
            },
        )
        self.tasks.take(Assignment(1, 1, Task("task", Scope.local(0), about), 0), 0)

    def run(self, at_ms: int = LATER_MS) -> list[str]:
        """Runs the task to its end, and gives the kinds of facts."""
        told = list(self.tasks.take(RunTask(1), at_ms).told)
        while (due_ms := self.tasks.due_ms) is not None:
            told += self.tasks.elapse(due_ms).told
        return [one.kind for one in told]


def test_an_update_task_loads_from_its_source_and_raises_the_databases() -> None:
    trial = Trial(UpdateSettings(modules=ModuleUpdates.INSTALL))
    assert trial.run() == ["task-started", "update-source", "databases-updated", "task-completed"]
    assert trial.device.databases.release > 1
    assert sum(trial.roads.seen.values()) == 1


def test_an_update_goes_on_to_the_next_source_and_fails_after_the_last() -> None:
    trial = Trial(UpdateSettings(), (ADMINISTRATION, FaultKind.OUTAGE))
    assert trial.run()[:3] == ["task-started", "update-source-failed", "update-source"]
    lonely = Trial(UpdateSettings(), (ADMINISTRATION, FaultKind.OUTAGE), (INTERNET, FaultKind.OUTAGE))
    assert lonely.run()[-2:] == ["update-failed", "task-failed"]
    assert lonely.device.databases.release == 1


def test_a_corrupted_update_and_an_interrupted_one_keep_the_old_databases() -> None:
    corrupted = Trial(
        UpdateSettings((Source(SourceKind.ADMINISTRATION_SERVER),)), (ADMINISTRATION, FaultKind.CORRUPTED_UPDATE)
    )
    assert corrupted.run()[-2:] == ["update-failed", "task-failed"]
    interrupted = Trial(UpdateSettings())
    interrupted.tasks.take(RunTask(1), LATER_MS)
    interrupted.device.linked = False
    due_ms = interrupted.tasks.due_ms
    assert due_ms is not None
    assert [told.kind for told in interrupted.tasks.elapse(due_ms).told] == ["update-failed", "task-failed"]
    stopped = Trial(UpdateSettings())
    stopped.tasks.take(RunTask(1), LATER_MS)
    stopped.tasks.take(StopTask(1), LATER_MS + 1)
    assert [trial.device.databases.release for trial in (corrupted, interrupted, stopped)] == [1, 1, 1]


@pytest.mark.parametrize(("at_ms", "starts"), [(LATER_MS, True), (HOUR_MS, False)])
def test_only_databases_that_are_newer_start_what_waits_for_an_update(at_ms: int, starts: bool) -> None:
    trial = Trial(UpdateSettings((Source(SourceKind.VENDOR),)))
    waiting = Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE)
    again = Task("again", Scope.local(0), Activation(ActivationMethod.STORAGE, key=Key("K-2")), waiting)
    trial.tasks.take(Assignment(2, 1, again, 0), 0)
    assert ("activated" in trial.run(at_ms)) == starts


def test_a_code_is_verified_by_the_server_and_a_key_asks_nobody() -> None:
    by_code = Trial(Activation(ActivationMethod.CODE, "CODE-1"))
    assert by_code.run() == ["task-started", "activation-requested", "activated", "task-completed"]
    assert sum(by_code.roads.seen.values()) == 1
    by_key = Trial(Activation(ActivationMethod.KEY_FILE, key=Key("K-9")))
    by_key.device.linked = False
    assert by_key.run(0) == ["task-started", "activated", "task-completed"]
    assert not by_key.roads.seen
    assert by_key.device.licence.state(ACTIVATION_MS) is LicenceState.VALID


@pytest.mark.parametrize(("code", "linked"), [("CODE-2", True), ("CODE-1", False)])
def test_an_activation_that_fails_leaves_the_licence_as_it_was(code: str, linked: bool) -> None:
    trial = Trial(Activation(ActivationMethod.CODE, code))
    trial.device.linked = linked
    assert trial.run()[-2:] == ["activation-failed", "task-failed"]
    assert trial.device.licence == Licence()
    assert trial.tasks.state(1) is TaskState.FAILED


def test_a_type_of_task_is_told_by_its_settings() -> None:
    kinds = [Task("t", Scope.local(0), about).type for about in (IocScan(), UpdateSettings())]
    assert kinds == [TaskType.IOC_SCAN, TaskType.UPDATE]
