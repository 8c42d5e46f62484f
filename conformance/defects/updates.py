"""Defects of the task that updates databases and modules: its creation, its properties, its runs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from conformance.defects.licensing import creating
from conformance.planting import Plant, defect
from emulator.components.roads import Roads
from emulator.ports import I64
from emulator.services import DIRECT
from emulator.tasks import executors
from emulator.tasks.device import TaskList
from emulator.tasks.schedule import MANUAL
from emulator.tasks.task import SYSTEM, ScopeKind, Storage, Task, TaskType
from emulator.updates import Databases, ModuleUpdates, Release, Source, SourceKind, UpdateSettings
from fakes.administration import task_wizard
from fakes.administration.results import ResultShelf
from fakes.administration.task_wizard import STEPS, TaskStep, TaskWizard
from fakes.administration.tasks import TaskProperties, TaskStore

True_ = Callable[..., Any]


class Asked(StrEnum):
    """Steps that no wizard should have."""

    STORAGE = "storage-of-results"


def steps(plant: Plant, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
    """Has the wizard of an update task other steps."""
    plant.replace(task_wizard, "STEPS", {**STEPS, TaskType.UPDATE: change(STEPS[TaskType.UPDATE])})


def keeping(plant: Plant, change: Callable[[Task, Task], Task]) -> None:
    """Has the Administration Server store other properties than were entered; given are the task before and after."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, name: str, after: Task, **more: Any) -> Any:
            return true(self, name, change(self.task(name), after), **more)

        return wrong

    plant.around(TaskStore, "save", make)


# --- what a run does --------------------------------------------------------------------------------------------------


@defect("KEA-UPD-010", "an update is told and changes nothing")
def updates_change_nothing(plant: Plant) -> None:
    """The databases stay those of the installation."""

    def make(true: True_) -> True_:
        def wrong(self: Databases, release: Release, modules: ModuleUpdates) -> Any:
            _, told = true(self, release, modules)
            return self, told if release.databases == self.release else ()

        return wrong

    plant.around(Databases, "applying", make)


@defect("KEA-UPD-010", "updates come from the vendor, whatever the task says")
def sources_are_ignored(plant: Plant) -> None:
    """Its own sources are not asked."""
    plant.around(executors, "choose", lambda true: lambda sources, *more: true((Source(SourceKind.VENDOR),), *more))


@defect("KEA-UPD-010", "where the source is down, another one is asked")
def other_sources_are_asked(plant: Plant) -> None:
    """One that the task does not have."""
    spare = (Source(SourceKind.VENDOR), Source(SourceKind.CUSTOM, "http://spare.seatrial.example"))
    plant.around(executors, "choose", lambda true: lambda sources, *more: true((*sources, *spare), *more))


@defect("KEA-UPD-011", "what waits for an update waits for ever")
def nothing_follows_an_update(plant: Plant) -> None:
    """The update itself is done."""
    plant.replace(TaskList, "_after_update", lambda self, at_ms: None)


@defect("KEA-UPD-016", "updates go past the proxy server")
def updates_pass_the_proxy_server_by(plant: Plant) -> None:
    """Directly, whatever the general settings say."""

    def make(true: True_) -> True_:
        def wrong(self: Roads, *given: Any) -> Any:
            call = true(self, *given)
            return None if call is None else replace(call, road=DIRECT)

        return wrong

    plant.around(Roads, "call", make)


@defect("KEA-UPD-017", "modules are never updated")
def modules_are_never_updated(plant: Plant) -> None:
    """Whatever the task says."""
    plant.around(
        Databases, "applying", lambda true: lambda self, release, modules: true(self, release, ModuleUpdates.NONE)
    )


@defect("KEA-UPD-017", "modules are always updated")
def modules_are_always_updated(plant: Plant) -> None:
    """Whatever the task says."""
    plant.around(
        Databases, "applying", lambda true: lambda self, release, modules: true(self, release, ModuleUpdates.INSTALL)
    )


# --- creation ---------------------------------------------------------------------------------------------------------


@defect("KEA-UPD-001", "the list shows update tasks among activations")
def updates_stand_elsewhere(plant: Plant) -> None:
    """Their own section is empty."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, **more: Any) -> Mapping[TaskType, Any]:
            found = true(self, **more)
            both = (*found[TaskType.ACTIVATION], *found[TaskType.UPDATE])
            return {**found, TaskType.ACTIVATION: both, TaskType.UPDATE: ()}

        return wrong

    plant.around(TaskStore, "sections", make)


@defect("KEA-UPD-002", "creation forgets the source")
def creation_forgets_the_source(plant: Plant) -> None:
    """The task has the usual ones."""
    creating(plant, lambda one: replace(one, settings=_with(one, sources=UpdateSettings().sources)))


@defect("KEA-UPD-003", "creation forgets the module updates")
def creation_forgets_the_modules(plant: Plant) -> None:
    """The task has the usual setting."""
    creating(plant, lambda one: replace(one, settings=_with(one, modules=ModuleUpdates.NONE)))


@defect("KEA-UPD-004", "creation forgets the schedule")
def creation_forgets_the_schedule(plant: Plant) -> None:
    """The task starts by hand only."""
    creating(plant, lambda one: replace(one, schedule=MANUAL))


@defect("KEA-UPD-005", "the task runs on all devices")
def everybody_is_updated(plant: Plant) -> None:
    """Whichever were chosen."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, one: Task) -> I64:
            chosen: I64 = true(self, one)
            return chosen if one.scope.kind is ScopeKind.GROUP else np.arange(int(chosen.max()) + 1, dtype=np.int64)

        return wrong

    plant.around(TaskStore, "_resolved", make)


