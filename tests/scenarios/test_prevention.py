"""Execution prevention, as a scenario has it: what a rule of the Central Node keeps from starting, and when."""

from pathlib import Path
from typing import Any

import pytest

from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, rows, run, table
from tests.scenarios.test_services import told

DROPPER = "C:\\ProgramData\\Synthetic\\dropper.exe"
BY_PATH = {"name": "dropper", "path": "%ProgramData%\\*\\dropper.exe"}
HASHES = {"md5": "0" * 31 + "1", "sha256": "0" * 63 + "1"}


def scenario(*timeline: dict[str, Any], image: str = "quiet", count: int = 1, **sections: Any) -> Scenario:
    block = {"name": "pc", "image": image, "count": count} | sections.pop("block", {})
    base = {"fleet": {"blocks": [block]}, "duration": "4h", "timeline": list(timeline)}
    return loaded(**{**base, **sections})


def at(minutes: int, do: str, target: Any = "all", **more: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": do, "target": target, **more}


def start(minutes: int, process: str = "synthetic/dropper", **more: Any) -> dict[str, Any]:
    return at(minutes, "start-process", process=process, **more)


def prevent(minutes: int, *rules: dict[str, Any], mode: str = "active", **more: Any) -> dict[str, Any]:
    return at(minutes, "set-prevention", mode=mode, rules=list(rules), **more)


def outcome(folder: Path) -> dict[str, int]:
    """How many starts were blocked, were only told of, and happened."""
    kinds = ("execution-blocked", "execution-detected", "process-started")
    return {kind.partition("-")[2]: len(told(folder, kind)) for kind in kinds}


def sent(folder: Path) -> dict[str, int]:
    """Events that the Central Node has, by type."""
    counts: dict[str, int] = {}
    for row in table(folder, "telemetry").to_pylist():
        if row["acknowledged"]:
            counts[row["type"]] = counts.get(row["type"], 0) + row["acknowledged"]
    return counts


# --- what is met ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "seen", "events"),
    [
        ("active", {"blocked": 1, "detected": 0, "started": 0}, {"prevention": 3}),
        ("statistics-only", {"blocked": 0, "detected": 1, "started": 1}, {"prevention": 3, "process-start": 3}),
    ],
)
def test_a_rule_blocks_in_active_mode_and_only_tells_in_the_other(
    mode: str, seen: dict[str, int], events: dict[str, int], tmp_path: Path
) -> None:
    run(scenario(prevent(1, BY_PATH, mode=mode), start(60, count=3)), tmp_path)
    assert outcome(tmp_path) == seen
    assert sent(tmp_path) == events
    (hit,) = told(tmp_path, "execution-blocked") + told(tmp_path, "execution-detected")
    assert (hit["object"], hit["type"], hit["rule"], hit["count"]) == (DROPPER, "executable", "dropper", 3)


def test_statistics_is_the_mode_where_none_is_given(tmp_path: Path) -> None:
    run(scenario(at(1, "set-prevention", rules=[BY_PATH]), start(60)), tmp_path)
    assert outcome(tmp_path) == {"blocked": 0, "detected": 1, "started": 1}


@pytest.mark.parametrize(
    ("rule", "blocked"),
    [
        ({"path": DROPPER.upper()}, True),
        ({"path": "C:\\ProgramData\\*\\dropper.exe"}, True),
        ({"path": "C:\\ProgramData\\*"}, False),
        ({"path": "C:\\ProgramData\\**"}, True),
        ({"md5": HASHES["md5"]}, True),
        ({"sha256": HASHES["sha256"].upper()}, True),
        ({"md5": "f" * 32}, False),
        ({"path": DROPPER, **HASHES}, True),
        ({"path": DROPPER, "md5": HASHES["md5"], "sha256": "f" * 64}, False),
        ({"path": "C:\\other.exe", **HASHES}, False),
        ({"path": DROPPER, "kind": "script"}, False),
        ({"path": DROPPER, "kind": "office-file"}, False),
    ],
)
def test_all_criteria_of_a_rule_have_to_be_met(rule: dict[str, Any], blocked: bool, tmp_path: Path) -> None:
    file = at(1, "place-file", file="synthetic/dropper", **HASHES)
    run(scenario(file, prevent(1, {"name": "rule", **rule}), start(60)), tmp_path)
    assert outcome(tmp_path)["blocked"] == blocked


