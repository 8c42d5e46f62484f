"""IOC Scan tasks: what a task searches for, who manages it, and what it does about what it finds (KEA-IOC)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.agents import GROUP, INDICATORS, AgentUnderTest
from conformance.checks.ioc_files import ABSENT, GOOD, PLANTED, document, ended, found, indicator, item
from conformance.checks.policies import SUBMISSION
from conformance.judging import contains, equal
from conformance.registry import clause
from conformance.trial import Trial
from emulator.security.operations import OPERATIONS

NEEDS: Final = (INDICATORS,)
ACTIONS: Final = (
    "isolated",
    "file-removed",
    "quarantined",
    "agent-stopped",
    "critical-areas-scanned",
    "critical-areas-not-scanned",
)
"""Facts of what a response to a detection could do."""
BY_RESPONSE: Final = {
    "quarantine-and-delete": "quarantined",
    "isolate-device": "isolated",
    "scan-critical-areas": "critical-areas-scanned",
}
"""The emulator's responses, of siblings of the product, each with the fact of its effect."""
PLACED: Final = {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED}
FOLDER: Final = "iocs"
FILES: Final = {f"{FOLDER}/good.ioc": document(GOOD)}
HOLDER: Final = "lab-00001"
"""The device that holds the file, where only one does."""
DROPPED: Final = {**PLACED, "target": HOLDER}
NAME: Final = "scan"
AT_COMMAND_LINE: Final = "command line"
"""What matches name as their task where somebody scans at the command line; the emulator's."""


# --- steps, and what comes of them ------------------------------------------------------------------------------------


def standard(minute: int, name: str = NAME, **more: Any) -> dict[str, Any]:
    """A step that creates a standard task at the Administration Server, for all devices and to be run at once."""
    whom = {} if "target" in more else {"group": GROUP}
    task = {"task": name, "type": "ioc-scan", "indicators": FOLDER, "run": True, **whom, **more}
    return {"at": f"{minute}min", "do": "create-task", **task}


def kata(minute: int, name: str, **more: Any) -> dict[str, Any]:
    """A step that loads the files at the Central Node, for a scan of that name."""
    return {"name": name, "at": f"{minute}min", "do": "sweep", "target": "all", "indicators": FOLDER, **more}


def typed(minute: int, **more: Any) -> dict[str, Any]:
    """A step in which somebody scans at the command line of all devices."""
    wanted = {"indicators": FOLDER, **more}
    about = {"do": "attempt", "target": "all", "operation": "scan-ioc", "user": "{user}"}
    return {"at": f"{minute}min", **about, "scan": wanted}


def operation(minute: int, do: str, **more: Any) -> dict[str, Any]:
    """A step in which somebody does something at a server."""
    return {"at": f"{minute}min", "do": do, **more}


def scanned(agent: AgentUnderTest, *steps: Mapping[str, Any], hours: int = 4, **more: Any) -> Trial:
    """Steps on devices, with the folder of the file that is sought where no other is given."""
    return agent.attempt(**{"duration": f"{hours}h", "steps": steps, "files": FILES, **more})


def matches_of(trial: Trial) -> list[tuple[str, int]]:
    """The matches by task and number of the device, in order of time."""
    return [(str(detail["task"]), device) for _, device, detail in trial.told("ioc-match")]


def refusals(trial: Trial) -> list[str]:
    """The operations that a server has refused, in order of time."""
    return [str(detail["operation"]) for _, _, detail in trial.told("operation-refused")]


def viewed(trial: Trial, kind: str = "task-viewed") -> list[dict[str, Any]]:
    """What was seen of tasks, in order of time, each without when and by whom."""
    return [{name: value for name, value in one.items() if name != "account"} for _, _, one in trial.told(kind)]


def done(trial: Trial) -> list[str]:
    """The facts of responses that were carried out, in order of time."""
    told = [(at_ms, kind) for kind in ACTIONS for at_ms, _, _ in trial.told(kind)]
    return [kind for _, kind in sorted(told)]


# --- what a task searches for -----------------------------------------------------------------------------------------


