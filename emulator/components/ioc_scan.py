"""What IOC Scan tasks do on a device."""

from typing import Final, Protocol

from emulator.components.licence import VIOLATION
from emulator.control.agent import EndpointAgent
from emulator.control.sweeps import Sweeps, SweepTask
from emulator.tasks.device import Execution, TaskResult
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.task import Task
from emulator.told import Severity, Told

SCAN_MS: Final = 60_000
"""How long a scan takes; the emulator's."""
NO_LICENCE: Final = "there is no valid licence"


class Scannable(Protocol):
    """What a scan needs of its device."""

    @property
    def agent(self) -> EndpointAgent:
        """Its Endpoint Agent."""

    def licensed(self, at_ms: int) -> bool:
        """Whether it has a valid licence at a moment."""


class IocScanExecutor:
    """Judges the collection of a task against the device as it is at the end of the scan."""

    def __init__(self, sweeps: Sweeps) -> None:
        self._sweeps = sweeps

    def begin(self, owner: Scannable, task: Task, at_ms: int) -> Execution:
        """Begins a scan; without a valid licence there is none (public help)."""
        wanted = task.settings
        assert isinstance(wanted, IocScan)
        if not owner.licensed(at_ms):
            told = Told(VIOLATION, {"function": "ioc-scan"}, Severity.CRITICAL)
            return Execution(0, lambda _: TaskResult(NO_LICENCE), (told,))

        def finish(at_ms: int) -> TaskResult:
            matches = self._sweeps.carry_out(owner.agent, at_ms, SweepTask(task.name, wanted.collection))
            if matches is None:
                return TaskResult("a file of the collection is too large")
            return TaskResult(values={"matches": matches})

        return Execution(SCAN_MS, finish)
