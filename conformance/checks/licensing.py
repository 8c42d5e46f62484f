"""Licensing: activation by code and by key, additional keys, the road of activation (KEA-LIC)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from conformance.agents import GROUP, SERVICES, UNDER_POLICY, AgentUnderTest, Settings
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import contains, equal, holds, one_of
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, MINUTE_MS, Trial
from emulator.licensing import Activation, ActivationMethod, Key
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import Switch, describe
from emulator.tasks.schedule import Frequency, Schedule
from emulator.tasks.task import SYSTEM, RunTask, Scope, Task, TaskType
from emulator.tasks.wall import wall_time
from fakes.administration import TaskStep, TaskStore, TaskWizard, WizardError
from fakes.administration.task_wizard import CreatedTask

NEEDS: Final = (SERVICES,)
LICENSING: Final = "licensing"
SECTION: Final = "Application settings / General settings"
HQ, BRANCH = f"{GROUP}/HQ", f"{GROUP}/Branch"
CODE, OTHER_CODE = "SYNTHETIC-CODE-0001", "SYNTHETIC-CODE-0002"
KEYS: Final = (
    {"name": "by code", "code": CODE},
    {"name": "short", "code": OTHER_CODE, "expires": "3h"},
    {"name": "file"},
)
"""Keys of the trials; the second one ends three hours after the start."""
METHODS: Final = (ActivationMethod.KEY_FILE, ActivationMethod.STORAGE)
VENDOR: Final = ["vendor-servers"]
SEVERAL: Final = 20
PROXY: Final = "proxy.seatrial.example:8080"
SYNCHRONISES: Final = 20 * MINUTE_MS
"""A device has heard of what is saved within this time."""


def lab(licence: str | None = "none", *, groups: Sequence[str] = (GROUP,), kics: bool = False) -> dict[str, Any]:
    """A fleet with one device in each group, installed with a key, with `none`, or with one that never ends (None)."""
    own = {} if licence is None else {"licence": licence}
    blocks = [
        {"name": f"lab-{number}" if number else "lab", "image": "quiet", "count": 1, "group": group, **own}
        for number, group in enumerate(groups)
    ]
    return {"start": "cold", "integrate": {"central-node": True, "kics": kics}, "blocks": blocks}


def task(at: str, kind: str, **more: Any) -> dict[str, Any]:
    """A step in which a task is created for all devices, and run at once."""
    scope = {} if "group" in more or "target" in more else {"target": "all"}
    return {"at": at, "do": "create-task", "task": f"{kind} at {at}", "type": kind, "run": True, **scope, **more}


def activation(at: str, **more: Any) -> dict[str, Any]:
    """A step in which devices are to be activated."""
    return task(at, "activation", **more)


def outage(server: str, at: str = "0min") -> dict[str, Any]:
    """A step from which on a server cannot be reached."""
    return {"at": at, "fault": {"server": server, "kind": "outage"}}


def life(at: str) -> dict[str, Any]:
    """Something happens that is collected with a valid licence only."""
    return emit(HIGH, SEVERAL, at)


def activates(agent: AgentUnderTest, *steps: Mapping[str, Any], settings: Settings | None = None, **more: Any) -> Trial:
    """A trial in which devices that were installed without a key are activated."""
    sections = {"fleet": lab(), "keys": list(KEYS), "duration": "2h", **more}
    return agent.attempt(steps=[life("5min"), *steps, life("100min")], settings=settings, **sections)


def activated(trial: Trial) -> bool:
    """Whether a device is activated at the end, as far as it tells: nothing is collected without a licence."""
    told = bool(trial.told("activated"))
    equal(trial.count(HIGH), SEVERAL if told else 0, f"events that are collected, the device being activated: {told}")
    return told


def by_server(switch: str = UNDER_POLICY, *, on: bool = True) -> dict[str, Mapping[str, Any]]:
    """The option that has activation go through the Administration Server."""
    return {LICENSING: {"switch": switch, "activate-via-administration-server": on}}


# --- codes and keys ---------------------------------------------------------------------------------------------------


@clause("KEA-LIC-004")
def check_a_device_is_activated_with_a_code_and_with_a_key(agent: AgentUnderTest) -> None:
    """Both kinds of tasks end in the activated state, a device that has neither stays unactivated."""
    equal(activated(activates(agent, activation("15min", code=CODE))), True, "whether a code activates")
    equal(activated(activates(agent, activation("15min", key="file"))), True, "whether a key activates")
    equal(activated(activates(agent)), False, "whether a device is activated without a task")


@clause("KEA-LIC-005", "KEA-LIC-008")
def check_the_activation_server_is_asked_for_the_code_of_the_task(agent: AgentUnderTest) -> None:
    """Each of two codes brings the key that the server has for it; one that it does not know activates nobody."""
    for code, wanted in ((CODE, "by code"), (OTHER_CODE, "short")):
        trial = activates(agent, activation("15min", code=code))
        equal(len(trial.told("activation-requested")), 1, f"requests of the activation server about {code}")
        equal(activated(trial), True, f"whether {code} activates")
        equal([detail["key"] for _, _, detail in trial.told("activated")], [wanted], f"keys through the code {code}")
    trial = activates(agent, activation("15min", code="SYNTHETIC-CODE-9999"))
    equal(len(trial.told("activation-requested")), 1, "requests of the activation server about a code of nobody")
    equal(activated(trial), False, "whether a code activates that the server rejects")


@clause("KEA-LIC-006")
def check_a_code_needs_the_internet(agent: AgentUnderTest) -> None:
    """With the way to the activation server cut, or itself down, the task fails; otherwise it does not."""
    for server, wanted in ((None, True), ("internet", False), ("activation", False)):
        before = () if server is None else (outage(server),)
        trial = activates(agent, *before, activation("15min", code=CODE), settings=by_server(on=False))
        equal(activated(trial), wanted, f"whether a code activates, {server or 'nothing'} being out of reach")
        equal(len(trial.told("task-failed")), int(not wanted), "tasks that fail")


@clause("KEA-LIC-007")
def check_a_key_asks_no_activation_server(agent: AgentUnderTest) -> None:
    """With it out of reach the task by key succeeds, either way of the key, and nobody asks to verify a code."""
    for method in METHODS:
        step = activation("15min", key="file", method=str(method))
        trial = activates(agent, outage("internet"), outage("activation"), step)
        equal(activated(trial), True, f"whether a key activates by {method}, the activation server being out of reach")
        equal(len(trial.told("activation-requested")), 0, f"requests of the activation server about a {method}")
        equal(len(trial.told("task-completed")), 1, "tasks that are completed")


@clause("KEA-LIC-009")
def check_both_ways_of_a_key_activate(agent: AgentUnderTest) -> None:
    """From a file in a folder and from the storage of the Administration Server, and the device tells which."""
    for method in METHODS:
        trial = activates(agent, activation("15min", key="file", method=str(method)))
        equal(activated(trial), True, f"whether a key activates by {method}")
        told = [(detail["method"], detail["key"]) for _, _, detail in trial.told("activated")]
        equal(told, [(str(method), "file")], "ways and keys of activation")


def renewed(agent: AgentUnderTest, active: str, added: str, *lives: str) -> Trial:
    """A device that was installed with a key is given another as an additional one after a while."""
    steps = [activation("30min", key=added, additional=True), *map(life, lives)]
    return agent.attempt(duration="6h", steps=steps, fleet=lab(active), keys=list(KEYS))


@clause("KEA-LIC-010")
def check_an_additional_key_takes_over_when_the_active_one_runs_out(agent: AgentUnderTest) -> None:
    """With it the device goes on after the end of the first, and no further task; without it nothing is collected."""
    trial = renewed(agent, "short", "file", "2h", "5h")
    took = [(at_ms, detail["key"]) for at_ms, _, detail in trial.told("key-took-over")]
    equal(took, [(3 * HOUR_MS, "file")], "moments and keys that take over")
    equal(len(trial.told("task-started")), 1, "tasks that ran")
    equal(trial.count(HIGH), 2 * SEVERAL, "events before and after the end of the first key")
    steps = [life("2h"), life("5h")]
    alone = agent.attempt(duration="6h", steps=steps, fleet=lab("short"), keys=list(KEYS))
    equal(alone.count(HIGH), SEVERAL, "events before and after the end of the only key")


@clause("KEA-LIC-011")
def check_an_additional_key_does_not_replace_the_active_one(agent: AgentUnderTest) -> None:
    """A key that ends soon is listed as additional; the active one, which lasts, stays in force past that end."""
    trial = renewed(agent, "file", "short", "1h", "5h")
    equal([detail["key"] for _, _, detail in trial.told("key-added")], ["short"], "additional keys that are listed")
    equal(len(trial.told("activated")), 0, "active keys that the task brings")
    equal(len(trial.told("key-took-over")), 0, "additional keys that take over")
    equal(trial.count(HIGH), 2 * SEVERAL, "events right after the task, and past the end of the additional key")


# --- the road of activation -------------------------------------------------------------------------------------------


@clause("KEA-LIC-001")
def check_activation_goes_through_the_administration_server(agent: AgentUnderTest) -> None:
    """With the option on the device needs no Internet of its own, and asks by way of the server; off, the reverse."""
    for on, wanted in ((True, True), (False, False)):
        step = activation("15min", code=CODE)
        trial = activates(agent, outage("internet"), step, settings=by_server(on=on))
        equal(activated(trial), wanted, f"whether a code activates without the Internet, the option being {on}")
        roads = [detail["via"] for _, _, detail in trial.told("activation-requested")]
        equal(roads, ["administration-server" if on else "direct"], f"roads of activation requests, the option {on}")
    given = {"name": "there", "type": "activation", "code": CODE, "schedule": {"start": "2026-03-02T10:00"}}
    for on, wanted in ((True, False), (False, True)):
        trial = activates(agent, outage("administration", "40min"), tasks=[given], settings=by_server(on=on))
        equal(activated(trial), wanted, f"whether a code activates without that server, the option being {on}")


@clause("KEA-LIC-002")
def check_the_option_needs_its_group_under_policy(agent: AgentUnderTest) -> None:
    """With the group unaffected activation goes directly, until the policy is saved with it under policy."""
    for switch, road in (("unaffected-by-policy", "direct"), (UNDER_POLICY, "administration-server")):
        trial = activates(agent, activation("15min", code=CODE), settings=by_server(switch))
        roads = [detail["via"] for _, _, detail in trial.told("activation-requested")]
        equal(roads, [road], f"roads of activation requests, the group being {switch}")
    save = {"at": "40min", "do": "change-policy", "policy": "check", "settings": {LICENSING: {"switch": UNDER_POLICY}}}
    steps = (activation("15min", code=CODE), save, activation("65min", code=CODE))
    trial = activates(agent, *steps, settings=by_server("unaffected-by-policy"))
    roads = [detail["via"] for _, _, detail in trial.told("activation-requested")]
    equal(roads, ["direct", "administration-server"], "roads of activation requests before and after the save")


@clause("KEA-LIC-003")
def check_the_option_leaves_other_traffic_as_it_is(agent: AgentUnderTest) -> None:
    """Updates and telemetry take the same road with the option on and off, without proxy server and with one."""
    general = {"proxy": {"mode": "specified", "host": PROXY.partition(":")[0]}}
    for name, proxy in (("no proxy server", {}), ("a proxy server", general)):
        roads = {}
        for on in (False, True):
            trial = activates(
                agent,
                task("15min", "update", sources=VENDOR),
                activation("15min", code=CODE),
                settings={**by_server(on=on), **proxy},
                fleet=lab(None),
                services={"proxy": {"address": PROXY}},
            )
            updates = [detail["via"] for _, _, detail in trial.told("update-source")]
            sent = sorted({request.server for request in trial.asked()})
            equal(len(updates), 1, f"updates, the option being {on}, with {name}")
            equal(trial.count(HIGH), 2 * SEVERAL, f"events that arrive, the option being {on}, with {name}")
            roads[on] = (updates, sent)
        equal(
            roads[True], roads[False], f"roads of updates, and servers of telemetry, with {name}: as without the option"
        )


@clause("KEA-LIC-002", needs=[ADMINISTRATION])
def check_the_option_is_in_the_licensing_group(server: ServerUnderTest) -> None:
    """Its group stands in General settings, has a switch of its own, and reaches devices only under policy."""
    (group,) = describe([LICENSING])
    equal((group.section, group.title, group.switch), (SECTION, "Licensing", Switch.UNAFFECTED), "the group")
    contains([one.key for one in group.settings], "activate-via-administration-server", "an option of the group")
    for switch, wanted in (("unaffected-by-policy", False), (UNDER_POLICY, True)):
        stored = parse_policy_settings(by_server(switch))
        governing = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored)).governing(GROUP, 0)
        reached = governing is not None and governing.lock(LICENSING) is not None
        equal(reached, wanted, f"whether the option reaches devices, the group being {switch}")
    one = parse_policy_settings({LICENSING: {"switch": UNDER_POLICY}})
    equal(one.under_policy - PolicySettings().under_policy, {LICENSING}, "groups that move with its switch")


# --- the task ---------------------------------------------------------------------------------------------------------


@clause("KEA-LIC-012")
def check_an_activation_task_runs_on_the_devices_of_its_scope(agent: AgentUnderTest) -> None:
    """One for a single device and one for a group activate exactly those, of three devices in two groups."""
    fleet = lab("none", groups=(HQ, HQ, BRANCH))
    for scope, wanted in (
        ({"target": "lab-00001"}, [0]),
        ({"group": HQ}, [0, 1]),
        ({"group": BRANCH}, [2]),
        ({"group": GROUP}, [0, 1, 2]),
    ):
        trial = agent.attempt(
            duration="1h", steps=[activation("15min", key="file", **scope)], fleet=fleet, keys=list(KEYS)
        )
        equal(sorted(device for _, device, _ in trial.told("activated")), wanted, f"devices activated, of {scope}")
        equal(sorted(device for _, device, _ in trial.told("task-started")), wanted, f"devices that run it, of {scope}")


@clause("KEA-LIC-013")
def check_an_activation_task_starts_at_its_scheduled_time(agent: AgentUnderTest) -> None:
    """One with a schedule starts then and not before, one without does not start by itself."""
    schedule = {"start": "2026-03-02T10:10"}
    for own, wanted in (({"schedule": schedule}, [70 * MINUTE_MS]), ({}, [])):
        trial = activates(agent, activation("15min", key="file", run=False, **own))
        equal([at_ms for at_ms, _, _ in trial.told("task-started")], wanted, f"starts of the task with {own or 'none'}")
        equal(activated(trial), bool(wanted), "whether the device is activated")


@clause("KEA-LIC-016")
def check_an_activation_task_is_run_when_the_wizard_says_so(agent: AgentUnderTest) -> None:
    """With the option the device runs it as soon as it hears of it, without it does not."""
    for run in (True, False):
        trial = activates(agent, activation("31min", key="file", run=run))
        equal(len(trial.told("task-assigned")), 1, "devices that hold the task")
        starts = [at_ms - 31 * MINUTE_MS for at_ms, _, _ in trial.told("task-started")]
        equal(len(starts), int(run), f"starts of the task, the option being {run}")
        holds(all(0 <= late <= SYNCHRONISES for late in starts), "a start at the next contact", starts)
        equal(activated(trial), run, f"whether the device is activated, the option being {run}")


@clause("KEA-LIC-014", "KEA-LIC-015")
def check_account_and_name_are_shown(agent: AgentUnderTest) -> None:
    """The task runs on the device under the account that was given, and the list of tasks shows account and name."""
    view = {"at": "1h", "do": "view", "what": "tasks"}
    for account in ("LAB\\operator", None):
        own = {} if account is None else {"runs-as": account}
        trial = activates(agent, activation("15min", key="file", **own), view)
        used = [detail["account"] for _, _, detail in trial.told("task-started")]
        equal(used, [account or SYSTEM], "accounts that the task runs under")
        seen = [(detail["task"], detail["runs_as"]) for _, _, detail in trial.told("task-viewed")]
        equal(seen, [("activation at 15min", account or SYSTEM)], "tasks in the list, with their accounts")


def walked(
    wizard: TaskWizard, steps: Mapping[TaskStep, Callable[[], None]], *, run: bool = False
) -> tuple[list[TaskStep], CreatedTask]:
    """Takes the steps as a wizard presents them: which they were, in their order, and what came of it."""
    presented: list[TaskStep] = []
    while wizard.step not in (TaskStep.RUN, TaskStep.FINISHED):
        one_of(wizard.step, list(steps), "a step that the wizard presents")
        presented.append(wizard.step)
        steps[wizard.step]()
    if wizard.step is TaskStep.RUN:
        presented.append(wizard.step)
    return presented, wizard.finish(at_ms=1_000, run=run)


WHEN: Final = Schedule(frequency=Frequency.EVERY_DAY, start=wall_time().read("2026-03-03T10:00"))


def wizard_of(
    server: ServerUnderTest, *, method: ActivationMethod = ActivationMethod.STORAGE, additional: bool = False
) -> tuple[TaskStore, TaskWizard, dict[TaskStep, Callable[[], None]]]:
    """A server's tasks, a wizard on its root group that is about an activation, and what is done at each step."""
    tasks = server.administration().tasks
    wizard = TaskWizard(tasks, Scope.of_group(GROUP))
    wizard.choose_type(TaskType.ACTIVATION)
    by_code = method is ActivationMethod.CODE
    given = {"code": CODE} if by_code else {"key": Key("file")}
    steps = {
        TaskStep.METHOD_AND_KEY: lambda: wizard.choose_key(method, **given),
        TaskStep.ADDITIONAL_KEY: lambda: wizard.use_as_additional(additional),
        TaskStep.SCHEDULE: lambda: wizard.set_schedule(WHEN),
        TaskStep.ACCOUNT: lambda: wizard.choose_account("LAB\\operator"),
        TaskStep.NAME: lambda: wizard.give_name("renewal"),
    }
    return tasks, wizard, steps