@defect("KEA-UPD-006", "creation forgets the account")
def creation_forgets_the_account(plant: Plant) -> None:
    """The task runs under SYSTEM."""
    creating(plant, lambda one: replace(one, account=SYSTEM))


@defect("KEA-UPD-007", "creation numbers the task instead of naming it")
def creation_forgets_the_name(plant: Plant) -> None:
    """Whatever name is given."""
    plant.around(TaskWizard, "give_name", lambda true: lambda self, name: true(self, f"{name} 1"))


@defect("KEA-UPD-008", "an update task is not run when creation says so")
def updates_are_not_run(plant: Plant) -> None:
    """Whatever the option says."""
    plant.around(TaskStore, "create", lambda true: lambda self, one, run=False, **more: true(self, one, **more))


@defect("KEA-UPD-008", "an update task is always run after creation")
def updates_are_always_run(plant: Plant) -> None:
    """Whatever the option says."""
    plant.around(
        TaskStore, "create", lambda true: lambda self, one, run=False, **more: true(self, one, run=True, **more)
    )


@defect("KEA-UPD-009", "the update wizard asks for devices before the schedule")
def update_wizard_has_another_order(plant: Plant) -> None:
    """Two steps have changed places."""
    steps(plant, lambda usual: (*usual[:2], usual[3], usual[2], *usual[4:]))


@defect("KEA-UPD-009", "the update wizard does not ask for module updates")
def update_wizard_leaves_a_step_out(plant: Plant) -> None:
    """The other steps are in order."""
    steps(plant, lambda usual: tuple(one for one in usual if one is not TaskStep.MODULES))


@defect("KEA-UPD-014", "the update wizard asks how long results are kept")
def update_wizard_asks_for_storage(plant: Plant) -> None:
    """After the name."""
    steps(plant, lambda usual: (*usual[:-1], Asked.STORAGE, usual[-1]))


# --- properties -------------------------------------------------------------------------------------------------------


@defect("KEA-UPD-012", "the name of a task stays")
def names_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, name=before.name))


@defect("KEA-UPD-012", "the devices of a task stay")
def devices_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, scope=before.scope))


@defect("KEA-UPD-012", "the source of a task stays")
def sources_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, settings=_with(after, sources=_of(before).sources)))


@defect("KEA-UPD-012", "the schedule of a task stays")
def schedules_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, schedule=before.schedule))


@defect("KEA-UPD-012", "the account of a task stays")
def accounts_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, account=before.account))


@defect("KEA-UPD-012", "results are kept as long as before")
def storage_stays(plant: Plant) -> None:
    """The task shows the new storage time all the same."""
    plant.replace(ResultShelf, "store_as", lambda self, storage, at_ms: None)


@defect("KEA-UPD-013", "module updates cannot be changed after creation")
def modules_stay(plant: Plant) -> None:
    """Whatever is entered."""
    keeping(plant, lambda before, after: replace(after, settings=_with(after, modules=_of(before).modules)))


@defect("KEA-UPD-014", "the properties have no storage time")
def storage_is_no_property(plant: Plant) -> None:
    """The task keeps the usual one."""
    keeping(plant, lambda _, after: replace(after, storage=Storage()))


@defect("KEA-UPD-015", "a change of the properties holds at once")
def changes_hold_at_once(plant: Plant) -> None:
    """Nobody has to apply it."""

    def make(true: True_) -> True_:
        def wrong(self: TaskProperties, **properties: Any) -> None:
            true(self, **properties)
            kept = self._store._kept.pop(self._name)
            kept.task = self.draft
            self._store._kept[self.draft.name] = kept
            self._name = self.draft.name

        return wrong

    plant.around(TaskProperties, "change", make)


@defect("KEA-UPD-015", "a change that is applied is lost")
def applied_changes_are_lost(plant: Plant) -> None:
    """As if the properties had been closed."""
    plant.replace(TaskProperties, "apply", lambda self, *, at_ms: ())


def _of(one: Task) -> UpdateSettings:
    return one.settings if isinstance(one.settings, UpdateSettings) else UpdateSettings()


def _with(one: Task, **changed: Any) -> Any:
    """The settings of an update with something else; those of another task as they are."""
    return replace(one.settings, **changed) if isinstance(one.settings, UpdateSettings) else one.settings
