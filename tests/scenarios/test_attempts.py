"""Attempts on devices, as steps: what is told of each, and what the device is like afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.told import Severity
from scenarios.model import Scenario
from scenarios.tracing import Trace
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

MIN = 60_000
ALL = {f"office-{number:05}" for number in range(1, 5)}
SETTINGS: dict[str, Any] = {
    "user-permissions": {"switch": "under-policy", "granted": [{"user": "anna", "service": ["start", "stop"]}]},
    "password-protection": {"switch": "under-policy", "enabled": True, "password": "tide", "confirmation": "tide"},
}


def scenario(*timeline: dict[str, Any], image: str = "windows-office", **sections: Any) -> Scenario:
    block = {"name": "office", "image": image, "count": 4, "group": "Managed devices/HQ"}
    policies = [{"name": "office", "group": "Managed devices/HQ", "settings": SETTINGS}]
    given = {"fleet": {"blocks": [block]}, "policies": policies, "duration": "2h", "timeline": list(timeline)}
    return loaded(**{**given, **sections})


def attempt(minutes: int, operation: str, user: str = "anna", target: Any = "all", **more: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": "attempt", "target": target, "operation": operation, "user": user, **more}


def details(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["detail"]) for row in rows(folder, "facts") if row["kind"] == kind]


def test_what_is_refused_is_told_with_its_reason_and_clause_and_changes_nothing(tmp_path: Path) -> None:
    tries = (attempt(30, "stop-service", "mallory", password="tide"), attempt(31, "stop-service"))
    run(scenario(*tries, attempt(32, "stop-service", password="ebb")), tmp_path)
    told = {(one["reason"], one["clause"]) for one in details(tmp_path, "attempt-refused")}
    assert told == {
        ("no-permission", "KEA-SEC-004"),
        ("password-required", "KEA-SEC-008"),
        ("wrong-password", "KEA-SEC-010"),
    }
    assert facts(tmp_path, "agent-stopped") == facts(tmp_path, "attempt-allowed") == []


def test_what_is_stopped_collects_nothing_until_it_is_started(tmp_path: Path) -> None:
    burst = {"at": "50min", "do": "emit", "target": "all", "type": "file-change", "count": 70}
    stop = attempt(40, "stop-service", password="tide", target="office-00002")
    start = attempt(60, "start-service", target="office-00002")
    run(scenario(stop, burst, start, image="quiet"), tmp_path)
    (stopped,), (started,) = facts(tmp_path, "agent-stopped"), facts(tmp_path, "agent-started")
    assert stopped == (40 * MIN, "office-00002")
    assert started == (60 * MIN, "office-00002")
    lost = {row["device"]: row["central_node_not_collected"] for row in rows(tmp_path, "devices")}
    assert lost == {device: 70 if device == "office-00002" else 0 for device in ALL}


def test_a_process_that_is_ended_where_nothing_defends_it_takes_its_queue_along(tmp_path: Path) -> None:
    policies = [{"name": "office", "group": "Managed devices/HQ"}]
    policies[0] |= {"settings": {"self-defense": {"switch": "under-policy", "enabled": False}}}  # type: ignore[dict-item]
    run(scenario(attempt(40, "end-process", "synthetic/killer"), policies=policies), tmp_path)
    assert {device for _, device in facts(tmp_path, "agent-crashed")} == ALL
    run(scenario(attempt(40, "end-process", "synthetic/killer")), tmp_path / "defended")
    assert facts(tmp_path / "defended", "agent-crashed") == []
    assert {one["clause"] for one in details(tmp_path / "defended", "attempt-refused")} == {"KEA-SEC-022"}


def test_what_a_step_stopped_for_a_time_is_not_stopped_again_nor_started(tmp_path: Path) -> None:
    held = {"at": "20min", "do": "stop-agent", "target": "all", "for": "30min"}
    run(scenario(held, attempt(25, "stop-service", password="tide"), attempt(30, "start-service")), tmp_path)
    assert {at_ms for at_ms, _ in facts(tmp_path, "agent-stopped")} == {20 * MIN}
    assert {at_ms for at_ms, _ in facts(tmp_path, "agent-started")} == {50 * MIN}


def test_what_was_removed_is_not_started(tmp_path: Path) -> None:
    run(scenario(attempt(20, "uninstall", password="tide"), attempt(30, "start-service")), tmp_path)
    assert {device for _, device in facts(tmp_path, "agent-removed")} == ALL
    assert facts(tmp_path, "agent-started") == []


def test_what_a_user_enters_is_the_devices_own_unless_a_policy_locks_it(tmp_path: Path) -> None:
    entered = {"sandbox-integration": {"enabled": False}, "password-protection": {"enabled": False}}
    policies = [{"name": "office", "group": "Managed devices/HQ"}]
    policies[0] |= {"settings": {key: one for key, one in SETTINGS.items() if key == "password-protection"}}  # type: ignore[dict-item]
    run(scenario(attempt(20, "change-settings", settings=entered), policies=policies), tmp_path)
    assert {one["group"] for one in details(tmp_path, "edited")} == {"sandbox-integration"}
    assert {(one["group"], one["policy"]) for one in details(tmp_path, "edit-refused")} == {
        ("password-protection", "office")
    }


def test_a_password_that_its_user_replaces_is_asked_for_from_then_on(tmp_path: Path) -> None:
    first = {"password-protection": {"enabled": True, "password": "tide", "confirmation": "tide"}}
    second = {"password-protection": {"password": "ebb", "confirmation": "ebb"}}
    edit = {"at": "10min", "do": "edit-settings", "target": "all", "settings": first}
    tries = (
        attempt(20, "set-password", password="tide", settings=second),
        attempt(30, "stop-service", password="tide"),
        attempt(31, "stop-service", password="ebb"),
    )
    run(scenario(edit, *tries, policies=[]), tmp_path)
    assert {one["reason"] for one in details(tmp_path, "attempt-refused")} == {"wrong-password"}
    assert {device for _, device in facts(tmp_path, "agent-stopped")} == ALL


def test_the_administration_server_hears_of_what_was_refused_and_of_what_stopped(tmp_path: Path) -> None:
    look = {"at": "90min", "do": "view", "what": "events"}
    tries = (attempt(20, "stop-service", "mallory"), attempt(21, "stop-service", password="tide"))
    run(scenario(*tries, look, {**look, "what": "status"}), tmp_path)
    seen = {(one["event"], one["severity"]) for one in details(tmp_path, "event-viewed")}
    assert seen == {("attempt-refused", Severity.WARNING), ("agent-stopped", Severity.CRITICAL)}
    assert {device for _, device in facts(tmp_path, "event-viewed")} == ALL
    assert {(one["installed"], one["running"]) for one in details(tmp_path, "status-viewed")} == {(True, False)}


MANY = (
    attempt(20, "stop-service", "mallory", target={"pick": 2}),
    attempt(31, "stop-service", password="tide", target={"pick": 3}),
    attempt(33, "alter-file", "synthetic/editor"),
    attempt(55, "start-service", target={"pick": 2}),
)


@pytest.mark.parametrize("layout", [{"workers": 2}, {"buckets": 3}, {"workers": 3, "buckets": 2}])
def test_attempts_come_to_the_same_in_any_layout(layout: dict[str, int], tmp_path: Path) -> None:
    assert digest(scenario(*MANY), tmp_path / "one") == digest(scenario(*MANY), tmp_path / "other", **layout)


def test_the_trace_of_a_device_has_the_books_of_its_run(tmp_path: Path) -> None:
    made = scenario(attempt(10, "stop-service", password="tide"), attempt(25, "start-service"), duration="40min")
    run(made, tmp_path)
    ends = {row["device"]: row for row in rows(tmp_path, "devices")}["office-00003"]
    trace = Trace(made, 2, {})
    list(trace.lines())
    terms = trace.terms["central-node"]
    assert terms["not_collected"] == ends["central_node_not_collected"] > 0
    assert terms["generated"] == ends["central_node_generated"]
    assert terms["acknowledged"] == ends["central_node_acknowledged"]


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        (attempt(1, "stop-servise"), "stop-servise"),
        (attempt(1, "stop-service", through="wizard"), "stop-service cannot be tried by wizard"),
        (attempt(1, "stop-service", settings={"ksn": {}}), "nothing is entered with stop-service"),
        (attempt(1, "change-settings"), "change-settings enters nothing"),
        (attempt(1, "set-password", settings={"ksn": {}}), "the operation does not enter the group 'ksn'"),
        (attempt(1, "change-settings", settings={"user-permissions": {}}), "does not enter the group"),
        (attempt(1, "change-settings", settings={"kzn": {}}), "unknown settings group 'kzn'"),
        (attempt(1, "stop-service", password=""), "the text is empty"),
    ],
)
def test_an_attempt_that_cannot_be_is_a_mistake(step: dict[str, Any], cause: str) -> None:
    (told,) = mistakes(timeline=[step])
    assert cause in told
    assert "timeline.0" in told
