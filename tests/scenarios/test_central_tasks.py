"""Tasks of the Central Node, as a scenario has them: taken with one synchronisation, reported with the next."""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.agents import resolve_agent
from emulator.tasks.central import GET_FILE_SIZE_MAX
from scenarios.actions.faults import BODY_LIMIT
from scenarios.model import Scenario
from scenarios.tracing import Trace
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

MIN = 60_000
DROPPER = "synthetic/dropper"
PATH = "C:\\ProgramData\\Synthetic\\dropper.exe"
Values = dict[str, Any]


def step(minute: int, do: str, **fields: Any) -> Values:
    return {"at": f"{minute}min", "do": do, "target": "all", **fields}


def task(minute: int, kind: str, name: str = "", **fields: Any) -> Values:
    return {"name": name or f"{kind} at {minute}", **step(minute, "create-central-task", kind=kind, **fields)}


def placed(minute: int = 1, **fields: Any) -> Values:
    return step(minute, "place-file", **{"file": DROPPER, "size": "5 kB", **fields})


def scenario(*timeline: Values, image: str = "quiet", count: int = 1, **sections: Any) -> Scenario:
    block = {"name": "pc", "image": image, "count": count, **sections.pop("block", {})}
    fleet = {"start": "cold", "blocks": [block], **sections.pop("fleet", {})}
    return loaded(**{"duration": "1h", "fleet": fleet, "timeline": list(timeline), **sections})


def told(folder: Path, kind: str) -> list[Values]:
    return [
        {**json.loads(row["detail"]), "at_ms": row["at_ms"]} for row in rows(folder, "facts") if row["kind"] == kind
    ]


def ends(folder: Path) -> list[tuple[str, Any]]:
    """How the tasks ended, in order of time: (type, None or the code of the failure)."""
    both = [*told(folder, "central-task-finished"), *told(folder, "central-task-failed")]
    return [(one["type"], one.get("code")) for one in sorted(both, key=lambda one: one["at_ms"])]


# --- synchronisation --------------------------------------------------------------------------------------------------


