"""The task that updates databases and application modules: its creation, its properties, its runs (KEA-UPD)."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from conformance.agents import SERVICES, AgentUnderTest, Settings
from conformance.checks.licensing import (
    BRANCH,
    HQ,
    KEYS,
    PROXY,
    SYNCHRONISES,
    VENDOR,
    WHEN,
    lab,
    outage,
    task,
    walked,
)
from conformance.judging import at_least, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, MINUTE_MS, Trial
from emulator.errors import SeatrialError
from emulator.tasks.task import SYSTEM, TITLES, Assignment, RunTask, Scope, Storage, Task, TaskType, Withdrawal
from emulator.updates import ModuleUpdates, Source, SourceKind, UpdateSettings
from emulator.world import News
from fakes.administration import TaskStep, TaskStore, TaskWizard, WizardError

NEEDS: Final = (SERVICES,)
MIRROR: Final = "http://mirror.seatrial.example/updates"
SOURCES: Final = {
    "vendor-updates": "vendor-servers",
    "administration": "administration-server",
    "custom-updates": MIRROR,
}
"""A source of each kind that the documentation of the product names, by the server that it is."""
NAME: Final = "updates"
OPERATOR: Final = "LAB\\operator"
INSTALLED, LEFT = "download-and-install", "do-not-check"
OFTEN: Final = {"updates": {"databases-every": "1h", "modules-every": "2h", "lag": "10min"}}
"""A source has newer databases every hour, and newer modules every other hour."""


def standing(*sources: str, **more: Any) -> dict[str, Any]:
    """A task that is there at the start, and runs an hour after it and three hours later."""
    schedule = {"frequency": "every-hour", "interval": 3, "start": "2026-03-02T10:00"}
    return {"name": NAME, "type": "update", "sources": list(sources), "schedule": schedule, **more}


def updates(agent: AgentUnderTest, *steps: Mapping[str, Any], duration: str = "6h", **more: Any) -> Trial:
    """A trial of devices whose sources have something new every hour; none of them sends telemetry."""
    fleet = {**more.pop("fleet", lab(None)), "integrate": {"central-node": False}}
    return agent.attempt(duration=duration, steps=steps, fleet=fleet, **{"services": OFTEN, **more})


def versions(trial: Trial, kind: str, key: str) -> list[int]:
    """What databases or modules have become, one after the other."""
    return [int(detail[key]) for _, _, detail in trial.told(kind)]


def releases(trial: Trial) -> list[int]:
    """The releases of the databases, one after the other."""
    return versions(trial, "databases-updated", "release")


def starts(trial: Trial, name: str | None = None) -> list[int]:
    """The moments at which runs of tasks, or of one, began."""
    return [at_ms for at_ms, _, detail in trial.told("task-started") if name is None or detail["task"] == name]


def used(trial: Trial) -> list[str]:
    """The sources that answered, one after the other."""
    return [detail["source"] for _, _, detail in trial.told("update-source")]


# --- what a run does --------------------------------------------------------------------------------------------------


@clause("KEA-UPD-010")
def check_databases_are_updated_from_the_source_of_the_task(agent: AgentUnderTest) -> None:
    """From each source their version rises with each run, while all others are down, and stays where it is down."""
    for node, source in SOURCES.items():
        others = [outage(other, "40min") for other in SOURCES if other != node]
        trial = updates(agent, *others, tasks=[standing(source)])
        equal(used(trial), [source, source], "sources of two updates")
        seen = releases(trial)
        equal(len(seen), 2, f"runs after which the databases are newer, the source being {source}")
        holds(all(one < other for one, other in pairwise(seen)), "a version that rises", seen)
        trial = updates(agent, outage(node, "40min"), tasks=[standing(source)])
        equal((releases(trial), len(starts(trial))), ([], 2), f"versions, and runs, with {source} alone, which is down")


@clause("KEA-UPD-017")
def check_modules_are_updated_as_far_as_the_task_says(agent: AgentUnderTest) -> None:
    """With newer modules at the source they are updated where that is wanted, and stay where it is not."""
    trial = updates(agent, tasks=[standing(*VENDOR, modules=INSTALLED)])
    seen = versions(trial, "modules-updated", "version")
    at_least(len(seen), 1, "updates of modules, which are wanted")
    holds(all(one < other for one, other in pairwise(seen)), "a version that rises", seen)
    trial = updates(agent, tasks=[standing(*VENDOR, modules=LEFT)])
    equal(versions(trial, "modules-updated", "version"), [], "updates of modules, which are not wanted")
    equal(len(releases(trial)), 2, "updates of databases by the same task")


@clause("KEA-UPD-011")
def check_an_update_starts_what_waits_for_it(agent: AgentUnderTest) -> None:
    """A task scheduled for after the database update starts once the databases are updated, and not without that."""
    waiting = {
        "name": "waiting",
        "type": "activation",
        "key": "file",
        "schedule": {"frequency": "after-database-update"},
    }
    given: dict[str, Any] = {"keys": list(KEYS), "fleet": lab(), "tasks": [waiting]}
    trial = updates(agent, task("65min", "update", sources=VENDOR), **given)
    ends = [at_ms for at_ms, _, detail in trial.told("task-completed") if detail["type"] == "update"]
    equal(len(ends), 1, "updates")
    began = starts(trial, "waiting")
    equal(len(began), 1, "starts of what waits for an update")
    holds(0 <= began[0] - ends[0] <= MINUTE_MS, f"a start when the update has ended, at {ends[0]}", began[0])
    equal(starts(updates(agent, **given)), [], "starts of what waits for an update, without one")


@clause("KEA-UPD-016")
def check_updates_use_the_general_proxy_settings(agent: AgentUnderTest) -> None:
    """With a proxy server they reach the vendor through it, also without an Internet of their own, and not past it."""
    general: Settings = {"proxy": {"mode": "specified", "host": PROXY.partition(":")[0]}}
    services = {**OFTEN, "proxy": {"address": PROXY}}
    for settings, road in ((general, "proxy"), (None, "direct")):
        for down, wanted in (("internet", road == "proxy"), ("proxy", road == "direct")):
            step = task("65min", "update", sources=VENDOR)
            trial = updates(agent, outage(down), step, settings=settings, services=services, duration="2h")
            roads = [detail["via"] for _, _, detail in trial.told("update-source")]
            equal(roads, [road] if wanted else [], f"roads of updates that go by {road}, {down} being down")
            equal(len(releases(trial)), int(wanted), f"updates that go by {road}, {down} being down")


# --- creation ---------------------------------------------------------------------------------------------------------


@clause("KEA-UPD-005")
def check_an_update_task_runs_on_the_devices_that_were_chosen(agent: AgentUnderTest) -> None:
    """Of three devices in two groups exactly the chosen ones run it, and are updated."""
    for scope, wanted in (
        ({"target": {"any": ["lab-00001", "lab-2-00001"]}}, [0, 2]),
        ({"target": "lab-1-00001"}, [1]),
        ({"group": HQ}, [0, 1]),
    ):
        step = task("65min", "update", sources=VENDOR, **scope)
        trial = updates(agent, step, fleet=lab(None, groups=(HQ, HQ, BRANCH)), duration="2h")
        equal(sorted(device for _, device, _ in trial.told("task-started")), wanted, f"devices that run it, of {scope}")
        updated = sorted(device for _, device, _ in trial.told("databases-updated"))
        equal(updated, wanted, f"devices that are updated, of {scope}")


@clause("KEA-UPD-008")
def check_an_update_task_is_run_when_creation_says_so(agent: AgentUnderTest) -> None:
    """With the option the device runs it as soon as it hears of it, without it does not."""
    for run in (True, False):
        trial = updates(agent, task("65min", "update", sources=VENDOR, run=run), duration="2h")
        equal(len(trial.told("task-assigned")), 1, "devices that hold the task")
        late = [at_ms - 65 * MINUTE_MS for at_ms in starts(trial)]
        equal(len(late), int(run), f"starts of the task, the option being {run}")
        holds(all(0 <= one <= SYNCHRONISES for one in late), "a start at the next contact", late)


@clause("KEA-UPD-004", "KEA-UPD-006", "KEA-UPD-007")
def check_an_update_runs_as_it_was_created(agent: AgentUnderTest) -> None:
    """At the time of its schedule, under its account, and by its name in the list of tasks."""
    schedule = {"start": "2026-03-02T10:10"}
    own = {"run": False, "schedule": schedule, "runs-as": OPERATOR}
    view = {"at": "2h", "do": "view", "what": "tasks"}
    trial = updates(agent, task("15min", "update", sources=VENDOR, **own), view, duration="3h")
    seen = [(at_ms, detail["account"]) for at_ms, _, detail in trial.told("task-started")]
    equal(seen, [(70 * MINUTE_MS, OPERATOR)], "moments and accounts of runs")
    listed = [(detail["task"], detail["type"]) for _, _, detail in trial.told("task-viewed")]
    equal(listed, [("update at 15min", "update")], "tasks in the list, with their types")


CUSTOM: Final = (Source(SourceKind.CUSTOM, MIRROR), Source(SourceKind.VENDOR))


def wizard_of(
    server: ServerUnderTest,
) -> tuple[TaskStore, TaskWizard, dict[TaskStep, Callable[[], None]]]:
    """A server's tasks, a wizard that is about an update, and what is done at each step."""
    tasks = server.administration(groups=(HQ, BRANCH)).tasks
    wizard = TaskWizard(tasks)
    wizard.choose_type(TaskType.UPDATE)
    steps: dict[TaskStep, Callable[[], None]] = {
        TaskStep.SOURCE: lambda: wizard.choose_sources(CUSTOM),
        TaskStep.MODULES: lambda: wizard.choose_modules(ModuleUpdates.INSTALL),
        TaskStep.SCHEDULE: lambda: wizard.set_schedule(WHEN),
        TaskStep.DEVICES: lambda: wizard.choose_devices(Scope.selection((1,))),
        TaskStep.ACCOUNT: lambda: wizard.choose_account(OPERATOR),
        TaskStep.NAME: lambda: wizard.give_name(NAME),
    }
    return tasks, wizard, steps


