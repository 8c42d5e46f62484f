"""The tasks of the Administration Server: made, listed, run, changed and deleted, with what comes of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np

from emulator.policy.groups import GroupTree
from emulator.policy.kinds import nearest, shown
from emulator.ports import I64
from emulator.tasks.task import (
    HOST_STATES,
    Assignment,
    HostState,
    RunTask,
    ScopeKind,
    StopTask,
    Storage,
    Task,
    TaskError,
    TaskReport,
    TaskType,
    Withdrawal,
)
from emulator.world import News
from fakes.administration.results import ResultShelf, StoredResult
from fakes.administration.roles import ADMINISTRATOR, AccessControl, Right

TASKS_MAX: Final = 10_000
"""Tasks that one server has at most; the emulator's."""
UNSEEN: Final = ("storage", "excluded_groups", "scope")
"""Properties that devices do not hold: a change of these alone sends them nothing new."""
PROPERTIES: Final[Mapping[TaskType, tuple[str, ...]]] = {
    TaskType.ACTIVATION: ("name", "scope", "settings", "schedule", "account", "storage", "excluded_groups"),
    TaskType.UPDATE: ("name", "scope", "settings", "schedule", "account", "storage", "excluded_groups"),
    TaskType.IOC_SCAN: ("name", "storage", "settings", "schedule", "account", "excluded_groups"),
}
"""What can be changed after creation (KEA-UPD-012, KEA-UPD-013, KEA-IOC-032).

Those of an activation task are not documented, nor that groups can be excluded from an update task: both are the
emulator's choice, after the console's properties of any group task.
"""


class Places(Protocol):
    """Where devices are, after all operations so far."""

    @property
    def tree(self) -> GroupTree:
        """The administration groups."""

    def inside(self, groups: Collection[str]) -> I64:
        """The devices that are directly in one of the groups: sorted indices."""

    def groups_of(self, devices: I64) -> Sequence[str]:
        """The groups that some of these devices are directly in, each once."""


@dataclass(slots=True)
class _Kept:
    task: Task
    number: int
    revision: int
    devices: I64
    shelf: ResultShelf


