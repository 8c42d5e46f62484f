"""Network isolation, as a scenario has it: by whom, for how long, what passes, and what is told."""

from pathlib import Path
from typing import Any

import pytest

from emulator.policy.settings import DEFAULTS, GROUP_KEYS
from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, rows, run
from tests.scenarios.test_services import told

MIN, HOUR = 60_000, 3_600_000
START = "2026-03-02T08:00:00+00:00"
WEB = {"name": "web", "remote-addresses": ["203.0.113.80"]}
"""Where the image's browsers and the events of `emit` go."""
NOBODY: dict[str, Any] = {"profiles": [], "exclusions": []}
LAG_MS = 15 * MIN + 30_000
"""Devices hear of the Administration Server every 15 minutes, and do something in the next tick."""


def scenario(*timeline: dict[str, Any], count: int = 2, image: str = "quiet", **sections: Any) -> Scenario:
    block = {"name": "pc", "image": image, "count": count, "group": "Managed devices/HQ"} | sections.pop("block", {})
    base = {"fleet": {"blocks": [block]}, "duration": "24h", "start": START, "timeline": list(timeline)}
    return loaded(**{**base, **sections})


def at(minutes: int, do: str, target: Any = "all", **more: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", "do": do, "target": target, **more}


def on_device(minutes: int = 0, **settings: Any) -> dict[str, Any]:
    return at(minutes, "edit-settings", settings={"network-isolation-on-demand": settings})


def automatic(**settings: Any) -> list[dict[str, Any]]:
    group = {"switch": "under-policy", "enabled": True, **settings}
    return [{"name": "all", "settings": {"network-isolation": group}}]


def spans(folder: Path, kind: str) -> list[tuple[int, str]]:
    """How long isolation of a kind lasted, and by what it ended; of the only device that it was of."""
    begun = [one["at_ms"] for one in told(folder, "isolated") if one["isolation"] == kind]
    ended = [(one["at_ms"], one["by"]) for one in told(folder, "released") if one["isolation"] == kind]
    return [(end - begin, by) for begin, (end, by) in zip(begun, ended, strict=True)]


# --- when it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "ends"),
    [
        ({}, (30 * MIN, "timer")),
        ({"release-after": "2h"}, (2 * HOUR, "timer")),
        ({"release-automatically": False}, (5 * HOUR, "fall-back")),
        ({"release-automatically": False, "release-after": "2h"}, (5 * HOUR, "fall-back")),
    ],
)
def test_isolation_ends_by_its_timer_or_after_five_hours(
    settings: dict[str, Any], ends: tuple[int, str], tmp_path: Path
) -> None:
    run(scenario(on_device(1, **settings), at(10, "isolate-on-demand", "pc-00001")), tmp_path / "demand")
    assert spans(tmp_path / "demand", "on-demand") == [ends]
    run(scenario(at(10, "detect-threat", "pc-00001"), policies=automatic(**settings)), tmp_path / "automatic")
    assert spans(tmp_path / "automatic", "automatic") == [ends]


def test_the_central_node_isolates_for_hours_and_keeps_its_rule(tmp_path: Path) -> None:
    steps = (at(10, "central-node-isolate", "pc-00001", **{"for": "7h"}), on_device(1, **{"release-after": "1h"}))
    run(scenario(*steps), tmp_path)
    assert spans(tmp_path, "central-node") == [(7 * HOUR, "timer")]
    (released,) = told(tmp_path, "released")
    assert released["rule"] == "inactive"


def test_a_second_rule_of_the_central_node_replaces_the_first(tmp_path: Path) -> None:
    steps = [at(10 + 120 * number, "central-node-isolate", "pc-00001", **{"for": "3h"}) for number in range(2)]
    run(scenario(*steps), tmp_path)
    first, second = told(tmp_path, "isolated")
    (released,) = told(tmp_path, "released")
    assert released["at_ms"] - second["at_ms"] == 3 * HOUR > second["at_ms"] - first["at_ms"]