@clause("KEA-UPD-001", needs=[ADMINISTRATION])
def check_there_is_a_type_of_task_for_updates(server: ServerUnderTest) -> None:
    """By its title among the types of tasks, and what the wizard makes of it stands in its section."""
    named = [kind for kind, title in TITLES.items() if title == "Database and application module update"]
    equal(named, [TaskType.UPDATE], "types of tasks with the title")
    tasks, wizard, steps = wizard_of(server)
    walked(wizard, steps)
    listed = {kind: [one.name for one in held] for kind, held in tasks.sections().items() if held}
    equal(listed, {TaskType.UPDATE: [NAME]}, "tasks in the list, by their section")


@clause("KEA-UPD-002", "KEA-UPD-003", "KEA-UPD-004", "KEA-UPD-006", "KEA-UPD-007", needs=[ADMINISTRATION])
def check_what_creation_asks_for_is_stored(server: ServerUnderTest) -> None:
    """Source, module updates apart from it, schedule, account and name are those that were entered."""
    tasks, wizard, steps = wizard_of(server)
    walked(wizard, steps)
    equal([one.name for one in tasks.tasks()], [NAME], "names in the list of tasks")
    stored = tasks.task(NAME)
    equal(stored.settings, UpdateSettings(CUSTOM, ModuleUpdates.INSTALL), "source and module updates of the task")
    equal((stored.schedule, stored.account), (WHEN, OPERATOR), "schedule and account of the task")


