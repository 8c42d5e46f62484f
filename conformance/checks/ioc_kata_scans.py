"""Scans by IOC files that were loaded at the Central Node: when devices scan, what is searched besides (KEA-IOC)."""

from typing import Any, Final

from conformance.agents import INDICATORS, AgentUnderTest
from conformance.checks.ioc_files import ABSENT, GOOD, document, indicator, item
from conformance.checks.ioc_tasks import DROPPED, FILES, FOLDER, PLACED, kata, operation, scanned, viewed
from conformance.judging import equal
from conformance.registry import clause
from conformance.trial import MINUTE_MS, Trial

NEEDS: Final = (INDICATORS,)
RAN: Final = indicator("OR", item("ProcessItem/path", "ends-with", "\\tool.exe"))
"""A program that a device has started, which its telemetry tells of."""


def minutes(trial: Trial, name: str) -> list[int]:
    """The minutes, counted from the start at 9 o'clock, in which scans of that name have ended on devices."""
    return [at_ms // MINUTE_MS for at_ms, _, detail in trial.told("sweep-finished") if detail["task"] == name]


@clause("KEA-IOC-012")
def check_the_events_that_the_central_node_holds_are_searched(agent: AgentUnderTest) -> None:
    """What it holds of a device matches, though the device cannot be reached by then; what has not arrived does not.

    Nor does a file match that no event has to do with, nor any file before the event.
    """
    started = {"do": "start-process", "process": "synthetic/tool"}
    steps: list[dict[str, Any]] = [
        kata(4, "before"),
        operation(8, "unplug", target="lab-00003", **{"for": "5h"}),
        {"at": "10min", "target": "lab-00001", **started},
        {"at": "10min", "target": "lab-00003", **started},
        operation(40, "unplug", target="lab-00001", **{"for": "5h"}),
        kata(60, "after"),
    ]
    files = {f"{FOLDER}/ran.ioc": document(RAN, id="ran"), f"{FOLDER}/absent.ioc": document(ABSENT, id="absent")}
    trial = scanned(agent, *steps, devices=3, files=files)
    held = [(detail["task"], detail["file"], device) for _, device, detail in trial.told("database-match")]
    equal(held, [("after", "ran.ioc", 0)], "scans, files and devices whose stored events match")
    found = [device for _, device, _ in trial.told("ioc-match")]
    equal(found, [], "devices on which a scan found it, of which none can be reached after the event")


@clause("KEA-IOC-013", "KEA-IOC-023")
def check_devices_scan_by_the_schedule_of_the_central_node(agent: AgentUnderTest) -> None:
    """Scans for the files that were loaded come at the times that are set there: several, one, or none at all yet."""
    schedules = {
        "every two hours": {"frequency": "every-hour", "interval": 2, "start": "2026-03-02T10:30"},
        "once": {"start": "2026-03-02T11:15"},
        "tomorrow": {"start": "2026-03-03T11:15"},
    }
    steps = [kata(10 + place, name, schedule=given) for place, (name, given) in enumerate(schedules.items())]
    trial = scanned(agent, DROPPED, *steps, operation(350, "view-central-tasks", target="all"), devices=2, hours=6)
    for name, wanted in {"every two hours": [90, 210, 330], "once": [135], "tomorrow": []}.items():
        seen = sorted(minutes(trial, name))
        equal(seen, sorted(2 * wanted), f"minutes at which two devices scan with the schedule {name!r}")
    matches = [(detail["task"], device) for _, device, detail in trial.told("ioc-match")]
    equal(sorted(matches), [*[("every two hours", 0)] * 3, ("once", 0)], "matches, of the device that holds the file")
    listed = {(one["task"], one["type"]) for one in viewed(trial, "central-task-viewed")}
    equal(listed, {(name, "ioc-scan") for name in schedules}, "scans that the Central Node lists")


@clause("KEA-IOC-023")
def check_files_are_loaded_at_the_central_node(agent: AgentUnderTest) -> None:
    """Files are loaded there for each scan, without a schedule too: it finds what its own files describe."""
    files = {**FILES, "none/absent.ioc": document(ABSENT, id="absent"), "two/good.ioc": document(GOOD, id="two")}
    steps = [kata(10, "one"), kata(20, "none", indicators="none"), kata(30, "two", indicators="two")]
    trial = scanned(agent, PLACED, *steps, files=files)
    found = [(detail["task"], detail["id"]) for _, _, detail in trial.told("ioc-match")]
    equal(found, [("one", "one"), ("two", "two")], "scans, and identifiers of the loaded files that match in them")
    ended = [detail["task"] for _, _, detail in trial.told("sweep-finished")]
    equal(ended, ["one", "none", "two"], "scans that devices have carried out")
