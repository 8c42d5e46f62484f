"""`seatrial trace`: one device of a run once more, with the other agent: its books are those of the run."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.tables import TERMS
from scenarios.tracing import WAITING
from seatrial import ExitCode
from tests.commandline import RIGHT, Command, own, trial
from tests.scenarios.running import rows

GROUP = "Managed devices/HQ"
FLEET: dict[str, Any] = {"blocks": [{"name": "office", "image": "windows-office", "count": 5, "group": GROUP}]}
POLICIES: list[dict[str, Any]] = [
    {
        "name": "office",
        "group": GROUP,
        "settings": {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 200}},
    }
]
TIMELINE: list[dict[str, Any]] = [
    {"name": "cut", "at": "5min", "do": "unplug", "target": "office-00002", "for": "6min"},
    {"name": "down", "at": "20min", "fault": {"server": "telemetry", "kind": "outage", "for": "10min"}},
    {"name": "burst", "at": "24min", "do": "emit", "target": "all", "type": "system-event", "count": 300},
    {"name": "crash", "at": "26min", "do": "crash-agent", "target": "office-00003", "for": "2min"},
    {
        "name": "tighter",
        "at": "31min",
        "do": "change-policy",
        "policy": "office",
        "settings": {"request-throttling": {"max-events-per-hour": 20}},
    },
    {"name": "lost", "at": "50min", "fault": {"server": "telemetry", "kind": "lost-acknowledgement", "for": "2min"}},
]
WHOLE: dict[str, Any] = {"duration": "70min", "fleet": FLEET, "policies": POLICIES, "timeline": TIMELINE, **RIGHT}
WHEN: list[dict[str, Any]] = [
    {"name": "seen", "when": {"fact": "off-line"}, "do": "isolate", "target": "office-00001", "for": "9min"},
    {"name": "then", "after": "seen.end", "do": "deactivate-policy", "policy": "office"},
    {
        "name": "and broken",
        "after": "seen",
        "delay": "2min",
        "fault": {"server": "telemetry", "kind": "status", "code": 503, "share": "50 %", "for": "4min"},
    },
]


def traced(command: Command, device: str, *arguments: object) -> dict[str, Any]:
    done = command("trace", "out", "--device", device, "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    document: dict[str, Any] = json.loads(done.out)
    return document


def expected(device: str) -> dict[str, int]:
    """The books of a device as the run has them."""
    (row,) = [row for row in rows(Path("out"), "devices") if row["device"] == device]
    terms = {term: row[f"central_node_{term}"] for term in (*TERMS, "suppressed")}
    waiting = terms.pop("queued") + terms.pop("unanswered")
    return {**terms, WAITING: waiting}


@pytest.mark.parametrize(
    "timeline", [TIMELINE, [TIMELINE[0], *WHEN, *TIMELINE[1:]]], ids=["with times", "with reactions"]
)
def test_the_totals_are_those_of_the_run(timeline: list[dict[str, Any]], command: Command) -> None:
    assert command("run", trial(**{**WHOLE, "timeline": timeline}), "--report", "none").code == ExitCode.OK
    for number in range(1, 6):
        device = f"office-{number:05}"
        told = traced(command, device)
        assert told["terms"] == {"central-node": expected(device)}
        assert told["differences"] == []
        assert expected(device)["throttled"] > 0
    assert expected("office-00003")["crashed"] > 0
    assert (expected("office-00001")["suppressed"] > 0) is (timeline is not TIMELINE)


RESPONSE: list[dict[str, Any]] = [
    {
        "at": "2min",
        "do": "set-prevention",
        "target": "all",
        "mode": "active",
        "rules": [{"name": "x", "path": "C:\\x"}],
    },
    {"at": "10min", "do": "isolate-on-demand", "target": {"any": ["office-00001", "office-00002"]}},
    {"at": "20min", "do": "detect-threat", "target": "office-00003"},
    {"at": "20min", "do": "central-node-isolate", "target": "office-00004", "for": "1h"},
    {"at": "25min", "do": "start-process", "target": "all", "process": "C:\\x", "count": 5},
    {"at": "26min", "do": "start-process", "target": "all", "process": "C:\\y", "count": 7},
    {"at": "40min", "do": "end-isolation", "target": "office-00002"},
]


def test_what_devices_decide_themselves_is_decided_again(command: Command) -> None:
    automatic = {"network-isolation": {"switch": "under-policy", "enabled": True}}
    policies = [{**POLICIES[0], "settings": {**POLICIES[0]["settings"], **automatic}}]
    command("run", trial(**{**WHOLE, "timeline": RESPONSE, "policies": policies}), "--report", "none")
    for number in range(1, 6):
        device = f"office-{number:05}"
        told = traced(command, device)
        assert told["terms"] == {"central-node": expected(device)}
        assert told["differences"] == []
        assert (expected(device)["suppressed"] > 0) is (number < 5)
        started = [event for event in told["events"] if event["event"].startswith("scenario/")]
        assert {(event["type"], event["count"]) for event in started} == {("prevention", 5), ("process-start", 7)}


def test_the_events_requests_settings_and_facts_are_told(command: Command) -> None:
    command("run", trial(**WHOLE), "--report", "none")
    told = traced(command, "office-00001")
    stages = {event["stage"] for event in told["events"]}
    assert {"collected", "throttled", "queued", "sent", "acknowledged"} <= stages
    acknowledged = sum(event["count"] for event in told["events"] if event["stage"] == "acknowledged")
    assert acknowledged == told["terms"]["central-node"]["acknowledged"]
    assert {request["outcome"] for request in told["requests"]} == {"ok", "timed-out"}
    assert {(request["target"], request["kind"]) for request in told["requests"]} == {
        ("central-node", "send"),
        ("central-node", "synchronise"),
        ("administration", "synchronise"),
    }
    before, after = told["settings"]
    for settings, cap in ((before, 200), (after, 20)):
        assert settings["groups"]["request-throttling"] == "policy 'office'"
        assert settings["groups"]["kata-integration"] == "local"
        assert settings["groups"]["data-submission"] == "default"
        assert settings["values"]["request-throttling"]["max_events_per_hour"] == cap
    assert after["at_ms"] > 31 * 60_000
    assert "policy-applied" in {fact["kind"] for fact in told["facts"]}


def test_a_span_is_cut_out_and_the_totals_stay(command: Command) -> None:
    command("run", trial(**WHOLE), "--report", "none")
    told = traced(command, "office-00001", "--from", "24min", "--until", "25min")
    moments = {line["at_ms"] for line in [*told["events"], *told["requests"]]}
    assert moments
    assert all(1_440_000 <= at_ms < 1_500_000 for at_ms in moments)
    assert {event["count"] for event in told["events"] if event["event"].startswith("scenario/")} == {300}
    assert told["terms"] == {"central-node": expected("office-00001")}


def test_the_text_fits_80_columns(command: Command) -> None:
    command("run", trial(**WHOLE), "--report", "none")
    done = command("trace", "out", "--device", "office-00001")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    for word in ("settings", "facts of the run", "policy 'office'", "acknowledged", "timed-out", "x300"):
        assert word in done.out
    assert "differs" not in done.out


def test_what_the_scenario_was_given_is_given_again(command: Command) -> None:
    path = trial(**{**WHOLE, "params": {"many": {"default": 10}}, "name": "given"})
    path.write_text(path.read_text().replace("count: 300", "count: ${many}"))
    assert command("run", path, "--set", "many=77", "--seed", 9, "--devices", 3, "--report", "none").code == 0
    told = traced(command, "office-00003")
    assert told["terms"] == {"central-node": expected("office-00003")}
    assert 77 in {event["count"] for event in told["events"]}


def test_a_scenario_that_has_changed_is_refused(command: Command) -> None:
    path = trial(**WHOLE)
    command("run", path, "--report", "none")
    path.write_text("# a remark changes nothing\n" + path.read_text())
    assert command("trace", "out", "--device", "office-00001").code == ExitCode.OK
    path.write_text(path.read_text().replace("count: 300", "count: 301"))
    done = command("trace", "out", "--device", "office-00001")
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert "is not what it was in this run" in done.err
    path.unlink()
    done = command("trace", "out", "--device", "office-00001")
    assert done.code == ExitCode.USER
    assert "cannot be loaded again" in done.err


def test_a_device_that_is_not_there_is_told(command: Command) -> None:
    command("run", trial(**WHOLE), "--report", "none")
    done = command("trace", "out", "--device", "office-0001")
    assert done.code == ExitCode.USER
    assert "did you mean 'office-00001'?" in done.err


def test_a_run_against_a_server_of_ones_own_is_refused(command: Command) -> None:
    command("run", trial(), "--backend", own("Server"), "--report", "none")
    done = command("trace", "out", "--device", "office-00001")
    assert done.code == ExitCode.USER
    assert "what it answered is not kept" in done.err


def test_where_the_replay_differs_it_says_so(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.plain.device.MERGE_SLOTS", ())
    monkeypatch.setattr("emulator.plain.device.Device._is_repeated", lambda *_: True)
    command("run", trial(**WHOLE), "--report", "none")
    assert "differs from the run: central-node: " in command("trace", "out", "--device", "office-00001").out


def test_secrets_are_not_kept_with_the_arguments(command: Command) -> None:
    command("run", trial(), "--set", "servers.telemetry.options.token=hunter2", "--report", "none")
    folder = Path("out/run.json")
    assert not folder.exists() or "hunter2" not in folder.read_text()


def test_passwords_among_the_settings_are_not_shown(command: Command) -> None:
    password = {
        "switch": "under-policy",
        "enabled": True,
        "password": "Hunter2-hunter2",
        "confirmation": "Hunter2-hunter2",
    }
    policies = [{"name": "guarded", "group": GROUP, "settings": {"password-protection": password}}]
    command("run", trial(**{**WHOLE, "policies": policies, "timeline": []}), "--report", "none")
    document = traced(command, "office-00001")
    assert document["settings"][0]["values"]["password-protection"]["enabled"] is True
    assert "Hunter2" not in json.dumps(document)


def test_a_device_that_distrusts_its_server_is_traced_as_it_was(command: Command) -> None:
    server = "telemetry.seatrial.example:443"
    link = {"switch": "under-policy", "enabled": True, "servers": [server]}
    pinned = {**link, "use-pinned-certificate": True, "server-certificate": "synthetic/telemetry"}
    policies = [{"name": "pinned", "group": GROUP, "settings": {"kata-integration": pinned}}]
    renewed = {"at": "20min", "do": "present-certificate", "server": "telemetry", "certificate": "synthetic/other"}
    back = {**renewed, "at": "50min", "certificate": "synthetic/telemetry"}
    command("run", trial(**{**WHOLE, "policies": policies, "timeline": [renewed, back]}), "--report", "none")
    document = traced(command, "office-00001")
    assert "certificate-refused" in {request["outcome"] for request in document["requests"]}
    assert {request["server"] for request in document["requests"]} == {"administration", server}
    assert document["terms"]["central-node"] == expected("office-00001")