@clause("KEA-UPD-005", "KEA-UPD-008", needs=[ADMINISTRATION])
def check_the_devices_that_were_chosen_hear_of_it(server: ServerUnderTest) -> None:
    """Nobody else does; with immediate run they are told to run it, otherwise not."""
    for run in (True, False):
        _, wizard, steps = wizard_of(server)
        sent = walked(wizard, steps, run=run)[1].sent
        equal(heard(sent), {1}, "devices that hear of the task")
        ordered = any(isinstance(one.item, RunTask) for one in sent)
        equal(ordered, run, f"whether they are told to run it, the option being {run}")


@clause("KEA-UPD-009", needs=[ADMINISTRATION])
def check_the_update_wizard_asks_in_order(server: ServerUnderTest) -> None:
    """Source, module updates, schedule, devices, account, name, immediate run; none of them out of turn."""
    _, wizard, steps = wizard_of(server)
    for step, take in list(steps.items())[1:]:
        holds(error_of(take, WizardError) is not None, f"the step {step} is refused before the first one", "taken")
    presented, _ = walked(wizard, steps)
    equal(presented, [*steps, TaskStep.RUN], "steps of the wizard")


@clause("KEA-UPD-014", needs=[ADMINISTRATION])
def check_creation_does_not_ask_for_the_storage_time(server: ServerUnderTest) -> None:
    """The wizard comes to its end with no step about results, and the properties have their storage time."""
    tasks, wizard, steps = wizard_of(server)
    presented, _ = walked(wizard, steps)
    equal(set(presented) - {*steps, TaskStep.RUN}, set(), "steps about something else than what creation asks for")
    error, _ = change(tasks, storage=Storage(days=3))
    equal((error, tasks.task(NAME).storage.days), (None, 3), "refusal of another storage time, and the days stored")