def test_a_task_is_taken_with_a_synchronisation_and_known_to_the_server_with_the_next(tmp_path: Path) -> None:
    """KEA-CEN-031: no later than one interval after it was made, and not before."""
    looks = [step(minute, "view-central-tasks") for minute in (9, 12, 14, 18)]
    run(scenario(placed(), task(8, "delete-file", file=DROPPER), *looks), tmp_path)
    (taken,), (finished,) = told(tmp_path, "central-task-taken"), told(tmp_path, "central-task-finished")
    assert 10 * MIN <= taken["at_ms"] == finished["at_ms"] < 10 * MIN + 1_000
    seen = {one["at_ms"] // MIN: one["state"] for one in told(tmp_path, "central-task-viewed")}
    assert seen == {9: "waiting", 12: "waiting", 14: "waiting", 18: "completed"}


def test_tasks_wait_for_devices_that_do_not_synchronise(tmp_path: Path) -> None:
    unplugged = step(5, "unplug", **{"for": "20min"})
    run(scenario(placed(), unplugged, task(8, "delete-file", file=DROPPER), step(24, "view-central-tasks")), tmp_path)
    assert [one["at_ms"] // MIN for one in told(tmp_path, "central-task-taken")] == [25]
    assert [one["state"] for one in told(tmp_path, "central-task-viewed")] == ["waiting"]


def test_results_wait_for_a_synchronisation_that_is_answered(tmp_path: Path) -> None:
    outage = {"at": "11min", "fault": {"server": "telemetry", "kind": "refused-connection", "for": "20min"}}
    looks = [step(minute, "view-central-tasks") for minute in (29, 45)]
    run(scenario(placed(), task(8, "delete-file", file=DROPPER), outage, *looks), tmp_path)
    assert [one["state"] for one in told(tmp_path, "central-task-viewed")] == ["waiting", "completed"]


def test_with_integration_off_nothing_is_taken_or_sent(tmp_path: Path) -> None:
    """KEA-CEN-006."""
    policies = [{"name": "off", "settings": {"kata-integration": {"switch": "under-policy", "enabled": False}}}]
    looks = step(55, "view-central-tasks")
    run(scenario(placed(), task(20, "get-file", file=DROPPER), looks, policies=policies), tmp_path)
    assert told(tmp_path, "central-task-taken") == []
    assert [one["state"] for one in told(tmp_path, "central-task-viewed")] == ["waiting"]
    assert {row["server"] for row in rows(tmp_path, "servers")} <= {"administration"}


def test_the_administration_server_does_not_know_them() -> None:
    """As KEA-IOC-014 has it for scans: they are not managed from there."""
    for do, fields in (("run-task", {"task": "t"}), ("delete-tasks", {"tasks": ["t"]}), ("view-task", {"task": "t"})):
        timeline = [task(1, "delete-file", "t", file=DROPPER), {"at": "2min", "do": do, **fields}]
        (mistake,) = mistakes(timeline=timeline)
        assert "there is no task 't'" in mistake


def test_the_list_of_tasks_of_the_administration_server_has_none_of_them(tmp_path: Path) -> None:
    run(scenario(task(1, "delete-file", file=DROPPER), {"at": "20min", "do": "view", "what": "tasks"}), tmp_path)
    assert told(tmp_path, "task-viewed") == []


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_a_program_runs_with_its_arguments_and_its_return_code_is_reported(tmp_path: Path) -> None:
    given: Values = {"file": DROPPER, "arguments": "--now -v", "returns": -3}
    run(scenario(placed(), task(8, "run-process", **given), step(20, "view-central-tasks")), tmp_path)
    (finished,), (seen,) = told(tmp_path, "central-task-finished"), told(tmp_path, "central-task-viewed")
    assert (finished["path"], finished["arguments"], finished["return_code"]) == (PATH, "--now -v", -3)
    assert (seen["state"], seen["code"], seen["result_return_code"]) == ("completed", 0, -3)


def test_telemetry_shows_the_program_that_was_run() -> None:
    steps: list[Values] = [placed(), task(8, "run-process", file=DROPPER, arguments="--now")]
    trial = resolve_agent("columns").attempt(duration="30min", steps=steps)
    assert [one.event.command_line for one in trial.arrived("process-start")] == [f"{PATH} --now"]


def test_a_program_that_is_not_there_does_not_run(tmp_path: Path) -> None:
    run(scenario(task(8, "run-process", file=DROPPER), image="windows-office"), tmp_path)
    assert ends(tmp_path) == [("run-process", 2)]


def test_processes_are_terminated_by_their_file(tmp_path: Path) -> None:
    started = step(1, "start-process", process=DROPPER)
    ended = [task(minute, "terminate-process", process=DROPPER) for minute in (8, 12)]
    run(scenario(started, *ended), tmp_path)
    assert ends(tmp_path) == [("terminate-process", None), ("terminate-process", 2)]


def test_a_terminated_process_is_not_found_by_a_sweep(tmp_path: Path) -> None:
    (tmp_path / "iocs").mkdir()
    text = (
        '<ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="p"><definition><Indicator operator="OR" id="o">'
        '<IndicatorItem id="i" condition="is"><Context document="ProcessItem" search="ProcessItem/name"/>'
        '<Content type="string">dropper.exe</Content></IndicatorItem></Indicator></definition></ioc>'
    )
    (tmp_path / "iocs" / "p.ioc").write_text(text)
    started = step(1, "start-process", process=DROPPER)
    sweeps = [step(minute, "sweep", indicators="iocs") for minute in (6, 16)]
    made = scenario(started, *sweeps, task(11, "terminate-process", process=DROPPER), folder=tmp_path)
    run(made, tmp_path / "out")
    assert [one["matches"] for one in told(tmp_path / "out", "sweep-finished")] == [1, 0]
    assert ends(tmp_path / "out") == [("ioc-scan", None), ("terminate-process", None), ("ioc-scan", None)]


def test_a_file_is_deleted_once(tmp_path: Path) -> None:
    run(scenario(placed(), *(task(minute, "delete-file", file=DROPPER) for minute in (8, 12))), tmp_path)
    assert ends(tmp_path) == [("delete-file", None), ("delete-file", 2)]
    (finished,) = told(tmp_path, "central-task-finished")
    assert finished["path"] == PATH
    assert len(finished["sha256"]) == 64


def test_a_file_of_the_image_is_deleted_as_well(tmp_path: Path) -> None:
    path = "C:\\Windows\\Temp\\setup.log"
    twice = [task(minute, "delete-file", file=path) for minute in (8, 12)]
    run(scenario(*twice, image="windows-office"), tmp_path)
    assert ends(tmp_path) == [("delete-file", None), ("delete-file", 2)]


# --- objects on their way ---------------------------------------------------------------------------------------------


def objects(folder: Path) -> list[tuple[str, int, int, int]]:
    return [
        (row["server"], row["requests"], row["refused"], row["bytes_in"])
        for row in rows(folder, "servers")
        if row["kind"] == "object"
    ]


@pytest.mark.parametrize(
    ("limit", "size", "passes"),
    [
        ({}, BODY_LIMIT, True),
        ({}, BODY_LIMIT + 1, False),
        ({"limit": "5 kB"}, 5_000, True),
        ({"limit": "5 kB"}, 5_001, False),
        (None, BODY_LIMIT + 1, True),
    ],
)
def test_what_stands_before_the_server_lets_objects_pass_up_to_its_limit(
    tmp_path: Path, limit: Values | None, size: int, passes: bool
) -> None:
    """KEA-CEN-001 to KEA-CEN-003."""
    before = [] if limit is None else [{"at": "0s", "fault": {"server": "telemetry", "kind": "body-limit", **limit}}]
    run(scenario(placed(size=f"{size} B"), task(8, "get-file", file=DROPPER), *before), tmp_path)
    assert ends(tmp_path) == [("get-file", None if passes else 413)]
    assert objects(tmp_path) == [("telemetry", 1, 0 if passes else 1, size if passes else 0)]


def test_a_proxy_server_may_limit_them_too(tmp_path: Path) -> None:
    settings = {
        "kata-integration": {
            "switch": "under-policy",
            "enabled": True,
            "servers": ["telemetry.seatrial.example:443"],
            "connect-using-general-proxy": True,
        },
        "proxy": {"switch": "under-policy", "mode": "specified", "host": "proxy.seatrial.example"},
    }
    limit = {"at": "0s", "fault": {"server": "proxy", "kind": "body-limit", "limit": "4 kB"}}
    services = {"proxy": {"address": "proxy.seatrial.example:8080"}}
    timeline = (placed(), task(8, "get-file", file=DROPPER), limit, step(20, "view-central-tasks"))
    made = scenario(*timeline, policies=[{"name": "p", "settings": settings}], services=services)
    run(made, tmp_path)
    assert ends(tmp_path) == [("get-file", 413)]
    assert [one["state"] for one in told(tmp_path, "central-task-viewed")] == ["failed"]


@pytest.mark.parametrize(("size", "code"), [(GET_FILE_SIZE_MAX, None), (GET_FILE_SIZE_MAX + 1, 2)])
def test_a_file_that_is_too_large_is_not_sent(tmp_path: Path, size: int, code: int | None) -> None:
    run(scenario(placed(size=f"{size} B"), task(8, "get-file", file=DROPPER)), tmp_path)
    assert ends(tmp_path) == [("get-file", code)]
    assert len(objects(tmp_path)) == (code is None)


@pytest.mark.parametrize(("kind", "more"), [("time-out", {}), ("full-disk", {}), ("status", {"code": 503})])
def test_an_object_that_the_server_does_not_take_fails_the_task(tmp_path: Path, kind: str, more: Values) -> None:
    # Synchronisation and object are of one moment: only what concerns bodies is told apart.
    fault = {"at": "0s", "fault": {"server": "telemetry", "kind": kind, **more}}
    run(scenario(placed(), task(8, "get-file", file=DROPPER), fault), tmp_path)
    assert ends(tmp_path) == ([("get-file", 507)] if kind == "full-disk" else [])


def test_an_object_takes_its_time_on_a_slow_link(tmp_path: Path) -> None:
    sites = [{"name": "far", "latency": "100ms", "link": "1 Mbit/s"}]
    made = scenario(placed(size="1 MB"), task(8, "get-file", file=DROPPER), sites=sites, block={"site": "far"})
    run(made, tmp_path)
    (taken,), (finished,) = told(tmp_path, "central-task-taken"), told(tmp_path, "central-task-finished")
    assert 8_100 <= finished["at_ms"] - taken["at_ms"] < 8_200


def test_an_object_does_not_arrive_where_endpoint_agent_ends_before(tmp_path: Path) -> None:
    sites = [{"name": "far", "link": "100 kbit/s"}]
    off = step(11, "switch-off", **{"for": "5min"})
    timeline = (placed(size="1 MB"), task(8, "get-file", file=DROPPER), off, step(40, "view-central-tasks"))
    run(scenario(*timeline, sites=sites, block={"site": "far"}), tmp_path)
    assert ends(tmp_path) == [("get-file", 2)]
    assert [one["reason"] for one in told(tmp_path, "central-task-viewed")] == ["Endpoint Agent ended meanwhile"]


# --- who does not do them ---------------------------------------------------------------------------------------------


def test_without_a_licence_tasks_are_taken_and_not_run(tmp_path: Path) -> None:
    keys = [{"name": "short", "expires": "5min"}]
    looks = (step(30, "view-central-tasks"), {"at": "50min", "do": "view", "what": "events"})
    timeline = (placed(), task(8, "delete-file", file=DROPPER), *looks)
    run(scenario(*timeline, keys=keys, block={"licence": "short"}), tmp_path)
    assert len(told(tmp_path, "central-task-taken")) == 1
    assert ends(tmp_path) == [("delete-file", 8)]
    assert [one["function"] for one in told(tmp_path, "licence-violation")] == ["delete-file"]
    assert [(one["state"], one["code"]) for one in told(tmp_path, "central-task-viewed")] == [("failed", 8)]
    assert {"licence-violation", "central-task-failed"} <= {one["event"] for one in told(tmp_path, "event-viewed")}


def test_endpoint_agent_for_linux_runs_programs_and_nothing_else(tmp_path: Path) -> None:
    given: Values = {"file": DROPPER}
    timeline = [placed(), *(task(8, kind, **given) for kind in ("run-process", "get-file", "delete-file"))]
    run(scenario(*timeline, step(8, "sweep", indicators="library"), image="linux-server"), tmp_path)
    assert sorted(ends(tmp_path), key=str) == [
        ("delete-file", -1),
        ("get-file", -1),
        ("ioc-scan", None),
        ("run-process", None),
    ]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"kind": "ioc-scan"}, "this is no way to scan; write `do: sweep`"),
        ({"kind": "delete-file"}, "a task of the kind delete-file needs 'file'"),
        ({"kind": "terminate-process", "file": DROPPER, "process": DROPPER}, "has no 'file'"),
        ({"kind": "restore-file", "file": DROPPER}, "'quarantined-by'"),
        ({"kind": "get-file", "file": DROPPER, "arguments": "-v"}, "has no 'arguments'"),
        ({"kind": "get-file", "file": DROPPER, "returns": 1}, "has no 'returns'"),
        ({"kind": "reboot"}, "there is no kind of task 'reboot'"),
    ],
)
def test_a_task_has_what_its_kind_has(fields: Values, cause: str) -> None:
    assert any(cause in mistake for mistake in mistakes(timeline=[step(1, "create-central-task", **fields)]))


