"""`seatrial check`: what a scenario comes to, its warnings, its cost; nothing runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.preview import BYTES_PER_DEVICE, BYTES_PER_DEVICE_HOUR, DEVICE_HOURS_PER_CPU_S
from seatrial import ExitCode
from tests.commandline import FEW, RIGHT, ROOT, Command, trial
from tests.scenarios.made import loaded
from tests.scenarios.running import manifest, run

OFFICE = "Managed devices/HQ"
UNAPPLIED: dict[str, Any] = {
    "policies": [{"name": "office", "group": OFFICE, "settings": {"data-submission": {"max-events-per-package": 7}}}]
}
LATE: dict[str, Any] = {"timeline": [{"at": "11min", "do": "unplug", "target": "all"}]}
UNUSED: dict[str, Any] = {"params": {"cap": {"default": 5}}}
VAIN: dict[str, Any] = {"expect": [{"name": "vain", "total": "telemetry.generated", "is": ">= 0"}]}
FAST: dict[str, Any] = {"data-submission": {"switch": "under-policy", "events-transmission-period": "5s"}}
EARLY: dict[str, Any] = {
    "policies": [{"name": "office", "group": OFFICE, "settings": FAST}],
    "timeline": [
        {
            "name": "first",
            "at": "0s",
            "every": "2min",
            "do": "emit",
            "target": "all",
            "type": "file-change",
            "count": 1,
        },
        {"name": "second", "at": "30s", "do": "emit", "target": "all", "type": "file-change", "count": 1},
    ],
}
WARNED: list[tuple[dict[str, Any], str]] = [
    (UNAPPLIED | RIGHT, "are stored and not applied (KEA-POL-024)"),
    (LATE | RIGHT, "not before the end of the run"),
    (UNUSED | RIGHT, "the parameter 'cap'"),
    (VAIN, "the expectation 'vain' cannot fail"),
    (EARLY | RIGHT, "of 6 devices of 'first' never have these events; their first tick comes later"),
    ({}, "nothing is expected, so that no run of it passes"),
]


def told(command: Command, *arguments: object) -> dict[str, Any]:
    done = command("check", *arguments, "--format", "json")
    assert (done.code, done.err) == (0, "")
    document: dict[str, Any] = json.loads(done.out)
    return document


def test_everything_is_resolved_and_nothing_runs(command: Command) -> None:
    timeline = [
        {"name": "down", "at": "2min", "fault": {"server": "telemetry", "kind": "outage", "for": "1min"}},
        {"name": "pulse", "every": "2min", "do": "emit", "target": {"pick": 2}, "type": "file-change", "count": 1},
        {"name": "seen", "when": {"fact": "off-line"}, "do": "isolate", "target": "all", "for": "1min"},
    ]
    policies = [
        {"name": "floor", "group": OFFICE, "settings": {}},
        {"name": "spare", "group": OFFICE, "status": "inactive", "settings": {}},
    ]
    (one,) = told(command, trial(timeline=timeline, policies=policies, **RIGHT))["scenarios"]
    assert (one["scenario"], one["devices"], one["duration_ms"]) == ("trial", 6, 600_000)
    assert (one["images"], one["groups"]) == ({"windows-office": 6}, {OFFICE: 6})
    assert [(each["port"], each["backend"]) for each in one["servers"]] == [
        ("administration", "fake"),
        ("telemetry", "fake"),
        ("kics", "fake"),
    ]
    assert [(each["name"], each["status"], each["devices"]) for each in one["policies"]] == [
        ("floor", "active", 6),
        ("spare", "inactive", 0),
    ]
    assert [
        (each["name"], each["action"], each["at_ms"], each["end_ms"], each["times"], each["last_ms"], each["devices"])
        for each in one["steps"]
    ] == [("down", "outage", 120_000, 180_000, 1, 120_000, None), ("pulse", "emit", 120_000, None, 4, 480_000, 2)]
    assert [(each["name"], each["fact"], each["devices"]) for each in one["reactions"]] == [("seen", "off-line", 6)]
    assert [each["expected"] for each in one["expectations"]] == ["telemetry.generated: > 0"]
    assert one["warnings"] == []
    assert sorted(path.name for path in Path().iterdir()) == ["trial.yaml"]


def test_the_cost_is_devices_times_hours(command: Command) -> None:
    (one,) = told(command, trial(duration="12h"), "--devices", 600_000)["scenarios"]
    slow, fast = DEVICE_HOURS_PER_CPU_S
    assert one["estimate"] == {
        "device_hours": 7_200_000,
        "cpu_s_min": round(7_200_000 / fast, 2),
        "cpu_s_max": round(7_200_000 / slow, 2),
        "memory_bytes": 600_000 * BYTES_PER_DEVICE,
        "memory_bytes_max": 600_000 * BYTES_PER_DEVICE,
    }


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": kind, "at": "1h", "fault": {"server": "telemetry", "kind": kind, **more}}


UNPLUG: dict[str, Any] = {"name": "cut", "at": "1h", "do": "unplug", "target": {"pick": 2}, "for": "3h"}


@pytest.mark.parametrize(
    ("timeline", "hours"),
    [
        ([fault("outage", **{"for": "2h"})], 6 * 2),
        ([fault("status", code=503)], 6 * 11),  # to the end of the run
        ([UNPLUG], 2 * 3),
        ([UNPLUG, fault("outage", **{"for": "2h"})], 2 * 3 + 6 * 2),
        ([fault("outage"), fault("refused-connection")], 6 * 12),  # no longer than the run
        ([fault("slow-answer", latency="1s")], 0),
    ],
)
def test_what_may_wait_on_devices_is_in_the_largest_memory(
    timeline: list[dict[str, Any]], hours: int, command: Command
) -> None:
    (one,) = told(command, trial(duration="12h", timeline=timeline))["scenarios"]
    cost = one["estimate"]
    assert cost["memory_bytes_max"] - cost["memory_bytes"] == hours * BYTES_PER_DEVICE_HOUR


def test_the_measured_figures_are_those_of_the_benchmark() -> None:
    kept = (ROOT / "benchmarks" / "results" / "2026-11-25.md").read_text(encoding="utf-8")
    for figure in (*DEVICE_HOURS_PER_CPU_S, 24 * BYTES_PER_DEVICE_HOUR + BYTES_PER_DEVICE + 14):
        assert f"{figure:,}" in kept
    assert f"{BYTES_PER_DEVICE} B" in kept


@pytest.mark.parametrize(("sections", "warning"), WARNED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_newcomers_trip_over_is_warned_of(sections: dict[str, Any], warning: str, command: Command) -> None:
    (one,) = told(command, trial(**sections))["scenarios"]
    (only,) = one["warnings"]
    assert warning in only
    assert only.startswith("trial.yaml:")


@pytest.mark.parametrize("sections", [sections for sections, _ in WARNED], ids=[warning for _, warning in WARNED])
def test_where_it_is_strict_a_warning_is_a_mistake(sections: dict[str, Any], command: Command) -> None:
    strict = command("check", trial(**sections), "--strict")
    assert strict.code == ExitCode.USER
    assert strict.err.startswith("trial.yaml:")
    assert len(strict.err.splitlines()) == 1
    assert command("check", "trial.yaml").code == ExitCode.OK


def test_a_step_that_has_to_happen_in_time_is_something_to_judge(command: Command) -> None:
    timeline: list[dict[str, Any]] = [
        {"at": "1min", "do": "unplug", "target": "all"},
        {
            "name": "seen",
            "when": {"fact": "off-line"},
            "within": "5min",
            "do": "isolate",
            "target": "all",
            "for": "1min",
        },
    ]
    assert told(command, trial(timeline=timeline))["scenarios"][0]["warnings"] == []
    del timeline[1]["within"]
    assert len(told(command, trial(timeline=timeline))["scenarios"][0]["warnings"]) == 1


@pytest.mark.parametrize(
    ("period", "at", "start", "warned"),
    [
        (5, "0s", "steady", True),
        (5, "24s", "steady", True),
        (5, "25s", "steady", False),
        (30, "0s", "steady", False),
        (60, "0s", "steady", False),
        (45, "0s", "steady", True),
        (5, "0s", "cold", False),
    ],
)
def test_events_before_the_first_tick_of_a_device_are_warned_of_where_there_are_some(
    period: int, at: str, start: str, warned: bool
) -> None:
    submission = {"switch": "under-policy", "events-transmission-period": f"{period}s"}
    scenario = loaded(
        policies=[{"name": "office", "group": OFFICE, "settings": {"data-submission": submission}}],
        fleet={**FEW, "start": start, "devices": 2000},
        timeline=[{"at": at, "do": "emit", "target": "all", "type": "file-change", "count": 1}],
    )
    assert bool(scenario.warnings) is warned


def test_as_many_devices_lose_events_as_the_warning_says(tmp_path: Path) -> None:
    many = {"fleet": {**FEW, "devices": 200}, "duration": "3min", "policies": EARLY["policies"]}
    scenario = loaded(**many, timeline=EARLY["timeline"])
    (warning,) = scenario.warnings
    lost = int(str(warning).partition(" of 200 devices")[0].rpartition(" ")[2])
    generated = []
    for name, each in (("with", scenario), ("without", loaded(**many))):
        run(each, tmp_path / name)
        generated.append(manifest(tmp_path / name)["telemetry"]["central-node"]["generated"])
    # One event a device at 0 s, 30 s and 2 min, and the first of them not on all.
    assert generated[0] - generated[1] == 3 * 200 - lost


def test_a_scenario_without_warnings_passes_where_it_is_strict(command: Command) -> None:
    done = command("check", trial(**RIGHT), "--strict")
    assert (done.code, done.err) == (0, "")


def test_a_mistake_ends_with_2_and_nothing_on_stdout(command: Command) -> None:
    done = command("check", trial(duration="never"), "--format", "json")
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert done.err.startswith("trial.yaml:")


def test_a_suite_is_told_run_by_run(command: Command) -> None:
    trial("one", params={"pause": {"default": "1min"}}, timeline=[{"at": "${pause}", "do": "unplug", "target": "all"}])
    entry = {"scenario": "one.yaml", "matrix": {"pause": ["2min", "3min"]}}
    Path("all.yaml").write_text(json.dumps({"suite": "several", "run": [entry]}))
    runs = told(command, "all.yaml")["scenarios"]
    assert [(each["params"]["pause"], each["steps"][0]["at_ms"]) for each in runs] == [
        ("2min", 120_000),
        ("3min", 180_000),
    ]


@pytest.mark.parametrize("name", ["central-node-outage", "exclusions", "failover", "policy-roll-out", "throttling"])
def test_the_library_is_clean_and_fits_80_columns(name: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = command("check", name, "--strict")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out
    for word in ("Fleet", "Servers", "Expectations", "estimate"):
        assert word in done.out


def test_options_of_servers_are_not_told(command: Command) -> None:
    """They may hold what is secret."""
    servers = {"telemetry": {"backend": "own:Server", "options": {"token": "hunter2"}}}
    path = trial(servers=servers)
    assert "hunter2" not in command("check", path).out + command("check", path, "--format", "json").out


def test_parameters_that_go_into_options_are_not_told_either(command: Command) -> None:
    servers = {"telemetry": {"backend": "own:Server", "options": {"token": "Bearer ${token}"}}}
    path = trial(
        servers=servers, params={"token": {"default": "hunter2"}, "many": {"default": 5}}, about="many: ${many}"
    )
    for arguments in ((), ("--set", "token=swordfish")):
        done = command("check", path, *arguments), command("check", path, "--format", "json", *arguments)
        assert "hunter2" not in done[0].out + done[1].out
        assert "swordfish" not in done[0].out + done[1].out
        assert json.loads(done[1].out)["scenarios"][0]["params"] == {"token": "*" * 10, "many": 5}


def test_a_ramp_is_told(command: Command) -> None:
    fleet = {**FEW, "ramp": {"from": 2, "over": "5min"}}
    (one,) = told(command, trial(fleet=fleet))["scenarios"]
    assert (one["ramp"]["devices_at_start"], one["ramp"]["devices_at_end"], one["ramp"]["over_ms"]) == (2, 6, 300_000)


# --- what is found out when a scenario is loaded ----------------------------------------------------------------------

CHANGE: dict[str, Any] = {
    "policies": [{"name": "office", "group": OFFICE, "settings": {}}],
    "timeline": [
        {
            "at": "1h",
            "do": "change-policy",
            "policy": "office",
            "settings": {"data-submission": {"max-events-per-package": 7}},
        }
    ],
}


def test_a_step_that_saves_settings_of_an_unaffected_group_is_warned_of() -> None:
    (warning,) = loaded(**CHANGE).warnings
    assert "'data-submission' are stored and not applied (KEA-POL-024)" in str(warning)
    settings = {"data-submission": {"max-events-per-package": 7, "switch": "under-policy"}}
    assert loaded(**{**CHANGE, "timeline": [{**CHANGE["timeline"][0], "settings": settings}]}).warnings == ()


@pytest.mark.parametrize(
    ("share", "warned"),
    [("<= 100 %", True), ("0..100 %", True), ("< 101 %", True), ("< 100 %", False), ("1..100 %", False)],
)
def test_a_share_of_devices_that_every_run_has_is_warned_of(share: str, warned: bool) -> None:
    expect = [{"name": "vain", "each": "all", "that": "throttled", "is": 3, "for": share}]
    assert bool(loaded(expect=expect).warnings) is warned


def test_an_expectation_on_no_devices_is_warned_of() -> None:
    nobody = {"all": [{"os": "linux"}, {"os": "windows"}]}
    expect = [{"name": "vain", "each": nobody, "never": {"fact": "isolated"}, "may_be_empty": True}]
    (warning,) = loaded(expect=expect).warnings
    assert "cannot fail; name devices that there are" in str(warning)


def test_sites_are_shown_where_there_is_something_to_tell(command: Command) -> None:
    fleet = {
        "blocks": [
            {"name": "a", "image": "quiet", "count": 2, "site": "far"},
            {"name": "b", "image": "quiet", "count": 1},
        ]
    }
    sites = [{"name": "far", "time-zone": "Asia/Kolkata", "latency": "600ms", "link": "2 Mbit/s"}]
    shown = command("check", trial(fleet=fleet, sites=sites, **RIGHT)).out.splitlines()
    assert any(line.split() == ["far", "2", "Asia/Kolkata", "600ms", "2", "Mbit/s"] for line in shown)
    assert any(line.split() == ["main", "1", "that", "of", "the", "start"] for line in shown)
    assert not any(line.strip() == "Sites" for line in command("check", trial(**RIGHT)).out.splitlines())
