"""Tallies: what devices did on the network between two facts of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.journal import Facts, Journal
from emulator.ports import I64
from emulator.world import Tally

NEVER: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class TallyResult:
    """What came of a tally: a row for each of `devices` (fleet indices, ascending).

    `begun` tells whether the device had the first fact at all. `count` (int64) are its events that used the network,
    `first_ms` (int64) is the moment of the first of them, NEVER where there was none.
    """

    devices: I64
    begun: NDArray[np.bool_]
    count: I64
    first_ms: I64


class _Open:
    """One tally in hand: which devices are between their facts, and facts whose moment has not come."""

    def __init__(self, tally: Tally, own: I64) -> None:
        self._tally = tally
        devices = np.intersect1d(tally.devices, own)
        size = len(devices)
        self.result = TallyResult(
            devices, np.zeros(size, np.bool_), np.zeros(size, np.int64), np.full(size, NEVER, np.int64)
        )
        self._open = np.zeros(size, np.bool_)
        # Columns with a row a fact, in order of time, at one moment as they were told.
        self._row: I64 = np.zeros(0, np.int64)
        self._at_ms: I64 = np.zeros(0, np.int64)
        self._opens = np.zeros(0, np.bool_)

    def hear(self, facts: Facts) -> None:
        """Takes note of facts that begin or end a span."""
        if facts.kind not in (self._tally.begin, self._tally.end):
            return
        row, here = self._rows(facts.device)
        at_ms = np.concatenate([self._at_ms, facts.at_ms[here]])
        order = np.argsort(at_ms, kind="stable")
        self._at_ms = at_ms[order]
        self._row = np.concatenate([self._row, row[here]])[order]
        opens = np.full(int(here.sum()), facts.kind == self._tally.begin)
        self._opens = np.concatenate([self._opens, opens])[order]

    def look(self, device: I64, at_ms: I64, count: I64) -> None:
        """Adds what devices did up to their own moments, where these lie in a span."""
        row, here = self._rows(device)
        moment = np.full(len(self._open), NEVER, np.int64)
        moment[row[here]] = at_ms[here]
        self._pass(self._at_ms <= moment[self._row])
        row, did = row[here], count[here]
        counts = self._open[row] & (did > 0)
        row = row[counts]
        self.result.count[row] += did[counts]
        new = row[self.result.first_ms[row] == NEVER]
        self.result.first_ms[new] = moment[new]

    def finish(self, until_ms: int) -> None:
        """Takes note of facts before `until_ms` after which nothing happened on their devices."""
        self._pass(self._at_ms < until_ms)

    def _pass(self, due: NDArray[np.bool_]) -> None:
        if due.any():
            row, opens = self._row[due], self._opens[due]
            self._open[row] = opens  # of several facts of one device the last one holds
            self.result.begun[row[opens]] = True
            self._row, self._at_ms, self._opens = self._row[~due], self._at_ms[~due], self._opens[~due]

    def _rows(self, device: I64) -> tuple[I64, NDArray[np.bool_]]:
        """The row of each device, and whether it has one."""
        devices = self.result.devices
        row = np.searchsorted(devices, device)
        row[row == len(devices)] = 0
        return row, (devices[row] == device if len(devices) else np.zeros(len(device), np.bool_))


class Tallier:
    """The tallies of one shard. It hears of facts when they are told, which may be before their moment."""

    def __init__(self, tallies: Sequence[Tally], own: I64, journal: Journal) -> None:
        self._tallies = [_Open(tally, own) for tally in tallies]
        if self._tallies:
            journal.listen(self._hear)

    def __bool__(self) -> bool:
        return bool(self._tallies)

    @property
    def results(self) -> list[TallyResult]:
        """What came of each tally so far."""
        return [tally.result for tally in self._tallies]

    def look(self, device: I64, at_ms: I64, count: I64) -> None:
        """Tells how many events of each device used the network in the tick that ends at its own moment."""
        for tally in self._tallies:
            tally.look(device, at_ms, count)

    def finish(self, until_ms: int) -> None:
        """Ends the tallies where time has stopped."""
        for tally in self._tallies:
            tally.finish(until_ms)

    def _hear(self, facts: Facts) -> None:
        for tally in self._tallies:
            tally.hear(facts)