@pytest.mark.parametrize(("ending", "kind", "by"), [("end-isolation", "on-demand", "console")])
def test_an_operator_ends_isolation(ending: str, kind: str, by: str, tmp_path: Path) -> None:
    steps = (on_device(1, **{"release-after": "8h"}), at(10, "isolate-on-demand", "pc-00001"), at(120, ending))
    run(scenario(*steps), tmp_path)
    ((length_ms, ended_by),) = spans(tmp_path, kind)
    assert ended_by == by
    assert abs(length_ms - 110 * MIN) < LAG_MS


def test_what_the_central_node_began_ends_there_and_not_at_the_console(tmp_path: Path) -> None:
    steps = (
        at(10, "central-node-isolate", "pc-00001", **{"for": "20h"}),
        at(60, "end-isolation"),
        at(120, "central-node-release"),
    )
    run(scenario(*steps), tmp_path)
    (released,) = told(tmp_path, "released")
    assert (released["by"], released["rule"]) == ("central-node", "removed")
    assert released["at_ms"] > 120 * MIN


def test_the_command_line_ends_isolation_of_every_kind_and_asks_for_the_password(tmp_path: Path) -> None:
    protected = {"enabled": True, "password": "tide", "confirmation": "tide", "switch": "under-policy"}
    attempt = {"operation": "disable-isolation", "user": "anna"}
    steps = (
        at(60, "isolate-on-demand", "pc-00001"),
        at(60, "detect-threat", "pc-00001"),
        at(60, "central-node-isolate", "pc-00001", **{"for": "20h"}),
        at(80, "attempt", "pc-00001", **attempt),
        at(82, "attempt", "pc-00001", **attempt, password="tide"),  # a synthetic one
    )
    policy = automatic()
    policy[0]["settings"]["password-protection"] = protected
    run(scenario(*steps, policies=policy), tmp_path)
    assert len(told(tmp_path, "attempt-refused")) == 1
    released = told(tmp_path, "released")
    assert {(one["isolation"], one["by"]) for one in released} == {
        (kind, "command-line") for kind in ("on-demand", "automatic", "central-node")
    }
    assert {one["at_ms"] for one in released} == {82 * MIN}


# --- what it is -------------------------------------------------------------------------------------------------------


def test_only_the_addressed_device_is_isolated_and_its_group_is_not(tmp_path: Path) -> None:
    """KEA-ISO-006."""
    steps = (at(10, "isolate-on-demand", "pc-00002"), at(40, "view", what="status"), at(120, "view", what="status"))
    for step in steps[1:]:
        del step["target"]
    run(scenario(*steps), tmp_path)
    assert {row["device"] for row in rows(tmp_path, "facts") if row["kind"] == "isolated"} == {"pc-00002"}
    shown = [(one["at_ms"], one["isolated"]) for one in told(tmp_path, "status-viewed")]
    assert sorted(shown) == [(40 * MIN, False), (40 * MIN, True), (120 * MIN, False), (120 * MIN, False)]


def test_a_policy_that_locks_everything_leaves_isolation_on_demand_to_the_device(tmp_path: Path) -> None:
    """KEA-ISO-001, KEA-ISO-003."""
    everything = {key: {"switch": "under-policy"} for key in GROUP_KEYS}
    steps = (
        on_device(20, **{"release-after": "3h"}),
        at(20, "edit-settings", settings={"network-isolation": {"enabled": True}, "proxy": {"mode": "auto-detect"}}),
        at(60, "isolate-on-demand", "pc-00001"),
    )
    run(scenario(*steps, policies=[{"name": "all", "settings": everything}]), tmp_path)
    assert {one["group"] for one in told(tmp_path, "edited")} == {"network-isolation-on-demand"}
    assert {one["group"] for one in told(tmp_path, "edit-refused")} == {"network-isolation", "proxy"}
    assert spans(tmp_path, "on-demand") == [(3 * HOUR, "timer")]


