"""Results of tasks at the Administration Server: kept for the storage time of each task, and then gone.

Operations may be made ahead of the results that they concern, and lists may show a moment that lies a little back: so
storage times have moments, and each result knows when it will be gone.
"""

from bisect import bisect_right
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from emulator.clock import DAY_MS, HOUR_MS
from emulator.tasks.task import Storage, TaskReport, TaskState

FOREVER_MS: Final = 2**62
SLACK_MS: Final = HOUR_MS
"""How far behind the latest report a moment can be asked for."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What a run of a task came to on one device, and when the server heard of it."""

    device: int
    received_ms: int
    report: TaskReport

    @property
    def ended_ms(self) -> int:
        """The moment at which the run ended; the storage time counts from it (KEA-IOC-018)."""
        return self.report.at_ms


class ResultShelf:
    """What devices told of one task: their states, and the results of its runs.

    What has expired is thrown away, so that only results of the last days take memory. A shortened storage time removes
    at once what is older, and a longer one does not bring it back: an emulator's choice.
    """

    def __init__(self, storage: Storage) -> None:
        self._moments = [-FOREVER_MS]
        self._storages = [storage]
        self._results: list[tuple[int, int, StoredResult]] = []
        self._arrivals = count()
        self._states: dict[int, list[tuple[int, int, TaskState]]] = {}
        self.closed_ms = FOREVER_MS

    def __len__(self) -> int:
        return len(self._results)

    def store_as(self, storage: Storage, at_ms: int) -> None:
        """Another storage time holds from a moment on (KEA-TAS-027, KEA-TAS-031)."""
        self._moments.append(at_ms)
        self._storages.append(storage)
        self._reckon()

    def close(self, at_ms: int) -> None:
        """The task is deleted at a moment, and nothing is left of it (KEA-IOC-019)."""
        self.closed_ms = at_ms
        self._reckon()

    def receive(self, device: int, at_ms: int, report: TaskReport) -> None:
        """Takes what a device tells; moments are given in ascending order for each device."""
        if at_ms >= self.closed_ms:
            return
        known = self._states.setdefault(device, [])
        while len(known) > 1 and known[1][0] <= at_ms - SLACK_MS:
            del known[0]
        known.append((at_ms, report.revision, report.state))
        if report.ended:
            self._put(StoredResult(device, at_ms, report))
        while self._results and self._results[0][0] <= at_ms - SLACK_MS:
            heappop(self._results)

    def state(self, device: int, at_ms: int) -> tuple[int, TaskState] | None:
        """The revision that a device held and the state there, as the server knew at a moment."""
        known = self._states.get(device, [])
        place = bisect_right(known, at_ms, key=lambda entry: entry[0])
        return known[place - 1][1:] if place and at_ms < self.closed_ms else None

    def results(self, at_ms: int) -> tuple[StoredResult, ...]:
        """The results that can be viewed at a moment (KEA-TAS-025, KEA-TAS-026): the oldest first, then by device."""
        found = (result for gone_ms, _, result in self._results if result.received_ms <= at_ms < gone_ms)
        return tuple(sorted(found, key=lambda result: (result.ended_ms, result.device)))

    def _put(self, result: StoredResult) -> None:
        gone_ms = self._gone_ms(result)
        if gone_ms > result.received_ms:
            heappush(self._results, (gone_ms, next(self._arrivals), result))

    def _reckon(self) -> None:
        self._results = [(self._gone_ms(result), arrival, result) for _, arrival, result in self._results]
        heapify(self._results)

    def _gone_ms(self, result: StoredResult) -> int:
        """The first moment, from its reception on, at which the storage time that holds there is over."""
        first = bisect_right(self._moments, result.received_ms) - 1
        ends = [*self._moments[first + 1 :], self.closed_ms]
        for from_ms, until_ms, storage in zip(self._moments[first:], ends, self._storages[first:], strict=True):
            kept_until_ms = result.ended_ms + storage.days * DAY_MS if storage.on_administration_server else -1
            gone_ms = max(kept_until_ms, from_ms, result.received_ms)
            if gone_ms < until_ms:
                return gone_ms
        return self.closed_ms
