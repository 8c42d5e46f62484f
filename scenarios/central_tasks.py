"""Tasks of the Central Node in a scenario: what its steps have it publish, and what it knows of them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from emulator.clock import Rank
from emulator.exclusions.environment import Os
from emulator.ioc.document import IndicatorFile
from emulator.ports import I64, Target, TelemetryColumns
from emulator.simulation import Simulation
from emulator.tasks.central import (
    CentralTask,
    DeleteFile,
    ErrorCode,
    Failed,
    GetFile,
    QuarantineFile,
    RestoreFile,
    RunProcess,
    ScanForIndicators,
    TerminateProcess,
    Work,
    WorkKind,
)
from emulator.telemetry.database import EventDatabase
from fakes.central_node import CentralNode
from scenarios import actions, deeds
from scenarios.operations import LIST_LAG_MS
from scenarios.told import ToldOfDevice

_OF_ONE_PATH: Final[Mapping[WorkKind, Callable[[str], Work]]] = {
    WorkKind.TERMINATE_PROCESS: TerminateProcess,
    WorkKind.GET_FILE: GetFile,
    WorkKind.DELETE_FILE: DeleteFile,
    WorkKind.QUARANTINE_FILE: QuarantineFile,
}


class CentralDeeds:
    """What steps have the Central Node do with its tasks, for the devices of one shard.

    `running` gives the devices of a system, `indicators` the indicator files of a folder.
    """

    def __init__(
        self,
        node: TelemetryColumns,
        simulation: Simulation,
        classes: deeds.ScenarioClasses,
        running: Callable[[Os], I64],
        indicators: Callable[[Path], tuple[IndicatorFile, ...]],
    ) -> None:
        self._server = node
        self._simulation = simulation
        self._classes = classes
        self._running = running
        self._indicators = indicators

    @property
    def _node(self) -> CentralNode:
        """A backend of the user has no tasks; whoever asks for some is told when the scenario is loaded."""
        assert isinstance(self._server, CentralNode)
        return self._server

    def publish(self, action: actions.ByCentralNode, devices: I64, own: I64, at_ms: int, name: str) -> None:
        """Publishes what an action asks for; `own` are those of its devices that are of this shard."""
        if isinstance(action, actions.Sweep):
            self._search(self._indicators(Path(action.indicators)), own, at_ms, name)
        for item, here in self._items(action, name, devices):
            revision = self._node.publish(item, here, at_ms=at_ms)
            self._simulation.publish(Target.CENTRAL_NODE, np.intersect1d(here, own), revision)

    def _search(self, files: tuple[IndicatorFile, ...], own: I64, at_ms: int, name: str) -> None:
        """Has the Central Node search the events that it holds for what was loaded (KEA-IOC-012)."""
        database = EventDatabase(self._simulation.context, files)

        def search() -> None:
            for device in own.tolist():
                for file in database.matches(device, at_ms):
                    values = {"task": name, "file": file.name, "id": file.id or ""}
                    self._simulation.journal.add("database-match", Rank.SERVER, at_ms, device, **values)

        if at_ms < self._simulation.world.duration_ms:
            self._simulation.schedule(at_ms, Rank.CONTROL, search)

    def _items(self, action: actions.ByCentralNode, name: str, devices: I64) -> Iterator[tuple[object, I64]]:
        """The tasks and settings that an action comes to, each with its devices: paths are those of a system."""
        if not isinstance(action, actions.CreateCentralTask | actions.Sweep):
            yield deeds.published(action), devices
            return
        if isinstance(action, actions.Sweep):
            files = self._indicators(Path(action.indicators))
            yield CentralTask(name, ScanForIndicators(files, action.schedule)), devices
            return
        for os in deeds.SYSTEMS:
            here = devices[np.isin(devices, self._running(os))]
            if len(here):
                yield CentralTask(name, self._work(action, os)), here

    def _work(self, action: actions.CreateCentralTask, os: Os) -> Work:
        if action.kind is WorkKind.RESTORE_FILE:
            assert action.quarantined_by is not None
            return RestoreFile(action.quarantined_by)
        about = action.process or action.file
        assert about is not None
        path = deeds.path_of(about, os)
        if action.kind is WorkKind.RUN_PROCESS:
            return RunProcess(path, action.arguments, action.returns, self._classes.index(action, os))
        return _OF_ONE_PATH[action.kind](path)

    def seen(self, own: I64, at_ms: int) -> Iterator[ToldOfDevice]:
        """What somebody who looks at a moment sees of the tasks of each of `own`."""
        since_ms = max(0, at_ms - LIST_LAG_MS)
        for device in own.tolist():
            for task, result in self._node.states(device, since_ms):
                values: dict[str, Any] = {"task": task.name, "type": str(task.kind), "state": "waiting"}  # JSON scalars
                if result is not None:
                    values["ended_ms"] = result.at_ms
                    outcome = result.outcome
                    if isinstance(outcome, Failed):
                        values |= {"state": "failed", "code": outcome.code, "reason": outcome.reason}
                    else:
                        own_values = {f"result_{name}": value for name, value in outcome.values.items()}
                        values |= {"state": "completed", "code": ErrorCode.DONE, **own_values}
                yield ToldOfDevice("central-task-viewed", device, values)
