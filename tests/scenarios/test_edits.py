"""Local edits, moves and conditions of a scenario: what devices follow then, and who is told of it."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.model import Scenario
from scenarios.problems import ScenarioErrors
from scenarios.staging import Stage
from scenarios.tracing import Trace
from tests.scenarios.made import loaded
from tests.scenarios.running import digest, facts, rows, run

MIN = 60_000
FLEET: dict[str, Any] = {
    "blocks": [
        {"name": "office", "image": "quiet", "count": 4, "group": "Managed devices/HQ"},
        {"name": "lab", "image": "quiet", "count": 2, "group": "Managed devices/Lab"},
    ]
}
POLICIES: list[dict[str, Any]] = [
    {
        "name": "office",
        "group": "Managed devices/HQ",
        "settings": {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 500}},
    },
    {"name": "spare", "group": "Managed devices/Lab", "status": "inactive"},
    {
        "name": "travel",
        "group": "Managed devices/HQ",
        "status": "out-of-office",
        "settings": {"data-submission": {"switch": "under-policy", "max-events-per-package": 9}},
    },
]
THROTTLING = {"request-throttling": {"max-events-per-hour": 77}}


def scenario(*timeline: dict[str, Any], **sections: Any) -> Scenario:
    return loaded(**{"fleet": FLEET, "policies": POLICIES, "duration": "2h", "timeline": list(timeline), **sections})


def edit(minutes: int, target: Any, settings: dict[str, Any]) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": "edit-settings", "target": target, "settings": settings}


def details(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["detail"]) for row in rows(folder, "facts") if row["kind"] == kind]


def test_an_edit_is_refused_by_an_active_policy_that_locks_the_group_and_else_made(tmp_path: Path) -> None:
    """KEA-POL-033 to KEA-POL-036: the lab has a policy that is not active."""
    run(scenario(edit(30, "all", THROTTLING)), tmp_path)
    assert {device for _, device in facts(tmp_path, "edit-refused")} == {f"office-{n:05}" for n in range(1, 5)}
    assert {device for _, device in facts(tmp_path, "edited")} == {"lab-00001", "lab-00002"}
    refused = {"group": "request-throttling", "policy": "office", "reason": "under-policy"}
    assert details(tmp_path, "edit-refused") == [refused] * 4
    assert all(30 * MIN <= at_ms < 31 * MIN for at_ms, _ in facts(tmp_path, "edited"))


def test_an_edit_where_endpoint_agent_does_not_run_comes_to_nothing(tmp_path: Path) -> None:
    stop = {"at": "20min", "do": "stop-agent", "target": {"block": "lab"}, "for": "20min"}
    run(scenario(stop, edit(30, {"block": "lab"}, THROTTLING)), tmp_path)
    assert facts(tmp_path, "edited") == []
    assert {one["reason"] for one in details(tmp_path, "edit-refused")} == {"not-running"}


def test_what_a_device_follows_is_known_at_any_moment_with_where_it_comes_from() -> None:
    leave = {"at": "60min", "do": "leave-network", "target": {"block": "office"}, "for": "30min"}
    stage = Stage(scenario(edit(30, "all", THROTTLING), leave))
    office, lab = partial(stage.followed, 0), partial(stage.followed, 4)
    assert str(office(31 * MIN).origin("request-throttling")) == "policy 'office'"
    assert office(31 * MIN).settings.request_throttling.max_events_per_hour == 500
    assert str(office(61 * MIN).origin("data-submission")) == "policy 'travel'"
    assert office(91 * MIN) == office(None)
    assert str(lab(29 * MIN).origin("request-throttling")) == "default"
    assert str(lab(30 * MIN).origin("request-throttling")) == "local"
    assert lab(30 * MIN).settings.request_throttling.max_events_per_hour == 77


def test_a_device_that_is_moved_hears_of_the_policies_of_its_new_group(tmp_path: Path) -> None:
    move = {"at": "30min", "do": "move-devices", "target": {"block": "lab"}, "group": "Managed devices/HQ"}
    made = scenario(move)
    run(made, tmp_path)
    assert {at_ms for at_ms, _ in facts(tmp_path, "moved")} == {30 * MIN}
    assert details(tmp_path, "moved") == [{"group": "Managed devices/HQ"}] * 2
    applied = facts(tmp_path, "policy-applied")
    assert {device for _, device in applied} == {"lab-00001", "lab-00002"}
    assert details(tmp_path, "policy-applied") == [{"policy": "office"}] * 2
    assert Trace(made, 4, {}).settings(31 * MIN).settings.request_throttling.max_events_per_hour == 500


def test_a_device_that_is_switched_off_has_no_life_and_hears_nothing(tmp_path: Path) -> None:
    off = {"at": "20min", "do": "switch-off", "target": "office-00001", "for": "50min"}
    change = {"at": "30min", "do": "change-policy", "policy": "office", "settings": THROTTLING}
    emit = {"at": "40min", "do": "emit", "target": {"block": "office"}, "type": "file-change", "count": 5}
    run(scenario(off, change, emit), tmp_path)
    applied = {device: at_ms for at_ms, device in facts(tmp_path, "policy-applied")}
    assert applied["office-00001"] >= 70 * MIN
    assert max(at_ms for device, at_ms in applied.items() if device != "office-00001") < 46 * MIN
    ends = {row["device"]: row for row in rows(tmp_path, "devices")}
    assert ends["office-00001"]["central_node_suppressed"] == 5
    assert ends["office-00002"]["central_node_suppressed"] == 0
    assert {at_ms // MIN for kind in ("switched-off", "switched-on") for at_ms, _ in facts(tmp_path, kind)} == {20, 70}


@pytest.mark.parametrize("layout", [{"workers": 2}, {"buckets": 3}, {"workers": 3, "buckets": 2}])
def test_edits_moves_and_conditions_are_the_same_in_any_layout(layout: dict[str, int], tmp_path: Path) -> None:
    made = scenario(
        edit(30, "all", THROTTLING),
        {"at": "35min", "do": "leave-network", "target": {"pick": 3}, "for": "40min"},
        {"at": "40min", "do": "move-devices", "target": {"block": "lab"}, "group": "Managed devices/HQ"},
        {"at": "70min", "do": "switch-off", "target": {"pick": 2}},
        edit(80, "all", {"data-submission": {"events-transmission-period": "45s"}}),
    )
    assert digest(made, tmp_path / "one") == digest(made, tmp_path / "other", **layout)


def test_the_trace_of_a_device_has_the_books_of_its_run(tmp_path: Path) -> None:
    fleet = {"blocks": [{"name": "office", "image": "windows-office", "count": 2, "group": "Managed devices/HQ"}]}
    made = scenario(
        edit(10, "all", {"excluded-processes": {"use-exclusions": False}}),
        {"at": "15min", "do": "leave-network", "target": "all", "for": "10min"},
        {"at": "30min", "do": "switch-off", "target": "office-00001", "for": "5min"},
        edit(20, "all", {"request-throttling": {"max-events-per-hour": 20}}),
        fleet=fleet,
        policies=[one for one in POLICIES if one["group"] == "Managed devices/HQ"],
        duration="40min",
    )
    run(made, tmp_path)
    ends = {row["device"]: row for row in rows(tmp_path, "devices")}["office-00001"]
    trace = Trace(made, 0, {})
    list(trace.lines())
    terms = trace.terms["central-node"]
    assert terms["suppressed"] == ends["central_node_suppressed"] > 0
    assert terms["throttled"] == ends["central_node_throttled"]
    assert terms["generated"] == ends["central_node_generated"]


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({}, "nothing is edited"),
        ({"request-throtling": {}}, "unknown settings group 'request-throtling'"),
        ({"request-throttling": {"switch": "under-policy"}}, "unknown setting 'switch'"),
        ({"request-throttling": {"max-events-per-hour": -1}}, "max-events-per-hour"),
        ({"kata-integration": {"servers": ["elsewhere.example.com:443"]}}, "has the address"),
    ],
)
def test_an_edit_that_is_none_is_a_mistake_with_its_place(settings: dict[str, Any], cause: str) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        scenario(edit(30, "all", settings))
    (error,) = refused.value.errors
    assert cause in str(error)
    assert "timeline.0.settings" in str(error)


def test_a_group_of_the_device_alone_can_be_edited() -> None:
    stage = Stage(scenario(edit(30, "lab-00001", {"failure-diagnosis": {"write-dumps": True}})))
    assert np.array_equal(stage.world.edits[0].devices, [4])
    assert stage.followed(4, 31 * MIN).settings.failure_diagnosis.write_dumps