@clause("KEA-IOC-001")
def check_a_planted_indicator_is_reported_and_a_clean_device_reports_none(agent: AgentUnderTest) -> None:
    """Of three devices one holds the file: it alone reports the indicator."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "lab-00002", "file": PLANTED},
        {"at": "5min", "do": "sweep", "target": "all", "indicators": "iocs"},
    ]
    trial = agent.attempt(duration="20min", devices=3, steps=steps, files={"iocs/good.ioc": document(GOOD)})
    equal([device for _, device, _ in trial.told("ioc-match")], [1], "devices that report the indicator, by number")
    equal(len(trial.told("sweep-finished")), 3, "devices whose task has ended")


@clause("KEA-IOC-005")
def check_a_task_uses_exactly_the_files_given(agent: AgentUnderTest) -> None:
    """Two tasks with different files on one device: each reports a match of its own file only."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED},
        {"name": "one", "at": "5min", "do": "sweep", "target": "all", "indicators": "one"},
        {"name": "two", "at": "15min", "do": "sweep", "target": "all", "indicators": "two"},
    ]
    files = {"one/a.ioc": document(GOOD, id="a"), "one/b.ioc": document(ABSENT, id="b")}
    trial = agent.attempt(duration="30min", steps=steps, files={**files, "two/c.ioc": document(GOOD, id="c")})
    seen = [(detail["task"], detail["file"]) for _, _, detail in trial.told("ioc-match")]
    equal(seen, [("one", "a.ioc"), ("two", "c.ioc")], "tasks and the files that match in them")


@clause("KEA-IOC-011")
def check_a_file_loaded_at_the_central_node_is_scanned_for(agent: AgentUnderTest) -> None:
    """A file that was loaded at the Central Node reaches devices when they synchronise, and is scanned for."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED},
        {"at": "5min", "do": "sweep", "target": "all", "indicators": "iocs"},
    ]
    trial = agent.attempt(duration="20min", steps=steps, files={"iocs/good.ioc": document(GOOD)})
    equal(found(trial), ["good.ioc"], "files that match")
    equal(ended(trial), "finished", "the end of the task")


@clause("KEA-IOC-015")
def check_a_detection_of_the_central_node_starts_no_action(agent: AgentUnderTest) -> None:
    """After a detection nothing has been done about it, and a second scan detects the same again."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED},
        {"name": "first", "at": "5min", "do": "sweep", "target": "all", "indicators": "iocs"},
        {"name": "second", "at": "25min", "do": "sweep", "target": "all", "indicators": "iocs"},
    ]
    trial = agent.attempt(duration="40min", steps=steps, files={"iocs/good.ioc": document(GOOD)})
    equal([detail["task"] for _, _, detail in trial.told("ioc-match")], ["first", "second"], "tasks that detect it")
    equal(done(trial), [], "actions that were carried out")


# --- kinds of tasks ---------------------------------------------------------------------------------------------------


@clause("KEA-IOC-002", "KEA-IOC-017", "KEA-IOC-022")
def check_a_scan_is_of_one_of_two_types(agent: AgentUnderTest) -> None:
    """A standard task is in the Administration Server's list alone and has a scope, one of KATA in the other's alone.

    It has no scope there, whether it is for one device or for all of them.
    """
    steps = [standard(5, "own"), kata(20, "theirs"), kata(30, "for one", target="lab-00002")]
    looks = [operation(120, "view", what="tasks"), operation(120, "view-central-tasks", target="all")]
    trial = scanned(agent, PLACED, *steps, *looks, devices=2)
    seen = sorted(matches_of(trial))
    equal(seen, [("for one", 1), ("own", 0), ("own", 1), ("theirs", 0), ("theirs", 1)], "tasks and devices that match")
    listed = [(one["task"], one["type"], one["scope"]) for one in viewed(trial)]
    equal(listed, [("own", "ioc-scan", "group")], "tasks, types and scopes at the Administration Server")
    theirs = viewed(trial, "central-task-viewed")
    named = sorted((one["task"], one["type"]) for one in theirs)
    wanted = [("for one", "ioc-scan"), ("theirs", "ioc-scan"), ("theirs", "ioc-scan")]
    equal(named, wanted, "tasks and types at the Central Node, of two devices")
    equal([sorted({"scope", "group"} & set(one)) for one in theirs], [[]] * 3, "what is said there of scopes")


@clause("KEA-IOC-003")
def check_a_standard_task_is_for_a_group_or_local(agent: AgentUnderTest) -> None:
    """One for the group runs on all of its devices, one for a device there alone; the list tells them apart."""
    steps = [standard(5, "of the group"), standard(30, "of one", target="lab-00002")]
    trial = scanned(agent, PLACED, *steps, operation(120, "view", what="tasks"), devices=3)
    equal(refusals(trial), [], "operations that are refused")
    seen = sorted(matches_of(trial))
    equal(seen, [("of one", 1), *(("of the group", device) for device in range(3))], "tasks and devices that match")
    scopes = {one["task"]: one["scope"] for one in viewed(trial)}
    equal(scopes, {"of the group": "group", "of one": "local"}, "scopes in the list")