@clause("KEA-LIC-017", needs=[ADMINISTRATION])
def check_the_activation_wizard_asks_in_order(server: ServerUnderTest) -> None:
    """Method and key, additional key, schedule, account, name, run option; none of them out of turn."""
    _, wizard, steps = wizard_of(server)
    for step, take in list(steps.items())[1:]:
        refusal = None
        try:
            take()
        except WizardError as error:
            refusal = error
        holds(refusal is not None, f"the step {step} is refused before the first one", "taken")
    presented, _ = walked(wizard, steps)
    wanted = [
        TaskStep.METHOD_AND_KEY,
        TaskStep.ADDITIONAL_KEY,
        TaskStep.SCHEDULE,
        TaskStep.ACCOUNT,
        TaskStep.NAME,
        TaskStep.RUN,
    ]
    equal(presented, wanted, "steps of the wizard for a key")


@clause("KEA-LIC-008", "KEA-LIC-009", needs=[ADMINISTRATION])
def check_a_task_holds_its_method_with_code_or_key(server: ServerUnderTest) -> None:
    """What was entered is stored: the code for a code, the way of the key for either way of a key."""
    for method in ActivationMethod:
        tasks, wizard, steps = wizard_of(server, method=method)
        walked(wizard, steps)
        stored = tasks.task("renewal").settings
        by_code = method is ActivationMethod.CODE
        wanted = Activation(method, CODE if by_code else "", None if by_code else Key("file"))
        equal(stored, wanted, "what the task is about")