# --- the whole --------------------------------------------------------------------------------------------------------


def busy(**sections: Any) -> Scenario:
    timeline = [
        placed(),
        step(2, "start-process", process=DROPPER),
        task(8, "run-process", file=DROPPER),
        task(9, "get-file", file=DROPPER),
        task(10, "terminate-process", process=DROPPER),
        task(11, "delete-file", file=DROPPER),
        step(40, "view-central-tasks"),
    ]
    return scenario(*timeline, image="windows-office", count=12, fleet={"start": "steady"}, **sections)


def test_nothing_depends_on_the_number_of_shards(tmp_path: Path) -> None:
    assert digest(busy(), tmp_path / "1") == digest(busy(), tmp_path / "3", workers=3, buckets=3)
    assert len(facts(tmp_path / "1", "central-task-finished")) == 48


def test_a_traced_device_shows_the_process_of_a_task() -> None:
    trace = Trace(busy(), 0, {})
    started = [line for line in trace.lines() if getattr(line, "event", "").endswith("start-process/synthetic/dropper")]
    assert started


def test_a_repeated_step_publishes_again(tmp_path: Path) -> None:
    again = {**task(8, "delete-file", "cleaner", file=DROPPER), "every": "20min", "until": "40min"}
    run(scenario(placed(), again, step(55, "view-central-tasks")), tmp_path)
    assert [one["state"] for one in told(tmp_path, "central-task-viewed")] == ["completed", "failed"]
