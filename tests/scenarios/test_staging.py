"""Staging: what a scenario comes to before time begins, who its devices are, and what servers say they hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.journal import RUN
from emulator.ports import Port, Target
from emulator.world import Condition
from fakes.central_node import CentralNode
from fakes.interference import Interference
from fakes.kics import KicsForNetworks
from scenarios.actions import ACTIONS, FAULTS, name_of
from scenarios.model import Scenario
from scenarios.staging import Stage
from scenarios.tables import TERMS
from tests.scenarios.made import loaded
from tests.scenarios.running import facts, manifest, rows, run
from tests.scenarios.servers import Keeper, Moody, spec

MIN = 60_000
FLEET = {
    "blocks": [
        {"name": "office", "image": "windows-office", "count": 6, "group": "Managed devices/HQ"},
        {"name": "db", "image": "linux-server", "count": 3, "group": "Managed devices/HQ/Servers"},
        {"name": "idle", "image": "quiet", "count": 2, "group": "Managed devices/Branch"},
    ]
}


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    Keeper.made.clear()


def scenario(**sections: Any) -> Scenario:
    return loaded(**{"fleet": FLEET, "duration": "40min", **sections})


def step(minutes: int, **fields: Any) -> dict[str, Any]:
    return {"at": f"{minutes}min", **fields}


# --- before time begins -----------------------------------------------------------------------------------------------


def test_images_groups_and_cells_are_in_the_order_of_their_names() -> None:
    world = Stage(scenario()).simulation.world
    assert [image.name for image in world.images] == ["linux-server", "quiet", "windows-office"]
    assert world.groups == ("Managed devices/Branch", "Managed devices/HQ", "Managed devices/HQ/Servers")
    assert world.image.tolist() == [2] * 6 + [0] * 3 + [1] * 2
    assert world.group.tolist() == [1] * 6 + [2] * 3 + [0] * 2


def test_a_device_is_known_by_the_same_identity_everywhere() -> None:
    whole = Stage(scenario())
    part = Stage(scenario(), devices=np.array([7, 8]))
    device = whole.device(7)
    assert (device.name, device.os, device.image) == ("db-00002", "linux", "linux-server")
    assert device.group == "Managed devices/HQ/Servers"
    assert device.key == int(whole.scenario.fleet.keys[7])
    assert part.device(7) == device
    assert part.slots(7) == whole.slots(7)
    assert whole.slots(7)["host"] == device.host
    assert whole.block(5).name == "office"
    assert whole.block(6).name == "db"
    assert whole.block(10).name == "idle"


@pytest.mark.parametrize(("central_node", "kics"), [(True, False), (True, True), (False, True)])
def test_devices_send_to_the_servers_they_were_installed_with(central_node: bool, kics: bool) -> None:
    integrate = {"central-node": central_node, "kics": kics}
    stage = Stage(scenario(fleet={**FLEET, "integrate": integrate}))
    wanted = {Target.CENTRAL_NODE} if central_node else set()
    assert set(stage.simulation.context.targets) == wanted | ({Target.KICS} if kics else set())
    assert isinstance(stage.servers[Target.CENTRAL_NODE], CentralNode)
    assert isinstance(stage.servers[Target.KICS], KicsForNetworks)


@pytest.mark.parametrize(
    ("action", "condition", "begins", "ends"),
    [
        ("unplug", Condition.OFF_LINE, "off-line", "on-line"),
        ("stop-agent", Condition.STOPPED, "agent-stopped", "agent-started"),
        ("crash-agent", Condition.CRASHED, "agent-crashed", "agent-started"),
        ("isolate", Condition.ISOLATED, "isolated", "released"),
        ("leave-network", Condition.AWAY, "away", "returned"),
        ("switch-off", Condition.OFF, "switched-off", "switched-on"),
    ],
)
def test_what_is_done_to_devices_is_a_spell_with_a_fact_at_either_end(
    action: str, condition: Condition, begins: str, ends: str
) -> None:
    timeline = [
        {**step(5, do=action, target={"block": "db"}), "for": "10min"},
        {**step(35, do=action, target="office-00001"), "for": "10min"},
    ]
    stage = Stage(scenario(timeline=timeline))
    spells = stage.world.spells
    assert [(spell.condition, spell.from_ms, spell.devices.tolist()) for spell in spells] == [
        (condition, 5 * MIN, [6, 7, 8]),
        (condition, 35 * MIN, [0]),
    ]
    told = [(fact.at_ms, fact.device, fact.kind) for fact in stage.journal.drain() if fact.device != RUN]
    assert told == [
        *((5 * MIN, device, begins) for device in (6, 7, 8)),
        *((15 * MIN, device, ends) for device in (6, 7, 8)),
        (35 * MIN, 0, begins),
    ]


def test_facts_of_the_run_are_told_by_the_shard_that_has_the_first_device() -> None:
    timeline = [
        step(5, name="down", fault={"server": "telemetry", "kind": "outage", "for": "5min"}),
        step(20, name="to the end", fault={"server": "telemetry", "kind": "full-disk", "for": "5h"}),
        step(30, name="calm"),
    ]
    assert not Stage(scenario(timeline=timeline), devices=np.array([1, 2])).journal
    told = Stage(scenario(timeline=timeline), devices=np.array([0, 9])).journal.drain()
    assert {fact.device for fact in told} == {RUN}
    assert [(fact.at_ms // MIN, fact.kind) for fact in told] == [
        (5, "fault-began"),
        (5, "step"),
        (10, "fault-ended"),
        (20, "fault-began"),
        (20, "step"),
        (30, "step"),
    ]
    assert told[0].detail == '{"fault":"outage","server":"telemetry"}'


def test_a_fault_of_a_port_is_one_of_all_its_nodes() -> None:
    servers = {"telemetry": {"nodes": ["cn-1", "cn-2"]}}
    timeline = [
        step(5, fault={"server": "telemetry", "kind": "outage", "for": "5min"}),
        step(15, fault={"server": "cn-2", "kind": "outage", "for": "5min"}),
    ]
    faults = Stage(scenario(servers=servers, timeline=timeline))._faults
    assert not faults.quiet("cn-1", 5 * MIN, 6 * MIN)
    assert not faults.quiet("cn-2", 5 * MIN, 6 * MIN)
    assert faults.quiet("cn-1", 15 * MIN, 16 * MIN)
    assert not faults.quiet("cn-2", 15 * MIN, 16 * MIN)
    assert faults.quiet("cn-2", 20 * MIN, 40 * MIN)
    assert faults.quiet("administration", 0, 40 * MIN)


def test_a_step_more_does_not_change_whom_a_share_hits(tmp_path: Path) -> None:
    some = step(10, name="some", fault={"server": "telemetry", "kind": "status", "code": 503, "share": "20 %"})
    before = step(1, name="before", fault={"server": "administration", "kind": "slow-answer", "latency": "1s"})
    for folder, timeline in (("one", [some]), ("two", [{**before, "fault": {**before["fault"], "for": "1min"}}, some])):
        run(scenario(timeline=timeline), tmp_path / folder)
    one, two = (
        [row for row in rows(tmp_path / folder, "servers") if row["port"] == "telemetry"] for folder in ("one", "two")
    )
    assert one == two
    assert sum(row["refused"] for row in one) > 0


def test_policies_reach_the_devices_of_their_groups_and_those_below(tmp_path: Path) -> None:
    switch = {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 100}}
    policies = [{"name": "hq", "group": "Managed devices/HQ", "settings": switch, "status": "inactive"}]
    timeline = [
        step(5, do="activate-policy", policy="hq"),
        step(25, do="deactivate-policy", policy="hq"),
    ]
    run(scenario(policies=policies, timeline=timeline, duration="45min"), tmp_path)
    heard = facts(tmp_path, "policy-applied")
    assert {device for _, device in heard} == {*(f"office-{n:05}" for n in range(1, 7)), "db-00001", "db-00002"} | {
        "db-00003"
    }
    early = [at_ms for at_ms, _ in heard if at_ms < 25 * MIN]
    assert len(early) == 9
    assert len(heard) == 18
    assert all(5 * MIN <= at_ms <= 20 * MIN for at_ms in early)


# --- a backend of a user ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [Port.TELEMETRY, Port.KICS])
def test_a_backend_of_a_user_stands_in_for_one_port(port: Port) -> None:
    backends = {port: named.resolve(port) for port, named in spec(Keeper, port).items()}
    fleet = {**FLEET, "integrate": {"central-node": True, "kics": True}}
    stage = Stage(scenario(fleet=fleet), backends=backends, worker=4)
    target = Target.CENTRAL_NODE if port is Port.TELEMETRY else Target.KICS
    assert isinstance(stage.servers[target], Interference)
    assert {type(server) for server in stage.servers.values()} & {CentralNode, KicsForNetworks}
    opened = [server for server in Keeper.made if server.calls]
    assert [server.calls for server in opened] == [["open 4"]]
    stage.close()
    assert opened[0].calls == ["open 4", "close"]


def in_run(server: type[Keeper]) -> Keeper:
    """The instance that a run was made against; those before it were looked at and tried."""
    return [made for made in Keeper.made if "open 0" in made.calls and "reset" not in made.calls][-1]


@pytest.mark.parametrize("server", [Keeper, Moody])
def test_a_backend_gets_every_event_once_in_order_and_without_gaps(server: type[Keeper], tmp_path: Path) -> None:
    timeline = [{**step(10, do="unplug", target="office-00003"), "for": "12min"}]
    run(scenario(timeline=timeline, duration="30min"), tmp_path, backends=spec(server))
    kept = in_run(server)
    assert set(kept.packages) == {f"office-{n:05}" for n in range(1, 7)} | {f"db-{n:05}" for n in range(1, 4)}
    for row in rows(tmp_path, "devices"):
        if row["device"] in kept.packages:
            ordinals = kept.ordinals(row["device"])
            assert ordinals == list(range(row["acknowledged"])), row["device"]
            assert row["acknowledged"] > 100
    for packages in kept.packages.values():
        assert [package.at_ms for package in packages] == sorted(package.at_ms for package in packages)
        assert all(event.at_ms <= package.at_ms for package in packages for event in package.events)
    refused = sum(row["refused"] for row in rows(tmp_path, "servers"))
    assert (refused > 0) is (server is Moody)


def test_a_run_against_a_backend_has_the_figures_of_one_against_the_fake(tmp_path: Path) -> None:
    timeline = [{**step(10, do="unplug", target="office-00003"), "for": "12min"}]
    policies = [
        {"name": "all", "settings": {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 400}}}
    ]
    for name, backends in (("fake", None), ("own", spec(Keeper))):
        run(scenario(timeline=timeline, policies=policies), tmp_path / name, backends=backends)
    fake, own = (manifest(tmp_path / name)["telemetry"]["central-node"] for name in ("fake", "own"))
    assert fake == own
    assert all(fake[term] for term in ("generated", "throttled", "acknowledged"))
    assert set(fake) == set(TERMS)
    without = [
        [{**row, "contacts": []} for row in rows(tmp_path / name, "devices")] for name in ("fake", "own")
    ]  # an adapter answers synchronisations at once, a fake after some milliseconds
    assert without[0] == without[1]
    assert rows(tmp_path / "fake", "telemetry") == rows(tmp_path / "own", "telemetry")


def test_faults_of_a_scenario_hold_in_front_of_a_backend(tmp_path: Path) -> None:
    timeline = [step(10, fault={"server": "telemetry", "kind": "outage", "for": "10min"})]
    run(scenario(timeline=timeline), tmp_path, backends=spec(Keeper))
    sent = [package.at_ms for packages in in_run(Keeper).packages.values() for package in packages]
    assert not [at_ms for at_ms in sent if 10 * MIN <= at_ms < 20 * MIN]
    assert sum(row["timed_out"] for row in rows(tmp_path, "servers")) > 0


def test_every_action_that_can_be_written_is_carried_out(tmp_path: Path) -> None:
    """The examples of the actions, in one run: none is left to an assertion."""
    policies = [
        {"name": "office", "group": "Managed devices/HQ"},
        {"name": "outbreak", "group": "Managed devices/HQ", "status": "inactive"},
    ]
    by_name: dict[str, dict[str, Any]] = {
        "activate-policy": {"policy": "outbreak"},
        "deactivate-policy": {"policy": "outbreak"},
        "edit-settings": {"settings": {"request-throttling": {"enabled": False}}},
        "change-policy": {"policy": "office", "settings": {"request-throttling": {"max-events-per-hour": 500}}},
        "import-exclusions": {"policy": "office", "file": "exclusions.xml"},
        "create-policy": {"policy": "made", "take-over": "office"},
        "copy-policy": {"policy": "office", "to": "copied"},
        "delete-policy": {"policy": "copied"},
        "export-policy": {"policy": "office", "to": "office.json"},
        "import-policy": {"policy": "imported", "exported": "office.json"},
        "set-out-of-office": {"policy": "outbreak"},
        "roll-back-policy": {"policy": "office", "revision": 1},
        "create-group": {"group": "Managed devices/HQ/Lab"},
        "move-devices": {"group": "Managed devices/HQ/Lab"},
        "view": {"what": "devices"},
        "create-task": {"task": "made", "type": "update", "run": True},
        "change-task": {"task": "made", "storage": {"days": 3}},
        "run-task": {"task": "made"},
        "stop-task": {"task": "made"},
        "view-task": {"task": "made"},
        "view-ioc-card": {"task": "made", "file": "a.ioc"},
        "export-collection": {"task": "made", "to": "a.zip"},
        "delete-tasks": {"tasks": ["made"]},
        "command-agent": {"command": "start"},
        "command-quarantine": {"command": "restore", "file": "synthetic/a"},
        "scan-for-object": {"file": "synthetic/a"},
        "central-node-isolate": {"for": "1h"},
        "set-prevention": {"rules": [{"name": "tools", "path": "synthetic*"}]},
        "install-protection": {"version": "11.6"},
        "upgrade-agent": {"version": "4.0"},
        "set-kmp": {"plugin": "3.9", "enabled": False},
        "attempt": {"operation": "stop-service", "user": "anna"},
        "start-process": {"process": "synthetic/a"},
        "emit": {"type": "file-change", "count": 3},
        "place-file": {"file": "synthetic/a"},
        "remove-file": {"file": "synthetic/a"},
        "sweep": {"indicators": "library"},
        "plant": {"indicators": "library"},
        "crash-agent": {"for": "1min"},
        "isolate": {"for": "1min"},
        "present-certificate": {"server": "telemetry", "certificate": "synthetic/renewed"},
        "create-central-task": {"kind": "delete-file", "file": "synthetic/a"},
    }
    extra: dict[str, dict[str, Any]] = {
        "status": {"code": 503},
        "body-limit": {"limit": "1 MB"},
        "slow-answer": {"latency": "2s"},
        "corrupted-update": {"server": "vendor-updates"},
    }
    timeline = []
    for number, (name, model) in enumerate(ACTIONS.items()):
        target = {"target": "all"} if "target" in model.model_fields else {}
        timeline.append(step(number + 1, do=name, name=name, **target, **by_name.get(name, {})))
    for number, name in enumerate(FAULTS):
        fault = {"server": "kics", "kind": name, "for": "30s", **extra.get(name, {})}
        timeline.append(step(number + len(ACTIONS) + 1, name=name, fault=fault))
    library = Path(__file__).parents[2] / "scenarios" / "library"
    expect = [{"name": "events happened", "total": "telemetry.generated", "is": "> 0"}]
    trial = scenario(timeline=timeline, policies=policies, expect=expect, folder=library, duration="2h")
    assert {name_of(one.action) for one in trial.steps if one.action is not None} == {*ACTIONS, *FAULTS}
    assert run(trial, tmp_path).verdict == "pass"
    assert len([row for row in rows(tmp_path, "facts") if row["kind"] == "step"]) == len(ACTIONS) + len(FAULTS)
