"""Kaspersky Sandbox as steps of a scenario: who is asked, what is detected, and what is done about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

FIRST, SECOND = "first.sandbox.example", "second.sandbox.example"
SANDBOX = {"nodes": [FIRST, SECOND], "detects": ["synthetic/dropper"], "analysis": "2min"}
HQ, LAB = "Managed devices/HQ", "Managed devices/Lab"
MIN, DAY = 60_000, 86_400_000


def scenario(
    *timeline: dict[str, Any],
    link: dict[str, Any] | None = None,
    respond: dict[str, Any] | None = None,
    **sections: Any,
) -> Scenario:
    blocks = [
        {"name": "pc", "image": "windows-office", "count": 3, "group": HQ},
        {"name": "lab", "image": "windows-office", "count": 2, "group": LAB},
    ]
    placed = {"at": "5min", "do": "place-file", "target": "all", "file": "synthetic/dropper"}
    servers = {"servers": [f"{FIRST}:443", f"{SECOND}:443"]}
    groups = {
        "sandbox-integration": {"switch": "under-policy", "enabled": True, **servers, **(link or {})},
        "threat-response": {"switch": "under-policy", **(respond or {})},
    }
    given = {
        "fleet": {"integrate": {"central-node": False}, "blocks": blocks},
        "policies": [{"name": "all", "settings": groups}],
        "services": {"sandbox": SANDBOX},
        "duration": "4h",
        "timeline": [placed, *timeline],
    }
    return loaded(**{**given, **sections})


def start(minutes: int, target: Any = "pc-00001", process: str = "synthetic/dropper") -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": "start-process", "target": target, "process": process}


def fault(minutes: int, server: str, kind: str = "outage", **more: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "fault": {"server": server, "kind": kind, **more}}


def details(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["detail"]) for row in rows(folder, "facts") if row["kind"] == kind]


def test_a_program_is_examined_and_the_verdict_comes_after_the_analysis(tmp_path: Path) -> None:
    run(scenario(start(60), start(60, "pc-00002", "synthetic/tool")), tmp_path)
    assert [at_ms for at_ms, _ in facts(tmp_path, "sandbox-submitted")] == [60 * MIN] * 2
    assert sorted(facts(tmp_path, "sandbox-verdict")) == [(62 * MIN, "pc-00001"), (62 * MIN, "pc-00002")]
    assert facts(tmp_path, "sandbox-detection") == [(62 * MIN, "pc-00001")]
    assert not facts(tmp_path, "quarantined")


def test_what_is_known_is_not_sent_again_and_still_responded_to(tmp_path: Path) -> None:
    run(scenario(start(60), start(90), respond={"notify-user": True}), tmp_path)
    assert len(facts(tmp_path, "sandbox-submitted")) == 1
    assert len(facts(tmp_path, "user-notified")) == 2


@pytest.mark.parametrize(
    ("faults", "asked"),
    [
        ([], FIRST),
        ([fault(50, FIRST)], SECOND),
        ([fault(50, FIRST, "slow-answer", latency="2s")], SECOND),
        ([fault(50, FIRST, "slow-answer", latency="300ms")], FIRST),
        ([fault(50, FIRST, "status", code=503)], SECOND),
    ],
)
def test_the_servers_are_tried_in_the_order_of_the_list(
    faults: list[dict[str, Any]], asked: str, tmp_path: Path
) -> None:
    run(scenario(*faults, start(60)), tmp_path)
    assert {one["server"] for one in details(tmp_path, "sandbox-submitted")} == {asked}


def test_what_no_server_takes_waits_and_is_sent_when_one_is_back(tmp_path: Path) -> None:
    both = [fault(50, server, **{"for": "30min"}) for server in (FIRST, SECOND)]
    run(scenario(*both, start(60)), tmp_path)
    ((at_ms, device),) = facts(tmp_path, "sandbox-submitted")
    assert (at_ms, device) == (80 * MIN, "pc-00001")


def test_what_the_queue_has_no_room_for_is_told_of_and_not_sent(tmp_path: Path) -> None:
    both = [fault(50, server, **{"for": "30min"}) for server in (FIRST, SECOND)]
    many = [start(60 + number, process=f"synthetic/p{number}") for number in range(8)]
    run(scenario(*both, *many, link={"request-queue": "1MB"}), tmp_path)
    full, sent = len(facts(tmp_path, "sandbox-queue-full")), len(facts(tmp_path, "sandbox-submitted"))
    assert full > 0
    assert sent > 0
    assert full + sent == 8


def test_switched_off_nothing_is_sent(tmp_path: Path) -> None:
    run(scenario(start(60), link={"enabled": False}), tmp_path)
    assert not facts(tmp_path, "sandbox-submitted")


def test_switching_it_off_lets_go_of_what_waits(tmp_path: Path) -> None:
    both = [fault(50, server, **{"for": "2h"}) for server in (FIRST, SECOND)]
    off = {"switch": "under-policy", "enabled": False}
    change = {"do": "change-policy", "policy": "all"}
    steps = [
        {"at": "70min", **change, "settings": {"sandbox-integration": off}},
        {"at": "180min", **change, "settings": {"sandbox-integration": {**off, "enabled": True}}},
    ]
    run(scenario(*both, start(60), *steps), tmp_path)
    assert not facts(tmp_path, "sandbox-submitted")


@pytest.mark.parametrize(("by_proxy", "via"), [(False, "direct"), (True, "proxy")])
def test_the_general_proxy_is_used_where_the_option_says_so(by_proxy: bool, via: str, tmp_path: Path) -> None:
    address = {"address": "proxy.seatrial.example:8080"}
    own = {"mode": "specified", "host": "proxy.seatrial.example", "switch": "under-policy"}
    proxied = scenario(
        start(60),
        {"at": "10min", "do": "change-policy", "policy": "all", "settings": {"proxy": own}},
        link={"connect-using-general-proxy": by_proxy},
        services={"sandbox": SANDBOX, "proxy": address},
    )
    run(proxied, tmp_path)
    assert {one["via"] for one in details(tmp_path, "sandbox-submitted")} == {via}


def test_each_response_on_the_device_is_one_of_its_own(tmp_path: Path) -> None:
    every = {"quarantine-and-delete": True, "notify-user": True, "scan-critical-areas": True}
    protection = {"at": "10min", "do": "install-protection", "target": "pc-00002", "version": "12.1"}
    run(scenario(protection, start(60, {"block": "pc"}), respond=every), tmp_path)
    pcs = {"pc-00001", "pc-00002", "pc-00003"}
    assert {device for _, device in facts(tmp_path, "quarantined")} == pcs
    assert {device for _, device in facts(tmp_path, "user-notified")} == pcs
    assert {device for _, device in facts(tmp_path, "critical-areas-scanned")} == {"pc-00002"}
    assert {device for _, device in facts(tmp_path, "critical-areas-not-scanned")} == pcs - {"pc-00002"}


def test_the_group_of_the_device_is_searched_and_no_other_by_one_task(tmp_path: Path) -> None:
    respond = {"scan-group": True, "scan-start": "at-once"}
    made = scenario(start(60, {"block": "pc"}), respond=respond)
    run(made, tmp_path)
    assert {device for _, device in facts(tmp_path, "ioc-match")} == {"pc-00001", "pc-00002", "pc-00003"}
    assert len(details(tmp_path, "autonomous-task-created")) == 1


def test_the_task_is_taken_away_in_time(tmp_path: Path) -> None:
    respond = {"scan-group": True, "scan-start": "at-once"}
    run(scenario(start(60), respond=respond, duration="8d"), tmp_path)
    ((created, _),) = facts(tmp_path, "autonomous-task-created")
    ((deleted, _),) = facts(tmp_path, "autonomous-task-deleted")
    assert deleted == created + 7 * DAY
    assert len(facts(tmp_path, "task-withdrawn")) == 3


def test_an_operator_can_have_a_group_searched(tmp_path: Path) -> None:
    search = {"at": "1h", "do": "scan-for-object", "file": "synthetic/dropper", "group": LAB, "start": "at-once"}
    run(scenario(search), tmp_path)
    assert {device for _, device in facts(tmp_path, "ioc-match")} == {"lab-00001", "lab-00002"}


def test_the_digest_is_the_same_with_two_workers(tmp_path: Path) -> None:
    respond = {"scan-group": True, "scan-start": "at-once", "quarantine-and-delete": True}
    made = scenario(start(60, {"block": "pc"}), respond=respond)
    assert digest(made, tmp_path / "one") == digest(made, tmp_path / "two", workers=2)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"file": None}, "it is for no object"),
        ({"group": None}, "it is for no group"),
        ({"window-from": 9, "window-until": 9}, "ends before it begins"),
    ],
)
def test_a_search_says_what_and_where(change: dict[str, Any], cause: str) -> None:
    step = {"at": "1h", "do": "scan-for-object", "file": "synthetic/a", "group": "Managed devices", **change}
    found = mistakes(timeline=[{name: value for name, value in step.items() if value is not None}])
    assert any(cause in line for line in found)
