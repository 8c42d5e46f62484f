"""Tasks: for whom they are, how they are created, listed, deleted and started by hand (KEA-TAS)."""

from contextlib import suppress
from dataclasses import replace
from typing import Final

from conformance.agents import GROUP, MANAGEMENT, AgentUnderTest
from conformance.checks.administration_server import SLOW, UPDATE, at, fleet, seen_states
from conformance.checks.policies import BRANCH, HQ
from conformance.judging import equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, MINUTE_MS, Trial
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.task import TITLES, Scope, Task, TaskError, TaskSettings, TaskType
from emulator.updates import UpdateSettings
from fakes.administration import TaskStep, TaskStore, TaskWizard, WizardError

NEEDS: Final = (MANAGEMENT,)
NAMES: Final = ("a", "b", "c", "d", "e")
"""Names of tasks."""
ENTRY_POINTS: Final = ("device context", "device properties", "action list")
"""From where the wizard of a local task is started."""


def started(trial: Trial, *, device: int | None = None) -> list[int]:
    """The minutes at which runs began."""
    return [at_ms // MINUTE_MS for at_ms, one, _ in trial.told("task-started") if device in (None, one)]


def where(trial: Trial) -> list[int]:
    """The devices on which runs began, by number, each as often as one did."""
    return sorted(device for _, device, _ in trial.told("task-started"))


def store_of(server: ServerUnderTest, *tasks: Task) -> TaskStore:
    """The tasks of a fresh server."""
    store = server.administration(groups=(HQ, BRANCH)).tasks
    for task in tasks:
        store.create(task, at_ms=0)
    return store


def named(name: str, about: TaskSettings | None = None) -> Task:
    """A task for all devices."""
    return Task(name, Scope.of_group(GROUP), about or UpdateSettings())


def listed(store: TaskStore) -> list[str]:
    """The names in the list of tasks."""
    return [task.name for task in store.tasks()]


def walked(wizard: TaskWizard, name: str) -> Task:
    """The task of a wizard for an IOC Scan, with everything as it stands."""
    wizard.choose_type(TaskType.IOC_SCAN)
    wizard.give_collection(())
    wizard.choose_documents(None)
    wizard.set_retrospective(None)
    wizard.choose_responses(())
    wizard.set_schedule(named(name).schedule)
    wizard.choose_account(named(name).account)
    wizard.give_name(name)
    return wizard.finish(at_ms=0).task


def type_comes_first(wizard: TaskWizard) -> None:
    """Judges that a wizard asks for the type first, and makes nothing without it."""
    equal(wizard.step, TaskStep.TYPE, "the first step")
    try:
        wizard.finish(at_ms=0)
    except WizardError:
        return
    holds(False, "a task without a type is refused", "it was created")


# --- for whom a task is -----------------------------------------------------------------------------------------------


@clause("KEA-TAS-001")
def check_a_local_task_runs_on_its_device_alone(agent: AgentUnderTest) -> None:
    """Of three devices of a group the task is made for one, and runs there."""
    steps = [at(5, "create-task", task="local", type="update", target="b-00001", run=True)]
    trial = agent.attempt(duration="1h", steps=steps, fleet=fleet(HQ, HQ, HQ))
    equal(where(trial), [1], "devices on which the local task runs, by number")


@clause("KEA-TAS-003", needs=[ADMINISTRATION])
def check_local_tasks_are_alike_wherever_they_are_made(server: ServerUnderTest) -> None:
    """From each of the three entry points the task is attached to its device, and is the same but for its name."""
    store = store_of(server)
    made = [walked(TaskWizard(store, Scope.local(1)), entry) for entry in ENTRY_POINTS]
    for task in made:
        equal(store.look(task.name).devices.tolist(), [1], f"devices of the task from the {task.name}")
        equal(
            replace(store.task(task.name), name="one"), replace(made[0], name="one"), f"the task from the {task.name}"
        )


@clause("KEA-TAS-004")
def check_a_group_task_runs_on_the_devices_of_its_group(agent: AgentUnderTest) -> None:
    """All devices of the group run it, and those of another group do not."""
    steps = [at(5, "create-task", task="group", type="update", group=HQ, run=True)]
    trial = agent.attempt(duration="1h", steps=steps, fleet=fleet(HQ, BRANCH, HQ))
    equal(where(trial), [0, 2], "devices on which the task of the group runs, by number")


@clause("KEA-TAS-005")
def check_a_task_of_the_root_runs_on_all_devices(agent: AgentUnderTest) -> None:
    """Devices of the root, of groups below it and of groups below these run it, each once."""
    steps = [at(5, "create-task", task="all", type="update", group=GROUP, run=True)]
    trial = agent.attempt(duration="1h", steps=steps, fleet=fleet(GROUP, HQ, f"{HQ}/Lab", BRANCH))
    equal(where(trial), [0, 1, 2, 3], "devices on which the task of the root group runs, by number")


# --- creation, list, deletion -----------------------------------------------------------------------------------------


@clause("KEA-TAS-002", needs=[ADMINISTRATION])
def check_a_local_task_is_created_by_its_type(server: ServerUnderTest) -> None:
    """The wizard on a device asks for the type first, and without it makes nothing."""
    store = store_of(server)
    type_comes_first(TaskWizard(store, Scope.local(1)))
    equal(walked(TaskWizard(store, Scope.local(1)), "a").type, TaskType.IOC_SCAN, "the type of the task that is made")


@clause("KEA-TAS-006", needs=[ADMINISTRATION])
def check_a_group_task_is_created_by_its_type(server: ServerUnderTest) -> None:
    """The wizard on a group asks for the type first; started on nothing, it makes no task of a group."""
    store = store_of(server)
    type_comes_first(TaskWizard(store, Scope.of_group(HQ)))
    made = walked(TaskWizard(store, Scope.of_group(HQ)), "a")
    equal((made.type, made.scope.group), (TaskType.IOC_SCAN, HQ), "type and group of the task that is made")
    with suppress(TaskError):
        walked(TaskWizard(store), "b")
    equal(listed(store), ["a"], "tasks after a second wizard, which was started on no group")


@clause("KEA-TAS-007", needs=[ADMINISTRATION])
def check_the_list_has_all_tasks(server: ServerUnderTest) -> None:
    """It has every task that was created and not deleted, whatever its type and whomever it is for."""
    tasks = (named("a"), Task("b", Scope.local(0), IocScan()), Task("c", Scope.of_group(HQ), UpdateSettings()))
    store = store_of(server, *tasks)
    equal(listed(store), ["a", "b", "c"], "the list of tasks")
    store.delete(["b"], at_ms=1_000, confirmed=True)
    store.create(named("d"), at_ms=2_000)
    equal(listed(store), ["a", "c", "d"], "the list after one was deleted and another was made")


@clause("KEA-TAS-008", "KEA-TAS-010", needs=[ADMINISTRATION])
def check_several_tasks_are_deleted_at_once(server: ServerUnderTest) -> None:
    """Of five tasks one, or three, are selected: exactly these are gone from the list."""
    for chosen in (("b",), ("a", "c", "d")):
        store = store_of(server, *map(named, NAMES))
        store.delete(chosen, at_ms=1_000, confirmed=True)
        left = [name for name in NAMES if name not in chosen]
        equal(listed(store), left, f"the list after the deletion of {', '.join(chosen)}")


@clause("KEA-TAS-009", needs=[ADMINISTRATION])
def check_without_confirmation_nothing_is_deleted(server: ServerUnderTest) -> None:
    """The list is as it was; with the confirmation the tasks are gone."""
    store = store_of(server, *map(named, NAMES))
    store.delete(NAMES, at_ms=1_000, confirmed=False)
    equal(listed(store), list(NAMES), "the list after a deletion that was not confirmed")
    store.delete(NAMES, at_ms=2_000, confirmed=True)
    equal(listed(store), [], "the list after a deletion that was confirmed")


@clause("KEA-TAS-032", needs=[ADMINISTRATION])
def check_the_list_has_a_section_for_each_type(server: ServerUnderTest) -> None:
    """Each task stands under the section of its own type; two names of sections are known."""
    store = store_of(server, named("update"), named("scan", IocScan()))
    seen = {TITLES[kind]: [task.name for task in tasks] for kind, tasks in store.sections().items() if tasks}
    wanted = {"Database and application module update": ["update"], "Run IOC Scan": ["scan"]}
    equal(seen, wanted, "tasks under each section that has some")


# --- start by hand ----------------------------------------------------------------------------------------------------


@clause("KEA-TAS-011")
def check_a_task_is_started_by_hand(agent: AgentUnderTest) -> None:
    """After the request it runs on each of its devices, also where it is scheduled for another time."""
    schedule = {"frequency": "every-day", "start": "2026-03-09T12:00"}
    steps = [at(10, "run-task", task="update"), at(60, "view-task", task="update")]
    trial = agent.attempt(
        duration="2h", steps=steps, devices=2, tasks=[{**UPDATE, "schedule": schedule}], services=SLOW
    )
    equal(seen_states(trial), ["running", "running"], "states of the task on its two devices after the request")


@clause("KEA-TAS-012", "KEA-TAS-013")
def check_a_task_without_a_schedule_runs_on_request_only(agent: AgentUnderTest) -> None:
    """In thirty hours it does not start; after a request it does, once."""
    steps = [at(30 * 60, "run-task", task="update")]
    trial = agent.attempt(duration="60h", steps=steps, central_node=False, tasks=[UPDATE])
    runs = [at_ms // HOUR_MS for at_ms, _, _ in trial.told("task-started")]
    equal(runs, [30], "hours at which the task starts, which has no schedule and is started by hand in hour 30")