@clause("KEA-LIC-018", needs=[ADMINISTRATION])
def check_a_key_can_be_marked_as_additional(server: ServerUnderTest) -> None:
    """The wizard offers the option for a key, either way of it, and the task holds what was chosen."""
    for method in METHODS:
        for additional in (True, False):
            tasks, wizard, steps = wizard_of(server, method=method, additional=additional)
            presented, _ = walked(wizard, steps)
            contains(presented, TaskStep.ADDITIONAL_KEY, f"a step of the wizard for a {method}")
            stored = tasks.task("renewal").settings
            equal(stored, Activation(method, key=Key("file"), additional=additional), "what the task is about")


@clause("KEA-LIC-013", "KEA-LIC-014", "KEA-LIC-015", needs=[ADMINISTRATION])
def check_schedule_account_and_name_of_the_wizard_are_stored(server: ServerUnderTest) -> None:
    """The task in the list has what was entered at each of the three steps."""
    tasks, wizard, steps = wizard_of(server)
    walked(wizard, steps)
    listed, *others = tasks.tasks()
    equal((listed.name, others), ("renewal", []), "the name in the list of tasks, and further tasks")
    equal((listed.schedule, listed.account), (WHEN, "LAB\\operator"), "schedule and account of the task")


@clause("KEA-LIC-012", "KEA-LIC-016", needs=[ADMINISTRATION])
def check_scope_and_run_option_decide_who_hears_what(server: ServerUnderTest) -> None:
    """Only devices in scope hear of the task; with the option they are told to run it, without they are not."""
    for scope, devices in ((Scope.of_group(BRANCH), {1}), (Scope.local(0), {0}), (Scope.of_group(GROUP), {0, 1})):
        for run in (True, False):
            administration = server.administration(groups=(HQ, BRANCH))
            made = Task("renewal", scope, Activation(ActivationMethod.STORAGE, key=Key("file")))
            sent = administration.tasks.create(made, at_ms=1_000, run=run)
            equal({device for one in sent for device in one.devices.tolist()}, devices, f"devices of {scope}")
            ordered = any(isinstance(one.item, RunTask) for one in sent)
            equal(ordered, run, f"whether devices are told to run it, the option being {run}")