@clause("KEA-IOC-004", "KEA-IOC-021")
def check_a_standard_task_is_set_up_at_the_server_or_on_the_command_line(agent: AgentUnderTest) -> None:
    """Both find what is there; the command line tells on which devices, and that it was carried out on all."""
    trial = scanned(agent, DROPPED, standard(5), typed(60), devices=2)
    equal(matches_of(trial), [(NAME, 0), (AT_COMMAND_LINE, 0)], "tasks and devices that match")
    told = trial.told("command-line-scan")
    shown = sorted((device, detail["return_code"], detail.get("matches")) for _, device, detail in told)
    equal(shown, [(0, 0, 1), (1, 0, 0)], "devices, return codes and matches that the command line shows")


@clause("KEA-IOC-006")
def check_a_standard_task_needs_no_other_system(agent: AgentUnderTest) -> None:
    """With every integration off it finds what is there, and no server of another system is asked for anything."""
    trial = scanned(agent, PLACED, standard(5), central_node=False)
    equal(matches_of(trial), [(NAME, 0)], "tasks and devices that match")
    equal(len(trial.requests), 0, "requests to servers of other systems")


@clause("KEA-IOC-014")
def check_tasks_of_kata_are_managed_nowhere_else(agent: AgentUnderTest) -> None:
    """The Administration Server refuses to change, start, stop and delete one, and the command line has no way to."""
    # A task of that name has been at the Administration Server: only so can a scenario name it there.
    before = [standard(5, "theirs", run=False), operation(10, "delete-tasks", tasks=["theirs"])]
    attempts = [
        operation(60, "change-task", task="theirs", documents=["UserItem"]),
        operation(61, "run-task", task="theirs"),
        operation(62, "stop-task", task="theirs"),
        operation(63, "delete-tasks", tasks=["theirs"]),
    ]
    looks = [operation(120, "view", what="tasks"), operation(120, "view-central-tasks", target="all")]
    trial = scanned(agent, PLACED, *before, kata(30, "theirs"), *attempts, *looks)
    equal(refusals(trial), [str(one["do"]) for one in attempts], "operations that the Administration Server refuses")
    equal(viewed(trial), [], "tasks in its list")
    equal(matches_of(trial), [("theirs", 0)], "matches, of a task that nobody has started again or changed")
    states = [(one["task"], one["state"]) for one in viewed(trial, "central-task-viewed")]
    equal(states, [("theirs", "completed")], "what the Central Node still has of it")
    commands = [name for name, one in OPERATIONS.items() if "task" in f"{name} {one.command}"]
    equal(commands, [], "operations on tasks that a device offers")


# --- policies ---------------------------------------------------------------------------------------------------------

RULED: Final = {SUBMISSION: {"max-events-per-package": 7}, "threat-response": {"quarantine-and-delete": True}}
"""What a policy says, some of it about responses."""


def in_three_policies(agent: AgentUnderTest, *steps: Mapping[str, Any]) -> Trial:
    """Steps around minutes 20, 80 and 140: under a policy, under another one, and under none."""
    other = {SUBMISSION: {"max-events-per-package": 9}, "threat-response": {"quarantine-and-delete": False}}
    changes = [
        operation(45, "change-policy", policy="check", settings=other),
        operation(105, "deactivate-policy", policy="check"),
        operation(106, "delete-policy", policy="check"),
    ]
    trial = scanned(agent, PLACED, *steps, *changes, settings=RULED)
    equal(refusals(trial), [], "operations that are refused")
    return trial


@clause("KEA-IOC-007")
def check_a_standard_task_does_not_depend_on_policies(agent: AgentUnderTest) -> None:
    """The policy changes and goes: the task is what it was, and does what it did, its responses with it."""
    own: dict[str, Any] = {"documents": ["FileItem"], "responses": ["scan-critical-areas"], "storage": {"days": 9}}
    runs = [standard(20, **own), operation(80, "run-task", task=NAME), operation(140, "run-task", task=NAME)]
    looks = [operation(minute, "view-task", task=NAME) for minute in (40, 100, 160)]
    trial = in_three_policies(agent, *runs, *looks)
    equal(matches_of(trial), [(NAME, 0)] * 3, "matches before, after a change, and after the removal of the policy")
    equal(done(trial), ["critical-areas-not-scanned"] * 3, "responses of the three runs")
    first, *others = viewed(trial)
    equal(others, [first] * 2, "properties of the task after a change, and after the removal of the policy")


