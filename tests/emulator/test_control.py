"""Sweeps that a Central Node publishes: each device judges them at its synchronisation, as its host is then."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from emulator.components.central import CentralTasks
from emulator.control import MATCHES_TOLD, Control, EndpointAgent
from emulator.host import HostChanges, file_item
from emulator.ioc.document import IndicatorFile, parse
from emulator.ioc.limits import FILE_SIZE_MAX_BYTES
from emulator.journal import Fact
from emulator.policy.settings import AgentSettings
from emulator.ports import Target
from emulator.simulation import Simulation
from emulator.tasks.central import CentralTask, ScanForIndicators
from emulator.world import Condition, Spell
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement.fleet import QUIET
from tests.emulator.ioc.documents import document, indicator, item
from tests.emulator.told import fakes
from tests.emulator.worlds import HOUR_MS, KICS_ON, MINUTE_MS, SETTINGS, some, world

NODE = Target.CENTRAL_NODE
PATH = "C:\\drop\\dropped.exe"


def looks_for(name: str, *, called: str = "") -> IndicatorFile:
    body = indicator("OR", item("FileItem/FileName", "is", name, id="name"))
    return parse(document("1.1", body, id=f"id-{called or name}"), f"{called or name}.ioc")


def dropped(host: HostChanges) -> None:
    zeros = {"md5": "0" * 32, "sha1": "0" * 40, "sha256": "0" * 64}
    times = {"created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z"}
    host.put("FileItem", file_item("windows", PATH, size_bytes=10, **zeros, **times))


def removed(host: HostChanges) -> None:
    host.remove("FileItem", PATH)


class Trial:
    """Three quiet devices and what is published for them."""

    def __init__(
        self, *, spells: Sequence[Spell] = (), faults: Sequence[Fault] = (), hold: AgentSettings = SETTINGS
    ) -> None:
        given_world = world(image=[QUIET] * 3, hold=[hold], minutes=60, spells=spells)
        servers = fakes(given_world, faults)
        self.simulation = Simulation(given_world, servers)
        CentralTasks(self.simulation.control)
        node = servers[NODE]
        assert isinstance(node, CentralNode)
        self.node = node

    def publish(self, name: str, *files: IndicatorFile, at_ms: int, devices: Sequence[int] = (0, 1, 2)) -> None:
        revision = self.node.publish(CentralTask(name, ScanForIndicators(files)), some(*devices), at_ms=at_ms)
        self.simulation.publish(NODE, some(*devices), revision)

    @property
    def control(self) -> Control:
        return self.simulation.control

    def facts(self, *kinds: str) -> list[Fact]:
        self.simulation.run()
        return [fact for fact in self.simulation.journal.drain() if fact.kind in kinds]


def said(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fact.detail)
    return found


def matches(trial: Trial) -> dict[int, int]:
    return {fact.device: said(fact)["matches"] for fact in trial.facts("sweep-finished")}


def test_every_device_sweeps_once_at_its_first_synchronisation_after_the_publication() -> None:
    trial = Trial()
    trial.publish("sweep", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS)
    facts = trial.facts("sweep-finished")
    assert sorted(fact.device for fact in facts) == [0, 1, 2]
    assert all(10 * MINUTE_MS <= fact.at_ms < 15 * MINUTE_MS + 30_000 for fact in facts)
    assert [said(fact) for fact in facts] == [{"matches": 0, "task": "sweep"}] * 3


def test_only_devices_that_a_task_is_for_sweep() -> None:
    trial = Trial()
    trial.publish("sweep", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS, devices=(1,))
    assert [fact.device for fact in trial.facts("sweep-finished")] == [1]


def test_a_file_that_a_device_has_matches_there_alone() -> None:
    trial = Trial()
    trial.control.change_host(some(2), 5 * MINUTE_MS, dropped)
    trial.publish("sweep", looks_for("other.exe"), looks_for("dropped.exe"), at_ms=10 * MINUTE_MS)
    facts = trial.facts("ioc-match", "sweep-finished")
    assert [(fact.device, said(fact)) for fact in facts if fact.kind == "ioc-match"] == [
        (2, {"file": "dropped.exe.ioc", "id": "id-dropped.exe", "task": "sweep"})
    ]
    assert {fact.device: said(fact)["matches"] for fact in facts if fact.kind == "sweep-finished"} == {0: 0, 1: 0, 2: 1}


def test_a_host_is_judged_as_it_is_at_the_moment() -> None:
    trial = Trial()
    trial.control.change_host(some(0), 20 * MINUTE_MS, removed)  # told in any order
    trial.control.change_host(some(0), 5 * MINUTE_MS, dropped)
    trial.control.change_host(some(1), 50 * MINUTE_MS, dropped)
    for minute in (1, 10, 30):
        trial.publish(f"sweep-{minute}", looks_for("dropped.exe"), at_ms=minute * MINUTE_MS)
    found = {(said(fact)["task"], fact.device) for fact in trial.facts("ioc-match")}
    assert found <= {("sweep-1", 0), ("sweep-10", 0)}
    assert ("sweep-10", 0) in found


def test_changes_of_one_moment_hold_in_the_order_in_which_they_were_told() -> None:
    for changes, wanted in (((dropped, removed), 0), ((removed, dropped), 1)):
        trial = Trial()
        for change in changes:
            trial.control.change_host(some(0), MINUTE_MS, change)
        trial.publish("sweep", looks_for("dropped.exe"), at_ms=10 * MINUTE_MS)
        assert matches(trial)[0] == wanted


def test_a_task_published_again_under_its_name_is_judged_by_its_new_files() -> None:
    trial = Trial()
    trial.control.change_host(some(0, 1, 2), MINUTE_MS, dropped)
    trial.publish("sweep", looks_for("nothing.exe"), at_ms=2 * MINUTE_MS)
    trial.simulation.advance(20 * MINUTE_MS)
    trial.publish("sweep", looks_for("dropped.exe"), looks_for("dropped.exe", called="twice"), at_ms=30 * MINUTE_MS)
    found = [said(fact)["matches"] for fact in trial.facts("sweep-finished")]
    assert found == [0, 0, 0, 2, 2, 2]


def test_several_tasks_of_one_synchronisation_come_in_the_order_of_publication() -> None:
    trial = Trial()
    trial.publish("b", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS)
    trial.publish("a", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS)
    facts = [fact for fact in trial.facts("sweep-finished") if fact.device == 0]
    assert [said(fact)["task"] for fact in sorted(facts, key=lambda fact: fact.sequence)] == ["b", "a"]
    assert len({fact.at_ms for fact in facts}) == 1


def test_a_file_that_is_too_large_fails_the_task() -> None:
    large = parse(b" " * (FILE_SIZE_MAX_BYTES + 1), "large.ioc")
    trial = Trial()
    trial.publish("sweep", looks_for("nothing.exe"), large, at_ms=10 * MINUTE_MS)
    facts = trial.facts("sweep-failed", "sweep-finished")
    assert {fact.kind for fact in facts} == {"sweep-failed"}
    assert [said(fact) for fact in facts] == [{"file": "large.ioc", "task": "sweep"}] * 3


def test_only_so_many_matches_are_told_one_by_one() -> None:
    trial = Trial()
    trial.control.change_host(some(0), MINUTE_MS, dropped)
    files = [looks_for("dropped.exe", called=f"file-{number}") for number in range(MATCHES_TOLD + 5)]
    trial.publish("sweep", *files, at_ms=10 * MINUTE_MS, devices=(0,))
    facts = trial.facts("ioc-match", "sweep-finished")
    assert sum(fact.kind == "ioc-match" for fact in facts) == MATCHES_TOLD
    assert said(facts[-1]) == {"matches": MATCHES_TOLD + 5, "task": "sweep"}


@pytest.mark.parametrize("condition", [Condition.OFF_LINE, Condition.STOPPED])
def test_a_device_that_reaches_no_server_sweeps_when_it_is_back(condition: Condition) -> None:
    trial = Trial(spells=[Spell(condition, some(1), 5 * MINUTE_MS, 40 * MINUTE_MS)])
    trial.publish("sweep", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS)
    at_ms = {fact.device: fact.at_ms for fact in trial.facts("sweep-finished")}
    assert 40 * MINUTE_MS <= at_ms[1] < 45 * MINUTE_MS + 30_000
    assert max(at_ms[0], at_ms[2]) < 16 * MINUTE_MS


def test_a_device_whose_server_is_gone_sweeps_when_it_answers() -> None:
    faults = [
        Fault(name, name, FaultKind.OUTAGE, 5 * MINUTE_MS, 40 * MINUTE_MS) for name in ("node-1", "node-2", "node-3")
    ]
    trial = Trial(faults=faults)
    trial.publish("sweep", looks_for("nothing.exe"), at_ms=10 * MINUTE_MS)
    assert all(40 * MINUTE_MS <= fact.at_ms < 46 * MINUTE_MS for fact in trial.facts("sweep-finished"))


def test_what_is_no_sweep_is_left_alone() -> None:
    trial = Trial()
    trial.node.publish("something else", some(0), at_ms=10 * MINUTE_MS)
    trial.simulation.publish(NODE, some(0), 1)
    assert trial.facts("sweep-finished", "sweep-failed") == []


def test_a_target_without_tasks_has_none() -> None:
    trial = Trial(hold=SETTINGS.having(KICS_ON))
    moments = some(HOUR_MS)
    trial.control.delivered(Target.KICS, some(0), moments, some(0), some(1))
    assert not trial.simulation.journal


def test_a_host_that_knows_the_future_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    host = EndpointAgent.host
    monkeypatch.setattr(EndpointAgent, "host", lambda self, at_ms, os: host(self, HOUR_MS * 24, os))
    with pytest.raises(AssertionError):
        test_a_host_is_judged_as_it_is_at_the_moment()