def test_a_policy_has_no_isolation_on_demand() -> None:
    """KEA-ISO-002, KEA-ISO-004."""
    assert "network-isolation" in GROUP_KEYS
    assert "network-isolation-on-demand" not in GROUP_KEYS
    policies = [{"name": "all", "settings": {"network-isolation-on-demand": {"switch": "under-policy"}}}]
    (mistake,) = mistakes(policies=policies)
    assert "KEA-ISO-004" in mistake


def test_a_changed_policy_leaves_isolation_on_demand_as_it_is(tmp_path: Path) -> None:
    """KEA-ISO-004, KEA-ISO-005."""
    change = {"network-isolation": {"release-after": "1min", "exclusions": [WEB], "profiles": []}}
    steps = (
        on_device(1, **{"release-after": "3h"}, **NOBODY),
        at(30, "isolate-on-demand", "pc-00001"),
        {"at": "1h", "do": "change-policy", "policy": "all", "settings": change},
        at(120, "emit", "pc-00001", type="network-activity", count=50),
    )
    run(scenario(*steps, policies=automatic()), tmp_path)
    assert spans(tmp_path, "on-demand") == [(3 * HOUR, "timer")]
    assert rows(tmp_path, "devices")[0]["acknowledged"] == 0


@pytest.mark.parametrize("kind", ["on-demand", "automatic", "central-node"])
@pytest.mark.parametrize("listed", ["on-demand", "automatic", "central-node"])
def test_each_kind_lets_through_what_its_own_list_says(kind: str, listed: str, tmp_path: Path) -> None:
    def exclusions(of: str) -> list[dict[str, Any]]:
        return [WEB] if of == listed else []

    begin = {
        "on-demand": at(60, "isolate-on-demand", "pc-00001"),
        "automatic": at(60, "detect-threat", "pc-00001"),
        "central-node": at(
            60, "central-node-isolate", "pc-00001", exclusions=exclusions("central-node"), **{"for": "8h"}
        ),
    }[kind]
    steps = (
        on_device(1, exclusions=exclusions("on-demand"), **{"release-after": "8h"}),
        begin,
        at(120, "emit", "pc-00001", type="network-activity", count=50),
    )
    policy = automatic(exclusions=exclusions("automatic"), **{"release-after": "8h"})
    run(scenario(*steps, policies=policy), tmp_path)
    assert told(tmp_path, "isolated")[0]["isolation"] == kind
    assert rows(tmp_path, "devices")[0]["acknowledged"] == (50 if kind == listed else 0)


def test_exclusions_that_change_hold_at_once(tmp_path: Path) -> None:
    steps = (
        on_device(1, **{"release-after": "8h"}),
        at(10, "isolate-on-demand", "pc-00001"),
        at(60, "emit", "pc-00001", type="network-activity", count=1),
        on_device(65, exclusions=[WEB]),
        at(70, "emit", "pc-00001", type="network-activity", count=10),
        on_device(75, exclusions=[]),
        at(80, "emit", "pc-00001", type="network-activity", count=100),
    )
    run(scenario(*steps), tmp_path)
    assert rows(tmp_path, "devices")[0]["acknowledged"] == 10
    assert spans(tmp_path, "on-demand") == [(8 * HOUR, "timer")]


@pytest.mark.parametrize(("profiles", "passes"), [(DEFAULTS.network_isolation.profiles, True), ([], False)])
def test_the_predefined_profiles_let_name_resolution_through(profiles: list[str], passes: bool, tmp_path: Path) -> None:
    steps = (on_device(1, profiles=list(map(str, profiles)), **{"release-after": "3h"}), at(10, "isolate-on-demand"))
    expect = {"name": "quiet", "each": "all", "between": ["isolated", "released"], "that": "other_traffic", "is": 0}
    result = run(scenario(*steps, image="windows-office", duration="6h", expect=[expect]), tmp_path)
    assert (result.verdict == "pass") is not passes


