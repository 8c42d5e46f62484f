"""Defects of activation: codes and keys, additional keys, the road of activation, and its task."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.defects.security import always_under_policy
from conformance.planting import Plant, defect
from emulator.components.roads import Roads
from emulator.licensing import Activation, ActivationMethod, AddingRefused, CodeRequest, Key, Licence
from emulator.ports import I64
from emulator.services import Call
from emulator.tasks import executors
from emulator.tasks.schedule import MANUAL
from emulator.tasks.task import SYSTEM, ScopeKind, Task, TaskType
from emulator.updates import Source, SourceKind
from fakes.activation import ActivationServer
from fakes.administration import task_wizard
from fakes.administration.task_wizard import STEPS, TaskWizard
from fakes.administration.tasks import TaskStore
from fakes.services import Roads as Ways

True_ = Callable[..., Any]
Made = tuple[Licence, tuple[Any, ...]]
"""What an activation comes to: the licence, and what is told."""


def activating(plant: Plant, wrong: Callable[[True_, Licence, Activation, Any, Call], Made]) -> None:
    """Has devices carry out activations otherwise."""
    plant.around(
        executors,
        "activate",
        lambda true: (
            lambda licence, wanted, server, call, *more: wrong(
                lambda *given: true(*given, *more), licence, wanted, server, call
            )
        ),
    )


def creating(plant: Plant, change: Callable[[Task], Task]) -> None:
    """Has the Administration Server create other tasks than it is asked for."""
    plant.around(TaskStore, "create", lambda true: lambda self, task, **more: true(self, change(task), **more))


# --- the road ---------------------------------------------------------------------------------------------------------


@defect("KEA-LIC-001", "activation goes directly, whatever the option says")
def activation_goes_directly(plant: Plant) -> None:
    """The option does nothing."""
    plant.around(
        Roads,
        "activation",
        lambda true: lambda self, at_ms: self.to_vendor("activation", at_ms, by_administration=False),
    )


@defect("KEA-LIC-001", "activation always goes through the Administration Server")
def activation_goes_by_the_server(plant: Plant) -> None:
    """Also with the option off."""
    plant.around(
        Roads,
        "activation",
        lambda true: lambda self, at_ms: self.to_vendor("activation", at_ms, by_administration=True),
    )


@defect("KEA-LIC-002", "the option works while its group is unaffected")
def option_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds it."""

    always_under_policy(plant, "licensing")


@defect("KEA-LIC-003", "the option takes updates along")
def option_takes_updates_along(plant: Plant) -> None:
    """They go through the Administration Server too."""

    def make(true: True_) -> True_:
        def wrong(self: Roads, source: Source, at_ms: int) -> Call | None:
            if source.kind is SourceKind.VENDOR:
                by_administration = self._agent.settings.licensing.activate_via_administration_server
                return self.to_vendor("updates", at_ms, by_administration=by_administration)
            call: Call | None = true(self, source, at_ms)
            return call

        return wrong

    plant.around(Roads, "call", make)


# --- codes and keys ---------------------------------------------------------------------------------------------------


@defect("KEA-LIC-004", "an activation by code is told and does nothing")
def codes_activate_nobody(plant: Plant) -> None:
    """The licence stays as it was."""

    def wrong(true: True_, licence: Licence, wanted: Activation, *more: Any) -> Made:
        after, told = true(licence, wanted, *more)
        return (licence if wanted.method is ActivationMethod.CODE else after), told

    activating(plant, wrong)


@defect("KEA-LIC-004", "an activation by key is told and does nothing")
def keys_activate_nobody(plant: Plant) -> None:
    """The licence stays as it was."""

    def wrong(true: True_, licence: Licence, wanted: Activation, *more: Any) -> Made:
        after, told = true(licence, wanted, *more)
        return (after if wanted.method is ActivationMethod.CODE else licence), told

    activating(plant, wrong)


