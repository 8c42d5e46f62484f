"""IOC Scan tasks: what a task searches for, and what it does about what it finds (KEA-IOC)."""

from typing import Final

from conformance.agents import INDICATORS, AgentUnderTest
from conformance.checks.ioc_files import ABSENT, GOOD, PLANTED, document, ended, found
from conformance.judging import equal
from conformance.registry import clause

NEEDS: Final = (INDICATORS,)
ACTIONS: Final = ("isolated", "file-removed", "quarantined", "agent-stopped")
"""Facts of what a response to a detection could do."""


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
    equal([kind for kind in ACTIONS if trial.told(kind)], [], "actions that were carried out")
