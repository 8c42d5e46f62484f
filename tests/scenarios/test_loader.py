import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.exclusions.optimisation import WinRm
from emulator.policy.certificates import made_up
from emulator.policy.policies import PolicyStatus
from emulator.ports import Port, Target
from scenarios import library
from scenarios.errors import UserError
from scenarios.loader import load, load_text
from scenarios.problems import ScenarioErrors
from tests.scenarios.made import FLEET, loaded, mistakes, step, text_of

# The scenario with which the language was designed; only the image of the databases has another name.
HELLO = """
name: hello
about: One throttled office floor; low-importance events go, the rest stay.
tags: [smoke]
seed: 7
start: 2026-03-02T08:00:00+01:00
duration: 4h
params:
  cap: {default: 500, min: 1, unit: events/h, about: hourly maximum}
fleet:
  blocks:
    - {name: office, image: windows-office, count: 40, group: Managed devices/HQ/Office, tags: [noisy]}
    - {name: db, image: linux-server, count: 5, group: Managed devices/HQ/Servers}
policies:
  - name: office-policy
    group: Managed devices/HQ/Office
    status: active
    settings:
      request-throttling: {switch: under-policy, max-events-per-hour: "${cap}"}
expect:
  - {name: nothing important dropped, clause: KEA-TEL-008, total: telemetry.throttled, where: {importance: high}, is: 0}
  - {name: throttle bites, clause: KEA-TEL-012, each: {tag: noisy}, that: throttled, is: "> 0", for: ">= 90 %"}
  - {name: servers untouched, each: {block: db}, that: throttled, is: 0}
"""


def test_the_first_scenario_of_a_user_loads_as_it_is_written() -> None:
    scenario = loaded(HELLO)
    assert (scenario.name, scenario.tags, scenario.seed, scenario.duration_ms) == ("hello", ("smoke",), 7, 14_400_000)
    assert scenario.start == datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=1)))
    assert scenario.calendar.moment(3_600_000).hour == 9
    assert scenario.params == {"cap": 500}
    assert [(block.name, block.os, block.count, block.first) for block in scenario.fleet.blocks] == [
        ("office", "windows", 40, 0),
        ("db", "linux", 5, 40),
    ]
    (policy,) = scenario.policies
    assert (policy.name, policy.group, policy.status) == (
        "office-policy",
        "Managed devices/HQ/Office",
        PolicyStatus.ACTIVE,
    )
    assert policy.settings.values.request_throttling.max_events_per_hour == 500
    assert list(scenario.groups) == [
        "Managed devices",
        "Managed devices/HQ",
        "Managed devices/HQ/Office",
        "Managed devices/HQ/Servers",
    ]
    assert [expectation.name for expectation in scenario.expectations] == [
        "nothing important dropped",
        "throttle bites",
        "servers untouched",
    ]
    assert not scenario.warnings


def test_what_is_left_out_has_a_default() -> None:
    scenario = loaded()
    assert scenario.start == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert scenario.start.weekday() == 0
    assert (scenario.about, scenario.tags, scenario.seed, scenario.cold) == ("", (), 1, False)
    assert scenario.integrated == {Target.CENTRAL_NODE}
    assert scenario.readings.winrm_with_optimisation is WinRm.SENT
    assert (scenario.policies, scenario.steps, scenario.reactions, scenario.expectations) == ((), (), (), ())
    assert {port: server.nodes for port, server in scenario.servers.items()} == {port: (port,) for port in Port}


def test_the_rest_of_the_fleet_is_read() -> None:
    scenario = loaded(
        fleet={**FLEET, "start": "cold", "integrate": {"central-node": False, "kics": True}},
        readings={"winrm-with-optimisation": "not-sent"},
    )
    assert scenario.cold
    assert scenario.integrated == {Target.KICS}
    assert scenario.readings.winrm_with_optimisation is WinRm.NOT_SENT


def test_devices_in_the_file_scale_the_blocks() -> None:
    assert [block.count for block in loaded(fleet={**FLEET, "devices": 18}).fleet.blocks] == [16, 2]


def test_nodes_have_addresses_as_agents_list_them() -> None:
    scenario = loaded(servers={"telemetry": {"nodes": ["node-1", "kata.example.com", "192.0.2.7"]}})
    server = scenario.servers[Port.TELEMETRY]
    assert server.addresses == ("node-1.seatrial.example:443", "kata.example.com:443", "192.0.2.7:443")
    assert server.place == "trial.yaml:17:5: servers.telemetry"
    assert scenario.servers[Port.KICS].addresses == ("kics.seatrial.example:443",)