def test_the_device_is_cut_off_while_one_kind_holds(tmp_path: Path) -> None:
    steps = (
        on_device(1, **{"release-after": "1h"}),
        at(60, "isolate-on-demand", "pc-00001"),
        at(60, "central-node-isolate", "pc-00001", **{"for": "4h"}),
        at(180, "emit", "pc-00001", type="network-activity", count=1),
        at(400, "emit", "pc-00001", type="network-activity", count=10),
    )
    run(scenario(*steps), tmp_path)
    assert spans(tmp_path, "on-demand") == [(HOUR, "timer")]
    assert spans(tmp_path, "central-node") == [(4 * HOUR, "timer")]
    assert rows(tmp_path, "devices")[0]["acknowledged"] == 10


# --- what is around it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["switch-off", "stop-agent"])
def test_isolation_survives_a_restart_and_its_timer_goes_on(how: str, tmp_path: Path) -> None:
    steps = (
        on_device(1, **{"release-after": "3h"}),
        at(10, "isolate-on-demand", "pc-00001"),
        at(60, how, "pc-00001", **{"for": "30min"}),
        at(120, "emit", "pc-00001", type="network-activity", count=7),
    )
    run(scenario(*steps), tmp_path)
    assert spans(tmp_path, "on-demand") == [(3 * HOUR, "timer")]
    assert rows(tmp_path, "devices")[0]["acknowledged"] == 0


def test_what_ended_while_endpoint_agent_did_not_run_is_released_when_it_starts(tmp_path: Path) -> None:
    steps = (at(10, "isolate-on-demand", "pc-00001"), at(30, "switch-off", "pc-00001", **{"for": "3h"}))
    run(scenario(*steps), tmp_path)
    (released,) = told(tmp_path, "released")
    assert released["by"] == "timer"
    assert 210 * MIN <= released["at_ms"] < 211 * MIN


def test_an_agent_that_is_uninstalled_releases_the_device(tmp_path: Path) -> None:
    steps = (
        on_device(1, **{"release-after": "20h"}),
        at(10, "isolate-on-demand", "pc-00001"),
        at(60, "attempt", "pc-00001", operation="uninstall", user="anna"),
    )
    run(scenario(*steps), tmp_path)
    (released,) = told(tmp_path, "released")
    assert released["by"] == "removal"


def test_without_a_licence_it_cannot_be_switched_on_and_one_that_is_on_ends_by_its_timer(tmp_path: Path) -> None:
    keys = [{"name": "short", "expires": "1h"}]
    steps = (
        on_device(1, **{"release-after": "3h"}),
        at(10, "isolate-on-demand", "pc-00001"),
        at(120, "isolate-on-demand", "pc-00002"),
        at(120, "detect-threat", "pc-00002"),
        at(120, "central-node-isolate", "pc-00002", **{"for": "4h"}),
    )
    run(scenario(*steps, keys=keys, block={"licence": "short"}, policies=automatic()), tmp_path)
    assert spans(tmp_path, "on-demand") == [(3 * HOUR, "timer")]
    assert [one["function"] for one in told(tmp_path, "licence-violation")] == ["network-isolation"] * 3


def test_an_agent_that_does_not_run_isolates_nothing(tmp_path: Path) -> None:
    steps = (at(10, "stop-agent"), at(20, "isolate-on-demand", "pc-00001"), at(30, "detect-threat", "pc-00001"))
    run(scenario(*steps, policies=automatic()), tmp_path)
    assert not told(tmp_path, "isolated")
    refused = {(one["response"], one["isolation"], one["reason"]) for one in told(tmp_path, "response-refused")}
    assert refused == {("network-isolation", kind, "not-running") for kind in ("on-demand", "automatic")}


def test_the_central_node_isolates_windows_devices_only(tmp_path: Path) -> None:
    block = {"image": "linux-server"}
    run(scenario(at(10, "central-node-isolate", **{"for": "1h"}), block=block, duration="1h"), tmp_path)
    assert not told(tmp_path, "isolated")
    assert {one["reason"] for one in told(tmp_path, "response-refused")} == {"operating-system"}


