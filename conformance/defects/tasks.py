"""Defects of tasks: for whom they are, their list and deletion, their start by hand, and how results are kept."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.clock import DAY_MS
from emulator.policy.groups import GroupTree
from emulator.ports import I64
from emulator.tasks.device import TaskList
from emulator.tasks.schedule import MANUAL
from emulator.tasks.task import Assignment, RunTask, Scope, ScopeKind, Storage, Task, TaskType
from emulator.world import News
from fakes.administration import TaskProperties, TaskStep, TaskStore, TaskWizard
from fakes.administration.results import FOREVER_MS, SLACK_MS, ResultShelf, StoredResult
from scenarios import task_operations

True_ = Callable[..., Any]


def resolved(plant: Plant, other: Callable[[TaskStore, Task, I64], I64]) -> None:
    """Has tasks be for other devices than those of their scopes."""

    def make(true: True_) -> True_:
        return lambda self, task: other(self, task, true(self, task))

    plant.around(TaskStore, "_resolved", make)


# --- for whom a task is -----------------------------------------------------------------------------------------------


@defect("KEA-TAS-001", "a local task is for the whole group of its device")
def local_tasks_are_for_groups(plant: Plant) -> None:
    """All devices of it run the task."""

    def other(store: TaskStore, task: Task, devices: I64) -> I64:
        local = task.scope.kind is ScopeKind.LOCAL
        return store._places.inside(store._places.groups_of(devices)) if local else devices

    resolved(plant, other)


@defect("KEA-TAS-002", "a task can be finished before its type is chosen")
def type_is_not_needed(plant: Plant) -> None:
    """The wizard begins with the name."""

    def make(true: True_) -> True_:
        def wrong(self: TaskWizard, *given: Any, **more: Any) -> None:
            true(self, *given, **more)
            self._waiting = (TaskStep.NAME,)

        return wrong

    plant.around(TaskWizard, "__init__", make)


@defect("KEA-TAS-003", "the second task of a device is one for chosen devices")
def second_is_a_selection(plant: Plant) -> None:
    """The same device, and another kind of task."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task, **more: Any) -> Any:
            if len(self) and task.scope.kind is ScopeKind.LOCAL:
                task = replace(task, scope=Scope.selection(task.scope.devices))
            return true(self, task, **more)

        return wrong

    plant.around(TaskStore, "create", make)


@defect("KEA-TAS-004", "a group task is for one device of its group")
def one_device_of_the_group(plant: Plant) -> None:
    """The first."""
    resolved(plant, lambda store, task, devices: devices[:1])


@defect("KEA-TAS-004", "a group task is for the devices of all groups")
def group_tasks_are_for_all(plant: Plant) -> None:
    """Whichever was selected."""

    def other(store: TaskStore, task: Task, devices: I64) -> I64:
        tree = store._places.tree
        return store._places.inside(list(tree)) if task.scope.kind is ScopeKind.GROUP else devices

    resolved(plant, other)


@defect("KEA-TAS-005", "a task of the root group does not reach groups below others")
def root_tasks_go_one_level_down(plant: Plant) -> None:
    """Only the root and its own subgroups."""

    def make(true: True_) -> True_:
        def wrong(self: GroupTree, path: str) -> tuple[str, ...]:
            return tuple(one for one in true(self, path) if one.count("/") <= path.count("/") + 1)

        return wrong

    plant.around(GroupTree, "descendants", make)


@defect("KEA-TAS-006", "a task that was started on no group is for all devices")
def no_group_means_all(plant: Plant) -> None:
    """Nobody said so."""

    def make(true: True_) -> True_:
        def wrong(self: TaskWizard, store: TaskStore, scope: Scope | None = None, **more: Any) -> None:
            true(self, store, scope or Scope.of_group("Managed devices"), **more)

        return wrong

    plant.around(TaskWizard, "__init__", make)


# --- list and deletion ------------------------------------------------------------------------------------------------


@defect("KEA-TAS-007", "local tasks are not listed")
def local_tasks_are_not_listed(plant: Plant) -> None:
    """Only those of groups are."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, **more: Any) -> tuple[Task, ...]:
            return tuple(task for task in true(self, **more) if task.scope.kind is not ScopeKind.LOCAL)

        return wrong

    plant.around(TaskStore, "tasks", make)


def deleted(plant: Plant, change: Callable[[TaskStore, list[str]], Iterable[str]]) -> None:
    """Has something else deleted than what was named."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, names: Iterable[str], **more: Any) -> Any:
            return true(self, change(self, list(names)), **more)

        return wrong

    plant.around(TaskStore, "delete", make)


@defect("KEA-TAS-008", "of several tasks only the first is deleted")
def first_is_deleted(plant: Plant) -> None:
    """The others stay."""
    deleted(plant, lambda store, names: names[:1])


@defect("KEA-TAS-008", "a deletion takes all tasks")
def all_are_deleted(plant: Plant) -> None:
    """Also those that were not selected."""
    deleted(plant, lambda store, names: [task.name for task in store.tasks()])