def test_a_node_may_name_its_port() -> None:
    """KEA-CEN-007."""
    named = ["node-1:8443", "kata.example.com:9000", "192.0.2.7:1", "2001:db8::7", "[2001:db8::8]:444"]
    server = loaded(servers={"telemetry": {"nodes": named}}).servers[Port.TELEMETRY]
    assert server.nodes == tuple(named)
    assert server.addresses == (
        "node-1.seatrial.example:8443",
        "kata.example.com:9000",
        "192.0.2.7:1",
        "[2001:db8::7]:443",
        "[2001:db8::8]:444",
    )
    assert server.certificates[:2] == (made_up("node-1").sha256, made_up("kata.example.com").sha256)


@pytest.mark.parametrize("node", ["node-1:0", "node-1:65536", "node-1:", "[node-1]:443:1"])
def test_a_node_with_a_port_that_is_none_is_refused(node: str) -> None:
    (told,) = mistakes(servers={"telemetry": {"nodes": [node]}})
    assert f"servers.telemetry.nodes.0: {node!r} cannot be the name of a server" in told


def test_two_nodes_are_not_at_one_address() -> None:
    (told,) = mistakes(servers={"telemetry": {"nodes": ["node-1", "node-1:443"]}})
    assert "'node-1:443' is at the address of another server: node-1.seatrial.example:443" in told


def test_a_policy_may_list_the_nodes() -> None:
    listed = ["kata.example.com:443", {"host": "node-1.seatrial.example", "port": 443}]
    policies = [{"name": "p", "settings": {"kata-integration": {"switch": "under-policy", "servers": listed}}}]
    servers = {"telemetry": {"nodes": ["node-1", "kata.example.com"]}}
    assert not mistakes(policies=policies, servers=servers)
    told = mistakes(policies=policies)
    assert [line.split("; ")[0].split(": ")[-1] for line in told] == [
        "no node of `servers.telemetry` has the address 'kata.example.com:443'",
        "no node of `servers.telemetry` has the address 'node-1.seatrial.example:443'",
    ]


def test_an_explicit_tree_of_groups_has_more_than_blocks_name() -> None:
    fleet = {"blocks": [{"name": "a", "image": "quiet", "count": 1, "group": "Managed devices/HQ/Office"}]}
    groups = {"HQ": "Managed devices", "Office": "HQ", "Quarantine": "HQ"}
    policies = [{"name": "strict", "group": "Managed devices/HQ/Quarantine"}]
    assert not mistakes(fleet=fleet, groups=groups, policies=policies)
    assert "there is no group" in mistakes(fleet=fleet, groups={"HQ": "Managed devices"}, policies=policies)[0]


@pytest.mark.parametrize(
    ("duration", "interval_ms"),
    [
        ("1h", 30_000),
        ("2d", 30_000),
        ("49h", 300_000),
        ("7d", 300_000),
        ("8d", 3_600_000),
        ("400d", 3_600_000),
    ],
)
def test_the_recording_interval_follows_the_duration(duration: str, interval_ms: int) -> None:
    assert loaded(duration=duration).recording_ms == interval_ms


def test_the_recording_interval_can_be_given() -> None:
    assert loaded(recording={"interval": "10min"}).recording_ms == 600_000


def test_selections_may_refer_to_each_other_in_any_order() -> None:
    scenario = loaded(select={"rest": {"block": "office", "except": "few"}, "few": {"pick": 3, "from": "office"}})
    assert len(scenario.selections["few"]) == 3
    assert len(scenario.selections["rest"]) == 37
    assert not set(scenario.selections["few"].tolist()) & set(scenario.selections["rest"].tolist())


def test_one_mistake_in_a_selection_is_not_told_again_where_it_is_used() -> None:
    told = mistakes(select={"few": {"tag": "nosy"}, "rest": {"not": "few"}}, timeline=[step(at="1h", target="few")])
    assert len(told) == 1