@defect("KEA-LIC-005", "the activation server takes any code")
def any_code_will_do(plant: Plant) -> None:
    """One that it does not know brings a key as well."""

    def make(true: True_) -> True_:
        def wrong(self: ActivationServer, request: CodeRequest) -> Any:
            answer = true(self, request)
            return Key("any") if getattr(answer, "status", 0) == 404 else answer

        return wrong

    plant.around(ActivationServer, "verify", make)


@defect("KEA-LIC-005", "every code brings the same key")
def codes_are_not_sent(plant: Plant) -> None:
    """The one of the first code."""

    def make(true: True_) -> True_:
        def wrong(self: ActivationServer, request: CodeRequest) -> Any:
            return true(self, replace(request, code=next(iter(self._codes), "")))

        return wrong

    plant.around(ActivationServer, "verify", make)


@defect("KEA-LIC-006", "devices reach the activation server without the Internet")
def internet_is_not_needed(plant: Plant) -> None:
    """As if it stood in their own network."""
    plant.around(
        Ways, "travel", lambda true: lambda self, service, call, *, outside: true(self, service, call, outside=False)
    )


@defect("KEA-LIC-006", "a code that nobody has verified is taken for good")
def unverified_is_good(plant: Plant) -> None:
    """Where the activation server does not answer."""

    def make(true: True_) -> True_:
        def wrong(self: ActivationServer, request: CodeRequest) -> Any:
            answer = true(self, request)
            return answer if isinstance(answer, Key) else Key("unverified")

        return wrong

    plant.around(ActivationServer, "verify", make)


@defect("KEA-LIC-007", "a key is verified like a code")
def keys_are_verified(plant: Plant) -> None:
    """And is of no use where nobody verifies it."""

    def wrong(true: True_, licence: Licence, wanted: Activation, server: Any, call: Call) -> Made:
        by_code = true(licence, replace(wanted, method=ActivationMethod.CODE), server, call)
        made: Made = true(licence, wanted, server, call) if by_code[1][-1].kind != "activation-failed" else by_code
        return made

    activating(plant, wrong)


@defect("KEA-LIC-007", "the activation server hears of every key")
def keys_are_told(plant: Plant) -> None:
    """Which changes nothing about the activation."""

    def wrong(true: True_, licence: Licence, wanted: Activation, server: Any, call: Call) -> Made:
        _, asked = true(licence, replace(wanted, method=ActivationMethod.CODE), server, call)
        after, told = true(licence, wanted, server, call)
        return after, (*asked[:1], *told)

    activating(plant, wrong)


@defect("KEA-LIC-008", "a task by code does not hold the code")
def codes_are_not_stored(plant: Plant) -> None:
    """What the wizard was given is lost."""

    def change(task: Task) -> Task:
        by_code = isinstance(task.settings, Activation) and task.settings.method is ActivationMethod.CODE
        return replace(task, settings=Activation(ActivationMethod.CODE)) if by_code else task

    creating(plant, change)


@defect("KEA-LIC-009", "a key file is not found")
def key_files_are_not_found(plant: Plant) -> None:
    """Only keys from the storage are."""

    def wrong(true: True_, licence: Licence, wanted: Activation, *more: Any) -> Made:
        by_file = wanted.method is ActivationMethod.KEY_FILE
        made: Made = true(licence, replace(wanted, key=None) if by_file else wanted, *more)
        return made

    activating(plant, wrong)


@defect("KEA-LIC-009", "the wizard always takes the key from the storage")
def wizard_takes_the_storage(plant: Plant) -> None:
    """Whichever way is chosen."""

    def make(true: True_) -> True_:
        def wrong(self: TaskWizard, method: ActivationMethod, **given: Any) -> None:
            by_file = method is ActivationMethod.KEY_FILE
            true(self, ActivationMethod.STORAGE if by_file else method, **given)

        return wrong

    plant.around(TaskWizard, "choose_key", make)