def test_the_central_node_reaches_only_what_is_integrated_with_it(tmp_path: Path) -> None:
    local = {"kata-integration": {"enabled": False}}
    steps = (at(1, "edit-settings", "pc-00001", settings=local), at(30, "central-node-isolate", **{"for": "1h"}))
    run(scenario(*steps), tmp_path)
    assert {row["device"] for row in rows(tmp_path, "facts") if row["kind"] == "isolated"} == {"pc-00002"}


def test_a_detection_isolates_only_where_the_policy_says_so(tmp_path: Path) -> None:
    run(scenario(at(10, "detect-threat")), tmp_path)
    assert len(told(tmp_path, "threat-detected")) == 2
    assert not told(tmp_path, "isolated")


@pytest.mark.parametrize("notify", [True, False])
def test_the_user_is_told_where_the_settings_say_so(notify: bool, tmp_path: Path) -> None:
    steps = (on_device(1, **{"notify-user": notify}), at(10, "isolate-on-demand", "pc-00001"))
    run(scenario(*steps), tmp_path)
    assert [one["of"] for one in told(tmp_path, "user-notified")] == ["network-isolation"] * notify


def test_the_administration_server_has_events_of_both_ends(tmp_path: Path) -> None:
    view = {"at": "3h", "do": "view", "what": "events"}
    run(scenario(at(10, "isolate-on-demand", "pc-00001"), view), tmp_path)
    assert [one["event"] for one in told(tmp_path, "event-viewed")] == ["isolated", "released"]


def test_an_account_without_the_right_isolates_nobody(tmp_path: Path) -> None:
    accounts = [{"name": "reader", "roles": [{"role": "reader"}]}]
    run(scenario(at(10, "isolate-on-demand", "pc-00001", account="reader"), accounts=accounts), tmp_path)
    assert told(tmp_path, "operation-refused")
    assert not told(tmp_path, "isolated")


@pytest.mark.parametrize("span", ["30min", "90min", "10000h"])
def test_the_central_node_takes_full_hours_from_1_to_9999(span: str) -> None:
    (mistake,) = mistakes(timeline=[at(1, "central-node-isolate", **{"for": span})])
    assert "1h to 9999h" in mistake


@pytest.mark.parametrize(
    ("exclusion", "says"),
    [
        ({"program": "C:\\a.exe"}, "no such field"),
        ({"local-addresses": ["10.0.0.1"]}, "no such field"),
        ({"remote-addresses": ["10.0.0.0/8"]}, "one IPv4 address"),
        ({"remote-addresses": ["10.0.0.1", "10.0.0.2"]}, "one IPv4 address"),
        ({"remote-addresses": ["2001:db8::1"]}, "one IPv4 address"),
        ({"remote-ports": [443]}, "direction outbound only"),
        ({"remote-ports": [443], "direction": "inbound"}, "direction outbound only"),
        ({"local-ports": [443], "direction": "outbound"}, "direction inbound only"),
        ({"remote-ports": [443, 444], "direction": "outbound"}, "more than one range"),
    ],
)
def test_exclusions_of_the_central_node_have_fewer_fields(exclusion: dict[str, Any], says: str) -> None:
    step = at(1, "central-node-isolate", exclusions=[{"name": "x", **exclusion}], **{"for": "1h"})
    (mistake,) = mistakes(timeline=[step])
    assert says in mistake


def test_shards_agree(tmp_path: Path) -> None:
    steps = (
        on_device(1, exclusions=[WEB]),
        at(10, "isolate-on-demand", {"pick": 3}),
        at(30, "detect-threat", {"pick": 4}),
        at(45, "central-node-isolate", {"pick": 4}, **{"for": "1h"}),
        at(90, "switch-off", {"pick": 3}, **{"for": "10min"}),
        at(60, "attempt", {"pick": 4}, operation="disable-isolation", user="anna"),
    )
    made = scenario(*steps, count=8, image="windows-office", duration="4h", policies=automatic())
    assert digest(made, tmp_path / "one") == digest(made, tmp_path / "three", workers=3, buckets=4)