@clause("KEA-IOC-016")
def check_a_scan_of_kata_does_not_depend_on_policies(agent: AgentUnderTest) -> None:
    """The policy changes and goes: the files that were loaded are scanned for all the same, and nothing is done."""
    runs = [kata(minute, f"at {minute}") for minute in (20, 80, 140)]
    trial = in_three_policies(agent, *runs, operation(200, "view-central-tasks", target="all"))
    wanted = [(f"at {minute}", 0) for minute in (20, 80, 140)]
    equal(matches_of(trial), wanted, "matches before, after a change, and after the removal of the policy")
    equal(done(trial), [], "actions that were carried out")
    seen = [(one["type"], one["state"], one["result_matches"]) for one in viewed(trial, "central-task-viewed")]
    equal(seen, [("ioc-scan", "completed", 1)] * 3, "what the Central Node has of the three")


# --- the past, and responses ------------------------------------------------------------------------------------------


@clause("KEA-IOC-008")
def check_a_standard_task_can_search_the_past(agent: AgentUnderTest) -> None:
    """With the mode on, what has happened on the device matches; with it off only what is there now does."""
    past = document(indicator("OR", item("FileItem/FullPath", "ends-with", "synthetic\\object.exe")))
    event = {"at": "10min", "do": "emit", "target": "all", "type": "file-change", "count": 1}
    scans = [standard(60, "of now"), standard(90, "of the past", retrospective={})]
    trial = scanned(agent, event, *scans, files={f"{FOLDER}/past.ioc": past})
    equal(refusals(trial), [], "operations that are refused")
    equal(
        [detail["task"] for _, _, detail in trial.told("sweep-finished")], ["of now", "of the past"], "tasks that end"
    )
    equal(matches_of(trial), [("of the past", 0)], "tasks and devices that match")


@clause("KEA-IOC-009")
def check_a_response_is_carried_out_upon_a_detection(agent: AgentUnderTest) -> None:
    """Each response is carried out on the device on which something was detected, and on no other."""
    for response, effect in BY_RESPONSE.items():
        protection = operation(2, "install-protection", target="all", version="12.1")
        trial = scanned(agent, DROPPED, protection, standard(5, responses=[response]), devices=2)
        seen = [(kind, device) for kind in ACTIONS for _, device, _ in trial.told(kind)]
        contains(seen, (effect, 0), f"what a task with {response} does upon a detection")
        equal([device for _, device in seen if device], [], "devices without a detection on which something is done")


def refused_responses(agent: AgentUnderTest, responses: Sequence[str]) -> None:
    """A scan at the command line with these responses is refused, and nothing was scanned or done."""
    trial = scanned(agent, PLACED, typed(5, responses=responses), operation(60, "view", what="tasks"))
    equal(len(trial.told("attempt-refused")), 1, f"refusals of a scan at the command line with {', '.join(responses)}")
    equal((matches_of(trial), done(trial)), ([], []), "matches and actions of a scan that was refused")


@clause("KEA-IOC-010")
def check_the_command_line_has_no_responses(agent: AgentUnderTest) -> None:
    """A scan with a response is refused; one that detects something does nothing about it, and detects it again."""
    for response in BY_RESPONSE:
        refused_responses(agent, [response])
    trial = scanned(agent, PLACED, typed(5), typed(30))
    equal(matches_of(trial), [(AT_COMMAND_LINE, 0)] * 2, "matches of two scans one after the other")
    equal(done(trial), [], "actions that were carried out")


# --- management -------------------------------------------------------------------------------------------------------


@clause("KEA-IOC-020")
def check_standard_tasks_are_managed_at_the_administration_server(agent: AgentUnderTest) -> None:
    """A task is created, started, changed, stopped and deleted there, each with its effect on devices and in lists."""
    steps = [
        standard(5, run=False),
        operation(30, "run-task", task=NAME),
        operation(60, "change-task", task=NAME, rename="renamed"),
        operation(61, "run-task", task="renamed"),
        # A synchronisation comes first, and a scan takes a while: the stop meets a run that has begun.
        {"at": "3690s", "do": "stop-task", "task": "renamed"},
        operation(90, "view", what="tasks"),
        operation(91, "delete-tasks", tasks=["renamed"]),
        operation(120, "view", what="tasks"),
    ]
    trial = scanned(agent, PLACED, *steps)
    equal(refusals(trial), [], "operations that are refused")
    equal(matches_of(trial), [(NAME, 0)], "matches: of the run that was started, and not of the one that was stopped")
    equal([one["task"] for one in viewed(trial)], ["renamed"], "tasks in the list before and after the deletion")