# --- properties -------------------------------------------------------------------------------------------------------


def error_of(act: Callable[[], object], kind: type[SeatrialError] = SeatrialError) -> SeatrialError | None:
    """The refusal of something, None where it is done."""
    try:
        act()
    except kind as error:
        return error
    return None


def heard(sent: tuple[News, ...]) -> set[int]:
    """The devices that hear something."""
    return {device for one in sent for device in one.devices.tolist()}


def change(tasks: TaskStore, *, apply: bool = True, **properties: Any) -> tuple[SeatrialError | None, tuple[News, ...]]:
    """Changes properties of the task: why that is refused, and what devices are to hear."""
    sent: list[News] = []

    def act() -> None:
        opened = tasks.properties(NAME)
        opened.change(**properties)
        sent.extend(opened.apply(at_ms=2_000) if apply else ())

    return error_of(act), tuple(sent)


def created(server: ServerUnderTest) -> TaskStore:
    """The tasks of a server that has one, for the devices of one group."""
    tasks = server.administration(groups=(HQ, BRANCH)).tasks
    tasks.create(Task(NAME, Scope.of_group(HQ), UpdateSettings()), at_ms=1_000)
    return tasks


@clause("KEA-UPD-012", "KEA-UPD-013", needs=[ADMINISTRATION])
def check_properties_can_be_changed_after_creation(server: ServerUnderTest) -> None:
    """Each by itself is stored, and the others stay; devices of the task hear of what concerns them."""
    changes: dict[str, Any] = {
        "name": "other",
        "settings": UpdateSettings(CUSTOM, ModuleUpdates.CHECK),
        "schedule": WHEN,
        "account": OPERATOR,
        "storage": Storage(days=30),
    }
    for name, value in changes.items():
        tasks = created(server)
        before = tasks.task(NAME)
        error, sent = change(tasks, **{name: value})
        equal(error, None, f"refusal of another {name}")
        stored = tasks.task(str(value) if name == "name" else NAME)
        differing = [one for one in Task.__dataclass_fields__ if getattr(stored, one) != getattr(before, one)]
        equal((differing, getattr(stored, name)), ([name], value), "properties that differ, and the new value")
        if name != "storage":
            equal(heard(sent), {0}, f"devices that hear of another {name}")


@clause("KEA-UPD-012", needs=[ADMINISTRATION])
def check_the_devices_of_a_task_can_be_changed(server: ServerUnderTest) -> None:
    """Those of the new group are given the task, those of the old one hold it no more."""
    tasks = created(server)
    error, sent = change(tasks, scope=Scope.of_group(BRANCH))
    equal((error, tasks.task(NAME).scope), (None, Scope.of_group(BRANCH)), "refusal of another group, and the scope")
    seen = {kind: heard(tuple(one for one in sent if isinstance(one.item, kind))) for kind in (Assignment, Withdrawal)}
    equal(seen, {Assignment: {1}, Withdrawal: {0}}, "devices that are given the task, and that lose it")