class TaskStore:
    """The tasks of one Administration Server.

    Operations are made in ascending order of their moments, and give the news that devices are to hear.

    One that is not possible raises TaskError or GroupError, one that its account may not do AccessError; either changes
    nothing. A task needs its right in the group that it is for, one for chosen devices in the groups of all of them.
    """

    def __init__(self, places: Places, access: AccessControl | None = None) -> None:
        self._places = places
        self._access = access or AccessControl()
        self._kept: dict[str, _Kept] = {}
        self._shelves: dict[int, ResultShelf] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._kept)

    # --- what accounts see -------------------------------------------------------------------------------------------

    def task(self, name: str, *, account: str = ADMINISTRATOR) -> Task:
        """A task with its properties as they are stored."""
        return self._checked(name, account, Right.READ_TASKS).task

    def tasks(self, *, account: str = ADMINISTRATOR) -> tuple[Task, ...]:
        """Every task that was created and not deleted and that an account may see, by name (KEA-TAS-007)."""
        self._access.anywhere(account, Right.READ_TASKS)
        found = (kept.task for _, kept in sorted(self._kept.items()))
        return tuple(task for task in found if self._allows(account, Right.READ_TASKS, task))

    def sections(self, *, account: str = ADMINISTRATOR) -> Mapping[TaskType, tuple[Task, ...]]:
        """The same, each under the section of its own type (KEA-TAS-032)."""
        tasks = self.tasks(account=account)
        return {kind: tuple(task for task in tasks if task.type is kind) for kind in TaskType}

    def look(self, name: str, *, account: str = ADMINISTRATOR) -> "TaskLook":
        """Opens a task for its states and results, with its devices and revision as they are now."""
        kept = self._checked(name, account, Right.READ_TASKS)
        return TaskLook(kept.task, kept.revision, kept.devices, kept.shelf)

    def properties(self, name: str, *, account: str = ADMINISTRATOR) -> "TaskProperties":
        """Opens the properties of a task; nothing of what is changed in them holds before they are applied."""
        return TaskProperties(self, self._checked(name, account, Right.CHANGE_TASKS).task, account)

    # --- operations --------------------------------------------------------------------------------------------------

    def create(self, task: Task, *, at_ms: int, run: bool = False, account: str = ADMINISTRATOR) -> tuple[News, ...]:
        """Creates a task; with `run` its devices run it as soon as they hear of it (KEA-LIC-016, KEA-UPD-008)."""
        self._check(task)
        self._require(account, Right.CHANGE_TASKS, task)
        if run:
            self._require(account, Right.RUN_TASKS, task)
        if task.name in self._kept:
            raise TaskError(f"there is a task {shown(task.name)} already", "choose another name")
        if len(self._kept) >= TASKS_MAX:
            raise TaskError(f"there are {TASKS_MAX} tasks already", "delete some")
        self._last += 1
        kept = _Kept(task, self._last, 1, self._resolved(task), ResultShelf(task.storage))
        self._kept[task.name] = kept
        self._shelves[kept.number] = kept.shelf
        sent = [News(at_ms, kept.devices, Assignment(kept.number, 1, task, at_ms))]
        if run:
            sent.append(News(at_ms, kept.devices, RunTask(kept.number)))
        return _some(sent)

    def run(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> tuple[News, ...]:
        """Starts a task by hand on all of its devices, whether it has a schedule or not (KEA-TAS-011, KEA-TAS-012)."""
        kept = self._checked(name, account, Right.RUN_TASKS)
        return _some([News(at_ms, kept.devices, RunTask(kept.number))])

    def stop(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> tuple[News, ...]:
        """Stops the runs of a task on all of its devices."""
        kept = self._checked(name, account, Right.RUN_TASKS)
        return _some([News(at_ms, kept.devices, StopTask(kept.number))])

    def delete(
        self, names: Iterable[str], *, at_ms: int, confirmed: bool, account: str = ADMINISTRATOR
    ) -> tuple[News, ...]:
        """Deletes tasks with their results: all that are named, or none (KEA-TAS-008 to KEA-TAS-010, KEA-IOC-019).

        Without the confirmation nothing is deleted (KEA-TAS-009).
        """
        chosen = [self._checked(name, account, Right.CHANGE_TASKS) for name in dict.fromkeys(names)]
        if not confirmed:
            return ()
        for kept in chosen:
            del self._kept[kept.task.name]
            kept.shelf.close(at_ms)
        return _some([News(at_ms, kept.devices, Withdrawal(kept.number)) for kept in chosen])

    def moved(self, devices: I64, *, at_ms: int) -> tuple[News, ...]:
        """Devices (sorted indices) have come to other groups: they hold the tasks of these, and no others of groups."""
        sent: list[News] = []
        for _, kept in sorted(self._kept.items()):
            if kept.task.scope.kind is ScopeKind.GROUP:
                sent += self._place(kept, np.intersect1d(self._resolved(kept.task), devices), devices, at_ms)
        return _some(sent)

    def receive(self, device: int, at_ms: int, report: TaskReport) -> None:
        """Takes what a device tells of a task at a moment; of one that is deleted by then nothing is kept."""
        shelf = self._shelves.get(report.number)
        if shelf is None:
            return
        shelf.receive(device, at_ms, report)
        if at_ms >= shelf.closed_ms:
            del self._shelves[report.number]

    def save(self, name: str, task: Task, *, at_ms: int, account: str = ADMINISTRATOR) -> tuple[News, ...]:
        """Stores other properties of a task; its devices take them at their next synchronisation.

        What has begun goes on as it was (KEA-UPD-012, KEA-IOC-032). Results are kept for the storage time that is new.
        """
        kept = self._checked(name, account, Right.CHANGE_TASKS)
        self._check(task)
        self._require(account, Right.CHANGE_TASKS, task)
        for attribute, value in _properties(task).items():
            if value != getattr(kept.task, attribute) and attribute not in PROPERTIES[kept.task.type]:
                cause = f"the {attribute.replace('_', ' ')} of a task of the type {kept.task.type} cannot be changed"
                raise TaskError(cause, "make a new task")
        if (task.type, task.scope.kind) != (kept.task.type, kept.task.scope.kind):
            raise TaskError(f"the task {shown(name)} would become another kind of task", "make a new task")
        if task.name != name and task.name in self._kept:
            raise TaskError(f"there is a task {shown(task.name)} already", "choose another name")
        before, kept.task = kept.task, task
        del self._kept[name]
        self._kept[task.name] = kept
        if task.storage != before.storage:
            kept.shelf.store_as(task.storage, at_ms)
        stayed = kept.devices
        sent = self._place(kept, self._resolved(task), stayed, at_ms, anew=_seen(before) != _seen(task))
        return _some(sent)

    # --- scopes ------------------------------------------------------------------------------------------------------

    def _resolved(self, task: Task) -> I64:
        """The devices of a scope, without those of the groups that are excluded with all below them (KEA-IOC-034)."""
        if task.scope.kind is not ScopeKind.GROUP:
            return np.array(task.scope.devices, np.int64)
        tree = self._places.tree
        groups = {task.scope.group, *tree.descendants(task.scope.group)}
        for excluded in task.excluded_groups:
            groups -= {excluded, *tree.descendants(excluded)}
        return self._places.inside(groups)

    def _place(self, kept: _Kept, wanted: I64, among: I64, at_ms: int, *, anew: bool = False) -> list[News]:
        """Has `wanted` hold a task, and those of `among` that are not wanted hold it no more.

        With `anew` those that held it before are sent it again, as it is now.
        """
        left = np.setdiff1d(np.intersect1d(kept.devices, among), wanted)
        joined = np.setdiff1d(wanted, kept.devices)
        kept.devices = np.union1d(np.setdiff1d(kept.devices, left), joined)
        kept.revision += anew
        return [
            News(at_ms, left, Withdrawal(kept.number)),
            News(at_ms, kept.devices if anew else joined, Assignment(kept.number, kept.revision, kept.task, at_ms)),
        ]

    # --- checks ------------------------------------------------------------------------------------------------------

    def _named(self, name: str) -> _Kept:
        if name not in self._kept:
            raise TaskError(f"there is no task {shown(name)}", nearest(name, sorted(self._kept)))
        return self._kept[name]

    def _checked(self, name: str, account: str, right: Right) -> _Kept:
        kept = self._named(name)
        self._require(account, right, kept.task)
        return kept

    def _check(self, task: Task) -> None:
        tree = self._places.tree
        if task.scope.kind is not ScopeKind.GROUP:
            return
        tree.ancestors(task.scope.group)
        for excluded in task.excluded_groups:
            if not tree.contains(task.scope.group, excluded):
                cause = f"the excluded group {shown(excluded)} is not in {shown(task.scope.group)}"
                raise TaskError(cause, "exclude groups below the one that the task is for")

    def _groups_for(self, task: Task) -> Sequence[str]:
        scope = task.scope
        if scope.kind is ScopeKind.GROUP:
            return (scope.group,)
        return self._places.groups_of(np.array(scope.devices, np.int64))

    def _allows(self, account: str, right: Right, task: Task) -> bool:
        tree = self._places.tree
        return all(self._access.allows(account, right, group, tree) for group in self._groups_for(task))

    def _require(self, account: str, right: Right, task: Task) -> None:
        for group in self._groups_for(task):
            self._access.require(account, right, group, self._places.tree)


@dataclass(frozen=True, slots=True)
class TaskLook:
    """A task that an account has opened: what devices tell of it is looked at when the moment has come.

    A moment may lie up to `SLACK_MS` behind the latest report.
    """

    task: Task
    revision: int
    devices: I64
    shelf: ResultShelf

    def host_state(self, device: int, at_ms: int) -> HostState | None:
        """The state on a device as far as the server knows at a moment, None for a device that the task is not for.

        `HostState.MODIFIED` is pending: the device has not told that it holds the task as it is.
        """
        place = int(np.searchsorted(self.devices, device))
        if place == len(self.devices) or self.devices[place] != device:
            return None
        held = self.shelf.state(device, at_ms)
        return HostState.MODIFIED if held is None or held[0] != self.revision else HOST_STATES[held[1]]

    def results(self, at_ms: int, devices: I64 | None = None) -> tuple[StoredResult, ...]:
        """The results that can be viewed at a moment, of all devices or of some (KEA-TAS-025, KEA-IOC-040)."""
        wanted = None if devices is None else set(devices.tolist())
        return tuple(result for result in self.shelf.results(at_ms) if wanted is None or result.device in wanted)


class TaskProperties:
    """The properties of a task as an account has them open: a draft, until it is applied (KEA-UPD-015, KEA-IOC-035)."""

    def __init__(self, store: TaskStore, task: Task, account: str) -> None:
        self._store = store
        self._name = task.name
        self._account = account
        self.draft = task

    def change(self, **properties: Any) -> None:  # properties of a Task, checked when they are applied
        """Changes properties in the draft; raises TaskError or SettingError for what a task cannot have."""
        self.draft = replace(self.draft, **properties)

    def apply(self, *, at_ms: int) -> tuple[News, ...]:
        """Stores the draft (KEA-TAS-027, KEA-UPD-012, KEA-IOC-032)."""
        sent = self._store.save(self._name, self.draft, at_ms=at_ms, account=self._account)
        self._name = self.draft.name
        return sent


def advice(task: Task) -> str | None:
    """What the documentation advises against in a task that is possible all the same (KEA-TAS-028)."""
    storage, usual = task.storage, Storage()
    if task.type is TaskType.IOC_SCAN and (storage.days < usual.days or not storage.on_administration_server):
        return f"results of an IOC Scan task are kept for less than {usual.days} days"
    return None


def _properties(task: Task) -> dict[str, object]:
    return {name: getattr(task, name) for name in Task.__dataclass_fields__}


def _seen(task: Task) -> dict[str, object]:
    """What devices hold of a task."""
    return {name: value for name, value in _properties(task).items() if name not in UNSEEN}


def _some(sent: Iterable[News]) -> tuple[News, ...]:
    return tuple(one for one in sent if len(one.devices))