def test_settings_that_are_not_applied_are_warned_of() -> None:
    policies = [
        {"name": "p", "settings": {"kata-integration": {"use-ttl": True}, "request-throttling": {"enabled": False}}}
    ]
    (warning,) = loaded(policies=policies).warnings
    assert str(warning) == (
        "trial.yaml:19:7: policies.p.settings.kata-integration: the settings of 'kata-integration' are stored "
        "and not applied (KEA-POL-024); add `switch: under-policy`"
    )


def test_settings_that_a_step_switches_on_are_not_warned_of() -> None:
    policies = [{"name": "p", "settings": {"kata-integration": {"use-ttl": True}}}]
    change = {
        "at": "1h",
        "do": "change-policy",
        "policy": "p",
        "settings": {"kata-integration": {"switch": "under-policy"}},
    }
    assert not loaded(policies=policies, timeline=[change]).warnings


# --- identity --------------------------------------------------------------------------------------------------------


def test_the_hash_is_over_what_is_run_and_not_over_its_layout() -> None:
    base = loaded(HELLO).sha256
    assert len(base) == 64
    assert loaded("# a comment\n" + HELLO.replace("4h", "4h   # long")).sha256 == base
    assert loaded(HELLO.replace("seed: 7", "seed: 8")).sha256 != base


def test_the_hash_knows_what_came_from_outside() -> None:
    def sha256(**options: Any) -> str:
        return load_text(HELLO.encode(), "trial.yaml", folder=Path(), **options).sha256

    hashes = {sha256(), sha256(sets={"cap": "501"}), sha256(seed=9), sha256(devices=90)}
    assert len(hashes) == 4
    assert sha256(sets={"cap": "500"}) == sha256()


def test_loading_twice_gives_the_same() -> None:
    first, second = loaded(HELLO), loaded(HELLO)
    assert first.sha256 == second.sha256
    assert np.array_equal(first.fleet.keys, second.fleet.keys)


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO)
    assert load(path).label == load(str(path)).label == str(path)
    with pytest.raises(UserError, match="there is no such file"):
        load(tmp_path / "hallo.yaml")


def test_errors_survive_a_process_boundary() -> None:
    with pytest.raises(ScenarioErrors) as caught:
        loaded("name: 5\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert len(again.errors) == 3


# --- whatever comes --------------------------------------------------------------------------------------------------

DOCUMENTS = [yaml.safe_load(HELLO), *(yaml.safe_load(library.path_of(name).read_text()) for name in library.names())]
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**18,
    "",
    "x",
    "${cap}",
    "${",
    "1h",
    "5 %",
    "-3s",
    "all",
    [],
    {},
    [1],
    ["all"],
]
JUNK += [
    {"a": 1},
    {"pick": 1},
    {"all": []},
    "Managed devices",
    "2026-03-02",
    {"fact": "ioc-match"},
    "telemetry",
    "\u2028",
]
KEYS = [
    "name",
    "at",
    "every",
    "until",
    "when",
    "of",
    "is",
    "for",
    "do",
    "fault",
    "kind",
    "after",
    "within",
    "switch",
    "zz",
]


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        found += paths(value, (*path, key))
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damaged_scenario_raises_anything_but_a_user_error(data: st.DataObject) -> None:
    damaged = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(damaged) or [("name",)]))
        parent = damaged
        for part in path[:-1]:
            parent = parent[part]
        key = path[-1]
        if isinstance(parent, dict) and data.draw(st.booleans()):
            key = data.draw(st.sampled_from([key, *KEYS]))
        parent[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
    told = ["trial.yaml:1:1: x; y"]
    try:
        load_text(yaml.safe_dump(damaged).encode(), "trial.yaml", folder=Path())
    except UserError as error:
        told = str(error).splitlines()
    assert all(line.startswith("trial.yaml") and "; " in line for line in told)


@pytest.mark.parametrize("key", ["\u2028", "a\nb"])
def test_a_key_that_would_break_the_line_is_shown_escaped(key: str) -> None:
    (told,) = mistakes(timeline=[step(at="1h", **{key: 0})])
    assert told.isprintable()
    assert f"timeline.0.{key!r}: " in told


def test_a_name_that_would_break_the_line_is_offered_escaped() -> None:
    (told,) = mistakes(timeline=[step(name="a\u2028b", at="1h"), step(after="elsewhere")])
    assert told.endswith("; one of: 'a\\u2028b', step-2")


def test_these_tests_start_from_a_scenario_that_loads() -> None:
    assert not mistakes(text_of())
