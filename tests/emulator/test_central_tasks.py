"""Tasks of the Central Node that need a quarantine, put to one that a test has made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.components.central import CentralTasks
from emulator.control import EndpointAgent
from emulator.ioc.snapshot import Instance
from emulator.journal import Fact
from emulator.policy.settings import AgentSettings
from emulator.ports import Target
from emulator.response.quarantine import Destination, QuarantinedObject
from emulator.simulation import Simulation
from emulator.tasks.central import (
    ON_LINUX,
    CentralResult,
    CentralTask,
    DeleteFile,
    GetFile,
    QuarantineFile,
    RestoreFile,
    RunProcess,
    ScanForIndicators,
    TakesResults,
    TerminateProcess,
    Work,
    WorkKind,
)
from emulator.world import Condition
from fakes.central_node import CentralNode
from tests.emulator.agreement.fleet import QUIET
from tests.emulator.told import fakes
from tests.emulator.worlds import MINUTE_MS, some, world

NODE = Target.CENTRAL_NODE
PATH = "C:\\drop\\dropped.exe"


@dataclass
class Vault:
    """A quarantine that holds what it is given, but for what it `refuses`."""

    refuses: str = ""
    held: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, at_ms: int, by: str) -> QuarantinedObject | str:
        if path == self.refuses:
            return "it is full"
        number = f"object-{len(self.held) + 1}"
        self.held[number] = path
        file: Instance = {"FullPath": path, "Md5sum": "0" * 32, "Sha256sum": "0" * 64, "SizeInBytes": 1}
        return QuarantinedObject(number, file, "", at_ms)

    def restore_object(self, object_id: str, destination: Destination, at_ms: int, by: str) -> str:
        del self.held[object_id]
        return ""


@dataclass
class Parts:
    """What an agent of these tests is made of."""

    quarantine: Vault

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """Nothing here hangs on settings."""

    def conditions_changed(self, at_ms: int, before: frozenset[Condition]) -> None:
        """Nor on conditions."""

    def installed(self, at_ms: int) -> None:
        """Nor on the installation."""


class Trial:
    """Three quiet devices with a quarantine each."""

    def __init__(self, *, refuses: str = "") -> None:
        given_world = world(image=[QUIET] * 3, minutes=60)
        servers = fakes(given_world, ())
        self.vaults = {device: Vault(refuses) for device in range(3)}
        self.simulation = Simulation(given_world, servers, components=self._parts)
        CentralTasks(self.simulation.control)
        node = servers[NODE]
        assert isinstance(node, CentralNode)
        self.node = node

    def _parts(self, agent: EndpointAgent, at_ms: int) -> Parts:
        return Parts(self.vaults[agent.device])

    def publish(self, minute: int, *works: Work, name: str = "task") -> None:
        for work in works:
            task = CentralTask(name, work)
            revision = self.node.publish(task, some(0, 1, 2), at_ms=minute * MINUTE_MS)
            self.simulation.publish(NODE, some(0, 1, 2), revision)

    def facts(self, *kinds: str) -> list[Fact]:
        self.simulation.run()
        return [fact for fact in self.simulation.journal.drain() if fact.kind in kinds]


def said(fact: Fact) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(fact.detail)
    return found


def test_what_was_quarantined_by_a_task_is_restored_by_another() -> None:
    trial = Trial()
    trial.publish(5, QuarantineFile(PATH), name="put away")
    trial.publish(20, RestoreFile("put away"), name="bring back")
    facts = trial.facts("central-task-finished")
    told = [(said(fact)["task"], said(fact)["object"]) for fact in facts if fact.device == 1]
    assert told == [("put away", "object-1"), ("bring back", "object-1")]
    assert all(not vault.held for vault in trial.vaults.values())


def test_what_no_task_has_quarantined_is_not_restored() -> None:
    trial = Trial(refuses=PATH)
    trial.publish(5, QuarantineFile(PATH), name="put away")
    trial.publish(20, RestoreFile("put away"), name="bring back")
    reasons = [said(fact)["reason"] for fact in trial.facts("central-task-failed") if fact.device == 0]
    assert reasons == ["it is full", "the task 'put away' has put nothing in quarantine"]


def test_the_server_knows_each_task_of_each_device_after_its_next_synchronisation() -> None:
    trial = Trial()
    trial.publish(10, QuarantineFile(PATH))
    trial.simulation.run()
    for device in range(3):
        ((task, result),) = trial.node.states(device, 30 * MINUTE_MS)
        assert (task.kind, isinstance(result, CentralResult)) == (WorkKind.QUARANTINE_FILE, True)
        assert result is not None
        ended = result.at_ms
        # The device's next synchronisation is five minutes after the one at which it took the task.
        assert list(trial.node.states(device, ended + 5 * MINUTE_MS - 1)) == [(task, None)]
        assert list(trial.node.states(device, ended + 5 * MINUTE_MS)) == [(task, result)]
        assert list(trial.node.states(device, 10 * MINUTE_MS - 1)) == []


WORKS = (
    RunProcess(PATH),
    TerminateProcess(PATH),
    GetFile(PATH),
    DeleteFile(PATH),
    QuarantineFile(PATH),
    RestoreFile("task"),
    ScanForIndicators(()),
)


@pytest.mark.parametrize("work", WORKS)
def test_linux_runs_programs_and_scans(work: Work) -> None:
    task = CentralTask("task", work)
    assert task.runs_on("windows")
    assert task.runs_on("linux") is (task.kind in ON_LINUX)


def test_every_kind_of_work_has_a_name() -> None:
    assert {CentralTask("task", work).kind for work in WORKS} == set(WorkKind)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_each_task_ends_once_on_each_device(minutes: list[int]) -> None:
    trial = Trial()
    for minute in sorted(minutes):
        trial.publish(minute, DeleteFile(PATH))
    facts = trial.facts("central-task-taken", "central-task-failed", "central-task-finished")
    for device in range(3):
        kinds = [fact.kind for fact in facts if fact.device == device]
        assert kinds == ["central-task-taken", "central-task-failed"] * len(minutes)


def test_the_central_node_takes_results() -> None:
    assert isinstance(Trial().node, TakesResults)
