"""The control plane of a shard: what devices do with tasks, and the state of their hosts.

Rare and one device at a time: a file is placed, a sweep for indicators arrives with a synchronisation and is judged
against what the device's image holds and what the device itself changed.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from emulator.clock import Rank
from emulator.host import HostChanges
from emulator.ioc.document import IndicatorFile
from emulator.ioc.sweep import Sweep
from emulator.ports import I64, Target
from emulator.telemetry.context import Context

HostChange = Callable[[HostChanges], None]
"""Makes one change to a host."""
MATCHES_TOLD: Final = 20
"""Indicator files of one device whose match is journalled one by one."""


@dataclass(frozen=True, slots=True)
class SweepTask:
    """A task that judges indicator files against a device, as a server publishes it."""

    name: str
    files: tuple[IndicatorFile, ...]


class Published(Protocol):
    """What a server made known, from a moment on."""

    @property
    def item(self) -> object:
        """What was published."""


@runtime_checkable
class PublishesTasks(Protocol):
    """The half of the Central Node that an agent fetches its tasks from."""

    def tasks_for(self, device: int, above_revision: int, upto_revision: int) -> Sequence[Published]:
        """What was published for a device above one revision and up to another."""


class Control:
    """Hosts and tasks of the devices of one shard."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._changes: dict[int, list[tuple[int, HostChange]]] = {}
        self._sweeps: dict[str, Sweep] = {}
        context.deliver = self.delivered

    def change_host(self, devices: I64, at_ms: int, change: HostChange) -> None:
        """Makes a change to the hosts of `devices` at a moment that no step has reached."""
        for device in devices.tolist():
            log = self._changes.setdefault(device, [])
            log.insert(bisect_right(log, at_ms, key=lambda entry: entry[0]), (at_ms, change))

    def delivered(self, target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
        """Devices have synchronised and hold a new revision: they do what was published for them in between."""
        server = self._context.servers[target]
        if not isinstance(server, PublishesTasks):
            return
        columns = (devices.tolist(), at_ms.tolist(), before.tolist(), after.tolist())
        for device, moment, held, holds in zip(*columns, strict=True):
            for published in server.tasks_for(device, held, holds):
                if isinstance(published.item, SweepTask):
                    self._sweep(published.item, device, moment)

    def _sweep(self, task: SweepTask, device: int, at_ms: int) -> None:
        """Judges the files of a task against one device at its moment (KEA-IOF-004 to KEA-IOF-014)."""
        journal = self._context.journal
        oversized = sorted(file.name for file in task.files if file.oversized)
        if oversized:
            journal.add("sweep-failed", Rank.CONTROL, at_ms, device, task=task.name, file=oversized[0])
            return
        sweep = self._sweeps.get(task.name)
        if sweep is None or sweep.files is not task.files:  # published again under its name
            sweep = self._sweeps[task.name] = Sweep(task.files)
        base = self._context.world.images[int(self._context.world.image[device])].host
        changes = self._host(device, at_ms, base.os)
        slots = self._context.world.identity(device)
        matches = sweep.on_device(base.shared, base.changes(slots, changes))
        found = [(file, match) for file, match in zip(task.files, matches, strict=True) if match.matched]
        for file, _ in found[:MATCHES_TOLD]:
            journal.add("ioc-match", Rank.CONTROL, at_ms, device, task=task.name, file=file.name, id=file.id)
        journal.add("sweep-finished", Rank.CONTROL, at_ms, device, task=task.name, matches=len(found))

    def _host(self, device: int, at_ms: int, os: str) -> HostChanges:
        """What a device has changed until a moment."""
        changes = HostChanges(os)
        for moment, change in self._changes.get(device, ()):
            if moment > at_ms:
                break
            change(changes)
        return changes
