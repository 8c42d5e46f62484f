"""The wizards that create tasks: their steps, their order, and the task that comes of them."""

from collections.abc import Callable
from datetime import datetime

import pytest

from emulator.licensing import Activation, ActivationMethod, Key
from emulator.policy.groups import ROOT
from emulator.tasks.ioc_scan import IocScan, Response, Retrospective
from emulator.tasks.schedule import MANUAL, Schedule
from emulator.tasks.task import Scope, ScopeKind, Storage, TaskError, TaskType
from emulator.updates import ModuleUpdates, Source, SourceKind, UpdateSettings
from fakes.administration.task_wizard import STEPS, TaskStep, TaskWizard
from fakes.administration.tasks import TaskStore
from fakes.administration.wizard import WizardError
from tests.fakes.administration.test_tasks import Fleet, heard

MORNING = Schedule(start=datetime.fromisoformat("2026-03-02T08:00"))
KEY = Key("K-1")
ANSWERS: dict[TaskStep, Callable[[TaskWizard, TaskType], None]] = {
    TaskStep.TYPE: lambda wizard, kind: wizard.choose_type(kind),
    TaskStep.METHOD_AND_KEY: lambda wizard, _: wizard.choose_key(ActivationMethod.STORAGE, key=KEY),
    TaskStep.ADDITIONAL_KEY: lambda wizard, _: wizard.use_as_additional(True),
    TaskStep.SOURCE: lambda wizard, _: wizard.choose_sources((Source(SourceKind.VENDOR),)),
    TaskStep.MODULES: lambda wizard, _: wizard.choose_modules(ModuleUpdates.INSTALL),
    TaskStep.COLLECTION: lambda wizard, _: wizard.give_collection(()),
    TaskStep.DOCUMENTS: lambda wizard, _: wizard.choose_documents(frozenset({"FileItem"})),
    TaskStep.RETROSPECTIVE: lambda wizard, _: wizard.set_retrospective(Retrospective()),
    TaskStep.RESPONSES: lambda wizard, _: wizard.choose_responses((Response.ISOLATE,)),
    TaskStep.SCHEDULE: lambda wizard, _: wizard.set_schedule(MORNING),
    TaskStep.DEVICES: lambda wizard, _: wizard.choose_devices(Scope.selection((1, 4))),
    TaskStep.ACCOUNT: lambda wizard, _: wizard.choose_account("HQ\\clerk"),
    TaskStep.NAME: lambda wizard, _: wizard.give_name("new"),
}


def started(kind: TaskType) -> tuple[TaskStore, TaskWizard]:
    made = TaskStore(Fleet())
    return made, TaskWizard(made, None if kind is TaskType.UPDATE else Scope.of_group(ROOT))


def walk(wizard: TaskWizard, kind: TaskType) -> list[TaskStep]:
    walked = []
    while wizard.step in ANSWERS:
        walked.append(wizard.step)
        ANSWERS[wizard.step](wizard, kind)
    return walked


@pytest.mark.parametrize("kind", TaskType)
def test_the_steps_of_a_type_come_in_their_order_and_nothing_is_stored_before_the_end(kind: TaskType) -> None:
    made, wizard = started(kind)
    assert [TaskStep.TYPE, *STEPS[kind]] == [
        *walk(wizard, kind),
        *([TaskStep.RUN] if wizard.step is TaskStep.RUN else []),
    ]
    assert len(made) == 0
    created = wizard.finish(at_ms=5)
    assert wizard.step is TaskStep.FINISHED
    assert made.look("new").task is created.task
    assert (created.task.schedule, created.task.account, created.task.storage) == (MORNING, "HQ\\clerk", Storage())
    with pytest.raises(WizardError):
        wizard.finish(at_ms=6)


