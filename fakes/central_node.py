"""The Central Node: takes telemetry, and holds tasks and settings that devices learn of when they synchronise."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64
from emulator.ports import I64, Synchronisations
from emulator.tasks.central import CentralResult, CentralTask
from fakes.certificates import Certificates
from fakes.faults import FaultSchedule
from fakes.revisions import Listener, Revisions
from fakes.telemetry import LATENCY_US, TelemetryNodes


@dataclass(frozen=True, slots=True)
class Published:
    """A task or a setting as the server holds it from `at_ms` on. `item` is what was published, untouched."""

    revision: int
    at_ms: int
    item: object


class CentralNode(TelemetryNodes):
    """A cluster of Central Node servers with one set of tasks and settings (KEA-CEN-031).

    Revisions count the publications of the whole cluster from 1; a device for which nothing was ever published holds
    revision 0.
    """

    def __init__(
        self,
        nodes: Mapping[str, str],
        *,
        keys: U64,
        faults: FaultSchedule,
        latency_us: int = LATENCY_US,
        certificates: Certificates | None = None,
    ) -> None:
        super().__init__(nodes, keys=keys, faults=faults, latency_us=latency_us, certificates=certificates)
        self._revisions = Revisions(len(keys))
        self._published: list[tuple[Published, I64]] = []
        self._results: dict[int, list[tuple[int, CentralResult]]] = {}

    def subscribe(self, listener: Listener) -> None:
        """Has `listener` called after every publication that concerns a device."""
        self._revisions.subscribe(listener)

    def publish(self, item: object, devices: I64 | NDArray[np.bool_], *, at_ms: int) -> int:
        """Makes a task or a setting known to devices (indices, or a mask over the fleet); returns its revision.

        Each device learns of it at its first answered synchronisation at or after `at_ms`. Publications come in
        ascending order of time; raises ValueError otherwise.
        """
        indices: I64 = np.unique(devices.nonzero()[0] if devices.dtype == np.bool_ else devices).astype(np.int64)
        revision = self._revisions.change(indices, at_ms)
        self._published.append((Published(revision, at_ms, item), indices))
        self._revisions.announce(indices)
        return revision

    def tasks_for(self, device: int, above_revision: int, upto_revision: int) -> list[Published]:
        """What was published for a device above one revision and up to another, in order of publication.

        With the revision that a device held and the one that the server answered: what it has to do now.
        """
        found = []
        for published, indices in self._published[above_revision:upto_revision]:
            place = int(np.searchsorted(indices, device))
            if place < len(indices) and indices[place] == device:
                found.append(published)
        return found

    def report(self, device: int, at_ms: int, results: Iterable[CentralResult]) -> None:
        """Takes what a device reports of its tasks with a synchronisation."""
        self._results.setdefault(device, []).extend((at_ms, result) for result in results)

    def states(self, device: int, at_ms: int) -> Iterator[tuple[CentralTask, CentralResult | None]]:
        """The tasks that were published for a device until a moment, in their order, each with what it has reported of
        it by then; None where that is nothing."""
        # By identity: a step that repeats publishes tasks that are alike.
        known = {id(result.task): result for moment, result in self._results.get(device, ()) if moment <= at_ms}
        for published in self.tasks_for(device, 0, len(self._published)):
            if isinstance(published.item, CentralTask) and published.at_ms <= at_ms:
                yield published.item, known.get(id(published.item))

    def _due(self, batch: Synchronisations) -> I64:
        return self._revisions.due(batch.device, batch.at_ms)