@pytest.mark.parametrize(
    ("process", "opens", "kind", "blocked"),
    [
        ("C:\\Windows\\System32\\wscript.exe", "C:\\Temp\\a.vbs", "script", True),
        ("C:\\Windows\\System32\\WScript.exe", "C:\\Temp\\a.vbs", "executable", False),
        ("C:\\Tools\\unknown.exe", "C:\\Temp\\a.vbs", "script", False),
        ("C:\\Program Files\\Java\\bin\\javaw.exe", "C:\\Temp\\a.jar", "script", True),
        ("C:\\Program Files\\Office\\WINWORD.EXE", "C:\\Temp\\a.docx", "office-file", True),
        ("C:\\Program Files\\Office\\WINWORD.EXE", "C:\\Temp\\a.txt", "office-file", False),
        ("C:\\Program Files\\Office\\WINWORD.EXE", "C:\\Temp\\a.docx", "script", False),
    ],
)
def test_scripts_and_office_files_are_known_by_what_opens_them(
    process: str, opens: str, kind: str, blocked: bool, tmp_path: Path
) -> None:
    rule = {"name": "rule", "kind": kind, "path": "C:\\Temp\\*"}
    run(scenario(prevent(1, rule), start(60, process, opens=opens)), tmp_path)
    assert outcome(tmp_path)["blocked"] == blocked


def test_the_hash_is_that_of_the_file_on_the_device(tmp_path: Path) -> None:
    place = at(1, "place-file", "pc-00001", file="synthetic/dropper", **HASHES)
    run(scenario(place, prevent(1, {"name": "rule", **HASHES}), start(60), count=2), tmp_path)
    assert [row["device"] for row in rows(tmp_path, "facts") if row["kind"] == "execution-blocked"] == ["pc-00001"]


# --- when it holds ----------------------------------------------------------------------------------------------------