@defect("KEA-LIC-010", "an additional key never takes over")
def additional_keys_wait_for_ever(plant: Plant) -> None:
    """It is listed, and that is all."""
    plant.replace(Licence, "at", lambda self, at_ms: self)


@defect("KEA-LIC-011", "an additional key becomes the active one at once")
def additional_keys_replace(plant: Plant) -> None:
    """What is told stays the same."""

    def make(true: True_) -> True_:
        def wrong(self: Licence, key: Key, at_ms: int, *, additional: bool) -> Licence | AddingRefused:
            licence: Licence | AddingRefused = true(self, key, at_ms, additional=False)
            return licence

        return wrong

    plant.around(Licence, "adding", make)


@defect("KEA-LIC-011", "an additional key takes the active one away")
def additional_keys_take_the_active_one_away(plant: Plant) -> None:
    """As soon as there is one."""
    plant.around(
        Licence,
        "at",
        lambda true: lambda self, at_ms: Licence(self.additional) if self.additional else true(self, at_ms),
    )


# --- the task ---------------------------------------------------------------------------------------------------------


@defect("KEA-LIC-012", "a task for one device is one for all")
def local_tasks_reach_everybody(plant: Plant) -> None:
    """Tasks for groups are as they should be."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task) -> I64:
            devices: I64 = true(self, task)
            return devices if task.scope.kind is ScopeKind.GROUP else np.arange(int(devices.max()) + 3, dtype=np.int64)

        return wrong

    plant.around(TaskStore, "_resolved", make)


@defect("KEA-LIC-012", "a task for a group leaves its first device out")
def group_tasks_miss_one(plant: Plant) -> None:
    """Tasks for chosen devices are as they should be."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task) -> I64:
            devices: I64 = true(self, task)
            return devices[1:] if task.scope.kind is ScopeKind.GROUP else devices

        return wrong

    plant.around(TaskStore, "_resolved", make)


@defect("KEA-LIC-013", "an activation task is created without its schedule")
def schedules_of_activations_are_lost(plant: Plant) -> None:
    """It starts by hand only."""
    creating(plant, lambda task: replace(task, schedule=MANUAL))


@defect("KEA-LIC-014", "an activation task always runs under SYSTEM")
def accounts_of_activations_are_lost(plant: Plant) -> None:
    """Whichever account is given."""
    creating(plant, lambda task: replace(task, account=SYSTEM))


@defect("KEA-LIC-015", "an activation task has a name of its own making")
def names_of_activations_are_lost(plant: Plant) -> None:
    """Whichever name is given."""
    plant.around(TaskWizard, "give_name", lambda true: lambda self, name: true(self, f"Activation {name}"))


@defect("KEA-LIC-016", "an activation task is not run when the wizard finishes")
def activations_are_not_run(plant: Plant) -> None:
    """Whatever the option says."""
    plant.around(TaskStore, "create", lambda true: lambda self, task, run=False, **more: true(self, task, **more))


@defect("KEA-LIC-016", "an activation task is always run when the wizard finishes")
def activations_are_always_run(plant: Plant) -> None:
    """Whatever the option says."""
    plant.around(
        TaskStore, "create", lambda true: lambda self, task, run=False, **more: true(self, task, run=True, **more)
    )


@defect("KEA-LIC-017", "the activation wizard asks for the name before the account")
def activation_wizard_has_another_order(plant: Plant) -> None:
    """Two steps have changed places."""
    *first, account, name, run = STEPS[TaskType.ACTIVATION]
    plant.replace(task_wizard, "STEPS", {**STEPS, TaskType.ACTIVATION: (*first, name, account, run)})


@defect("KEA-LIC-018", "the activation wizard does not offer an additional key")
def additional_keys_are_not_offered(plant: Plant) -> None:
    """The step is left out."""
    first, _, *rest = STEPS[TaskType.ACTIVATION]
    plant.replace(task_wizard, "STEPS", {**STEPS, TaskType.ACTIVATION: (first, *rest)})