@pytest.mark.parametrize("kind", TaskType)
def test_any_step_but_the_next_is_refused_and_the_next_can_still_be_taken(kind: TaskType) -> None:
    made, wizard = started(kind)
    while wizard.step in ANSWERS:
        for step in ANSWERS:
            if step is not wizard.step:
                with pytest.raises(WizardError, match="is not the next one"):
                    ANSWERS[step](wizard, kind)
        with pytest.raises(WizardError, match="is not the next one"):
            wizard.finish(at_ms=0)
        ANSWERS[wizard.step](wizard, kind)
    wizard.finish(at_ms=0)
    assert len(made) == 1


def test_the_answers_are_the_settings_of_the_task() -> None:
    about = {}
    for kind in TaskType:
        _, wizard = started(kind)
        walk(wizard, kind)
        about[kind] = wizard.finish(at_ms=0).task.settings
    assert about == {
        TaskType.ACTIVATION: Activation(ActivationMethod.STORAGE, key=KEY, additional=True),
        TaskType.UPDATE: UpdateSettings((Source(SourceKind.VENDOR),), ModuleUpdates.INSTALL),
        TaskType.IOC_SCAN: IocScan(
            (), frozenset({"FileItem"}), retrospective=Retrospective(), responses=(Response.ISOLATE,)
        ),
    }


@pytest.mark.parametrize("run", [False, True])
def test_a_task_runs_after_its_creation_only_where_the_option_is_on(run: bool) -> None:
    _, wizard = started(TaskType.UPDATE)
    walk(wizard, TaskType.UPDATE)
    sent = heard(wizard.finish(at_ms=0, run=run).sent)
    assert sent == [("Assignment", [1, 4])] + [("RunTask", [1, 4])] * run


def test_the_wizard_of_ioc_scans_does_not_offer_to_run_the_task() -> None:
    made, wizard = started(TaskType.IOC_SCAN)
    walk(wizard, TaskType.IOC_SCAN)
    with pytest.raises(WizardError, match="does not offer to run"):
        wizard.finish(at_ms=0, run=True)
    assert len(made) == 0


def test_an_activation_code_is_never_offered_as_an_additional_key() -> None:
    _, wizard = started(TaskType.ACTIVATION)
    wizard.choose_type(TaskType.ACTIVATION)
    wizard.choose_key(ActivationMethod.CODE, code="ABCDE-12345")
    assert wizard.step is TaskStep.SCHEDULE


def test_the_ways_to_start_a_wizard_on_a_device_make_the_same_task() -> None:
    made = []
    for _ in ("context menu", "properties", "list of actions"):
        wizard = TaskWizard(TaskStore(Fleet()), Scope.local(2))
        walk(wizard, TaskType.ACTIVATION)
        made.append(wizard.finish(at_ms=0).task)
    assert made[0] == made[1] == made[2]
    assert made[0].scope.kind is ScopeKind.LOCAL


def test_answers_that_cannot_be_are_refused_and_the_step_can_be_taken_again() -> None:
    wizard = TaskWizard(TaskStore(Fleet()))
    for kind in (TaskType.ACTIVATION, TaskType.IOC_SCAN):
        with pytest.raises(TaskError, match="whom"):
            wizard.choose_type(kind)
    wizard = TaskWizard(TaskStore(Fleet()), Scope.local(0))
    wizard.choose_type(TaskType.ACTIVATION)
    with pytest.raises(TaskError, match="nothing to activate with"):
        wizard.choose_key(ActivationMethod.CODE)
    with pytest.raises(TaskError, match="nothing to activate with"):
        wizard.choose_key(ActivationMethod.KEY_FILE, code="ABCDE")
    wizard.choose_key(ActivationMethod.KEY_FILE, key=KEY)
    wizard.use_as_additional(False)
    wizard.set_schedule(MANUAL)
    with pytest.raises(TaskError, match="account"):
        wizard.choose_account("")
    wizard.choose_account("SYSTEM")
    with pytest.raises(TaskError, match="name"):
        wizard.give_name(" ")
    wizard.give_name("activate")
    wizard.finish(at_ms=0)