@clause("KEA-UPD-015", needs=[ADMINISTRATION])
def check_a_change_is_stored_once_it_is_applied(server: ServerUnderTest) -> None:
    """Not before: the task is as it was, and nobody hears of anything."""
    for apply in (False, True):
        tasks = created(server)
        _, sent = change(tasks, apply=apply, account=OPERATOR)
        equal(
            tasks.task(NAME).account, OPERATOR if apply else SYSTEM, f"the account, the change being applied: {apply}"
        )
        equal(heard(sent), {0} if apply else set(), f"devices that hear of it, the change being applied: {apply}")


def altered(**properties: Any) -> dict[str, Any]:
    """A step in which properties of the task are changed between its two runs."""
    return {"at": "2h", "do": "change-task", "task": NAME, **properties}


@clause("KEA-UPD-012")
def check_changes_hold_at_the_next_run(agent: AgentUnderTest) -> None:
    """Name, account and source are those of the change, and so is the time of the next start."""
    own = {"rename": "other", "runs-as": OPERATOR, "sources": [MIRROR]}
    trial = updates(agent, altered(**own), tasks=[standing(*VENDOR)])
    seen = [(detail["task"], detail["account"]) for _, _, detail in trial.told("task-started")]
    equal(seen, [(NAME, SYSTEM), ("other", OPERATOR)], "names and accounts of the runs before and after the change")
    equal(used(trial), [*VENDOR, MIRROR], "sources before and after the change")
    schedule = {"start": "2026-03-02T12:30"}
    trial = updates(agent, altered(schedule=schedule), tasks=[standing(*VENDOR)])
    equal(starts(trial), [HOUR_MS, 3 * HOUR_MS + 30 * MINUTE_MS], "starts before and after the change of the schedule")


@clause("KEA-UPD-012")
def check_a_changed_storage_time_holds(agent: AgentUnderTest) -> None:
    """The result of a run a day ago is there, and gone where the storage time was changed to one day."""
    view = {"at": "26h", "do": "view-task", "task": NAME}
    once = standing(*VENDOR, schedule={"start": "2026-03-02T10:00"})
    for steps, wanted in (((), 1), ((altered(storage={"days": 1}),), 0)):
        trial = updates(agent, *steps, view, tasks=[once], duration="27h")
        equal(len(starts(trial)), 1, "runs")
        equal(len(trial.told("task-state-viewed")), 1, "devices that the task shows")
        equal(len(trial.told("task-result-viewed")), wanted, f"results that are stored a day later, with {steps}")


@clause("KEA-UPD-013")
def check_module_updates_can_be_turned_on_after_creation(agent: AgentUnderTest) -> None:
    """Modules stay with the first run and are updated with the one after the change."""
    trial = updates(agent, altered(modules=INSTALLED), tasks=[standing(*VENDOR, modules=LEFT)])
    moments = [at_ms // HOUR_MS for at_ms, _, _ in trial.told("modules-updated")]
    equal(moments, [4], "hours of the runs that updated modules, of those after one hour and four")


@clause("KEA-UPD-015")
def check_an_unapplied_change_does_not_hold_at_the_next_run(agent: AgentUnderTest) -> None:
    """Closed without being applied it leaves source and account as they were; applied it does not."""
    for apply in (False, True):
        step = altered(**{"sources": [MIRROR], "runs-as": OPERATOR, "apply": apply})
        trial = updates(agent, step, tasks=[standing(*VENDOR)])
        equal(used(trial), [*VENDOR, *([MIRROR] if apply else VENDOR)], f"sources, the change being applied: {apply}")
        accounts = [detail["account"] for _, _, detail in trial.told("task-started")]
        equal(accounts, [SYSTEM, OPERATOR if apply else SYSTEM], f"accounts, the change being applied: {apply}")
