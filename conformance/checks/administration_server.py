"""Administration Server: remote operations, groups, access rights, plug-in, and what it keeps (KEA-ADM)."""

import pickle
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from conformance.agents import GROUP, MANAGEMENT, AgentUnderTest, Settings
from conformance.checks.policies import BRANCH, BURST, HQ, SUBMISSION, policy, submission
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import at_most, contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS, Trial
from emulator.clock import DAY_MS
from emulator.policy.policies import PolicyStatus
from emulator.reporting import QuarantineEntry, QuarantineReport
from emulator.tasks.task import Assignment, Scope, Storage, Task, TaskReport, TaskState
from emulator.updates import UpdateSettings
from fakes.administration import (
    ADMINISTRATOR,
    AccessControl,
    AccessError,
    Account,
    AdministrationServer,
    Grant,
    Right,
    Role,
)

NEEDS: Final = (MANAGEMENT,)
SEVERAL: Final = 20
UPDATE: Final = {"name": "update", "type": "update"}
SLOW: Final = {"updates": {"download": "6h"}}
"""Services with which an update takes its time."""
WHOLE: Final = "synthetic/dropper"
"""A file to be quarantined."""


def fleet(*groups: str, image: str = "quiet", installed: bool = True) -> dict[str, Any]:
    """A fleet with one device in each of some groups: a-00001, b-00001, …"""
    blocks = [
        {"name": name, "image": image, "count": 1, "group": group, "installed": installed}
        for name, group in zip("abcdef", groups, strict=False)
    ]
    return {"start": "cold", "integrate": {"central-node": True}, "blocks": blocks}


def at(minutes: int, do: str, **more: Any) -> dict[str, Any]:
    """A step at a minute."""
    return {"at": f"{minutes}min", "do": do, **more}


# --- remote operations ------------------------------------------------------------------------------------------------


def states(trial: Trial) -> list[tuple[bool, bool]]:
    """Whether Endpoint Agent was installed, and ran, each time that somebody looked at the status of the device."""
    return [(detail["installed"], detail["running"]) for _, _, detail in trial.told("status-viewed")]


def commanded(agent: AgentUnderTest, *commands: str, installed: bool = True) -> Trial:
    """Commands an hour apart; before the first and half an hour after each the status is looked at, and something
    happens that Endpoint Agent collects where it runs."""
    steps = [emit(HIGH, SEVERAL, "28min"), at(30, "view", what="status")]
    for number, command in enumerate(commands):
        steps.append(at(60 * number + 40, "command-agent", target="all", command=command))
        steps += [emit(HIGH, SEVERAL, f"{60 * number + 80}min"), at(60 * number + 90, "view", what="status")]
    return agent.attempt(duration=f"{60 * len(commands) + 60}min", steps=steps, fleet=fleet(GROUP, installed=installed))


@clause("KEA-ADM-001")
def check_endpoint_agent_is_installed_from_afar(agent: AgentUnderTest) -> None:
    """A device without it has it after the operation, and nothing is collected before."""
    trial = commanded(agent, "install", installed=False)
    equal(states(trial), [(False, False), (True, True)], "installed and running, before and after the installation")
    equal(trial.count(HIGH), SEVERAL, f"events that are collected, of {SEVERAL} before and after")


@clause("KEA-ADM-002")
def check_endpoint_agent_is_uninstalled_from_afar(agent: AgentUnderTest) -> None:
    """A device that has it does not have it after the operation, and nothing is collected after."""
    trial = commanded(agent, "uninstall")
    equal(states(trial), [(True, True), (False, False)], "installed and running, before and after the removal")
    equal(trial.count(HIGH), SEVERAL, f"events that are collected, of {SEVERAL} before and after")


@clause("KEA-ADM-003")
def check_endpoint_agent_is_started_from_afar(agent: AgentUnderTest) -> None:
    """It was stopped, and runs again after the operation, and collects what happens then."""
    trial = commanded(agent, "stop", "start")
    equal(states(trial)[1:], [(True, False), (True, True)], "installed and running, before and after the start")
    equal(trial.count(HIGH), 2 * SEVERAL, f"events that are collected, of {SEVERAL} before, between and after")


@clause("KEA-ADM-004")
def check_endpoint_agent_is_stopped_from_afar(agent: AgentUnderTest) -> None:
    """It runs, and after the operation it does not, though it is still installed; nothing is collected any more."""
    trial = commanded(agent, "stop")
    equal(states(trial), [(True, True), (True, False)], "installed and running, before and after the stop")
    equal(trial.count(HIGH), SEVERAL, f"events that are collected, of {SEVERAL} before and after")


