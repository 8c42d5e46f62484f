"""Sweeps for indicators of compromise: judged against what an image holds and what its device changed."""

from dataclasses import dataclass
from typing import Final

from emulator.clock import Rank
from emulator.control.agent import EndpointAgent
from emulator.ioc.document import IndicatorFile
from emulator.ioc.sweep import Sweep
from emulator.telemetry.context import Context

MATCHES_TOLD: Final = 20
"""Indicator files of one device whose match is journalled one by one."""


@dataclass(frozen=True, slots=True)
class SweepTask:
    """A task that judges indicator files against a device, as a server publishes it."""

    name: str
    files: tuple[IndicatorFile, ...]


class Sweeps:
    """The sweeps of one shard; what the files of a task come to on an image is worked out once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sweeps: dict[str, Sweep] = {}

    def carry_out(self, agent: EndpointAgent, at_ms: int, task: SweepTask) -> int | None:
        """Judges the files of a task against one device at its moment (KEA-IOF-004 to KEA-IOF-014).

        How many match; None where a file is too large, so that nothing was judged.
        """
        journal, device = self._context.journal, agent.device
        oversized = sorted(file.name for file in task.files if file.oversized)
        if oversized:
            journal.add("sweep-failed", Rank.CONTROL, at_ms, device, task=task.name, file=oversized[0])
            return None
        sweep = self._sweeps.get(task.name)
        if sweep is None or sweep.files is not task.files:  # published again under its name
            sweep = self._sweeps[task.name] = Sweep(task.files)
        base = self._context.world.images[int(self._context.world.image[device])].host
        slots = self._context.world.identity(device)
        matches = sweep.on_device(base.shared, base.changes(slots, agent.host(at_ms, base.os)))
        found = [(file, match) for file, match in zip(task.files, matches, strict=True) if match.matched]
        for file, _ in found[:MATCHES_TOLD]:
            journal.add("ioc-match", Rank.CONTROL, at_ms, device, task=task.name, file=file.name, id=file.id)
        journal.add("sweep-finished", Rank.CONTROL, at_ms, device, task=task.name, matches=len(found))
        return len(found)