@defect("KEA-TAS-009", "nobody is asked to confirm")
def deletion_is_not_confirmed(plant: Plant) -> None:
    """What is named is deleted."""
    plant.around(
        TaskStore,
        "delete",
        lambda true: lambda self, names, *, confirmed, **more: true(self, names, confirmed=True, **more),
    )


@defect("KEA-TAS-010", "deleted tasks stay in the list")
def deleted_stay_listed(plant: Plant) -> None:
    """Devices do not hold them any more."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, names: Iterable[str], **more: Any) -> Any:
            before = dict(self._kept)
            sent = true(self, names, **more)
            self._kept.update(before)
            return sent

        return wrong

    plant.around(TaskStore, "delete", make)


@defect("KEA-TAS-032", "every task stands under the first section")
def one_section_for_all(plant: Plant) -> None:
    """Whatever its type."""
    plant.replace(TaskStore, "sections", lambda self, **more: {TaskType.ACTIVATION: self.tasks(**more)})


# --- start by hand ----------------------------------------------------------------------------------------------------


@defect("KEA-TAS-011", "a request to run reaches the first device only")
def run_reaches_one(plant: Plant) -> None:
    """Of all that hold the task."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, *given: Any, **more: Any) -> tuple[News, ...]:
            return tuple(replace(one, devices=one.devices[:1]) for one in true(self, *given, **more))

        return wrong

    plant.around(TaskStore, "run", make)


@defect("KEA-TAS-012", "only scheduled tasks can be started by hand")
def unscheduled_cannot_be_run(plant: Plant) -> None:
    """The request is taken, and nothing happens."""

    def make(true: True_) -> True_:
        def wrong(self: TaskList[Any], news: Any, at_ms: int) -> Any:
            held = self._held.get(news.number)
            manual = held is not None and not held.task.schedule.run_by_schedule
            return self.elapse(at_ms) if isinstance(news, RunTask) and manual else true(self, news, at_ms)

        return wrong

    plant.around(TaskList, "take", make)


@defect("KEA-TAS-013", "a task without a schedule starts when it arrives")
def unscheduled_start_at_once(plant: Plant) -> None:
    """By itself."""

    def make(true: True_) -> True_:
        def wrong(self: TaskList[Any], news: Any, at_ms: int) -> Any:
            outcome = true(self, news, at_ms)
            if isinstance(news, Assignment) and news.task.schedule == MANUAL:
                return replace(outcome, told=(*outcome.told, *true(self, RunTask(news.number), at_ms).told))
            return outcome

        return wrong

    plant.around(TaskList, "take", make)


# --- results ----------------------------------------------------------------------------------------------------------


def gone(plant: Plant, when: Callable[[ResultShelf, StoredResult, int], int]) -> None:
    """Has results be gone at another moment."""

    def make(true: True_) -> True_:
        return lambda self, result: when(self, result, true(self, result))

    plant.around(ResultShelf, "_gone_ms", make)


@defect("KEA-TAS-025", "results can be viewed for an hour")
def results_for_an_hour(plant: Plant) -> None:
    """Whatever the storage period."""
    gone(plant, lambda shelf, result, true: min(true, result.received_ms + SLACK_MS))


@defect("KEA-TAS-026", "results are kept for ever")
def results_for_ever(plant: Plant) -> None:
    """They are there after their period."""
    gone(plant, lambda shelf, result, true: FOREVER_MS)


@defect("KEA-TAS-027", "results are kept for the storage period that the task was made with")
def first_period_holds(plant: Plant) -> None:
    """A change of it is stored with the task, and that is all."""
    plant.replace(ResultShelf, "store_as", lambda self, storage, at_ms: None)


@defect("KEA-TAS-027", "a changed storage period is not stored")
def storage_is_not_changed(plant: Plant) -> None:
    """The other properties are."""

    def make(true: True_) -> True_:
        def wrong(self: TaskProperties, **properties: Any) -> None:
            true(self, **{name: value for name, value in properties.items() if name != "storage"})

        return wrong

    plant.around(TaskProperties, "change", make)


@defect("KEA-TAS-028", "short storage times of scans are not reported")
def nothing_is_advised(plant: Plant) -> None:
    """Nobody hears of them."""
    plant.replace(task_operations, "advice", lambda task: None)


@defect("KEA-TAS-029", "results are kept for thirty days by default")
def thirty_days_by_default(plant: Plant) -> None:
    """Where nobody sets it."""
    gone(plant, lambda shelf, result, true: true + 23 * DAY_MS)


@defect("KEA-TAS-030", "the first storage time that was given holds for all tasks")
def one_period_for_all(plant: Plant) -> None:
    """Also for those that are made later."""
    first: list[Storage] = []

    def make(true: True_) -> True_:
        def wrong(self: ResultShelf, storage: Storage) -> None:
            first.append(storage)
            true(self, first[0])

        return wrong

    plant.around(ResultShelf, "__init__", make)


@defect("KEA-TAS-031", "the option to keep results on the server is not looked at")
def option_is_not_looked_at(plant: Plant) -> None:
    """Only the days count."""

    def make(true: True_) -> True_:
        def wrong(self: ResultShelf, storage: Storage) -> None:
            true(self, Storage(days=storage.days))

        return wrong

    plant.around(ResultShelf, "__init__", make)