@clause("KEA-ADM-005")
def check_settings_are_configured_from_afar(agent: AgentUnderTest) -> None:
    """The policy is changed at the server, and the device follows its new settings."""
    settings: Settings = {**BURST, SUBMISSION: {"max-events-per-package": 100}}
    changed = {SUBMISSION: {"max-events-per-package": 50}}
    steps = [
        emit(HIGH, 200, "2min"),
        at(10, "change-policy", policy="check", settings=changed),
        emit(HIGH, 200, "40min"),
    ]
    trial = agent.attempt(duration="50min", steps=steps, settings=settings)
    sizes = [(one.at_ms, size) for one in trial.asked() for size in one.packages]
    before = max((size for at_ms, size in sizes if at_ms < 10 * MINUTE_MS), default=0)
    after = max((size for at_ms, size in sizes if at_ms >= 40 * MINUTE_MS), default=0)
    equal((before, after), (100, 50), "events of the largest package before and after the change at the server")


def seen_states(trial: Trial) -> list[str]:
    """The states of the task on the device, each time that somebody looked."""
    return [detail["state"] for _, _, detail in trial.told("task-state-viewed")]


@clause("KEA-ADM-006", "KEA-ADM-007")
def check_tasks_are_started_and_stopped_from_afar(agent: AgentUnderTest) -> None:
    """A task runs on the device after it was started at the server, and runs no more after it was stopped there."""
    steps = [
        at(50, "view-task", task="update"),
        at(60, "run-task", task="update"),
        at(100, "view-task", task="update"),
        at(120, "stop-task", task="update"),
        at(160, "view-task", task="update"),
    ]
    trial = agent.attempt(duration="3h", steps=steps, tasks=[UPDATE], services=SLOW)
    runs = [state == "running" for state in seen_states(trial)]
    equal(runs, [False, True, False], "whether the task runs on the device: before, when started, when stopped")
    ends = [at_ms // MINUTE_MS for at_ms, _, _ in trial.told("task-stopped")]
    equal([120 <= minute < 160 for minute in ends], [True], "runs that were stopped, all after the server's order")
    equal(len(trial.told("task-completed")), 0, "runs that came to their end by themselves")


# --- access -----------------------------------------------------------------------------------------------------------

POLICY_EDITOR, TASK_EDITOR, NOBODY = "anna", "ben", "carla"
"""Accounts: one may change policies, one tasks, and one has no role."""
ACCESS: Final = AccessControl(
    [
        Role("policies", frozenset((Right.READ_POLICIES, Right.CHANGE_POLICIES))),
        Role("tasks", frozenset((Right.READ_TASKS, Right.CHANGE_TASKS, Right.RUN_TASKS))),
    ],
    [
        Account(POLICY_EDITOR, (Grant("policies"),)),
        Account(TASK_EDITOR, (Grant("tasks"),)),
        Account(NOBODY),
    ],
)


def a_task(name: str = "update", **more: Any) -> Task:
    """A task for a group with all below it, the root unless another is given."""
    return Task(name, more.pop("scope", Scope.of_group(GROUP)), UpdateSettings(), **more)


def guarded(server: ServerUnderTest) -> AdministrationServer:
    """A server with a policy, a task and accounts."""
    administration = server.administration(policy(50), access=ACCESS)
    administration.tasks.create(a_task(), at_ms=0)
    return administration


def denied(operation: Callable[[], object]) -> bool:
    """Whether an operation is refused for want of a right."""
    try:
        operation()
    except AccessError:
        return True
    return False


def operations(server: AdministrationServer, account: str) -> Mapping[str, Callable[[], object]]:
    """What an account can try on policies and tasks; each of them once."""
    who: dict[str, Any] = {"at_ms": 1_000, "account": account}
    tasks = server.tasks

    def rename() -> object:
        properties = tasks.properties("update", account=account)
        properties.change(name="other")
        return properties.apply(at_ms=1_000)

    return {
        "save a policy": lambda: server.save("check", settings=submission(60), **who),
        "create a policy": lambda: server.create(policy(50, name="new", status=PolicyStatus.INACTIVE), **who),
        "deactivate a policy": lambda: server.deactivate("check", **who),
        "delete a policy": lambda: server.delete("check", **who),
        "create a task": lambda: tasks.create(a_task("new"), **who),
        "run a task": lambda: tasks.run("update", **who),
        "stop a task": lambda: tasks.stop("update", **who),
        "change a task": rename,
        "delete a task": lambda: tasks.delete([tasks.tasks()[0].name], confirmed=True, **who),
    }


@clause("KEA-ADM-008", needs=[ADMINISTRATION])
def check_access_is_divided_by_roles(server: ServerUnderTest) -> None:
    """Whose role has policies is let through there and refused with tasks; for the role with tasks it is opposite."""
    for account, theirs in ((POLICY_EDITOR, "policy"), (TASK_EDITOR, "task")):
        for name, operation in operations(guarded(server), account).items():
            refusal = "task" if theirs == "policy" else "policy"
            wanted = refusal in name
            equal(denied(operation), wanted, f"whether {account}, whose role is about a {theirs}, may not {name}")
    for name, operation in operations(guarded(server), ADMINISTRATOR).items():
        equal(denied(operation), False, f"whether the administrator may not {name}")


@clause("KEA-ADM-009", needs=[ADMINISTRATION])
def check_an_account_without_rights_changes_nothing(server: ServerUnderTest) -> None:
    """Everything that it tries with policies and tasks is refused, and both are as they were."""
    administration = guarded(server)
    policies, tasks = administration.policies(), administration.tasks.tasks()
    for name, operation in operations(administration, NOBODY).items():
        equal(denied(operation), True, f"whether an account without rights is refused to {name}")
        equal(administration.policies(), policies, f"policies after it tried to {name}")
        equal(administration.tasks.tasks(), tasks, f"tasks after it tried to {name}")


# --- lists ------------------------------------------------------------------------------------------------------------


@clause("KEA-ADM-010")
def check_the_protection_status_of_devices_can_be_read(agent: AgentUnderTest) -> None:
    """The list has every device with a status, and tells on which of them Endpoint Agent does not run."""
    steps = [at(10, "command-agent", target="b-00001", command="stop"), at(60, "view", what="status")]
    trial = agent.attempt(duration="70min", steps=steps, fleet=fleet(HQ, HQ, HQ))
    told = {device: detail for _, device, detail in trial.told("status-viewed")}
    equal(sorted(told), [0, 1, 2], "devices in the list of statuses, by number")
    equal([told[device]["running"] for device in range(3)], [True, False, True], "where Endpoint Agent is told to run")
    holds(all("status" in detail for detail in told.values()), "every device has a protection status", told)


@clause("KEA-ADM-011")
def check_without_the_plug_in_nothing_is_made(agent: AgentUnderTest) -> None:
    """Without the management plug-in neither a policy nor a task can be created; with it both can."""
    steps = [
        at(1, "create-policy", policy="new"),
        at(2, "create-task", task="new", type="update", group=GROUP),
        at(3, "view", what="policies"),
        at(3, "view", what="tasks"),
    ]
    for plugins, wanted in (({}, 0), ({"endpoint-agent": "3.16"}, 1)):
        trial = agent.attempt(duration="5min", steps=steps, plugins=plugins)
        made = {kind: len(trial.told(f"{kind}-viewed")) for kind in ("policy", "task")}
        equal(made, {"policy": wanted, "task": wanted}, f"what was created with the plug-ins {plugins}")
        refusals = [detail["operation"] for _, _, detail in trial.told("operation-refused")]
        equal(refusals, [] if wanted else ["create-policy", "create-task"], f"what was refused with {plugins}")


@clause("KEA-ADM-013", needs=[ADMINISTRATION])
def check_devices_are_in_groups_below_managed_devices(server: ServerUnderTest) -> None:
    """The tree has this root, and each device is in exactly one group, also after it was moved."""
    administration = server.administration(groups=(GROUP, HQ, BRANCH, f"{HQ}/Lab"))
    for moved in (False, True):
        if moved:
            administration.move(np.array([1, 2]), GROUP, at_ms=1_000)
        names = administration.groups()
        equal(names[0], "Managed devices", "the root of the tree")
        outside = [name for name in names if not f"{name}/".startswith("Managed devices/")]
        equal(outside, [], "groups that are not below the root")
        places = [device for name in names for device in administration.devices(name, below=False).tolist()]
        equal(sorted(places), [0, 1, 2, 3], "devices of all groups together, each once")
    equal(administration.devices(GROUP, below=False).tolist(), [0, 1, 2], "devices of the root after a move to it")


@clause("KEA-ADM-014")
def check_each_group_has_its_devices_policies_and_tasks(agent: AgentUnderTest) -> None:
    """Of two groups each shows its own, and nothing of the other."""
    policies = [{"name": f"policy of {name}", "group": group} for name, group in (("HQ", HQ), ("Branch", BRANCH))]
    tasks = [{**UPDATE, "name": f"task of {name}", "group": group} for name, group in (("HQ", HQ), ("Branch", BRANCH))]
    for name, group, device in (("HQ", HQ, 0), ("Branch", BRANCH, 1)):
        steps = [at(5, "view", what=what, group=group) for what in ("devices", "policies", "tasks")]
        trial = agent.attempt(duration="10min", steps=steps, policies=policies, tasks=tasks, fleet=fleet(HQ, BRANCH))
        equal([one for _, one, _ in trial.told("device-viewed")], [device], f"devices of {group}, by number")
        for kind in ("policy", "task"):
            seen = [detail[kind] for _, _, detail in trial.told(f"{kind}-viewed")]
            equal(seen, [f"{kind} of {name}"], f"{kind} list of {group}")


@clause("KEA-ADM-015")
def check_a_device_has_a_list_of_its_applications(agent: AgentUnderTest) -> None:
    """Endpoint Agent is in the list once it is installed, and not before; other applications are there all the time."""
    steps = [
        at(5, "view", what="devices"),
        at(10, "command-agent", target="all", command="install"),
        at(50, "view", what="devices"),
    ]
    trial = agent.attempt(duration="1h", steps=steps, fleet=fleet(GROUP, image="windows-office", installed=False))
    lists = [detail["applications"].split("; ") for _, _, detail in trial.told("device-viewed")]
    listed = [any(one.startswith("Endpoint Agent ") for one in applications) for applications in lists]
    equal(listed, [False, True], "whether Endpoint Agent is listed, before and after its installation")
    holds(all(len(one) > 1 for one in lists), "lists with the other applications of the device", lists)


# --- what is kept -----------------------------------------------------------------------------------------------------


@clause("KEA-ADM-016", needs=[ADMINISTRATION])
def check_no_quarantined_object_is_kept(server: ServerUnderTest) -> None:
    """After an object of 8 MB was quarantined, all that the server holds has its name and hashes, and no 8 MB."""
    administration = server.administration(groups=(HQ, HQ))
    size_bytes = 8_000_000
    entry = QuarantineEntry("1", "C:\\Synthetic\\dropper.exe", size_bytes, "0" * 32, "0" * 64, 1_000, "SYSTEM")
    before = len(pickle.dumps(administration))
    administration.receive(1, 2_000, (QuarantineReport(added=(entry,)),))
    equal(administration.quarantined(1, at_ms=3_000), (entry,), "what the common list tells of the object")
    equal(administration.quarantined(0, at_ms=3_000), (), "what it tells of another device")
    at_most(len(pickle.dumps(administration)) - before, size_bytes // 100, "bytes more that the server holds")


@clause("KEA-ADM-017", needs=[ADMINISTRATION])
def check_results_are_kept_as_long_as_each_task_says(server: ServerUnderTest) -> None:
    """Two tasks with two and five days: the result of each is there until its own time is over, and not after."""
    administration = server.administration()
    store = administration.tasks
    for days in (2, 5):
        (sent,) = store.create(a_task(f"{days} days", storage=Storage(days=days)), at_ms=0)
        assert isinstance(sent.item, Assignment)
        report = TaskReport(sent.item.number, sent.item.revision, TaskState.COMPLETED, 1_000, 0)
        administration.receive(0, 1_000, (report,))
    for day, wanted in ((1, (1, 1)), (3, (0, 1)), (6, (0, 0))):
        seen = tuple(len(store.look(f"{days} days").results(day * DAY_MS)) for days in (2, 5))
        equal(seen, wanted, f"results that are stored on day {day}, of tasks that keep them for 2 and 5 days")


@clause("KEA-ADM-018")
def check_events_of_devices_are_kept(agent: AgentUnderTest) -> None:
    """A quarantine reaches its maximum size on one of two devices: its event is in the list, with this device."""
    quarantine = {"limit-size": True, "max-size": "1MB"}
    steps = [
        at(1, "place-file", target="all", file=WHOLE, size="3MB"),
        at(10, "attempt", target="b-00001", operation="quarantine-file", user="{user}", object={"file": WHOLE}),
        at(60, "view", what="events"),
        at(24 * 60, "view", what="events"),
    ]
    trial = agent.attempt(
        duration="1445min",
        steps=steps,
        settings={"quarantine": quarantine},
        fleet=fleet(GROUP, GROUP),
    )
    seen = [
        (at_ms // MINUTE_MS, device)
        for at_ms, device, detail in trial.told("event-viewed")
        if detail["event"] == "quarantine-maximum-reached"
    ]
    contains(seen, (60, 1), "the event in the list, as (minute, device)")
    equal(seen, [(60, 1), (24 * 60, 1)], "the event in the list an hour and a day after, as (minute, device)")


UNTESTABLE: Final = {
    "KEA-ADM-012": "What the console is, not what it does; operations are judged through the server.",
}