def test_what_was_blocked_is_no_process_of_the_device_and_what_ran_before_goes_on(tmp_path: Path) -> None:
    document = """<?xml version="1.0"?>
<ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="0a1b2c3d-0000-4000-8000-000000000001">
  <definition><Indicator operator="OR" id="1">
    <IndicatorItem id="2" condition="contains"><Context document="ProcessItem" search="ProcessItem/name" type="mir"/>
      <Content type="string">{name}.exe</Content></IndicatorItem>
  </Indicator></definition>
</ioc>"""
    for name in ("early", "late"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ioc").write_text(document.format(name=name), encoding="utf-8")
    rule = {"name": "rule", "path": "C:\\ProgramData\\Synthetic\\*"}
    steps = (
        start(5, "synthetic/early"),
        prevent(10, rule),
        start(60, "synthetic/late"),
        *({**at(90, "sweep", indicators=name), "name": name} for name in ("early", "late")),
    )
    run(scenario(*steps, folder=tmp_path), tmp_path / "run")
    assert [one["task"] for one in told(tmp_path / "run", "ioc-match")] == ["early"]


def test_rules_are_replaced_as_a_whole(tmp_path: Path) -> None:
    other = {"name": "other", "path": "C:\\ProgramData\\*\\other.exe"}
    steps = (
        prevent(1, BY_PATH),
        start(30),
        prevent(40, other),
        start(60),
        start(60, "synthetic/other"),
        prevent(70),
        start(90, "synthetic/other"),
    )
    run(scenario(*steps), tmp_path)
    assert [one["rule"] for one in told(tmp_path, "execution-blocked")] == ["dropper", "other"]
    assert [one["rules"] for one in told(tmp_path, "prevention-set")] == [1, 1, 0]


def test_a_device_without_a_link_keeps_the_last_rules(tmp_path: Path) -> None:
    off_line = {**at(20, "unplug"), "for": "2h"}
    run(scenario(prevent(1, BY_PATH), off_line, prevent(30), start(60), start(170)), tmp_path)
    assert outcome(tmp_path) == {"blocked": 1, "detected": 0, "started": 1}


@pytest.mark.parametrize("how", ["stop-agent", "switch-off"])
def test_rules_survive_a_restart_and_block_nothing_while_endpoint_agent_is_down(how: str, tmp_path: Path) -> None:
    down = {**at(20, how), "for": "1h"}
    run(scenario(prevent(1, BY_PATH), down, start(60), start(100)), tmp_path)
    assert outcome(tmp_path) == {"blocked": 1, "detected": 0, "started": 1}


def test_with_an_expired_licence_nothing_is_blocked_and_no_rules_are_taken(tmp_path: Path) -> None:
    keys = [{"name": "short", "expires": "1h"}]
    steps = (prevent(1, BY_PATH), start(30), start(70), prevent(80, BY_PATH), start(120))
    run(scenario(*steps, keys=keys, block={"licence": "short"}), tmp_path)
    assert outcome(tmp_path) == {"blocked": 1, "detected": 0, "started": 2}
    assert [one["function"] for one in told(tmp_path, "licence-violation")] == ["execution-prevention"]


def test_the_command_line_switches_it_off_with_the_password_until_rules_come_again(tmp_path: Path) -> None:
    protected = {"enabled": True, "password": "tide", "confirmation": "tide", "switch": "under-policy"}
    attempt = {"operation": "disable-prevention", "user": "anna"}
    steps = (
        prevent(1, BY_PATH),
        at(30, "attempt", **attempt),
        start(40),
        at(50, "attempt", **attempt, password="tide"),  # a synthetic one
        start(60),
        prevent(70, BY_PATH),
        start(90),
    )
    run(scenario(*steps, policies=[{"name": "all", "settings": {"password-protection": protected}}]), tmp_path)
    assert len(told(tmp_path, "attempt-refused")) == 1
    assert outcome(tmp_path) == {"blocked": 2, "detected": 0, "started": 1}
    assert [one["by"] for one in told(tmp_path, "prevention-disabled")] == ["command-line"]


def test_an_agent_installed_anew_has_no_rules(tmp_path: Path) -> None:
    steps = (
        prevent(1, BY_PATH),
        at(20, "command-agent", command="uninstall"),
        at(50, "command-agent", command="install"),
        start(100),
    )
    run(scenario(*steps), tmp_path)
    assert outcome(tmp_path) == {"blocked": 0, "detected": 0, "started": 1}


@pytest.mark.parametrize(
    ("mode", "notify", "told_of"), [("active", True, 1), ("active", False, 0), ("statistics-only", True, 0)]
)
def test_the_user_is_told_of_what_is_blocked(mode: str, notify: bool, told_of: int, tmp_path: Path) -> None:
    run(scenario(prevent(1, BY_PATH, mode=mode, **{"notify-user": notify}), start(60)), tmp_path)
    assert len(told(tmp_path, "user-notified")) == told_of


def test_devices_with_linux_take_no_rules(tmp_path: Path) -> None:
    run(scenario(prevent(1, {"name": "rule", "path": "/opt/**"}), start(60), image="linux-server"), tmp_path)
    assert outcome(tmp_path) == {"blocked": 0, "detected": 0, "started": 1}
    assert {one["response"] for one in told(tmp_path, "response-refused")} == {"execution-prevention"}


def test_only_devices_that_are_integrated_take_rules(tmp_path: Path) -> None:
    settings = {"kata-integration": {"enabled": False}}
    steps = (at(1, "edit-settings", "pc-00001", settings=settings), prevent(10, BY_PATH), start(60))
    run(scenario(*steps, count=2), tmp_path)
    assert outcome(tmp_path) == {"blocked": 1, "detected": 0, "started": 1}


def test_starts_that_are_spread_are_decided_one_by_one(tmp_path: Path) -> None:
    run(scenario(prevent(30, BY_PATH), start(1, count=60, over="1h")), tmp_path)
    seen = outcome(tmp_path)
    assert seen["blocked"] + seen["started"] == 60
    assert 20 <= seen["blocked"] <= 31
    assert sent(tmp_path) == {"prevention": seen["blocked"], "process-start": seen["started"]}


def test_the_administration_server_and_ksn_hear_of_what_happened(tmp_path: Path) -> None:
    view = {"at": "2h", "do": "view", "what": "events"}
    ksn = {"switch": "under-policy", "accept-statement": True, "enabled": True}
    steps = (prevent(1, BY_PATH), start(60), start(60, "synthetic/tool"), view)
    run(scenario(*steps, policies=[{"name": "all", "settings": {"ksn": ksn}}]), tmp_path)
    assert [one["event"] for one in told(tmp_path, "event-viewed")] == ["prevention-set", "execution-blocked"]
    assert len(told(tmp_path, "reputation")) == 1


def test_where_no_rule_is_met_everything_is_as_without_prevention(tmp_path: Path) -> None:
    steps = (start(5, count=3), start(60), start(61, "synthetic/tool", count=4, over="10min"))
    run(scenario(*steps, image="windows-office", count=5), tmp_path / "without")
    run(
        scenario(prevent(1, {"name": "x", "path": "C:\\x"}), *steps, image="windows-office", count=5), tmp_path / "with"
    )
    assert sent(tmp_path / "with") == sent(tmp_path / "without")
    columns = ("device", "generated", "acknowledged", "queued")
    with_, without = (
        [[row[column] for column in columns if column in row] for row in rows(tmp_path / name, "devices")]
        for name in ("with", "without")
    )
    assert with_ == without


def test_shards_agree(tmp_path: Path) -> None:
    steps = (
        prevent(10, BY_PATH),
        start(5),
        start(20, target={"pick": 5}, count=20, over="1h"),
        prevent(50, mode="statistics-only"),
    )
    made = scenario(*steps, count=8, image="windows-office")
    assert digest(made, tmp_path / "one") == digest(made, tmp_path / "three", workers=3, buckets=4)


def test_a_rule_without_a_criterion_is_refused() -> None:
    (mistake,) = mistakes(timeline=[prevent(1, {"name": "rule", "kind": "script"})])
    assert "would hold for everything" in mistake
    (mistake,) = mistakes(timeline=[prevent(1, {"name": "rule", "path": "%nowhere%\\a.exe"})])
    assert "unknown environment variable" in mistake
